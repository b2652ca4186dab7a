"""Looking things up in crediting: an import, what of a filing is used, a person's whole record."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from creditbank.crediting.fold import facts_key, facts_of
from creditbank.crediting.imports import ImportUnknownError, differing_totals
from creditbank.crediting.models import ImportRow, RecordImport
from creditbank.ledger.bodies import bodies_of
from creditbank.ledger.leaves import EntryBody, entry_salt
from creditbank.ledger.logs import NotSealedError, place_of_entry
from creditbank.ledger.models import Entry, Log, Movement, Source, SourceUse
from creditbank.ledger.posting import credit_states, credits_of
from creditbank.ledger.sources import allowance_of
from creditbank.people.documents import last_characters
from creditbank.people.register import (
    Identity,
    find_person,
    identity_of,
    linked_people,
    secrets_of,
)
from creditbank.people.vault import Vault
from creditbank.registry.lookups import within_jurisdiction


@dataclass(frozen=True, slots=True)
class Used:
    """What a source may issue and has issued, people and centihours; None where it is open."""

    people: int
    people_max: int | None
    centihours: int
    centihours_max: int | None
    person_centihours_max: int


def import_numbered(session: Session, import_no: str) -> RecordImport:
    """Return an import.

    Raises:
        ImportUnknownError: there is none of this number.
    """
    record = session.get(RecordImport, import_no)
    if record is None:
        raise ImportUnknownError(import_no=import_no[:20])
    return record


@dataclass(frozen=True, slots=True)
class YearTotal:
    """What an import holds of one year and subject."""

    year: int
    subject: str
    rows: int
    centihours: int


@dataclass(frozen=True, slots=True)
class ShownTotal:
    """One person's year of which the rows do not amount to what the old system states.

    `stated_centihours` is None where it states nothing.
    """

    document_kind: str
    last_four: str
    year: int
    stated_centihours: int | None
    found_centihours: int


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One row of an import as an official compares it with the file."""

    row_no: int
    name: str = field(repr=False)
    document_kind: str
    last_four: str
    year: int
    subject: str
    centihours: int


def imports_page(
    session: Session, jurisdiction: str, before: tuple[datetime, str] | None, limit: int
) -> Sequence[RecordImport]:
    """Return the imports of a jurisdiction and below, newest first; one more than `limit` when
    there are further ones.

    `before` is the place of the last one already seen: the instant of its proposal, its number.
    """
    query = select(RecordImport).where(within_jurisdiction(RecordImport.jurisdiction, jurisdiction))
    if before is not None:
        at, import_no = before
        earlier = and_(RecordImport.proposed_at == at, RecordImport.import_no < import_no)
        query = query.where(or_(RecordImport.proposed_at < at, earlier))
    query = query.order_by(RecordImport.proposed_at.desc(), RecordImport.import_no.desc())
    return session.scalars(query.limit(limit + 1)).all()


def import_totals(session: Session, import_no: str) -> list[YearTotal]:
    """Return what an import holds by year and subject."""
    group = (ImportRow.credited_year, ImportRow.subject)
    query = (
        select(*group, func.count(), func.sum(ImportRow.centihours))
        .where(ImportRow.import_no == import_no)
        .group_by(*group)
        .order_by(*group)
    )
    return [YearTotal(*row) for row in session.execute(query)]


def import_differences(session: Session, vault: Vault, import_no: str) -> list[ShownTotal]:
    """Return where rows and stated totals differ, by masked document and year."""
    totals = differing_totals(session, import_no)
    whose = {total.person_id: identity_of(session, vault, total.person_id) for total in totals}
    return [
        ShownTotal(
            str(whose[total.person_id].document.kind),
            last_characters(whose[total.person_id].document), total.credited_year,
            total.stated_centihours, total.found_centihours,
        )
        for total in totals
    ]  # fmt: skip


