"""One's own statement by the pages: line by line, narrowed, and taken away as a file."""

import csv
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

from creditbank.people.register import Identity
from tests.bank import TestBank, invented_person
from tests.certificates.counter import press_at_hand
from tests.crediting.ledgers import varied_record
from tests.house.tree import ROOT
from tests.web.browser import Browser
from tests.web.visitors import Visitors, sign_in


@pytest.fixture
def person(visitors: Visitors) -> Identity:
    return visitors.professional()


@pytest.fixture
def holder(person: Identity, bank: TestBank) -> Browser:
    """Somebody with an hour of every standing, signed in."""
    varied_record(bank, person)
    return sign_in(Browser(bank), person.document.number, "resident_id")


def plain(browser: Browser) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", browser.text))


def test_whoever_has_no_hours_has_an_empty_statement(person: Identity, bank: TestBank) -> None:
    browser = sign_in(Browser(bank), person.document.number, "resident_id")

    assert "还没有学时" in browser.get("/hours/statement").text


def test_every_movement_stands_with_its_total_its_why_and_its_place(holder: Browser) -> None:
    text = plain(holder.get("/hours/statement"))

    assert "期初余额 0.00 计入 60.00 扣减 16.00 期末余额 44.00" in text
    assert "共 8 笔变动" in text
    assert "碳纤维复合材料成型工艺研修 撤回" in text
    assert "冲正 8.00 学时：时长有误" in text
    assert "待写入日志" in text
    assert "bank.example/ledger/cn-3710/2026 #" in text
    balance = plain(holder.get("/hours"))
    assert ("24.00 / 90.00" in balance, "20.00 / 90.00" in balance) == (True, True)


def test_year_source_and_days_narrow_it(holder: Browser) -> None:
    holder.get("/hours/statement")
    source = re.findall(r'<option value="(I[^"]+)"', holder.text)[0]

    closing = [
        re.findall(r"期末余额 (\S+)", plain(holder.get(f"/hours/statement?{query}")))[0]
        for query in (
            "year=2024", f"source={source}", "from=2026-11-12", "as_of=2026-11-11",
            "known_on=2020-01-01", "year=1999&page=7",
        )
    ]  # fmt: skip

    assert closing == ["20.00", "20.00", "44.00", "28.00", "0.00", "0.00"]
    assert "期初余额 28.00" in plain(holder.get("/hours/statement?from=2026-11-12"))
    assert holder.get("/hours/statement?as_of=never").status == 422


def test_it_is_taken_away_as_csv_and_as_a_workbook(holder: Browser, person: Identity) -> None:
    table = holder.get("/hours/statement.csv?year=2026")
    assert table.page is not None
    rows = list(csv.reader(io.StringIO(table.page.get_data().decode("utf-8-sig"))))
    book = holder.get("/hours/statement.xlsx")

    assert book.page is not None
    assert (rows[1][4], rows[-1][13]) == ("期初余额", "24.00")
    assert book.page.get_data().startswith(b"PK")
    assert person.document.number not in str(rows)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_it_is_printed_with_name_and_last_four_alone(holder: Browser, person: Identity) -> None:
    press_at_hand()
    paper = holder.get("/hours/statement.pdf")

    assert paper.page is not None
    assert (paper.status, paper.page.get_data()[:5]) == (200, b"%PDF-")
    assert person.document.number.encode() not in paper.page.get_data()


def test_as_of_a_day_the_balance_counts_what_was_earned_by_then(holder: Browser) -> None:
    text = plain(holder.get("/hours?as_of=2026-11-11"))

    assert "8.00 / 90.00" in text
    assert "只计 2026-11-11 及以前取得的学时" in text
    assert invented_person(91).document.number not in text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_signed_file_is_checked_by_the_command_that_the_docs_give(
    holder: Browser, bank: TestBank, tmp_path: Path
) -> None:
    page = plain(holder.get("/hours/statement"))
    files = {
        "statement.jws": holder.get("/hours/statement.jws"),
        "jwks.json": Browser(bank).get("/.well-known/jwks.json"),
        "logs.json": Browser(bank).get("/api/v1/logs"),
    }
    for name, answer in files.items():
        assert answer.page is not None
        (tmp_path / name).write_bytes(answer.page.get_data())
    (tmp_path / "tools").symlink_to(ROOT / "tools")
    [command] = re.findall(
        r"^python3 (tools/check_statement\.py .*)$",
        (ROOT / "docs" / "pages.md").read_text(encoding="utf-8"), re.MULTILINE,
    )  # fmt: skip

    ran = subprocess.run(
        [sys.executable, *command.split()], cwd=tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip

    assert "带签名的文件，任何人可核验" in page
    assert f"python3 {command.removesuffix(' --language en')}" in page
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "line 7: -8.00, total 36.00" in ran.stdout
    assert "Done: no check failed." in ran.stdout
