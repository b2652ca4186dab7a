"""By when filings are to be decided: working days, told once, and never approved by time."""

import threading
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank.clock import civil_day, utc_now
from creditbank.jobs.filings import tell_overdue
from creditbank.registry.clients import Role
from creditbank.registry.filing.due import due_day, overdue_filings
from creditbank.registry.filing.filings import (
    filing_numbered,
    return_filing,
    submit_again,
    submit_filing,
)
from creditbank.registry.filing.history import history_of
from creditbank.registry.organisations import organisation_by_uscc
from tests.accounts.lobby import Lobby
from tests.api.desk import Desk
from tests.bank import ENTERPRISE_USCC, TestBank
from tests.cli.bench import terminal_for
from tests.crediting.test_returned_filings import DRAFT
from tests.web.visitors import Visitors

LONG_AGO = utc_now() - timedelta(days=60)
TERM = 20


@pytest.fixture
def waiting(bank: TestBank) -> Callable[..., str]:
    def submit(days_ago: int = 60) -> str:
        with bank.unit() as session:
            provider = organisation_by_uscc(session, ENTERPRISE_USCC)
            now = utc_now() - timedelta(days=days_ago)
            return submit_filing(session, DRAFT, provider, actor="p", now=now).filing_no

    return submit


@pytest.mark.parametrize(
    ("submitted", "days", "due"),
    [
        ("2026-11-20", 1, "2026-11-23"),  # a Friday
        ("2026-11-21", 1, "2026-11-23"),
        ("2026-11-16", 5, "2026-11-23"),
        ("2026-11-16", 20, "2026-12-14"),
    ],
)
def test_saturdays_and_sundays_are_no_working_days(submitted: str, days: int, due: str) -> None:
    assert due_day(date.fromisoformat(submitted), days) == date.fromisoformat(due)


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(1, 60))
def test_what_is_submitted_later_is_never_due_earlier(day: date, days: int) -> None:
    assert due_day(day, days) <= due_day(day + timedelta(days=1), days)
    assert due_day(day, days) < due_day(day, days + 1)


def overdue_in(bank: TestBank, jurisdiction: str) -> list[str]:
    with bank.reading() as session:
        found = overdue_filings(session, jurisdiction, TERM, limit=10, now=utc_now())
        return [each.filing_no for each in found]


def test_what_is_overdue_is_told_once_and_still_waits(
    bank: TestBank, waiting: Callable[..., str]
) -> None:
    late, in_time = waiting(), waiting(1)

    told = [tell_overdue(threading.Event()) for _ in range(2)]

    assert told == [1, 0]
    assert overdue_in(bank, "cn-3710") == overdue_in(bank, "cn-37") == [late]
    assert overdue_in(bank, "cn-33") == []
    with bank.reading() as session:
        last = history_of(session, late)[-1]
        assert [history_of(session, in_time)[-1].kind, last.kind] == [
            "filing.submitted", "filing.overdue",
        ]  # fmt: skip
        assert (last.actor, last.said["told"]) == ("clock", "cn-37")
        assert filing_numbered(session, late).state == "submitted"
    assert bank.fsck() == []


def test_a_return_stops_the_clock_and_the_next_submission_starts_it_anew(
    bank: TestBank, waiting: Callable[..., str]
) -> None:
    filing_no = waiting()
    with bank.unit() as session:
        return_filing(session, filing_no, actor="o", reason="x", now=LONG_AGO)
    stopped = overdue_in(bank, "cn")
    with bank.unit() as session:
        submit_again(session, filing_no, DRAFT, actor="p", now=utc_now())

    assert (stopped, overdue_in(bank, "cn")) == ([], [])
    assert tell_overdue(threading.Event()) == 0


def test_overdue_filings_are_listed_by_the_api_and_by_command(
    bank: TestBank, waiting: Callable[..., str]
) -> None:
    desk = Desk(bank)
    filing_no = waiting()
    due = due_day(civil_day(utc_now() - timedelta(days=60)), TERM).isoformat()

    [line] = desk.official.get("/api/v1/overdue-filings").get_json()["filings"]
    read = desk.provider.get(f"/api/v1/filings/{filing_no}").get_json()
    elsewhere = desk.far_official.get("/api/v1/overdue-filings").get_json()
    said = terminal_for(bank.house.settings).run("filings", "overdue").output

    assert (line["filing_no"], line["due_day"], read["due_day"]) == (filing_no, due, due)
    assert elsewhere == {"filings": []}
    assert filing_no in said
    assert due in said


def test_overdue_filings_come_first_on_the_officials_page(
    bank: TestBank, waiting: Callable[..., str]
) -> None:
    visitors = Visitors(Lobby(bank))
    filing_no, official = waiting(), visitors.seated(Role.OFFICIAL)

    first = official.get("/filings").text.split('id="overdue"')[1].split("</section>")[0]

    assert filing_no in first
    assert "超期未决定" in first
    assert "决定期限" in official.get(f"/filings/{filing_no}").text
    assert "超期未决定" not in visitors.seated(Role.PROVIDER).get("/filings").text
