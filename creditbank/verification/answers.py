"""Answers: a question is checked against the mandate, weighed, written down, signed and stored.

The statement is that of docs/formats.md §7. Preparing reads one snapshot and writes nothing;
signing touches no database; storing keeps the answer as it left the bank.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical, canonical_bytes, tagged_digest
from creditbank.clock import civil_day, instant_text
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.keys import KeyStore, signed_jws
from creditbank.ledger.bodies import bodies_of
from creditbank.ledger.leaves import entry_salt
from creditbank.ledger.logs import Head, place_of_entry, tile_reader
from creditbank.ledger.merkle import inclusion_proof
from creditbank.ledger.models import Entry
from creditbank.ledger.posting import PersonErasedError
from creditbank.people.register import (
    PersonUnknownError,
    find_person,
    linked_people,
    secrets_of,
)
from creditbank.people.vault import Vault
from creditbank.registry.bank import the_bank
from creditbank.registry.clients import Client
from creditbank.registry.lawbook import law_of
from creditbank.registry.mandates import Matter, mandate_for
from creditbank.rules.requirement import Outcome, Question
from creditbank.verification.gathering import Gathered
from creditbank.verification.models import Verdict
from creditbank.verification.questions import STATEMENT, Ask, Disclosure, claim_not_future
from creditbank.verification.statement import grounds_of, reasons_of, summary_of, worked_out_of
from creditbank.verification.weighing import weigh

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
    claim_not_future(ask.as_of, civil_day(now))
    law = law_of(session, ask.scheme, ask.known_at)
    matter = Matter(law.jurisdiction, ask.series, ask.level, civil_day(now), ask.specialty)
    mandate = mandate_for(session, client.organisation_id, matter)
    person_id = _person(session, vault, ask)
    people = linked_people(session, [person_id])[person_id] if person_id is not None else ()
    weighed = weigh(session, people, law, _question(ask), ask.times)
    seal, gathered, assessment = weighed.seal, weighed.gathered, weighed.assessment
    digest = _question_digest(vault, ask)
    statement: dict[str, Canonical] = {
        "iss": the_bank(session).host,
        "jti": "V" + random_number(19),
        "iat": int(now.timestamp()),
        "statement": STATEMENT,
        "disclose": str(ask.disclose),
        **_asked(ask, client, mandate.mandate_no),
        "outcome": str(weighed.outcome),
        "reasons": reasons_of(assessment, law, recorded=weighed.recorded),
        **grounds_of(weighed),
        "heads": [_head(head) for head in gathered.heads],
        "known_at": instant_text(seal.sealed_at) if seal else "",
        "record": _record(gathered.entries),
        "pending": {"entries": gathered.pending_entries},
        "supersedes": _superseded(session, client, digest),
    }
    if ask.disclose != Disclosure.DECISION:
        statement |= summary_of(assessment, gathered, law)
    if ask.as_of is not None and ask.disclose != Disclosure.DECISION:
        whole = ask.disclose == Disclosure.RECORD
        statement["worked_out"] = worked_out_of(gathered, with_credits=whole)
    if ask.disclose == Disclosure.RECORD:
        statement["entries"] = _disclosed_entries(session, vault, gathered, people)
    return Prepared(ask, client, mandate.mandate_no, person_id, weighed.outcome, digest, statement)


def sign(prepared: Prepared, keys: KeyStore, algorithm: str) -> SignedAnswer:
    """Sign a prepared answer as a compact JWS.

    Raises:
        AlgorithmUnknownError: neither Ed25519 nor ES256.
    """
    statement = prepared.statement
    token = signed_jws(keys, algorithm, _VERDICT_TYPE, statement)
    return SignedAnswer(str(statement["jti"]), str(prepared.outcome), statement, token)


def store(session: Session, prepared: Prepared, signed: SignedAnswer, *, now: datetime) -> None:
    """Keep an answer as it left the bank, with who asked and why."""
    row = {
        "verdict_no": signed.verdict_no,
        "person_id": prepared.person_id,
        "client_id": prepared.client.client_id,
        "mandate_no": prepared.mandate_no,
        "purpose": prepared.ask.purpose,
        "legal_basis": prepared.ask.legal_basis,
        "disclose": str(prepared.ask.disclose),
        "outcome": signed.outcome,
        "question_digest": prepared.question_digest,
        "recorded_at": now,
        "jws": signed.jws,
    }
    session.execute(insert(Verdict), [row])


def verdict_numbered(session: Session, verdict_no: str, client: Client) -> Verdict:
    """Return an answer to whoever asked for it.

    Raises:
        VerdictUnknownError: there is none, or it is another's.
    """
    verdict = session.get(Verdict, verdict_no)
    if verdict is None or verdict.client_id != client.client_id:
        raise VerdictUnknownError(verdict_no=verdict_no[:24])
    return verdict


def _question(ask: Ask) -> Question:
    """Put the question to the law; how much of a quota is used no door states, so nobody knows."""
    return Question(
        ask.series, ask.level, ask.application_day, ask.stated, ask.specialty, ask.pathway
    )


def _person(session: Session, vault: Vault, ask: Ask) -> int | None:
    try:
        return find_person(session, vault, ask.identity)
    except PersonUnknownError:
        return None


def _question_digest(vault: Vault, ask: Ask) -> bytes:
    """Recognise the same question again without keeping whose it was."""
    asked: list[Canonical] = [ask.scheme, ask.series, ask.level]
    if ask.as_of is not None:
        asked += [ask.specialty, ask.as_of.isoformat()]
    elif ask.specialty:
        asked.append(ask.specialty)
    said = canonical_bytes(asked)
    # The oldest lookup key stays the same when keys rotate.
    return hashlib.sha256(vault.lookups(ask.identity.document)[-1] + said).digest()


def _superseded(session: Session, client: Client, question_digest: bytes) -> str:
    query = select(Verdict.verdict_no).where(
        Verdict.client_id == client.client_id, Verdict.question_digest == question_digest
    )
    return session.scalar(query.order_by(Verdict.recorded_at.desc()).limit(1)) or ""


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
    said = canonical_bytes([str(document.kind), document.number, ask.identity.name])
    return {
        "document_kind": str(document.kind),
        "last_four": document.number[-4:],
        "salt": salt.hex(),
        "commitment": tagged_digest("creditbank/subject/v1", salt, said).hex(),
    }


def _record(entries: Iterable[Entry]) -> Canonical:
    leaves = sorted(entry.leaf for entry in entries)
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = tagged_digest("creditbank/record/v1", salt, *leaves)
    return {"entries": len(leaves), "salt": salt.hex(), "digest": digest.hex()}


def _head(head: Head) -> Canonical:
    return {
        "origin": head.checkpoint.origin,
        "size": head.checkpoint.size,
        "root": head.checkpoint.root.hex(),
        "vkey": head.vkey,
        "checkpoint": head.note,
    }


def _disclosed_entries(
    session: Session, vault: Vault, gathered: Gathered, people: Iterable[int]
) -> list[Canonical]:
    keys = secrets_of(session, vault, people)
    facts = {entry.leaf: text for entry in gathered.entries if (text := gathered.facts_of(entry))}
    bodies = bodies_of(session, gathered.entries, facts)
    heads = {head.log_id: head for head in gathered.heads}
    disclosed: list[Canonical] = []
    for entry in gathered.entries:
        if entry.person_id not in keys:
            raise PersonErasedError
        place = place_of_entry(session, entry)
        head = heads[place.log_id]
        proof = inclusion_proof(
            place.index, head.checkpoint.size, tile_reader(session, place.log_id)
        )
        body = bodies[entry.leaf]
        disclosed.append(
            {
                "leaf": entry.leaf.hex(),
                "salt": entry_salt(keys[entry.person_id], body).hex(),
                "body": body.to_canonical(),
                "facts": json.loads(facts.get(entry.leaf, "{}")),
                "origin": head.checkpoint.origin,
                "index": place.index,
                "proof": [each.hex() for each in proof],
            }
        )
    return disclosed
