"""What counts when caps are wider than one fact: a fold over a person's live facts.

The result is a function of the set of facts: they are walked by day, sessions before the rest, and
then by name, whatever order they were posted in. One work counts once, a fact never counts more
than it is worth, no cap is ever exceeded, and where the caps nest, more study never gives fewer
hours (docs/rules.md, Caps).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from creditbank.rules.allotment import Bound, Bucket, Claim, allot
from creditbank.rules.days import Days, own_days
from creditbank.rules.hour_rules import Cap, CapPeriod, ItemsCap
from creditbank.rules.pack import PackChain, Value

ONCE_PER_WORK = "once_per_work"
DAYS_ONCE = "days_once"
#: Of more ways to count each work once, those beyond are not tried; nobody has so many.
_CHOICES_MAX = 1_024
#: Of kinds of facts whose caps are remembered: some megabytes.
_REMEMBERED_MAX = 10_000
#: A credited year and a subject.
Account = tuple[int, str]


class LiveFact(NamedTuple):
    """Hours of one occasion that nobody has reversed, as converted and before any cap.

    `group` is the filing or declared item that the occasion belongs to, "" if it is neither; `work`
    names the work that it rests on, "" if none. Of records from before the bank, and of declared
    items, no day of presence is known: day caps leave them alone. Their `day` gives them a place.
    Hours of a period stand for `days`, each of which counts once.
    """

    occasion_key: str
    day: date
    credited_year: int
    subject: str
    activity: str
    centihours: int
    form: str = ""
    group: str = ""
    work: str = ""
    day_known: bool = True
    days: Days | None = None


class Cut(NamedTuple):
    """Hours of one occasion that one cap did not let count.

    `period` is the day, year, or filing or item of the cap. Where a work counts elsewhere, `key` is
    once_per_work, `period` the credited year, and `value` the clause, None if no pack states it;
    where its days count in another period, it is days_once, and `value` how periods are counted.
    """

    key: str
    value: Value | None
    period: str
    centihours: int


class FoldedOccasion(NamedTuple):
    """What remains of one occasion: hours counted, and a line for each cut, in the caps' order."""

    occasion_key: str
    counted_centihours: int
    cuts: tuple[Cut, ...]


@dataclass(frozen=True, slots=True)
class Folded:
    """The outcome for each occasion, by its key, in the order of the walk."""

    occasions: Mapping[str, FoldedOccasion]

    @property
    def counted_centihours(self) -> int:
        """Hours that count, over all occasions."""
        return sum(occasion.counted_centihours for occasion in self.occasions.values())


def fold(facts: Iterable[LiveFact], chain: PackChain) -> Folded:
    """Count each work once and apply every cap of the chain to a person's live facts of one scheme.

    Args:
        facts: each occasion at most once.
        chain: the packs; a cap holds for a fact if it is in force on the fact's day.
    """
    return fold_under(facts, CapLaw(chain))


def fold_under(facts: Iterable[LiveFact], law: "CapLaw") -> Folded:
    """Do what `fold` does, for whoever folds for many people under one law."""
    touched = [law.touching(fact) for fact in sorted(facts, key=_place)]
    assert len({each.fact.occasion_key for each in touched}) == len(touched), (
        "an occasion is live once"
    )
    ways = _ways([each.fact for each in touched])
    best = _counted(touched, ways[0], law)
    if len(ways) > 1 and any(cut.key != ONCE_PER_WORK for cut in _cuts(best)):
        # Where a cap cuts, the highest item of a work is not always the one that counts most.
        for way in ways[1:]:
            other = _counted(touched, way, law)
            if other.counted_centihours > best.counted_centihours:
                best = other
    return best


def totals_under(facts: Sequence[LiveFact], law: "CapLaw") -> Mapping[Account, int]:
    """Return the centihours that `fold_under` lets count of each account, without telling the cuts.

    Nothing is walked where it could not matter in what order: of a person without works whose facts
    meet one cap each at most that cuts, and those caps one account each.
    """
    quick = _apart(facts, law)
    if quick is not None:
        return quick
    folded, sums = fold_under(facts, law).occasions, defaultdict[Account, int](int)
    for fact in facts:
        counted = folded[fact.occasion_key].counted_centihours
        sums[fact.credited_year, fact.subject] += counted
    return sums


