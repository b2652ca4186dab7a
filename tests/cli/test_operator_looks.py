"""What commands show of somebody is in that somebody's list, as an operator's look."""

from pathlib import Path

import pytest

import creditbank.cli.looking
from creditbank.verification.desk_looks import OPERATOR
from tests.acts import seal_all
from tests.bank import SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.cli.bench import Terminal, person_file, terminal_for
from tests.cli.test_status_record_commands import REGION, STATE, fact_file
from tests.web.test_desk_looks import looks

LI, OTHER = invented_person(1), invented_person(2)
CN = ("--scheme", "cn-3710")


@pytest.fixture
def terminal(bank: TestBank) -> Terminal:
    bank.post(bank.approved_filing(), attendance([LI, OTHER], SEMINAR_DAYS[:1]))
    seal_all(bank)
    return terminal_for(bank.house.settings)


def seen(bank: TestBank) -> list[tuple[str, str, str, str]]:
    found = [(each.shown, each.matter, each.purpose, each.client_id) for each in looks(bank, LI)]
    return sorted(found)


def test_what_is_shown_of_somebody_who_is_named_is_kept_with_purpose_and_file_once_a_day(
    bank: TestBank, terminal: Terminal, tmp_path: Path
) -> None:
    person = ("--person", person_file(tmp_path, LI))
    why = ("--purpose", "核对举报", "--case-no", "鲁办-7")

    for _ in range(2):
        terminal.run("balances", "show", *person, *CN, *why)
        terminal.run("balances", "statement", *person, *CN, *why)
        terminal.run("entries", "list", *person, *CN, *why)
        terminal.run("queries", "about", *person, *why)

    assert seen(bank) == [
        (shown, "鲁办-7", "核对举报", OPERATOR)
        for shown in ("balance", "entries", "queries", "statement")
    ]
    assert {each.jurisdiction for each in looks(bank, LI)} == {"cn"}
    assert looks(bank, OTHER) == []


def test_what_is_shown_by_its_number_is_kept_with_it_and_lists_without_names_keep_nothing(
    bank: TestBank, terminal: Terminal, tmp_path: Path
) -> None:
    terminal.run(*STATE, fact_file(tmp_path), *REGION)
    listed = terminal.run("status-records", "list").output
    number = next(word for word in listed.split() if word.startswith("C") and len(word) == 10)
    for group in ("items", "disputes", "investigations", "exemptions", "name-checks"):
        terminal.run(group, "list")
    before = seen(bank)

    terminal.run("status-records", "show", number)

    assert before == []
    assert seen(bank) == [("status", number, "", OPERATOR)]


def test_what_cannot_be_kept_is_not_shown(
    bank: TestBank, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = ("--person", person_file(tmp_path, LI))

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "no space")

    monkeypatch.setattr(creditbank.cli.looking, "looked", full)
    shown = terminal.run("balances", "show", *person, *CN, exit_code=1).output

    assert str(SEMINAR_DAYS[0].year) not in shown
    assert seen(bank) == []


def test_a_purpose_that_is_no_line_is_refused(terminal: Terminal) -> None:
    long = terminal.run("balances", "show", *CN, "--purpose", "长" * 201, exit_code=2)
    broken = terminal.run("balances", "show", *CN, "--case-no", "a\nb", exit_code=2)

    assert "--purpose" in long.output
    assert "--case-no" in broken.output
