"""Re-assessments at work: rehearsed person by person, carried out source by source.

Rehearsing only reads, and what it found is written once, at its end. Carrying out is many
transactions, each with all that belongs to some people under one source and with the word that it
is done; so whoever takes the work up after a fall goes on where it stood.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, and_, func, insert, or_, select, update
from sqlalchemy.orm import Session

from creditbank.attendance.models import Attendance
from creditbank.canonical import Canonical, canonical_text
from creditbank.crediting.fold import FoldContext, days_said, facts_key, facts_of, fold_again
from creditbank.crediting.items import locked_item
from creditbank.crediting.models import ReassessedCredit, Reassessment
from creditbank.crediting.reassessing import (
    CARRIED,
    Change,
    Occasion,
    Plan,
    Reconversion,
    Selection,
    Worth,
    changes_of,
    within_bounds,
    worth_at,
)
from creditbank.crediting.reassessments import (
    LAW,
    Outcome,
    ReassessmentState,
    record_completion,
    report_digest,
)
from creditbank.crediting.recognition import settle_emptied
from creditbank.crediting.reversals import Held, Ruling, hold, take_back
from creditbank.crediting.traces import trace_of
from creditbank.errors import CreditBankError
from creditbank.ledger.journal import RecordedAct
from creditbank.ledger.models import Act, Entry, Movement, Source, SourceKind
from creditbank.ledger.posting import (
    CreditDraft,
    CreditState,
    PostingContext,
    credit_states,
    credits_of,
    post_credits,
)
from creditbank.ledger.sources import Taking, allowances, pins_id_of, sources_numbered, take
from creditbank.people.register import lock_linked, secrets_of
from creditbank.people.vault import Vault
from creditbank.registry.lawbook import law_of
from creditbank.rules.pack import PackChain

#: Whoever works at one and has said nothing for so long is gone.
SILENT_SECONDS = 60
#: A work that ended so many who worked at it is given up.
ATTEMPTS_MAX = 20
GIVEN_UP = "reassessment-given-up"
#: People whose credits of one source are carried out in one transaction.
BATCH_PEOPLE = 100
_AT_WORK = {
    ReassessmentState.WAITING: ReassessmentState.REHEARSING,
    ReassessmentState.APPROVED: ReassessmentState.CARRYING,
}


class ReassessmentTakenError(Exception):
    """Another has taken the work up meanwhile: what was done is rolled back."""


@dataclass(frozen=True, slots=True)
class ReassessmentTurn:
    """A work taken up: which, the how-manieth time, and whether it is to be carried out."""

    reassessment_no: str
    attempt: int
    carries: bool


@dataclass(slots=True)
class Report:
    """What a rehearsal has found so far."""

    credits: int = 0
    changes: list[Change] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What is rehearsed: which credits, by which law."""

    scheme: str
    selection: Selection
    law: PackChain
    conversion: Reconversion


def any_waits(session: Session, *, now: datetime) -> bool:
    """Tell whether there is a re-assessment to take up."""
    return session.scalar(select(Reassessment.state).where(_free(now)).limit(1)) is not None


def take_up(session: Session, *, now: datetime) -> ReassessmentTurn | None:
    """Take up the oldest that waits to be rehearsed or carried out, or that was left."""
    query = select(Reassessment).where(_free(now)).order_by(Reassessment.requested_at)
    for found in session.scalars(query.with_for_update(skip_locked=True)):
        state = ReassessmentState(found.state)
        found.state, found.attempt = str(_AT_WORK.get(state, state)), found.attempt + 1
        found.progressed_at = now
        carries = found.state == ReassessmentState.CARRYING
        turn = ReassessmentTurn(found.reassessment_no, found.attempt, carries)
        session.flush()  # what is said of a work is said of the row
        if found.attempt <= ATTEMPTS_MAX:
            return turn
        _fail(session, turn, GIVEN_UP, now)
    return None


def put_back(session: Session, turn: ReassessmentTurn) -> bool:
    """Leave a work to whoever comes next."""
    state = ReassessmentState.APPROVED if turn.carries else ReassessmentState.WAITING
    return _say(session, turn, state=str(state))


