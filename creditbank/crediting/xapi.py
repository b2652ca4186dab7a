"""xAPI statements: each valid one is kept, those on a filed session are posted as a roster.

A sending is one transaction: stored, credited, voided, or nothing of it. What is credited goes
through `post_roster`, what is voided through `withdraw_attendance`, so a statement can do nothing
that a roster and a withdrawal could not. The statement's id is its key; equal again changes
nothing, different is refused.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from creditbank.attendance.roster import Column, rows_from_json
from creditbank.attendance.statement_models import XapiActivity, XapiStatement
from creditbank.attendance.statements import (
    ATTENDED,
    CREDITED_VERBS,
    Statement,
    attachments_said,
    comparable,
    kept_text,
    minutes_of,
    row_of,
)
from creditbank.canonical import canonical_text
from creditbank.clock import civil_day
from creditbank.crediting.attendances import attendee_at
from creditbank.crediting.name_checks import NAME_HELD, came_by, let_go
from creditbank.crediting.reversals import hold
from creditbank.crediting.rosters import RosterPosting, RosterResult, post_roster
from creditbank.crediting.withdrawals import (
    Withdrawal,
    WithdrawalReason,
    withdraw_attendance,
)
from creditbank.crediting.xapi_files import keep_files
from creditbank.errors import CreditBankError, Fact, RowProblem
from creditbank.ledger.sources import SourceUnknownError
from creditbank.people.documents import DocumentKind
from creditbank.people.register import find_people, identity_of, lock_linked
from creditbank.people.vault import Vault
from creditbank.registry.bank import the_bank
from creditbank.registry.clients import Client, RegionForeignError, organisation_seen
from creditbank.registry.delegates import DelegationNotOpenError
from creditbank.registry.filing.filings import (
    FilingUnknownError,
    delegate_of,
    filing_numbered,
    filing_seen,
    sessions_of,
)
from creditbank.registry.models import Filing, FilingSession, Organisation

TABLE, COLUMN = "xapi_statement", "content_cipher"
STATEMENTS_MAX = 10_000
_ALREADY, _TWICE = "roster-already-credited", "roster-row-duplicate"
_TICK = timedelta(microseconds=1)


class StatementConflictError(CreditBankError):
    """A statement of this id is kept, and it says something else."""

    code = "xapi-statement-conflict"
    status = 409


class StatementsTooManyError(CreditBankError):
    """More statements at once than one transaction takes."""

    code = "xapi-statements-many"
    status = 413


class StatementUnknownError(CreditBankError):
    """The provider has no such statement, or it cannot be given out as it was asked for."""

    code = "xapi-statement-unknown"
    status = 404


class Outcome(StrEnum):
    """What became of a statement."""

    CREDITED = "credited"
    #: the same attendance had been credited before, in whatever way it came
    KNOWN = "known"
    REFUSED = "refused"
    #: nothing to credit
    KEPT = "kept"
    #: it voids another
    VOIDING = "voiding"


@dataclass(frozen=True, slots=True)
class Sending:
    """Statements of one request, in their order; no two have one id."""

    client: Client
    statements: tuple[Statement, ...]
    #: that were sent along, by their SHA-2 in hex, lower case
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Received:
    """How many statements of a sending met which outcome; `repeated` were there before."""

    repeated: int
    outcomes: Mapping[Outcome, int]


@dataclass(frozen=True, slots=True)
class _Session:
    """The session that a statement is about."""

    filing: Filing
    planned: FilingSession


@dataclass(frozen=True, slots=True)
class _Fate:
    """What becomes of one statement."""

    outcome: Outcome
    column: str = ""
    code: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    session: _Session | None = None
    roster_no: str | None = None
    row_no: int | None = None

    @property
    def reason(self) -> str:
        if not self.code:
            return ""
        facts = {name: fact for name, fact in self.facts.items() if fact is not None}
        return canonical_text({"column": self.column, "code": self.code, "facts": facts})


def session_address(host: str, filing_no: str, session_no: int) -> str:
    """Return the activity that stands for a session, whatever else a provider calls it."""
    return f"https://{host}/filings/{filing_no}/sessions/{session_no}"


def document_address(host: str, kind: str) -> str:
    """Return the home page of the accounts whose names are numbers of this kind."""
    return f"https://{host}/documents/{kind}"


def receive(session: Session, vault: Vault, sending: Sending, *, now: datetime) -> Received:
    """Keep statements, credit what is to be credited, void what they void.

    Raises:
        StatementConflictError: one of them is kept and says something else.
        StatementsTooManyError: more than `STATEMENTS_MAX`.
    """
    if len(sending.statements) > STATEMENTS_MAX:
        raise StatementsTooManyError(limit=STATEMENTS_MAX)
    organisation_id = organisation_seen(sending.client) or 0
    stored_at = _stored_at(session, organisation_id, now=now)
    new = _new(session, vault, organisation_id, sending.statements)
    voided_by = _voided_by(session, organisation_id, new)
    fates = _fates(session, sending.client, new, set(voided_by), stored_at)
    targets = _targets(session, organisation_id, new)
    _lock(session, fates, targets)
    _post(session, vault, sending.client, new, fates, now=now)
    common = {"stored_at": stored_at, "posted_by": sending.client.client_id}
    rows = [
        _row(vault, organisation_id, each, fates[each.statement_id])
        | common
        | {
            "place": place, "voided_by": voided_by.get(each.statement_id),
            "happened_at": each.happened_at or stored_at,
        }
        for place, each in enumerate(new)
    ]  # fmt: skip
    if rows:
        session.execute(insert(XapiStatement), rows)
    _keep_files(session, vault, organisation_id, sending, new, now=now)
    _void(session, vault, sending.client, targets, now=now)
    met = [fate.outcome for fate in fates.values()]
    repeated = len(sending.statements) - len(new)
    return Received(repeated, {each: met.count(each) for each in Outcome if each in met})


def _keep_files(
    session: Session, vault: Vault, organisation_id: int, sending: Sending,
    new: Sequence[Statement], *, now: datetime,
) -> None:  # fmt: skip
    """Keep the files of new statements; those of what was sent before had their term."""
    if sending.files:
        said = (each for statement in new for each in attachments_said(statement.content))
        named = {str(each["sha2"]).lower() for each in said}
        files = {sha2: sending.files[sha2] for sha2 in named & sending.files.keys()}
        keep_files(session, vault, organisation_id, files, now=now)


def read_activity(session: Session, client: Client, activity: str, today: date) -> _Session | None:
    """Return the session that an activity stands for, if it is the client's or was delegated."""
    known = session.get(XapiActivity, (organisation_seen(client), activity))
    host = re.escape(the_bank(session).host)
    match = re.fullmatch(
        rf"https://{host}/filings/([0-9A-Z]{{2,20}})/sessions/([0-9]{{1,4}})", activity
    )
    if known is not None:
        filing_no, session_no = known.filing_no, known.session_no
    elif match is not None:
        filing_no, session_no = match[1], int(match[2])
    else:
        return None
    try:
        filing = filing_seen(session, client, filing_no, delegated_on=today)
    except (FilingUnknownError, RegionForeignError):
        return None
    except DelegationNotOpenError:  # posting says so
        filing = filing_numbered(session, filing_no)
    found = (each for each in sessions_of(session, filing_no) if each.session_no == session_no)
    planned = next(found, None)
    return None if planned is None else _Session(filing, planned)


