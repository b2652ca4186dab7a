"""The watcher at work: rounds of the sealer are looked at, questions asked again, events told."""

import threading

from creditbank.clock import utc_now
from creditbank.db import snapshot, unit_of_work
from creditbank.house import current_house
from creditbank.jobs.outbound import post, signed_headers
from creditbank.registry.bank import the_bank
from creditbank.verification.answers import sign
from creditbank.verification.events import (
    any_to_send,
    any_unplaced,
    give_positions,
    settle_sending,
    take_sending,
)
from creditbank.verification.status_events import any_unplaced_status, give_status_positions
from creditbank.verification.watching import (
    any_code_over,
    any_due,
    ask_again,
    due_watches,
    end_with_codes,
    look_on,
    settle_watch,
)

#: Watched verdicts that are asked again from one snapshot.
_DUE_AT_ONCE = 25
_EVENTS_AT_ONCE = 500


def run_watches(stop: threading.Event) -> int:
    """Look at every new round, ask again what it touches, end what was watched by codes that are
    over, and give events their positions."""
    with snapshot() as session:
        idle = not any_due(session)
    looked = idle
    while not looked and not stop.is_set():
        with unit_of_work() as session:
            looked = not look_on(session)
    told = 0 if idle else _ask_all(stop)
    return told + _codes_over() + _positions()


def run_deliveries(stop: threading.Event) -> int:
    """Make every delivery that is due; return how many were taken."""
    taken = 0
    while not stop.is_set():
        with snapshot() as session:
            if not any_to_send(session, now=utc_now()):
                break
        taken += _send_one()
    return taken


def _ask_all(stop: threading.Event) -> int:
    house, told = current_house(), 0
    while not stop.is_set():
        now = utc_now()
        with snapshot() as session:
            due = due_watches(session, house.vault, _DUE_AT_ONCE)
            asked = [ask_again(session, house.vault, each, now=now) for each in due]
        if not asked:
            break
        settled = 0
        for each in asked:
            signed = None
            if each.prepared is not None:
                signed = sign(each.prepared, house.keys, house.settings.verdict_algorithm)
            with unit_of_work() as session:
                settled += settle_watch(session, each, signed, now=utc_now())
            told += signed is not None
        if not settled:
            break  # others are at it
    return told


def _codes_over() -> int:
    """End the watches by codes that ended: by themselves, by the person, or with their last use."""
    now = utc_now()
    with snapshot() as session:
        if not any_code_over(session, now=now):
            return 0
    with unit_of_work() as session:
        return end_with_codes(session, _EVENTS_AT_ONCE, now=now)


def _positions() -> int:
    with snapshot() as session:
        if not any_unplaced(session) and not any_unplaced_status(session):
            return 0
    with unit_of_work() as session:
        placed = give_positions(session, _EVENTS_AT_ONCE, now=utc_now())
        return placed + give_status_positions(session, _EVENTS_AT_ONCE)


def _send_one() -> int:
    house = current_house()
    with unit_of_work() as session:
        sending = take_sending(session, the_bank(session).host, now=utc_now())
    if sending is None:
        return 0
    headers = signed_headers(house.keys, sending.url, sending.content, now=utc_now())
    open_network = bool(house.settings.webhook_open_network)
    sent = post(sending.url, sending.content, headers, open_network=open_network)
    with unit_of_work() as session:
        settle_sending(session, sending, sent, now=utc_now())
    return int(sent.is_taken)
