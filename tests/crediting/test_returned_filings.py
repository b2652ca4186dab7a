"""Filings that are returned: mended, submitted again under their number, with nothing forgotten."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from creditbank.registry.filing.filings import (
    FilingChangedError,
    FilingDecidedError,
    FilingDraft,
    FilingNotReturnedError,
    LateReasonWantedError,
    SessionDraft,
    approve_filing,
    filing_numbered,
    refuse_filing,
    require_version,
    return_filing,
    sessions_of,
    submit_again,
    submit_filing,
)
from creditbank.registry.filing.history import history_of
from creditbank.registry.filing.states import FilingNotApprovedError
from creditbank.registry.models import Filing
from creditbank.registry.organisations import organisation_by_uscc
from creditbank.rules.trace import NotRecognisedError
from tests.bank import ENTERPRISE_USCC, NOW, SEMINAR_DAYS, TestBank, attendance, invented_person

DRAFT = FilingDraft(
    activity="enterprise_course",
    form="seminar",
    release="full",
    title="碳纤维复合材料成型工艺研修",
    subject="professional",
    seats=40,
    sessions=tuple(SessionDraft(day, 360, 2) for day in SEMINAR_DAYS),
)
EARLY = NOW - timedelta(days=30)
REASON = "第三天的内容不属于专业科目"
SHORTER = replace(DRAFT, seats=20, sessions=DRAFT.sessions[:2])


def submitted(bank: TestBank) -> str:
    with bank.unit() as session:
        enterprise = organisation_by_uscc(session, ENTERPRISE_USCC)
        return submit_filing(session, DRAFT, enterprise, actor="provider", now=EARLY).filing_no


def returned(bank: TestBank) -> str:
    filing_no = submitted(bank)
    with bank.unit() as session:
        return_filing(session, filing_no, actor="official", reason=REASON, now=EARLY)
    return filing_no


def test_a_returned_filing_is_mended_and_approved_as_it_then_stands(bank: TestBank) -> None:
    filing_no = returned(bank)

    with bank.unit() as session:
        submit_again(session, filing_no, SHORTER, actor="provider", now=EARLY)
    with bank.unit() as session:
        approve_filing(session, filing_no, actor="official", now=EARLY)
    result = bank.post(filing_no, attendance([invented_person(1)]))

    with bank.reading() as session:
        filing = filing_numbered(session, filing_no)
        assert (filing.state, filing.version, filing.seats) == ("approved", 2, 20)
        days = [planned.day for planned in sessions_of(session, filing_no)]
        assert days == list(SEMINAR_DAYS[:2])
    assert (result.rows_credited, result.credited_centihours) == (2, 1600)
    assert [each.code for each in result.problems] == ["roster-day-not-filed"]
    assert bank.fsck() == []


def test_the_history_keeps_what_each_version_said_and_why_it_came_back(bank: TestBank) -> None:
    filing_no = returned(bank)
    with bank.unit() as session:
        submit_again(session, filing_no, SHORTER, actor="provider", now=EARLY)
        refuse_filing(session, filing_no, actor="official", reason="不符", now=EARLY)

    with bank.reading() as session:
        history = history_of(session, filing_no)

    assert [(act.kind, act.version, act.reason) for act in history] == [
        ("filing.submitted", 1, ""), ("filing.returned", 1, REASON),
        ("filing.resubmitted", 2, ""), ("filing.refused", 2, "不符"),
    ]  # fmt: skip
    assert [len(act.said["sessions"]) for act in history if "sessions" in act.said] == [3, 2]


def test_nothing_is_posted_or_decided_while_a_filing_stands_returned(bank: TestBank) -> None:
    filing_no = returned(bank)

    with pytest.raises(FilingNotApprovedError):
        bank.post(filing_no, attendance([invented_person(1)]))
    for decide in (approve_filing, return_filing):
        with bank.unit() as session, pytest.raises(FilingDecidedError):
            decide(session, filing_no, actor="official", reason="x", now=NOW)


def test_only_what_was_returned_is_submitted_again(bank: TestBank) -> None:
    filing_no = submitted(bank)

    with bank.unit() as session, pytest.raises(FilingNotReturnedError):
        submit_again(session, filing_no, SHORTER, actor="provider", now=NOW)


def test_what_the_rules_would_not_credit_stays_returned_as_it_was(bank: TestBank) -> None:
    filing_no = returned(bank)

    draft = replace(SHORTER, activity="karaoke")

    with pytest.raises(NotRecognisedError), bank.unit() as session:
        submit_again(session, filing_no, draft, actor="provider", now=NOW)

    with bank.reading() as session:
        filing = filing_numbered(session, filing_no)
        assert (filing.state, filing.version, filing.activity) == (
            "returned", 1, "enterprise_course",
        )  # fmt: skip
        assert len(sessions_of(session, filing_no)) == 3


def mended(bank: TestBank, *versions: FilingDraft) -> str:
    """Submit in time, and after the days again and again; return the number."""
    filing_no = returned(bank)
    for number, draft in enumerate(versions):
        with bank.unit() as session:
            if number:
                return_filing(session, filing_no, actor="official", reason=REASON, now=NOW)
            submit_again(session, filing_no, draft, actor="provider", now=NOW)
    return filing_no


def test_a_filing_in_time_stays_so_when_it_is_returned_and_mended_after_its_first_day(
    bank: TestBank,
) -> None:
    filing_no = mended(bank, replace(SHORTER, seats=30), SHORTER)

    with bank.unit() as session:
        approved = approve_filing(session, filing_no, actor="official", now=NOW)

    assert (approved.state, approved.reason) == ("approved", "")


MOVED = replace(DRAFT, sessions=(*DRAFT.sessions[:2], SessionDraft(date(2026, 11, 9), 360, 2)))


@pytest.mark.parametrize(
    ("versions", "day"),
    [((MOVED,), "2026-11-09"), ((SHORTER, DRAFT), "2026-11-12")],
    ids=["a day that was never filed", "a day that was given up and taken back"],
)
def test_a_day_that_a_version_names_only_after_it_has_passed_is_late(
    bank: TestBank, versions: tuple[FilingDraft, ...], day: str
) -> None:
    filing_no = mended(bank, *versions)

    with bank.unit() as session, pytest.raises(LateReasonWantedError) as refused:
        approve_filing(session, filing_no, actor="official", now=NOW)

    assert refused.value.facts == {"first_day": day, "submitted_on": "2026-11-20"}


def test_of_three_officials_who_decide_at_once_one_does(bank: TestBank) -> None:
    filing_no = submitted(bank)
    done: list[str] = []

    def decide(act: Callable[..., Filing]) -> None:
        with bank.app.app_context():
            try:
                with bank.unit() as session:
                    filing_numbered(session, filing_no)
                    act(session, filing_no, actor="official", reason="x", now=EARLY)
            except FilingDecidedError as error:
                done.append(error.code)
            else:
                done.append(act.__name__)

    acts = (approve_filing, return_filing, refuse_filing)
    officials = [threading.Thread(target=decide, args=(act,)) for act in acts]
    for official in officials:
        official.start()
    for official in officials:
        official.join()

    assert done.count("filing-decided") == 2
    with bank.reading() as session:
        assert len(history_of(session, filing_no)) == 2


def test_a_decision_on_a_version_that_was_replaced_is_refused(bank: TestBank) -> None:
    filing_no = returned(bank)
    with bank.unit() as session:
        submit_again(session, filing_no, SHORTER, actor="provider", now=EARLY)

    with bank.unit() as session:
        with pytest.raises(FilingChangedError):
            require_version(session, filing_no, 1)
        require_version(session, filing_no, 2)
        require_version(session, filing_no, None)
