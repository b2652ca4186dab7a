"""What `ledger fsck --folds` checks: that caps hold of everybody what the rules let them hold.

Everybody's live facts are folded again. What was posted stands as the law said then, and a later
law moves nothing until somebody's hours do; so a credit is named only where no law that was ever in
force for its scheme gives what was posted. Rows are read as the driver gives them, for many people
at once, and what a law says of one kind of facts is found once for everybody.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from creditbank.collecting import uncollected
from creditbank.crediting.fold import FactsKey, fact_of, held_otherwise
from creditbank.errors import CreditBankError
from creditbank.ledger.audited import Since
from creditbank.ledger.disagreement import Disagreement, Progress
from creditbank.ledger.fsck import SecretStates
from creditbank.ledger.models import CreditFacts, Entry, Movement
from creditbank.ledger.quick_sheets import as_it_is, fetched
from creditbank.orm import among
from creditbank.people.register import linked_people
from creditbank.registry.lawbook import law_of
from creditbank.registry.models import PublishedPack, RuleAdoption
from creditbank.rules.caps import CapLaw, LiveFact
from creditbank.rules.pack import PackChain

_PEOPLE_AT_ONCE = 100
_DAYS_MAX = 16_384
#: Plain texts, because comparing an enum's costs more, once for each entry that there is.
_CREDIT, _REVERSE = str(Movement.CREDIT), str(Movement.REVERSE)
_CAPPING = {str(Movement.CAP): 1, str(Movement.UNCAP): -1}
_FREEZING = {str(Movement.FREEZE): 1, str(Movement.RELEASE): -1}
#: Person, scheme, occasion, revision, movement, centihours, day, year, subject.
_Line = tuple[int, str, str, int, str, int, str, int, str]
_LINE_COLUMNS: list[InstrumentedAttribute[object]] = [
    getattr(Entry, name)
    for name in (
        "person_id", "scheme", "occasion", "revision", "movement", "centihours", "earned_on",
        "credited_year", "subject",
    )
]  # fmt: skip
#: Person, scheme, occasion, revision, facts.
_Stated = tuple[int, str, str, int, str]


def check_folds(
    session: Session, secrets: SecretStates, seen: Progress, since: Since | None = None
) -> Iterator[Disagreement]:
    """Fold everybody's live facts again, of linked keys together.

    Args:
        session: a snapshot in which nothing else disagrees.
        secrets: people's secrets; of those whose secret was erased nothing can be moved any more.
        seen: kept up to date.
        since: what has come since an earlier check, where only whom it touches is folded.

    Yields:
        Each credit of which caps hold something else.
    """
    laws = _Laws(session)
    known = (
        len(since.people)
        if since
        else session.scalar(select(func.count(Entry.person_id.distinct())))
    )
    seen.begin("folds", known or 0)
    for people in _batches(session, since):
        groups = set(linked_people(session, people).values())
        if since is None:  # whoever has an earlier key was folded with it
            groups = {group for group in groups if group[0] in people}
        with uncollected():
            held = _held(session, sorted({key for group in groups for key in group}))
        for group in sorted(groups):
            found = list(_check_group(group, held, laws))
            if found and None not in secrets(group).values():
                yield from found
        seen.done += len(people)
        session.expunge_all()


class _Laws:
    """Every law that was ever in force for a scheme, the newest first."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[str, list[CapLaw]] = {}
        published = session.scalars(
            select(PublishedPack.published_at).where(PublishedPack.published_at.is_not(None))
        )
        adopted = session.scalars(
            select(RuleAdoption.approved_at).where(RuleAdoption.approved_at.is_not(None))
        )
        self._instants = sorted({each for each in (*published, *adopted) if each}, reverse=True)

    def of(self, scheme: str) -> Sequence[CapLaw]:
        """Return the caps of each law of a scheme."""
        if scheme not in self._known:
            found: list[PackChain] = []
            for instant in self._instants:
                with suppress(CreditBankError):  # nothing was published for it by then
                    law = law_of(self._session, scheme, instant)
                    if law not in found:
                        found.append(law)
            self._known[scheme] = [CapLaw(law) for law in found]
        return self._known[scheme]


