"""Watched verdicts: whatever is sealed of a person, found of who they are, decided of an exemption,
reported of a title or stated of their status, or published as law lets the same question be asked
again; an answer that differs is kept, linked and told.

The watcher's place is a round of the sealer. Marking what a round touches and moving the place is
one transaction; keeping the new answer, its event and taking the mark away is another. So nothing
is missed and nothing told twice, whoever is interrupted. A watch begins marked: what was sealed
between its answer and itself is looked at too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.orm import Session

from creditbank.canonical import canonical_bytes, tagged_digest
from creditbank.errors import CreditBankError
from creditbank.ids import jurisdiction_contains, random_number
from creditbank.ledger.logs import last_seal
from creditbank.ledger.models import Act, Entry, Seal
from creditbank.ledger.seal import rows_between
from creditbank.people.documents import Document, DocumentKind
from creditbank.people.models import PersonLink
from creditbank.people.register import Identity, identity_of, linked_people, names_of, numbers_of
from creditbank.people.vault import Vault
from creditbank.registry.clients import SCOPES_OF, Client, Role
from creditbank.registry.lawbook import law_of
from creditbank.verification.answers import Prepared, SignedAnswer, prepare, store, verdict_numbered
from creditbank.verification.codes import (
    HolderCodeRefusedError,
    code_holds,
    code_of_answer,
    codes_over,
)
from creditbank.verification.exemption_models import Exemption
from creditbank.verification.kept import statement_of
from creditbank.verification.models import Verdict
from creditbank.verification.questions import Ask, Disclosure
from creditbank.verification.review_reports import REPORTED
from creditbank.verification.status_models import StatusRecord
from creditbank.verification.watch_models import ClientEvent, VerdictWatch, WatchPlace

ACTIVE, ENDED = "active", "ended"
#: Another outcome; the same outcome on another ground; nobody may ask any more.
CHANGED, SUPERSEDED, UNWATCHED = "verdict.changed", "verdict.superseded", "verdict.watch-ended"
KINDS = (CHANGED, SUPERSEDED, UNWATCHED)
BY_ASKER = "asker"
#: Rounds that one transaction looks at.
_ROUNDS_MAX = 200
#: Law that is only proposed decides nothing.
_LAW, _ONLY_PROPOSED = "rules.", (".proposed", ".reviewed", ".withdrawn")
_LINKS = ("person.linked", "person.unlinked")
_EXEMPTIONS, _STATUSES = "exemption.", "status."


class VerdictUnwatchableError(CreditBankError):
    """Nobody was on record, or the person's own code holds no more: it cannot be asked again."""

    code = "verdict-unwatchable"
    status = 409


class WatchUnknownError(CreditBankError):
    """The verdict is not watched."""

    code = "watch-unknown"
    status = 404


