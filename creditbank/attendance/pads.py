"""Check-in without network: a teacher's page is opened with its key, and sends its scans later.

A pad is of one check-in and ends with it. What it sends is taken whole or not at all: signatures,
and each scan naming the one before. Then every scan has a fate of its own, kept with it, so that
what is sent again is answered as it was the first time and counts once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from creditbank.attendance.check_in_codes import device_key
from creditbank.attendance.check_in_folds import fold_scans
from creditbank.attendance.check_in_models import (
    CheckIn,
    CheckInPad,
    CheckInPadScan,
    CheckInScan,
)
from creditbank.attendance.check_ins import (
    Direction,
    locked_check_in,
    number_on_list,
    place_of,
    planned_of,
    put_on_list,
    require_day,
    scans_in,
    secret_of,
    unplugged_scans,
    wall_time,
)
from creditbank.attendance.pad_sealing import (
    SealedUnreadableError,
    new_sealing_key,
    open_identity,
)
from creditbank.attendance.pad_signing import (
    CLOCK_TOLERANCE,
    Mark,
    Pad,
    Signed,
    SignedScan,
    clock_held,
    read_key,
    read_scan,
    require_upload,
    root_of,
)
from creditbank.canonical import tagged_digest
from creditbank.errors import CreditBankError
from creditbank.people.documents import is_demo_number
from creditbank.people.vault import Vault
from creditbank.registry.bank import require_people
from creditbank.registry.delegations import Spans
from creditbank.registry.models import FilingSession

#: Doors of one room; each is a device of its own.
PADS_MAX = 20
_TABLE, _SEALING = "check_in_pad", "sealing_cipher"
_SEALED = "creditbank/sealed-identity/v1"


class PadEndedError(CreditBankError):
    """The check-in was closed, and with it ended every pad of it."""

    code = "pad-ended"
    status = 409


class PadTooManyError(CreditBankError):
    """More pads than any room has doors."""

    code = "pad-too-many"
    status = 409


class PadUnknownError(CreditBankError):
    """The check-in has no pad of this number."""

    code = "pad-unknown"
    status = 404


class PadScanMissingError(CreditBankError):
    """Scans were left out between those that the bank has and those that came."""

    code = "pad-scan-missing"
    status = 409


class PadScanDiffersError(CreditBankError):
    """A scan is another than the one that came before under its step, or follows another."""

    code = "pad-scan-differs"
    status = 409


class PadScanTimeError(CreditBankError):
    """A scan is from before the pad was opened, or from after it was sent."""

    code = "pad-scan-time"
    status = 422


class Outcome(StrEnum):
    """What became of a scan."""

    RECORDED = "recorded"
    #: the person was in already, or had left, by whichever way
    KNOWN = "known"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Upload:
    """What a pad sends: scans in their order, and the sealed identities of who is in them."""

    scans: Sequence[Signed]
    people: Sequence[bytes]
    sent: Mark
    #: of the pad, over through which scan this goes and when it was sent
    signature: bytes


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one scan; `code` says why where it was refused."""

    step: int
    outcome: Outcome
    code: str
    is_doubted: bool
    #: it came before, and this is what was said then
    is_repeated: bool


@dataclass(frozen=True, slots=True)
class _Desk:
    """What the new scans of one upload are held against."""

    check_in: CheckIn
    pad: Pad
    sealing_key: bytes
    planned: FilingSession
    #: sealed identities by their digest
    sealed: Mapping[str, bytes]
    sent: Mark
    is_doubted: bool
    #: when whoever sends might record; None for always
    spans: Spans | None
    now: datetime

    def doubts(self, scan: SignedScan) -> bool:
        """Tell whether minutes of a scan are for the holder to state."""
        at = scan.mark.device_at - self.pad.offset
        held = self.spans is None or any(first <= at < last for first, last in self.spans)
        return self.is_doubted or not held


