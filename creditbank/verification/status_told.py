"""What status records tell a question: days from which hours count, employment, and pledges.

Where records that hold on the day differ, none is told: which one is meant is not the bank's to
say, and the asker's word stands.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from creditbank.ids import jurisdiction_contains
from creditbank.people.register import Identity, PersonUnknownError, find_person, linked_people
from creditbank.people.vault import Vault
from creditbank.rules.asking import facts_asked
from creditbank.rules.pack import PackChain
from creditbank.rules.stated import Question
from creditbank.verification.questions import Ask
from creditbank.verification.status_kinds import PledgedBy, StatusKind
from creditbank.verification.status_records import Status, statuses_held

#: The stated fact (rules/stated.py) of which a kind tells the day.
_DAYS: Mapping[StatusKind, str] = {
    StatusKind.EMPLOYMENT: "hired_on",
    StatusKind.TITLE: "current_title_on",
    StatusKind.QUALIFICATION: "qualified_on",
    StatusKind.CERTIFICATE: "certified_on",
    StatusKind.MOVE_IN: "moved_in_on",
}
#: Of which the last one counts, as a person moves or is titled again.
_LAST = frozenset({StatusKind.TITLE, StatusKind.MOVE_IN})
PLEDGED = {each: f"pledged_by_{each}" for each in PledgedBy}


@dataclass(frozen=True, slots=True)
class StatusTold:
    """A fact that a record tells: its value as a question states it, and the record."""

    value: str
    record: Status


def told_by_statuses(
    session: Session, vault: Vault, groups: Mapping[int | None, Sequence[int]], ask: Ask,
    law: PackChain,
) -> dict[int | None, dict[str, StatusTold]]:  # fmt: skip
    """Return, by the keys of `groups`, the facts that records tell of people for one question.

    Days are told only where the packs ask for them; pledges always.
    """
    people = {person for group in groups.values() for person in group}
    held = statuses_held(session, vault, people, ask.known_at)
    if not held:
        return {}
    question = Question(
        ask.series, ask.level, ask.application_day, ask.stated, ask.specialty, ask.pathway
    )
    asked = {each.name for each in facts_asked(question, law)}
    near = [each for each in held if each.stands and _is_near(each.jurisdiction, law.jurisdiction)]
    return {
        key: told
        for key, group in groups.items()
        if (told := _told([each for each in near if each.person_id in group], ask, asked))
    }


def employment_at(
    session: Session, vault: Vault, identity: Identity, uscc: str, day: date
) -> Status | None:
    """Return the record by which somebody was employed at an organisation on a day, if any."""
    try:
        person_id = find_person(session, vault, identity)
    except PersonUnknownError:
        return None
    held = employments_on(session, vault, [person_id], day)
    return next((each for each in held if each.said["organisation"] == uscc), None)


def employments_on(
    session: Session, vault: Vault, people: Collection[int], day: date
) -> list[Status]:
    """Return the employments on record of one person that hold on a day, over all linked keys."""
    keys = {key for group in linked_people(session, people).values() for key in group}
    return [
        each
        for each in statuses_held(session, vault, keys)
        if each.stands and each.kind is StatusKind.EMPLOYMENT and each.holds_on(day)
    ]


def _told(held: Sequence[Status], ask: Ask, asked: Collection[str]) -> dict[str, StatusTold]:
    found: dict[str, StatusTold] = {}
    for kind, fact in _DAYS.items():
        fitting = [each for each in held if each.kind is kind and _fits(each, ask)]
        days = sorted({each.valid_from for each in fitting})
        if fact in asked and days and (kind in _LAST or len(days) == 1):
            record = next(each for each in fitting if each.valid_from == days[-1])
            found[fact] = StatusTold(days[-1].isoformat(), record)
    return found | _pledges(held, ask)


def _fits(status: Status, ask: Ask) -> bool:
    if status.kind is StatusKind.TITLE:
        # A second series begins a count of its own; the level asked for is not the current one.
        said = (status.said["series"], status.said["level"])
        if said[0] != ask.series or said[1] == ask.level:
            return False
    return status.holds_on(ask.application_day)


def _pledges(held: Iterable[Status], ask: Ask) -> dict[str, StatusTold]:
    """Return the newest pledge of each side that was given in the year of the application."""
    found: dict[str, StatusTold] = {}
    for each in held:
        of_year = each.valid_from.year == ask.application_day.year
        if each.kind is StatusKind.PLEDGE and of_year:
            fact = PLEDGED[PledgedBy(each.said["pledged_by"])]
            found.setdefault(fact, StatusTold("yes", each))
    return found


def _is_near(one: str, other: str) -> bool:
    return jurisdiction_contains(one, other) or jurisdiction_contains(other, one)
