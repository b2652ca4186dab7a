"""Commands that keep a bank from being lost: backups of the database, and of the keys apart."""

from pathlib import Path
from typing import IO

import click

from creditbank.backup.drafts import PlaceTakenError, sync
from creditbank.backup.key_box import (
    Sharing,
    lock_under_passphrase,
    lock_under_shares,
    opener_of,
    put_back,
    shares_wanted,
    unlock_with_passphrase,
    unlock_with_shares,
)
from creditbank.backup.making import back_up
from creditbank.backup.manifest import LogHead
from creditbank.backup.restoring import Order, restore
from creditbank.cli.bank import keys
from creditbank.cli.console import Desk, actor_option, pass_desk, write_private
from creditbank.clock import utc_now
from creditbank.db import db as database
from creditbank.house import current_house

_SECRET_BYTES_MAX = 65_536
_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("backup", help="运行中备份数据库；不含密钥。 Back the database up while it serves.")
@click.argument("folder", type=_FOLDER)
@pass_desk
def backup(desk: Desk, folder: Path) -> None:
    """Write a signed backup into a new directory; no key is in it."""
    with desk.bank():
        made = back_up(database.engine, current_house(), folder, now=utc_now())
    _show_heads(desk, made.logs)
    desk.say("cli-backed-up", folder=str(folder), files=len(made.files))


@click.command("restore", help="从备份恢复到空库；先恢复密钥。 Restore a backup; the keys first.")
@click.argument("folder", type=_FOLDER)
@click.option(
    "--published",
    multiple=True,
    required=True,
    help="此前公布的检查点：文件、目录或网址，可多次给出。 "
    "Checkpoints published before: a file, a directory or an address; may be repeated.",
)
@click.option(
    "--force",
    "reason",
    default="",
    help="日志将倒退时仍恢复，并写明理由（记入公开日志）。 "
    "Restore although logs roll back; the reason, kept for ever.",
)
@actor_option
@pass_desk
def restore_bank(
    desk: Desk, folder: Path, published: tuple[str, ...], reason: str, actor: str
) -> None:
    """Restore into an empty database, check everything, and close what must not be signed."""
    order = Order(folder, published, actor, reason.strip()[:400])
    done = restore(desk.settings, order, now=utc_now())
    _show_heads(desk, done.manifest.logs)
    desk.say("cli-restored", host=done.manifest.host, made_at=done.manifest.made_at)
    for each in done.closed:
        desk.say("cli-log-closed", log=each.words)


def _show_heads(desk: Desk, logs: tuple[LogHead, ...]) -> None:
    desk.table(
        ["cli-column-log", "cli-column-size", "cli-column-root"],
        [[log.origin, str(log.size), log.root] for log in logs],
    )


@keys.command("backup", help="加密备份全部密钥到一个文件。 All keys into one locked file.")
@click.argument("file", type=_FILE)
@click.option(
    "--passphrase-file",
    type=click.File("rb"),
    help="口令所在文件；缺省则提示输入。 File of the passphrase; asked for if not given.",
)
@click.option("--shares", "wanted", type=int, help="开锁所需份数。 Shares that open it.")
@click.option("--of", "made", type=int, help="共分几份。 Shares that are made.")
@pass_desk
def keys_backup(
    desk: Desk, file: Path, passphrase_file: IO[bytes] | None, wanted: int | None, made: int | None
) -> None:
    """Lock all keys under a passphrase, or under shares of which some open it."""
    if (wanted is None) != (made is None) or (wanted is not None and passphrase_file is not None):
        raise click.UsageError("--shares N --of M | --passphrase-file FILE")
    if file.exists():
        raise PlaceTakenError(path=str(file))
    directory, shares = desk.settings.keys_path, list[str]()
    if wanted is not None and made is not None:
        content, shares = lock_under_shares(directory, Sharing(wanted, made))
    else:
        content = lock_under_passphrase(directory, _passphrase(passphrase_file, confirm=True))
    write_private(file, content)
    sync(file)
    for number, share in enumerate(shares, start=1):
        desk.say("cli-key-share", number=number, made=len(shares), share=share)
    desk.say("cli-keys-backed-up", file=str(file))


@keys.command("restore", help="从加密备份恢复密钥。 Put the keys back from their locked file.")
@click.argument("file", type=_FILE)
@click.option("--passphrase-file", type=click.File("rb"), help="口令所在文件。 Its passphrase.")
@click.option(
    "--shares-file", type=click.File("rb"), help="各份所在文件，每行一份。 Its shares, one a line."
)
@pass_desk
def keys_restore(
    desk: Desk, file: Path, passphrase_file: IO[bytes] | None, shares_file: IO[bytes] | None
) -> None:
    """Put the keys into a home that has none."""
    content = file.read_bytes()
    if opener_of(content) == "argon2id":
        found = unlock_with_passphrase(content, _passphrase(passphrase_file, confirm=False))
    else:
        found = unlock_with_shares(content, _shares(shares_file, shares_wanted(content)))
    put_back(desk.settings.keys_path, found)
    desk.say("cli-keys-restored", count=len(found), directory=str(desk.settings.keys_path))


def _passphrase(file: IO[bytes] | None, *, confirm: bool) -> str:
    if file is not None:
        return file.read(_SECRET_BYTES_MAX).decode("utf-8", "replace").rstrip("\r\n")
    said: str = click.prompt(
        "口令 passphrase", hide_input=True, confirmation_prompt=confirm, err=True
    )
    return said


def _shares(file: IO[bytes] | None, wanted: int) -> list[str]:
    if file is not None:
        lines = file.read(_SECRET_BYTES_MAX).decode("utf-8", "replace").splitlines()
        return [" ".join(line.split()) for line in lines if line.strip()]
    return [
        " ".join(click.prompt(f"{number}/{wanted}", hide_input=True, err=True).split())
        for number in range(1, wanted + 1)
    ]
