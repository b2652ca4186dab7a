"""What counts when caps are wider than one activity: a fold over a person's live facts.

The result is a function of the set of facts: they are walked in (day, occasion_key) order, whatever
order they were posted in. A fact never counts more than it is worth, and no cap is ever exceeded.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from creditbank.rules.hour_rules import Cap, CapPeriod
from creditbank.rules.pack import PackChain, Value


@dataclass(frozen=True, slots=True)
class LiveFact:
    """Hours of one occasion that nobody has reversed, as converted and before any cap.

    A migrated fact comes from records before the bank, where only the year is certain: day caps
    leave it alone, year caps do not. Its `day` is any day of that year and gives it its place.
    """

    occasion_key: str
    day: date
    credited_year: int
    subject: str
    activity: str
    centihours: int
    migrated: bool


@dataclass(frozen=True, slots=True)
class Cut:
    """Hours of one occasion that one cap did not let count; `period` is a day or a year."""

    key: str
    value: Value
    period: str
    centihours: int


@dataclass(frozen=True, slots=True)
class FoldedOccasion:
    """What remains of one occasion: hours counted, and a line for each cut, in the caps' order."""

    occasion_key: str
    counted_centihours: int
    cuts: tuple[Cut, ...]


@dataclass(frozen=True, slots=True)
class Folded:
    """The outcome for each occasion, by its key, in (day, occasion_key) order."""

    occasions: Mapping[str, FoldedOccasion]

    @property
    def counted_centihours(self) -> int:
        """Hours that count, over all occasions."""
        return sum(occasion.counted_centihours for occasion in self.occasions.values())


#: One running total: which cap, and which day or year it adds up over.
_Bucket = tuple[str, str]


def fold(facts: Iterable[LiveFact], chain: PackChain) -> Folded:
    """Apply every cap of the chain to a person's live facts of one scheme.

    Args:
        facts: each occasion at most once.
        chain: the packs; a cap holds for a fact if it is in force on the fact's day.
    """
    ordered = sorted(facts, key=lambda fact: (fact.day, fact.occasion_key))
    cap_keys = chain.keys("cap")
    used: dict[_Bucket, int] = {}
    occasions: dict[str, FoldedOccasion] = {}
    for fact in ordered:
        assert fact.occasion_key not in occasions, "an occasion is live once"
        occasions[fact.occasion_key] = _counted(fact, _caps_of(fact, cap_keys, chain), used)
    return Folded(occasions)


def _caps_of(
    fact: LiveFact, cap_keys: tuple[str, ...], chain: PackChain
) -> list[tuple[Cap, Value]]:
    """Return the caps that touch a fact, in their stated order, equal orders by key."""
    caps = []
    for key in cap_keys:
        value = chain.value_on(key, fact.day)
        if value is None:
            continue
        assert isinstance(value.value, Cap), "the loader types cap.*"
        if _touches(value.value, fact):
            caps.append((value.value, value))
    return sorted(caps, key=lambda pair: (pair[0].order, pair[1].key))


def _touches(cap: Cap, fact: LiveFact) -> bool:
    knows_period = cap.per is CapPeriod.YEAR or not fact.migrated
    return knows_period and cap.covers(fact.activity, fact.subject)


def _counted(
    fact: LiveFact, caps: list[tuple[Cap, Value]], used: dict[_Bucket, int]
) -> FoldedOccasion:
    counted, cuts, buckets = fact.centihours, [], []
    for cap, value in caps:
        period = str(fact.credited_year) if cap.per is CapPeriod.YEAR else fact.day.isoformat()
        bucket = (value.key, period)
        buckets.append(bucket)
        # A cap lowered within its year may already be exceeded; then nothing more fits.
        kept = min(counted, max(0, cap.centihours - used.get(bucket, 0)))
        if kept < counted:
            cuts.append(Cut(value.key, value, period, counted - kept))
        counted = kept
    # Only now: a cap is charged with what every cap let through, not with what a later one cut.
    for bucket in buckets:
        used[bucket] = used.get(bucket, 0) + counted
    return FoldedOccasion(fact.occasion_key, counted, tuple(cuts))
