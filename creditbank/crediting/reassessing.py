"""Converting stored facts again: what a credit would be worth under the law now in force.

Nothing is written here. Facts stay what they were; an import was never converted and is left alone.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.crediting.fold import facts_key, facts_of
from creditbank.crediting.items import fact_of, item_numbered
from creditbank.errors import CreditBankError
from creditbank.ledger.finding import is_credit_with
from creditbank.ledger.models import Entry, Source, SourceKind
from creditbank.ledger.posting import CreditState
from creditbank.ledger.sources import Allowance, allowances
from creditbank.registry.models import Filing
from creditbank.rules.conversion import ActivityFact, NotRecognisedError, Step, convert
from creditbank.rules.days import Days
from creditbank.rules.items import convert_item
from creditbank.rules.pack import PackChain
from creditbank.rules.transfer import (
    TransferFact,
    TransferNotRecognisedError,
    recognised_transfer,
)

#: Rows in one IN list; well below what either driver can bind.
_CHUNK = 5_000
_ITEMS = frozenset({SourceKind.DECISION, SourceKind.DEEMED})


class Plan(StrEnum):
    """What becomes of a credit whose hours the law now in force makes others."""

    REPLACE = "replace"
    REVERSE = "reverse"
    FROZEN = "frozen"
    ERASED = "erased"
    BEYOND_BOUNDS = "beyond-bounds"
    UNDECIDED = "undecided"


#: What is carried out; the others stay as they are, and are listed.
CARRIED = frozenset({Plan.REPLACE, Plan.REVERSE})


@dataclass(frozen=True, slots=True)
class Worth:
    """What facts are worth under a chain: hours of an account, 0 centihours for nothing.

    `why` is the code of what keeps the rules from telling; the rest is empty then.
    """

    centihours: int
    credited_year: int
    subject: str
    steps: tuple[Step, ...] = ()
    why: str = ""
    #: of an item: the civil day of the hours, and the days that those of a period stand for
    earned_on: date | None = None
    days: Days | None = None

    @property
    def account(self) -> tuple[int, int, str]:
        """Return what makes two worths the same, however they came about."""
        return self.centihours, self.credited_year, self.subject


_NOTHING = Worth(0, 0, "")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which credits: of all sources or one, earned within days or on any."""

    source_id: int | None
    earned_from: date | None
    earned_to: date | None

    def takes(self, credit: Entry) -> bool:
        """Tell whether a credit is one of them."""
        return (
            self.source_id in {None, credit.source_id}
            and (self.earned_from is None or credit.earned_on >= self.earned_from)
            and (self.earned_to is None or credit.earned_on <= self.earned_to)
        )


@dataclass(frozen=True, slots=True)
class Change:
    """One credit whose hours become others; `old` is None where an item gains a part.

    `worth` is what it would be; of one that stays, too.
    """

    person_id: int
    source_id: int
    occasion: str
    old: CreditState | None
    worth: Worth
    plan: Plan

    @property
    def gained_centihours(self) -> int:
        """Hours more than before, caps aside; below zero for less."""
        before = self.old.credit.centihours if self.old is not None else 0
        return self.worth.centihours - before


Occasion = tuple[int, str]


