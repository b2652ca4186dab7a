"""Shapes of check-in without network: a pad's key, what it signed, and what became of it."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import ValidationError, fields, post_load

from creditbank.attendance.check_in_models import CheckInPad
from creditbank.attendance.pad_sealing import SEALED_BYTES_MAX
from creditbank.attendance.pad_signing import (
    POINT_BYTES,
    SIGNATURE_BYTES,
    Mark,
    Signed,
    root_of,
)
from creditbank.attendance.pads import Fate, Outcome, Upload, pad_as_registered
from creditbank.canonical import INTEGER_MAX
from creditbank.crediting.check_in_pads import Expected
from creditbank.schemas.fields import (
    Choice,
    Code,
    Inner,
    Instant,
    Several,
    Shape,
    Text,
    Truth,
    Whole,
)
from creditbank.schemas.wanted import Wanted

#: In one upload; a page that has more sends them one part after another.
SCANS_MAX = 500
_BODY_CHARACTERS_MAX = 600
_PADS_MAX, _STEPS_MAX = 1_000, 1_000_000


class Bytes(fields.Field[bytes]):
    """Bytes as base64url without padding, of a bounded length."""

    def __init__(self, low: int, high: int, **options: Any) -> None:
        places = [-(-4 * each // 3) for each in (low, high)]
        options["metadata"] = {
            "type": "string", "minLength": places[0], "maxLength": places[1],
            "pattern": "^[A-Za-z0-9_-]*$", **options.get("metadata", {}),
        }  # fmt: skip
        super().__init__(**options)
        self._low, self._high = low, high

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> bytes:
        wanted = Wanted("field-base64url", low=self._low, high=self._high)
        if not isinstance(value, str) or len(value) > 2 * self._high:
            raise ValidationError([wanted])
        try:
            read = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
        except (ValueError, binascii.Error) as error:
            raise ValidationError([wanted]) from error
        # The one way of writing it, so that what is sent again is the same text.
        if base64url(read) != value or not self._low <= len(read) <= self._high:
            raise ValidationError([wanted])
        return read

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str:
        return base64url(value)


def base64url(content: bytes) -> str:
    """Write bytes as base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


class MarkShape(Shape):
    """What a device's clocks say: that of the wall, and milliseconds since it was started."""

    device_at = Instant(required=True)
    run = Code(r"[0-9a-f]{16}", "0123456789abcdef", required=True)
    ticks = Whole(0, INTEGER_MAX, required=True)

    @post_load
    def mark(self, data: dict[str, Any], **_kwargs: Any) -> Mark:
        """Make what the room takes."""
        return Mark(**data)


class PadBody(Shape):
    """The key of a page that will record without network."""

    public_key = Bytes(
        POINT_BYTES, POINT_BYTES, required=True,
        metadata={"description": "P-256, an uncompressed point of 65 bytes."},
    )  # fmt: skip
    mark = Inner(MarkShape, required=True)


class ExpectedAnswer(Shape):
    """Somebody who may be picked; the number lies in `sealed`, which only the bank opens."""

    name = Text(60)
    last_four = Text(4)
    sealed = Bytes(1, SEALED_BYTES_MAX)
    is_there = Truth()


class PadAnswer(Shape):
    """A pad as it was registered."""

    pad_no = Whole(1, _PADS_MAX)
    root = Text(64, metadata={"description": "What the first scan names as the one before it."})
    sealing_key = Bytes(
        POINT_BYTES, POINT_BYTES,
        metadata={"description": "To this P-256 key identities are encrypted."},
    )  # fmt: skip
    opened_at = Instant(metadata={"description": "By the bank's clock."})
    people = Inner(ExpectedAnswer, many=True)


class SignedScanBody(Shape):
    """A scan as it was signed."""

    body = Text(_BODY_CHARACTERS_MAX, required=True)
    signature = Bytes(SIGNATURE_BYTES, SIGNATURE_BYTES, required=True)

    @post_load
    def signed(self, data: dict[str, Any], **_kwargs: Any) -> Signed:
        """Make what the room takes."""
        return Signed(**data)


class PadUploadBody(Shape):
    """What a pad recorded, in its order; what came before may come again."""

    scans = Several(Inner(SignedScanBody), low=1, high=SCANS_MAX, required=True)
    people = Several(
        Bytes(1, SEALED_BYTES_MAX), high=SCANS_MAX, required=True,
        metadata={"description": "Sealed identities of whoever is in these scans."},
    )  # fmt: skip
    sent = Inner(MarkShape, required=True)
    signature = Bytes(SIGNATURE_BYTES, SIGNATURE_BYTES, required=True)

    @post_load
    def upload(self, data: dict[str, Any], **_kwargs: Any) -> Upload:
        """Make what the room takes."""
        return Upload(data["scans"], data["people"], data["sent"], data["signature"])


class FateAnswer(Shape):
    """What became of one scan."""

    step = Whole(1, _STEPS_MAX)
    outcome = Choice(
        Outcome,
        metadata={"description": "known: in, or out, already, by whichever way. It counts once."},
    )
    code = Text(60, low=0, metadata={"description": "Why it was refused; else empty."})
    is_doubted = Truth(
        metadata={"description": "The device's clock was set, or the delegation did not hold."}
    )
    is_repeated = Truth(metadata={"description": "It came before; this was said then."})


class PadUploadAnswer(Shape):
    """What became of each scan that was sent."""

    scans = Inner(FateAnswer, many=True)


def shaped_pad(pad: CheckInPad, sealing_key: bytes, people: Sequence[Expected]) -> dict[str, Any]:
    """Return the members of a pad, to be dumped."""
    return {
        "pad_no": pad.pad_no, "root": root_of(pad_as_registered(pad)).hex(),
        "sealing_key": sealing_key, "opened_at": pad.opened_at,
        "people": [
            {
                "name": each.name, "last_four": each.last_four, "sealed": each.sealed,
                "is_there": each.is_there,
            }
            for each in people
        ],
    }  # fmt: skip


def shaped_fates(fates: Sequence[Fate]) -> dict[str, Any]:
    """Return the members of what became of an upload, to be dumped."""
    return {
        "scans": [
            {
                "step": each.step, "outcome": each.outcome, "code": each.code,
                "is_doubted": each.is_doubted, "is_repeated": each.is_repeated,
            }
            for each in fates
        ]
    }  # fmt: skip
