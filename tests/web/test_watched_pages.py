"""Watched verdicts by the pages and by command: begun, told, delivered again, ended."""

import re
import threading

import pytest

from creditbank.jobs.watching import run_watches
from creditbank.people.register import Identity
from creditbank.verification.models import Verdict
from tests.acts import seal_all
from tests.bank import SEMINAR_DAYS, attendance, invented_person
from tests.cli.bench import terminal_for
from tests.web.test_queries_pages import words
from tests.web.test_verdict_pages import NUMBER, Seat
from tests.web.visitors import Visitors

PERSON: Identity = invented_person(7)
HERE = "/verdicts/watched"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_committee_watches_a_verdict_and_reads_what_superseded_it(visitors: Visitors) -> None:
    seat, bank = Seat(visitors), visitors.bank
    bank.post(bank.approved_filing(), attendance([PERSON], SEMINAR_DAYS[:1]))
    seal_all(bank)
    empty = words(seat.browser.get(HERE))
    number = NUMBER.findall(seat.ask().path)[0]
    seat.browser.send(f"/verdicts/{number}/watch")
    begun = words(seat.browser)
    refused = seat.browser.get(HERE).send(f"{HERE}/webhook", url="http://inside/").status
    seat.browser.get(HERE).send(f"{HERE}/webhook", url="https://titles.example/events")
    bank.post(bank.approved_filing(), attendance([PERSON], SEMINAR_DAYS[1:2]))
    seal_all(bank)
    run_watches(threading.Event())

    told = words(seat.browser.get(HERE))
    [event_no] = set(re.findall(r"\bN[0-9A-Z]{15}\b", told))
    seat.browser.send(f"{HERE}/{event_no}/redelivery")
    again = words(seat.browser)
    terminal, asker = terminal_for(bank.house.settings), _asker(seat, number)
    listed = terminal.run("events", "list", "--client", asker).output
    done = terminal.run("events", "redeliver", event_no, "--client", asker).output
    nothing = terminal.run("events", "list", "--client", "title_system-00000000").output
    old = words(seat.browser.get(f"/verdicts/{number}"))
    seat.browser.get(HERE).send(f"{HERE}/webhook/ending")
    seat.browser.get(HERE).send(f"/verdicts/{number}/watch-ending")

    assert "还没有事件" in empty
    assert "已关注" in begun
    assert refused == 422
    assert "结论不变，依据有变化" in told
    assert "学时记录" in told
    assert "待投递" in told
    assert "将再次投递" in again
    assert event_no in listed
    assert "将再次投递" in done
    assert "没有变化" in nothing
    assert "更新的结果是" in old
    assert "没有关注的结果" in words(seat.browser)


def _asker(seat: Seat, number: str) -> str:
    with seat.bank.reading() as session:
        return session.get_one(Verdict, number).client_id
