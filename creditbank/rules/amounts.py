"""Base hours: what so many units of a measure give, before anything else is made of them."""

from dataclasses import dataclass
from fractions import Fraction

from creditbank.hours import CENTIHOURS_PER_HOUR
from creditbank.rules.conversion_rules import Banded, PerUnit
from creditbank.rules.pack import Value
from creditbank.rules.trace import Step, Steps


@dataclass(frozen=True, slots=True)
class Base:
    """Exact hours before anything is made of them, and how they came about."""

    hours: Fraction
    steps: Steps


def hours_of(centihours: int) -> Fraction:
    """Return centihours as exact hours."""
    return Fraction(centihours, CENTIHOURS_PER_HOUR)


def measured(amount: PerUnit | Banded, count: Fraction, value: Value) -> Base:
    """Return what a count of the amount's measure gives."""
    if isinstance(amount, PerUnit):
        return per_unit(amount, count, value)
    reached = [band for band in amount.bands if band.from_ <= count]
    facts: dict[str, str | int] = {"measure": amount.measure, "count": _figure(count)}
    if not reached:
        facts |= {"from": amount.bands[0].from_}
        return Base(Fraction(0), (Step("rules-step-below-bands", facts, value),))
    band = reached[-1]
    facts |= {"from": band.from_, "band_centihours": band.centihours}
    return Base(hours_of(band.centihours), (Step("rules-step-band", facts, value),))


def per_unit(amount: PerUnit, count: Fraction, value: Value) -> Base:
    """Return what a count gives at so much for so many units, or for whole multiples of them."""
    code = "rules-step-per-whole-units" if amount.whole else "rules-step-per-units"
    facts: dict[str, str | int] = {
        "measure": amount.measure,
        "count": _figure(count),
        "units": amount.units,
        "unit_centihours": amount.centihours,
    }
    times = Fraction(count // amount.units) if amount.whole else count / amount.units
    return Base(hours_of(amount.centihours) * times, (Step(code, facts, value),))


def _figure(count: Fraction) -> str | int:
    return count.numerator if count.denominator == 1 else str(count)
