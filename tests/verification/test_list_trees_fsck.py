"""Fsck makes the trees of lists again; a list that is given up is signed over what it has."""

import base64
import json
import threading
from typing import Any

import pytest
from sqlalchemy import select, update

from creditbank.attendance.people_list import ListedPerson
from creditbank.clock import utc_now
from creditbank.jobs import batches as jobs
from creditbank.jobs.batches import run_batch, run_batches
from creditbank.jobs.clock import forget_old
from creditbank.orm import Base
from creditbank.people.register import Identity
from creditbank.registry.clients import Client
from creditbank.verification import batches
from creditbank.verification.batches import ATTEMPTS_MAX
from creditbank.verification.list_trees import leaf_of
from creditbank.verification.models import Verdict, VerdictBatch, VerdictBatchItem, VerdictTree
from tests.bank import TestBank, invented_person
from tests.conftest import Database
from tests.force import Force
from tests.verification.test_batches import MET, SHORT, client, listed, taken
from tests.verification.test_list_trees import handed_over, holds, payload_of, root_of, sent

__all__ = ["client"]  # a fixture
CODES = ["fsck-list-tree"]


def signed(bank: TestBank, by: Client) -> str:
    people = [*listed(MET, SHORT), ListedPerson(4, Identity(SHORT.document, "不是此人"), {})]
    batch_no = sent(bank, by, people)
    run_batches(threading.Event())
    return batch_no


def found(bank: TestBank) -> list[str]:
    return [each.code for each in bank.fsck()]


def rows_of(bank: TestBank, name: str) -> list[dict[str, Any]]:
    with bank.reading() as session:
        table = Base.metadata.tables[name]
        return [dict(each._mapping) for each in session.execute(table.select()).all()]


def test_fsck_finds_a_leaf_a_tile_a_root_or_a_statement_that_was_changed_by_force(
    bank: TestBank, database: Database, client: Client
) -> None:
    signed(bank, client)
    assert found(bank) == []
    force = Force(database)
    wrong = leaf_of(b"another statement")
    changes = {
        "verdict_batch_item": {"leaf": wrong}, "verdict_tree": {"root": wrong},
        "verdict_tree_tile": {"hashes": wrong * 3}, "verdict": {"jws": '{"outcome":"met"}'},
    }  # fmt: skip
    for name, change in changes.items():
        with force.changed(Base.metadata.tables[name], rows_of(bank, name)[0], **change):
            assert found(bank) == CODES, name
    [tree] = rows_of(bank, "verdict_tree")
    head, _payload, tail = tree["jws"].split(".")
    said = json.dumps({"list": tree["batch_no"], "size": 2, "root": tree["root"].hex()})
    forged = base64.urlsafe_b64encode(said.encode()).rstrip(b"=").decode()
    for jws in (f"{head}.{forged}.{tail}", "no token"):
        with force.changed(Base.metadata.tables["verdict_tree"], tree, jws=jws):
            assert found(bank) == CODES, jws
    force.close()
    assert found(bank) == []


def test_fsck_finds_a_row_and_a_tree_that_were_taken_away(
    bank: TestBank, database: Database, client: Client
) -> None:
    signed(bank, client)
    force = Force(database)
    rows = rows_of(bank, "verdict_batch_item")
    with force.deleted(Base.metadata.tables["verdict_batch_item"], rows[0]):
        assert found(bank) == CODES
    [tree], [tile] = rows_of(bank, "verdict_tree"), rows_of(bank, "verdict_tree_tile")
    with force.deleted(Base.metadata.tables["verdict_tree_tile"], tile):
        assert found(bank) == CODES
        with force.deleted(Base.metadata.tables["verdict_tree"], tree):
            assert found(bank) == CODES
    force.close()


def test_a_list_that_is_given_up_is_signed_over_its_answers_and_refuses_the_rest(
    bank: TestBank, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SLICE_ROWS", 1)
    people = listed(MET, *(invented_person(40 + n) for n in range(3)))
    batch_no = sent(bank, client, people)
    turn = taken(bank)
    assert turn is not None
    stop = threading.Event()
    assert not run_batch(turn, stop, lambda _rows: stop.set())
    with bank.unit() as session:
        session.execute(update(VerdictBatch).values(attempt=ATTEMPTS_MAX))
    assert handed_over(batch_no, client) == []

    assert run_batches(threading.Event()) == 1

    rows = handed_over(batch_no, client)
    assert [row["outcome"] for row in rows] == ["met", "refused", "refused", "refused"]
    assert all(holds(bank, row["listed"]) for row in rows)
    assert root_of(bank, rows[0]["listed"])["size"] == 4
    assert json.loads(payload_of(rows[1]["listed"]))["codes"] == ["list-given-up"]
    with bank.reading() as session:
        batch = session.scalars(select(VerdictBatch)).one()
        assert (batch.state, batch.rows_done) == ("failed", 4)
        assert len(session.scalars(select(Verdict)).all()) == 1
        assert not batches.any_waits(session, now=utc_now())
    assert found(bank) == []


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_list_whose_days_are_over_is_signed_over_its_answers_and_refuses_the_rest(
    bank: TestBank, client: Client, monkeypatch: pytest.MonkeyPatch, forgotten: bool
) -> None:
    monkeypatch.setattr(jobs, "SLICE_ROWS", 1)
    batch_no = sent(bank, client, listed(MET, SHORT))
    turn = taken(bank)
    assert turn is not None

    def days_end(_rows: int) -> None:
        """Let the list's days end while somebody works at it."""
        with bank.unit() as session:
            session.execute(update(VerdictBatch).values(expires_at=utc_now()))
        if forgotten:
            forget_old()
        stop.set()

    stop = threading.Event()
    assert not run_batch(turn, stop, days_end)
    assert run_batches(threading.Event()) == 1
    forget_old()

    rows = handed_over(batch_no, client)
    assert [row["outcome"] for row in rows] == ["met", "refused"]
    assert all(holds(bank, row["listed"]) for row in rows)
    assert json.loads(payload_of(rows[1]["listed"]))["codes"] == ["list-expired"]
    with bank.reading() as session:
        batch = session.scalars(select(VerdictBatch)).one()
        assert (batch.state, batch.rows_done) == ("failed", 2)
        assert batch.erased_at is not None
        assert not batches.any_waits(session, now=utc_now())
        [left] = set(session.scalars(select(VerdictBatchItem.person_cipher)))
        assert left is None
    assert found(bank) == []


def test_whoever_works_at_a_list_that_is_forgotten_is_stopped(
    bank: TestBank, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SLICE_ROWS", 1)
    batch_no = sent(bank, client, listed(MET, SHORT))
    turn = taken(bank)
    assert turn is not None

    def forgotten(_rows: int) -> None:
        with bank.unit() as session:
            session.execute(update(VerdictBatch).values(expires_at=utc_now()))
        forget_old()

    assert not run_batch(turn, threading.Event(), forgotten)
    assert run_batches(threading.Event()) == 1

    assert [row["outcome"] for row in handed_over(batch_no, client)] == ["met", "refused"]


def test_what_cannot_even_be_closed_is_left_for_good(bank: TestBank, client: Client) -> None:
    sent(bank, client, listed(MET))
    with bank.unit() as session:
        session.execute(update(VerdictBatch).values(attempt=2 * ATTEMPTS_MAX))

    assert taken(bank) is None

    with bank.reading() as session:
        assert session.scalars(select(VerdictBatch.state)).one() == "failed"
        assert session.scalars(select(VerdictTree)).all() == []
