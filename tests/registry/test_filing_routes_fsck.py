"""Routes, and filings routed otherwise than the acts on them say, are found out."""

import threading
from datetime import date

import pytest
from sqlalchemy import Table, select

from creditbank.jobs.filings import tell_overdue
from creditbank.registry.filing.routes import end_route
from creditbank.registry.filing.routes_fsck import check_filing_routes
from creditbank.registry.models import Filing, FilingRoute
from tests.bank import NOW, TestBank
from tests.conftest import Database
from tests.force import Force
from tests.registry.test_filing_routes import NOW as NOW_AT_THE_DOORS
from tests.registry.test_filing_routes import TODAY, file, route


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_every_change_of_a_route_or_of_an_office_by_force_is_named(
    bank: TestBank, database: Database
) -> None:
    route_no = route(bank, "cn-3710", "cn-371002")
    file(bank)
    tell_overdue(threading.Event())
    with bank.unit() as session:
        end_route(session, route_no, TODAY, "改由市局", actor="o", now=NOW_AT_THE_DOORS)
    changes = {
        FilingRoute: {
            "district": "cn-37", "kind": "online_course", "level": "national", "office": "cn-3710",
            "valid_from": date(2020, 1, 1), "valid_through": date(2099, 1, 1), "document_no": "x",
            "document_day": date(2020, 1, 1), "reason": "x", "recorded_by": "x",
            "recorded_at": NOW, "act_id": 1,
        },
        Filing: {"deciding_office": "cn-3710", "route_no": None, "escalated_to": "cn-37"},
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
                unseen += [name] if list(check_filing_routes(session)) == [] else []
    force.close()

    assert (sound, unseen) == ([], [])
