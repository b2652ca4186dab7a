"""Tables of check-in on site: one for a session, who came to it, and each scan for ever."""

from datetime import datetime

from sqlalchemy import BigInteger, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from creditbank.orm import Base, UtcDateTime


class CheckIn(Base):
    """Check-in to one filed session: open, closed, and at the end posted as a roster."""

    __tablename__ = "check_in"

    check_in_no: Mapped[str] = mapped_column(primary_key=True)
    #: whose filing; the vault binds the ciphers to both numbers
    organisation_id: Mapped[int] = mapped_column(BigInteger)
    filing_no: Mapped[str]
    session_no: Mapped[int] = mapped_column(SmallInteger)
    #: by which a delegate opened it in the holder's stead; NULL where the holder did
    delegation_no: Mapped[str | None]
    #: what the codes are made of
    secret_cipher: Mapped[bytes]
    opened_by: Mapped[str]
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: NULL while it takes scans
    closed_by: Mapped[str | None]
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: what it was posted as
    roster_no: Mapped[str | None]

    @property
    def state(self) -> str:
        """How it stands: `open`, `closed` or `posted`."""
        if self.roster_no is not None:
            return "posted"
        return "open" if self.closed_at is None else "closed"


class CheckInPerson(Base):
    """Somebody who came, as they said on the phone or as their account knows them."""

    __tablename__ = "check_in_person"

    check_in_no: Mapped[str] = mapped_column(primary_key=True)
    #: counts those who came
    person_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: keyed, of number and name: who says the same again is the same
    identity_key: Mapped[bytes]
    #: kind, number and name; NULL once their term is over
    identity_cipher: Mapped[bytes | None]
    #: whether they typed it, without an account
    is_guest: Mapped[bool]
    #: by the provider, in the place of what was measured; 0 for who is not to be posted
    stated_minutes: Mapped[int | None] = mapped_column(SmallInteger)
    stated_by: Mapped[str | None]


class CheckInScan(Base):
    """One scan: who went in or out, when, and with which device."""

    __tablename__ = "check_in_scan"

    check_in_no: Mapped[str] = mapped_column(primary_key=True)
    #: counts the scans
    scan_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person_no: Mapped[int]
    #: `in` or `out`
    direction: Mapped[str]
    #: by the bank's clock, when the code was read
    scanned_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: when the person said who they are
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: under this check-in's secret: elsewhere the same device is another
    device: Mapped[bytes]


class CheckInPad(Base):
    """A teacher's page that records without network, as opened; it ends with the check-in."""

    __tablename__ = "check_in_pad"

    check_in_no: Mapped[str] = mapped_column(primary_key=True)
    #: counts the pads of the check-in
    pad_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    #: uncompressed point of P-256: what the page signs with
    public_key: Mapped[bytes]
    #: the bank's private half of the key to which the page encrypts who came
    sealing_cipher: Mapped[bytes]
    #: of the page's clocks: `pad_signing.Mark`
    device_at: Mapped[datetime] = mapped_column(UtcDateTime)
    run: Mapped[str]
    ticks: Mapped[int] = mapped_column(BigInteger)
    opened_by: Mapped[str]
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CheckInPadScan(Base):
    """A scan as a pad signed it, with both clocks and what became of it, for ever."""

    __tablename__ = "check_in_pad_scan"

    check_in_no: Mapped[str] = mapped_column(primary_key=True)
    pad_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    #: counts the scans of the pad
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: what was signed; it names nobody
    body: Mapped[str]
    signature: Mapped[bytes]
    digest: Mapped[bytes]
    #: by the device's clock: of the scan, and of the upload with which it came
    device_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: of that upload, by the bank's
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: whether the device's clock was set meanwhile, or the delegation did not hold then
    is_doubted: Mapped[bool]
    #: `recorded`, `known` (was in, or out, already), or the code of why it counts nothing
    outcome: Mapped[str]
    #: as which scan of the check-in it counts; NULL for one that counts nothing
    scan_no: Mapped[int | None]
