"""Statements: every movement of a person's hours, or of a filing's, as JSON or as a file."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.api.bodies import CSV_MEDIA_TYPE, JSON_MEDIA_TYPE, XLSX_MEDIA_TYPE, JsonBody
from creditbank.api.endpoints import Call, Door, Unit
from creditbank.api.people import note_look
from creditbank.api.problems import language
from creditbank.certificates.fonts import FontMissingError
from creditbank.clock import civil_day
from creditbank.crediting.lookups import people_of
from creditbank.crediting.scorecard import days_counted, scorecard_of
from creditbank.crediting.signed_statements import (
    JWS_TYPE,
    Holding,
    signable,
    signed_statement,
)
from creditbank.crediting.statement_paper import (
    PAPER_LINES_MAX,
    STATEMENT_TEMPLATE,
    Heading,
    Page,
    StatementTooLongError,
    paper_of,
    paper_of_holders,
    printable,
)
from creditbank.crediting.statement_sheets import CSV_TYPE, XLSX_TYPE, People, as_csv, as_xlsx
from creditbank.crediting.statements import (
    WHOLE,
    SourceTotal,
    Statement,
    statement_of,
    statement_of_filings,
    statement_of_provider,
    with_carried,
)
from creditbank.house import current_house
from creditbank.integrity.lists import figures_of
from creditbank.ledger.posting import PersonErasedError
from creditbank.people.documents import last_characters
from creditbank.people.register import STATED_REFUSALS, PersonUnknownError
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.registry.filing.filings import FilingUnknownError, filing_seen, provider_seen
from creditbank.registry.lookups import organisation_of
from creditbank.registry.organisations import OrganisationUnknownError
from creditbank.registry.uscc import UsccCharactersError, UsccLengthError
from creditbank.rules.loader import PackMissingError
from creditbank.rules.pack import PackDraftError
from creditbank.schemas.people import IDENTITY_EXAMPLE
from creditbank.schemas.scorecards import ScorecardAnswer, ScorecardQuery, shaped_scorecard
from creditbank.schemas.statements import (
    FilingStatementAnswer,
    FilingStatementQuery,
    OwnStatementAnswer,
    OwnStatementForm,
    OwnStatementQuery,
    ProviderStatementAnswer,
    ProviderStatementQuery,
    StatementBody,
    StatementForm,
    asked_for,
    shaped_of_holders,
    shaped_of_person,
    shaped_of_provider,
)
from creditbank.verification.desk_looks import Shown

_EXAMPLE = {**IDENTITY_EXAMPLE, "scheme": "cn-3710", "from": "2026-01-01", "as_of": "2026-12-31"}
PDF = "application/pdf"
_FORMS = {
    JSON_MEDIA_TYPE: StatementForm.JSON, CSV_MEDIA_TYPE: StatementForm.CSV,
    XLSX_MEDIA_TYPE: StatementForm.XLSX, PDF: StatementForm.PDF,
}  # fmt: skip
_FILES = {CSV_MEDIA_TYPE: "…", XLSX_MEDIA_TYPE: "…", PDF: "%PDF-1.7 …"}

statements = Door("statements", __name__, description="Every movement of hours, line by line.")


@statements.post(
    "/statements",
    Scope.BALANCE_READ,
    unit=Unit.READING,
    query=OwnStatementQuery(),
    body=JsonBody(StatementBody(), _EXAMPLE),
    answer=OwnStatementAnswer(),
    files={**_FILES, JWS_TYPE: "eyJ….eyJ….AbC…"},
    refuses=(
        PersonUnknownError,
        *STATED_REFUSALS,
        PackMissingError,
        PackDraftError,
        PersonErasedError,
        FontMissingError,
    ),
)
def read_statement(call: Call, session: Session) -> dict[str, Any] | Response:
    """Return a person's movements between two balances: JSON, CSV, XLSX, PDF, or signed."""
    house, identity = current_house(), call.body["identity"]
    people = people_of(session, house.vault, identity)
    note_look(call, session, Shown.STATEMENT)
    ask = asked_for(call.body, call.body["scheme"])
    form = _wanted(call, {**_FORMS, JWS_TYPE: OwnStatementForm.SIGNED})
    if form == OwnStatementForm.SIGNED:
        payload = signable(session, house.vault, Holding(people, identity), ask, now=call.now)
        token = signed_statement(house.keys, house.settings.verdict_algorithm, payload)
        return _file(token, JWS_TYPE, "jws")
    statement = statement_of(session, people, ask)
    statement = with_carried(session, people, statement, civil_day(call.now))
    if form == OwnStatementForm.PDF:
        heading = Heading(identity.name, last_characters(identity.document), ask.scheme, call.now)
        return _paper(paper_of(statement, heading, language()))
    return _sheet(call, statement) or shaped_of_person(statement)


