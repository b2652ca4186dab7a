"""What becomes of a held row: the provider asks, an official compares both names and decides.

A decision is an act. Under the known person the row is credited as a roster of one row, under the
bounds of any; else it is refused, and refused again whenever it is posted. Neither tells the
provider the name on record.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from creditbank.attendance.roster import DIGEST_TAG, Roster
from creditbank.canonical import Canonical, canonical_bytes, tagged_digest
from creditbank.crediting.kept_files import ROSTERS, named_in_ledger
from creditbank.crediting.models import NameCheck
from creditbank.crediting.name_checks import (
    CREDITED,
    OPEN,
    REFUSED,
    held_row,
    note_of,
    write_note,
)
from creditbank.crediting.rosters import RosterPosting, post_roster
from creditbank.crediting.xapi import credit_statement
from creditbank.errors import CreditBankError
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.ledger.sources import lock_source
from creditbank.people.documents import last_characters
from creditbank.people.register import find_people, names_of
from creditbank.people.vault import Vault
from creditbank.registry.clients import Client, organisation_seen
from creditbank.registry.filing.filings import filing_numbered
from creditbank.registry.lookups import within_jurisdiction

ACT = "attendance.name-decided"


class Finding(StrEnum):
    """What an official found of the two names."""

    MISSPELT = "misspelt"
    RENAMED = "renamed"
    OTHER_PERSON = "other-person"
    NOT_PROVEN = "not-proven"


#: With these it is the known person who attended.
SAME_PERSON = frozenset({Finding.MISSPELT, Finding.RENAMED})


class NameCheckUnknownError(CreditBankError):
    """No row is held under this number, or it is not the asker's to see."""

    code = "name-check-unknown"
    status = 404


class NameCheckClosedError(CreditBankError):
    """The row waits no more: it was decided, or its attendance is credited."""

    code = "name-check-closed"
    status = 409


class NameCheckNotCreditableError(CreditBankError):
    """Under the known person the row cannot be credited; it stays held."""

    code = "name-check-not-creditable"
    status = 409


@dataclass(frozen=True, slots=True)
class NameDecision:
    """What was found of a held row, by whom, under which file of the office."""

    check_no: str
    finding: Finding
    case_no: str
    actor: str


