"""Watched verdicts: whatever changes what one rests on is told once, by an answer that supersedes
it; nothing is missed, however sealing, watching and interruptions meet."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import pytest
from sqlalchemy import insert, select

from creditbank.answering import answered
from creditbank.canonical import tagged_digest
from creditbank.crediting.links import LinkFinding, record_finding
from creditbank.db import db, unit_of_work
from creditbank.jobs import watching as job
from creditbank.jobs.watching import run_watches
from creditbank.ledger.models import Entry
from creditbank.registry.clients import Client
from creditbank.registry.facts import Ground
from creditbank.registry.mandates import change_mandate
from creditbank.verification import watching
from creditbank.verification.events import feed_of, give_positions
from creditbank.verification.exemption_steps import revoke_exemption
from creditbank.verification.kept import statement_of, superseded_by
from creditbank.verification.models import Verdict
from creditbank.verification.questions import Ask, Disclosure
from creditbank.verification.watch_models import ClientEvent, VerdictWatch
from creditbank.verification.watching import CHANGED, SUPERSEDED, UNWATCHED, watch_verdict
from tests.acts import investigate, key_of, publish, seal_all, withdraw
from tests.bank import NOW, SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.verification.askers import asker
from tests.verification.exempted import DAY as EXEMPTED_ON
from tests.verification.exempted import approved, filed, list_enterprise

PERSON, OTHER = invented_person(1), invented_person(2)
ASK = Ask(
    PERSON, "cn-3710", "engineering", "associate_senior", date(2027, 3, 15), "评审", "第25号令",
    {"current_title_on": "2018-06-30"}, Disclosure.DECISION,
)  # fmt: skip


def post(bank: TestBank, day: date = SEMINAR_DAYS[0], who: Any = PERSON) -> str:
    """Post a day of attendance and seal it; return the filing's number."""
    filing_no = bank.approved_filing(days=[day])
    bank.post(filing_no, attendance([who], [day]))
    seal_all(bank)
    return filing_no


def watched(bank: TestBank, client: Client) -> str:
    """Ask, and watch the answer; return its number."""
    verdict_no = answered(ASK, client, now=NOW).verdict_no
    with bank.unit() as session:
        watch_verdict(session, verdict_no, client, now=NOW)
    run_watches(threading.Event())
    return verdict_no


def told(bank: TestBank, client: Client) -> list[ClientEvent]:
    """Let the watcher work; return all that the client was told."""
    run_watches(threading.Event())
    with bank.reading() as session:
        return [fed.event for fed in feed_of(session, client, after=0, limit=100)]


def find(bank: TestBank, *, linked: bool) -> None:
    finding = LinkFinding(PERSON, OTHER, linked, "cn-3710", "official-test")
    with bank.unit() as session:
        record_finding(session, bank.house.vault, finding, now=NOW)
    seal_all(bank)


def amended_law(bank: TestBank) -> None:
    pack = (files("creditbank_seeds") / "packs" / "cn.toml").read_text(encoding="utf-8")
    publish(bank, pack.replace("version      = 1\n", "version      = 2\n", 1))
    seal_all(bank)


def withdrawn(bank: TestBank, filing_no: str) -> None:
    withdraw(bank, filing_no, PERSON)
    seal_all(bank)


def frozen(bank: TestBank, filing_no: str) -> None:
    investigate(bank, filing_no)
    seal_all(bank)


