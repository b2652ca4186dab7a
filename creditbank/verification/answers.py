"""Answers: a question is checked against the mandate, weighed, written down, signed and stored.

The statement is that of docs/formats.md §7. Preparing reads one snapshot and writes nothing;
signing touches no database; storing keeps the answer as it left the bank.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, insert, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical, canonical_bytes, tagged_digest
from creditbank.clock import civil_day, instant_text
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.keys import KeyStore, Signer, signer
from creditbank.ledger.appending import append_rows
from creditbank.ledger.logs import last_seal, seal_asked
from creditbank.ledger.models import Seal
from creditbank.people.register import (
    PersonUnknownError,
    find_each,
    linked_people,
    links_asked,
    person_asked,
)
from creditbank.people.vault import Vault
from creditbank.readymade import Asked, ReadyMade, ahead, each_named
from creditbank.registry.bank import the_bank
from creditbank.registry.clients import Client
from creditbank.registry.lawbook import law_asked, law_of
from creditbank.registry.mandates import Matter, mandate_for, mandates_asked
from creditbank.rules.pack import PackChain
from creditbank.rules.requirement import Outcome, Question
from creditbank.verification.codes import take_use
from creditbank.verification.disclosing import Disclosing
from creditbank.verification.exempting import (
    OnRegister,
    on_register,
    reasons_told,
    register_asked,
    told_of,
    with_register,
)
from creditbank.verification.gathering import Gathered, Moved, gatherer, record_asked
from creditbank.verification.models import Verdict
from creditbank.verification.questions import (
    STATEMENT,
    STATEMENT_REGISTERED,
    Ask,
    CodeLevel,
    Disclosure,
    claim_not_future,
)
from creditbank.verification.statement import phrasebook_of, summary_of, worked_out_of
from creditbank.verification.weighing import weigh_gathered

_SALT_BYTES = 16
_VERDICT_TYPE = "creditbank-verdict+jwt"


class VerdictUnknownError(CreditBankError):
    """There is no verdict of this number, or another asked for it."""

    code = "verdict-unknown"
    status = 404


@dataclass(frozen=True, slots=True)
class Prepared:
    """An answer before it is signed."""

    ask: Ask
    client: Client
    mandate_no: str
    person_id: int | None
    outcome: Outcome
    question_digest: bytes
    statement: Mapping[str, Canonical]
    #: the statement as canonical JSON, where it was written already
    payload: bytes = b""
    #: of the record that was used, ascending
    leaves: tuple[bytes, ...] = ()

    @property
    def signed_bytes(self) -> bytes:
        """The bytes that a signature is to cover."""
        return self.payload or canonical_bytes(self.statement)


@dataclass(frozen=True, slots=True)
class SignedAnswer:
    """An answer as the asker keeps it: the statement, and the compact JWS that carries it."""

    verdict_no: str
    outcome: str
    statement: Mapping[str, Canonical]
    jws: str


def prepare(session: Session, vault: Vault, ask: Ask, client: Client, *, now: datetime) -> Prepared:
    """Decide a question from one snapshot.

    A number that is on record under nobody is answered `undetermined`, "no record", which is not
    "not met"; under another name it is refused, so that nobody's answer goes to somebody else.

    Raises:
        AsOfFutureError, MandateMissingError: before anything about the person is looked at.
        IdentityMismatchError: number and name are not one person's.
        StatedFactInvalidError, PackMissingError: the question cannot be weighed.
    """
    [prepared] = prepare_all(session, vault, [ask], client, now=now)
    if isinstance(prepared, CreditBankError):
        raise prepared
    return prepared


def first_asked(vault: Vault, ask: Ask, client: Client) -> list[Asked]:
    """Say what `prepare` is about to ask the database whatever it finds, to ask it ahead."""
    return [
        law_asked(ask.known_at), mandates_asked(client.organisation_id),
        person_asked(vault, ask.identity.document), seal_asked(ask.known_at),
    ]  # fmt: skip


def prepare_all(
    session: Session, vault: Vault, asks: Sequence[Ask], client: Client, *, now: datetime
) -> list[Prepared | CreditBankError]:
    """Do what `prepare` does for one question about many people; of each the answer, or why not.

    Args and errors are those of `prepare_each`.
    """
    return list(prepare_each(session, vault, asks, client, now=now))


def prepare_each(
    session: Session, vault: Vault, asks: Sequence[Ask], client: Client, *, now: datetime
) -> Iterator[Prepared | CreditBankError]:
    """Do what `prepare_all` does, one answer after another as they are asked for.

    What refuses all of them is raised at once.

    Args:
        session: one snapshot, which lasts until the last answer.
        vault: opens names and secrets.
        asks: at least one; they differ in the person and in what is stated alone.
        client: who asks.
        now: the instant.

    Raises:
        AsOfFutureError, MandateMissingError, PackMissingError: it may be asked of none of them.
    """
    ask = asks[0]
    claim_not_future(ask.as_of, civil_day(now))
    law = law_of(session, ask.scheme, ask.known_at)
    ground = ask.code_no or _mandate_no(session, ask, law, client, now)
    found = find_each(session, vault, [each.identity for each in asks])
    desk = _Desk.of(session, vault, asks, found, law=law, client=client)
    frame = _Frame(the_bank(session).host, int(now.timestamp()), client, ground)
    superseded = _superseded(session, client, desk.digests)
    return (
        _tried(desk, place, frame, superseded.get(digest, ""))
        for place, digest in enumerate(desk.digests)
    )


def _tried(
    desk: "_Desk", place: int, frame: "_Frame", superseded: str
) -> Prepared | CreditBankError:
    try:
        return _prepared(desk, place, frame, superseded)
    except CreditBankError as error:
        return error


def sign(prepared: Prepared, keys: KeyStore, algorithm: str) -> SignedAnswer:
    """Sign a prepared answer as a compact JWS.

    Raises:
        AlgorithmUnknownError: neither Ed25519 nor ES256.
    """
    return signed_by(signer(keys, algorithm, _VERDICT_TYPE), prepared)


def signer_of_verdicts(keys: KeyStore, algorithm: str) -> Signer:
    """Return what signs answers, for whoever signs many.

    Raises:
        AlgorithmUnknownError: neither Ed25519 nor ES256.
    """
    return signer(keys, algorithm, _VERDICT_TYPE)


def signed_by(by: Signer, prepared: Prepared) -> SignedAnswer:
    """Do what `sign` does with a key at hand."""
    statement = prepared.statement
    token = by.token(prepared.signed_bytes)
    return SignedAnswer(str(statement["jti"]), str(prepared.outcome), statement, token)


class VerdictRow(NamedTuple):
    """The row of an answer: the columns of its table, in their order."""

    verdict_no: str
    person_id: int | None
    client_id: str
    mandate_no: str
    purpose: str
    legal_basis: str
    disclose: str
    outcome: str
    question_digest: bytes
    recorded_at: datetime
    jws: str


def row_of(prepared: Prepared, said: str, *, now: datetime) -> VerdictRow:
    """Write an answer down as it left the bank, with who asked and why.

    Args:
        prepared: the answer.
        said: its JWS, or the payload where the tree of its list is to sign it.
        now: the instant.
    """
    ask = prepared.ask
    return VerdictRow(
        str(prepared.statement["jti"]), prepared.person_id, prepared.client.client_id,
        prepared.mandate_no, ask.purpose, ask.legal_basis, str(ask.disclose),
        str(prepared.outcome), prepared.question_digest, now, said,
    )  # fmt: skip


def store(session: Session, prepared: Prepared, signed: SignedAnswer, *, now: datetime) -> None:
    """Keep an answer as it left the bank, with who asked and why; by a code, take one of its uses.

    Raises:
        HolderCodeRefusedError: the code holds no more.
    """
    statement, values = row_asked(prepared, signed, now=now)
    statement.rows(session, **values)
    use_code(session, prepared, signed, now=now)


def row_asked(prepared: Prepared, signed: SignedAnswer, *, now: datetime) -> Asked:
    """Say how an answer is kept, for whoever keeps more with it."""
    return keeping(row_of(prepared, signed.jws, now=now))


def use_code(session: Session, prepared: Prepared, signed: SignedAnswer, *, now: datetime) -> None:
    """Take a use of the holder's code of an answer that is kept, where it was asked by one.

    Raises:
        HolderCodeRefusedError: the code holds no more.
    """
    if prepared.ask.code_no:
        take_use(session, prepared.ask.code_no, signed.verdict_no, prepared.client, now=now)


_KEEP = ReadyMade(insert(Verdict).values({name: bindparam(name) for name in VerdictRow._fields}))


def keeping(row: VerdictRow) -> Asked:
    """Say how one answer is kept, of either kind."""
    return _KEEP, row._asdict()


def store_all(session: Session, rows: Sequence[VerdictRow]) -> None:
    """Keep answers about a list, at least one; nobody gives a code for a list."""
    append_rows(session, Verdict, rows)


def verdict_numbered(session: Session, verdict_no: str, client: Client) -> Verdict:
    """Return an answer to whoever asked for it.

    Raises:
        VerdictUnknownError: there is none, or it is another's.
    """
    verdict = session.get(Verdict, verdict_no)
    is_verdict = verdict is not None and verdict.disclose != CodeLevel.PREDICATE
    if verdict is None or not is_verdict or verdict.client_id != client.client_id:
        raise VerdictUnknownError(verdict_no=verdict_no[:24])
    return verdict


def _question(ask: Ask) -> Question:
    """Put the question to the law; how much of a quota is used the register alone knows."""
    return Question(
        ask.series, ask.level, ask.application_day, ask.stated, ask.specialty, ask.pathway
    )


def _mandate_no(session: Session, ask: Ask, law: PackChain, client: Client, now: datetime) -> str:
    matter = Matter(law.jurisdiction, ask.series, ask.level, civil_day(now), ask.specialty)
    return mandate_for(session, client.organisation_id, matter).mandate_no


class _Frame(NamedTuple):
    """What every answer of one asking has alike."""

    host: str
    issued_at: int
    client: Client
    #: number of the mandate, or of the holder's code
    ground: str


@dataclass(frozen=True, slots=True)
class _Desk:
    """What was read of everybody who is asked about."""

    asks: Sequence[Ask]
    found: Sequence[int | CreditBankError]
    digests: Sequence[bytes]
    law: PackChain
    seal: Seal | None
    #: by key, and of nobody by None: all keys of the same person, and what they hold
    groups: Mapping[int | None, Sequence[int]]
    gather: Callable[[Sequence[int]], Gathered]
    registers: Mapping[int | None, OnRegister]
    disclosing: Disclosing | None

    @classmethod
    def of(
        cls, session: Session, vault: Vault, asks: Sequence[Ask],
        found: Sequence[int | CreditBankError], *, law: PackChain, client: Client,
    ) -> "_Desk":  # fmt: skip
        """Read in a few queries whatever the answers need."""
        seal = last_seal(session, asks[0].known_at)
        keys = sorted({each for each in found if isinstance(each, int)})
        digests = _question_digests(vault, asks)
        if len(asks) == 1 and keys:
            [key], ask = keys, asks[0]
            ahead(session, [
                links_asked(key), *record_asked(key, law.scheme, seal, ask.as_of),
                register_asked(key, ask.scheme), _superseded_asked(client, digests),
            ])  # fmt: skip
        linked = linked_people(session, keys)
        groups: dict[int | None, Sequence[int]] = {None: (), **{key: linked[key] for key in keys}}
        every = chain.from_iterable(groups.values())
        gather = gatherer(session, every, law, seal, asks[0].as_of)
        disclosing = None
        if asks[0].disclose == Disclosure.RECORD:
            held = {tuple(group): gather(group) for group in groups.values()}
            disclosing = Disclosing(session, vault, list(held.values()))
            gather = _held_in(held)
        registers = on_register(session, vault, groups, asks[0], law)
        return cls(asks, found, digests, law, seal, groups, gather, registers, disclosing)


def _held_in(
    held: Mapping[tuple[int, ...], Gathered],
) -> Callable[[Sequence[int]], Gathered]:
    return lambda group: held[tuple(group)]


def _prepared(desk: _Desk, place: int, frame: _Frame, superseded: str) -> Prepared:
    """Weigh what was read of one person, and write the answer down.

    Raises:
        IdentityMismatchError: number and name are not one person's; and as `weigh_gathered` does.
        PersonErasedError: the record is to be laid open, and its salts are gone.
    """
    ask, found, digest = desk.asks[place], desk.found[place], desk.digests[place]
    if isinstance(found, CreditBankError) and not isinstance(found, PersonUnknownError):
        raise found
    person_id = found if isinstance(found, int) else None
    register = desk.registers[person_id]
    asked = with_register(_question(ask), register)
    gathered = desk.gather(desk.groups[person_id])
    weighed = weigh_gathered(gathered, desk.law, asked, desk.seal)
    book, told = phrasebook_of(desk.law), told_of(register, ask, weighed.assessment)
    statement: dict[str, Canonical] = {
        **_opening(ask, frame),
        **({"statement": STATEMENT_REGISTERED} if told else {}),
        "outcome": str(weighed.outcome),
        "reasons": reasons_told(book.reasons(weighed), told, register),
        **book.grounds(weighed),
        **told,
        "heads": book.heads(gathered.heads),
        "known_at": instant_text(desk.seal.sealed_at) if desk.seal else "",
        "record": _record(gathered.entries),
        "pending": {"entries": gathered.pending_entries},
        "supersedes": superseded,
    }
    if ask.disclose != Disclosure.DECISION:
        statement |= summary_of(weighed.assessment, gathered, desk.law)
        if ask.as_of is not None:
            whole = ask.disclose == Disclosure.RECORD
            statement["worked_out"] = worked_out_of(gathered, with_credits=whole)
    if desk.disclosing is not None:
        statement["entries"] = desk.disclosing.entries_of(gathered)
        statement |= desk.disclosing.certificates_of(desk.groups[person_id], ask, desk.seal)
    return Prepared(
        ask, frame.client, frame.ground, person_id, weighed.outcome, digest, statement,
        book.encoded(statement), tuple(entry.leaf for entry in gathered.entries),
    )  # fmt: skip


def _opening(ask: Ask, frame: _Frame) -> dict[str, Canonical]:
    return {
        "iss": frame.host,
        "jti": "V" + random_number(19),
        "iat": frame.issued_at,
        "statement": STATEMENT,
        "disclose": str(ask.disclose),
        **_asked(ask, frame.client, frame.ground),
    }


def _question_digests(vault: Vault, asks: Sequence[Ask]) -> list[bytes]:
    """Recognise the same question again without keeping whose it was."""
    ask = asks[0]
    asked: list[Canonical] = [ask.scheme, ask.series, ask.level]
    if ask.as_of is not None:
        asked += [ask.specialty, ask.as_of.isoformat()]
    elif ask.specialty:
        asked.append(ask.specialty)
    if ask.code_no:  # who it is stays unsaid to an asker who asked about the number before
        asked.append(ask.code_no)
    said = canonical_bytes(asked)
    # The oldest lookup key stays the same when keys rotate.
    lookups = vault.lookups_of([each.identity.document for each in asks])
    return [hashlib.sha256(found[-1] + said).digest() for found in lookups]


def _superseded(session: Session, client: Client, digests: Sequence[bytes]) -> dict[bytes, str]:
    """Return the last answer to each question that was asked before."""
    statement, values = _superseded_asked(client, digests)
    rows = statement.rows(session, **values)
    return {row[0]: row[1] for row in rows if row[1] is not None}


def _superseded_asked(client: Client, digests: Sequence[bytes]) -> Asked:
    return _ASKED_BEFORE, {"client_id": client.client_id, "digests": digests}


def _asked_before(dialect: str) -> Select[Any]:
    """Look each question up by itself: an asker has many answers, and a question few."""
    digest = each_named(dialect, Verdict.question_digest, "digests").label("digest")
    last = (
        select(Verdict.verdict_no)
        .where(Verdict.client_id == bindparam("client_id"), Verdict.question_digest == digest)
        .order_by(Verdict.recorded_at.desc())
        .limit(1)
        .correlate_except(Verdict)
    )
    return select(digest, last.scalar_subquery())


_ASKED_BEFORE = ReadyMade(_asked_before)


def _asked(ask: Ask, client: Client, mandate_no: str) -> dict[str, Canonical]:
    """Repeat who asks, about whom and what, and by which right."""
    return {
        "asker": {
            "client": client.client_id,
            "mandate": mandate_no,
            "purpose": ask.purpose,
            "legal_basis": ask.legal_basis,
        },
        "subject": _subject(ask),
        "question": {
            "scheme": ask.scheme,
            "series": ask.series,
            **({"specialty": ask.specialty} if ask.specialty else {}),
            "level": ask.level,
            "application_day": ask.application_day.isoformat(),
            "stated": dict(ask.stated),
            **({"pathway": ask.pathway} if ask.pathway else {}),
            **({"as_of": ask.as_of.isoformat()} if ask.as_of else {}),
        },
    }


def _subject(ask: Ask) -> Canonical:
    document, salt = ask.identity.document, secrets.token_bytes(_SALT_BYTES)
    # To an asker that knows no number a commitment to it would give it away.
    number = document.number[-4:] if ask.code_no else document.number
    said = canonical_bytes([str(document.kind), number, ask.identity.name])
    return {
        "document_kind": str(document.kind),
        "last_four": document.number[-4:],
        "salt": salt.hex(),
        "commitment": tagged_digest("creditbank/subject/v1", salt, said).hex(),
    }


def _record(entries: Sequence[Moved]) -> Canonical:
    leaves = [entry.leaf for entry in entries]  # which are in their order
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = tagged_digest("creditbank/record/v1", salt, *leaves)
    return {"entries": len(leaves), "salt": salt.hex(), "digest": digest.hex()}
