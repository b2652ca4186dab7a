"""A statement that anybody can check: `creditbank/statement/v1`, `v2` (docs/formats.md).

Each line carries what rebuilds its leaf and leads from there to a signed checkpoint; the bank signs
the whole. Name and last four stand there as on a printed statement, and no number: a digest of it
would give the number away to whoever tries them all.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical
from creditbank.clock import civil_day, instant_text
from creditbank.crediting.balances import known_entries
from creditbank.crediting.carried import CarriedOver
from creditbank.crediting.fold import facts_key, facts_of
from creditbank.crediting.proofs import stated_head
from creditbank.crediting.statements import Statement, StatementAsk, statement_of, with_carried
from creditbank.crediting.telling import Line
from creditbank.hours import hours_text
from creditbank.keys import KeyStore, signed_jws
from creditbank.ledger.bodies import bodies_of
from creditbank.ledger.leaves import entry_salt
from creditbank.ledger.logs import Head, heads_at, last_seal, tile_reader
from creditbank.ledger.merkle import inclusion_proof
from creditbank.ledger.models import Entry, Log, Movement
from creditbank.ledger.posting import PersonErasedError
from creditbank.people.documents import last_characters
from creditbank.people.register import Identity, secrets_of
from creditbank.people.vault import Vault
from creditbank.registry.bank import the_bank
from creditbank.rules.carry_over import CarriedHours, CarryingYear
from creditbank.rules.minima import minima_of

STATEMENT = "creditbank/statement/v1"
#: with what is carried over and lapses; where nothing is, v1 says all
CARRYING = "creditbank/statement/v2"
TOKEN_TYPE = "creditbank-statement+jwt"  # noqa: S105  a media type, no secret
JWS_TYPE = "application/jose"


@dataclass(frozen=True, slots=True)
class Holding:
    """Whose statement is to be signed: every key of one person, and who they are."""

    people: Sequence[int]
    identity: Identity = field(repr=False)


def signable(
    session: Session, vault: Vault, holding: Holding, ask: StatementAsk, *, now: datetime
) -> dict[str, Canonical]:
    """Write down the statement as it is signed; what waits for its place in a log is only counted.

    Raises:
        PersonErasedError: the secret behind the salts was erased.
        PackMissingError, PackDraftError: caps are to be folded again, and there is no law for it.
    """
    seal = last_seal(session, ask.times.known_at)
    known_at = ask.times.known_at or (seal.sealed_at if seal else now)
    sealed = replace(ask, times=replace(ask.times, known_at=known_at))
    statement = statement_of(session, holding.people, sealed)
    statement = with_carried(session, holding.people, statement, civil_day(now))
    heads = _heads(session, statement, known_at)
    carried = _carried(statement.carried) if _is_whole(ask) else []
    return {
        "iss": the_bank(session).host,
        "statement": CARRYING if carried else STATEMENT,
        **({"carried": carried} if carried else {}),
        "made_at": instant_text(now),
        "holder": _holder(holding.identity),
        "scheme": ask.scheme,
        "asked": _asked(ask),
        "known_at": instant_text(statement.known_at) if statement.known_at else "",
        "pending": {"entries": _pending(session, holding.people, ask.scheme, known_at)},
        "opening": hours_text(statement.opening_centihours),
        "in": hours_text(statement.in_centihours),
        "out": hours_text(statement.out_centihours),
        "closing": hours_text(statement.closing_centihours),
        "count": statement.count,
        "heads": [stated_head(heads[origin]) for origin in sorted(heads)],
        "lines": _lines(session, vault, holding.people, statement, heads),
    }


def signed_statement(keys: KeyStore, algorithm: str, payload: dict[str, Canonical]) -> bytes:
    """Sign a statement as a compact JWS, as it is handed over.

    Raises:
        AlgorithmUnknownError: neither Ed25519 nor ES256.
    """
    return signed_jws(keys, algorithm, TOKEN_TYPE, payload).encode("ascii")


def _holder(identity: Identity) -> Canonical:
    document = identity.document
    return {
        "name": identity.name,
        "document_kind": str(document.kind),
        "last_four": last_characters(document),
    }


def _asked(ask: StatementAsk) -> Canonical:
    """Repeat what narrows the lines; what was not asked for is not there."""
    said: dict[str, Canonical] = {}
    if ask.from_ is not None:
        said["from"] = ask.from_.isoformat()
    if ask.times.as_of is not None:
        said["as_of"] = ask.times.as_of.isoformat()
    if ask.year is not None:
        said["year"] = ask.year
    if ask.source_no:
        said["source"] = ask.source_no
    return said


def _is_whole(ask: StatementAsk) -> bool:
    """Tell whether the lines hold all that the years hold: else nobody could weigh them."""
    return ask.from_ is None and ask.year is None and not ask.source_no


def _carried(carried: CarriedOver) -> list[Canonical]:
    return [_carrying(carried, each) for each in carried.years]


def _carrying(carried: CarriedOver, year: CarryingYear) -> Canonical:
    """Tell what one year asks for, what came and went, and what is left of its surplus."""
    assert carried.law is not None, "without a law nothing is carried"
    return {
        "year": year.year,
        "minima": [
            {"subject": each.subject, "hours": hours_text(each.centihours)}
            for each in minima_of(year.year, carried.law)
        ],
        "rules": [{"key": rule.key, "scheme": rule.scheme} for rule in year.rules],
        "came": [_moved(each, each.giving_year) for each in year.came],
        "went": [_moved(each, each.taking_year) for each in year.went],
        "surplus": hours_text(year.surplus_centihours),
        "open": hours_text(year.open_centihours),
        "lapsed": hours_text(year.lapsed_centihours),
        "last_year": year.last_year,
        "zh": carried.said(year, "zh"),
        "en": carried.said(year, "en"),
    }


def _moved(hours: CarriedHours, other: int) -> Canonical:
    return {"year": other, "subject": hours.subject, "hours": hours_text(hours.centihours)}


def _pending(session: Session, people: Sequence[int], scheme: str, known_at: datetime) -> int:
    every, _ = known_entries(session, people, scheme, None)
    known, _ = known_entries(session, people, scheme, known_at)
    return len(every) - len(known)


def _heads(session: Session, statement: Statement, known_at: datetime) -> dict[str, Head]:
    """Return the head of each log in which a line stands, as of the checkpoint."""
    origins = {line.origin for line in statement.lines if line.origin}
    logs = session.scalars(select(Log).where(Log.origin.in_(origins)))
    seal = last_seal(session, known_at)
    heads = [
        head
        for jurisdiction in sorted({log.jurisdiction for log in logs})
        for head in heads_at(session, seal, jurisdiction)
    ]
    return {head.checkpoint.origin: head for head in heads if head.checkpoint.origin in origins}


def _lines(
    session: Session, vault: Vault, people: Sequence[int], statement: Statement,
    heads: dict[str, Head],
) -> list[Canonical]:  # fmt: skip
    entries = _disclosed(session, vault, people, statement)
    readers = {origin: cache(tile_reader(session, head.log_id)) for origin, head in heads.items()}
    lines: list[Canonical] = []
    for number, line in enumerate(statement.lines, start=1):
        said = _said(number, line)
        if line.leaf:
            assert line.index is not None, "what is known at a checkpoint has its place"
            size = heads[line.origin].checkpoint.size
            proof = inclusion_proof(line.index, size, readers[line.origin])
            said["entry"] = {
                **entries[line.leaf], "origin": line.origin, "index": line.index,
                "proof": [node.hex() for node in proof],
            }  # fmt: skip
        else:
            said["worked_out"] = _worked_out(line)
        lines.append(said)
    return lines


def _said(number: int, line: Line) -> dict[str, Canonical]:
    return {
        "no": number,
        "in": hours_text(line.in_centihours),
        "out": hours_text(line.out_centihours),
        "counted": hours_text(line.counted_centihours),
        "title": line.source.title,
        "provider": line.source.given_by,
        "zh": line.said("zh"),
        "en": line.said("en"),
    }


def _worked_out(line: Line) -> Canonical:
    """Tell what caps hold otherwise as of the day, by each cap, so that it can be summed again."""
    return {
        "credit": line.credit_leaf,
        "movement": line.movement,
        "hours": hours_text(line.in_centihours + line.out_centihours),
        "cuts": [
            {"key": cut.key, "period": cut.period, "hours": hours_text(cut.centihours)}
            for cut in line.cuts
        ],
    }


def _disclosed(
    session: Session, vault: Vault, people: Sequence[int], statement: Statement
) -> dict[str, dict[str, Canonical]]:
    """Return, by leaf in hex, what rebuilds each entry of a line."""
    told = {line.leaf for line in statement.lines}
    known, _ = known_entries(session, people, statement.ask.scheme, None)
    entries = [entry for entry in known if entry.leaf.hex() in told]
    secrets = secrets_of(session, vault, people)
    if any(entry.person_id not in secrets for entry in entries):
        raise PersonErasedError
    facts = _facts(session, entries)
    bodies = bodies_of(session, entries, facts)
    return {
        entry.leaf.hex(): {
            "leaf": entry.leaf.hex(),
            "salt": entry_salt(secrets[entry.person_id], bodies[entry.leaf]).hex(),
            "body": bodies[entry.leaf].to_canonical(),
            "facts": json.loads(facts.get(entry.leaf, "{}")),
        }
        for entry in entries
    }


def _facts(session: Session, entries: Sequence[Entry]) -> dict[bytes, str]:
    credits = [entry for entry in entries if entry.movement == Movement.CREDIT]
    rows = facts_of(session, credits)
    return {credit.leaf: rows[facts_key(credit)].facts for credit in credits}
