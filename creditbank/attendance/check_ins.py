"""Check-in on site: who came into a session and left it, by codes that the teacher's page shows.

People are known here by what they say, number and name, and nobody is looked up: whether the bank
knows a number is first seen when the check-in is posted, by the provider, as with any roster.
"""

import json
import secrets
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import and_, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from creditbank.attendance.check_in_codes import (
    SECRET_BYTES,
    Planned,
    Reading,
    Span,
    Unplugged,
    attended_minutes,
    device_key,
)
from creditbank.attendance.check_in_folds import fold_scans, when
from creditbank.attendance.check_in_models import (
    CheckIn,
    CheckInPad,
    CheckInPadScan,
    CheckInPerson,
    CheckInScan,
)
from creditbank.canonical import canonical_bytes, tagged_digest
from creditbank.clock import CIVIL_ZONE, civil_day
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.people.documents import (
    Document,
    DocumentKind,
    is_demo_number,
    last_characters,
    number_space,
)
from creditbank.people.names import folded_name
from creditbank.people.register import Identity
from creditbank.people.vault import Vault, row_key
from creditbank.registry.bank import require_people
from creditbank.registry.filing.filings import filing_numbered, sessions_of
from creditbank.registry.filing.kinds import people_max_of
from creditbank.registry.filing.states import require_open
from creditbank.registry.models import Filing, FilingSession

#: A couple shares a telephone; from the next one on it is shown.
DEVICE_PEOPLE_MAX = 2
#: How long names and numbers are kept; a filing is closed by then.
KEPT_FOR = timedelta(days=180)
#: More than come to any session of so many places, and fewer than would fill a disk.
_PEOPLE_PER_SEAT, _PEOPLE_MORE = 2, 50
_TABLE, _SECRET, _IDENTITY = "check_in", "secret_cipher", "identity_cipher"


class CheckInUnknownError(CreditBankError):
    """There is no check-in of this number, or it is another organisation's."""

    code = "check-in-unknown"
    status = 404


class CheckInDayError(CreditBankError):
    """People check in on the day of the session, and on no other."""

    code = "check-in-day"
    status = 409


class CheckInClosedError(CreditBankError):
    """The check-in takes no scans any more."""

    code = "check-in-closed"
    status = 409


class CheckInTwiceError(CreditBankError):
    """The person is there already, since `since`."""

    code = "check-in-twice"
    status = 409


class CheckOutTwiceError(CreditBankError):
    """The person left already, at `since`."""

    code = "check-out-twice"
    status = 409


class CheckOutAloneError(CreditBankError):
    """Nobody of this number and name came in."""

    code = "check-out-alone"
    status = 409


class CheckInScanUsedError(CreditBankError):
    """The same reading of a code, or an earlier one, was used for this person before."""

    code = "check-in-scan-used"
    status = 409


class CheckInFullError(CreditBankError):
    """More people are on the list than could have come."""

    code = "check-in-full"
    status = 409


