"""Rule packs: proposed by one official, published by another, read by anybody."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from creditbank.api.bodies import TomlFile
from creditbank.api.endpoints import Call, Door, Public
from creditbank.errors import CreditBankError
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.registry.lawbook import (
    PackNotProposedError,
    PackVersionTakenError,
    SecondPersonWantedError,
    propose_pack,
    publish_pack,
    published_packs,
)
from creditbank.registry.lookups import pack_version
from creditbank.registry.models import PublishedPack
from creditbank.rules.fields import (
    PackInvalidError,
    PackKeyMissingError,
    PackKeyUnknownError,
    PackSyntaxError,
)
from creditbank.rules.loader import (
    PackChainError,
    PackMissingError,
    PackOverlapError,
    PackReferenceUnknownError,
    PackUncitedError,
    load_pack,
)
from creditbank.rules.pack import Pack
from creditbank.schemas.registry import PackAnswer, PacksAnswer

_PLAIN = "text/plain; charset=utf-8"
_FOR_EVER = "public, max-age=31536000, immutable"
_CONTENT_REFUSALS = (
    PackSyntaxError, PackInvalidError, PackKeyUnknownError, PackKeyMissingError, PackUncitedError,
    PackReferenceUnknownError, PackOverlapError,
)  # fmt: skip

packs = Door("packs", __name__, description="The law as dated, cited data.")


class NestingTooDeepError(CreditBankError):
    """The file is nested beyond what can be read."""

    code = "nesting-too-deep"
    status = 422


@packs.post(
    "/packs",
    Scope.RULES_PROPOSE,
    status=201,
    body=TomlFile(),
    answer=PackAnswer(),
    refuses=(RegionForeignError, PackVersionTakenError, NestingTooDeepError, *_CONTENT_REFUSALS),
)
def propose_rules(call: Call, session: Session) -> Pack:
    """Put a version of a pack, as the bytes of its file, before a second official."""
    try:
        call.client.require_region(load_pack(call.body, file="pack.toml").jurisdiction)
        return propose_pack(session, call.body, actor=call.client.client_id, now=call.now)
    except RecursionError as error:
        raise NestingTooDeepError from error


@packs.post(
    "/packs/<public:pack_id>/<count:version>/publication",
    Scope.RULES_PUBLISH,
    answer=PackAnswer(),
    refuses=(
        RegionForeignError, PackNotProposedError, SecondPersonWantedError, PackMissingError,
        PackChainError,
    ),
)  # fmt: skip
def publish_rules(call: Call, session: Session, pack_id: str, version: int) -> Pack:
    """Put a proposed version in force, as a second official."""
    proposed = pack_version(session, pack_id, version, published=False)
    call.client.require_region(load_pack(proposed.content, file="pack.toml").jurisdiction)
    actor = call.client.client_id
    return publish_pack(session, pack_id, version, actor=actor, now=call.now)


@packs.get("/packs", Public.ANYBODY, answer=PacksAnswer())
def list_packs(_call: Call, session: Session) -> dict[str, Any]:
    """List the packs in force, each with the digest of its bytes."""
    found = published_packs(session)
    return {"packs": [found[pack_id] for pack_id in sorted(found)]}


@packs.get(
    "/packs/<public:pack_id>/<count:version>",
    Public.ANYBODY,
    files={_PLAIN: 'id = "cn-3710"'},
    refuses=(PackNotProposedError,),
)
def read_pack(_call: Call, session: Session, pack_id: str, version: int) -> Response:
    """Return a published version, byte for byte."""
    return _bytes_of(pack_version(session, pack_id, version, published=True), _FOR_EVER)


@packs.get(
    "/packs/<public:pack_id>/<count:version>/proposal",
    Scope.RULES_PUBLISH,
    files={_PLAIN: 'id = "cn-3710"'},
    refuses=(PackNotProposedError,),
)
def read_proposal(_call: Call, session: Session, pack_id: str, version: int) -> Response:
    """Return a version that waits for its second official, byte for byte."""
    return _bytes_of(pack_version(session, pack_id, version, published=False), "no-store")


def _bytes_of(pack: PublishedPack, cache: str) -> Response:
    headers = {"Cache-Control": cache, "X-Content-Type-Options": "nosniff"}
    return Response(pack.content, content_type=_PLAIN, headers=headers)
