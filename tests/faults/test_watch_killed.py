"""The watcher is killed at moments of its work: whoever comes next tells each change, once."""

import random
import threading

from creditbank.answering import answered
from creditbank.jobs.watching import run_watches
from creditbank.verification.events import feed_of
from creditbank.verification.watching import watch_verdict
from tests.acts import seal_all
from tests.bank import NOW, TestBank, attendance
from tests.faults.processes import Worker
from tests.verification.askers import asker
from tests.verification.test_watching import ASK, PERSON, SEMINAR_DAYS, post

KILLS = 4


def test_a_change_is_told_once_however_often_the_watcher_is_killed(bank: TestBank) -> None:
    client = asker(bank)
    post(bank)
    verdict_no = answered(ASK, client, now=NOW).verdict_no
    with bank.unit() as session:
        watch_verdict(session, verdict_no, client, now=NOW)
    run_watches(threading.Event())
    bank.post(bank.approved_filing(), attendance([PERSON], SEMINAR_DAYS[1:2]))
    seal_all(bank)

    places = []
    for moment in sorted(random.sample(range(1, 60), KILLS)):
        worker = Worker(bank, "watch_and_wait", moment=moment)
        places.append(worker.hear()["moment"])
        worker.kill()
    run_watches(threading.Event())

    with bank.reading() as session:
        events = [fed.event for fed in feed_of(session, client, after=0, limit=9)]
    assert [each.verdict_no for each in events] == [verdict_no], places
    assert [each.position for each in events] == [1]
    assert bank.fsck() == []
