"""`creditbank ledger fsck` tells how far it is, and ends with a code that jobs can read."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from creditbank.cli.checking import progress_told
from creditbank.cli.console import Desk
from creditbank.config import Settings
from creditbank.ledger.disagreement import PHASES, Progress
from tests.bank import TestBank, attendance, found_test_bank, invented_person
from tests.cli.bench import Terminal, terminal_for
from tests.conftest import Database
from tests.force import Force


@pytest.fixture
def bank(database: Database, tmp_path: Path) -> Iterator[TestBank]:
    made = found_test_bank(database.settings(tmp_path / "home"))
    made.post(made.approved_filing(), attendance([invented_person(1), invented_person(2)]))
    made.seal()
    yield made
    made.close()


@pytest.fixture
def terminal(bank: TestBank) -> Terminal:
    return terminal_for(bank.house.settings)


@pytest.fixture
def force(database: Database) -> Iterator[Force]:
    made = Force(database)
    yield made
    made.close()


def test_the_progress_names_every_phase_and_stays_out_of_the_report(terminal: Terminal) -> None:
    said = terminal.run("ledger", "fsck", "--progress")

    lines = said.stderr.splitlines()
    assert [line.split(" ")[1] for line in lines] == [
        f"{number}/{len(PHASES)}" for number in range(1, len(PHASES) + 1)
    ]
    assert "人员分录、余额与上限：0 / 6" in lines[2]
    assert "步" not in said.stdout
    assert "分录 6 条" in said.stdout


def test_nothing_but_the_report_is_said_to_a_job(terminal: Terminal) -> None:
    assert terminal.run("ledger", "fsck").stderr == ""


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_one_line_that_is_taken_away_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = _Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    progress = Progress()

    with progress_told(Desk(Settings(), "en"), progress, wanted=False):
        progress.begin("people", 12)
        progress.done = 5
        progress.begin("rounds", 3)

    said = screen.getvalue()
    assert "Phase 3/8, people's entries, sums and bounds: 0 of 12" in said
    assert "\n" not in said
    assert said.endswith("\r\x1b[K")


def test_a_disagreement_ends_with_a_code_of_its_own(terminal: Terminal, force: Force) -> None:
    with force.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ledger_entry SET centihours = centihours + 1")

    said = terminal.run("ledger", "fsck", exit_code=3)

    assert "fsck-entry-leaf" in said.stdout
    assert "fsck-use" in said.stdout


def test_a_check_is_recorded_and_the_next_begins_there(
    bank: TestBank, terminal: Terminal, tmp_path: Path
) -> None:
    kept = str(tmp_path / "audit.json")
    assert "请与数据库分开保管" in terminal.run("ledger", "fsck", "--record", kept).stdout
    bank.post(bank.approved_filing(), attendance([invented_person(3)]))
    bank.seal()

    said = terminal.run("ledger", "fsck", "--since", kept, "--record", kept).stdout

    assert "分录 3 条" in said
    assert "其余旧记录本次未重读" in said
    assert "分录 0 条" in terminal.run("ledger", "fsck", "--since", kept).stdout


def test_a_disagreement_leaves_the_record_as_it_was(
    terminal: Terminal, force: Force, tmp_path: Path
) -> None:
    kept = tmp_path / "audit.json"
    with force.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ledger_source_use SET people = people + 1")

    terminal.run("ledger", "fsck", "--record", str(kept), exit_code=3)

    assert not kept.exists()


def test_a_record_that_was_changed_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    kept = tmp_path / "audit.json"
    terminal.run("ledger", "fsck", "--record", str(kept))
    kept.write_bytes(kept.read_bytes().replace(b'"rows"', b'"row"'))

    said = terminal.run("ledger", "fsck", "--since", str(kept), exit_code=1).stderr

    assert "(audit-record-unusable)" in said
    missing = terminal.run("ledger", "fsck", "--since", str(tmp_path / "none"), exit_code=1)
    assert "(file-unusable)" in missing.stderr


def test_caps_are_counted_again_where_it_is_asked_for(terminal: Terminal) -> None:
    said = terminal.run("ledger", "fsck", "--folds", "--progress")

    last = said.stderr.splitlines()[-1]
    assert last == f"第 {len(PHASES) + 1}/{len(PHASES) + 1} 步 按规则重算上限：0 / 2"
    assert "全部相符" in said.stdout
