"""Amendments: an approved filing gets another version, and nothing that was posted is lost."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from creditbank.crediting.amendments import (
    AmendedSession,
    AmendmentBelowUsedError,
    AmendmentDraft,
    AmendmentMissingError,
    AmendmentOpenError,
    AmendmentSessionUnknownError,
    AmendmentTakesAwayError,
    AmendmentUnchangedError,
    Plan,
    amendments_of,
    approve_amendment,
    ask_amendment,
    changes_between,
    plan_of,
    plans_of,
    refuse_amendment,
    withdraw_amendment,
)
from creditbank.crediting.filing_steps import StepDraft, take_step
from creditbank.ledger.models import Act, CreditFacts, Source, SourceUse
from creditbank.ledger.sources import Allowance, allowance_said
from creditbank.registry.filing.filings import (
    LateReasonWantedError,
    SessionDraft,
    filing_numbered,
)
from creditbank.registry.filing.states import FilingStep, FilingStepUnfitError
from tests.bank import NOW, SEMINAR_DAYS, TestBank, attendance, invented_person

PEOPLE = [invented_person(number) for number in (1, 2, 3)]
FURTHER = max(SEMINAR_DAYS) + timedelta(days=1)
LATER = NOW + timedelta(days=40)


def as_it_is(bank: TestBank, filing_no: str) -> Plan:
    with bank.reading() as session:
        return plan_of(session, filing_numbered(session, filing_no))


def asking(plan: Plan, **changed: object) -> AmendmentDraft:
    wanted = AmendmentDraft(plan.seats, plan.sessions, plan.approved_centihours, "场地有变")
    return replace(wanted, **changed)


def ask(bank: TestBank, filing_no: str, draft: AmendmentDraft) -> int:
    with bank.unit() as session:
        return ask_amendment(session, filing_no, draft, actor="provider", now=NOW).version


def approve(bank: TestBank, filing_no: str, version: int, reason: str = "补办") -> None:
    with bank.unit() as session:
        approve_amendment(session, filing_no, version, actor="official", reason=reason, now=NOW)


def moved(plan: Plan, number: int, **changed: object) -> tuple[AmendedSession, ...]:
    return tuple(
        replace(each, planned=replace(each.planned, **changed))
        if each.session_no == number
        else each
        for each in plan.sessions
    )


def further(plan: Plan, days: Sequence[date]) -> tuple[AmendedSession, ...]:
    return (*plan.sessions, *(AmendedSession(0, SessionDraft(day, 360, 2)) for day in days))


def test_more_seats_and_a_further_day_are_granted_and_posted_under_the_new_version(
    bank: TestBank,
) -> None:
    filing_no = bank.approved_filing(seats=2)
    plan = as_it_is(bank, filing_no)
    bank.post(filing_no, attendance(PEOPLE[:2]))
    full = bank.post(filing_no, attendance(PEOPLE[2:]), now=LATER)

    version = ask(bank, filing_no, asking(plan, seats=3, sessions=further(plan, [FURTHER])))
    waiting = bank.post(filing_no, attendance(PEOPLE[2:], SEMINAR_DAYS[:1]), now=LATER)
    approve(bank, filing_no, version)
    posted = bank.post(filing_no, attendance(PEOPLE, [*SEMINAR_DAYS, FURTHER]), now=LATER)
    beyond = bank.post(filing_no, attendance([invented_person(4)], [FURTHER]), now=LATER)

    assert {each.code for each in full.problems} == {"roster-seats-full"}
    assert waiting.rows_credited == 0
    assert (posted.rows_credited, posted.credited_centihours) == (6, 4_800)
    assert [each.code for each in beyond.problems] == ["roster-seats-full"]
    with bank.reading() as session:
        source = session.scalars(select(Source).where(Source.source_no == filing_no)).one()
        use = session.get_one(SourceUse, source.source_id)
        facts = session.scalars(select(CreditFacts.facts).order_by(CreditFacts.occasion))
        told = {(said["session"], said.get("filing_version", 1)) for said in map(json.loads, facts)}
    assert (source.people_max, use.people, use.centihours) == (2, 3, 9_600)
    assert {(1, 1), (1, 2), (4, 2)} <= told
    assert bank.fsck() == []


def test_both_versions_stay_readable_with_what_differs(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    plan = as_it_is(bank, filing_no)
    sessions = (*moved(plan, 2, place="高区", teachers="孙某")[:2],
                AmendedSession(0, SessionDraft(FURTHER, 180, 1)))  # fmt: skip
    version = ask(bank, filing_no, asking(plan, seats=50, sessions=sessions))
    approve(bank, filing_no, version)

    with bank.reading() as session:
        [kept] = amendments_of(session, filing_no)
        before, after = plans_of(kept)
        filing = filing_numbered(session, filing_no)
        assert (filing.version, filing.seats, kept.state) == (2, 50, "approved")
        assert plan_of(session, filing) == after
    assert before == plan
    third = SEMINAR_DAYS[2].isoformat()
    assert [(each.name, each.session_no, each.before, each.after)
            for each in changes_between(before, after)] == [
        ("seats", 0, "40", "50"), ("place", 2, "", "高区"), ("teachers", 2, "", "孙某"),
        ("sessions", 3, third, ""), ("sessions", 4, "", FURTHER.isoformat()),
    ]  # fmt: skip
    assert bank.fsck() == []


def test_what_was_posted_is_not_taken_away_and_its_sessions_are_named(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    plan = as_it_is(bank, filing_no)
    kept = ask(bank, filing_no, asking(plan, sessions=plan.sessions[1:]))
    bank.post(filing_no, attendance(PEOPLE, SEMINAR_DAYS[:1]))

    with pytest.raises(AmendmentTakesAwayError) as refused:  # posted while it waited
        approve(bank, filing_no, kept)
    with bank.unit() as session:
        withdraw_amendment(session, filing_no, kept, actor="provider", now=NOW)
    for sessions in (
        plan.sessions[1:], moved(plan, 1, day=FURTHER), moved(plan, 1, planned_minutes=180),
        moved(plan, 1, planned_half_days=1),
    ):  # fmt: skip
        with pytest.raises(AmendmentTakesAwayError):
            ask(bank, filing_no, asking(plan, sessions=sessions))
    with pytest.raises(AmendmentBelowUsedError):
        approve(bank, filing_no, ask(bank, filing_no, asking(plan, seats=2)))

    assert refused.value.facts["days"] == [SEMINAR_DAYS[0].isoformat()]
    assert as_it_is(bank, filing_no) == plan
    assert bank.fsck() == []


def test_one_amendment_waits_at_a_time_and_is_decided_once(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    plan = as_it_is(bank, filing_no)
    first = ask(bank, filing_no, asking(plan, seats=41))

    with pytest.raises(AmendmentOpenError):
        ask(bank, filing_no, asking(plan, seats=42))
    with bank.unit() as session:
        refuse_amendment(session, filing_no, first, actor="o", reason="教室容不下", now=NOW)
    with pytest.raises(AmendmentMissingError):
        approve(bank, filing_no, first)
    second = ask(bank, filing_no, asking(plan, seats=42))
    approve(bank, filing_no, second)
    with pytest.raises(AmendmentUnchangedError):
        ask(bank, filing_no, asking(replace(plan, seats=42)))

    assert (first, second) == (2, 3)
    assert as_it_is(bank, filing_no).seats == 42
    with pytest.raises(AmendmentSessionUnknownError):
        ask(bank, filing_no, asking(plan, sessions=(*plan.sessions, plan.sessions[0])))


def test_an_amendment_of_a_filing_that_was_revoked_meanwhile_is_not_approved(
    bank: TestBank,
) -> None:
    filing_no = bank.approved_filing()
    version = ask(bank, filing_no, asking(as_it_is(bank, filing_no), seats=41))
    with bank.unit() as session:
        step = StepDraft(filing_no, FilingStep.REVOKE, "official", "虚报", "查2026-8")
        take_step(session, step, now=NOW)

    with pytest.raises(FilingStepUnfitError):
        approve(bank, filing_no, version)
    with bank.unit() as session:
        refuse_amendment(session, filing_no, version, actor="o", reason="已撤销", now=NOW)

    assert as_it_is(bank, filing_no).seats == 40
    assert bank.fsck() == []


def test_a_day_that_had_passed_when_it_was_asked_for_wants_a_reason(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    plan = as_it_is(bank, filing_no)
    past = NOW.date() - timedelta(days=3)
    assert past not in SEMINAR_DAYS
    version = ask(bank, filing_no, asking(plan, sessions=further(plan, [past])))

    with pytest.raises(LateReasonWantedError):
        approve(bank, filing_no, version, reason="")
    approve(bank, filing_no, version, reason="台风改期")

    assert past in {each.planned.day for each in as_it_is(bank, filing_no).sessions}


def test_bounds_are_read_from_acts_that_state_them_alone() -> None:
    said = {"people_max": "open", "person_centihours_max": 800, "centihours_max": "open"}
    states = [
        allowance_said(Act(details=json.dumps(each)))
        for each in (said, {**said, "people_max": 5}, {**said, "people_max": []}, {}, [])
    ]

    assert states == [Allowance(None, 800, None), Allowance(5, 800, 4_000), None, None, None]
