"""Files that came with xAPI statements: kept encrypted for the term of statements, then known.

A file is kept once, however many statements of its provider name it, as long as the newest of them
that brought it. What is left of it afterwards is a keyed digest: a short file could be guessed from
its SHA-2.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from creditbank.attendance.statement_models import XapiFile
from creditbank.attendance.statements import attachments_said
from creditbank.people.vault import Vault, row_key

_TABLE, _COLUMN = "xapi_file", "content_cipher"


def keep_files(
    session: Session, vault: Vault, organisation_id: int, files: Mapping[str, bytes],
    *, now: datetime,
) -> None:  # fmt: skip
    """Keep files by their SHA-2 digests, in hex, in the transaction that takes their statements."""
    for sha2, content in sorted(files.items()):
        digest = _digest(vault, sha2)
        row = session.get(XapiFile, (organisation_id, digest))
        if row is None:
            row = XapiFile(
                organisation_id=organisation_id, digest=digest, byte_length=len(content),
                kept_at=now, content_cipher=None,
            )  # fmt: skip
            session.add(row)
        row.kept_at = now
        if row.content_cipher is None:
            row.content_cipher = vault.lock(content, *_place(organisation_id, digest))
    session.flush()


def files_of(
    session: Session, vault: Vault, organisation_id: int, statements: Iterable[Mapping[str, Any]]
) -> dict[str, tuple[str, bytes]]:
    """Return the kept files that statements name: media type and bytes, each once by its SHA-2.

    Raises:
        VaultBrokenError: what is stored is not what was written there.
    """
    found: dict[str, tuple[str, bytes]] = {}
    for said in (each for content in statements for each in attachments_said(content)):
        sha2 = str(said["sha2"]).lower()
        digest = _digest(vault, sha2)
        row = None if sha2 in found else session.get(XapiFile, (organisation_id, digest))
        if row is not None and row.content_cipher is not None:
            content = vault.unlock(row.content_cipher, *_place(organisation_id, digest))
            found[sha2] = (str(said["contentType"]), content)
    return found


def forget_files(session: Session, *, before: datetime) -> int:
    """Forget the bytes of files kept last before an instant; length and keyed digest stay."""
    gone = session.execute(
        update(XapiFile)
        .where(XapiFile.kept_at < before, XapiFile.content_cipher.is_not(None))
        .values(content_cipher=None)
    )
    assert isinstance(gone, CursorResult)
    return gone.rowcount


def _digest(vault: Vault, sha2: str) -> bytes:
    return vault.fingerprint(bytes.fromhex(sha2))


def _place(organisation_id: int, digest: bytes) -> tuple[str, str, int, int]:
    return _TABLE, _COLUMN, organisation_id, row_key(digest.hex())
