"""The seat of a title system by the pages: ask about one applicant, keep the answer, find it."""

import json
import re
from dataclasses import replace
from datetime import date
from importlib import import_module

import pytest
from joserfc import jws
from joserfc.jwk import KeySet

from creditbank.crediting.imports import RecordRow
from creditbank.keys import public_jwk
from creditbank.people.register import Identity
from creditbank.registry.clients import Role
from creditbank.registry.mandates import MandateDraft, change_mandate, grant_mandate
from tests.achievements import PAPER, PATENT, WORKS, publish_works, recognised
from tests.bank import NOW, TestBank, invented_person
from tests.web.browser import Browser
from tests.web.visitors import Visitors

PERSON, STRANGER = invented_person(7), invented_person(8)
TITLE = "/verdicts/new?scheme=cn-3710&series=engineering&level={level}&day=2027-03-15"
NUMBER = re.compile(r"/verdicts/(V[0-9A-Z]{19})$")


class Seat:
    """A title system with a mandate for associate senior engineers, and a bank that knows one."""

    def __init__(self, visitors: Visitors, browser: Browser | None = None) -> None:
        self.bank = visitors.bank
        self.browser = browser or visitors.seated(Role.TITLE_SYSTEM)
        organisation = visitors.seat(Role.TITLE_SYSTEM).organisation_id
        assert organisation is not None
        draft = MandateDraft(
            organisation, "cn-3710", ("engineering",), ("associate_senior",),
            date(2020, 1, 1), date(2199, 12, 31),
        )  # fmt: skip
        with self.bank.unit() as session:
            made = grant_mandate(session, draft, actor="official-test", now=NOW)
            self.mandate_no = made.mandate_no

    def ask(self, person: Identity = PERSON, name: str = "", **typed: str) -> Browser:
        """Fill in the form about somebody."""
        self.browser.get(TITLE.format(level="associate_senior"))
        fields = {
            "document_kind": "resident_id", "document_number": person.document.number,
            "person_name": name or person.name, "fact-current_title_on": "2018-06-30",
            "purpose": "职称申报资格审核", "legal_basis": "人社部令第25号",
        }  # fmt: skip
        return self.browser.send("/verdicts/new", **(fields | typed))


@pytest.fixture
def seat(visitors: Visitors) -> Seat:
    return Seat(visitors)


def give_hours(bank: TestBank) -> None:
    """Give the person every hour but 24 professional ones of 2026."""
    rows = [RecordRow(PERSON, year, "public.general", 3000) for year in range(2022, 2027)]
    rows += [RecordRow(PERSON, year, "professional", 6000) for year in range(2022, 2026)]
    bank.imported([*rows, RecordRow(PERSON, 2026, "professional", 3600)])


def test_an_applicant_is_asked_about_and_the_answer_can_be_read_kept_and_found_again(
    seat: Seat,
) -> None:
    give_hours(seat.bank)

    page = seat.ask()
    number = str(NUMBER.findall(page.path)[0])
    text = page.text
    file = page.http.get(f"/verdicts/{number}/answer.jws")
    listed = page.get("/verdicts").text

    assert "未达到要求" in text
    assert "还缺 24.00 学时" in text
    assert "✗" in text
    assert "2022" in text
    assert "专业科目" in text
    assert number in text
    assert PERSON.name not in text
    assert PERSON.document.number not in text
    assert PERSON.document.number[-4:] in text
    keys = KeySet.import_key_set(
        {"keys": [public_jwk(key) for key in seat.bank.house.keys.every("verdict-ed25519")]}
    )
    signed = jws.deserialize_compact(file.data, keys, algorithms=["Ed25519"])
    assert json.loads(signed.payload)["jti"] == number
    assert file.headers["Content-Disposition"] == f'attachment; filename="{number}.jws"'
    assert number in listed
    assert "未达到要求" in listed
    assert PERSON.name not in listed
    assert PERSON.document.number[-4:] not in listed


def test_nobody_on_record_and_another_name_are_told_apart(seat: Seat) -> None:
    give_hours(seat.bank)

    nobody = seat.ask(STRANGER)
    nobody_said = nobody.status, nobody.text
    mismatch = seat.ask(name="不是此人")

    assert nobody_said[0] == 200
    assert "没有记录（不等于未达到要求）" in nobody_said[1]
    assert (mismatch.status, mismatch.path) == (409, "/verdicts/new")
    assert PERSON.document.number not in mismatch.text
    assert "不是此人" not in mismatch.text
    assert 'value="职称申报资格审核"' in mismatch.text, "what is no identity stays in the form"
    assert "2018-06-30" in mismatch.text


@pytest.mark.parametrize(
    ("level", "series", "bound"),
    [("full_senior", "engineering", "级别"), ("associate_senior", "construction", "系列")],
)
def test_a_title_outside_the_mandate_is_refused_and_the_bound_named(
    seat: Seat, level: str, series: str, bound: str
) -> None:
    address = TITLE.format(level=level).replace("engineering", series)

    page = seat.browser.get(address)

    assert page.status == 403
    assert f"不在授权之内的是：{bound}。" in page.text
    assert seat.mandate_no in page.text, "what the nearest mandate covers is said"


