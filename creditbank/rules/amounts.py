"""Base hours: what so many units of a measure give, before anything else is made of them."""

from dataclasses import dataclass
from fractions import Fraction

from creditbank.rules.conversion_rules import Banded, PerUnit
from creditbank.rules.pack import Value
from creditbank.rules.trace import Step, Steps

#: Centihours before they are rounded; whole ones are no fractions, which are slow.
Exact = Fraction | int


@dataclass(frozen=True, slots=True)
class Base:
    """Exact centihours before anything is made of them, and how they came about."""

    centihours: Exact
    steps: Steps


def part(centihours: Exact, share: Exact, of: int) -> Exact:
    """Return so many parts of exact centihours."""
    return centihours if share == of else Fraction(centihours * share, of)


def measured(amount: PerUnit | Banded, count: Exact, value: Value) -> Base:
    """Return what a count of the amount's measure gives."""
    if isinstance(amount, PerUnit):
        return per_unit(amount, count, value)
    reached = [band for band in amount.bands if band.from_ <= count]
    facts: dict[str, str | int] = {"measure": amount.measure, "count": _figure(count)}
    if not reached:
        facts |= {"from": amount.bands[0].from_}
        return Base(0, (Step("rules-step-below-bands", facts, value),))
    band = reached[-1]
    facts |= {"from": band.from_, "band_centihours": band.centihours}
    return Base(band.centihours, (Step("rules-step-band", facts, value),))


def per_unit(amount: PerUnit, count: Exact, value: Value) -> Base:
    """Return what a count gives at so much for so many units, or for whole multiples of them."""
    code = "rules-step-per-whole-units" if amount.whole else "rules-step-per-units"
    facts: dict[str, str | int] = {
        "measure": amount.measure,
        "count": _figure(count),
        "units": amount.units,
        "unit_centihours": amount.centihours,
    }
    times = count // amount.units if amount.whole else part(count, 1, amount.units)
    return Base(amount.centihours * times, (Step(code, facts, value),))


def _figure(count: Exact) -> str | int:
    return count.numerator if count.denominator == 1 else str(count)
