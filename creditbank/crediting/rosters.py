"""Posting a roster: attendance is stored raw, converted once, credited within the filing's bounds.

Good rows are credited, bad rows come back with what was found, what was wanted and what to do; both
happen in one transaction, so a roster is wholly there or wholly not.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from creditbank.attendance.models import Attendance, RosterBatch
from creditbank.attendance.roster import Column, Roster, RosterRow
from creditbank.attendance.ways import Way
from creditbank.canonical import Canonical, canonical_text
from creditbank.clock import civil_day
from creditbank.crediting.fold import FoldContext, entry_counts, fold_again, nothing_cut
from creditbank.crediting.freezes import SourceInvestigatedError, reaches_open
from creditbank.crediting.weighing import GoodRow, Groups, Scales, occasion_of, row_problem
from creditbank.errors import CreditBankError, RowProblem
from creditbank.ids import random_number
from creditbank.ledger.appending import append_rows
from creditbank.ledger.models import Act, Source, SourceUse
from creditbank.ledger.posting import CreditDraft, PostingContext, post_credits
from creditbank.ledger.sources import allowance_of, lock_source, pins_id_of, take
from creditbank.people.documents import Document, is_demo_number
from creditbank.people.names import agrees
from creditbank.people.register import (
    Identity,
    ensure_people,
    lock_linked,
    names_of,
    secrets_of,
)
from creditbank.people.vault import Vault
from creditbank.registry.bank import the_bank
from creditbank.registry.clients import Client
from creditbank.registry.delegates import delegation_open
from creditbank.registry.filing.filings import (
    FilingUnknownError,
    approved_shares,
    delegate_of,
    filing_seen,
    sessions_of,
)
from creditbank.registry.filing.states import require_open
from creditbank.registry.lawbook import law_of
from creditbank.registry.lookups import organisation_of
from creditbank.registry.models import Delegation, Filing, FilingSession, Organisation
from creditbank.registry.successions import holder_of
from creditbank.rules.caps import CapLaw, LiveFact
from creditbank.rules.conversion import (
    ActivityFact,
    Conversion,
    RuleMissingError,
    Step,
    convert,
)
from creditbank.rules.loader import PackMissingError
from creditbank.rules.make_up import MAKE_UP_KEY, windows_of, years_to_make_up
from creditbank.rules.pack import PackChain, PackDraftError, Value


class RosterUnknownError(CreditBankError):
    """No roster was posted under this number, or it is not the asker's to see."""

    code = "roster-unknown"
    status = 404


class Phase(StrEnum):
    """How far a roster is, in the order of its steps."""

    READING = "reading"
    PEOPLE = "people"
    WEIGHING = "weighing"
    CREDITING = "crediting"
    CAPS = "caps"


#: Is told the step, and how many rows of all it has done (of caps, how many people).
Told = Callable[[Phase, int, int], None]
#: What `RuleMissingError` names where nothing lets a year be made up.
#: Rows, or people, between two words on how far it is.
TOLD_EVERY = 2_000


