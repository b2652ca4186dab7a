"""The public logs as JSON: which there are, what they contain, that they only grew."""

from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.api.endpoints import Call, Door, Public
from creditbank.ledger.checkpoint import tlog_proof
from creditbank.ledger.logs import LogUnknownError
from creditbank.ledger.merkle import LeafNotInTreeError, TreeSizeNotReachedError
from creditbank.ledger.proving import (
    CheckpointUnknownError,
    Inclusion,
    listed_logs,
    prove_consistency,
    prove_inclusion,
)
from creditbank.schemas.records import (
    ConsistencyAnswer,
    ConsistencyQuery,
    LogsAnswer,
    ProofAnswer,
    ProofQuery,
)

PLAIN = "text/plain"

proofs = Door("proofs", __name__, description="Public logs, and proofs out of them.")


@proofs.get("/logs", Public.ANYBODY, answer=LogsAnswer())
def list_logs(_call: Call, session: Session) -> dict[str, Any]:
    """List the public logs with their verifier keys and newest signed sizes."""
    return {"logs": listed_logs(session)}


@proofs.get(
    "/proofs",
    Public.ANYBODY,
    query=ProofQuery(),
    answer=ProofAnswer(),
    files={PLAIN: "c2sp.org/tlog-proof@v1"},
    refuses=(LogUnknownError, CheckpointUnknownError, LeafNotInTreeError),
)
def read_proof(call: Call, session: Session) -> dict[str, Any] | Response:
    """Prove that a leaf is in a log; as C2SP tlog-proof alone if text/plain is asked for."""
    query = call.query
    proof = prove_inclusion(session, query["origin"], query["index"], query["size"])
    text = tlog_proof(proof.index, proof.hashes, proof.head.note)
    if request.accept_mimetypes.best_match(["application/json", PLAIN]) == PLAIN:
        return Response(text, content_type="text/plain; charset=utf-8")
    return {**_shaped(proof), "tlog_proof": text}


@proofs.get(
    "/consistency",
    Public.ANYBODY,
    query=ConsistencyQuery(),
    answer=ConsistencyAnswer(),
    refuses=(LogUnknownError, CheckpointUnknownError, TreeSizeNotReachedError),
)
def read_consistency(call: Call, session: Session) -> dict[str, Any]:
    """Prove that a log only grew between two of its checkpoints."""
    query = call.query
    proof = prove_consistency(session, query["origin"], query["older"], query["newer"])
    return {
        "origin": query["origin"],
        "older_size": proof.older.checkpoint.size,
        "newer_size": proof.newer.checkpoint.size,
        "hashes": [each.hex() for each in proof.hashes],
        "vkey": proof.newer.vkey,
        "older_checkpoint": proof.older.note,
        "newer_checkpoint": proof.newer.note,
    }


def _shaped(proof: Inclusion) -> dict[str, Any]:
    checkpoint = proof.head.checkpoint
    return {
        "origin": checkpoint.origin,
        "index": proof.index,
        "size": checkpoint.size,
        "leaf": proof.leaf.hex(),
        "hashes": [each.hex() for each in proof.hashes],
        "root": checkpoint.root.hex(),
        "vkey": proof.head.vkey,
        "checkpoint": proof.head.note,
    }
