"""Gathering: everything sealed that people hold in a scheme, read in one snapshot.

Only sealed entries count; what is recorded and not yet sealed is told apart as pending. Many people
are read in a few queries, and what follows from the law alone is found once for all of them.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Select, String, bindparam, func, select
from sqlalchemy.orm import Session

from creditbank.crediting.fold import (
    NO_TRACE,
    TracedFacts,
    earned_as,
    fact_said,
    kind_said,
    nothing_cut,
    traced_facts,
)
from creditbank.ledger.logs import REACH, SEALED_BY, Head, heads_at, reach_of
from creditbank.ledger.models import (
    CreditFacts,
    Entry,
    Movement,
    PackPins,
    Seal,
    Source,
    SourceKind,
    State,
)
from creditbank.ledger.posting import pins_from_text
from creditbank.readymade import Asked, ReadyMade, Row, among_named, lasting
from creditbank.registry.lawbook import pack_pinned
from creditbank.rules.allotment import Bound
from creditbank.rules.caps import Account, CapLaw, Cut, LiveFact, all_within, fold_under
from creditbank.rules.pack import Pack, PackChain, Value, distinct
from creditbank.rules.requirement import Credited


class Moved(NamedTuple):
    """An entry, as far as answers go by it."""

    person_id: int
    occasion: str
    revision: int
    movement: str
    from_state: str
    to_state: str
    centihours: int
    credited_year: int
    subject: str
    earned_on: date
    source_id: int
    pins_id: int
    leaf: bytes
    #: whether it had its place when the round of the sealer ended that the answer goes by
    sealed: bool

    @property
    def credit_key(self) -> "CreditKey":
        """Name the credit that the entry is or acts on."""
        return self[:3]


#: A row of the query, which has as many columns, as the entry that it is.
_moved: Callable[[Sequence[Any]], Moved] = partial(tuple.__new__, Moved)
#: Of traces whose values are remembered.
_REMEMBERED_MAX = 10_000
_SHELVES_MAX = 16
#: Of fewer people PostgreSQL reads rows along their keys anyway.
_MANY = 50
#: What facts say of the row of a roster: nothing that is gathered goes by it, and within a text of
#: JSON these signs cannot stand. Behind it is an integer.
_ROW, _FIGURES = '"row":', "-0123456789"
#: Person, occasion and revision: what names a credit within a scheme.
CreditKey = tuple[int, str, int]
#: Compared by the hundred thousand, as plain texts.
_CREDIT, _RECOGNISED, _MIGRATED = map(
    str, (Movement.CREDIT, SourceKind.RECOGNISED, SourceKind.IMPORT)
)
_COLUMNS = tuple(getattr(Entry, name) for name in Moved._fields[:-1])


class CreditKind(msgspec.Struct, gc=False):
    """What credits have alike whose facts differ in no more than the row of their roster."""

    said: TracedFacts
    #: year and subject
    account: Account
    #: rule values by which they came about
    values: tuple[Value, ...]
    #: whether hours are from before the bank, here or in the scheme they came from
    migrated: bool
    #: the caps that hold for them; None where more than the hours decides what counts
    bounds: tuple[Bound, ...] | None


class HeldCredit(msgspec.Struct, gc=False):
    """One credit as its movements leave it, and what it has in common with others."""

    credit: Moved
    facts: str
    kind: CreditKind
    live_centihours: int
    capped_centihours: int = 0
    frozen_centihours: int = 0
    reversed: bool = False

    @property
    def values(self) -> tuple[Value, ...]:
        """Rule values by which it came about."""
        return self.kind.values

    @property
    def is_live(self) -> bool:
        """Tell whether it is there to count: neither taken back nor frozen."""
        return not self.reversed and not self.frozen_centihours

    def take_in(self, moved: Moved) -> None:
        """Let a movement on it happen."""
        for state, centihours in (
            (moved.to_state, moved.centihours), (moved.from_state, -moved.centihours)
        ):  # fmt: skip
            if state == State.LIVE:
                self.live_centihours += centihours
            elif state == State.CAPPED:
                self.capped_centihours += centihours
            elif state == State.FROZEN:
                self.frozen_centihours += centihours
        if moved.movement == Movement.REVERSE:
            self.reversed = True

    def to_fold(self) -> LiveFact:
        """Return it as the caps see it."""
        credit, kind = self.credit, self.kind
        return fact_said(
            credit.occasion, credit.earned_on, kind.account, credit.centihours, kind.said
        )


class CreditedYear(NamedTuple):
    """Hours of one year and subject, in centihours; `counted` includes `migrated`, not `frozen`."""

    year: int
    subject: str
    counted_centihours: int
    capped_centihours: int
    migrated_centihours: int
    frozen_centihours: int = 0


@dataclass(frozen=True, slots=True)
class WorkedOut:
    """A credit of which caps over the hours earned by a day hold otherwise than was posted.

    They hold `more_centihours` more, below zero where they hold less; `cuts` are all that each
    holds then.
    """

    credit: Moved
    more_centihours: int
    cuts: tuple[Cut, ...]


@dataclass(frozen=True, slots=True)
class Gathered:
    """A person's sealed record in a scheme, and the logs' heads that cover it.

    As of a day, it is what was earned by then, and `worked_out` what no entry says of it. `cuts_of`
    is what caps keep of each live credit, by occasion.
    """

    #: by leaf
    entries: tuple[Moved, ...]
    credits: tuple[HeldCredit, ...]
    credited: tuple[CreditedYear, ...]
    cuts_of: Mapping[str, tuple[Cut, ...]]
    heads: tuple[Head, ...]
    pending_entries: int
    worked_out: tuple[WorkedOut, ...] = ()

    @property
    def live(self) -> list[HeldCredit]:
        """The credits that are there to count."""
        return [each for each in self.credits if each.is_live]

    @property
    def cuts(self) -> tuple[Cut, ...]:
        """Every cut, in the order of the walk."""
        return tuple(chain.from_iterable(self.cuts_of.values()))

    @property
    def values(self) -> tuple[Value, ...]:
        """Rule values by which the live hours came about."""
        return values_behind(self.live)

    def to_weigh(self) -> list[Credited]:
        """Return the credited hours as the rules weigh them."""
        return [
            Credited(
                row.year,
                row.subject,
                row.counted_centihours,
                row.migrated_centihours,
                row.capped_centihours,
            )
            for row in self.credited
        ]


def values_behind(credits: Iterable[HeldCredit]) -> tuple[Value, ...]:
    """Return each rule value by which credits came about, in the pack versions that they pin."""
    # Most credits came about alike, and share one tuple.
    found = {id(each.values): each.values for each in credits}
    return distinct(chain.from_iterable(found.values()))


class Bookshelf:
    """What gathering and weighing by one chain of packs need again and again."""

    def __init__(self, law: PackChain) -> None:
        self.law = law
        self.caps = CapLaw(law)
        self._values: dict[tuple[str, bytes], tuple[Value, ...]] = {}
        self._packs: dict[str, Mapping[str, Pack]] = {}

    def values_of(self, session: Session, pins: str, said: TracedFacts) -> tuple[Value, ...]:
        """Find each rule value that the trace of a credit names, in the versions that it pins."""
        if said.trace is NO_TRACE:
            return ()
        trace = bytes(said.trace)
        asked = pins, trace
        if asked not in self._values:
            if len(self._values) >= _REMEMBERED_MAX:
                self._values.clear()
            if pins not in self._packs:
                self._packs[pins] = _packs_pinned(session, pins)
            self._values[asked] = tuple(_values_named(trace, self._packs[pins]))
        return self._values[asked]


#: The shelves of the laws asked for last, by the chain's identity: the lawbook keeps chains alike.
_shelves: dict[int, Bookshelf] = {}


def shelf_of(law: PackChain) -> Bookshelf:
    """Return the shelf of a chain of packs, of this process."""
    shelf = _shelves.get(id(law))
    if shelf is None or shelf.law is not law:
        if len(_shelves) >= _SHELVES_MAX:
            _shelves.clear()
        shelf = _shelves[id(law)] = Bookshelf(law)
    return shelf


def gather(
    session: Session, people: Sequence[int], law: PackChain, seal: Seal | None,
    as_of: date | None = None,
) -> Gathered:  # fmt: skip
    """Read what the linked keys of one person hold, as of one round of the sealer.

    With `as_of`, only what was earned on or before that day, by caps over just these hours.
    """
    return gatherer(session, people, law, seal, as_of)(people)


def gatherer(
    session: Session, keys: Iterable[int], law: PackChain, seal: Seal | None,
    as_of: date | None = None,
) -> Callable[[Sequence[int]], Gathered]:  # fmt: skip
    """Read what many keys hold, for whoever asks `gather` of the linked keys of one after another.

    What is gathered of one person is best done with before the next: of a thousand at a time it is
    out of the processor's reach again when it is looked at.
    """
    return _Read(session, set(keys), law, seal, as_of).gathered


class _Read:
    """What was read of all people of a block at once."""

    def __init__(
        self, session: Session, keys: set[int], law: PackChain, seal: Seal | None,
        as_of: date | None,
    ) -> None:  # fmt: skip
        self._session, self._law, self._seal, self._as_of = session, law, seal, as_of
        self._shelf = shelf_of(law)
        self._heads: dict[str, list[Head]] = {}
        self._sealed: dict[int, list[Moved]] = defaultdict(list)
        self._pending: dict[int, int] = defaultdict(int)
        people = sorted(keys)
        with _key_by_key(session, len(people)):
            every = list(map(_moved, _entries_of(session, people, law.scheme, seal, as_of)))
            facts = _FACTS.rows(session, people=people, scheme=law.scheme)
        for moved in every:
            if moved.sealed:
                self._sealed[moved.person_id].append(moved)
            else:
                self._pending[moved.person_id] += 1
        self._facts: dict[CreditKey, str] = {row[:3]: row[3] for row in facts}
        sources = _lasting_rows(session, _SOURCES, {each.source_id for each in every})
        self._kinds = {number: row[1] for number, row in sources.items()}
        self._places = {number: row[2] for number, row in sources.items()}
        pins = _lasting_rows(session, _PINS, {each.pins_id for each in every})
        self._pins = {number: row[1] for number, row in pins.items()}
        self._alike: dict[Hashable, CreditKind] = {}

    def gathered(self, group: Sequence[int]) -> Gathered:
        """Put together what one person holds under all keys."""
        entries = sorted(
            chain.from_iterable(self._sealed.get(key, ()) for key in group), key=attrgetter("leaf")
        )
        credits = self._credits(entries)
        live = [each for each in credits if each.is_live]
        cuts = cuts_by_occasion(live, self._shelf.caps)
        worked_out = () if self._as_of is None else tuple(_worked_out(live, cuts))
        return Gathered(
            entries=tuple(entries),
            credits=tuple(credits),
            credited=_by_year(credits, worked_out),
            cuts_of=cuts,
            heads=tuple(self._heads_over(entries)),
            pending_entries=sum(self._pending.get(key, 0) for key in group),
            worked_out=worked_out,
        )

    def _credits(self, entries: Iterable[Moved]) -> list[HeldCredit]:
        held: dict[CreditKey, HeldCredit] = {}
        later: list[Moved] = []
        for moved in entries:
            if moved.movement != _CREDIT:
                later.append(moved)
                continue
            key = moved[:3]
            facts = self._facts[key]
            # Credits of one session are alike but for who was there and where they stood in it.
            head, _, rest = facts.partition(_ROW)
            alike = moved[7:12], key[1].partition("/")[0], head, rest.lstrip(_FIGURES)
            kind = self._alike.get(alike)
            if kind is None:
                kind = self._alike[alike] = self._kind_of(moved, facts)
            held[key] = HeldCredit(moved, facts, kind, moved.centihours)
        for moved in later:
            held[moved.credit_key].take_in(moved)
        return list(held.values())

    def _kind_of(self, credit: Moved, facts: str) -> CreditKind:
        said, account = traced_facts(facts), (credit.credited_year, credit.subject)
        values = self._shelf.values_of(self._session, self._pins[credit.pins_id], said)
        source = self._kinds[credit.source_id]
        migrated = (earned_as(said) if source == _RECOGNISED else source) == _MIGRATED
        seen = kind_said(credit.occasion, credit.earned_on, account, said)
        bounds = None if said.work or said.days else self._shelf.caps.bounds_of(seen)
        return CreditKind(said, account, values, migrated, bounds)

    def _heads_over(self, entries: Iterable[Moved]) -> Iterator[Head]:
        sources = {each.source_id for each in entries}
        places = {self._places[each] for each in sources} or {self._law.jurisdiction}
        for place in sorted(places):
            if place not in self._heads:
                self._heads[place] = heads_at(self._session, self._seal, place)
            yield from self._heads[place]


def _entries_of(
    session: Session, people: Sequence[int], scheme: str, seal: Seal | None, as_of: date | None
) -> list[Row]:
    """Read entries, each with whether it had its place when a round ended."""
    statement, values = _entries_asked(people, scheme, seal, as_of)
    return statement.rows(session, **values)


def record_asked(
    person_id: int, scheme: str, seal: Seal | None, as_of: date | None
) -> tuple[Asked, Asked]:
    """Say what `gatherer` is about to ask the database of one key, to ask it ahead."""
    people = [person_id]
    facts = _FACTS, {"people": people, "scheme": scheme}
    return _entries_asked(people, scheme, seal, as_of), facts


def _entries_asked(
    people: Sequence[int], scheme: str, seal: Seal | None, as_of: date | None
) -> Asked:
    through = dict(zip(REACH, reach_of(seal), strict=True))
    asked: dict[str, Any] = {"people": people, "scheme": scheme, **through}
    return (_ENTRIES, asked) if as_of is None else (_ENTRIES_BY, {**asked, "as_of": as_of})


def _entries(dialect: str) -> Select[Any]:
    return select(*_COLUMNS, SEALED_BY).where(
        among_named(dialect, Entry.person_id, "people"), Entry.scheme == bindparam("scheme")
    )


_ENTRIES = ReadyMade(_entries)
_ENTRIES_BY = ReadyMade(
    lambda dialect: _entries(dialect).where(Entry.earned_on <= bindparam("as_of"))
)
_FACTS = ReadyMade(
    lambda dialect: select(
        CreditFacts.person_id, CreditFacts.occasion, CreditFacts.revision, CreditFacts.facts
    ).where(
        among_named(dialect, CreditFacts.person_id, "people"),
        CreditFacts.scheme == bindparam("scheme"),
    )
)


@contextmanager
def _key_by_key(session: Session, people: int) -> Iterator[None]:
    """Have PostgreSQL read many people along their keys.

    It reckons with a page for each of their rows, and would rather read all of the ledger for every
    block of people than the few pages that those who were together share.
    """
    if people < _MANY or session.get_bind().dialect.name != "postgresql":
        yield
        return
    _SCANNING.rows(session, whole="off")
    yield
    _SCANNING.rows(session, whole="on")


_SCANNING = ReadyMade(
    select(func.set_config("enable_seqscan", bindparam("whole", type_=String()), True))
)


def _lasting_rows(session: Session, query: ReadyMade, numbers: set[int]) -> dict[int, Row]:
    """Return rows that never change by their number, which is what comes first in them."""
    known = lasting(session)
    missing = [each for each in numbers if (query, each) not in known]
    if missing:
        known.update(((query, row[0]), row) for row in query.rows(session, numbers=missing))
    return {each: known[query, each] for each in numbers}


_SOURCES = ReadyMade(
    lambda dialect: select(Source.source_id, Source.kind, Source.jurisdiction).where(
        among_named(dialect, Source.source_id, "numbers")
    )
)
_PINS = ReadyMade(
    lambda dialect: select(PackPins.pins_id, PackPins.pins).where(
        among_named(dialect, PackPins.pins_id, "numbers")
    )
)


def _worked_out(
    live: Iterable[HeldCredit], cuts: Mapping[str, tuple[Cut, ...]]
) -> Iterator[WorkedOut]:
    for state in live:
        mine = cuts[state.credit.occasion]
        more = sum(cut.centihours for cut in mine) - state.capped_centihours
        if more:
            yield WorkedOut(state.credit, more, mine)


def _by_year(
    states: Iterable[HeldCredit], worked_out: Iterable[WorkedOut]
) -> tuple[CreditedYear, ...]:
    sums: dict[tuple[int, str], list[int]] = {}
    otherwise = {each.credit.leaf: each.more_centihours for each in worked_out}
    for state in states:
        if state.reversed:
            continue
        more = otherwise.get(state.credit.leaf, 0) if otherwise else 0
        account = state.kind.account
        row = sums.get(account)
        if row is None:
            row = sums[account] = [0, 0, 0, 0]
        counted = state.live_centihours - more
        row[0] += counted
        row[1] += state.capped_centihours + more
        if state.frozen_centihours:
            row[3] += state.frozen_centihours
        elif state.kind.migrated:
            row[2] += counted
    return tuple(CreditedYear(*account, *sums[account]) for account in sorted(sums))


def cuts_by_occasion(credits: Sequence[HeldCredit], caps: CapLaw) -> Mapping[str, tuple[Cut, ...]]:
    """Return what caps do not let count of each live credit; given all, since caps reach across."""
    if all_within([(each.kind.bounds, each.credit.centihours) for each in credits]):
        return {each.credit.occasion: () for each in credits}
    facts = [each.to_fold() for each in credits]
    if nothing_cut(facts, caps):
        return {fact.occasion_key: () for fact in facts}
    folded = fold_under(facts, caps)
    return {key: occasion.cuts for key, occasion in folded.occasions.items()}


class _Step(msgspec.Struct):
    """What a line of a trace names, where it names a rule value."""

    scheme: str = ""
    key: str = ""
    from_: str = msgspec.field(default="", name="from")


_STEPS = msgspec.json.Decoder(list[_Step])


def _values_named(trace: bytes, packs: Mapping[str, Pack]) -> Iterator[Value]:
    for step in _STEPS.decode(trace):
        if step.key:
            for value in packs[step.scheme].values.get(step.key, ()):
                if value.from_.isoformat() == step.from_:
                    yield value


def _packs_pinned(session: Session, pins: str) -> dict[str, Pack]:
    packs: dict[str, Pack] = {}
    for pack_id, version, _digest in pins_from_text(pins):
        pack = pack_pinned(session, str(pack_id), int(version))
        assert pack is not None, "entries pin published versions only"
        packs[pack.id] = pack
    return packs
