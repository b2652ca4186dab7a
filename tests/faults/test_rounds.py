"""Round after round of faults: nothing acknowledged is lost, nothing published is taken back.

CREDITBANK_TEST_FAULT_ROUNDS asks for more rounds (`make faults`: 200), CREDITBANK_TEST_FAULT_SEED
for the rounds of an earlier run.
"""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from creditbank.config import Settings
from creditbank.db import make_engine
from creditbank.guards import APP_ROLE, SEALER_ROLE, make_roles
from creditbank.migrating import upgrade
from tests.bank import found_test_bank
from tests.conftest import DATABASES, Database
from tests.faults.campaign import FAULTS, Campaign, Server
from tests.faults.processes import Worker

#: A bank is fresh after so many rounds, so that the audit of a round stays short.
ROUNDS_OF_ONE_BANK = 20
ROUNDS = int(os.environ.get("CREDITBANK_TEST_FAULT_ROUNDS", "0"))
SEED = int(os.environ.get("CREDITBANK_TEST_FAULT_SEED", "0")) or random.randrange(1, 10**9)
BANKS = range(max(1, -(-ROUNDS // ROUNDS_OF_ONE_BANK)))
#: In the suite: one round each of what no other test does.
SHORT = ("kill_sealer", "kill_server", "fill_disk", "set_clock_back", "new_year")
Tally = Callable[[str, object], None]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.end()


@pytest.fixture(params=DATABASES)
def campaign(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Campaign]:
    seed = SEED + getattr(request.node, "callspec").params.get("number", 0)  # noqa: B009
    server: Server | None = None
    url = f"sqlite:///{tmp_path / 'bank.sqlite3'}"
    database = Database("sqlite", url, url, url)
    if request.param == "postgresql":
        server = request.getfixturevalue("server")
        database = _own_database(server, f"bank_{os.urandom(6).hex()}")
    owner = make_engine(database.owner_url, Settings(), owner=True)
    upgrade(owner)
    make_roles(owner)
    owner.dispose()
    bank = found_test_bank(database.settings(tmp_path / "home"))
    yield Campaign(bank, seed, server)
    bank.close()


def _own_database(server: Server, name: str) -> Database:
    admin = create_engine(server.url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    owner, app, sealer = (
        make_url(server.url).set(database=name, **named).render_as_string(hide_password=False)
        for named in ({}, {"username": APP_ROLE}, {"username": SEALER_ROLE})
    )
    return Database("postgresql", owner, app, sealer)


@pytest.mark.parametrize("number", BANKS)
def test_whatever_happens_nothing_acknowledged_is_lost_and_nothing_published_taken_back(
    campaign: Campaign, number: int, record_property: Tally
) -> None:
    rounds = (
        campaign.rng.choices(list(FAULTS), k=min(ROUNDS_OF_ONE_BANK, ROUNDS)) if ROUNDS else SHORT
    )
    tally: Counter[str] = Counter()

    for fault in rounds:
        how = FAULTS[fault](campaign)
        tally[f"{fault} {how}"] += 1
        assert campaign.audit() == [], f"seed {SEED}, bank {number}, after {dict(tally)}"

    record_property("tally", f"seed {SEED}, bank {number}: {dict(tally)}")
    assert sum(tally.values()) == len(rounds)


def test_a_poster_that_keeps_nothing_is_caught(campaign: Campaign) -> None:
    posting = campaign.posting()
    poster = posting.poster(0, "forget_commits")
    said = poster.hear()
    poster.end()
    campaign.acknowledge(posting)

    assert said["status"] == 201
    assert f"lost {posting.key}" in campaign.audit()


def test_a_sealer_that_publishes_what_it_does_not_keep_is_caught(campaign: Campaign) -> None:
    assert campaign.audit() == []
    campaign.completed(campaign.posting())
    sealer = Worker(campaign.bank, "seal_and_wait", moment=0, double="forget_commits")
    said = sealer.hear()
    sealer.end()
    published = {tuple(head) for head in said["heads"]} - campaign.published()
    campaign.heads |= published
    campaign.completed(campaign.posting())

    assert published
    assert {f"head {origin} {size}" for origin, size, _ in published} <= set(campaign.audit())
