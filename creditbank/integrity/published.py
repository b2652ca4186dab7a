"""A provider's figures as anybody may read them: counted once a day, kept as they were published.

They are the scorecard's counts without hours and without names of filings, for this year so far and
for the year before, which corrections still reach. What was published is never written over: a
count that changes is published anew under its own day.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from creditbank.clock import civil_day
from creditbank.crediting.scorecard import scorecard_of
from creditbank.integrity.lists import figures_of
from creditbank.integrity.models import PublishedFigures
from creditbank.ledger.models import Source
from creditbank.registry.models import Filing, FilingSession

#: The year itself and those before it whose figures are still counted.
YEARS_COUNTED = 2


@dataclass(frozen=True, slots=True)
class ProviderFigures:
    """What is told of the sessions that a provider held in a year.

    Sessions, rows, credits and disputes are counts. `median_days` runs from a session to the
    posting of its attendance, over rows; None where nothing was posted. `soon_rows` were posted
    within `SOON_DAYS`, `late_rows` after `LATE_DAYS`.
    """

    sessions: int
    unposted: int
    rows: int
    median_days: int | None
    soon_rows: int
    late_rows: int
    rows_refused: int
    credits: int
    reversed: int
    disputes: int
    disputes_late: int
    disputes_upheld: int


@dataclass(frozen=True, slots=True)
class Publication:
    """The figures of a year, and since when they are these."""

    year: int
    published_on: date
    figures: ProviderFigures


def providers_counted(session: Session, *, after: int, limit: int, now: datetime) -> Sequence[int]:
    """Return who held sessions in the years that are counted, by their ids, behind one of them."""
    today = civil_day(now)
    first_day = date(today.year - YEARS_COUNTED + 1, 1, 1)
    query = (
        select(Filing.organisation_id)
        .join(FilingSession, FilingSession.filing_no == Filing.filing_no)
        .join(Source, Source.source_no == Filing.filing_no)
        .where(Filing.organisation_id > after, FilingSession.day.between(first_day, today))
        .distinct()
        .order_by(Filing.organisation_id)
    )
    return session.scalars(query.limit(limit)).all()


def publish_figures(session: Session, organisation_id: int, *, now: datetime) -> int:
    """Count a provider's figures and publish what changed; return for how many years it did.

    A year for which something was published today already waits for tomorrow.
    """
    today, told = civil_day(now), {each.year: each for each in published(session, organisation_id)}
    changed = 0
    for year in range(today.year - YEARS_COUNTED + 1, today.year + 1):
        counted = _counted(session, organisation_id, year, today)
        before = told.get(year)
        if before.figures == counted if before else not counted.sessions:
            continue
        if before is None or before.published_on < today:
            said = json.dumps(asdict(counted), sort_keys=True)
            row = PublishedFigures(
                organisation_id=organisation_id, year=year, published_on=today, figures=said
            )
            session.add(row)
            changed += 1
    return changed


def published(session: Session, organisation_id: int) -> tuple[Publication, ...]:
    """Return what was published last of each year, the latest year first."""
    newest = (
        select(PublishedFigures.year, func.max(PublishedFigures.published_on).label("on"))
        .where(PublishedFigures.organisation_id == organisation_id)
        .group_by(PublishedFigures.year)
        .subquery()
    )
    query = (
        select(PublishedFigures)
        .join(
            newest,
            and_(
                PublishedFigures.year == newest.c.year,
                PublishedFigures.published_on == newest.c.on,
            ),
        )
        .where(PublishedFigures.organisation_id == organisation_id)
        .order_by(PublishedFigures.year.desc())
    )
    return tuple(
        Publication(each.year, each.published_on, _read(each.figures))
        for each in session.scalars(query)
    )


def with_figures(session: Session, organisation_ids: Sequence[int]) -> set[int]:
    """Return of whom of these something was published."""
    told = PublishedFigures.organisation_id
    return set(session.scalars(select(told).where(told.in_(organisation_ids)).distinct()))


def _counted(session: Session, organisation_id: int, year: int, today: date) -> ProviderFigures:
    days = date(year, 1, 1), min(date(year, 12, 31), today)
    card = scorecard_of(session, organisation_id, *days)
    disputed = figures_of(session, organisation_id, *days)
    late = card.lateness
    return ProviderFigures(
        sessions=card.sessions,
        unposted=len(card.unposted),
        rows=late.rows if late else 0,
        median_days=late.median_days if late else None,
        soon_rows=late.soon_rows if late else 0,
        late_rows=late.late_rows if late else 0,
        rows_refused=card.rows_refused,
        credits=card.credits,
        reversed=card.reversed_count,
        disputes=disputed.stated,
        disputes_late=disputed.late,
        disputes_upheld=disputed.upheld,
    )


def _read(said: str) -> ProviderFigures:
    members = json.loads(said)
    return ProviderFigures(**{each.name: members[each.name] for each in fields(ProviderFigures)})
