"""Daily reconciliation: a provider says what it posted of a day, and both sides learn what is
missing.

A row is what the provider itself knows: filing, day, number, minutes. Its digest could be guessed
by whoever tries all numbers, so what is kept of it here is keyed, or a place in what was sent.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from creditbank.attendance.models import Attendance
from creditbank.attendance.roster import Roster, is_passed_over
from creditbank.canonical import Canonical, canonical_bytes, canonical_text, tagged_digest
from creditbank.crediting.models import Reconciliation
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.ledger.models import Entry, Movement
from creditbank.people.register import numbers_of
from creditbank.people.vault import Vault
from creditbank.registry.models import Filing, FilingSession

ROW_TAG, DAY_TAG = "creditbank/attendance/v1", "creditbank/attendance-day/v1"
#: Rows of one day that are compared at once.
ROWS_MAX = 100_000
_CHUNK = 5_000
_ROWS_SHOWN = 20


class ReconciliationUnfitError(CreditBankError):
    """The rows that were sent are not as many as was said, or do not have that digest."""

    code = "reconciliation-unfit"
    status = 422


class ReconciliationUnreadError(CreditBankError):
    """Rows of an own list cannot be read: without them it would be compared in part only."""

    code = "reconciliation-unread"
    status = 422


class ReconciliationUnknownError(CreditBankError):
    """There is no reconciliation of this number, or it is another provider's."""

    code = "reconciliation-unknown"
    status = 404


#: Where a row stands in the provider's list, and its digest.
Row = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Said:
    """What a provider says of a day, or of one filing on it; `rows` only where it sends them."""

    organisation_id: int
    day: date
    filing_no: str
    count: int
    digest: bytes
    rows: tuple[Row, ...] | None
    actor: str


@dataclass(frozen=True, slots=True)
class Stands:
    """An attendance that stands in the bank; a person of several documents has several digests."""

    filing_no: str
    roster_no: str
    row_no: int
    digests: tuple[bytes, ...]

    @property
    def place(self) -> str:
        """What leads to it without naming anybody."""
        return f"{self.roster_no}-{self.row_no}"


@dataclass(frozen=True, slots=True)
class Compared:
    """What both sides have; `only_said` are places in the provider's list."""

    reconciliation_no: str
    agreed: bool
    bank_count: int
    bank_digest: bytes
    #: how many stand under each filing
    counts: Mapping[str, int]
    only_said: tuple[int, ...]
    only_here: tuple[Stands, ...]


def row_digest(filing_no: str, day: date, number: str, attended_minutes: int) -> bytes:
    """Return the digest of one attendance, as docs/formats.md lays down."""
    said: list[Canonical] = [filing_no, day.isoformat(), number, attended_minutes]
    return tagged_digest(ROW_TAG, canonical_bytes(said))


def day_digest(rows: Iterable[bytes]) -> bytes:
    """Return the digest of all rows of a day, in whatever order they come."""
    return tagged_digest(DAY_TAG, canonical_bytes(sorted(each.hex() for each in rows)))


def rows_of_day(filing_no: str, day: date, roster: Roster) -> tuple[Row, ...]:
    """Return the rows of a roster that are of a day, by their numbers in it.

    Raises:
        ReconciliationUnreadError: a row cannot be read, so whose it is and of which day is unknown.
    """
    unread = sorted({each.row_no for each in roster.problems if not is_passed_over(each)})
    if unread:
        shown = ", ".join(map(str, unread[:_ROWS_SHOWN])) + ("…" if unread[_ROWS_SHOWN:] else "")
        raise ReconciliationUnreadError(count=len(unread), rows=shown)
    return tuple(
        (each.row_no, row_digest(filing_no, day, each.document.number, each.attended_minutes))
        for each in roster.rows
        if each.day == day
    )


def said_by_list(filing: Filing, day: date, roster: Roster, actor: str) -> Said:
    """Return what a provider's own list says of a filing's day.

    Raises:
        ReconciliationUnreadError: a row cannot be read, so whose it is and of which day is unknown.
    """
    rows = rows_of_day(filing.filing_no, day, roster)
    digest = day_digest(each for _, each in rows)
    return Said(filing.organisation_id, day, filing.filing_no, len(rows), digest, rows, actor)


def reconcile(session: Session, vault: Vault, said: Said, *, now: datetime) -> Compared:
    """Compare what a provider says with what stands, and write down how it ended.

    Raises:
        ReconciliationUnfitError: the rows are not those that count and digest are of.
    """
    sent = [digest for _, digest in said.rows or ()]
    if said.rows is not None and (len(sent), day_digest(sent)) != (said.count, said.digest):
        raise ReconciliationUnfitError(found=len(sent), wanted=said.count)
    stands = standing_of(session, vault, said.organisation_id, said.day, said.filing_no)
    digest = day_digest(each.digests[0] for each in stands)
    only_said, only_here = _missing(said.rows or (), stands) if said.rows is not None else ((), ())
    same = (said.count, said.digest) == (len(stands), digest)
    agreed = same or (said.rows is not None and not only_said and not only_here)
    counts: dict[str, int] = defaultdict(int)
    for each in stands:
        counts[each.filing_no] += 1
    made = Compared(
        "Q" + random_number(9), agreed, len(stands), digest, counts,
        () if agreed else only_said, () if agreed else only_here,
    )  # fmt: skip
    _record(session, vault, said, made, now=now)
    return made


