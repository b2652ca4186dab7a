"""Tables of xAPI: statements, what became of them, their files, and what sessions are called."""

from datetime import datetime

from sqlalchemy import BigInteger, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from creditbank.orm import Base, UtcDateTime


class XapiStatement(Base):
    """One statement of a provider; after its term only id, digest and outcome are left of it."""

    __tablename__ = "xapi_statement"

    #: whose it is: another provider may use the same id
    organisation_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    #: lower case
    statement_id: Mapped[str] = mapped_column(primary_key=True)
    #: grows with every sending of the provider
    stored_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: in its sending, from 0
    place: Mapped[int]
    #: what it says; `stored_at` where it says nothing
    happened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: keyed, of what counts when two of one id are compared
    digest: Mapped[bytes]
    #: NULL once its term is over
    content_cipher: Mapped[bytes | None]
    posted_by: Mapped[str]
    #: any of `crediting.xapi.Outcome`
    outcome: Mapped[str]
    #: JSON: column, code and facts; empty where it was credited; never a name or a number
    reason: Mapped[str]
    #: the session that it is about, where it is one of the provider's
    filing_no: Mapped[str | None]
    session_no: Mapped[int | None] = mapped_column(SmallInteger)
    #: what it was posted as, where it was credited
    roster_no: Mapped[str | None]
    row_no: Mapped[int | None]
    #: the statement that it voids, and the one that voids it
    voids: Mapped[str | None]
    voided_by: Mapped[str | None]


class XapiFile(Base):
    """A file that came with statements of a provider; after its term only that it did."""

    __tablename__ = "xapi_file"

    organisation_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    #: keyed, of its SHA-2
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    byte_length: Mapped[int] = mapped_column(BigInteger)
    #: with the newest statement that brought it
    kept_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: NULL once its term is over
    content_cipher: Mapped[bytes | None]


class XapiActivity(Base):
    """What a provider's own programs call a session."""

    __tablename__ = "xapi_activity"

    organisation_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    activity: Mapped[str] = mapped_column(primary_key=True)
    filing_no: Mapped[str]
    session_no: Mapped[int] = mapped_column(SmallInteger)
    set_by: Mapped[str]
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
