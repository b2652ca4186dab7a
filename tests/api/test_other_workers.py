"""What a worker remembers between requests is never what another has changed meanwhile."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from creditbank.app import create_app
from creditbank.db import db
from creditbank.keys import KeyStore
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.ledger.models import Source, SourceKind
from creditbank.ledger.sources import Bounds, SourceDraft, open_source
from creditbank.limits import COUNTERS, Policy, close_limits
from creditbank.readymade import lasting
from creditbank.registry.lawbook import law_of
from tests.acts import publish
from tests.api.desk import Caller, Desk, problem_of
from tests.api.test_registry_and_verdicts import granted, on_record, question
from tests.bank import NOW, TestBank
from tests.lawtexts import COUNTY, hours, law

on_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
def elsewhere(desk: Desk) -> Iterator[Caller]:
    """The title system at another worker on the same database."""
    app = create_app(replace(desk.bank.house.settings))
    yield Caller(app.test_client(), desk.title_system.token)
    with app.app_context():
        db.engine.dispose()
        app.extensions["creditbank-sealer-engine"].dispose()
    close_limits(app)


def test_a_mandate_that_one_worker_suspends_holds_at_no_other(
    desk: Desk, elsewhere: Caller
) -> None:
    on_record(desk)
    mandate = f"/api/v1/mandates/{granted(desk)}/state"
    before = [elsewhere.post("/api/v1/verdicts", question()).status_code for _ in range(2)]

    desk.official.post(mandate, {"state": "suspended"})
    suspended = elsewhere.post("/api/v1/verdicts", question())
    desk.official.post(mandate, {"state": "active"})

    assert before == [201, 201]
    assert problem_of(suspended)["code"] == "mandate-missing"
    assert elsewhere.post("/api/v1/verdicts", question()).status_code == 201


def test_a_client_that_one_worker_revokes_is_refused_at_every_other(
    desk: Desk, elsewhere: Caller
) -> None:
    on_record(desk)
    granted(desk)
    before = elsewhere.post("/api/v1/verdicts", question())

    revoked = desk.administrator.post(
        f"/api/v1/clients/{desk.title_system.client_id}/revocation", {}
    )

    assert (before.status_code, revoked.status_code) == (201, 200)
    assert problem_of(elsewhere.post("/api/v1/verdicts", question()))["code"] == "token-refused"


def test_the_law_is_what_is_published_now_however_often_it_was_asked_for(bank: TestBank) -> None:
    publish(bank, law(hours("40")).decode())
    with bank.reading() as session:
        first, again = law_of(session, COUNTY), law_of(session, COUNTY)
    stricter = hours("50", "2026-01-01", replaces="2020-01-01")
    publish(bank, law(hours("40"), stricter, version=2).decode())

    with bank.reading() as session:
        new, known_then = law_of(session, COUNTY), law_of(session, COUNTY, NOW)

    assert first is again, "it is put together once"
    assert [chain.packs[0].version for chain in (first, new, known_then)] == [1, 2, 2]


def test_what_was_read_of_rows_that_were_never_committed_is_not_kept(bank: TestBank) -> None:
    with bank.unit() as session:
        act = record_act(session, ActDraft("record.recognised", "cn-3710", "o", "D1", {}), now=NOW)
        bounds = Bounds(people_max=1, person_centihours_max=1)
        draft = SourceDraft("D1", SourceKind.DECISION, "cn-3710", "cn-3710", bounds, act.act_id)
        number = open_source(session, draft)
        lasting(session)["seen", number] = session.get_one(Source, number).source_no
        session.rollback()

    with bank.unit() as session:
        assert ("seen", number) not in lasting(session)
    with bank.reading() as session:
        lasting(session)["seen", 0] = "committed"
        assert ("seen", number) not in lasting(session)
    with bank.reading() as session:
        assert lasting(session)["seen", 0] == "committed"


def test_a_key_that_another_process_made_is_used_at_once(tmp_path: Path) -> None:
    ours, theirs = KeyStore(tmp_path), KeyStore(tmp_path)
    ours.ensure()
    assert ours.newest("lookup").number == 1

    theirs.rotate("lookup")

    assert [each.number for each in ours.every("lookup")] == [2, 1]


@on_postgresql
def test_workers_that_take_counts_in_blocks_let_no_more_through_than_the_limit(
    desk: Desk, elsewhere: Caller
) -> None:
    policy = Policy("client", 1_610, 60)
    workers = [
        desk.bank.app.extensions[COUNTERS],
        elsewhere.client.application.extensions[COUNTERS],
    ]
    counts: list[int] = []

    def ask_on(counters: object) -> None:
        while (count := counters.count("one client", policy, 0)) is not None:  # type: ignore[attr-defined]
            counts.append(count)

    threads = [threading.Thread(target=ask_on, args=[each]) for each in workers * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(counts) == len(set(counts)), "no count is given out twice"
    assert max(counts) <= policy.limit
    assert len(counts) >= policy.limit - 16 * len(threads)
