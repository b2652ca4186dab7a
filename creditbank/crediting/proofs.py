"""The proof of one credit, for whoever it was given to: `creditbank/proof/v1` (docs/formats.md).

It holds all that rebuilds the leaf of the credit and of each later movement on it, and the hashes
that lead from there to a signed checkpoint, so that anybody can check it without the bank.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical
from creditbank.clock import instant_text
from creditbank.crediting.explanations import EntryUnknownError, credit_with_leaf
from creditbank.crediting.fold import facts_key, facts_of
from creditbank.ledger.bodies import bodies_of
from creditbank.ledger.leaves import EntryBody, entry_salt
from creditbank.ledger.logs import Head, NotSealedError, place_of_entry
from creditbank.ledger.models import Entry, Log, Movement
from creditbank.ledger.posting import PersonErasedError
from creditbank.ledger.proving import Inclusion, prove_inclusion
from creditbank.people.register import secrets_of
from creditbank.people.vault import Vault
from creditbank.registry.bank import the_bank

STATEMENT = "creditbank/proof/v1"


@dataclass(frozen=True, slots=True)
class ProvedEntry:
    """One entry with what rebuilds its leaf; `inclusion` is None while it waits for its place."""

    entry: Entry
    body: EntryBody
    salt: bytes
    #: canonical JSON; empty for later movements
    facts: str
    inclusion: Inclusion | None


def own_credit(session: Session, people: Sequence[int], leaf: bytes) -> Entry:
    """Return a credit of a person by its leaf.

    Raises:
        EntryUnknownError: there is none, or it is somebody else's.
    """
    credit = credit_with_leaf(session, leaf)
    if credit.person_id not in people:
        raise EntryUnknownError(leaf=leaf.hex())
    return credit


def proof_of(session: Session, vault: Vault, credit: Entry) -> list[ProvedEntry]:
    """Return a credit and every later movement on it, in the order in which they were recorded.

    Raises:
        PersonErasedError: the secret behind the salts was erased.
    """
    secret = secrets_of(session, vault, [credit.person_id]).get(credit.person_id)
    if secret is None:
        raise PersonErasedError
    entries = session.scalars(
        select(Entry)
        .where(Entry.person_id == credit.person_id, Entry.scheme == credit.scheme)
        .where(Entry.occasion == credit.occasion, Entry.revision == credit.revision)
    ).all()
    text = facts_of(session, [credit])[facts_key(credit)].facts
    bodies = bodies_of(session, entries, {credit.leaf: text})
    return [
        ProvedEntry(
            entry=entry,
            body=bodies[entry.leaf],
            salt=entry_salt(secret, bodies[entry.leaf]),
            facts=text if entry.movement == Movement.CREDIT else "",
            inclusion=_inclusion(session, entry),
        )
        for entry in sorted(entries, key=_order)
    ]


def proof_file(
    session: Session, proved: Sequence[ProvedEntry], *, now: datetime
) -> dict[str, Canonical]:
    """Write a proof down; movements that wait for their place are left for a later one.

    Raises:
        NotSealedError: the credit itself waits.
    """
    heads: dict[str, Head] = {}
    entries: list[Canonical] = []
    for each in proved:
        if each.inclusion is None:
            if each.entry.movement == Movement.CREDIT:
                raise NotSealedError
            continue
        head = each.inclusion.head
        heads[head.checkpoint.origin] = head
        entries.append(
            {
                "leaf": each.entry.leaf.hex(),
                "salt": each.salt.hex(),
                "body": each.body.to_canonical(),
                "facts": json.loads(each.facts or "{}"),
                "origin": head.checkpoint.origin,
                "index": each.inclusion.index,
                "proof": [node.hex() for node in each.inclusion.hashes],
            }
        )
    return {
        "statement": STATEMENT,
        "iss": the_bank(session).host,
        "made_at": instant_text(now),
        "heads": [stated_head(heads[origin]) for origin in sorted(heads)],
        "entries": entries,
    }


def _inclusion(session: Session, entry: Entry) -> Inclusion | None:
    try:
        place = place_of_entry(session, entry)
    except NotSealedError:
        return None
    return prove_inclusion(session, session.get_one(Log, place.log_id).origin, place.index)


def _order(entry: Entry) -> tuple[bool, datetime, int]:
    return entry.movement != Movement.CREDIT, entry.recorded_at, entry.entry_id


def stated_head(head: Head) -> Canonical:
    """Write down a log at one checkpoint, with all that its signature is checked by."""
    return {
        "origin": head.checkpoint.origin,
        "size": head.checkpoint.size,
        "root": head.checkpoint.root.hex(),
        "vkey": head.vkey,
        "checkpoint": head.note,
    }
