"""The desk for status records: stated, found, opened, corrected and taken back by an official."""

import re
import sys
from datetime import timedelta

import pytest

from creditbank.accounts.seats import SeatDraft
from creditbank.clock import civil_day, utc_now
from creditbank.crediting.erasing import Erasure, approve_erasure, propose_erasure
from creditbank.people.register import Identity
from creditbank.registry.clients import Role
from creditbank.verification.desk_looks import Shown
from tests.acts import roster
from tests.api.desk import Desk, problem_of
from tests.bank import ENTERPRISE_USCC, SEMINAR_DAYS, TestBank, invented_person
from tests.web.browser import Browser
from tests.web.test_desk_looks import looks
from tests.web.test_organisations_desk import words
from tests.web.visitors import Visitors, sign_in

DESK = "/desk/status-records"
NEW = f"{DESK}/new"
WHO, OTHER = invented_person(91), invented_person(92)
TODAY = civil_day(utc_now()) - timedelta(days=1)
#: The room behind these pages is tested on both.
ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def official(visitors: Visitors) -> Browser:
    return visitors.seated(Role.OFFICIAL)


def stated(person: Identity = WHO, **said: str | bytes) -> dict[str, str | bytes]:
    return {
        "document_kind": str(person.document.kind), "document_number": person.document.number,
        "person_name": person.name, "reference": "SB-1", "source": "示例社会保险登记",
        "as_of": TODAY.isoformat(), "valid_from": "2019-07-01", **said,
    }  # fmt: skip


def employ(official: Browser, **said: str) -> str:
    """State an employment; return the page of the record that it leads to."""
    form = stated() | {"organisation": ENTERPRISE_USCC, "post": "工艺工程师"} | said
    return official.get(f"{NEW}?kind=employment").send(NEW, **form).path


@ON_SQLITE
def test_an_official_states_finds_opens_and_takes_back_a_record(
    bank: TestBank, visitors: Visitors, official: Browser
) -> None:
    person = visitors.professional()
    empty = words(official.get(DESK))
    page = employ(official)
    made, number = words(official), page.rpartition("/")[2]
    listed = words(official.get(DESK))
    found = number in official.get(f"{DESK}?number={number.lower()}&kind=employment").text
    others = words(official.get(f"{DESK}?kind=pledge"))
    wrong = words(official.get(f"{DESK}?number=C000000000"))
    silent = official.get(page).send(f"{page}/removal", reason=""), official.status
    gone = words(official.get(page).send(f"{page}/removal", reason="登记在他人名下"))
    offered = f"{page}/removal" in official.forms()
    again = words(official.get(DESK))
    holder = sign_in(Browser(bank), person.document.number, "resident_id")
    mine = words(holder.get("/hours/queries"))

    assert "还没有登记" in empty
    assert all(each in made for each in ("已登记。", "工艺工程师", "示例社会保险登记", "现行"))
    assert number in listed
    assert "现行" in listed
    assert found
    assert "没有符合条件的登记" in others
    assert "没有符合条件的登记" in wrong
    assert silent[1] == 422
    assert all(each in gone for each in ("已收回。", "登记在他人名下", "已更正或收回"))
    assert not offered
    assert "已更正或收回" in again
    assert not any(
        secret in each
        for secret in (person.name, person.document.number)
        for each in (made, listed, gone, again)
    )
    assert not any(each in listed for each in ("工艺工程师", "示例社会保险登记", "SB-1"))
    assert "你的一条身份状况登记" in mine
    assert {(each.shown, each.matter) for each in looks(bank, person)} == {(Shown.STATUS, number)}
    assert bank.fsck() == []


@ON_SQLITE
def test_a_correction_stands_beside_what_it_corrects_and_each_leads_to_the_other(
    bank: TestBank, official: Browser
) -> None:
    first = employ(official)
    number = first.rpartition("/")[2]
    official.get(f"{NEW}?kind=employment&supersedes={number}")
    form = stated(valid_from="2019-08-01", reason="入职日抄错") | {"organisation": ENTERPRISE_USCC}
    without = official.send(NEW, **form | {"reason": ""}).status
    second = official.send(NEW, **form).path
    newest, links = words(official), official.text
    old = words(official.get(first))
    late = words(official.get(f"{NEW}?kind=employment").send(NEW, **form, supersedes=number))

    assert without == 422
    assert second.startswith(f"{DESK}/C")
    assert second != first
    assert all(each in newest for each in ("2019-08-01", "更正为", "入职日抄错", number))
    assert f'href="{first}"' in links
    assert "已更正或收回" in old
    assert second.rpartition("/")[2] in old
    assert "这条登记已更正或收回" in late
    assert bank.fsck() == []


