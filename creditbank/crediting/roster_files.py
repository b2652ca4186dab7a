"""Files of posted rosters: kept encrypted for a set term, then only what tells one from another.

The bytes lie in the vault, bound to their row, from the transaction that takes the roster. So does
their SHA-256, since a short file could be guessed from it; it stays when the bytes go. Whoever was
given a file stands beside it for ever. Names of files are not kept: they may name people.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import CursorResult, func, insert, select, update
from sqlalchemy.orm import Session

from creditbank.attendance.models import RosterFile, RosterFileContent, RosterFileDownload
from creditbank.attendance.tables import FileKind, kind_of
from creditbank.clock import civil_day
from creditbank.errors import CreditBankError
from creditbank.people.vault import Vault, row_key

#: Of the downloads of a file so many are shown, the newest first.
DOWNLOADS_SHOWN = 50
MEDIA_TYPES: Mapping[FileKind, str] = {
    FileKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileKind.XLS: "application/vnd.ms-excel",
    FileKind.CSV: "text/csv",
}
_DIGEST, _FILE = ("roster_file", "digest_cipher"), ("roster_file_content", "file_cipher")


class FileReason(StrEnum):
    """For what an official takes the file of a roster."""

    CORRECTION = "correction"
    DISPUTE = "dispute"
    INVESTIGATION = "investigation"
    INSPECTION = "inspection"


class RosterFileNoneError(CreditBankError):
    """A roster did not come as a file, or came when files were not kept."""

    code = "roster-file-none"
    status = 404


class RosterFileErasedError(CreditBankError):
    """The term of a file is over."""

    code = "roster-file-erased"
    status = 410


class RosterFileReasonWantedError(CreditBankError):
    """An official takes a file and does not say for what."""

    code = "roster-file-reason-wanted"
    status = 422


@dataclass(frozen=True, slots=True)
class FileTold:
    """What is told of the file of a roster: while it is kept, and after.

    `kept_until` is the day on which its term ends, `erased_on` the day on which the bytes went;
    `downloads` are the newest of `downloads_total`.
    """

    kind: FileKind
    byte_length: int
    sha256: bytes
    kept_until: date
    erased_on: date | None
    downloads: tuple[RosterFileDownload, ...]
    downloads_total: int


@dataclass(frozen=True, slots=True)
class Download:
    """Who takes the file of which roster, and of an official for what, by which file of theirs."""

    roster_no: str
    actor: str
    is_official: bool
    reason: FileReason | None = None
    case_no: str = ""


@dataclass(frozen=True, slots=True)
class FileTaken:
    """The bytes of a file, as they came, and under which headers they go out again."""

    content: bytes = field(repr=False)
    kind: FileKind
    roster_no: str

    @property
    def name(self) -> str:
        """Return the name of the download, made of the roster's number alone."""
        return f"roster-{self.roster_no}.{self.kind}"

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers that keep it from being shown, guessed at, or stored on the way."""
        return {
            "Content-Type": MEDIA_TYPES[self.kind],
            "Content-Disposition": f'attachment; filename="{self.name}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }


def keep_file(
    session: Session, vault: Vault, roster_no: str, content: bytes, *, now: datetime
) -> None:
    """Keep the file of a roster, in the transaction that takes it."""
    place, digest = row_key(roster_no), hashlib.sha256(content).digest()
    known = {
        "roster_no": roster_no, "kind": str(kind_of(content)), "byte_length": len(content),
        "digest_cipher": vault.lock(digest, *_DIGEST, place), "kept_at": now,
    }  # fmt: skip
    session.execute(insert(RosterFile), [known])
    cipher = vault.lock(content, *_FILE, place)
    kept = {"roster_no": roster_no, "file_cipher": cipher, "erased_on": None}
    session.execute(insert(RosterFileContent), [kept])


def file_told(session: Session, vault: Vault, roster_no: str, *, days: int) -> FileTold | None:
    """Tell what is known of a roster's file; None where it came as no file.

    Args:
        session: any.
        vault: unlocks the digest.
        roster_no: of a roster that the asker may see.
        days: the term.

    Raises:
        VaultBrokenError: the digest is not what was written there.
    """
    file = session.get(RosterFile, roster_no)
    if file is None:
        return None
    # Not the row itself: its bytes are not wanted here.
    erased = select(RosterFileContent.erased_on).where(RosterFileContent.roster_no == roster_no)
    taken = select(RosterFileDownload).where(RosterFileDownload.roster_no == roster_no)
    count = select(func.count()).where(RosterFileDownload.roster_no == roster_no)
    newest = taken.order_by(RosterFileDownload.downloaded_at.desc()).limit(DOWNLOADS_SHOWN)
    return FileTold(
        kind=FileKind(file.kind),
        byte_length=file.byte_length,
        sha256=digest_of(vault, file),
        kept_until=civil_day(file.kept_at + timedelta(days=days)),
        erased_on=session.scalar(erased),
        downloads=tuple(session.scalars(newest)),
        downloads_total=session.scalar(count) or 0,
    )


def take_file(session: Session, vault: Vault, download: Download, *, now: datetime) -> FileTaken:
    """Hand a roster's file out and note who took it, in one transaction.

    Raises:
        RosterFileReasonWantedError: an official says not for what.
        RosterFileNoneError: it came as no file.
        RosterFileErasedError: its term is over.
        VaultBrokenError: what is stored is not what was written there.
    """
    official, roster_no = download.is_official, download.roster_no
    if official and download.reason is None:
        raise RosterFileReasonWantedError
    file = session.get(RosterFile, roster_no)
    if file is None:
        raise RosterFileNoneError(roster_no=roster_no)
    content = session.get_one(RosterFileContent, roster_no)
    if content.file_cipher is None:
        raise RosterFileErasedError(
            roster_no=roster_no, day=str(content.erased_on), sha256=digest_of(vault, file).hex()
        )
    taken = FileTaken(open_file(vault, content), FileKind(file.kind), roster_no)
    row = {
        "roster_no": roster_no, "downloaded_at": now, "download_id": secrets.randbits(63),
        "downloaded_by": download.actor, "reason": str(download.reason) if official else "",
        "case_no": download.case_no if official else "",
    }  # fmt: skip
    session.execute(insert(RosterFileDownload), [row])
    return taken


def erase_files(session: Session, *, before: datetime, now: datetime) -> int:
    """Erase the bytes of files that were kept before an instant; return how many there were.

    Kind, length, digest and downloads stay, with the day.
    """
    old = select(RosterFile.roster_no).where(RosterFile.kept_at < before)
    due = update(RosterFileContent).where(
        RosterFileContent.file_cipher.is_not(None), RosterFileContent.roster_no.in_(old)
    )
    done = session.execute(
        due.values(file_cipher=None, erased_on=civil_day(now)),
        execution_options={"synchronize_session": False},
    )
    assert isinstance(done, CursorResult)
    return done.rowcount


def digest_of(vault: Vault, file: RosterFile) -> bytes:
    """Return the SHA-256 of a file's bytes.

    Raises:
        VaultBrokenError: what is stored is not what was written there.
    """
    return vault.unlock(file.digest_cipher, *_DIGEST, row_key(file.roster_no))


def open_file(vault: Vault, content: RosterFileContent) -> bytes:
    """Return the bytes of a file that is kept.

    Raises:
        VaultBrokenError: what is stored is not what was written there.
    """
    assert content.file_cipher is not None, "what is erased is not opened"
    return vault.unlock(content.file_cipher, *_FILE, row_key(content.roster_no))
