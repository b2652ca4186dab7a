"""Limits: how much a client or an address may ask in a window, and what it is told."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from creditbank.limits import (
    COUNTERS,
    SUBJECTS_MAX,
    MemoryCounters,
    Policy,
    RateExceededError,
    count_address,
    forget_counts,
)
from creditbank.registry.models import RateCount
from tests.api.desk import Desk, filing_body, problem_of
from tests.bank import found_test_bank
from tests.conftest import Database

BOUNDS = {
    "rate_window_seconds": 3_600, "rate_client_requests": 4, "rate_public_requests": 3,
    "rate_token_requests": 2,
}  # fmt: skip
#: Begins a window of an hour.
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


#: The door is the same on both; what counts on each is compared below.
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[Desk]:
    """A bank with tight limits and a window of an hour, which does not end during the test."""
    while time.time() % 3_600 > 3_540:
        time.sleep(1)
    bank = found_test_bank(replace(database.settings(tmp_path / "home"), **BOUNDS))
    yield Desk(bank)
    bank.close()


def told(headers: Mapping[str, str]) -> tuple[str, int]:
    """Return the policy that a request was counted under, and what is left of it."""
    name, remaining, reset = headers["RateLimit"].split(";")
    assert 1 <= int(reset.removeprefix("t=")) <= 3_600
    assert headers["RateLimit-Policy"].startswith(f"{name};q=")
    assert headers["RateLimit-Policy"].endswith(";w=3600")
    return name.strip('"'), int(remaining.removeprefix("r="))


def counted(desk: Desk, address: str, now: datetime = NOW) -> int | None:
    """Count a request of an address; return what is left, None if it is one too many."""
    with desk.bank.app.test_request_context(environ_base={"REMOTE_ADDR": address}):
        try:
            return count_address("page", 2, now=now).remaining
        except RateExceededError:
            return None


@on_sqlite
def test_every_answer_tells_what_is_left_and_a_request_too_many_is_refused(desk: Desk) -> None:
    answers = [desk.provider.get("/api/v1/filings") for _ in range(5)]

    assert [each.status_code for each in answers] == [200] * 4 + [429]
    assert [told(each.headers) for each in answers] == [
        ("client", left) for left in (3, 2, 1, 0, 0)
    ]
    assert problem_of(answers[-1])["code"] == "rate-exceeded"
    facts = problem_of(answers[-1])["facts"]
    assert int(answers[-1].headers["Retry-After"]) == facts["retry_seconds"]
    assert (facts["limit"], facts["window_seconds"]) == (4, 3_600)


@on_sqlite
def test_one_client_takes_nothing_from_another(desk: Desk) -> None:
    for _ in range(5):
        desk.provider.get("/api/v1/filings")

    assert desk.other_provider.get("/api/v1/filings").status_code == 200


@on_sqlite
def test_a_write_too_many_writes_nothing_and_may_be_sent_again(desk: Desk) -> None:
    for _ in range(4):
        desk.provider.get("/api/v1/filings")
    before = desk.row_counts()

    refused = desk.provider.post("/api/v1/filings", filing_body(), retry="once")

    assert refused.status_code == 429
    assert desk.row_counts() == before


@on_sqlite
def test_refusals_count_like_answers(desk: Desk) -> None:
    answers = [desk.provider.post("/api/v1/balances", {}) for _ in range(5)]

    assert [each.status_code for each in answers] == [403] * 4 + [429]


@on_sqlite
def test_what_anybody_may_ask_is_counted_by_address(desk: Desk) -> None:
    here, there = ({"environ_base": {"REMOTE_ADDR": address}} for address in ("9.9.9.9", "8.8.8.8"))

    answers = [desk.nobody.get("/api/v1/packs", **here) for _ in range(4)]

    assert [each.status_code for each in answers] == [200] * 3 + [429]
    assert told(answers[0].headers) == ("public", 2)
    assert desk.nobody.get("/api/v1/packs", **there).status_code == 200


@on_sqlite
def test_whoever_tries_tokens_is_stopped_by_address(desk: Desk) -> None:
    headers = {"Authorization": "Bearer cbt_" + "A" * 43}

    answers = [desk.nobody.get("/api/v1/filings", headers=headers) for _ in range(4)]

    assert [each.status_code for each in answers] == [401] * 3 + [429]
    assert desk.provider.get("/api/v1/filings").status_code == 200


@on_sqlite
def test_tokens_have_a_limit_of_their_own_told_as_oauth_has_it(desk: Desk) -> None:
    answers = [desk.token_for("provider-00000000", "x") for _ in range(3)]

    assert [each.status_code for each in answers] == [401, 401, 429]
    assert answers[-1].get_json()["error"] == "temporarily_unavailable"
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert told(answers[-1].headers) == ("token", 0)
    assert desk.nobody.get("/api/v1/packs").status_code == 200


@on_sqlite
def test_health_answers_however_often(desk: Desk) -> None:
    answers = [desk.nobody.get("/health") for _ in range(6)]

    assert {each.status_code for each in answers} == {200}
    assert "RateLimit" not in answers[0].headers


@on_sqlite
def test_the_next_window_begins_with_the_full_limit(desk: Desk) -> None:
    window = [counted(desk, "9.9.9.9", NOW + timedelta(minutes=minute)) for minute in (0, 20, 59)]

    assert window == [1, 0, None]
    assert counted(desk, "9.9.9.9", NOW + timedelta(minutes=60)) == 1


@on_sqlite
def test_a_machine_whose_clock_is_a_little_behind_counts_in_the_same_window(desk: Desk) -> None:
    assert [counted(desk, "9.9.9.9") for _ in range(2)] == [1, 0]

    assert counted(desk, "9.9.9.9", NOW - timedelta(seconds=2)) is None


@on_sqlite
def test_a_clock_that_was_far_ahead_locks_nobody_out(desk: Desk) -> None:
    for _ in range(3):
        counted(desk, "9.9.9.9", NOW + timedelta(days=300))

    assert counted(desk, "9.9.9.9") == 1


@on_sqlite
def test_addresses_of_one_ipv6_network_are_one_and_those_of_others_are_not(desk: Desk) -> None:
    left = [
        counted(desk, address)
        for address in (
            "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:2::3", "2001:db8:1:3::1",
            "::ffff:9.9.9.9", "9.9.9.9", "9.9.9.8", "no address",
        )
    ]  # fmt: skip

    assert left == [1, 0, None, 1, 1, 0, 1, 1]


@on_postgresql
def test_of_an_address_nothing_is_kept_that_leads_back_to_it(desk: Desk) -> None:
    counted(desk, "203.0.113.77")

    with desk.bank.reading() as session:
        kept = str(session.execute(text("SELECT * FROM rate_count")).all())
    assert "203.0.113" not in kept


@on_postgresql
def test_counts_of_windows_that_are_over_are_forgotten(desk: Desk) -> None:
    counted(desk, "9.9.9.9", NOW)

    with desk.bank.unit() as session:
        shared = session.scalar(select(func.count()).select_from(RateCount))
        young = forget_counts(session, now=NOW + timedelta(hours=2))
        old = forget_counts(session, now=NOW + timedelta(hours=3))

    assert (young, old) == (0, shared)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of a subject, so many seconds after the one before."""

    subject: str
    seconds_later: int


