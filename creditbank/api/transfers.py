"""Hours of one scheme recognised under another (学时互认)."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call, Door
from creditbank.api.items import shaped_credits
from creditbank.crediting.explanations import EntryUnknownError
from creditbank.crediting.lookups import issued_under
from creditbank.crediting.models import RecognisedTransfer
from creditbank.crediting.recognition import Revocation
from creditbank.crediting.transfers import (
    EntryFrozenError,
    EntryReversedError,
    TransferAsk,
    TransferKnownError,
    TransferSecondHandError,
    TransferUnknownError,
    TransferWithdrawnError,
    TransferWithinError,
    TransferWorthNothingError,
    recognise_transfer,
    transfer_numbered,
    withdraw_transfer,
)
from creditbank.house import current_house
from creditbank.ledger.posting import PersonErasedError
from creditbank.people.register import STATED_REFUSALS, PersonUnknownError
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.registry.lawbook import law_of
from creditbank.rules.loader import PackMissingError
from creditbank.rules.transfer import TransferNotRecognisedError
from creditbank.schemas.items import (
    RevocationAnswer,
    RevocationBody,
    TransferAnswer,
    TransferBody,
)
from creditbank.schemas.people import IDENTITY_EXAMPLE

_EXAMPLE = {**IDENTITY_EXAMPLE, "leaf": "0" * 64, "scheme": "cn-3710"}

transfers = Door("transfers", __name__, description="Hours of other schemes, recognised.")


@transfers.post(
    "/transfers",
    Scope.TRANSFER_RECOGNISE,
    status=201,
    body=JsonBody(TransferBody(), _EXAMPLE),
    answer=TransferAnswer(),
    refuses=(
        RegionForeignError, PackMissingError, PersonUnknownError, *STATED_REFUSALS,
        EntryUnknownError, EntryReversedError, EntryFrozenError, TransferKnownError,
        TransferWithinError, TransferSecondHandError, TransferNotRecognisedError,
        TransferWorthNothingError,
        PersonErasedError,
    ),
)  # fmt: skip
def recognise_entry(call: Call, session: Session) -> dict[str, Any]:
    """Recognise a person's entry of another scheme under one of the official's own region."""
    scheme = call.body["scheme"]
    call.client.require_region(law_of(session, scheme).jurisdiction)
    ask = TransferAsk(
        identity=call.body["identity"],
        leaf=bytes.fromhex(call.body["leaf"]),
        scheme=scheme,
        actor=call.client.client_id,
    )
    transfer = recognise_transfer(session, current_house().vault, ask, now=call.now)
    return _shaped(session, transfer)


@transfers.get(
    "/transfers/<public:transfer_no>",
    Scope.TRANSFER_RECOGNISE,
    answer=TransferAnswer(),
    refuses=(TransferUnknownError, RegionForeignError),
)
def read_transfer(call: Call, session: Session, transfer_no: str) -> dict[str, Any]:
    """Return a transfer: from which entry, under which scheme, how it stands."""
    transfer = transfer_numbered(session, transfer_no)
    call.client.require_region(transfer.jurisdiction)
    return _shaped(session, transfer)


@transfers.post(
    "/transfers/<public:transfer_no>/withdrawal",
    Scope.TRANSFER_RECOGNISE,
    status=201,
    body=JsonBody(RevocationBody(), {"reason": "finding", "case_no": "威人社查〔2026〕3号"}),
    answer=RevocationAnswer(),
    refuses=(
        TransferUnknownError, RegionForeignError, TransferWithdrawnError, PersonErasedError,
    ),
)  # fmt: skip
def withdraw_entry(call: Call, session: Session, transfer_no: str) -> dict[str, Any]:
    """Take a transfer back; the entry that it rested on stays as it is."""
    call.client.require_region(transfer_numbered(session, transfer_no).jurisdiction)
    revocation = Revocation(call.client.client_id, call.body["reason"], call.body["case_no"])
    vault = current_house().vault
    centihours, leaf = withdraw_transfer(session, vault, transfer_no, revocation, now=call.now)
    return {"reversed_hours": centihours, "act_leaf": leaf.hex()}


def _shaped(session: Session, transfer: RecognisedTransfer) -> dict[str, Any]:
    credited = issued_under(session, transfer.person_id, transfer.scheme, transfer.transfer_no)
    return {
        **{name: getattr(transfer, name) for name in TransferAnswer().fields
           if hasattr(transfer, name)},
        "origin_leaf": transfer.origin_leaf.hex(),
        "credited": shaped_credits(credited),
    }  # fmt: skip
