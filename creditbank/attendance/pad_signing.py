"""What a teacher's page signs without network, and how its clock is judged (formats.md §18).

The page makes a key when it is opened, and registers its public half. Each scan is signed and names
the digest of the one before it, the first that of the opening: so none can be changed, left out or
put in between without that device. Its clock is no proof. The bank notes how far it is off at the
opening and at each upload, and doubts a clock that was set in between.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from creditbank.canonical import INTEGER_MAX, Canonical, canonical_bytes, tagged_digest
from creditbank.clock import instant_from_text, instant_text
from creditbank.errors import CreditBankError

#: An uncompressed point of P-256, and the two halves of a signature.
POINT_BYTES, SIGNATURE_BYTES = 65, 64
#: A clock that is off by more at an upload than at the opening was set, or is not to be relied on.
CLOCK_TOLERANCE = timedelta(minutes=2)
_OPENING, _SCAN, _UPLOAD = (f"creditbank/check-in-{each}/v1" for each in ("pad", "scan", "upload"))
#: check-in, pad, step, digest before, direction, instant, run, milliseconds, who
_TYPES = [str, int, int, str, str, str, str, int, str]
#: Beyond these no clock stands, and no interval is reckoned.
DAY_MIN, DAY_MAX = date(1990, 1, 1), date(2200, 12, 31)
_RUN, _DIGEST = re.compile(r"[0-9a-f]{16}", re.ASCII), re.compile(r"[0-9a-f]{64}", re.ASCII)


class PadKeyInvalidError(CreditBankError):
    """The public key of a pad is no point of P-256."""

    code = "pad-key-invalid"
    status = 422


class PadUnsignedError(CreditBankError):
    """A scan, or the upload itself (step 0), is not what the pad signed, or of no known form."""

    code = "pad-unsigned"
    status = 422


@dataclass(frozen=True, slots=True)
class Mark:
    """What a device's clocks said: that of the wall, and milliseconds since the page was loaded.

    `run` names the loading; milliseconds of different runs tell nothing of one another.
    """

    device_at: datetime
    run: str
    ticks: int


@dataclass(frozen=True, slots=True)
class Pad:
    """A pad as it was registered."""

    check_in_no: str
    pad_no: int
    #: uncompressed point of P-256
    public_key: bytes
    opened: Mark
    #: by the bank's clock
    opened_at: datetime

    @property
    def offset(self) -> timedelta:
        """How far the device's clock was ahead of the bank's, the request's way included."""
        return self.opened.device_at - self.opened_at


@dataclass(frozen=True, slots=True)
class Signed:
    """A scan as it comes: the text that was signed, and the signature."""

    body: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class SignedScan:
    """A scan whose signature holds; `who` is the digest of a sealed identity, as hex."""

    step: int
    previous: bytes
    direction: str
    mark: Mark
    who: str
    digest: bytes
    signed: Signed


def read_key(point: bytes) -> ec.EllipticCurvePublicKey:
    """Read a public key.

    Raises:
        PadKeyInvalidError: it is none.
    """
    try:
        if len(point) != POINT_BYTES:
            raise PadKeyInvalidError(found=len(point), wanted=POINT_BYTES)
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as error:
        raise PadKeyInvalidError(found=len(point), wanted=POINT_BYTES) from error


def root_of(pad: Pad) -> bytes:
    """Return the digest that the first scan of a pad names."""
    said = [pad.check_in_no, pad.pad_no, pad.public_key.hex(), *_marked(pad.opened)]
    return tagged_digest(_OPENING, canonical_bytes(said))


def read_scan(pad: Pad, signed: Signed, place: int) -> SignedScan:
    """Read one scan of a pad; `place` counts those that came with it.

    Raises:
        PadUnsignedError: it is not what this pad signed.
    """
    no, pad_no, step, previous, direction, at, run, ticks, who = _elements(signed.body, place)
    if (no, pad_no) != (pad.check_in_no, pad.pad_no):
        raise PadUnsignedError(step=place)
    content = signed.body.encode("utf-8")
    _require_signed(pad, _SCAN, content, signed.signature, place)
    return SignedScan(
        step, bytes.fromhex(previous), direction, Mark(instant_from_text(at), run, ticks), who,
        tagged_digest(_SCAN, content), signed,
    )  # fmt: skip


def require_upload(pad: Pad, last: SignedScan, sent: Mark, signature: bytes) -> None:
    """Refuse an upload that the pad did not sign: through which scan it goes, and when it was sent.

    Raises:
        PadUnsignedError: it did not.
    """
    said = [pad.check_in_no, pad.pad_no, last.step, last.digest.hex(), *_marked(sent)]
    _require_signed(pad, _UPLOAD, canonical_bytes(said), signature, 0)


def clock_held(pad: Pad, marks: Iterable[Mark], *, received_at: datetime) -> bool:
    """Tell whether a device's clock ran on from mark to mark; the last one is that of the upload.

    A page that sleeps may lose milliseconds, never win some: so only a clock that moved less than
    they did was set for certain. One that was set ahead shows against the bank's at the upload.
    """
    known = list(marks)
    drift = known[-1].device_at - received_at - pad.offset
    return abs(drift) <= CLOCK_TOLERANCE and all(_ran_on(*each) for each in pairwise(known))


def _ran_on(before: Mark, after: Mark) -> bool:
    passed = after.device_at - before.device_at
    least = timedelta()
    if before.run == after.run:
        least = timedelta(milliseconds=after.ticks - before.ticks)
        if least < timedelta():
            return False
    return passed >= least - CLOCK_TOLERANCE


def _elements(body: str, place: int) -> tuple[str, int, int, str, str, str, str, int, str]:
    """Read the nine elements of a scan; any other text that says the same is refused."""
    try:
        said = json.loads(body)
        if _is_scan(said) and canonical_bytes(said) == body.encode("utf-8"):
            no, pad_no, step, previous, direction, at, run, ticks, who = said
            return no, pad_no, step, previous, direction, at, run, ticks, who
    except (ValueError, TypeError, RecursionError) as error:
        raise PadUnsignedError(step=place) from error
    raise PadUnsignedError(step=place)


def _is_scan(said: object) -> bool:
    if not isinstance(said, list) or [type(each) for each in said] != _TYPES:
        return False
    _no, pad_no, step, previous, direction, at, run, ticks, who = said
    return (
        direction in {"in", "out"}
        and DAY_MIN <= instant_from_text(at).date() <= DAY_MAX
        and all(0 <= each <= INTEGER_MAX for each in (pad_no, step, ticks))
        and all(_DIGEST.fullmatch(each) is not None for each in (previous, who))
        and _RUN.fullmatch(run) is not None
    )


def _marked(mark: Mark) -> list[Canonical]:
    return [instant_text(mark.device_at), mark.run, mark.ticks]


def _require_signed(pad: Pad, tag: str, content: bytes, signature: bytes, place: int) -> None:
    half = SIGNATURE_BYTES // 2
    if len(signature) != SIGNATURE_BYTES:
        raise PadUnsignedError(step=place)
    halves = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
    try:
        read_key(pad.public_key).verify(
            encode_dss_signature(*halves), tag.encode("ascii") + b"\n" + content,
            ec.ECDSA(SHA256()),
        )  # fmt: skip
    except InvalidSignature as error:
        raise PadUnsignedError(step=place) from error