class Reconversion:
    """Converts facts again under one chain; sessions that were alike once are converted once."""

    def __init__(self, law: PackChain) -> None:
        self._law = law
        self._sessions: dict[ActivityFact, Worth] = {}

    def worths(
        self, session: Session, states: Sequence[CreditState], sources: Mapping[int, Source]
    ) -> dict[Occasion, Worth]:
        """Return what occasions are worth, by person and occasion; of an item all of its parts.

        Args:
            session: any reading session.
            states: credits of the chain's scheme, none of an import.
            sources: of these credits.
        """
        by_kind: dict[SourceKind, list[CreditState]] = defaultdict(list)
        for state in states:
            by_kind[SourceKind(sources[state.credit.source_id].kind)].append(state)
        found = dict(self._filed(session, by_kind[SourceKind.FILING]))
        found.update(self._transferred(session, by_kind[SourceKind.RECOGNISED]))
        numbers = {
            (state.credit.person_id, sources[state.credit.source_id].source_no)
            for kind in _ITEMS
            for state in by_kind[kind]
        }
        for person_id, item_no in sorted(numbers):
            found.update(self._item(session, person_id, item_no))
        return found

    def _filed(
        self, session: Session, states: Sequence[CreditState]
    ) -> Iterator[tuple[Occasion, Worth]]:
        told = _facts(session, states)
        subjects = _subjects(session, {said["filing"] for _, said in told})
        for credit, said in told:
            fact = ActivityFact(
                activity=said["activity"],
                form=said["form"],
                release=said["release"],
                subject=subjects[said["filing"]],
                day=date.fromisoformat(said["day"]),
                planned_minutes=said["planned_minutes"],
                planned_half_days=said["planned_half_days"],
                attended_minutes=said["attended_minutes"],
                approved_centihours=said.get("approved_centihours"),
                make_up_year=said.get("make_up_year"),
            )
            if fact not in self._sessions:
                self._sessions[fact] = self._session_worth(fact)
            yield (credit.person_id, credit.occasion), self._sessions[fact]

    def _session_worth(self, fact: ActivityFact) -> Worth:
        try:
            made = convert(fact, self._law)
        except NotRecognisedError:
            return _NOTHING
        except CreditBankError as error:
            return replace(_NOTHING, why=error.code)
        return _worth(made.centihours, made.credited_year, made.subject, made.steps)

    def _item(
        self, session: Session, person_id: int, item_no: str
    ) -> Iterator[tuple[Occasion, Worth]]:
        item, whole = item_numbered(session, item_no), (person_id, item_no)
        try:
            made = convert_item(fact_of(item, item.approved_centihours), self._law)
        except NotRecognisedError:
            return
        except CreditBankError as error:
            yield whole, replace(_NOTHING, why=error.code)
            return
        for number, part in enumerate(made.parts, start=1):
            worth = _worth(part.centihours, part.credited_year, part.subject, made.steps)
            if part.centihours:
                worth = replace(worth, earned_on=part.earned_on(item.day), days=part.days)
            yield (person_id, f"{item_no}/{number}"), worth

    def _transferred(
        self, session: Session, states: Sequence[CreditState]
    ) -> Iterator[tuple[Occasion, Worth]]:
        told = _facts(session, states)
        leaves = {bytes.fromhex(said["origin"]["leaf"]) for _, said in told}
        origins = {each.leaf.hex(): each for each in _entries(session, leaves)}
        for credit, said in told:
            worth = self._transfer(said, origins[said["origin"]["leaf"]])
            yield (credit.person_id, credit.occasion), worth

    def _transfer(self, said: Mapping[str, Any], origin: Entry) -> Worth:
        fact = TransferFact(
            scheme=origin.scheme,
            activity=said["activity"],
            subject=origin.subject,
            day=origin.earned_on,
            credited_year=origin.credited_year,
            centihours=origin.centihours,
        )
        try:
            made = recognised_transfer(fact, self._law)
        except TransferNotRecognisedError:
            return _NOTHING
        return _worth(made.centihours, made.credited_year, made.subject, made.steps)


def changes_of(
    session: Session,
    conversion: Reconversion,
    entries: Mapping[Occasion, Sequence[CreditState]],
    sources: Mapping[int, Source],
    selection: Selection,
) -> tuple[list[Change], int]:
    """Return the credits of some people whose hours become others, and how many were looked at.

    Args:
        session: any reading session.
        conversion: under the law now in force.
        entries: every credit of these people in the scheme, reversed or not, by occasion.
        sources: of these credits.
        selection: which of them are asked about.
    """
    live = [state for states in entries.values() for state in states if not state.reversed]
    asked = [
        state
        for state in live
        if selection.takes(state.credit)
        and sources[state.credit.source_id].kind != SourceKind.IMPORT
    ]
    worths = conversion.worths(session, asked, sources)
    changes = [change for state in asked if (change := _change(state, worths)) is not None]
    changes += _gained(asked, worths, entries)
    issued: dict[tuple[int, int], int] = defaultdict(int)
    for state in live:
        issued[state.credit.person_id, state.credit.source_id] += state.credit.centihours
    allowed = allowances(session, list(sources.values()))
    return within_bounds(changes, issued, allowed), len(asked)


