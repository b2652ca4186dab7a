"""The cap fold over the ledger: what counts is a function of the live facts (law 6).

After any posting or reversal the fold is computed again for the people and years it touched, and
where a cap now keeps something else than before, the difference is posted in the same transaction.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import msgspec
from sqlalchemy import Text, and_, cast, func, or_, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical
from creditbank.ledger.models import Act, CreditFacts, Entry, Movement, PackPins, Source, SourceKind
from creditbank.ledger.posting import (
    CreditState,
    MoveDraft,
    Secrets,
    credit_states,
    pins_from_text,
    post_moves,
)
from creditbank.ledger.sources import pins_id_of, sources_numbered
from creditbank.orm import among
from creditbank.rules.caps import (
    Account,
    CapLaw,
    FactKind,
    FoldedOccasion,
    LiveFact,
    fold_under,
    totals_under,
)
from creditbank.rules.days import Days
from creditbank.rules.hour_rules import Cap, CapPeriod
from creditbank.rules.pack import PackChain

MIGRATED_KIND = str(SourceKind.IMPORT)
#: Only of these is it known on which day somebody was there.
SESSION_KIND = str(SourceKind.FILING)
#: Rows in one IN list; well below what either driver can bind.
_CHUNK = 5_000
#: Joins the facts of a credit to it.
IS_OF_ENTRY = and_(
    Entry.person_id == CreditFacts.person_id,
    Entry.scheme == CreditFacts.scheme,
    Entry.occasion == CreditFacts.occasion,
    Entry.revision == CreditFacts.revision,
)


@dataclass(frozen=True, slots=True)
class FoldContext:
    """The law of the scheme, the secrets of everybody concerned, and the instant."""

    law: PackChain
    secrets: Secrets
    now: datetime


def fold_again(
    session: Session, groups: Iterable[tuple[int, ...]], years: set[int], context: FoldContext
) -> int:
    """Post what the caps of a scheme change for these people in these years.

    Args:
        session: of the caller's transaction, which holds the people's locks.
        groups: the linked keys of each person.
        years: credited years that were touched.
        context: whose `secrets` covers every key in the groups.

    Returns:
        Centihours that caps hold now and did not hold before; negative where they let go.
    """
    members = {key: group[0] for group in groups for key in group}
    states = live_states(session, sorted(members), context.law, years)
    by_person: dict[int, list[CreditState]] = defaultdict(list)
    for state in states:
        by_person[members[state.credit.person_id]].append(state)
    facts = facts_of(session, [state.credit for state in states])
    pins_id = pins_id_of(session, context.law.pins())
    caps = CapLaw(context.law)
    drafts = [
        draft
        for person_states in by_person.values()
        for draft in _differences(person_states, facts, caps, pins_id)
    ]
    post_moves_on(session, drafts, context.secrets, now=context.now)
    return sum(
        draft.centihours if draft.movement == Movement.CAP else -draft.centihours
        for draft in drafts
    )


def live_states(
    session: Session, people: Sequence[int], law: PackChain, years: set[int]
) -> list[CreditState]:
    """Return credits, neither reversed nor frozen, that share a cap's reach with these years.

    A fact credited to one year may fall on a day of another, where a day's cap joins them; a work
    may have been declared in several, and a filing or item with a cap of its own may run over New
    Year: so years are added until nothing more is joined.
    """
    reached, shared = set(years), _years_sharing_works(session, people, law.scheme)
    whole = any(
        isinstance(value.value, Cap) and value.value.per is CapPeriod.ACTIVITY
        for pack in law.packs
        for values in pack.values.values()
        for value in values
    )
    while True:
        entries = _entries_of_years(session, people, law.scheme, reached)
        joined = {entry.credited_year for entry in entries} | {e.earned_on.year for e in entries}
        joined = joined.union(*(each for each in shared if each & joined))
        if whole:
            joined |= _years_of_sources(session, people, {entry.source_id for entry in entries})
        if joined <= reached:
            return [state for state in credit_states(entries) if state.is_live]
        reached |= joined


def _years_sharing_works(session: Session, people: Sequence[int], scheme: str) -> list[set[int]]:
    """Return sets of years, each holding what is one work, or was one item under another scheme."""
    by_name: dict[str, set[int]] = defaultdict(set)
    query = (
        select(Entry.credited_year, Entry.earned_on, CreditFacts.facts)
        .join(CreditFacts, IS_OF_ENTRY)
        .join(Source, Source.source_id == Entry.source_id)
        .where(Entry.scheme == scheme, Entry.movement == str(Movement.CREDIT))
        .where(Source.kind.not_in([SESSION_KIND, MIGRATED_KIND]))
    )
    for start in range(0, len(people), _CHUNK):
        chunk = people[start : start + _CHUNK]
        for credited_year, earned_on, facts in session.execute(
            query.where(among(session, Entry.person_id, chunk))
        ):
            said = json.loads(facts)
            for name in {said.get("work", ""), said.get("origin", {}).get("source", "")}:
                by_name[name] |= {credited_year, earned_on.year}
    return [years for name, years in by_name.items() if name]


def _years_of_sources(session: Session, people: Sequence[int], source_ids: set[int]) -> set[int]:
    """Return the years in which these people hold anything under these sources."""
    found: set[int] = set()
    query = select(Entry.credited_year).where(Entry.source_id.in_(source_ids)).distinct()
    for start in range(0, len(people), _CHUNK):
        chunk = people[start : start + _CHUNK]
        found |= set(session.scalars(query.where(among(session, Entry.person_id, chunk))))
    return found


def _entries_of_years(
    session: Session, people: Sequence[int], scheme: str, years: set[int]
) -> list[Entry]:
    in_years = or_(
        Entry.credited_year.in_(years),
        *(Entry.earned_on.between(date(year, 1, 1), date(year, 12, 31)) for year in sorted(years)),
    )
    found: list[Entry] = []
    for start in range(0, len(people), _CHUNK):
        chunk = people[start : start + _CHUNK]
        query = select(Entry).where(
            among(session, Entry.person_id, chunk), Entry.scheme == scheme, in_years
        )
        found.extend(session.scalars(query))
    return found


def untouched_facts(
    session: Session, people: Sequence[int], scheme: str
) -> dict[int, list[LiveFact] | None]:
    """Return what each of these people holds in a scheme; nothing of those who hold nothing.

    Of whom anything was ever capped, reversed or frozen there is None: only their entries tell.
    There may be hundreds of thousands of credits. Those of one session are alike but for person and
    minutes: the database lists the people of each kind, and the facts of one credit tell how the
    caps see all that are alike.
    """
    entries = _plain_credits(session, people, scheme)
    first = {alike: key for key, held in entries.items() for alike in held or ()}
    said = _facts_said(session, sorted(set(first.values())), scheme)
    facts = {
        alike: fact_of(occasion, day, (year, subject), centihours, text)
        for alike, key in first.items()
        for occasion, revision, day, year, subject, centihours, _ in [alike]
        if (text := said.get((key, occasion, revision))) is not None
    }
    return {
        key: None if held is None or any(each not in facts for each in held)
        else [facts[each] for each in held]
        for key, held in entries.items()
    }  # fmt: skip


#: Occasion, revision, day, year, subject, centihours, source.
_Alike = tuple[str, int, date, int, str, int, int]


def _plain_credits(
    session: Session, people: Sequence[int], scheme: str
) -> dict[int, list[_Alike] | None]:
    found: dict[int, list[_Alike] | None] = {}
    known: dict[_Alike, _Alike] = {}
    kind = (
        Entry.movement, Entry.occasion, Entry.revision, Entry.earned_on, Entry.credited_year,
        Entry.subject, Entry.centihours, Entry.source_id,
    )  # fmt: skip
    people_of = func.aggregate_strings(cast(Entry.person_id, Text), ",")
    query = select(people_of, *kind).group_by(*kind)
    for start in range(0, len(people), _CHUNK):
        chunk = people[start : start + _CHUNK]
        theirs = query.where(among(session, Entry.person_id, chunk), Entry.scheme == scheme)
        for row in session.execute(theirs):
            (keys, movement), alike = row[:2], known.setdefault(row[2:], row[2:])
            for key in map(int, keys.split(",")):
                held = found.setdefault(key, [])
                if movement != Movement.CREDIT:
                    found[key] = None
                elif held is not None:
                    held.append(alike)
    return found


def _facts_said(
    session: Session, people: Sequence[int], scheme: str
) -> dict[tuple[int, str, int], str]:
    said: dict[tuple[int, str, int], str] = {}
    query = select(
        CreditFacts.person_id, CreditFacts.occasion, CreditFacts.revision, CreditFacts.facts
    )
    for start in range(0, len(people), _CHUNK):
        theirs = among(session, CreditFacts.person_id, people[start : start + _CHUNK])
        rows = session.execute(query.where(theirs, CreditFacts.scheme == scheme))
        said.update(((key, occasion, revision), facts) for key, occasion, revision, facts in rows)
    return said


FactsKey = tuple[int, str, str, int]


def facts_of(session: Session, credits: Sequence[Entry]) -> dict[FactsKey, CreditFacts]:
    """Return the facts of credits by (person, scheme, occasion, revision)."""
    found: dict[FactsKey, CreditFacts] = {}
    people = sorted({credit.person_id for credit in credits})
    # Narrowed by year through the entries: a person's facts of ten years are not read for one.
    query = (
        select(CreditFacts)
        .join(Entry, IS_OF_ENTRY)
        .where(
            Entry.movement == str(Movement.CREDIT),
            Entry.scheme.in_({credit.scheme for credit in credits}),
            Entry.credited_year.in_({credit.credited_year for credit in credits}),
        )
    )
    for start in range(0, len(people), _CHUNK):
        chunk = people[start : start + _CHUNK]
        for row in session.scalars(query.where(among(session, Entry.person_id, chunk))):
            found[row.person_id, row.scheme, row.occasion, row.revision] = row
    return found


def facts_key(credit: Entry) -> FactsKey:
    """Return the key under which a credit's facts are kept."""
    return credit.person_id, credit.scheme, credit.occasion, credit.revision


