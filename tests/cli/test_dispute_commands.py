"""Disputes by command: listed without names, shown with what was said, decided."""

import pytest

from creditbank.integrity.disputes import Answer, StepDraft, appeal
from tests.bank import ENTERPRISE_USCC, NOW, TestBank, invented_person
from tests.cli.bench import terminal_for
from tests.integrity.disputing import WORDS, answered, disputed

PERSON = invented_person(51)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_dispute_by_command(bank: TestBank) -> None:
    terminal = terminal_for(bank.house.settings)
    nothing = terminal.run("disputes", "list").output
    dispute_no = disputed(bank, PERSON, bank.approved_filing())
    answered(bank, dispute_no, Answer.DECLINED)
    with bank.unit() as session:
        appeal(session, bank.house.vault, StepDraft(dispute_no, "A", "签到表上有我"), now=NOW)

    listed = terminal.run("disputes", "list").output
    shown = terminal.run("disputes", "show", dispute_no).output
    decided = terminal.run(
        "disputes", "decide", dispute_no, "--outcome", "dismissed", "--words", "无签到记录",
        "--case-no", "异2026-1",
    ).output  # fmt: skip
    every = terminal.run("disputes", "list", "--all").output
    figures = terminal.run("scorecard", ENTERPRISE_USCC).output

    assert "没有待处理的异议" in nothing
    assert dispute_no in listed
    assert PERSON.name not in listed + shown
    assert WORDS in shown
    assert "本人申请裁定" in shown
    assert "已驳回" in decided
    assert "已驳回" in every
    assert "没有待处理的异议" in terminal.run("disputes", "list").output
    assert "裁定成立" in figures
    assert bank.fsck() == []
