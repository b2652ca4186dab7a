"""Tables of the hinge: records from before the bank, which two officials approve."""

from datetime import datetime

from sqlalchemy import BigInteger, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from creditbank.orm import Base, UtcDateTime


class RecordImport(Base):
    """A file of hours from before the bank; two officials approve rows, total and digest."""

    __tablename__ = "record_import"

    import_no: Mapped[str] = mapped_column(primary_key=True)
    jurisdiction: Mapped[str]
    scheme: Mapped[str]
    #: where the records come from, in words
    origin: Mapped[str]
    #: keyed, of the rows in a fixed order: the same records are known again
    digest: Mapped[bytes]
    row_count: Mapped[int]
    people: Mapped[int]
    total_centihours: Mapped[int] = mapped_column(BigInteger)
    person_centihours_max: Mapped[int] = mapped_column(BigInteger)
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: NULL until a second official approves
    approved_by: Mapped[str | None]


class ImportRow(Base):
    """One line of an import: hours of one person, year and subject."""

    __tablename__ = "record_import_row"

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    import_no: Mapped[str] = mapped_column(primary_key=True)
    row_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    credited_year: Mapped[int] = mapped_column(SmallInteger)
    subject: Mapped[str]
    centihours: Mapped[int]
