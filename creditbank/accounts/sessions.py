"""Sessions: an opaque random cookie, known here by its hash; idle and absolute ends.

The token changes whenever more may be done with it than before: at sign-in, after the second
factor, at every change of seat. A form's token follows from the session's, so it changes with it.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Update, delete, insert, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from creditbank.accounts.audit import Event, Happening, Visitor, record_event
from creditbank.accounts.models import Account, AccountSession
from creditbank.accounts.seats import STRICT_ROLES, Seat, SeatUnknownError, seats_of
from creditbank.config import Settings
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.registry.bank import the_bank
from creditbank.registry.clients import Client

_TOKEN_BYTES = 32
#: How old the last sighting may be before it is written down again.
SEEN_EVERY = timedelta(minutes=1)
#: How long an ended session is kept for its owner to see.
KEPT_AFTER_END = timedelta(days=30)


class SessionMissingError(CreditBankError):
    """Nobody is signed in here, or no longer."""

    code = "session-missing"
    status = 401


class SessionUnknownError(CreditBankError):
    """There is no such session of one's own."""

    code = "session-unknown"
    status = 404


class Stage(StrEnum):
    """How far somebody has come through the door."""

    #: the password was right; the second factor is wanted
    SECOND_FACTOR = "second-factor"
    #: a second factor must be set before anything else opens
    ENROLMENT = "enrolment"
    #: a seat must be chosen, or there is none
    SEAT = "seat"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Signed:
    """Somebody who is signed in."""

    session_id: int
    session_no: str
    account_id: int
    account_no: str
    #: None for who signs in by document
    sign_in_name: str | None
    person_id: int | None
    has_second_factor: bool
    #: must have one, because of a seat
    is_strict: bool
    stage: Stage
    seats: tuple[Seat, ...]
    seat: Seat | None
    #: the last sighting is old enough to be written down again
    is_stale: bool

    @property
    def client(self) -> Client:
        """Who acts; only when the stage is open."""
        assert self.seat is not None, "nobody acts without a seat"
        return self.seat.client(self.account_no)


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One of somebody's sessions, as they see it."""

    session_no: str
    device: str
    opened_at: datetime
    seen_at: datetime
    is_this: bool


