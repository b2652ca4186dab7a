"""Commands for clients of the API: making, rotating what they prove themselves with, stopping."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

import click

from creditbank.cli.console import (
    Desk,
    WordOf,
    actor_option,
    load,
    pass_desk,
    read_json,
    write_private,
)
from creditbank.clock import CIVIL_ZONE, utc_now
from creditbank.db import snapshot, unit_of_work
from creditbank.registry.clients import ClientDraft, Role, Scope, create_client, revoke_client
from creditbank.registry.credentials import (
    OVERLAP_HOURS,
    CredentialDraft,
    add_credential,
    credentials_of,
    revoke_credential,
)
from creditbank.registry.lookups import jurisdiction_of_client
from creditbank.registry.models import ClientCredential
from creditbank.registry.organisations import organisation_by_uscc
from creditbank.schemas.credentials import PublicKeyBody

_JWK_BYTES_MAX = 4_096
_OVERLAP_HOURS_MAX = 24 * 366

_secret_file_option = click.option(
    "--secret-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="密钥写入文件。 Write the secret to a file.",
)
_public_key_option = click.option(
    "--public-key",
    "public_key_file",
    type=click.File("rb"),
    help="公钥 JWK 文件，登记公钥而不发密钥。 Register this JWK instead of making a secret.",
)


@click.group(help="接口客户端及其密钥、公钥。 Clients of the API, their secrets and public keys.")
def clients() -> None:
    """Commands on clients."""


@clients.command(
    "create", help="新建客户端，密钥只显示一次。 Make a client; its secret shows once."
)
@click.option("--name", required=True, help="名称。 Name.")
@click.option("--role", type=WordOf(Role), required=True)
@click.option("--jurisdiction", required=True, help="辖区，如 cn-3710。 Region.")
@click.option("--uscc", help="所属单位的统一社会信用代码。 Code of its organisation.")
@click.option("--scope", "scopes", multiple=True, type=WordOf(Scope))
@_public_key_option
@_secret_file_option
@actor_option
@pass_desk
def clients_create(
    desk: Desk,
    *,
    name: str,
    role: Role,
    jurisdiction: str,
    uscc: str | None,
    scopes: tuple[Scope, ...],
    public_key_file: IO[bytes] | None,
    secret_file: Path | None,
    actor: str,
) -> None:
    """Make a client; the secret is printed, or written to a file of mode 0600."""
    public_key = _read_public_key(public_key_file)
    with desk.bank(), unit_of_work() as session:
        organisation_id = None
        if uscc:
            organisation_id = organisation_by_uscc(session, uscc).organisation_id
        draft = ClientDraft(
            name, role, jurisdiction, organisation_id, frozenset(scopes), public_key=public_key
        )
        client, secret = create_client(session, draft, actor=actor, now=utc_now())
        [credential] = credentials_of(session, client.client_id)
    desk.say("cli-client-made", client_id=client.client_id)
    _tell(desk, credential, secret, secret_file)


@clients.command("rotate", help="另发密钥或登记新公钥，旧的到时失效。 Add a secret or public key.")
@click.argument("client_id")
@click.option(
    "--overlap-hours",
    type=click.IntRange(0, _OVERLAP_HOURS_MAX),
    default=OVERLAP_HOURS,
    show_default=True,
    help="旧的还可用多少小时。 How long the old one still holds.",
)
@_public_key_option
@_secret_file_option
@actor_option
@pass_desk
def clients_rotate(
    desk: Desk,
    client_id: str,
    *,
    overlap_hours: int,
    public_key_file: IO[bytes] | None,
    secret_file: Path | None,
    actor: str,
) -> None:
    """Add a secret or public key; the old one of the same kind ends when the overlap is over."""
    now, public_key = utc_now(), _read_public_key(public_key_file)
    old_ends_at = now + timedelta(hours=overlap_hours)
    draft = CredentialDraft(client_id, public_key, old_ends_at=old_ends_at)
    with desk.bank(), unit_of_work() as session:
        made, secret = add_credential(session, draft, actor=actor, now=now)
        held = credentials_of(session, client_id)
    _tell(desk, made, secret, secret_file)
    for each in held:
        if each.kind == made.kind and each.revoked_at is None and each.expires_at == old_ends_at:
            ends_at = _shown(old_ends_at)
            desk.say("cli-old-ends", credential_no=each.credential_no, ends_at=ends_at)


@clients.command("credentials", help="列出密钥与公钥：建立、使用、失效。 List what it holds.")
@click.argument("client_id")
@pass_desk
def clients_credentials(desk: Desk, client_id: str) -> None:
    """List a client's secrets and public keys, the newest first."""
    with desk.bank(), snapshot() as session:
        jurisdiction_of_client(session, client_id)
        held = credentials_of(session, client_id)
    rows = [
        [
            each.credential_no, desk.text(f"cli-credential-{each.kind.replace('_', '-')}"),
            _shown(each.created_at), _shown(each.last_used_at),
            _shown(each.revoked_at or each.expires_at),
        ]
        for each in held
    ]  # fmt: skip
    desk.table(
        ["cli-column-credential", "cli-column-kind", "cli-column-made", "cli-column-used",
         "cli-column-ends"],
        rows,
    )  # fmt: skip


@clients.command("revoke", help="立即停用客户端或其一个凭据。 Stop a client, or one credential.")
@click.argument("client_id")
@click.option("--credential", "credential_no", help="只停用这一个。 Stop this one alone.")
@actor_option
@pass_desk
def clients_revoke(desk: Desk, client_id: str, credential_no: str | None, actor: str) -> None:
    """Stop a client with all that it holds, or one of its secrets and public keys."""
    with desk.bank(), unit_of_work() as session:
        if credential_no is None:
            revoke_client(session, client_id, actor=actor, now=utc_now())
        else:
            revoke_credential(session, client_id, credential_no, actor=actor, now=utc_now())
    if credential_no is None:
        desk.say("cli-client-revoked", client_id=client_id)
    else:
        desk.say("cli-credential-revoked", credential_no=credential_no)


def _read_public_key(file: IO[bytes] | None) -> str:
    if file is None:
        return ""
    jwk = read_json(file.read(_JWK_BYTES_MAX + 1), _JWK_BYTES_MAX)
    return str(load(PublicKeyBody(), {"public_key": jwk})["public_key"])


def _tell(desk: Desk, credential: ClientCredential, secret: str, secret_file: Path | None) -> None:
    if not secret:
        desk.say("cli-public-key-registered", credential_no=credential.credential_no)
        return
    if secret_file is not None:
        write_private(secret_file, secret.encode("ascii"))
    shown = secret if secret_file is None else str(secret_file)
    desk.say("cli-secret-made", credential_no=credential.credential_no, secret=shown)


def _shown(instant: datetime | None) -> str:
    return "" if instant is None else instant.astimezone(CIVIL_ZONE).isoformat(timespec="minutes")
