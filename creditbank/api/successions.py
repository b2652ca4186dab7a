"""What becomes of organisations (注销、合并、分立): stated, read, taken back."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call, Door
from creditbank.clock import civil_day
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.registry.filing.filings import FilingUnknownError
from creditbank.registry.organisations import OrganisationUnknownError, organisation_by_uscc
from creditbank.registry.stating import (
    FactAheadError,
    FactReasonWantedError,
    require_registrar,
)
from creditbank.registry.succeeding import (
    SuccessionDayError,
    SuccessionUnknownError,
    SuccessorsUnfitError,
    succeed,
    take_succession_back,
)
from creditbank.registry.uscc import UsccCharactersError, UsccLengthError
from creditbank.schemas.organisations import FactTakingBackBody, ground_of
from creditbank.schemas.successions import (
    BecomingAnswer,
    BecomingQuery,
    SuccessionAnswer,
    SuccessionBody,
    shaped_becoming,
    shaped_succession,
)

_REFUSALS = (
    RegionForeignError, OrganisationUnknownError, UsccLengthError, UsccCharactersError,
    FactAheadError,
)  # fmt: skip
_PATH = "/organisations/<public:uscc>/successions"

successions = Door("successions", __name__, description="What becomes of organisations.")


@successions.post(
    _PATH,
    Scope.ORGANISATION_REGISTER,
    status=201,
    body=JsonBody(
        SuccessionBody(),
        {
            "how": "merged", "day": "2026-01-01", "successors": [{"uscc": "91371000MA3TE5T011"}],
            "document_no": "示例〔2026〕5号", "document_day": "2025-12-20",
        },
    ),
    answer=SuccessionAnswer(),
    refuses=(*_REFUSALS, SuccessorsUnfitError, SuccessionDayError, FilingUnknownError),
)  # fmt: skip
def state_succession(call: Call, session: Session, uscc: str) -> dict[str, Any]:
    """State that an organisation is closed, merged or split: its keys and seats stop at once."""
    require_registrar(call.client, organisation_by_uscc(session, uscc), None)
    made = succeed(session, uscc, call.body, actor=call.client.client_id, now=call.now)
    return shaped_succession(session, made)


@successions.get(
    _PATH,
    Scope.ORGANISATION_REGISTER,
    query=BecomingQuery(),
    answer=BecomingAnswer(),
    refuses=(OrganisationUnknownError, UsccLengthError, UsccCharactersError),
)
def read_successions(call: Call, session: Session, uscc: str) -> dict[str, Any]:
    """Tell what became of an organisation, and which others had become part of it by a day."""
    found = organisation_by_uscc(session, uscc)
    day = call.query["on"] or civil_day(call.now)
    return shaped_becoming(session, found.organisation_id, day)


@successions.post(
    f"{_PATH}/<public:succession_no>/taking-back",
    Scope.ORGANISATION_REGISTER,
    body=JsonBody(FactTakingBackBody(), {"reason": "文件所指为另一企业"}),
    answer=BecomingAnswer(),
    refuses=(*_REFUSALS, SuccessionUnknownError, FactReasonWantedError),
)
def take_a_succession_back(
    call: Call, session: Session, uscc: str, succession_no: str
) -> dict[str, Any]:
    """Say that it never became so: keys, seats and filings are as before."""
    found = organisation_by_uscc(session, uscc)
    require_registrar(call.client, found, None)
    ground, actor = ground_of(call.body), call.client.client_id
    take_succession_back(session, uscc, succession_no, ground, actor=actor, now=call.now)
    return shaped_becoming(session, found.organisation_id, civil_day(call.now))
