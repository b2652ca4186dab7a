"""Records from before the bank: proposed by one official, approved by a second, then credited.

What two people approve is exact: the rows, their total, and the digest of their content. Migrated
hours are marked as such for ever and never pass for posted ones. A row that stands in an import
already is named and never counted again; where the old system states totals that the rows do not
amount to, whoever approves has to say why.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical, canonical_bytes, canonical_text
from creditbank.clock import civil_day
from creditbank.crediting.fold import MIGRATED_KIND, FoldContext, fold_again
from creditbank.crediting.kept_files import (
    NO_FILES,
    ImportFiles,
    import_files_named,
    keep_import_files,
)
from creditbank.crediting.models import ImportRow, ImportState, ImportTotal, RecordImport
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
from creditbank.people.names import agrees
from creditbank.people.register import (
    Identity,
    ensure_people,
    find_people,
    linked_people,
    lock_linked,
    names_of,
    secrets_of,
)
from creditbank.people.vault import Vault
from creditbank.registry.lawbook import law_of
from creditbank.registry.publishing import SecondPersonWantedError
from creditbank.rules.pack import PackChain
from creditbank.rules.subjects import require_subject

#: Rows in one IN list; well below what either driver can bind.
_CHUNK = 5_000
#: What was withdrawn speaks of nobody any more.
_STANDS = RecordImport.withdrawn_by.is_(None)


class ImportKnownError(CreditBankError):
    """Every row stands in imports already, or all of them do with other totals."""

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


class ImportDifferencesError(CreditBankError):
    """The rows do not amount to the totals that the old system states."""

    code = "import-differences"
    status = 409


class ImportStateError(CreditBankError):
    """What is asked for comes too late: the import was withdrawn, or approved."""

    code = "import-state"
    status = 409


class ImportRowKnownError(CreditBankError):
    """A row was credited by another import meanwhile."""

    code = "import-row-known"
    status = 409


@dataclass(frozen=True, slots=True)
class RecordRow:
    """Hours of one person in one year and subject, as an earlier system has them."""

    identity: Identity
    credited_year: int
    subject: str
    centihours: int


@dataclass(frozen=True, slots=True)
class StatedTotal:
    """Hours of one person in one year, as the earlier system sums them."""

    identity: Identity
    credited_year: int
    centihours: int


@dataclass(frozen=True, slots=True)
class ImportDraft:
    """A file of earlier records; `origin` says in words where they come from.

    Without `stated` totals there is nothing to reconcile; `files` are kept beside the import.
    """

    jurisdiction: str
    origin: str
    rows: tuple[RecordRow, ...]
    stated: tuple[StatedTotal, ...] = ()
    files: ImportFiles = NO_FILES

    @property
    def said(self) -> "tuple[RecordRow | StatedTotal, ...]":
        """Everything that is said of somebody: the rows, then the totals."""
        return (*self.rows, *self.stated)


@dataclass(frozen=True, slots=True)
class KnownRow:
    """A row, by its place from 0, of which an import speaks already; `same` if with these hours."""

    place: int
    import_no: str
    centihours: int
    same: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """What came of proposing: the import, whether it stood already, and rows left out of it."""

    record: RecordImport
    replayed: bool = False
    known: tuple[KnownRow, ...] = ()


def propose_import(
    session: Session, vault: Vault, draft: ImportDraft, *, actor: str, now: datetime
) -> Proposal:
    """Put earlier records before a second official; nothing is credited yet.

    The same records again are answered with the import in which they stand. Rows that stand in
    another import with the same hours are left out of this one.

    Raises:
        ImportKnownError: nothing new is left, or the same rows stand there with other totals.
        ImportRowTwiceError, ImportRowNameError, ImportRowYearError: naming the row, from 1.
        SubjectUnknownError: a subject that the rules do not know.
        PackMissingError: the jurisdiction has no published rules.
        DemoOnlyError, InventedOnlyError: a number that has no place in this bank.
    """
    law = law_of(session, checked_jurisdiction(draft.jurisdiction))
    _check_rows(session, draft, law, this_year=civil_day(now).year)
    first = standing_import(session, vault, draft)
    if first is not None:
        if first.totals_digest != _totals_digest(vault, draft):
            raise ImportKnownError(import_no=first.import_no)
        return Proposal(first, replayed=True)
    people = ensure_people(session, vault, _identities(draft), now=now)
    misnamed = misnamed_rows(session, vault, draft.said)
    if misnamed:
        raise ImportRowNameError(row_no=misnamed[0] + 1)
    known = tuple(known_rows(session, draft, law.scheme, people))
    left_out = {each.place for each in known if each.same}
    rows = [(at, row) for at, row in enumerate(draft.rows) if at not in left_out]
    if not rows:
        raise ImportKnownError(import_no=known[0].import_no)
    record = _propose(session, vault, draft, law.scheme, Proposing(rows, people, actor, now))
    return Proposal(record, known=known)


@dataclass(frozen=True, slots=True)
class Proposing:
    """What of a draft is proposed: rows by their places, whose keys, by whom and when."""

    rows: Sequence[tuple[int, RecordRow]]
    people: Mapping[Document, int]
    actor: str
    now: datetime


def _propose(
    session: Session, vault: Vault, draft: ImportDraft, scheme: str, what: Proposing
) -> RecordImport:
    by_person: dict[int, int] = defaultdict(int)
    for _, row in what.rows:
        by_person[what.people[row.identity.document]] += row.centihours
    import_no = "I" + random_number(9)
    fields = {
        "import_no": import_no, "jurisdiction": draft.jurisdiction, "scheme": scheme,
        "origin": draft.origin, "digest": _digest(vault, draft), "row_count": len(what.rows),
        "people": len(by_person), "total_centihours": sum(by_person.values()),
        "person_centihours_max": max(by_person.values()), "proposed_by": what.actor,
        "proposed_at": what.now, "totals_digest": _totals_digest(vault, draft),
    }  # fmt: skip
    record = session.scalars(insert(RecordImport).returning(RecordImport), [fields]).one()
    session.execute(
        insert(ImportRow),
        [
            {
                "person_id": what.people[row.identity.document], "import_no": import_no,
                "row_no": place + 1, "credited_year": row.credited_year, "subject": row.subject,
                "centihours": row.centihours,
            }
            for place, row in what.rows
        ],
    )  # fmt: skip
    if draft.stated:
        compared = compared_totals(draft, what.people)
        session.execute(
            insert(ImportTotal),
            [
                {
                    "person_id": person_id, "import_no": import_no, "credited_year": year,
                    "stated_centihours": stated, "found_centihours": found,
                }
                for (person_id, year), (stated, found) in compared.items()
            ],
        )  # fmt: skip
    keep_import_files(session, vault, import_no, draft.files, now=what.now)
    return record


_Key = TypeVar("_Key", int, Document)


def compared_totals(
    draft: ImportDraft, people: Mapping[Document, _Key]
) -> dict[tuple[_Key, int], tuple[int | None, int]]:
    """Return, by person and year, the stated total, None if there is none, and that of the rows."""
    found: dict[tuple[_Key, int], int] = defaultdict(int)
    for row in draft.rows:
        found[people[row.identity.document], row.credited_year] += row.centihours
    stated: dict[tuple[_Key, int], int] = defaultdict(int)
    for total in draft.stated:
        stated[people[total.identity.document], total.credited_year] += total.centihours
    return {key: (stated.get(key), found.get(key, 0)) for key in {**found, **stated}}


def standing_import(session: Session, vault: Vault, draft: ImportDraft) -> RecordImport | None:
    """Return the import in which just these records were proposed and stand; None for new ones."""
    digest = _digest(vault, draft)
    return session.scalar(select(RecordImport).where(RecordImport.digest == digest, _STANDS))


def known_rows(
    session: Session, draft: ImportDraft, scheme: str, people: Mapping[Document, int]
) -> Iterator[KnownRow]:
    """Yield the rows of whose person, year and subject an import speaks already.

    Args:
        session: any session.
        draft: the rows.
        scheme: the one under which they would be credited.
        people: keys of those who are on record; all keys of one person are looked under.
    """
    groups = linked_people(session, set(people.values()))
    standing = _standing_rows(session, {key for group in groups.values() for key in group}, scheme)
    for place, row in enumerate(draft.rows):
        for key in groups.get(people.get(row.identity.document, 0), ()):
            for other in standing.get((key, row.credited_year, row.subject), ()):
                same = other.centihours == row.centihours
                yield KnownRow(place, other.import_no, other.centihours, same)


def _standing_rows(
    session: Session, people: Iterable[int], scheme: str
) -> Mapping[tuple[int, int, str], list[ImportRow]]:
    found: dict[tuple[int, int, str], list[ImportRow]] = defaultdict(list)
    keys = sorted(people)
    query = (
        select(ImportRow)
        .join(RecordImport, RecordImport.import_no == ImportRow.import_no)
        .where(RecordImport.scheme == scheme, _STANDS)
    )
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        for row in session.scalars(query.where(ImportRow.person_id.in_(chunk))):
            found[row.person_id, row.credited_year, row.subject].append(row)
    return found


def differing_totals(session: Session, import_no: str) -> Sequence[ImportTotal]:
    """Return where rows and stated totals of an import differ, by person and year."""
    query = select(ImportTotal).where(ImportTotal.import_no == import_no)
    return session.scalars(
        query.where(
            ImportTotal.stated_centihours.is_distinct_from(ImportTotal.found_centihours)
        ).order_by(ImportTotal.person_id, ImportTotal.credited_year)
    ).all()


def misnamed_rows(
    session: Session, vault: Vault, rows: Sequence[RecordRow | StatedTotal]
) -> list[int]:
    """Return which rows, from 0, bear a number that is on record under another name.

    A number that nobody has yet goes by the name of its first row.
    """
    held = names_held(session, vault, rows)
    return [
        place
        for place, row in enumerate(rows)
        if not agrees(row.identity.name, held[row.identity.document])
    ]


def names_held(
    session: Session, vault: Vault, rows: Sequence[RecordRow | StatedTotal]
) -> dict[Document, Sequence[str]]:
    """Return the names under which each number goes, the newest first."""
    people = find_people(session, vault, {row.identity.document for row in rows})
    names = names_of(session, vault, set(people.values()))
    held: dict[Document, Sequence[str]] = {
        document: names[person_id] for document, person_id in people.items()
    }
    for row in rows:
        held.setdefault(row.identity.document, (row.identity.name,))
    return held


def approve_import(
    session: Session, vault: Vault, import_no: str, *, actor: str, now: datetime,
    accepted: str = "",
) -> RecordImport:  # fmt: skip
    """Credit an import's rows; approving it again changes nothing.

    Args:
        session: the caller's unit of work.
        vault: opens the secrets behind the salts.
        import_no: which.
        actor: whoever approves.
        now: the instant.
        accepted: why rows and stated totals may differ, in words; it stands in the act.

    Raises:
        ImportUnknownError: there is none of this number.
        ImportStateError: it was withdrawn.
        SecondPersonWantedError: the actor proposed it.
        ImportDifferencesError: rows and stated totals differ, and nothing says why they may.
        ImportRowKnownError: one of its rows was credited by another import meanwhile.
    """
    record = _locked(session, import_no, not_in=ImportState.WITHDRAWN)
    if record.approved_by is not None:
        return record
    if record.proposed_by == actor:
        raise SecondPersonWantedError
    differences = len(differing_totals(session, import_no))
    if differences and not accepted:
        raise ImportDifferencesError(import_no=import_no, count=differences)
    record.differences_accepted = accepted if differences else None
    files = import_files_named(session, vault, import_no)
    act = _open(session, record, differences, files, actor=actor, now=now)
    source, _use = lock_source(session, import_no)
    rows = session.scalars(
        select(ImportRow).where(ImportRow.import_no == import_no).order_by(ImportRow.row_no)
    ).all()
    groups = lock_linked(session, {row.person_id for row in rows})
    _refuse_credited(session, record, rows, groups)
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


def withdraw_import(
    session: Session, import_no: str, reason: str, *, actor: str, now: datetime
) -> RecordImport:
    """Decide that an import is never approved; its records may be proposed again.

    Whoever proposed it may take it back, and a second official may refuse it. Withdrawing it again
    changes nothing.

    Args:
        session: the caller's unit of work.
        import_no: which.
        reason: why, in words; it stands in the act.
        actor: whoever decides.
        now: the instant.

    Raises:
        ImportUnknownError: there is none of this number.
        ImportStateError: it was approved; its hours are taken back by an investigation.
    """
    record = _locked(session, import_no, not_in=ImportState.APPROVED)
    if record.withdrawn_by is not None:
        return record
    details: dict[str, Canonical] = {
        "scheme": record.scheme, "rows": record.row_count, "digest": record.digest.hex(),
        "proposed_by": record.proposed_by, "reason_text": reason,
    }  # fmt: skip
    draft = ActDraft("import.withdrawn", record.jurisdiction, actor, import_no, details)
    record_act(session, draft, now=now)
    record.withdrawn_by, record.withdrawn_because = actor, reason
    return record


def _locked(session: Session, import_no: str, *, not_in: ImportState) -> RecordImport:
    record = session.get(RecordImport, import_no, with_for_update=True)
    if record is None:
        raise ImportUnknownError(import_no=import_no[:20])
    if record.state is not_in:
        raise ImportStateError(import_no=import_no, state=record.state)
    return record


def _refuse_credited(
    session: Session, record: RecordImport, rows: Sequence[ImportRow],
    groups: Mapping[int, tuple[int, ...]],
) -> None:  # fmt: skip
    """Refuse if another import credited one of these rows since they were proposed."""
    standing = _standing_rows(
        session, {key for each in groups.values() for key in each}, record.scheme
    )
    others = {each.import_no for found in standing.values() for each in found}
    credited = set(
        session.scalars(
            select(RecordImport.import_no).where(
                RecordImport.import_no.in_(others), RecordImport.approved_by.is_not(None)
            )
        )
    )
    for row in rows:
        for key in groups[row.person_id]:
            for other in standing.get((key, row.credited_year, row.subject), ()):
                if other.import_no in credited and other.centihours == row.centihours:
                    raise ImportRowKnownError(row_no=row.row_no, import_no=other.import_no)


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
    return list({row.identity.document: row.identity for row in reversed(draft.said)}.values())


def _digest(vault: Vault, draft: ImportDraft) -> bytes:
    return vault.fingerprint(hashlib.sha256(canonical_bytes(_content(draft))).digest())


def _totals_digest(vault: Vault, draft: ImportDraft) -> bytes | None:
    if not draft.stated:
        return None
    said: list[list[str | int]] = sorted(
        [
            str(total.identity.document.kind), total.identity.document.number,
            total.credited_year, total.centihours,
        ]
        for total in draft.stated
    )  # fmt: skip
    return vault.fingerprint(hashlib.sha256(canonical_bytes(said)).digest())


def _content(draft: ImportDraft) -> list[list[str | int]]:
    # Sorted, so that the same records in another order are the same records.
    return sorted(
        [
            str(row.identity.document.kind), row.identity.document.number, row.credited_year,
            row.subject, row.centihours,
        ]
        for row in draft.rows
    )  # fmt: skip


def _open(
    session: Session, record: RecordImport, differences: int, files: Mapping[str, Canonical], *,
    actor: str, now: datetime,
) -> RecordedAct:  # fmt: skip
    bounds = Bounds(record.people, record.person_centihours_max)
    reconciled: dict[str, Canonical] = {}
    if record.totals_digest is not None:
        reconciled = {
            "totals_digest": record.totals_digest.hex(),
            "differences": differences,
            "differences_accepted": record.differences_accepted or "",
        }
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
                **reconciled,
                **files,
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
