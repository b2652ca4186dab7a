"""The clock process: seals what was posted, forgets what is over, closes filings that are over,
hands over late disputes, publishes providers' figures, reminds whoever is not ready for a review,
answers lists, posts long rosters, counts impacts, and rehearses and carries out re-assessments.

It runs beside the web workers, never in one. A round that fails is logged and the next one comes in
its time: a busy or restarting database never stops the clock. SIGTERM and SIGINT end it after the
round at work.
"""

import signal
import threading
from collections.abc import Callable
from datetime import UTC, timedelta
from functools import partial

import structlog
from apscheduler.schedulers.blocking import BlockingScheduler
from flask import Flask

from creditbank.accounts.brakes import forget_brakes
from creditbank.accounts.sessions import forget_sessions
from creditbank.attendance.check_ins import forget_comers
from creditbank.clock import utc_now
from creditbank.crediting.holding import forget_held
from creditbank.crediting.kept_files import erase_files
from creditbank.crediting.name_checks import forget_tries
from creditbank.crediting.roster_works import forget_works
from creditbank.crediting.xapi_files import forget_files
from creditbank.crediting.xapi_lists import forget_statements
from creditbank.db import BusyError, snapshot, unit_of_work
from creditbank.house import banks_of, current_house
from creditbank.jobs.batches import run_batches
from creditbank.jobs.disputes import escalate_late
from creditbank.jobs.figures import publish_all
from creditbank.jobs.filings import close_filings, tell_overdue
from creditbank.jobs.impact import run_waiting
from creditbank.jobs.reassessments import run_reassessments
from creditbank.jobs.reminders import remind_people
from creditbank.jobs.rosters import run_rosters
from creditbank.jobs.watching import run_deliveries, run_watches
from creditbank.ledger.seal import seal
from creditbank.limits import forget_counts
from creditbank.registry.bank import BankNotFoundedError, the_bank
from creditbank.registry.idempotency import forget_answers
from creditbank.registry.tokens import forget_tokens
from creditbank.verification.batches import forget_people
from creditbank.verification.refused import forget_refused

FORGET_INTERVAL_SECONDS = 3_600
FILINGS_INTERVAL_SECONDS = 3_600
DISPUTES_INTERVAL_SECONDS = 3_600
REMINDERS_INTERVAL_SECONDS = 3_600
FIGURES_INTERVAL_SECONDS = 86_400
IMPACT_INTERVAL_SECONDS = 5
BATCH_INTERVAL_SECONDS = 2
ROSTER_INTERVAL_SECONDS = 2
REASSESSMENT_INTERVAL_SECONDS = 5
WATCH_INTERVAL_SECONDS = 3
_log = structlog.get_logger(__name__)


