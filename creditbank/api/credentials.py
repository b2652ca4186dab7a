"""Rotation: a client's secrets and public keys are added, listed, and revoked."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema
from sqlalchemy.orm import Session

from creditbank import catalogue
from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call, Door, Reply
from creditbank.api.problems import language
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.registry.credentials import (
    CredentialDraft,
    CredentialEndPastError,
    CredentialKnownError,
    CredentialsFullError,
    CredentialUnknownError,
    add_credential,
    credentials_of,
    revoke_credential,
)
from creditbank.registry.lookups import ClientUnknownError, jurisdiction_of_client
from creditbank.registry.models import ClientCredential
from creditbank.schemas.credentials import (
    PUBLIC_KEY_EXAMPLE,
    CredentialAnswer,
    CredentialsAnswer,
    NewCredentialAnswer,
    PublicKeyBody,
    SecretBody,
)
from creditbank.schemas.registry import NothingBody

_END_EXAMPLE = {"old_ends_at": "2099-12-31T16:00:00Z"}
_REFUSALS = (
    ClientUnknownError, RegionForeignError, CredentialsFullError, CredentialEndPastError,
)  # fmt: skip

credentials = Door("credentials", __name__, description="Secrets and public keys of clients.")


@credentials.post(
    "/clients/<public:client_id>/secrets",
    Scope.CLIENT_MANAGE,
    status=201,
    body=JsonBody(SecretBody(), _END_EXAMPLE),
    answer=NewCredentialAnswer(),
    refuses=_REFUSALS,
)
def add_secret(call: Call, session: Session, client_id: str) -> Reply:
    """Give a client another secret, shown once; the old one ends at a set time."""
    return _added(call, session, client_id)


@credentials.post(
    "/clients/<public:client_id>/public-keys",
    Scope.CLIENT_MANAGE,
    status=201,
    body=JsonBody(PublicKeyBody(), {"public_key": PUBLIC_KEY_EXAMPLE, **_END_EXAMPLE}),
    answer=NewCredentialAnswer(),
    refuses=(*_REFUSALS, CredentialKnownError),
)
def add_public_key(call: Call, session: Session, client_id: str) -> Reply:
    """Register a public key of a client; the old one ends at a set time."""
    return _added(call, session, client_id)


@credentials.get(
    "/clients/<public:client_id>/credentials",
    Scope.CLIENT_MANAGE,
    answer=CredentialsAnswer(),
    refuses=(ClientUnknownError, RegionForeignError),
)
def list_credentials(call: Call, session: Session, client_id: str) -> dict[str, Any]:
    """List what a client ever held: when it was made, last used, and ends."""
    call.client.require_region(jurisdiction_of_client(session, client_id))
    return {"credentials": credentials_of(session, client_id)}


@credentials.post(
    "/clients/<public:client_id>/credentials/<public:credential_no>/revocation",
    Scope.CLIENT_MANAGE,
    body=JsonBody(NothingBody(), {}),
    answer=CredentialAnswer(),
    refuses=(ClientUnknownError, RegionForeignError, CredentialUnknownError),
)
def stop_credential(
    call: Call, session: Session, client_id: str, credential_no: str
) -> ClientCredential:
    """Stop a secret or public key, and the tokens that were got with it, at once."""
    call.client.require_region(jurisdiction_of_client(session, client_id))
    actor = call.client.client_id
    return revoke_credential(session, client_id, credential_no, actor=actor, now=call.now)


def _added(call: Call, session: Session, client_id: str) -> Reply:
    call.client.require_region(jurisdiction_of_client(session, client_id))
    draft = CredentialDraft(
        client_id=client_id,
        public_key=call.body.get("public_key", ""),
        expires_at=call.body["expires_at"],
        old_ends_at=call.body["old_ends_at"],
    )
    made, secret = add_credential(session, draft, actor=call.client.client_id, now=call.now)
    shape = NewCredentialAnswer()
    names = {field.attribute or name for name, field in shape.fields.items()}
    members = {name: getattr(made, name) for name in names if hasattr(made, name)}
    return with_secret(shape, members, secret)


def with_secret(shape: Schema, members: Mapping[str, Any], secret: str) -> Reply:
    """Answer with a secret that no retry, and no table, will have."""
    if not secret:
        return Reply(members)
    note = catalogue.text("api-secret-shown-once", language())
    kept = shape.dump({**members, "secret_note": note})
    return Reply({**members, "client_secret": secret}, kept=kept)
