"""What a person holds, and links between documents of one person."""

from typing import Any

import pytest
from sqlalchemy import select, update

from creditbank.crediting.fsck_links import check_links
from creditbank.people.documents import DocumentKind, read_document
from creditbank.people.models import PersonLink
from creditbank.people.register import Identity
from tests.api.desk import DAYS, YEAR, Desk, problem_of, roster_rows, stated
from tests.bank import invented_person

PERSON = invented_person(31)
PASSPORT = Identity(read_document(DocumentKind.PASSPORT, "X99990031"), PERSON.name)
PAIR = {"one": stated(PERSON), "other": stated(PASSPORT)}


def held(desk: Desk, person: Identity) -> list[dict[str, Any]]:
    answer = desk.official.post("/api/v1/balances", {**stated(person), "scheme": "cn-3710"})
    found: list[dict[str, Any]] = answer.get_json()["balances"]
    return found


def posted(desk: Desk, person: Identity, day_no: int) -> None:
    filing_no = desk.approved_filing(days=[DAYS[day_no]])
    answer = desk.provider.post(
        f"/api/v1/filings/{filing_no}/rosters", roster_rows([person], [DAYS[day_no]])
    )
    assert answer.get_json()["rows_credited"] == 1


def test_balances_are_told_by_year_and_subject_as_decimal_text(desk: Desk) -> None:
    posted(desk, PERSON, 0)

    assert held(desk, PERSON) == [
        {
            "year": YEAR, "subject": "professional", "live_hours": "8.00", "capped_hours": "0.00",
            "frozen_hours": "0.00",
        }
    ]  # fmt: skip


def test_nobody_on_record_is_not_the_same_as_no_hours(desk: Desk) -> None:
    posted(desk, PERSON, 0)
    holder = {**stated(PERSON), "scheme": "cn-33.ziran-keyan"}

    other_scheme = desk.official.post("/api/v1/balances", holder)
    nobody = desk.official.post(
        "/api/v1/balances", {**stated(invented_person(32)), "scheme": "cn-3710"}
    )

    assert other_scheme.get_json()["live_hours"] == "0.00"
    assert problem_of(nobody)["code"] == "person-unknown"


def test_another_name_learns_nothing(desk: Desk) -> None:
    posted(desk, PERSON, 0)

    response = desk.official.post(
        "/api/v1/balances", {**stated(PERSON), "name": "张三", "scheme": "cn-3710"}
    )

    assert problem_of(response)["code"] == "identity-mismatch"
    assert problem_of(response)["facts"] == {}


def test_linked_documents_are_one_person_and_can_be_parted_again(desk: Desk) -> None:
    posted(desk, PERSON, 0)
    posted(desk, PASSPORT, 1)

    why = {"reason": "document-changed", "case_no": "查〔2026〕12号"}
    linked = desk.official.post("/api/v1/people/links", {**PAIR, **why})
    together = held(desk, PERSON)
    again = desk.official.post("/api/v1/people/links", PAIR)
    parted = desk.official.post("/api/v1/people/links/removal", PAIR)
    apart = held(desk, PERSON)

    assert linked.status_code == 201
    assert [each["live_hours"] for each in together] == ["16.00"]
    assert problem_of(again)["code"] == "link-unchanged"
    assert parted.status_code == 201
    pages = [desk.official.get("/api/v1/people/links?limit=1").get_json()]
    cursor = pages[0]["next_cursor"]
    pages.append(desk.official.get(f"/api/v1/people/links?limit=1&cursor={cursor}").get_json())
    found = [each for page in pages for each in page["links"]]
    assert [(each["linked"], each["reason"], each["case_no"]) for each in found] == [
        (False, "", ""), (True, "document-changed", "查〔2026〕12号"),
    ]  # fmt: skip
    assert (found[1]["link_no"], pages[1]["next_cursor"]) == (linked.get_json()["link_no"], "")
    assert desk.far_official.get("/api/v1/people/links").get_json()["links"] == []
    assert [each["live_hours"] for each in apart] == ["8.00"]
    assert desk.bank.fsck() == []


def test_one_attendance_under_two_documents_is_not_counted_twice_by_linking(desk: Desk) -> None:
    filing_no = desk.approved_filing()
    rows = roster_rows([PERSON, PASSPORT], [DAYS[0]])
    desk.provider.post(f"/api/v1/filings/{filing_no}/rosters", rows)
    before = desk.row_counts()

    response = desk.official.post("/api/v1/people/links", PAIR)

    assert problem_of(response)["facts"] == {"occasions": [f"{filing_no}/1"]}
    assert desk.row_counts() == before


def test_an_act_about_a_link_names_nobody(desk: Desk) -> None:
    posted(desk, PERSON, 0)
    posted(desk, PASSPORT, 1)

    answer = desk.official.post("/api/v1/people/links", PAIR).get_data(as_text=True)

    assert PERSON.document.number not in answer
    assert PERSON.name not in answer


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_fsck_names_a_link_without_its_act_and_an_act_without_its_link(desk: Desk) -> None:
    posted(desk, PERSON, 0)
    posted(desk, PASSPORT, 1)
    desk.official.post("/api/v1/people/links", PAIR)
    with desk.bank.reading() as session:
        [link] = session.scalars(select(PersonLink))

    for change, found in (
        (update(PersonLink).values(linked=False), ["person_link"]),
        (update(PersonLink).values(act_id=link.act_id - 1), ["person_link", "journal_act"]),
    ):
        with desk.bank.unit() as session:
            session.execute(change)
            told = [(each.code, each.table) for each in check_links(session)]
            session.rollback()
        assert told == [("fsck-link", table) for table in found]