def new_token() -> str:
    """Draw a token: 256 random bits, meaning nothing."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def form_token(token: str) -> str:
    """Return what every form of a session carries; whoever has not the cookie cannot know it."""
    mac = hmac.digest(token.encode("utf-8"), b"creditbank/form/v1", hashlib.sha256)
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode("ascii")


def open_session(
    session: Session, account: Account, visitor: Visitor, *, second_factor: bool, now: datetime
) -> str:
    """Open a session and return its token; the only seat, if there is but one, is taken at once."""
    token = new_token()
    seats = seats_of(session, account.account_id, now=now)
    row = {
        "session_no": "N" + random_number(9), "token_hash": _hash(token),
        "account_id": account.account_id, "seat_id": seats[0].seat_id if len(seats) == 1 else None,
        "second_factor_at": now if second_factor else None, "device": visitor.device,
        "opened_at": now, "seen_at": now, "ended_at": None,
    }  # fmt: skip
    session.execute(insert(AccountSession), [row])
    happening = Happening(
        Event.SIGNED_IN, account.account_id, account.account_no, str(row["session_no"]), visitor
    )
    record_event(session, happening, now=now)
    return token


def signed_by(session: Session, token: str, settings: Settings, *, now: datetime) -> Signed | None:
    """Return who is signed in by this token, or None when nobody is, or no longer."""
    query = (
        select(AccountSession, Account)
        .join(Account, Account.account_id == AccountSession.account_id)
        .where(AccountSession.token_hash == _hash(token), *_living(settings, now))
        .where(Account.state == "active")
    )
    found = session.execute(query).first()
    if found is None:
        return None
    row, account = found
    if not is_welcome(session, account):
        return None
    seats = seats_of(session, account.account_id, now=now)
    seat = next((each for each in seats if each.seat_id == row.seat_id), None)
    is_strict = any(each.role in STRICT_ROLES for each in seats)
    has_factor = account.totp_cipher is not None
    return Signed(
        session_id=row.session_id,
        session_no=row.session_no,
        account_id=account.account_id,
        account_no=account.account_no,
        sign_in_name=account.sign_in_name,
        person_id=account.person_id,
        has_second_factor=has_factor,
        is_strict=is_strict,
        stage=_stage(
            seat,
            has_factor=has_factor,
            factor_given=row.second_factor_at is not None,
            is_strict=is_strict,
        ),
        seats=seats,
        seat=seat,
        is_stale=now - row.seen_at >= SEEN_EVERY,
    )


def is_welcome(session: Session, account: Account) -> bool:
    """Tell whether the bank knows such people: invented ones sign in to a demo bank only."""
    return not account.demo or the_bank(session).mode == "demo"


def note_sighting(session: Session, signed: Signed, *, now: datetime) -> None:
    """Write down that a session is in use."""
    session.execute(_own(signed).values(seen_at=now))


def rotate(session: Session, signed: Signed, *, now: datetime) -> str:
    """Give a session another token; the old one is nobody's from now on.

    Raises:
        SessionMissingError: it ended, or another request has just done so.
    """
    token = new_token()
    done = session.execute(_own(signed).values(token_hash=_hash(token), seen_at=now))
    assert isinstance(done, CursorResult)
    if done.rowcount != 1:
        raise SessionMissingError
    return token


def note_second_factor(session: Session, signed: Signed, *, now: datetime) -> str:
    """Note that the second factor was given; return the session's new token.

    Raises:
        SessionMissingError: the session ended meanwhile.
    """
    token = rotate(session, signed, now=now)
    session.execute(_own(signed).values(second_factor_at=now))
    return token


def choose_seat(session: Session, signed: Signed, seat_no: str, *, now: datetime) -> str:
    """Act from another of one's own seats; return the session's new token.

    Raises:
        SessionMissingError: nobody may act from any seat yet, or no longer.
        SeatUnknownError: it is not among one's own.
    """
    if signed.stage not in (Stage.SEAT, Stage.OPEN):
        raise SessionMissingError
    seat = next((each for each in signed.seats if each.seat_no == seat_no), None)
    if seat is None:
        raise SeatUnknownError(seat_no=seat_no[:20])
    token = rotate(session, signed, now=now)
    session.execute(_own(signed).values(seat_id=seat.seat_id))
    happening = Happening(Event.SEAT_CHOSEN, signed.account_id, signed.account_no, seat_no)
    record_event(session, happening, now=now)
    return token


def own_sessions(
    session: Session, signed: Signed, settings: Settings, *, now: datetime
) -> Sequence[OwnSession]:
    """Return where the owner is signed in, the latest seen first."""
    query = (
        select(AccountSession)
        .where(AccountSession.account_id == signed.account_id, *_living(settings, now))
        .order_by(AccountSession.seen_at.desc(), AccountSession.session_id.desc())
    )
    return [
        OwnSession(
            row.session_no, row.device, row.opened_at, row.seen_at,
            row.session_id == signed.session_id,
        )
        for row in session.scalars(query)
    ]  # fmt: skip


def end_own_session(session: Session, signed: Signed, session_no: str, *, now: datetime) -> None:
    """End one of one's own sessions, this one too.

    Raises:
        SessionUnknownError: it is not among one's own, or has ended.
    """
    done = session.execute(
        update(AccountSession)
        .where(AccountSession.account_id == signed.account_id)
        .where(AccountSession.session_no == session_no, AccountSession.ended_at.is_(None))
        .values(ended_at=now)
    )
    assert isinstance(done, CursorResult)
    if done.rowcount != 1:
        raise SessionUnknownError
    event = Event.SIGNED_OUT if session_no == signed.session_no else Event.SESSION_ENDED
    happening = Happening(event, signed.account_id, signed.account_no, session_no)
    record_event(session, happening, now=now)


def end_sessions(
    session: Session, account_id: int, *, now: datetime, but: int | None = None
) -> None:
    """End every session of an account at once, but one if wanted."""
    statement = update(AccountSession).where(
        AccountSession.account_id == account_id, AccountSession.ended_at.is_(None)
    )
    if but is not None:
        statement = statement.where(AccountSession.session_id != but)
    session.execute(statement.values(ended_at=now))


def forget_sessions(session: Session, settings: Settings, *, now: datetime) -> int:
    """Delete sessions that have been over for a month; return how many there were."""
    over = now - KEPT_AFTER_END - timedelta(hours=settings.session_hours_max)
    gone = session.execute(
        delete(AccountSession).where(
            or_(AccountSession.ended_at < now - KEPT_AFTER_END, AccountSession.seen_at < over)
        )
    )
    assert isinstance(gone, CursorResult)
    return gone.rowcount


def _stage(seat: Seat | None, *, has_factor: bool, factor_given: bool, is_strict: bool) -> Stage:
    if has_factor and not factor_given:
        return Stage.SECOND_FACTOR
    if is_strict and not has_factor:
        return Stage.ENROLMENT
    return Stage.SEAT if seat is None else Stage.OPEN


def _living(settings: Settings, now: datetime) -> tuple[ColumnElement[bool], ...]:
    idle = timedelta(minutes=settings.session_idle_minutes)
    longest = timedelta(hours=settings.session_hours_max)
    return (
        AccountSession.ended_at.is_(None),
        AccountSession.seen_at > now - idle,
        AccountSession.opened_at > now - longest,
    )


def _own(signed: Signed) -> Update:
    return update(AccountSession).where(
        AccountSession.session_id == signed.session_id, AccountSession.ended_at.is_(None)
    )


def _hash(token: str) -> bytes:
    # The token has 256 random bits, so one plain hash is enough; there is nothing to guess.
    return hashlib.sha256(token.encode("utf-8")).digest()