def _batches(session: Session, since: Since | None) -> Iterator[Sequence[int]]:
    if since:
        for start in range(0, len(since.people), _PEOPLE_AT_ONCE):
            yield since.people[start : start + _PEOPLE_AT_ONCE]
        return
    last = -1
    while True:
        ahead = select(Entry.person_id).where(Entry.person_id > last).distinct()
        people = session.scalars(ahead.order_by(Entry.person_id).limit(_PEOPLE_AT_ONCE)).all()
        if not people:
            return
        yield people
        last = people[-1]


class _Held(NamedTuple):
    """A live credit as caps see it, and how much of it they hold."""

    key: FactsKey
    fact: LiveFact
    capped_centihours: int


#: What is live, by person and scheme.
_HeldBy = dict[int, dict[str, list[_Held]]]


def _held(session: Session, people: Sequence[int]) -> _HeldBy:
    """Return what people have live."""
    shown = [as_it_is(session, column.expression) for column in _LINE_COLUMNS]
    lines: list[_Line] = fetched(
        session, select(*shown).where(among(session, Entry.person_id, people))
    )
    stated: list[_Stated] = fetched(
        session,
        select(*CreditFacts.__table__.columns).where(among(session, CreditFacts.person_id, people)),
    )
    facts = {row[:4]: row[4] for row in stated}
    capped, away = _moved(lines)
    held: _HeldBy = defaultdict(lambda: defaultdict(list))
    for line in lines:
        person_id, scheme, occasion, _, movement, centihours, day, year, subject = line
        if movement == _CREDIT and (key := line[:4]) not in away:
            fact = fact_of(occasion, _day(day), (year, subject), centihours, facts[key])
            held[person_id][scheme].append(_Held(key, fact, capped.get(key, 0)))
    return held


def _moved(lines: Sequence[_Line]) -> tuple[Mapping[FactsKey, int], set[FactsKey]]:
    """Return what caps hold of each credit, and which credits were taken back or are frozen."""
    capped: dict[FactsKey, int] = defaultdict(int)
    frozen: dict[FactsKey, int] = defaultdict(int)
    gone: set[FactsKey] = set()
    for line in lines:
        key, movement, centihours = line[:4], line[4], line[5]
        if movement == _REVERSE:
            gone.add(key)
        elif movement in _CAPPING:
            capped[key] += _CAPPING[movement] * centihours
        elif movement in _FREEZING:
            frozen[key] += _FREEZING[movement] * centihours
    return capped, gone | {key for key, centihours in frozen.items() if centihours}


@lru_cache(maxsize=_DAYS_MAX)
def _day(text: str) -> date:
    return date.fromisoformat(text)


def _check_group(group: Sequence[int], held: _HeldBy, laws: _Laws) -> Iterator[Disagreement]:
    schemes = {scheme for person_id in group for scheme in held.get(person_id, ())}
    for scheme in sorted(schemes):
        theirs = [each for key in group for each in held.get(key, {}).get(scheme, ())]
        for person_id, _, occasion, revision in sorted(_cut_otherwise(theirs, laws.of(scheme))):
            name = f"{person_id} {scheme} {occasion} r{revision}"
            yield Disagreement("fsck-fold", "ledger_entry", name)


def _cut_otherwise(held: Sequence[_Held], laws: Sequence[CapLaw]) -> set[FactsKey]:
    """Return the credits of which no law gives what was posted."""
    facts = [each.fact for each in held]
    capped = {each.fact.occasion_key: each.capped_centihours for each in held}
    left = {each.fact.occasion_key for each in held}
    for caps in laws:
        with suppress(CreditBankError):  # an older law that did not know such hours
            left &= held_otherwise(facts, capped, caps)
        if not left:
            break
    return {each.key for each in held if each.fact.occasion_key in left}
