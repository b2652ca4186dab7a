"""Answers: a question is checked against the mandate, weighed, written down, signed and stored.

The statement is that of docs/formats.md §7. Preparing reads one snapshot and writes nothing;
signing touches no database; storing keeps the answer as it left the bank.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical, canonical_bytes, tagged_digest
from creditbank.catalogue import LANGUAGES
from creditbank.catalogue import text as message
from creditbank.clock import civil_day, instant_text
from creditbank.errors import CreditBankError
from creditbank.hours import hours_text
from creditbank.ids import random_number
from creditbank.keys import KeyKind, KeyStore, public_jwk
from creditbank.ledger.bodies import bodies_of
from creditbank.ledger.leaves import entry_salt
from creditbank.ledger.logs import Head, last_seal, place_of_entry, tile_reader
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
from creditbank.rules.explain import explain_cuts
from creditbank.rules.explain_answer import explain_assessment
from creditbank.rules.pack import Basis, PackChain, Value, distinct
from creditbank.rules.requirement import Assessment, Outcome, Question, assess
from creditbank.verification.gathering import Gathered, gather
from creditbank.verification.models import Verdict
from creditbank.verification.questions import STATEMENT, Ask, Disclosure

_SALT_BYTES = 16
_VERDICT_TYPE = "creditbank-verdict+jwt"
ALGORITHMS: dict[str, KeyKind] = {"Ed25519": "verdict-ed25519", "ES256": "verdict-es256"}


class VerdictUnknownError(CreditBankError):
    """There is no verdict of this number, or another asked for it."""

    code = "verdict-unknown"
    status = 404


class AlgorithmUnknownError(CreditBankError):
    """Verdicts are not signed with this algorithm."""

    code = "algorithm-unknown"
    status = 422


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
        MandateMissingError: before anything about the person is looked at.
        IdentityMismatchError: number and name are not one person's.
        StatedFactInvalidError, PackMissingError: the question cannot be weighed.
    """
    law = law_of(session, ask.scheme, ask.known_at)
    matter = Matter(law.jurisdiction, ask.series, ask.level, civil_day(now), ask.specialty)
    mandate = mandate_for(session, client.organisation_id, matter)
    seal = last_seal(session, ask.known_at)
    person_id = _person(session, vault, ask)
    people = linked_people(session, [person_id])[person_id] if person_id is not None else ()
    gathered = gather(session, people, law, seal)
    question = Question(ask.series, ask.level, ask.application_day, ask.stated)
    assessment = assess(question, gathered.to_weigh(), law)
    # No record is not the same as too few hours; where no hours are asked for, it does not matter.
    recorded = bool(gathered.entries) or assessment.outcome in {Outcome.WAIVED, Outcome.EXEMPT}
    outcome = assessment.outcome if recorded else Outcome.UNDETERMINED
    digest = _question_digest(vault, ask)
    statement: dict[str, Canonical] = {
        "iss": the_bank(session).host,
        "jti": "V" + random_number(19),
        "iat": int(now.timestamp()),
        "statement": STATEMENT,
        "disclose": str(ask.disclose),
        **_asked(ask, client, mandate.mandate_no),
        "outcome": str(outcome),
        "reasons": _reasons(assessment, law, recorded=recorded),
        "clauses": _clauses(_values_used(assessment, gathered)),
        "assumptions": _assumptions(_values_used(assessment, gathered)),
        "packs": [list(pin) for pin in law.pins()],
        **_adoptions(law),
        "heads": [_head(head) for head in gathered.heads],
        "known_at": instant_text(seal.sealed_at) if seal else "",
        "record": _record(gathered.entries),
        "pending": {"entries": gathered.pending_entries},
        "supersedes": _superseded(session, client, digest),
    }
    if ask.disclose != Disclosure.DECISION:
        statement |= _summary(assessment, gathered, law)
    if ask.disclose == Disclosure.RECORD:
        statement["entries"] = _disclosed_entries(session, vault, gathered, people)
    return Prepared(ask, client, mandate.mandate_no, person_id, outcome, digest, statement)


def sign(prepared: Prepared, keys: KeyStore, algorithm: str) -> SignedAnswer:
    """Sign a prepared answer as a compact JWS.

    Raises:
        AlgorithmUnknownError: neither Ed25519 nor ES256.
    """
    if algorithm not in ALGORITHMS:
        raise AlgorithmUnknownError(found=algorithm[:20], wanted=sorted(ALGORITHMS))
    key = keys.newest(ALGORITHMS[algorithm])
    header = {"alg": algorithm, "kid": public_jwk(key)["kid"], "typ": _VERDICT_TYPE}
    private = (OKPKey if algorithm == "Ed25519" else ECKey).import_key(key.material)
    payload = canonical_bytes(prepared.statement)
    token = jws.serialize_compact(header, payload, private, algorithms=[algorithm])
    statement = prepared.statement
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


