"""What a check of the ledger finds, and how far it has come."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

#: The parts of a check in their order; each is called `fsck-phase-…` in the catalogue.
PHASES = (
    "tables", "acts", "people", "rounds", "logs", "investigations", "reassessments", "certificates",
)  # fmt: skip
#: The one that costs more than all others, and is only done where it is asked for.
FOLDS = "folds"


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
    #: the phases that there will be
    phases: Sequence[str] = PHASES
    #: the phase at work, and how many of its rows are done, of how many
    phase: str = ""
    done: int = 0
    known: int = 0
    #: hears each phase begin
    told: Callable[["Progress"], None] = lambda _: None

    def begin(self, phase: str, known: int) -> None:
        """Note that a phase begins, over so many rows."""
        self.phase, self.done, self.known = phase, 0, known
        self.told(self)

    @property
    def phase_no(self) -> int:
        """Return which phase is at work, counted from 1."""
        return self.phases.index(self.phase) + 1
