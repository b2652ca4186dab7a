"""What a check-in turns on: codes that rotate, tickets of who read one, minutes between scans.

A code follows from the secret of one check-in and the half minute by the bank's clock; no other
clock is asked. Whoever reads one that is fresh gets a ticket for their device, and has some minutes
to say who they are; what is recorded is the instant at which the code was read.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from creditbank.canonical import Canonical, canonical_bytes
from creditbank.clock import CIVIL_ZONE
from creditbank.errors import CreditBankError
from creditbank.ids import BASE32

SECRET_BYTES = 32
#: Each code is shown so long, and holds for as long again.
STEP_SECONDS = 30
TICKET_TERM = timedelta(minutes=10)
#: 80 bits, five to a character.
_CODE_BYTES, _CODE_CHARACTERS, _BITS = 10, 16, 5
#: A code read by another server of the bank, whose clock is behind, may be of the next step.
_STEPS_HELD = (0, -1, 1)
#: Codes of the last hours are told from those of another session.
_STEPS_KNOWN = 8 * 3_600 // STEP_SECONDS


class CheckInCodeOldError(CreditBankError):
    """The code was shown some time ago."""

    code = "check-in-code-old"
    status = 403


class CheckInCodeForeignError(CreditBankError):
    """The code is not one of this check-in: another session's, of another day, or nobody's."""

    code = "check-in-code-foreign"
    status = 403


class CheckInScanWantedError(CreditBankError):
    """No code was read on this device, or too long ago."""

    code = "check-in-scan-wanted"
    status = 403


@dataclass(frozen=True, slots=True)
class Reading:
    """A fresh code was read: for which check-in, when, and by which device."""

    check_in_no: str
    scanned_at: datetime
    device: str


@dataclass(frozen=True, slots=True)
class Unplugged:
    """A scan without network as the teacher's device saw it, and when the bank received it."""

    device_at: datetime
    received_at: datetime
    #: the device's clock was set meanwhile, or whoever recorded might not then
    is_doubted: bool


@dataclass(frozen=True, slots=True)
class Span:
    """From a scan in to the scan out; None while the person is there.

    `came` and `left` are of scans that were made without network.
    """

    began_at: datetime
    ended_at: datetime | None
    came: Unplugged | None = None
    left: Unplugged | None = None

    @property
    def is_offline(self) -> bool:
        """Whether either end was scanned without network."""
        return self.came is not None or self.left is not None

    @property
    def is_doubted(self) -> bool:
        """Whether either end rests on a clock that was set meanwhile."""
        return any(each is not None and each.is_doubted for each in (self.came, self.left))


@dataclass(frozen=True, slots=True)
class Planned:
    """When a session was to be held; both times, or neither."""

    day: date
    planned_minutes: int
    begins_at: str = ""
    ends_at: str = ""


def code_of(secret: bytes, check_in_no: str, *, now: datetime) -> str:
    """Return the code that is shown now."""
    return _code(secret, check_in_no, _step(now))


def seconds_left(now: datetime) -> int:
    """Return after how many seconds another code is shown."""
    return STEP_SECONDS - int(now.timestamp()) % STEP_SECONDS


def require_fresh(secret: bytes, check_in_no: str, code: str, *, now: datetime) -> None:
    """Refuse a code that is not shown now, nor was just before.

    Raises:
        CheckInCodeOldError: it was, some time ago.
        CheckInCodeForeignError: it is none of this check-in.
    """
    shown = _step(now)
    if any(_same(code, _code(secret, check_in_no, shown + step)) for step in _STEPS_HELD):
        return
    for age in range(_STEPS_KNOWN):
        if _same(code, _code(secret, check_in_no, shown - age)):
            raise CheckInCodeOldError(seconds=STEP_SECONDS, minutes=-(-age * STEP_SECONDS // 60))
    raise CheckInCodeForeignError(check_in_no=check_in_no)


def ticket_of(secret: bytes, reading: Reading) -> str:
    """Return what a device keeps of a code that it read."""
    at = _microseconds(reading.scanned_at)
    return f"{reading.check_in_no}.{at}.{_seal(secret, reading, at)}"


def reading_of(
    secret: bytes, check_in_no: str, ticket: str, device: str, *, now: datetime
) -> Reading:
    """Return what a ticket says.

    Raises:
        CheckInScanWantedError: it is another's, changed, or too old.
    """
    at = ticket.split(".")[1] if ticket.count(".") == 2 else ""  # noqa: PLR2004
    # Bounded, as an instant is: a cookie may hold anything.
    if at.isascii() and at.isdigit() and len(at) <= 17:  # noqa: PLR2004
        scanned_at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(at))
        reading = Reading(check_in_no, scanned_at, device)
        if _same(ticket, ticket_of(secret, reading)) and now - scanned_at <= TICKET_TERM:
            return reading
    raise CheckInScanWantedError(minutes=TICKET_TERM // timedelta(minutes=1))


def device_key(secret: bytes, device: str) -> bytes:
    """Return a device as one check-in knows it."""
    return _mac(secret, "device", [device])


def attended_minutes(spans: Sequence[Span], planned: Planned) -> int:
    """Return whole minutes between scans, within the session's times and its planned minutes.

    A span without an end counts nothing, nor does one by a clock that is doubted: how long the
    person was there is for the provider to say.
    """
    earliest, latest = _bounds(planned)
    present = timedelta()
    for span in spans:
        if span.ended_at is not None and not span.is_doubted:
            begun = max(span.began_at, earliest) if earliest else span.began_at
            ended = min(span.ended_at, latest) if latest else span.ended_at
            present += max(ended - begun, timedelta())
    return min(present // timedelta(minutes=1), planned.planned_minutes)


def _bounds(planned: Planned) -> tuple[datetime | None, datetime | None]:
    if not planned.begins_at:
        return None, None
    first, last = (
        datetime.combine(planned.day, time.fromisoformat(each), CIVIL_ZONE)
        for each in (planned.begins_at, planned.ends_at)
    )
    return first, last


def _step(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def _code(secret: bytes, check_in_no: str, step: int) -> str:
    bits = int.from_bytes(_mac(secret, "code", [check_in_no, step])[:_CODE_BYTES])
    places = range(_CODE_CHARACTERS - 1, -1, -1)
    return "".join(BASE32[bits >> _BITS * place & 31] for place in places)


def _seal(secret: bytes, reading: Reading, at: int) -> str:
    return _mac(secret, "ticket", [reading.check_in_no, at, reading.device]).hex()


def _mac(secret: bytes, what: str, said: list[Canonical]) -> bytes:
    tag = f"creditbank/check-in-{what}/v1\n".encode("ascii")
    return hmac.digest(secret, tag + canonical_bytes(said), hashlib.sha256)


def _same(found: str, wanted: str) -> bool:
    return hmac.compare_digest(found.encode("utf-8"), wanted.encode("utf-8"))


def _microseconds(instant: datetime) -> int:
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
