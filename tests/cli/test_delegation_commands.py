"""Delegations by command: given, listed, suspended, ended."""

import re

import pytest

from tests.acts import register_enterprise
from tests.bank import ENTERPRISE_USCC, TestBank
from tests.cli.bench import terminal_for

DELEGATE_USCC = "91371000MA3TE5T024"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_delegation_is_given_listed_suspended_and_ended_by_command(bank: TestBank) -> None:
    register_enterprise(bank, DELEGATE_USCC)
    terminal = terminal_for(bank.house.settings)
    sides = ("--uscc", ENTERPRISE_USCC, "--to", DELEGATE_USCC)
    give = ("delegations", "give", *sides, "--from", "2026-01-01", "--through", "2099-12-31")

    [number] = re.findall(r"E[0-9A-Z]{9}", terminal.run(*give).output)
    twice = terminal.run(*give, exit_code=1).output
    steps = [
        terminal.run("delegations", "change", number, step, "--reason", "抽查").output
        for step in ("suspend", "lift", "end")
    ]
    over = terminal.run("delegations", "change", number, "end", exit_code=1).output
    listed = terminal.run("delegations", "list", "--uscc", DELEGATE_USCC).output
    none = terminal.run("delegations", "list", "--jurisdiction", "cn-33").output

    assert "delegation-known" in twice
    assert [each.split("：")[1].strip() for each in steps] == ["已暂停。", "有效。", "已终止。"]
    assert "delegation-step-unfit" in over
    assert all(each in listed for each in (number, ENTERPRISE_USCC, "2099-12-31", "已终止"))
    assert number not in none
    assert bank.fsck() == []
