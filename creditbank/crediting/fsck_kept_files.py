"""What `ledger fsck` checks of the files of rosters and imports: each is the one of its digest."""

import hashlib
import json
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.attendance.file_models import KeptContent, KeptFile
from creditbank.attendance.models import Attendance, RosterBatch
from creditbank.crediting.kept_files import (
    ROSTERS,
    SHELVES,
    Shelf,
    commitment_of,
    digest_of,
    open_file,
)
from creditbank.crediting.models import NameCheck
from creditbank.crediting.name_checks import CREDITED
from creditbank.keys import KeyMissingError
from creditbank.ledger.disagreement import Disagreement
from creditbank.ledger.journal import details_of
from creditbank.ledger.models import Act, CreditFacts
from creditbank.ledger.unreadable import unreadable_rows
from creditbank.people.vault import Vault, VaultBrokenError


def check_kept_files(session: Session, vault: Vault) -> Iterator[Disagreement]:
    """Open every file that is kept, one at a time, and hold it against what is known of it.

    Of an erased one the digest must still open. Where the ledger names a file, it must be this one.

    Args:
        session: a snapshot.
        vault: opens files and digests.

    Yields:
        Each disagreement, by table and number.
    """
    tables = tuple(f"{shelf.name}_file" for shelf in SHELVES)
    readable = True
    for row in unreadable_rows(session, tables):
        readable = False
        yield row
    if not readable:
        return
    for shelf in SHELVES:
        numbers = select(shelf.file.file_no).order_by(shelf.file.file_no)
        for file_no in session.scalars(numbers).all():
            file = session.get_one(shelf.file, file_no)
            content = session.get(shelf.content, file_no)
            table = f"{shelf.name}_file"
            if content is None:
                yield Disagreement("fsck-roster-file-missing", f"{table}_content", file_no)
            elif not _agrees(vault, shelf, file, content):
                yield Disagreement("fsck-roster-file", table, file_no)
            elif not _is_named(session, vault, shelf, file):
                yield Disagreement("fsck-file-named", table, file_no)
            session.expunge_all()


def _agrees(vault: Vault, shelf: Shelf, file: KeptFile, content: KeptContent) -> bool:
    try:
        sha256, _ = digest_of(vault, shelf, file)
        if content.file_cipher is None:
            return True
        kept = open_file(vault, shelf, content)
    except (VaultBrokenError, KeyMissingError):
        return False
    known = (file.kind, file.byte_length, sha256)
    return (str(shelf.kind_of(kept)), len(kept), hashlib.sha256(kept).digest()) == known


def _is_named(session: Session, vault: Vault, shelf: Shelf, file: KeptFile) -> bool:
    """Tell whether what the ledger says of a file, if it says anything, is said of this one."""
    sha256, salt = digest_of(vault, shelf, file)
    named = _roster_named if shelf is ROSTERS else _import_named
    said, right = named(session, file.file_no), commitment_of(sha256, salt) if salt else ""
    later = _decided_named(session, file.file_no) if shelf is ROSTERS else set()
    # Rows that were decided before credits said so name no file.
    return said in {None, right} and later <= {"", right}


def _decided_named(session: Session, roster_no: str) -> set[str]:
    """Return the commitments in credits of a roster's rows that were held and decided later."""
    query = select(NameCheck.credited_roster_no).where(
        NameCheck.roster_no == roster_no, NameCheck.state == CREDITED
    )
    said = (_roster_named(session, each) for each in session.scalars(query) if each is not None)
    return {each for each in said if each is not None}


def _roster_named(session: Session, roster_no: str) -> str | None:
    """Return the commitment in the facts of a credit of a roster; None where it credited nobody."""
    batch = session.get_one(RosterBatch, roster_no)
    row = session.scalar(
        select(Attendance)
        .where(Attendance.filing_no == batch.filing_no, Attendance.roster_no == roster_no)
        .order_by(Attendance.row_no)
        .limit(1)
    )
    if row is None:
        return None
    facts = session.scalar(
        select(CreditFacts.facts).where(
            CreditFacts.person_id == row.person_id,
            CreditFacts.occasion == f"{row.filing_no}/{row.session_no}",
            CreditFacts.revision == row.revision,
        )
    )
    return None if facts is None else str(json.loads(facts).get("file", ""))


def _import_named(session: Session, file_no: str) -> str | None:
    """Return the commitment in the act that approved an import; None where there is none."""
    import_no, _, part = file_no.partition("-")
    query = select(Act).where(Act.kind == "import.approved", Act.subject == import_no)
    act = session.scalars(query).first()
    if act is None:
        return None
    return str(details_of(act).get("totals_file" if part else "file", ""))
