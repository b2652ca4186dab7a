"""What a version of a pack would do: every person weighed twice, flips counted, nobody named.

Hours were converted once and stay; caps are folded again over the live facts, and requirements
weighed again, under the law in force and under the law as it would be. People stream through in
chunks and leave only counts; nothing is written here.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from creditbank.crediting.fold import IS_OF_ENTRY, fact_of
from creditbank.ledger.balance import live_hours
from creditbank.ledger.models import CreditFacts, Entry, Movement, Source
from creditbank.people.models import Person
from creditbank.people.register import linked_people
from creditbank.registry.lawbook import adoptions, published_packs
from creditbank.registry.models import Filing, Organisation
from creditbank.rules.caps import CapLaw, LiveFact, totals_under
from creditbank.rules.changes import compare, keys_touched
from creditbank.rules.loader import PackMissingError, chain_of
from creditbank.rules.pack import Adoption, Pack, PackChain, PackDraftError
from creditbank.rules.requirement import (
    Credited,
    Outcome,
    Question,
    StatedFactInvalidError,
    outcome_of,
)
from creditbank.rules.stated import START_FACTS
from creditbank.rules.title_rules import TITLE_KINDS
from creditbank.verification.kept import payload_of
from creditbank.verification.models import Verdict
from creditbank.verification.questions import CodeLevel

#: Of people for whom nobody has asked: whatever starts the count began long ago.
LONG_AGO = date(1990, 1, 1)
#: Rules that speak of one title; all others of a title's may speak of any.
_OF_A_TITLE = ("requirement", "waiver")
_TITLE_KEY = re.compile("|".join(f"(?:{kind.pattern})" for kind in TITLE_KINDS))
#: What makes less of a credit than it was; what caps make of it is folded again.
_LATER = (Movement.REVERSE, Movement.FREEZE, Movement.RELEASE)


@dataclass(frozen=True, slots=True)
class Case:
    """A version to be tried, the law in force, and the day of applications that are supposed."""

    pack: Pack
    packs: Mapping[str, Pack]
    adopted: Mapping[str, tuple[Adoption, ...]]
    day: date

    @property
    def base(self) -> Pack | None:
        """The version in force that it is held against; None where there is none."""
        return self.packs.get(self.pack.id)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and whether somebody asked it or it is only supposed."""

    question: Question
    supposed: bool


class Flip(NamedTuple):
    """What one person's answer would turn from and into, by all that it is counted by."""

    district: str
    scheme: str
    series: str
    specialty: str
    level: str
    supposed: bool
    before: str
    after: str


@dataclass(slots=True)
class Tally:
    """Counts over some people; those of several chunks add up."""

    people: int = 0
    asked: int = 0
    supposed: int = 0
    flips: Counter[Flip] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Take in another chunk's counts."""
        self.people += other.people
        self.asked += other.asked
        self.supposed += other.supposed
        self.flips.update(other.flips)


#: Questions that the same rules weigh, so that one answer is all of theirs.
_Alike = tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class _Sides:
    """The chain in force and the chain as it would be, of one scheme, and what is supposed.

    `hour_keys` are the rules of what counts that differ, on some day or other; None where whole
    packs come or go.
    """

    before: PackChain
    after: PackChain
    caps: tuple[CapLaw, CapLaw]
    supposed: tuple[_Alike, ...]
    hour_keys: frozenset[str] | None
    _differing: dict[date, bool] = field(default_factory=dict)

    def count_alike(self, facts: Sequence[LiveFact]) -> bool:
        """Tell whether both versions count these facts by the same rules."""
        return not any(self._differ_on(fact.day) for fact in facts)

    def _differ_on(self, day: date) -> bool:
        if self.hour_keys is None:
            return True
        if day not in self._differing:
            self._differing[day] = any(
                self.before.value_on(key, day) != self.after.value_on(key, day)
                for key in self.hour_keys
            )
        return self._differing[day]