def import_rows(
    session: Session, vault: Vault, import_no: str, first: int, count: int
) -> list[ShownRow]:
    """Return rows of an import in the order of its file, from place `first`, counted from 0."""
    query = select(ImportRow).where(ImportRow.import_no == import_no).order_by(ImportRow.row_no)
    rows = session.scalars(query.offset(first).limit(count)).all()
    whose = {row.person_id: identity_of(session, vault, row.person_id) for row in rows}
    return [
        ShownRow(
            row.row_no, whose[row.person_id].name, str(whose[row.person_id].document.kind),
            last_characters(whose[row.person_id].document), row.credited_year, row.subject,
            row.centihours,
        )
        for row in rows
    ]  # fmt: skip


def use_of(session: Session, source_no: str) -> Used | None:
    """Return what is used of a source; None before an official act has opened it."""
    query = select(Source, SourceUse).join(SourceUse, SourceUse.source_id == Source.source_id)
    found = session.execute(query.where(Source.source_no == source_no)).one_or_none()
    if found is None:
        return None
    source, use = found
    allowed = allowance_of(session, source)
    return Used(
        people=use.people,
        people_max=allowed.people_max,
        centihours=use.centihours,
        centihours_max=allowed.centihours_max,
        person_centihours_max=allowed.person_centihours_max,
    )


@dataclass(frozen=True, slots=True)
class IssuedCredit:
    """One credit that an act gave, and whether it was taken back."""

    credit: Entry
    reversed: bool


def issued_under(
    session: Session, person_id: int, scheme: str, source_no: str
) -> list[IssuedCredit]:
    """Return the credits of a person under one source, in the order of their occasions."""
    query = select(Entry).join(Source, Source.source_id == Entry.source_id)
    entries = session.scalars(
        query.where(
            Entry.person_id == person_id, Entry.scheme == scheme, Source.source_no == source_no
        )
    )
    states = sorted(credit_states(entries), key=lambda state: state.credit.occasion)
    return [IssuedCredit(state.credit, state.reversed) for state in states]


@dataclass(frozen=True, slots=True)
class RecordedEntry:
    """One entry of a person with all that rebuilds its leaf, and where it stands in a log.

    `salt` is empty once the person's secret was erased; `origin` is empty, and `index` None, while
    the entry waits for its place.
    """

    entry: Entry
    body: EntryBody
    salt: bytes
    facts: Mapping[str, object]
    origin: str
    index: int | None


def people_of(session: Session, vault: Vault, identity: Identity) -> tuple[int, ...]:
    """Return every key of one person.

    Raises:
        PersonUnknownError, IdentityMismatchError: number and name do not lead to one person.
    """
    person_id = find_person(session, vault, identity)
    return linked_people(session, [person_id])[person_id]


def record_of(
    session: Session, vault: Vault, identity: Identity, scheme: str
) -> list[RecordedEntry]:
    """Return every entry that a person has in a scheme, the oldest first.

    Raises:
        PersonUnknownError, IdentityMismatchError: number and name do not lead to one person.
    """
    people = people_of(session, vault, identity)
    secrets = secrets_of(session, vault, people)
    entries = sorted(
        credits_of(session, people, scheme), key=lambda entry: (entry.recorded_at, entry.entry_id)
    )
    credits = [entry for entry in entries if entry.movement == Movement.CREDIT]
    by_key = facts_of(session, credits)
    facts = {credit.leaf: by_key[facts_key(credit)].facts for credit in credits}
    bodies = bodies_of(session, entries, facts)
    recorded = []
    for entry in entries:
        secret, body = secrets.get(entry.person_id), bodies[entry.leaf]
        recorded.append(
            RecordedEntry(
                entry=entry,
                body=body,
                salt=entry_salt(secret, body) if secret else b"",
                facts=json.loads(facts.get(entry.leaf, "{}")),
                **_place(session, entry),
            )
        )
    return recorded


class _Place(TypedDict):
    origin: str
    index: int | None


def _place(session: Session, entry: Entry) -> _Place:
    try:
        place = place_of_entry(session, entry)
    except NotSealedError:
        return {"origin": "", "index": None}
    return {"origin": session.get_one(Log, place.log_id).origin, "index": place.index}
