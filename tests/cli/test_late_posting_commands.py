"""Attendance after its time by command."""

from tests.acts import publish_post_by
from tests.bank import SEMINAR_DAYS, TestBank
from tests.cli.bench import terminal_for


def test_late_attendance_is_let_in_and_its_terms_are_told(bank: TestBank) -> None:
    terminal = terminal_for(bank.house.settings)
    publish_post_by(bank, "{ days = 3 }")
    filing_no = bank.approved_filing()
    admit = ("filings", "admit-late", filing_no, "--day", SEMINAR_DAYS[0].isoformat())

    terminal.run(*admit, "--through", "2020-01-01", "--reason", "停电", exit_code=1)
    done = terminal.run(*admit, "--through", "2099-01-01", "--reason", "停电").output
    terms = terminal.run("filings", "posting-terms", filing_no).output

    assert "截止 2099-01-01" in done
    assert "2026-11-13" in terms
    assert "2099-01-01" in terms
