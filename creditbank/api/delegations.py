"""Delegations (委托): given and ended by whoever holds the filings, suspended by an official."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call, Door
from creditbank.house import current_house
from creditbank.registry.clients import RegionForeignError, Scope, organisation_seen
from creditbank.registry.delegations import (
    DelegateUnfitError,
    DelegationDraft,
    DelegationKnownError,
    DelegationStepUnfitError,
    DelegationsWanted,
    DelegationTermError,
    DelegationUnknownError,
    change_delegation,
    delegation_held,
    delegations_page,
    give_delegation,
    told,
)
from creditbank.registry.filing.filings import FilingUnknownError
from creditbank.registry.lookups import organisation_of
from creditbank.registry.organisations import OrganisationUnknownError, organisation_by_uscc
from creditbank.registry.uscc import UsccCharactersError, UsccLengthError
from creditbank.schemas.delegations import (
    DelegationAnswer,
    DelegationBody,
    DelegationEndingBody,
    DelegationMeasureBody,
    DelegationsAnswer,
    DelegationsQuery,
    shaped_delegation,
)

delegations = Door(
    "delegations", __name__, description="Who posts attendance for whom, and until when."
)


@delegations.post(
    "/delegations",
    Scope.DELEGATION_GIVE,
    status=201,
    body=JsonBody(
        DelegationBody(), {"delegate": "91371000MA3TE5T011", "valid_through": "2099-12-31"}
    ),
    answer=DelegationAnswer(),
    refuses=(
        OrganisationUnknownError, UsccLengthError, UsccCharactersError, FilingUnknownError,
        DelegateUnfitError, DelegationTermError, DelegationKnownError,
    ),
)  # fmt: skip
def delegate_posting(call: Call, session: Session) -> dict[str, Any]:
    """Let another organisation post attendance under one own filing, or under all."""
    draft = DelegationDraft(
        holder=organisation_of(session, organisation_seen(call.client)),
        delegate=organisation_by_uscc(session, call.body["delegate"]),
        **{name: call.body[name] for name in ("filing_no", "valid_from", "valid_through")},
    )
    made = give_delegation(session, draft, actor=call.client.client_id, now=call.now)
    return shaped_delegation(told(session, made))


@delegations.get(
    "/delegations", Scope.FILING_READ, query=DelegationsQuery(), answer=DelegationsAnswer()
)
def list_delegations(call: Call, session: Session) -> dict[str, Any]:
    """List what the own organisation delegates and what was delegated to it; a region's."""
    limit = min(call.query["limit"], current_house().settings.page_size_max)
    client = call.client
    wanted = DelegationsWanted(
        client.jurisdiction, organisation_seen(client), call.query["cursor"], limit
    )
    found = delegations_page(session, wanted)
    page, more = found[:limit], len(found) > limit
    return {
        "delegations": [shaped_delegation(each) for each in page],
        "next_cursor": page[-1].delegation.delegation_no if more else "",
    }


@delegations.post(
    "/delegations/<public:delegation_no>/ending",
    Scope.DELEGATION_GIVE,
    body=JsonBody(DelegationEndingBody(), {"reason": "合同到期"}),
    answer=DelegationAnswer(),
    refuses=(DelegationUnknownError, DelegationStepUnfitError),
)
def end_delegation(call: Call, session: Session, delegation_no: str) -> dict[str, Any]:
    """End a delegation at once: whatever is posted from now on is refused."""
    return _changed(call, session, delegation_no, "end")


@delegations.post(
    "/delegations/<public:delegation_no>/measure",
    Scope.FILING_DECIDE,
    body=JsonBody(DelegationMeasureBody(), {"step": "suspend", "reason": "抽查发现代签"}),
    answer=DelegationAnswer(),
    refuses=(DelegationUnknownError, DelegationStepUnfitError, RegionForeignError),
)
def order_on_delegation(call: Call, session: Session, delegation_no: str) -> dict[str, Any]:
    """Suspend a delegation, or lift that again."""
    return _changed(call, session, delegation_no, str(call.body["step"]))


def _changed(call: Call, session: Session, delegation_no: str, step: str) -> dict[str, Any]:
    delegation_held(session, call.client, delegation_no)
    reason, actor = call.body["reason"], call.client.client_id
    changed = change_delegation(
        session, delegation_no, step, actor=actor, reason=reason, now=call.now
    )
    return shaped_delegation(told(session, changed))
