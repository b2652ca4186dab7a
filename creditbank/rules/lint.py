"""Reading a pack for what loads and can still not be meant: days left open, rules that never apply.

An error must be mended before the pack is published; a warning may be meant, and says what the
writer should look at again. Nothing here weighs whether the law was read rightly.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from creditbank.rules.hour_rules import Cap, ItemsCap, MakeUp, Recognition
from creditbank.rules.kinds import ANY
from creditbank.rules.loader import PackChainError, PackMissingError, chain_of
from creditbank.rules.pack import Pack, PackChain, Value
from creditbank.rules.title_rules import EveryYear, Fact, SumOfYearly, conditions_in, rules_in

_DAY = timedelta(days=1)
#: Kinds whose keys name an activity in their second word: they do nothing where none recognises it.
_NARROWED = ("conversion", "part_day", "credited_year", "declare_by", "post_by")


class Severity(StrEnum):
    """Whether a pack may be published with a finding."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one key of one pack; `code` names a sentence of the catalogue.

    `facts` always hold `pack` and `key`, a rule key or a reference's id.
    """

    code: str
    severity: Severity
    facts: Mapping[str, str | int]


def lint_pack(pack: Pack, packs: Mapping[str, Pack]) -> list[Finding]:
    """Look through one pack.

    Args:
        pack: the pack.
        packs: by id the packs at hand, it among them: its parents, and its children, which may
            recognise what it caps.

    Raises:
        PackMissingError, PackChainError: it inherits from a pack that is not at hand, or badly.
    """
    chain = chain_of(pack.id, packs, simulation=True)
    family = _family(pack.id, packs)
    return [
        *_gaps(pack),
        *_before_issue(pack),
        *_without_minima(pack, chain),
        *_never_applying(pack, family),
        *_unconverted(pack, family),
        *_uncited(pack),
        *_unspoken(pack, family),
        *_unsayable(pack, family),
    ]


def _gaps(pack: Pack) -> Iterator[Finding]:
    """Find days between two values of one key on which it says nothing."""
    for key, values in pack.values.items():
        for earlier, later in pairwise(values):
            assert earlier.until is not None, "the loader ends a value that another follows"
            if earlier.until < later.from_:
                # Whoever wrote why the value ends has seen that it does.
                severity = Severity.WARNING if earlier.reason else Severity.ERROR
                facts = {
                    "first": earlier.until.isoformat(),
                    "last": (later.from_ - _DAY).isoformat(),
                }
                yield _finding("rules-lint-gap", severity, pack, key, **facts)


def _before_issue(pack: Pack) -> Iterator[Finding]:
    for value in _values(pack):
        issued = value.reference.issued if value.reference is not None else None
        if issued is not None and value.from_ < issued:
            facts = {"from_day": value.from_.isoformat(), "issued": issued.isoformat()}
            yield _finding("rules-lint-before-issue", Severity.WARNING, pack, value.key, **facts)


def _without_minima(pack: Pack, chain: PackChain) -> Iterator[Finding]:
    """Find requirements that weigh years for none of which an amount can be found."""
    for value in _values(pack):
        by_year = (
            rule
            for rule in rules_in(value.value)
            if isinstance(rule, EveryYear | SumOfYearly) and rule.minima is None
        )
        if not all(_reaches_a_minimum(value, rule.years, chain) for rule in by_year):
            yield _finding("rules-lint-without-minimum", Severity.WARNING, pack, value.key)


def _reaches_a_minimum(requirement: Value, years: int, chain: PackChain) -> bool:
    first = date(requirement.from_.year - years, 12, 31)
    minima = (
        value
        for key in chain.keys("yearly_minimum")
        for each in chain.packs
        for value in each.values.get(key, ())
    )
    return any(
        (minimum.until is None or first < minimum.until)
        and (requirement.until is None or minimum.from_.year < requirement.until.year)
        for minimum in minima
    )


def _never_applying(pack: Pack, family: Iterable[Pack]) -> Iterator[Finding]:
    recognitions = [value for each in family for value in _recognising(each)]
    for value in _values(pack):
        for activity, form, release in _narrowed_to(value):
            if not any(
                _may_meet(value, recognised, activity, form, release) for recognised in recognitions
            ):
                yield _finding(
                    "rules-lint-never-applies", Severity.WARNING, pack, value.key, activity=activity
                )


def _unconverted(pack: Pack, family: Iterable[Pack]) -> Iterator[Finding]:
    """Find what counts while no rule says how much: `rule-missing` for each of them."""
    converted = {key for each in family for key in each.values if key.startswith("conversion.")}
    for value in _recognising(pack):
        assert isinstance(value.value, Recognition), "only recognitions are gone through"
        activity = value.key.removeprefix("recognise.")
        for form in value.value.forms or (ANY,):
            if not any(_converts(key, activity, form) for key in converted):
                shown = activity if form == ANY else f"{activity}.{form}"
                yield _finding(
                    "rules-lint-unconverted", Severity.WARNING, pack, value.key, counted=shown
                )


def _converts(key: str, activity: str, form: str) -> bool:
    _, named, *words = key.split(".")
    return named == activity and (not words or ANY in {form, words[0]} or words[0] == form)


def _narrowed_to(value: Value) -> Iterator[tuple[str, str, str]]:
    """Yield each activity, form and release that a value speaks of, `*` for any of them."""
    kind, *words = value.key.split(".")
    if kind in _NARROWED and words:
        activity, form, release = [*words, ANY, ANY][:3]
        yield activity, form, release
    if isinstance(value.value, Cap | ItemsCap | MakeUp):
        for activity in value.value.activities:
            yield activity, ANY, ANY


def _recognising(pack: Pack) -> Iterator[Value]:
    for value in _values(pack):
        if isinstance(value.value, Recognition) and value.value.recognised:
            yield value


def _may_meet(value: Value, recognised: Value, activity: str, form: str, release: str) -> bool:
    rule = recognised.value
    assert isinstance(rule, Recognition), "only recognitions are handed over"
    return (
        recognised.key == f"recognise.{activity}"
        and (ANY in {form, *rule.forms} or not rule.forms or form in rule.forms)
        and (release == ANY or not rule.releases or release in rule.releases)
        and (value.until is None or recognised.from_ < value.until)
        and (recognised.until is None or value.from_ < recognised.until)
    )


def _uncited(pack: Pack) -> Iterator[Finding]:
    cited = {reference.id for value in _values(pack) for reference in value.references}
    for reference_id in pack.references:
        if reference_id not in cited:
            yield _finding("rules-lint-reference-unused", Severity.WARNING, pack, reference_id)


def _unspoken(pack: Pack, family: Iterable[Pack]) -> Iterator[Finding]:
    """Find names of ids that no rule speaks of, which are often slips of the pen."""
    texts = {text for each in family for value in _values(each) for text in _texts_of(value.value)}
    keys = [f"{key}." for each in family for key in each.values]
    for name in pack.names.values():
        # A trait's word is named by both: role.chief_editor.
        spoken = set(name.id.split(".") if name.kind == "trait" else [name.id]) <= texts
        if not spoken and not any(f".{name.id}." in key for key in keys):
            yield _finding(
                "rules-lint-name-unused", Severity.WARNING, pack, name.id, kind=name.kind
            )


def _unsayable(pack: Pack, family: Iterable[Pack]) -> Iterator[Finding]:
    """Find words that a condition wants of a fact and that nobody may state of it."""
    sayable: dict[str, set[str]] = {}
    for value in (value for each in family for value in _values(each)):
        if isinstance(value.value, Fact):
            sayable.setdefault(value.key.removeprefix("fact."), set()).update(value.value.words)
    for value in _values(pack):
        for condition in conditions_in(value.value):
            for word in condition.words:
                if word not in sayable.get(condition.fact, {word}):
                    facts = {"fact": condition.fact, "word": word}
                    yield _finding(
                        "rules-lint-word-unsayable", Severity.WARNING, pack, value.key, **facts
                    )


def _texts_of(held: object) -> Iterator[str]:
    """Yield every text that a rule's value holds, however deep."""
    if isinstance(held, str):
        yield held
    elif isinstance(held, Mapping):
        yield from _texts_of([*held.keys(), *held.values()])
    elif isinstance(held, tuple | list):
        for each in held:
            yield from _texts_of(each)
    elif is_dataclass(held):
        yield from _texts_of([getattr(held, each.name) for each in fields(held)])


def _family(scheme: str, packs: Mapping[str, Pack]) -> list[Pack]:
    """Return every pack that shares a chain with this one."""
    family: dict[str, Pack] = {}
    for each in packs:
        try:
            chain = chain_of(each, packs, simulation=True)
        except (PackMissingError, PackChainError):
            continue  # no concern of this pack
        members = {member.id: member for member in chain.packs}
        if scheme in members:
            family |= members
    return list(family.values())


def _values(pack: Pack) -> Iterator[Value]:
    for values in pack.values.values():
        yield from values


def _finding(code: str, severity: Severity, pack: Pack, key: str, **facts: str | int) -> Finding:
    return Finding(code, severity, {"pack": pack.id, "key": key, **facts})
