"""Shapes of statements: which movements are asked for, and the lines that come out."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from marshmallow import fields

from creditbank.crediting.balances import Times
from creditbank.crediting.statements import Holders, Statement, StatementAsk
from creditbank.crediting.telling import Line
from creditbank.schemas.carried import CarriedYearAnswer, shaped_carried
from creditbank.schemas.fields import (
    Choice,
    Code,
    Day,
    Hours,
    Inner,
    Instant,
    Shape,
    Text,
    Truth,
    Whole,
    public_number,
    scheme,
    subject,
)
from creditbank.schemas.people import HolderBody

_YEAR_MIN, _YEAR_MAX = 1990, 2200
_MOVEMENTS_MAX = 2**53 - 1


class StatementForm(StrEnum):
    """As what a statement is handed over."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


class OwnStatementForm(StrEnum):
    """As what one person's statement is handed over: also signed, for anybody to check."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"
    SIGNED = "signed"


def _nothing() -> None:
    """Stand for what was left out; a function, so that the document shows no default."""


def as_of() -> Day:
    """Return the field of the last day of which hours count."""
    text = "Only hours earned on or before this day count, by what is known then or now."
    return Day(load_default=_nothing, metadata={"description": text})


def known_at() -> Instant:
    """Return the field of an instant of knowing."""
    text = "Asks what had its place in the logs at the last checkpoint then."
    return Instant(load_default=_nothing, metadata={"description": text})


def resolved() -> Instant:
    """Return the field of the checkpoint that an instant was resolved to."""
    text = "Of the checkpoint behind the answer; null if none was asked for, or signed by then."
    return Instant(metadata={"type": ["string", "null"], "description": text})


class HoldingBody(HolderBody):
    """Whose hours, in which scheme, of which times."""

    as_of = as_of()
    known_at = known_at()


class StatementBody(HoldingBody):
    """Whose movements, in which scheme, of which days, year and source."""

    first_day = Day(load_default=_nothing, data_key="from")
    year = Whole(_YEAR_MIN, _YEAR_MAX, load_default=_nothing)
    source = public_number("F7K2M9QXAB", load_default=str)


class StatementQuery(Shape):
    """As what a statement is wanted; `Accept` says it where this does not."""

    form = Choice(StatementForm, load_default=_nothing, data_key="format")


class OwnStatementQuery(Shape):
    """As what one person's statement is wanted; `Accept` says it where this does not."""

    form = Choice(OwnStatementForm, load_default=_nothing, data_key="format")


class FilingStatementQuery(StatementQuery):
    """Of which times, days and year."""

    as_of = as_of()
    known_at = known_at()
    first_day = Day(load_default=_nothing, data_key="from")
    year = Whole(_YEAR_MIN, _YEAR_MAX, as_text=True, load_default=_nothing)


class ProviderStatementQuery(FilingStatementQuery):
    """Of which times, days, year and scheme; of every scheme where none is asked for."""

    scheme = scheme(load_default=str)


class SourceAnswer(Shape):
    """Where hours came from."""

    kind = Text(20)
    number = Text(20)
    title = Text(300, low=0, metadata={"description": "Empty where the record has none."})
    provider = Text(300, low=0)


class StatementLine(Shape):
    """One movement, in the order of recording."""

    recorded_at = Instant(
        metadata={"type": ["string", "null"], "description": "null for what was worked out."}
    )
    earned_on = Day()
    source = Inner(SourceAnswer)
    scheme = scheme()
    year = Whole(_YEAR_MIN, _YEAR_MAX)
    subject = subject()
    movement = Text(10)
    reason = Text(300, low=0)
    in_hours = Hours()
    out_hours = Hours()
    counted_hours = Hours(metadata={"description": "The total that counts, after this line."})
    zh = Text(4_000)
    en = Text(4_000)
    leaf = Code(r"([0-9a-f]{64})?", "0" * 64)
    pending = Truth(metadata={"description": "Recorded, and not in a log yet."})
    origin = Text(120, low=0, metadata={"description": "Of its log; empty while pending."})
    index = fields.Raw(
        metadata={"type": ["integer", "null"], "description": "In its log; null while pending."}
    )


