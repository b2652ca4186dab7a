"""Without network: a sheet is printed and signed by hand, and entered as a roster that says so."""

import json
import threading
from pathlib import Path

import pypdfium2
import pytest
from sqlalchemy import select

from creditbank.attendance.models import RosterBatch
from creditbank.jobs.rosters import run_rosters
from creditbank.ledger.models import CreditFacts
from creditbank.registry.clients import Role
from tests.api.desk import DAYS, Desk, roster_rows
from tests.attendance.rosters import csv_bytes
from tests.bank import SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.certificates.counter import press_at_hand
from tests.cli.bench import terminal_for
from tests.crediting.long_rosters import bounded
from tests.web.browser import Browser
from tests.web.test_filing_pages import lines
from tests.web.visitors import Visitors

LI, WANG = invented_person(1), invented_person(2)
FILE = csv_bytes(lines((LI, SEMINAR_DAYS[0], 360), (WANG, SEMINAR_DAYS[0], 180)))
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def provider(visitors: Visitors) -> Browser:
    return visitors.seated(Role.PROVIDER)


def ways(bank: TestBank) -> tuple[set[str], set[str]]:
    """Return the ways that stand with rosters, and with the facts of credits."""
    with bank.reading() as session:
        facts = [json.loads(each.facts) for each in session.scalars(select(CreditFacts))]
        rosters = {each.way for each in session.scalars(select(RosterBatch))}
    return rosters, {each.get("way", "") for each in facts}


def printed(content: bytes) -> list[str]:
    with pypdfium2.PdfDocument(content) as document:
        return [each.get_textpage().get_text_bounded() for each in document]


def test_a_sheet_has_a_row_for_each_seat_and_nobodys_number(
    provider: Browser, bank: TestBank
) -> None:
    press_at_hand()
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([LI, WANG], SEMINAR_DAYS[:1]))
    where = f"/filings/{filing_no}/sign-in-sheets/2"
    assert f'href="{where}"' in provider.get(f"/filings/{filing_no}/check-ins").text

    blank = "".join(printed(provider.http.get(where, base_url=provider.base).data))
    filled = printed(provider.http.get(f"{where}?people=expected", base_url=provider.base).data)

    assert SEMINAR_DAYS[1].isoformat() in blank
    assert LI.name not in blank
    text = "".join(filled)
    assert len(filled) > 1
    assert "40" in text
    for person in (LI, WANG):
        assert person.name in text
        assert person.document.number[-4:] in text
        assert person.document.number[:14] not in text
    assert provider.get(f"/filings/{filing_no}/sign-in-sheets/9").status == 422


def test_a_program_fetches_the_sheets_of_its_own_filings(bank: TestBank) -> None:
    press_at_hand()
    desk = Desk(bank)
    filing_no = desk.approved_filing()
    desk.provider.post(f"/api/v1/filings/{filing_no}/rosters", roster_rows([LI], DAYS[:1]))
    where = f"/api/v1/filings/{filing_no}/sign-in-sheets/2"

    blank, filled = desk.provider.get(where), desk.provider.get(f"{where}?people=expected")
    refused = [
        desk.provider.get(f"{where}0"), desk.other_provider.get(where), desk.official.get(where),
    ]  # fmt: skip

    assert (blank.status_code, blank.content_type) == (200, "application/pdf")
    assert DAYS[1].isoformat() in "".join(printed(blank.data))
    assert LI.name not in "".join(printed(blank.data))
    assert LI.name in "".join(printed(filled.data))
    assert LI.document.number[:14] not in "".join(printed(filled.data))
    assert [each.get_json()["code"] for each in refused] == [
        "session-number-unknown", "filing-unknown", "scope-missing",
    ]  # fmt: skip


@pytest.mark.parametrize("page_rows", [1_000, 1])
def test_what_was_signed_on_paper_says_so_with_every_credit(
    provider: Browser, bank: TestBank, page_rows: int
) -> None:
    bounded(bank, roster_page_rows_max=page_rows)
    filing = f"/filings/{bank.approved_filing()}"

    provider.get(filing).send(f"{filing}/rosters", file=FILE, paper="yes")
    run_rosters(threading.Event())
    held = provider.get(provider.path).path
    assert "纸质签到表" in provider.text
    provider.send(f"{held}/posting")
    run_rosters(threading.Event())
    provider.get(provider.path)

    assert provider.path.startswith("/rosters/R"), provider.text
    assert "纸质签到表" in provider.text
    assert ways(bank) == ({"paper"}, {"paper"})


def test_a_roster_of_which_nothing_is_said_stays_as_it_was(
    provider: Browser, bank: TestBank
) -> None:
    filing = f"/filings/{bank.approved_filing()}"

    held = provider.get(filing).send(f"{filing}/rosters", file=FILE).path
    provider.send(f"{held}/posting")

    assert ways(bank) == ({""}, {""})


@pytest.mark.parametrize("prefer", [{}, {"Prefer": "respond-async"}])
def test_a_program_says_that_it_was_paper(bank: TestBank, prefer: dict[str, str]) -> None:
    desk = Desk(bank)
    filing_no = desk.approved_filing()
    where = f"/api/v1/filings/{filing_no}/rosters"
    rows = roster_rows([LI], DAYS[:1])

    posted = desk.provider.post(f"{where}?way=paper", rows, headers=prefer)
    run_rosters(threading.Event())
    other = desk.provider.post(f"{where}?way=check-in", rows)

    assert posted.status_code in (201, 202)
    assert other.status_code == 422
    assert ways(desk.bank) == ({"paper"}, {"paper"})


def test_an_operator_prints_a_sheet_and_enters_it(bank: TestBank, tmp_path: Path) -> None:
    press_at_hand()
    terminal = terminal_for(bank.house.settings)
    filing_no, out = bank.approved_filing(), tmp_path / "sheet.pdf"
    (tmp_path / "roster.csv").write_bytes(FILE)

    terminal.run("rosters", "sheet", filing_no, "1", "--out", str(out), "--expected")
    terminal.run("rosters", "post", filing_no, str(tmp_path / "roster.csv"), "--paper")

    assert "签到表" in printed(out.read_bytes())[0]
    assert ways(bank) == ({"paper"}, {"paper"})
