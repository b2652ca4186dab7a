"""Clients of the API: a public id, a key shown once and kept as a hash, scopes, a region."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert
from sqlalchemy.orm import Session

from creditbank.errors import CreditBankError
from creditbank.ids import checked_jurisdiction, jurisdiction_contains, random_number
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.registry.bank import the_bank
from creditbank.registry.models import ApiClient

_KEY_PREFIX = "cbk"
_SECRET_BYTES = 32


class Role(StrEnum):
    """On whose side of the desk a client stands."""

    PROVIDER = "provider"
    OFFICIAL = "official"
    TITLE_SYSTEM = "title_system"
    ADMINISTRATOR = "administrator"


class Scope(StrEnum):
    """What a client may do; a role has its scopes, and a client may be given fewer."""

    ORGANISATION_REGISTER = "organisation:register"
    FILING_SUBMIT = "filing:submit"
    FILING_DECIDE = "filing:decide"
    FILING_READ = "filing:read"
    ROSTER_POST = "roster:post"
    ATTENDANCE_WITHDRAW = "attendance:withdraw"
    BALANCE_READ = "balance:read"
    ITEM_DECLARE = "item:declare"
    ITEM_READ = "item:read"
    ITEM_DECIDE = "item:decide"
    IMPORT_PROPOSE = "import:propose"
    IMPORT_APPROVE = "import:approve"
    PERSON_LINK = "person:link"
    RULES_PROPOSE = "rules:propose"
    RULES_PUBLISH = "rules:publish"
    MANDATE_GRANT = "mandate:grant"
    VERDICT_ASK = "verdict:ask"
    LEDGER_SEAL = "ledger:seal"
    CLIENT_MANAGE = "client:manage"


SCOPES_OF: dict[Role, frozenset[Scope]] = {
    Role.PROVIDER: frozenset(
        {
            Scope.FILING_SUBMIT, Scope.FILING_READ, Scope.ROSTER_POST, Scope.ATTENDANCE_WITHDRAW,
            Scope.ITEM_DECLARE, Scope.ITEM_READ,
        }
    ),
    Role.OFFICIAL: frozenset(
        {
            Scope.ORGANISATION_REGISTER, Scope.FILING_DECIDE, Scope.FILING_READ,
            Scope.ATTENDANCE_WITHDRAW, Scope.ITEM_DECLARE, Scope.ITEM_READ, Scope.ITEM_DECIDE,
            Scope.BALANCE_READ, Scope.IMPORT_PROPOSE,
            Scope.IMPORT_APPROVE, Scope.PERSON_LINK, Scope.RULES_PROPOSE, Scope.RULES_PUBLISH,
            Scope.MANDATE_GRANT, Scope.LEDGER_SEAL,
        }
    ),
    Role.TITLE_SYSTEM: frozenset({Scope.VERDICT_ASK}),
    Role.ADMINISTRATOR: frozenset({Scope.CLIENT_MANAGE, Scope.LEDGER_SEAL}),
}  # fmt: skip


class KeyRefusedError(CreditBankError):
    """No key, an unknown or revoked one, or a demo key in a production bank."""

    code = "key-refused"
    status = 401


class ScopeMissingError(CreditBankError):
    """The client is known and may not do this."""

    code = "scope-missing"
    status = 403


class RegionForeignError(CreditBankError):
    """The matter belongs to a jurisdiction outside the client's own."""

    code = "region-foreign"
    status = 403


class ScopeUnfitError(CreditBankError):
    """A scope was asked for that the role does not have."""

    code = "scope-unfit"
    status = 422


@dataclass(frozen=True, slots=True)
class Client:
    """Who is asking, as the rest of the house sees it."""

    client_id: str
    role: Role
    scopes: frozenset[Scope]
    jurisdiction: str
    organisation_id: int | None

    def require_region(self, jurisdiction: str) -> None:
        """Refuse what lies outside the client's region.

        Raises:
            RegionForeignError: naming both.
        """
        if not jurisdiction_contains(self.jurisdiction, jurisdiction):
            raise RegionForeignError(found=jurisdiction, wanted=self.jurisdiction)


@dataclass(frozen=True, slots=True)
class ClientDraft:
    """A client about to be made; no scopes means all of the role's."""

    name: str
    role: Role
    jurisdiction: str
    organisation_id: int | None = None
    scopes: frozenset[Scope] = frozenset()
    demo: bool = False


def create_client(
    session: Session, draft: ClientDraft, *, actor: str, now: datetime
) -> tuple[Client, str]:
    """Make a client; returns it and its key, which nobody can read again.

    Raises:
        ScopeUnfitError: a scope that the role does not have.
    """
    scopes = draft.scopes or SCOPES_OF[draft.role]
    if not scopes <= SCOPES_OF[draft.role]:
        raise ScopeUnfitError(
            found=sorted(map(str, scopes - SCOPES_OF[draft.role])),
            wanted=sorted(map(str, SCOPES_OF[draft.role])),
        )
    client_id = f"{draft.role}-{random_number(8).lower()}"
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    row = {
        "client_id": client_id, "name": draft.name, "role": str(draft.role),
        "secret_hash": _hash(secret), "scopes": " ".join(sorted(scopes)),
        "jurisdiction": checked_jurisdiction(draft.jurisdiction),
        "organisation_id": draft.organisation_id, "demo": draft.demo, "created_at": now,
    }  # fmt: skip
    session.execute(insert(ApiClient), [row])
    details = {"role": str(draft.role), "scopes": sorted(scopes)}
    record_act(
        session, ActDraft("client.created", draft.jurisdiction, actor, client_id, details), now=now
    )
    client = Client(client_id, draft.role, scopes, draft.jurisdiction, draft.organisation_id)
    return client, f"{_KEY_PREFIX}.{client_id}.{secret}"


def revoke_client(session: Session, client_id: str, *, actor: str, now: datetime) -> None:
    """Stop a client's key at once; revoking again changes nothing.

    Raises:
        KeyRefusedError: there is no such client.
    """
    row = session.get(ApiClient, client_id, with_for_update=True)
    if row is None:
        raise KeyRefusedError
    if row.revoked_at is None:
        row.revoked_at = now
        record_act(
            session, ActDraft("client.revoked", row.jurisdiction, actor, client_id, {}), now=now
        )


def client_of_key(session: Session, key: str) -> Client:
    """Tell whose key this is.

    Raises:
        KeyRefusedError: nobody's; or revoked; or a demo key at a production bank.
    """
    prefix, _, rest = key.partition(".")
    client_id, _, secret = rest.partition(".")
    row = session.get(ApiClient, client_id[:40])
    wanted = row.secret_hash if row else bytes(32)
    # Compared even when there is no such client, so that the time taken tells nothing.
    fits = hmac.compare_digest(wanted, _hash(secret)) and prefix == _KEY_PREFIX
    if row is None or not fits or row.revoked_at is not None:
        raise KeyRefusedError
    if row.demo and the_bank(session).mode != "demo":
        raise KeyRefusedError
    scopes = frozenset(Scope(scope) for scope in row.scopes.split())
    return Client(row.client_id, Role(row.role), scopes, row.jurisdiction, row.organisation_id)


def _hash(secret: str) -> bytes:
    # The secret has 256 random bits, so one plain hash is enough; there is nothing to guess.
    return hashlib.sha256(secret.encode("utf-8")).digest()
