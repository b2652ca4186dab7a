"""One signature for a whole list: its rows are leaves of a tree, whose root is signed once.

Each answer is proved by its place in the tree (docs/formats.md §15). A row that was refused is a
leaf as well, so whoever holds all of them sees that none was left out. The statement of an answer
has salts of its own; a refusal has one that is keyed, so that no leaf tells of its neighbours and
the same list gives the same tree, whoever ends it.
"""

import base64
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical, canonical_bytes, tagged_digest
from creditbank.errors import CreditBankError
from creditbank.keys import KeyStore, Signer, signer
from creditbank.ledger.merkle import HASH_BYTES, Growth, append, inclusion_proof, leaf_node, node
from creditbank.people.vault import Vault
from creditbank.registry.bank import the_bank
from creditbank.verification.models import (
    Verdict,
    VerdictBatch,
    VerdictBatchItem,
    VerdictTree,
    VerdictTreeTile,
)

TREE, LISTED = "creditbank/verdict-tree/v1", "creditbank/listed-verdict/v1"
REFUSAL = "creditbank/list-refusal/v1"
_TOKEN_TYPE = "creditbank-verdict-tree+jwt"  # noqa: S105 # a media type, no secret
_LEAF = "creditbank/list-leaf/v1"
_SALT_BYTES = 16


class Signing(StrEnum):
    """What is signed of a list: each answer, or the tree that they make."""

    ITEM = "item"
    TREE = "tree"


class VerdictUnsignedError(CreditBankError):
    """The answer is of a list that is signed as a whole, and whose tree is not signed yet."""

    code = "verdict-unsigned"
    status = 409


class ListedRow(NamedTuple):
    """A settled row of a list that is signed as a whole; `payload` is what its leaf covers."""

    row_no: int
    verdict_no: str
    outcome: str
    payload: bytes


class Place(NamedTuple):
    """Where an answer stands: its list, its place among the leaves, and the tree once signed."""

    batch_no: str
    leaf_index: int
    tree: VerdictTree | None


def signer_of_trees(keys: KeyStore, algorithm: str) -> Signer:
    """Return what signs roots of lists.

    Raises:
        AlgorithmUnknownError: neither Ed25519 nor ES256.
    """
    return signer(keys, algorithm, _TOKEN_TYPE)


def leaf_of(payload: bytes) -> bytes:
    """Return the leaf of an answer's statement, or of a refusal."""
    return tagged_digest(_LEAF, payload)


def refusal_payload(
    vault: Vault, host: str, batch_no: str, row_no: int, codes: Iterable[str]
) -> bytes:
    """Say that a row was refused and by which codes; the same row is told in the same bytes."""
    place = canonical_bytes([batch_no, row_no])
    salt = vault.fingerprint(tagged_digest(REFUSAL, place))[:_SALT_BYTES]
    return canonical_bytes(
        {
            "iss": host, "statement": REFUSAL, "list": batch_no, "row": row_no,
            "codes": [*codes], "salt": salt.hex(),
        }
    )  # fmt: skip


def growth_of(session: Session, batch_no: str) -> Growth:
    """Return the tree over the leaves of a list, every row of which is settled."""
    query = select(VerdictBatchItem.leaf).where(VerdictBatchItem.batch_no == batch_no)
    leaves = session.scalars(query.order_by(VerdictBatchItem.row_no)).all()
    return append(0, [leaf_node(leaf) for leaf in leaves if leaf is not None], _no_tile)


def signed_root(by: Signer, host: str, batch_no: str, growth: Growth, *, now: datetime) -> str:
    """Sign a tree as a compact JWS."""
    said: dict[str, Canonical] = {
        "iss": host, "iat": int(now.timestamp()), "statement": TREE, "list": batch_no,
        "size": growth.size, "root": growth.root.hex(),
    }  # fmt: skip
    return by.token(canonical_bytes(said))


def plant(session: Session, batch_no: str, growth: Growth, jws: str, *, now: datetime) -> None:
    """Keep a signed tree; a list has one for ever."""
    row = {
        "batch_no": batch_no, "size": growth.size, "root": growth.root, "jws": jws,
        "signed_at": now,
    }  # fmt: skip
    session.execute(insert(VerdictTree), [row])
    tiles = [
        {"batch_no": batch_no, "level": level, "position": position, "hashes": hashes}
        for (level, position), hashes in growth.tiles.items()
    ]
    session.execute(insert(VerdictTreeTile), tiles)


