"""What a check of the ledger finds, and how far it has come."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One thing that does not agree: which, in which table, in which row."""

    code: str
    table: str
    key: str


@dataclass(slots=True)
class Progress:
    """How far a check has come, for whoever waits for it."""

    entries: int = 0
    acts: int = 0
    rounds: int = 0
    #: people whose secret was erased: their leaves are blind, which is no disagreement
    erased_people: set[int] = field(default_factory=set)
