"""Tables of what happened: raw minutes of people in sessions, and the rosters that told of them."""

from datetime import datetime

from sqlalchemy import BigInteger, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from creditbank.orm import Base, UtcDateTime


class RosterBatch(Base):
    """One posting of a roster and what became of it."""

    __tablename__ = "roster_batch"

    roster_no: Mapped[str] = mapped_column(primary_key=True)
    filing_no: Mapped[str]
    posted_by: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: keyed, of the parsed content: a spreadsheet saved again is known again
    digest: Mapped[bytes]
    rows_credited: Mapped[int]
    #: JSON: each bad row with its number, column, code and facts; never a name or a number
    problems: Mapped[str]


class Attendance(Base):
    """One person's presence in one session, as the provider stated it."""

    __tablename__ = "attendance"

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    filing_no: Mapped[str] = mapped_column(primary_key=True)
    session_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    attended_minutes: Mapped[int] = mapped_column(SmallInteger)
    roster_no: Mapped[str]
    row_no: Mapped[int]


class HeldRoster(Base):
    """An uploaded roster between its preview and its posting; a day later it is gone."""

    __tablename__ = "held_roster"

    hold_no: Mapped[str] = mapped_column(primary_key=True)
    #: whose file it is; the vault binds the ciphers to both
    organisation_id: Mapped[int] = mapped_column(BigInteger)
    filing_no: Mapped[str]
    held_by: Mapped[str]
    held_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: the file as it was sent, and what would become of its rows; NULL once it is posted
    file_cipher: Mapped[bytes | None]
    preview_cipher: Mapped[bytes | None]
    #: what it was posted as; NULL until then
    roster_no: Mapped[str | None]
