"""Daily reconciliation (每日对账): what a provider posted, as it and the bank have it."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call, Door
from creditbank.crediting.reconciling import (
    ReconciliationUnfitError,
    ReconciliationUnknownError,
    Said,
    reconcile,
    reconciliation_numbered,
    reconciliations_of,
)
from creditbank.house import current_house
from creditbank.registry.clients import RegionForeignError, Scope, organisation_seen
from creditbank.registry.filing.filings import FilingUnknownError, filing_seen
from creditbank.schemas.reconciliations import (
    ReconciliationAnswer,
    ReconciliationBody,
    ReconciliationsAnswer,
    RecordedReconciliationAnswer,
    shaped_comparison,
    shaped_record,
)

SHOWN = 200
_EXAMPLE = {"day": "2026-11-10", "count": 1, "digest": "5d" * 32}

reconciliations = Door(
    "reconciliations", __name__, description="What a provider posted of a day, on both sides."
)


@reconciliations.post(
    "/reconciliations",
    Scope.ROSTER_POST,
    status=201,
    body=JsonBody(ReconciliationBody(), _EXAMPLE),
    answer=ReconciliationAnswer(),
    refuses=(FilingUnknownError, RegionForeignError, ReconciliationUnfitError),
)
def compare_a_day(call: Call, session: Session) -> dict[str, Any]:
    """Compare count and digest of a day; with those of each row, tell what is missing where."""
    body = call.body
    if body["filing_no"]:
        filing_seen(session, call.client, body["filing_no"])
    rows = None
    if body["rows"] is not None:
        rows = tuple((place, bytes.fromhex(each)) for place, each in enumerate(body["rows"], 1))
    said = Said(
        organisation_seen(call.client) or 0, body["day"], body["filing_no"], body["count"],
        bytes.fromhex(body["digest"]), rows, call.client.client_id,
    )  # fmt: skip
    made = reconcile(session, current_house().vault, said, now=call.now)
    return shaped_comparison(made, day=body["day"])


@reconciliations.get("/reconciliations", Scope.ROSTER_POST, answer=ReconciliationsAnswer())
def list_reconciliations(call: Call, session: Session) -> dict[str, Any]:
    """List what was compared, the newest 200."""
    found = reconciliations_of(session, organisation_seen(call.client) or 0, SHOWN)
    return {"reconciliations": [shaped_record(each) for each in found]}


@reconciliations.get(
    "/reconciliations/<public:reconciliation_no>",
    Scope.ROSTER_POST,
    answer=RecordedReconciliationAnswer(),
    refuses=(ReconciliationUnknownError,),
)
def read_reconciliation(call: Call, session: Session, reconciliation_no: str) -> dict[str, Any]:
    """Return one comparison as it was recorded."""
    own = organisation_seen(call.client)
    return shaped_record(reconciliation_numbered(session, reconciliation_no, own))
