"""Laying a record open: each entry with its salt, its body, its facts and its proof."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical
from creditbank.crediting.engineer_certificates import certificates_held
from creditbank.ledger.bodies import bodies_of
from creditbank.ledger.leaves import EntryBody, entry_salt
from creditbank.ledger.logs import Place, places_of_entries, tile_reader
from creditbank.ledger.merkle import ReadTile, inclusion_proof
from creditbank.ledger.models import Entry, Seal
from creditbank.ledger.posting import PersonErasedError
from creditbank.orm import among
from creditbank.people.register import secrets_of
from creditbank.people.vault import Vault
from creditbank.verification.gathering import Gathered
from creditbank.verification.questions import Ask


class Disclosing:
    """The records of some people, ready to be laid open."""

    def __init__(self, session: Session, vault: Vault, gathered: Sequence[Gathered]) -> None:
        """Read what all of them need at once."""
        self._session, self._vault = session, vault
        entries = [entry for each in gathered for entry in each.entries]
        people = sorted({entry.person_id for entry in entries})
        wanted = {entry.leaf for entry in entries}
        query = select(Entry).where(among(session, Entry.person_id, people))
        rows = [row for row in session.scalars(query) if row.leaf in wanted]
        self._facts = {held.credit.leaf: held.facts for each in gathered for held in each.credits}
        self._bodies = bodies_of(session, rows, self._facts)
        self._places = places_of_entries(session, rows)
        self._secrets = secrets_of(session, vault, people)
        self._tiles = {
            log_id: _remembering(tile_reader(session, log_id))
            for log_id in {place.log_id for place in self._places.values()}
        }

    def entries_of(self, gathered: Gathered) -> list[Canonical]:
        """Return the entries of one person.

        Raises:
            PersonErasedError: their salts are gone.
        """
        if any(entry.person_id not in self._secrets for entry in gathered.entries):
            raise PersonErasedError
        heads = {head.log_id: head.checkpoint for head in gathered.heads}
        disclosed: list[Canonical] = []
        for entry in gathered.entries:
            body, place = self._bodies[entry.leaf], self._places[entry.leaf]
            size = heads[place.log_id].size
            shown = _shown(body, self._secrets[entry.person_id], self._facts.get(entry.leaf, "{}"))
            disclosed.append(
                {
                    "leaf": entry.leaf.hex(),
                    **shown,
                    "origin": heads[place.log_id].origin,
                    "index": place.index,
                    "proof": self._proof(place, size),
                }
            )
        return disclosed

    def certificates_of(
        self, people: Sequence[int], ask: Ask, seal: Seal | None
    ) -> dict[str, Canonical]:
        """Tell the certificates of digital-technology engineers that stood recorded by then; no
        member where there are none."""
        if seal is None:
            return {}
        held = certificates_held(
            self._session, self._vault, people, scheme=ask.scheme, known_at=seal.sealed_at,
            as_of=ask.as_of,
        )  # fmt: skip
        found: list[Canonical] = [
            {
                "record": each.record_no, "filing": each.filing_no, "paper": each.paper,
                "number": each.number, "issuer": each.issuer, "occupation": each.occupation,
                "grade": each.grade, "issued_on": each.issued_on.isoformat(),
            }
            for each in held
        ]  # fmt: skip
        return {"engineer_certificates": found} if found else {}

    def _proof(self, place: Place, size: int) -> list[Canonical]:
        return [
            each.hex() for each in inclusion_proof(place.index, size, self._tiles[place.log_id])
        ]


def _shown(body: EntryBody, secret: bytes, facts: str) -> Mapping[str, Canonical]:
    return {
        "salt": entry_salt(secret, body).hex(),
        "body": body.to_canonical(),
        "facts": json.loads(facts),
    }


def _remembering(read: ReadTile) -> ReadTile:
    return lru_cache(maxsize=None)(read)