def standing_of(
    session: Session, vault: Vault, organisation_id: int, day: date, filing_no: str = ""
) -> list[Stands]:
    """Return the attendances of a day under a provider's filings that were not taken back."""
    held = select(FilingSession.filing_no, FilingSession.session_no, Filing.scheme).join(
        Filing, Filing.filing_no == FilingSession.filing_no
    )
    held = held.where(Filing.organisation_id == organisation_id, FilingSession.day == day)
    if filing_no:
        held = held.where(Filing.filing_no == filing_no)
    found: list[Stands] = []
    for number, session_no, scheme in session.execute(held.order_by(FilingSession.filing_no)):
        rows = _live(session, number, session_no, scheme)
        numbers = numbers_of(session, vault, [row.person_id for row in rows])
        found += [
            Stands(
                number, row.roster_no, row.row_no,
                tuple(
                    row_digest(number, day, each, row.attended_minutes)
                    for each in numbers[row.person_id]
                ),
            )
            for row in rows
        ]  # fmt: skip
    return found


def reconciliations_of(
    session: Session, organisation_id: int, limit: int
) -> Sequence[Reconciliation]:
    """Return what a provider compared, the newest first."""
    mine = select(Reconciliation).where(Reconciliation.organisation_id == organisation_id)
    newest = (Reconciliation.sent_at.desc(), Reconciliation.reconciliation_no)
    return session.scalars(mine.order_by(*newest).limit(limit)).all()


def reconciliation_numbered(
    session: Session, number: str, organisation_id: int | None
) -> Reconciliation:
    """Return one comparison of a provider.

    Raises:
        ReconciliationUnknownError: there is none, or it is another's.
    """
    found = session.get(Reconciliation, number)
    if found is None or found.organisation_id != organisation_id:
        raise ReconciliationUnknownError(reconciliation_no=number[:20])
    return found


def missing_of(row: Reconciliation) -> tuple[list[int], list[str]]:
    """Return the places of what only the provider had, and of what only the bank had."""
    said = json.loads(row.missing)
    return said["at_bank"], said["at_provider"]


def _live(session: Session, filing_no: str, session_no: int, scheme: str) -> list[Attendance]:
    """Return who attended a session, each as it was put right last; without what was reversed."""
    query = select(Attendance).where(
        Attendance.filing_no == filing_no, Attendance.session_no == session_no
    )
    rows = list(session.scalars(query.order_by(Attendance.person_id, Attendance.revision)))
    people = sorted({row.person_id for row in rows})
    gone: set[tuple[int, int]] = set()
    for start in range(0, len(people), _CHUNK):
        reversed_ = select(Entry.person_id, Entry.revision).where(
            Entry.person_id.in_(people[start : start + _CHUNK]), Entry.scheme == scheme,
            Entry.occasion == f"{filing_no}/{session_no}",
            Entry.movement == str(Movement.REVERSE),
        )  # fmt: skip
        gone.update((row[0], row[1]) for row in session.execute(reversed_))
    return [row for row in rows if (row.person_id, row.revision) not in gone]


def _missing(
    rows: Sequence[Row], stands: Sequence[Stands]
) -> tuple[tuple[int, ...], tuple[Stands, ...]]:
    """Take each row off what stands; what is left over on either side is missing on the other."""
    waiting: dict[bytes, list[int]] = defaultdict(list)
    for place, each in enumerate(stands):
        for digest in each.digests:
            waiting[digest].append(place)
    left, unmet = set(range(len(stands))), []
    for number, digest in rows:
        met = [place for place in waiting[digest] if place in left]
        if met:
            left.remove(met[0])
        else:
            unmet.append(number)
    return tuple(unmet), tuple(stands[place] for place in sorted(left))


def _record(session: Session, vault: Vault, said: Said, made: Compared, *, now: datetime) -> None:
    missing: dict[str, Canonical] = {
        "at_bank": list(made.only_said), "at_provider": [each.place for each in made.only_here],
    }  # fmt: skip
    row = {
        "reconciliation_no": made.reconciliation_no, "organisation_id": said.organisation_id,
        "day": said.day, "filing_no": said.filing_no, "sent_by": said.actor, "sent_at": now,
        "stated_count": said.count, "stated_digest": vault.fingerprint(said.digest),
        "bank_count": made.bank_count, "outcome": "agreed" if made.agreed else "differs",
        "missing": canonical_text(missing),
    }  # fmt: skip
    session.execute(insert(Reconciliation), [row])
