"""Files of rosters and imports: kept encrypted for a set term, then only what tells them apart.

The bytes lie in the vault, bound to their row, from the transaction that takes the roster or the
import. So does their SHA-256, since a short file could be guessed from it; it stays when the bytes
go. The ledger names a file by its commitment: the SHA-256 under a salt that lies beside it. Whoever
was given a file stands there for ever. Names of files are not kept: they may name people.
"""

import hashlib
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, CursorResult, func, insert, or_, select, update
from sqlalchemy.orm import Session

from creditbank.attendance.file_models import (
    ImportFile,
    ImportFileContent,
    ImportFileDownload,
    KeptContent,
    KeptDownload,
    KeptFile,
    RosterFile,
    RosterFileContent,
    RosterFileDownload,
)
from creditbank.attendance.models import Attendance
from creditbank.attendance.tables import kind_of
from creditbank.canonical import Canonical
from creditbank.clock import civil_day
from creditbank.crediting.models import ImportRow, ImportTotal, NameCheck
from creditbank.errors import CreditBankError
from creditbank.people.vault import Vault, row_key

#: Of the downloads of a file so many are shown, the newest first.
DOWNLOADS_SHOWN = 50
_SALT_BYTES = 16


class KeptKind(StrEnum):
    """What a kept file is; the value is what its name ends with."""

    XLSX = "xlsx"
    XLS = "xls"
    CSV = "csv"
    JSON = "json"


MEDIA_TYPES: Mapping[KeptKind, str] = {
    KeptKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    KeptKind.XLS: "application/vnd.ms-excel",
    KeptKind.CSV: "text/csv",
    KeptKind.JSON: "application/json",
}


class ErasedBecause(StrEnum):
    """Why the bytes of a file went; the value of the first is what older rows have."""

    TERM = ""
    PERSON = "person"


class FileReason(StrEnum):
    """For what an official takes a file."""

    CORRECTION = "correction"
    DISPUTE = "dispute"
    INVESTIGATION = "investigation"
    INSPECTION = "inspection"


class RosterFileNoneError(CreditBankError):
    """A roster did not come as a file, or came when files were not kept."""

    code = "roster-file-none"
    status = 404


class RosterFileErasedError(CreditBankError):
    """The term of a roster's file is over, or somebody on it was erased."""

    code = "roster-file-erased"
    status = 410


class ImportFileNoneError(CreditBankError):
    """An import came as no such file, or came when files were not kept."""

    code = "import-file-none"
    status = 404


class ImportFileErasedError(CreditBankError):
    """The term of an import's file is over, or somebody in it was erased."""

    code = "import-file-erased"
    status = 410


class RosterFileReasonWantedError(CreditBankError):
    """An official takes a file and does not say for what."""

    code = "roster-file-reason-wanted"
    status = 422


class ImportPart(StrEnum):
    """Of what a file of earlier records is."""

    ROWS = "rows"
    TOTALS = "totals"

    def file_no(self, import_no: str) -> str:
        """Return under which number the file of an import is kept."""
        return import_no if self is ImportPart.ROWS else f"{import_no}-{self}"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where files of one sort are kept: three tables, and what is said where there is none."""

    #: how the names of tables and downloads begin
    name: str
    file: type[KeptFile]
    content: type[KeptContent]
    download: type[KeptDownload]
    none: type[CreditBankError]
    erased: type[CreditBankError]
    kind_of: Callable[[bytes], KeptKind]

    def place(self, column: str, file_no: str) -> tuple[str, str, int]:
        """Return what the vault binds a cipher of this shelf to."""
        table = f"{self.name}_file" + ("_content" if column == "file_cipher" else "")
        return table, column, row_key(file_no)


def _roster_kind(content: bytes) -> KeptKind:
    return KeptKind(str(kind_of(content)))


def _import_kind(content: bytes) -> KeptKind:
    return KeptKind.JSON if content.lstrip()[:1] == b"{" else _roster_kind(content)


ROSTERS = Shelf(
    "roster", RosterFile, RosterFileContent, RosterFileDownload, RosterFileNoneError,
    RosterFileErasedError, _roster_kind,
)  # fmt: skip
IMPORTS = Shelf(
    "import", ImportFile, ImportFileContent, ImportFileDownload, ImportFileNoneError,
    ImportFileErasedError, _import_kind,
)  # fmt: skip
SHELVES = (ROSTERS, IMPORTS)


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file about to be kept, with the salt under which the ledger will name it."""

    content: bytes = field(repr=False)
    sha256: bytes
    salt: bytes = field(repr=False)

    @classmethod
    def of(cls, content: bytes) -> "NewFile":
        """Draw a salt for a file."""
        return cls(content, hashlib.sha256(content).digest(), secrets.token_bytes(_SALT_BYTES))

    @property
    def commitment(self) -> str:
        """Return what the ledger says of it, in hex."""
        return commitment_of(self.sha256, self.salt)