def all_within(worths: Iterable[tuple[tuple[Bound, ...] | None, int]]) -> bool:
    """Tell whether hours surely fill no cap: each beside the bounds that hold for them.

    Where hours have None for bounds, it cannot be told so simply.
    """
    worth: dict[Bucket, int] = {}
    lowest: dict[Bucket, int] = {}
    for bounds, centihours in worths:
        if bounds is None:
            return False
        for bucket, limit in bounds:
            worth[bucket] = worth.get(bucket, 0) + centihours
            lowest[bucket] = min(limit, lowest.get(bucket, limit))
    return all(worth[bucket] <= limit for bucket, limit in lowest.items())


def _apart(facts: Sequence[LiveFact], law: "CapLaw") -> Mapping[Account, int] | None:
    """Take from each account what its caps leave over; None where caps or works meet."""
    worth: dict[Bucket, int] = defaultdict(int)
    limits: dict[Bucket, set[tuple[int, Account]]] = defaultdict(set)
    sums: dict[Account, int] = defaultdict(int)
    met: list[tuple[Bucket, ...]] = []
    for fact in facts:
        bounds, account = law.bounds(fact), (fact.credited_year, fact.subject)
        if bounds is None or fact.work or fact.days:
            return None
        sums[account] += fact.centihours
        for bucket, limit in bounds:
            worth[bucket] += fact.centihours
            limits[bucket].add((limit, account))
        if len(bounds) > 1:
            met.append(tuple(bucket for bucket, _ in bounds))
    full = {bucket for bucket, each in limits.items() if worth[bucket] > min(each)[0]}
    if any(len(limits[bucket]) > 1 for bucket in full) or any(
        len(full.intersection(buckets)) > 1 for buckets in met
    ):
        return None
    for bucket in full:
        [(limit, account)] = limits[bucket]
        sums[account] -= worth[bucket] - limit
    return sums


def _place(fact: LiveFact) -> tuple[date, bool, str]:
    return fact.day, not fact.day_known, fact.occasion_key


def _cuts(folded: Folded) -> list[Cut]:
    return [cut for occasion in folded.occasions.values() for cut in occasion.cuts]


#: A cap, its value, and what it adds up under.
_Held = tuple[Cap | ItemsCap, Value, Bucket]


class _Touched(NamedTuple):
    """A fact and the caps that touch it, in their stated order, equal orders by key."""

    fact: LiveFact
    caps: tuple[_Held, ...]


#: All by which it is found which caps hold for a fact: day, year, subject, activity, form, group,
#: and whether the day is known.
FactKind = tuple[date, int, str, str, str, str, bool]


def _kind(fact: LiveFact) -> FactKind:
    return (
        fact.day, fact.credited_year, fact.subject, fact.activity, fact.form, fact.group,
        fact.day_known,
    )  # fmt: skip


class CapLaw:
    """The caps of a chain, which remembers what it found: many people attend one session."""

    def __init__(self, chain: PackChain) -> None:
        self._chain = chain
        self._on: dict[date, list[tuple[Cap | ItemsCap, Value]]] = {}
        self._held = lru_cache(maxsize=_REMEMBERED_MAX)(self._holding)
        #: What `bounds` does, for whoever knows of what kind a fact is.
        self.bounds_of = lru_cache(maxsize=_REMEMBERED_MAX)(self._bounding)

    def touching(self, fact: LiveFact) -> _Touched:
        """Return a fact with the caps that hold for it."""
        return _Touched(fact, self._held(_kind(fact)))

    def bounds(self, fact: LiveFact) -> tuple[Bound, ...] | None:
        """Return what the caps that hold for a fact let through; None where one goes by number."""
        return self.bounds_of(_kind(fact))

    def _holding(self, kind: FactKind) -> tuple[_Held, ...]:
        day, credited_year, subject, activity, form, group, day_known = kind
        alike = LiveFact("", day, credited_year, subject, activity, 0, form, group, "", day_known)
        return tuple(
            (cap, value, (value.key, period))
            for cap, value in self._in_force(day)
            if cap.covers(activity, form, subject) and (period := _period(cap, alike))
        )

    def _bounding(self, kind: FactKind) -> tuple[Bound, ...] | None:
        held = self._holding(kind)
        bounds = tuple((bucket, cap.centihours) for cap, _, bucket in held if isinstance(cap, Cap))
        return bounds if len(bounds) == len(held) else None

    def once(self, day: date) -> Value | None:
        """Return the clause by which a work counts once; None if no pack states it."""
        return self._chain.value_on(ONCE_PER_WORK, day)

    def converting(self, fact: LiveFact) -> Value | None:
        """Return the value by which a fact of this kind is converted; None if there is none."""
        rule = f"conversion.{fact.activity}"
        return self._chain.first_on((f"{rule}.{fact.form}", rule), fact.day)

    def _in_force(self, day: date) -> list[tuple[Cap | ItemsCap, Value]]:
        if day not in self._on:
            found = []
            for value in self._chain.values_on("cap", day):
                assert isinstance(value.value, Cap | ItemsCap), "the loader types cap.*"
                found.append((value.value, value))
            self._on[day] = sorted(found, key=lambda pair: (pair[0].order, pair[1].key))
        return self._on[day]


