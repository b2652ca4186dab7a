"""A professional's statement: every movement of their hours, to read page by page and to keep."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.clock import civil_day
from creditbank.crediting.balances import Times
from creditbank.crediting.own import schemes_held
from creditbank.crediting.signed_statements import (
    JWS_TYPE,
    Holding,
    signable,
    signed_statement,
)
from creditbank.crediting.statement_paper import STATEMENT_TEMPLATE, Heading, paper_of, printable
from creditbank.crediting.statement_sheets import (
    CSV_TYPE,
    XLSX_TYPE,
    as_csv,
    as_xlsx,
    recorded_text,
    title_of,
)
from creditbank.crediting.statements import (
    Statement,
    StatementAsk,
    sources_of,
    statement_of,
    with_carried,
)
from creditbank.db import snapshot
from creditbank.house import current_house
from creditbank.people.documents import last_characters
from creditbank.people.register import identity_of
from creditbank.web.doors import Pages, Unit, Visit
from creditbank.web.holding import (
    OWN,
    Slice,
    asked,
    asked_day,
    asked_number,
    end_of,
    law_if_any,
    namer,
    own_keys,
    own_person,
    scheme_called,
    shown,
)
from creditbank.web.pages import reader_language
from creditbank.web.verdicts import attached

LINES_SHOWN = 30
_ASKED = ("scheme", "from", "as_of", "known_on", "year", "source")

own_statement = Pages("own_statement", __name__)


@dataclass(frozen=True, slots=True)
class _Desk:
    """Whose statement is asked for: every key, the schemes, and the question."""

    people: tuple[int, ...]
    schemes: Sequence[str]
    ask: StatementAsk


@own_statement.shown("/hours/statement", OWN)
def statement(visit: Visit, session: Session) -> Response:
    """Show one's movements between two balances, page by page."""
    desk = _desk(visit, session)
    whole = statement_of(session, desk.people, desk.ask, slice(0))
    chosen = Slice.of(whole.count, asked_number("page", 1), LINES_SHOWN)
    first = (chosen.number - 1) * LINES_SHOWN
    told = statement_of(session, desk.people, desk.ask, slice(first, first + LINES_SHOWN))
    told = with_carried(session, desk.people, told, civil_day(visit.now))
    law, language = law_if_any(session, desk.ask.scheme), reader_language()
    every = statement_of(session, desk.people, StatementAsk(desk.ask.scheme), slice(0))
    return shown(
        "own_statement.html", told=told, slice=chosen, language=language, any=bool(every.count),
        wanted={name: asked(name) for name in _ASKED}, named=namer(law),
        schemes=[scheme_called(each, law_if_any(session, each)) for each in desk.schemes],
        years=every.years, sources=sources_of(session, desk.people, desk.ask.scheme),
        title_of=title_of, recorded_text=recorded_text, host=request.host_url.rstrip("/"),
    )  # fmt: skip


@own_statement.shown("/hours/statement.csv", OWN)
def as_text(visit: Visit, session: Session) -> Response:
    """Hand the statement over as CSV."""
    desk = _desk(visit, session)
    content = as_csv(_whole(visit, session, desk), reader_language())
    return attached(content, CSV_TYPE, "statement.csv")


@own_statement.shown("/hours/statement.xlsx", OWN)
def as_workbook(visit: Visit, session: Session) -> Response:
    """Hand the statement over as a workbook."""
    desk = _desk(visit, session)
    content = as_xlsx(_whole(visit, session, desk), reader_language())
    return attached(content, XLSX_TYPE, "statement.xlsx")


@own_statement.shown("/hours/statement.jws", OWN)
def as_signed(visit: Visit, session: Session) -> Response:
    """Hand the statement over signed, each line with its proof, for anybody to check."""
    house, desk = current_house(), _desk(visit, session)
    holding = Holding(desk.people, identity_of(session, house.vault, own_person(visit)))
    payload = signable(session, house.vault, holding, desk.ask, now=visit.now)
    token = signed_statement(house.keys, house.settings.verdict_algorithm, payload)
    return attached(token, JWS_TYPE, "statement.jws")


@own_statement.shown("/hours/statement.pdf", OWN, unit=Unit.OWN)
def as_paper(visit: Visit) -> Response:
    """Hand the statement over as PDF; the database is let go before it is set."""
    house, language = current_house(), reader_language()
    with snapshot() as session:
        desk = _desk(visit, session)
        holder = identity_of(session, house.vault, own_person(visit))
        law = law_if_any(session, desk.ask.scheme)
        heading = Heading(
            holder.name, last_characters(holder.document),
            scheme_called(desk.ask.scheme, law).title, visit.now,
        )  # fmt: skip
        said = paper_of(_whole(visit, session, desk), heading, language)
    typesetter = house.press.typesetter
    page = printable(said, typesetter.lacking, language)
    return attached(
        typesetter.typeset(STATEMENT_TEMPLATE, page), "application/pdf", "statement.pdf"
    )


def _whole(visit: Visit, session: Session, desk: _Desk) -> Statement:
    found = statement_of(session, desk.people, desk.ask)
    return with_carried(session, desk.people, found, civil_day(visit.now))


def _desk(visit: Visit, session: Session) -> _Desk:
    people = own_keys(visit, session)
    schemes = schemes_held(session, people)
    scheme = asked("scheme") if asked("scheme") in schemes else next(iter(schemes), "")
    known_on = asked_day("known_on")
    times = Times(asked_day("as_of"), end_of(known_on) if known_on else None)
    ask = StatementAsk(
        scheme, times, asked_day("from"), asked_number("year") or None, asked("source")
    )
    return _Desk(people, schemes, ask)