@dataclass(frozen=True, slots=True)
class Trial:
    """Both versions side by side for every scheme that the pack is part of.

    `folds`: what counts may differ, and not only what is asked for. `touched` are the rules of what
    is asked for that differ; None where whole packs come or go.
    """

    sides: Mapping[str, _Sides]
    folds: bool
    touched: frozenset[str] | None

    def concerns(self, question: Question) -> bool:
        """Tell whether a question may be weighed otherwise though the hours are the same."""
        if self.touched is None:
            return True
        own = {key for kind in _OF_A_TITLE for key in question.keys(kind)}
        return any(key in own or key.split(".")[0] not in _OF_A_TITLE for key in self.touched)


_Place = tuple[int, str]
_Rows = tuple[Credited, ...]


def case_of(session: Session, pack: Pack, day: date) -> Case:
    """Return a version beside the law in force."""
    return Case(pack, published_packs(session), adoptions(session), day)


def trial_of(case: Case) -> Trial:
    """Put the chains together; a scheme that cannot credit anybody today has nobody to weigh."""
    after = {**case.packs, case.pack.id: case.pack}
    touched = _touched(case)
    titles = touched and frozenset(key for key in touched if _TITLE_KEY.fullmatch(key))
    hours = None if touched is None or titles is None else touched - titles
    sides = {}
    for scheme in sorted(case.packs):
        try:
            old = chain_of(scheme, case.packs, adopted=case.adopted)
            new = chain_of(scheme, after, simulation=True, adopted=case.adopted)
        except (PackMissingError, PackDraftError):
            continue
        if any(pack.id == case.pack.id for pack in new.packs):
            supposed = _supposed(old, new, case.day)
            caps = CapLaw(old), CapLaw(new)
            sides[scheme] = _Sides(old, new, caps, supposed, hours)
    return Trial(sides, folds=hours is None or bool(hours), touched=titles)


def people_count(session: Session) -> int:
    """Count the keys that there are to walk over."""
    return session.scalar(select(func.count()).select_from(Person)) or 0


def people_after(session: Session, last: int, size: int) -> list[int]:
    """Return the next keys in ascending order."""
    query = select(Person.person_id).where(Person.person_id > last)
    return list(session.scalars(query.order_by(Person.person_id).limit(size)))


def weigh_people(session: Session, trial: Trial, people: Sequence[int]) -> Tally:
    """Weigh some people twice; a person with linked keys is weighed with the smallest of them."""
    members = _members(session, people)
    hours = (_folded if trial.folds else _summed)(session, trial, members)
    asked = _asked(session, members)
    tally = Tally(people=len({person for person, _ in hours}))
    turned: list[tuple[_Place, Asked, _Turn]] = []
    for place, rows in hours.items():
        sides = trial.sides[place[1]]
        for alike in asked.get(place) or sides.supposed:
            tally.supposed += sum(each.supposed for each in alike)
            tally.asked += sum(not each.supposed for each in alike)
            turn = _turn(trial, sides, alike, rows)
            if turn is not None:
                turned += ((place, each, turn) for each in alike)
    districts = _districts(session, members, {place for place, *_ in turned})
    tally.flips.update(
        _flip(districts[place], place[1], each, turn) for place, each, turn in turned
    )
    return tally


_Turn = tuple[str, str]


def _turn(trial: Trial, sides: _Sides, alike: _Alike, rows: tuple[_Rows, _Rows]) -> _Turn | None:
    """Return the answers to questions that are weighed alike, if they differ."""
    before, after = rows
    if before == after and not any(trial.concerns(each.question) for each in alike):
        return None  # the same hours weighed by the same rules
    old = _outcome(alike[0].question, before, sides.before)
    new = _outcome(alike[0].question, after, sides.after)
    return (old, new) if old != new else None


def _flip(district: str, scheme: str, asked: Asked, turn: _Turn) -> Flip:
    question = asked.question
    title = (question.series, question.specialty, question.level)
    return Flip(district, scheme, *title, asked.supposed, *turn)


def _touched(case: Case) -> frozenset[str] | None:
    """Return the keys that differ; None where the chain does."""
    if case.base is None:
        return None
    changes = compare(case.base, case.pack)
    chain_differs = {"inherits", "status"}.intersection(each.key for each in changes.header)
    return None if chain_differs else keys_touched(changes)


