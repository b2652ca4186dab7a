"""Lists of applicants: asked for, taken up, settled row by row, read, and forgotten.

Whoever works at a list settles a few rows at a time, each with its answer in the same transaction,
and only as long as the list is theirs: so each row is answered once, whoever is interrupted.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    CursorResult,
    Integer,
    LargeBinary,
    String,
    and_,
    bindparam,
    column,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from creditbank.attendance.people_list import ListedPerson
from creditbank.attendance.roster import RosterEmptyError
from creditbank.canonical import canonical_bytes, canonical_text
from creditbank.clock import civil_day, instant_from_text, instant_text
from creditbank.errors import CreditBankError, RowProblem
from creditbank.ids import random_number
from creditbank.ledger.appending import append_rows
from creditbank.people.documents import Document, DocumentKind
from creditbank.people.register import Identity
from creditbank.people.vault import Vault, row_key
from creditbank.registry.bank import the_bank
from creditbank.registry.clients import SCOPES_OF, Client, Role
from creditbank.registry.lawbook import law_of
from creditbank.registry.mandates import Matter, mandate_for
from creditbank.verification.answers import VerdictRow, store_all
from creditbank.verification.list_trees import Signing, leaf_of, refusal_payload
from creditbank.verification.models import Verdict, VerdictBatch, VerdictBatchItem
from creditbank.verification.questions import Ask, Disclosure, claim_not_future

#: Whoever works at a list and has said nothing for so long is gone.
SILENT_SECONDS = 120
#: A list that ended so many who worked at it is given up.
ATTEMPTS_MAX = 20
_TABLE, _COLUMN = "verdict_batch_item", "person_cipher"
_DUPLICATE = "list-row-duplicate"
_GIVEN_UP, _EXPIRED = "list-given-up", "list-expired"


#: What becomes of a row, by column, behind its number.
_FATE: Mapping[str, TypeEngine[Any]] = {
    "row": Integer(), "state": String(), "outcome": String(), "verdict_no": String(),
    "problems": String(), "leaf": LargeBinary(),
}  # fmt: skip
_WAITING_HERE = update(VerdictBatchItem).where(
    VerdictBatchItem.batch_no == bindparam("of_batch"), VerdictBatchItem.state == "waiting"
)
_SETTLING = _WAITING_HERE.where(VerdictBatchItem.row_no == bindparam("new_row")).values(
    {name: bindparam(f"new_{name}") for name in [*_FATE][1:]}
)
_FATES = (
    func.unnest(*(bindparam(f"all_{name}", type_=ARRAY(kind)) for name, kind in _FATE.items()))
    .table_valued(*(column(name, kind) for name, kind in _FATE.items()))
    .render_derived("fates")
)
_SETTLING_ALL = _WAITING_HERE.where(VerdictBatchItem.row_no == _FATES.c.row).values(
    {name: _FATES.c[name] for name in [*_FATE][1:]}
)


class BatchState(StrEnum):
    """How a list stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ItemState(StrEnum):
    """How a row of a list stands."""

    WAITING = "waiting"
    ANSWERED = "answered"
    REFUSED = "refused"


class BatchUnknownError(CreditBankError):
    """There is no list of this number, or another asked for it."""

    code = "verdict-batch-unknown"
    status = 404


