"""Clients of the API: a public id, a role with its scopes, a region, perhaps an organisation."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert
from sqlalchemy.orm import Session

from creditbank.errors import CreditBankError
from creditbank.ids import checked_jurisdiction, jurisdiction_contains, random_number
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.registry.credentials import (
    CredentialDraft,
    CredentialEndPastError,
    insert_credential,
)
from creditbank.registry.lookups import ClientUnknownError
from creditbank.registry.models import ApiClient


class Role(StrEnum):
    """On whose side of the desk a client stands."""

    PROVIDER = "provider"
    PROFESSIONAL = "professional"
    EMPLOYER = "employer"
    OFFICIAL = "official"
    AUDITOR = "auditor"
    TITLE_SYSTEM = "title_system"
    ADMINISTRATOR = "administrator"


#: Whoever has one of these acts for an organisation.
OF_AN_ORGANISATION = frozenset({Role.PROVIDER, Role.EMPLOYER, Role.TITLE_SYSTEM})


#: Belongs to no organisation, so that a client without one sees nothing rather than everything.
_NO_ORGANISATION = 0


class Scope(StrEnum):
    """What a client may do; a role has its scopes, and a client may be given fewer."""

    ORGANISATION_REGISTER = "organisation:register"
    FILING_SUBMIT = "filing:submit"
    FILING_DECIDE = "filing:decide"
    FILING_READ = "filing:read"
    ROSTER_POST = "roster:post"
    DELEGATION_GIVE = "delegation:give"
    ATTENDANCE_WITHDRAW = "attendance:withdraw"
    BALANCE_READ = "balance:read"
    ITEM_DECLARE = "item:declare"
    ITEM_READ = "item:read"
    ITEM_DECIDE = "item:decide"
    TRANSFER_RECOGNISE = "transfer:recognise"
    HOURS_INVESTIGATE = "hours:investigate"
    HOURS_REASSESS = "hours:reassess"
    IMPORT_PROPOSE = "import:propose"
    IMPORT_APPROVE = "import:approve"
    PERSON_LINK = "person:link"
    RULES_PROPOSE = "rules:propose"
    RULES_PUBLISH = "rules:publish"
    MANDATE_GRANT = "mandate:grant"
    VERDICT_ASK = "verdict:ask"
    STATUS_RECORD = "status:record"
    EXEMPTION_FILE = "exemption:file"
    EXEMPTION_READ = "exemption:read"
    EXEMPTION_DECIDE = "exemption:decide"
    CERTIFICATE_ISSUE = "certificate:issue"
    CERTIFICATE_READ = "certificate:read"
    CERTIFICATE_REVOKE = "certificate:revoke"
    LEDGER_SEAL = "ledger:seal"
    CLIENT_MANAGE = "client:manage"
    RECORD_READ_OWN = "record:read-own"
    ACCOUNT_ACTIVATE = "account:activate"
    ACCOUNT_RECOVER = "account:recover"
    ACCOUNT_AUDIT = "account:audit"
    SEAT_MANAGE = "seat:manage"
    CLAIM_DECIDE = "claim:decide"


SCOPES_OF: dict[Role, frozenset[Scope]] = {
    Role.PROVIDER: frozenset(
        {
            Scope.FILING_SUBMIT, Scope.FILING_READ, Scope.ROSTER_POST, Scope.ATTENDANCE_WITHDRAW,
            Scope.ITEM_DECLARE, Scope.ITEM_READ, Scope.ACCOUNT_ACTIVATE, Scope.DELEGATION_GIVE,
            Scope.STATUS_RECORD,
        }
    ),
    Role.PROFESSIONAL: frozenset({Scope.RECORD_READ_OWN}),
    Role.EMPLOYER: frozenset(
        {
            Scope.ITEM_DECLARE, Scope.ITEM_READ, Scope.ACCOUNT_ACTIVATE, Scope.EXEMPTION_FILE,
            Scope.EXEMPTION_READ, Scope.STATUS_RECORD,
        }
    ),
    Role.OFFICIAL: frozenset(
        {
            Scope.ORGANISATION_REGISTER, Scope.FILING_DECIDE, Scope.FILING_READ,
            Scope.ATTENDANCE_WITHDRAW, Scope.ITEM_DECLARE, Scope.ITEM_READ, Scope.ITEM_DECIDE,
            Scope.TRANSFER_RECOGNISE, Scope.HOURS_INVESTIGATE, Scope.HOURS_REASSESS,
            Scope.BALANCE_READ,
            Scope.IMPORT_PROPOSE, Scope.IMPORT_APPROVE, Scope.PERSON_LINK,
            Scope.RULES_PROPOSE, Scope.RULES_PUBLISH, Scope.MANDATE_GRANT, Scope.LEDGER_SEAL,
            Scope.ACCOUNT_ACTIVATE,
            Scope.ACCOUNT_RECOVER, Scope.CLAIM_DECIDE,
            Scope.CERTIFICATE_ISSUE, Scope.CERTIFICATE_READ, Scope.CERTIFICATE_REVOKE,
            Scope.EXEMPTION_READ, Scope.EXEMPTION_DECIDE, Scope.STATUS_RECORD,
        }
    ),
    Role.AUDITOR: frozenset(
        {Scope.FILING_READ, Scope.BALANCE_READ, Scope.ACCOUNT_AUDIT, Scope.EXEMPTION_READ}
    ),
    Role.TITLE_SYSTEM: frozenset(
        {Scope.VERDICT_ASK, Scope.EXEMPTION_FILE, Scope.EXEMPTION_READ, Scope.STATUS_RECORD}
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            Scope.CLIENT_MANAGE, Scope.LEDGER_SEAL, Scope.ACCOUNT_RECOVER, Scope.ACCOUNT_AUDIT,
            Scope.SEAT_MANAGE,
        }
    ),
}  # fmt: skip


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


class RoleForPeopleError(CreditBankError):
    """A role that only a person can have was asked for a machine."""

    code = "role-for-people"
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

    def reaches(self, jurisdiction: str) -> bool:
        """Tell whether one may declare there: in the own region and below, and above it, since a
        province's rules decide for its cities."""
        return jurisdiction_contains(jurisdiction, self.jurisdiction) or jurisdiction_contains(
            self.jurisdiction, jurisdiction
        )


