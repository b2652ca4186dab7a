"""Nobody is in two rooms at one time: what the clock has no minutes for is not credited."""

import threading

import pytest

from creditbank.crediting.rosters import RosterResult
from creditbank.people.register import Identity
from tests.acts import approve, roster, withdraw
from tests.bank import SEMINAR_DAYS, TestBank, invented_person

PERSON, OTHER = invented_person(1), invented_person(2)
DAY = SEMINAR_DAYS[0]
MORNING, WHOLE, EVENING = ("08:30", "15:00"), ("09:00", "17:00"), ("17:00", "23:30")


def codes(result: RosterResult) -> list[str]:
    return [problem.code for problem in result.problems]


def timed(bank: TestBank, hours: tuple[str, str]) -> str:
    return approve(bank, [DAY], hours=hours)


def post(bank: TestBank, filing_no: str, person: Identity, minutes: int) -> RosterResult:
    return bank.post(filing_no, roster([(person, DAY, minutes)]))


def test_more_minutes_than_the_clock_has_are_refused_and_the_rest_is_credited(
    bank: TestBank,
) -> None:
    post(bank, timed(bank, WHOLE), PERSON, 360)

    posted = bank.post(timed(bank, WHOLE), roster([(PERSON, DAY, 180), (OTHER, DAY, 360)]))

    assert (codes(posted), posted.rows_credited) == (["roster-two-rooms"], 1)
    assert bank.fsck() == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((WHOLE, 240), (WHOLE, 240)),  # one half of the day here, the other there
        ((WHOLE, 360), (EVENING, 240)),  # one after the other
        ((MORNING, 150), (WHOLE, 360)),  # 08:30 to 17:00 is just as long
        ((("", ""), 360), (WHOLE, 360)),  # when it was is not on record
    ],
)
def test_what_one_person_can_have_attended_is_credited(
    bank: TestBank, first: tuple[tuple[str, str], int], second: tuple[tuple[str, str], int]
) -> None:
    for hours, minutes in (first, second):
        assert codes(post(bank, timed(bank, hours), PERSON, minutes)) == []


def test_what_was_taken_back_leaves_its_time_free(bank: TestBank) -> None:
    earlier, later = timed(bank, WHOLE), timed(bank, WHOLE)
    post(bank, earlier, PERSON, 360)
    refused = codes(post(bank, later, PERSON, 360))
    withdraw(bank, earlier, PERSON)

    again = post(bank, later, PERSON, 360)

    assert refused == ["roster-two-rooms"]
    assert (codes(again), again.rows_credited) == ([], 1)


def test_a_row_sent_again_is_known_though_another_room_was_filled_meanwhile(
    bank: TestBank,
) -> None:
    filing_no = timed(bank, WHOLE)
    post(bank, filing_no, PERSON, 240)
    post(bank, timed(bank, WHOLE), PERSON, 240)

    assert codes(post(bank, filing_no, PERSON, 240)) == ["roster-already-credited"]


def test_two_rooms_that_post_at_once_do_not_both_get_the_hours(bank: TestBank) -> None:
    known_already = roster([(PERSON, SEMINAR_DAYS[1], 360)])
    bank.post(approve(bank, SEMINAR_DAYS[1:2]), known_already)
    rooms = [timed(bank, WHOLE) for _ in range(4)]
    found: list[list[str]] = []
    start = threading.Barrier(len(rooms))

    def fill(filing_no: str) -> None:
        with bank.app.app_context():
            start.wait()
            found.append(codes(post(bank, filing_no, PERSON, 360)))

    threads = [threading.Thread(target=fill, args=(each,)) for each in rooms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(found) == [[], *[["roster-two-rooms"]] * 3]
    assert bank.fsck() == []