def _stored_at(session: Session, organisation_id: int, *, now: datetime) -> datetime:
    """Let the provider's sendings come one after the other, each at an instant of its own.

    So whoever sees a statement sees every one with an earlier instant.
    """
    mine = Organisation.organisation_id == organisation_id
    session.execute(
        select(Organisation.organisation_id).where(mine).with_for_update(key_share=True)
    ).all()
    last = newest_instant(session, organisation_id)
    return now if last is None else max(now, last + _TICK)


def newest_instant(session: Session, organisation_id: int) -> datetime | None:
    """Return when the newest statement of a provider was stored."""
    mine = XapiStatement.organisation_id == organisation_id
    return session.scalar(select(func.max(XapiStatement.stored_at)).where(mine))


def _new(
    session: Session, vault: Vault, organisation_id: int, sent: Sequence[Statement]
) -> list[Statement]:
    """Leave out those that are kept already.

    Raises:
        StatementConflictError: one of them says something else.
    """
    ids = [each.statement_id for each in sent]
    mine = XapiStatement.organisation_id == organisation_id
    query = select(XapiStatement).where(mine, XapiStatement.statement_id.in_(ids))
    kept = {row.statement_id: row for row in session.scalars(query)}
    for each in sent:
        row = kept.get(each.statement_id)
        if row is not None and not _same(vault, row, each):
            raise StatementConflictError(statement_id=each.statement_id)
    return [each for each in sent if each.statement_id not in kept]


