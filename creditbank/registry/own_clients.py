"""API clients of one's own organisation: whoever manages it makes, renews and ends them.

What a client may do is never more than whoever makes it may, and it acts for that organisation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.registry.clients import (
    SCOPES_OF,
    Client,
    ClientDraft,
    Scope,
    ScopeUnfitError,
    create_client,
    organisation_seen,
)
from creditbank.registry.credentials import credentials_of
from creditbank.registry.lookups import ClientUnknownError
from creditbank.registry.models import ApiClient, ClientCredential


@dataclass(frozen=True, slots=True)
class OwnClient:
    """A client of an organisation and all that it ever held, the newest first."""

    row: ApiClient
    held: Sequence[ClientCredential]

    def live(self, now: datetime) -> list[ClientCredential]:
        """Return what it may still prove itself with."""
        if self.row.revoked_at is not None:
            return []
        return [
            each
            for each in self.held
            if each.revoked_at is None and (each.expires_at is None or each.expires_at > now)
        ]


@dataclass(frozen=True, slots=True)
class OwnClientDraft:
    """A client about to be made: its name, what it may do, and until when its secret holds."""

    name: str
    scopes: frozenset[Scope]
    expires_at: datetime | None


def grantable(manager: Client) -> frozenset[Scope]:
    """Return what a manager may let a client of theirs do."""
    return SCOPES_OF[manager.role] & manager.scopes


def own_clients(session: Session, manager: Client) -> list[OwnClient]:
    """Return the clients of the manager's organisation, the newest first."""
    query = select(ApiClient).where(ApiClient.organisation_id == organisation_seen(manager))
    rows = session.scalars(query.order_by(ApiClient.created_at.desc(), ApiClient.client_id))
    return [OwnClient(row, credentials_of(session, row.client_id)) for row in rows]


def own_client(session: Session, manager: Client, client_id: str) -> ApiClient:
    """Return one of the clients of the manager's organisation.

    Raises:
        ClientUnknownError: there is none of this id, or it is another organisation's.
    """
    row = session.get(ApiClient, client_id)
    if row is None or row.organisation_id != organisation_seen(manager):
        raise ClientUnknownError(client_id=client_id[:40])
    return row


def make_own_client(
    session: Session, manager: Client, draft: OwnClientDraft, *, now: datetime
) -> tuple[Client, str]:
    """Make a client of the manager's organisation; returns it and its secret, shown once.

    Raises:
        ScopeUnfitError: it would do more than its manager may, or nothing at all.
        CredentialEndPastError: its secret would have ended before it was made.
    """
    if not draft.scopes or not draft.scopes <= grantable(manager):
        raise ScopeUnfitError(
            found=sorted(map(str, draft.scopes - grantable(manager))),
            wanted=sorted(map(str, grantable(manager))),
        )
    own = ClientDraft(
        draft.name, manager.role, manager.jurisdiction, manager.organisation_id, draft.scopes,
        expires_at=draft.expires_at,
    )  # fmt: skip
    return create_client(session, own, actor=manager.client_id, now=now)
