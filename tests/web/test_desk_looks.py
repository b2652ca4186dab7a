"""Whenever an official is shown somebody's hours, that somebody sees who, what for and what."""

from typing import Any

import pytest
from sqlalchemy import select

from creditbank.crediting.models import NameCheck
from creditbank.people.register import Identity, find_person
from creditbank.registry.clients import Role
from creditbank.verification.desk_looks import Shown, desk_looks_at
from creditbank.verification.query_models import DeskLook
from tests.achievements import PATENT, declare, publish_works
from tests.acts import investigate, seal_all
from tests.api.desk import Desk, stated
from tests.bank import SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.integrity.disputing import disputed
from tests.verification.exempted import filed as filed_exemption
from tests.verification.exempted import list_enterprise
from tests.web.browser import Browser
from tests.web.visitors import Visitors, sign_in

PERSON, OTHER = invented_person(31), invented_person(32)


def looks(bank: TestBank, who: Identity) -> list[DeskLook]:
    with bank.reading() as session:
        person_id = find_person(session, bank.house.vault, who)
        return desk_looks_at(session, [person_id])


def posted(bank: TestBank, *people: Identity) -> str:
    filing_no = bank.approved_filing(days=SEMINAR_DAYS[:1])
    bank.post(filing_no, attendance(people, SEMINAR_DAYS[:1]))
    seal_all(bank)
    return filing_no


def test_what_an_official_reads_by_the_api_is_kept_with_purpose_and_file_and_once_a_day(
    bank: TestBank,
) -> None:
    desk = Desk(bank)
    posted(bank, PERSON, OTHER)
    why = {"purpose": "信访核查", "case_no": "威人社访〔2026〕7号"}
    body: dict[str, Any] = {**stated(PERSON), "scheme": "cn-3710"}

    for path, said in (
        ("balances", why), ("balances", why), ("balances", {}), ("entries", why),
        ("statements", why),
    ):  # fmt: skip
        answer = desk.official.post(f"/api/v1/{path}", {**body, **said}, retry="")
        assert answer.status_code == 200, answer.get_json()
    wrong = {**body, "name": "不是此人"}
    refused = desk.official.post("/api/v1/balances", wrong, retry="")

    kept = looks(bank, PERSON)
    assert refused.status_code == 409
    assert sorted((each.shown, each.purpose, each.matter) for each in kept) == [
        ("balance", "", ""),
        *((shown, why["purpose"], why["case_no"]) for shown in ("balance", "entries", "statement")),
    ]
    assert {each.client_id for each in kept} == {desk.official.client_id}
    assert looks(bank, OTHER) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_every_page_of_the_desk_that_shows_hours_is_in_the_persons_list(
    visitors: Visitors, bank: TestBank
) -> None:
    publish_works(bank)
    person = visitors.professional(31)
    filing_no = posted(bank, person)
    case_no = investigate(bank, filing_no)
    item_no = declare(bank, person, PATENT)
    official, provider = visitors.seated(Role.OFFICIAL), visitors.seated(Role.PROVIDER)
    holder = sign_in(Browser(bank), person.document.number, "resident_id")
    before = holder.get("/hours/queries").text

    provider.get(f"/filings/{filing_no}/attendance")
    by_provider = looks(bank, person)
    pages = [f"/filings/{filing_no}/attendance", f"/desk/items/{item_no}"]
    pages.append(f"/desk/investigations/{case_no}")
    assert [official.get(path).status for path in pages] == [200] * 3
    mine = holder.get("/hours/queries").text
    file = holder.get("/hours/queries.json").page
    assert file is not None

    assert "人社部门查看过你的学时" not in before
    assert by_provider == [], "a provider sees what it posted itself"
    assert {(each.shown, each.matter) for each in looks(bank, person)} == {
        (Shown.ATTENDANCE, filing_no), (Shown.ITEM, item_no), (Shown.INVESTIGATION, case_no),
    }  # fmt: skip
    for words in ("在一项备案活动中的参加记录和学时", item_no, case_no, filing_no):
        assert words in mine
    assert len(file.json["desk_looks"]) == 3
    with bank.reading() as session:
        assert len(session.scalars(select(DeskLook)).all()) == 3


def opened(bank: TestBank, who: Identity) -> dict[str, str]:
    """Let somebody have one of everything that an official may open; return the paths."""
    publish_works(bank)
    list_enterprise(bank)
    filing_no = posted(bank, who)
    return {
        Shown.INVESTIGATION: f"/investigations/{investigate(bank, filing_no)}",
        Shown.ITEM: f"/items/{declare(bank, who, PATENT)}",
        Shown.DISPUTE: f"/disputes/{disputed(bank, who, filing_no)}",
        Shown.EXEMPTION: f"/exemptions/{filed_exemption(bank, who)}",
        Shown.NAMES: f"/name-checks/{held_under_another_name(bank, who)}",
    }


def held_under_another_name(bank: TestBank, who: Identity) -> str:
    """Have a row held whose number is somebody's; return the number of its check."""
    wrong = Identity(who.document, "不同名")
    bank.post(bank.approved_filing(), attendance([wrong], SEMINAR_DAYS[:1]))
    with bank.reading() as session:
        return session.scalars(select(NameCheck.check_no)).one()


def test_files_that_an_official_reads_by_the_api_are_in_the_persons_list(bank: TestBank) -> None:
    desk = Desk(bank)
    paths = opened(bank, PERSON)

    for path in [*paths.values(), *paths.values()]:
        answer = desk.official.get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.get_json()
    missing = desk.official.get("/api/v1/disputes/NOSUCHNUMB")

    assert missing.status_code == 404
    assert {(each.shown, each.matter) for each in looks(bank, PERSON)} == {
        (shown, path.rpartition("/")[2]) for shown, path in paths.items()
    }
    with bank.reading() as session:
        once_a_day = session.scalars(select(DeskLook)).all()
    assert len(once_a_day) == len(paths)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_disputes_and_exemptions_that_an_official_opens_are_in_the_persons_list(
    visitors: Visitors, bank: TestBank
) -> None:
    person = visitors.professional(31)
    paths = opened(bank, person)
    chosen = {shown: paths[shown] for shown in (Shown.DISPUTE, Shown.EXEMPTION)}
    chosen[Shown.NAMES] = f"/desk{paths[Shown.NAMES]}"
    provider, official = visitors.seated(Role.PROVIDER), visitors.seated(Role.OFFICIAL)
    holder = sign_in(Browser(bank), person.document.number, "resident_id")

    provider.get(chosen[Shown.DISPUTE])
    by_provider = looks(bank, person)
    assert [official.get(path).status for path in chosen.values()] == [200] * 3
    mine = holder.get("/hours/queries").text

    assert by_provider == [], "a provider answers what is about its own filing"
    assert {(each.shown, each.matter) for each in looks(bank, person)} == {
        (shown, path.rpartition("/")[2]) for shown, path in chosen.items()
    }
    for words in ("你的一件学时异议及其处理经过", "一件免学时申报及其材料", "你登记的姓名"):
        assert words in mine