def _same(vault: Vault, row: XapiStatement, sent: Statement) -> bool:
    happened_at = sent.happened_at or row.stored_at
    return row.happened_at == happened_at and row.digest == _digest(vault, sent)


def _digest(vault: Vault, statement: Statement) -> bytes:
    return vault.fingerprint(comparable(statement.content))


def _voided_by(session: Session, organisation_id: int, new: Sequence[Statement]) -> dict[str, str]:
    """Return which of these are voided as they come, and by which statement.

    A statement that voids may come before the one that it voids, and cannot be voided itself.
    """
    by: dict[str | None, str] = {each.voids: each.statement_id for each in new if each.voids}
    ids = [each.statement_id for each in new if not each.voids]
    mine = XapiStatement.organisation_id == organisation_id
    query = select(XapiStatement.voids, XapiStatement.statement_id)
    earlier = session.execute(query.where(mine, XapiStatement.voids.in_(ids)))
    by.update((row[0], row[1]) for row in earlier)
    return {each: by[each] for each in ids if each in by}


def _targets(
    session: Session, organisation_id: int, new: Sequence[Statement]
) -> list[tuple[XapiStatement, str]]:
    """Return the kept statements that these void, with what voids them."""
    by = {each.voids: each.statement_id for each in new if each.voids}
    query = select(XapiStatement).where(
        XapiStatement.organisation_id == organisation_id, XapiStatement.statement_id.in_(by),
        XapiStatement.voids.is_(None), XapiStatement.voided_by.is_(None),
    )  # fmt: skip
    return [(row, by[row.statement_id]) for row in session.scalars(query)]


def _fates(
    session: Session, client: Client, new: Sequence[Statement], voided: Collection[str],
    stored_at: datetime,
) -> dict[str, _Fate]:  # fmt: skip
    """Say what becomes of each before it is posted: those to be posted stand as credited."""
    known: dict[str, _Session | None] = {}
    fates = {}
    documents = document_address(the_bank(session).host, "")
    for each in new:
        if each.verb in CREDITED_VERBS and each.activity and each.activity not in known:
            known[each.activity] = read_activity(
                session, client, each.activity, civil_day(stored_at)
            )
        fate = _fate(each, known.get(each.activity), each.happened_at or stored_at)
        if fate.outcome is Outcome.CREDITED and not each.account[0].startswith(documents):
            facts: dict[str, Fact] = {"wanted": documents + DocumentKind.RESIDENT_ID}
            fate = _Fate(
                Outcome.REFUSED, "actor.account", "xapi-actor-undocumented", facts, fate.session
            )
        if each.statement_id in voided:
            fate = replace(fate, outcome=Outcome.KEPT, code="xapi-voided", column="", facts={})
        fates[each.statement_id] = fate
    return fates


