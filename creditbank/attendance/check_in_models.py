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
