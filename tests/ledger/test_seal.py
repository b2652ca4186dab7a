"""Rounds of the sealer: one at a time, and each goes on where the one before it ended."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from creditbank.db import BusyError, unit_of_work
from creditbank.ledger.merkle import HASH_BYTES, consistency_holds
from creditbank.ledger.models import Tile
from creditbank.ledger.proving import head_of, prove_consistency
from creditbank.ledger.seal import Sealed, seal
from tests.bank import HOST, NOW, TestBank, attendance, found_test_bank, invented_person
from tests.conftest import Database

ORIGIN = f"{HOST}/ledger/cn-3710/2026"


@pytest.fixture
def impatient_bank(database: Database, tmp_path: Path) -> Iterator[TestBank]:
    made = found_test_bank(database.settings(tmp_path / "home", lock_wait_seconds=1))
    yield made
    made.close()


def test_while_one_sealer_is_at_work_another_gives_no_places(
    impatient_bank: TestBank, database: Database
) -> None:
    bank = impatient_bank
    bank.post(bank.approved_filing(), attendance([invented_person(1)]))

    with unit_of_work("sealer") as session:
        first = seal(session, bank.house.sealer(HOST), now=NOW)
        if database.kind == "postgresql":
            assert bank.seal() == Sealed(rows=0, more=True)
        else:
            with pytest.raises(BusyError):
                bank.seal()

    assert first.rows > 0
    assert not first.more
    assert bank.seal() == Sealed(rows=0, more=False)
    assert bank.fsck() == []


def test_a_tile_grows_at_its_end_as_later_rounds_fill_bundles(bank: TestBank) -> None:
    filing_no = bank.approved_filing(seats=180)
    tiles, sizes = [], []
    for people in (range(90), range(90, 180)):
        bank.post(filing_no, attendance([invented_person(number) for number in people]))
        bank.seal()
        with bank.reading() as session:
            tiles.append(session.scalars(select(Tile.hashes)).one())
            sizes.append(head_of(session, ORIGIN).checkpoint.size)

    with bank.reading() as session:
        proof = prove_consistency(session, ORIGIN, *sizes)

    older, newer = proof.older.checkpoint, proof.newer.checkpoint
    assert [len(hashes) // HASH_BYTES for hashes in tiles] == [1, 2]
    assert tiles[1].startswith(tiles[0])
    assert consistency_holds(older.size, older.root, newer.size, newer.root, proof.hashes)
    assert bank.fsck() == []
