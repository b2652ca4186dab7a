"""Re-assessments by command: asked, rehearsed, proposed, approved by another, carried out."""

import re

import pytest

from tests.bank import TestBank, invented_person
from tests.cli.bench import Terminal, terminal_for
from tests.lawtexts import COUNTY
from tests.reassessing import attended, day_worth, found_county, mend

PERSON, OTHER = invented_person(51), invented_person(52)
GROUP = "reassessments"


@pytest.fixture
def terminal(bank: TestBank) -> Terminal:
    return terminal_for(bank.house.settings)


def test_a_re_assessment_by_command_from_its_asking_to_its_end(
    terminal: Terminal, bank: TestBank
) -> None:
    found_county(bank)
    filing_no = attended(bank, PERSON, OTHER)
    mend(bank, **day_worth("6"))
    nothing = terminal.run(GROUP, "list").output

    asked = terminal.run(
        GROUP, "request", COUNTY, "--case-no", "查9", "--from", "2026-01-01", "--actor", "li"
    ).output
    number = re.findall(r"G[0-9A-Z]{9}", asked)[0]
    terminal.run(GROUP, "request", COUNTY, "--case-no", "查10", "--source", filing_no)
    waiting = terminal.run(GROUP, "show", number).output
    ran = terminal.run(GROUP, "run").output
    shown = terminal.run(GROUP, "show", number, "--limit", "1").output
    digest = re.findall(r"[0-9a-f]{64}", shown)[0]
    listed = terminal.run(GROUP, "list", "--limit", "1").output
    step = (number, "--digest", digest, "--actor")
    proposed = terminal.run(GROUP, "propose", *step, "li").output
    same = terminal.run(GROUP, "approve", *step, "li", exit_code=1).output
    approved = terminal.run(GROUP, "approve", *step, "wang").output
    terminal.run(GROUP, "run")
    after = terminal.run(GROUP, "show", number).output
    late = terminal.run(GROUP, "withdraw", number, exit_code=1).output

    assert "没有重新折算" in nothing
    assert "等待试算" in waiting
    assert "已办 2 项" in ran
    assert "冲正并重新登记：2 笔" in shown
    assert re.search(r"2026 +专业科目 +2 +16.00 +12.00", shown)
    assert "只显示前 1 条" in shown
    assert ("查10" in listed, "查9" in listed) == (True, False)
    assert "待第二人批准" in proposed
    assert "second-person-wanted" in same
    assert "已批准" in approved
    assert (after.count("已办"), "已执行" in after) == (3, True)
    assert "reassessment-state" in late
    assert bank.fsck() == []
