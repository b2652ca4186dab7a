"""A person's own record: every credit with how it stands, and what each year holds and asks for."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.clock import civil_day
from creditbank.crediting.balances import ANY_TIME, Times, record_at
from creditbank.crediting.fold import MIGRATED_KIND, facts_key, facts_of
from creditbank.ledger.logs import last_seal
from creditbank.ledger.models import Entry, Movement, Seal, SourceKind
from creditbank.ledger.posting import CreditState, credit_states
from creditbank.people.register import linked_people
from creditbank.registry.models import Filing, Organisation
from creditbank.rules.kinds import subject_contains
from creditbank.rules.minima import Minimum, minima_of
from creditbank.rules.pack import PackChain, Value, distinct


class Standing(StrEnum):
    """How a credit stands; the first of these that is true of it, from below."""

    LIVE = "live"
    #: a cap lets less of it count, or nothing
    CAPPED = "capped"
    FROZEN = "frozen"
    #: recorded, without a place in the public log yet
    PENDING = "pending"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class OwnCredit:
    """One credit of a person; `title` and `given_by` say in words what it is for and from whom."""

    credit: Entry
    standing: Standing
    counted_centihours: int
    capped_centihours: int
    frozen_centihours: int
    #: the civil day since when it is looked into; None where it is not
    frozen_since: date | None
    #: of the source: `filing`, `decision`, `import`, …
    kind: str
    #: what it is to the rules; empty for earlier records
    activity: str
    title: str
    given_by: str

    @property
    def is_migrated(self) -> bool:
        """Tell whether it comes from records before the bank."""
        return self.kind == MIGRATED_KIND


@dataclass(frozen=True, slots=True)
class SubjectHeld:
    """What a year holds of a subject and all below it; the empty subject is the total.

    `counted_centihours` include those pending and migrated; `required` is None where the rules ask
    for no amount.
    """

    subject: str
    counted_centihours: int
    capped_centihours: int
    frozen_centihours: int
    pending_centihours: int
    migrated_centihours: int
    required: Minimum | None

    @property
    def short_centihours(self) -> int:
        """Hours below the year's amount, before anything that a title lets count besides."""
        wanted = self.required.centihours if self.required is not None else 0
        return max(0, wanted - self.counted_centihours)


@dataclass(frozen=True, slots=True)
class YearHeld:
    """One credited year: the total first, then every subject by its path."""

    year: int
    subjects: tuple[SubjectHeld, ...]

    @property
    def total(self) -> SubjectHeld:
        """All subjects together."""
        return self.subjects[0]

    @property
    def has_hidden(self) -> bool:
        """Tell whether some hours are there that do not count now."""
        return bool(self.total.capped_centihours or self.total.frozen_centihours)


def keys_of(session: Session, person_id: int) -> tuple[int, ...]:
    """Return every key that is the same person."""
    return linked_people(session, [person_id])[person_id]


def schemes_held(session: Session, people: Sequence[int]) -> list[str]:
    """Return the schemes in which anything was ever credited to a person."""
    query = select(Entry.scheme).where(Entry.person_id.in_(people)).distinct()
    return sorted(session.scalars(query))


def own_credits(
    session: Session, people: Sequence[int], scheme: str, times: Times = ANY_TIME
) -> list[OwnCredit]:
    """Return a person's credits in a scheme, the latest day first.

    Args:
        session: any reading session.
        people: every key of the person.
        scheme: where they were credited.
        times: counts only what was earned by a day, and known at an instant.

    Raises:
        PackMissingError, PackDraftError: caps are to be folded again, and there is no law for it.
    """
    record = record_at(session, people, scheme, times)
    states = credit_states(record.entries)
    for state in states:
        more, _ = record.cut_otherwise.get(state.credit.leaf, (0, ()))
        state.live_centihours -= more
        state.capped_centihours += more
    rows = facts_of(session, [state.credit for state in states])
    facts = {state.credit.leaf: json.loads(rows[facts_key(state.credit)].facts) for state in states}
    filings = filings_named(session, facts.values())
    seal = last_seal(session, times.known_at)
    frozen = {
        (entry.person_id, entry.occasion, entry.revision): civil_day(entry.recorded_at)
        for entry in sorted(record.entries, key=lambda each: each.step)
        if entry.movement == Movement.FREEZE
    }
    own = [_own(state, facts[state.credit.leaf], filings, frozen, seal) for state in states]
    return sorted(own, key=_newest_first)


