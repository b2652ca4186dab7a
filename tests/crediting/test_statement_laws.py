"""Under any history: a statement closes on the balance, and what was known stays known."""

from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from creditbank.crediting.balances import Held, Times, held_at
from creditbank.crediting.imports import RecordRow
from creditbank.crediting.own import keys_of
from creditbank.crediting.statements import StatementAsk, statement_of, statement_of_filings
from creditbank.crediting.withdrawals import NothingToWithdrawError
from creditbank.people.register import Identity
from tests.achievements import PAPER, PATENT, WORKS, publish_works, recognised
from tests.acts import approve, key_of, roster, seal_all, withdraw
from tests.bank import NOW, SEMINAR_DAYS, TestBank, invented_person

SCHEME = "cn-3710"
#: Hours of these days are cut when they are filled twice.
DAYS = SEMINAR_DAYS
NUMBERS = count(300)
FEW = settings(
    max_examples=4, deadline=None, derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck), print_blob=False,
)  # fmt: skip
ACTS = st.one_of(
    st.tuples(st.just("attend"), st.integers(0, 1), st.integers(0, 2)),
    st.tuples(st.just("withdraw"), st.integers(0, 1), st.integers(0, 2)),
    st.tuples(st.just("seal"), st.just(0), st.just(0)),
    st.tuples(st.just("import"), st.integers(2022, 2025), st.just(0)),
)

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def filings(bank: TestBank) -> tuple[str, str]:
    return approve(bank, DAYS), approve(bank, DAYS)


def act(bank: TestBank, filings: Any, person: Identity, what: Any, now: Any) -> None:
    kind, which, day_no = what
    if kind == "seal":
        seal_all(bank, now=now)
    elif kind == "import":
        bank.imported([RecordRow(person, which, "professional", next(NUMBERS))], now=now)
    elif kind == "attend":
        bank.post(filings[which], roster([(person, DAYS[day_no], 360)]), now=now)
    else:
        with suppress(NothingToWithdrawError):
            withdraw(bank, filings[which], person, [DAYS[day_no]], now=now)


def held(bank: TestBank, key: int, **times: Any) -> Held:
    with bank.reading() as session:
        return held_at(session, [key], SCHEME, Times(**times))


def live(found: Held, year: int | None = None) -> int:
    return sum(b.live_centihours for b in found.balances if year in (None, b.credited_year))


@FEW
@given(acts=st.lists(ACTS, min_size=4, max_size=9))
def test_statements_close_on_the_balance_and_the_known_stays_known(
    bank: TestBank, filings: tuple[str, str], acts: list[Any]
) -> None:
    person = invented_person(next(NUMBERS))
    bank.imported([RecordRow(person, 2021, "professional", 100)], now=NOW)
    key, then = key_of(bank, person), []
    for what in acts:
        now = NOW + timedelta(minutes=next(NUMBERS))
        act(bank, filings, person, what, now)
        seal_all(bank, now=now)
        then.append((now, held(bank, key).balances))
        assert held(bank, key, known_at=now).balances == then[-1][1]
        assert held(bank, key, as_of=date(2200, 1, 1)).balances == then[-1][1]

    assert [held(bank, key, known_at=at).balances for at, _ in then] == [known for _, known in then]
    for as_of in (None, DAYS[0], DAYS[1], date(2024, 12, 31)):
        for at in (None, then[len(then) // 2][0]):
            _closes(bank, key, Times(as_of, at))


def _closes(bank: TestBank, key: int, times: Times) -> None:
    with bank.reading() as session:
        balance = held_at(session, [key], SCHEME, times)
        for from_, year in ((None, None), (DAYS[1], None), (None, 2026), (date(2023, 1, 1), 2024)):
            ask = StatementAsk(SCHEME, times, from_, year)
            found = statement_of(session, [key], ask)
            assert found.closing_centihours == live(balance, year)
            last = found.lines[-1].counted_centihours if found.lines else found.opening_centihours
            assert last == found.closing_centihours
            assert found.known_at == balance.known_at


def test_as_of_a_day_between_a_work_counts_at_its_first_worth(bank: TestBank) -> None:
    person, later = invented_person(1), date(2026, 11, 5)
    publish_works(bank)
    recognised(bank, person, replace(PAPER, rank=2))
    recognised(bank, person, replace(PATENT, day=later))
    with bank.reading() as session:
        people = keys_of(session, key_of(bank, person))
        plain, between = (
            statement_of(session, people, StatementAsk(WORKS, Times(as_of)))
            for as_of in (None, date(2026, 10, 31))
        )
        balance = held_at(session, people, WORKS, Times(date(2026, 10, 31)))

    assert (plain.closing_centihours, len(plain.lines)) == (4000, 3)
    assert live(balance) == between.closing_centihours == 1200
    assert [(line.movement, line.leaf == "", line.is_pending) for line in between.lines] == [
        ("credit", False, True), ("cap", False, True), ("uncap", True, False),
    ]  # fmt: skip
    assert between.lines[2].said("zh").startswith("截至 2026年10月31日")
    assert "let 12.00 hours more count" in between.lines[2].said("en")


def test_the_statement_of_a_filing_keeps_caps_as_they_were_posted(
    bank: TestBank, filings: tuple[str, str]
) -> None:
    person = invented_person(2)
    for filing_no in filings:
        bank.post(filing_no, roster([(person, DAYS[0], 360)]))
    seal_all(bank)
    with bank.reading() as session:
        found = [
            statement_of_filings(
                session, bank.house.vault, [filing_no], StatementAsk(SCHEME, Times(day, known_at))
            )
            for filing_no in filings
            for day, known_at in ((DAYS[0], None), (DAYS[0] - timedelta(days=1), None), (None, NOW))
        ]

    closings = [each.statement.closing_centihours for each in found]
    assert sorted(closings) == [0, 0, 0, 0, 800, 800]
    assert {each for holders in found for each in holders.people.values()} == {
        (person.name, person.document.number[-4:])
    }
