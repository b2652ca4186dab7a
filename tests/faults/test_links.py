"""Two keys are found to be one person while somebody posts: the caps join them all the same."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from creditbank.crediting.links import LinkFinding, record_finding
from creditbank.ledger.balance import balances_of
from tests.acts import approve, key_of, roster
from tests.bank import NOW, SEMINAR_DAYS, TestBank, found_test_bank, invented_person
from tests.conftest import Database
from tests.faults.processes import Worker, event

ONE, OTHER = 1, 2
#: Long enough for a poster to come to the lock that the finding holds.
MEANWHILE_SECONDS = 1.5


@pytest.fixture
def bank(database: Database, tmp_path: Path) -> Iterator[TestBank]:
    made = found_test_bank(database.settings(tmp_path / "home"))
    yield made
    made.close()


@pytest.mark.parametrize("linked", [True, False], ids=["linked", "parted"])
def test_a_poster_that_waited_for_a_finding_counts_by_it(bank: TestBank, linked: bool) -> None:
    one, other = invented_person(ONE), invented_person(OTHER)
    first, second = (approve(bank, SEMINAR_DAYS) for _ in range(2))
    day = SEMINAR_DAYS[0]
    bank.post(first, roster([(one, day, 360), (other, SEMINAR_DAYS[1], 360)]))
    if not linked:
        find(bank, linked=True)
    start = event()
    line = (OTHER, day.isoformat(), 360)
    poster = Worker(bank, "post_many", start=start, seed=1, rosters=[(second, [line])])
    assert poster.hear() == {"ready": True}

    finding = LinkFinding(one, other, linked, "cn-3710", "official-test")
    with bank.unit() as session:
        record_finding(session, bank.house.vault, finding, now=NOW)
        start.set()
        time.sleep(MEANWHILE_SECONDS)
    assert poster.hear() == {"outcomes": ["posted"]}
    poster.end()

    with bank.reading() as session:
        keys = [key_of(bank, one), key_of(bank, other)]
        held = balances_of(session, keys, "cn-3710")
    assert sum(each.capped_centihours for each in held) == (800 if linked else 0)


def find(bank: TestBank, *, linked: bool) -> None:
    """Record the finding that the two are, or are not, one person."""
    one, other = invented_person(ONE), invented_person(OTHER)
    finding = LinkFinding(one, other, linked, "cn-3710", "official-test")
    with bank.unit() as session:
        record_finding(session, bank.house.vault, finding, now=NOW)