@dataclass(frozen=True, slots=True)
class Due:
    """A watched verdict that has to be asked again, and the question as it was."""

    verdict_no: str
    current_no: str
    ask: Ask
    client: Client


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking again, as of a round: a new answer and what differs, or a refusal."""

    due: Due
    seal_no: int
    prepared: Prepared | None = None
    changed: tuple[str, ...] = ()
    refusal: str = ""


def watch_verdict(
    session: Session, verdict_no: str, client: Client, *, now: datetime
) -> VerdictWatch:
    """Watch a verdict that one was given; watching again changes nothing, or begins anew.

    What was given by the person's own code is watched as long as that holds: each answer that takes
    the place of another is one more of its uses.

    Raises:
        VerdictUnknownError: there is none, or it is another's.
        VerdictUnwatchableError: it cannot be asked again.
    """
    verdict = verdict_numbered(session, verdict_no, client)
    known = session.get(VerdictWatch, verdict_no, with_for_update=True)
    if known is not None and known.state == ACTIVE:
        return known
    code_no = code_of_answer(session, verdict_no)
    if verdict.person_id is None or (code_no and not code_holds(session, code_no, now=now)):
        raise VerdictUnwatchableError(verdict_no=verdict_no)
    if known is not None:
        known.state, known.ended_at, known.reason, known.due_seal = ACTIVE, None, "", 0
        session.flush()
        return known
    scheme = str(statement_of(verdict)["question"]["scheme"])
    row = {
        "verdict_no": verdict_no, "person_id": verdict.person_id, "client_id": client.client_id,
        "client_jurisdiction": client.jurisdiction, "organisation_id": client.organisation_id,
        "scheme": scheme, "jurisdiction": law_of(session, scheme).jurisdiction,
        "current_no": verdict_no, "state": ACTIVE, "due_seal": 0, "begun_at": now, "reason": "",
    }  # fmt: skip
    return session.scalars(insert(VerdictWatch).returning(VerdictWatch), [row]).one()


def watch_numbered(session: Session, verdict_no: str, client: Client) -> VerdictWatch:
    """Return the watch of a verdict.

    Raises:
        WatchUnknownError: there is none, or it is another's.
    """
    row = session.get(VerdictWatch, verdict_no, with_for_update=True)
    if row is None or row.client_id != client.client_id:
        raise WatchUnknownError(verdict_no=verdict_no[:24])
    return row


def end_watch(session: Session, verdict_no: str, client: Client, *, now: datetime) -> VerdictWatch:
    """Watch a verdict no more.

    Raises:
        WatchUnknownError: it is not watched.
    """
    row = watch_numbered(session, verdict_no, client)
    if row.state == ACTIVE:
        _end(row, BY_ASKER, now)
        session.flush()
    return row


def look_on(session: Session) -> bool:
    """Mark what the next rounds of the sealer touch, and move the place; False if there are none.

    The place is one row, held while it moves: whoever comes second goes on from there.
    """
    place = session.get_one(WatchPlace, 1, with_for_update=True, populate_existing=True)
    rounds = select(Seal).where(Seal.seal_no > place.seal_no).order_by(Seal.seal_no)
    found = session.scalars(rounds.limit(_ROUNDS_MAX)).all()
    if not found:
        return False
    before = session.get(Seal, place.seal_no)
    through = found[-1]
    if session.scalar(select(VerdictWatch.verdict_no).where(_is_active()).limit(1)) is not None:
        _mark(session, before, through)
    place.seal_no = through.seal_no
    return True


def any_due(session: Session) -> bool:
    """Tell whether a watched verdict has to be asked again, or a round was not looked at."""
    newest, place = last_seal(session), session.get_one(WatchPlace, 1)
    if newest is not None and newest.seal_no > place.seal_no:
        return True
    due = select(VerdictWatch.verdict_no).where(VerdictWatch.due_seal.is_not(None))
    return session.scalar(due.limit(1)) is not None


def due_watches(session: Session, vault: Vault, limit: int) -> list[Due]:
    """Return verdicts that have to be asked again."""
    query = select(VerdictWatch).where(VerdictWatch.due_seal.is_not(None))
    found = session.scalars(query.order_by(VerdictWatch.verdict_no).limit(limit))
    return [
        Due(each.verdict_no, each.current_no, _question(session, vault, each), _asker(each))
        for each in found
    ]


def ask_again(session: Session, vault: Vault, due: Due, *, now: datetime) -> Asked:
    """Ask the question as of now, in one snapshot, and say what differs."""
    seal = last_seal(session)
    seal_no = seal.seal_no if seal else 0
    if due.ask.code_no and not code_holds(session, due.ask.code_no, now=now):
        return Asked(due, seal_no, refusal=HolderCodeRefusedError.code)
    try:
        prepared = prepare(session, vault, due.ask, due.client, now=now)
    except CreditBankError as refusal:
        if refusal.status >= 500:  # noqa: PLR2004 # the server's own fault: tried again
            raise
        return Asked(due, seal_no, refusal=refusal.code)
    old = session.get_one(Verdict, due.current_no)
    changed = differences(statement_of(old), prepared)
    if not changed:
        return Asked(due, seal_no)
    statement = dict(prepared.statement) | {"supersedes": due.current_no}
    prepared = replace(
        prepared, statement=statement, payload=b"", question_digest=old.question_digest
    )
    return Asked(due, seal_no, prepared, changed)


def differences(old: dict[str, Any], new: Prepared) -> tuple[str, ...]:
    """Name what differs from an earlier answer: `outcome`, `record`, `law`, `register`."""
    salt = bytes.fromhex(old["record"]["salt"])
    record = tagged_digest("creditbank/record/v1", salt, *new.leaves).hex()
    law, register = ("packs", "adoptions"), ("registered", "exemption")
    differs = {
        "outcome": old["outcome"] != str(new.outcome),
        "record": old["record"]["digest"] != record,
        "law": any(old.get(name) != new.statement.get(name) for name in law),
        "register": any(old.get(name) != new.statement.get(name) for name in register),
    }
    return tuple(name for name, is_other in differs.items() if is_other)


def settle_watch(
    session: Session, asked: Asked, signed: SignedAnswer | None, *, now: datetime
) -> bool:
    """Keep what came of asking again, with its event, and take the mark away; False if the watch
    has moved on meanwhile, and nothing is kept."""
    due = asked.due
    row = session.get_one(
        VerdictWatch, due.verdict_no, with_for_update=True, populate_existing=True
    )
    if row.state != ACTIVE or row.current_no != due.current_no or row.due_seal is None:
        return False
    if asked.prepared is not None and not _may_be_given(session, asked.prepared, now):
        asked = Asked(due, asked.seal_no, refusal=HolderCodeRefusedError.code)
    if asked.prepared is not None and signed is not None:
        store(session, asked.prepared, signed, now=now)
        row.current_no = signed.verdict_no
        kind = CHANGED if "outcome" in asked.changed else SUPERSEDED
        _tell(session, row, _Told(kind, due.current_no, signed.verdict_no, asked.changed), now)
    if row.due_seal <= asked.seal_no:
        row.due_seal = None
    if asked.refusal:
        _end(row, asked.refusal, now)
        _tell(session, row, _Told(UNWATCHED, due.current_no, None, (asked.refusal,)), now)
    session.flush()
    return True


def any_code_over(session: Session, *, now: datetime) -> bool:
    """Tell whether a verdict is still watched though the person's code by which it was given is
    over, revoked or used up."""
    watched = select(VerdictWatch.verdict_no).where(*_by_code_over(now))
    return session.scalar(watched.limit(1)) is not None


def end_with_codes(session: Session, limit: int, *, now: datetime) -> int:
    """End the watches whose codes ended, and tell it; return how many.

    Those that somebody else is at are left for the next time: whoever holds many of these rows
    waits for nobody.
    """
    query = select(VerdictWatch).where(*_by_code_over(now)).order_by(VerdictWatch.verdict_no)
    held = query.limit(limit).with_for_update(of=VerdictWatch, skip_locked=True)
    rows = session.scalars(held.execution_options(populate_existing=True)).all()
    for row in rows:
        refusal = HolderCodeRefusedError.code
        _end(row, refusal, now)
        _tell(session, row, _Told(UNWATCHED, row.current_no, None, (refusal,)), now)
    session.flush()
    return len(rows)


def _by_code_over(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (_is_active(), VerdictWatch.verdict_no.in_(codes_over(now)))


def _may_be_given(session: Session, prepared: Prepared, now: datetime) -> bool:
    """Tell whether the person's code, where it is asked by one, still holds for this answer."""
    code_no = prepared.ask.code_no
    return not code_no or code_holds(session, code_no, now=now, for_a_use=True)