class StatementAnswer(Shape):
    """A statement: two balances, and every movement between them."""

    scheme = scheme()
    known_at = resolved()
    opening_hours = Hours()
    in_hours = Hours()
    out_hours = Hours()
    closing_hours = Hours()
    lines = Inner(StatementLine, many=True)


class OwnStatementAnswer(StatementAnswer):
    """A statement of one person, and what is carried over beside it."""

    carried = Inner(CarriedYearAnswer, many=True)


class HolderLine(StatementLine):
    """One movement, and whose."""

    name = Text(60)
    last_four = Text(4)


class FilingStatementAnswer(StatementAnswer):
    """A statement of one filing."""

    lines = Inner(HolderLine, many=True)


class FilingTotalAnswer(Shape):
    """What moved under one filing."""

    filing_no = public_number("F7K2M9QXAB")
    title = Text(300, low=0)
    scheme = scheme()
    opening_hours = Hours()
    in_hours = Hours()
    out_hours = Hours()
    closing_hours = Hours()
    movements = Whole(0, _MOVEMENTS_MAX)
    people = Whole(0, _MOVEMENTS_MAX)


class ProviderStatementAnswer(FilingStatementAnswer):
    """A statement of all filings of a provider."""

    scheme = Code(
        r"([a-z][a-z0-9.-]{1,39})?", "cn-3710",
        metadata={"description": "Empty where every scheme was asked for."},
    )  # fmt: skip
    uscc = Text(18)
    filings = Inner(FilingTotalAnswer, many=True)


def asked_for(said: Mapping[str, Any], scheme_id: str) -> StatementAsk:
    """Read a loaded body or query."""
    return StatementAsk(
        scheme_id, Times(said["as_of"], said["known_at"]), said["first_day"], said["year"],
        said.get("source", ""),
    )  # fmt: skip


def shaped(statement: Statement) -> dict[str, Any]:
    """Return the members of a statement, to be dumped."""
    return {
        "scheme": statement.ask.scheme,
        "known_at": statement.known_at,
        "opening_hours": statement.opening_centihours,
        "in_hours": statement.in_centihours,
        "out_hours": statement.out_centihours,
        "closing_hours": statement.closing_centihours,
        "lines": [_line(each) for each in statement.lines],
    }


def shaped_of_person(statement: Statement) -> dict[str, Any]:
    """Return the members of one person's statement."""
    return {**shaped(statement), "carried": shaped_carried(statement.carried)}


def shaped_of_holders(holders: Holders) -> dict[str, Any]:
    """Return the members of a statement of sources, each line with whose it is."""
    members = shaped(holders.statement)
    for line, shown in zip(holders.statement.lines, members["lines"], strict=True):
        shown["name"], shown["last_four"] = holders.people[line.credit_leaf]
    return members


def shaped_of_provider(holders: Holders, uscc: str) -> dict[str, Any]:
    """Return the members of a provider's statement, with the total of each filing."""
    totals = [
        {
            "filing_no": total.source.number, "title": total.source.title, "scheme": total.scheme,
            "opening_hours": total.opening_centihours, "in_hours": total.in_centihours,
            "out_hours": total.out_centihours, "closing_hours": total.closing_centihours,
            "movements": total.count, "people": total.people,
        }
        for total in holders.totals
    ]  # fmt: skip
    return {**shaped_of_holders(holders), "uscc": uscc, "filings": totals}


def _line(line: Line) -> dict[str, Any]:
    source = line.source
    return {
        "recorded_at": line.recorded_at,
        "earned_on": line.earned_on,
        "source": {
            "kind": source.kind, "number": source.number, "title": source.title,
            "provider": source.given_by,
        },
        "scheme": line.scheme,
        "year": line.year,
        "subject": line.subject,
        "movement": line.movement,
        "reason": line.reason,
        "in_hours": line.in_centihours,
        "out_hours": line.out_centihours,
        "counted_hours": line.counted_centihours,
        "zh": line.said("zh"),
        "en": line.said("en"),
        "leaf": line.leaf,
        "pending": line.is_pending,
        "origin": line.origin,
        "index": line.index,
    }  # fmt: skip