def fail(
    session: Session, turn: ReassessmentTurn, error: CreditBankError, *, now: datetime
) -> bool:
    """Say that a work cannot be done, and by which code."""
    return _fail(session, turn, error.code, now)


def _fail(session: Session, turn: ReassessmentTurn, code: str, now: datetime) -> bool:
    state = str(ReassessmentState.FAILED)
    return _say(session, turn, state=state, failed=code, finished_at=now)


def tell_progress(
    session: Session, turn: ReassessmentTurn, done: int, total: int, *, now: datetime
) -> bool:
    """Say how far a rehearsal is; False if it is another's by now, or was taken back."""
    return _say(session, turn, step_done=done, step_total=total, progressed_at=now)


def rehearsal_of(session: Session, turn: ReassessmentTurn) -> Rehearsal:
    """Return what is to be rehearsed.

    Raises:
        PackMissingError, PackDraftError: no law is in force for the scheme any more.
    """
    found = session.get_one(Reassessment, turn.reassessment_no)
    source_id = None
    if found.source_no:
        number = Source.source_no == found.source_no
        source_id = session.scalars(select(Source.source_id).where(number)).one()
    selection = Selection(source_id, found.earned_from, found.earned_to)
    law = law_of(session, found.scheme)
    return Rehearsal(found.scheme, selection, law, Reconversion(law))


def people_reached(session: Session, rehearsal: Rehearsal) -> int:
    """Count the keys that hold, or held, a credit that is asked about."""
    query = select(func.count(Entry.person_id.distinct())).where(*_asked(rehearsal))
    return session.scalar(query) or 0


def people_after(session: Session, rehearsal: Rehearsal, last: int, size: int) -> list[int]:
    """Return the next of these keys in ascending order."""
    query = select(Entry.person_id).where(*_asked(rehearsal), Entry.person_id > last).distinct()
    return list(session.scalars(query.order_by(Entry.person_id).limit(size)))


def rehearse_people(
    session: Session, vault: Vault, rehearsal: Rehearsal, people: Sequence[int], report: Report
) -> None:
    """Convert the credits of some people again and add what would change to the report."""
    entries = credits_of(session, people, rehearsal.scheme)
    by_occasion: dict[Occasion, list[CreditState]] = defaultdict(list)
    for state in credit_states(entries):
        by_occasion[state.credit.person_id, state.credit.occasion].append(state)
    sources = sources_numbered(session, sorted({entry.source_id for entry in entries}))
    changes, looked_at = changes_of(
        session, rehearsal.conversion, by_occasion, sources, rehearsal.selection
    )
    known = secrets_of(session, vault, {change.person_id for change in changes})
    report.credits += looked_at
    report.changes += [
        change if change.person_id in known else replace(change, plan=Plan.ERASED)
        for change in changes
    ]


def finish_rehearsal(
    session: Session, turn: ReassessmentTurn, rehearsal: Rehearsal, report: Report, *, now: datetime
) -> bool:
    """Write a report down; False if the work is another's by now, or was taken back."""
    found = session.get_one(Reassessment, turn.reassessment_no, populate_existing=True)
    packs = canonical_text(rehearsal.law.pins())
    rows = [_row(turn.reassessment_no, change) for change in report.changes]
    digest = report_digest(found, packs, (ReassessedCredit(**row) for row in rows))
    told = _say(
        session, turn, state=str(ReassessmentState.REHEARSED), packs=packs, digest=digest,
        result=canonical_text(_summed(report)), progressed_at=now,
    )  # fmt: skip
    if told and rows:
        session.execute(insert(ReassessedCredit), rows)
    return told