def open_pad(
    session: Session, vault: Vault, check_in_no: str, public_key: bytes, mark: Mark, *,
    actor: str, now: datetime,
) -> CheckInPad:  # fmt: skip
    """Register the key of a page that will record without network; the same key is the same pad.

    Raises:
        CheckInUnknownError: there is no such check-in.
        PadEndedError: it is closed.
        PadKeyInvalidError: the key is none.
        PadTooManyError: there are pads enough.
    """
    read_key(public_key)
    check_in = locked_check_in(session, check_in_no)
    _require_open(check_in)
    pads = pads_of(session, check_in_no)
    for each in pads:
        if each.public_key == public_key:
            return each
    if len(pads) >= PADS_MAX:
        raise PadTooManyError(found=len(pads))
    pad_no = len(pads) + 1
    place = (*place_of(check_in_no, check_in.organisation_id), pad_no)
    made = CheckInPad(
        check_in_no=check_in_no, pad_no=pad_no, public_key=public_key,
        sealing_cipher=vault.lock(new_sealing_key(), _TABLE, _SEALING, *place),
        device_at=mark.device_at, run=mark.run, ticks=mark.ticks, opened_by=actor, opened_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def pads_of(session: Session, check_in_no: str) -> Sequence[CheckInPad]:
    """Return the pads of a check-in as they were opened."""
    query = select(CheckInPad).where(CheckInPad.check_in_no == check_in_no)
    return session.scalars(query.order_by(CheckInPad.pad_no)).all()


def sent_by_pads(session: Session, check_in_no: str) -> Mapping[int, tuple[int, datetime]]:
    """Return how many scans each pad sent, and when last; a pad that sent none is left out."""
    last = func.max(CheckInPadScan.step), func.max(CheckInPadScan.received_at)
    query = select(CheckInPadScan.pad_no, *last).where(CheckInPadScan.check_in_no == check_in_no)
    found = session.execute(query.group_by(CheckInPadScan.pad_no))
    return {pad_no: (step, received_at) for pad_no, step, received_at in found}


def pad_as_registered(row: CheckInPad) -> Pad:
    """Return what signatures of a pad are held against."""
    mark = Mark(row.device_at, row.run, row.ticks)
    return Pad(row.check_in_no, row.pad_no, row.public_key, mark, row.opened_at)


def sealing_key_of(vault: Vault, check_in: CheckIn, row: CheckInPad) -> bytes:
    """Return the private half of the key to which a pad encrypts."""
    place = (*place_of(row.check_in_no, check_in.organisation_id), row.pad_no)
    return vault.unlock(row.sealing_cipher, _TABLE, _SEALING, *place)


def take_upload(
    session: Session, vault: Vault, check_in_no: str, pad_no: int, upload: Upload, *,
    now: datetime, spans: Spans | None = None,
) -> list[Fate]:  # fmt: skip
    """Take what a pad sent; scans that came before are answered as they were then.

    Of scans outside the `spans` in which whoever sends might record, as of those by a clock that
    was set, no minutes are reckoned: how long somebody was there is for the provider to say.

    Raises:
        CheckInUnknownError, PadUnknownError: there is no such check-in or pad.
        PadUnsignedError: the upload, or a scan of it, is not what the pad signed.
        PadScanMissingError, PadScanDiffersError: it does not follow what came before.
        PadEndedError: there is something new in it, and the check-in is closed.
    """
    check_in = locked_check_in(session, check_in_no)
    row = session.get(CheckInPad, (check_in_no, pad_no))
    if row is None:
        raise PadUnknownError(found=pad_no)
    pad = pad_as_registered(row)
    scans = [read_scan(pad, each, place) for place, each in enumerate(upload.scans, 1)]
    require_upload(pad, scans[-1], upload.sent, upload.signature)
    kept = _kept(session, pad, scans)
    new = [each for each in scans if each.step not in kept]
    last = _require_chained(session, pad, scans, new)
    fates = {step: _fate(each, is_repeated=True) for step, each in kept.items()}
    if new:
        _require_open(check_in)
        marks = [last, *(each.mark for each in new), upload.sent]
        # The digest is signed with the scan: nobody else can be put in the place of who came.
        sealed = {tagged_digest(_SEALED, each).hex(): each for each in upload.people}
        desk = _Desk(
            check_in, pad, sealing_key_of(vault, check_in, row), planned_of(session, check_in),
            sealed, upload.sent, not clock_held(pad, marks, received_at=now), spans, now,
        )  # fmt: skip
        fates |= _recorded(session, vault, desk, new)
    return [fates[each.step] for each in scans]


def _require_open(check_in: CheckIn) -> None:
    if check_in.closed_at is not None:
        raise PadEndedError(closed_at=wall_time(check_in.closed_at))


def _kept(session: Session, pad: Pad, scans: Sequence[SignedScan]) -> dict[int, CheckInPadScan]:
    """Return the scans that came before, by step.

    Raises:
        PadScanDiffersError: one of them is another now.
    """
    query = select(CheckInPadScan).where(
        CheckInPadScan.check_in_no == pad.check_in_no, CheckInPadScan.pad_no == pad.pad_no,
        CheckInPadScan.step >= scans[0].step, CheckInPadScan.step <= scans[-1].step,
    )  # fmt: skip
    kept = {each.step: each for each in session.scalars(query)}
    for scan in scans:
        if scan.step in kept and kept[scan.step].digest != scan.digest:
            raise PadScanDiffersError(step=scan.step)
    return kept


def _require_chained(
    session: Session, pad: Pad, scans: Sequence[SignedScan], new: Sequence[SignedScan]
) -> Mark:
    """Refuse scans that do not follow one another and what came before; return the last mark."""
    query = select(CheckInPadScan).where(
        CheckInPadScan.check_in_no == pad.check_in_no, CheckInPadScan.pad_no == pad.pad_no
    )
    before = session.scalars(query.order_by(CheckInPadScan.step.desc()).limit(1)).first()
    step, digest, mark = 0, root_of(pad), pad.opened
    if before is not None:
        known = read_scan(pad, Signed(before.body, before.signature), before.step)
        step, digest, mark = known.step, known.digest, known.mark
    steps = [each.step for each in scans]
    if steps != list(range(steps[0], steps[0] + len(steps))) or (new and new[0].step != step + 1):
        raise PadScanMissingError(found=steps[0], wanted=step + 1)
    for scan in new:
        if scan.previous != digest:
            raise PadScanDiffersError(step=scan.step)
        digest = scan.digest
    return mark


def _recorded(
    session: Session, vault: Vault, desk: _Desk, new: Sequence[SignedScan]
) -> dict[int, Fate]:
    """Write new scans down: first those that say who came or left, then what became of each."""
    device = device_key(secret_of(vault, desk.check_in), f"pad {desk.pad.pad_no}")
    counted = scans_in(session, desk.check_in.check_in_no)
    people: dict[int, int] = {}
    numbers: dict[int, int] = {}
    codes: dict[int, str] = {}
    rows = []
    for scan in new:
        scanned_at = scan.mark.device_at - desk.pad.offset
        try:
            people[scan.step] = _person(session, vault, desk, scan, scanned_at)
        except CreditBankError as error:
            codes[scan.step] = error.code
            continue
        numbers[scan.step] = counted = counted + 1
        rows.append(
            {
                "check_in_no": desk.check_in.check_in_no, "scan_no": counted,
                "person_no": people[scan.step], "direction": scan.direction,
                "scanned_at": scanned_at, "recorded_at": desk.now, "device": device,
            }
        )  # fmt: skip
    if rows:
        session.execute(insert(CheckInScan), rows)
    used = _used(session, desk.check_in.check_in_no, set(people.values()))
    kept = [
        _as_kept(desk, scan, numbers.get(scan.step), codes.get(scan.step, ""), used) for scan in new
    ]
    session.add_all(kept)
    session.flush()
    return {each.step: _fate(each, is_repeated=False) for each in kept}


def _person(
    session: Session, vault: Vault, desk: _Desk, scan: SignedScan, scanned_at: datetime
) -> int:
    """Return the number on the list of whoever was scanned.

    Raises:
        SealedUnreadableError: what was sealed was not sent, or does not open.
        DocumentInvalidError, NameInvalidError, DemoOnlyError, InventedOnlyError: nobody is so.
        CheckInDayError, PadScanTimeError: it cannot have been then.
        CheckInFullError: more people are on the list than could have come.
    """
    if scan.who not in desk.sealed:
        raise SealedUnreadableError
    sealed = desk.sealed[scan.who]
    identity = open_identity(sealed, desk.sealing_key, desk.check_in.check_in_no)
    require_people(session, invented=is_demo_number(identity.document))
    earliest, latest = desk.pad.opened_at - CLOCK_TOLERANCE, desk.now + CLOCK_TOLERANCE
    if not earliest <= scanned_at <= latest:
        raise PadScanTimeError(step=scan.step)
    if scan.direction == Direction.IN:
        require_day(desk.planned, scanned_at)
    person_no = number_on_list(session, vault, desk.check_in, identity)
    if person_no is None:
        person_no = put_on_list(session, vault, desk.check_in, identity, is_guest=False)
    return person_no


def _used(session: Session, check_in_no: str, people: set[int]) -> frozenset[int]:
    """Return which scans of some people say something that no other says."""
    query = select(CheckInScan).where(
        CheckInScan.check_in_no == check_in_no, CheckInScan.person_no.in_(people)
    )
    scans: dict[int, list[CheckInScan]] = {number: [] for number in people}
    for scan in session.scalars(query):
        scans[scan.person_no].append(scan)
    unplugged = unplugged_scans(session, check_in_no)
    return frozenset().union(*(fold_scans(each, unplugged).used for each in scans.values()))


def _as_kept(
    desk: _Desk, scan: SignedScan, number: int | None, code: str, used: frozenset[int]
) -> CheckInPadScan:
    said = str(Outcome.RECORDED if number in used else Outcome.KNOWN)
    return CheckInPadScan(
        check_in_no=desk.pad.check_in_no, pad_no=desk.pad.pad_no, step=scan.step,
        body=scan.signed.body, signature=scan.signed.signature, digest=scan.digest,
        device_at=scan.mark.device_at, sent_at=desk.sent.device_at, received_at=desk.now,
        is_doubted=desk.doubts(scan), outcome=code or said, scan_no=number,
    )  # fmt: skip


def _fate(row: CheckInPadScan, *, is_repeated: bool) -> Fate:
    known = row.outcome in {Outcome.RECORDED, Outcome.KNOWN}
    outcome = Outcome(row.outcome) if known else Outcome.REFUSED
    code = "" if known else row.outcome
    return Fate(row.step, outcome, code, row.is_doubted, is_repeated)
