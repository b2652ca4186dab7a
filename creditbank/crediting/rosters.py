"""Posting a roster: attendance is stored raw, converted once, credited within the filing's bounds.

Good rows are credited, bad rows come back with what was found, what was wanted and what to do; both
happen in one transaction, so a roster is wholly there or wholly not.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from creditbank.attendance.models import RosterBatch
from creditbank.attendance.roster import Column, Roster, RosterRow
from creditbank.attendance.ways import Way
from creditbank.canonical import Canonical, canonical_text
from creditbank.clock import civil_day
from creditbank.collecting import uncollected
from creditbank.crediting.fold import FoldContext, untouched_facts
from creditbank.crediting.freezes import SourceInvestigatedError, reaches_open
from creditbank.crediting.kept_files import ROSTERS, NewFile, keep_file
from creditbank.crediting.late_posting import terms_of
from creditbank.crediting.name_checks import (
    Compared,
    Holding,
    PersonRow,
    Try,
    compare_names,
    hold_rows,
    note_tries,
    settle_checks,
)
from creditbank.crediting.rooms import Rooms, read_rooms
from creditbank.crediting.roster_credits import (
    TOLD_EVERY,
    Phase,
    RosterDesk,
    Told,
    attend,
    credit,
    fold_touched,
    silent,
)
from creditbank.crediting.training_days import DayUse, day_uses
from creditbank.crediting.weighing import GoodRow, Groups, Scales, Worth, occasion_of, row_problem
from creditbank.errors import CreditBankError, RowProblem
from creditbank.ids import random_number
from creditbank.ledger.models import Source, SourceUse
from creditbank.ledger.sources import allowance_of, lock_source, take
from creditbank.people.documents import Document, is_demo_number
from creditbank.people.names import agrees
from creditbank.people.register import (
    Identity,
    lock_linked,
    meet_people,
    names_of,
    secrets_of,
)
from creditbank.people.vault import Vault
from creditbank.registry.bank import the_bank
from creditbank.registry.clients import Client
from creditbank.registry.delegates import delegation_open, poster_of
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
from creditbank.rules.conversion import (
    ActivityFact,
    Conversion,
    RuleMissingError,
    convert,
)
from creditbank.rules.loader import PackMissingError
from creditbank.rules.make_up import MAKE_UP_KEY, windows_of, years_to_make_up
from creditbank.rules.pack import PackChain, PackDraftError


class RosterUnknownError(CreditBankError):
    """No roster was posted under this number, or it is not the asker's to see."""

    code = "roster-unknown"
    status = 404


@dataclass(frozen=True, slots=True)
class RosterPosting:
    """Who posts which roster under which filing: the holder, or a delegate (the organisation).

    `told` hears how far it is; it must not write through the session that posts. What `corrects`
    is posted after the filing was closed, too, and is credited or refused: nothing of it is held.
    `way` is kept with the facts of each credit.
    """

    filing: Filing
    roster: Roster
    actor: str
    told: Told = silent
    corrects: bool = False
    delegate_id: int | None = None
    way: Way | None = None
    #: of rows that came by another way than the rest, by their numbers
    ways: Mapping[int, Way] = field(default_factory=dict)
    #: an official has compared them
    names_compared: bool = False
    #: the file from which the roster was read, as it was sent; empty where there is none
    file: bytes = field(default=b"", repr=False)
    #: how the ledger names the file in which a row came that was held then; empty where none did
    came_in: str = ""


class CreditedRow(NamedTuple):
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
    #: names that were tried for numbers on record; they count even if all else is taken back
    tries: tuple[Try, ...] = field(compare=False)


