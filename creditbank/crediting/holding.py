"""Rosters held between preview and posting: the file lies encrypted here, and nowhere else.

The preview is made by posting the roster and taking it back, so that it cannot disagree with what
posting does. The number of a held roster stands for one posting: whoever posts it again is led to
the first result.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from creditbank.attendance.models import LIVE, HeldRoster, RosterWork
from creditbank.attendance.roster import Roster, RosterRow, is_passed_over, read_roster
from creditbank.attendance.ways import Way, way_of
from creditbank.attendance.workbook import Limits
from creditbank.crediting.roster_credits import Told, silent
from creditbank.crediting.rosters import (
    RosterPosting,
    RosterResult,
    post_roster,
    rehearse_roster,
)
from creditbank.crediting.traces import trace_of
from creditbank.errors import CreditBankError, RowProblem
from creditbank.ids import random_number
from creditbank.people.documents import last_characters
from creditbank.people.vault import Vault, row_key
from creditbank.registry.delegates import other_than_holder, poster_of
from creditbank.registry.filing.filings import filing_numbered
from creditbank.registry.models import Filing

HELD_FOR = timedelta(days=1)
_TABLE = "held_roster"
_CREDITED_BEFORE, _HELD = "roster-already-credited", "roster-name-held"


class HeldRosterUnknownError(CreditBankError):
    """No roster is held under this number: it was discarded, replaced, or its day is over."""

    code = "held-roster-unknown"
    status = 404


class Fate(StrEnum):
    """What becomes of a row."""

    CREDITED = "credited"
    KNOWN = "known"
    REFUSED = "refused"
    HELD = "held"
    PASSED = "passed"


@dataclass(frozen=True, slots=True)
class RowFate:
    """One row of the file: whose, and what would become of it.

    `conversion` is the place of its conversion in the preview; -1 where nothing is converted.
    A row that could not be read has neither name nor day.
    """

    row_no: int
    name: str
    last_four: str
    day: str
    attended_minutes: int
    fate: Fate
    centihours: int
    conversion: int
    problems: tuple[RowProblem, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of a roster, at the instant that it was rehearsed.

    `conversions` are the traces of each conversion that happens in it, each once.
    """

    rows: tuple[RowFate, ...]
    conversions: tuple[list[dict[str, Any]], ...]
    people: int
    centihours: int
    capped_centihours: int

    def count(self, fate: Fate) -> int:
        """Return how many rows meet a fate."""
        return sum(row.fate is fate for row in self.rows)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody sent for a filing of their organisation, or as its delegate."""

    filing: Filing
    content: bytes
    limits: Limits
    actor: str
    told: Told = silent
    delegate_id: int | None = None
    way: Way | None = None


def hold_roster(
    session: Session, vault: Vault, upload: Upload, roster: Roster | None = None, *, now: datetime
) -> str:
    """Rehearse a file and keep it for a day; return the number under which it may be posted.

    What the same person held for the filing before is discarded, unless it is being posted.

    Args:
        session: of the caller's transaction.
        vault: locks file and preview.
        upload: the file.
        roster: what it says, if it was read before.
        now: the instant.

    Raises:
        FilingNotApprovedError, FilingNotOpenError: the filing takes no rosters, or not now.
        CreditBankError: the file as a whole is refused, as `read_roster` says.
    """
    filing, actor = upload.filing, upload.actor
    roster = roster or read_roster(upload.content, upload.limits)
    posting = RosterPosting(
        filing, roster, actor, upload.told, delegate_id=upload.delegate_id, way=upload.way
    )
    result = rehearse_roster(session, vault, posting, now=now)
    preview = json.dumps(_stored(_preview(roster, result))).encode("ascii")
    session.execute(
        delete(HeldRoster).where(
            HeldRoster.filing_no == filing.filing_no, HeldRoster.held_by == actor, _idle()
        )
    )
    hold_no = "H" + random_number(9)
    organisation_id = poster_of(session, filing, upload.delegate_id)
    place = _place(hold_no, organisation_id)
    row = {
        "hold_no": hold_no, "organisation_id": organisation_id,
        "filing_no": filing.filing_no, "held_by": actor, "held_at": now,
        "expires_at": now + HELD_FOR,
        "file_cipher": vault.lock(upload.content, _TABLE, "file_cipher", *place),
        "preview_cipher": vault.lock(preview, _TABLE, "preview_cipher", *place),
        "roster_no": None, "way": str(upload.way or ""),
    }  # fmt: skip
    session.execute(insert(HeldRoster), [row])
    return hold_no


def held_numbered(
    session: Session, hold_no: str, organisation_id: int | None, *, now: datetime
) -> HeldRoster:
    """Return a held roster of an organisation.

    Raises:
        HeldRosterUnknownError: there is none, it is another's, or its day is over.
    """
    held = session.get(HeldRoster, hold_no)
    if held is None or held.organisation_id != organisation_id or held.expires_at <= now:
        raise HeldRosterUnknownError
    return held


def preview_of(vault: Vault, held: HeldRoster) -> Preview:
    """Return what would have become of a held roster when it came.

    Raises:
        HeldRosterUnknownError: it was posted, and its file is gone.
    """
    if held.preview_cipher is None:
        raise HeldRosterUnknownError
    place = _place(held.hold_no, held.organisation_id)
    return _read(json.loads(vault.unlock(held.preview_cipher, _TABLE, "preview_cipher", *place)))


def file_of(vault: Vault, held: HeldRoster) -> bytes:
    """Return the file of a roster that is held and not posted."""
    assert held.file_cipher is not None, "what is not posted has its file"
    place = _place(held.hold_no, held.organisation_id)
    return vault.unlock(held.file_cipher, _TABLE, "file_cipher", *place)


def post_held(
    session: Session, vault: Vault, held: HeldRoster, read: Limits | Roster, *, actor: str,
    told: Told = silent, now: datetime,
) -> str:  # fmt: skip
    """Post a held roster once, and forget its file; return the number of the posting.

    Args:
        session: of the caller's transaction.
        vault: unlocks the file.
        held: what was held.
        read: what the file says, or within which limits it is to be read.
        actor: who posts.
        told: hears how far it is.
        now: the instant.

    Raises:
        HeldRosterUnknownError: it was discarded meanwhile.
        FilingNotApprovedError, FilingNotOpenError, NotRecognisedError, RuleMissingError: said by
            `post_roster`.
    """
    locked = session.get(HeldRoster, held.hold_no, with_for_update=True, populate_existing=True)
    if locked is None:
        raise HeldRosterUnknownError
    if locked.roster_no is not None:
        return locked.roster_no
    file = file_of(vault, locked)
    roster = read if isinstance(read, Roster) else read_roster(file, read)
    filing = filing_numbered(session, locked.filing_no)
    delegate_id = other_than_holder(session, filing, locked.organisation_id)
    posting = RosterPosting(
        filing, roster, actor, told, delegate_id=delegate_id, way=way_of(locked.way), file=file
    )
    locked.roster_no = post_roster(session, vault, posting, now=now).roster_no
    locked.file_cipher = locked.preview_cipher = None
    return locked.roster_no


def discard_held(session: Session, held: HeldRoster) -> None:
    """Forget a held roster; one that was posted, or is being posted, stays."""
    session.execute(delete(HeldRoster).where(HeldRoster.hold_no == held.hold_no, _idle()))


def held_for(session: Session, filing_no: str, actor: str, *, now: datetime) -> HeldRoster | None:
    """Return what somebody holds for a filing and has not posted yet."""
    query = select(HeldRoster).where(
        HeldRoster.filing_no == filing_no, HeldRoster.held_by == actor,
        HeldRoster.roster_no.is_(None), HeldRoster.expires_at > now,
    )  # fmt: skip
    return session.scalars(query).first()


def forget_held(session: Session, *, before: datetime) -> int:
    """Delete held rosters whose day is over; return how many there were."""
    posted = HeldRoster.roster_no.is_not(None)
    gone = session.execute(
        delete(HeldRoster).where(HeldRoster.expires_at <= before, or_(posted, _idle()))
    )
    assert isinstance(gone, CursorResult)
    return gone.rowcount


def _idle() -> ColumnElement[bool]:
    """Hold for what is neither posted nor about to be."""
    at_work = select(RosterWork.hold_no).where(
        RosterWork.hold_no == HeldRoster.hold_no, RosterWork.state.in_(LIVE)
    )
    return and_(HeldRoster.roster_no.is_(None), ~at_work.exists())


def _place(hold_no: str, organisation_id: int) -> tuple[int, int]:
    """Return the row's key as the vault takes keys: in figures."""
    return row_key(hold_no), organisation_id


