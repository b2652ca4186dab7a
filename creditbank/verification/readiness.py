"""Lists that look at who is ready (申报准备情况): by which day, and how their people stand.

Such a list is a list like any other: under the mandate, for a purpose, answered row by row, and
each answer is in the list of whoever it is about. What it has besides is the day by which the unit
ends its review: that of the law, or its own where the law says none. No answer rests on that day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from creditbank.clock import civil_day
from creditbank.errors import CreditBankError
from creditbank.people.vault import Vault
from creditbank.registry.clients import Client
from creditbank.registry.lawbook import law_of
from creditbank.rules.pack import PackChain, Value
from creditbank.rules.review_term import review_term
from creditbank.verification.batches import (
    BatchQuestion,
    ItemState,
    Line,
    lines_of,
)
from creditbank.verification.kept import shown_statement
from creditbank.verification.models import Verdict, VerdictBatch
from creditbank.verification.questions import Disclosure
from creditbank.verification.readiness_models import ReadinessList

_NO_RECORD = "verdict-no-record"


class ReadinessDayMissingError(CreditBankError):
    """The law says no day by which reviews end, and the unit names none."""

    code = "readiness-day-missing"
    status = 422


class ReadinessDayPastError(CreditBankError):
    """The day by which the review ends is over."""

    code = "readiness-day-past"
    status = 422


class ReadinessFiguresError(CreditBankError):
    """The list shows decisions alone, which do not say what is missing."""

    code = "readiness-figures"
    status = 422


class Ready(StrEnum):
    """How somebody on such a list stands."""

    READY = "ready"
    SHORT = "short"
    UNDETERMINED = "undetermined"
    REFUSED = "refused"
    WAITING = "waiting"


#: Outcomes of answers, and states of rows without one.
_FATES: Mapping[Ready, tuple[str, ...]] = {
    Ready.READY: ("met", "exempt", "waived"),
    Ready.SHORT: ("not_met",),
    Ready.UNDETERMINED: ("undetermined",),
    Ready.REFUSED: (str(ItemState.REFUSED),),
    Ready.WAITING: (str(ItemState.WAITING),),
}


@dataclass(frozen=True, slots=True)
class Due:
    """By which day a review ends; `rule_key` is empty where the unit itself says so."""

    due_on: date
    rule_scheme: str = ""
    rule_key: str = ""


@dataclass(frozen=True, slots=True)
class ReadyLine:
    """A row of such a list: who, how they stand, and the answer that says so, where there is one.

    `statement` has every member that an answer may leave out, empty where it does.
    """

    line: Line
    ready: Ready
    statement: Mapping[str, Any] | None

    @property
    def recorded(self) -> bool:
        """Whether anything is on record of them; nobody else is told to learn more."""
        said = self.statement
        return said is None or said["reasons"][0]["code"] != _NO_RECORD


def due_for(session: Session, question: BatchQuestion, named: date | None, *, now: datetime) -> Due:
    """Return by which day the review ends for which a list is asked.

    Args:
        session: any reading session.
        question: of the list.
        named: the day that the unit itself names; None for that of the law.
        now: the instant.

    Raises:
        ReadinessDayMissingError: neither says one.
        ReadinessDayPastError: the unit's day is over.
        ReadinessFiguresError: the list is to show decisions alone.
    """
    if question.disclose == Disclosure.DECISION:
        raise ReadinessFiguresError
    today = civil_day(now)
    if named is not None:
        if named < today:
            raise ReadinessDayPastError(found=named.isoformat(), wanted=today.isoformat())
        return Due(named)
    term = review_term(question.series, today, law_of(session, question.scheme))
    if term is None:
        raise ReadinessDayMissingError(scheme=question.scheme)
    return Due(term.due_on, term.value.scheme, term.value.key)


def look_by(session: Session, batch: VerdictBatch, due: Due) -> ReadinessList:
    """Keep that a list which was just sent looks at who is ready by a day."""
    row = {
        "batch_no": batch.batch_no, "client_id": batch.client_id, "due_on": due.due_on,
        "rule_scheme": due.rule_scheme, "rule_key": due.rule_key,
    }  # fmt: skip
    return session.scalars(insert(ReadinessList).returning(ReadinessList), [row]).one()


def readiness_of(session: Session, batch: VerdictBatch) -> ReadinessList | None:
    """Return by which day a list looks; None for a list that looks by none."""
    return session.get(ReadinessList, batch.batch_no)


def looks_by_day(session: Session, batches: Sequence[VerdictBatch]) -> dict[str, ReadinessList]:
    """Return, of some lists, those that look by a day."""
    numbers = [each.batch_no for each in batches]
    found = session.scalars(select(ReadinessList).where(ReadinessList.batch_no.in_(numbers)))
    return {each.batch_no: each for each in found}


def ready_lines(
    session: Session, vault: Vault, batch: VerdictBatch, *,
    wanted: Ready | None = None, after: int = 0, limit: int,
) -> list[ReadyLine]:  # fmt: skip
    """Return rows behind a row, in their order: all, or those that stand as wanted."""
    fates = _FATES[wanted] if wanted is not None else ()
    lines = lines_of(session, vault, batch, fates=fates, after=after, limit=limit)
    numbers = [line.verdict_no for line in lines if line.verdict_no]
    answers = session.scalars(select(Verdict).where(Verdict.verdict_no.in_(numbers)))
    said = {each.verdict_no: shown_statement(each) for each in answers}
    return [ReadyLine(line, ready_as(line), said.get(line.verdict_no)) for line in lines]


def ready_as(line: Line) -> Ready:
    """Tell how a row stands."""
    fate = line.outcome or line.state
    return next(each for each, fates in _FATES.items() if fate in fates)


def counted(counts: Mapping[str, int]) -> dict[Ready, int]:
    """Add up how many stand how, from the counts of a list by outcome."""
    sums = {each: sum(counts.get(fate, 0) for fate in fates) for each, fates in _FATES.items()}
    return {each: count for each, count in sums.items() if count}


def rule_of(law: PackChain | None, batch: VerdictBatch, row: ReadinessList | None) -> Value | None:
    """Return the rule that says the day of a list, of the day on which it was sent; None without
    one."""
    if law is None or row is None or not row.rule_key:
        return None
    return law.value_on(row.rule_key, civil_day(batch.requested_at))


def told_unread(session: Session, client: Client) -> list[ReadinessList]:
    """Return the lists of a seat whose day comes near, as it was told and has not read."""
    query = select(ReadinessList).where(
        ReadinessList.client_id == client.client_id,
        ReadinessList.told_at.is_not(None),
        ReadinessList.read_at.is_(None),
    )
    return list(session.scalars(query.order_by(ReadinessList.due_on, ReadinessList.batch_no)))


def count_unread(session: Session, client: Client) -> int:
    """Count them."""
    query = select(func.count()).where(
        ReadinessList.client_id == client.client_id,
        ReadinessList.told_at.is_not(None),
        ReadinessList.read_at.is_(None),
    )
    return session.scalar(query) or 0


def mark_told_read(session: Session, row: ReadinessList | None, *, now: datetime) -> None:
    """Note that the unit has read that the day comes near."""
    if row is not None and row.told_at is not None and row.read_at is None:
        row.read_at = now
        session.flush()
