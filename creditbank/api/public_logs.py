"""The public logs as static files at their origin, and the keys of verdicts.

Whatever a checkpoint covers never changes: full tiles may be cached for ever, checkpoints hardly.
"""

from flask import Response, json
from sqlalchemy.orm import Session

from creditbank.api.endpoints import Call, Door, Public, Unit
from creditbank.house import current_house
from creditbank.keys import public_jwk
from creditbank.ledger.logs import LogUnknownError
from creditbank.ledger.merkle import TILE_WIDTH
from creditbank.ledger.proving import (
    CheckpointUnknownError,
    TileUnpublishedError,
    head_of,
    tile_content,
)
from creditbank.ledger.tiles import TilePathInvalidError, parse_path
from creditbank.registry.bank import BankNotFoundedError, the_bank

_CHECKPOINT_CACHE = "public, max-age=1"
_PARTIAL_CACHE = "public, max-age=3600"
_FULL_CACHE = "public, max-age=31536000, immutable"
_KEYS_CACHE = "public, max-age=300"
_JWKS = "application/jwk-set+json"

public_logs = Door("public logs", __name__, description="Static files of the logs; verdict keys.")


@public_logs.get(
    "/ledger/<public:jurisdiction>/<count:year>/checkpoint",
    Public.ANYBODY,
    files={"text/plain": "bank.example/ledger/cn-3710/2026\n…"},
    refuses=(LogUnknownError, CheckpointUnknownError, BankNotFoundedError),
)
def read_checkpoint(_call: Call, session: Session, jurisdiction: str, year: int) -> Response:
    """Return a log's newest signed checkpoint (C2SP tlog-checkpoint)."""
    note = head_of(session, _origin(session, jurisdiction, year)).note
    return _public(note, "text/plain; charset=utf-8", _CHECKPOINT_CACHE)


@public_logs.get(
    "/ledger/<public:jurisdiction>/<count:year>/tile/<path:rest>",
    Public.ANYBODY,
    files={"application/octet-stream": "up to 256 hashes, or entries"},
    refuses=(LogUnknownError, TilePathInvalidError, TileUnpublishedError, BankNotFoundedError),
)
def read_tile(_call: Call, session: Session, jurisdiction: str, year: int, rest: str) -> Response:
    """Return a hash tile or a bundle of entries (C2SP tlog-tiles)."""
    address = parse_path(f"tile/{rest}")
    content = tile_content(session, _origin(session, jurisdiction, year), address)
    cache = _FULL_CACHE if address.width == TILE_WIDTH else _PARTIAL_CACHE
    return _public(content, "application/octet-stream", cache)


@public_logs.get(
    "/.well-known/jwks.json",
    Public.ANYBODY,
    unit=Unit.OWN,
    writes=False,
    files={_JWKS: {"keys": []}},
)
def read_verdict_keys(_call: Call) -> Response:
    """Return the public half of every key that ever signed verdicts, as a JWK Set (RFC 7517)."""
    keys = current_house().keys
    found = [*keys.every("verdict-ed25519"), *keys.every("verdict-es256")]
    return _public(json.dumps({"keys": [public_jwk(key) for key in found]}), _JWKS, _KEYS_CACHE)


def _public(content: str | bytes, media_type: str, cache: str) -> Response:
    headers = {"Cache-Control": cache, "Access-Control-Allow-Origin": "*"}
    return Response(content, content_type=media_type, headers=headers)


def _origin(session: Session, jurisdiction: str, year: int) -> str:
    return f"{the_bank(session).host}/ledger/{jurisdiction}/{year}"
