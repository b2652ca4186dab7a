"""The law in force: rule packs published into the database by two people, byte for byte.

Running code reads the newest published version and never the file. Older versions stay, because
entries and verdicts name them by digest.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from sqlalchemy import ColumnElement, func, insert, select
from sqlalchemy.orm import Session

from creditbank.errors import CreditBankError
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.ledger.sources import register_pins
from creditbank.registry.models import PublishedPack
from creditbank.rules.loader import PackMissingError, chain_of, load_pack
from creditbank.rules.pack import Pack, PackChain


class PackVersionTakenError(CreditBankError):
    """Another content stands under this id and version, or a later version was proposed."""

    code = "pack-version-taken"
    status = 409


class PackNotProposedError(CreditBankError):
    """Nobody proposed this version of this pack."""

    code = "pack-not-proposed"
    status = 404


class SecondPersonWantedError(CreditBankError):
    """Whoever proposed something may not be the one who approves it."""

    code = "second-person-wanted"
    status = 403


def propose_pack(session: Session, content: bytes, *, actor: str, now: datetime) -> Pack:
    """Put a version of a pack before a second person; the same content again changes nothing.

    Raises:
        PackInvalidError: the content is no pack; file, line and key are named.
        PackVersionTakenError: this version, or a later one, exists with other content.
    """
    pack = load_pack(content, file="pack.toml")
    known = session.get(PublishedPack, (pack.id, pack.version))
    if known is not None and known.content == content:
        return pack
    newest = session.scalar(
        select(func.max(PublishedPack.version)).where(PublishedPack.pack_id == pack.id)
    )
    if newest is not None and pack.version <= newest:
        raise PackVersionTakenError(pack=pack.id, version=pack.version, newest=newest)
    row = {
        "pack_id": pack.id,
        "version": pack.version,
        "sha256": bytes.fromhex(pack.sha256),
        "content": content,
        "proposed_by": actor,
        "proposed_at": now,
    }
    session.execute(insert(PublishedPack), [row])
    return pack


def publish_pack(
    session: Session, pack_id: str, version: int, *, actor: str, now: datetime
) -> Pack:
    """Put a proposed version in force; publishing it again changes nothing.

    Raises:
        PackNotProposedError: there is no such version.
        SecondPersonWantedError: the actor proposed it.
        PackMissingError: a pack that it inherits from is not published yet.
    """
    row = session.get(PublishedPack, (pack_id, version), with_for_update=True)
    if row is None:
        raise PackNotProposedError(pack=pack_id[:40], version=version)
    pack = _parsed(row.content)
    if row.published_at is not None:
        return pack
    if row.proposed_by == actor:
        raise SecondPersonWantedError
    act = record_act(
        session,
        ActDraft(
            kind="rules.published",
            jurisdiction=pack.jurisdiction,
            actor=actor,
            subject=f"{pack_id}@{version}",
            details={"proposed_by": row.proposed_by, "sha256": pack.sha256},
        ),
        now=now,
    )
    row.published_by, row.published_at, row.act_id = actor, now, act.act_id
    session.flush()  # the chains are read from what is published
    packs = published_packs(session)
    chain_of(pack_id, packs)  # a pack whose parents are missing would decide nothing
    for chain in _chains_with(pack_id, packs):
        register_pins(session, chain.pins())
    return pack


def law_of(session: Session, scheme: str, known_at: datetime | None = None) -> PackChain:
    """Return the chain of packs in force for a scheme, newest published versions.

    Args:
        session: any reading session.
        scheme: id of the pack to start from.
        known_at: asks for what was published at that instant.

    Raises:
        PackMissingError: nobody had published such a pack, or one of its parents.
    """
    return chain_of(scheme, published_packs(session, known_at))


def published_packs(session: Session, known_at: datetime | None = None) -> dict[str, Pack]:
    """Return the newest published version of each pack, now or as known at an instant."""
    published: ColumnElement[bool] = PublishedPack.published_at.is_not(None)
    if known_at is not None:
        published = PublishedPack.published_at <= known_at
    newest = (
        select(PublishedPack.pack_id, func.max(PublishedPack.version).label("version"))
        .where(published)
        .group_by(PublishedPack.pack_id)
        .subquery()
    )
    query = select(PublishedPack.content).join(
        newest,
        (PublishedPack.pack_id == newest.c.pack_id) & (PublishedPack.version == newest.c.version),
    )
    packs = (_parsed(content) for content in session.scalars(query))
    return {pack.id: pack for pack in packs}


def pack_pinned(session: Session, pack_id: str, version: int) -> Pack | None:
    """Return a version of a pack as it was published, for whoever explains an older entry."""
    row = session.get(PublishedPack, (pack_id, version))
    return _parsed(row.content) if row is not None and row.published_at is not None else None


def _chains_with(pack_id: str, packs: dict[str, Pack]) -> Iterator[PackChain]:
    for scheme in packs:
        try:
            chain = chain_of(scheme, packs)
        except PackMissingError:
            continue  # its parent follows; publishing that registers this chain
        if any(pack.id == pack_id for pack in chain.packs):
            yield chain


@lru_cache(maxsize=256)
def _parsed(content: bytes) -> Pack:
    return load_pack(content, file="published")
