"""Erasing a record by commands: proposed by one, approved by another."""

import json
import re
from pathlib import Path

import pytest

from tests.bank import SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.cli.bench import terminal_for

LI = invented_person(1)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_record_is_erased_by_two_commands_of_two_people(bank: TestBank, tmp_path: Path) -> None:
    terminal, file = terminal_for(bank.house.settings), tmp_path / "person.json"
    bank.post(bank.approved_filing(), attendance([LI], SEMINAR_DAYS[:1]))
    said = {"document_kind": "resident_id", "document_number": LI.document.number, "name": LI.name}
    file.write_text(json.dumps(said), encoding="utf-8")
    propose = (
        "people", "propose-erasure", str(file), "--jurisdiction", "cn-3710", "--case-no", "删1",
    )  # fmt: skip

    none = terminal.run("people", "erasures").output
    first, second = (
        re.findall(r"E[0-9A-Z]{9}", terminal.run(*propose, "--actor", "wang").output)[0]
        for _ in range(2)
    )
    alone = terminal.run(
        "people", "approve-erasure", first, str(file), "--actor", "wang", exit_code=1
    ).output
    done = terminal.run("people", "approve-erasure", first, str(file), "--actor", "zhao").output
    dropped = terminal.run(
        "people", "withdraw-erasure", second, "--reason", "重复提出", "--actor", "wang"
    ).output
    listed = terminal.run("people", "erasures").output

    assert "没有清除提议" in none
    assert "second-person-wanted" in alone
    assert "不可恢复" in done
    assert second in dropped
    assert all(each in listed for each in (first, second, "已清除", "已撤回", "删1"))
    assert LI.name not in listed
