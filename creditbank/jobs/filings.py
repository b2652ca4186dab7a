"""What time does with filings: those of which the last session is long over are closed."""

import threading

from creditbank.clock import utc_now
from creditbank.crediting.filing_steps import close_over
from creditbank.db import unit_of_work
from creditbank.house import current_house

#: Filings that one transaction closes.
CLOSED_AT_ONCE = 100


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