@dataclass(frozen=True, slots=True)
class ChecksWanted:
    """Which page of held rows; no state means any.

    `before` is the place of the last one already seen: the instant at which it was held, its
    number.
    """

    client: Client
    state: str
    before: tuple[datetime, str] | None
    limit: int


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A held row as whoever posted it knows it; one that waits no more says nothing of a person."""

    check: NameCheck
    name: str = field(repr=False)
    last_four: str
    day: str
    attended_minutes: int
    note: str = field(repr=False)


def checks_page(session: Session, wanted: ChecksWanted) -> list[NameCheck]:
    """Return held rows, newest first, of the client's organisation or region.

    One more than `limit` when there are further ones.
    """
    at, number = NameCheck.held_at, NameCheck.check_no
    organisation_id = organisation_seen(wanted.client)
    query = select(NameCheck).where(
        within_jurisdiction(NameCheck.jurisdiction, wanted.client.jurisdiction)
        if organisation_id is None
        else NameCheck.organisation_id == organisation_id
    )
    if wanted.state:
        query = query.where(NameCheck.state == wanted.state)
    if wanted.before is not None:
        seen_at, seen = wanted.before
        query = query.where(or_(at < seen_at, and_(at == seen_at, number < seen)))
    query = query.order_by(at.desc(), number.desc()).limit(wanted.limit + 1)
    return list(session.scalars(query))


def check_seen(session: Session, client: Client, check_no: str) -> NameCheck:
    """Return a held row that a client may see.

    Raises:
        NameCheckUnknownError: there is none, or it is another organisation's.
        RegionForeignError: it is another region's.
    """
    check = session.get(NameCheck, check_no)
    organisation_id = organisation_seen(client)
    if check is None or organisation_id not in {None, check.organisation_id}:
        raise NameCheckUnknownError(check_no=check_no[:20])
    if organisation_id is None:
        client.require_region(check.jurisdiction)
    return check


def told_rows(vault: Vault, checks: Sequence[NameCheck]) -> list[HeldRow]:
    """Return held rows with what was posted."""
    return [_told(vault, each) for each in checks]


def names_on_record(session: Session, vault: Vault, check: NameCheck) -> tuple[str, ...]:
    """Return the names on record for the number of an open check, the newest first.

    For officials alone: never to be shown to whoever posted the row.
    """
    person_id = whose_number(session, vault, check)
    return names_of(session, vault, [person_id])[person_id]


def whose_number(session: Session, vault: Vault, check: NameCheck) -> int:
    """Return who is on record under the number of an open check."""
    document = held_row(vault, check)[0].document
    return find_people(session, vault, [document])[document]


def ask_for_check(
    session: Session, vault: Vault, check_no: str, note: str, *, now: datetime
) -> NameCheck:
    """Ask an official to compare the names of a held row, and say what proves them one.

    Raises:
        NameCheckClosedError: the row waits no more.
    """
    check = _waiting(session, check_no)
    write_note(vault, check, note)
    check.asked_at = now
    session.flush()
    return check


def decide_name(
    session: Session, vault: Vault, decision: NameDecision, *, now: datetime
) -> NameCheck:
    """Credit a held row under the known person, or refuse it.

    Raises:
        NameCheckClosedError: the row waits no more.
        NameCheckNotCreditableError: the filing's bounds, or its state, do not let it be credited.
        FilingNotOpenError, SourceInvestigatedError: said by `post_roster`.
    """
    check = _waiting(session, decision.check_no)
    filing = filing_numbered(session, check.filing_no)
    row, way = held_row(vault, check)
    details: Canonical = {
        "occasion": f"{check.filing_no}/{check.session_no}", "roster": check.roster_no,
        "row": check.row_no, "case_no": decision.case_no,
    }  # fmt: skip
    act = record_act(
        session,
        ActDraft(ACT, check.jurisdiction, decision.actor, check.filing_no, details,
                 str(decision.finding)),
        now=now,
    )  # fmt: skip
    if decision.finding in SAME_PERSON:
        digest = tagged_digest(DIGEST_TAG, canonical_bytes([check.roster_no, check.row_no]))
        posting = RosterPosting(
            filing,
            Roster((row,), (), digest),
            decision.actor,
            corrects=True,
            way=way,
            names_compared=True,
            came_in=named_in_ledger(session, vault, ROSTERS, check.roster_no),
        )
        result = post_roster(session, vault, posting, now=now)
        if result.problems:
            raise NameCheckNotCreditableError(why_words=f"why-{result.problems[0].code}")
        check.credited_roster_no = result.roster_no
        if check.statement_by is not None and check.statement_id is not None:
            statement = check.statement_by, check.statement_id
            credit_statement(session, statement, (result.roster_no, row.row_no))
    check.state = CREDITED if decision.finding in SAME_PERSON else REFUSED
    check.finding, check.case_no = str(decision.finding), decision.case_no
    check.decided_by, check.decided_at, check.act_id = decision.actor, now, act.act_id
    check.row_cipher = check.note_cipher = None
    session.flush()
    return check


def _waiting(session: Session, check_no: str) -> NameCheck:
    """Hold the source of an open check, so that nobody posts or decides meanwhile."""
    check = session.get_one(NameCheck, check_no)
    lock_source(session, check.filing_no)
    session.refresh(check)
    if check.state != OPEN:
        raise NameCheckClosedError(state_words=f"name-check-state-{check.state}")
    return check


def _told(vault: Vault, check: NameCheck) -> HeldRow:
    if check.state != OPEN:
        return HeldRow(check, "", "", "", 0, "")
    row, _way = held_row(vault, check)
    return HeldRow(
        check, row.name, last_characters(row.document), row.day.isoformat(), row.attended_minutes,
        note_of(vault, check),
    )  # fmt: skip
