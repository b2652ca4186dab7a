"""Shapes of what is carried over between years and lapses: worked out, and moving no entry."""

from typing import Any

from creditbank.crediting.carried import CarriedOver
from creditbank.rules.carry_over import CarriedHours, CarryingYear
from creditbank.schemas.fields import Hours, Inner, Shape, Text, Whole, scheme, subject

_YEAR_MIN, _YEAR_MAX = 1990, 2300


class CarriedHoursAnswer(Shape):
    """Hours of one subject that come from, or go to, another year."""

    year = Whole(_YEAR_MIN, _YEAR_MAX, metadata={"description": "The other year."})
    subject = subject()
    hours = Hours()


class CarryRuleAnswer(Shape):
    """A rule behind it, and what it rests on."""

    scheme = scheme()
    key = Text(200)


class CarriedYearAnswer(Shape):
    """One year by the general amounts of the pack; a title's own amounts may carry otherwise.

    `surplus_hours` are those carried out, those that may still be, and those that lapsed.
    """

    year = Whole(_YEAR_MIN, _YEAR_MAX)
    carried_in = Inner(CarriedHoursAnswer, many=True)
    carried_out = Inner(CarriedHoursAnswer, many=True)
    surplus_hours = Hours()
    open_hours = Hours(
        metadata={"description": "May still be carried over, as far as the rules allow."}
    )
    open_through = Whole(_YEAR_MIN, _YEAR_MAX)
    lapsed_hours = Hours()
    rules = Inner(CarryRuleAnswer, many=True)
    zh = Text(4_000)
    en = Text(4_000)


def shaped_carried(carried: CarriedOver) -> list[dict[str, Any]]:
    """Return the members of every year that carrying over touches."""
    return [_year(carried, each) for each in carried.years]


def _year(carried: CarriedOver, year: CarryingYear) -> dict[str, Any]:
    return {
        "year": year.year,
        "carried_in": [_hours(each.giving_year, each) for each in year.came],
        "carried_out": [_hours(each.taking_year, each) for each in year.went],
        "surplus_hours": year.surplus_centihours,
        "open_hours": year.open_centihours,
        "open_through": year.last_year,
        "lapsed_hours": year.lapsed_centihours,
        "rules": [{"scheme": rule.scheme, "key": rule.key} for rule in year.behind],
        "zh": "".join(carried.said(year, "zh")),
        "en": " ".join(carried.said(year, "en")),
    }


def _hours(other_year: int, hours: CarriedHours) -> dict[str, Any]:
    return {"year": other_year, "subject": hours.subject, "hours": hours.centihours}
