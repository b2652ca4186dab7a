"""Eight posters at once against one filing: its bounds hold, whoever comes first."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from creditbank.db import make_engine
from creditbank.ledger.models import Entry
from tests.acts import approve
from tests.bank import SEMINAR_DAYS, TestBank, found_test_bank
from tests.conftest import Database
from tests.faults.audit import live_credits, violations
from tests.faults.doubles import drop_natural_keys
from tests.faults.processes import run_together

POSTERS = 8
#: posted by each of them
ROSTERS = 5
SEATS = 40
PEOPLE = 64
Tally = Callable[[str, object], None]


@pytest.fixture
def bank(database: Database, tmp_path: Path) -> Iterator[TestBank]:
    settings = database.settings(tmp_path / "home", lock_wait_seconds=120)
    made = found_test_bank(settings)
    yield made
    made.close()


def rosters(filings: Sequence[str], each: int) -> list[list[list[tuple[str, list[object]]]]]:
    """Return each poster's rosters: the same people and sessions again and again, in any order."""
    rng = random.Random(20261120)
    work = []
    for _ in range(POSTERS):
        mine = []
        for _ in range(each):
            lines = [
                (number, day.isoformat(), rng.choice((360, 360, 360, 180, 200)))
                for number in rng.sample(range(PEOPLE), 14)
                for day in rng.sample(SEMINAR_DAYS, rng.randint(1, 3))
            ]
            rng.shuffle(lines)
            mine.append((rng.choice(filings), lines))
        work.append(mine)
    return work


def post_at_once(bank: TestBank, filings: Sequence[str], double: str = "") -> Counter[str]:
    """Let the posters loose; return how their rosters and rows fared."""
    work = rosters(filings, each=3 if double else ROSTERS)
    jobs = [{"rosters": mine, "seed": n, "double": double} for n, mine in enumerate(work)]
    said = run_together(bank, jobs)
    return Counter(outcome for each in said for outcome in each["outcomes"])


def test_eight_posters_never_pass_the_bounds_of_a_filing(
    bank: TestBank, record_property: Tally
) -> None:
    filing_no = approve(bank, SEMINAR_DAYS, seats=SEATS)

    outcomes = post_at_once(bank, [filing_no])

    record_property("tally", dict(outcomes))
    assert violations(bank) == []
    assert outcomes.keys() == {"posted", "roster-seats-full", "roster-already-credited"}
    assert outcomes["posted"] == POSTERS * ROSTERS
    with bank.reading() as session:
        live = live_credits(session.scalars(select(Entry)).all())
    assert len({credit.person_id for credit in live}) == SEATS


def test_eight_posters_never_pass_the_cap_of_a_day(bank: TestBank, record_property: Tally) -> None:
    filings = [approve(bank, SEMINAR_DAYS, seats=SEATS) for _ in range(3)]

    outcomes = post_at_once(bank, filings)

    record_property("tally", dict(outcomes))
    assert violations(bank) == []
    assert outcomes["posted"] == POSTERS * ROSTERS
    with bank.reading() as session:
        assert session.scalars(select(Entry).where(Entry.movement == "cap")).first()


def test_a_bound_that_is_only_checked_is_caught(bank: TestBank, record_property: Tally) -> None:
    filing_no = approve(bank, SEMINAR_DAYS, seats=SEATS)

    post_at_once(bank, [filing_no], double="check_then_insert")

    found = [each for each in violations(bank) if each.startswith(("seats", "fsck fsck-bound"))]
    record_property("tally", found)
    assert found


def test_a_missing_natural_key_is_caught(
    bank: TestBank, database: Database, record_property: Tally
) -> None:
    filing_no = approve(bank, SEMINAR_DAYS, seats=SEATS)
    owner = make_engine(database.owner_url, bank.house.settings, owner=True)
    drop_natural_keys(owner)
    owner.dispose()

    post_at_once(bank, [filing_no], double="no_live_check")

    found = [each for each in violations(bank) if each.startswith("twice")]
    record_property("tally", f"{len(found)} sessions counted twice")
    assert found


def test_caps_that_nobody_counts_again_are_caught(bank: TestBank, record_property: Tally) -> None:
    filings = [approve(bank, SEMINAR_DAYS, seats=SEATS) for _ in range(3)]

    post_at_once(bank, filings, double="no_fold")

    found = [each for each in violations(bank) if each.startswith("day")]
    record_property("tally", f"{len(found)} days beyond the cap")
    assert found
