"""Connections and units of work: who connects as what, when a transaction begins, and how it ends.

A door opens one unit per request, job or command; rooms are handed its session and never commit.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import POLLIN, poll
from time import monotonic
from typing import Any, Literal

import psycopg
from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError
from sqlalchemy.orm import Session

from creditbank.authorizer import restrict
from creditbank.commits import SyncFailedError, TurnNotGivenError, WriteQueue
from creditbank.config import Settings
from creditbank.errors import CreditBankError
from creditbank.orm import Base

db = SQLAlchemy(model_class=Base)

#: Where an application keeps the queue of its SQLite writers; None on PostgreSQL.
WRITERS = "creditbank-writers"
Role = Literal["app", "sealer"]
#: Where a connection of the pool keeps when it was left, and after how long it is tried again.
_LEFT_AT, _IDLE_SECONDS = "creditbank-left-at", 1
#: Where an SQLite connection keeps how it waits for the disk; FULL when it was opened.
_PACE = "creditbank-synchronous"
#: SQLSTATE of a lost lock race: serialization failure, deadlock, lock not available.
_RACES = ("40001", "40P01", "55P03")
#: SQLSTATE of a server that ends, has crashed, or does not let anybody in yet.
_GONE = ("57P01", "57P02", "57P03")
#: SQLSTATE of a unique key taken meanwhile by somebody else, and SQLite's words for it.
_TAKEN = ("23505", "UNIQUE constraint failed")

_READING_FILE: dict[str, Any] = {"creditbank_reading": True}
_READING = _READING_FILE | {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


class BusyError(CreditBankError):
    """A lock was not to be had in time; nothing was written, and the same may be sent again."""

    code = "busy"
    status = 503


class DatabaseLostError(BusyError):
    """The server was not reached, or lost, perhaps at the commit; only the same sent again tells.

    Who is put off by a busy database is put off by one that is started again.
    """

    code = "database-lost"


class DiskFailedError(CreditBankError):
    """The disk did not confirm what was written; until the program is started again nothing is."""

    code = "disk-failed"
    status = 503


def init_db(app: Flask, settings: Settings) -> None:
    """Bind the extension to the application and prepare its connections."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.app_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(settings.app_url, settings)
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
        sealer = db.engine
        if settings.sealer_url != settings.app_url:
            sealer = make_engine(settings.sealer_url, settings)
    app.extensions["creditbank-sealer-engine"] = sealer
    app.extensions[WRITERS] = _writers(sealer, settings)


def make_engine(url: str, settings: Settings, *, owner: bool = False) -> Engine:
    """Make an engine of our kind for any of the three roles; only the owner's may migrate."""
    engine = create_engine(url, **engine_options(url, settings))
    prepare_engine(engine, owner=owner)
    return engine


def engine_options(url: str, settings: Settings) -> dict[str, Any]:
    """Choose the driver's options: waits are bounded, a stuck writer cannot hold the sealer up."""
    wait_seconds = settings.lock_wait_seconds
    if make_url(url).get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": wait_seconds, "check_same_thread": False}}
    options = (
        f"-c timezone=UTC -c lock_timeout={wait_seconds}s"
        f" -c idle_in_transaction_session_timeout={4 * wait_seconds}s"
    )
    return {"connect_args": {"options": options}}


