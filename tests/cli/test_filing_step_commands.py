"""Filings after their approval by command."""

import re

from tests.bank import SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.cli.bench import terminal_for


def test_a_filing_is_revoked_by_command_and_its_hours_are_decided(bank: TestBank) -> None:
    terminal = terminal_for(bank.house.settings)
    filing_no = bank.approved_filing()
    people = [invented_person(1), invented_person(2)]
    bank.post(filing_no, attendance(people, SEMINAR_DAYS[:1]))
    step = ("filings", "step", filing_no)

    terminal.run(*step, "suspend", exit_code=2)
    closed = terminal.run(*step, "close").output
    again = terminal.run(*step, "close", exit_code=1).output
    terminal.run(*step, "revoke", "--reason", "虚报", "--case-no", "查2026-8")
    review = terminal.run("filings", "review", filing_no, "--limit", "1").output
    leaf = re.findall(r"[0-9a-f]{64}", review)[0]
    decide = ("filings", "decide-hours", filing_no)
    terminal.run(*decide, "keep", "--reason", "属实", "--leaf", "no hex", exit_code=2)
    kept = terminal.run(*decide, "keep", "--reason", "属实", "--leaf", leaf).output
    reversed_rest = terminal.run(*decide, "reverse", "--reason", "未到场").output
    listed = terminal.run("filings", "list", "--state", "revoked").output

    assert "已结束" in closed
    assert "重新开放、撤销" in again
    assert "案卷 查2026-8：待定 2 笔，共 16.00 学时" in review
    assert "只显示前 1 条" in review
    assert "已决定 1 笔，共 8.00 学时；待定 1 笔" in kept
    assert "待定 0 笔" in reversed_rest
    assert filing_no in listed
    assert bank.fsck() == []
