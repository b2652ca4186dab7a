"""What time does with filings: overdue ones are told of, and those long over are closed."""

import threading

from creditbank.clock import utc_now
from creditbank.crediting.filing_steps import CLOCK, close_over
from creditbank.db import unit_of_work
from creditbank.house import current_house
from creditbank.registry.filing.due import escalate

#: Filings that one transaction closes.
CLOSED_AT_ONCE = 100
#: Overdue filings that one transaction tells of.
TOLD_AT_ONCE = 100


def tell_overdue(stop: threading.Event) -> int:
    """Tell of every filing that has become overdue, batch after batch; return of how many."""
    days, told = current_house().settings.filing_decide_working_days, 0
    while days and not stop.is_set():
        with unit_of_work() as session:
            some = escalate(session, days, actor=CLOCK, limit=TOLD_AT_ONCE, now=utc_now())
        told += some
        if some < TOLD_AT_ONCE:
            break
    return told


def close_filings(stop: threading.Event) -> int:
    """Close every filing that is over, batch after batch; return how many were closed."""
    days, closed = current_house().settings.filing_close_days, 0
    while days and not stop.is_set():
        with unit_of_work() as session:
            some = close_over(session, days, limit=CLOSED_AT_ONCE, now=utc_now())
        closed += some
        if some < CLOSED_AT_ONCE:
            break
    return closed