def carry_out_some(
    session: Session, vault: Vault, turn: ReassessmentTurn, *, now: datetime
) -> bool:
    """Carry out what belongs to the next people of the next source; False once nothing is left.

    Raises:
        ReassessmentTakenError: another has taken it up; the caller's transaction must not be
            committed.
    """
    found = session.get_one(Reassessment, turn.reassessment_no, populate_existing=True)
    pending = _pending(turn.reassessment_no)
    source_id = session.scalar(select(func.min(ReassessedCredit.source_id)).where(*pending))
    if source_id is None:
        record_completion(session, found, now=now)
        if not _say(session, turn, state=str(ReassessmentState.DONE), finished_at=now):
            raise ReassessmentTakenError
        return False
    law = law_of(session, found.scheme)
    if canonical_text(law.pins()) != found.packs:
        stays = update(ReassessedCredit).where(*pending)
        session.execute(stays.values(outcome=str(Outcome.LAW_MOVED)))
        done = found.step_total
    else:
        mine = (*pending, ReassessedCredit.source_id == source_id)
        done = found.step_done + _carry(session, vault, found, law, mine, now=now)
    if not _say(session, turn, step_done=done, progressed_at=now):
        raise ReassessmentTakenError
    return True


def _carry(
    session: Session, vault: Vault, found: Reassessment, law: PackChain,
    mine: Sequence[ColumnElement[bool]], *, now: datetime,
) -> int:  # fmt: skip
    """Carry out one batch; return how many of the list it settled."""
    person = ReassessedCredit.person_id
    people = session.scalars(select(person).where(*mine).distinct().order_by(person)).fetchmany(
        BATCH_PEOPLE
    )
    rows = list(session.scalars(select(ReassessedCredit).where(*mine, person.in_(people))))
    source = session.get_one(Source, rows[0].source_id)
    if source.kind in {SourceKind.DECISION, SourceKind.DEEMED}:
        locked_item(session, source.source_no)  # before the source, as whoever withdraws it does
    held = hold(session, source.source_no)
    groups = lock_linked(session, people)
    secrets = secrets_of(session, vault, groups)
    entries = [
        entry
        for entry in credits_of(session, groups, law.scheme)
        if entry.source_id == source.source_id
    ]
    batch = _Batch(held, law, groups, credit_states(entries), FoldContext(law, secrets, now))
    changes = batch.settle(session, rows)
    assert found.approved_by is not None, "what is carried out was approved"
    act = session.get_one(Act, found.act_id)
    ruling = Ruling(RecordedAct(act.act_id, act.leaf), found.approved_by, LAW)
    batch.post(session, changes, ruling, found.reassessment_no)
    return len(rows)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Some people's credits of one source, locked, and what they are converted by."""

    held: Held
    law: PackChain
    groups: Mapping[int, tuple[int, ...]]
    states: Sequence[CreditState]
    context: FoldContext

    @property
    def live(self) -> list[CreditState]:
        """Credits that nobody has reversed."""
        return [state for state in self.states if not state.reversed]

    def settle(self, session: Session, rows: Sequence[ReassessedCredit]) -> list[Change]:
        """Say of each row what becomes of it; return those that are carried out."""
        source, live = self.held.source, self.live
        worths = Reconversion(self.law).worths(session, live, {source.source_id: source})
        changes: list[Change] = []
        by_place = {(row.person_id, row.occasion): row for row in rows}
        for row in by_place.values():
            change, outcome = self._change(row, worths)
            row.outcome = str(outcome)
            if change is not None:
                changes.append(change)
        issued: Counter[tuple[int, int]] = Counter()
        for state in live:
            issued[state.credit.person_id, source.source_id] += state.credit.centihours
        settled = within_bounds(changes, issued, allowances(session, [source]))
        for change in settled:
            if change.plan is Plan.BEYOND_BOUNDS:
                row = by_place[change.person_id, change.occasion]
                row.outcome = str(Outcome.BEYOND_BOUNDS)
        return [change for change in settled if change.plan in CARRIED]

    def _change(
        self, row: ReassessedCredit, worths: Mapping[Occasion, Worth]
    ) -> tuple[Change | None, Outcome]:
        """Return a row as it is to be carried out, or why it stays as it is."""
        old = next((state for state in self.live if state.credit.leaf == row.leaf), None)
        if row.leaf is not None and old is None:
            return None, Outcome.GONE
        if row.leaf is None and not self._may_gain(row):
            return None, Outcome.GONE
        if row.person_id not in self.context.secrets:
            return None, Outcome.ERASED
        if old is not None and old.frozen_centihours:
            return None, Outcome.FROZEN
        worth = worth_at(worths, row.person_id, row.occasion)
        if worth.account != (row.new_centihours, row.new_credited_year, row.new_subject):
            return None, Outcome.DIFFERS
        plan = Plan(row.plan)
        change = Change(row.person_id, row.source_id, row.occasion, old, worth, plan)
        return change, Outcome.DONE

    def _may_gain(self, row: ReassessedCredit) -> bool:
        """Tell whether an item still stands, all of it unfrozen, and has no such part yet."""
        own = [state for state in self.live if state.credit.person_id == row.person_id]
        return all(state.is_live and state.credit.occasion != row.occasion for state in own) and (
            bool(own)
        )

    def post(
        self, session: Session, changes: Sequence[Change], ruling: Ruling, reassessment_no: str
    ) -> None:
        """Reverse what changes, post what it is worth now, and count the caps again."""
        if not changes:
            return
        context, source = self.context, self.held.source
        # Read before anything is reversed: what the new revisions repeat.
        drafts = self._drafts(session, changes, reassessment_no)
        chosen = [change.old for change in changes if change.old is not None]
        if chosen:
            people = {self.groups[state.credit.person_id] for state in chosen}
            take_back(session, self.held, self.live, chosen, ruling, groups=people, context=context)
        if drafts:
            self._credit(session, changes, drafts)
            gone = {id(state) for state in chosen}
            kept = {s.credit.person_id for s in self.live if id(s) not in gone}
            fresh = {draft.person_id for draft in drafts}
            total = sum(draft.centihours for draft in drafts)
            take(session, source, Taking(len(fresh - kept), total))
        settle_emptied(session, source, LAW, actor=ruling.actor, now=context.now)

    def _credit(
        self, session: Session, changes: Sequence[Change], drafts: Sequence[CreditDraft]
    ) -> None:
        pins, context, source = self.law.pins(), self.context, self.held.source
        opening = session.get_one(Act, source.act_id).leaf
        posting = PostingContext(
            source.source_id, opening, pins_id_of(session, pins), pins, context.now
        )
        if source.kind == SourceKind.FILING:
            attended = [
                _attendance_again(session, change.old.credit)
                for change in changes
                if change.old is not None and change.plan is Plan.REPLACE
            ]
            session.execute(insert(Attendance), attended)
        post_credits(session, drafts, posting, context.secrets)
        groups = {self.groups[draft.person_id] for draft in drafts}
        fold_again(session, groups, {draft.credited_year for draft in drafts}, context)

    def _drafts(
        self, session: Session, changes: Sequence[Change], reassessment_no: str
    ) -> list[CreditDraft]:
        rows = facts_of(session, [state.credit for state in self.live])
        drafts = []
        for change in changes:
            if change.plan is not Plan.REPLACE:
                continue
            like = change.old or self._part_of(change.person_id)
            said = json.loads(rows[facts_key(like.credit)].facts)
            drafts.append(_draft(change, like, said, reassessment_no))
        return drafts

    def _part_of(self, person_id: int) -> CreditState:
        """Return any live part of an item: all of them tell the same facts but their number."""
        return next(state for state in self.live if state.credit.person_id == person_id)


