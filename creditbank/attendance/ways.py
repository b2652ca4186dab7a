"""By which way attendance came in, where that says how it was found."""

from enum import StrEnum


class Way(StrEnum):
    """How somebody's presence was found; of a roster that a provider made, nothing is said."""

    CHECK_IN = "check-in"
    PAPER = "paper"
