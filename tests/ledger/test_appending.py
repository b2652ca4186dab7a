"""Rows reach the ledger whole or not at all, and as they were said."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from creditbank.ledger.appending import append_rows
from creditbank.ledger.models import CreditFacts, Entry
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
