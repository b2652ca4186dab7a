"""What became of applications: reported back by whoever asked."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call, Unit
from creditbank.api.verdicts import verdicts
from creditbank.db import writing
from creditbank.house import current_house
from creditbank.ledger.posting import PersonErasedError
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.registry.lookups import organisation_of
from creditbank.registry.organisations import OrganisationUnknownError, organisation_by_uscc
from creditbank.schemas.results import (
    ResultBody,
    ResultsAnswer,
    ReviewExportAnswer,
    ReviewExportBody,
    UnitsReviewExportBody,
    results_shaped,
)
from creditbank.verification.answers import VerdictUnknownError, verdict_numbered
from creditbank.verification.results import (
    ResultDayError,
    ResultMandateError,
    ResultUnfitError,
    report_result,
)
from creditbank.verification.review_export_sheets import export_shaped
from creditbank.verification.review_exports import (
    ExportWanted,
    ReviewExportNamesError,
    take_export,
)
from creditbank.verification.review_reports import reports_of

#: The door of verdicts, which these calls join.
__all__ = ["verdicts"]

_EXAMPLE = {"result": "passed", "day": "2026-11-20", "level": "associate_senior"}


@verdicts.post(
    "/verdicts/<public:verdict_no>/results",
    Scope.VERDICT_ASK,
    status=201,
    body=JsonBody(ResultBody(), _EXAMPLE),
    answer=ResultsAnswer(),
    refuses=(
        VerdictUnknownError, ResultMandateError, ResultDayError, ResultUnfitError,
        PersonErasedError,
    ),
)  # fmt: skip
def report_review_result(call: Call, session: Session, verdict_no: str) -> dict[str, Any]:
    """Report what became of the application: it settles an exemption, and begins the next count."""
    vault = current_house().vault
    reports = report_result(session, vault, verdict_no, call.body, call.client, now=call.now)
    return results_shaped(verdict_no, reports)


@verdicts.get(
    "/verdicts/<public:verdict_no>/results",
    Scope.VERDICT_ASK,
    answer=ResultsAnswer(),
    refuses=(VerdictUnknownError,),
)
def read_review_results(call: Call, session: Session, verdict_no: str) -> dict[str, Any]:
    """Tell what was reported on an answer, in its order, and what stands."""
    verdict_numbered(session, verdict_no, call.client)
    return results_shaped(verdict_no, reports_of(session, [verdict_no]).get(verdict_no, []))


@verdicts.post(
    "/review-exports",
    Scope.VERDICT_ASK,
    unit=Unit.OWN,
    body=JsonBody(ReviewExportBody(), {"year": 2026}),
    answer=ReviewExportAnswer(),
    refuses=(OrganisationUnknownError, ReviewExportNamesError),
)
def take_review_export(call: Call) -> dict[str, Any]:
    """Take what one's own reviews of a year relied on; each time is an act."""
    with writing() as session:
        unit = organisation_of(session, call.client.organisation_id)
        wanted = ExportWanted(unit.organisation_id, call.body["year"], call.body["named"])
        return _taken(call, session, wanted)


@verdicts.post(
    "/organisations/<public:uscc>/review-exports",
    Scope.MANDATE_GRANT,
    unit=Unit.OWN,
    body=JsonBody(UnitsReviewExportBody(), {"year": 2026}),
    answer=ReviewExportAnswer(),
    refuses=(OrganisationUnknownError, RegionForeignError),
)
def take_units_review_export(call: Call, uscc: str) -> dict[str, Any]:
    """Take what a unit's reviews of a year relied on, with masked names; each time is an act."""
    with writing() as session:
        unit = organisation_by_uscc(session, uscc)
        return _taken(call, session, ExportWanted(unit.organisation_id, call.body["year"]))


def _taken(call: Call, session: Session, wanted: ExportWanted) -> dict[str, Any]:
    house = current_house()
    export = take_export(
        session, house.vault, wanted, call.client, house.keys, house.settings.verdict_algorithm,
        now=call.now,
    )  # fmt: skip
    return export_shaped(export)