def _period(cap: Cap | ItemsCap, fact: LiveFact) -> str:
    """Return over what a cap adds up a fact, "" if the fact has no such thing."""
    if isinstance(cap, ItemsCap):
        return str(fact.credited_year) if fact.group else ""
    if cap.per is CapPeriod.YEAR:
        return str(fact.credited_year)
    if cap.per is CapPeriod.ACTIVITY:
        return fact.group
    return fact.day.isoformat() if fact.day_known else ""


def _ways(facts: Sequence[LiveFact]) -> list[frozenset[str]]:
    """Return the ways to count each work once, by the occasions that do not count.

    The first counts each work at the item worth most, ties to the earlier day, then the name.
    """
    items: dict[str, dict[str, list[LiveFact]]] = defaultdict(lambda: defaultdict(list))
    for fact in facts:
        if fact.work:
            items[fact.work][fact.group or fact.occasion_key].append(fact)
    choices: list[list[frozenset[str]]] = []
    ways = 1
    for of_work in items.values():
        every = {fact.occasion_key for item in of_work.values() for fact in item}
        ranked = sorted(of_work.values(), key=_worth_first)
        ways *= len(ranked)
        kept = ranked if ways <= _CHOICES_MAX else ranked[:1]
        choices.append([frozenset(every - {fact.occasion_key for fact in item}) for item in kept])
    return [frozenset().union(*choice) for choice in product(*choices)]


def _worth_first(item: Sequence[LiveFact]) -> tuple[int, date, bool, str]:
    return -sum(fact.centihours for fact in item), *_place(min(item, key=_place))


def _counted(touched: Sequence[_Touched], elsewhere: frozenset[str], law: CapLaw) -> Folded:
    """Apply the caps to all facts but those whose work counts elsewhere, and days to one period."""
    counting = [each for each in touched if each.fact.occasion_key not in elsewhere]
    shared = _shared_days([each.fact for each in counting], law)
    counting = _tight([_less(each, shared) for each in counting] if shared else counting)
    occasions = _in_turn(counting, {})
    if _cut_on_both_sides(counting, occasions):
        occasions = _in_turn(counting, allot([_claim(each) for each in counting]))
    for key, cut in shared.items():
        occasions[key] = occasions[key]._replace(cuts=(cut, *occasions[key].cuts))
    for each in touched:
        fact = each.fact
        if fact.occasion_key in elsewhere:
            once = Cut(ONCE_PER_WORK, law.once(fact.day), str(fact.credited_year), fact.centihours)
            occasions[fact.occasion_key] = FoldedOccasion(fact.occasion_key, 0, (once,))
    return Folded({each.fact.occasion_key: occasions[each.fact.occasion_key] for each in touched})


def _shared_days(facts: Sequence[LiveFact], law: CapLaw) -> dict[str, Cut]:
    """Return by occasion what stands for days that a longer period has."""
    periods = [fact for fact in facts if fact.days is not None]
    own = own_days((fact.occasion_key, fact.group, fact.days) for fact in periods if fact.days)
    cuts = {}
    for fact in periods:
        assert fact.days is not None, "chosen so"
        kept = fact.centihours * own[fact.occasion_key] // fact.days.length
        if kept < fact.centihours:
            cuts[fact.occasion_key] = Cut(
                DAYS_ONCE, law.converting(fact), str(fact.credited_year), fact.centihours - kept
            )
    return cuts


def _less(each: _Touched, shared: Mapping[str, Cut]) -> _Touched:
    cut = shared.get(each.fact.occasion_key)
    if cut is None:
        return each
    fact = each.fact
    return _Touched(fact._replace(centihours=fact.centihours - cut.centihours), each.caps)


