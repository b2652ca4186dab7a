"""Files that appear whole or not at all: written beside their place, synced, then moved there."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from creditbank.errors import CreditBankError


class PlaceTakenError(CreditBankError):
    """Something stands already where a backup, a bank or a key would be put."""

    code = "place-taken"
    status = 409


@contextmanager
def folder_draft(target: Path) -> Iterator[Path]:
    """Give a directory to fill; when the block ends well it is moved to `target`, all synced.

    Raises:
        PlaceTakenError: there is something at `target`.
    """
    target = target.absolute()
    if target.exists():
        raise PlaceTakenError(path=str(target))
    draft = target.with_name(f".{target.name}.unfinished-{secrets.token_hex(4)}")
    draft.mkdir(mode=0o700)
    try:
        yield draft
        for path in [*draft.iterdir(), draft]:
            sync(path)
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    sync(target.parent)


def sync(path: Path) -> None:
    """Wait until a file or directory is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