def prepare_engine(engine: Engine, *, owner: bool = False) -> None:
    """Make SQLite durable and guarded, and let us say how each transaction begins.

    On PostgreSQL a connection that lay idle is tried before it is used again.
    """
    if engine.dialect.name != "sqlite":
        _try_idle_connections(engine)
        return

    @event.listens_for(engine, "connect")
    def _open(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # or the driver would begin transactions by itself
        connection.create_function("unhex", 1, bytes.fromhex, deterministic=True)
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        # What `among_named` reads by, which SQLite declares at its first use: nothing is, later.
        cursor.execute("SELECT value FROM json_each('[]')")
        cursor.close()
        if not owner:
            restrict(connection)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("creditbank_reading", False):
            driver = connection.connection.dbapi_connection
            assert driver is not None, "a connection that was taken is open"
            driver.cursor().execute("BEGIN")  # which waits for nothing and cannot be refused
            return
        # A writer of the queue waits for the disk after it has given up its place, not in COMMIT.
        pace = "NORMAL" if options.get("creditbank_grouped", False) else "FULL"
        if connection.info.get(_PACE, "FULL") != pace:
            connection.exec_driver_sql(f"PRAGMA synchronous={pace}")
            connection.info[_PACE] = pace
        # A deferred transaction that reads before it writes fails at once when another has written.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _try_idle_connections(engine: Engine) -> None:
    """Replace connections that broke while they lay idle, as when the server was started again.

    A connection that was used a moment ago, and on which the server has said nothing since, is not
    tried: under load that would be one more trip to the server in each transaction.
    """

    @event.listens_for(engine, "checkin")
    def _left(_connection: object, record: Any) -> None:
        record.info[_LEFT_AT] = monotonic()

    @event.listens_for(engine, "checkout")
    def _taken(connection: Any, record: Any, _proxy: object) -> None:
        idle_seconds = monotonic() - record.info.get(_LEFT_AT, monotonic())
        try:
            if idle_seconds >= _IDLE_SECONDS or _was_spoken_to(connection):
                engine.dialect.do_ping(connection)
        except psycopg.Error as error:
            raise DisconnectionError from error  # the pool opens another


def _was_spoken_to(connection: psycopg.Connection) -> bool:
    """Tell whether something came from the server unasked, as when it ends a connection."""
    waiting = poll()
    waiting.register(connection.fileno(), POLLIN)
    return bool(waiting.poll(0))


def _writers(engine: Engine, settings: Settings) -> WriteQueue | None:
    """Return the queue of an SQLite file's writers; PostgreSQL groups commits by itself."""
    if engine.dialect.name != "sqlite":
        return None
    return WriteQueue(Path(f"{engine.url.database}-wal"), settings.lock_wait_seconds)


@contextmanager
def unit_of_work(role: Role = "app") -> Iterator[Session]:
    """One writing transaction: committed when the block ends well, else rolled back whole.

    Raises:
        BusyError: the database could not give a lock in time.
        DatabaseLostError: the connection to it broke.
        DiskFailedError: SQLite's file could not be synced, now or before.
    """
    writers: WriteQueue | None = current_app.extensions[WRITERS]
    if writers is None:
        with refusals_are_said(), _committed(_engine(role)) as session:
            yield session
        return
    engine = _engine(role).execution_options(creditbank_grouped=True)
    with refusals_are_said():
        with writers.turn(), _committed(engine) as session:
            yield session
        writers.wait_until_durable()


@contextmanager
def writing() -> Iterator[Session]:
    """Open a unit of work in which a unique key lost to somebody else is told as `busy`.

    The same request sent again then meets the row that won, and is answered by it.
    """
    with lost_keys_are_busy(), unit_of_work() as session:
        yield session


@contextmanager
def lost_keys_are_busy() -> Iterator[None]:
    """Tell a unique key that somebody else took meanwhile as `busy`."""
    try:
        yield
    except IntegrityError as lost:
        said = (getattr(lost.orig, "sqlstate", None), str(lost.orig).partition(":")[0])
        if any(word in _TAKEN for word in said):
            raise BusyError from lost
        raise


@contextmanager
def _committed(engine: Engine) -> Iterator[Session]:
    with Session(engine, expire_on_commit=False) as session:
        yield session
        session.commit()


@contextmanager
def snapshot(engine: Engine | None = None) -> Iterator[Session]:
    """One reading transaction in which every query sees the same state; nothing can be written.

    Of the application at work; a process that has none brings the engine.
    """
    engine = engine or db.engine
    on_server = engine.dialect.name == "postgresql"
    options = _READING if on_server else _READING_FILE
    with (
        refusals_are_said(),
        engine.connect() as connection,
        connection.execution_options(**options).begin() as transaction,
    ):
        with Session(connection) as session:
            yield session
        if not on_server:  # where it could have written
            transaction.rollback()
        # Else it ends with COMMIT: after ROLLBACK psycopg has the server forget every statement
        # that it holds ready.


@contextmanager
def refusals_are_said() -> Iterator[None]:
    """Tell a database that cannot serve now from one that was asked for something impossible."""
    try:
        yield
    except TurnNotGivenError as error:
        raise BusyError from error
    except SyncFailedError as error:
        raise DiskFailedError from error
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state in _RACES or "database is locked" in str(error.orig):
            raise BusyError from error
        unheard = state is None and isinstance(error.orig, psycopg.OperationalError)
        if state in _GONE or unheard:
            raise DatabaseLostError from error
        raise


def _engine(role: Role) -> Engine:
    if role == "app":
        return db.engine
    engine: Engine = current_app.extensions["creditbank-sealer-engine"]
    return engine


def database_answers(session: Session) -> bool:
    """Ask the database for one row, for the health check."""
    return bool(session.scalar(text("SELECT 1")))