def _tight(touched: Sequence[_Touched]) -> list[_Touched]:
    """Leave out every cap under which all its facts fit together: it never cuts any of them.

    One by number stays, because whether there is one decides how the others cut.
    """
    worth: dict[Bucket, int] = defaultdict(int)
    # A cap may have been raised or lowered within its year: the least of it must hold them all.
    least: dict[Bucket, int] = {}
    for each in touched:
        for cap, _, bucket in each.caps:
            worth[bucket] += each.fact.centihours
            if isinstance(cap, Cap):
                least[bucket] = min(cap.centihours, least.get(bucket, cap.centihours))
    slack = {bucket for bucket, centihours in least.items() if worth[bucket] <= centihours}
    if not slack:
        return list(touched)
    return [
        _Touched(fact, tuple([held for held in caps if held[2] not in slack]))
        for fact, caps in touched
    ]


def _in_turn(touched: Sequence[_Touched], allotted: Mapping[str, int]) -> dict[str, FoldedOccasion]:
    """Cut each fact by each of its caps in turn, and to what it was allotted, if anything was."""
    used: dict[Bucket, int] = defaultdict(int)
    items: dict[Bucket, set[str]] = defaultdict(set)
    full = _full(touched, allotted) if allotted else set()
    occasions = {}
    for each in touched:
        fact = each.fact
        if not each.caps:
            occasions[fact.occasion_key] = FoldedOccasion(fact.occasion_key, fact.centihours, ())
            continue
        counted, cut = fact.centihours, dict.fromkeys((bucket for *_, bucket in each.caps), 0)
        for cap, _, bucket in each.caps:
            # A cap lowered within its year may already be exceeded; then nothing more fits.
            if isinstance(cap, Cap):
                kept = min(counted, max(0, cap.centihours - used[bucket]))
            else:
                has_place = fact.group in items[bucket] or len(items[bucket]) < cap.items
                kept = counted if has_place else 0
            cut[bucket], counted = counted - kept, kept
        held_back = counted - allotted.get(fact.occasion_key, counted)
        if held_back:
            # Left to other facts: by the first cap of its own that is full in the end.
            cut[next(bucket for bucket in cut if bucket in full)] += held_back
        counted -= held_back
        # Only now: a cap is charged with what every cap let through, not with what one cut.
        for bucket in cut:
            used[bucket] += counted
            items[bucket] |= {fact.group} if counted else set()
        cuts = tuple(
            Cut(value.key, value, bucket[1], cut[bucket])
            for _, value, bucket in each.caps
            if cut[bucket]
        )
        occasions[fact.occasion_key] = FoldedOccasion(fact.occasion_key, counted, cuts)
    return occasions


def _full(touched: Sequence[_Touched], allotted: Mapping[str, int]) -> set[Bucket]:
    """Return the caps that what was allotted fills."""
    used: dict[Bucket, int] = defaultdict(int)
    for each in touched:
        for *_, bucket in each.caps:
            used[bucket] += allotted.get(each.fact.occasion_key, 0)
    return {
        bucket
        for each in touched
        for cap, _, bucket in each.caps
        if isinstance(cap, Cap) and used[bucket] == cap.centihours
    }


def _cut_on_both_sides(
    touched: Sequence[_Touched], occasions: Mapping[str, FoldedOccasion]
) -> bool:
    """Tell whether a cap of a day cut something and a wider one too: only then order matters.

    Which items have a place depends on the walk, and not on what else could count in their stead.
    """
    if any(isinstance(cap, ItemsCap) for each in touched for cap, *_ in each.caps):
        return False
    of_day = {bucket for each in touched for cap, _, bucket in each.caps if _of_day(cap)}
    cut = {(cut.key, cut.period) for each in occasions.values() for cut in each.cuts}
    return bool(cut & of_day) and bool(cut - of_day)


def _of_day(cap: Cap | ItemsCap) -> bool:
    return isinstance(cap, Cap) and cap.per is CapPeriod.DAY


def _claim(each: _Touched) -> Claim:
    fact = each.fact
    bounds = [
        (cap, (bucket, cap.centihours)) for cap, _, bucket in each.caps if isinstance(cap, Cap)
    ]
    of_day = tuple(bound for cap, bound in bounds if _of_day(cap))
    return Claim(
        key=fact.occasion_key,
        centihours=fact.centihours,
        cell=(fact.day, fact.subject, fact.credited_year, *sorted(bucket for bucket, _ in of_day)),
        of_day=of_day,
        wider=tuple(bound for cap, bound in bounds if not _of_day(cap)),
    )
