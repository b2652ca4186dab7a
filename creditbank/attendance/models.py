"""Tables of what happened: raw minutes of people in sessions, and the rosters that told of them."""

from datetime import datetime

from sqlalchemy import BigInteger, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from creditbank.orm import Base, UtcDateTime

#: States of a work on a roster that is not over.
LIVE = ("waiting", "running")


class RosterBatch(Base):
    """One posting of a roster and what became of it."""

    __tablename__ = "roster_batch"

    roster_no: Mapped[str] = mapped_column(primary_key=True)
    filing_no: Mapped[str]
    posted_by: Mapped[str]
    #: by which another posted it in the holder's stead; NULL for the holder's own posting
    delegation_no: Mapped[str | None]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: keyed, of the parsed content: a spreadsheet saved again is known again
    digest: Mapped[bytes]
    rows_credited: Mapped[int]
    #: JSON: each bad row with its number, column, code and facts; never a name or a number
    problems: Mapped[str]
    #: any of `attendance.ways.Way`; empty where nothing is said of it
    way: Mapped[str]


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
    #: any of `attendance.ways.Way`; empty where nothing is said of it
    way: Mapped[str]


class RosterWork(Base):
    """A roster too long for one request: to be previewed or posted, and how far that is."""

    __tablename__ = "roster_work"

    work_no: Mapped[str] = mapped_column(primary_key=True)
    #: `preview` or `posting`
    kind: Mapped[str]
    organisation_id: Mapped[int] = mapped_column(BigInteger)
    filing_no: Mapped[str]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: of a posting by page: what it posts; of a preview, once done: what it is held as
    hold_no: Mapped[str | None]
    #: the file of a preview, or the rows that a machine sent; NULL once the work is over
    content_cipher: Mapped[bytes | None]
    #: the file from which a machine's rows were read, as it was sent; NULL where there is none
    file_cipher: Mapped[bytes | None]
    #: `waiting`, `running`, `done`, `failed` or `cancelled`
    state: Mapped[str]
    #: the step at work, empty before the first, and how much of it is done
    phase: Mapped[str]
    phase_done: Mapped[int]
    phase_total: Mapped[int]
    #: 0 until they are read
    rows_total: Mapped[int]
    #: counts those who took it up; only the last of them may finish it
    attempt: Mapped[int]
    #: when whoever works at it last said so
    progressed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: what it was posted as
    roster_no: Mapped[str | None]
    #: any of `attendance.ways.Way`; empty where nothing is said of it
    way: Mapped[str]
    #: canonical JSON: what a machine is answered, or why it failed; never a name or a number
    answer: Mapped[str]
