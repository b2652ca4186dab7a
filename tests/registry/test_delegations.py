"""A delegation that ends while somebody posts by it; and what is changed by force is found out."""

import threading
from datetime import date, timedelta

import pytest
from sqlalchemy import Table, select

from creditbank.attendance.models import RosterBatch
from creditbank.clock import civil_day
from creditbank.crediting.rosters import Phase, RosterPosting, post_roster
from creditbank.registry.delegates import DelegationNotOpenError
from creditbank.registry.delegations import (
    DelegationDraft,
    change_delegation,
    give_delegation,
)
from creditbank.registry.delegations_fsck import check_delegations
from creditbank.registry.filing.filings import filing_numbered
from creditbank.registry.models import Delegation
from creditbank.registry.organisations import organisation_by_uscc
from tests.acts import register_enterprise
from tests.bank import ENTERPRISE_USCC, NOW, SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.conftest import Database
from tests.force import Force

DELEGATE_USCC = "91371000MA3TE5T024"
WANG, LI = invented_person(1), invented_person(2)


@pytest.fixture
def filing_no(bank: TestBank) -> str:
    register_enterprise(bank, DELEGATE_USCC)
    return bank.approved_filing()


@pytest.fixture
def delegation_no(bank: TestBank, filing_no: str) -> str:
    with bank.unit() as session:
        holder, delegate = (
            organisation_by_uscc(session, each) for each in (ENTERPRISE_USCC, DELEGATE_USCC)
        )
        last = civil_day(NOW) + timedelta(days=9)
        draft = DelegationDraft(holder, delegate, filing_no, None, last)
        return give_delegation(session, draft, actor="provider-test", now=NOW).delegation_no


def end(bank: TestBank, delegation_no: str) -> None:
    with bank.unit() as session:
        change_delegation(session, delegation_no, "end", actor="p", reason="到期", now=NOW)


def test_an_end_waits_for_the_roster_that_is_being_posted_and_refuses_the_next(
    bank: TestBank, filing_no: str, delegation_no: str
) -> None:
    vault, app = bank.house.vault, bank.app
    order: list[str] = []

    def ending() -> None:
        with app.app_context():
            end(bank, delegation_no)
            order.append("ended")

    ender = threading.Thread(target=ending)

    def told(phase: Phase, _done: int, _total: int) -> None:
        """End it as soon as the posting has seen that it holds."""
        if phase is Phase.PEOPLE:
            ender.start()
            ender.join(0.5)

    with bank.unit() as session:
        filing = filing_numbered(session, filing_no)
        delegate = organisation_by_uscc(session, DELEGATE_USCC).organisation_id
        rows = attendance([WANG], SEMINAR_DAYS[:1])
        posting = RosterPosting(filing, rows, "delegate-test", told, delegate_id=delegate)
        post_roster(session, vault, posting, now=NOW)
        order.append("posted")
    ender.join()

    assert order == ["posted", "ended"]
    with bank.unit() as session:
        filing = filing_numbered(session, filing_no)
        late = RosterPosting(
            filing, attendance([LI], SEMINAR_DAYS[:1]), "delegate-test", delegate_id=delegate
        )
        with pytest.raises(DelegationNotOpenError):
            post_roster(session, vault, late, now=NOW)
    with bank.reading() as session:
        [batch] = session.scalars(select(RosterBatch)).all()
    assert batch.delegation_no == delegation_no
    assert bank.fsck() == []


def test_every_change_of_a_delegation_by_force_is_named(
    bank: TestBank, database: Database, delegation_no: str
) -> None:
    table = Delegation.__table__
    assert isinstance(table, Table)
    sound = bank.fsck()
    force = Force(database)
    try:
        with force.engine.connect() as connection:
            row = dict(connection.execute(select(table)).mappings().one())
        changes = {
            "filing_no": None, "valid_from": date(2020, 1, 1), "valid_through": date(2030, 1, 1),
            "state": "ended", "reason": "x", "given_by": "x", "given_at": NOW - timedelta(1),
            "state_at": NOW - timedelta(1), "act_id": row["act_id"] - 1,
            "organisation_id": row["delegate_id"], "delegate_id": row["organisation_id"],
        }  # fmt: skip
        unseen = []
        for name, value in changes.items():
            with force.changed(table, row, **{name: value}), bank.reading() as session:
                unseen += [name] if list(check_delegations(session)) == [] else []
        with force.deleted(table, row), bank.reading() as session:
            lost = [each.key for each in check_delegations(session)]
    finally:
        force.close()

    assert (sound, unseen, lost) == ([], [], [delegation_no])
