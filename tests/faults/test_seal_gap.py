"""No row is left out of a log, however late it commits and whoever else seals."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from creditbank.ledger.logs import tile_reader
from creditbank.ledger.merkle import consistency_holds, consistency_proof
from creditbank.ledger.models import Log, SignedCheckpoint
from tests.acts import approve
from tests.bank import SEMINAR_DAYS, TestBank, found_test_bank
from tests.conftest import Database
from tests.faults.audit import missed
from tests.faults.processes import Worker, event, run_together

POSTERS = 4
ROSTERS = 25
SLOW = {"slow_share": 0.3, "slow_seconds": 0.15}
Tally = Callable[[str, object], None]


@pytest.fixture
def bank(database: Database, tmp_path: Path) -> Iterator[TestBank]:
    made = found_test_bank(database.settings(tmp_path / "home", lock_wait_seconds=120))
    yield made
    made.close()


def post_while_sealing(bank: TestBank, *doubles: str) -> list[dict[str, object]]:
    """Let posters post, each under a filing of its own, some committing late, while others seal."""
    filings = [approve(bank, SEMINAR_DAYS, seats=200) for _ in range(POSTERS)]
    stop = event()
    sealers = [Worker(bank, "seal_on", stop=stop, double=double) for double in doubles]
    for sealer in sealers:
        assert sealer.hear() == {"ready": True}
    jobs: list[dict[str, object]] = [
        {"rosters": rosters(filing_no, poster), "seed": poster, **SLOW}
        for poster, filing_no in enumerate(filings)
    ]
    said = run_together(bank, jobs)
    assert {outcome for each in said for outcome in each["outcomes"]} == {"posted"}
    stop.set()
    heard = [sealer.hear() for sealer in sealers]
    for sealer in sealers:
        sealer.end()
    return heard


def rosters(filing_no: str, poster: int) -> list[tuple[str, list[tuple[int, str, int]]]]:
    """Return small rosters of people whom no other poster has, so that none waits for another."""
    return [
        (filing_no, [(poster * 200 + number, day.isoformat(), 360) for day in SEMINAR_DAYS])
        for number in range(ROSTERS)
    ]


def inconsistent(bank: TestBank) -> list[str]:
    """Name neighbouring checkpoints of which the later does not contain the earlier."""
    found = []
    with bank.reading() as session:
        for log in session.scalars(select(Log)):
            query = select(SignedCheckpoint).where(SignedCheckpoint.log_id == log.log_id)
            heads = session.scalars(query.order_by(SignedCheckpoint.size)).all()
            for old, new in pairwise(heads):
                proof = consistency_proof(old.size, new.size, tile_reader(session, log.log_id))
                if not consistency_holds(old.size, old.root, new.size, new.root, proof):
                    found.append(f"{log.origin} {old.size} {new.size}")
    return found


def test_no_row_is_missed_while_posters_commit_late(bank: TestBank, record_property: Tally) -> None:
    heard = post_while_sealing(bank, "")

    record_property("tally", heard)
    assert heard[0]["errors"] == []
    assert missed(bank) == (0, 0)
    assert inconsistent(bank) == []
    assert bank.fsck() == []


def test_two_sealers_at_once_sign_one_history(bank: TestBank, record_property: Tally) -> None:
    heard = post_while_sealing(bank, "", "")

    record_property("tally", heard)
    assert [each["errors"] for each in heard] == [[], []]
    assert missed(bank) == (0, 0)
    assert inconsistent(bank) == []
    assert bank.fsck() == []


def test_a_sealer_that_goes_by_the_newest_number_is_caught(
    bank: TestBank, database: Database, record_property: Tally
) -> None:
    if database.kind == "sqlite":
        # One writer at a time: there the order of numbers is the order of commits.
        post_while_sealing(bank, "id_watermark")
        assert missed(bank) == (0, 0)
        return

    heard = post_while_sealing(bank, "id_watermark")

    lost, _ = missed(bank)
    record_property("tally", f"{lost} rows missed, {heard}")
    assert lost > 0
    assert bank.fsck() != []
