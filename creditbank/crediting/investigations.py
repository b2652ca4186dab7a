"""Investigations (核查): hours are frozen by one act, and freed or taken back by another.

What is frozen shows and does not count, and gives its room under the caps to others: what counts
stays a function of the live facts. A copy recognised under another scheme is frozen with its
original by the same act. A credit that several investigations hold is free once the last of them
is closed. While one is open, nothing new is credited within its reach.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from creditbank.attendance.models import Attendance
from creditbank.crediting.fold import FoldContext, fold_again
from creditbank.crediting.freezes import OPEN, Reach, reaches_open
from creditbank.crediting.items import locked_item
from creditbank.crediting.models import (
    DeclaredItem,
    ImportRow,
    InvestigatedCredit,
    Investigation,
    RecognisedTransfer,
)
from creditbank.crediting.recognition import RevocationReason, settle_emptied
from creditbank.crediting.reversals import Held, Ruling, hold, move_whole, take_back
from creditbank.crediting.withdrawals import WithdrawalReason
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.ledger.journal import ActDraft, RecordedAct, record_act
from creditbank.ledger.models import Act, Movement, Source, SourceKind
from creditbank.ledger.posting import CreditState, PersonErasedError, credit_states, credits_of
from creditbank.people.register import Identity, find_person, lock_linked, secrets_of
from creditbank.people.vault import Vault
from creditbank.registry.lawbook import law_of

#: Said with each entry that freezes or frees; of the case itself an entry tells nothing.
UNDER_INVESTIGATION = "investigation"
OPENED, CLOSED = "investigation.opened", "investigation.closed"
#: Rows in one IN list; well below what either driver can bind.
_CHUNK = 5_000
_KEY = (
    InvestigatedCredit.person_id, InvestigatedCredit.scheme, InvestigatedCredit.occasion,
    InvestigatedCredit.revision,
)  # fmt: skip


class InvestigationReason(StrEnum):
    """Why hours are looked into."""

    COMPLAINT = "complaint"
    SAMPLING = "sampling"
    CONFLICTING_RECORDS = "conflicting-records"
    REFERRED = "referred"


class Outcome(StrEnum):
    """How an investigation ends: the hours count again, or are taken back."""

    CLEARED = "cleared"
    FOUND_FALSE = "found-false"


class InvestigationUnknownError(CreditBankError):
    """There is no investigation of this number."""

    code = "investigation-unknown"
    status = 404


class InvestigationClosedError(CreditBankError):
    """The investigation was closed already."""

    code = "investigation-closed"
    status = 409


class InvestigationKnownError(CreditBankError):
    """An open investigation reaches all of this already."""

    code = "investigation-known"
    status = 409


class NothingToFreezeError(CreditBankError):
    """No hours stand there that could be frozen: there were none, or they were taken back."""

    code = "nothing-to-freeze"
    status = 409


@dataclass(frozen=True, slots=True)
class InvestigationDraft:
    """What is to be looked into: a source, of it perhaps one person or one session or part.

    `case_no` is the number of the office's file.
    """

    source_no: str
    case_no: str
    reason: InvestigationReason
    actor: str
    identity: Identity | None = field(default=None, repr=False)
    occasion: str = ""


@dataclass(frozen=True, slots=True)
class _People:
    """Everybody concerned, locked: their linked keys and their secrets."""

    groups: Mapping[int, tuple[int, ...]]
    secrets: Mapping[int, bytes]

    def of(self, states: Iterable[CreditState]) -> set[tuple[int, ...]]:
        """Return the groups of those who hold these credits."""
        return {self.groups[state.credit.person_id] for state in states}


def investigation_numbered(session: Session, investigation_no: str) -> Investigation:
    """Return an investigation as it now stands.

    Raises:
        InvestigationUnknownError: there is none of this number.
    """
    found = session.get(Investigation, investigation_no, populate_existing=True)
    if found is None:
        raise InvestigationUnknownError(investigation_no=investigation_no[:20])
    return found


def open_investigation(
    session: Session, vault: Vault, draft: InvestigationDraft, *, now: datetime
) -> Investigation:
    """Freeze what stands within the reach of an investigation, by one act.

    Raises:
        SourceUnknownError: nobody opened such a source.
        PersonUnknownError, IdentityMismatchError: number and name do not lead to one person.
        InvestigationKnownError: an open one reaches all of it.
        NothingToFreezeError: nothing stands there.
        PersonErasedError: of all who hold something there the secrets were erased.
    """
    held = hold(session, draft.source_no)
    source = held.source
    person_id = find_person(session, vault, draft.identity) if draft.identity else None
    keys = {person_id} if person_id is not None else _people_under(session, source)
    people = _locked(session, vault, keys)
    _require_new(session, source, Reach(person_id, draft.occasion), people)
    reached = [
        state
        for state in _standing(session, people.groups, source.scheme)
        if state.credit.source_id == source.source_id
        and draft.occasion in {"", state.credit.occasion}
    ]
    if not reached:
        raise NothingToFreezeError(source_no=draft.source_no)
    # Of whom the secret was erased no leaf can be made; the others are frozen all the same.
    reached = [state for state in reached if state.credit.person_id in people.secrets]
    if not reached:
        raise PersonErasedError
    act, opened = _record(session, draft, source, reached, person_id, now=now)
    chosen = [*reached, *_copies(session, held, reached, people)]
    session.execute(insert(InvestigatedCredit), [_row(opened, state) for state in chosen])
    fresh = [state for state in chosen if state.is_live]
    ruling = Ruling(act, draft.actor, UNDER_INVESTIGATION)
    _move(session, fresh, Movement.FREEZE, ruling, people, now=now)
    return opened


def close_investigation(
    session: Session,
    vault: Vault,
    investigation_no: str,
    outcome: Outcome,
    *,
    actor: str,
    now: datetime,
) -> Investigation:
    """End an investigation by one act: what it held counts again, or is taken back.

    Raises:
        InvestigationUnknownError, InvestigationClosedError: there is nothing to close.
    """
    source = session.get_one(Source, investigation_numbered(session, investigation_no).source_id)
    if source.kind in {SourceKind.DECISION, SourceKind.DEEMED}:
        locked_item(session, source.source_no)  # before the source, as whoever withdraws it does
    held = hold(session, source.source_no)
    found = investigation_numbered(session, investigation_no)
    if found.state != OPEN:
        raise InvestigationClosedError(investigation_no=investigation_no, state=found.state)
    act = _record_closing(session, found, source, outcome, actor=actor, now=now)
    found.state, found.closed_by, found.closed_at = str(outcome), actor, now
    session.flush()
    keys = _keys_held(session, investigation_no)
    people = _locked(session, vault, {key[0] for key in keys})
    standing = [
        state
        for scheme in sorted({scheme for _, scheme, _, _ in keys})
        for state in _standing(session, people.groups, scheme)
        if state.credit.person_id in people.secrets
    ]
    if outcome is Outcome.CLEARED:
        kept = _held_open(session, people.groups)
        freed = [state for state in standing if _key(state) in keys - kept]
        _move(session, freed, None, Ruling(act, actor, UNDER_INVESTIGATION), people, now=now)
        return found
    live = [state for state in standing if state.credit.source_id == source.source_id]
    false = [state for state in live if _key(state) in keys]
    if false:
        ruling = Ruling(act, actor, str(WithdrawalReason.FINDING))
        context = FoldContext(law_of(session, source.scheme), people.secrets, now)
        take_back(session, held, live, false, ruling, groups=people.of(false), context=context)
        settle_emptied(session, source, str(RevocationReason.FINDING), actor=actor, now=now)
    return found


def _people_under(session: Session, source: Source) -> set[int]:
    """Return everybody who was ever credited under a source."""
    query = {
        SourceKind.FILING: select(Attendance.person_id).where(
            Attendance.filing_no == source.source_no
        ),
        SourceKind.IMPORT: select(ImportRow.person_id).where(
            ImportRow.import_no == source.source_no
        ),
        SourceKind.RECOGNISED: select(RecognisedTransfer.person_id).where(
            RecognisedTransfer.transfer_no == source.source_no
        ),
    }.get(SourceKind(source.kind))
    if query is None:
        query = select(DeclaredItem.person_id).where(DeclaredItem.item_no == source.source_no)
    return set(session.scalars(query.distinct()))


def _locked(session: Session, vault: Vault, keys: Iterable[int]) -> _People:
    groups = lock_linked(session, keys)
    return _People(groups, secrets_of(session, vault, groups))


def _standing(session: Session, people: Iterable[int], scheme: str) -> list[CreditState]:
    """Return the unreversed credits of these people in a scheme."""
    keys, found = sorted(people), []
    for start in range(0, len(keys), _CHUNK):
        entries = credits_of(session, keys[start : start + _CHUNK], scheme)
        found += [state for state in credit_states(entries) if not state.reversed]
    return found


def _require_new(session: Session, source: Source, reach: Reach, people: _People) -> None:
    everybody = people.groups[reach.person_id] if reach.person_id is not None else ()
    for known in reaches_open(session, source.source_id):
        if known.covers(everybody, reach.occasion):
            raise InvestigationKnownError(source_no=source.source_no)


def _record(
    session: Session,
    draft: InvestigationDraft,
    source: Source,
    reached: Sequence[CreditState],
    person_id: int | None,
    *,
    now: datetime,
) -> tuple[RecordedAct, Investigation]:
    """Record the act and the investigation; whose hours they are, the entries alone tell."""
    investigation_no = "E" + random_number(9)
    act = record_act(
        session,
        ActDraft(
            kind=OPENED,
            jurisdiction=source.jurisdiction,
            actor=draft.actor,
            subject=investigation_no,
            details={
                "case_no": draft.case_no,
                "source": source.source_no,
                "occasion": draft.occasion,
                "credits": len(reached),
                "centihours": sum(state.credit.centihours for state in reached),
            },
            reason=str(draft.reason),
            cites=(session.get_one(Act, source.act_id).leaf,),
        ),
        now=now,
    )
    row = {
        "investigation_no": investigation_no, "case_no": draft.case_no,
        "jurisdiction": source.jurisdiction, "source_id": source.source_id,
        "person_id": person_id, "occasion": draft.occasion, "reason": str(draft.reason),
        "state": OPEN, "opened_by": draft.actor, "opened_at": now, "act_id": act.act_id,
    }  # fmt: skip
    made = insert(Investigation).returning(Investigation)
    return act, session.scalars(made, [row]).one()


def _record_closing(
    session: Session,
    found: Investigation,
    source: Source,
    outcome: Outcome,
    *,
    actor: str,
    now: datetime,
) -> RecordedAct:
    return record_act(
        session,
        ActDraft(
            kind=CLOSED,
            jurisdiction=found.jurisdiction,
            actor=actor,
            subject=found.investigation_no,
            details={"case_no": found.case_no, "source": source.source_no},
            reason=str(outcome),
            cites=(session.get_one(Act, found.act_id).leaf,),
        ),
        now=now,
    )


def _row(opened: Investigation, state: CreditState) -> dict[str, object]:
    person_id, scheme, occasion, revision = _key(state)
    return {
        "person_id": person_id, "scheme": scheme, "occasion": occasion, "revision": revision,
        "investigation_no": opened.investigation_no,
    }  # fmt: skip


def _copies(
    session: Session, held: Held, originals: Iterable[CreditState], people: _People
) -> list[CreditState]:
    """Return what other schemes recognised of these credits."""
    leaves = {state.credit.leaf for state in originals}
    found: list[CreditState] = []
    by_scheme: dict[str, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for transfer, source in held.dependents:
        if transfer.origin_leaf in leaves:
            by_scheme[transfer.scheme][transfer.person_id].add(source.source_id)
    for scheme, sources in sorted(by_scheme.items()):
        found += [
            state
            for state in _standing(session, sources, scheme)
            if state.credit.source_id in sources[state.credit.person_id]
            and state.credit.person_id in people.secrets
        ]
    return found


def _move(  # what is moved, by what, for whom
    session: Session,
    states: Sequence[CreditState],
    movement: Movement | None,
    ruling: Ruling,
    people: _People,
    *,
    now: datetime,
) -> None:
    """Freeze or free credits, scheme by scheme, and count the caps again."""
    by_scheme: dict[str, list[CreditState]] = defaultdict(list)
    for state in states:
        by_scheme[state.credit.scheme].append(state)
    for scheme, own in sorted(by_scheme.items()):
        context = FoldContext(law_of(session, scheme), people.secrets, now)
        move_whole(session, own, movement, ruling, context)
        years = {state.credit.credited_year for state in own}
        fold_again(session, people.of(own), years, context)


_CreditKey = tuple[int, str, str, int]


def _key(state: CreditState) -> _CreditKey:
    credit = state.credit
    return credit.person_id, credit.scheme, credit.occasion, credit.revision


def _keys_held(session: Session, investigation_no: str) -> set[_CreditKey]:
    """Return the credits that an investigation holds."""
    query = select(*_KEY).where(InvestigatedCredit.investigation_no == investigation_no)
    return {(row[0], row[1], row[2], row[3]) for row in session.execute(query)}


def _held_open(session: Session, people: Iterable[int]) -> set[_CreditKey]:
    """Return those credits of these people that some open investigation holds."""
    is_open = Investigation.investigation_no == InvestigatedCredit.investigation_no
    query = select(*_KEY).join(Investigation, is_open).where(Investigation.state == OPEN)
    keys, found = sorted(people), set[_CreditKey]()
    for start in range(0, len(keys), _CHUNK):
        chunk = InvestigatedCredit.person_id.in_(keys[start : start + _CHUNK])
        found |= {(row[0], row[1], row[2], row[3]) for row in session.execute(query.where(chunk))}
    return found
