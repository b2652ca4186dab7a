"""What a backup says of itself, signed by the log key (docs/formats.md §12).

The signature stands under a name of its own, so that it can be taken for no checkpoint.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from creditbank.canonical import canonical_bytes
from creditbank.errors import CreditBankError
from creditbank.keys import KEY_KINDS, KeyFile, KeyStore
from creditbank.ledger.checkpoint import NoteKey, open_note, sign_note

STATEMENT = "creditbank/backup/v1"
MANIFEST_NAME, NOTE_NAME = "manifest.json", "manifest.note"
_BLOCK = 1024 * 1024
_KEY_TAG = b"creditbank/key-file/v1\n"


class BackupMissingError(CreditBankError):
    """There is no finished backup in the directory."""

    code = "backup-missing"
    status = 422


class BackupAlteredError(CreditBankError):
    """A file of the backup is not what was signed."""

    code = "backup-altered"
    status = 422


class BackupForeignError(CreditBankError):
    """None of the log keys at hand signed the backup."""

    code = "backup-foreign"
    status = 422


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A file of a backup; on PostgreSQL the rows of one table, in these columns."""

    name: str
    bytes: int
    sha256: str
    table: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LogHead:
    """Where a log stood: its newest signed checkpoint. `root` is hex."""

    origin: str
    size: int
    root: str
    vkey: str
    checkpoint: str


@dataclass(frozen=True, slots=True)
class KeyMark:
    """A key file that the bank had, by the digest of what is in it (hex)."""

    kind: str
    number: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The bank that was backed up, from which schema, and each file, log and key of it."""

    host: str
    database: str
    revision: str
    made_at: str
    files: tuple[BackupFile, ...]
    logs: tuple[LogHead, ...]
    keys: tuple[KeyMark, ...]


def file_digest(path: Path) -> tuple[int, str]:
    """Return how many bytes a file has, and its SHA-256 as hex."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


def key_marks(keys: KeyStore) -> tuple[KeyMark, ...]:
    """Return a mark for each key file; 256 random bits cannot be found from their digest."""
    return tuple(
        KeyMark(key.kind, key.number, _key_digest(key))
        for kind in KEY_KINDS
        for key in reversed(keys.every(kind))
    )


def _key_digest(key: KeyFile) -> str:
    return hashlib.sha256(_KEY_TAG + key.material).hexdigest()


def write_manifest(folder: Path, manifest: Manifest, keys: KeyStore) -> None:
    """Write the manifest and its signature, the last two files of a backup."""
    content = canonical_bytes({"statement": STATEMENT, **asdict(manifest)})
    (folder / MANIFEST_NAME).write_bytes(content)
    signer = keys.newest("log").ed25519
    note = sign_note(_signed_text(manifest.host, content), _name(manifest.host), signer)
    (folder / NOTE_NAME).write_text(note, encoding="utf-8", newline="\n")


def read_manifest(folder: Path, keys: KeyStore) -> Manifest:
    """Read a manifest whose signature holds under a log key at hand.

    Raises:
        BackupMissingError: no manifest, or none of this version.
        BackupForeignError: signed by another bank, or its key is not at hand.
        BackupAlteredError: the manifest is not what was signed.
    """
    try:
        content = (folder / MANIFEST_NAME).read_bytes()
        note = (folder / NOTE_NAME).read_bytes()
        manifest = _parsed(content)
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError, KeyError) as error:
        raise BackupMissingError(folder=str(folder)) from error
    name = _name(manifest.host)
    vkeys = [NoteKey.of(name, key.ed25519.public_key()).vkey for key in keys.every("log")]
    try:
        signed = open_note(note, vkeys).text
    except CreditBankError as error:
        raise BackupForeignError(folder=str(folder), host=manifest.host[:100]) from error
    if signed != _signed_text(manifest.host, content):
        raise BackupAlteredError(file=MANIFEST_NAME)
    return manifest


def check_files(folder: Path, files: Iterable[BackupFile]) -> None:
    """Hold each file against the manifest.

    Raises:
        BackupAlteredError: a file is missing, or is another one.
    """
    for each in files:
        path = folder / each.name
        if not path.is_file() or file_digest(path) != (each.bytes, each.sha256):
            raise BackupAlteredError(file=each.name)


def missing_keys(manifest: Manifest, keys: KeyStore) -> list[str]:
    """Name each key file of the backed up bank that is not at hand, or is another one."""
    found = set(key_marks(keys))
    return [f"{each.kind}.{each.number:04d}" for each in manifest.keys if each not in found]


def _name(host: str) -> str:
    return f"{host}/backup"


def _signed_text(host: str, content: bytes) -> str:
    return f"{STATEMENT}\n{host}\n{hashlib.sha256(content).hexdigest()}\n"


def _parsed(content: bytes) -> Manifest:
    said = json.loads(content)
    if not isinstance(said, dict) or said.pop("statement", "") != STATEMENT:
        raise ValueError("another format")
    return Manifest(
        host=str(said["host"]),
        database=str(said["database"]),
        revision=str(said["revision"]),
        made_at=str(said["made_at"]),
        files=tuple(
            BackupFile(**{**each, "columns": tuple(each["columns"])}) for each in said["files"]
        ),
        logs=tuple(LogHead(**each) for each in said["logs"]),
        keys=tuple(KeyMark(**each) for each in said["keys"]),
    )
