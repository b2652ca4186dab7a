"""Hours are integers in centihours (1/100 学时); the one rounding in the house is here, down."""

import re
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, pairwise

from creditbank.errors import CreditBankError

CENTIHOURS_PER_HOUR = 100
#: More than anybody can earn in a life; a larger figure is a typing error or an attack.
CENTIHOURS_MAX = 100_000_000

#: Most figures of a list of people are those of the one before.
_TEXTS_REMEMBERED = 8_192
_HOURS_TEXT = re.compile(r"(0|[1-9][0-9]{0,5})(?:\.([0-9]{1,2}))?", re.ASCII)


class HoursTextInvalidError(CreditBankError):
    """A text is not a decimal number of hours with at most two places."""

    code = "hours-text-invalid"
    status = 422


def centihours_floor(hours: Fraction) -> int:
    """Round exact hours down to whole centihours; never call it twice on one figure."""
    return whole_centihours(hours * CENTIHOURS_PER_HOUR)


def whole_centihours(exact: Fraction | int) -> int:
    """Round exact centihours down; never call it twice on one figure."""
    assert exact >= 0, "hours are earned, never owed"
    return exact.__floor__()


def apportioned_centihours(centihours: int, weights: Sequence[int]) -> list[int]:
    """Part hours by weight without losing any: what each step of the running total adds.

    Args:
        centihours: what is parted.
        weights: at least one, above zero, in the order of the parts.
    """
    total = sum(weights)
    reached = [centihours * so_far // total for so_far in accumulate(weights, initial=0)]
    return [after - before for before, after in pairwise(reached)]


@lru_cache(maxsize=_TEXTS_REMEMBERED)
def hours_text(centihours: int) -> str:
    """Write centihours as decimal text with two places: 1250 is "12.50"."""
    sign = "-" if centihours < 0 else ""
    whole, part = divmod(abs(centihours), CENTIHOURS_PER_HOUR)
    return f"{sign}{whole}.{part:02d}"


def centihours_from_text(text: str) -> int:
    """Read decimal text with at most two places: "12.5" is 1250.

    Raises:
        HoursTextInvalidError: signs, exponents, separators, more places or an absurd size.
    """
    match = _HOURS_TEXT.fullmatch(text)
    if match is None:
        raise HoursTextInvalidError(found=text[:20])
    whole, part = match.groups()
    return int(whole) * CENTIHOURS_PER_HOUR + int((part or "").ljust(2, "0"))
