"""What is true of organisations by command: stated, ended, taken back, shown for any day."""

import re

import pytest

from tests.acts import register_enterprise
from tests.bank import ENTERPRISE_USCC, TestBank
from tests.cli.bench import terminal_for

DOCUMENT = ("--document", "示例〔2025〕1号", "--document-day", "2025-01-10")
CLASS = ("class", "--value", "little_giant", "--level", "national", "--from", "2025-03-01")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_class_is_stated_shown_ended_and_taken_back_by_command(bank: TestBank) -> None:
    terminal = terminal_for(bank.house.settings)
    one = ("organisations", "state", ENTERPRISE_USCC)

    made = terminal.run(*one, *CLASS, *DOCUMENT).output
    twice = terminal.run(*one, *CLASS, *DOCUMENT, exit_code=1).output
    [number] = re.findall(r"O[0-9A-Z]{9}", made)
    terminal.run(*one, "name", "--value", "威海新名有限公司", "--from", "2025-06-01", *DOCUMENT)
    ended = terminal.run(
        "organisations", "end", ENTERPRISE_USCC, number, "--on", "2025-12-31", *DOCUMENT
    ).output
    shown = [
        terminal.run("organisations", "show", ENTERPRISE_USCC, "--on", day).output
        for day in ("2025-05-31", "2026-01-01")
    ]
    listed = terminal.run("organisations", "list", "--search", "新名").output
    none = terminal.run("organisations", "list", "--class", "little_giant", "--limit", "1").output
    terminal.run("organisations", "take-back", ENTERPRISE_USCC, number, "--reason", "录错")
    never = terminal.run("organisations", "show", ENTERPRISE_USCC, "--on", "2025-05-31").output

    assert "organisation-facts-contradict" in twice
    assert "2025-12-31" in ended
    assert ["little_giant" in each for each in shown] == [True, False]
    assert ["威海新名有限公司" in each for each in shown] == [False, True]
    assert ENTERPRISE_USCC in listed
    assert ENTERPRISE_USCC not in none
    assert "little_giant" not in never
    assert bank.fsck() == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_organisation_is_split_and_that_taken_back_by_command(bank: TestBank) -> None:
    other, given = register_enterprise(bank, "91371000MA3TE5T024"), bank.approved_filing()
    terminal = terminal_for(bank.house.settings)
    split = ("organisations", "succeed", ENTERPRISE_USCC, "split", "--on", "2026-01-05")

    unfit = terminal.run(*split, *DOCUMENT, exit_code=1).output
    part = ("--successor", f"{other}={given}", "--continues")
    [number] = re.findall(r"N[0-9A-Z]{9}", terminal.run(*split, *part, *DOCUMENT).output)
    twice = terminal.run(*split, *part, *DOCUMENT, exit_code=1).output
    back = ("organisations", "take-succession-back", ENTERPRISE_USCC, number, "--reason", "录错")
    terminal.run(*back)
    again = terminal.run(*back, exit_code=1).output

    assert "successors-unfit" in unfit
    assert "succession-day" in twice
    assert "succession-unknown" in again
    assert bank.fsck() == []