@ON_SQLITE
@pytest.mark.parametrize(
    ("kind", "said", "shown"),
    [
        ("title", {"series": "engineering", "level": "intermediate"}, "intermediate"),
        ("qualification", {"title": "示例资格", "number": "ZG-7"}, "示例资格"),
        ("certificate", {"title": "示例证书"}, "示例证书"),
        ("move_in", {}, "调入"),
        ("practice", {"practice": "suspended"}, "暂停"),
        ("examination", {"examination": "title", "title": "示例考试", "result": "passed"}, "合格"),
        ("pledge", {"pledged_by": "employer", "text_version": "示例-1", "text": b"we pledge"},
         "申报单位"),
    ],
)  # fmt: skip
def test_each_kind_is_stated_by_its_own_form(
    official: Browser, kind: str, said: dict[str, str | bytes], shown: str
) -> None:
    page = official.get(f"{NEW}?kind={kind}").send(NEW, **stated(**said))

    assert page.path.startswith(f"{DESK}/C"), words(page)
    assert shown in words(page)
    assert "ZG-7" not in page.text


@ON_SQLITE
@pytest.mark.parametrize(
    ("said", "status", "why"),
    [
        ({"document_number": "999900199001010000"}, 422, "证件号码"),
        ({"person_name": ""}, 422, "姓名"),
        ({"organisation": ""}, 422, "单位（统一社会信用代码）"),
        ({"source": ""}, 422, "来源"),
        ({"as_of": ""}, 422, "来源截至"),
        ({"valid_from": ""}, 422, "起始日"),
        ({"as_of": "2199-01-01"}, 422, "登记的日期不合"),
        ({"valid_through": "2018-01-01"}, 422, "登记的日期不合"),
        ({"supersedes": "C7K2M9QXAB", "reason": "抄错"}, 404, "没有这条身份状况登记"),
        ({"kind": "no_such"}, 400, "登记一条"),
    ],
)  # fmt: skip
def test_what_cannot_be_stated_is_refused_in_words_and_what_was_typed_stays(
    bank: TestBank, official: Browser, said: dict[str, str], status: int, why: str
) -> None:
    form = stated(reference="SB-77") | {"organisation": ENTERPRISE_USCC, **said}
    refused = official.get(f"{NEW}?kind=employment").send(NEW, **form)

    assert (refused.status, refused.path) == (status, NEW)
    assert why in words(refused)
    assert WHO.document.number not in refused.text
    assert ("SB-77" in refused.text) == ("kind" not in said)
    assert "还没有登记" in words(official.get(DESK))


@ON_SQLITE
def test_the_same_reference_says_one_thing(official: Browser) -> None:
    first, same = employ(official), employ(official)
    other = official.get(f"{NEW}?kind=employment").send(
        NEW, **stated(valid_from="2018-01-01") | {"organisation": ENTERPRISE_USCC}
    )

    assert same == first
    assert other.status == 409
    assert "这个来源编号已登记了不同的内容" in words(other)


@ON_SQLITE
def test_another_regions_official_sees_none_of_it(visitors: Visitors, official: Browser) -> None:
    page = employ(official)
    visitors.staff("far", SeatDraft(Role.OFFICIAL, "cn-33"))
    far = visitors.signed_in("far", factor=True)

    listed = words(far.get(DESK))
    opened = far.get(page)

    assert "还没有登记" in listed
    assert opened.status == 403
    assert "工艺工程师" not in opened.text


@ON_SQLITE
def test_a_long_list_is_turned_over_and_shows_each_record_once(
    official: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["creditbank.web.status_desk"], "STATUSES_SHOWN", 2)
    made = {employ(official, reference=f"SB-{number}").rpartition("/")[2] for number in range(5)}

    seen, path, pages = [], DESK, 0
    while path and pages < len(made):
        text = official.get(path).text
        seen += re.findall(rf'href="{DESK}/(C[0-9A-Z]{{9}})"', text)
        more = re.findall(rf'href="({DESK}\?[^"]*before=[^"&]*)"', text)
        path, pages = (more[0].replace("&amp;", "&") if more else ""), pages + 1

    assert pages == 3
    assert len(seen) == len(made)
    assert set(seen) == made


def test_a_record_of_an_erased_person_says_that_it_opens_no_more(bank: TestBank) -> None:
    desk = Desk(bank)
    bank.post(bank.approved_filing(), roster([(WHO, SEMINAR_DAYS[0], 360)]))
    body = {
        "document_kind": "resident_id", "document_number": WHO.document.number, "name": WHO.name,
        "kind": "move_in", "reference": "x", "source": "示例来源", "as_of": TODAY.isoformat(),
        "valid_from": TODAY.isoformat(),
    }  # fmt: skip
    record_no = desk.official.post("/api/v1/status-records", body).get_json()["record_no"]
    read = desk.official.get(f"/api/v1/status-records/{record_no}")
    looked = looks(bank, WHO)
    with bank.unit() as session:
        vault, now = bank.house.vault, utc_now()
        wanted = Erasure(WHO, "cn-3710", "official-a", "删1")
        erasure_no = propose_erasure(session, vault, wanted, now=now)
        approve_erasure(session, vault, erasure_no, WHO, actor="official-b", now=now)

    gone = desk.official.get(f"/api/v1/status-records/{record_no}")

    assert read.status_code == 200
    assert [(each.shown, each.matter) for each in looked] == [(Shown.STATUS, record_no)]
    assert (gone.status_code, problem_of(gone)["code"]) == (410, "person-erased")