@uncollected()
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
    desk = _desk(session, posting, source, delegation_no, civil_day(now))
    datable, problems = _datable_rows(posting.roster.rows, desk)
    posting.told(Phase.PEOPLE, 0, len(datable))
    people, made = _people_of(session, vault, datable, now=now)
    # Whom nobody else can see yet is neither linked to anybody nor to be locked.
    groups = lock_linked(session, set(people.values()) - made.keys())
    secrets = secrets_of(session, vault, list(groups)) | made
    before = sorted(groups)
    groups |= {person_id: (person_id,) for person_id in made}
    of_people = [(row, people[row.document]) for row in datable]
    compared = _compared(session, vault, posting, of_people, made, now)
    scales = Scales(allowance_of(session, source), use, groups, secrets, investigated)
    occasions = [occasion_of(each) for each in desk.sessions.values()]
    scales.read(session, before, filing.scheme, occasions)
    rooms = read_rooms(session, filing.scheme, desk.sessions.values(), groups)
    roster_no = "R" + random_number(9)
    refused: list[RowProblem] = []
    weighed = _weigh(scales, rooms, desk, compared.kept, posting.told, refused)
    good = attend(session, weighed, roster_no)
    refused += _held(session, vault, posting, desk, scales, compared.held, roster_no, now)
    settle_checks(session, vault, filing.filing_no, good, roster_no)
    context = FoldContext(desk.law, secrets, now)
    earlier = untouched_facts(session, _with_groups(good, groups, made), filing.scheme)
    credit(session, desk, good, roster_no, context, posting.told)
    capped = fold_touched(session, desk, good, groups, earlier, context, posting.told)
    take(session, source, scales.taking)
    result = RosterResult(
        roster_no=roster_no,
        filing_no=filing.filing_no,
        rows_credited=len(good),
        people_credited=len({row.person_id for row in good}),
        credited_centihours=sum(row.worth.conversion.centihours for row in good),
        capped_centihours=capped,
        rows=tuple(map(CreditedRow._make, _rows_credited(good))),
        problems=_in_file_order(posting.roster.problems, problems, compared.problems, refused),
        delegation_no=delegation_no,
        tries=compared.tries,
    )
    _record_batch(session, vault, posting, result, desk.file, now=now)
    return result


def _rows_credited(good: Iterable[GoodRow]) -> Iterator[tuple[int, date, int, Conversion]]:
    for (row_no, _, _, day, attended_minutes, _), _, _, worth in good:
        yield row_no, day, attended_minutes, worth.conversion


def _desk(
    session: Session, posting: RosterPosting, source: Source, delegation_no: str, today: date
) -> RosterDesk:
    filing = posting.filing
    sessions = sessions_of(session, filing.filing_no)
    law = law_of(session, filing.scheme)
    shares = approved_shares(filing.approved_centihours, sessions)
    file = NewFile.of(posting.file) if posting.file else None
    return RosterDesk(
        filing=filing,
        sessions={planned.day: planned for planned in sessions},
        approved_centihours={
            planned.session_no: share for planned, share in zip(sessions, shares, strict=True)
        },
        law=law,
        source=source,
        today=today,
        demo_bank=the_bank(session).mode == "demo",
        delegation_no=delegation_no,
        file=file,
        came_in=file.commitment if file else posting.came_in,
        way=posting.way,
        ways=posting.ways,
        uses=_uses(session, posting, sessions),
        over=_over(session, posting, sessions, law, today),
    )


def _uses(
    session: Session, posting: RosterPosting, sessions: Sequence[FilingSession]
) -> Mapping[date, DayUse] | None:
    """Return what each day was used for; what is put right needs no log, and yet no travel."""
    uses = day_uses(session, posting.filing)
    if uses is None or not posting.corrects:
        return uses
    return {planned.day: DayUse.TRAINING for planned in sessions} | dict(uses)


def _over(  # whose sessions are posted when
    session: Session, posting: RosterPosting, sessions: Sequence[FilingSession], law: PackChain,
    today: date,
) -> Mapping[date, date]:  # fmt: skip
    """Return the days that come too late; what is put right was posted in its time."""
    if posting.corrects:
        return {}
    terms = terms_of(session, posting.filing, sessions, law)
    return {each.day: each.last_day for each in terms if each.is_over(today)}


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
    """Post a roster and take it back: what would become of it, now. Names that it tried count.

    Raises:
        FilingNotApprovedError, FilingNotOpenError, SourceInvestigatedError, NotRecognisedError,
            RuleMissingError: as when it is posted.
    """
    rehearsal = session.begin_nested()
    try:
        # What is taken back needs no file.
        result = post_roster(session, vault, replace(posting, file=b""), now=now)
    finally:
        rehearsal.rollback()
    poster_id = poster_of(session, posting.filing, posting.delegate_id)
    note_tries(session, poster_id, result.tries, now=now)
    return result


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