def place_of(session: Session, verdict: Verdict) -> Place | None:
    """Return where an answer stands among the leaves of its list; None if it is signed itself."""
    if not verdict.jws.startswith("{"):
        return None
    found = session.execute(
        select(VerdictBatchItem.batch_no, VerdictBatchItem.row_no).where(
            VerdictBatchItem.verdict_no == verdict.verdict_no
        )
    ).one()
    batch_no, row_no = found
    return Place(batch_no, leaves_through(session, batch_no, row_no - 1), _tree(session, batch_no))


def listed_verdict(session: Session, verdict: Verdict) -> dict[str, Any] | None:
    """Return what proves an answer of a list's tree; None if the answer is signed itself.

    Raises:
        VerdictUnsignedError: its list is not done.
    """
    place = place_of(session, verdict)
    if place is None:
        return None
    if place.tree is None:
        raise VerdictUnsignedError(verdict_no=verdict.verdict_no, batch_no=place.batch_no)
    tree = place.tree

    def read(level: int, position: int) -> bytes:
        return session.get_one(VerdictTreeTile, (tree.batch_no, level, position)).hashes

    proof = inclusion_proof(place.leaf_index, tree.size, read)
    return shown(tree.jws, place.leaf_index, proof, verdict.jws.encode())


def shown(jws: str, index: int, proof: Iterable[bytes], payload: bytes) -> dict[str, Any]:
    """Return `creditbank/listed-verdict/v1`: a leaf's bytes, its place and proof, and the root."""
    return {
        "statement": LISTED,
        "payload": base64.urlsafe_b64encode(payload).rstrip(b"=").decode("ascii"),
        "index": index,
        "proof": [each.hex() for each in proof],
        "tree": jws,
    }


class Proofs:
    """Every proof of a signed tree, for whoever hands all of its rows over."""

    def __init__(self, session: Session, tree: VerdictTree) -> None:
        self.jws = tree.jws
        query = select(VerdictTreeTile.hashes).where(
            VerdictTreeTile.batch_no == tree.batch_no, VerdictTreeTile.level == 0
        )
        row = b"".join(session.scalars(query.order_by(VerdictTreeTile.position)))
        nodes = [row[start : start + HASH_BYTES] for start in range(0, len(row), HASH_BYTES)]
        self._levels = _levels_over(nodes)

    def of(self, index: int) -> list[bytes]:
        """Return the inclusion proof of a leaf (RFC 9162 §2.1.3.1)."""
        proof = []
        for level in self._levels:
            sibling = index ^ 1
            if sibling < len(level):
                proof.append(level[sibling])
            index >>= 1
        return proof


def proofs_of(session: Session, batch: VerdictBatch) -> Proofs | None:
    """Return the proofs of a list; None as long as its tree is not signed."""
    tree = _tree(session, batch.batch_no)
    return Proofs(session, tree) if tree is not None else None


def leaves_through(session: Session, batch_no: str, row_no: int) -> int:
    """Count the rows of a list up to one: the place of the leaf behind them."""
    query = select(func.count()).where(
        VerdictBatchItem.batch_no == batch_no, VerdictBatchItem.row_no <= row_no
    )
    return session.scalar(query.select_from(VerdictBatchItem)) or 0


def listed_in(
    session: Session, vault: Vault, batch: VerdictBatch, *, after: int, limit: int
) -> list[ListedRow]:
    """Return settled rows of a list behind a row, answered or refused, in their order."""
    host = the_bank(session).host
    query = (
        select(VerdictBatchItem, Verdict)
        .outerjoin(Verdict, Verdict.verdict_no == VerdictBatchItem.verdict_no)
        .where(VerdictBatchItem.batch_no == batch.batch_no, VerdictBatchItem.row_no > after)
        .order_by(VerdictBatchItem.row_no)
    )
    return [
        ListedRow(
            item.row_no, item.verdict_no or "", item.outcome or item.state,
            verdict.jws.encode() if verdict is not None else _refused(vault, host, item),
        )
        for item, verdict in session.execute(query.limit(limit))
    ]  # fmt: skip


def _refused(vault: Vault, host: str, item: VerdictBatchItem) -> bytes:
    codes = [str(each["code"]) for each in json.loads(item.problems)]
    return refusal_payload(vault, host, item.batch_no, item.row_no, codes)


def _tree(session: Session, batch_no: str) -> VerdictTree | None:
    return session.get(VerdictTree, batch_no)


def _levels_over(nodes: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Return the nodes of each level below the root; one without a sibling rises as it is."""
    levels: list[Sequence[bytes]] = []
    while len(nodes) > 1:
        levels.append(nodes)
        pairs = zip(nodes[::2], nodes[1::2], strict=False)
        nodes = [*(node(left, right) for left, right in pairs), *nodes[len(nodes) & ~1 :]]
    return levels


def _no_tile(level: int, position: int) -> bytes:
    raise AssertionError(f"an empty tree has no tile {level}/{position}")
