"""Figures of a provider that anybody may read: counted daily, published where they changed."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from creditbank.integrity.models import PublishedFigures
from creditbank.integrity.published import (
    Publication,
    providers_counted,
    publish_figures,
    published,
    with_figures,
)
from tests.acts import register_enterprise, withdraw
from tests.bank import NOW, SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.crediting.test_scorecards import busy_provider
from tests.integrity.disputing import disputed

ONE, OTHER = invented_person(61), invented_person(62)
LATER = NOW + timedelta(days=40)
OTHER_USCC = "91371000MA3TE5T024"


def publish(bank: TestBank, now: datetime) -> int:
    provider = bank.enterprise()
    with bank.unit() as session:
        return publish_figures(session, provider.organisation_id, now=now)


def told(bank: TestBank) -> Sequence[Publication]:
    provider = bank.enterprise()
    with bank.reading() as session:
        return published(session, provider.organisation_id)


def test_what_is_published_is_what_the_provider_sees(bank: TestBank) -> None:
    filing_no = busy_provider(bank)
    disputed(bank, OTHER, filing_no)

    assert publish(bank, LATER) == 1

    (year,) = told(bank)
    figures = year.figures
    assert (year.year, figures.sessions, figures.unposted, figures.rows) == (2026, 3, 1, 3)
    assert (figures.median_days, figures.soon_rows, figures.late_rows) == (8, 0, 1)
    assert (figures.credits, figures.reversed, figures.rows_refused) == (3, 1, 0)
    assert (figures.disputes, figures.disputes_late, figures.disputes_upheld) == (1, 0, 0)


def test_only_what_changed_is_published_anew_and_once_a_day(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([ONE], SEMINAR_DAYS[:1]))
    first = publish(bank, NOW)
    unchanged = publish(bank, NOW + timedelta(days=1))
    withdraw(bank, filing_no, ONE, SEMINAR_DAYS[:1])

    same_day = publish(bank, NOW)
    next_day = publish(bank, NOW + timedelta(days=2))

    assert (first, unchanged, same_day, next_day) == (1, 0, 0, 1)
    assert [each.figures.reversed for each in told(bank)] == [1]
    with bank.reading() as session:
        days = select(PublishedFigures.published_on).order_by(PublishedFigures.published_on)
        assert len(session.scalars(days).all()) == 2


def test_corrections_reach_the_year_before_and_no_further(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([ONE], SEMINAR_DAYS))
    next_year = NOW.replace(year=2027, month=2)
    publish(bank, next_year)
    withdraw(bank, filing_no, ONE, SEMINAR_DAYS[:1])

    corrected = publish(bank, next_year + timedelta(days=1))
    over = publish(bank, NOW.replace(year=2028))

    assert (corrected, over) == (1, 0)
    assert [(each.year, each.figures.reversed) for each in told(bank)] == [(2026, 1)]


def test_who_held_nothing_has_no_figures(bank: TestBank) -> None:
    bank.approved_filing()
    held = bank.enterprise().organisation_id
    idle = bank.enterprise(register_enterprise(bank, OTHER_USCC, "cn-3710")).organisation_id

    with bank.unit() as session:
        before = providers_counted(session, after=0, limit=9, now=NOW)
        behind = providers_counted(session, after=held, limit=9, now=NOW)
        nothing = publish_figures(session, idle, now=NOW)
        publish_figures(session, held, now=NOW)
        named = with_figures(session, [held, idle])

    assert (before, behind, nothing, named) == ([held], [], 0, {held})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE published_figures SET figures = '{}'",
        "DELETE FROM published_figures",
        "INSERT OR REPLACE INTO published_figures SELECT organisation_id, year, published_on, '{}'"
        " FROM published_figures",
    ],
)
def test_what_was_published_stays(bank: TestBank, statement: str) -> None:
    if "OR REPLACE" in statement and bank.house.settings.app_url.startswith("postgresql"):
        pytest.skip("PostgreSQL has no INSERT OR REPLACE")
    bank.approved_filing()
    publish(bank, NOW)
    before = told(bank)

    with pytest.raises(DatabaseError), bank.unit() as session:
        session.execute(text(statement))

    assert told(bank) == before


def test_days_are_the_civil_days_of_china(bank: TestBank) -> None:
    bank.approved_filing()
    evening = datetime.fromisoformat("2026-12-31T16:30:00+00:00")

    publish(bank, evening)

    assert [each.published_on for each in told(bank)] == [date(2027, 1, 1)]
