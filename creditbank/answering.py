"""How a door gets an answer: seal what waits, decide in one snapshot, sign, and keep."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Generic, TypeGuard, TypeVar

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from creditbank.db import db, snapshot, unit_of_work, writing
from creditbank.errors import CreditBankError
from creditbank.house import House, current_house
from creditbank.keys import KeyStore
from creditbank.ledger.seal import Sealed, seal
from creditbank.people.register import identity_of
from creditbank.people.vault import Vault
from creditbank.readymade import Asked
from creditbank.registry.bank import the_bank
from creditbank.registry.clients import Client
from creditbank.verification.answers import (
    Prepared,
    SignedAnswer,
    first_asked,
    prepare,
    row_asked,
    sign,
    use_code,
)
from creditbank.verification.batch_sheets import RESULT_COLUMNS, csv_line, results_in
from creditbank.verification.batches import (
    BatchQuestion,
    answers_in,
    batch_numbered,
    question_of,
)
from creditbank.verification.codes import LEGAL_BASIS, claim_within, open_code
from creditbank.verification.desk_looks import OFFICES, LookDraft, note_desk_looks
from creditbank.verification.list_trees import (
    Signing,
    leaves_through,
    listed_in,
    proofs_of,
    shown,
)
from creditbank.verification.models import Verdict, VerdictBatch
from creditbank.verification.predicates import (
    HolderShown,
    PredicateAsk,
    PredicateByCode,
    PreparedPredicate,
    predicate_row_asked,
    prepare_predicate,
    sign_predicate,
    use_predicate_code,
)
from creditbank.verification.query_models import HolderCode
from creditbank.verification.questions import Ask, AskByCode, CodeLevel, Disclosure
from creditbank.verification.refused import REFUSALS, Refusal, note_refused

#: A request seals what waited when it came; what others post meanwhile is the clock's to seal.
_ROUNDS_MAX = 50
#: Answers that are in memory at a time while a list is handed over.
_CHUNK_ANSWERS = 200


_Asked = TypeVar("_Asked", Ask, PredicateAsk)
_Decided = TypeVar("_Decided", Prepared, PreparedPredicate)


@dataclass(frozen=True, slots=True)
class Kind(Generic[_Asked, _Decided]):
    """A kind of answer: how it is decided in a snapshot, signed, and kept."""

    prepare: Callable[..., _Decided]
    sign: Callable[[_Decided, KeyStore, str], SignedAnswer]
    #: the statement that keeps an answer, and what takes a use of the code that was shown
    row_asked: Callable[..., Asked]
    use_code: Callable[..., None]
    #: what is asked of the database whatever it finds
    first_asked: Callable[[Vault, _Asked, Client], Sequence[Asked]]
    #: whether it would be another once what waits has found its place
    would_change: Callable[[_Decided], bool]
    #: a refusal to be noted though it is answered
    mismatch: Callable[[_Decided], Refusal | None]


@dataclass(frozen=True, slots=True)
class Inquiry(Generic[_Asked, _Decided]):
    """A question as a client asks it now; decided, settled, and signed in this order."""

    kind: Kind[_Asked, _Decided]
    asked: _Asked
    client: Client
    now: datetime

    def answered(self) -> SignedAnswer:
        """Answer it and keep the answer.

        Raises:
            CreditBankError: as the kind's `prepare` does; nothing is kept then.
        """
        with snapshot() as session:
            decided = self.decided(session)
        settled = self.settled(decided)
        signed = self.signed(settled)
        with writing() as session:
            statement, values = self.kind.row_asked(settled, signed, now=self.now)
            statement.rows(session, **values)
            self.kind.use_code(session, settled, signed, now=self.now)
        return signed

    def first_asked(self) -> Sequence[Asked]:
        """Say what `decided` is about to ask the database whatever it finds, to ask it ahead."""
        return self.kind.first_asked(current_house().vault, self.asked, self.client)

    def decided(self, session: Session) -> _Decided | Refusal:
        """Decide it in a snapshot; a refusal that is to be noted is returned.

        Raises:
            CreditBankError: any other refusal.
        """
        try:
            return self._prepared(session)
        except REFUSALS as refusal:
            return refusal

    def stands(self, decided: _Decided | Refusal) -> TypeGuard[_Decided]:
        """Tell whether `settled` would leave it as it is, and nothing is to be noted."""
        return not (
            isinstance(decided, REFUSALS)
            or self.kind.would_change(decided)
            or self.kind.mismatch(decided)
        )

    def settled(self, decided: _Decided | Refusal) -> _Decided:
        """Note a refusal and raise it; where entries wait for their place, seal and decide again.

        When the snapshot is over, and in this order: a question that is refused seals nothing.

        Raises:
            CreditBankError: as the kind's `prepare` does.
        """
        if isinstance(decided, REFUSALS):
            self._note(decided)
            raise decided
        if self.kind.would_change(decided):
            seal_what_waits(current_house(), self.now)
            with snapshot() as session:
                decided = self._prepared(session)
        mismatch = self.kind.mismatch(decided)
        if mismatch is not None:
            self._note(mismatch)
        return decided

    def signed(self, settled: _Decided) -> SignedAnswer:
        """Sign what was decided."""
        house = current_house()
        return self.kind.sign(settled, house.keys, house.settings.verdict_algorithm)

    def _prepared(self, session: Session) -> _Decided:
        vault = current_house().vault
        return self.kind.prepare(session, vault, self.asked, self.client, now=self.now)

    def _note(self, refusal: Refusal) -> None:
        with unit_of_work() as session:
            vault = current_house().vault
            note_refused(session, vault, self.asked, self.client, refusal, now=self.now)


def lacks_seal(prepared: Iterable[Prepared]) -> bool:
    """Tell whether an answer would be another once what waits has found its place."""
    nothing_waits = {"entries": 0}
    return any(
        each.statement["pending"] != nothing_waits or not each.statement["heads"]
        for each in prepared
    )


VERDICT: Kind[Ask, Prepared] = Kind(
    prepare, sign, row_asked, use_code, first_asked,
    would_change=lambda decided: decided.ask.known_at is None and lacks_seal([decided]),
    mismatch=lambda _decided: None,
)  # fmt: skip
PREDICATE: Kind[PredicateAsk, PreparedPredicate] = Kind(
    prepare_predicate, sign_predicate, predicate_row_asked, use_predicate_code, lambda *_: (),
    would_change=lambda decided: decided.lacks_seal,
    mismatch=lambda decided: decided.mismatch,
)  # fmt: skip


def answered(ask: Ask, client: Client, *, now: datetime) -> SignedAnswer:
    """Answer a question and keep the answer.

    Raises:
        CreditBankError: as `prepare` does; nothing is kept then.
    """
    return Inquiry(VERDICT, ask, client, now).answered()


def predicate_answered(ask: PredicateAsk, client: Client, *, now: datetime) -> SignedAnswer:
    """Answer yes or no and keep the answer.

    Raises:
        CreditBankError: as `prepare_predicate` does; nothing is kept then.
    """
    return Inquiry(PREDICATE, ask, client, now).answered()


@contextmanager
def refusals_noted(
    asked: Ask | PredicateAsk | tuple[BatchQuestion, int], client: Client, *, now: datetime
) -> Iterator[None]:
    """Note a question, or a list with its number of rows, that is refused while the block runs.

    In a transaction of its own: that of the question is over, and nothing of it is kept.
    """
    try:
        yield
    except REFUSALS as refusal:
        with unit_of_work() as session:
            note_refused(session, current_house().vault, asked, client, refusal, now=now)
        raise


def looked(people: Iterable[int], draft: LookDraft, client: Client, *, now: datetime) -> None:
    """Keep that an official is about to be shown something of some people.

    In a transaction of its own, before it is shown: what cannot be kept is not shown.
    """
    if client.role in OFFICES:
        with unit_of_work() as session:
            note_desk_looks(session, people, draft, client, now=now)


def opened(asked: AskByCode, client: Client, *, now: datetime) -> Ask:
    """Make the question that a code stands for; no use of it is taken before the answer is kept.

    Raises:
        HolderCodeRefusedError, HolderCodePausedError, HolderCodeNarrowerError: not by this code.
    """
    vault = current_house().vault
    found = _code_that_holds(asked.code, client, now)
    disclose = asked.disclose or Disclosure(found.disclose)
    claim_within(found, CodeLevel(disclose))
    with snapshot() as session:
        identity = identity_of(session, vault, found.person_id)
    return Ask(
        identity=identity, purpose=found.purpose, legal_basis=LEGAL_BASIS, disclose=disclose,
        code_no=found.code_no, **asked.said,
    )  # fmt: skip


def _code_that_holds(code: str, client: Client, now: datetime) -> HolderCode:
    with unit_of_work() as session:
        found = open_code(session, current_house().vault, code, client, now=now)
    if isinstance(found, CreditBankError):
        raise found
    return found


def opened_predicate(asked: PredicateByCode, client: Client, *, now: datetime) -> PredicateAsk:
    """Make the question of a yes or no that a code stands for, as `opened` does of a verdict.

    Raises:
        HolderCodeRefusedError, HolderCodePausedError: not by this code.
    """
    found = _code_that_holds(asked.code, client, now)
    with snapshot() as session:
        holder = identity_of(session, current_house().vault, found.person_id)
    shown = HolderShown(found.code_no, asked.code, holder)
    return PredicateAsk(asked.predicate, asked.identity, found.purpose, LEGAL_BASIS, shown_by=shown)


def seal_what_waits(house: House, now: datetime) -> Sealed:
    """Seal until nothing waits, another sealer is at work, or enough rounds were run.

    Raises:
        BankNotFoundedError: there is no bank to seal for.
    """
    with snapshot() as session:
        host = the_bank(session).host
    rows = 0
    for _ in range(_ROUNDS_MAX):
        with unit_of_work("sealer") as session:
            done = seal(session, house.sealer(host), now=now)
        rows += done.rows
        if not done.more:
            break
        if done.rows == 0:
            time.sleep(1 / 50)  # another sealer holds the lock: let it end its round
    return Sealed(rows, done.more)


def signed_lines(batch_no: str, client: Client, *, after: int = 0) -> Iterator[str]:
    """Return the signed answers of a list behind a row as JSON lines, in the order of its rows.

    Of a list that is signed as a whole, refused rows too, and nothing before its tree is signed.
    They are read while they are sent, when there is no application at work any more.

    Raises:
        BatchUnknownError: there is no such list, or it is another's.
    """
    engine = db.engine
    with snapshot(engine) as session:
        batch = batch_numbered(session, batch_no, client)
    if question_of(batch).signing is Signing.TREE:
        return _listed_lines(engine, current_house().vault, batch, after)
    found = _answers(engine, batch_no, client, after)
    return (
        _json_line(row_no, verdict.verdict_no, verdict.outcome, jws=verdict.jws)
        for row_no, verdict in found
    )


def _json_line(row_no: int, verdict_no: str, outcome: str, **proved: object) -> str:
    said = {"row_no": row_no, "verdict_no": verdict_no, "outcome": outcome, **proved}
    return json.dumps(said) + "\n"


def result_lines(batch_no: str, client: Client, *, after: int = 0) -> Iterator[str]:
    """Return what became of the settled rows of a list behind a row as lines of CSV.

    Raises:
        BatchUnknownError: there is no such list, or it is another's.
    """
    engine = db.engine
    with snapshot(engine) as session:
        batch_numbered(session, batch_no, client)
    return chain([csv_line(RESULT_COLUMNS)], _result_lines(engine, batch_no, client, after))


def _result_lines(engine: Engine, batch_no: str, client: Client, after: int) -> Iterator[str]:
    more = True
    while more:
        with snapshot(engine) as session:
            batch = batch_numbered(session, batch_no, client)
            found = results_in(session, batch, after=after, limit=_CHUNK_ANSWERS)
        yield from (csv_line(each) for each in found)
        more = len(found) == _CHUNK_ANSWERS
        after = int(found[-1][0]) if found else after


def _listed_lines(engine: Engine, vault: Vault, batch: VerdictBatch, after: int) -> Iterator[str]:
    """Return the rows of a list with their places in its tree; none before it is signed."""
    with snapshot(engine) as session:
        proofs = proofs_of(session, batch)
        index = leaves_through(session, batch.batch_no, after)
    more = proofs is not None
    while proofs is not None and more:
        with snapshot(engine) as session:
            found = listed_in(session, vault, batch, after=after, limit=_CHUNK_ANSWERS)
        for row in found:
            said = shown(proofs.jws, index, proofs.of(index), row.payload)
            yield _json_line(row.row_no, row.verdict_no, row.outcome, listed=said)
            index, after = index + 1, row.row_no
        more = len(found) == _CHUNK_ANSWERS


def _answers(
    engine: Engine, batch_no: str, client: Client, after: int
) -> Iterator[tuple[int, Verdict]]:
    more = True
    while more:
        with snapshot(engine) as session:
            batch = batch_numbered(session, batch_no, client)
            found = answers_in(session, batch, after=after, limit=_CHUNK_ANSWERS)
        yield from found
        after = found[-1][0] if found else after
        more = len(found) == _CHUNK_ANSWERS