@dataclass(frozen=True, slots=True)
class BatchQuestion:
    """What is asked about everybody on a list."""

    scheme: str
    series: str
    specialty: str
    level: str
    application_day: date
    purpose: str
    legal_basis: str
    disclose: Disclosure
    pathway: str = ""
    as_of: date | None = None
    known_at: datetime | None = None
    signing: Signing = Signing.ITEM

    def about(self, person: ListedPerson) -> Ask:
        """Return the question about one of them."""
        return Ask(
            person.identity, self.scheme, self.series, self.level, self.application_day,
            self.purpose, self.legal_basis, person.stated, self.disclose, self.known_at,
            specialty=self.specialty, pathway=self.pathway, as_of=self.as_of,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Turn:
    """A list taken up: which, and the how-manieth time; an earlier turn's word counts no more.

    One that is given up is only closed: what it has is signed, and the rest refused by that code.
    """

    batch_no: str
    attempt: int
    given_up: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a row: an answer, or why there is none."""

    row_no: int
    answer: VerdictRow | None
    problems: tuple[RowProblem, ...] = ()
    #: where the list is signed as a whole
    leaf: bytes | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A row as whoever asked sees it; name and digits are empty once they are forgotten."""

    row_no: int
    name: str
    last_four: str
    state: str
    outcome: str
    verdict_no: str
    problems: tuple[RowProblem, ...]


def request_batch(
    session: Session,
    vault: Vault,
    question: BatchQuestion,
    people: Sequence[ListedPerson],
    client: Client,
    *,
    problems: Sequence[RowProblem] = (),
    kept_days: int,
    now: datetime,
) -> VerdictBatch:
    """Ask about everybody on a list; rows that could not be read are kept as refused.

    Raises:
        AsOfFutureError, MandateMissingError, PackMissingError: it may not, or cannot, be asked.
        RosterEmptyError: there is nobody on the list.
    """
    claim_not_future(question.as_of, civil_day(now))
    law = law_of(session, question.scheme, question.known_at)
    matter = Matter(
        law.jurisdiction, question.series, question.level, civil_day(now), question.specialty
    )
    mandate_for(session, client.organisation_id, matter)
    if not people and not problems:
        raise RosterEmptyError
    batch_no = "B" + random_number(11)
    items = _items(vault, batch_no, people, problems)
    if question.signing is Signing.TREE:
        _give_leaves(session, vault, items)
    row = {
        "batch_no": batch_no, "client_id": client.client_id, "role": str(client.role),
        "jurisdiction": client.jurisdiction, "organisation_id": client.organisation_id,
        "question": _question_text(question), "state": str(BatchState.WAITING),
        "requested_at": now, "expires_at": now + timedelta(days=kept_days), "attempt": 0,
        "rows_total": len(items),
        "rows_done": sum(item["state"] == ItemState.REFUSED for item in items),
    }  # fmt: skip
    made = session.scalars(insert(VerdictBatch).returning(VerdictBatch), [row]).one()
    append_rows(session, VerdictBatchItem, [list(item.values()) for item in items])
    return made


def take_up(session: Session, batch_no: str | None = None, *, now: datetime) -> Turn | None:
    """Take up a list that waits, or that was left: this one, or the oldest of all."""
    query = select(VerdictBatch).where(_free(now)).order_by(VerdictBatch.requested_at)
    if batch_no is not None:
        query = query.where(VerdictBatch.batch_no == batch_no)
    for batch in session.scalars(query.with_for_update(skip_locked=True)):
        batch.attempt += 1
        batch.progressed_at = now
        given_up = _given_up(batch, now)
        # What a list that is signed as a whole has answered is signed before it is given up.
        closes = question_of(batch).signing is Signing.TREE and batch.attempt <= 2 * ATTEMPTS_MAX
        left = bool(given_up) and not closes
        batch.state = str(BatchState.FAILED if left else BatchState.RUNNING)
        session.flush()
        if not left:
            return Turn(batch.batch_no, batch.attempt, given_up)
    return None


def _given_up(batch: VerdictBatch, now: datetime) -> str:
    """Return why nobody else on a list is answered; empty while they are."""
    if batch.expires_at <= now:
        return _EXPIRED
    return _GIVEN_UP if batch.attempt > ATTEMPTS_MAX else ""


def any_waits(session: Session, *, now: datetime) -> bool:
    """Tell whether there is a list to take up."""
    return session.scalar(select(VerdictBatch.batch_no).where(_free(now)).limit(1)) is not None


def waiting_rows(session: Session, turn: Turn) -> list[int]:
    """Return the numbers of the rows that wait, in their order."""
    query = select(VerdictBatchItem.row_no).where(
        VerdictBatchItem.batch_no == turn.batch_no,
        VerdictBatchItem.state == str(ItemState.WAITING),
    )
    return list(session.scalars(query.order_by(VerdictBatchItem.row_no)))


def people_in(
    session: Session, vault: Vault, batch_no: str, rows: Sequence[int]
) -> list[ListedPerson]:
    """Return the people of some rows that wait, in their order; whoever was erased is left out."""
    query = select(VerdictBatchItem.row_no, VerdictBatchItem.person_cipher).where(
        VerdictBatchItem.batch_no == batch_no,
        VerdictBatchItem.row_no.between(rows[0], rows[-1]),
        VerdictBatchItem.state == str(ItemState.WAITING),
    )
    found = session.execute(query.order_by(VerdictBatchItem.row_no))
    people = [_person(vault, batch_no, row[0], row[1]) for row in found]
    return [each for each in people if each is not None]


def settle(session: Session, turn: Turn, settled: Sequence[Settled], *, now: datetime) -> bool:
    """Keep what became of some rows, with their answers; False if the list is another's by now.

    Nothing is written then. A row that is settled stays as it is.
    """
    if not _say(session, turn, progressed_at=now, rows_done=VerdictBatch.rows_done + len(settled)):
        return False
    answers = [each.answer for each in settled if each.answer is not None]
    if answers:
        store_all(session, answers)
    if settled:  # of people who were erased meanwhile there is nothing
        assert _settle_rows(session, turn, settled) == len(settled), "a turn settles each row once"
    return True


def _settle_rows(session: Session, turn: Turn, settled: Sequence[Settled]) -> int:
    """Write into rows that wait what became of them; return how many there were."""
    fates = [_fate(each) for each in settled]
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        said = [
            {"of_batch": turn.batch_no, **{f"new_{name}": it for name, it in fate.items()}}
            for fate in fates
        ]
        return connection.execute(_SETTLING, said).rowcount
    # A column of each at once: a statement for each row costs more than what it does.
    columns = {f"all_{name}": [fate[name] for fate in fates] for name in _FATE}
    return connection.execute(_SETTLING_ALL, {"of_batch": turn.batch_no, **columns}).rowcount


def finish(session: Session, turn: Turn, *, now: datetime) -> bool:
    """Say that every row of a list is settled; of one that was given up, that no more will be."""
    state = BatchState.FAILED if turn.given_up else BatchState.DONE
    return _say(session, turn, state=str(state), finished_at=now)


def put_back(session: Session, turn: Turn) -> bool:
    """Leave a list to whoever comes next; what is settled stays so."""
    return _say(session, turn, state=str(BatchState.WAITING))


def forget_people(session: Session, *, now: datetime) -> int:
    """Erase who was on lists that have expired; return how many lists that were.

    Rows that nobody answered till then are left unanswered. A list that is signed as a whole waits
    for whoever refuses them and signs it.
    """
    expired = select(VerdictBatch).where(
        VerdictBatch.expires_at <= now, VerdictBatch.erased_at.is_(None)
    )
    lists = session.scalars(expired.with_for_update(skip_locked=True)).all()
    for batch in lists:
        batch.erased_at = now
        if batch.state in (BatchState.WAITING, BatchState.RUNNING):
            closes = question_of(batch).signing is Signing.TREE
            # Whoever works at it is stopped: it is theirs no more.
            batch.state = str(BatchState.WAITING if closes else BatchState.FAILED)
        session.execute(
            update(VerdictBatchItem)
            .where(VerdictBatchItem.batch_no == batch.batch_no)
            .values(person_cipher=None)
        )
    return len(lists)


def batch_numbered(session: Session, batch_no: str, client: Client) -> VerdictBatch:
    """Return a list to whoever asked for it.

    Raises:
        BatchUnknownError: there is none, or it is another's.
    """
    batch = session.get(VerdictBatch, batch_no)
    if batch is None or batch.client_id != client.client_id:
        raise BatchUnknownError(batch_no=batch_no[:20])
    return batch


def batches_of(session: Session, client: Client, *, limit: int) -> list[VerdictBatch]:
    """Return the lists that one asker sent, the newest first."""
    query = select(VerdictBatch).where(VerdictBatch.client_id == client.client_id)
    return list(session.scalars(query.order_by(VerdictBatch.requested_at.desc()).limit(limit)))


def question_of(batch: VerdictBatch) -> BatchQuestion:
    """Return what is asked about everybody on a list."""
    said = json.loads(batch.question)
    said["application_day"] = date.fromisoformat(said["application_day"])
    said["disclose"] = Disclosure(said["disclose"])
    # Lists that were sent before it could be asked for say nothing of times, and of signing.
    said["as_of"] = date.fromisoformat(said["as_of"]) if said.get("as_of") else None
    said["known_at"] = instant_from_text(said["known_at"]) if said.get("known_at") else None
    said["signing"] = Signing(said.get("signing", Signing.ITEM))
    return BatchQuestion(**said)


def asker_of(batch: VerdictBatch) -> Client:
    """Return who asks, as they stood when they asked; mandates are looked at anew."""
    role = Role(batch.role)
    return Client(batch.client_id, role, SCOPES_OF[role], batch.jurisdiction, batch.organisation_id)


def lines_of(
    session: Session, vault: Vault, batch: VerdictBatch, *, fates: Sequence[str] = (),
    after: int = 0, limit: int,
) -> list[Line]:  # fmt: skip
    """Return rows of a list behind a row, in their order: all, or those with such an outcome, or
    without one and in such a state."""
    query = select(VerdictBatchItem).where(
        VerdictBatchItem.batch_no == batch.batch_no, VerdictBatchItem.row_no > after
    )
    if fates:
        outcome, state = VerdictBatchItem.outcome, VerdictBatchItem.state
        query = query.where(or_(outcome.in_(fates), and_(outcome == "", state.in_(fates))))
    found = session.scalars(query.order_by(VerdictBatchItem.row_no).limit(limit))
    return [_line(vault, item) for item in found]


def answers_in(
    session: Session, batch: VerdictBatch, *, after: int = 0, limit: int
) -> list[tuple[int, Verdict]]:
    """Return answers of a list behind a row, each with its row, in their order."""
    query = (
        select(VerdictBatchItem.row_no, Verdict)
        .join(Verdict, Verdict.verdict_no == VerdictBatchItem.verdict_no)
        .where(VerdictBatchItem.batch_no == batch.batch_no, VerdictBatchItem.row_no > after)
        .order_by(VerdictBatchItem.row_no)
    )
    return [(row[0], row[1]) for row in session.execute(query.limit(limit))]


def counts_of(session: Session, batch: VerdictBatch) -> dict[str, int]:
    """Count the rows of a list by outcome; `refused` and `waiting` are those without one."""
    query = (
        select(VerdictBatchItem.state, VerdictBatchItem.outcome, func.count())
        .where(VerdictBatchItem.batch_no == batch.batch_no)
        .group_by(VerdictBatchItem.state, VerdictBatchItem.outcome)
    )
    return {row[1] or row[0]: row[2] for row in session.execute(query)}


def _items(
    vault: Vault, batch_no: str, people: Iterable[ListedPerson], problems: Iterable[RowProblem]
) -> list[dict[str, Any]]:
    """Lay the rows of a list down; whoever stands on it twice is asked about once."""
    wrong: dict[int, list[RowProblem]] = {}
    for problem in problems:
        wrong.setdefault(problem.row_no, []).append(problem)
    first: dict[Document, int] = {}
    said: list[tuple[bytes, tuple[int, int]]] = []
    for person in people:
        row_no = first.setdefault(person.identity.document, person.row_no)
        if row_no != person.row_no:
            facts = {"first_row_no": row_no}
            wrong[person.row_no] = [RowProblem(person.row_no, "", _DUPLICATE, {**facts})]
            continue
        said.append((_said(person), _place(batch_no, person.row_no)))
    ciphers = vault.lock_all(said, _TABLE, _COLUMN)
    ready = [
        _item(batch_no, place[1], cipher, ItemState.WAITING, ())
        for (_, place), cipher in zip(said, ciphers, strict=True)
    ]
    refused = [
        _item(batch_no, row_no, None, ItemState.REFUSED, each) for row_no, each in wrong.items()
    ]
    return [*ready, *refused]


def _give_leaves(session: Session, vault: Vault, items: Iterable[dict[str, Any]]) -> None:
    """Give their leaves to the rows that are refused before anybody is asked about."""
    host = the_bank(session).host
    for item in items:
        if item["state"] == ItemState.REFUSED:
            codes = [each["code"] for each in json.loads(item["problems"])]
            said = refusal_payload(vault, host, item["batch_no"], item["row_no"], codes)
            item["leaf"] = leaf_of(said)


def _item(
    batch_no: str,
    row_no: int,
    cipher: bytes | None,
    state: ItemState,
    problems: Sequence[RowProblem],
) -> dict[str, Any]:
    return {
        "batch_no": batch_no, "row_no": row_no, "person_cipher": cipher, "state": str(state),
        "outcome": "", "verdict_no": None, "problems": _problems_text(problems), "leaf": None,
    }  # fmt: skip


def _place(batch_no: str, row_no: int) -> tuple[int, int]:
    """Bind a ciphertext to its list and row; a list's number is text, a place takes integers."""
    return row_key(batch_no), row_no


def _said(person: ListedPerson) -> bytes:
    document = person.identity.document
    return canonical_bytes(
        [str(document.kind), document.number, person.identity.name, dict(person.stated)]
    )


def _person(vault: Vault, batch_no: str, row_no: int, cipher: bytes | None) -> ListedPerson | None:
    if cipher is None:
        return None
    said = json.loads(vault.unlock(cipher, _TABLE, _COLUMN, *_place(batch_no, row_no)))
    kind, number, name, stated = said
    document = Document(DocumentKind(kind), number)
    return ListedPerson(row_no, Identity(document, name), stated)


def _line(vault: Vault, item: VerdictBatchItem) -> Line:
    person = _person(vault, item.batch_no, item.row_no, item.person_cipher)
    return Line(
        item.row_no,
        person.identity.name if person else "",
        person.identity.document.number[-4:] if person else "",
        item.state,
        item.outcome,
        item.verdict_no or "",
        tuple(
            RowProblem(item.row_no, each["column"], each["code"], each["facts"])
            for each in (json.loads(item.problems) if item.problems else ())
        ),
    )


def _question_text(question: BatchQuestion) -> str:
    said: Mapping[str, str] = {
        "scheme": question.scheme, "series": question.series, "specialty": question.specialty,
        "level": question.level, "application_day": question.application_day.isoformat(),
        "purpose": question.purpose, "legal_basis": question.legal_basis,
        "disclose": str(question.disclose), "pathway": question.pathway,
        "as_of": question.as_of.isoformat() if question.as_of else "",
        "known_at": instant_text(question.known_at) if question.known_at else "",
        "signing": str(question.signing),
    }  # fmt: skip
    return canonical_text(dict(said))


def _problems_text(problems: Sequence[RowProblem]) -> str:
    if not problems:
        return ""
    said = [{"column": p.column, "code": p.code, "facts": p.facts} for p in problems]
    return json.dumps(said, ensure_ascii=False)


def _free(now: datetime) -> ColumnElement[bool]:
    silent = and_(
        VerdictBatch.state == str(BatchState.RUNNING),
        VerdictBatch.progressed_at < now - timedelta(seconds=SILENT_SECONDS),
    )
    return or_(VerdictBatch.state == str(BatchState.WAITING), silent)


def _fate(settled: Settled) -> dict[str, Any]:
    answer = settled.answer
    return {
        "row": settled.row_no,
        "state": str(ItemState.ANSWERED if answer else ItemState.REFUSED),
        "outcome": answer.outcome if answer else "",
        "verdict_no": answer.verdict_no if answer else None,
        "problems": _problems_text(settled.problems), "leaf": settled.leaf,
    }  # fmt: skip


def _say(session: Session, turn: Turn, **said: object) -> bool:
    mine = (VerdictBatch.batch_no == turn.batch_no, VerdictBatch.attempt == turn.attempt)
    running = VerdictBatch.state == str(BatchState.RUNNING)
    changed = session.execute(update(VerdictBatch).where(*mine, running).values(**said))
    assert isinstance(changed, CursorResult)
    return changed.rowcount == 1
