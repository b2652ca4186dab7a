"""Commands for the bank itself: founding, schema and roles, key files."""

import click
from sqlalchemy.orm import Session

from creditbank.cli.console import EXIT_REFUSED, Desk, pass_desk
from creditbank.clock import utc_now
from creditbank.config import Settings
from creditbank.db import db as database
from creditbank.db import make_engine, unit_of_work
from creditbank.guards import make_roles, role_names
from creditbank.house import current_house
from creditbank.keys import KEY_KINDS, KeyFile, KeyKind, KeyStore, public_jwk
from creditbank.migrating import is_current, upgrade
from creditbank.registry.bank import (
    SETUP_CODE_HOURS,
    BankNotFoundedError,
    found_bank,
    new_setup_code,
    the_bank,
)
from creditbank.standing import standing_guards


@click.command(help="建立正式银行：建库、角色、密钥、一次性初始码。 Found a production bank.")
@click.option("--host", required=True, help="对外域名，永久不变。 Public host, for ever.")
@click.option("--new-code", is_flag=True, help="另发一个初始码。 Make another one-time code.")
@pass_desk
def init(desk: Desk, host: str, *, new_code: bool) -> None:
    """Migrate, make roles and keys, found the bank, and print the first administrator's code."""
    migrate(desk.settings)
    with desk.bank():
        with unit_of_work() as session:
            founded_before = _is_founded(session)
            found_bank(session, "production", host, now=utc_now())
            wanted = new_code or not founded_before
            code = new_setup_code(session, now=utc_now()) if wanted else ""
        desk.say("cli-bank-stands", host=host, home=str(current_house().settings.home_path))
    if code:
        desk.say("cli-setup-code", setup_code=code, hours=SETUP_CODE_HOURS)
    else:
        desk.say("cli-setup-code-kept")


def _is_founded(session: Session) -> bool:
    try:
        the_bank(session)
    except BankNotFoundedError:
        return False
    return True


def migrate(settings: Settings) -> None:
    """Bring the schema up as its owner, and grant the two roles what they need."""
    settings.home_path.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = make_engine(settings.owner_url, settings, owner=True)
    try:
        upgrade(owner)
        _make_roles(settings)
    finally:
        owner.dispose()


def _make_roles(settings: Settings) -> tuple[str, str]:
    names = role_names(settings)
    owner = make_engine(settings.owner_url, settings, owner=True)
    try:
        make_roles(owner, *names)
    finally:
        owner.dispose()
    return names


@click.group(help="数据库：结构、角色、检查。 The database: schema, roles, guards.")
def db() -> None:
    """Commands on the database."""


@db.command("upgrade", help="升级到最新结构。 Migrate to the newest schema.")
@pass_desk
def db_upgrade(desk: Desk) -> None:
    """Migrate as the owner; roles are granted anew, because tables may be. The sandbox too."""
    migrate(desk.settings)
    if desk.settings.sandbox_home and desk.settings.sandbox().home_path.exists():
        migrate(desk.settings.sandbox())
    desk.say("cli-schema-current")


@db.command("roles", help="建立应用与封存角色。 Make the application's and the sealer's roles.")
@pass_desk
def db_roles(desk: Desk) -> None:
    """Make the roles on PostgreSQL."""
    app, sealer = _make_roles(desk.settings)
    desk.say("cli-roles-made", app=app, sealer=sealer)
    owner = make_engine(desk.settings.owner_url, desk.settings, owner=True)
    try:
        _say_forbidden(desk, standing_guards(owner).forbidden)
    finally:
        owner.dispose()


def _say_forbidden(desk: Desk, guards: list[str]) -> None:
    for each in guards:
        desk.say("cli-guard-forbidden", guard=each)


@db.command("check", help="检查结构与防篡改触发器。 Check the schema and the guards.")
@click.pass_context
@pass_desk
def db_check(desk: Desk, ctx: click.Context) -> None:
    """Name every guard that does not stand; exit code 1 when there is one that should."""
    with desk.bank():
        current, guards = is_current(database.engine), standing_guards(database.engine)
    _say_forbidden(desk, guards.forbidden)
    if current and not guards.missing:
        desk.say("cli-guards-stand")
        return
    for each in guards.missing:
        desk.say("cli-guard-missing", guard=each)
    ctx.exit(EXIT_REFUSED)


@click.group(help="密钥文件。 Key files.")
def keys() -> None:
    """Commands on key files."""


@keys.command("list", help="列出密钥。 List the keys.")
@pass_desk
def keys_list(desk: Desk) -> None:
    """Print each key file and its public id; never what is in it."""
    store = KeyStore(desk.settings.keys_path)
    rows = [
        [
            key.kind,
            f"{key.number:04d}",
            desk.text("cli-key-in-use") if place == 0 else "",
            _kid(key),
        ]
        for kind in KEY_KINDS
        for place, key in enumerate(store.every(kind))
    ]
    desk.table(["cli-column-kind", "cli-column-number", "cli-column-use", "cli-column-kid"], rows)


@keys.command("rotate", help="启用新密钥，旧密钥保留备查。 Make the next key of a kind.")
@click.argument("kind", type=click.Choice(KEY_KINDS))
@pass_desk
def keys_rotate(desk: Desk, kind: KeyKind) -> None:
    """Make the next key of a kind; older ones stay for what they made."""
    key = KeyStore(desk.settings.keys_path).rotate(kind)
    desk.say("cli-key-rotated", kind=kind, number=f"{key.number:04d}")
    desk.say("cli-key-restart", directory=str(desk.settings.keys_path))


def _kid(key: KeyFile) -> str:
    return public_jwk(key)["kid"] if key.kind.startswith("verdict") else ""
