"""A rule pack: dated, cited values for one scheme, and the chain of packs that it inherits from.

Packs are immutable; a chain answers which value holds on a day and never mixes in a draft unless it
was asked to simulate one.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TypeVar, cast

from creditbank.errors import CreditBankError
from creditbank.rules.parameters import Parameter

_Found = TypeVar("_Found")

#: Answers that a chain remembers before it begins anew.
_HELD_MAX = 100_000


class PackDraftError(CreditBankError):
    """A chain that is to decide contains a draft; only a simulation may."""

    code = "pack-draft"
    status = 409


class Basis(StrEnum):
    """What a value rests on: a notice's words, what offices do, or our own supposition."""

    NOTICE = "notice"
    PRACTICE = "practice"
    ASSUMPTION = "assumption"


class PackStatus(StrEnum):
    """Whether a pack decides, or is a draft for comment, to be explained and simulated only."""

    IN_FORCE = "in_force"
    DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class Reference:
    """The clause that a value cites.

    `issued` is None only where the text was not seen and its day is unknown. `source_sha256` is the
    digest in hexadecimal of the source text as it was read on the pack's `verified_on`; None where
    no text is at hand.
    """

    id: str
    document: str
    title: str
    clause: str
    issued: date | None
    quote: str
    source_sha256: str | None


@dataclass(frozen=True, slots=True)
class Value:
    """What one rule key holds from `from_` until the day before `until`; scheme is its pack's id.

    `reason` (Chinese) and `reason_en` say why an assumption is made, what a practice was seen in,
    or how a notice is read; they are empty where the notice speaks for itself. `also` are further
    references that state the same value.
    """

    key: str
    value: Parameter
    from_: date
    until: date | None
    basis: Basis
    reference: Reference | None
    reason: str
    reason_en: str
    scheme: str
    also: tuple[Reference, ...] = ()

    @property
    def references(self) -> tuple[Reference, ...]:
        """Every reference that states the value, the one it rests on first."""
        return (() if self.reference is None else (self.reference,)) + self.also

    def holds_on(self, day: date) -> bool:
        """Tell whether the value is in force on a day."""
        return self.from_ <= day and (self.until is None or day < self.until)


def distinct(values: Iterable[Value]) -> tuple[Value, ...]:
    """Return each value once, in the order of their first use."""
    # Most are the same one again, which is quicker told than that two are alike.
    unlike = {id(each): each for each in values}.values()
    return tuple({(each.scheme, each.key, each.from_): each for each in unlike}.values())


@dataclass(frozen=True, slots=True)
class Name:
    """What an id of some kind (activity, form, subject, measure, …) is called in sentences."""

    kind: str
    id: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Pack:
    """One published file of rules; `sha256` is the hexadecimal digest of the file's bytes."""

    id: str
    version: int
    title_zh: str
    title_en: str
    jurisdiction: str
    inherits: str | None
    zone: str
    status: PackStatus
    verified_on: date
    sha256: str
    references: Mapping[str, Reference]
    values: Mapping[str, tuple[Value, ...]]
    #: by (kind, id)
    names: Mapping[tuple[str, str], Name]


