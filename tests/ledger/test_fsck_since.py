"""A check that begins where another ended: what came since, and whatever that touches."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Table, select

from creditbank.auditing import audit
from creditbank.ledger.audited import Audited, AuditRecordUnusableError, audited_now
from creditbank.ledger.disagreement import Disagreement, Progress
from creditbank.ledger.models import (
    Act,
    Bundle,
    CreditFacts,
    Entry,
    Epoch,
    Log,
    Seal,
    SealSpan,
    SignedCheckpoint,
    Source,
    SourceUse,
    Tile,
)
from creditbank.people.register import find_people, secret_states
from tests.acts import approve, roster, seal_all, withdraw
from tests.bank import TestBank, found_test_bank, invented_person
from tests.conftest import Database
from tests.force import Force, Row
from tests.ledger.eventful import DAYS, FOUNDED, NEW_YEAR, PEOPLE, Eventful, eventful

LATER = NEW_YEAR + timedelta(days=3)
NEW_DAYS = (date(2026, 1, 3), date(2026, 1, 4))


@pytest.fixture
def told(database: Database, tmp_path: Path) -> Iterator[Eventful]:
    bank = found_test_bank(database.settings(tmp_path / "home"), now=FOUNDED)
    yield eventful(bank)
    bank.close()


@pytest.fixture
def bank(told: Eventful) -> TestBank:
    return told.bank


@pytest.fixture
def before(bank: TestBank, told: Eventful) -> Audited:
    """Return the record of a check; then much happened."""
    made = record(bank)
    happened_since(bank, told)
    return made


@pytest.fixture
def force(database: Database) -> Iterator[Force]:
    made = Force(database)
    yield made
    made.close()


def fsck(
    bank: TestBank, audited: Audited | None, progress: Progress | None = None
) -> list[Disagreement]:
    with bank.reading() as session:
        states = lambda people: secret_states(session, bank.house.vault, people)  # noqa: E731
        return list(audit(session, states, progress, audited))


def record(bank: TestBank, before: Audited | None = None, now: datetime = LATER) -> Audited:
    assert fsck(bank, before) == []
    with bank.reading() as session:
        return Audited.from_bytes(audited_now(session, before=before, now=now).to_bytes())


def happened_since(bank: TestBank, told: Eventful) -> None:
    """Post for three people, take an old entry of a fourth back, seal; and one more waits."""
    newest = approve(bank, NEW_DAYS, now=LATER)
    posted = [(invented_person(number), NEW_DAYS[0], 360) for number in (20, 21, PEOPLE + 1)]
    bank.post(newest, roster(posted), now=LATER)
    withdraw(bank, told.filings[0], invented_person(30), [DAYS[0]], now=LATER)
    seal_all(bank, now=LATER)
    bank.post(newest, roster([(invented_person(22), NEW_DAYS[1], 360)]), now=LATER)


def of_person(bank: TestBank, force: Force, table: Table, number: int) -> list[Row]:
    document = invented_person(number).document
    with bank.reading() as session:
        person_id = find_people(session, bank.house.vault, [document])[document]
    with force.engine.connect() as connection:
        query = select(table).where(table.c.person_id == person_id)
        return [dict(row) for row in connection.execute(query).mappings()]


def rows(force: Force, table: Table) -> list[Row]:
    with force.engine.connect() as connection:
        query = select(table).order_by(*table.primary_key)
        return [dict(row) for row in connection.execute(query).mappings()]


def test_it_reads_only_whom_new_entries_touch_and_ends_in_the_same_record(
    bank: TestBank, told: Eventful
) -> None:
    before = record(bank)
    happened_since(bank, told)
    progress = Progress()

    assert fsck(bank, before, progress) == []

    # Of 312 entries: whole people, with what waited then, and the five with what is new.
    assert progress.entries < 30
    assert progress.rounds == 1
    assert progress.erased_people == set()
    after, whole = record(bank, before), record(bank)
    assert after == replace(whole, whole_at=before.whole_at)
    assert after.seal_no == before.seal_no + 1


def test_nothing_new_is_soon_checked(bank: TestBank) -> None:
    seal_all(bank, now=LATER)
    progress, before = Progress(), record(bank)

    assert fsck(bank, before, progress) == []

    assert (progress.entries, progress.acts, progress.rounds) == (0, 0, 0)


def test_a_bank_in_which_nothing_was_sealed_yet_is_begun_with(
    database: Database, tmp_path: Path
) -> None:
    fresh = found_test_bank(database.settings(tmp_path / "other"), now=FOUNDED)
    before = record(fresh)
    assert (before.seal_no, before.logs) == (0, {})
    seal_all(fresh, now=FOUNDED)

    assert fsck(fresh, before) == []
    fresh.close()


def test_what_is_new_or_touched_and_changed_by_force_is_named(
    bank: TestBank, before: Audited, force: Force
) -> None:
    entries, facts = Entry.__table__, CreditFacts.__table__
    new = of_person(bank, force, entries, PEOPLE + 1)[0]
    touched = next(
        row for row in of_person(bank, force, entries, 30) if row["occasion"].endswith("/2")
    )
    facts_of = next(
        row for row in of_person(bank, force, facts, 20) if row["occasion"].endswith("/3")
    )
    use = next(each for each in rows(force, SourceUse.__table__) if each["people"] > 50)
    last = rows(force, Seal.__table__)
    changes: list[tuple[Table, Row, Row]] = [
        (entries, new, {"centihours": 1}),
        (entries, touched, {"subject": "public"}),
        (facts, facts_of, {"facts": "{}"}),
        (SourceUse.__table__, use, {"centihours": use["centihours"] + 1}),
        (Act.__table__, rows(force, Act.__table__)[-1], {"actor": "stranger"}),
        (Seal.__table__, last[-1], {"entry_id": 1}),
        (Seal.__table__, last[-2], {"act_id": 1}),
        (Seal.__table__, last[0], {"digest": bytes(32)}),
        (Epoch.__table__, rows(force, Epoch.__table__)[0], {"reason": "other"}),
        (Log.__table__, rows(force, Log.__table__)[0], {"vkey": "other"}),
        (Source.__table__, rows(force, Source.__table__)[0], {"person_centihours_max": 9}),
        (SealSpan.__table__, rows(force, SealSpan.__table__)[-1], {"count": 900}),
        (Tile.__table__, rows(force, Tile.__table__)[0], {"hashes": bytes(32)}),
    ]
    unnamed = []
    for table, row, change in changes:
        with force.changed(table, row, **change):
            found = fsck(bank, before)
        # Hashes over what was checked before are held against the root that the record has.
        wanted = {Tile.__tablename__: "journal_log", CreditFacts.__tablename__: "ledger_entry"}
        if wanted.get(table.name, table.name) not in {each.table for each in found}:
            unnamed.append((table.name, change, found))

    assert unnamed == []
    assert fsck(bank, before) == []


def test_rows_that_were_checked_and_are_gone_are_missed(bank: TestBank, force: Force) -> None:
    before = record(bank)
    entry = of_person(bank, force, Entry.__table__, 40)[0]
    facts = of_person(bank, force, CreditFacts.__table__, 41)[0]
    act = rows(force, Act.__table__)[3]
    head = rows(force, SignedCheckpoint.__table__)[-1]
    first, *_, last = rows(force, Seal.__table__)
    log = rows(force, Log.__table__)[0]
    unnamed = []
    for table, row in (
        (Entry, entry), (CreditFacts, facts), (Act, act), (SignedCheckpoint, head), (Seal, first),
        (Seal, last), (Log, log),
    ):  # fmt: skip
        with force.deleted(table.__table__, row):
            if not fsck(bank, before):
                unnamed.append(table.__tablename__)

    assert unnamed == []


def test_all_heads_of_a_log_may_be_gone_and_no_check_stops(bank: TestBank, force: Force) -> None:
    before = record(bank)
    heads = rows(force, SignedCheckpoint.__table__)
    with force.engine.begin() as connection:
        connection.execute(SignedCheckpoint.__table__.delete())

    found = {each.code for each in fsck(bank, before)}

    assert "fsck-log-parted" in found
    with force.engine.begin() as connection:
        connection.execute(SignedCheckpoint.__table__.insert(), heads)


def test_an_old_row_of_others_is_left_to_a_whole_check(bank: TestBank, force: Force) -> None:
    before = record(bank)
    entry = of_person(bank, force, Entry.__table__, 40)[0]

    with force.changed(Entry.__table__, entry, reason="none"):
        assert fsck(bank, before) == []
        assert {each.code for each in fsck(bank, None)} == {"fsck-entry-leaf"}


def test_a_tree_that_did_not_grow_out_of_the_one_checked_is_named(
    bank: TestBank, before: Audited
) -> None:
    """Whoever owns the machine wrote one leaf anew, and signed what comes of it."""
    origin, (size, _) = max(before.logs.items(), key=lambda each: each[1][0])

    found = fsck(bank, replace(before, logs={**before.logs, origin: (size, bytes(32))}))

    assert [(each.code, each.key) for each in found] == [("fsck-log-parted", f"{origin} {size}")]


def test_a_log_that_is_shorter_than_it_was_is_named(bank: TestBank) -> None:
    before = record(bank)
    origin, (size, root) = max(before.logs.items(), key=lambda each: each[1][0])

    found = fsck(bank, replace(before, logs={**before.logs, origin: (size + 999, root)}))

    assert "fsck-log-parted" in {each.code for each in found}


def test_a_bundle_that_is_gone_is_named_wherever_the_check_begins(
    bank: TestBank, before: Audited, force: Force
) -> None:
    last = rows(force, Bundle.__table__)[-1]

    with force.deleted(Bundle.__table__, last):
        assert "fsck-bundle" in {each.code for each in fsck(bank, before)}


@pytest.mark.parametrize(
    "change",
    [
        lambda said: {**said, "statement": "other"},
        lambda said: {**said, "rows": [1, 2]},
        lambda said: {**said, "uses": [[1]]},
        lambda said: [],
        lambda said: {"checked_at": said["checked_at"]},
        lambda said: {**said, "more": 1},
    ],
)
def test_a_file_that_is_no_record_is_refused(change) -> None:  # type: ignore[no-untyped-def]
    at = LATER
    written = Audited(
        at, at, 7, bytes(32), (1, 0, 9), (1, 0, 4), {"x/ledger/cn/2026": (5, bytes(32))},
        (9, 4, 9), {3: (1, 800)},
    ).to_bytes()  # fmt: skip
    assert Audited.from_bytes(written).uses == {3: (1, 800)}

    for content in (json.dumps(change(json.loads(written))).encode(), written[:-1], b"", b"{"):
        with pytest.raises(AuditRecordUnusableError):
            Audited.from_bytes(content)
