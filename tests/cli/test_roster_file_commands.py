"""Commands on the files of rosters: shown, taken out under record, checked."""

import hashlib
import stat
from pathlib import Path

import pytest
from sqlalchemy import select, update

from creditbank.attendance.file_models import RosterFileContent
from creditbank.cli.ledger import EXIT_DISAGREES
from tests.attendance.rosters import HEADER, csv_bytes
from tests.bank import SEMINAR_DAYS, TestBank, invented_person
from tests.cli.bench import Terminal, terminal_for

WHO = invented_person(5)
FILE = csv_bytes(
    [HEADER, [WHO.name, "居民身份证", WHO.document.number, SEMINAR_DAYS[0].isoformat(), "360"]]
)


@pytest.fixture
def terminal(bank: TestBank) -> Terminal:
    return terminal_for(bank.house.settings)


def posted(bank: TestBank, terminal: Terminal, tmp_path: Path) -> str:
    """Post a file by command; return the roster's number."""
    sent = tmp_path / "roster.csv"
    sent.write_bytes(FILE)
    terminal.run("rosters", "post", bank.approved_filing(), str(sent))
    with bank.reading() as session:
        return session.scalars(select(RosterFileContent.file_no)).one()


def test_an_operator_takes_a_file_out_with_a_reason_and_it_is_shown_who_did(
    bank: TestBank, terminal: Terminal, tmp_path: Path
) -> None:
    roster_no, out = posted(bank, terminal, tmp_path), tmp_path / "out.csv"
    before = terminal.run("rosters", "show", roster_no).output
    terminal.run("rosters", "file", roster_no, "--out", str(out), exit_code=2)
    assert not out.exists(), "nobody takes one without a reason"

    terminal.run(
        "rosters", "file", roster_no, "--out", str(out), "--reason", "investigation",
        "--case-no", "查2026-1",
    )  # fmt: skip

    assert out.read_bytes() == FILE
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert hashlib.sha256(FILE).hexdigest() in before
    assert "取用" not in before
    after = terminal.run("rosters", "show", roster_no).output
    assert "查2026-1" in after
    assert "核查" in after


def test_fsck_names_a_file_that_was_cut_short(
    bank: TestBank, terminal: Terminal, tmp_path: Path
) -> None:
    roster_no = posted(bank, terminal, tmp_path)
    terminal.run("ledger", "seal")
    assert "全部相符" in terminal.run("ledger", "fsck").output
    with bank.unit() as session:
        session.execute(update(RosterFileContent).values(file_cipher=b"\x01\x00\x01"))

    said = terminal.run("ledger", "fsck", exit_code=EXIT_DISAGREES).output

    assert f"roster_file {roster_no}" in said
    assert "(fsck-roster-file)" in said
