"""Tables of the files that rosters and imports came as: known for ever, kept for a term."""

from datetime import date, datetime

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from creditbank.orm import Base, UtcDateTime


class KeptFile:
    """What is known of a file for ever; never changed."""

    file_no: Mapped[str]
    #: any of `kept_files.KeptKind`
    kind: Mapped[str]
    byte_length: Mapped[int]
    #: the SHA-256 of the bytes, in the vault: a short file could be guessed from it; and behind it
    #: the salt under which the ledger names it, where it does
    digest_cipher: Mapped[bytes]
    kept_at: Mapped[datetime] = mapped_column(UtcDateTime)


class KeptContent:
    """The bytes of a file, until their term is over or somebody of whom they tell is erased."""

    file_no: Mapped[str]
    #: NULL once they are erased
    file_cipher: Mapped[bytes | None]
    erased_on: Mapped[date | None]
    #: any of `kept_files.ErasedBecause`; empty while they are kept
    erased_because: Mapped[str]


class KeptDownload:
    """That somebody was given a file; never changed."""

    file_no: Mapped[str]
    downloaded_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    #: random, so that two at one instant are two
    download_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    downloaded_by: Mapped[str]
    #: any of `kept_files.FileReason`, as an official stated it; empty for the provider's own
    reason: Mapped[str]
    #: the number of the office's file; empty where there is none
    case_no: Mapped[str]


class RosterFile(KeptFile, Base):
    """The file of a posted roster, by the roster's number."""

    __tablename__ = "roster_file"

    file_no: Mapped[str] = mapped_column("roster_no", primary_key=True)


class RosterFileContent(KeptContent, Base):
    """The bytes of a posted roster's file."""

    __tablename__ = "roster_file_content"

    file_no: Mapped[str] = mapped_column("roster_no", primary_key=True)


class RosterFileDownload(KeptDownload, Base):
    """That somebody was given the file of a roster."""

    __tablename__ = "roster_file_download"

    file_no: Mapped[str] = mapped_column("roster_no", primary_key=True)


class ImportFile(KeptFile, Base):
    """A file of earlier records: of an import's rows, or of the totals that were stated."""

    __tablename__ = "import_file"

    file_no: Mapped[str] = mapped_column(primary_key=True)
    import_no: Mapped[str]


class ImportFileContent(KeptContent, Base):
    """The bytes of a file of earlier records."""

    __tablename__ = "import_file_content"

    file_no: Mapped[str] = mapped_column(primary_key=True)


class ImportFileDownload(KeptDownload, Base):
    """That somebody was given a file of earlier records."""

    __tablename__ = "import_file_download"

    file_no: Mapped[str] = mapped_column(primary_key=True)
