"""Rows whose number is on record under another name: held, and never told what the name is.

So that nobody finds a name by trying, an organisation may state few names for one number, and few
that differ in a day: beyond the first bound a row is held whatever its name, beyond the second no
row of anybody on record is compared. A name is one name however it is spelt, and the same again is
no further try. Whoever holds the source of a filing may write its checks.
"""

import json
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import CursorResult, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from creditbank.attendance.roster import Column, RosterRow
from creditbank.attendance.ways import Way
from creditbank.canonical import canonical_bytes, tagged_digest
from creditbank.crediting.models import NameCheck, NameTry
from creditbank.crediting.weighing import GoodRow, row_problem
from creditbank.errors import RowProblem
from creditbank.ids import random_number
from creditbank.people.documents import Document, DocumentKind, number_space
from creditbank.people.names import agrees, folded_name
from creditbank.people.register import names_of
from creditbank.people.vault import Vault, row_key
from creditbank.registry.models import Filing, FilingSession

OPEN, CREDITED, REFUSED, SETTLED = "open", "credited", "refused", "settled"
#: What is told of a row that is held.
NAME_HELD = "roster-name-held"
#: Names that an organisation may state for one number; whatever it states then is held.
NAMES_OF_NUMBER_MAX, KEPT_FOR = 3, timedelta(days=30)
#: Names that differ, of an organisation in a day; then no row of anybody on record is compared.
NAMES_OF_DAY_MAX, DAY = 200, timedelta(days=1)
_NUMBER_TAG, _NAME_TAG = "creditbank/name-check-number/v1", "creditbank/name-check/v1"
_TABLE = "name_check"
#: With the number of an organisation it makes those take turns who count its tries.
_ADVISORY_LOCK = 0x6E616D65_00000000

PersonRow = tuple[RosterRow, int]


@dataclass(frozen=True, slots=True)
class Try:
    """A name that was stated for a number on record and is not the right one; keyed digests."""

    number: bytes
    name: bytes


@dataclass(frozen=True, slots=True)
class Compared:
    """Rows whose name is right, those to be held, those not compared; and what was tried."""

    kept: list[PersonRow]
    held: list[PersonRow]
    problems: list[RowProblem]
    tries: tuple[Try, ...]


@dataclass(frozen=True, slots=True)
class Holding:
    """Under which filing rows are held, by which organisation and roster they were posted."""

    filing: Filing
    organisation_id: int
    roster_no: str
    way: Way | None
    #: of rows that came by another way than the rest, by their numbers
    ways: Mapping[int, Way] = field(default_factory=dict)


def compare_names(  # who states which names
    session: Session, vault: Vault, organisation_id: int, rows: Sequence[PersonRow],
    made: Container[int], *, now: datetime,
) -> Compared:  # fmt: skip
    """Part rows by whether their name is one on record for their number, and count what was tried.

    Args:
        session: of the caller's transaction.
        vault: opens names, keys digests.
        organisation_id: who states the names.
        rows: each with the key of its person.
        made: keys that were made of these very rows; their names are no secret.
        now: the instant.
    """
    names = names_of(session, vault, {key for _, key in rows if key not in made})
    for row, person_id in rows:
        if person_id in made:
            names.setdefault(person_id, (row.name,))
    differing = {
        row.document
        for row, key in rows
        if row.name not in names[key] and not agrees(row.name, names[key])
    }
    if differing and session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_ADVISORY_LOCK ^ organisation_id)))
    tries = _Tries(session, vault, organisation_id, now)
    kept: list[PersonRow] = []
    held: list[PersonRow] = []
    # Nearly always there is nothing to look at, and the rows are many.
    for row, person_id in rows if differing or tries.any_spent else ():
        if person_id not in made and (row.document in differing or tries.any_spent):
            agreed = tries.admits(row, names[person_id])
        else:
            agreed = row.document not in differing or agrees(row.name, names[person_id])
        (kept if agreed else held).append((row, person_id))
    if not (differing or tries.any_spent):
        kept = list(rows)
    known = [each for each in rows if each[1] not in made]
    if known and (tries.left <= 0 or len(tries.new) > tries.left):
        tries.new = tries.new[: max(tries.left, 0)]
        kept, held = ([each for each in part if each[1] in made] for part in (kept, held))
    else:
        known = []
    problems = [
        row_problem(row, Column.NAME, "roster-names-uncompared", limit=NAMES_OF_DAY_MAX)
        for row, _ in known
    ]
    note_tries(session, organisation_id, tries.new, now=now)
    return Compared(kept, held, problems, tuple(tries.new))


