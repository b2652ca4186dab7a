"""Every movement of hours at once, in eight processes: whatever comes first, the laws hold."""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from creditbank.auditing import audit
from creditbank.ledger.models import Entry
from creditbank.people.register import linked_people, secret_states
from tests.acts import approve as approved
from tests.acts import publish, register_enterprise, roster
from tests.bank import SEMINAR_DAYS, TestBank, found_test_bank, invented_person
from tests.conftest import Database
from tests.faults.audit import live_credits, violations
from tests.faults.processes import run_some_killed
from tests.lawtexts import COUNTY
from tests.reassessing import ELSEWHERE, USCC, county_law, day_worth, mend

PEOPLE = range(1, 7)
DAYS = SEMINAR_DAYS[:2]
PROCESSES = 8
ACTS_EACH = 25
#: How many of them are killed, and at which of their statements.
KILLED, DEATHS = 2, (20, 400)
#: An earlier day of the newest year and one of the year before: what New Year parts.
NEW_YEAR = (date(2025, 12, 31), date(2026, 1, 1))
Tally = Callable[[str, object], None]
CAP = {"cap__day": '{ per = "day", hours = "8", order = 10 }'}


@pytest.fixture
def bank(database: Database, tmp_path: Path) -> Iterator[TestBank]:
    made = found_test_bank(database.settings(tmp_path / "home", lock_wait_seconds=120))
    publish(made, county_law(**CAP))
    register_enterprise(made, USCC, COUNTY)
    publish(made, county_law(id=ELSEWHERE))
    yield made
    made.close()


def some_act(rng: random.Random, filings: list[str], days: list[date]) -> list[object]:
    """Return one act of an official, provider or clerk, on somebody, chosen by chance."""
    number, filing_no, day = rng.choice(PEOPLE), rng.choice(filings), rng.choice(days).isoformat()
    minutes = rng.choice([120, 180, 240, 300, 360])
    one, other = rng.sample(PEOPLE, 2)
    acts: list[tuple[int, list[object]]] = [
        (6, ["post_day", filing_no, number, day, minutes]),
        (4, ["correct", filing_no, number, day, minutes]),
        (2, ["withdraw_day", filing_no, number, day]),
        (3, ["investigate", filing_no, number, rng.choice(["cleared", "cleared", "found-false"])]),
        (2, ["find", one, other, True]),
        (2, ["find", one, other, False]),
        (2, ["transfer_newest", number, COUNTY, ELSEWHERE]),
        (1, ["import", COUNTY, number, rng.choice([2024, 2025])]),
    ]
    weights, chosen = zip(*acts, strict=True)
    return rng.choices(chosen, weights)[0]


def folds(bank: TestBank) -> list[str]:
    """Name each credit of which caps hold what no law gives."""
    with bank.reading() as session:
        states = lambda people: secret_states(session, bank.house.vault, people)  # noqa: E731
        found = audit(session, states, folds=True, vault=bank.house.vault)
        return [f"{each.code} {each.table} {each.key}" for each in found]


def twice(bank: TestBank) -> list[object]:
    """Name what one person, over all linked keys, has live twice."""
    with bank.reading() as session:
        live = live_credits(session.scalars(select(Entry)).all())
        groups = linked_people(session, {each.person_id for each in live})
    counted = Counter((groups[each.person_id], each.scheme, each.occasion) for each in live)
    return [key for key, times in counted.items() if times > 1]


def storm(bank: TestBank, seed: int, **faults: object) -> Counter[str]:
    """Let eight processes do whatever officials, providers and clerks do; two die on the way."""
    rng = random.Random(seed)
    days = [*DAYS, *NEW_YEAR]
    filings = [approved(bank, days, uscc=USCC, seats=5) for _ in range(3)]
    for filing_no, there in zip(filings, (PEOPLE[:4], PEOPLE[1:5], PEOPLE[2:]), strict=True):
        bank.post(filing_no, roster([(invented_person(number), DAYS[0], 240) for number in there]))
    mend(bank, 2, **CAP, **day_worth("6"))
    jobs: list[dict[str, object]] = [
        {"acts": [some_act(rng, filings, days) for _ in range(ACTS_EACH)], **faults}
        for _ in range(PROCESSES)
    ]
    jobs[0]["acts"] = [["reassess"], *jobs[0]["acts"]]
    for job in jobs[-KILLED:]:
        job["die_at"] = rng.randint(*DEATHS)
    said = run_some_killed(bank, jobs, "act_many")
    return Counter(outcome for each in said for outcome in each["outcomes"])


def broken(bank: TestBank) -> list[object]:
    """Name every law that does not hold any more."""
    return [*violations(bank), *twice(bank), *folds(bank)]


def test_whoever_comes_first_no_hour_is_lost_doubled_or_changed(
    bank: TestBank, record_property: Tally
) -> None:
    seed = int(os.environ.get("CREDITBANK_TEST_SEED") or random.randrange(2**31))

    outcomes = storm(bank, seed)

    record_property("tally", f"seed {seed}: {outcomes['done']} acts of {outcomes.total()} done")
    assert not [each for each in outcomes if each.startswith("error")], (seed, outcomes)
    assert outcomes["done"] > ACTS_EACH, (seed, outcomes)
    assert broken(bank) == [], seed


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("double", ["no_hold", "no_fold"])
def test_without_locks_or_folds_it_is_seen(bank: TestBank, double: str) -> None:
    outcomes = storm(bank, 20261123, double=double)

    assert any(each.startswith("error") for each in outcomes) or broken(bank), outcomes
