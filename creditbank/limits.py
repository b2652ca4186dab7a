"""Rate limits: how often a client or an address may ask in a window, counted once for all workers.

On PostgreSQL a subject has one row, and a worker takes counts by one conditional statement in a
transaction of its own, which does not wait for the disk: a count that a power cut takes costs
nothing. On SQLite, which has one web worker, the count is that worker's memory: as a write it would
have to wait for the one writer's place, behind rosters, and every reader with it.

A window begins at the same instant for everybody, and never lets more through than the limit; two
windows that touch may let twice the limit through within one window's length.
"""

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Protocol

from flask import Flask, current_app, request
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from creditbank.config import Settings
from creditbank.db import db, engine_options, prepare_engine, refusals_are_said
from creditbank.errors import CreditBankError
from creditbank.house import current_house

#: Where an application keeps its counters.
COUNTERS = "creditbank-counters"
#: Where a request keeps its count, for the headers of its answer.
_COUNT = "creditbank.count"
#: Subjects that one worker's memory tells apart in a window; all others are counted as one.
SUBJECTS_MAX = 100_000
#: Counts that a worker takes at once, at most.
_TAKEN_MAX = 16
#: Connections of a worker that only count: each is held for one statement.
_CONNECTIONS = 4
#: Of an IPv6 address; whoever has one has all that share it.
_NETWORK_BITS = 64

_COUNTED = text("""
    INSERT INTO rate_count AS held (subject, window_at, used) VALUES (:subject, :window_at, :taken)
    ON CONFLICT (subject) DO UPDATE SET
        used = CASE WHEN held.window_at BETWEEN :window_at AND :window_at + :seconds
            THEN held.used + CASE WHEN held.used + :taken <= :limit THEN :taken ELSE 1 END
            ELSE :taken END,
        window_at = CASE WHEN held.window_at BETWEEN :window_at AND :window_at + :seconds
            THEN held.window_at ELSE excluded.window_at END
    WHERE held.used < :limit
        OR held.window_at NOT BETWEEN :window_at AND :window_at + :seconds
    RETURNING used
""")
_FORGOTTEN = text("DELETE FROM rate_count WHERE window_at < :before")


class RateExceededError(CreditBankError):
    """The limit of the window is used up; nothing was done."""

    code = "rate-exceeded"
    status = 429


@dataclass(frozen=True, slots=True)
class Policy:
    """A limit by its public name: so many requests in so many seconds."""

    name: str
    limit: int
    window_seconds: int


@dataclass(frozen=True, slots=True)
class Count:
    """How a subject stands after a request: what is left, and when the window ends."""

    policy: Policy
    remaining: int
    reset_seconds: int

    def headers(self) -> dict[str, str]:
        """Return the fields of draft-ietf-httpapi-ratelimit-headers-10."""
        name, policy = self.policy.name, self.policy
        return {
            "RateLimit-Policy": f'"{name}";q={policy.limit};w={policy.window_seconds}',
            "RateLimit": f'"{name}";r={self.remaining};t={self.reset_seconds}',
        }


class Counters(Protocol):
    """Where counts are kept."""

    def count(self, subject: str, policy: Policy, window_at: int) -> int | None:
        """Count a request; return how many there were in the window with it, None if too many."""

    def close(self) -> None:
        """Let go of whatever is held."""


