"""Where an entry stands in the logs, and what a log's head was at an earlier round."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.ledger.logs import (
    NotSealedError,
    heads_at,
    last_seal,
    leaves_of_bundle,
    place_of_entry,
)
from creditbank.ledger.merkle import TILE_WIDTH
from creditbank.ledger.models import Entry, Log, SealSpan
from tests.acts import seal_all
from tests.bank import NOW, TestBank, attendance, invented_person

#: The first instant of 2027 in Shanghai, by which the year of a log is reckoned.
NEW_YEAR = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)


def log_and_leaf(session: Session, entry: Entry) -> tuple[int, bytes]:
    """Return the year of the log in which an entry is said to stand, and the leaf found there."""
    place = place_of_entry(session, entry)
    bundle_no, position = divmod(place.index, TILE_WIDTH)
    leaf = leaves_of_bundle(session, place.log_id, bundle_no)[position]
    return session.get_one(Log, place.log_id).year, leaf


def test_each_entry_of_a_round_that_fills_bundles_stands_where_its_leaf_is(bank: TestBank) -> None:
    filing_no = bank.approved_filing(seats=90)
    bank.post(filing_no, attendance([invented_person(number) for number in range(90)]))
    bank.seal()

    with bank.reading() as session:
        entries = session.scalars(select(Entry)).all()
        found = [log_and_leaf(session, entry) for entry in entries]

    assert len(entries) > TILE_WIDTH
    assert found == [(2026, entry.leaf) for entry in entries]


def test_a_round_over_new_year_gives_each_entry_a_place_in_the_log_of_its_year(
    bank: TestBank,
) -> None:
    filing_no = bank.approved_filing()
    old, new = invented_person(1), invented_person(2)
    bank.post(filing_no, attendance([old]), now=NEW_YEAR - timedelta(microseconds=1))
    bank.post(filing_no, attendance([new]), now=NEW_YEAR)

    bank.seal(now=NEW_YEAR)

    with bank.reading() as session:
        entries = session.scalars(select(Entry)).all()
        found = {log_and_leaf(session, entry) for entry in entries}
        rounds = set(session.scalars(select(SealSpan.seal_no)))
    assert found == {
        (2026 if entry.recorded_at < NEW_YEAR else 2027, entry.leaf) for entry in entries
    }
    assert {year for year, _ in found} == {2026, 2027}
    assert rounds == {1}
    assert bank.fsck() == []


def test_an_entry_has_no_place_until_a_round_has_taken_it(bank: TestBank) -> None:
    bank.post(bank.approved_filing(), attendance([invented_person(1)]))

    with bank.reading() as session, pytest.raises(NotSealedError):
        place_of_entry(session, session.scalars(select(Entry)).all()[0])


def test_a_log_opened_later_has_no_head_at_an_earlier_round(bank: TestBank) -> None:
    bank.approved_filing()
    seal_all(bank)
    bank.approved_filing(now=NEW_YEAR)
    seal_all(bank, now=NEW_YEAR)

    with bank.reading() as session:
        before = heads_at(session, last_seal(session, NOW), "cn-3710")
        now = heads_at(session, last_seal(session), "cn-3710")

    assert [head.checkpoint.origin[-4:] for head in before] == ["2026"]
    assert [head.checkpoint.origin[-4:] for head in now] == ["2026", "2027"]
    assert now[0] == before[0]