class _Origin(msgspec.Struct):
    """Where hours of a transfer came from; of earlier records a text stands in its place."""

    kind: str
    source: str


class SaidFacts(msgspec.Struct, gc=False):
    """All that is read of facts here; the rest, of millions of them, is skipped."""

    kind: str
    activity: str = ""
    form: str = ""
    work: str = ""
    origin: str | _Origin = ""
    days: tuple[date, date] | None = None


#: What facts say that were never converted, as those of earlier records.
NO_TRACE = msgspec.Raw(b"[]")


class TracedFacts(SaidFacts, gc=False):
    """The same, and the trace of the conversion, unread: most traces are alike."""

    trace: msgspec.Raw = NO_TRACE


_FACTS = msgspec.json.Decoder(SaidFacts)
_TRACED = msgspec.json.Decoder(TracedFacts)


def traced_facts(facts: str) -> TracedFacts:
    """Read the facts of a credit once, for whoever wants to fold it and to know its rule values."""
    return _TRACED.decode(facts)


def earned_as(said: SaidFacts) -> str:
    """Return the kind of source that hours first came from; of a transfer, its origin's."""
    return said.kind if isinstance(said.origin, str) else said.origin.kind


def live_fact(credit: Entry, facts: str) -> LiveFact:
    """Return a credit as the cap fold sees it; a revision is its own occasion there."""
    account = credit.credited_year, credit.subject
    return fact_of(credit.occasion, credit.earned_on, account, credit.centihours, facts)


