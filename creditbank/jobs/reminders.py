"""What time does with lists that look by a day: whoever is not ready is told before it."""

import threading

from creditbank.clock import utc_now
from creditbank.db import snapshot, unit_of_work
from creditbank.house import current_house
from creditbank.verification.reminders import list_due, looked_through, remind, weigh_again

#: People who are weighed from one snapshot and told in one transaction.
AT_ONCE = 250


def remind_people(stop: threading.Event) -> int:
    """Look at every list whose day comes near, once a day; return how many people were told."""
    days, told = current_house().settings.review_reminder_days, 0
    while days and not stop.is_set():
        with snapshot() as session:
            batch_no = list_due(session, days, now=utc_now())
        if batch_no is None:
            break
        told += _remind_on(batch_no, stop)
    return told


def _remind_on(batch_no: str, stop: threading.Event) -> int:
    """Look at a list slice by slice; who is interrupted begins anew, and tells nobody twice."""
    vault, told, after, more = current_house().vault, 0, 0, True
    while more:
        if stop.is_set():
            return told
        now = utc_now()
        with snapshot() as session:
            looked = weigh_again(session, vault, batch_no, after=after, limit=AT_ONCE, now=now)
        if looked.reminders:
            with unit_of_work() as session:
                told += remind(session, looked.reminders)
        after, more = looked.through, looked.more
    with unit_of_work() as session:
        looked_through(session, batch_no, now=utc_now())
    return told
