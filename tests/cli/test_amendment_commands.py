"""Amendments by command."""

import json
from dataclasses import asdict

from creditbank.crediting.amendments import plan_of
from creditbank.registry.filing.filings import filing_numbered
from tests.bank import TestBank
from tests.cli.bench import terminal_for


def test_an_amendment_is_asked_for_shown_and_decided_by_command(bank: TestBank) -> None:
    terminal = terminal_for(bank.house.settings)
    filing_no = bank.approved_filing()
    with bank.reading() as session:
        plan = plan_of(session, filing_numbered(session, filing_no))
    sessions = [
        {**asdict(each.planned), "day": each.planned.day.isoformat(), "session_no": each.session_no}
        for each in plan.sessions
    ]
    group, mine = ("filings", "amendments"), (filing_no, "--version")

    def ask(seats: int) -> str:
        said = json.dumps({"seats": seats, "sessions": sessions, "reason": "扩招"})
        return terminal.run(*group, "ask", filing_no, "-", stdin=said).output

    first = ask(41)
    terminal.run(*group, "refuse", *mine, "2", "--reason", "教室容不下")
    ask(42)
    terminal.run(*group, "withdraw", *mine, "3")
    ask(43)
    approved = terminal.run(*group, "approve", *mine, "4").output
    again = terminal.run(*group, "approve", *mine, "4", exit_code=1).output
    shown = terminal.run(*group, "show", filing_no).output

    assert "第 2 版变更已提交" in first
    assert "现为第 4 版" in approved
    assert "没有待审的这份变更" in again
    assert all(each in shown for each in ("不同意", "已撤回", "已同意", "名额（人）", "43"))
    assert bank.fsck() == []