def fact_of(
    occasion: str, earned_on: date, account: Account, centihours: int, facts: str
) -> LiveFact:
    """Do what `live_fact` does, for whoever has single columns of millions of credits."""
    return fact_said(occasion, earned_on, account, centihours, _FACTS.decode(facts))


def fact_said(
    occasion: str, earned_on: date, account: Account, centihours: int, said: SaidFacts
) -> LiveFact:
    """Do what `fact_of` does with facts that were read."""
    _, _, _, activity, form, group, day_known = kind_said(occasion, earned_on, account, said)
    return LiveFact(
        occasion,
        earned_on,
        *account,
        activity,
        centihours,
        form,
        group,
        said.work,
        day_known,
        Days(*said.days) if said.days else None,
    )


def kind_said(occasion: str, earned_on: date, account: Account, said: SaidFacts) -> FactKind:
    """Return all of a credit by which it is found which caps hold for it."""
    kind, origin = said.kind, said.origin
    if isinstance(origin, str):
        group = occasion.partition("/")[0]
    else:
        kind, group = origin.kind, origin.source  # it belongs to what it was there
    if kind == MIGRATED_KIND:
        group = ""  # a file of many activities, and none of its own
    activity = said.activity or said.kind
    return (earned_on, *account, activity, said.form, group, kind == SESSION_KIND)


