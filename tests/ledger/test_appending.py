"""Rows reach the ledger whole or not at all, and as they were said."""

from itertools import groupby

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from creditbank.ids import random_person_id
from creditbank.ledger.appending import Alike, append_alike, append_rows
from creditbank.ledger.models import CreditFacts, Entry
from creditbank.ledger.posting import in_order_of_keeping
from tests.bank import TestBank, attendance, invented_person


@pytest.mark.parametrize("table", [Entry, CreditFacts])
def test_a_row_that_stands_already_is_refused_as_any_statement_would_be(
    bank: TestBank, table: type[Entry] | type[CreditFacts]
) -> None:
    bank.post(bank.approved_filing(), attendance([invented_person(1)]))
    columns = [each for each in table.__table__.columns if each.server_default is None]
    with bank.reading() as session:
        rows = [tuple(row) for row in session.execute(select(*columns))]

    with pytest.raises(IntegrityError), bank.unit() as session:
        append_rows(session, table, rows)

    with bank.reading() as session:
        assert [tuple(row) for row in session.execute(select(*columns))] == rows
    assert bank.fsck() == []


def test_no_rows_are_appended_as_none(bank: TestBank) -> None:
    with bank.unit() as session:
        append_rows(session, CreditFacts, [])

    assert bank.fsck() == []


@pytest.mark.parametrize("rows_alike", [1, 700])
def test_what_rows_have_in_common_stands_in_each_of_them(bank: TestBank, rows_alike: int) -> None:
    person_id = random_person_id()
    places = (divmod(each, rows_alike) for each in range(2_100))
    shared = [Alike(("cn-3710", f"学时/{each}", 0)) for each in range(2_100)]
    rows = [
        (person_id + within, shared[between], f"{between}\n在{within}")
        for between, within in places
    ]

    with bank.unit() as session:
        append_alike(session, CreditFacts, rows)
        query = select(CreditFacts.__table__).where(CreditFacts.person_id >= person_id)
        kept = {tuple(row) for row in session.execute(query)}
        session.rollback()

    assert kept == {(first, *alike.columns, last) for first, alike, last in rows}


@pytest.mark.parametrize("table", [Entry, CreditFacts])
def test_people_are_kept_one_part_of_a_table_after_another(
    bank: TestBank, table: type[Entry] | type[CreditFacts]
) -> None:
    people = {random_person_id() for _ in range(200)}

    with bank.reading() as session:
        ordered = in_order_of_keeping(session, people)
        if session.get_bind().dialect.name == "postgresql":
            regclass = func.to_regclass(table.__tablename__)
            parts = [
                next(
                    part
                    for part in range(16)
                    if session.scalar(
                        select(func.satisfies_hash_partition(regclass, 16, part, each))
                    )
                )
                for each in ordered
            ]
            assert len(list(groupby(parts))) == len(set(parts)) > 1

    assert set(ordered) == people
    assert len(ordered) == len(people)
