"""fsck names what was changed by force: every column of every table, rows gone, rows added."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Column, Table, select, text, update
from sqlalchemy.exc import IntegrityError

from creditbank.ledger.fsck import Disagreement
from creditbank.ledger.models import (
    Act,
    Bundle,
    CreditFacts,
    Entry,
    Epoch,
    Log,
    LogFreeze,
    Movement,
    PackPins,
    Seal,
    Source,
)
from creditbank.ledger.seal import rows_between
from creditbank.ledger.unreadable import tables_named
from tests.bank import TestBank, found_test_bank
from tests.conftest import Database
from tests.force import Force, Row
from tests.ledger.eventful import FOUNDED, eventful


@pytest.fixture
def bank(database: Database, tmp_path: Path) -> Iterator[TestBank]:
    made = found_test_bank(database.settings(tmp_path / "home"), now=FOUNDED)
    eventful(made)
    yield made
    made.close()


@pytest.fixture
def force(database: Database) -> Iterator[Force]:
    made = Force(database)
    yield made
    made.close()


def rows_of(force: Force, table: Table) -> list[Row]:
    with force.engine.connect() as connection:
        query = select(table).order_by(*table.primary_key)
        return [dict(row) for row in connection.execute(query).mappings()]


def sealed_rows(force: Force, table: Table) -> list[Row]:
    """Return a few rows that a round has taken: entries of each kind, and credits moved by each."""
    rows = rows_of(force, table)
    if table.name == Act.__tablename__:
        opening = rows_of(force, Source.__table__)[0]["act_id"]
        return [rows[0], *(row for row in rows if row["act_id"] == opening)]
    if table.name == PackPins.__tablename__:
        used = {row["pins_id"] for row in rows_of(force, Entry.__table__)}
        return [row for row in rows if row["pins_id"] in used]
    if table.name not in {Entry.__tablename__, CreditFacts.__tablename__}:
        return rows[:1]
    last = max(row["entry_id"] for row in rows_of(force, Seal.__table__))
    entries = rows_of(force, Entry.__table__)
    kinds = {row["movement"]: row for row in entries if row["entry_id"] <= last}
    assert kinds.keys() == {*map(str, Movement)}
    moved = {naming(kinds[each]) for each in ("cap", "reverse", "freeze")}
    if table.name == CreditFacts.__tablename__:
        return [row for row in rows if naming(row) in moved]
    credits = (row for row in entries if row["movement"] == "credit")
    return [*kinds.values(), *(row for row in credits if naming(row) in moved)]


def naming(row: Row) -> tuple[object, ...]:
    """Return what names a credit: it is in each row that is of it."""
    return row["person_id"], row["scheme"], row["occasion"], row["revision"]


def plausible(column: Column[object], row: Row, rows: Sequence[Row]) -> Iterator[object]:
    """Give values that could stand there: another row's first, then ones next to the right one."""
    value = row[column.name]
    yield from {each[column.name]: 1 for each in rows if each[column.name] != value}
    if isinstance(value, bytes):
        yield bytes([value[0] ^ 1]) + value[1:]
    elif isinstance(value, int):
        yield from (value + 1, value + 1_000)
    elif isinstance(value, datetime):
        yield value + timedelta(microseconds=1)
    elif isinstance(value, date):
        yield value + timedelta(days=1)
    elif isinstance(value, str):
        other = "2" if value[-3:-2] == "1" else "1"
        yield from (value[:-3] + other + value[-2:], value + "x")
    else:
        yield 1


def first_that_fits(force: Force, table: Table, row: Row, column: str, values: object) -> object:
    for value in values:  # type: ignore[attr-defined]
        try:
            with force.changed(table, row, **{column: value}):
                return value
        except IntegrityError:
            continue
    raise AssertionError(f"{table.name}.{column} took no other value")


def names(found: Sequence[Disagreement], table: Table, row: Row) -> bool:
    """Tell whether a disagreement names the row's table, or the row in another table's words."""
    if any(each.table == table.name for each in found):
        return True
    if table.name == CreditFacts.__tablename__:
        credit = "{person_id} {scheme} {occasion} r{revision} credit".format(**row)
        return any(credit in each.key for each in found)
    return any(covers(each, table, row) for each in found)


