"""Long rosters at work: read outside of any transaction, then previewed or posted in one.

A work belongs to whoever took it up. One that is interrupted has done nothing, and whoever comes
next begins it anew.
"""

import threading
from contextlib import closing

from creditbank.attendance.workbook import Limits
from creditbank.clock import utc_now
from creditbank.crediting.roster_works import (
    Turn,
    WorkTakenError,
    any_waits,
    complete,
    fail,
    order_of,
    put_back,
    rows_of,
    take_up,
    tell_rows,
)
from creditbank.crediting.rosters import RosterPosting
from creditbank.db import BusyError, snapshot, unit_of_work
from creditbank.errors import CreditBankError
from creditbank.house import current_house
from creditbank.meters import Meter, StoppedError
from creditbank.registry.filing.filings import filing_numbered


def run_rosters(stop: threading.Event) -> int:
    """Do every work that waits, one after another; return how many were done."""
    done = 0
    while not stop.is_set():
        with snapshot() as session:  # so that nobody's write waits for a look that finds nothing
            if not any_waits(session, now=utc_now()):
                break
        with unit_of_work() as session:
            turn = take_up(session, now=utc_now())
        if turn is not None:
            done += run_roster(turn, stop)
    return done


def run_roster(turn: Turn, stop: threading.Event) -> bool:
    """Do a work that was taken up; False if it was stopped, refused, or is another's by now."""
    settled = False
    try:
        _work(turn, stop)
        settled = True
    except BusyError:
        raise
    except (StoppedError, WorkTakenError):
        return False
    except CreditBankError as error:
        with unit_of_work() as session:
            settled = fail(session, turn, error, now=utc_now())
        return False
    finally:
        if not settled:
            with unit_of_work() as session:
                put_back(session, turn)
    return settled


def _work(turn: Turn, stop: threading.Event) -> None:
    house = current_house()
    limits = Limits(
        file_bytes_max=house.settings.request_bytes_max, rows_max=house.settings.roster_rows_max
    )
    with snapshot() as session:
        order = order_of(session, house.vault, turn)
    roster = order.read(limits)
    with unit_of_work() as session:
        if not tell_rows(session, turn, rows_of(roster), now=utc_now()):
            raise WorkTakenError
    with closing(Meter(turn, stop)) as meter, unit_of_work() as session:
        filing = filing_numbered(session, order.filing_no)
        posting = RosterPosting(filing, roster, order.actor, meter.tell)
        complete(session, house.vault, turn, order, posting, now=utc_now())
