"""An attendance is put right by command, minutes or person."""

from pathlib import Path

from tests.bank import SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.cli.bench import person_file, terminal_for

ONE, OTHER = invented_person(51), invented_person(52)


def test_minutes_and_then_the_person_are_put_right(bank: TestBank, tmp_path: Path) -> None:
    terminal, filing_no = terminal_for(bank.house.settings), bank.approved_filing()
    bank.post(filing_no, attendance([ONE], SEMINAR_DAYS[:1]))
    one, other = person_file(tmp_path, ONE), person_file(tmp_path, OTHER, "other.json")
    day = ("--day", SEMINAR_DAYS[0].isoformat())
    asked = ("attendance", "correct", filing_no, "--person", one, *day, "--minutes", "180")

    done = terminal.run(*asked, "--reason", "wrong-minutes").output
    again = terminal.run(*asked, "--reason", "wrong-minutes", exit_code=1).output
    other_day = ("--attended-on", SEMINAR_DAYS[1].isoformat())
    who = ("--reason", "wrong-person", "--attended-by", other)
    moved = terminal.run(*asked, *who, *other_day).output

    assert "360 分钟 8.00 学时，改为 2026-11-10 180 分钟 4.00 学时" in done
    assert "与原记录相同" in again
    assert "180 分钟 4.00 学时，改为 2026-11-11 180 分钟 4.00 学时" in moved
    balances = ("balances", "show", "--scheme", "cn-3710", "--person")
    assert "4.00" in terminal.run(*balances, other).output
    assert bank.fsck() == []
