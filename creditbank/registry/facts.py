"""What is true of an organisation on a day, as known at an instant: statements, folded into facts.

A statement is never changed. It says that something is so from a day on, until when it was so, or
that it was never so; the facts are what all statements up to an instant amount to.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum


class Attribute(StrEnum):
    """What a fact is about."""

    NAME = "name"
    KIND = "kind"
    DISTRICT = "district"
    CLASS = "class"
    BASE = "base"
    BASE_SUSPENSION = "base_suspension"


class Says(StrEnum):
    """What a statement does to a fact: makes it, ends it, takes it back."""

    SO = "so"
    UNTIL = "until"
    NOT_SO = "not_so"


class Level(StrEnum):
    """Whose recognition a class or a base has: 国家级, 省级, 市级."""

    NATIONAL = "national"
    PROVINCIAL = "provincial"
    MUNICIPAL = "municipal"


class EnterpriseClass(StrEnum):
    """What an enterprise is recognised or known as."""

    #: 专精特新
    SPECIALISED_INNOVATIVE = "specialised_innovative"
    #: 专精特新“小巨人”
    LITTLE_GIANT = "little_giant"
    #: 制造业单项冠军
    SINGLE_PRODUCT_CHAMPION = "single_product_champion"
    #: 龙头
    LEADING = "leading"
    #: 大型
    LARGE = "large"
    #: 民营
    PRIVATE = "private"
    #: 规上
    ABOVE_SCALE = "above_scale"
    #: 高新技术
    HIGH_TECH = "high_tech"
    #: 中小微
    SME = "sme"
    #: 重点产业
    KEY_INDUSTRY = "key_industry"
    #: whose 职工培训中心 trains the staff of firms up and down the chain
    #: (威人社字〔2024〕2号, 第9项)
    CHAIN_TRAINING_CENTRE = "chain_training_centre"


#: Of which there is one on every day: each holds until the next one.
SUCCEEDING = frozenset({Attribute.NAME, Attribute.KIND, Attribute.DISTRICT})
#: Levels at which a class is recognised; a class that is not here has none.
CLASS_LEVELS: Mapping[EnterpriseClass, tuple[Level, ...]] = {
    # 威人社字〔2022〕32号, 二: 国家级的、省级的“专精特新”企业
    EnterpriseClass.SPECIALISED_INNOVATIVE: (Level.NATIONAL, Level.PROVINCIAL, Level.MUNICIPAL),
    EnterpriseClass.LITTLE_GIANT: (Level.NATIONAL,),
    EnterpriseClass.SINGLE_PRODUCT_CHAMPION: (Level.NATIONAL, Level.PROVINCIAL),
}
#: Classes of which an enterprise has one at most.
_EITHER = frozenset({EnterpriseClass.LARGE, EnterpriseClass.SME})


@dataclass(frozen=True, slots=True)
class Ground:
    """The document on which an official states something, and why; empty and None for none."""

    document_no: str = ""
    document_day: date | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement on a fact; `sequence` counts those on it, and the first one makes it.

    `value` is a name, a kind, a district or a class; empty for a base. Without `valid_from` the
    fact has been so since before the bank knew the organisation. In a statement that ends the fact
    `valid_through` is its last day.
    """

    fact_no: str
    sequence: int
    says: Says
    attribute: Attribute
    value: str
    level: str
    valid_from: date | None
    valid_through: date | None
    ground: Ground
    actor: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact as it was stated, and what was said of it later."""

    said: Statement
    ending: Statement | None = None
    taken_back: Statement | None = None

    @property
    def valid_through(self) -> date | None:
        """The last day on which it is so; None while it is open."""
        return (self.ending or self.said).valid_through

    def holds_on(self, day: date) -> bool:
        """Tell whether it is so on a day, whatever comes after it."""
        begun = self.said.valid_from is None or self.said.valid_from <= day
        over = self.valid_through is not None and self.valid_through < day
        return begun and not over and self.taken_back is None

    def overlaps(self, other: "Fact") -> bool:
        """Tell whether there is a day on which both are so."""
        return _begins_by(self.said.valid_from, other.valid_through) and _begins_by(
            other.said.valid_from, self.valid_through
        )


@dataclass(frozen=True, slots=True)
class Picture:
    """An organisation as it is on one day."""

    day: date
    name: Fact
    kind: Fact
    district: Fact
    classes: tuple[Fact, ...]
    bases: tuple[Fact, ...]
    suspensions: tuple[Fact, ...]

    @property
    def teaching_bases(self) -> tuple[Fact, ...]:
        """The bases that are not suspended."""
        suspended = {each.said.level for each in self.suspensions}
        return tuple(each for each in self.bases if each.said.level not in suspended)


def facts_known(
    statements: Iterable[Statement], known_at: datetime | None = None
) -> tuple[Fact, ...]:
    """Fold statements into facts, in the order in which they were stated.

    Args:
        statements: of one organisation, in any order.
        known_at: leave out what was recorded after it; None for nothing.
    """
    known = [each for each in statements if known_at is None or each.recorded_at <= known_at]
    known.sort(key=lambda each: (each.recorded_at, each.fact_no, each.sequence))
    facts = {each.fact_no: Fact(each) for each in known if each.says is Says.SO}
    for each in known:
        fact = facts.get(each.fact_no)
        if fact is None or each.says is Says.SO:
            continue
        if each.says is Says.NOT_SO:
            facts[each.fact_no] = replace(fact, taken_back=each)
        elif _ends_sooner(each, fact):
            facts[each.fact_no] = replace(fact, ending=each)
    return tuple(facts.values())


def true_on(facts: Sequence[Fact], day: date) -> Picture | None:
    """Return what is true on a day; None if these facts do not even tell a name."""
    held = [each for each in facts if each.holds_on(day)]
    last = {each: _latest(held, each) for each in SUCCEEDING}
    name, kind, district = (
        last[each] for each in (Attribute.NAME, Attribute.KIND, Attribute.DISTRICT)
    )
    if name is None or kind is None or district is None:
        return None
    classes, bases, suspensions = (
        tuple(each for each in held if each.said.attribute is wanted)
        for wanted in (Attribute.CLASS, Attribute.BASE, Attribute.BASE_SUSPENSION)
    )
    return Picture(day, name, kind, district, classes, bases, suspensions)


def fits_class(value: str, level: str) -> bool:
    """Tell whether there is such a class, with such a level or with none."""
    if value not in list(EnterpriseClass):
        return False
    return level in (CLASS_LEVELS.get(EnterpriseClass(value)) or ("",))


def contradicted(facts: Iterable[Fact], new: Fact) -> Fact | None:
    """Return the first fact that cannot be so beside a new one; None if all can."""
    return next((each for each in facts if each.taken_back is None and _clash(each, new)), None)


def is_complete(facts: Sequence[Fact]) -> bool:
    """Tell whether name, kind and district are known for every day."""
    told = {
        each.said.attribute
        for each in facts
        if each.taken_back is None and each.said.valid_from is None
    }
    return told >= SUCCEEDING


def _clash(one: Fact, other: Fact) -> bool:
    if one.said.attribute is not other.said.attribute:
        return False
    if one.said.attribute in SUCCEEDING:
        return one.said.valid_from == other.said.valid_from
    same = (one.said.value, one.said.level) == (other.said.value, other.said.level)
    return (same or {one.said.value, other.said.value} == _EITHER) and one.overlaps(other)


def _latest(held: Iterable[Fact], attribute: Attribute) -> Fact | None:
    of_it = [each for each in held if each.said.attribute is attribute]
    return max(of_it, key=lambda each: each.said.valid_from or date.min, default=None)


def _begins_by(first: date | None, last: date | None) -> bool:
    return first is None or last is None or first <= last


def _ends_sooner(ending: Statement, fact: Fact) -> bool:
    last, known = ending.valid_through, fact.valid_through
    return last is not None and (known is None or last < known)
