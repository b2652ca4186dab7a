"""Reminders before the day of a review (评审截止提醒): whoever is not ready is told, once.

The people of a list that looks by a day are weighed again each civil day from some days before it;
what is weighed is shown to nobody but themselves, so nobody has asked. The unit is told that the
day comes near, and learns how its people stand by asking again.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from creditbank.canonical import canonical_text
from creditbank.clock import civil_day
from creditbank.errors import CreditBankError
from creditbank.people.register import linked_people
from creditbank.people.vault import Vault
from creditbank.registry.models import Mandate, Organisation
from creditbank.verification.answers import Prepared, prepare_all
from creditbank.verification.batches import BatchState, asker_of
from creditbank.verification.models import Verdict, VerdictBatch, VerdictBatchItem
from creditbank.verification.questions import Ask
from creditbank.verification.readiness_models import ReadinessList, ReviewReminder
from creditbank.verification.review_reports import Result, reports_of, standing
from creditbank.verification.watching import asked_as

#: Outcomes with which somebody may apply: they are not bothered.
_ENOUGH = frozenset({"met", "exempt", "waived"})
#: Reported results after which there is nothing to be reminded of.
_OVER = frozenset({Result.PASSED, Result.FAILED, Result.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class Looked:
    """A slice of a list: who is to be reminded, and the last row that was looked at."""

    reminders: tuple[dict[str, Any], ...]
    through: int
    more: bool


@dataclass(frozen=True, slots=True)
class Reminded:
    """A reminder as the person reads it; `short` is what was missing, as in an answer's advice."""

    row: ReviewReminder
    organisation: str
    short: Sequence[dict[str, str]]
    question: dict[str, Any]


def list_due(session: Session, days: int, *, now: datetime) -> str | None:
    """Return the number of a list whose day comes near and whose people are to be looked at today.

    Args:
        session: any reading session.
        days: how long before its day a list is looked at first.
        now: the instant.
    """
    query = (
        select(ReadinessList.batch_no)
        .join(VerdictBatch, VerdictBatch.batch_no == ReadinessList.batch_no)
        .where(_comes_near(days, civil_day(now)), VerdictBatch.state == str(BatchState.DONE))
    )
    return session.scalar(query.order_by(ReadinessList.due_on, ReadinessList.batch_no).limit(1))


def weigh_again(
    session: Session, vault: Vault, batch_no: str, *, after: int, limit: int, now: datetime
) -> Looked:
    """Weigh some people of a list as they stand now, in one snapshot; nothing of it is kept."""
    query = (
        select(VerdictBatchItem.row_no, Verdict)
        .join(Verdict, Verdict.verdict_no == VerdictBatchItem.verdict_no)
        .where(VerdictBatchItem.batch_no == batch_no, VerdictBatchItem.row_no > after)
    )
    rows = session.execute(query.order_by(VerdictBatchItem.row_no).limit(limit)).all()
    if not rows:
        return Looked((), after, more=False)
    due_on = session.get_one(ReadinessList, batch_no).due_on
    verdicts = _unsettled(session, [row[1] for row in rows])
    asks = _asked_as(session, vault, verdicts)
    client = asker_of(session.get_one(VerdictBatch, batch_no))
    reminders = tuple(
        _reminder(batch_no, due_on, number, each, now)
        for number, each in _weighed(session, vault, asks, client, now)
        if each.person_id is not None and str(each.outcome) not in _ENOUGH
    )
    return Looked(reminders, rows[-1][0], more=len(rows) == limit)


def remind(session: Session, reminders: Sequence[dict[str, Any]]) -> int:
    """Keep reminders of people who have none for their day, over all their linked keys; return how
    many were kept."""
    linked = linked_people(session, {each["person_id"] for each in reminders})
    keys = {key for group in linked.values() for key in group}
    query = select(ReviewReminder.person_id, ReviewReminder.due_on)
    rows = session.execute(query.where(ReviewReminder.person_id.in_(keys)))
    told = {(row[0], row[1]) for row in rows}
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    kept = 0
    for row in reminders:
        group = {(key, row["due_on"]) for key in linked[row["person_id"]]}
        if told.isdisjoint(group):
            session.execute(make(ReviewReminder).values(row).on_conflict_do_nothing())
            told |= group
            kept += 1
    return kept


