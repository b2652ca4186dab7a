"""What an application's SQLite connection may do at all, asked by SQLite before any statement runs.

SQLite knows no roles: whoever holds the file may drop a trigger. A connection of the application
may not: it reads, inserts, changes what changes and forgets what is forgotten, as the two roles do
on PostgreSQL. Whoever migrates has a connection without this.
"""

import sqlite3
from typing import Any

from creditbank.guards import APPENDED, CHANGING, COUNTED, FORGOTTEN, GROWN, SEALED

_READING = frozenset({
    sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE,
    sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT,
})  # fmt: skip
_INSERTED = frozenset({*CHANGING, *APPENDED, *SEALED})
_CHANGED = frozenset(CHANGING) - COUNTED.keys()
_CHANGED_COLUMNS = {**GROWN, **COUNTED}
#: Pragmas that show something of what they are given, and change nothing.
_SHOWING = frozenset({
    "table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo",
    "foreign_key_list", "foreign_key_check", "integrity_check", "quick_check",
})  # fmt: skip


def restrict(connection: Any) -> None:
    """Let SQLite ask before each statement of this connection whether it may run."""
    connection.set_authorizer(_authorise)


def _authorise(
    action: int, first: str | None, second: str | None, _schema: str | None, _within: str | None
) -> int:
    return sqlite3.SQLITE_OK if _may(action, first or "", second) else sqlite3.SQLITE_DENY


def _may(action: int, first: str, second: str | None) -> bool:
    if action in _READING:
        return True
    if action == sqlite3.SQLITE_INSERT:
        return first in _INSERTED
    if action == sqlite3.SQLITE_UPDATE:
        return first in _CHANGED or second in _CHANGED_COLUMNS.get(first, ())
    if action == sqlite3.SQLITE_DELETE:
        return first in FORGOTTEN
    return action == sqlite3.SQLITE_PRAGMA and _may_ask(first.lower(), second)


def _may_ask(pragma: str, value: str | None) -> bool:
    """Without a value a pragma only tells; the pace of syncs is the one thing to be chosen."""
    chosen = pragma == "synchronous" and value in ("NORMAL", "FULL")
    return value is None or pragma in _SHOWING or chosen
