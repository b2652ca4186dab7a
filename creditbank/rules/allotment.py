"""The most that caps of a day and wider caps let count together, the earliest facts first.

Walked in turn, a session may take a day's hours and then meet a full year, while another of the
same day would have counted: so more study could count less. Here the hours of one day, subject and
credited year (a cell) are a flow from the cell through its facts into the wider caps, each of which
lies within the next. Cells are filled in the order of their facts; what is done later may move
hours between the facts of an earlier cell, and never changes how many the cell counts.
"""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

#: Which cap, and over which day, year or activity it adds up.
Bucket = tuple[str, str]
#: A bucket, and the centihours that fit.
Bound = tuple[Bucket, int]
#: A cell, a fact, a bucket or the sink.
_Node = tuple[object, ...]

_SINK: _Node = ("sink",)


@dataclass(frozen=True, slots=True)
class Claim:
    """What one fact is worth, its cell, and the caps that touch it: those of its day, and wider."""

    key: str
    centihours: int
    cell: tuple[object, ...]
    of_day: tuple[Bound, ...]
    wider: tuple[Bound, ...]


def allot(claims: Sequence[Claim]) -> Mapping[str, int]:
    """Return the centihours that each fact counts.

    Returns:
        By key; empty where the wider caps do not lie within each other, or where a cap is another
        for some of its facts: then they have to be taken in turn.
    """
    inside = _nested(claims)
    if inside is None or not _steady(claims):
        return {}
    flow = _Flow()
    for bucket, limit in dict(bound for claim in claims for bound in claim.wider).items():
        flow.open(bucket, inside[bucket], limit)
    _fill(flow, claims, inside)
    _prefer_earlier(flow, claims)
    return {claim.key: claim.centihours - flow.room(_cell(claim), _fact(claim)) for claim in claims}


class _Flow:
    """A flow of centihours: what may still go from node to node, and back."""

    def __init__(self) -> None:
        self._room: dict[_Node, dict[_Node, int]] = {}

    def open(self, source: _Node, target: _Node, most: int) -> None:
        self._room.setdefault(source, {})[target] = most
        self._room.setdefault(target, {})[source] = 0

    def room(self, source: _Node, target: _Node) -> int:
        return self._room[source][target]

    def move(self, source: _Node, target: _Node, amount: int) -> None:
        self._room[source][target] -= amount
        self._room[target][source] += amount

    def push(self, source: _Node, target: _Node, most: int, closed: Collection[_Node]) -> int:
        """Push up to so much by any way round closed nodes, but not straight from end to end."""
        pushed = 0
        while pushed < most and (way := self._way(source, target, closed)):
            steps = list(pairwise(way))
            amount = min(most - pushed, *(self._room[one][next_] for one, next_ in steps))
            for one, next_ in steps:
                self.move(one, next_, amount)
            pushed += amount
        return pushed

    def _way(self, source: _Node, target: _Node, closed: Collection[_Node]) -> list[_Node]:
        """Return the shortest way with room on it, empty if there is none."""
        came_from: dict[_Node, _Node] = {}
        waiting = deque([source])
        while waiting and target not in came_from:
            node = waiting.popleft()
            for next_, room in self._room[node].items():
                straight = node == source and next_ == target
                if room > 0 and next_ not in came_from and next_ not in closed and not straight:
                    came_from[next_] = node
                    waiting.append(next_)
        if target not in came_from:
            return []
        way = [target]
        while way[-1] != source:
            way.append(came_from[way[-1]])
        return way[::-1]


def _cell(claim: Claim) -> _Node:
    return ("cell", claim.cell)


def _fact(claim: Claim) -> _Node:
    return ("fact", claim.key)


def _nested(claims: Sequence[Claim]) -> dict[Bucket, _Node] | None:
    """Return of each wider cap the next that it lies within; None if two cross."""
    facts_in: dict[Bucket, int] = {}
    for number, claim in enumerate(claims):
        for bucket, _ in claim.wider:
            facts_in[bucket] = facts_in.get(bucket, 0) | 1 << number
    inside: dict[Bucket, _Node] = {}
    for claim in claims:
        chain = _inmost_first(claim, facts_in)
        if any(facts_in[one] & ~facts_in[next_] for one, next_ in pairwise(chain)):
            return None
        nodes: list[_Node] = [*chain, _SINK]
        inside |= dict(zip(chain, nodes[1:], strict=True))
    return inside


def _inmost_first(claim: Claim, facts_in: Mapping[Bucket, int]) -> list[Bucket]:
    buckets = [bucket for bucket, _ in claim.wider]
    return sorted(buckets, key=lambda bucket: (facts_in[bucket].bit_count(), bucket))


def _steady(claims: Sequence[Claim]) -> bool:
    """Tell whether each cap lets as much through for each of its facts."""
    bounds = {bound for claim in claims for bound in (*claim.of_day, *claim.wider)}
    return len(bounds) == len({bucket for bucket, _ in bounds})


def _fill(flow: _Flow, claims: Sequence[Claim], inside: Mapping[Bucket, _Node]) -> None:
    """Let each cell count as much as it can beside those before it."""
    used: dict[Bucket, int] = {}
    for claim in claims:
        around = {inside[bucket] for bucket, _ in claim.wider}
        inmost = [bucket for bucket, _ in claim.wider if bucket not in around]
        flow.open(_cell(claim), _fact(claim), claim.centihours)
        flow.open(_fact(claim), inmost[0] if inmost else _SINK, claim.centihours)
        free = (limit - used.get(bucket, 0) for bucket, limit in claim.of_day)
        wanted = min([claim.centihours, *free])
        pushed = flow.push(_cell(claim), _SINK, wanted, ())
        for bucket, _ in claim.of_day:
            used[bucket] = used.get(bucket, 0) + pushed


def _prefer_earlier(flow: _Flow, claims: Sequence[Claim]) -> None:
    """Let each fact count as much as it can while its cell counts the same, and no earlier less."""
    settled: set[_Node] = set()
    for claim in claims:
        cell, fact = _cell(claim), _fact(claim)
        # What goes round in a circle through the fact changes no cell.
        flow.move(cell, fact, flow.push(fact, cell, flow.room(cell, fact), settled))
        settled.add(fact)
