"""Whether numbers and names fit before anything is posted: a list of those who signed up, say.

Nothing is told but whether what was stated fits: neither the name on record nor any other number.
Names that differ count as tries, just as in a roster (see `name_checks`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from creditbank.attendance.roster import HEADERS, Column, RosterRow
from creditbank.clock import civil_day
from creditbank.crediting.name_checks import compare_names
from creditbank.errors import CreditBankError, RowProblem
from creditbank.people.documents import (
    DocumentKind,
    is_demo_number,
    read_document,
    read_name,
)
from creditbank.people.register import Identity, find_people
from creditbank.people.vault import Vault
from creditbank.registry.bank import require_people

#: People that one question may be about.
PEOPLE_MAX = 1_000
#: What is told of a name that is another, or that nobody may try any more.
NAME_DIFFERS = "match-name-differs"


class Match(StrEnum):
    """What is told of a number and a name."""

    #: on record under this name
    AGREES = "agrees"
    #: not on record: hours posted count, and the account waits for its holder
    NEW = "new"
    #: on record under another name, or too many names were stated for it: a row would be held
    DIFFERS = "differs"
    #: too many names differed today: nobody on record is compared until tomorrow
    UNCOMPARED = "uncompared"
    #: number or name cannot be so: a row would be refused
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Stated:
    """A number and a name as they were written down."""

    kind: DocumentKind
    number: str = field(repr=False)
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Matched:
    """What is told of one line, and why where a row of it would not be credited."""

    row_no: int
    match: Match
    problem: RowProblem | None = None


def match_people(
    session: Session, vault: Vault, organisation_id: int, stated: Sequence[Stated], *,
    now: datetime,
) -> list[Matched]:  # fmt: skip
    """Tell of each line, counted from 1, whether its number and name fit; count what differs."""
    read, told = _read(session, stated)
    keys = find_people(session, vault, {each.document for each in read.values()})
    # Whoever only signed up has attended no day yet.
    day = civil_day(now)
    known = [
        (RosterRow(row_no, each.document, each.name, day, 0), keys[each.document])
        for row_no, each in read.items()
        if each.document in keys
    ]
    compared = compare_names(session, vault, organisation_id, known, (), now=now)
    told += [Matched(row.row_no, Match.AGREES) for row, _ in compared.kept]
    told += [
        Matched(row.row_no, Match.DIFFERS, _problem(row.row_no, Column.NAME, NAME_DIFFERS))
        for row, _ in compared.held
    ]
    told += [Matched(each.row_no, Match.UNCOMPARED, each) for each in compared.problems]
    told += [
        Matched(row_no, Match.NEW) for row_no, each in read.items() if each.document not in keys
    ]
    return sorted(told, key=lambda each: each.row_no)


def _read(session: Session, stated: Sequence[Stated]) -> tuple[dict[int, Identity], list[Matched]]:
    read: dict[int, Identity] = {}
    told: list[Matched] = []
    for row_no, each in enumerate(stated, start=1):
        column = Column.NUMBER
        try:
            document = read_document(each.kind, each.number)
            require_people(session, invented=is_demo_number(document))
            column = Column.NAME
            read[row_no] = Identity(document, read_name(each.name))
        except CreditBankError as error:
            problem = _problem(row_no, column, error)
            told.append(Matched(row_no, Match.UNREADABLE, problem))
    return read, told


def _problem(row_no: int, column: Column, fault: CreditBankError | str) -> RowProblem:
    code, facts = (fault, {}) if isinstance(fault, str) else (fault.code, fault.facts)
    return RowProblem(row_no, HEADERS[column][0], code, dict(facts))
