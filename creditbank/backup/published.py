"""Checkpoints that left the bank: read where somebody kept them, held against a backup."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from creditbank.backup.manifest import LogHead, Manifest
from creditbank.backup.refusals import PublishedUnreadableError
from creditbank.errors import CreditBankError
from creditbank.keys import KeyStore
from creditbank.ledger.checkpoint import Checkpoint, NoteKey, open_checkpoint

_BYTES_MAX = 64 * 1024 * 1024
_PATIENCE_SECONDS = 30
#: A signed checkpoint wherever it stands in a text; its first line alone, for counting.
_NOTE = r"^{host}/ledger/[a-z0-9-]+/[0-9]{{4}}\n.*\n.*\n\n(?:— .+\n)+"
_FIRST_LINE = r"^{host}/ledger/[a-z0-9-]+/[0-9]{{4}}$"


@dataclass(frozen=True, slots=True)
class Published:
    """A checkpoint that others hold, and the verifier key that signed it."""

    checkpoint: Checkpoint
    vkey: str


@dataclass(frozen=True, slots=True)
class Rollback:
    """A log that was published further than the backup knows it."""

    origin: str
    kept_size: int
    published: Published

    @property
    def words(self) -> str:
        """The log, both sizes, and how many entries and acts would be lost."""
        size = self.published.checkpoint.size
        return f"{self.origin}: {self.kept_size} < {size} (−{size - self.kept_size})"


def read_published(places: Iterable[str], host: str, keys: KeyStore) -> list[Published]:
    """Read the checkpoints of a bank out of files, directories and addresses.

    Raises:
        PublishedUnreadableError: a place holds none, or one that is torn or that no key at hand
            signed.
    """
    found = []
    for place in places:
        here = [_opened(note, place, keys) for note in _notes(place, host)]
        if not here:
            raise PublishedUnreadableError(place=place[:200], host=host)
        found += here
    return found


def rollbacks(manifest: Manifest, published: Sequence[Published]) -> list[Rollback]:
    """Name each log that was published further than the backup reaches."""
    kept = {log.origin: log.size for log in manifest.logs}
    newest: dict[str, Published] = {}
    for each in sorted(published, key=lambda one: one.checkpoint.size):
        newest[each.checkpoint.origin] = each
    return [
        Rollback(origin, kept.get(origin, 0), each)
        for origin, each in sorted(newest.items())
        if each.checkpoint.size > kept.get(origin, 0)
    ]


def heads_by_origin(logs: Iterable[LogHead]) -> dict[str, LogHead]:
    """Return each log's head by its origin."""
    return {log.origin: log for log in logs}


def _notes(place: str, host: str) -> Iterator[str]:
    for text in _texts(place, host):
        lines = text.replace("\r\n", "\n") + "\n"
        notes = re.findall(_NOTE.format(host=re.escape(host)), lines, re.MULTILINE)
        # One that was torn in the mail must not pass as one that was never there.
        if len(notes) != len(re.findall(_FIRST_LINE.format(host=re.escape(host)), lines, re.M)):
            raise PublishedUnreadableError(place=place[:200], host=host)
        yield from notes


def _texts(place: str, host: str) -> Iterator[str]:
    if place.startswith(("http://", "https://")):
        yield from _served(place.rstrip("/"), host)
        return
    path = Path(place)
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    for file in files:
        with file.open("rb") as content:
            yield content.read(_BYTES_MAX).decode("utf-8", "replace")


def _served(address: str, host: str) -> Iterator[str]:
    """Ask a bank that still serves, or whoever mirrors its public files, for each log's head."""
    try:
        for log in json.loads(_get(f"{address}/api/v1/logs"))["logs"]:
            yield _get(f"{address}/{str(log['origin']).removeprefix(host).lstrip('/')}/checkpoint")
    except (urllib.error.URLError, OSError, ValueError, KeyError, TypeError) as error:
        raise PublishedUnreadableError(place=address[:200], host=host) from error


def _get(address: str) -> str:
    with urllib.request.urlopen(address, timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310 # http or https, as the operator typed it
        content: bytes = answer.read(_BYTES_MAX)
    return content.decode("utf-8")


def _opened(note: str, place: str, keys: KeyStore) -> Published:
    origin = note.partition("\n")[0]
    vkeys = [NoteKey.of(origin, key.ed25519.public_key()).vkey for key in keys.every("log")]
    for vkey in vkeys:
        try:
            return Published(open_checkpoint(note, [vkey]), vkey)
        except CreditBankError:
            continue
    raise PublishedUnreadableError(place=place[:200], host=origin)
