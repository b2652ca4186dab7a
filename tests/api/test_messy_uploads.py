"""Messy files through the door by which they come: each row credited once or told, or all refused.

Every file is tried and then sent twice; nothing of what is refused whole is written anywhere.
"""

from io import BytesIO
from typing import Any

import pytest

from tests.api.desk import DAYS, Desk
from tests.attendance.old_workbooks import xls
from tests.attendance.rosters import HEADER, csv_bytes, xlsx, xlsx_sheets
from tests.attendance.test_messy_rosters import by_hand, inline, with_part
from tests.bank import invented_person

PEOPLE = [invented_person(number) for number in range(3)]
DAY = DAYS[0].isoformat()
ROWS: list[list[Any]] = [
    [who.name, "居民身份证", who.document.number, DAY, 300 + at] for at, who in enumerate(PEOPLE)
]
TEXTS = [[str(cell) for cell in row] for row in ROWS]
ALL = [300, 301, 302]
HIDDEN, LOST = "roster-row-hidden", "roster-number-lost-digits"


def wide(text: str) -> str:
    return "".join(chr(ord(each) + 0xFEE0) for each in text)


def as_number(row: list[Any]) -> list[Any]:
    """Return a row as a spreadsheet spoils it that takes the number for a figure."""
    return [*row[:2], float(row[2][:15] + "000"), *row[3:]]


def noted(rows: list[list[Any]]) -> list[list[Any]]:
    """Return rows with titles above, running numbers beside, a total and signatures below."""
    numbered = [[at, *row] for at, row in enumerate(rows, 1)]
    return [
        ["2026 年度继续教育签到表"], [], ["序号", *HEADER], *numbered,
        ["合计", "", "", "", "", 903], ["负责人签字：", "", "", "盖章"],
    ]  # fmt: skip


CHARACTERS = [
    [f"\u200e{TEXTS[0][0]}\u200b", "居民身份证", f"\xa0{wide(TEXTS[0][2])}\ufeff", DAY, "３００"],
    [TEXTS[1][0], "", TEXTS[1][2].lower(), DAYS[0].strftime("%Y年%m月%d日"), 301],
    [TEXTS[2][0], "", f"'{TEXTS[2][2]}", DAYS[0].strftime("%Y%m%d"), "302分钟"],
]
SHOWN = inline(1, HEADER) + inline(2, TEXTS[0]) + inline(3, TEXTS[1], ' hidden="1"')
CREDITED: dict[str, tuple[bytes, list[int], list[str]]] = {
    "titles": (xlsx(noted(ROWS)), ALL, ["roster-passed-total", "roster-passed-signature"]),
    "old": (xls({"名单": noted(ROWS)}), ALL, ["roster-passed-total", "roster-passed-signature"]),
    "characters": (xlsx([HEADER, *CHARACTERS]), ALL, []),
    "semicolons": (
        b"a,,,,,,,,,,,,,,,,,,,,,,,,\r\n" + csv_bytes([HEADER, *ROWS], "gb18030", ";"), ALL, [],
    ),
    "tabs": (b"\xff\xfe" + csv_bytes([HEADER, *ROWS], "utf-16-le", "\t"), ALL, []),
    "figures": (xlsx([HEADER, ROWS[0], as_number(ROWS[1]), ROWS[2]]), [300, 302], [LOST]),
    "hidden": (by_hand(SHOWN + inline(4, TEXTS[2])), [300, 302], [HIDDEN]),
    "hidden sheet": (
        xlsx_sheets({"名单": [HEADER, *ROWS], "旧": [HEADER, ROWS[0]]}, hidden=["旧"]), ALL,
        ["roster-passed-sheet"],
    ),
    "twice": (csv_bytes([HEADER, *ROWS, ROWS[1]]), ALL, ["roster-row-duplicate"]),
    "error": (
        by_hand(
            inline(1, HEADER) + inline(2, TEXTS[0]) + inline(3, TEXTS[1][:4])
            .replace("</row>", '<c r="E3" t="e"><v>#N/A</v></c></row>')
        ), [300], ["roster-formula-error"],
    ),
    "formulas": (
        csv_bytes([HEADER, *ROWS, ['=HYPERLINK("http://example.com","a")', "", "@A1", "+1", "-1"]]),
        ALL,
        ["roster-date-invalid", "roster-minutes-invalid", "roster-name-characters",
         "roster-number-length"],
    ),
}  # fmt: skip
REFUSED = {
    "macros": (with_part("xl/vbaProject.bin"), "roster-macros"),
    "old macros": (xls({"名单": [HEADER, *ROWS]}, storage="_VBA_PROJECT_CUR"), "roster-macros"),
    "page": (b"<html><table><tr><td>a</td></tr></table></html>", "roster-unreadable"),
    "path": (with_part("../../etc/evil.xml"), "roster-damaged"),
    "document type": (by_hand("", root='<!DOCTYPE a [<!ENTITY b "c">]>'), "roster-damaged"),
    "quotes": (csv_bytes([HEADER, *ROWS]) + b'"a,b', "roster-quotes-broken"),
    "two sheets": (
        xlsx_sheets({"一": [HEADER, ROWS[0]], "二": [HEADER, ROWS[1]]}), "roster-sheets-ambiguous",
    ),
}  # fmt: skip


def send(desk: Desk, filing_no: str, content: bytes, query: str = "") -> Any:
    return desk.provider.post(
        f"/api/v1/filings/{filing_no}/rosters{query}",
        data={"file": (BytesIO(content), "名单.xlsx")}, content_type="multipart/form-data",
    )  # fmt: skip


@pytest.mark.parametrize("name", CREDITED)
def test_each_row_of_a_messy_file_is_credited_once_or_told(desk: Desk, name: str) -> None:
    content, minutes, told = CREDITED[name]
    filing_no = desk.approved_filing()

    tried = send(desk, filing_no, content, "?mode=validate").get_json()
    sent = send(desk, filing_no, content).get_json()
    again = send(desk, filing_no, content).get_json()

    codes = [each["code"] for each in (*sent["problems"], *sent["passed_over"])]
    assert [each["attended_minutes"] for each in tried["rows"]] == minutes
    assert sorted(codes) == sorted(told)
    assert (sent["rows_credited"], again["rows_credited"]) == (len(minutes), 0)


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_refused_leaves_nothing_behind(desk: Desk, name: str) -> None:
    content, code = REFUSED[name]
    filing_no = desk.approved_filing()
    before = desk.row_counts()

    answers = [send(desk, filing_no, content, query) for query in ("?mode=validate", "")]

    assert [(each.status_code, each.get_json()["code"]) for each in answers] == [(422, code)] * 2
    assert desk.row_counts() == before