def silent(_phase: Phase, _done: int, _total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class RosterPosting:
    """Who posts which roster under which filing: the holder, or a delegate (the organisation).

    `told` hears how far it is; it must not write through the session that posts. What `corrects`
    is posted after the filing was closed, too. `way` is kept with the facts of each credit.
    """

    filing: Filing
    roster: Roster
    actor: str
    told: Told = silent
    corrects: bool = False
    delegate_id: int | None = None
    way: Way | None = None


@dataclass(frozen=True, slots=True)
class CreditedRow:
    """A row that was credited, and how its minutes became hours."""

    row_no: int
    day: date
    attended_minutes: int
    conversion: Conversion


@dataclass(frozen=True, slots=True)
class RosterResult:
    """What became of a roster: hours in centihours, and each row in the order of the file.

    `capped_centihours` is what caps hold now and did not hold before this roster.
    """

    roster_no: str
    filing_no: str
    rows_credited: int
    people_credited: int
    credited_centihours: int
    capped_centihours: int
    rows: tuple[CreditedRow, ...]
    problems: tuple[RowProblem, ...]
    #: by which it was posted in the holder's stead; empty for the holder's own posting
    delegation_no: str


@dataclass(frozen=True, slots=True)
class _Desk:
    """What a roster is held against."""

    filing: Filing
    sessions: Mapping[date, FilingSession]
    #: of the hours that the filing was approved with, by session
    approved_centihours: Mapping[int, int | None]
    law: PackChain
    source: Source
    today: date
    demo_bank: bool
    #: empty where the holder itself posts
    delegation_no: str
    way: Way | None


def post_roster(
    session: Session, vault: Vault, posting: RosterPosting, *, now: datetime
) -> RosterResult:
    """Credit a roster's good rows and tell what is wrong with the others.

    Raises:
        FilingNotApprovedError, FilingNotOpenError: the filing takes no rosters, or not now.
        DelegationNotOpenError, FilingUnknownError: nothing is delegated, or not now.
        SourceInvestigatedError: the whole filing is under investigation.
        NotRecognisedError, RuleMissingError: the rules in force do not credit its sessions.
    """
    filing = posting.filing
    source, use = _open_source(session, posting, civil_day(now))
    delegation_no = _delegation(session, posting, civil_day(now))
    investigated = reaches_open(session, source.source_id)
    if any(each.is_whole for each in investigated):
        raise SourceInvestigatedError(source_no=filing.filing_no)
    sessions = sessions_of(session, filing.filing_no)
    shares = approved_shares(filing.approved_centihours, sessions)
    desk = _Desk(
        filing=filing,
        sessions={planned.day: planned for planned in sessions},
        approved_centihours={
            planned.session_no: share for planned, share in zip(sessions, shares, strict=True)
        },
        law=law_of(session, filing.scheme),
        source=source,
        today=civil_day(now),
        demo_bank=the_bank(session).mode == "demo",
        delegation_no=delegation_no,
        way=posting.way,
    )
    datable, problems = _datable_rows(posting.roster.rows, desk)
    posting.told(Phase.PEOPLE, 0, len(datable))
    people = _people_of(session, vault, datable, now=now)
    groups = lock_linked(session, people.values())
    secrets = secrets_of(session, vault, list(groups))
    named, misnamed = _named_rows(session, vault, datable, people)
    scales = Scales(allowance_of(session, source), use, groups, secrets, investigated)
    scales.read(session, filing.scheme, [occasion_of(each) for each in desk.sessions.values()])
    good, refused = _weigh(scales, desk, named, posting.told)
    roster_no = "R" + random_number(9)
    context = FoldContext(desk.law, secrets, now)
    _post(session, desk, good, roster_no, context, posting.told)
    capped = _fold(session, desk, good, groups, context, posting.told)
    take(session, source, scales.taking)
    result = RosterResult(
        roster_no=roster_no,
        filing_no=filing.filing_no,
        rows_credited=len(good),
        people_credited=len({row.person_id for row in good}),
        credited_centihours=sum(row.conversion.centihours for row in good),
        capped_centihours=capped,
        rows=tuple(
            CreditedRow(each.row.row_no, each.row.day, each.row.attended_minutes, each.conversion)
            for each in good
        ),
        problems=_in_file_order(posting.roster.problems, problems, misnamed, refused),
        delegation_no=delegation_no,
    )
    _record_batch(session, posting, result, vault.fingerprint(posting.roster.digest), now=now)
    return result


def _open_source(session: Session, posting: RosterPosting, today: date) -> tuple[Source, SourceUse]:
    filing = posting.filing
    require_open(filing, today, corrects=posting.corrects)
    source, use = lock_source(session, filing.filing_no)
    # Whoever closes, suspends or revokes it holds the source: it may have happened meanwhile.
    session.refresh(filing)
    require_open(filing, today, corrects=posting.corrects)
    return source, use


def _delegation(session: Session, posting: RosterPosting, today: date) -> str:
    """Return the delegation by which a roster is posted, kept from ending until it is."""
    if posting.delegate_id is None:
        return ""
    filing = posting.filing
    found = delegation_open(session, filing, posting.delegate_id, today, locked=True)
    if found is None:
        raise FilingUnknownError(filing_no=filing.filing_no)
    return found.delegation_no


def rehearse_roster(
    session: Session, vault: Vault, posting: RosterPosting, *, now: datetime
) -> RosterResult:
    """Post a roster and take every trace of it back: what would become of it, now.

    Raises:
        FilingNotApprovedError, FilingNotOpenError, SourceInvestigatedError, NotRecognisedError,
            RuleMissingError: as when it is posted.
    """
    rehearsal = session.begin_nested()
    try:
        return post_roster(session, vault, posting, now=now)
    finally:
        rehearsal.rollback()


def make_up_years_of(session: Session, filing: Filing) -> tuple[int, ...]:
    """Return the earlier years that the sessions of a filing may be meant to make up.

    Where no law is in force there are none.
    """
    try:
        law = law_of(session, filing.scheme)
    except (PackMissingError, PackDraftError):
        return ()
    days = (planned.day for planned in sessions_of(session, filing.filing_no))
    years = {year for day in days for year in years_to_make_up(filing.activity, day, law)}
    return tuple(sorted(years))


def roster_seen(
    session: Session, client: Client, roster_no: str, today: date
) -> tuple[RosterBatch, Filing]:
    """Return a roster and its filing: the holder's, an official's region, or a delegate's posting.

    Raises:
        RosterUnknownError: nobody posted one under this number, or it is not the asker's to see.
        DelegationNotOpenError, RegionForeignError: as `filing_seen` says.
    """
    batch = roster_numbered(session, roster_no)
    try:
        filing = filing_seen(session, client, batch.filing_no, delegated_on=today)
    except FilingUnknownError as error:
        raise RosterUnknownError(roster_no=roster_no[:20]) from error
    delegate_id = delegate_of(session, client, filing)
    if delegate_id is not None and batch not in rosters_of(session, batch.filing_no, delegate_id):
        raise RosterUnknownError(roster_no=roster_no[:20])
    return batch, filing


def sides_of(
    session: Session, batch: RosterBatch, filing: Filing
) -> tuple[Organisation, Organisation]:
    """Return the organisation that posted a roster, and the one for which it did."""
    delegation = session.get(Delegation, batch.delegation_no) if batch.delegation_no else None
    # What has become of the holder since does not make another the poster.
    holder_id = holder_of(session, filing, batch.recorded_at) or filing.organisation_id
    sides = (
        (holder_id, holder_id)
        if delegation is None
        else (delegation.delegate_id, delegation.organisation_id)
    )
    poster, holder = (organisation_of(session, each) for each in sides)
    return poster, holder


def roster_numbered(session: Session, roster_no: str) -> RosterBatch:
    """Return what was recorded of a roster.

    Raises:
        RosterUnknownError: nobody posted one under this number.
    """
    batch = session.get(RosterBatch, roster_no)
    if batch is None:
        raise RosterUnknownError(roster_no=roster_no[:20])
    return batch


def rosters_of(
    session: Session, filing_no: str, delegate_id: int | None = None
) -> Sequence[RosterBatch]:
    """Return the rosters posted under a filing, oldest first; with a delegate those it posted."""
    query = select(RosterBatch).where(RosterBatch.filing_no == filing_no)
    if delegate_id is not None:
        query = query.join(Delegation, Delegation.delegation_no == RosterBatch.delegation_no)
        query = query.where(Delegation.delegate_id == delegate_id)
    return session.scalars(query.order_by(RosterBatch.recorded_at)).all()


def trace_of(steps: Sequence[Step]) -> list[Canonical]:
    """Return a conversion's steps as they are kept in the facts of a credit."""
    trace: list[Canonical] = []
    for step in steps:
        line: dict[str, Canonical] = {"code": step.code, "facts": dict(step.facts)}
        if step.value is not None:
            line |= {
                "scheme": step.value.scheme,
                "key": step.value.key,
                "from": step.value.from_.isoformat(),
                "basis": str(step.value.basis),
                "reference": step.value.reference.id if step.value.reference else "",
            }
        trace.append(line)
    return trace


def steps_of_trace(trace: Sequence[Mapping[str, Any]], chain: PackChain) -> Iterator[Step]:
    """Read steps back as `trace_of` kept them, each with the value that it used."""
    for line in trace:
        value = _value_used(line, chain) if "key" in line else None
        yield Step(line["code"], line["facts"], value)


def _value_used(line: Mapping[str, str], chain: PackChain) -> Value:
    return next(
        value
        for pack in chain.packs
        if pack.id == line["scheme"]
        for value in pack.values[line["key"]]
        if value.from_.isoformat() == line["from"]
    )


def _datable_rows(
    rows: Sequence[RosterRow], desk: _Desk
) -> tuple[list[RosterRow], list[RowProblem]]:
    """Keep the rows whose day is one of the filing's sessions, already held."""
    kept: list[RosterRow] = []
    problems: list[RowProblem] = []
    for row in rows:
        problem = _day_problem(row, desk)
        if problem is None:
            kept.append(row)
        else:
            problems.append(problem)
    return kept, problems


def _day_problem(row: RosterRow, desk: _Desk) -> RowProblem | None:
    found = row.day.isoformat()
    if row.day not in desk.sessions:
        wanted = sorted(day.isoformat() for day in desk.sessions)
        return row_problem(row, Column.DAY, "roster-day-not-filed", found=found, wanted=wanted)
    if row.day > desk.today:
        today = desk.today.isoformat()
        return row_problem(row, Column.DAY, "roster-day-not-come", found=found, wanted=today)
    if is_demo_number(row.document) != desk.demo_bank:
        code = "roster-number-real" if desk.demo_bank else "roster-number-demo"
        return row_problem(row, Column.NUMBER, code)
    return None


def _people_of(
    session: Session, vault: Vault, rows: Sequence[RosterRow], *, now: datetime
) -> dict[Document, int]:
    identities = {row.document: Identity(row.document, row.name) for row in reversed(rows)}
    return ensure_people(session, vault, list(identities.values()), now=now)


def _named_rows(
    session: Session, vault: Vault, rows: Sequence[RosterRow], people: Mapping[Document, int]
) -> tuple[list[tuple[RosterRow, int]], list[RowProblem]]:
    """Keep the rows whose name is one on record for their number."""
    names = names_of(session, vault, set(people.values()))
    kept: list[tuple[RosterRow, int]] = []
    problems: list[RowProblem] = []
    for row in rows:
        person_id = people[row.document]
        if agrees(row.name, names[person_id]):
            kept.append((row, person_id))
        else:
            problems.append(row_problem(row, Column.NAME, "roster-name-differs"))
    return kept, problems


def _weigh(
    scales: Scales, desk: _Desk, rows: Sequence[tuple[RosterRow, int]], told: Told
) -> tuple[list[GoodRow], list[RowProblem]]:
    converted: dict[tuple[int, int, int | None], Conversion] = {}
    good: list[GoodRow] = []
    problems: list[RowProblem] = []
    for done, (row, person_id) in enumerate(rows):
        if done % TOLD_EVERY == 0:
            told(Phase.WEIGHING, done, len(rows))
        planned = desk.sessions[row.day]
        key = (planned.session_no, row.attended_minutes, row.make_up_year)
        if key not in converted:
            try:
                converted[key] = _convert(desk, planned, row)
            except RuleMissingError as error:
                if error.facts["key"] != MAKE_UP_KEY:
                    raise
                problems.append(_make_up_problem(desk, row))
                continue
        weighed = scales.weigh(row, person_id, planned, converted[key])
        if isinstance(weighed, GoodRow):
            good.append(weighed)
        else:
            problems.append(weighed)
    return good, problems


def _make_up_problem(desk: _Desk, row: RosterRow) -> RowProblem:
    """Say that the row's day makes up no such year, and on which days it could be made up."""
    year = row.make_up_year or 0
    windows = windows_of(desk.filing.activity, desk.filing.subject, year, desk.law)
    if not windows:
        return row_problem(row, Column.MAKE_UP, "roster-make-up-none", found=year)
    days, day = list(map(str, windows)), row.day.isoformat()
    return row_problem(row, Column.MAKE_UP, "roster-make-up-closed", found=year, day=day, days=days)


def _convert(desk: _Desk, planned: FilingSession, row: RosterRow) -> Conversion:
    filing = desk.filing
    return convert(
        ActivityFact(
            activity=filing.activity,
            form=filing.form,
            release=filing.release,
            subject=filing.subject,
            day=planned.day,
            planned_minutes=planned.planned_minutes,
            planned_half_days=planned.planned_half_days,
            attended_minutes=row.attended_minutes,
            approved_centihours=desk.approved_centihours[planned.session_no],
            make_up_year=row.make_up_year,
        ),
        desk.law,
    )


def _post(  # noqa: PLR0917 # what the rows are posted with
    session: Session,
    desk: _Desk,
    good: Sequence[GoodRow],
    roster_no: str,
    context: FoldContext,
    told: Told,
) -> None:
    """Write attendance and credits."""
    if not good:
        return
    pins = desk.law.pins()
    leaf = session.get_one(Act, desk.source.act_id).leaf
    posting = PostingContext(
        desk.source.source_id, leaf, pins_id_of(session, pins), pins, context.now
    )
    append_rows(session, Attendance, [_attendance(row, roster_no) for row in good])
    told_facts: dict[tuple[int, int], tuple[str, str]] = {}
    for done in range(0, len(good), TOLD_EVERY):
        told(Phase.CREDITING, done, len(good))
        drafts = []
        for row in good[done : done + TOLD_EVERY]:
            # Of two equal attendances the facts differ by the row alone.
            alike = row.planned.session_no, id(row.conversion)
            if alike not in told_facts:
                told_facts[alike] = _facts_around_row(desk, row, roster_no)
            drafts.append(_draft(desk, row, told_facts[alike]))
        post_credits(session, drafts, posting, context.secrets)


def _fold(  # noqa: PLR0917 # whose rows are folded with what
    session: Session,
    desk: _Desk,
    good: Sequence[GoodRow],
    groups: Groups,
    context: FoldContext,
    told: Told,
) -> int:
    """Write what the caps change; return centihours newly capped."""
    touched = sorted({groups[row.person_id] for row in good})
    uncut = _uncut(session, desk, good, groups)
    years = {row.conversion.credited_year for row in good}
    capped = 0
    for done in range(0, len(touched), TOLD_EVERY):
        told(Phase.CAPS, done, len(touched))
        cut = [group for group in touched[done : done + TOLD_EVERY] if group not in uncut]
        if cut:
            capped += fold_again(session, cut, years, context)
    return capped


def _uncut(
    session: Session, desk: _Desk, good: Sequence[GoodRow], groups: Groups
) -> set[tuple[int, ...]]:
    """Return those who have nothing but these rows, of which the caps let everything count.

    Most of a large roster: they need not be read back.
    """
    alike: dict[tuple[int, int], LiveFact] = {}
    facts: dict[tuple[int, ...], list[LiveFact]] = defaultdict(list)
    for row in good:
        key = row.planned.session_no, id(row.conversion)
        if key not in alike:
            alike[key] = _live_fact(desk, row)
        facts[groups[row.person_id]].append(alike[key])
    entries = entry_counts(session, [key for group in facts for key in group], desk.filing.scheme)
    caps, found = CapLaw(desk.law), dict[tuple[LiveFact, ...], bool]()
    uncut = set()
    for group, live in facts.items():
        if sum(entries[key] for key in group) == len(live):
            # Many attended the same sessions for the same time.
            pattern = tuple(live)
            if pattern not in found:
                found[pattern] = nothing_cut(pattern, caps)
            if found[pattern]:
                uncut.add(group)
    return uncut


def _live_fact(desk: _Desk, good: GoodRow) -> LiveFact:
    filing, conversion = desk.filing, good.conversion
    return LiveFact(
        occasion_of(good.planned), good.planned.day, conversion.credited_year, conversion.subject,
        filing.activity, conversion.centihours, filing.form, filing.filing_no,
    )  # fmt: skip


def _attendance(good: GoodRow, roster_no: str) -> tuple[object, ...]:
    """Return the columns of an attendance in their order."""
    planned, row = good.planned, good.row
    return (
        good.person_id, planned.filing_no, planned.session_no, good.revision,
        row.attended_minutes, roster_no, row.row_no,
    )  # fmt: skip


def _facts_around_row(desk: _Desk, good: GoodRow, roster_no: str) -> tuple[str, str]:
    """Return the canonical facts of a credit before and behind the number of its row."""
    filing, planned = desk.filing, good.planned
    approved = desk.approved_centihours[planned.session_no]
    facts: dict[str, Canonical] = {
        "kind": "filing",
        "activity": filing.activity,
        "form": filing.form,
        "release": filing.release,
        "filing": filing.filing_no,
        "session": planned.session_no,
        "day": planned.day.isoformat(),
        "planned_minutes": planned.planned_minutes,
        "planned_half_days": planned.planned_half_days,
        "attended_minutes": good.row.attended_minutes,
        "roster": roster_no,
        "trace": trace_of(good.conversion.steps),
    }
    if approved is not None:
        facts["approved_centihours"] = approved
    if filing.version > 1:
        facts["filing_version"] = filing.version
    if desk.delegation_no:
        facts["delegation"] = desk.delegation_no
    if good.row.make_up_year is not None:
        facts["make_up_year"] = good.row.make_up_year
    if desk.way is not None:
        facts["way"] = str(desk.way)
    # Keys of canonical JSON stand in order.
    before = canonical_text({key: facts[key] for key in facts if key < "row"})
    behind = canonical_text({key: facts[key] for key in facts if key > "row"})
    return f'{before[:-1]},"row":', f",{behind[1:]}"


def _draft(desk: _Desk, good: GoodRow, around_row: tuple[str, str]) -> CreditDraft:
    before, behind = around_row
    return CreditDraft(
        person_id=good.person_id,
        scheme=desk.filing.scheme,
        credited_year=good.conversion.credited_year,
        subject=good.conversion.subject,
        earned_on=good.planned.day,
        occasion=occasion_of(good.planned),
        revision=good.revision,
        centihours=good.conversion.centihours,
        facts=f"{before}{good.row.row_no}{behind}",
    )


def _in_file_order(*lists: Sequence[RowProblem]) -> tuple[RowProblem, ...]:
    return tuple(sorted((each for some in lists for each in some), key=lambda p: p.row_no))


def _record_batch(
    session: Session,
    posting: RosterPosting,
    result: RosterResult,
    fingerprint: bytes,
    *,
    now: datetime,
) -> None:
    problems: list[Canonical] = [
        {
            "row_no": problem.row_no,
            "column": problem.column,
            "code": problem.code,
            "facts": {key: value for key, value in problem.facts.items() if value is not None},
        }
        for problem in result.problems
    ]
    row = {
        "roster_no": result.roster_no,
        "filing_no": result.filing_no,
        "posted_by": posting.actor,
        "delegation_no": result.delegation_no or None,
        "recorded_at": now,
        "digest": fingerprint,
        "rows_credited": result.rows_credited,
        "problems": canonical_text(problems),
        "way": str(posting.way or ""),
    }
    session.execute(insert(RosterBatch), [row])
