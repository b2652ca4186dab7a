"""A provider's statement: what was credited and taken back under all its filings."""

from dataclasses import dataclass

from flask import Response
from sqlalchemy.orm import Session

from creditbank.crediting.balances import Times
from creditbank.crediting.statement_paper import (
    PAPER_LINES_MAX,
    STATEMENT_TEMPLATE,
    Heading,
    paper_of_holders,
    printable,
)
from creditbank.crediting.statement_sheets import (
    CSV_TYPE,
    XLSX_TYPE,
    as_csv,
    as_xlsx,
    recorded_text,
    title_of,
)
from creditbank.crediting.statements import WHOLE, Holders, StatementAsk, statement_of_provider
from creditbank.db import snapshot
from creditbank.house import current_house
from creditbank.registry.clients import Scope, organisation_seen
from creditbank.registry.lookups import organisation_of
from creditbank.registry.models import Organisation
from creditbank.rules.explain import name_of
from creditbank.web.doors import Pages, Unit, Visit, able
from creditbank.web.holding import Slice, asked, asked_day, asked_number, end_of, shown
from creditbank.web.pages import reader_language
from creditbank.web.verdicts import attached

LINES_SHOWN = 30
_ASKED = ("from", "as_of", "known_on", "year")
_PROVIDES = able(Scope.ROSTER_POST)

provider_statement = Pages("provider_statement", __name__)


@dataclass(frozen=True, slots=True)
class _Desk:
    """Whose filings are told, and what is asked of them."""

    provider: Organisation
    ask: StatementAsk

    def told(self, session: Session, lines: slice = WHOLE) -> Holders:
        """State them; only some lines are told if asked."""
        vault, organisation_id = current_house().vault, self.provider.organisation_id
        return statement_of_provider(session, vault, organisation_id, self.ask, lines)


@provider_statement.shown("/filings/statement", _PROVIDES, menu="provider-statement")
def statement(visit: Visit, session: Session) -> Response:
    """Show the totals by filing, and the movements page by page."""
    desk = _desk(visit, session)
    whole = desk.told(session, slice(0))
    chosen = Slice.of(whole.statement.count, asked_number("page", 1), LINES_SHOWN)
    first = (chosen.number - 1) * LINES_SHOWN
    found = desk.told(session, slice(first, first + LINES_SHOWN))
    wanted = {name: asked(name) for name in _ASKED}
    return shown(
        "provider_statement.html", told=found.statement, people=found.people, slice=chosen,
        totals=found.totals, wanted=wanted, language=reader_language(), named=name_of,
        any=bool(whole.totals or any(wanted.values())), title_of=title_of,
        recorded_text=recorded_text,
    )  # fmt: skip


@provider_statement.shown("/filings/statement.csv", _PROVIDES)
def as_text(visit: Visit, session: Session) -> Response:
    """Hand the statement over as CSV."""
    found = _desk(visit, session).told(session)
    content = as_csv(found.statement, reader_language(), found.people, found.totals)
    return attached(content, CSV_TYPE, "statement.csv")


@provider_statement.shown("/filings/statement.xlsx", _PROVIDES)
def as_workbook(visit: Visit, session: Session) -> Response:
    """Hand the statement over as a workbook."""
    found = _desk(visit, session).told(session)
    content = as_xlsx(found.statement, reader_language(), found.people, found.totals)
    return attached(content, XLSX_TYPE, "statement.xlsx")


@provider_statement.shown("/filings/statement.pdf", _PROVIDES, unit=Unit.OWN)
def as_paper(visit: Visit) -> Response:
    """Hand the statement over as PDF; the database is let go before it is set."""
    language = reader_language()
    with snapshot() as session:
        desk = _desk(visit, session)
        heading = Heading("", "", "", visit.now, desk.provider.name)
        said = paper_of_holders(desk.told(session, slice(PAPER_LINES_MAX)), heading, language)
    typesetter = current_house().press.typesetter
    page = printable(said, typesetter.lacking, language)
    return attached(
        typesetter.typeset(STATEMENT_TEMPLATE, page), "application/pdf", "statement.pdf"
    )


def _desk(visit: Visit, session: Session) -> _Desk:
    provider = organisation_of(session, organisation_seen(visit.client))
    known_on = asked_day("known_on")
    times = Times(asked_day("as_of"), end_of(known_on) if known_on else None)
    return _Desk(provider, StatementAsk("", times, asked_day("from"), asked_number("year") or None))
