"""What `ledger fsck` checks of lists that are signed as a whole: the tree is made again.

Each leaf of an answer is hashed anew from its statement, each tile and the root from the leaves,
and the token says this root. What a refusal's leaf covers is keyed, so that leaf is taken as it is;
whether the signature is good anybody can tell with the public keys.
"""

import base64
import json
from collections.abc import Iterator

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from creditbank.ledger.disagreement import Disagreement
from creditbank.ledger.unreadable import unreadable_rows
from creditbank.verification.batches import BatchState, ItemState
from creditbank.verification.list_trees import growth_of, leaf_of
from creditbank.verification.models import (
    Verdict,
    VerdictBatch,
    VerdictBatchItem,
    VerdictTree,
    VerdictTreeTile,
)

_CODE = "fsck-list-tree"
_TABLES = ("verdict_batch", "verdict_tree")
_CHUNK = 1_000


def check_list_trees(session: Session) -> Iterator[Disagreement]:
    """Check every signed tree against the rows of its list, and that no list lacks its tree.

    Args:
        session: a snapshot.

    Yields:
        Each list that disagrees, by its number.
    """
    readable = True
    for row in unreadable_rows(session, _TABLES):
        readable = False
        yield row
    if not readable:
        return
    for tree in session.scalars(select(VerdictTree).order_by(VerdictTree.batch_no)).all():
        if not _agrees(session, tree):
            yield Disagreement(_CODE, "verdict_tree", tree.batch_no)
    with_leaves = exists().where(
        VerdictBatchItem.batch_no == VerdictBatch.batch_no, VerdictBatchItem.leaf.is_not(None)
    )
    treeless = select(VerdictBatch.batch_no).where(
        VerdictBatch.state == str(BatchState.DONE), with_leaves,
        ~exists().where(VerdictTree.batch_no == VerdictBatch.batch_no),
    )  # fmt: skip
    for batch_no in session.scalars(treeless.order_by(VerdictBatch.batch_no)):
        yield Disagreement(_CODE, "verdict_batch", batch_no)


def _agrees(session: Session, tree: VerdictTree) -> bool:
    of_list = VerdictBatchItem.batch_no == tree.batch_no
    rows = session.scalar(select(func.count()).select_from(VerdictBatchItem).where(of_list))
    growth = growth_of(session, tree.batch_no)
    tiles = select(VerdictTreeTile).where(VerdictTreeTile.batch_no == tree.batch_no)
    kept = {(each.level, each.position): bytes(each.hashes) for each in session.scalars(tiles)}
    return (
        (rows, growth.size, growth.root) == (tree.size, tree.size, tree.root)
        and kept == dict(growth.tiles)
        and _said(tree) == (tree.batch_no, tree.size, tree.root.hex())
        and _leaves_agree(session, tree.batch_no)
    )


def _said(tree: VerdictTree) -> tuple[object, ...] | None:
    """Return what the token says of its tree; None where it cannot be read."""
    try:
        _header, payload, _signature = tree.jws.split(".")
        said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return said["list"], said["size"], said["root"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _leaves_agree(session: Session, batch_no: str) -> bool:
    """Tell whether each answered row's leaf is that of the statement that is kept."""
    query = (
        select(VerdictBatchItem.state, VerdictBatchItem.leaf, Verdict.jws)
        .outerjoin(Verdict, Verdict.verdict_no == VerdictBatchItem.verdict_no)
        .where(VerdictBatchItem.batch_no == batch_no)
        .execution_options(yield_per=_CHUNK)
    )
    wrong = 0  # every row is read, so that no cursor stays open
    for state, leaf, said in session.execute(query):
        refused = state == ItemState.REFUSED and said is None
        answered = state == ItemState.ANSWERED and said is not None
        wrong += not (refused or (answered and leaf_of(said.encode()) == leaf))
    return wrong == 0
