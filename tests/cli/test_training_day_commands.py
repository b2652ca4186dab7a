"""The day log of practical training by command."""

import hashlib
from pathlib import Path

from tests.acts import approve_training
from tests.bank import SEMINAR_DAYS, TestBank
from tests.cli.bench import terminal_for


def test_days_are_logged_and_shown_by_command(bank: TestBank, tmp_path: Path) -> None:
    terminal = terminal_for(bank.house.settings)
    filing_no = approve_training(bank, SEMINAR_DAYS[:2])
    log = ("filings", "log-day", filing_no, SEMINAR_DAYS[0].isoformat(), "--told-by", "organiser")

    terminal.run(*log, "--done", "", exit_code=2)
    file = tmp_path / "programme.pdf"
    file.write_bytes(b"a programme")
    travel = ("--use", "travel", "--done", "威海至深圳", "--evidence", str(file))
    done = terminal.run(*log, *travel).output
    shown = terminal.run("filings", "days", filing_no).output

    assert "还有 1 天没有记录" in done
    assert "路途日" in shown
    assert "威海至深圳" in shown
    assert hashlib.sha256(b"a programme").hexdigest() in shown
    assert SEMINAR_DAYS[1].isoformat() in shown