def covers(found: Disagreement, table: Table, row: Row) -> bool:
    """Tell whether a run of the sealer is named that says which rows it is about."""
    number = row.get("entry_id", row.get("act_id"))
    runs = re.findall(rf"{table.name} (\d+)–(\d+)", found.key)
    return any(int(first) <= number <= int(last) for first, last in runs)


def test_a_bank_in_which_everything_happened_is_sound(bank: TestBank, force: Force) -> None:
    counts = {table.name: len(rows_of(force, table)) for table in tables_named()}

    assert bank.fsck() == []

    assert all(counts.values())
    assert counts["journal_log"] == 4
    assert counts["journal_freeze"] == 3
    full = [row for row in rows_of(force, Bundle.__table__) if len(row["leaves"]) == 8192]
    assert full
    assert {row["revision"] for row in rows_of(force, Entry.__table__)} == {0, 1}


def test_any_column_changed_by_force_is_named(
    bank: TestBank, force: Force, record_property: Callable[[str, object], None]
) -> None:
    unnamed, flips = [], 0
    for table in tables_named():
        rows = rows_of(force, table)
        for row in sealed_rows(force, table):
            for column in table.columns:
                values = plausible(column, row, rows)
                value = first_that_fits(force, table, row, column.name, values)
                with force.changed(table, row, **{column.name: value}):
                    found = bank.fsck()
                flips += 1
                if not names(found, table, row):
                    unnamed.append((table.name, column.name, row[column.name], value, found[:5]))

    record_property("tally", f"values changed by force, each named: {flips}")
    assert unnamed == []
    assert bank.fsck() == []


def test_a_round_with_a_figure_beyond_canonical_json_is_named(bank: TestBank, force: Force) -> None:
    newest = rows_of(force, Seal.__table__)[-1]

    with force.changed(Seal.__table__, newest, act_id=2**53):
        found = bank.fsck()

    assert "journal_seal" in {each.table for each in found}


