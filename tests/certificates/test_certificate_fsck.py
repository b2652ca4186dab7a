"""fsck finds whatever somebody changes by force in a certificate, its directory or its acts."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Column, Table, select

from creditbank.certificates.models import (
    Certificate,
    CertificateLookup,
    CertificateRevocation,
    CertificateView,
)
from creditbank.certificates.views import record_view
from tests.bank import NOW, TestBank
from tests.certificates.counter import issue, revoke, with_hours
from tests.conftest import Database
from tests.force import Force, Row

TABLES: dict[str, Table] = {
    model.__tablename__: model.metadata.tables[model.__tablename__]
    for model in (Certificate, CertificateLookup, CertificateRevocation)
}


@pytest.fixture
def certified(bank: TestBank) -> TestBank:
    """A bank with a certificate in force, one that was revoked, and a look at each."""
    with_hours(bank)
    kept = issue(bank, (2026,)).certificate
    gone = issue(bank, valid_days=90).certificate
    revoke(bank, gone.number)
    with bank.unit() as session:
        record_view(session, kept, now=NOW)
    bank.seal()
    return bank


@pytest.fixture
def force(database: Database, certified: TestBank) -> Iterator[Force]:
    forced = Force(database)
    yield forced
    forced.close()


def rows_of(force: Force, table: Table) -> list[Row]:
    with force.engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(select(table))]


def another(column: Column[Any], value: Any) -> Any:
    """Return a value of the column's kind that is not the one that stands there."""
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    if isinstance(value, datetime):
        return value + timedelta(seconds=1)
    if isinstance(value, date):
        return value + timedelta(days=1)
    if isinstance(value, int):
        return value + 1
    if value is None:
        return date(2030, 1, 1)
    replaced = {"number": value[:-3] + "999", "reason": "finding", "years": "2023"}
    return replaced.get(column.name, "cn-37")


def test_a_bank_with_certificates_is_sound(certified: TestBank) -> None:
    assert certified.fsck() == []


def test_any_column_changed_by_force_is_named(certified: TestBank, force: Force) -> None:
    unnamed = []
    for name, table in TABLES.items():
        for row in rows_of(force, table):
            for column in table.columns:
                with force.changed(table, row, **{column.name: another(column, row[column.name])}):
                    if not certified.fsck():
                        unnamed.append(f"{name}.{column.name}")

    assert unnamed == []


def test_any_row_deleted_by_force_is_named(certified: TestBank, force: Force) -> None:
    unnamed = []
    for name, table in TABLES.items():
        for row in rows_of(force, table):
            with force.deleted(table, row):
                if not certified.fsck():
                    unnamed.append(name)

    assert unnamed == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # PostgreSQL takes no such text
def test_what_cannot_be_read_is_named_and_nothing_is_made_of_it(
    certified: TestBank, force: Force
) -> None:
    table = TABLES["certificate"]
    row = rows_of(force, table)[0]

    with force.changed(table, row, years=b"\xff\xfe"):
        found = certified.fsck()

    assert {(each.code, each.table) for each in found} == {("fsck-unreadable", "certificate")}


def test_a_look_names_its_certificate_and_no_address(certified: TestBank, force: Force) -> None:
    table = CertificateView.metadata.tables["certificate_view"]

    [look] = rows_of(force, table)

    assert set(look) == {"person_id", "viewed_at", "view_id", "number"}
    assert look["number"] in {row["number"] for row in rows_of(force, TABLES["certificate"])}