def current_of(session: Session, verdict_no: str) -> VerdictWatch | None:
    """Return the watch of a verdict, if it is or was watched."""
    return session.get(VerdictWatch, verdict_no)


def watches_of(session: Session, client: Client, limit: int) -> list[VerdictWatch]:
    """Return the verdicts that a client watches, the newest first."""
    query = select(VerdictWatch).where(VerdictWatch.client_id == client.client_id, _is_active())
    return list(session.scalars(query.order_by(VerdictWatch.begun_at.desc()).limit(limit)))


def _is_active() -> ColumnElement[bool]:
    return VerdictWatch.state == ACTIVE


def _mark(session: Session, before: Seal | None, through: Seal) -> None:
    people: set[int] = set()
    regions: set[str] = set()
    acts: list[tuple[str, int, str]] = []
    for number, rows in enumerate(rows_between(session, before, through)):
        if number % 2:  # entries follow acts
            people.update(session.scalars(rows.with_only_columns(Entry.person_id)))
            continue
        found = rows.with_only_columns(Act.kind, Act.jurisdiction, Act.act_id, Act.subject)
        for kind, jurisdiction, act_id, subject in session.execute(found):
            acts.append((kind, act_id, subject))
            if kind.startswith(_LAW) and not kind.endswith(_ONLY_PROPOSED):
                regions.add(jurisdiction)
    _mark_people(session, people | _people_named(session, acts), through.seal_no)
    _mark_regions(session, regions, through.seal_no)


def _people_named(session: Session, acts: Sequence[tuple[str, int, str]]) -> set[int]:
    """Return whom acts, as kind, id and subject, are about."""
    links = [act_id for kind, act_id, _ in acts if kind in _LINKS]
    exemptions = [subject for kind, _, subject in acts if kind.startswith(_EXEMPTIONS)]
    statuses = [subject for kind, _, subject in acts if kind.startswith(_STATUSES)]
    reported = [subject for kind, _, subject in acts if kind == REPORTED]
    people: set[int] = set()
    pairs = select(PersonLink).where(PersonLink.act_id.in_(links))
    for link in session.scalars(pairs) if links else ():
        people |= {link.person_id, link.other_person_id}
    if exemptions:
        theirs = select(Exemption.person_id).where(Exemption.exemption_no.in_(exemptions))
        people.update(session.scalars(theirs))
    if statuses:
        theirs = select(StatusRecord.person_id).where(StatusRecord.record_no.in_(statuses))
        people.update(session.scalars(theirs))
    if reported:
        asked = select(Verdict.person_id).where(Verdict.verdict_no.in_(reported))
        people.update(each for each in session.scalars(asked) if each is not None)
    return people


