"""What must hold of a bank whatever happened to it, computed from its entries alone."""

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.ledger.balance import total_over_all_accounts
from creditbank.ledger.logs import REF_BYTES
from creditbank.ledger.models import Act, Bundle, Entry, Source, SourceUse
from tests.bank import TestBank

#: What the day cap of the published rules lets one day count, in centihours.
DAY_CENTIHOURS_MAX = 800
_PATIENCE_SECONDS = 60


def violations(bank: TestBank) -> list[str]:
    """Name each law that the bank breaks; people and hours are counted from the entries."""
    with bank.reading() as session:
        entries = session.scalars(select(Entry)).all()
        found = [
            *_total_off(session),
            *_bounds_passed(session, entries),
            *_sessions_twice(entries),
            *_days_overfull(entries),
        ]
    return found + [f"fsck {each.code} {each.table} {each.key}" for each in bank.fsck()]


def _total_off(session: Session) -> list[str]:
    total = total_over_all_accounts(session)
    return [f"all accounts together hold {total}"] if total else []


def _bounds_passed(session: Session, entries: Sequence[Entry]) -> list[str]:
    people: dict[int, set[int]] = defaultdict(set)
    hours: Counter[int] = Counter()
    for state in live_credits(entries):
        people[state.source_id].add(state.person_id)
        hours[state.source_id] += state.centihours
    found = []
    for source in session.scalars(select(Source)):
        taken = (len(people[source.source_id]), hours[source.source_id])
        use = session.get_one(SourceUse, source.source_id)
        if taken[0] > (source.people_max or taken[0]):
            found.append(f"seats {source.source_no}: {taken[0]} of {source.people_max}")
        if taken[1] > (source.centihours_max or taken[1]):
            found.append(f"hours {source.source_no}: {taken[1]} of {source.centihours_max}")
        if (use.people, use.centihours) != taken:
            found.append(f"use {source.source_no}: {(use.people, use.centihours)}, not {taken}")
    return found


def live_credits(entries: Sequence[Entry]) -> list[Entry]:
    """Return the credits that nobody reversed, counting each reversal against one credit."""
    reversed_ = Counter(
        (e.person_id, e.scheme, e.occasion, e.revision) for e in entries if e.movement == "reverse"
    )
    live = []
    for entry in entries:
        key = (entry.person_id, entry.scheme, entry.occasion, entry.revision)
        if entry.movement == "credit":
            if reversed_[key]:
                reversed_[key] -= 1
            else:
                live.append(entry)
    return live


def _sessions_twice(entries: Sequence[Entry]) -> list[str]:
    counted = Counter((e.person_id, e.scheme, e.occasion) for e in live_credits(entries))
    return [f"twice {key}" for key, times in counted.items() if times > 1]


def _days_overfull(entries: Sequence[Entry]) -> list[str]:
    days: Counter[tuple[int, str, object]] = Counter()
    imported = {e.occasion for e in entries if e.occasion.startswith("I")}
    for entry in entries:
        if entry.occasion not in imported:
            key = (entry.person_id, entry.scheme, entry.earned_on)
            days[key] += entry.centihours * (
                (entry.to_state == "live") - (entry.from_state == "live")
            )
    return [f"day {key}: {sum_}" for key, sum_ in days.items() if sum_ > DAY_CENTIHOURS_MAX]


def places(session: Session) -> Counter[tuple[str, int]]:
    """Count how often each entry and act stands in a log."""
    found: Counter[tuple[str, int]] = Counter()
    for refs in session.scalars(select(Bundle.refs)):
        for start in range(0, len(refs), REF_BYTES):
            number = int.from_bytes(refs[start : start + REF_BYTES], "big", signed=True)
            found["entry" if number > 0 else "act", abs(number)] += 1
    return found


def sealed_out(bank: TestBank, now: datetime) -> tuple[int, int]:
    """Seal until every row has its place, and return what is `missed` then.

    A server may take a while to hear that whoever was killed is gone: until then their transaction
    holds the sealer back, or a killed sealer's lock does.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        while bank.seal(now=now).rows:
            pass
        found = missed(bank)
        if not found[0] or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def missed(bank: TestBank) -> tuple[int, int]:
    """Return how many recorded rows have no place, and how many have more than one."""
    with bank.reading() as session:
        recorded = {("entry", each) for each in session.scalars(select(Entry.entry_id))}
        recorded |= {("act", each) for each in session.scalars(select(Act.act_id))}
        found = places(session)
    return len(recorded - found.keys()), sum(count > 1 for count in found.values())
