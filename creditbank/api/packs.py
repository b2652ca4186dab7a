"""Rule packs: proposed by one official, reviewed and published by another, read by anybody."""

import hashlib
from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.api.bodies import Content, JsonBody, TomlFile
from creditbank.api.endpoints import Call, Door, Public
from creditbank.errors import CreditBankError
from creditbank.ids import jurisdiction_contains
from creditbank.registry.clients import Client, RegionForeignError, Scope
from creditbank.registry.lawbook import adoptions, parsed, published_packs
from creditbank.registry.lookups import pack_version, waiting_packs
from creditbank.registry.models import PublishedPack
from creditbank.registry.publishing import (
    CorrigendumEmptyError,
    PackClosedError,
    PackEditedError,
    PackNotProposedError,
    PackNotReviewedError,
    PackVersionTakenError,
    ProposerWantedError,
    SecondPersonWantedError,
    changes_of,
    mends,
    propose_pack,
    publish_pack,
    return_pack,
    review_pack,
    withdraw_pack,
)
from creditbank.rules.changes import NameChanged
from creditbank.rules.fields import (
    PackInvalidError,
    PackKeyMissingError,
    PackKeyUnknownError,
    PackSyntaxError,
)
from creditbank.rules.loader import (
    PackChainError,
    PackMissingError,
    PackNameTwiceError,
    PackOverlapError,
    PackReferenceUnknownError,
    PackUncitedError,
    load_pack,
)
from creditbank.rules.pack import Pack, Value
from creditbank.schemas.law import (
    ChangesAnswer,
    PackAnswer,
    PacksAnswer,
    ProposalQuery,
    ReasonBody,
)
from creditbank.verification.impact_runs import last_impact, told

_PLAIN = "text/plain; charset=utf-8"
_FOR_EVER = "public, max-age=31536000, immutable"
_CONTENT_REFUSALS = (
    PackSyntaxError, PackInvalidError, PackKeyUnknownError, PackKeyMissingError, PackUncitedError,
    PackReferenceUnknownError, PackOverlapError, PackNameTwiceError,
)  # fmt: skip
_STEP_REFUSALS = (RegionForeignError, PackNotProposedError, PackClosedError)
_REASON_EXAMPLE = {"reason": "第三条的引文与原文不符"}

packs = Door("packs", __name__, description="The law as dated, cited data.")


class NestingTooDeepError(CreditBankError):
    """The file is nested beyond what can be read."""

    code = "nesting-too-deep"
    status = 422


class ProposedFile(TomlFile):
    """A rule pack; the same bytes as another kind of proposal are another content."""

    def read(self) -> Content:
        """Read the bytes."""
        content = super().read()
        query = hashlib.sha256(request.query_string).digest() if request.query_string else b""
        return Content(content.value, content.said + query)


@packs.post(
    "/packs",
    Scope.RULES_PROPOSE,
    status=201,
    query=ProposalQuery(),
    body=ProposedFile(),
    answer=PackAnswer(),
    refuses=(
        RegionForeignError, PackVersionTakenError, PackClosedError, CorrigendumEmptyError,
        NestingTooDeepError, *_CONTENT_REFUSALS,
    ),
)  # fmt: skip
def propose_rules(call: Call, session: Session) -> dict[str, Any]:
    """Put a version of a pack, as the bytes of its file, before a second official."""
    try:
        _require_regions(session, call.client, load_pack(call.body, file="pack.toml"))
    except RecursionError as error:
        raise NestingTooDeepError from error
    actor, corrigendum = call.client.client_id, call.query["corrigendum"]
    pack = propose_pack(session, call.body, actor=actor, now=call.now, corrigendum=corrigendum)
    return _shaped(session, pack)


@packs.post(
    "/packs/<public:pack_id>/<count:version>/review",
    Scope.RULES_PUBLISH,
    answer=PackAnswer(),
    refuses=(*_STEP_REFUSALS, SecondPersonWantedError),
)
def review_rules(call: Call, session: Session, pack_id: str, version: int) -> dict[str, Any]:
    """Find a proposed version fit to be published, as a second official."""
    version_seen(session, call.client, pack_id, version)
    actor = call.client.client_id
    return _shaped(session, review_pack(session, pack_id, version, actor=actor, now=call.now))


@packs.post(
    "/packs/<public:pack_id>/<count:version>/return",
    Scope.RULES_PUBLISH,
    body=JsonBody(ReasonBody(), _REASON_EXAMPLE),
    answer=PackAnswer(),
    refuses=(*_STEP_REFUSALS, SecondPersonWantedError),
)
def return_rules(call: Call, session: Session, pack_id: str, version: int) -> dict[str, Any]:
    """Give a version back to whoever proposed it, with the reason, as a second official."""
    version_seen(session, call.client, pack_id, version)
    actor, reason = call.client.client_id, call.body["reason"]
    pack = return_pack(session, pack_id, version, reason, actor=actor, now=call.now)
    return _shaped(session, pack)


