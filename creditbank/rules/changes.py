"""What a version of a pack changes: a pure comparison of two versions, value by value.

A value is known by its key and the day from which it holds. A rule changes by adding a value, which
may end the one before it; whatever else becomes of a published value is a mending, and `mended`
names it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date

from creditbank.rules.pack import Name, Pack, Reference, Value

#: Of a pack: what tells versions apart, and what is compared piece by piece.
_NOT_HEADER = frozenset({"id", "version", "sha256", "references", "values", "names"})
#: Of a value: what it is known by, and the references, whose texts are compared on their own.
_NOT_PART = frozenset({"scheme", "key", "from_", "reference", "also"})


@dataclass(frozen=True, slots=True)
class Ended:
    """A value that holds until the day before `until`, because `by` replaces it from there on."""

    old: Value
    until: date
    by: Value


@dataclass(frozen=True, slots=True)
class Edited:
    """A value that says something else than it said when it was published; `parts` says where."""

    old: Value
    new: Value
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReferenceEdited:
    """A reference that reads otherwise; `new` is None where it is gone."""

    old: Reference
    new: Reference | None


@dataclass(frozen=True, slots=True)
class NameChanged:
    """What an id is called; `old` is None where it is named anew, `new` where no longer."""

    old: Name | None
    new: Name | None

    @property
    def name(self) -> Name:
        """The name as it would be; as it was, where it is gone."""
        name = self.new or self.old
        assert name is not None, "one of the two versions names it"
        return name


@dataclass(frozen=True, slots=True)
class HeaderEdited:
    """A line of the pack's head that changes; an empty text is no line."""

    key: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Changes:
    """All that differs between two versions, each in the order of key and day."""

    added: tuple[Value, ...] = ()
    ended: tuple[Ended, ...] = ()
    edited: tuple[Edited, ...] = ()
    removed: tuple[Value, ...] = ()
    references: tuple[ReferenceEdited, ...] = ()
    names: tuple[NameChanged, ...] = ()
    header: tuple[HeaderEdited, ...] = ()

    @property
    def nothing(self) -> bool:
        """Tell whether the two versions say the same."""
        return not any(getattr(self, each.name) for each in fields(self))


def compare(old: Pack | None, new: Pack) -> Changes:
    """Compare a version with the one before it; with none, everything is added."""
    if old is None:
        return Changes(added=tuple(_in_order(_values_of(new))))
    before, after = _values_of(old), _values_of(new)
    added = {key: value for key, value in after.items() if key not in before}
    pairs = [(value, after[key]) for key, value in before.items() if key in after]
    ended = [(value, _successor(value, kept, added)) for value, kept in pairs]
    return Changes(
        added=tuple(_in_order(added)),
        ended=tuple(Ended(value, by.from_, by) for value, by in ended if by is not None),
        edited=tuple(_edits(pairs, added)),
        removed=tuple(value for key, value in before.items() if key not in after),
        references=tuple(_reference_edits(old, new)),
        names=tuple(_name_changes(old, new)),
        header=tuple(_header_edits(old, new)),
    )


def mended(changes: Changes, old: Pack | None) -> tuple[tuple[str, date], ...]:
    """Name, by key and first day, every value of `old` that no longer stands as it was published.

    A value whose clause was edited stands on another ground, so it is among them.
    """
    touched = {(each.old.key, each.old.from_) for each in changes.edited}
    touched |= {(value.key, value.from_) for value in changes.removed}
    edited = {each.old.id for each in changes.references}
    for value in _values_of(old).values() if old is not None else ():
        if edited.intersection(_cited(value)):
            touched.add((value.key, value.from_))
    return tuple(sorted(touched))


def keys_touched(changes: Changes) -> frozenset[str]:
    """Return the keys of which some value differs, in what it says or on which days."""
    values = [*changes.added, *changes.removed, *(each.old for each in changes.ended)]
    return frozenset(value.key for value in [*values, *(each.old for each in changes.edited)])


_Known = Mapping[tuple[str, date], Value]


def _values_of(pack: Pack) -> dict[tuple[str, date], Value]:
    every = (value for line in pack.values.values() for value in line)
    return dict(sorted(((value.key, value.from_), value) for value in every))


def _in_order(values: _Known) -> Iterator[Value]:
    return (values[key] for key in sorted(values))


def _successor(old: Value, kept: Value, added: _Known) -> Value | None:
    """Return the added value that ends an older one; None where it goes on, or ends of itself."""
    if kept.until is None or kept.until == old.until:
        return None
    shorter = old.until is None or kept.until < old.until
    return added.get((old.key, kept.until)) if shorter else None


def _edits(pairs: list[tuple[Value, Value]], added: _Known) -> Iterator[Edited]:
    for old, new in pairs:
        parts = [part.name for part in fields(Value) if part.name not in _NOT_PART]
        changed = [part for part in parts if getattr(old, part) != getattr(new, part)]
        if _successor(old, new, added) is not None:
            changed.remove("until")
        if _cited(old) != _cited(new):
            changed.append("reference")
        if changed:
            yield Edited(old, new, tuple(changed))


def _cited(value: Value) -> list[str]:
    return [reference.id for reference in value.references]


def _reference_edits(old: Pack, new: Pack) -> Iterator[ReferenceEdited]:
    for reference_id, reference in sorted(old.references.items()):
        kept = new.references.get(reference_id)
        if kept != reference:
            yield ReferenceEdited(reference, kept)


def _name_changes(old: Pack, new: Pack) -> Iterator[NameChanged]:
    for key in sorted({*old.names, *new.names}):
        before, after = old.names.get(key), new.names.get(key)
        if before != after:
            yield NameChanged(before, after)


def _header_edits(old: Pack, new: Pack) -> Iterator[HeaderEdited]:
    for part in fields(Pack):
        if part.name in _NOT_HEADER:
            continue
        before, after = (getattr(pack, part.name) for pack in (old, new))
        if before != after:
            yield HeaderEdited(part.name, str(before or ""), str(after or ""))