def organisation_seen(client: Client) -> int | None:
    """Return the organisation whose records alone a client sees; None for officials."""
    if client.role in OF_AN_ORGANISATION:
        return client.organisation_id or _NO_ORGANISATION
    return None


@dataclass(frozen=True, slots=True)
class ClientDraft:
    """A client about to be made; no scopes means all of the role's.

    With a public key (canonical JWK) it gets no secret.
    """

    name: str
    role: Role
    jurisdiction: str
    organisation_id: int | None = None
    scopes: frozenset[Scope] = frozenset()
    demo: bool = False
    public_key: str = ""
    #: until when its first credential holds; None for no end
    expires_at: datetime | None = None


def create_client(
    session: Session, draft: ClientDraft, *, actor: str, now: datetime
) -> tuple[Client, str]:
    """Make a client; returns it and its secret, which nobody can read again.

    Raises:
        RoleForPeopleError: a professional is a person, who signs in.
        ScopeUnfitError: a scope that the role does not have.
        CredentialEndPastError: its first credential would have ended before it was made.
    """
    if draft.expires_at is not None and draft.expires_at <= now:
        raise CredentialEndPastError
    if draft.role is Role.PROFESSIONAL:
        raise RoleForPeopleError(role=str(draft.role))
    scopes = draft.scopes or SCOPES_OF[draft.role]
    if not scopes <= SCOPES_OF[draft.role]:
        raise ScopeUnfitError(
            found=sorted(map(str, scopes - SCOPES_OF[draft.role])),
            wanted=sorted(map(str, SCOPES_OF[draft.role])),
        )
    client_id = f"{draft.role}-{random_number(8).lower()}"
    row = {
        "client_id": client_id, "name": draft.name, "role": str(draft.role),
        "scopes": " ".join(sorted(scopes)),
        "jurisdiction": checked_jurisdiction(draft.jurisdiction),
        "organisation_id": draft.organisation_id, "demo": draft.demo, "created_at": now,
    }  # fmt: skip
    session.execute(insert(ApiClient), [row])
    first, secret = insert_credential(
        session,
        CredentialDraft(client_id, draft.public_key, draft.expires_at),
        actor=actor,
        now=now,
    )
    details = {
        "role": str(draft.role), "scopes": sorted(scopes), "credential": first.credential_no,
    }  # fmt: skip
    record_act(
        session, ActDraft("client.created", draft.jurisdiction, actor, client_id, details), now=now
    )
    client = Client(client_id, draft.role, scopes, draft.jurisdiction, draft.organisation_id)
    return client, secret


def revoke_client(session: Session, client_id: str, *, actor: str, now: datetime) -> None:
    """Stop a client, its credentials and its tokens at once; revoking again changes nothing.

    Raises:
        ClientUnknownError: there is no such client.
    """
    row = session.get(ApiClient, client_id, with_for_update=True)
    if row is None:
        raise ClientUnknownError(client_id=client_id[:40])
    if row.revoked_at is None:
        row.revoked_at = now
        record_act(
            session, ActDraft("client.revoked", row.jurisdiction, actor, client_id, {}), now=now
        )
