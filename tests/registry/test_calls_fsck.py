"""Calls and bids that are changed by force are found out."""

import pytest
from sqlalchemy import Table, select

from creditbank.registry.calls import Lane
from creditbank.registry.calls_fsck import check_calls
from creditbank.registry.models import Call, CallBid
from tests.api.desk import Desk
from tests.api.test_calls_api import closed, decided
from tests.bank import ENTERPRISE_USCC, NOW, TestBank
from tests.conftest import Database
from tests.force import Force


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_every_change_of_a_call_or_a_bid_by_force_is_named(
    bank: TestBank, database: Database
) -> None:
    desk = Desk(bank)
    call_no, bids = closed(desk, (ENTERPRISE_USCC, Lane.GENERAL))
    decided(desk, call_no, bids)
    changes = {
        Call: {"jurisdiction": "cn-33", "year": 2020, "kind": "advanced_seminar",
               "level": "national", "title": "x", "lanes": "{}", "document_no": "x",
               "opened_by": "x", "opened_at": NOW, "state": "open", "act_id": 1},
        CallBid: {"call_no": "G000000000", "organisation_id": 99, "title": "x", "plan": "x",
                  "lane": "specialised_innovative", "bid_by": "x", "bid_at": NOW,
                  "state": "refused", "recommended_to": "national", "act_id": 1},
    }  # fmt: skip
    sound, force = bank.fsck(), Force(database)
    unseen: list[object] = []
    for model, values in changes.items():
        table = model.__table__
        assert isinstance(table, Table)
        with force.engine.connect() as connection:
            row = dict(connection.execute(select(table)).mappings().one())
        for name, value in values.items():
            with force.changed(table, row, **{name: value}), bank.reading() as session:
                unseen += [name] if list(check_calls(session)) == [] else []
        with force.deleted(table, row), bank.reading() as session:
            unseen += [table.name] if list(check_calls(session)) == [] else []
    force.close()

    assert (sound, unseen) == ([], [])
