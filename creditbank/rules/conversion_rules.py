"""How much a fact counts: the kinds of `conversion.…`, and what may be added to any of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from creditbank.hours import hours_text
from creditbank.rules.conditions import Condition, read_condition
from creditbank.rules.fields import SUBJECT, WORD, Fields

_MINUTES_MAX = 24 * 60
_UNITS_MAX = 100_000_000
_PERCENT_MAX = 1_000
_YEARS_MAX = 10
_YEAR_DAYS_MAX = 366
#: More ranks, bands, shares or bonuses than these in one rule are a mistake.
_ROWS_MAX = 100
_WORD_EXAMPLE = '"characters"'
_HOURS_EXAMPLE = '["64", "56"]'
_BANDS_EXAMPLE = '{ from = 12, hours = "24" }'
_WHEN_EXAMPLE = '{ when = { paper = "yes" }, hours = "4" }'


@dataclass(frozen=True, slots=True)
class PerMinutes:
    """So many minutes attended make one 学时."""

    minutes_per_hour: int


@dataclass(frozen=True, slots=True)
class PerDay:
    """So much for a full day; `part_day` says what less counts."""

    centihours_per_day: int


@dataclass(frozen=True, slots=True)
class PerHalfDay:
    """So much for a half-day attended in full; `part_day` says what less counts."""

    centihours_per_half_day: int


@dataclass(frozen=True, slots=True)
class PerItem:
    """So much for each item declared; one if it does not say how many."""

    centihours: int


@dataclass(frozen=True, slots=True)
class PerUnit:
    """So much for so many units of a measure, or only for whole multiples of them."""

    measure: str
    units: int
    centihours: int
    whole: bool


@dataclass(frozen=True, slots=True)
class ByRank:
    """So much by rank, the first author's first; with a measure, so much for each of its units."""

    centihours: tuple[int, ...]
    measure: str


@dataclass(frozen=True, slots=True)
class Band:
    """From so many units on, so much in all."""

    from_: int
    centihours: int


@dataclass(frozen=True, slots=True)
class Banded:
    """What the highest band that a measure reaches gives; below the first, nothing."""

    measure: str
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class Fixed:
    """So much, whatever the size; `part_day` says what a session attended in part counts."""

    centihours: int


@dataclass(frozen=True, slots=True)
class AsApproved:
    """The hours with which the filing or the item was approved."""


class Gives(StrEnum):
    """What a period gives of each calendar year that it touches."""

    WHOLE_YEAR = "whole_year"
    BY_DAYS = "by_days"
    BY_MONTHS = "by_months"


class Overlap(StrEnum):
    """Whether periods of one person that share days are refused; their days count once anyway."""

    REFUSED = "refused"
    ONCE = "once"


@dataclass(frozen=True, slots=True)
class Period:
    """How a period from a first through a last day is counted, each calendar year by itself.

    A year in which it has fewer than `days_min` days gets nothing.
    """

    gives: Gives
    overlap: Overlap
    days_min: int


@dataclass(frozen=True, slots=True)
class WholeYear:
    """All that the credited year asks for: each subject's minimum, the rest to this subject; with a
    period, of each year that it touches, all or its share."""

    rest: str
    period: Period | None = None


Amount = (
    PerMinutes
    | PerDay
    | PerHalfDay
    | PerItem
    | PerUnit
    | ByRank
    | Banded
    | Fixed
    | AsApproved
    | WholeYear
)


@dataclass(frozen=True, slots=True)
class Share:
    """The part that whoever the condition fits gets, in percent."""

    condition: Condition
    percent: int


@dataclass(frozen=True, slots=True)
class Bonus:
    """Hours that whoever the condition fits gets besides."""

    condition: Condition
    centihours: int


class SpreadHow(StrEnum):
    """Whether hours are always spread over years, or over as many as whoever declares asks for."""

    EVEN = "even"
    DECLARED = "declared"


@dataclass(frozen=True, slots=True)
class Spread:
    """Over how many years the hours of one item are spread, from the credited year on."""

    years: int
    how: SpreadHow


@dataclass(frozen=True, slots=True)
class ConversionRule:
    """`conversion.…`: the amount, and what is made of it in this order: share, bonuses, at most,
    whole steps.

    Without shares everybody gets all. `subject` is the one credited, "" the fact's own.
    """

    amount: Amount
    shares: tuple[Share, ...] = ()
    bonuses: tuple[Bonus, ...] = ()
    at_most_centihours: int | None = None
    step_centihours: int | None = None
    subject: str = ""
    spread: Spread | None = None


def read_conversion(fields: Fields) -> ConversionRule:
    """Read the `value` of a `conversion.…` rule."""
    table = fields.inner("value")
    amount = _AMOUNTS[table.choice("kind", _Kind)](table)
    if isinstance(amount, WholeYear):
        table.finish()  # the year says how much; nothing more can be made of it
        return ConversionRule(amount)
    rule = ConversionRule(
        amount=amount,
        shares=_shares(table),
        bonuses=_bonuses(table),
        at_most_centihours=_optional_centihours(table, "at_most"),
        step_centihours=_optional_centihours(table, "step"),
        subject=table.text("subject", pattern=SUBJECT) if table.has("subject") else "",
        spread=_spread(table.inner("spread")) if table.has("spread") else None,
    )
    table.finish()
    return rule


