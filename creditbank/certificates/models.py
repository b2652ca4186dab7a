"""Tables of certificates: appended only; what a certificate's state is follows from them.

A certificate is of a person, so its keys begin with the person; the directory leads there from a
number or a code.
"""

from datetime import date, datetime

from sqlalchemy import BigInteger, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from creditbank.orm import Base, UtcDateTime


class Certificate(Base):
    """A certificate as it was issued; its facts open only with the person's secret."""

    __tablename__ = "certificate"

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    number: Mapped[str] = mapped_column(primary_key=True)
    jurisdiction: Mapped[str]
    scheme: Mapped[str]
    #: ascending, space-separated
    years: Mapped[str]
    #: of the leaves and the name that it rests on: another one makes it superseded
    record_digest: Mapped[bytes]
    #: counts certificates on one record: the next only after one was revoked or has expired
    edition: Mapped[int] = mapped_column(SmallInteger)
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: the last civil day on which it holds; NULL for no end
    valid_through: Mapped[date | None]
    #: as in the act of issue (docs/formats.md §8)
    facts_digest: Mapped[bytes]
    #: canonical JSON, encrypted under the person's secret
    facts_cipher: Mapped[bytes]
    #: the 16 bytes of the code, encrypted likewise, so that a reprint bears the same QR code
    code_cipher: Mapped[bytes]
    act_id: Mapped[int] = mapped_column(BigInteger)


class CertificateLookup(Base):
    """The directory: the digest of a number or of a code leads to the certificate."""

    __tablename__ = "certificate_lookup"

    lookup: Mapped[bytes] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[str]


class CertificateRevocation(Base):
    """The end of a certificate by an official; at most one for each."""

    __tablename__ = "certificate_revocation"

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    number: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    revoked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    act_id: Mapped[int] = mapped_column(BigInteger)


class CertificateView(Base):
    """One look at a certificate's public page; from where is not kept."""

    __tablename__ = "certificate_view"

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    viewed_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    #: random; tells apart two looks in one microsecond
    view_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    number: Mapped[str]
