"""The day log of practical training: what was done on each day; travel counts nothing."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from creditbank.canonical import Canonical
from creditbank.crediting.models import NameCheck
from creditbank.crediting.name_decisions import (
    Finding,
    NameCheckNotCreditableError,
    NameDecision,
    decide_name,
)
from creditbank.crediting.rosters import RosterResult
from creditbank.crediting.training_days import (
    LOGGED,
    DayEntry,
    DayLog,
    DayLogForeignError,
    DayUse,
    LoggedDayUnfitError,
    Teller,
    TravelDayCreditedError,
    day_log_of,
    log_day,
)
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.people.register import Identity
from creditbank.registry.filing.filings import filing_numbered
from creditbank.registry.filing.history import history_of
from tests.acts import approve_training, roster, withdraw
from tests.bank import NOW, SEMINAR_DAYS, TestBank, invented_person

WHO = invented_person(1)
FIRST, SECOND = SEMINAR_DAYS[:2]


def logged(
    bank: TestBank, filing_no: str, use: DayUse = DayUse.TRAINING, day: date = FIRST
) -> DayLog:
    entry = DayEntry(day, use, Teller.HOST, "总装车间跟班")
    with bank.unit() as session:
        return log_day(session, filing_no, entry, actor="provider-test", now=NOW)


def posted(bank: TestBank, filing_no: str) -> RosterResult:
    return bank.post(filing_no, roster([(WHO, FIRST, 360), (WHO, SECOND, 360)]))


def codes(result: RosterResult) -> list[str]:
    return [each.code for each in result.problems]


def test_only_a_day_of_which_the_log_says_what_was_done_is_credited(bank: TestBank) -> None:
    filing_no = approve_training(bank, SEMINAR_DAYS[:2])

    before = posted(bank, filing_no)
    log = logged(bank, filing_no)
    after = posted(bank, filing_no)

    assert (before.rows_credited, codes(before)) == (0, ["roster-day-unlogged"] * 2)
    assert (log.days[0].entry.done, log.missing) == ("总装车间跟班", (SECOND,))
    assert (after.credited_centihours, codes(after)) == (800, ["roster-day-unlogged"])
    assert bank.fsck() == []


def test_a_day_of_travel_counts_nothing_though_somebody_attended(bank: TestBank) -> None:
    filing_no = approve_training(bank, SEMINAR_DAYS[:2])
    logged(bank, filing_no, DayUse.TRAVEL)
    logged(bank, filing_no, day=SECOND)

    result = posted(bank, filing_no)

    assert (result.credited_centihours, codes(result)) == (800, ["roster-day-travel"])


def test_what_is_said_last_stands_and_all_of_it_stays_on_record(bank: TestBank) -> None:
    filing_no = approve_training(bank, SEMINAR_DAYS[:1])
    logged(bank, filing_no, DayUse.TRAVEL)

    log = logged(bank, filing_no, DayUse.TRAINING)

    assert [each.entry.use for each in log.days] == [DayUse.TRAINING]
    with bank.reading() as session:
        acts = [each.said for each in history_of(session, filing_no)]
    assert [said["use"] for said in acts if "use" in said] == ["travel", "training"]


def test_hours_are_withdrawn_before_their_day_becomes_one_of_travel(bank: TestBank) -> None:
    filing_no = approve_training(bank, SEMINAR_DAYS[:1])
    logged(bank, filing_no)
    result = bank.post(filing_no, roster([(WHO, FIRST, 360)]))

    with pytest.raises(TravelDayCreditedError):
        logged(bank, filing_no, DayUse.TRAVEL)
    withdraw(bank, filing_no, WHO, [FIRST])
    logged(bank, filing_no, DayUse.TRAVEL)

    assert result.credited_centihours == 800
    assert bank.fsck() == []


def test_travel_may_lie_beside_the_filing_and_training_may_not(bank: TestBank) -> None:
    filing_no = approve_training(bank, SEMINAR_DAYS[:1])
    day_before = FIRST - timedelta(days=1)

    assert logged(bank, filing_no, DayUse.TRAVEL, day_before).missing == (FIRST,)
    with pytest.raises(LoggedDayUnfitError):
        logged(bank, filing_no, DayUse.TRAINING, day_before)
    with pytest.raises(LoggedDayUnfitError):
        logged(bank, filing_no, DayUse.TRAVEL, NOW.date() + timedelta(days=2))


def test_only_practical_training_has_a_day_log(bank: TestBank) -> None:
    filing_no = bank.approved_filing()

    with pytest.raises(DayLogForeignError):
        logged(bank, filing_no)
    with bank.reading() as session, pytest.raises(DayLogForeignError):
        day_log_of(session, filing_numbered(session, filing_no), FIRST)


def test_a_held_row_is_not_credited_once_its_day_is_one_of_travel(bank: TestBank) -> None:
    bank.post(bank.approved_filing(), roster([(WHO, SEMINAR_DAYS[2], 360)]))
    filing_no = approve_training(bank, SEMINAR_DAYS[:1])
    logged(bank, filing_no)
    bank.post(filing_no, roster([(Identity(WHO.document, "不同名"), FIRST, 360)]))
    logged(bank, filing_no, DayUse.TRAVEL)
    with bank.reading() as session:
        check_no = session.scalars(select(NameCheck.check_no)).one()
    found = NameDecision(check_no, Finding.MISSPELT, "查2026-8", "official-test")

    with bank.unit() as session, pytest.raises(NameCheckNotCreditableError):
        decide_name(session, bank.house.vault, found, now=NOW)


def test_fsck_finds_hours_on_a_day_that_became_one_of_travel(bank: TestBank) -> None:
    filing_no = approve_training(bank, SEMINAR_DAYS[:1])
    logged(bank, filing_no)
    bank.post(filing_no, roster([(WHO, FIRST, 360)]))
    said: dict[str, Canonical] = {
        "day": FIRST.isoformat(), "use": "travel", "told_by": "host", "done": "途中",
    }  # fmt: skip
    with bank.unit() as session:
        record_act(session, ActDraft(LOGGED, "cn-3710", "x", filing_no, said), now=NOW)

    assert [each.code for each in bank.fsck()] == ["fsck-travel-day"]
