"""Filings after their approval: closed, withdrawn, suspended, revoked; and the hours under them."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from creditbank.crediting.amendments import (
    AmendmentDraft,
    approve_amendment,
    ask_amendment,
    plan_of,
)
from creditbank.crediting.corrections import Correction, CorrectionReason, correct_attendance
from creditbank.crediting.filing_review import (
    FilingNotRevokedError,
    NothingToReviewError,
    ReviewDecision,
    ReviewDraft,
    Reviewed,
    decide_review,
    review_of,
)
from creditbank.crediting.filing_steps import (
    CLOCK,
    CaseNumberWantedError,
    FilingPostedError,
    StepDraft,
    SuspensionDayPastError,
    close_over,
    take_step,
)
from creditbank.crediting.rosters import RosterPosting, post_roster
from creditbank.jobs.filings import close_filings
from creditbank.registry.filing.filings import (
    approve_filing,
    filing_numbered,
    refuse_filing,
    return_filing,
    submit_again,
    submit_filing,
)
from creditbank.registry.filing.history import history_of
from creditbank.registry.filing.states import (
    TRANSITIONS,
    FilingNotApprovedError,
    FilingNotOpenError,
    FilingState,
    FilingStep,
    FilingStepUnfitError,
)
from creditbank.registry.models import Filing
from creditbank.registry.organisations import organisation_by_uscc
from tests.achievements import held
from tests.bank import ENTERPRISE_USCC, NOW, SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.crediting.test_returned_filings import DRAFT

ONE, OTHER = invented_person(1), invented_person(2)
TODAY = date(2026, 11, 20)
REVOKE = StepDraft("", FilingStep.REVOKE, "official", "虚报课时", "查2026-8")


def take(bank: TestBank, filing_no: str, step: FilingStep, **more: object) -> None:
    """Take a step with all that any wants."""
    draft = replace(REVOKE, filing_no=filing_no, step=step, **more)  # type: ignore[arg-type]
    with bank.unit() as session:
        take_step(session, draft, now=NOW)


def state_of(bank: TestBank, filing_no: str) -> str:
    with bank.reading() as session:
        return filing_numbered(session, filing_no).state


def decide(
    bank: TestBank, filing_no: str, decision: ReviewDecision, leaves: Sequence[bytes] = ()
) -> Reviewed:
    draft = ReviewDraft(filing_no, decision, frozenset(leaves), "核实", "official")
    with bank.unit() as session:
        return decide_review(session, bank.house.vault, draft, now=NOW)


def waiting(bank: TestBank, filing_no: str) -> list[tuple[str, date, bytes]]:
    with bank.reading() as session:
        found = review_of(session, bank.house.vault, filing_no, limit=100)
    return [(each.name, each.hours.day, each.hours.leaf) for each in found.shown]


def revoked(bank: TestBank) -> str:
    """Revoke a filing under which two people attended two days; return its number."""
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([ONE, OTHER], SEMINAR_DAYS[:2]))
    take(bank, filing_no, FilingStep.REVOKE)
    return filing_no


def test_a_closed_filing_takes_corrections_and_nothing_else_until_it_is_reopened(
    bank: TestBank,
) -> None:
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([ONE], SEMINAR_DAYS[:1]))
    take(bank, filing_no, FilingStep.CLOSE)

    with pytest.raises(FilingNotOpenError):
        bank.post(filing_no, attendance([OTHER], SEMINAR_DAYS[:1]))
    with bank.unit() as session:
        corrected = correct_attendance(
            session,
            bank.house.vault,
            Correction(
                filing_numbered(session, filing_no), ONE, SEMINAR_DAYS[0], 180,
                CorrectionReason.WRONG_MINUTES, "", "provider",
            ),
            now=NOW,
        )  # fmt: skip
    take(bank, filing_no, FilingStep.REOPEN)
    posted = bank.post(filing_no, attendance([OTHER], SEMINAR_DAYS[:1]))

    assert (corrected.after_centihours, posted.rows_credited) == (400, 1)
    assert bank.fsck() == []


def test_a_filing_is_withdrawn_only_before_anything_was_posted(bank: TestBank) -> None:
    unused, used = bank.approved_filing(), bank.approved_filing()
    bank.post(used, attendance([ONE], SEMINAR_DAYS[:1]))

    take(bank, unused, FilingStep.WITHDRAW)
    with pytest.raises(FilingPostedError):
        take(bank, used, FilingStep.WITHDRAW)

    assert (state_of(bank, unused), state_of(bank, used)) == ("withdrawn", "approved")
    with pytest.raises(FilingNotOpenError):
        bank.post(unused, attendance([OTHER], SEMINAR_DAYS[:1]))


def test_a_suspension_holds_from_its_day_until_it_is_lifted_and_hours_stay(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    from_day = TODAY + timedelta(days=2)
    take(bank, filing_no, FilingStep.SUSPEND, from_day=from_day)

    before = bank.post(filing_no, attendance([ONE], SEMINAR_DAYS[:1]))
    with pytest.raises(FilingNotOpenError):
        bank.post(filing_no, attendance([OTHER], SEMINAR_DAYS[:1]), now=NOW + timedelta(days=2))
    take(bank, filing_no, FilingStep.LIFT)
    after = bank.post(filing_no, attendance([OTHER], SEMINAR_DAYS[:1]), now=NOW + timedelta(days=2))

    assert (before.rows_credited, after.rows_credited) == (1, 1)
    with pytest.raises(SuspensionDayPastError):
        take(bank, filing_no, FilingStep.SUSPEND, from_day=TODAY - timedelta(days=1))


def test_each_hour_under_a_revoked_filing_is_kept_or_reversed_by_an_act(bank: TestBank) -> None:
    filing_no = revoked(bank)
    lines = waiting(bank, filing_no)
    of_one = [leaf for name, _, leaf in lines if name == ONE.name]

    kept = decide(bank, filing_no, ReviewDecision.KEEP, of_one[:1])
    reversed_one = decide(bank, filing_no, ReviewDecision.REVERSE, of_one)
    reversed_rest = decide(bank, filing_no, ReviewDecision.REVERSE)

    assert len(lines) == 4
    assert kept == Reviewed(1, 800, 3)
    assert reversed_one == Reviewed(1, 800, 2)
    assert reversed_rest == Reviewed(2, 1600, 0)
    assert waiting(bank, filing_no) == []
    with pytest.raises(NothingToReviewError):
        decide(bank, filing_no, ReviewDecision.REVERSE, of_one)
    assert [held(bank, each, "cn-3710") for each in (ONE, OTHER)] == [
        {2026: (800, 0)},
        {2026: (0, 0)},
    ]
    assert bank.fsck() == []


def test_what_is_decided_names_the_case_and_the_credits(bank: TestBank) -> None:
    filing_no = revoked(bank)
    leaf = waiting(bank, filing_no)[0][2]

    decide(bank, filing_no, ReviewDecision.KEEP, [leaf])

    with bank.reading() as session:
        acts = {act.kind: act.said for act in history_of(session, filing_no)}
    assert acts["filing.revoked"] == {"reason_text": "虚报课时", "case_no": "查2026-8"}
    assert acts["filing.hours-kept"] == {"reason_text": "核实", "case_no": "查2026-8"}


def test_only_under_a_revoked_filing_hours_are_reviewed(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([ONE], SEMINAR_DAYS[:1]))

    with pytest.raises(FilingNotRevokedError):
        decide(bank, filing_no, ReviewDecision.KEEP)
    with pytest.raises(CaseNumberWantedError):
        take(bank, filing_no, FilingStep.REVOKE, case_no="")


def test_the_clock_closes_a_filing_once_its_last_session_and_last_step_are_long_over(
    bank: TestBank,
) -> None:
    filing_no = bank.approved_filing()
    over = NOW + timedelta(days=31)

    with bank.unit() as session:
        too_early = close_over(session, 30, limit=10, now=NOW + timedelta(days=20))
        not_since_approval = close_over(session, 11, limit=10, now=NOW + timedelta(days=10))
        closed = close_over(session, 30, limit=10, now=over)
        again = close_over(session, 30, limit=10, now=over)

    assert (too_early, not_since_approval, closed, again) == (0, 0, 1, 0)
    with bank.reading() as session:
        last = history_of(session, filing_no)[-1]
    assert (last.kind, last.actor) == ("filing.closed", CLOCK)


def test_a_refused_step_says_how_the_filing_stands_and_what_is_possible(bank: TestBank) -> None:
    filing_no = bank.approved_filing()

    with pytest.raises(FilingStepUnfitError) as refused:
        take(bank, filing_no, FilingStep.LIFT)

    assert refused.value.facts["state_words"] == "filing-state-approved"
    assert refused.value.facts["possible_words"] == [
        "filing-step-withdraw", "filing-step-close", "filing-step-suspend", "filing-step-revoke",
        "filing-step-amend",
    ]  # fmt: skip


def attempt(bank: TestBank, filing_no: str, step: FilingStep) -> None:
    """Take any step of the table."""
    deciding = {FilingStep.APPROVE: approve_filing, FilingStep.RETURN: return_filing,
                FilingStep.REFUSE: refuse_filing}  # fmt: skip
    with bank.unit() as session:
        if step is FilingStep.RESUBMIT:
            submit_again(session, filing_no, DRAFT, actor="provider", now=NOW)
        elif step is FilingStep.AMEND:
            plan = plan_of(session, filing_numbered(session, filing_no))
            wanted = AmendmentDraft(plan.seats + 1, plan.sessions, None, "x")
            asked = ask_amendment(session, filing_no, wanted, actor="provider", now=NOW)
            version = asked.version
            approve_amendment(session, filing_no, version, actor="o", reason="x", now=NOW)
        elif step in deciding:
            decides = deciding[step]
            decides(session, filing_no, actor="official", reason="x", now=NOW)  # type: ignore[operator]
        else:
            take_step(session, replace(REVOKE, filing_no=filing_no, step=step), now=NOW)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(FilingStep), max_size=12))
def test_a_filing_goes_only_where_the_table_leads(bank: TestBank, steps: list[FilingStep]) -> None:
    with bank.unit() as session:
        provider = organisation_by_uscc(session, ENTERPRISE_USCC)
        filing_no = submit_filing(session, DRAFT, provider, actor="p", now=NOW).filing_no
    model, approved = FilingState.SUBMITTED, False

    for step in steps:
        leads = TRANSITIONS.get((model, step))
        try:
            attempt(bank, filing_no, step)
        except FilingStepUnfitError:
            assert leads is None
        else:
            assert leads is not None
            model, approved = leads, approved or leads is FilingState.APPROVED
        assert state_of(bank, filing_no) == model

    takes = True
    try:
        bank.post(filing_no, attendance([OTHER], SEMINAR_DAYS[:1]))
    except (FilingNotApprovedError, FilingNotOpenError):
        takes = False
    assert takes is (model is FilingState.APPROVED)


def test_a_roster_that_waited_while_the_filing_was_closed_is_refused(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    roster = attendance([ONE], SEMINAR_DAYS[:1])

    with bank.unit() as session:
        posting = RosterPosting(filing_numbered(session, filing_no), roster, "provider")
        closing = update(Filing).values(state="closed").execution_options(synchronize_session=False)
        session.execute(closing)
        with pytest.raises(FilingNotOpenError):
            post_roster(session, bank.house.vault, posting, now=NOW)


def test_the_clocks_process_closes_what_is_over(bank: TestBank) -> None:
    days = [date(2026, 3, 1)]
    filing_no = bank.approved_filing(days=days, now=NOW - timedelta(days=200))

    closed = [close_filings(threading.Event()) for _ in range(2)]

    assert (closed, state_of(bank, filing_no)) == ([1, 0], "closed")
