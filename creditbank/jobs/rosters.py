"""Long rosters at work: read outside of any transaction, then previewed or posted in one.

One that is interrupted has done nothing, and whoever comes next begins it anew.
"""

import threading
from contextlib import closing

from creditbank.attendance.workbook import Limits
from creditbank.clock import utc_now
from creditbank.crediting import roster_works
from creditbank.crediting.roster_works import (
    Turn,
    WorkTakenError,
    complete,
    order_of,
    rows_of,
    tell_rows,
)
from creditbank.crediting.rosters import RosterPosting
from creditbank.db import snapshot, unit_of_work
from creditbank.house import current_house
from creditbank.jobs.works import do_waiting, settle
from creditbank.meters import Meter, StoppedError
from creditbank.registry.delegates import other_than_holder
from creditbank.registry.filing.filings import filing_numbered


def run_rosters(stop: threading.Event) -> int:
    """Do every work that waits, one after another; return how many were done."""
    return do_waiting(roster_works, lambda turn: run_roster(turn, stop), stop)


def run_roster(turn: Turn, stop: threading.Event) -> bool:
    """Do a work that was taken up; False if it was stopped, refused, or is another's by now."""
    return settle(
        roster_works, turn, lambda: _work(turn, stop), left=(StoppedError, WorkTakenError)
    )


def _work(turn: Turn, stop: threading.Event) -> bool:
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
        delegate_id = other_than_holder(session, filing, order.organisation_id)
        posting = RosterPosting(
            filing, roster, order.actor, meter.tell, delegate_id=delegate_id, way=order.way,
            file=order.file,
        )  # fmt: skip
        complete(session, house.vault, turn, order, posting, now=utc_now())
    return True