REQUESTS = st.lists(
    st.builds(Asked, st.sampled_from(["a", "b"]), st.integers(min_value=0, max_value=40)),
    max_size=60,
)


@given(REQUESTS, st.integers(min_value=1, max_value=5))
def test_no_window_lets_more_through_than_its_limit_and_none_less(
    asked: list[Asked], limit: int
) -> None:
    counters, policy = MemoryCounters(), Policy("page", limit, 60)
    through: dict[tuple[str, int], int] = {}
    second = 0
    for each in asked:
        second += each.seconds_later
        place = (each.subject, second - second % 60)

        used = counters.count(each.subject, policy, place[1])

        expected = through.get(place, 0) + 1
        assert used == (expected if expected <= limit else None)
        through[place] = min(expected, limit)


def test_a_memory_that_is_full_counts_all_others_as_one() -> None:
    counters, policy = MemoryCounters(), Policy("page", 2, 60)
    for number in range(SUBJECTS_MAX):
        counters.count(str(number), policy, 0)

    strangers = [counters.count(f"stranger {number}", policy, 0) for number in range(3)]

    assert strangers == [1, 2, None]
    assert counters.count("7", policy, 0) == 2


@on_postgresql
def test_the_database_counts_as_the_memory_does(desk: Desk) -> None:
    shared, memory = desk.bank.app.extensions[COUNTERS], MemoryCounters()
    dice, policy = Random(8), Policy("page", 3, 60)

    windows = [dice.choice((0, 60, 120, 6_000)) for _ in range(300)]

    asked = [(counters, window_at) for window_at in windows for counters in (shared, memory)]
    answers = [counters.count("a", policy, window_at) for counters, window_at in asked]
    assert answers[::2] == answers[1::2]
    assert {1, 3, None} <= set(answers)
