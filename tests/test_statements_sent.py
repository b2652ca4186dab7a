"""Statements that are sent to PostgreSQL as they are (wire.py), and those that are asked ahead."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Date,
    LargeBinary,
    String,
    bindparam,
    event,
    func,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from creditbank import wire
from creditbank.orm import UtcDateTime
from creditbank.readymade import ReadyMade, ahead
from tests.bank import TestBank

ON_POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
VALUES: Mapping[str, tuple[TypeEngine[Any], Any]] = {
    "whole": (BigInteger(), -(2**40)),
    "words": (String(), "引号' \" \\ {百分} % $1 ,NULL"),
    "empty": (String(), ""),
    "nothing": (String(), None),
    "yes": (Boolean(), True),
    "raw": (LargeBinary(), b"\x00\xff\\'\n"),
    "at": (UtcDateTime(), datetime(2026, 11, 21, 8, 30, 0, 123456, tzinfo=UTC)),
    "day": (Date(), date(2024, 2, 29)),
    "wholes": (ARRAY(BigInteger()), [3, -1]),
    "none": (ARRAY(BigInteger()), []),
    "texts": (ARRAY(String()), ['a"b', "c\\d", "e,f", "NULL", "", "汉"]),
    "raws": (ARRAY(LargeBinary()), [b"\x00\x01", b"", b"\\"]),
}
ECHO = ReadyMade(select(*(bindparam(name, type_=kind) for name, (kind, _) in VALUES.items())))
SAID = {name: value for name, (_, value) in VALUES.items()}
WHOLE = ReadyMade(select(bindparam("whole", type_=BigInteger())))
HALF = ReadyMade(select(text("1") / bindparam("by", type_=BigInteger())))


@ON_POSTGRESQL
def test_values_come_back_as_they_were_sent_and_as_the_drivers_cursor_brings_them(
    bank: TestBank,
) -> None:
    with bank.reading() as session:
        [sent] = ECHO.rows(session, **SAID)
        again = ECHO.rows(session, **SAID)
        event.listen(session.connection(), "before_cursor_execute", lambda *_: None)
        [by_cursor] = ECHO.rows(session, **SAID)

    assert sent == by_cursor == tuple(SAID.values())
    assert again == [sent]


@ON_POSTGRESQL
@pytest.mark.parametrize("value", ["a\0b", 1.5])
def test_what_is_not_written_here_is_left_to_the_drivers_cursor(
    bank: TestBank, value: object
) -> None:
    with bank.reading() as session:
        if isinstance(value, str):  # which refuses it: nothing is cut off
            with pytest.raises(DBAPIError):
                ECHO.rows(session, **{**SAID, "words": value})
        else:
            query = ReadyMade(select(bindparam("figure", type_=ARRAY(String()))))
            assert query.rows(session, figure=["a", None]) == [(["a", None],)]


@ON_POSTGRESQL
def test_after_a_rollback_statements_are_made_ready_again(bank: TestBank) -> None:
    with bank.unit() as session:
        for _ in range(3):
            assert WHOLE.rows(session, whole=1) == [(1,)]
            with pytest.raises(DBAPIError):
                HALF.rows(session, by=0)
            session.rollback()  # after which the server has forgotten every statement

        assert WHOLE.rows(session, whole=2) == [(2,)]
        assert HALF.rows(session, by=1) == [(1,)]


@ON_POSTGRESQL
def test_what_was_asked_ahead_is_taken_once_and_for_the_same_values_alone(
    bank: TestBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    trips: list[int] = []

    def noted(driver: Any, loader: Any, asked: Sequence[wire.Sent]) -> list[list[wire.Row]]:
        trips.append(len(asked))
        return answered(driver, loader, asked)

    answered = wire.answered
    monkeypatch.setattr(wire, "answered", noted)
    with bank.reading() as session:
        ahead(session, [(WHOLE, {"whole": 1}), (ECHO, SAID), (WHOLE, {"whole": 2})])

        assert WHOLE.rows(session, whole=2) == [(2,)]
        assert ECHO.rows(session, **SAID) == [tuple(SAID.values())]
        assert WHOLE.rows(session, whole=1) == [(1,)]
        assert trips == [3]
        assert WHOLE.rows(session, whole=3) == [(3,)]
        assert WHOLE.rows(session, whole=1) == [(1,)]
        assert trips == [3, 1, 1]


@ON_POSTGRESQL
def test_one_that_fails_fails_all_that_were_asked_with_it_and_the_connection_lives_on(
    bank: TestBank,
) -> None:
    with bank.unit():
        pass
    with pytest.raises(DBAPIError, match="division by zero"), bank.reading() as session:
        ahead(session, [(WHOLE, {"whole": 1}), (HALF, {"by": 0}), (ECHO, SAID)])

    with bank.reading() as session:
        ahead(session, [(WHOLE, {"whole": 1}), (HALF, {"by": 1}), (ECHO, SAID)])
        assert HALF.rows(session, by=1) == [(1,)]


def test_nothing_is_asked_ahead_in_a_transaction_that_writes(bank: TestBank) -> None:
    making = ReadyMade(select(func.count()).select_from(text("rate_count")))
    with bank.unit() as session:
        ahead(session, [(making, {})])
        before = making.rows(session)
        session.execute(
            text("INSERT INTO rate_count (subject, window_at, used) VALUES ('test', 0, 1)")
        )

        assert before == [(0,)]
        assert making.rows(session) == [(1,)]