CHANGES: dict[str, tuple[Callable[[TestBank, str], None], str]] = {
    "posted": (lambda bank, _: post(bank, SEMINAR_DAYS[1]) and None, "record"),
    "withdrawn": (withdrawn, "record"),
    "frozen": (frozen, "record"),
    "linked": (lambda bank, _: find(bank, linked=True), "record"),
    "law": (lambda bank, _: amended_law(bank), "law"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_the_ground_is_told_once_with_the_answer_that_supersedes(
    bank: TestBank, change: str
) -> None:
    client, filing_no = asker(bank), post(bank)
    post(bank, SEMINAR_DAYS[2], OTHER)
    verdict_no = watched(bank, client)
    before = told(bank, client)

    CHANGES[change][0](bank, filing_no)
    after = told(bank, client)
    again = told(bank, client)

    assert before == []
    [event] = after
    assert (event.kind, event.watched_no, event.verdict_no) == (SUPERSEDED, verdict_no, verdict_no)
    assert CHANGES[change][1] in event.changed.split()
    assert len(again) == 1
    with bank.reading() as session:
        old = session.get_one(Verdict, verdict_no)
        assert superseded_by(session, old) == event.superseded_by
        new = statement_of(session.get_one(Verdict, event.superseded_by))
        assert new["supersedes"] == verdict_no
        assert new["question"] == statement_of(old)["question"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_was_sealed_between_the_answer_and_the_watch_is_told(bank: TestBank) -> None:
    client = asker(bank)
    post(bank)
    verdict_no = answered(ASK, client, now=NOW).verdict_no
    post(bank, SEMINAR_DAYS[1])
    run_watches(threading.Event())
    with bank.unit() as session:
        watch_verdict(session, verdict_no, client, now=NOW)

    assert [each.verdict_no for each in told(bank, client)] == [verdict_no]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_another_outcome_is_another_kind_and_an_ended_mandate_ends_the_watch(
    bank: TestBank,
) -> None:
    client, filing_no = asker(bank), post(bank)
    verdict_no = watched(bank, client)
    withdrawn(bank, filing_no)
    mandate = ""
    with bank.reading() as session:
        mandate = statement_of(session.get_one(Verdict, verdict_no))["asker"]["mandate"]
    first = told(bank, client)
    with bank.unit() as session:
        change_mandate(session, mandate, "withdrawn", actor="official-test", now=NOW)
    post(bank, SEMINAR_DAYS[1])
    second = told(bank, client)[-1]
    post(bank, SEMINAR_DAYS[2])

    assert first[0].kind in {CHANGED, SUPERSEDED}
    assert (second.kind, second.changed, second.superseded_by) == (
        UNWATCHED, "mandate-missing", None,
    )  # fmt: skip
    assert len(told(bank, client)) == 2


def test_a_watcher_that_is_interrupted_anywhere_tells_it_once(
    bank: TestBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = asker(bank)
    post(bank)
    verdict_no = watched(bank, client)
    post(bank, SEMINAR_DAYS[1])
    for module, name in ((watching, "_mark_people"), (job, "sign"), (watching, "_tell")):
        with monkeypatch.context() as broken:

            def killed(*_: Any, **__: Any) -> None:
                raise KeyboardInterrupt

            broken.setattr(module, name, killed)
            with pytest.raises(KeyboardInterrupt):
                run_watches(threading.Event())

    assert [each.verdict_no for each in told(bank, client)] == [verdict_no]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_mark_that_is_lost_would_be_seen(bank: TestBank, monkeypatch: pytest.MonkeyPatch) -> None:
    client = asker(bank)
    post(bank)
    watched(bank, client)
    post(bank, SEMINAR_DAYS[1])
    with monkeypatch.context() as broken:
        broken.setattr(watching, "_mark", lambda *_: None)
        run_watches(threading.Event())

    assert told(bank, client) == []


def test_nothing_is_missed_while_others_post_seal_and_watch_at_once(bank: TestBank) -> None:
    client, filing_no = asker(bank), bank.approved_filing()
    bank.post(filing_no, attendance([PERSON], SEMINAR_DAYS[:1]))
    seal_all(bank)
    verdict_no = watched(bank, client)
    people = [invented_person(number) for number in range(3, 9)]

    def work(number: int) -> None:
        with bank.app.app_context():
            if number % 3 == 0:
                run_watches(threading.Event())
            elif number % 3 == 1:
                job.current_house()
                seal_all(bank)
            else:
                who = [PERSON, people[number // 3]]
                bank.post(
                    bank.approved_filing(), attendance(who, [SEMINAR_DAYS[number // 3 % 2 + 1]])
                )
            db.session.remove()

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(work, number) for number in range(18)]:
            done.exception()  # a writer that found the database busy is as good as interrupted
    seal_all(bank)
    events = told(bank, client)

    with bank.reading() as session:
        row = session.get_one(VerdictWatch, verdict_no)
        said = statement_of(session.get_one(Verdict, row.current_no))["record"]
        mine = select(Entry.leaf).where(Entry.person_id == key_of(bank, PERSON))
        leaves = sorted(session.scalars(mine))
    digest = tagged_digest("creditbank/record/v1", bytes.fromhex(said["salt"]), *leaves)
    chain = [verdict_no, *(each.superseded_by for each in events)]
    assert said["digest"] == digest.hex(), "the last answer counts every entry"
    assert [each.verdict_no for each in events] == chain[:-1], "each is superseded once"
    assert row.due_seal is None
    assert bank.fsck() == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_an_event_that_is_committed_late_comes_behind_those_that_were_seen(bank: TestBank) -> None:
    client = asker(bank)
    post(bank)
    verdict_no = answered(ASK, client, now=NOW).verdict_no

    def event(number: int) -> dict[str, Any]:
        return {
            "event_no": f"N{number:014d}", "client_id": client.client_id, "kind": CHANGED,
            "watched_no": verdict_no, "verdict_no": verdict_no, "changed": "outcome",
            "recorded_at": NOW + timedelta(seconds=number),
        }  # fmt: skip

    with unit_of_work() as late:
        late.execute(insert(ClientEvent), [event(1)])
        with unit_of_work() as session:
            session.execute(insert(ClientEvent), [event(2)])
        with unit_of_work() as session:
            give_positions(session, 10, now=NOW)
        with bank.reading() as session:
            seen = feed_of(session, client, after=0, limit=10)
    with bank.unit() as session:
        give_positions(session, 10, now=NOW)
    with bank.reading() as session:
        further = feed_of(session, client, after=seen[-1].event.position or 0, limit=10)

    assert [each.event.event_no[-1] for each in seen] == ["2"]
    assert [each.event.event_no[-1] for each in further] == ["1"]


def test_an_exemption_that_is_approved_or_taken_back_is_told(bank: TestBank) -> None:
    client = asker(bank)
    post(bank, SEMINAR_DAYS[2])
    list_enterprise(bank)
    number = filed(bank, PERSON)
    asked = replace(
        ASK, pathway="enterprise_recommendation", stated={}, application_day=EXEMPTED_ON
    )
    verdict_no = answered(asked, client, now=NOW).verdict_no
    with bank.unit() as session:
        watch_verdict(session, verdict_no, client, now=NOW)

    approved(bank, number)
    seal_all(bank)
    freed = told(bank, client)
    with bank.unit() as session:
        vault, ground = bank.house.vault, Ground("示例2号", EXEMPTED_ON, "弄虚作假")
        revoke_exemption(session, vault, number, ground, actor="official-test", now=NOW)
    seal_all(bank)
    after = told(bank, client)

    assert [event.kind for event in after] == [CHANGED, CHANGED]
    assert [event.changed for event in after] == ["outcome register", "outcome register"]
    assert [event.event_no for event in freed] == [after[0].event_no]
    with bank.reading() as session:
        outcomes = [session.get_one(Verdict, event.superseded_by).outcome for event in after]
    assert outcomes[0] == "exempt"
    assert outcomes[1] != "exempt"
