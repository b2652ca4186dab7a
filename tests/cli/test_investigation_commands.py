"""Investigations by command: opened, listed, shown, closed."""

import re
from pathlib import Path

import pytest

from tests.bank import SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.cli.bench import Terminal, person_file, terminal_for

ONE, OTHER = invented_person(51), invented_person(52)


@pytest.fixture
def terminal(bank: TestBank) -> Terminal:
    return terminal_for(bank.house.settings)


def test_a_case_by_command_from_its_opening_to_its_end(
    terminal: Terminal, bank: TestBank, tmp_path: Path
) -> None:
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([ONE, OTHER], SEMINAR_DAYS[:2]))
    asked = ("investigations", "open", "--case-no", "查2026-7", "--reason", "referred")
    nothing = terminal.run("investigations", "list").output

    opened = terminal.run(
        *asked, f"{filing_no}/2", "--person", person_file(tmp_path, ONE), "--actor", "li"
    ).output
    again = terminal.run(*asked, f"{filing_no}/2", "--person", person_file(tmp_path, ONE),
                         exit_code=1).output  # fmt: skip
    whole = terminal.run(*asked, filing_no).output

    numbers = [re.findall(r"E[0-9A-Z]{9}", said)[0] for said in (opened, whole)]
    listed = terminal.run("investigations", "list", "--case-no", "查2026-7", "--limit", "1").output
    shown = terminal.run("investigations", "show", numbers[1], "--limit", "3").output
    closed = terminal.run("investigations", "close", numbers[0], "--outcome", "found-false").output
    released = terminal.run("investigations", "close", numbers[1], "--outcome", "cleared").output
    after = terminal.run("investigations", "show", numbers[1]).output

    assert "没有符合条件的核查" in nothing
    assert "冻结 1 笔学时" in opened
    assert "已有一项未结束的核查" in again
    assert "冻结 4 笔学时" in whole
    assert numbers[1] in listed
    assert numbers[0] not in listed
    assert "其他部门移送" in shown
    assert (shown.count("冻结"), "只显示前 3 条" in shown) == (3, True)
    assert "查实不符，已冲正" in closed
    assert "查无问题，已解冻" in released
    assert (after.count("未冻结"), after.count("已冲正")) == (3, 1)
    assert bank.fsck() == []