def looked_through(session: Session, batch_no: str, *, now: datetime) -> None:
    """Note that everybody on a list was looked at today; its unit is told once, where anybody was
    not ready when it asked."""
    session.execute(
        update(ReadinessList)
        .where(ReadinessList.batch_no == batch_no)
        .values(looked_on=civil_day(now))
    )
    lacking = select(func.count()).where(
        VerdictBatchItem.batch_no == batch_no,
        VerdictBatchItem.outcome.not_in(_ENOUGH),
    )
    if session.scalar(lacking):
        session.execute(
            update(ReadinessList)
            .where(ReadinessList.batch_no == batch_no, ReadinessList.told_at.is_(None))
            .values(told_at=now)
        )


def reminders_of(session: Session, people: Sequence[int]) -> list[Reminded]:
    """Return what somebody was reminded of, over all their keys, the newest first."""
    query = (
        select(ReviewReminder, Organisation.name, VerdictBatch.question)
        .join(VerdictBatch, VerdictBatch.batch_no == ReviewReminder.batch_no)
        .join(Verdict, Verdict.verdict_no == ReviewReminder.verdict_no)
        .join(Mandate, Mandate.mandate_no == Verdict.mandate_no)
        .join(Organisation, Organisation.organisation_id == Mandate.organisation_id)
        .where(ReviewReminder.person_id.in_(people))
    )
    found = session.execute(query.order_by(ReviewReminder.told_at.desc(), ReviewReminder.batch_no))
    return [
        Reminded(row, name, json.loads(row.short), json.loads(question))
        for row, name, question in found
    ]


def reminders_unread(session: Session, people: Sequence[int]) -> int:
    """Count those that nobody has read yet."""
    mine = and_(ReviewReminder.person_id.in_(people), ReviewReminder.read_at.is_(None))
    return session.scalar(select(func.count()).select_from(ReviewReminder).where(mine)) or 0


def mark_reminders_read(session: Session, people: Sequence[int], *, now: datetime) -> None:
    """Note that every reminder was read."""
    mine = and_(ReviewReminder.person_id.in_(people), ReviewReminder.read_at.is_(None))
    session.execute(update(ReviewReminder).where(mine).values(read_at=now))


def _comes_near(days: int, today: date) -> ColumnElement[bool]:
    looked = ReadinessList.looked_on
    return and_(
        ReadinessList.due_on >= today,
        ReadinessList.due_on <= today + timedelta(days=days),
        or_(looked.is_(None), looked < today),
    )


def _unsettled(session: Session, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Leave out who is not on record, and whose application is over."""
    reports = reports_of(session, [each.verdict_no for each in verdicts])
    stands = {number: standing(each) for number, each in reports.items()}
    over = {number for number, last in stands.items() if last and last.result in _OVER}
    return [each for each in verdicts if each.person_id is not None and each.verdict_no not in over]


def _asked_as(session: Session, vault: Vault, verdicts: Sequence[Verdict]) -> dict[str, Ask]:
    """Put their questions together again, by the number of the answer."""
    asks: dict[str, Ask] = {}
    for each in verdicts:
        assert each.person_id is not None, "whoever is not on record was left out"
        try:
            asks[each.verdict_no] = asked_as(session, vault, each, each.person_id)
        except CreditBankError:  # whose documents are gone cannot be weighed, nor reminded
            continue
    return asks


def _weighed(  # a slice of questions, and who asked them when
    session: Session, vault: Vault, asks: dict[str, Ask], client: Any, now: datetime
) -> list[tuple[str, Prepared]]:
    if not asks:
        return []
    try:
        prepared = prepare_all(session, vault, list(asks.values()), client, now=now)
    except CreditBankError as refusal:
        if refusal.status >= 500:  # noqa: PLR2004 # the server's own fault: tried again
            raise
        return []  # a mandate that ended, a law that is no more: nobody is to apply by it
    return [
        (number, each)
        for number, each in zip(asks, prepared, strict=True)
        if isinstance(each, Prepared)
    ]


def _reminder(
    batch_no: str, due_on: date, verdict_no: str, prepared: Prepared, now: datetime
) -> dict[str, Any]:
    return {
        "person_id": prepared.person_id, "due_on": due_on, "batch_no": batch_no,
        "verdict_no": verdict_no, "outcome": str(prepared.outcome),
        "short": canonical_text(prepared.statement["advice"]), "told_at": now,
    }  # fmt: skip
