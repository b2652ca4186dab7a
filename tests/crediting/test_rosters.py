"""Crediting a roster: who gets hours, who does not and why, and how it is put right."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from creditbank.attendance.models import Attendance
from creditbank.attendance.roster import Roster
from creditbank.crediting.rosters import RosterPosting, RosterResult, post_roster
from creditbank.crediting.withdrawals import (
    NothingToWithdrawError,
    Withdrawal,
    WithdrawalReason,
    WithdrawalResult,
    withdraw_attendance,
)
from creditbank.ledger.balance import Balance, balances_of, total_over_all_accounts
from creditbank.ledger.models import Entry, Source, SourceUse
from creditbank.people.documents import DocumentKind, read_document, resident_id_check_character
from creditbank.people.register import Identity, find_person, linked_people, record_link
from creditbank.registry.filing.filings import (
    FilingDecidedError,
    approve_filing,
    filing_numbered,
)
from creditbank.registry.filing.states import FilingNotApprovedError
from creditbank.registry.models import Filing
from tests.bank import NOW, SEMINAR_DAYS, TestBank, attendance, invented_person


def balance(bank: TestBank, person: Identity) -> list[Balance]:
    with bank.reading() as session:
        person_id = find_person(session, bank.house.vault, person)
        group = linked_people(session, [person_id])[person_id]
        return balances_of(session, group, "cn-3710")


def used(bank: TestBank, filing_no: str) -> tuple[int, int]:
    with bank.reading() as session:
        use = session.scalars(
            select(SourceUse)
            .join(Source, Source.source_id == SourceUse.source_id)
            .where(Source.source_no == filing_no)
        ).one()
        return use.people, use.centihours


def withdraw(bank: TestBank, filing_no: str, person: Identity, *days: date) -> WithdrawalResult:
    with bank.unit() as session:
        withdrawal = Withdrawal(
            filing_numbered(session, filing_no), person, days, WithdrawalReason.NOT_PRESENT, "",
            "provider-test",
        )  # fmt: skip
        return withdraw_attendance(session, bank.house.vault, withdrawal, now=NOW)


def codes(result: RosterResult) -> list[str]:
    return [problem.code for problem in result.problems]


def test_three_full_days_are_twenty_four_professional_hours_of_the_year(bank: TestBank) -> None:
    person = invented_person(1)
    filing_no = bank.approved_filing()

    result = bank.post(filing_no, attendance([person]))

    assert (result.rows_credited, result.credited_centihours, result.problems) == (3, 2400, ())
    assert balance(bank, person) == [Balance("cn-3710", 2026, "professional", 2400, 0, 0)]
    assert used(bank, filing_no) == (1, 2400)


def test_one_document_is_one_person_under_each_name_and_number_that_it_has(
    bank: TestBank,
) -> None:
    first17 = "81999919850131001"
    permit = first17 + resident_id_check_character(first17)
    lines = [
        (DocumentKind.RESIDENT_ID, permit), (DocumentKind.HMT_RESIDENCE, permit),
        (DocumentKind.HM_PERMIT, "X9999000100"), (DocumentKind.HM_PERMIT, "X9999000101"),
        (DocumentKind.TW_PERMIT, "X9999000"), (DocumentKind.FOREIGN_RESIDENCE, "XXX999985013102"),
        (DocumentKind.TALENT_RESIDENCE, "X99990001"), (DocumentKind.PASSPORT, "X99990001"),
    ]  # fmt: skip
    people = [Identity(read_document(*line), "示例") for line in lines]
    filing_no = bank.approved_filing()

    result = bank.post(filing_no, attendance(people[::2], SEMINAR_DAYS[:1]))
    again = bank.post(filing_no, attendance(people[1::2], SEMINAR_DAYS[:1]))

    assert (result.people_credited, result.problems) == (4, ())
    assert (again.people_credited, codes(again)) == (2, ["roster-already-credited"] * 2)


def test_half_the_minutes_are_half_the_day_and_rounding_is_down(bank: TestBank) -> None:
    filing_no = bank.approved_filing(planned_minutes=350)

    half = bank.post(filing_no, attendance([invented_person(1)], SEMINAR_DAYS[:1], 175))
    third = bank.post(filing_no, attendance([invented_person(2)], SEMINAR_DAYS[:1], 117))

    assert half.credited_centihours == 400
    assert third.credited_centihours == 267  # 8 hours · 117 / 350 = 2.674…


def test_more_minutes_than_planned_do_not_count_more(bank: TestBank) -> None:
    filing_no = bank.approved_filing()

    result = bank.post(filing_no, attendance([invented_person(1)], SEMINAR_DAYS[:1], 1440))

    assert result.credited_centihours == 800


def test_a_session_counts_once_however_often_it_is_posted(bank: TestBank) -> None:
    person = invented_person(1)
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([person]))

    again = bank.post(filing_no, attendance([person], attended_minutes=300))

    assert codes(again) == ["roster-already-credited"] * 3
    assert balance(bank, person)[0].live_centihours == 2400


def test_the_forty_first_person_is_refused_by_row_and_the_forty_keep_their_hours(
    bank: TestBank,
) -> None:
    filing_no = bank.approved_filing(seats=40)

    result = bank.post(filing_no, attendance([invented_person(n) for n in range(41)]))

    assert result.people_credited == 40
    assert codes(result) == ["roster-seats-full"] * 3
    assert [problem.row_no for problem in result.problems] == [121, 122, 123]
    assert used(bank, filing_no) == (40, 40 * 2400)


def test_rows_that_cannot_be_credited_say_why_and_the_others_are_credited(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    good, renamed = invented_person(1), invented_person(2)
    bank.post(filing_no, attendance([renamed], SEMINAR_DAYS[:1]))
    wrong_name = Identity(renamed.document, "张三")
    stray_day = SEMINAR_DAYS[-1] + timedelta(days=1)

    result = bank.post(
        filing_no,
        joined(
            attendance([wrong_name], SEMINAR_DAYS[1:2]),
            attendance([good], (stray_day, *SEMINAR_DAYS)),
            attendance([invented_person(3)], SEMINAR_DAYS[:1], 0),
        ),
    )

    assert result.rows_credited == 3
    assert sorted(codes(result)) == [
        "roster-day-not-filed", "roster-name-held", "roster-nothing-earned",
    ]  # fmt: skip


def joined(*rosters: Roster) -> Roster:
    rows = tuple(row for roster in rosters for row in roster.rows)
    return replace(rosters[0], rows=rows)


def test_attendance_of_a_day_that_has_not_come_is_refused(bank: TestBank) -> None:
    tomorrow = NOW.date() + timedelta(days=1)
    filing_no = bank.approved_filing(days=[tomorrow])

    result = bank.post(filing_no, attendance([invented_person(1)], [tomorrow]))

    assert codes(result) == ["roster-day-not-come"]


def test_two_seminars_on_one_day_count_one_day_whichever_is_posted_first(bank: TestBank) -> None:
    person = invented_person(1)
    first, second = bank.approved_filing(), bank.approved_filing()
    bank.post(first, attendance([person]))

    result = bank.post(second, attendance([person]))

    assert result.capped_centihours == 2400
    assert balance(bank, person) == [Balance("cn-3710", 2026, "professional", 2400, 2400, 0)]


def test_withdrawing_gives_hours_and_seat_back_and_lets_go_what_a_cap_held(
    bank: TestBank,
) -> None:
    person = invented_person(1)
    first, second = bank.approved_filing(seats=1), bank.approved_filing()
    bank.post(first, attendance([person]))
    bank.post(second, attendance([person]))

    result = withdraw(bank, first, person)

    assert (result.days, result.reversed_centihours) == (SEMINAR_DAYS, 2400)
    assert balance(bank, person) == [Balance("cn-3710", 2026, "professional", 2400, 0, 0)]
    assert used(bank, first) == (0, 0)
    assert codes(bank.post(first, attendance([invented_person(2)]))) == []


def test_one_day_withdrawn_leaves_the_seat_taken(bank: TestBank) -> None:
    person = invented_person(1)
    filing_no = bank.approved_filing(seats=1)
    bank.post(filing_no, attendance([person]))

    withdraw(bank, filing_no, person, SEMINAR_DAYS[0])

    assert used(bank, filing_no) == (1, 1600)
    with pytest.raises(NothingToWithdrawError):
        withdraw(bank, filing_no, person, SEMINAR_DAYS[0])


def test_a_session_put_right_is_a_new_revision_and_nothing_is_lost_from_the_record(
    bank: TestBank,
) -> None:
    person = invented_person(1)
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([person], SEMINAR_DAYS[:1], 180))
    withdraw(bank, filing_no, person)

    bank.post(filing_no, attendance([person], SEMINAR_DAYS[:1], 360))

    with bank.reading() as session:
        moves = session.execute(
            select(Entry.movement, Entry.revision, Entry.centihours).order_by(Entry.entry_id)
        ).all()
        minutes = session.scalars(
            select(Attendance.attended_minutes).order_by(Attendance.revision)
        ).all()
        assert total_over_all_accounts(session) == 0
    assert [tuple(move) for move in moves] == [
        ("credit", 0, 400), ("reverse", 0, 400), ("credit", 1, 800),
    ]  # fmt: skip
    assert minutes == [180, 360]


def test_the_same_session_under_a_linked_document_does_not_count_again(bank: TestBank) -> None:
    one, other = invented_person(1), invented_person(2)
    first, second = bank.approved_filing(), bank.approved_filing()
    bank.post(first, attendance([one]))
    bank.post(second, attendance([other], SEMINAR_DAYS[:1]))
    with bank.unit() as session:
        keys = [find_person(session, bank.house.vault, person) for person in (one, other)]
        record_link(session, keys[0], keys[1], 1, linked=True)

    result = bank.post(first, attendance([other]))

    assert codes(result) == ["roster-already-credited"] * 3


def test_nothing_is_credited_under_a_filing_that_nobody_approved(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    with bank.unit() as session:
        row = session.get_one(Filing, filing_no)
        row.state = "submitted"

    with pytest.raises(FilingNotApprovedError):
        bank.post(filing_no, attendance([invented_person(1)]))


def test_a_filing_is_decided_once(bank: TestBank) -> None:
    filing_no = bank.approved_filing()

    with pytest.raises(FilingDecidedError), bank.unit() as session:
        approve_filing(session, filing_no, actor="official-test", now=NOW)


def post_and_break(bank: TestBank, filing_no: str) -> None:
    with bank.unit() as session:
        filing = filing_numbered(session, filing_no)
        posting = RosterPosting(filing, attendance([invented_person(1)]), "provider-test")
        post_roster(session, bank.house.vault, posting, now=NOW)
        raise RuntimeError


def test_a_posting_that_breaks_off_leaves_nothing_behind(bank: TestBank) -> None:
    filing_no = bank.approved_filing()

    with pytest.raises(RuntimeError):
        post_and_break(bank, filing_no)

    with bank.reading() as session:
        assert session.scalar(select(func.count()).select_from(Entry)) == 0
    assert used(bank, filing_no) == (0, 0)