@packs.post(
    "/packs/<public:pack_id>/<count:version>/withdrawal",
    Scope.RULES_PROPOSE,
    body=JsonBody(ReasonBody(), _REASON_EXAMPLE),
    answer=PackAnswer(),
    refuses=(*_STEP_REFUSALS, ProposerWantedError),
)
def withdraw_rules(call: Call, session: Session, pack_id: str, version: int) -> dict[str, Any]:
    """Take back a version that is not published, as whoever proposed it."""
    version_seen(session, call.client, pack_id, version)
    actor, reason = call.client.client_id, call.body["reason"]
    pack = withdraw_pack(session, pack_id, version, reason, actor=actor, now=call.now)
    return _shaped(session, pack)


@packs.post(
    "/packs/<public:pack_id>/<count:version>/publication",
    Scope.RULES_PUBLISH,
    answer=PackAnswer(),
    refuses=(
        *_STEP_REFUSALS, PackNotReviewedError, SecondPersonWantedError, PackEditedError,
        CorrigendumEmptyError, PackMissingError, PackChainError,
    ),
)  # fmt: skip
def publish_rules(call: Call, session: Session, pack_id: str, version: int) -> dict[str, Any]:
    """Publish a reviewed version, as a second official; from now on it never changes."""
    version_seen(session, call.client, pack_id, version)
    actor = call.client.client_id
    return _shaped(session, publish_pack(session, pack_id, version, actor=actor, now=call.now))


@packs.get("/packs", Public.ANYBODY, answer=PacksAnswer())
def list_packs(_call: Call, session: Session) -> dict[str, Any]:
    """List the packs as published last, each with the digest of its bytes."""
    found = published_packs(session)
    return {"packs": [_shaped(session, found[pack_id]) for pack_id in sorted(found)]}


@packs.get("/packs/proposals", Scope.RULES_PUBLISH, answer=PacksAnswer())
def list_proposals(call: Call, session: Session) -> dict[str, Any]:
    """List the versions of an official's region that wait for their review or publication."""
    region = call.client.jurisdiction
    found = (p for p in waiting_packs(session) if jurisdiction_contains(region, p.jurisdiction))
    return {"packs": [_shaped(session, pack) for pack in found]}


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


@packs.get(
    "/packs/<public:pack_id>/<count:version>/changes",
    Scope.RULES_PUBLISH,
    answer=ChangesAnswer(),
    refuses=(RegionForeignError, PackNotProposedError),
)
def read_changes(call: Call, session: Session, pack_id: str, version: int) -> dict[str, Any]:
    """Tell what a version changes in the published one that it follows, value by value."""
    pack = version_seen(session, call.client, pack_id, version)
    base, changes = changes_of(session, pack)
    run = last_impact(session, pack)
    return {
        **_shaped(session, pack),
        "base_version": base.version if base else 0,
        "base_sha256": base.sha256 if base else "",
        "added": [_value(value) for value in changes.added],
        "ended": [{**_value(each.old), "until": each.until} for each in changes.ended],
        "edited": [{**_value(each.old), "parts": each.parts} for each in changes.edited],
        "removed": [_value(value) for value in changes.removed],
        "references": [
            {"id": each.old.id, "gone": each.new is None} for each in changes.references
        ],
        "names": [_name(each) for each in changes.names],
        "header": changes.header,
        "mends": mends(session, base, pack),
        "impact": told(run) if run else None,
    }


def version_seen(session: Session, client: Client, pack_id: str, version: int) -> Pack:
    """Return a version that lies in the client's region, as does the published one before it."""
    pack = parsed(pack_version(session, pack_id, version, published=False).content)
    _require_regions(session, client, pack)
    return pack


def _require_regions(session: Session, client: Client, pack: Pack) -> None:
    client.require_region(pack.jurisdiction)
    # A version that claims another region must not take a pack away from its own.
    known = published_packs(session).get(pack.id)
    if known is not None:
        client.require_region(known.jurisdiction)


def _shaped(session: Session, pack: Pack) -> dict[str, Any]:
    row = session.get_one(PublishedPack, (pack.id, pack.version))
    own = ("id", "version", "sha256", "title_zh", "title_en", "jurisdiction", "inherits", "status")
    return {
        **{name: getattr(pack, name) for name in own},
        **{name: getattr(row, name) for name in ("state", "corrigendum", "reason")},
        "adopted": adoptions(session).get(pack.id, ()),
    }


def _value(value: Value) -> dict[str, Any]:
    return {
        "key": value.key, "from_": value.from_, "until": value.until, "basis": value.basis,
        "reference": value.reference.id if value.reference else "",
    }  # fmt: skip


def _name(change: NameChanged) -> dict[str, str]:
    name = change.name
    gone = change.new is None
    return {
        "kind": name.kind, "id": name.id, "zh": "" if gone else name.zh,
        "en": "" if gone else name.en,
    }  # fmt: skip


def _bytes_of(pack: PublishedPack, cache: str) -> Response:
    headers = {"Cache-Control": cache, "X-Content-Type-Options": "nosniff"}
    return Response(pack.content, content_type=_PLAIN, headers=headers)
