"""A check-in becomes a roster: looked through by the provider, then posted as any other, once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from creditbank.attendance.check_in_models import CheckIn
from creditbank.attendance.check_in_sides import (
    CheckInOthersError,
    delegation_to_open,
    is_of,
    note_opened_for,
)
from creditbank.attendance.check_ins import (
    Comer,
    comers_of,
    locked_check_in,
    open_check_in,
    planned_of,
    state_minutes,
)
from creditbank.attendance.roster import Column, Roster, rows_from_json
from creditbank.attendance.ways import Way
from creditbank.crediting.rosters import (
    RosterPosting,
    RosterResult,
    post_roster,
    rehearse_roster,
)
from creditbank.crediting.xapi_records import SessionNumberUnknownError
from creditbank.errors import CreditBankError
from creditbank.people.vault import Vault
from creditbank.registry.filing.filings import filing_numbered, sessions_of
from creditbank.registry.models import Filing, FilingSession


class CheckInStillOpenError(CreditBankError):
    """A check-in is posted once it is closed."""

    code = "check-in-still-open"
    status = 409


class CheckInPostedError(CreditBankError):
    """The check-in was posted; what is wrong in it is put right as in any roster."""

    code = "check-in-posted"
    status = 409


class CheckInNobodyError(CreditBankError):
    """Nobody on the list was there for a minute."""

    code = "check-in-nobody"
    status = 422


class CheckInPersonUnknownError(CreditBankError):
    """Nobody on the list has this number."""

    code = "check-in-person-unknown"
    status = 422


@dataclass(frozen=True, slots=True)
class CheckInPosting:
    """Who posts which check-in; `stated` are minutes by the numbers of its people.

    None lets the minutes between scans hold, 0 leaves somebody out.
    """

    check_in_no: str
    actor: str
    stated: Mapping[int, int | None] = field(default_factory=dict)
    #: the organisation, where it posts in the holder's stead
    delegate_id: int | None = None


@dataclass(frozen=True, slots=True)
class PostedCheckIn:
    """What becomes of a check-in: row 1 of the roster is the first of `comers`."""

    result: RosterResult
    comers: tuple[Comer, ...]


def open_for(
    session: Session, vault: Vault, filing: Filing, session_no: int, *, actor: str, now: datetime,
    delegate_id: int | None = None,
) -> CheckIn:  # fmt: skip
    """Open check-in to a session by its number; what a delegate (the organisation) opens is an act.

    Raises:
        SessionNumberUnknownError: the filing has none of this number.
        FilingNotApprovedError, FilingNotOpenError, CheckInDayError: said by `open_check_in`.
        FilingUnknownError, DelegationNotOpenError: nothing is delegated, or not now.
        CheckInOthersError: the holder, or another delegate, has opened it.
    """
    planned = session_numbered(session, filing, session_no)
    delegation_no = delegation_to_open(session, filing, delegate_id, now=now)
    opened, is_new = open_check_in(
        session, vault, filing, planned, actor=actor, now=now, delegation_no=delegation_no
    )
    if not is_of(session, opened, delegate_id):
        raise CheckInOthersError(session_no=session_no)
    if delegation_no is not None and is_new:
        note_opened_for(session, opened, filing, now=now)
    return opened


def session_numbered(session: Session, filing: Filing, session_no: int) -> FilingSession:
    """Return a session of a filing.

    Raises:
        SessionNumberUnknownError: there is none of this number.
    """
    sessions = {each.session_no: each for each in sessions_of(session, filing.filing_no)}
    if session_no not in sessions:
        raise SessionNumberUnknownError(found=session_no, wanted=sorted(sessions))
    return sessions[session_no]


def rehearse_check_in(
    session: Session, vault: Vault, posting: CheckInPosting, *, now: datetime
) -> PostedCheckIn:
    """Keep what the provider says of minutes, and tell what would become of each row.

    Raises:
        CreditBankError: as when it is posted.
    """
    check_in, comers = _prepared(session, vault, posting)
    result = rehearse_roster(session, vault, _roster(session, check_in, comers, posting), now=now)
    return PostedCheckIn(result, comers)


def post_check_in(
    session: Session, vault: Vault, posting: CheckInPosting, *, now: datetime
) -> PostedCheckIn:
    """Post a closed check-in once, as a roster of one day.

    Raises:
        CheckInStillOpenError, CheckInPostedError: it is not to be posted yet, or any more.
        CheckInPersonUnknownError: minutes are stated of nobody.
        CheckInNobodyError: there is nothing to post.
        FilingNotOpenError, DelegationNotOpenError, NotRecognisedError, RuleMissingError,
            SourceInvestigatedError: said by `post_roster`.
    """
    check_in, comers = _prepared(session, vault, posting)
    result = post_roster(session, vault, _roster(session, check_in, comers, posting), now=now)
    check_in.roster_no = result.roster_no
    return PostedCheckIn(result, comers)


def _prepared(
    session: Session, vault: Vault, posting: CheckInPosting
) -> tuple[CheckIn, tuple[Comer, ...]]:
    # The check-in is locked before the source is, and by nobody who holds one.
    check_in = locked_check_in(session, posting.check_in_no)
    if check_in.roster_no is not None:
        raise CheckInPostedError(roster_no=check_in.roster_no)
    if check_in.closed_at is None:
        raise CheckInStillOpenError(check_in_no=check_in.check_in_no)
    for person_no, minutes in posting.stated.items():
        if not state_minutes(session, check_in, person_no, minutes, actor=posting.actor):
            raise CheckInPersonUnknownError(found=person_no)
    comers = tuple(
        each for each in comers_of(session, vault, check_in)
        if each.identity is not None and each.attended_minutes
    )  # fmt: skip
    if not comers:
        raise CheckInNobodyError
    return check_in, comers


def _roster(
    session: Session, check_in: CheckIn, comers: Sequence[Comer], posting: CheckInPosting
) -> RosterPosting:
    filing = filing_numbered(session, check_in.filing_no)
    roster = _rows(comers, planned_of(session, check_in))
    offline = {row_no: Way.OFFLINE for row_no, each in enumerate(comers, 1) if each.is_offline}
    way = Way.OFFLINE if len(offline) == len(comers) else Way.CHECK_IN
    return RosterPosting(
        filing, roster, posting.actor, delegate_id=posting.delegate_id, way=way, ways=offline
    )


def _rows(comers: Sequence[Comer], planned: FilingSession) -> Roster:
    return rows_from_json(
        [
            {
                Column.NAME: each.identity.name,
                Column.KIND: str(each.identity.document.kind),
                Column.NUMBER: each.identity.document.number,
                Column.DAY: planned.day.isoformat(),
                Column.MINUTES: each.attended_minutes,
            }
            for each in comers
            if each.identity is not None
        ]
    )