def _supposed(old: PackChain, new: PackChain, day: date) -> tuple[_Alike, ...]:
    """Suppose an application today for each title that either version asks something of."""
    stated = dict.fromkeys(START_FACTS.values(), LONG_AGO.isoformat())
    alike: list[tuple[object, list[Asked]]] = []
    for key in sorted({*old.keys("requirement"), *new.keys("requirement")}):
        _, series, *specialty, level = key.split(".")
        question = Question(series, level, day, stated, specialty="".join(specialty))
        rules = [_own_rules(question, chain) for chain in (old, new)]
        same = next((group for known, group in alike if known == rules), None)
        if same is None:
            alike.append((rules, same := []))
        same.append(Asked(question, supposed=True))
    return tuple(tuple(group) for _, group in alike)


def _own_rules(question: Question, chain: PackChain) -> list[object]:
    """Return all by which a question of whoever asks for no pathway differs from another's."""
    found = (chain.first_on(question.keys(kind), question.application_day) for kind in _OF_A_TITLE)
    return [value and value.value for value in found]


def _members(session: Session, people: Sequence[int]) -> dict[int, int]:
    """Return each key of these people with the smallest key of its person, where that is here."""
    here = set(people)
    groups = linked_people(session, people)
    return {key: group[0] for key, group in groups.items() if group[0] in here}


def _summed(
    session: Session, trial: Trial, members: Mapping[int, int]
) -> dict[_Place, tuple[_Rows, _Rows]]:
    """Take what counts as the ledger has it; both versions count the same."""
    sums: dict[_Place, Counter[tuple[int, str]]] = defaultdict(Counter)
    for row in live_hours(session, members, trial.sides):
        sums[members[row.person_id], row.scheme][row.credited_year, row.subject] += row.centihours
    return {place: (_credited(each),) * 2 for place, each in sums.items()}


def _folded(
    session: Session, trial: Trial, members: Mapping[int, int]
) -> dict[_Place, tuple[_Rows, _Rows]]:
    """Fold the caps of both versions over the live facts."""
    facts: dict[_Place, list[LiveFact]] = defaultdict(list)
    for person_id, fact, scheme in _live_facts(session, trial, members):
        facts[members[person_id], scheme].append(fact)
    return {place: _both(each, trial.sides[place[1]]) for place, each in facts.items()}


def _both(facts: Sequence[LiveFact], sides: _Sides) -> tuple[_Rows, _Rows]:
    old, new = sides.caps
    before = _credited(totals_under(facts, old))
    return before, before if sides.count_alike(facts) else _credited(totals_under(facts, new))


_Credit = tuple[int, str, str, int]


def _live_facts(
    session: Session, trial: Trial, members: Mapping[int, int]
) -> Iterator[tuple[int, LiveFact, str]]:
    """Yield every credit that nobody has reversed, less what is frozen of it."""
    gone, frozen = _gone_and_frozen(session, trial, members)
    query = (
        select(
            Entry.person_id, Entry.scheme, Entry.occasion, Entry.revision, Entry.centihours,
            Entry.credited_year, Entry.subject, Entry.earned_on, CreditFacts.facts,
        )
        .join(CreditFacts, IS_OF_ENTRY)
        .where(*_theirs(trial, members), Entry.movement == str(Movement.CREDIT))
    )  # fmt: skip
    rows: Iterable[Any] = session.connection().execute(query).all()
    for person_id, scheme, occasion, revision, centihours, year, subject, earned_on, facts in rows:
        left = centihours
        if gone or frozen:  # of most chunks nobody's
            credit = person_id, scheme, occasion, revision
            if credit in gone:
                continue
            left -= frozen[credit]
        yield person_id, fact_of(occasion, earned_on, (year, subject), left, facts), scheme


def _gone_and_frozen(
    session: Session, trial: Trial, members: Mapping[int, int]
) -> tuple[set[_Credit], Counter[_Credit]]:
    """Return the credits that were reversed, and what is frozen of the others."""
    key = (Entry.person_id, Entry.scheme, Entry.occasion, Entry.revision)
    query = select(*key, Entry.movement, Entry.centihours).where(
        *_theirs(trial, members), Entry.movement.in_(_LATER)
    )
    gone: set[_Credit] = set()
    frozen: Counter[_Credit] = Counter()
    rows: Iterable[Any] = session.execute(query)
    for row in rows:
        if row.movement == Movement.REVERSE:
            gone.add(row[:4])
        else:
            sign = 1 if row.movement == Movement.FREEZE else -1
            frozen[row[:4]] += sign * row.centihours
    return gone, frozen


