"""Until when attendance may be posted: the pack's, by days or by a day of the next year."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from creditbank.rules.hour_rules import PostBy
from creditbank.rules.loader import load_pack
from creditbank.rules.pack import PackChain
from creditbank.rules.posting_term import posting_term
from tests.rules.conftest import assumed_rule, text_of_pack

DAYS = st.dates(date(2021, 1, 1), date(2090, 12, 31))


def law(**values: str) -> PackChain:
    rules = [assumed_rule(key.replace("__", "."), value) for key, value in values.items()]
    pack = load_pack(text_of_pack(*rules).encode(), file="a test")
    return PackChain((pack,))


@given(DAYS, st.integers(0, 400))
def test_so_many_days_after_the_session_are_in_time(day: date, days: int) -> None:
    assert PostBy(days, None).last_day(day) == day + timedelta(days=days)


@given(DAYS)
def test_a_day_of_the_next_year_is_in_time_for_every_session_of_the_year(day: date) -> None:
    assert PostBy(None, (1, 31)).last_day(day) == date(day.year + 1, 1, 31)


def test_the_rule_of_the_activity_goes_before_that_of_all() -> None:
    chain = law(post_by="{ days = 30 }", post_by__course='{ next_year_until = "01-31" }')
    day = date(2026, 11, 10)

    found = [posting_term(activity, day, chain) for activity in ("course", "lecture")]

    assert [each and (each.last_day, each.value.key) for each in found] == [
        (date(2027, 1, 31), "post_by.course"), (date(2026, 12, 10), "post_by"),
    ]  # fmt: skip


def test_without_a_rule_on_the_day_there_is_no_end() -> None:
    chain = law(post_by="{ days = 30 }")

    assert posting_term("course", date(2019, 12, 31), chain) is None