def within_bounds(
    changes: Iterable[Change],
    issued: Mapping[tuple[int, int], int],
    allowed: Mapping[int, Allowance],
) -> list[Change]:
    """Leave what would give somebody more than a source allows one person as it is.

    Less comes first, so that one part may gain what another loses.

    Args:
        changes: of any people and sources.
        issued: what each person holds of each source now, in centihours.
        allowed: what each source may issue now.
    """
    ordered = sorted(changes, key=lambda each: (each.gained_centihours > 0, each.occasion))
    totals, settled = dict(issued), []
    for change in ordered:
        place = (change.person_id, change.source_id)
        total = totals[place] + change.gained_centihours
        fits = total <= allowed[change.source_id].person_centihours_max
        if change.plan in CARRIED and change.gained_centihours > 0 and not fits:
            settled.append(replace(change, plan=Plan.BEYOND_BOUNDS))
            continue
        if change.plan in CARRIED:
            totals[place] = total
        settled.append(change)
    return settled


def worth_at(worths: Mapping[Occasion, Worth], person_id: int, occasion: str) -> Worth:
    """Return what an occasion is worth; a part that an item has no more is worth nothing."""
    whole = (person_id, occasion.partition("/")[0])
    return worths.get((person_id, occasion)) or worths.get(whole, _NOTHING)


def _change(state: CreditState, worths: Mapping[Occasion, Worth]) -> Change | None:
    credit = state.credit
    worth = worth_at(worths, credit.person_id, credit.occasion)
    if worth.account == (credit.centihours, credit.credited_year, credit.subject):
        return None
    plan = Plan.REPLACE if worth.centihours else Plan.REVERSE
    if worth.why:
        # Nothing is said of the hours, so none are gained or lost.
        worth = replace(
            worth, centihours=credit.centihours, credited_year=credit.credited_year,
            subject=credit.subject,
        )  # fmt: skip
        plan = Plan.UNDECIDED
    elif state.frozen_centihours:
        plan = Plan.FROZEN
    return Change(credit.person_id, credit.source_id, credit.occasion, state, worth, plan)


def _gained(
    asked: Iterable[CreditState],
    worths: Mapping[Occasion, Worth],
    entries: Mapping[Occasion, Sequence[CreditState]],
) -> Iterator[Change]:
    """Yield parts that an item has now and never had before."""
    items = {
        (state.credit.person_id, state.credit.occasion.partition("/")[0]): state for state in asked
    }
    for (person_id, occasion), worth in worths.items():
        of = items.get((person_id, occasion.partition("/")[0]))
        if of is None or (person_id, occasion) in entries or not worth.centihours:
            continue
        plan = Plan.FROZEN if of.frozen_centihours else Plan.REPLACE
        yield Change(person_id, of.credit.source_id, occasion, None, worth, plan)


def _worth(centihours: int, credited_year: int, subject: str, steps: tuple[Step, ...]) -> Worth:
    return Worth(centihours, credited_year, subject, steps) if centihours else _NOTHING


def _facts(session: Session, states: Sequence[CreditState]) -> list[tuple[Entry, dict[str, Any]]]:
    """Return credits with what their facts say."""
    credits = [state.credit for state in states]
    rows = facts_of(session, credits) if credits else {}
    return [(credit, json.loads(rows[facts_key(credit)].facts)) for credit in credits]


def _subjects(session: Session, filings: Collection[str]) -> dict[str, str]:
    """Return the subject under which each filing put its activity."""
    numbers, found = sorted(filings), dict[str, str]()
    for start in range(0, len(numbers), _CHUNK):
        query = select(Filing.filing_no, Filing.subject)
        chunk = Filing.filing_no.in_(numbers[start : start + _CHUNK])
        found.update((row[0], row[1]) for row in session.execute(query.where(chunk)))
    return found


def _entries(session: Session, leaves: Collection[bytes]) -> Iterator[Entry]:
    """Give credits by their leaves; the index of leaves knows no others."""
    wanted = sorted(leaves)
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        yield from session.scalars(select(Entry).where(is_credit_with(chunk)))
