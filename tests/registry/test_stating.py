"""Statements on organisations: writers take turns, and fsck holds each row against its act."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import Table, select

from creditbank.errors import CreditBankError
from creditbank.ledger.disagreement import Disagreement
from creditbank.registry.facts import Attribute, Ground
from creditbank.registry.fsck import check_organisations
from creditbank.registry.models import Organisation, OrganisationFact
from creditbank.registry.stating import FactDraft, end_fact, state_fact, take_back_fact
from tests.bank import ENTERPRISE_USCC, NOW, TestBank
from tests.conftest import Database
from tests.force import Force

GROUND = Ground("示例〔2025〕1号", date(2025, 1, 10))
EITHER = [
    FactDraft(Attribute.CLASS, value, "", date(2025, 3, 1), None, GROUND)
    for value in ("sme", "large", "sme", "large")
]


@pytest.fixture
def force(bank: TestBank, database: Database) -> Iterator[Force]:
    """Whoever forces has a bank with statements of every sort."""
    number = state(bank, EITHER[0])
    with bank.unit() as session:
        end_fact(
            session, ENTERPRISE_USCC, number, date(2026, 1, 1), GROUND, actor="official-test",
            now=NOW,
        )  # fmt: skip
        ground = Ground(reason="录错")
        take_back_fact(session, ENTERPRISE_USCC, number, ground, actor="official-test", now=NOW)
    made = Force(database)
    yield made
    made.close()


def check(bank: TestBank) -> list[Disagreement]:
    with bank.reading() as session:
        return list(check_organisations(session))


def state(bank: TestBank, draft: FactDraft) -> str:
    """State a fact; return its number, or the code of the refusal."""
    with bank.app.app_context():
        try:
            with bank.unit() as session:
                fact = state_fact(session, ENTERPRISE_USCC, draft, actor="official-test", now=NOW)
                return fact.said.fact_no
        except CreditBankError as error:
            return error.code


def test_of_writers_at_once_whose_facts_contradict_one_comes_through(bank: TestBank) -> None:
    with ThreadPoolExecutor(len(EITHER)) as writers:
        told = list(writers.map(lambda draft: state(bank, draft), EITHER))

    refused = [each for each in told if each == "organisation-facts-contradict"]
    assert len(refused) == len(EITHER) - 1, told
    assert bank.fsck() == []


def test_each_statement_that_is_not_as_its_act_says_is_named(bank: TestBank, force: Force) -> None:
    facts, organisations = (each.__table__ for each in (OrganisationFact, Organisation))
    assert isinstance(facts, Table)
    assert isinstance(organisations, Table)
    with force.engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(select(facts)).mappings()]
        [one] = [dict(row) for row in connection.execute(select(organisations)).mappings()]
    changes = {
        "value": "large", "valid_through": date(2027, 1, 1), "document_no": "another",
        "reason": "another", "actor": "somebody", "recorded_at": NOW - timedelta(days=1),
        "act_id": one["act_id"] + 1, "organisation_id": one["organisation_id"] + 1,
    }  # fmt: skip

    sound = bank.fsck()
    unseen = [
        (row["says"], row["attribute"]) for row in rows if not _seen_without(bank, force, row)
    ]
    for row in rows:
        for name, value in changes.items():
            if row["says"] != "so" and name in ("value",):
                continue  # what it speaks of stands in its first statement
            with force.changed(facts, row, **{name: value}):
                unseen += [(row["says"], name)] if check(bank) == [] else []
    with force.changed(organisations, one, name="another"):
        renamed = check(bank)

    assert (sound, unseen) == ([], [])
    assert [each.table for each in renamed] == ["organisation"]


def _seen_without(bank: TestBank, force: Force, row: dict[str, object]) -> bool:
    table = OrganisationFact.__table__
    assert isinstance(table, Table)
    with force.deleted(table, row):
        return check(bank) != []
