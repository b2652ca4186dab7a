"""Codes, tickets and minutes of a check-in: what holds when, and for whom."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank.attendance.check_in_codes import (
    STEP_SECONDS,
    CheckInCodeForeignError,
    CheckInCodeOldError,
    CheckInScanWantedError,
    Planned,
    Reading,
    Span,
    attended_minutes,
    code_of,
    reading_of,
    require_fresh,
    seconds_left,
    ticket_of,
)

SECRET, OTHER = b"s" * 32, b"t" * 32
NO = "K7K2M9QXAB"
NOW = datetime(2026, 11, 20, 1, 0, 7, tzinfo=UTC)
DAY = date(2026, 11, 20)
STEP = timedelta(seconds=STEP_SECONDS)
READING = Reading(NO, NOW, "device")


def at(clock: str) -> datetime:
    """Return an instant of the day by the clocks of China."""
    return datetime.fromisoformat(f"{DAY.isoformat()}T{clock}+08:00")


@pytest.mark.parametrize("age", [timedelta(0), STEP])
def test_a_code_holds_while_it_is_shown_and_half_a_minute_longer(age: timedelta) -> None:
    require_fresh(SECRET, NO, code_of(SECRET, NO, now=NOW), now=NOW + age)


def test_a_code_of_a_server_whose_clock_is_ahead_holds() -> None:
    require_fresh(SECRET, NO, code_of(SECRET, NO, now=NOW + STEP), now=NOW)


@pytest.mark.parametrize(("age", "minutes"), [(2 * STEP, 1), (timedelta(hours=2), 120)])
def test_an_old_code_is_told_how_old_it_is(age: timedelta, minutes: int) -> None:
    code = code_of(SECRET, NO, now=NOW)

    with pytest.raises(CheckInCodeOldError) as refused:
        require_fresh(SECRET, NO, code, now=NOW + age)

    assert refused.value.facts["minutes"] == minutes


@pytest.mark.parametrize(
    "code",
    [
        code_of(OTHER, NO, now=NOW), code_of(SECRET, "K0000000AA", now=NOW),
        code_of(SECRET, NO, now=NOW + 2 * STEP), code_of(SECRET, NO, now=NOW - timedelta(days=1)),
        "", "签到",
    ],
)  # fmt: skip
def test_a_code_of_another_session_or_a_later_one_is_nobodys(code: str) -> None:
    with pytest.raises(CheckInCodeForeignError):
        require_fresh(SECRET, NO, code, now=NOW)


def test_the_page_comes_again_when_the_code_has_changed() -> None:
    later = NOW + timedelta(seconds=seconds_left(NOW))

    assert code_of(SECRET, NO, now=later) != code_of(SECRET, NO, now=NOW)
    assert code_of(SECRET, NO, now=later - timedelta(seconds=1)) == code_of(SECRET, NO, now=NOW)


def test_a_ticket_says_when_the_code_was_read() -> None:
    ticket = ticket_of(SECRET, READING)

    assert reading_of(SECRET, NO, ticket, "device", now=NOW + timedelta(minutes=9)) == READING


@pytest.mark.parametrize("place", range(0, len(ticket_of(SECRET, READING)), 7))
def test_a_ticket_that_was_changed_anywhere_says_nothing(place: int) -> None:
    ticket = ticket_of(SECRET, READING)
    changed = ticket[:place] + ("0" if ticket[place] != "0" else "1") + ticket[place + 1 :]

    with pytest.raises(CheckInScanWantedError):
        reading_of(SECRET, NO, changed, "device", now=NOW)


@pytest.mark.parametrize(
    ("secret", "ticket", "device", "age"),
    [
        (SECRET, ticket_of(SECRET, READING), "another", timedelta(0)),
        (OTHER, ticket_of(SECRET, READING), "device", timedelta(0)),
        (SECRET, ticket_of(SECRET, READING), "device", timedelta(minutes=11)),
        (SECRET, "", "", timedelta(0)),
        (SECRET, f"{NO}.{'9' * 400}.0", "device", timedelta(0)),
        (SECRET, f"{NO}.٣.0", "device", timedelta(0)),
    ],
)
def test_a_ticket_of_another_device_check_in_or_hour_says_nothing(
    secret: bytes, ticket: str, device: str, age: timedelta
) -> None:
    with pytest.raises(CheckInScanWantedError):
        reading_of(secret, NO, ticket, device, now=NOW + age)


@pytest.mark.parametrize(
    ("spans", "minutes"),
    [
        ([("09:00:00", "10:00:59")], 60),
        ([("08:00:00", "10:00:00")], 60),
        ([("09:00:00", "09:30:40"), ("09:40:00", "10:00:30")], 51),
        ([("09:00:00", "")], 0),
        ([("09:00:00", "09:20:00"), ("09:30:00", "")], 20),
        ([("07:00:00", "08:00:00")], 0),
        ([("08:00:00", "19:00:00")], 180),
    ],
)
def test_minutes_are_those_between_scans_within_the_session(
    spans: list[tuple[str, str]], minutes: int
) -> None:
    planned = Planned(DAY, 180, "09:00", "12:30")

    found = [Span(at(begun), at(ended) if ended else None) for begun, ended in spans]

    assert attended_minutes(found, planned) == minutes


@given(
    st.lists(st.integers(0, 600), min_size=2, max_size=8, unique=True),
    st.integers(1, 600), st.booleans(),
)  # fmt: skip
def test_nobody_is_there_longer_than_was_planned_or_than_they_stayed(
    seconds: list[int], planned_minutes: int, timed: bool
) -> None:
    instants = [at("09:00:00") + timedelta(minutes=each) for each in sorted(seconds)]
    pairs = zip(instants[::2], instants[1::2], strict=False)
    spans = [Span(begun, ended) for begun, ended in pairs]
    times = ("09:30", "12:00") if timed else ("", "")

    found = attended_minutes(spans, Planned(DAY, planned_minutes, *times))

    stayed = sum(((span.ended_at or span.began_at) - span.began_at for span in spans), timedelta())
    assert 0 <= found <= min(planned_minutes, stayed // timedelta(minutes=1))
    assert not timed or found <= 150
