"""What `ledger fsck` checks of the files of rosters: each kept one is the one of its digest."""

import hashlib
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.attendance.models import RosterFile, RosterFileContent
from creditbank.attendance.tables import kind_of
from creditbank.crediting.roster_files import digest_of, open_file
from creditbank.keys import KeyMissingError
from creditbank.ledger.disagreement import Disagreement
from creditbank.ledger.unreadable import unreadable_rows
from creditbank.people.vault import Vault, VaultBrokenError


def check_roster_files(session: Session, vault: Vault) -> Iterator[Disagreement]:
    """Open every file that is kept, one at a time, and hold it against what is known of it.

    Of an erased one the digest must still open.

    Args:
        session: a snapshot.
        vault: opens files and digests.

    Yields:
        Each disagreement, by table and number.
    """
    readable = True
    for row in unreadable_rows(session, ("roster_file",)):
        readable = False
        yield row
    if not readable:
        return
    for roster_no in session.scalars(select(RosterFile.roster_no).order_by("roster_no")).all():
        file = session.get_one(RosterFile, roster_no)
        content = session.get(RosterFileContent, roster_no)
        if content is None:
            yield Disagreement("fsck-roster-file-missing", "roster_file_content", roster_no)
        elif not _agrees(vault, file, content):
            yield Disagreement("fsck-roster-file", "roster_file", roster_no)
        session.expunge_all()


def _agrees(vault: Vault, file: RosterFile, content: RosterFileContent) -> bool:
    try:
        digest = digest_of(vault, file)
        if content.file_cipher is None:
            return True
        kept = open_file(vault, content)
    except (VaultBrokenError, KeyMissingError):
        return False
    known = (file.kind, file.byte_length, digest)
    return (str(kind_of(kept)), len(kept), hashlib.sha256(kept).digest()) == known