@dataclass(frozen=True, slots=True)
class FileTold:
    """What is told of a file: while it is kept, and after.

    `kept_until` is the day on which its term ends, `erased_on` the day on which the bytes went;
    `downloads` are the newest of `downloads_total`. Of files from before there was one, `salt` is
    empty, and nothing in the ledger names them.
    """

    kind: KeptKind
    byte_length: int
    sha256: bytes
    salt: bytes = field(repr=False)
    kept_until: date
    erased_on: date | None
    erased_because: ErasedBecause
    downloads: tuple[KeptDownload, ...]
    downloads_total: int

    @property
    def commitment(self) -> str:
        """Return what the ledger says of it, in hex; empty where it says nothing."""
        return commitment_of(self.sha256, self.salt) if self.salt else ""


@dataclass(frozen=True, slots=True)
class Download:
    """Who takes which file, and of an official for what, by which file of theirs."""

    file_no: str
    actor: str
    is_official: bool
    reason: FileReason | None = None
    case_no: str = ""


@dataclass(frozen=True, slots=True)
class FileTaken:
    """The bytes of a file, as they came, and under which headers they go out again."""

    content: bytes = field(repr=False)
    kind: KeptKind
    #: made of public numbers alone
    name: str

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers that keep it from being shown, guessed at, or stored on the way."""
        return {
            "Content-Type": MEDIA_TYPES[self.kind],
            "Content-Disposition": f'attachment; filename="{self.name}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }


def commitment_of(sha256: bytes, salt: bytes) -> str:
    """Return how the ledger names a file (formats.md §2), in hex."""
    return hashlib.sha256(b"creditbank/file/v1\n" + salt + sha256).hexdigest()


def named_in_ledger(session: Session, vault: Vault, shelf: Shelf, file_no: str) -> str:
    """Return how the ledger names a file, kept or erased; empty where there is none, or no salt."""
    file = session.get(shelf.file, file_no)
    if file is None:
        return ""
    sha256, salt = digest_of(vault, shelf, file)
    return commitment_of(sha256, salt) if salt else ""


def keep_file(  # which file, where
    session: Session, vault: Vault, shelf: Shelf, file_no: str, file: NewFile, *, now: datetime,
    **owner: str,
) -> None:  # fmt: skip
    """Keep a file, in the transaction that takes what it brought."""
    known = {
        "file_no": file_no, "kind": str(shelf.kind_of(file.content)),
        "byte_length": len(file.content), "kept_at": now,
        "digest_cipher": vault.lock(
            file.sha256 + file.salt, *shelf.place("digest_cipher", file_no)
        ),
    }  # fmt: skip
    session.execute(insert(shelf.file), [known | owner])
    cipher = vault.lock(file.content, *shelf.place("file_cipher", file_no))
    kept = {
        "file_no": file_no, "file_cipher": cipher, "erased_on": None,
        "erased_because": str(ErasedBecause.TERM),
    }  # fmt: skip
    session.execute(insert(shelf.content), [kept])


@dataclass(frozen=True, slots=True)
class ImportFiles:
    """The bytes of the rows, and of the totals where they came in a file of their own."""

    rows: bytes = field(default=b"", repr=False)
    totals: bytes = field(default=b"", repr=False)

    def each(self) -> Iterator[tuple[ImportPart, bytes]]:
        """Yield what there is."""
        for part, content in ((ImportPart.ROWS, self.rows), (ImportPart.TOTALS, self.totals)):
            if content:
                yield part, content


NO_FILES = ImportFiles()


def keep_import_files(
    session: Session, vault: Vault, import_no: str, files: ImportFiles, *, now: datetime
) -> None:
    """Keep the files in which an import came, in the transaction that takes it."""
    for part, content in files.each():
        keep_file(
            session, vault, IMPORTS, part.file_no(import_no), NewFile.of(content), now=now,
            import_no=import_no,
        )  # fmt: skip


def import_files_named(session: Session, vault: Vault, import_no: str) -> dict[str, Canonical]:
    """Return how the act names the files in which an import came."""
    named: dict[str, Canonical] = {}
    for part, name in ((ImportPart.ROWS, "file"), (ImportPart.TOTALS, "totals_file")):
        file = session.get(ImportFile, part.file_no(import_no))
        if file is not None:
            named[name] = commitment_of(*digest_of(vault, IMPORTS, file))
    return named


def file_told(
    session: Session, vault: Vault, shelf: Shelf, file_no: str, *, days: int
) -> FileTold | None:
    """Tell what is known of a file; None where there is none.

    Args:
        session: any.
        vault: unlocks the digest.
        shelf: where it is kept.
        file_no: of a roster or an import that the asker may see.
        days: the term.

    Raises:
        VaultBrokenError: the digest is not what was written there.
    """
    file = session.get(shelf.file, file_no)
    if file is None:
        return None
    content, download = shelf.content, shelf.download
    # Not the row itself: its bytes are not wanted here.
    gone = select(content.erased_on, content.erased_because).where(content.file_no == file_no)
    erased = session.execute(gone).first()
    taken = select(download).where(download.file_no == file_no)
    count = select(func.count()).select_from(download).where(download.file_no == file_no)
    newest = taken.order_by(download.downloaded_at.desc()).limit(DOWNLOADS_SHOWN)
    sha256, salt = digest_of(vault, shelf, file)
    return FileTold(
        kind=KeptKind(file.kind),
        byte_length=file.byte_length,
        sha256=sha256,
        salt=salt,
        kept_until=civil_day(file.kept_at + timedelta(days=days)),
        erased_on=erased[0] if erased else None,
        erased_because=ErasedBecause(erased[1] if erased else ""),
        downloads=tuple(session.scalars(newest)),
        downloads_total=session.scalar(count) or 0,
    )


def import_files_told(
    session: Session, vault: Vault, import_no: str, *, days: int
) -> dict[ImportPart, FileTold]:
    """Tell what is known of each file in which an import came."""
    found = {
        part: file_told(session, vault, IMPORTS, part.file_no(import_no), days=days)
        for part in ImportPart
    }
    return {part: told for part, told in found.items() if told is not None}


def take_file(
    session: Session, vault: Vault, shelf: Shelf, download: Download, *, now: datetime
) -> FileTaken:
    """Hand a file out and note who took it, in one transaction.

    Raises:
        RosterFileReasonWantedError: an official says not for what.
        RosterFileNoneError, ImportFileNoneError: it came as no file.
        RosterFileErasedError, ImportFileErasedError: its bytes are gone.
        VaultBrokenError: what is stored is not what was written there.
    """
    official, file_no = download.is_official, download.file_no
    if official and download.reason is None:
        raise RosterFileReasonWantedError
    file, named = session.get(shelf.file, file_no), {f"{shelf.name}_no": file_no}
    if file is None:
        raise shelf.none(**named)
    content = session.get_one(shelf.content, file_no)
    if content.file_cipher is None:
        sha256, _ = digest_of(vault, shelf, file)
        raise shelf.erased(**named, day=str(content.erased_on), sha256=sha256.hex())
    kind = KeptKind(file.kind)
    name = f"{shelf.name}-{file_no}.{kind}"
    taken = FileTaken(open_file(vault, shelf, content), kind, name)
    row = {
        "file_no": file_no, "downloaded_at": now, "download_id": secrets.randbits(63),
        "downloaded_by": download.actor, "reason": str(download.reason) if official else "",
        "case_no": download.case_no if official else "",
    }  # fmt: skip
    session.execute(insert(shelf.download), [row])
    return taken


def erase_files(session: Session, *, before: datetime, now: datetime) -> int:
    """Erase the bytes of files that were kept before an instant; return how many there were.

    Kind, length, digest and downloads stay, with the day.
    """
    return sum(
        _erase(
            session, shelf, ErasedBecause.TERM, now,
            shelf.content.file_no.in_(
                select(shelf.file.file_no).where(shelf.file.kept_at < before)
            ),
        )
        for shelf in SHELVES
    )  # fmt: skip


def erase_files_of(session: Session, people: Collection[int], *, now: datetime) -> int:
    """Erase the bytes of every kept file that speaks of one of these keys; return how many.

    A roster speaks of those whose attendance it brought, an import of everybody in it.
    """
    attended = select(Attendance.roster_no).where(Attendance.person_id.in_(people))
    # A held row stood in the file of another roster than the one that credited it in the end.
    held = select(NameCheck.roster_no).where(NameCheck.credited_roster_no.in_(attended))
    of_imports = or_(
        *(
            ImportFile.import_no.in_(select(each.import_no).where(each.person_id.in_(people)))
            for each in (ImportRow, ImportTotal)
        )
    )
    imported = select(ImportFile.file_no).where(of_imports)
    of_rosters = or_(RosterFileContent.file_no.in_(attended), RosterFileContent.file_no.in_(held))
    because = ErasedBecause.PERSON
    return _erase(session, ROSTERS, because, now, of_rosters) + _erase(
        session, IMPORTS, because, now, ImportFileContent.file_no.in_(imported)
    )


def _erase(
    session: Session, shelf: Shelf, because: ErasedBecause, now: datetime,
    which: ColumnElement[bool],
) -> int:  # fmt: skip
    due = update(shelf.content).where(shelf.content.file_cipher.is_not(None), which)
    done = session.execute(
        due.values(file_cipher=None, erased_on=civil_day(now), erased_because=str(because)),
        execution_options={"synchronize_session": False},
    )
    assert isinstance(done, CursorResult)
    return done.rowcount


def digest_of(vault: Vault, shelf: Shelf, file: KeptFile) -> tuple[bytes, bytes]:
    """Return the SHA-256 of a file's bytes and its salt, empty for one from before there were any.

    Raises:
        VaultBrokenError: what is stored is not what was written there.
    """
    kept = vault.unlock(file.digest_cipher, *shelf.place("digest_cipher", file.file_no))
    return kept[:32], kept[32:]


def open_file(vault: Vault, shelf: Shelf, content: KeptContent) -> bytes:
    """Return the bytes of a file that is kept.

    Raises:
        VaultBrokenError: what is stored is not what was written there.
    """
    assert content.file_cipher is not None, "what is erased is not opened"
    return vault.unlock(content.file_cipher, *shelf.place("file_cipher", content.file_no))