def _draft(
    change: Change, like: CreditState, said: dict[str, Any], reassessment_no: str
) -> CreditDraft:
    """Return a credit with the facts of the one before, a new trace and where it comes from."""
    replaces = change.old.credit.leaf.hex() if change.old is not None else ""
    worth = change.worth
    facts: dict[str, Canonical] = {
        **{name: each for name, each in said.items() if name != "days"},
        **days_said(worth.days),
        "trace": trace_of(change.worth.steps),
        "reassessment": {"number": reassessment_no, "replaces": replaces},
    }
    if "part" in facts:
        facts["part"] = int(change.occasion.partition("/")[2])
    return CreditDraft(
        person_id=change.person_id,
        scheme=like.credit.scheme,
        credited_year=change.worth.credited_year,
        subject=change.worth.subject,
        earned_on=worth.earned_on or like.credit.earned_on,
        occasion=change.occasion,
        revision=change.old.credit.revision + 1 if change.old is not None else 0,
        centihours=change.worth.centihours,
        facts=canonical_text(facts),
    )


def _attendance_again(session: Session, credit: Entry) -> dict[str, object]:
    """Return the row of an attendance for the next revision of its credit."""
    filing_no, _, session_no = credit.occasion.partition("/")
    key = (credit.person_id, filing_no, int(session_no), credit.revision)
    row = session.get_one(Attendance, key)
    return {
        "person_id": row.person_id, "filing_no": filing_no, "session_no": row.session_no,
        "revision": credit.revision + 1, "attended_minutes": row.attended_minutes,
        "roster_no": row.roster_no, "row_no": row.row_no,
    }  # fmt: skip


