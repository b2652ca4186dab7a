"""What time does with disputes: those that were not answered in time go to officials."""

import threading

from creditbank.clock import utc_now
from creditbank.db import unit_of_work
from creditbank.house import current_house
from creditbank.integrity.disputes import escalate_disputes

#: Disputes that one transaction hands over.
AT_ONCE = 100


def escalate_late(stop: threading.Event) -> int:
    """Hand over every late dispute, batch after batch; return how many."""
    vault, handed = current_house().vault, 0
    while not stop.is_set():
        with unit_of_work() as session:
            some = escalate_disputes(session, vault, limit=AT_ONCE, now=utc_now())
        handed += some
        if some < AT_ONCE:
            break
    return handed