class MemoryCounters:
    """Counts of one process; of one window at a time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._windows: dict[str, tuple[int, dict[str, int]]] = {}

    def count(self, subject: str, policy: Policy, window_at: int) -> int | None:
        """Count a request; return how many there were in the window with it, None if too many."""
        with self._lock:
            begun, used = self._windows.get(policy.name, (-1, {}))
            if not window_at <= begun <= window_at + policy.window_seconds:
                used = {}
                self._windows[policy.name] = (window_at, used)
            known = subject if subject in used or len(used) < SUBJECTS_MAX else ""
            before = used.get(known, 0)
            if before >= policy.limit:
                return None
            used[known] = before + 1
            return before + 1

    def close(self) -> None:
        """Hold nothing."""


class DatabaseCounters:
    """Counts of all processes on one PostgreSQL database.

    A worker takes several counts in one statement and gives them out itself. What it does not give
    out in the window is lost, so it takes a hundredth of the limit at most: a client may be told
    that much too early, for each other worker, that it is used up, and never too late.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = Lock()
        #: by subject: the window, the next count to give out, and the last
        self._taken: dict[str, tuple[int, int, int]] = {}

    def count(self, subject: str, policy: Policy, window_at: int) -> int | None:
        """Count a request; return how many there were in the window with it, None if too many.

        Raises:
            DatabaseLostError: the database gave no answer.
        """
        given = self._given_out(subject, window_at)
        if given is not None:
            return given
        many = max(1, min(_TAKEN_MAX, policy.limit // 100))
        asked = {
            "subject": subject, "window_at": window_at, "limit": policy.limit,
            "seconds": policy.window_seconds, "taken": many,
        }  # fmt: skip
        with refusals_are_said(), self._engine.connect() as connection:
            used: int | None = connection.scalar(_COUNTED, asked)
        if used is None or many == 1:
            return used
        if used > policy.limit - many + 1:  # then perhaps it was one alone
            return used
        return self._kept(subject, window_at, used - many + 1, used)

    def _given_out(self, subject: str, window_at: int) -> int | None:
        with self._lock:
            window, count, last = self._taken.get(subject, (window_at, 1, 0))
            if window != window_at or count > last:
                return None
            self._taken[subject] = (window, count + 1, last)
            return count

    def _kept(self, subject: str, window_at: int, first: int, last: int) -> int:
        """Give out the first count of those that were taken, and keep the others."""
        with self._lock:
            if len(self._taken) >= SUBJECTS_MAX:
                self._taken.clear()
            self._taken[subject] = (window_at, first + 1, last)
        return first

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()


def init_limits(app: Flask, settings: Settings) -> None:
    """Choose where the application counts."""
    with app.app_context():
        embedded = db.engine.dialect.name == "sqlite"
    app.extensions[COUNTERS] = MemoryCounters() if embedded else _shared_counters(settings)


def share_limits(app: Flask, other: Flask) -> None:
    """Let an application count where another does."""
    app.extensions[COUNTERS] = other.extensions[COUNTERS]


def close_limits(app: Flask) -> None:
    """Let go of what counting holds."""
    counters: Counters = app.extensions[COUNTERS]
    counters.close()


def forget_counts(session: Session, *, now: datetime) -> int:
    """Delete counts of windows that are over for everybody; return how many."""
    before = int(now.timestamp()) - 2 * current_house().settings.rate_window_seconds
    gone = session.execute(_FORGOTTEN, {"before": before})
    assert isinstance(gone, CursorResult)
    return gone.rowcount


def count_client(client_id: str, *, now: datetime) -> Count:
    """Count a request of a client.

    Raises:
        RateExceededError: it is one too many.
    """
    settings = current_house().settings
    return _count(_policy("client", settings.rate_client_requests), client_id, now)


def count_address(name: str, limit: int, *, now: datetime) -> Count:
    """Count the request at hand by the address that it comes from, under a policy of this name.

    Of the address only a keyed hash is kept; IPv6 addresses count by their network of 64 bits.

    Raises:
        RateExceededError: it is one too many.
    """
    key = current_house().keys.newest("lookup").material
    said = b"creditbank/address/v1\n" + _network(request.remote_addr or "").encode("ascii")
    subject = hmac.digest(key, said, hashlib.sha256).hex()[:32]
    return _count(_policy(name, limit), f"{name}:{subject}", now)


def count_of_request() -> Count | None:
    """Return what was counted last for the request at hand, for the headers of its answer."""
    found: Count | None = request.environ.get(_COUNT)
    return found


def _policy(name: str, limit: int) -> Policy:
    return Policy(name, limit, current_house().settings.rate_window_seconds)


def _count(policy: Policy, subject: str, now: datetime) -> Count:
    counters: Counters = current_app.extensions[COUNTERS]
    second = int(now.timestamp())
    window_at = second - second % policy.window_seconds
    used = counters.count(subject, policy, window_at)
    reset_seconds = window_at + policy.window_seconds - second
    count = Count(policy, 0 if used is None else policy.limit - used, reset_seconds)
    request.environ[_COUNT] = count
    if used is None:
        raise RateExceededError(
            limit=policy.limit, window_seconds=policy.window_seconds, retry_seconds=reset_seconds
        )
    return count


def _network(address: str) -> str:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((int(known), _NETWORK_BITS), strict=False))


def _shared_counters(settings: Settings) -> DatabaseCounters:
    # A pool of its own: a request may hold a snapshot while it counts, and must not wait for a
    # connection that another such request holds.
    options = engine_options(settings.app_url, settings)
    options["connect_args"]["options"] += " -c synchronous_commit=off"
    engine = create_engine(
        settings.app_url, **options, isolation_level="AUTOCOMMIT", pool_size=_CONNECTIONS,
        max_overflow=0,
    )  # fmt: skip
    prepare_engine(engine)
    return DatabaseCounters(engine)