def _asked(rehearsal: Rehearsal) -> tuple[ColumnElement[bool], ...]:
    wanted, selection = [Entry.scheme == rehearsal.scheme], rehearsal.selection
    wanted.append(Entry.movement == str(Movement.CREDIT))
    if selection.source_id is not None:
        wanted.append(Entry.source_id == selection.source_id)
    if selection.earned_from is not None:
        wanted.append(Entry.earned_on >= selection.earned_from)
    if selection.earned_to is not None:
        wanted.append(Entry.earned_on <= selection.earned_to)
    return tuple(wanted)


def _pending(reassessment_no: str) -> tuple[ColumnElement[bool], ...]:
    return (
        ReassessedCredit.reassessment_no == reassessment_no,
        ReassessedCredit.outcome == "",
        ReassessedCredit.plan.in_(sorted(map(str, CARRIED))),
    )


def _row(reassessment_no: str, change: Change) -> dict[str, Any]:
    old, new = change.old, change.worth
    return {
        "person_id": change.person_id, "reassessment_no": reassessment_no,
        "occasion": change.occasion, "source_id": change.source_id,
        "leaf": old.credit.leaf if old else None,
        "centihours": old.credit.centihours if old else 0,
        "credited_year": old.credit.credited_year if old else 0,
        "subject": old.credit.subject if old else "",
        "new_centihours": new.centihours, "new_credited_year": new.credited_year,
        "new_subject": new.subject, "plan": str(change.plan), "why": new.why, "outcome": "",
    }  # fmt: skip


def _summed(report: Report) -> Canonical:
    """Return counts, and sums of what would be carried out by year and subject; caps aside."""
    before: Counter[tuple[int, str]] = Counter()
    after: Counter[tuple[int, str]] = Counter()
    credits: Counter[tuple[int, str]] = Counter()
    carried = [change for change in report.changes if change.plan in CARRIED]
    for change in carried:
        accounts = set()
        if change.old is not None:
            credit = change.old.credit
            before[credit.credited_year, credit.subject] += credit.centihours
            accounts.add((credit.credited_year, credit.subject))
        if change.worth.centihours:
            after[change.worth.credited_year, change.worth.subject] += change.worth.centihours
            accounts.add((change.worth.credited_year, change.worth.subject))
        credits.update(accounts)
    sums: list[Canonical] = [
        {"year": year, "subject": subject, "credits": credits[year, subject],
         "before": before[year, subject], "after": after[year, subject]}
        for year, subject in sorted(credits)
    ]  # fmt: skip
    return {
        "credits": report.credits,
        "people": len({change.person_id for change in carried}),
        "plans": dict(Counter(str(change.plan) for change in report.changes)),
        "sums": sums,
    }


def _free(now: datetime) -> ColumnElement[bool]:
    silent = and_(
        Reassessment.state.in_(sorted(map(str, _AT_WORK.values()))),
        Reassessment.progressed_at < now - timedelta(seconds=SILENT_SECONDS),
    )
    return or_(Reassessment.state.in_(sorted(map(str, _AT_WORK))), silent)


def _say(session: Session, turn: ReassessmentTurn, **said: object) -> bool:
    state = ReassessmentState.CARRYING if turn.carries else ReassessmentState.REHEARSING
    mine = update(Reassessment).where(
        Reassessment.reassessment_no == turn.reassessment_no,
        Reassessment.attempt == turn.attempt,
        Reassessment.state == str(state),
    )
    changed = session.execute(mine.values(**said))
    assert isinstance(changed, CursorResult)
    return changed.rowcount == 1