def days_said(days: Days | None) -> dict[str, Canonical]:
    """Return what facts say of the days that hours stand for; nothing where it is none."""
    return {"days": [days.first.isoformat(), days.last.isoformat()]} if days else {}


def _differences(
    states: Sequence[CreditState], facts: Mapping[FactsKey, CreditFacts], law: CapLaw,
    pins_id: int,
) -> list[MoveDraft]:  # fmt: skip
    return [
        _cap_move(state, kept, difference, pins_id)
        for state, kept, difference in cap_differences(states, facts, law)
    ]


def cap_differences(
    states: Sequence[CreditState], facts: Mapping[FactsKey, CreditFacts], law: CapLaw
) -> Iterator[tuple[CreditState, FoldedOccasion, int]]:
    """Yield each live credit of one person of which caps over just these keep something else.

    The last part is how many centihours more the caps would hold; negative where they let go.
    """
    live = [live_fact(s.credit, facts[facts_key(s.credit)].facts) for s in states]
    if not any(state.capped_centihours for state in states) and nothing_cut(live, law):
        return
    folded = fold_under(live, law)
    for state in states:
        kept = folded.occasions[state.credit.occasion]
        wanted = state.credit.centihours - kept.counted_centihours
        if wanted != state.capped_centihours:
            yield state, kept, wanted - state.capped_centihours


def held_otherwise(facts: Sequence[LiveFact], capped: Mapping[str, int], law: CapLaw) -> set[str]:
    """Return the occasions of one person of which the caps over just these keep something else.

    Args:
        facts: all that is live.
        capped: how many centihours of each occasion are held.
        law: the caps.
    """
    if not any(capped.values()) and nothing_cut(facts, law):
        return set()
    folded = fold_under(facts, law).occasions
    return {
        fact.occasion_key
        for fact in facts
        if fact.centihours - folded[fact.occasion_key].counted_centihours
        != capped[fact.occasion_key]
    }


def nothing_cut(facts: Sequence[LiveFact], law: CapLaw) -> bool:
    """Tell whether the caps let everything count that a person has."""
    return sum(totals_under(facts, law).values()) == sum(fact.centihours for fact in facts)


def _cap_move(state: CreditState, kept: FoldedOccasion, difference: int, pins_id: int) -> MoveDraft:
    movement = Movement.CAP if difference > 0 else Movement.UNCAP
    return MoveDraft(
        credit=state.credit,
        movement=movement,
        centihours=abs(difference),
        step=state.next_step(movement),
        pins_id=pins_id,
        reason=" ".join(cut.key for cut in kept.cuts),
    )


def post_moves_on(
    session: Session, drafts: Sequence[MoveDraft], secrets: Secrets, *, now: datetime
) -> None:
    """Post movements on credits of any sources, finding the leaves and chains that they name."""
    if not drafts:
        return
    sources = sources_numbered(session, sorted({draft.credit.source_id for draft in drafts}))
    act_ids = {source.act_id for source in sources.values()}
    acts = {
        act.act_id: act.leaf for act in session.scalars(select(Act).where(Act.act_id.in_(act_ids)))
    }
    pins = {
        row.pins_id: pins_from_text(row.pins)
        for row in session.scalars(
            select(PackPins).where(PackPins.pins_id.in_({draft.pins_id for draft in drafts}))
        )
    }
    leaves = {source_id: acts[source.act_id] for source_id, source in sources.items()}
    post_moves(session, drafts, leaves, pins, secrets, now=now)
