"""Held rows by command: listed without names, shown with both, decided."""

import re

import pytest

from creditbank.people.register import Identity
from tests.bank import SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.cli.bench import terminal_for

PERSON = invented_person(51)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_held_row_by_command(bank: TestBank) -> None:
    terminal = terminal_for(bank.house.settings)
    nothing = terminal.run("name-checks", "list").output
    bank.post(bank.approved_filing(), attendance([PERSON], SEMINAR_DAYS[:1]))
    wrong = Identity(PERSON.document, "不同名")
    bank.post(bank.approved_filing(), attendance([wrong], SEMINAR_DAYS[:1]))

    listed = terminal.run("name-checks", "list").output
    [check_no] = re.findall(r"N[0-9A-Z]{9}", listed)
    shown = terminal.run("name-checks", "show", check_no).output
    decided = terminal.run(
        "name-checks", "decide", check_no, "--finding", "other-person", "--case-no", "核2026-8"
    ).output
    after = terminal.run("name-checks", "show", check_no).output

    assert "没有待核实姓名的行" in nothing
    assert "不同名" not in listed
    assert f"提交的姓名：不同名；登记的姓名：{PERSON.name}" in shown
    assert "不予登记" in decided
    assert PERSON.name not in after
    assert bank.fsck() == []
