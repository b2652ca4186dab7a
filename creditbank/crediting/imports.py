"""Records from before the bank: proposed by one official, approved by a second, then credited.

What two people approve is exact: the rows, their total, and the digest of their content. Migrated
hours are marked as such for ever and never pass for posted ones.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical, canonical_bytes, canonical_text
from creditbank.clock import civil_day
from creditbank.crediting.fold import MIGRATED_KIND, FoldContext, fold_again
from creditbank.crediting.models import ImportRow, RecordImport
from creditbank.errors import CreditBankError
from creditbank.ids import checked_jurisdiction, random_number
from creditbank.ledger.journal import ActDraft, RecordedAct, record_act
from creditbank.ledger.models import SourceKind
from creditbank.ledger.posting import CreditDraft, PostingContext, post_credits
from creditbank.ledger.sources import (
    Bounds,
    SourceDraft,
    Taking,
    lock_source,
    open_source,
    pins_id_of,
    source_bounds_details,
    take,
)
from creditbank.people.documents import Document
from creditbank.people.register import (
    Identity,
    ensure_people,
    find_people,
    lock_linked,
    names_of,
    secrets_of,
)
from creditbank.people.vault import Vault
from creditbank.registry.lawbook import law_of
from creditbank.registry.publishing import SecondPersonWantedError
from creditbank.rules.pack import PackChain
from creditbank.rules.subjects import require_subject


class ImportKnownError(CreditBankError):
    """The same rows were proposed before; they would count twice."""

    code = "import-known"
    status = 409


class ImportUnknownError(CreditBankError):
    """There is no import of this number."""

    code = "import-unknown"
    status = 404


class ImportRowTwiceError(CreditBankError):
    """Two rows speak of the same person, year and subject."""

    code = "import-row-twice"
    status = 422


class ImportRowYearError(CreditBankError):
    """A row speaks of a year that has not come."""

    code = "import-row-year"
    status = 422


class ImportRowNameError(CreditBankError):
    """A row's number is on record under another name."""

    code = "import-row-name"
    status = 409


@dataclass(frozen=True, slots=True)
class RecordRow:
    """Hours of one person in one year and subject, as an earlier system has them."""

    identity: Identity
    credited_year: int
    subject: str
    centihours: int


@dataclass(frozen=True, slots=True)
class ImportDraft:
    """A file of earlier records; `origin` says in words where they come from."""

    jurisdiction: str
    origin: str
    rows: tuple[RecordRow, ...]


def propose_import(
    session: Session, vault: Vault, draft: ImportDraft, *, actor: str, now: datetime
) -> RecordImport:
    """Put earlier records before a second official; nothing is credited yet.

    Raises:
        ImportKnownError: the same rows were proposed before.
        ImportRowTwiceError, ImportRowNameError, ImportRowYearError: naming the row, from 1.
        SubjectUnknownError: a subject that the rules do not know.
        PackMissingError: the jurisdiction has no published rules.
        DemoOnlyError, InventedOnlyError: a number that has no place in this bank.
    """
    law = law_of(session, checked_jurisdiction(draft.jurisdiction))
    _check_rows(session, draft, law, this_year=civil_day(now).year)
    content = hashlib.sha256(canonical_bytes(_content(draft))).digest()
    digest = vault.fingerprint(content)
    known = session.scalar(select(RecordImport).where(RecordImport.digest == digest))
    if known is not None:
        raise ImportKnownError(import_no=known.import_no)
    people = ensure_people(session, vault, _identities(draft), now=now)
    names = names_of(session, vault, set(people.values()))
    for row_no, row in enumerate(draft.rows, start=1):
        if row.identity.name not in names[people[row.identity.document]]:
            raise ImportRowNameError(row_no=row_no)
    by_person: dict[int, int] = defaultdict(int)
    for row in draft.rows:
        by_person[people[row.identity.document]] += row.centihours
    import_no = "I" + random_number(9)
    fields = {
        "import_no": import_no, "jurisdiction": draft.jurisdiction, "scheme": law.scheme,
        "origin": draft.origin, "digest": digest, "row_count": len(draft.rows),
        "people": len(by_person), "total_centihours": sum(by_person.values()),
        "person_centihours_max": max(by_person.values()), "proposed_by": actor,
        "proposed_at": now,
    }  # fmt: skip
    record = session.scalars(insert(RecordImport).returning(RecordImport), [fields]).one()
    session.execute(
        insert(ImportRow),
        [
            {
                "person_id": people[row.identity.document], "import_no": import_no,
                "row_no": row_no, "credited_year": row.credited_year, "subject": row.subject,
                "centihours": row.centihours,
            }
            for row_no, row in enumerate(draft.rows, start=1)
        ],
    )  # fmt: skip
    return record