@pytest.mark.parametrize("rows_at_once", [1, 7])
def test_reading_in_small_batches_finds_the_same(
    bank: TestBank, force: Force, rows_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = sealed_rows(force, Entry.__table__)[-1]
    act = sealed_rows(force, Act.__table__)[-1]
    with (
        force.changed(Entry.__table__, entry, reason="none"),
        force.changed(Act.__table__, act, actor="stranger"),
    ):
        at_once = bank.fsck()
        monkeypatch.setattr("creditbank.ledger.fsck._BATCH", rows_at_once)
        monkeypatch.setattr("creditbank.ledger.quick._REMEMBERED_MAX", rows_at_once)
        monkeypatch.setattr("creditbank.ledger.quick._ACTS_AT_ONCE", rows_at_once)
        monkeypatch.setattr("creditbank.ledger.quick._KEYED_MAX", rows_at_once)

        in_batches = bank.fsck()

    assert {each.table for each in at_once} == {"ledger_entry", "journal_act"}
    assert in_batches == at_once
    assert bank.fsck() == []


def of_one_session(force: Force, table: Table) -> list[Row]:
    """Return the credits, or their facts, of two people who attended the same."""
    with force.engine.connect() as connection:
        credits = select(Entry.__table__).where(Entry.movement == "credit", Entry.revision == 0)
        rows = connection.execute(credits.order_by(Entry.entry_id)).mappings().all()
        occasions = [row["occasion"] for row in rows]
        shared = next(each for each in occasions if occasions.count(each) > 1)
        found = connection.execute(select(table).where(table.c.occasion == shared))
        return [dict(row) for row in found.mappings() if row["revision"] == 0][:2]


def test_leaves_that_were_cut_elsewhere_are_named(bank: TestBank, force: Force) -> None:
    """Put together their bytes are the same."""
    pair = of_one_session(force, Entry.__table__)
    unnamed = []
    for one, other in (pair, pair[::-1]):
        longer, shorter = one["leaf"] + other["leaf"][:1], other["leaf"][1:]
        with (
            force.changed(Entry.__table__, one, leaf=longer),
            force.changed(Entry.__table__, other, leaf=shorter),
        ):
            named = [each for each in bank.fsck() if each.code == "fsck-entry-leaf"]
        unnamed += [row for row in pair if not any(str(row["entry_id"]) in e.key for e in named)]

    assert unnamed == []
    assert bank.fsck() == []


def test_facts_that_were_cut_elsewhere_are_named(bank: TestBank, force: Force) -> None:
    """Put together, a line for each, their texts are the same."""
    pair = of_one_session(force, CreditFacts.__table__)
    unnamed = []
    for one, other in (pair, pair[::-1]):
        with (
            force.changed(CreditFacts.__table__, one, facts=f"{one['facts']}\n{other['facts']}"),
            force.changed(CreditFacts.__table__, other, facts=""),
        ):
            named = [each for each in bank.fsck() if each.code == "fsck-entry-leaf"]
        unnamed += [row for row in pair if not any(str(row["person_id"]) in e.key for e in named)]

    assert unnamed == []
    assert bank.fsck() == []


def test_sqlite_reads_no_row_behind_a_round(bank: TestBank, database: Database) -> None:
    if database.kind == "postgresql":
        pytest.skip("what stands in its indexes leads there")
    with bank.reading() as session:
        first, second = session.scalars(select(Seal).order_by(Seal.seal_no).limit(2))
        for query in rows_between(session, first, second):
            said = query.compile(session.connection(), compile_kwargs={"literal_binds": True})
            plan = session.execute(text(f"EXPLAIN QUERY PLAN {said}")).all()

            assert "PRIMARY KEY (rowid>? AND rowid<?)" in plan[0].detail


@pytest.mark.parametrize("waiting_max", [0, 3, 20_000])
def test_facts_may_lie_in_another_order_than_their_credits(
    bank: TestBank,
    force: Force,
    database: Database,
    waiting_max: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if database.kind == "postgresql":
        pytest.skip("rows have no number there, and are read by person")
    monkeypatch.setattr("creditbank.ledger.fsck._BATCH", 2)
    monkeypatch.setattr("creditbank.ledger.quick_order._WAITING_MAX", waiting_max)
    with force.engine.begin() as connection:
        connection.execute(text("UPDATE ledger_facts SET rowid = -rowid"))

    assert bank.fsck() == []
    facts = rows_of(force, CreditFacts.__table__)[0]
    with force.changed(CreditFacts.__table__, facts, occasion="elsewhere"):
        assert names(bank.fsck(), CreditFacts.__table__, {**facts, "occasion": "elsewhere"})


def test_a_row_taken_away_is_named(bank: TestBank, force: Force) -> None:
    unnamed = []
    for table in tables_named():
        for row in sealed_rows(force, table):
            with force.deleted(table, row):
                found = bank.fsck()
            if not names(found, table, row) and not names_what_lacks(found, table, row):
                unnamed.append((table.name, row, found[:5]))

    assert unnamed == []
    assert bank.fsck() == []


def names_what_lacks(found: Sequence[Disagreement], table: Table, row: Row) -> bool:
    """Tell whether the rows are named that rest on what is gone."""
    wanted = {
        Log.__tablename__: f"journal_log {row.get('log_id')}",
        # A round's digest covers its freezes and epochs: one that is gone breaks the round.
        LogFreeze.__tablename__: str(row.get("seal_no")),
        Epoch.__tablename__: "1",
    }.get(table.name)
    return any(each.key == wanted for each in found)


def foreign_rows(force: Force) -> Iterator[tuple[Table, Row]]:
    """Give one row for each table, like one that is there, as a stranger would put it in."""
    fresh: dict[str, Row] = {
        "ledger_epoch": {"epoch": 9, "server": "foreign"},
        "ledger_source": {"source_id": 99, "source_no": "FOREIGN"},
        "ledger_source_use": {"source_id": 99},
        "ledger_pack_pins": {"pins_id": 99, "pins": '[["cn",2,"00"]]'},
        "ledger_facts": {"occasion": "FOREIGN/1"},
        "ledger_entry": {"entry_id": 99_999, "occasion": "FOREIGN/1"},
        "journal_act": {"act_id": 99_999, "actor": "stranger"},
        "journal_log": {"log_id": 99, "origin": "foreign", "year": 2031},
        "journal_freeze": {"log_id": 99},
        "journal_seal": {"seal_no": 99},
        "journal_span": {"seal_no": 99, "first_index": 99_999},
        "journal_bundle": {"bundle_no": 99},
        "journal_tile": {"tile_no": 99},
        "journal_checkpoint": {"size": 99_999},
    }
    for table in tables_named():
        yield table, {**sealed_rows(force, table)[0], **fresh[table.name]}


def test_a_foreign_row_is_named(bank: TestBank, force: Force) -> None:
    unnamed = []
    for table, row in foreign_rows(force):
        with force.inserted(table, row):
            found = bank.fsck()
        if not any(each.table == table.name for each in found):
            unnamed.append((table.name, found[:5]))

    assert unnamed == []
    assert bank.fsck() == []


#: What a column of text may hold and no reader expects.
GARBAGE = ("", "{", "[", "null", "5", "[1]", '{"a":1}', "[" * 100_000, '["\\ud800"]', "1e999")


def test_garbage_for_json_is_named_and_stops_no_check(bank: TestBank, force: Force) -> None:
    unnamed = []
    for table, column in (
        (Act, "details"),
        (Act, "cites"),
        (PackPins, "pins"),
        (CreditFacts, "facts"),
    ):
        row = sealed_rows(force, table.__table__)[0]
        for garbage in GARBAGE:
            with force.changed(table.__table__, row, **{column: garbage}):
                found = bank.fsck()
            if not names(found, table.__table__, row):
                unnamed.append((column, garbage[:20]))

    assert unnamed == []


def test_a_row_that_cannot_be_read_is_named(
    bank: TestBank, force: Force, database: Database
) -> None:
    """SQLite takes anything in any column; PostgreSQL takes days that no calendar has."""
    garbage: dict[str, tuple[str, ...]] = {
        "recorded_at": (
            "'2025-13-01T00:00:00.000000Z'",
            "'yesterday'",
            "'2025-12-01T00:00:00.000000'",
            "5",
            "x'ff'",
        ),
        "earned_on": ("'2025-02-30'", "'9999-12-31'", "20251208", "''"),
        "centihours": ("'many'", "1.5"),
        "leaf": ("'text'", "7"),
        "reason": ("x'ff'", "CAST(x'ff' AS TEXT)"),
        "act_id": ("'none'",),
        "person_id": ("'nobody'", "1.5"),
        "epoch": ("'first'",),
    }
    if database.kind == "postgresql":
        garbage = {
            "recorded_at": ("'infinity'", "'-infinity'", "'9999-12-31 23:59:59+00'"),
            "earned_on": ("'infinity'", "'0044-03-15 BC'", "'5000-01-01'"),
        }
    row = sealed_rows(force, Entry.__table__)[0]
    unnamed = []
    for column, values in garbage.items():
        for value in values:
            with force.engine.begin() as connection:
                where = f"WHERE entry_id = {row['entry_id']}"
                connection.execute(text(f"UPDATE ledger_entry SET {column} = {value} {where}"))
            if [each.code for each in bank.fsck()] != ["fsck-unreadable"]:
                unnamed.append((column, value))
            with force.engine.begin() as connection:
                again = update(Entry.__table__).where(Entry.entry_id == row["entry_id"])
                connection.execute(again.values({column: row[column]}))

    assert unnamed == []
    assert bank.fsck() == []


def test_an_act_that_cannot_be_read_is_named(
    bank: TestBank, force: Force, database: Database
) -> None:
    garbage = "'infinity'" if database.kind == "postgresql" else "'yesterday'"
    newest = "SELECT max(act_id) FROM journal_act"  # the first is an organisation's, named for that
    with force.engine.begin() as connection:
        change = f"UPDATE journal_act SET recorded_at = {garbage} WHERE act_id = ({newest})"
        connection.execute(text(change))

    found = bank.fsck()

    assert [(each.code, each.table) for each in found] == [("fsck-unreadable", "journal_act")]
