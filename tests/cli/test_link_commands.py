"""Documents of one person by command: joined, listed in the act with why, and parted again."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from creditbank.ledger.models import Act
from tests.acts import approve, roster
from tests.bank import SEMINAR_DAYS, TestBank, invented_person
from tests.cli.bench import person_file, terminal_for

ONE, OTHER = invented_person(51), invented_person(52)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_two_documents_are_joined_and_parted_by_command(bank: TestBank, tmp_path: Path) -> None:
    for person in (ONE, OTHER):
        bank.post(approve(bank, SEMINAR_DAYS[:1]), roster([(person, SEMINAR_DAYS[0], 360)]))
    (tmp_path / "other").mkdir()
    pair = (person_file(tmp_path, ONE), person_file(tmp_path / "other", OTHER))
    terminal, told = terminal_for(bank.house.settings), ("--jurisdiction", "cn-3710")

    joined = terminal.run(
        "people", "link", *pair, *told, "--reason", "recorded-twice", "--case-no", "查12"
    ).output
    parted = terminal.run("people", "unlink", *pair, *told).output
    again = terminal.run("people", "unlink", *pair, *told, exit_code=1).output

    assert "属同一人" in joined
    assert "8.00" in joined
    assert "-8.00" in parted
    assert "link-unchanged" in again
    with bank.reading() as session:
        acts = session.scalars(select(Act).where(Act.kind.startswith("person."))).all()
    assert [(act.kind, act.reason, json.loads(act.details)) for act in acts] == [
        ("person.linked", "recorded-twice", {"case_no": "查12"}), ("person.unlinked", "", {}),
    ]  # fmt: skip
    assert bank.fsck() == []
