"""First administrator, and clients."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.api.bodies import JsonBody
from creditbank.api.credentials import with_secret
from creditbank.api.endpoints import Call, Door, Public, Reply
from creditbank.errors import CreditBankError
from creditbank.ids import JurisdictionInvalidError
from creditbank.registry.bank import (
    BankNotFoundedError,
    DemoOnlyError,
    SetupCodeWrongError,
    require_demo,
    the_bank,
    use_setup_code,
)
from creditbank.registry.clients import (
    OF_AN_ORGANISATION,
    Client,
    ClientDraft,
    RegionForeignError,
    Role,
    RoleForPeopleError,
    Scope,
    ScopeUnfitError,
    create_client,
    revoke_client,
)
from creditbank.registry.lookups import ClientUnknownError, jurisdiction_of_client
from creditbank.registry.organisations import OrganisationUnknownError, organisation_by_uscc
from creditbank.schemas.registry import (
    ClientAnswer,
    ClientBody,
    NothingBody,
    RevokedAnswer,
    SetupBody,
)

#: Made by nobody who could be named: the holder of the one-time code.
SETUP_ACTOR = "setup"

clients = Door("clients", __name__, description="Clients of the API.")


class ClientOrganisationWantedError(CreditBankError):
    """A provider or title system is an organisation's, and none is named."""

    code = "client-organisation-wanted"
    status = 422


@clients.post(
    "/setup",
    Public.ANYBODY,
    status=201,
    body=JsonBody(SetupBody(), {"code": "the code that creditbank init gave", "name": "管理员"}),
    answer=ClientAnswer(),
    refuses=(SetupCodeWrongError, BankNotFoundedError),
)
def set_up(call: Call, session: Session) -> Reply:
    """Make the first administrator by the one-time code; its secret is shown once."""
    the_bank(session)
    use_setup_code(session, call.body["code"], now=call.now)
    draft = ClientDraft(call.body["name"], Role.ADMINISTRATOR, "cn")
    return _answer(*create_client(session, draft, actor=SETUP_ACTOR, now=call.now))


@clients.post(
    "/clients",
    Scope.CLIENT_MANAGE,
    status=201,
    body=JsonBody(
        ClientBody(),
        {
            "name": "威海示例公司备案系统", "role": "provider", "jurisdiction": "cn-3710",
            "organisation": "91371000MA3TE5T011", "demo": True,
        },
    ),
    answer=ClientAnswer(),
    refuses=(
        RegionForeignError, ScopeUnfitError, OrganisationUnknownError,
        ClientOrganisationWantedError, DemoOnlyError, JurisdictionInvalidError,
        RoleForPeopleError,
    ),
)  # fmt: skip
def make_client(call: Call, session: Session) -> Reply:
    """Make a client; its secret is shown once."""
    call.client.require_region(call.body["jurisdiction"])
    if call.body["demo"]:
        require_demo(session)
    draft = ClientDraft(
        name=call.body["name"],
        role=call.body["role"],
        jurisdiction=call.body["jurisdiction"],
        organisation_id=_organisation_id(session, call.body),
        scopes=frozenset(call.body["scopes"]),
        demo=call.body["demo"],
        public_key=call.body["public_key"],
    )
    actor = call.client.client_id
    return _answer(*create_client(session, draft, actor=actor, now=call.now))


@clients.post(
    "/clients/<public:client_id>/revocation",
    Scope.CLIENT_MANAGE,
    body=JsonBody(NothingBody(), {}),
    answer=RevokedAnswer(),
    refuses=(ClientUnknownError, RegionForeignError),
)
def stop_client(call: Call, session: Session, client_id: str) -> dict[str, Any]:
    """Stop a client, with its secrets, public keys and tokens, at once."""
    call.client.require_region(jurisdiction_of_client(session, client_id))
    revoke_client(session, client_id, actor=call.client.client_id, now=call.now)
    return {"client_id": client_id, "revoked": True}


def _organisation_id(session: Session, body: dict[str, Any]) -> int | None:
    if body["organisation"]:
        return organisation_by_uscc(session, body["organisation"]).organisation_id
    if body["role"] in OF_AN_ORGANISATION:
        raise ClientOrganisationWantedError(role=str(body["role"]))
    return None


def _answer(client: Client, secret: str) -> Reply:
    members = {
        "client_id": client.client_id,
        "role": str(client.role),
        "scopes": sorted(client.scopes),
        "jurisdiction": client.jurisdiction,
    }
    return with_secret(ClientAnswer(), members, secret)
