"""What clients prove themselves with: secrets and public keys, two of a kind at a time.

Two, so that one can take over from the other without a pause: the new one is added, the old one
ends at a set time, and whoever has not moved by then is refused. A credential that was revoked, or
whose time is over, takes the tokens that were got with it along at once.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from creditbank.clock import instant_text
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.registry.lookups import ClientUnknownError
from creditbank.registry.models import ApiClient, ClientCredential

LIVE_MAX = 2
#: How long the old one still holds where nobody says otherwise.
OVERLAP_HOURS = 24
#: So that a secret that was published by mistake is found by those who look for such.
_SECRET_PREFIX = "cbs_"  # noqa: S105 # a prefix
_SECRET_BYTES = 32


class CredentialKind(StrEnum):
    """Two ways to prove oneself."""

    SECRET = "secret"  # noqa: S105 # a word
    PUBLIC_KEY = "public_key"


class CredentialsFullError(CreditBankError):
    """The client holds two of this kind already."""

    code = "credentials-full"
    status = 409


class CredentialKnownError(CreditBankError):
    """The client holds this very public key already."""

    code = "credential-known"
    status = 409


class CredentialUnknownError(CreditBankError):
    """The client holds no credential of this number."""

    code = "credential-unknown"
    status = 404


class CredentialEndPastError(CreditBankError):
    """A credential would have ended before it was made."""

    code = "credential-end-past"
    status = 422


@dataclass(frozen=True, slots=True)
class CredentialDraft:
    """A credential about to be added: a public key, or without one a new secret.

    `expires_at` is its own end, None for none; `old_ends_at` that of the one it takes over from.
    """

    client_id: str
    public_key: str = ""
    expires_at: datetime | None = None
    old_ends_at: datetime | None = None


def add_credential(
    session: Session, draft: CredentialDraft, *, actor: str, now: datetime
) -> tuple[ClientCredential, str]:
    """Add a credential and set an end to the old one; returns it and its secret, shown once.

    A public key comes with an empty secret. Where no end is said, the old one has 24 hours.

    Raises:
        ClientUnknownError: there is no such client, or it was revoked.
        CredentialEndPastError: an end that is over.
        CredentialsFullError: two of this kind hold already.
        CredentialKnownError: the same public key holds already.
    """
    client = _locked(session, draft.client_id)
    old_ends_at = draft.old_ends_at or now + timedelta(hours=OVERLAP_HOURS)
    if old_ends_at < now or (draft.expires_at is not None and draft.expires_at <= now):
        raise CredentialEndPastError
    kind = CredentialKind.PUBLIC_KEY if draft.public_key else CredentialKind.SECRET
    held = [each for each in _live(session, draft.client_id, now=now) if each.kind == kind]
    if len(held) >= LIVE_MAX:
        raise CredentialsFullError(held=[each.credential_no for each in held])
    if draft.public_key and draft.public_key in [each.public_jwk for each in held]:
        raise CredentialKnownError
    for each in held:
        each.expires_at = min(each.expires_at or old_ends_at, old_ends_at)
    made, secret = insert_credential(session, draft, actor=actor, now=now)
    details = {
        "credential": made.credential_no, "kind": str(kind),
        "old_ends_at": instant_text(old_ends_at) if held else "",
    }  # fmt: skip
    record_act(
        session,
        ActDraft("client.credential-added", client.jurisdiction, actor, client.client_id, details),
        now=now,
    )
    return made, secret


def insert_credential(
    session: Session, draft: CredentialDraft, *, actor: str, now: datetime
) -> tuple[ClientCredential, str]:
    """Write a credential's row: part of an act that the caller records."""
    secret = "" if draft.public_key else _SECRET_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    row = {
        "credential_no": "K" + random_number(9),
        "client_id": draft.client_id,
        "kind": str(CredentialKind.SECRET if secret else CredentialKind.PUBLIC_KEY),
        "secret_hash": hashed(secret) if secret else None,
        "public_jwk": draft.public_key or None,
        "created_by": actor,
        "created_at": now,
        "expires_at": draft.expires_at,
    }
    insertion = insert(ClientCredential).returning(ClientCredential)
    return session.scalars(insertion, [row]).one(), secret


def revoke_credential(
    session: Session, client_id: str, credential_no: str, *, actor: str, now: datetime
) -> ClientCredential:
    """Stop a credential, and the tokens that were got with it, at once; again changes nothing.

    Raises:
        CredentialUnknownError: the client holds none of this number.
    """
    row = session.get(ClientCredential, credential_no, with_for_update=True)
    if row is None or row.client_id != client_id:
        raise CredentialUnknownError(credential_no=credential_no[:20])
    if row.revoked_at is None:
        row.revoked_at = now
        client = session.get_one(ApiClient, client_id)
        details = {"credential": credential_no}
        record_act(
            session,
            ActDraft("client.credential-revoked", client.jurisdiction, actor, client_id, details),
            now=now,
        )
    return row


def credentials_of(session: Session, client_id: str) -> Sequence[ClientCredential]:
    """Return every credential that a client ever held, the newest first."""
    query = select(ClientCredential).where(ClientCredential.client_id == client_id)
    return session.scalars(
        query.order_by(ClientCredential.created_at.desc(), ClientCredential.credential_no)
    ).all()


def live_public_keys(
    session: Session, client_id: str, *, now: datetime
) -> Sequence[ClientCredential]:
    """Return the public keys under which a client may sign now."""
    held = _live(session, client_id, now=now)
    return [each for each in held if each.kind == CredentialKind.PUBLIC_KEY]


def live_secret(
    session: Session, client_id: str, secret: str, *, now: datetime
) -> ClientCredential | None:
    """Return the credential that a secret is, if it is one that holds."""
    wanted = hashed(secret)
    for each in _live(session, client_id, now=now):
        if each.secret_hash is not None and hmac.compare_digest(each.secret_hash, wanted):
            return each
    return None


def touch(session: Session, credential_no: str, *, now: datetime) -> None:
    """Note that a credential was used."""
    session.execute(
        update(ClientCredential)
        .where(ClientCredential.credential_no == credential_no)
        .values(last_used_at=now)
    )


def hashed(secret: str) -> bytes:
    """Hash a secret or token: with 256 random bits there is nothing to guess or to salt."""
    return hashlib.sha256(secret.encode("utf-8")).digest()


def _locked(session: Session, client_id: str) -> ApiClient:
    client = session.get(ApiClient, client_id, with_for_update=True)
    if client is None or client.revoked_at is not None:
        raise ClientUnknownError(client_id=client_id[:40])
    return client


def _live(session: Session, client_id: str, *, now: datetime) -> Sequence[ClientCredential]:
    """Return what holds now, the oldest first."""
    found = credentials_of(session, client_id)
    return [
        each
        for each in reversed(found)
        if each.revoked_at is None and (each.expires_at is None or each.expires_at > now)
    ]