def note_tries(
    session: Session, organisation_id: int, tries: Sequence[Try], *, now: datetime
) -> None:
    """Count tries, also those of a roster that was only rehearsed."""
    if not tries:
        return
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    rows = [
        {"organisation_id": organisation_id, "number_digest": each.number,
         "name_digest": each.name, "tried_at": now}
        for each in tries
    ]  # fmt: skip
    session.execute(make(NameTry).on_conflict_do_nothing(), rows)


def forget_tries(session: Session, *, now: datetime) -> int:
    """Delete tries that count no more; return how many there were."""
    gone = session.execute(delete(NameTry).where(NameTry.tried_at <= now - KEPT_FOR))
    assert isinstance(gone, CursorResult)
    return gone.rowcount


def hold_rows(  # what is held, of which roster
    session: Session, vault: Vault, holding: Holding,
    rows: Sequence[tuple[RosterRow, FilingSession]], *, now: datetime,
) -> list[RowProblem]:  # fmt: skip
    """Hold rows for an official, each once however often it is posted; say so of each.

    What an official refused is refused again.
    """
    if not rows:
        return []
    query = select(NameCheck).where(NameCheck.filing_no == holding.filing.filing_no)
    known = {(each.session_no, each.digest): each for each in session.scalars(query)}
    problems = []
    for row, planned in rows:
        digest = _digest(vault, row)
        check = known.get((planned.session_no, digest))
        if check is not None and check.state == REFUSED:
            finding = f"name-finding-{check.finding}"
            problems.append(
                row_problem(row, Column.NAME, "roster-name-refused", finding_words=finding)
            )
            continue
        if check is None:
            check = _new_check(holding, planned, number_digest(vault, row.document), digest)
            known[planned.session_no, digest] = check
            session.add(check)
        if check.state != OPEN or check.roster_no == "":
            _open(vault, check, row, holding, now)
        problems.append(row_problem(row, Column.NAME, NAME_HELD))
    session.flush()
    return problems


def settle_checks(
    session: Session, vault: Vault, filing_no: str, good: Sequence[GoodRow], roster_no: str
) -> None:
    """Let go of held rows whose attendance is credited now."""
    query = select(NameCheck).where(NameCheck.filing_no == filing_no, NameCheck.state == OPEN)
    waiting = session.scalars(query).all() if good else []
    if not waiting:
        return
    credited = {
        (each.worth.planned.session_no, number_digest(vault, each.row.document)) for each in good
    }
    for check in waiting:
        if (check.session_no, check.number_digest) in credited:
            check.state, check.credited_roster_no = SETTLED, roster_no
            check.row_cipher = check.note_cipher = None
    session.flush()


def came_by(
    session: Session, roster_no: str, organisation_id: int, statements: Mapping[int, str]
) -> None:
    """Write down by which xAPI statements of an organisation the held rows of a roster came."""
    for row_no, statement_id in statements.items():
        held = (NameCheck.roster_no == roster_no, NameCheck.row_no == row_no)
        for check in session.scalars(select(NameCheck).where(*held)):
            check.statement_by, check.statement_id = organisation_id, statement_id
    session.flush()


def let_go(session: Session, filing_no: str, statement: tuple[int, str]) -> None:
    """Let go of what is held of a statement that its sender took back; what was decided stands."""
    query = select(NameCheck).where(
        NameCheck.filing_no == filing_no, NameCheck.state == OPEN,
        NameCheck.statement_by == statement[0], NameCheck.statement_id == statement[1],
    )  # fmt: skip
    for check in session.scalars(query):
        check.state, check.row_cipher, check.note_cipher = SETTLED, None, None
    session.flush()