def held_by_year(
    credits: Iterable[OwnCredit], law: PackChain | None, this_year: int
) -> tuple[YearHeld, ...]:
    """Sum credits by year and subject, the newest year first, up to this year.

    A year between that holds nothing is there too: what it lacks is what its owner looks for.
    Without law nothing is said of what a year asks for.
    """
    standing = [each for each in credits if each.standing is not Standing.REVERSED]
    if not standing:
        return ()
    years = {each.credit.credited_year for each in standing}
    span = range(max(*years, this_year), min(years) - 1, -1)
    return tuple(
        _year([each for each in standing if each.credit.credited_year == year], law, year)
        for year in span
    )


def amounts_behind(years: Iterable[YearHeld]) -> tuple[Value, ...]:
    """Return the rule values by which the years ask for their amounts, each once."""
    return distinct(
        held.required.value for year in years for held in year.subjects if held.required is not None
    )


def _year(credits: Sequence[OwnCredit], law: PackChain | None, year: int) -> YearHeld:
    minima = {each.subject: each for each in minima_of(year, law)} if law is not None else {}
    subjects = {"", *minima}
    for each in credits:
        path = each.credit.subject.split(".")
        subjects |= {".".join(path[:depth]) for depth in range(1, len(path) + 1)}
    return YearHeld(
        year, tuple(_subject(subject, credits, minima.get(subject)) for subject in sorted(subjects))
    )


def _subject(subject: str, credits: Sequence[OwnCredit], required: Minimum | None) -> SubjectHeld:
    under = [each for each in credits if subject_contains(subject, each.credit.subject)]
    return SubjectHeld(
        subject=subject,
        counted_centihours=sum(each.counted_centihours for each in under),
        capped_centihours=sum(each.capped_centihours for each in under),
        frozen_centihours=sum(each.frozen_centihours for each in under),
        pending_centihours=sum(
            each.counted_centihours for each in under if each.standing is Standing.PENDING
        ),
        migrated_centihours=sum(each.counted_centihours for each in under if each.is_migrated),
        required=required,
    )


def _own(
    state: CreditState,
    facts: Mapping[str, Any],
    filings: Mapping[str, tuple[str, str]],
    frozen: Mapping[tuple[int, str, int], date],
    seal: Seal | None,
) -> OwnCredit:
    title, given_by = called(facts, filings)
    key = (state.credit.person_id, state.credit.occasion, state.credit.revision)
    return OwnCredit(
        credit=state.credit,
        standing=_standing(state, seal),
        counted_centihours=state.live_centihours,
        capped_centihours=state.capped_centihours,
        frozen_centihours=state.frozen_centihours,
        frozen_since=frozen[key] if state.frozen_centihours else None,
        kind=str(facts["kind"]),
        activity=str(facts.get("activity", "")),
        title=title,
        given_by=given_by,
    )


def _standing(state: CreditState, seal: Seal | None) -> Standing:
    if state.reversed:
        return Standing.REVERSED
    if not _is_sealed(state.credit, seal):
        return Standing.PENDING
    if state.frozen_centihours:
        return Standing.FROZEN
    return Standing.CAPPED if state.capped_centihours else Standing.LIVE


def _is_sealed(entry: Entry, seal: Seal | None) -> bool:
    if seal is None:
        return False
    last = (seal.entry_epoch, seal.entry_xid, seal.entry_id)
    return (entry.epoch, entry.xid, entry.entry_id) <= last


def called(facts: Mapping[str, Any], filings: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    """Return what a credit is for and who gave it, in the words in which they were recorded."""
    if facts["kind"] == SourceKind.FILING:
        return filings[facts["filing"]]
    if facts["kind"] == MIGRATED_KIND:
        return "", str(facts["origin"])
    if "title" in facts:  # a declared item, whether it was recognised or stands for a whole year
        return str(facts["title"]), ""
    return "", str(facts["origin"]["scheme"])


def filings_named(
    session: Session, facts: Iterable[Mapping[str, Any]]
) -> dict[str, tuple[str, str]]:
    """Return title and provider of each filing under which facts were credited, by number."""
    numbers = {str(each["filing"]) for each in facts if each["kind"] == SourceKind.FILING}
    query = (
        select(Filing.filing_no, Filing.title, Organisation.name)
        .join(Organisation, Organisation.organisation_id == Filing.organisation_id)
        .where(Filing.filing_no.in_(numbers))
    )
    return {number: (title, name) for number, title, name in session.execute(query)}


def _newest_first(each: OwnCredit) -> tuple[int, str, int]:
    credit = each.credit
    return -credit.earned_on.toordinal(), credit.occasion, -credit.revision