def misnamed_rows(session: Session, vault: Vault, rows: Sequence[RecordRow]) -> list[int]:
    """Return which rows, from 0, bear a number that is on record under another name.

    A number that nobody has yet goes by the name of its first row.
    """
    people = find_people(session, vault, {row.identity.document for row in rows})
    names = names_of(session, vault, set(people.values()))
    known: dict[Document, Sequence[str]] = {
        document: names[person_id] for document, person_id in people.items()
    }
    for row in rows:
        known.setdefault(row.identity.document, (row.identity.name,))
    return [
        place
        for place, row in enumerate(rows)
        if row.identity.name not in known[row.identity.document]
    ]


def approve_import(
    session: Session, vault: Vault, import_no: str, *, actor: str, now: datetime
) -> RecordImport:
    """Credit an import's rows; approving it again changes nothing.

    Raises:
        ImportUnknownError: there is none of this number.
        SecondPersonWantedError: the actor proposed it.
    """
    record = session.get(RecordImport, import_no, with_for_update=True)
    if record is None:
        raise ImportUnknownError(import_no=import_no[:20])
    if record.approved_by is not None:
        return record
    if record.proposed_by == actor:
        raise SecondPersonWantedError
    act = _open(session, record, actor=actor, now=now)
    source, _use = lock_source(session, import_no)
    rows = session.scalars(
        select(ImportRow).where(ImportRow.import_no == import_no).order_by(ImportRow.row_no)
    ).all()
    groups = lock_linked(session, {row.person_id for row in rows})
    secrets = secrets_of(session, vault, list(groups))
    law = law_of(session, record.scheme)
    pins = law.pins()
    context = PostingContext(source.source_id, act.leaf, pins_id_of(session, pins), pins, now)
    post_credits(session, [_draft(record, row) for row in rows], context, secrets)
    fold_again(
        session,
        {groups[row.person_id] for row in rows},
        {row.credited_year for row in rows},
        FoldContext(law, secrets, now),
    )
    take(session, source, Taking(record.people, record.total_centihours))
    record.approved_by = actor
    return record


def _check_rows(session: Session, draft: ImportDraft, law: PackChain, *, this_year: int) -> None:
    seen = set()
    for row_no, row in enumerate(draft.rows, start=1):
        require_subject(row.subject, law)
        if row.credited_year > this_year:
            raise ImportRowYearError(row_no=row_no, found=row.credited_year, wanted=this_year)
        key = (row.identity.document, row.credited_year, row.subject)
        if key in seen:
            raise ImportRowTwiceError(row_no=row_no)
        seen.add(key)


def _identities(draft: ImportDraft) -> Sequence[Identity]:
    return list({row.identity.document: row.identity for row in reversed(draft.rows)}.values())


def _content(draft: ImportDraft) -> list[list[str | int]]:
    # Sorted, so that the same records in another order are the same records.
    return sorted(
        [
            str(row.identity.document.kind), row.identity.document.number, row.credited_year,
            row.subject, row.centihours,
        ]
        for row in draft.rows
    )  # fmt: skip


def _open(session: Session, record: RecordImport, *, actor: str, now: datetime) -> RecordedAct:
    bounds = Bounds(record.people, record.person_centihours_max)
    act = record_act(
        session,
        ActDraft(
            "import.approved", record.jurisdiction, actor, record.import_no,
            {
                **source_bounds_details(bounds, record.total_centihours),
                "scheme": record.scheme,
                "source_kind": str(SourceKind.IMPORT),
                "origin": record.origin,
                "rows": record.row_count,
                "digest": record.digest.hex(),
                "proposed_by": record.proposed_by,
            },
        ),
        now=now,
    )  # fmt: skip
    open_source(
        session,
        SourceDraft(
            record.import_no, SourceKind.IMPORT, record.jurisdiction, record.scheme, bounds,
            act.act_id, centihours_max=record.total_centihours,
        ),
    )  # fmt: skip
    return act


def _draft(record: RecordImport, row: ImportRow) -> CreditDraft:
    facts: dict[str, Canonical] = {
        "kind": MIGRATED_KIND,
        "import": record.import_no,
        "row": row.row_no,
        "year": row.credited_year,
        "origin": record.origin,
    }
    return CreditDraft(
        person_id=row.person_id,
        scheme=record.scheme,
        credited_year=row.credited_year,
        subject=row.subject,
        # Earlier records tell the year only: its last day stands for it, and the facts say so.
        earned_on=date(row.credited_year, 12, 31),
        occasion=f"{record.import_no}/{row.row_no}",
        revision=0,
        centihours=row.centihours,
        facts=canonical_text(facts),
    )
