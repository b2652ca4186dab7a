"""Investigations by the pages: opened, found by their file, closed; and what the owner sees."""

import re

import pytest

from creditbank.registry.clients import Role
from tests.acts import investigate, seal_all
from tests.bank import SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.web.browser import Browser
from tests.web.visitors import Visitors

ONE, OTHER = invented_person(91), invented_person(92)
DESK = "/desk/investigations"


@pytest.fixture
def official(visitors: Visitors) -> Browser:
    return visitors.seated(Role.OFFICIAL)


def attended(bank: TestBank) -> str:
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([ONE, OTHER], SEMINAR_DAYS[:2]))
    seal_all(bank)
    return filing_no


def words(browser: Browser) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", browser.text))


def test_an_official_freezes_ones_hours_finds_the_case_and_releases_them(
    visitors: Visitors, bank: TestBank, official: Browser
) -> None:
    filing_no = attended(bank)
    empty = "本地区没有符合条件的核查" in official.get(DESK).text
    official.get(f"{DESK}/new").send(
        f"{DESK}/new", case_no="查2026-7", reason="complaint", about=filing_no,
        document_kind="resident_id", document_number=ONE.document.number, person_name=ONE.name,
    )  # fmt: skip
    opened, number = words(official), official.path.rpartition("/")[2]
    found = f"{DESK}/{number}" in official.get(f"{DESK}?case_no=查2026-7").text
    other_file = number in official.get(f"{DESK}?case_no=查2026-8").text
    owner = visitors.seated(Role.PROFESSIONAL)
    [leaf, *_] = re.findall(
        r'href="(/hours/entries/[0-9a-f]{64})"', owner.get("/hours/entries").text
    )
    balance, entry = words(owner.get("/hours")), words(owner.get(leaf))
    official.get(f"{DESK}/{number}").send(f"{DESK}/{number}/closing", outcome="cleared")

    assert empty
    assert "已立案，学时已冻结" in opened
    assert f"{ONE.name} ****{ONE.document.number[-4:]} {filing_no}/1 2026" in opened
    assert OTHER.name not in opened
    assert ONE.document.number not in official.text
    assert (found, other_file) == (True, False)
    assert "另有 16.00 冻结，暂不计" in balance
    assert re.search(r"自 \d{4}-\d\d-\d\d 起冻结核查", entry)
    assert "冻结 8.00 学时，核查期间不计" in entry
    assert "查2026-7" not in balance + entry
    assert "学时已解冻" in words(official)
    assert "closing" not in official.text
    assert "冻结" not in words(owner.get("/hours"))


def test_hours_found_false_are_reversed(bank: TestBank, official: Browser) -> None:
    number = investigate(bank, attended(bank))

    official.get(f"{DESK}/{number}").send(f"{DESK}/{number}/closing", outcome="found-false")

    assert "学时已冲正" in words(official)
    assert words(official).count("已冲正") >= 4
    assert bank.fsck() == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [({"about": "F000000000"}, 409, "没有"), ({"about": "备案"}, 409, "没有"),
     ({"case_no": ""}, 422, "案卷编号"), ({"person_name": "张三"}, 422, "证件")],
)  # fmt: skip
def test_what_cannot_be_opened_is_refused_in_the_form(
    bank: TestBank, official: Browser, typed: dict[str, str], status: int, said: str
) -> None:
    given = {"case_no": "查2026-7", "reason": "sampling", "about": attended(bank)} | typed

    official.get(f"{DESK}/new").send(f"{DESK}/new", **given)

    assert official.status == status, words(official)
    assert 'role="alert"' in official.text
    assert said in words(official)
