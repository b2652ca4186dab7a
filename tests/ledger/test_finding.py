"""Entries are found through narrow indexes, which say neither too much nor too little."""

from itertools import combinations

import pytest
from sqlalchemy import ColumnElement, literal, select, text
from sqlalchemy.orm import Session

from creditbank.ledger.finding import CreditColumns, is_credit_with, is_first
from creditbank.ledger.models import Entry, Movement
from tests.acts import withdraw
from tests.bank import TestBank, attendance, invented_person

ON_POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
#: Scheme, occasion, revision, movement, step: what a careless text of them would confound.
ALIKE = [
    ("cn-3710", "F1/12", 1, "credit", 0),
    ("cn-3710", "F1/1", 21, "credit", 0),
    ("cn-37", "10F1/12", 1, "credit", 0),
    ("cn-3710F", "1/12", 1, "credit", 0),
    ("cn-3710", "F1/12", 1, "reverse", 0),
    ("cn-3710", "F1/12", 1, "cap", 0),
    ("cn-3710", "F1/12", 0, "cap", 1),
    ("cn-3710", "F1/12", 1, "cap", 1),
    ("cn-3710", "F1/12", 11, "cap", 1),
    ("cn-3710", "F1/12", 1, "cap", 11),
    ("cn-3710", "", 1, "credit", 0),
    ("", "cn-3710", 1, "credit", 0),
    ("cn-3710", "A", 1, "credit", 0),
    ("cn-3710", r"\101", 1, "credit", 0),
    ("cn-3710", r"\x41", 1, "credit", 0),
    ("cn-3710", r"\\x41", 1, "credit", 0),
    ("学时", "一", 1, "credit", 0),
    ("学", "时一", 1, "credit", 0),
]
DIGEST = text("SELECT ledger_natural_key(:scheme, :occasion, :revision, :movement, :step)")


@ON_POSTGRESQL
def test_no_two_natural_keys_have_one_digest(bank: TestBank) -> None:
    names = ("scheme", "occasion", "revision", "movement", "step")
    with bank.reading() as session:
        digests = {key: session.scalar(DIGEST, dict(zip(names, key, strict=True))) for key in ALIKE}

    assert [pair for pair in combinations(ALIKE, 2) if digests[pair[0]] == digests[pair[1]]] == []


@ON_POSTGRESQL
def test_the_digest_of_a_natural_key_is_the_same_whatever_a_session_sets(bank: TestBank) -> None:
    """An index whose expression a setting changed would let an occasion in twice."""
    query = text(r"SELECT public.ledger_natural_key('cn-3710', '一\101', 1, 'credit', 0)")
    with bank.reading() as session:
        plain = session.scalar(query)
        for said in (
            "bytea_output = escape", "DateStyle = German", "TimeZone = 'Asia/Shanghai'",
            "search_path = pg_temp",
        ):  # fmt: skip
            session.execute(text(f"SET LOCAL {said}"))
        changed = session.scalar(query)

    assert changed == plain


def test_a_credit_and_its_reversal_are_found_by_what_names_them(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([invented_person(1), invented_person(2)]))
    withdraw(bank, filing_no, invented_person(1))

    with bank.reading() as session:
        entries = session.scalars(select(Entry)).all()
        found = {
            entry.leaf: session.scalars(
                select(Entry.leaf).where(is_first(Entry, Movement(entry.movement), named(entry)))
            ).all()
            for entry in entries
        }
        by_leaf = set(session.scalars(select(Entry.leaf).where(is_credit_with(list(found)))))
        credits = {entry.leaf for entry in entries if entry.movement == "credit"}

    assert len(found) > len(credits) >= 2
    assert found == {leaf: [leaf] for leaf in found}
    assert by_leaf == credits


@ON_POSTGRESQL
def test_what_is_looked_up_by_the_thousand_is_found_through_an_index(bank: TestBank) -> None:
    bank.post(bank.approved_filing(), attendance([invented_person(1)]))

    with bank.reading() as session:
        credit = session.scalars(select(Entry).limit(1)).one()
        by_key = plan(session, is_first(Entry, Movement.CREDIT, named(credit)))
        by_leaf = plan(session, is_credit_with([credit.leaf]))

    assert "sha256" in by_key
    assert "substr" in by_leaf


def named(entry: Entry) -> CreditColumns:
    return (
        literal(entry.person_id), literal(entry.scheme), literal(entry.occasion),
        literal(entry.revision),
    )  # fmt: skip


def plan(session: Session, condition: ColumnElement[bool]) -> str:
    """Return the conditions that the planner gives to indexes, however small the table is."""
    session.execute(text("SET LOCAL enable_seqscan = off"))
    connection = session.connection()
    query = (
        select(Entry)
        .where(condition)
        .compile(connection, compile_kwargs={"render_postcompile": True})
    )
    lines = connection.exec_driver_sql(f"EXPLAIN {query}", query.params).scalars()
    return " ".join(line for line in lines if "Index Cond" in line)
