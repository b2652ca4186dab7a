"""A teacher's device without network (docs/formats.md §18): a key, a chain, and a clock."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from creditbank.attendance.check_in_models import CheckInPad
from creditbank.attendance.check_ins import check_in_numbered
from creditbank.attendance.pad_sealing import public_half, seal_identity
from creditbank.attendance.pad_signing import Mark, Signed, root_of
from creditbank.attendance.pads import (
    Fate,
    Upload,
    open_pad,
    pad_as_registered,
    sealing_key_of,
    take_upload,
)
from creditbank.canonical import Canonical, canonical_text, tagged_digest
from creditbank.clock import instant_text
from creditbank.db import unit_of_work
from creditbank.people.register import Identity
from creditbank.schemas.check_in_pads import base64url
from tests.bank import NOW, TestBank

MINUTE = timedelta(minutes=1)


@dataclass
class Device:
    """A page that was opened for a check-in; its clock is `ahead` of the bank's.

    Everything is told by the bank's clock in minutes since the opening; `clock_set` is by how much
    the device's clock was set meanwhile.
    """

    bank: TestBank
    check_in_no: str
    ahead: timedelta = timedelta()
    clock_set: timedelta = timedelta()
    #: how long the page counted no milliseconds
    slept: timedelta = timedelta()
    opened_at: datetime = NOW
    run: str = "00" * 8
    scans: list[Signed] = field(default_factory=list)
    people: dict[str, bytes] = field(default_factory=dict)
    step: int = 0

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.pad = self.open()
        self.head = root_of(pad_as_registered(self.pad))
        with self.bank.reading() as session:
            check_in = check_in_numbered(session, self.check_in_no)
            private = sealing_key_of(self.bank.house.vault, check_in, self.pad)
        self.sealing_key = public_half(private)

    @property
    def public_key(self) -> bytes:
        """The public half, as it is registered."""
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def open(self, minutes: int = 0) -> CheckInPad:
        """Register the key."""
        with self.bank.unit() as session:
            return open_pad(
                session, self.bank.house.vault, self.check_in_no, self.public_key,
                self.mark(minutes), actor="account-teacher", now=self.real(minutes),
            )  # fmt: skip

    def real(self, minutes: int) -> datetime:
        """Return an instant by the bank's clock."""
        return self.opened_at + minutes * MINUTE

    def mark(self, minutes: int) -> Mark:
        """Return what the device's clocks say."""
        at = self.real(minutes) + self.ahead + self.clock_set
        awake = timedelta(minutes=minutes + 1_000) - self.slept
        return Mark(at, self.run, awake // timedelta(milliseconds=1))

    def scan(self, who: Identity, direction: str, minutes: int) -> Signed:
        """Record somebody without network."""
        sealed = seal_identity(who, self.sealing_key, self.check_in_no)
        return self.scan_sealed(sealed, direction, minutes)

    def scan_sealed(self, sealed: bytes, direction: str, minutes: int) -> Signed:
        """Record whoever is sealed."""
        digest, mark = tagged_digest("creditbank/sealed-identity/v1", sealed), self.mark(minutes)
        self.people[digest.hex()] = sealed
        self.step += 1
        said: Canonical = [
            self.check_in_no, self.pad.pad_no, self.step, self.head.hex(), direction,
            instant_text(mark.device_at), mark.run, mark.ticks, digest.hex(),
        ]  # fmt: skip
        signed = self.signed(canonical_text(said))
        self.head = tagged_digest("creditbank/check-in-scan/v1", signed.body.encode())
        self.scans.append(signed)
        return signed

    def signed(self, body: str) -> Signed:
        """Sign a scan."""
        return Signed(body, self.sign("creditbank/check-in-scan/v1", body))

    def sign(self, tag: str, text: str) -> bytes:
        """Sign a text under its tag."""
        made = self.key.sign(f"{tag}\n{text}".encode(), ec.ECDSA(SHA256()))
        return b"".join(each.to_bytes(32) for each in decode_dss_signature(made))

    def upload(self, minutes: int, scans: list[Signed] | None = None) -> Upload:
        """Put together what is sent: everything that was recorded, or some of it."""
        sent, mark = self.scans if scans is None else scans, self.mark(minutes)
        step = json.loads(sent[-1].body)[2]
        head = tagged_digest("creditbank/check-in-scan/v1", sent[-1].body.encode())
        over = canonical_text(
            [self.check_in_no, self.pad.pad_no, step, head.hex(), instant_text(mark.device_at),
             mark.run, mark.ticks]
        )  # fmt: skip
        signature = self.sign("creditbank/check-in-upload/v1", over)
        return Upload(list(sent), list(self.people.values()), mark, signature)

    def send(
        self, minutes: int, upload: Upload | None = None, scans: list[Signed] | None = None
    ) -> list[Fate]:
        """Send it."""
        upload = upload or self.upload(minutes, scans)
        with unit_of_work() as session:
            return take_upload(
                session, self.bank.house.vault, self.check_in_no, self.pad.pad_no, upload,
                now=self.real(minutes),
            )  # fmt: skip


def told(mark: Mark) -> dict[str, object]:
    """Write a mark as it is sent."""
    return {"device_at": instant_text(mark.device_at), "run": mark.run, "ticks": mark.ticks}


def upload_of(device: Device, minutes: int = 1) -> dict[str, object]:
    """Write everything that was recorded as it is sent."""
    upload = device.upload(minutes)
    return {
        "scans": [
            {"body": each.body, "signature": base64url(each.signature)} for each in upload.scans
        ],
        "people": [base64url(each) for each in upload.people],
        "sent": told(upload.sent), "signature": base64url(upload.signature),
    }  # fmt: skip