class Direction(StrEnum):
    """Which way somebody goes."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Came:
    """Somebody who read a code and says who they are."""

    reading: Reading
    direction: Direction
    identity: Identity
    is_guest: bool


@dataclass(frozen=True, slots=True)
class Comer:
    """Somebody on the list; `identity` is None once its term is over.

    `device_people` is how many people used the device that most people used, of theirs.
    """

    person_no: int
    identity: Identity | None = field(repr=False)
    is_guest: bool
    spans: tuple[Span, ...]
    #: between scans, within the session
    measured_minutes: int
    #: by the provider; None where what was measured holds
    stated_minutes: int | None
    device_people: int
    #: scans out, without network, of which nobody has sent the scan in
    left_only: tuple[datetime, ...] = ()

    @property
    def is_there(self) -> bool:
        """Whether the person came in and did not go out."""
        return bool(self.spans) and self.spans[-1].ended_at is None

    @property
    def is_offline(self) -> bool:
        """Whether any scan of theirs was made without network."""
        return bool(self.left_only) or any(each.is_offline for each in self.spans)

    @property
    def is_doubted(self) -> bool:
        """Whether any scan of theirs rests on a clock that was set meanwhile."""
        return any(each.is_doubted for each in self.spans)

    @property
    def is_flagged(self) -> bool:
        """Whether a device of theirs was used for many people."""
        return self.device_people > DEVICE_PEOPLE_MAX

    @property
    def attended_minutes(self) -> int:
        """What is posted; nobody is posted with none."""
        return self.measured_minutes if self.stated_minutes is None else self.stated_minutes

    @property
    def masked_name(self) -> str:
        """The name as it may stand on a screen that a whole room sees."""
        return f"{self.identity.name[0]}＊" if self.identity else "—"

    @property
    def last_four(self) -> str:
        """The last four characters of the number."""
        return last_characters(self.identity.document) if self.identity else "—"


def open_check_in(
    session: Session, vault: Vault, filing: Filing, planned: FilingSession, *, actor: str,
    now: datetime, delegation_no: str | None = None,
) -> tuple[CheckIn, bool]:  # fmt: skip
    """Open check-in to a session on its day; whoever opens it again is led to the one.

    Returns:
        It, and whether it was not there before.

    Raises:
        FilingNotApprovedError, FilingNotOpenError: the filing takes no attendance, or not now.
        CheckInDayError: it is another day.
    """
    require_open(filing, civil_day(now))
    require_day(planned, now)
    check_in_no = "K" + random_number(9)
    place = place_of(check_in_no, filing.organisation_id)
    row = {
        "check_in_no": check_in_no, "organisation_id": filing.organisation_id,
        "filing_no": filing.filing_no, "session_no": planned.session_no,
        "delegation_no": delegation_no,
        "secret_cipher": vault.lock(secrets.token_bytes(SECRET_BYTES), _TABLE, _SECRET, *place),
        "opened_by": actor, "opened_at": now,
    }  # fmt: skip
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(make(CheckIn).values(row).on_conflict_do_nothing())
    query = select(CheckIn).where(
        CheckIn.filing_no == filing.filing_no, CheckIn.session_no == planned.session_no
    )
    found = session.scalars(query).one()
    return found, found.check_in_no == check_in_no


def check_ins_of(session: Session, filing_no: str) -> dict[int, CheckIn]:
    """Return the check-ins of a filing by the number of their session."""
    query = select(CheckIn).where(CheckIn.filing_no == filing_no)
    return {each.session_no: each for each in session.scalars(query)}


def check_in_numbered(session: Session, check_in_no: str) -> CheckIn:
    """Return a check-in.

    Raises:
        CheckInUnknownError: there is none.
    """
    found = session.get(CheckIn, check_in_no)
    if found is None:
        raise CheckInUnknownError(check_in_no=check_in_no[:20])
    return found


def locked_check_in(session: Session, check_in_no: str) -> CheckIn:
    """Return a check-in that nobody else writes to until this transaction ends.

    Raises:
        CheckInUnknownError: there is none.
    """
    found = session.get(CheckIn, check_in_no, with_for_update=True, populate_existing=True)
    if found is None:
        raise CheckInUnknownError(check_in_no=check_in_no[:20])
    return found


def secret_of(vault: Vault, check_in: CheckIn) -> bytes:
    """Return what the codes of a check-in are made of."""
    place = place_of(check_in.check_in_no, check_in.organisation_id)
    return vault.unlock(check_in.secret_cipher, _TABLE, _SECRET, *place)


def planned_of(session: Session, check_in: CheckIn) -> FilingSession:
    """Return the session to which people check in."""
    sessions = sessions_of(session, check_in.filing_no)
    return next(each for each in sessions if each.session_no == check_in.session_no)


def record_scan(session: Session, vault: Vault, came: Came, *, now: datetime) -> None:
    """Record that somebody came or left; the same reading sent again changes nothing.

    Raises:
        CheckInUnknownError, CheckInClosedError: it takes no scans.
        DemoOnlyError, InventedOnlyError: such a number has no place in this bank.
        CheckInDayError, CheckInTwiceError, CheckOutAloneError, CheckOutTwiceError,
            CheckInScanUsedError, CheckInFullError: it cannot be so.
    """
    require_people(session, invented=is_demo_number(came.identity.document))
    check_in = locked_check_in(session, came.reading.check_in_no)
    _require_open(check_in)
    device = device_key(secret_of(vault, check_in), came.reading.device)
    person_no = number_on_list(session, vault, check_in, came.identity)
    before = _scans_of(session, check_in.check_in_no, person_no)
    if any(_is_retry(each, came, device) for each in before):
        return
    if came.direction is Direction.IN:
        require_day(planned_of(session, check_in), came.reading.scanned_at)
    _require_possible(session, before[-1] if before else None, came)
    if person_no is None:
        person_no = put_on_list(session, vault, check_in, came.identity, is_guest=came.is_guest)
    row = {
        "check_in_no": check_in.check_in_no, "scan_no": scans_in(session, check_in.check_in_no) + 1,
        "person_no": person_no, "direction": str(came.direction),
        "scanned_at": came.reading.scanned_at, "recorded_at": now, "device": device,
    }  # fmt: skip
    session.execute(insert(CheckInScan), [row])


def close_check_in(session: Session, check_in_no: str, *, actor: str, now: datetime) -> CheckIn:
    """Take no more scans; one that is closed stays as it was closed.

    Raises:
        CheckInUnknownError: there is none.
    """
    check_in = locked_check_in(session, check_in_no)
    if check_in.closed_at is None:
        check_in.closed_by, check_in.closed_at = actor, now
    return check_in


def comers_of(
    session: Session, vault: Vault, check_in: CheckIn, only: Collection[int] | None = None
) -> list[Comer]:
    """Return who is on the list, in the order in which they first came; or only some of them."""
    mine = CheckInScan.check_in_no == check_in.check_in_no
    unplugged = unplugged_scans(session, check_in.check_in_no)
    scans: dict[int, list[CheckInScan]] = defaultdict(list)
    of_device: dict[bytes, set[int]] = defaultdict(set)
    for scan in session.scalars(select(CheckInScan).where(mine).order_by(CheckInScan.scan_no)):
        scans[scan.person_no].append(scan)
        # A teacher's own device is for everybody.
        if scan.scan_no not in unplugged:
            of_device[scan.device].add(scan.person_no)
    planned = _planned(planned_of(session, check_in))
    people = select(CheckInPerson).where(CheckInPerson.check_in_no == check_in.check_in_no)
    return [
        Comer(
            person.person_no, _identity(vault, check_in, person), person.is_guest, fold.spans,
            attended_minutes(fold.spans, planned), person.stated_minutes,
            max((len(of_device[each.device]) for each in scans[person.person_no]), default=0),
            fold.left_only,
        )
        for person in session.scalars(people.order_by(CheckInPerson.person_no))
        if only is None or person.person_no in only
        for fold in [fold_scans(scans[person.person_no], unplugged)]
    ]  # fmt: skip


def number_on_list(
    session: Session, vault: Vault, check_in: CheckIn, identity: Identity
) -> int | None:
    """Return the number of whoever said the same of themselves; None if nobody did."""
    return session.scalar(
        select(CheckInPerson.person_no).where(
            CheckInPerson.check_in_no == check_in.check_in_no,
            CheckInPerson.identity_key == _identity_key(vault, identity),
        )
    )


def guests_on(session: Session, check_in: CheckIn, secret: bytes, device: str) -> set[int]:
    """Return the numbers of those who typed who they are on a device."""
    same = and_(
        CheckInPerson.check_in_no == CheckInScan.check_in_no,
        CheckInPerson.person_no == CheckInScan.person_no,
    )
    query = select(CheckInScan.person_no).join(CheckInPerson, same).where(
        CheckInScan.check_in_no == check_in.check_in_no,
        CheckInScan.device == device_key(secret, device), CheckInPerson.is_guest,
    )  # fmt: skip
    return set(session.scalars(query))


def state_minutes(
    session: Session, check_in: CheckIn, person_no: int, minutes: int | None, *, actor: str
) -> bool:
    """Let the provider say how long somebody was there, None to let what was measured hold.

    The check-in is locked by the caller. False if nobody has this number.
    """
    mine = update(CheckInPerson).where(
        CheckInPerson.check_in_no == check_in.check_in_no, CheckInPerson.person_no == person_no
    )
    said_by = None if minutes is None else actor
    changed = session.execute(mine.values(stated_minutes=minutes, stated_by=said_by))
    assert isinstance(changed, CursorResult)
    return changed.rowcount == 1


def unplugged_scans(session: Session, check_in_no: str) -> dict[int, Unplugged]:
    """Return what was scanned without network, by the numbers of the scans."""
    pad = CheckInPadScan
    query = select(pad.scan_no, pad.device_at, pad.received_at, pad.is_doubted).where(
        pad.check_in_no == check_in_no
    )
    return {
        number: Unplugged(device_at, received_at, is_doubted)
        for number, device_at, received_at, is_doubted in session.execute(query)
        if number is not None
    }


def forget_comers(session: Session, *, now: datetime) -> int:
    """Forget who came to what was opened long ago; return how many were forgotten."""
    old = select(CheckIn.check_in_no).where(CheckIn.opened_at < now - KEPT_FOR)
    gone = session.execute(
        update(CheckInPerson)
        .where(CheckInPerson.check_in_no.in_(old), CheckInPerson.identity_cipher.is_not(None))
        .values(identity_cipher=None)
    )
    assert isinstance(gone, CursorResult)
    return gone.rowcount


def wall_time(instant: datetime) -> str:
    """Return the hour and minute on the clocks of China."""
    return instant.astimezone(CIVIL_ZONE).strftime("%H:%M")


def require_day(planned: FilingSession, instant: datetime) -> None:
    """Refuse whoever comes on another day.

    Raises:
        CheckInDayError: it is another day.
    """
    today = civil_day(instant)
    if today != planned.day:
        raise CheckInDayError(found=today.isoformat(), wanted=planned.day.isoformat())


def _require_open(check_in: CheckIn) -> None:
    if check_in.closed_at is not None:
        raise CheckInClosedError(closed_at=wall_time(check_in.closed_at))


def _require_possible(session: Session, last: CheckInScan | None, came: Came) -> None:
    """Refuse what follows nothing; where there are pads, one may still send what came between."""
    pads = select(CheckInPad.pad_no).where(CheckInPad.check_in_no == came.reading.check_in_no)
    if session.scalars(pads.limit(1)).first() is not None:
        if last is not None and came.reading.scanned_at <= last.scanned_at:
            raise CheckInScanUsedError(since=wall_time(last.scanned_at))
        return
    if last is None:
        if came.direction is Direction.OUT:
            raise CheckOutAloneError
        return
    since = wall_time(last.scanned_at)
    if last.direction == came.direction:
        if came.direction is Direction.IN:
            raise CheckInTwiceError(since=since)
        raise CheckOutTwiceError(since=since)
    if came.reading.scanned_at <= last.scanned_at:
        raise CheckInScanUsedError(since=since)


def _is_retry(last: CheckInScan, came: Came, device: bytes) -> bool:
    said = (came.direction, came.reading.scanned_at, device)
    return (last.direction, last.scanned_at, last.device) == said


def _scans_of(session: Session, check_in_no: str, person_no: int | None) -> list[CheckInScan]:
    """Return the scans of one person by when they were made; some may have come late."""
    query = select(CheckInScan).where(
        CheckInScan.check_in_no == check_in_no, CheckInScan.person_no == person_no
    )
    return sorted(session.scalars(query), key=when)


def scans_in(session: Session, check_in_no: str) -> int:
    """Return how many scans a check-in has."""
    query = select(func.max(CheckInScan.scan_no)).where(CheckInScan.check_in_no == check_in_no)
    return session.scalar(query) or 0


def put_on_list(
    session: Session, vault: Vault, check_in: CheckIn, identity: Identity, *, is_guest: bool
) -> int:
    """Put somebody on the list; return the number there.

    Raises:
        CheckInFullError: more people are on it than could have come.
    """
    mine = CheckInPerson.check_in_no == check_in.check_in_no
    people = session.scalar(select(func.count()).select_from(CheckInPerson).where(mine)) or 0
    filing = filing_numbered(session, check_in.filing_no)
    seats = people_max_of(json.loads(filing.facts), filing.seats)
    if seats is not None and people >= _PEOPLE_PER_SEAT * seats + _PEOPLE_MORE:
        raise CheckInFullError(found=people, seats=seats)
    document, name = identity.document, identity.name
    said = json.dumps([str(document.kind), document.number, name]).encode("ascii")
    place = (*place_of(check_in.check_in_no, check_in.organisation_id), people + 1)
    row = {
        "check_in_no": check_in.check_in_no, "person_no": people + 1,
        "identity_key": _identity_key(vault, identity),
        "identity_cipher": vault.lock(said, "check_in_person", _IDENTITY, *place),
        "is_guest": is_guest,
    }  # fmt: skip
    session.execute(insert(CheckInPerson), [row])
    return people + 1


def _identity(vault: Vault, check_in: CheckIn, person: CheckInPerson) -> Identity | None:
    if person.identity_cipher is None:
        return None
    place = (*place_of(check_in.check_in_no, check_in.organisation_id), person.person_no)
    said = vault.unlock(person.identity_cipher, "check_in_person", _IDENTITY, *place)
    kind, number, name = json.loads(said)
    return Identity(Document(DocumentKind(kind), number), name)


def _identity_key(vault: Vault, identity: Identity) -> bytes:
    document = identity.document
    said = [number_space(document.kind), document.number, folded_name(identity.name)]
    return vault.fingerprint(tagged_digest("creditbank/check-in-person/v1", canonical_bytes(said)))


def _planned(planned: FilingSession) -> Planned:
    return Planned(planned.day, planned.planned_minutes, planned.begins_at, planned.ends_at)


def place_of(check_in_no: str, organisation_id: int) -> tuple[int, int]:
    """Return the row's key as the vault takes keys: in figures."""
    return row_key(check_in_no), organisation_id