def _preview(roster: Roster, result: RosterResult) -> Preview:
    conversions: list[list[dict[str, Any]]] = []
    places: dict[int, int] = {}
    fates: dict[int, RowFate] = {}
    stated = {row.row_no: row for row in roster.rows}
    for credited in result.rows:
        conversion = credited.conversion
        # Equal attendances share one conversion.
        if id(conversion) not in places:
            places[id(conversion)] = len(conversions)
            conversions.append(trace_of(conversion.steps))  # type: ignore[arg-type]
        fates[credited.row_no] = _fate(
            credited.row_no, stated.get(credited.row_no), Fate.CREDITED, conversion.centihours,
            places[id(conversion)],
        )  # fmt: skip
    refused: dict[int, list[RowProblem]] = defaultdict(list)
    for problem in result.problems:
        refused[problem.row_no].append(problem)
    for row_no, problems in refused.items():
        fate = _fate_of(problems)
        fates[row_no] = _fate(row_no, stated.get(row_no), fate, 0, -1, problems)
    return Preview(
        rows=tuple(fates[row_no] for row_no in sorted(fates)),
        conversions=tuple(conversions),
        people=result.people_credited,
        centihours=result.credited_centihours,
        capped_centihours=result.capped_centihours,
    )


def _fate_of(problems: Sequence[RowProblem]) -> Fate:
    if all(map(is_passed_over, problems)):
        return Fate.PASSED
    if any(each.code == _HELD for each in problems):
        return Fate.HELD
    known = all(each.code == _CREDITED_BEFORE for each in problems)
    return Fate.KNOWN if known else Fate.REFUSED


def _fate(  # noqa: PLR0917 # what a row and its fate say
    row_no: int, row: RosterRow | None, fate: Fate, centihours: int, conversion: int,
    problems: Sequence[RowProblem] = (),
) -> RowFate:  # fmt: skip
    return RowFate(
        row_no=row_no,
        name=row.name if row else "",
        last_four=last_characters(row.document) if row else "",
        day=row.day.isoformat() if row else "",
        attended_minutes=row.attended_minutes if row else 0,
        fate=fate,
        centihours=centihours,
        conversion=conversion,
        problems=tuple(problems),
    )


def _stored(preview: Preview) -> dict[str, Any]:
    stored = asdict(preview)
    for row in stored["rows"]:
        row["fate"] = str(row["fate"])
    return stored


def _read(stored: dict[str, Any]) -> Preview:
    rows = tuple(
        RowFate(
            **{
                **row,
                "fate": Fate(row["fate"]),
                "problems": tuple(RowProblem(**problem) for problem in row["problems"]),
            }
        )
        for row in stored["rows"]
    )
    return Preview(**{**stored, "rows": rows, "conversions": tuple(stored["conversions"])})