def _datable_rows(
    rows: Sequence[RosterRow], desk: RosterDesk
) -> tuple[list[RosterRow], list[RowProblem]]:
    """Keep the rows whose day is one of the filing's sessions, already held."""
    kept: list[RosterRow] = []
    problems: list[RowProblem] = []
    one_of_each_day = {row.day: row for row in rows}
    bad_days = {day for day, row in one_of_each_day.items() if _day_problem(row, desk)}
    for row in rows:
        tell = _day_problem if row.day in bad_days else _number_problem
        problem = tell(row, desk)
        if problem is None:
            kept.append(row)
        else:
            problems.append(problem)
    return kept, problems


def _day_problem(row: RosterRow, desk: RosterDesk) -> RowProblem | None:
    found = row.day.isoformat()
    if row.day not in desk.sessions:
        wanted = sorted(day.isoformat() for day in desk.sessions)
        return row_problem(row, Column.DAY, "roster-day-not-filed", found=found, wanted=wanted)
    if row.day > desk.today:
        today = desk.today.isoformat()
        return row_problem(row, Column.DAY, "roster-day-not-come", found=found, wanted=today)
    if row.day in desk.over:
        last = desk.over[row.day].isoformat()
        return row_problem(row, Column.DAY, "roster-posted-late", found=found, last=last)
    if desk.uses is not None and desk.uses.get(row.day) is not DayUse.TRAINING:
        code = "roster-day-travel" if row.day in desk.uses else "roster-day-unlogged"
        return row_problem(row, Column.DAY, code, found=found)
    return None


def _number_problem(row: RosterRow, desk: RosterDesk) -> RowProblem | None:
    if is_demo_number(row.document) != desk.demo_bank:
        code = "roster-number-real" if desk.demo_bank else "roster-number-demo"
        return row_problem(row, Column.NUMBER, code)
    return None


def _people_of(
    session: Session, vault: Vault, rows: Sequence[RosterRow], *, now: datetime
) -> tuple[dict[Document, int], dict[int, bytes]]:
    first_rows = {row.document: row for row in reversed(rows)}
    identities = [Identity(document, row.name) for document, row in first_rows.items()]
    return meet_people(session, vault, identities, now=now)


def _compared(  # noqa: PLR0917 # whose names are compared
    session: Session, vault: Vault, posting: RosterPosting, rows: Sequence[PersonRow],
    made: Container[int], now: datetime,
) -> Compared:  # fmt: skip
    """Part the rows by whether their name is one on record for their number."""
    if posting.names_compared:
        return Compared(list(rows), [], [], ())
    if not posting.corrects:
        poster_id = poster_of(session, posting.filing, posting.delegate_id)
        return compare_names(session, vault, poster_id, rows, made, now=now)
    names = names_of(session, vault, {key for _, key in rows})
    differing = [
        row_problem(row, Column.NAME, "roster-name-differs")
        for row, key in rows
        if not agrees(row.name, names[key])
    ]
    refused = {each.row_no for each in differing}
    return Compared([each for each in rows if each[0].row_no not in refused], [], differing, ())


def _held(  # noqa: PLR0917 # what is held, of which roster
    session: Session, vault: Vault, posting: RosterPosting, desk: RosterDesk, scales: Scales,
    rows: Sequence[PersonRow], roster_no: str, now: datetime,
) -> list[RowProblem]:  # fmt: skip
    """Hold rows for an official; what is credited already needs none."""
    known, held = [], []
    for row, person_id in rows:
        planned = desk.sessions[row.day]
        if scales.is_credited(person_id, occasion_of(planned)):
            day = row.day.isoformat()
            known.append(row_problem(row, Column.DAY, "roster-already-credited", day=day))
        else:
            held.append((row, planned))
    poster_id = poster_of(session, posting.filing, posting.delegate_id)
    holding = Holding(posting.filing, poster_id, roster_no, posting.way, posting.ways)
    return known + hold_rows(session, vault, holding, held, now=now)


