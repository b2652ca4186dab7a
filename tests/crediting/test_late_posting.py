"""Attendance after its time: refused by the pack's value, let in by an official with a reason."""

from datetime import date, timedelta

import pytest

from creditbank.crediting.corrections import Correction, CorrectionReason, correct_attendance
from creditbank.crediting.late_posting import (
    Admission,
    LatePostingUnfitError,
    admit_late,
    posting_terms,
)
from creditbank.crediting.rosters import RosterResult
from creditbank.registry.filing.filings import filing_numbered
from creditbank.registry.filing.history import history_of
from tests.acts import publish_post_by, roster
from tests.bank import NOW, SEMINAR_DAYS, TestBank, invented_person

WHO = invented_person(1)
FIRST, SECOND = SEMINAR_DAYS[:2]
TODAY = date(2026, 11, 20)


def posted(bank: TestBank, filing_no: str, *, days_later: int = 0) -> RosterResult:
    rows = roster([(WHO, day, 360) for day in SEMINAR_DAYS])
    return bank.post(filing_no, rows, now=NOW + timedelta(days=days_later))


def admitted(bank: TestBank, filing_no: str, *days: date, through: date = TODAY) -> None:
    admission = Admission(days, through, "系统故障")
    with bank.unit() as session:
        admit_late(session, filing_no, admission, actor="official-test", now=NOW)


def codes(result: RosterResult) -> list[str]:
    return [each.code for each in result.problems]


def test_rows_after_the_packs_term_are_refused_and_the_last_day_counts(bank: TestBank) -> None:
    publish_post_by(bank, "{ days = 9 }")
    filing_no = bank.approved_filing()

    result = posted(bank, filing_no)

    assert (result.rows_credited, codes(result)) == (2, ["roster-posted-late"])
    assert result.problems[0].facts["last"] == "2026-11-19"


def test_a_day_that_an_official_lets_in_is_posted_through_the_day_that_they_name(
    bank: TestBank,
) -> None:
    publish_post_by(bank, "{ days = 3 }")
    filing_no = bank.approved_filing()

    admitted(bank, filing_no, FIRST)
    today, tomorrow = posted(bank, filing_no), posted(bank, filing_no, days_later=1)

    assert (today.rows_credited, len(today.problems)) == (1, 2)
    assert codes(tomorrow) == ["roster-posted-late"] * 3
    with bank.reading() as session:
        act = history_of(session, filing_no)[-1]
    assert (act.kind, act.reason) == ("filing.late-posting-admitted", "系统故障")
    assert bank.fsck() == []


def test_the_longest_admission_stands(bank: TestBank) -> None:
    publish_post_by(bank, "{ days = 3 }")
    filing_no = bank.approved_filing()
    admitted(bank, filing_no, FIRST, SECOND, through=date(2026, 12, 1))
    admitted(bank, filing_no, FIRST)

    with bank.reading() as session:
        terms = posting_terms(session, filing_numbered(session, filing_no))

    assert [each.admitted_through for each in terms] == [
        date(2026, 12, 1), date(2026, 12, 1), None,
    ]  # fmt: skip


def test_a_day_of_the_next_year_ends_the_time_of_every_session(bank: TestBank) -> None:
    publish_post_by(bank, '{ next_year_until = "01-31" }')
    filing_no = bank.approved_filing()

    with bank.reading() as session:
        terms = posting_terms(session, filing_numbered(session, filing_no))

    assert {each.last_day for each in terms} == {date(2027, 1, 31)}
    assert posted(bank, filing_no).rows_credited == 3


def test_without_a_term_in_the_rules_nothing_is_late(bank: TestBank) -> None:
    filing_no = bank.approved_filing()

    assert posted(bank, filing_no, days_later=600).rows_credited == 3
    with pytest.raises(LatePostingUnfitError):
        admitted(bank, filing_no, FIRST)


def test_what_was_posted_in_time_is_corrected_after_it(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    posted(bank, filing_no)
    publish_post_by(bank, "{ days = 3 }")

    with bank.unit() as session:
        filing = filing_numbered(session, filing_no)
        reason = CorrectionReason.WRONG_MINUTES
        wanted = Correction(filing, WHO, FIRST, 180, reason, "", "official-test")
        correct_attendance(session, bank.house.vault, wanted, now=NOW)

    assert bank.fsck() == []


@pytest.mark.parametrize(
    ("days", "through"),
    [((SEMINAR_DAYS[2],), TODAY), ((), TODAY), ((FIRST,), TODAY - timedelta(days=1))],
)
def test_only_a_day_whose_time_is_over_is_let_in_and_not_into_the_past(
    bank: TestBank, days: tuple[date, ...], through: date
) -> None:
    publish_post_by(bank, "{ days = 9 }")
    filing_no = bank.approved_filing()

    with pytest.raises(LatePostingUnfitError):
        admitted(bank, filing_no, *days, through=through)