@dataclass(frozen=True, slots=True)
class Adoption:
    """A draft is law from a day, until the day before `until`, because a document says so."""

    from_: date
    until: date | None
    document: str
    title: str

    def holds_on(self, day: date) -> bool:
        """Tell whether the draft is law on a day."""
        return self.from_ <= day and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class PackChain:
    """A scheme's own pack first, then the packs it inherits from, up to the nation.

    `adopted` holds, by pack, the terms for which a draft is law; outside them it says nothing.

    Raises:
        PackDraftError: one of them is a draft that nobody adopted, and `simulation` is not set.
    """

    packs: tuple[Pack, ...]
    simulation: bool = False
    adopted: Mapping[str, tuple[Adoption, ...]] = field(default_factory=dict)
    #: what was found before: a roster asks for the same few keys and days over and over
    _held: dict[tuple[str, date], Value | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    #: by kind, of which there are few
    _keys: dict[str, tuple[str, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _of_kind: dict[tuple[str, date], tuple[Value, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    _once: dict[Hashable, object] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        assert self.packs, "a chain has its own pack"
        drafts = [
            pack.id
            for pack in self.packs
            if pack.status is PackStatus.DRAFT and pack.id not in self.adopted
        ]
        if drafts and not self.simulation:
            raise PackDraftError(scheme=self.scheme, drafts=drafts)

    @property
    def scheme(self) -> str:
        """The id of the pack that credits and decides."""
        return self.packs[0].id

    @property
    def jurisdiction(self) -> str:
        """The jurisdiction of the scheme's own pack."""
        return self.packs[0].jurisdiction

    @property
    def zone(self) -> str:
        """The time zone whose civil days count."""
        return self.packs[0].zone

    def value_on(self, key: str, day: date) -> Value | None:
        """Return what the nearest pack that speaks of a key on a day says; None if none speaks."""
        asked = key, day
        try:
            return self._held[asked]
        except KeyError:
            found = self._found_on(key, day)
        # Nobody reads back what they wrote: other threads may share the chain, and clear it.
        if len(self._held) >= _HELD_MAX:
            self._held.clear()
        self._held[asked] = found
        return found

    def first_on(self, keys: tuple[str, ...], day: date) -> Value | None:
        """Return the value of the first key that holds on a day; give the narrowest key first.

        A narrow key of a parent goes before a wide key of a child: the particular rule before the
        general one, and only then the near before the far.
        """
        for key in keys:
            value = self.value_on(key, day)
            if value is not None:
                return value
        return None

    def keys(self, kind: str) -> tuple[str, ...]:
        """Return, sorted, every key of one kind ("cap") that any pack ever speaks of."""
        if kind not in self._keys:
            spoken_of = (key for pack in self.packs for key in pack.values)
            own = {key for key in spoken_of if key.startswith(f"{kind}.")}
            self._keys[kind] = tuple(sorted(own))
        return self._keys[kind]

    def values_on(self, kind: str, day: date) -> tuple[Value, ...]:
        """Return what holds on a day of each key of one kind, by key."""
        asked = kind, day
        try:
            return self._of_kind[asked]
        except KeyError:
            spoken = (self.value_on(key, day) for key in self.keys(kind))
            found = tuple(value for value in spoken if value is not None)
        if len(self._of_kind) >= _HELD_MAX:
            self._of_kind.clear()
        self._of_kind[asked] = found
        return found

    def once(self, asked: Hashable, find: Callable[[], _Found]) -> _Found:
        """Return what follows from the packs and from `asked` alone, found once.

        Args:
            asked: names the question whole, and what is found by its kind.
            find: finds it; what it gives is never changed afterwards.
        """
        try:
            return cast(_Found, self._once[asked])
        except KeyError:
            found = find()
        if len(self._once) >= _HELD_MAX:
            self._once.clear()
        self._once[asked] = found
        return found

    def name_of(self, kind: str, identifier: str) -> Name | None:
        """Return what the nearest pack that names an id calls it; None if none does."""
        found = (pack.names.get((kind, identifier)) for pack in self.packs)
        return next((name for name in found if name is not None), None)

    def pins(self) -> tuple[tuple[str, int, str], ...]:
        """Return (id, version, sha256) of each pack, own pack first."""
        return tuple((pack.id, pack.version, pack.sha256) for pack in self.packs)

    def _found_on(self, key: str, day: date) -> Value | None:
        for pack in self.packs:
            for value in pack.values.get(key, ()):
                if value.holds_on(day) and self._speaks_on(pack, day):
                    return value
        return None

    def _speaks_on(self, pack: Pack, day: date) -> bool:
        if pack.status is not PackStatus.DRAFT or pack.id not in self.adopted:
            return True  # in force, or simulated
        return any(term.holds_on(day) for term in self.adopted[pack.id])
