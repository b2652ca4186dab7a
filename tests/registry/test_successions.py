"""What became of organisations, changed by force, is found out; of two at once one stands."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import Table, select

from creditbank.clock import civil_day
from creditbank.errors import CreditBankError
from creditbank.registry.facts import Ground
from creditbank.registry.models import Organisation, SuccessionPart, SuccessionStatement
from creditbank.registry.succeeding import (
    SuccessionDraft,
    SuccessorDraft,
    succeed,
    take_succession_back,
)
from creditbank.registry.successions import How
from creditbank.registry.successions_fsck import check_successions
from tests.acts import register_enterprise
from tests.bank import ENTERPRISE_USCC, NOW, TestBank
from tests.conftest import Database
from tests.force import Force

OTHER_USCC = "91371000MA3TE5T024"
GROUND = Ground("示例〔2026〕5号", civil_day(NOW), "吸收合并")


def merged(bank: TestBank, uscc: str, into: str) -> str:
    """Merge one into another; return the number, or the code of the refusal."""
    draft = SuccessionDraft(How.MERGED, civil_day(NOW), (SuccessorDraft(into),), GROUND)
    with bank.app.app_context():
        try:
            with bank.unit() as session:
                return succeed(session, uscc, draft, actor="official", now=NOW).succession_no
        except CreditBankError as error:
            return error.code


def test_two_that_are_merged_into_one_another_at_once_do_not_both_vanish(bank: TestBank) -> None:
    register_enterprise(bank, OTHER_USCC)
    sides = [(ENTERPRISE_USCC, OTHER_USCC), (OTHER_USCC, ENTERPRISE_USCC)]

    with ThreadPoolExecutor(2) as officials:
        told = list(officials.map(lambda side: merged(bank, *side), sides))

    assert told.count("succession-day") == 1, told
    assert bank.fsck() == []


@pytest.mark.usefixtures("database")
def test_every_change_of_a_succession_by_force_is_named(bank: TestBank, database: Database) -> None:
    register_enterprise(bank, OTHER_USCC)
    number = merged(bank, ENTERPRISE_USCC, OTHER_USCC)
    with bank.unit() as session:
        take_succession_back(session, ENTERPRISE_USCC, number, GROUND, actor="official", now=NOW)
    number = merged(bank, ENTERPRISE_USCC, OTHER_USCC)
    said, parts, organisations = (
        each.__table__ for each in (SuccessionStatement, SuccessionPart, Organisation)
    )
    assert isinstance(said, Table)
    assert isinstance(parts, Table)
    assert isinstance(organisations, Table)
    sound, force = bank.fsck(), Force(database)

    def unseen(what: object) -> list[object]:
        with bank.reading() as session:
            return [what] if list(check_successions(session)) == [] else []

    missed: list[object] = []
    with force.engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(select(said)).mappings()]
        part = dict(
            connection.execute(select(parts).where(parts.c.succession_no == number))
            .mappings().one()
        )  # fmt: skip
        one = dict(
            connection.execute(
                select(organisations).where(organisations.c.uscc == ENTERPRISE_USCC)
            ).mappings().one()
        )  # fmt: skip
    changes = {
        "how": "closed", "day": date(2020, 1, 1), "continues": True, "document_no": "x",
        "document_day": None, "reason": "x", "actor": "x", "recorded_at": NOW - timedelta(1),
        "act_id": 1, "organisation_id": part["successor_id"],
    }  # fmt: skip
    for row in rows:
        for name, value in changes.items():
            if row["says"] == "not_so" and name in ("how", "day", "continues"):
                continue  # that stands in its first statement
            with force.changed(said, row, **{name: value}):
                missed += unseen((row["says"], name))
        with force.deleted(said, row):
            missed += unseen((row["says"], "deleted"))
    with force.deleted(parts, part):
        missed += unseen("part deleted")
    with force.inserted(parts, {**part, "filing_no": "F000000000"}):
        missed += unseen("part inserted")
    with force.changed(organisations, one, ended_on=None):
        missed += unseen("ended_on")
    force.close()

    assert (sound, missed) == ([], [])