def run_clock(app: Flask) -> None:
    """Run the jobs of a bank and of its sandbox until SIGTERM or SIGINT, in the main thread."""
    with app.app_context():
        interval_seconds = current_house().settings.seal_interval_seconds
    scheduler = BlockingScheduler(timezone=UTC)
    stop = threading.Event()
    for bank in banks_of(app):
        of = "" if bank is app else "sandbox-"
        _add(scheduler, bank, f"{of}seal", seal_all, interval_seconds)
        _add(scheduler, bank, f"{of}forget", forget_old, FORGET_INTERVAL_SECONDS)
        _add(scheduler, bank, f"{of}forget-sessions", forget_old_sessions, FORGET_INTERVAL_SECONDS)
        _add(
            scheduler, bank, f"{of}filings", partial(close_filings, stop), FILINGS_INTERVAL_SECONDS
        )
        disputes = partial(escalate_late, stop)
        _add(scheduler, bank, f"{of}disputes", disputes, DISPUTES_INTERVAL_SECONDS)
        reminders = partial(remind_people, stop)
        _add(scheduler, bank, f"{of}reminders", reminders, REMINDERS_INTERVAL_SECONDS)
        _add(scheduler, bank, f"{of}figures", partial(publish_all, stop), FIGURES_INTERVAL_SECONDS)
        overdue = partial(tell_overdue, stop)
        _add(scheduler, bank, f"{of}overdue", overdue, FILINGS_INTERVAL_SECONDS)
        _add(scheduler, bank, f"{of}batches", partial(run_batches, stop), BATCH_INTERVAL_SECONDS)
        _add(scheduler, bank, f"{of}rosters", partial(run_rosters, stop), ROSTER_INTERVAL_SECONDS)
        _add(scheduler, bank, f"{of}watch", partial(run_watches, stop), WATCH_INTERVAL_SECONDS)
        deliver = partial(run_deliveries, stop)
        _add(scheduler, bank, f"{of}deliver", deliver, WATCH_INTERVAL_SECONDS)
        _add(scheduler, bank, f"{of}impact", partial(run_waiting, stop), IMPACT_INTERVAL_SECONDS)
        reassess = partial(run_reassessments, stop)
        _add(scheduler, bank, f"{of}reassess", reassess, REASSESSMENT_INTERVAL_SECONDS)
    ending: list[threading.Thread] = []

    def end(_signal: int, _frame: object) -> None:
        # Not from the handler itself: it may have interrupted a holder of the scheduler's locks.
        stop.set()
        if not ending:
            ending.append(threading.Thread(target=scheduler.shutdown, name="shutdown"))
            ending[0].start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    _log.info("clock-started", seal_interval_seconds=interval_seconds)
    scheduler.start()
    for thread in ending:
        thread.join()
    _log.info("clock-ended")


def seal_all() -> int:
    """Seal what is certainly complete, round after round; return how many rows found their place.

    Raises:
        BankNotFoundedError: there is no bank to seal for.
        BusyError: the database gave no lock in time.
    """
    with snapshot() as session:
        host = the_bank(session).host
    sealer, rows = current_house().sealer(host), 0
    while True:
        with unit_of_work("sealer") as session:
            done = seal(session, sealer, now=utc_now())
        rows += done.rows
        # No rows and more waiting: another sealer is at work, and this round is its.
        if not done.more or not done.rows:
            return rows


def forget_old() -> int:
    """Delete answers to idempotency keys, tokens, counts, held rosters and works that are over.

    Lists of applicants and check-ins forget whom they were about, xAPI statements what they said,
    and of the files of rosters and imports length and digest stay.
    """
    settings, now = current_house().settings, utc_now()
    with unit_of_work() as session:
        gone = forget_answers(session, before=now - timedelta(days=settings.idempotency_days))
        gone += forget_statements(session, before=now - timedelta(days=settings.xapi_days))
        gone += forget_files(session, before=now - timedelta(days=settings.xapi_days))
        gone += erase_files(
            session, before=now - timedelta(days=settings.roster_file_days), now=now
        )
        gone += forget_held(session, before=now) + forget_people(session, now=now)
        gone += forget_works(session, now=now) + forget_comers(session, now=now)
        gone += forget_tries(session, now=now) + forget_refused(session, now=now)
        return gone + forget_tokens(session, before=now) + forget_counts(session, now=now)


def forget_old_sessions() -> int:
    """Delete sessions that ended long ago, and failures that count no more; return how many."""
    settings = current_house().settings
    with unit_of_work() as session:
        now = utc_now()
        return forget_sessions(session, settings, now=now) + forget_brakes(session, now=now)


def run_job(app: Flask, name: str, job: Callable[[], int]) -> None:
    """Run one job and log how it went; nothing that it raises gets further."""
    try:
        with app.app_context():
            rows = job()
    except (BusyError, BankNotFoundedError) as error:
        _log.info("job-put-off", job=name, reason=error.code)
    except Exception:
        _log.exception("job-failed", job=name)
    else:
        if rows:
            _log.info("job-done", job=name, rows=rows)


def _add(
    scheduler: BlockingScheduler, app: Flask, name: str, job: Callable[[], int], seconds: int
) -> None:
    scheduler.add_job(
        partial(run_job, app, name, job),
        "interval",
        id=name,
        seconds=seconds,
        next_run_time=utc_now(),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