def _fate(statement: Statement, about: _Session | None, happened_at: datetime) -> _Fate:
    if statement.voids:
        return _Fate(Outcome.VOIDING)
    if statement.verb not in CREDITED_VERBS:
        return _Fate(Outcome.KEPT, "verb", "xapi-verb-not-credited")
    if about is None:
        return _Fate(Outcome.KEPT, "object", "xapi-session-unknown")
    return _refused(statement, about, happened_at) or _Fate(Outcome.CREDITED, session=about)


def _refused(statement: Statement, about: _Session, happened_at: datetime) -> _Fate | None:
    """Say why a statement on a session cannot become a row of its roster."""
    day, planned = civil_day(happened_at).isoformat(), about.planned.day.isoformat()
    facts: dict[str, Fact] = {}
    if day != planned:
        column, code, facts = "timestamp", "xapi-day-differs", {"found": day, "wanted": planned}
    elif statement.is_denied:
        column, code = "result", "xapi-result-denies"
    elif not statement.duration and statement.verb == ATTENDED:
        column, code = "result.duration", "xapi-duration-missing"
    elif statement.duration and minutes_of(statement.duration) is None:
        column, code = "result.duration", "xapi-duration-unmeasured"
    else:
        return None
    return _Fate(Outcome.REFUSED, column, code, facts, about)


def _lock(
    session: Session, fates: Mapping[str, _Fate], targets: Sequence[tuple[XapiStatement, str]]
) -> None:
    """Lock every source at once, in the order of their numbers, before any person."""
    numbers = {
        fate.session.filing.filing_no
        for fate in fates.values()
        if fate.outcome is Outcome.CREDITED and fate.session
    }
    for filing_no in sorted(numbers | {row.filing_no for row, _ in targets if row.filing_no}):
        try:
            hold(session, filing_no)
        except SourceUnknownError:
            continue  # nobody approved it, and posting will say so


def _post(
    session: Session, vault: Vault, client: Client, new: Sequence[Statement],
    fates: dict[str, _Fate], *, now: datetime,
) -> None:  # fmt: skip
    """Post what is to be credited, a roster for each filing; write down what became of each."""
    by_filing: dict[str, list[Statement]] = defaultdict(list)
    for each in new:
        about = fates[each.statement_id].session
        if fates[each.statement_id].outcome is Outcome.CREDITED and about is not None:
            by_filing[about.filing.filing_no].append(each)
    host = the_bank(session).host
    rosters = {}
    for filing_no in sorted(by_filing):
        items = [_item(host, each, fates[each.statement_id]) for each in by_filing[filing_no]]
        rosters[filing_no] = rows_from_json(items)
    documents = {row.document for roster in rosters.values() for row in roster.rows}
    lock_linked(session, find_people(session, vault, documents).values())
    for filing_no, roster in rosters.items():
        posted = by_filing[filing_no]
        about = fates[posted[0].statement_id].session
        assert about is not None, "they were sorted by it"
        posting = RosterPosting(
            about.filing, roster, client.client_id,
            delegate_id=delegate_of(session, client, about.filing),
        )  # fmt: skip
        try:
            with session.begin_nested():
                result = post_roster(session, vault, posting, now=now)
        except CreditBankError as error:
            _refuse_all(posted, fates, error)
        else:
            _settle(posted, fates, result)
            held = {each.row_no for each in result.problems if each.code == NAME_HELD}
            came = {row_no: posted[row_no - 1].statement_id for row_no in held}
            came_by(session, result.roster_no, organisation_seen(client) or 0, came)