def _theirs(trial: Trial, members: Mapping[int, int]) -> tuple[ColumnElement[bool], ...]:
    return Entry.person_id.in_(members), Entry.scheme.in_(trial.sides)


def _credited(sums: Mapping[tuple[int, str], int]) -> _Rows:
    return tuple(Credited(year, subject, sums[year, subject]) for year, subject in sorted(sums))


class _SaidQuestion(msgspec.Struct):
    scheme: str
    series: str
    level: str
    application_day: date
    stated: dict[str, str]
    specialty: str = ""
    pathway: str = ""


class _Said(msgspec.Struct):
    """What of a signed answer is wanted here; the rest is skipped."""

    question: _SaidQuestion


def _asked(session: Session, members: Mapping[int, int]) -> dict[_Place, list[_Alike]]:
    """Return the last question about each person by scheme, series, specialty and level."""
    query = select(Verdict.person_id, Verdict.jws).where(
        Verdict.person_id.in_(members), Verdict.disclose != CodeLevel.PREDICATE
    )
    last: dict[tuple[int, str, str, str, str], Asked] = {}
    for person_id, token in session.execute(query.order_by(Verdict.recorded_at)):
        assert person_id is not None, "it is one of these people"
        said = _payload(token).question
        place = (members[person_id], said.scheme, said.series, said.specialty, said.level)
        last[place] = Asked(_question(said), supposed=False)
    asked: dict[_Place, list[_Alike]] = defaultdict(list)
    for (person, scheme, *_), each in last.items():
        asked[person, scheme].append((each,))
    return asked


def _question(said: _SaidQuestion) -> Question:
    return Question(
        said.series, said.level, said.application_day, said.stated, said.specialty, said.pathway,
        # The place that this question would take, if any, is not given away to another.
        used={},
    )  # fmt: skip


def _payload(kept: str) -> _Said:
    return msgspec.json.decode(payload_of(kept), type=_Said)


def _outcome(question: Question, rows: _Rows, chain: PackChain) -> str:
    try:
        return str(outcome_of(question, rows, chain))
    except StatedFactInvalidError:
        # Stated for a rule that did not look at it: it would have to be stated anew.
        return str(Outcome.UNDETERMINED)


def _districts(
    session: Session, members: Mapping[int, int], flipped: Iterable[_Place]
) -> dict[_Place, str]:
    """Return where the provider is registered who posted most of each person's hours."""
    places = set(flipped)
    people = {person for person, _ in places}
    keys = [key for key, person in members.items() if person in people]
    gains: dict[_Place, Counter[int]] = defaultdict(Counter)
    query = (
        select(Entry.person_id, Entry.scheme, Entry.source_id, func.sum(Entry.centihours))
        .where(Entry.person_id.in_(keys), Entry.movement == str(Movement.CREDIT))
        .group_by(Entry.person_id, Entry.scheme, Entry.source_id)
    )
    for person_id, scheme, source_id, centihours in session.execute(query):
        gains[members[person_id], scheme][source_id] += centihours
    homes = _homes(session, {source for place in places for source in gains[place]})
    districts = {}
    for place in places:
        by_district: Counter[str] = Counter()
        for source_id, centihours in gains[place].items():
            by_district[homes[source_id]] += centihours
        districts[place] = min(by_district, key=lambda home: (-by_district[home], home))
    return districts


def _homes(session: Session, sources: Iterable[int]) -> dict[int, str]:
    """Return the jurisdiction of each source's provider; of the source, where it has none."""
    home = func.coalesce(Organisation.jurisdiction, Source.jurisdiction).label("home")
    query = (
        select(Source.source_id, home)
        .outerjoin(Filing, Filing.filing_no == Source.source_no)
        .outerjoin(Organisation, Organisation.organisation_id == Filing.organisation_id)
        .where(Source.source_id.in_(sorted(sources)))
    )
    rows: Iterable[Any] = session.execute(query)
    return {row.source_id: row.home for row in rows}
