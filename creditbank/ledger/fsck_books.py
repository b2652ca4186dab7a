"""What fsck holds at hand: the small tables that every entry refers to, and what uses add up to."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.ledger.leaves import Pins
from creditbank.ledger.models import Act, PackPins, Source, SourceKind
from creditbank.ledger.posting import pins_from_text
from creditbank.ledger.sources import allowances

#: Rows in one IN list; well below what either driver can bind.
_CHUNK = 5_000


class Books:
    """Small tables that every entry refers to, and what its use adds up to."""

    def __init__(self, session: Session) -> None:
        self.sources = {row.source_id: row for row in session.scalars(select(Source))}
        self.pins = {row.pins_id: row.pins for row in session.scalars(select(PackPins))}
        self.chains = {pins_id: _chain_of(text) for pins_id, text in self.pins.items()}
        opening = {source.act_id for source in self.sources.values()}
        self.opening_acts: dict[int, Act] = {
            act.act_id: act for act in acts_numbered(session, sorted(opening))
        }
        self.recognised = {
            source_id
            for source_id, source in self.sources.items()
            if source.kind == SourceKind.RECOGNISED
        }
        self.allowances = allowances(session, list(self.sources.values()))
        #: leaf of the act that opened each source, empty if there is none
        self.source_leaves: dict[int, bytes] = defaultdict(bytes)
        for source in self.sources.values():
            if source.act_id in self.opening_acts:
                self.source_leaves[source.source_id] = self.opening_acts[source.act_id].leaf
        self.used_people: dict[int, int] = defaultdict(int)
        self.used_centihours: dict[int, int] = defaultdict(int)

    def begin_with(
        self, before: Mapping[int, tuple[int, int]], since: Mapping[int, tuple[int, int]]
    ) -> None:
        """Set uses to what they were when they were checked, and what was taken since."""
        for source_id in before.keys() | since.keys():
            people, centihours = before.get(source_id, (0, 0))
            more_people, more_centihours = since.get(source_id, (0, 0))
            self.used_people[source_id] = people + more_people
            self.used_centihours[source_id] = centihours + more_centihours


def _chain_of(text: str) -> Pins | None:
    """Read a pack chain; None where it is none."""
    try:
        return tuple(tuple(each) for each in pins_from_text(text))
    except (ValueError, TypeError, RecursionError):
        return None


def acts_numbered(session: Session, ids: Sequence[int]) -> Iterator[Act]:
    """Yield those acts that there are of these numbers."""
    for start in range(0, len(ids), _CHUNK):
        yield from session.scalars(select(Act).where(Act.act_id.in_(ids[start : start + _CHUNK])))