def _item(host: str, statement: Statement, fate: _Fate) -> dict[str, object]:
    """Return a statement as a row of a roster."""
    assert fate.session is not None, "it is about a session"
    home, number = statement.account
    minutes = minutes_of(statement.duration)
    planned = fate.session.planned
    return {
        Column.NAME: statement.actor_name,
        Column.KIND: home.removeprefix(document_address(host, "")),
        Column.NUMBER: number,
        Column.DAY: planned.day.isoformat(),
        Column.MINUTES: planned.planned_minutes if minutes is None else minutes,
    }


def _refuse_all(
    posted: Iterable[Statement], fates: dict[str, _Fate], error: CreditBankError
) -> None:
    for each in posted:
        fates[each.statement_id] = replace(
            fates[each.statement_id], outcome=Outcome.REFUSED, code=error.code, column="object",
            facts=error.facts,
        )  # fmt: skip


def _settle(posted: Sequence[Statement], fates: dict[str, _Fate], result: RosterResult) -> None:
    credited = {row.row_no for row in result.rows}
    problems: dict[int, RowProblem] = {}
    for problem in result.problems:
        problems.setdefault(problem.row_no, problem)
    for row_no, each in enumerate(posted, start=1):
        fate = fates[each.statement_id]
        if row_no in credited:
            made = replace(fate, roster_no=result.roster_no, row_no=row_no)
        else:
            said = problems[row_no]
            outcome = Outcome.KNOWN if said.code in (_ALREADY, _TWICE) else Outcome.REFUSED
            made = replace(
                fate, outcome=outcome, column=said.column, code=said.code, facts=said.facts
            )
        fates[each.statement_id] = made


def credit_statement(
    session: Session, statement: tuple[int, str], credited: tuple[str, int]
) -> None:
    """Write down that what a statement tells, held until now, is credited; by roster and row."""
    row = session.get_one(XapiStatement, statement)
    row.outcome, row.reason, (row.roster_no, row.row_no) = str(Outcome.CREDITED), "", credited
    session.flush()


def _row(
    vault: Vault, organisation_id: int, statement: Statement, fate: _Fate
) -> dict[str, object]:
    about, content = fate.session, kept_text(statement.content).encode("utf-8")
    return {
        "organisation_id": organisation_id, "statement_id": statement.statement_id,
        "digest": _digest(vault, statement),
        "content_cipher": vault.lock(
            content, TABLE, COLUMN, organisation_id, row_of(statement.statement_id)
        ),
        "outcome": str(fate.outcome), "reason": fate.reason,
        "filing_no": about.filing.filing_no if about else None,
        "session_no": about.planned.session_no if about else None,
        "roster_no": fate.roster_no, "row_no": fate.row_no, "voids": statement.voids,
    }  # fmt: skip


def _void(
    session: Session, vault: Vault, client: Client, targets: Sequence[tuple[XapiStatement, str]],
    *, now: datetime,
) -> None:  # fmt: skip
    """Mark what is voided, and take back what it credited."""
    for row, by in targets:
        row.voided_by = by
        if row.roster_no is not None:
            _withdraw(session, vault, client, row, now=now)
        elif row.filing_no is not None:
            let_go(session, row.filing_no, (row.organisation_id, row.statement_id))
    session.flush()


def _withdraw(
    session: Session, vault: Vault, client: Client, row: XapiStatement, *, now: datetime
) -> None:
    """Take back what a statement credited; what was corrected or withdrawn since stays as it is."""
    filing = filing_seen(session, client, row.filing_no or "", delegated_on=civil_day(now))
    posted = (row.roster_no or "", row.row_no or 0)
    attendee = attendee_at(session, vault, filing, *posted)
    [day] = [each for each in attendee.days if (each.roster_no, each.row_no) == posted]
    if day.reversal is not None:
        return
    withdrawal = Withdrawal(
        filing=filing,
        identity=identity_of(session, vault, attendee.person_id),
        days=(day.day,),
        reason=WithdrawalReason.STATEMENT_VOIDED,
        case_no="",
        actor=client.client_id,
    )
    withdraw_attendance(session, vault, withdrawal, now=now)