class _Kind(StrEnum):
    PER_MINUTES = "per_minutes"
    PER_DAY = "per_day"
    PER_HALF_DAY = "per_half_day"
    PER_ITEM = "per_item"
    PER_UNIT = "per_unit"
    BY_RANK = "by_rank"
    BANDED = "banded"
    FIXED = "fixed"
    AS_APPROVED = "as_approved"
    WHOLE_YEAR = "whole_year"


def _per_minutes(table: Fields) -> Amount:
    return PerMinutes(table.integer("minutes_per_hour", least=1, most=_MINUTES_MAX))


def _per_day(table: Fields) -> Amount:
    return PerDay(table.centihours("hours_per_day"))


def _per_half_day(table: Fields) -> Amount:
    return PerHalfDay(table.centihours("hours_per_half_day"))


def _per_item(table: Fields) -> Amount:
    return PerItem(table.centihours("hours"))


def _per_unit(table: Fields) -> Amount:
    return PerUnit(
        measure=_measure(table),
        units=table.integer("units", least=1, most=_UNITS_MAX),
        centihours=table.centihours("hours"),
        whole=table.flag("whole") if table.has("whole") else False,
    )


def _by_rank(table: Fields) -> Amount:
    hours = table.raw("hours", expected=_HOURS_EXAMPLE)
    if not isinstance(hours, list) or not 0 < len(hours) <= _ROWS_MAX:
        raise table.refuse("hours", expected=_HOURS_EXAMPLE)
    ranked = tuple(Fields({"hours": text}, table.place).centihours("hours") for text in hours)
    return ByRank(ranked, _measure(table) if table.has("measure") else "")


def _banded(table: Fields) -> Amount:
    bands: list[Band] = []
    for row in _rows(table, "bands", _BANDS_EXAMPLE):
        band = Band(row.integer("from", least=1, most=_UNITS_MAX), row.centihours("hours"))
        row.finish()
        # Otherwise more of a measure could give less.
        if bands and band.from_ <= bands[-1].from_:
            raise row.refuse("from", expected=f"> {bands[-1].from_}")
        if bands and band.centihours < bands[-1].centihours:
            raise row.refuse("hours", expected=f'≥ "{hours_text(bands[-1].centihours)}"')
        bands.append(band)
    return Banded(_measure(table), tuple(bands))


def _fixed(table: Fields) -> Amount:
    return Fixed(table.centihours("hours"))


def _as_approved(_table: Fields) -> Amount:
    return AsApproved()


def _whole_year(table: Fields) -> Amount:
    rest = table.text("rest", pattern=SUBJECT, example='"professional"')
    return WholeYear(rest, _period(table.inner("period")) if table.has("period") else None)


def _period(table: Fields) -> Period:
    period = Period(
        gives=table.choice("gives", Gives),
        overlap=table.choice("overlap", Overlap),
        days_min=table.integer("days_min", least=1, most=_YEAR_DAYS_MAX)
        if table.has("days_min")
        else 1,
    )
    table.finish()
    return period


_AMOUNTS: Mapping[_Kind, Callable[[Fields], Amount]] = {
    _Kind.PER_MINUTES: _per_minutes,
    _Kind.PER_DAY: _per_day,
    _Kind.PER_HALF_DAY: _per_half_day,
    _Kind.PER_ITEM: _per_item,
    _Kind.PER_UNIT: _per_unit,
    _Kind.BY_RANK: _by_rank,
    _Kind.BANDED: _banded,
    _Kind.FIXED: _fixed,
    _Kind.AS_APPROVED: _as_approved,
    _Kind.WHOLE_YEAR: _whole_year,
}


def _measure(table: Fields) -> str:
    return table.text("measure", pattern=WORD, example=_WORD_EXAMPLE)


def _rows(table: Fields, key: str, example: str) -> list[Fields]:
    rows = table.tables(key, example=example)
    if len(rows) > _ROWS_MAX:
        raise table.refuse(key, expected=f"≤ {_ROWS_MAX}")
    return rows


def _shares(table: Fields) -> tuple[Share, ...]:
    shares = []
    if table.has("shares"):
        for row in _rows(table, "shares", '{ ranks = "1", percent = 100 }'):
            percent = row.integer("percent", least=0, most=_PERCENT_MAX)
            shares.append(Share(read_condition(row, "when"), percent))
            row.finish()
    return tuple(shares)


def _bonuses(table: Fields) -> tuple[Bonus, ...]:
    bonuses = []
    if table.has("bonuses"):
        example = '{ ranks = "1", hours = "10" }'
        for row in _rows(table, "bonuses", example):
            bonus = Bonus(read_condition(row, "when"), row.centihours("hours"))
            row.finish()
            if bonus.condition == Condition():
                raise row.refuse("", expected=f"{example} | {_WHEN_EXAMPLE}")
            bonuses.append(bonus)
    return tuple(bonuses)


def _optional_centihours(table: Fields, key: str) -> int | None:
    return table.centihours(key) if table.has(key) else None


def _spread(table: Fields) -> Spread:
    spread = Spread(
        years=table.integer("years", least=2, most=_YEARS_MAX),
        how=table.choice("how", SpreadHow),
    )
    table.finish()
    return spread