def _mark_people(session: Session, people: set[int], seal_no: int) -> None:
    """Mark the watches of anybody who is, by links, one of these."""
    watched = set(session.scalars(select(VerdictWatch.person_id).where(_is_active())))
    keys = linked_people(session, watched)
    touched = [each for each in watched if people.intersection(keys[each])]
    for start in range(0, len(touched), 500):
        some = touched[start : start + 500]
        session.execute(
            update(VerdictWatch)
            .where(_is_active(), VerdictWatch.person_id.in_(some))
            .values(due_seal=seal_no)
        )


def _mark_regions(session: Session, regions: set[str], seal_no: int) -> None:
    """Mark the watches under law that rests on that of these regions."""
    if not regions:
        return
    under = {
        each
        for each in session.scalars(select(VerdictWatch.jurisdiction).distinct())
        if any(jurisdiction_contains(region, each) for region in regions)
    }
    session.execute(
        update(VerdictWatch)
        .where(_is_active(), VerdictWatch.jurisdiction.in_(under))
        .values(due_seal=seal_no)
    )


def _question(session: Session, vault: Vault, watch: VerdictWatch) -> Ask:
    """Put the question together as it was asked first."""
    verdict = session.get_one(Verdict, watch.verdict_no)
    code_no = code_of_answer(session, watch.verdict_no)
    return asked_as(session, vault, verdict, watch.person_id, code_no)


def asked_as(
    session: Session, vault: Vault, verdict: Verdict, person_id: int, code_no: str = ""
) -> Ask:
    """Put a question about somebody on record together again, from what its answer says of it.

    By a code the answer commits to no whole number, and the person is who made the code.

    Raises:
        PersonUnknownError: no document of theirs is on record any more.
    """
    said = statement_of(verdict)
    asked, asker = said["question"], said["asker"]
    return Ask(
        identity_of(session, vault, person_id) if code_no
        else _identity(session, vault, person_id, said["subject"]),
        asked["scheme"], asked["series"], asked["level"],
        date.fromisoformat(asked["application_day"]), asker["purpose"], asker["legal_basis"],
        dict(asked["stated"]), Disclosure(said["disclose"]),
        specialty=asked.get("specialty", ""), pathway=asked.get("pathway", ""),
        as_of=date.fromisoformat(asked["as_of"]) if asked.get("as_of") else None, code_no=code_no,
    )  # fmt: skip


def _identity(session: Session, vault: Vault, person_id: int, subject: dict[str, Any]) -> Identity:
    """Find the number and name that an answer commits to among those on record."""
    people = linked_people(session, [person_id])[person_id]
    salt, kind = bytes.fromhex(subject["salt"]), subject["document_kind"]
    names = [each for known in names_of(session, vault, people).values() for each in known]
    for numbers in numbers_of(session, vault, people).values():
        for number in numbers:
            for name in names:
                said = canonical_bytes([kind, number, name])
                digest = tagged_digest("creditbank/subject/v1", salt, said)
                if digest.hex() == subject["commitment"]:
                    return Identity(Document(DocumentKind(kind), number), name)
    return identity_of(session, vault, person_id)  # the name was written otherwise


def _asker(watch: VerdictWatch) -> Client:
    role = Role.TITLE_SYSTEM
    return Client(
        watch.client_id, role, SCOPES_OF[role], watch.client_jurisdiction, watch.organisation_id
    )


def _end(row: VerdictWatch, reason: str, now: datetime) -> None:
    row.state, row.ended_at, row.reason, row.due_seal = ENDED, now, reason, None


@dataclass(frozen=True, slots=True)
class _Told:
    kind: str
    verdict_no: str
    superseded_by: str | None
    changed: tuple[str, ...]


def _tell(session: Session, row: VerdictWatch, told: _Told, now: datetime) -> None:
    event = {
        "event_no": "N" + random_number(15), "client_id": row.client_id, "kind": told.kind,
        "watched_no": row.verdict_no, "verdict_no": told.verdict_no,
        "superseded_by": told.superseded_by, "changed": " ".join(told.changed),
        "recorded_at": now,
    }  # fmt: skip
    session.execute(insert(ClientEvent), [event])
