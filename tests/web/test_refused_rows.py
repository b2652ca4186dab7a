"""Refused rows: taken back as a roster with reasons, or put right on a page, and then posted."""

import re
from datetime import date
from typing import Any

import pytest

from creditbank.attendance.refused_rows import as_csv, refused_rows
from creditbank.attendance.roster import HEADERS, Column, read_roster
from creditbank.attendance.workbook import DEFAULT_LIMITS
from creditbank.registry.clients import Role
from tests.attendance.old_workbooks import xls
from tests.attendance.rosters import HEADER, csv_bytes, xlsx
from tests.bank import SEMINAR_DAYS, TestBank, invented_person
from tests.web.browser import Browser
from tests.web.visitors import Visitors

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
GOOD, SHORT, ROUNDED, LATE = map(invented_person, range(4))
DAY = SEMINAR_DAYS[0]
CUT = SHORT.document.number[:17]
ROWS: list[list[Any]] = [
    HEADER,
    [GOOD.name, "居民身份证", GOOD.document.number, DAY.isoformat(), 360],
    [SHORT.name, "居民身份证", CUT, DAY.isoformat(), 300],
    [ROUNDED.name, "", ROUNDED.document.number, "昨天", "很久"],
    ["合计", "", "", "", 660],
    [GOOD.name, "", GOOD.document.number, DAY.isoformat(), 360],
    [LATE.name, "", float(LATE.document.number[:15] + "000"), DAY.isoformat(), 240],
]


@pytest.fixture
def provider(visitors: Visitors) -> Browser:
    return visitors.seated(Role.PROVIDER)


def posted(provider: Browser, bank: TestBank, content: bytes) -> str:
    """Upload a file and post it by pages; return the address of the result."""
    filing = f"/filings/{bank.approved_filing()}"
    provider.get(filing).send(f"{filing}/rosters", file=content)
    provider.send(f"{provider.path}/posting")
    assert provider.path.startswith("/rosters/R"), provider.text
    return provider.path


def bytes_of(provider: Browser) -> tuple[bytes, str]:
    assert provider.page is not None
    return provider.page.get_data(), provider.page.headers["Content-Disposition"]


@ON_SQLITE
@pytest.mark.parametrize(
    ("content", "ending"),
    [(csv_bytes(ROWS), "csv"), (xlsx(ROWS), "xlsx"), (xls({"名单": ROWS}), "xlsx")],
    ids=["csv", "xlsx", "xls"],
)
def test_refused_rows_come_back_as_a_roster_with_reasons(
    provider: Browser, bank: TestBank, content: bytes, ending: str
) -> None:
    result = posted(provider, bank, content)
    first = read_roster(content)

    provider.get(result).send(f"{result}/refused-rows")
    made, name = bytes_of(provider)

    again = read_roster(made)
    assert name.endswith(f'.{ending}"')
    lost, empty = "roster-number-lost-digits", "roster-number-missing"
    wrong = [
        ({3: 2, 4: 3, 7: 4}[each.row_no], each.column, each.code)
        for each in first.problems
        if each.row_no in (3, 4, 7)
    ]
    assert wrong[-1][2] == lost
    assert [(each.row_no, each.column, each.code) for each in again.problems] == [
        *wrong[:-1], (*wrong[-1][:2], empty),
    ]  # fmt: skip
    assert again.rows == ()
    if ending == "csv":
        assert "未入账原因" in made.decode("utf-8-sig")
    assert provider.get(result).text.count("本单位取用") == 1


def test_rows_are_put_right_in_place_previewed_and_posted_once(
    provider: Browser, bank: TestBank
) -> None:
    result = posted(provider, bank, csv_bytes(ROWS))
    provider.get(result).send(f"{result}/mending")
    page, fields = provider.text, provider.forms()[f"{result}/mended"].values

    typed = {
        "document_number-3": SHORT.document.number, "day-4": DAY.isoformat(),
        "attended_minutes-4": "300", "document_number-7": LATE.document.number,
    }  # fmt: skip
    provider.send(f"{result}/mended", **typed)
    held, preview = provider.path, provider.text
    provider.send(f"{held}/posting")
    done = provider.text

    assert re.findall(r"<legend>([^<]+)</legend>", page) == ["第 3 行", "第 4 行", "第 7 行"]
    assert (fields["name-4"], fields["day-4"]) == (ROUNDED.name, "昨天")
    for number in (CUT, ROUNDED.document.number):
        assert number not in page, "a number is not shown but for its last four"
    assert f"尾号 {ROUNDED.document.number[-4:]}" in page
    assert held.startswith("/held-rosters/H"), preview
    assert "3 行，3 人" in done
    provider.get(result).send(f"{result}/mending")
    provider.send(f"{result}/mended", **typed)
    assert f"{provider.path}/posting" not in provider.forms()


@ON_SQLITE
def test_a_row_may_be_left_out_and_a_wrong_one_is_refused_again(
    provider: Browser, bank: TestBank
) -> None:
    result = posted(provider, bank, csv_bytes(ROWS))
    provider.get(result).send(f"{result}/mending")

    provider.send(f"{result}/mended", **{"omit-3": "yes", "omit-7": "yes", "day-4": "2199-01-01"})

    assert "2 行" not in provider.text
    assert f"{provider.path}/posting" not in provider.forms()


@ON_SQLITE
def test_nothing_is_offered_where_nothing_can_be_put_right(
    provider: Browser, visitors: Visitors, bank: TestBank
) -> None:
    whole = posted(provider, bank, csv_bytes(ROWS[:2]))
    clean = provider.text
    broken = posted(provider, bank, csv_bytes(ROWS))
    official = visitors.seated(Role.OFFICIAL).get(broken)

    for action in ("mending", "refused-rows"):
        assert f"{whole}/{action}" not in clean
        assert f"{broken}/{action}" in provider.get(broken).text
        assert f"{broken}/{action}" not in official.text


def test_a_day_of_a_workbook_that_counts_from_1904_is_written_as_a_day() -> None:
    serial = (DAY - date(1904, 1, 1)).days
    content = xls({"名单": [HEADER, ["", "", "12", serial, "x"]]}, epoch_1904=True)
    problems = read_roster(content).problems

    [row] = refused_rows(content, problems, DEFAULT_LIMITS)

    assert row.cells[Column.DAY] == DAY.isoformat()
    assert HEADERS[Column.DAY][0] in as_csv([row], "zh").decode("utf-8-sig")