def held_row(vault: Vault, check: NameCheck) -> tuple[RosterRow, Way | None]:
    """Return the row of an open check as it was posted, and the way by which it came."""
    assert check.row_cipher is not None, "what is open has its row"
    said = json.loads(vault.unlock(check.row_cipher, _TABLE, "row_cipher", *_place(check)))
    kind, number, name, day, attended_minutes, make_up_year, way = said
    document = Document(DocumentKind(kind), number)
    attended_on = date.fromisoformat(day)
    row = RosterRow(check.row_no, document, name, attended_on, attended_minutes, make_up_year)
    return row, Way(way) if way else None


def note_of(vault: Vault, check: NameCheck) -> str:
    """Return what the provider says to an open check; empty if nothing."""
    if check.note_cipher is None:
        return ""
    return vault.unlock(check.note_cipher, _TABLE, "note_cipher", *_place(check)).decode("utf-8")


def write_note(vault: Vault, check: NameCheck, note: str) -> None:
    """Keep what the provider says to a check; it may name somebody."""
    place = _place(check)
    check.note_cipher = vault.lock(note.encode("utf-8"), _TABLE, "note_cipher", *place)


def number_digest(vault: Vault, document: Document) -> bytes:
    """Return a keyed digest of a number."""
    said = canonical_bytes([number_space(document.kind), document.number])
    return vault.fingerprint(tagged_digest(_NUMBER_TAG, said))


class _Tries:
    """What an organisation tried before, and tries now."""

    def __init__(self, session: Session, vault: Vault, organisation_id: int, now: datetime) -> None:
        self._vault = vault
        self._names: dict[bytes, set[bytes]] = defaultdict(set)
        self._numbers: dict[Document, bytes] = {}
        self.new: list[Try] = []
        self.left = NAMES_OF_DAY_MAX
        query = select(NameTry.number_digest, NameTry.name_digest, NameTry.tried_at).where(
            NameTry.organisation_id == organisation_id, NameTry.tried_at > now - KEPT_FOR
        )
        for number, name, tried_at in session.execute(query):
            self._names[number].add(name)
            self.left -= tried_at > now - DAY
        self.any_spent = any(len(each) >= NAMES_OF_NUMBER_MAX for each in self._names.values())

    def admits(self, row: RosterRow, names: Iterable[str]) -> bool:
        """Tell whether a row's name is right; False, too, where too many were stated before."""
        if row.document not in self._numbers:
            self._numbers[row.document] = number_digest(self._vault, row.document)
        number = self._numbers[row.document]
        before = self._names[number]
        if len(before) >= NAMES_OF_NUMBER_MAX:
            return False
        if agrees(row.name, names):
            return True
        name = _digest(self._vault, row)
        if name not in before:
            before.add(name)
            self.new.append(Try(number, name))
        return False


def _digest(vault: Vault, row: RosterRow) -> bytes:
    document = row.document
    said = canonical_bytes([number_space(document.kind), document.number, folded_name(row.name)])
    return vault.fingerprint(tagged_digest(_NAME_TAG, said))


def _new_check(holding: Holding, planned: FilingSession, number: bytes, digest: bytes) -> NameCheck:
    filing = holding.filing
    return NameCheck(
        check_no="N" + random_number(9), organisation_id=holding.organisation_id,
        jurisdiction=filing.jurisdiction, filing_no=filing.filing_no,
        session_no=planned.session_no, number_digest=number, digest=digest, roster_no="",
        state=OPEN,
    )  # fmt: skip


def _open(vault: Vault, check: NameCheck, row: RosterRow, holding: Holding, now: datetime) -> None:
    way = holding.ways.get(row.row_no, holding.way)
    said = [
        str(row.document.kind), row.document.number, row.name, row.day.isoformat(),
        row.attended_minutes, row.make_up_year, str(way or ""),
    ]  # fmt: skip
    check.roster_no, check.row_no, check.held_at = holding.roster_no, row.row_no, now
    check.state, check.finding, check.case_no = OPEN, "", ""
    content = json.dumps(said).encode("ascii")
    check.row_cipher = vault.lock(content, _TABLE, "row_cipher", *_place(check))
    check.statement_by = check.statement_id = check.note_cipher = check.asked_at = None
    check.decided_by = check.decided_at = check.act_id = check.credited_roster_no = None


def _place(check: NameCheck) -> tuple[int, int]:
    """Return the row's key as the vault takes keys: in figures."""
    return row_key(check.check_no), check.organisation_id