def _weigh(  # noqa: PLR0917 # which rows are weighed on what
    scales: Scales,
    rooms: Rooms,
    desk: RosterDesk,
    rows: Sequence[tuple[RosterRow, int]],
    told: Told,
    problems: list[RowProblem],
) -> Iterator[GoodRow]:
    """Yield what is credited; what is wrong with the others stands in `problems` in the end.

    Everything is read before: the rows are written while the next ones are weighed.
    """
    worths: dict[tuple[date, int, int | None], Worth] = {}
    for done, (row, person_id) in enumerate(rows):
        if done % TOLD_EVERY == 0:
            told(Phase.WEIGHING, done, len(rows))
        key = (row.day, row.attended_minutes, row.make_up_year)
        if key not in worths:
            try:
                worths[key] = _worth(desk, row)
            except RuleMissingError as error:
                if error.facts["key"] != MAKE_UP_KEY:
                    raise
                problems.append(_make_up_problem(desk, row))
                continue
        worth = worths[key]
        in_another = rooms.beside and _two_rooms(rooms, scales, row, person_id, worth)
        weighed = in_another or scales.weigh(row, person_id, worth)
        if isinstance(weighed, GoodRow):
            yield weighed
        else:
            problems.append(weighed)


def _two_rooms(  # who cannot have been where
    rooms: Rooms, scales: Scales, row: RosterRow, person_id: int, worth: Worth
) -> RowProblem | None:
    if not rooms.leave_no_room(person_id, worth, row.attended_minutes):
        return None
    if scales.is_credited(person_id, worth.occasion):
        return None  # that is told instead
    planned = worth.planned
    return row_problem(
        row, Column.MINUTES, "roster-two-rooms", day=row.day.isoformat(),
        begins_at=planned.begins_at, ends_at=planned.ends_at,
    )  # fmt: skip


def _make_up_problem(desk: RosterDesk, row: RosterRow) -> RowProblem:
    """Say that the row's day makes up no such year, and on which days it could be made up."""
    year = row.make_up_year or 0
    windows = windows_of(desk.filing.activity, desk.filing.subject, year, desk.law)
    if not windows:
        return row_problem(row, Column.MAKE_UP, "roster-make-up-none", found=year)
    days, day = list(map(str, windows)), row.day.isoformat()
    return row_problem(row, Column.MAKE_UP, "roster-make-up-closed", found=year, day=day, days=days)


def _worth(desk: RosterDesk, row: RosterRow) -> Worth:
    filing, planned = desk.filing, desk.sessions[row.day]
    conversion = convert(
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
    return Worth(planned, occasion_of(planned), conversion)


def _with_groups(good: Sequence[GoodRow], groups: Groups, made: Container[int]) -> list[int]:
    """Return the keys of everybody credited that may have something from before."""
    credited = {row.person_id for row in good}
    return sorted({key for each in credited if each not in made for key in groups[each]})


def _in_file_order(*lists: Sequence[RowProblem]) -> tuple[RowProblem, ...]:
    return tuple(sorted((each for some in lists for each in some), key=lambda p: p.row_no))


def _record_batch(  # what came of which roster
    session: Session, vault: Vault, posting: RosterPosting, result: RosterResult,
    file: NewFile | None, *, now: datetime,
) -> None:  # fmt: skip
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
        "digest": vault.fingerprint(posting.roster.digest),
        "rows_credited": result.rows_credited,
        "problems": canonical_text(problems),
        "way": str(posting.way or ""),
    }
    session.execute(insert(RosterBatch), [row])
    if file is not None:
        keep_file(session, vault, ROSTERS, result.roster_no, file, now=now)
