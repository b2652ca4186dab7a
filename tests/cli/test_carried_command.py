"""What is carried over and lapses, by command."""

import json
from pathlib import Path

from tests.bank import TestBank
from tests.carrying import CARRIES, carrying_record
from tests.cli.bench import terminal_for
from tests.flows.test_main_job_by_command import ENGINEER, person_file

LAPSED = "2023 年有 50.00 学时超出当年要求，未结转，也不能再结转，已失效。"


def test_balances_and_statements_by_command_tell_what_lapsed(
    bank: TestBank, tmp_path: Path
) -> None:
    carrying_record(bank, ENGINEER)
    terminal, whose = terminal_for(bank.house.settings), person_file(tmp_path, ENGINEER)
    asked = ("--scheme", CARRIES, "--person", whose)

    shown = terminal.run("balances", "show", *asked).output
    lines = terminal.run("balances", "statement", *asked).output
    terminal.run("balances", "statement", *asked, "--out", str(tmp_path / "told.json"))
    early = terminal.run("balances", "show", *asked, "--as-of", "2024-12-31").output

    assert LAPSED in shown
    assert LAPSED in lines
    written = json.loads((tmp_path / "told.json").read_text(encoding="utf-8"))
    assert [each["year"] for each in written["carried"]] == [2023, 2024]
    assert LAPSED not in early
    assert "至 2024 年底仍可按规则结转" in early
