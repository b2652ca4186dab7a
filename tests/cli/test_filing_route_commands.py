"""Routes of filings by command."""

import re
from datetime import timedelta

import pytest

from creditbank.clock import civil_day, utc_now
from tests.bank import TestBank
from tests.cli.bench import terminal_for

DOCUMENT = ("--document", "示例〔2026〕8号", "--document-day", "2026-01-05")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_route_is_recorded_listed_by_day_and_ended(bank: TestBank) -> None:
    terminal, today = terminal_for(bank.house.settings), civil_day(utc_now())
    first, last = today + timedelta(days=2), today + timedelta(days=5)
    said = (
        "filing-routes", "record", "--district", "cn-3710.jkq", "--office", "cn-3710", "--kind",
        "advanced_seminar", "--level", "provincial", "--from", first.isoformat(), *DOCUMENT,
    )  # fmt: skip

    made = terminal.run(*said).output
    route_no = re.findall(r"\bU[0-9A-Z]{9}\b", made)[0]
    again = terminal.run(*said, exit_code=1).output
    ended = terminal.run(
        "filing-routes", "end", route_no, "--through", last.isoformat(), "--reason", "划转"
    ).output
    listed = [
        terminal.run("filing-routes", "list", "--on", day.isoformat()).output
        for day in (today, first, last, last + timedelta(days=1))
    ]

    assert "filing-route-taken" in again
    assert last.isoformat() in ended
    assert [route_no in each for each in listed] == [False, True, True, False]
    assert "cn-3710.jkq" in listed[1]
    assert bank.fsck() == []