def test_a_mandate_withdrawn_between_two_steps_stops_the_question(seat: Seat) -> None:
    seat.ask()
    seat.browser.get(TITLE.format(level="associate_senior"))
    with seat.bank.unit() as session:
        change_mandate(session, seat.mandate_no, "suspended", actor="official-test", now=NOW)

    page = seat.browser.send(
        "/verdicts/new", document_number=PERSON.document.number, person_name=PERSON.name,
        purpose="审核", legal_basis="依据",
    )  # fmt: skip

    assert page.status == 403
    assert "授权已中止或撤销" in page.text
    assert "本单位没有有效授权" in page.text, "the form has nothing to offer any more"


def test_a_question_asked_again_shows_the_older_answer_as_superseded(seat: Seat) -> None:
    first = NUMBER.findall(seat.ask().path)[0]
    second = NUMBER.findall(seat.ask().path)[0]

    old, new = seat.browser.get(f"/verdicts/{first}").text, seat.browser.get(f"/verdicts/{second}")

    assert "更新的结果是" in old
    assert second in old
    assert "取代此前结果" in new.text
    assert first in new.text
    assert seat.browser.get("/verdicts").text.count("已有更新结果") == 1


def test_an_applicant_is_asked_about_as_of_a_day_and_by_what_was_known_on_one(seat: Seat) -> None:
    give_hours(seat.bank)

    page = seat.ask(as_of="2025-12-31").text
    before_the_law = seat.ask(known_on="2020-01-01")
    refused = before_the_law.status, before_the_law.text
    future = seat.ask(as_of="2199-12-31")

    assert "学时取得截至" in page
    assert "2025-12-31" in page
    assert "还缺 60.00 学时" in page, "of 2026 nothing was earned by then"
    assert (refused[0], "没有这份规则" in refused[1]) == (404, True), "no law was known then"
    assert future.status == 422
    assert "截止日在未来" in future.text
    assert 'value="2199-12-31"' in future.text, "what was typed is kept"
    assert "日期不对" in seat.ask(known_on="9999-12-31").text


def test_a_difference_that_was_worked_out_is_told_beside_the_hours(seat: Seat) -> None:
    publish_works(seat.bank)
    recognised(seat.bank, PERSON, replace(PAPER, rank=2))
    recognised(seat.bank, PERSON, replace(PATENT, day=date(2026, 11, 5)))

    page = seat.ask(scheme=WORKS, as_of="2026-10-31").text

    assert "截至 2026-10-31：按当日以前取得的学时计算，上限少扣 12.00 学时，予以计入。" in page


def test_an_answer_opens_to_nobody_but_whoever_asked(seat: Seat, visitors: Visitors) -> None:
    number = NUMBER.findall(seat.ask().path)[0]
    other = visitors.seated(Role.TITLE_SYSTEM, name="colleague")

    for path in (f"/verdicts/{number}", f"/verdicts/{number}/answer.jws"):
        assert other.get(path).status == 404
    assert number not in other.get("/verdicts").text
    assert "还没有核验结果" in other.get(f"/verdicts?before={number}").text


def test_earlier_answers_are_paged(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("creditbank.web.verdicts"), "_LINES", 2)
    numbers = [NUMBER.findall(seat.ask(invented_person(20 + n)).path)[0] for n in range(3)]

    first = seat.browser.get("/verdicts").text
    [older] = re.findall(r'href="(/verdicts\?before=[^"]+)"', first)
    second = seat.browser.get(older).text

    shown = [[f'/verdicts/{each}"' in page for each in numbers] for page in (first, second)]
    assert shown == [[False, True, True], [True, False, False]]


def test_only_what_the_requirement_asks_for_stands_open_and_pathways_are_folded(
    seat: Seat,
) -> None:
    form = seat.browser.get("/verdicts/new").forms()["/verdicts/new"]
    text = seat.browser.get("/verdicts/new", query_string=form.values).text

    open_part, _, folded = text.partition("<details")
    assert "现职称取得日期" in open_part
    assert "高层次人才职称评审“直通车”" in folded
    assert "直通车" not in open_part


def test_what_is_left_out_is_named(seat: Seat) -> None:
    page = seat.ask(purpose="")

    assert (page.status, "没有填写：用途。" in page.text) == (422, True)
    assert seat.browser.get("/verdicts/new?scheme=cn-3710&series=X&level=a&day=x").status == 422


def test_a_seat_without_a_mandate_reads_what_to_do(visitors: Visitors) -> None:
    browser = visitors.seated(Role.TITLE_SYSTEM)

    assert "请联系当地人社部门" in browser.get("/verdicts/new").text
    assert "还没有核验结果" in browser.get("/verdicts").text
