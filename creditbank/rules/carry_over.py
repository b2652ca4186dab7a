"""Carry-over (结转): hours beyond a year's minima serve later years, as far as those are short.

The promise: whatever can be filled is filled, so that more hours never lead to less; no hour serves
twice, no year gives what its own minima need, and no year takes more than the rules let it. It is
a flow: from the years that give, through their subjects, to the shortfalls of the years that take,
the deepest subjects first and the earlier year before the later one.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from creditbank.rules.kinds import TOTAL, subject_contains
from creditbank.rules.minima import Asks, Credited, yearly_lines
from creditbank.rules.pack import PackChain, Value, distinct
from creditbank.rules.shortfall import Closing, RequirementLine, closing_of, subject_depth
from creditbank.rules.title_rules import YEARS_MAX, CarryOver
from creditbank.rules.windows import Window

_KIND = "carry_over"
#: Wider than any sum of hours, so that only real bounds bind.
_ANY = 10**15

#: A station of the flow: what happens there ("give", "hold", "take"), the year, and the subject.
_Node = tuple[str, int, str]
_SOURCE: _Node = ("source", 0, "")
_END: _Node = ("end", 0, "")


@dataclass(frozen=True, slots=True)
class CarriedHours:
    """Hours of one subject, beyond the minima of one year, that serve a later one by these rules.

    The narrowest rule stands first: it says for how many years.
    """

    giving_year: int
    taking_year: int
    subject: str
    centihours: int
    rules: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Carried:
    """The lines with what was carried into their years, and all that was carried."""

    lines: tuple[RequirementLine, ...]
    hours: tuple[CarriedHours, ...]

    @property
    def values(self) -> tuple[Value, ...]:
        """The rules that let it."""
        return tuple(rule for each in self.hours for rule in each.rules)


@dataclass(frozen=True, slots=True)
class CarryingYear:
    """What carry-over makes of one year by the general amounts, in centihours.

    Its `surplus` lies beyond its minima and may serve later years: it `went` there, may still go
    (`open`, through `last_year`), or `lapsed`. `came` is what earlier years gave it.
    """

    year: int
    came: tuple[CarriedHours, ...]
    went: tuple[CarriedHours, ...]
    surplus_centihours: int
    open_centihours: int
    lapsed_centihours: int
    last_year: int
    rules: tuple[Value, ...]

    @property
    def behind(self) -> tuple[Value, ...]:
        """The rules of its own hours and of those that came, each once."""
        return distinct([*self.rules, *(rule for each in self.came for rule in each.rules)])


def carried_into(lines: Iterable[RequirementLine], rows: Iterable[Credited], asks: Asks) -> Carried:
    """Fill what single years are short of with what earlier years have beyond their minima.

    A rule speaks of the hours of a year if it is in force on its 31 December, the narrowest subject
    first. Years before the start of counting give nothing, and neither does a year whose minima
    nobody knows.
    """
    weighed, chain = tuple(lines), asks.chain
    wanted = closing_of(weighed) if may_carry(chain) else ()
    if not wanted:
        return Carried(weighed, ())
    years = {line.first_year for line in weighed}
    flow = _Flow()
    ways = list(_givers(flow, rows, years, asks))
    _fill(flow, wanted, {way.subject for way in ways}, chain)
    hours = tuple(
        CarriedHours(way.giving_year, way.taking_year, way.subject, sent, way.rules)
        for way in ways
        if (sent := flow.sent(way.held, way.taken))
    )
    filled = (line._replace(carried_centihours=_into(line, hours)) for line in weighed)
    return Carried(tuple(filled), hours)


def may_carry(chain: PackChain) -> bool:
    """Tell whether any rule ever lets hours serve a later year."""
    return bool(chain.keys(_KIND))


def carrying_years(
    rows: Iterable[Credited], chain: PackChain, this_year: int
) -> tuple[CarryingYear, ...]:
    """Tell year by year what is carried and lapses where each year asks for the general amounts.

    This is `carried_into` for every year from the first with hours through `this_year`, which has
    not ended and takes what it is short of now. Years with nothing to tell are left out.
    """
    credited = tuple(rows)
    if not may_carry(chain) or not credited:
        return ()
    years = range(min(row.year for row in credited), this_year + 1)
    asks = Asks(chain, Window(years, {}, None))
    lines = [line for year in years for line in yearly_lines(year, credited, asks.of(year))]
    hours = carried_into(lines, credited, asks).hours
    held = _held_by_year(credited, None)
    told = (_carrying(year, held[year], hours, asks) for year in years)
    return tuple(each for each in told if each.came or each.surplus_centihours)


def _carrying(
    year: int, held: Mapping[str, int], hours: tuple[CarriedHours, ...], asks: Asks
) -> CarryingYear:
    went = tuple(each for each in hours if each.giving_year == year)
    rules = {
        subject: found
        for subject in sorted(held)
        if (found := tuple(_rules_for(subject, year, asks.chain)))
    }
    last = {subject: year + _rule(found[0]).years for subject, found in rules.items()}
    flow = _Flow()
    _let_give(flow, year, held, asks)
    for subject in rules:
        sent = sum(each.centihours for each in went if each.subject == subject)
        flow.allow(("hold", year, subject), _END, sent)
    gone = flow.send(_END, _ANY)
    for subject, last_year in last.items():
        for later in range(max(asks.window.years[-1], year + 1), last_year + 1):
            _let_come(flow, ("hold", year, subject), later, hours, asks.chain)
    still = flow.send(_END, _ANY)
    for subject in rules:
        flow.allow(("hold", year, subject), _END, _ANY)
    return CarryingYear(
        year=year,
        came=tuple(each for each in hours if each.taking_year == year),
        went=went,
        surplus_centihours=gone + still + (lapsed := flow.send(_END, _ANY)),
        open_centihours=still,
        lapsed_centihours=lapsed,
        last_year=max(last.values(), default=year),
        rules=distinct(rule for found in rules.values() for rule in found),
    )


@dataclass(frozen=True, slots=True)
class _Way:
    """From one subject of a giving year to the same subject of a taking year."""

    giving_year: int
    taking_year: int
    subject: str
    rules: tuple[Value, ...]

    @property
    def held(self) -> _Node:
        return ("hold", self.giving_year, self.subject)

    @property
    def taken(self) -> _Node:
        return ("take", self.taking_year, self.subject)


class _Flow:
    """Hours that may still go from node to node; what was sent may be called back and rerouted."""

    def __init__(self) -> None:
        self._left: dict[_Node, dict[_Node, int]] = defaultdict(dict)

    def allow(self, start: _Node, end: _Node, centihours: int) -> None:
        self._left[start][end] = centihours
        self._left[end].setdefault(start, 0)

    def sent(self, start: _Node, end: _Node) -> int:
        return self._left[end][start]

    def send(self, end: _Node, most: int) -> int:
        """Bring as many hours as can be had, at most so many, from the source to a node."""
        brought = 0
        while brought < most and (path := self._path_to(end)):
            steps = list(pairwise(path))
            centihours = min(most - brought, *(self._left[a][b] for a, b in steps))
            for a, b in steps:
                self._left[a][b] -= centihours
                self._left[b][a] += centihours
            brought += centihours
        return brought

    def _path_to(self, end: _Node) -> list[_Node]:
        came_from = {_SOURCE: _SOURCE}
        reached = [_SOURCE]
        for node in reached:
            for following, left in self._left[node].items():
                if left and following not in came_from:
                    came_from[following] = node
                    reached.append(following)
        if end not in came_from:
            return []
        path = [end]
        while path[-1] != _SOURCE:
            path.append(came_from[path[-1]])
        return path[::-1]


def _givers(flow: _Flow, rows: Iterable[Credited], taking: set[int], asks: Asks) -> Iterator[_Way]:
    """Let each year give what lies beyond its minima, to the years that its rules name."""
    held = _held_by_year(rows, asks.window.earliest)
    for year, by_subject in sorted(held.items()):
        _let_give(flow, year, by_subject, asks)
        for subject in sorted(by_subject):
            rules = tuple(_rules_for(subject, year, asks.chain))
            for later in sorted(taking):
                if rules and year < later <= year + _rule(rules[0]).years:
                    way = _Way(year, later, subject, rules)
                    flow.allow(way.held, way.taken, _ANY)
                    yield way


def _held_by_year(rows: Iterable[Credited], earliest: int | None) -> dict[int, dict[str, int]]:
    held: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        if earliest is None or row.year >= earliest:
            held[row.year][row.subject] += row.counted_centihours
    return held


def _let_give(flow: _Flow, year: int, held: Mapping[str, int], asks: Asks) -> None:
    _bound_by_minima(flow, year, held, asks)
    for subject, centihours in sorted(held.items()):
        flow.allow(("give", year, subject), ("hold", year, subject), centihours)


def _let_come(
    flow: _Flow, held: _Node, later: int, hours: Iterable[CarriedHours], chain: PackChain
) -> None:
    """Let a year take hours that it is not short of yet, as far as its bounds leave room."""
    above = _and_above(held[2])
    filled = defaultdict[tuple[int, str], int](int)
    for each in hours:
        filled[each.taking_year, each.subject] += each.centihours
    places = [*(("into", later, subject) for subject in above), _END]
    flow.allow(held, places[0], _ANY)
    for subject, (start, end) in zip(above, pairwise(places), strict=True):
        flow.allow(start, end, _room(later, subject, filled, chain))


def _bound_by_minima(flow: _Flow, year: int, held: Mapping[str, int], asks: Asks) -> None:
    minima = {minimum.subject: minimum.centihours for minimum in asks.of(year)}
    if not minima:
        return
    for subject in sorted({above for each in held for above in _and_above(each)}):
        under = sum(hours for each, hours in held.items() if subject_contains(subject, each))
        beyond = max(0, under - minima[subject]) if subject in minima else _ANY
        start = ("give", year, _above(subject)) if subject else _SOURCE
        flow.allow(start, ("give", year, subject), beyond)


def _fill(
    flow: _Flow, wanted: Iterable[Closing], subjects: Iterable[str], chain: PackChain
) -> None:
    """Bring hours to every shortfall; what one leaves may climb to the subjects above it."""
    filled: dict[tuple[int, str], int] = defaultdict(int)
    by_depth = sorted(wanted, key=lambda each: (-subject_depth(each.subject), each.first_year))
    years = sorted({each.first_year for each in by_depth})
    climbing = sorted({above for each in subjects for above in _and_above(each)} - {""})
    for want in by_depth:
        for subject in climbing:
            if subject_depth(subject) > subject_depth(want.subject):
                for year in years:
                    _let_climb(flow, year, subject, filled, chain)
        climbing = [each for each in climbing if subject_depth(each) <= subject_depth(want.subject)]
        year, own = want.first_year, want.subject
        room = min(_room(year, above, filled, chain) for above in _and_above(own))
        filled[year, own] += flow.send(("take", year, own), min(want.centihours, room))


def _let_climb(
    flow: _Flow, year: int, subject: str, filled: Mapping[tuple[int, str], int], chain: PackChain
) -> None:
    room = _room(year, subject, filled, chain)
    flow.allow(("take", year, subject), ("take", year, _above(subject)), room)


def _room(year: int, subject: str, filled: Mapping[tuple[int, str], int], chain: PackChain) -> int:
    """Return how many more hours of a subject a year may take."""
    most = _most_into(year, subject, chain)
    if most is None:
        return _ANY
    inside = (
        centihours
        for (where, each), centihours in filled.items()
        if where == year and subject_contains(subject, each)
    )
    return most - sum(inside)


def _most_into(year: int, subject: str, chain: PackChain) -> int | None:
    """Return the bound of a subject's own rule, as the latest year that may give says it."""
    for giving in range(year - 1, year - 1 - YEARS_MAX, -1):
        value = chain.value_on(_key(subject), date(giving, 12, 31))
        if value is not None and year <= giving + _rule(value).years:
            return _rule(value).centihours_max
    return None


def _rules_for(subject: str, year: int, chain: PackChain) -> Iterator[Value]:
    """Yield the rules that speak of a year's hours of a subject, the narrowest first."""
    for above in _and_above(subject):
        value = chain.value_on(_key(above), date(year, 12, 31))
        if value is not None:
            yield value


def _rule(value: Value) -> CarryOver:
    assert isinstance(value.value, CarryOver), "the loader types carry_over.*"
    return value.value


def _into(line: RequirementLine, hours: Iterable[CarriedHours]) -> int:
    return sum(
        each.centihours
        for each in hours
        if each.taking_year == line.first_year and subject_contains(line.subject, each.subject)
    )


def _key(subject: str) -> str:
    return f"{_KIND}.{subject or TOTAL}"


def _above(subject: str) -> str:
    return subject.rpartition(".")[0]


def _and_above(subject: str) -> list[str]:
    """Return a subject and all above it, the total (empty) last."""
    found = [subject]
    while found[-1]:
        found.append(_above(found[-1]))
    return found