@statements.get(
    "/filings/<public:filing_no>/statement",
    Scope.ATTENDANCE_WITHDRAW,
    query=FilingStatementQuery(),
    answer=FilingStatementAnswer(),
    files=_FILES,
    refuses=(
        FilingUnknownError, RegionForeignError, StatementTooLongError, FontMissingError,
    ),
)  # fmt: skip
def read_filing_statement(
    call: Call, session: Session, filing_no: str
) -> dict[str, Any] | Response:
    """Return every movement under a filing, by name and last four: JSON, CSV, XLSX or PDF."""
    filing = filing_seen(session, call.client, filing_no)
    ask = asked_for(call.query, filing.scheme)
    is_paper, vault = _wanted(call, _FORMS) == StatementForm.PDF, current_house().vault
    told = slice(PAPER_LINES_MAX) if is_paper else WHOLE
    found = statement_of_filings(session, vault, [filing_no], ask, told)
    if is_paper:
        provider = organisation_of(session, filing.organisation_id).name
        heading = Heading("", "", ask.scheme, call.now, provider)
        return _paper(paper_of_holders(found, heading, language()))
    return _sheet(call, found.statement, found.people) or shaped_of_holders(found)


@statements.get(
    "/organisations/<public:uscc>/statement",
    Scope.ATTENDANCE_WITHDRAW,
    query=ProviderStatementQuery(),
    answer=ProviderStatementAnswer(),
    files=_FILES,
    refuses=(
        OrganisationUnknownError, RegionForeignError, UsccLengthError, UsccCharactersError,
        StatementTooLongError, FontMissingError,
    ),
)  # fmt: skip
def read_provider_statement(call: Call, session: Session, uscc: str) -> dict[str, Any] | Response:
    """Return every movement under all filings of a provider, with totals by filing."""
    house, provider = current_house(), provider_seen(session, call.client, uscc)
    ask = asked_for(call.query, call.query["scheme"])
    is_paper = _wanted(call, _FORMS) == StatementForm.PDF
    told = slice(PAPER_LINES_MAX) if is_paper else WHOLE
    found = statement_of_provider(session, house.vault, provider.organisation_id, ask, told)
    if is_paper:
        heading = Heading("", "", ask.scheme, call.now, provider.name)
        return _paper(paper_of_holders(found, heading, language()))
    sheet = _sheet(call, found.statement, found.people, found.totals)
    return sheet or shaped_of_provider(found, provider.uscc)


@statements.get(
    "/organisations/<public:uscc>/scorecard",
    Scope.FILING_READ,
    query=ScorecardQuery(),
    answer=ScorecardAnswer(),
    refuses=(OrganisationUnknownError, RegionForeignError, UsccLengthError, UsccCharactersError),
)
def read_scorecard(call: Call, session: Session, uscc: str) -> dict[str, Any]:
    """Return how soon a provider's attendance was posted, and how much of it was taken back."""
    provider = provider_seen(session, call.client, uscc)
    days = days_counted(call.query["first_day"], call.query["last_day"], now=call.now)
    card = scorecard_of(session, provider.organisation_id, *days)
    return shaped_scorecard(
        card, figures_of(session, provider.organisation_id, *days), provider.uscc
    )


def _sheet(
    call: Call, statement: Statement, people: People | None = None,
    totals: Sequence[SourceTotal] = (),
) -> Response | None:  # fmt: skip
    """Make the file that is asked for; None where JSON is."""
    form = _wanted(call, _FORMS)
    if form == StatementForm.JSON:
        return None
    is_csv = form == StatementForm.CSV
    content = (as_csv if is_csv else as_xlsx)(statement, language(), people, totals)
    return _file(content, CSV_TYPE if is_csv else XLSX_TYPE, form)


def _paper(said: Page) -> Response:
    """Set a printed statement."""
    typesetter = current_house().press.typesetter
    page = printable(said, typesetter.lacking, language())
    return _file(typesetter.typeset(STATEMENT_TEMPLATE, page), PDF, "pdf")


def _wanted(call: Call, forms: Mapping[str, str]) -> str:
    """Return the form that the query names, or `Accept` where it names none."""
    chosen = call.query["form"]
    return str(chosen or forms[request.accept_mimetypes.best_match(forms, JSON_MEDIA_TYPE)])


def _file(content: bytes, media_type: str, ending: str) -> Response:
    response = Response(content, content_type=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="statement.{ending}"'
    response.headers["Cache-Control"] = "no-store"
    return response
