"""What counts does not depend on the order of acts: one after another, or many at once."""

import random
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import creditbank.crediting.fold as fold_module
from creditbank.ledger.balance import Balance, balances_of
from creditbank.ledger.models import Movement
from tests.acts import approve, key_of, publish, register_enterprise, roster, withdraw
from tests.bank import TestBank, found_test_bank, invented_person
from tests.conftest import Database
from tests.faults.processes import run_together
from tests.ledger.test_laws import DAYS, PACK, PROVIDERS

#: (filing, day, minutes; None takes the attendance back)
Act = tuple[int, int, int | None]
FEW = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
FIRST_FAILURE = settings(FEW, max_examples=60, derandomize=True, phases=(Phase.generate,))
_NUMBERS = count(1)


@pytest.fixture
def bank(database: Database, tmp_path: Path) -> Iterator[TestBank]:
    made = found_test_bank(database.settings(tmp_path / "home", lock_wait_seconds=120))
    publish(made, PACK)
    for uscc in PROVIDERS:
        register_enterprise(made, uscc, "cn-3711")
    yield made
    made.close()


def filings_of(bank: TestBank) -> list[str]:
    """Open filings on the same days by two providers, in two subjects."""
    return [
        approve(bank, DAYS, seats=500, subject=subject, uscc=uscc)
        for uscc in PROVIDERS
        for subject in ("professional", "public.general")
    ]


@st.composite
def two_orders(draw: st.DrawFn) -> tuple[list[Act], list[Act]]:
    """Draw the acts about some occasions, each in its own order, mixed in two ways."""
    occasions = draw(
        st.sets(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=2, max_size=7)
    )
    chains: list[list[Act]] = []
    for filing, day in sorted(occasions):
        first = draw(st.sampled_from((360, 360, 180, 100)))
        chain: list[Act] = [(filing, day, first)]
        if draw(st.booleans()):
            chain.append((filing, day, None))
            if draw(st.booleans()):
                chain.append((filing, day, draw(st.sampled_from((360, 200)))))
        chains.append(chain)
    return mixed(draw, chains), mixed(draw, chains)


def mixed(draw: st.DrawFn, chains: Sequence[Sequence[Act]]) -> list[Act]:
    """Mix chains into one order that keeps each chain's own."""
    turns = draw(st.permutations([n for n, chain in enumerate(chains) for _ in chain]))
    rest = [list(chain) for chain in chains]
    return [rest[turn].pop(0) for turn in turns]


def done_in_order(bank: TestBank, filings: Sequence[str], acts: Sequence[Act]) -> list[Balance]:
    """Let somebody new live through these acts; return what they hold at the end."""
    person = invented_person(next(_NUMBERS))
    for filing, day, minutes in acts:
        if minutes is None:
            withdraw(bank, filings[filing], person, [DAYS[day]])
        else:
            result = bank.post(filings[filing], roster([(person, DAYS[day], minutes)]))
            assert result.rows_credited == 1
    return held_by(bank, key_of(bank, person))


def held_by(bank: TestBank, person_id: int) -> list[Balance]:
    """Return what a person holds; accounts that came back to nothing are none."""
    with bank.reading() as session:
        found = balances_of(session, [person_id], "cn-3711")
    return [each for each in found if each.live_centihours or each.capped_centihours]


def compare(bank: TestBank, chosen: settings) -> None:
    """Live through the same acts in two orders, again and again."""
    filings = filings_of(bank)

    @chosen
    @given(orders=two_orders())
    def same(orders: tuple[list[Act], list[Act]]) -> None:
        one, other = (done_in_order(bank, filings, acts) for acts in orders)
        assert one == other

    same()


def test_any_order_of_the_same_acts_ends_in_the_same_balances(bank: TestBank) -> None:
    compare(bank, FEW)

    assert bank.fsck() == []


def test_a_cap_that_never_lets_go_depends_on_the_order(
    bank: TestBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fold_module._differences

    def only_more(*words: Any) -> list[Any]:
        return [draft for draft in real(*words) if draft.movement == Movement.CAP]

    monkeypatch.setattr(fold_module, "_differences", only_more)

    with pytest.raises(AssertionError):
        compare(bank, FIRST_FAILURE)


def test_acts_at_once_end_in_the_balances_of_acts_in_a_row(bank: TestBank) -> None:
    filings, people, posters = filings_of(bank), 6, 4
    rng = random.Random(7)
    acts = [
        (filing_no, number, day, rng.choice((360, 360, 180, 100)))
        for filing_no in filings
        for number in range(people)
        for day in DAYS
        if rng.random() < 0.8
    ]
    rng.shuffle(acts)
    jobs: list[dict[str, object]] = [
        {"seed": poster, "rosters": [as_roster(*act) for act in acts[poster::posters]]}
        for poster in range(posters)
    ]

    said = run_together(bank, jobs)
    for filing_no, number, day, minutes in sorted(acts):
        bank.post(filing_no, roster([(twin(number), day, minutes)]))

    assert {outcome for each in said for outcome in each["outcomes"]} == {"posted"}
    for number in range(people):
        at_once = held_by(bank, key_of(bank, invented_person(number)))
        assert at_once == held_by(bank, key_of(bank, twin(number)))
        assert any(each.capped_centihours for each in at_once)
    assert bank.fsck() == []


def as_roster(filing_no: str, number: int, day: date, minutes: int) -> tuple[str, list[Any]]:
    """Return one line as a worker is told it."""
    return filing_no, [(number, day.isoformat(), minutes)]


def twin(number: int) -> Any:
    """Return somebody else to whom the same happens."""
    return invented_person(number + 500)
