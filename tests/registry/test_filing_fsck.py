"""Whoever changes a filing by force, its state, its places or its days, is found out."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from sqlalchemy import Table, select

from creditbank.crediting.filing_steps import StepDraft, take_step
from creditbank.ledger.models import Act
from creditbank.registry.filing.fsck import check_filings
from creditbank.registry.filing.states import FilingStep
from creditbank.registry.models import Filing, FilingSession
from tests.bank import NOW, TestBank
from tests.conftest import Database
from tests.force import Force, Row

FILINGS, SESSIONS = Filing.__table__, FilingSession.__table__


@pytest.fixture
def filing_no(bank: TestBank) -> str:
    return bank.approved_filing()


@contextmanager
def forcing(database: Database) -> Iterator[Force]:
    """Without its guards a bank cannot write acts, so this comes last."""
    made = Force(database)
    yield made
    made.close()


def disagreeing(bank: TestBank) -> list[str]:
    with bank.reading() as session:
        return [each.table for each in check_filings(session)]


def only_row(force: Force, table: Table) -> Row:
    with force.engine.connect() as connection:
        row = connection.execute(select(table)).mappings().first()
    assert row is not None
    return dict(row)


@pytest.mark.usefixtures("filing_no")
def test_every_change_by_force_is_named(bank: TestBank, database: Database) -> None:
    assert isinstance(FILINGS, Table)
    assert isinstance(SESSIONS, Table)
    with forcing(database) as force:
        filing, sitting = only_row(force, FILINGS), only_row(force, SESSIONS)
        changes = {
            "state": "closed", "seats": 400, "title": "另一活动", "activity": "online_course",
            "release": "half", "form": "other", "subject": "public.general", "kind": "base_course",
            "facts": '{"open_to_chain":"yes"}', "policy_teaching": True,
            "approved_centihours": 90_000,
        }  # fmt: skip
        of_a_session = {
            "day": date(2026, 11, 9), "planned_minutes": 90, "planned_half_days": 1,
            "begins_at": "09:00", "place": "别处",
        }  # fmt: skip

        sound, unseen = disagreeing(bank), []
        for name, value in changes.items():
            with force.changed(FILINGS, filing, **{name: value}):
                unseen += [] if disagreeing(bank) == ["filing"] else [name]
        for name, value in of_a_session.items():
            with force.changed(SESSIONS, sitting, **{name: value}):
                unseen += [] if disagreeing(bank) == ["filing"] else [name]
        with force.deleted(SESSIONS, sitting):
            unseen += [] if disagreeing(bank) == ["filing"] else ["a session"]

    assert (sound, unseen) == ([], [])


@pytest.mark.usefixtures("filing_no")
def test_facts_that_are_no_facts_and_a_filing_without_acts_are_named(
    bank: TestBank, database: Database
) -> None:
    assert isinstance(FILINGS, Table)
    acts = Act.__table__
    assert isinstance(acts, Table)
    with forcing(database) as force:
        filing = only_row(force, FILINGS)
        with force.changed(FILINGS, filing, facts="{"):
            broken = disagreeing(bank)
        with force.engine.connect() as connection:
            rows = connection.execute(select(acts).where(acts.c.subject == filing["filing_no"]))
            told = [dict(row) for row in rows.mappings()]
        for row in told:
            force.set(acts, row, subject="F000000000")
        lost = disagreeing(bank)

    assert (broken, lost) == (["filing"], ["filing", "filing"])


def test_a_suspension_that_begins_on_another_day_is_named(
    bank: TestBank, filing_no: str, database: Database
) -> None:
    assert isinstance(FILINGS, Table)
    with bank.unit() as session:
        step = StepDraft(filing_no, FilingStep.SUSPEND, "official-test", reason="核查")
        take_step(session, step, now=NOW)

    sound = disagreeing(bank)
    with forcing(database) as force:
        filing = only_row(force, FILINGS)
        later = filing["suspended_from"] + timedelta(days=9)
        with force.changed(FILINGS, filing, suspended_from=later):
            moved = disagreeing(bank)

    assert (sound, moved) == ([], ["filing"])
