"""Statements sent to PostgreSQL as they are: made ready once on each connection, several at once.

A cursor of the driver looks its statement up, turns each value into text by way of tables, and
waits for an answer before it sends the next. Here the values are written by their few types, the
transaction begins in the same trip as its first statement, and statements that do not need one
another's answers share a trip.
"""

from collections.abc import Callable, Generator, Sequence
from datetime import date, datetime
from itertools import count
from typing import Any, NamedTuple

import psycopg
from psycopg import generators, pq
from psycopg.errors import error_from_result

Row = tuple[Any, ...]
_numbers = count()
#: bytea and boolean: of these two SQLAlchemy's statements do not tell the type themselves.
_BYTES, _BOOLEAN = 17, 16
_TYPES = {bytes: _BYTES, bool: _BOOLEAN}
_DONE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)


class Sent(NamedTuple):
    """A statement with `$1` for its first value, and the values as the server takes them."""

    sql: bytes
    values: tuple[bytes | None, ...]
    #: of each value the number of its type, 0 where the statement itself tells
    types: tuple[int, ...]

    @property
    def key(self) -> tuple[bytes, tuple[int, ...]]:
        """What it is made ready by: as the driver has it, of text and types."""
        return self.sql, self.types

    @property
    def formats(self) -> list[int]:
        """Of each value 1 for bytes as they are, 0 for text."""
        return [int(each == _BYTES) for each in self.types]


def written(sql: bytes, values: Sequence[object]) -> Sent | None:
    """Write values down; None where one is of a type, or holds a sign, that is not for here."""
    said: list[bytes | None] = []
    types = []
    for value in map(_plain, values):
        types.append(_TYPES.get(type(value), 0))
        if value is None or isinstance(value, bytes):
            said.append(value)
            continue
        write = _WRITTEN.get(type(value))
        text = None if write is None else write(value)
        if text is None or b"\0" in text:
            return None
        said.append(text)
    return Sent(sql, tuple(said), tuple(types))


def answered(driver: Any, loader: Any, asked: Sequence[Sent]) -> list[list[Row]]:
    """Run statements in one trip, in the transaction at hand or in a new one; return their rows.

    Args:
        driver: an open connection of psycopg that nobody else is using.
        loader: the driver's `Transformer` of this connection, which reads rows.
        asked: at least one.

    Raises:
        psycopg.Error: of the first that failed; those behind it were not run.
    """
    return _read(driver, loader, asked, driver.wait(_answers(driver, asked)))


def answered_behind(driver: Any, loader: Any, asked: Sequence[Sent]) -> list[list[Row]]:
    """End the transaction at hand, and run statements in one of their own, all in one trip.

    When this returns they are committed.

    Args and errors are those of `answered`; of statements of which one failed nothing is kept.
    """
    return _read(driver, loader, asked, driver.wait(_answers(driver, asked, behind=True)))


def _read(
    driver: Any, loader: Any, asked: Sequence[Sent], results: Sequence[Any]
) -> list[list[Row]]:
    for result in results:
        if result.status not in _DONE:
            raise error_from_result(result, encoding=driver.info.encoding)
    found: list[list[Row]] = []
    for result in results[-len(asked) :]:
        loader.set_pgresult(result)
        found.append(loader.load_rows(0, result.ntuples, tuple) if result.nfields else [])
    return found


def _answers(
    driver: Any, asked: Sequence[Sent], *, behind: bool = False
) -> Generator[Any, Any, list[Any]]:
    """Send everything, then read what came of each: of BEGIN or COMMIT, of each that is made ready,
    of each that is run.

    Statements behind a COMMIT are a transaction of their own, which the sync ends.
    """
    server, ready = driver.pgconn, driver._prepared
    yield from ready.maintain_gen(driver)
    idle = server.transaction_status == pq.TransactionStatus.IDLE
    begins = not driver.autocommit and idle and not behind
    ends = behind and not idle
    unready = [each.key for each in asked if each.key not in ready._names]
    if len(asked) == 1 and not begins and not unready and not behind:
        _run(server, ready, asked[0])
        alone: list[Any] = yield from generators.execute(server)
        return alone
    names = {key: b"ready_%d" % next(_numbers) for key in dict.fromkeys(unready)}
    server.enter_pipeline_mode()
    try:
        if begins:
            server.send_query_params(driver._get_tx_start_command(), None)
        if ends:
            server.send_query_params(b"COMMIT", None)
        for (sql, types), name in names.items():
            server.send_prepare(name, sql, types)
        for each in asked:
            _run(server, ready, each, names.get(each.key))
        server.pipeline_sync()
        results: list[Any] = yield from generators.execute(server)
        for _ in range(begins + ends + len(names) + len(asked) - 1):
            results += yield from generators.fetch_many(server)
        synced = yield from generators.fetch_many(server)
        # What ends with the sync may fail as late as there.
        failed = [each for each in synced if each.status != pq.ExecStatus.PIPELINE_SYNC]
    finally:
        if server.status == pq.ConnStatus.OK:
            server.exit_pipeline_mode()
    made = results[int(begins or ends) :]
    for (key, name), result in zip(names.items(), made, strict=False):
        if result.status == pq.ExecStatus.COMMAND_OK:
            # Kept where the driver keeps its own, which it has the server forget after a rollback.
            ready._names[key] = name
    ready._rotate()
    return failed + results


def _run(server: Any, ready: Any, each: Sent, name: bytes | None = None) -> None:
    if name is None:
        key = each.key
        name = ready._names[key]
        ready._names.move_to_end(key)
    # What it answers comes as it is kept: nobody writes numbers, days and bytes as text and back.
    server.send_query_prepared(
        name, each.values, param_formats=each.formats, result_format=pq.Format.BINARY
    )


def _plain(value: Any) -> Any:
    """Take bytes out of what SQLAlchemy has the driver wrap them in."""
    return value.obj if type(value) is psycopg.Binary else value


def _many(wrapped: Sequence[object]) -> bytes | None:
    """Write an array of one type."""
    values = [*map(_plain, wrapped)]
    kind = type(values[0]) if values else int
    if not all(type(each) is kind for each in values):
        return None
    if kind is int:
        said = ",".join(map(str, values))
    elif kind is bytes:
        said = ",".join(f'"\\\\x{each.hex()}"' for each in values)
    elif kind is str:
        escaped = (str(each).replace("\\", "\\\\").replace('"', '\\"') for each in values)
        said = ",".join(f'"{each}"' for each in escaped)
    else:
        return None
    return b"{%s}" % said.encode("utf-8")


_WRITTEN: dict[type, Callable[[Any], bytes | None]] = {
    str: str.encode,
    int: lambda value: b"%d" % value,
    bool: lambda value: b"t" if value else b"f",
    datetime: lambda value: value.isoformat().encode("ascii"),
    date: lambda value: value.isoformat().encode("ascii"),
    list: _many,
    tuple: _many,
}