def _person(session: Session, vault: Vault, ask: Ask) -> int | None:
    try:
        return find_person(session, vault, ask.identity)
    except PersonUnknownError:
        return None


def _question_digest(vault: Vault, ask: Ask) -> bytes:
    """Recognise the same question again without keeping whose it was."""
    asked: list[Canonical] = [ask.scheme, ask.series, ask.level]
    said = canonical_bytes([*asked, ask.specialty] if ask.specialty else asked)
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


def _reasons(assessment: Assessment, law: PackChain, *, recorded: bool) -> list[Canonical]:
    """Say why in both languages, without figures: the decision alone must not tell the record."""
    if not recorded:
        return [_in_both("verdict-no-record")]
    zh, en = (explain_assessment(assessment, language, law) for language in LANGUAGES)
    outcome: Canonical = {
        "code": f"rules-outcome-{str(assessment.outcome).replace('_', '-')}",
        "zh": zh.outcome,
        "en": en.outcome,
    }
    missing: list[Canonical] = [
        {"code": one.code, "zh": one.text, "en": other.text}
        for one, other in zip(zh.missing, en.missing, strict=True)
    ]
    return [outcome, *missing]


def _in_both(code: str) -> Canonical:
    return {"code": code, "zh": message(code, "zh"), "en": message(code, "en")}


def _values_used(assessment: Assessment, gathered: Gathered) -> tuple[Value, ...]:
    cuts = (cut.value for cut in gathered.cuts if cut.value is not None)
    return distinct([*assessment.values, *gathered.values, *cuts])


def _clauses(values: Iterable[Value]) -> list[Canonical]:
    cited: dict[tuple[str, str], Canonical] = {}
    for value in values:
        for reference in value.references:
            cited[value.scheme, reference.id] = {
                "scheme": value.scheme,
                "reference": reference.id,
                "document": reference.document,
                "clause": reference.clause,
                "quote": reference.quote,
                "basis": str(value.basis),
            }
    return list(cited.values())


def _assumptions(values: Iterable[Value]) -> list[Canonical]:
    assumed: dict[tuple[str, str], Canonical] = {}
    for value in values:
        if value.basis == Basis.ASSUMPTION:
            assumed[value.scheme, value.key] = {
                "scheme": value.scheme,
                "key": value.key,
                "value": _plain(value.value),
                "reason": value.reason,
                "reason_en": value.reason_en,
            }
    return list(assumed.values())


def _adoptions(law: PackChain) -> dict[str, Canonical]:
    """Name what made a draft of the chain law; there is no such member where there is no draft."""
    terms: list[Canonical] = [
        {
            "pack": pack_id,
            "from": term.from_.isoformat(),
            "until": term.until.isoformat() if term.until else "",
            "document": term.document,
            "title": term.title,
        }
        for pack_id, pack_terms in sorted(law.adopted.items())
        for term in pack_terms
    ]
    return {"adoptions": terms} if terms else {}


def _plain(parameter: object) -> Canonical:
    """Return a typed rule value as plain data; what a rule leaves out is absent."""
    if is_dataclass(parameter):
        held = {each.name: getattr(parameter, each.name) for each in fields(parameter)}
        return {name: _plain(each) for name, each in held.items() if each is not None}
    if isinstance(parameter, Mapping):
        return {str(key): _plain(each) for key, each in parameter.items()}
    if isinstance(parameter, tuple):
        return [_plain(each) for each in parameter]
    return parameter if isinstance(parameter, bool | int) else str(parameter)


def _summary(assessment: Assessment, gathered: Gathered, law: PackChain) -> dict[str, Canonical]:
    cuts = zip(*(explain_cuts(gathered.cuts, language, law) for language in LANGUAGES), strict=True)
    return {
        "requirement": [
            {
                "year": line.first_year,
                "through": line.last_year,
                "subject": line.subject,
                "required": hours_text(line.required_centihours),
                "credited": hours_text(line.credited_centihours),
                "short": hours_text(line.short_centihours),
                "met": line.met,
                "key": line.value.key,
                "scheme": line.value.scheme,
            }
            for line in assessment.lines
        ],
        "credited": [
            {
                "year": row.year,
                "subject": row.subject,
                "counted": hours_text(row.counted_centihours),
                "capped": hours_text(row.capped_centihours),
                "migrated": hours_text(row.migrated_centihours),
            }
            for row in gathered.credited
        ],
        "cuts": [
            {
                "key": cut.key,
                "period": cut.period,
                "hours": hours_text(cut.centihours),
                "zh": zh.text,
                "en": en.text,
            }
            for cut, (zh, en) in zip(gathered.cuts, cuts, strict=True)
        ],
        "advice": [
            {
                "year": closing.first_year,
                "through": closing.last_year,
                "subject": closing.subject,
                "short": hours_text(closing.centihours),
            }
            for closing in assessment.closing
        ],
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
