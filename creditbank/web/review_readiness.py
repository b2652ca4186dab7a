"""Who is ready for a review (评审准备情况): a unit's lists by a day, and people's reminders."""

from functools import partial

from flask import Response
from sqlalchemy.orm import Session

from creditbank.clock import civil_day
from creditbank.crediting.statement_sheets import CSV_TYPE
from creditbank.house import current_house
from creditbank.registry.clients import Role, Scope
from creditbank.rules.explain import ground_text
from creditbank.verification.batches import batch_numbered, counts_of, question_of
from creditbank.verification.models import VerdictBatch
from creditbank.verification.readiness import (
    Ready,
    ReadyLine,
    count_unread,
    counted,
    mark_told_read,
    readiness_of,
    ready_lines,
    rule_of,
    told_unread,
)
from creditbank.verification.readiness_sheets import (
    asked_words,
    missing_words,
    readiness_csv,
    readiness_workbook,
)
from creditbank.verification.reminders import (
    mark_reminders_read,
    reminders_of,
    reminders_unread,
)
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.holding import (
    OWN,
    asked,
    asked_number,
    law_if_any,
    namer,
    own_keys,
    shown,
)
from creditbank.web.pages import reader_language
from creditbank.web.verdicts import attached, called_by

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LINES = 50
_ASKS = able(Scope.VERDICT_ASK)
_HERE = "/verdict-batches/<public:batch_no>/readiness"

review_readiness = Pages("review_readiness", __name__)


@review_readiness.shown("/readiness", _ASKS, menu="readiness")
def near(visit: Visit, session: Session) -> Response:
    """Show the lists of this seat of which it was told that their day comes near."""
    return shown("readiness_near.html", lists=told_unread(session, visit.client))


@review_readiness.shown(_HERE, _ASKS)
def one(visit: Visit, session: Session, batch_no: str) -> Response:
    """Show who of a list is ready, who is short of what, and who cannot be told."""
    batch = batch_numbered(session, batch_no, visit.client)
    row, question = readiness_of(session, batch), question_of(batch)
    wanted, after = _wanted(), asked_number("after")
    found = ready_lines(
        session, current_house().vault, batch, wanted=wanted, after=after, limit=_LINES + 1
    )
    law, language = law_if_any(session, question.scheme), reader_language()
    rule = rule_of(law, batch, row)
    return shown(
        "readiness.html", batch=batch, row=row, question=question, called=called_by(law),
        counts=counted(counts_of(session, batch)), wanted=str(wanted or ""),
        states=list(map(str, Ready)), lines=found[:_LINES], first=not after,
        after=found[_LINES - 1].line.row_no if len(found) > _LINES else 0,
        asked_words=partial(asked_words, law=law, language=language),
        missing_words=partial(missing_words, law=law, language=language),
        rule=ground_text(rule, language) if rule is not None else "",
        days=(row.due_on - civil_day(visit.now)).days if row is not None else 0,
    )  # fmt: skip


@review_readiness.sent(f"{_HERE}/read", _ASKS, shows=one)
def read(visit: Visit, session: Session, batch_no: str) -> Response:
    """Note that one has read that the day comes near."""
    batch = batch_numbered(session, batch_no, visit.client)
    mark_told_read(session, readiness_of(session, batch), now=visit.now)
    return see("web.review_readiness.one", "news-read", batch_no=batch_no)


@review_readiness.shown("/verdict-batches/<public:batch_no>/readiness.xlsx", _ASKS)
def workbook(visit: Visit, session: Session, batch_no: str) -> Response:
    """Hand over who is ready as a workbook: all, or those that stand as asked for."""
    batch, lines = _all_lines(visit, session, batch_no)
    law = law_if_any(session, question_of(batch).scheme)
    content = readiness_workbook(lines, law, reader_language())
    return attached(content, _XLSX, f"{batch.batch_no}-readiness.xlsx")


@review_readiness.shown("/verdict-batches/<public:batch_no>/readiness.csv", _ASKS)
def table(visit: Visit, session: Session, batch_no: str) -> Response:
    """Hand over who is ready as CSV, likewise."""
    batch, lines = _all_lines(visit, session, batch_no)
    law = law_if_any(session, question_of(batch).scheme)
    content = readiness_csv(lines, law, reader_language())
    return attached(content, CSV_TYPE, f"{batch.batch_no}-readiness.csv")


@review_readiness.shown("/hours/reminders", OWN, menu="own-reminders")
def own(visit: Visit, session: Session) -> Response:
    """Show what one was reminded of before reviews."""
    people = own_keys(visit, session)
    told = reminders_of(session, people)
    schemes = {each.question["scheme"] for each in told}
    return shown(
        "own_reminders.html", told=told, unread=reminders_unread(session, people),
        namers={scheme: namer(law_if_any(session, scheme)) for scheme in schemes},
    )  # fmt: skip


@review_readiness.sent("/hours/reminders", OWN, shows=own)
def read_own(visit: Visit, session: Session) -> Response:
    """Note that every reminder was read."""
    mark_reminders_read(session, own_keys(visit, session), now=visit.now)
    return see("web.review_readiness.own", "news-read")


def unread_reminders(visit: Visit, session: Session) -> int:
    """Count a professional's unread reminders."""
    seat = visit.signed.seat
    if seat is None or seat.role is not Role.PROFESSIONAL:
        return 0
    return reminders_unread(session, own_keys(visit, session))


def unread_days(visit: Visit, session: Session) -> int:
    """Count the lists of a title system's seat whose day comes near, as it has not read."""
    seat = visit.signed.seat
    if seat is None or Scope.VERDICT_ASK not in seat.scopes:
        return 0
    return count_unread(session, visit.client)


def _wanted() -> Ready | None:
    text = asked("state")
    return Ready(text) if text in set(Ready) else None


def _all_lines(
    visit: Visit, session: Session, batch_no: str
) -> tuple[VerdictBatch, list[ReadyLine]]:
    batch, vault = batch_numbered(session, batch_no, visit.client), current_house().vault
    return batch, ready_lines(session, vault, batch, wanted=_wanted(), limit=batch.rows_total)
