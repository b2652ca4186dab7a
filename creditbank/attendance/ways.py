"""By which way attendance came in, where that says how it was found."""

from enum import StrEnum


class Way(StrEnum):
    """How somebody's presence was found; of a roster that a provider made, nothing is said."""

    CHECK_IN = "check-in"
    #: on site without network, by a device of the teacher's that signed it and sent it later
    OFFLINE = "offline"
    PAPER = "paper"


class StatedWay(StrEnum):
    """What a provider may say of a roster; the bank itself knows of the others."""

    PAPER = "paper"


def way_of(text: str) -> Way | None:
    """Read a way as tables keep it, and queries have it; empty is none."""
    return Way(text) if text else None
