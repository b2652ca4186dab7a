"""The law in force: the newest published rule packs, and the drafts that were adopted.

Running code reads what was published and never the file. Older versions stay, because entries and
verdicts name them by digest.
"""

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import lru_cache

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from creditbank.ids import places_above
from creditbank.ledger.leaves import Pins
from creditbank.registry.models import PublishedPack, RuleAdoption
from creditbank.rules.loader import PackMissingError, chain_of, load_pack
from creditbank.rules.pack import Adoption, Pack, PackChain, PackDraftError


def law_of(session: Session, scheme: str, known_at: datetime | None = None) -> PackChain:
    """Return the chain of packs in force for a scheme, newest published versions.

    Args:
        session: any reading session.
        scheme: id of the pack to start from.
        known_at: asks for what was published, and which adoptions were recorded, at that instant.

    Raises:
        PackMissingError: nobody had published such a pack, or one of its parents.
        PackDraftError: the scheme rests on a draft that nobody has adopted.
    """
    packs = published_packs(session, known_at)
    return chain_of(scheme, packs, adopted=adoptions(session, known_at))


def law_at(session: Session, jurisdiction: str) -> PackChain:
    """Return the law of a place: of the nearest place, at or above it, that has rules in force.

    A district without rules of its own, and one whose draft nobody has adopted, goes by its city's.

    Raises:
        PackMissingError, PackDraftError: no rules are in force for any of them.
    """
    packs, adopted = published_packs(session), adoptions(session)
    for place in places_above(jurisdiction):
        with suppress(PackMissingError, PackDraftError):
            return chain_of(place, packs, adopted=adopted)
    return chain_of(jurisdiction, packs, adopted=adopted)


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
    packs = (parsed(content) for content in session.scalars(query))
    return {pack.id: pack for pack in packs}


def adoptions(
    session: Session, known_at: datetime | None = None
) -> Mapping[str, tuple[Adoption, ...]]:
    """Return by pack the terms for which each draft is law, now or as known at an instant."""
    approved: ColumnElement[bool] = RuleAdoption.approved_at.is_not(None)
    if known_at is not None:
        approved = RuleAdoption.approved_at <= known_at
    query = select(RuleAdoption).where(approved).order_by(RuleAdoption.act_id)
    terms: dict[str, list[Adoption]] = defaultdict(list)
    for said in session.scalars(query):
        if said.kind == "adopted":
            terms[said.pack_id].append(Adoption(said.day, None, said.document, said.title))
        else:
            last = terms[said.pack_id].pop()
            terms[said.pack_id].append(Adoption(last.from_, said.day, last.document, last.title))
    return {pack_id: tuple(each) for pack_id, each in terms.items()}


def pack_pinned(session: Session, pack_id: str, version: int) -> Pack | None:
    """Return a version of a pack as it was published, for whoever explains an older entry."""
    row = session.get(PublishedPack, (pack_id, version))
    return parsed(row.content) if row is not None and row.published_at is not None else None


def chain_pinned(session: Session, pins: Pins, known_at: datetime) -> PackChain:
    """Return the packs that an entry names, own pack first, in the versions that it names.

    Args:
        session: any reading session.
        pins: of the entry.
        known_at: when it was recorded; what was adopted by then was law.
    """
    packs = (pack_pinned(session, str(pack_id), int(version)) for pack_id, version, _ in pins)
    found = tuple(pack for pack in packs if pack is not None)
    assert len(found) == len(pins), "entries pin published versions only"
    return PackChain(found, adopted=adoptions(session, known_at))


@lru_cache(maxsize=256)
def parsed(content: bytes) -> Pack:
    """Return a pack that somebody has proposed, and that loaded then."""
    return load_pack(content, file="published")
