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
    return _chain(scheme, published_packs(session, known_at), adoptions(session, known_at))


#: Chains found last: whoever weighs by one remembers on it what it says.
_chains: dict[tuple[object, ...], PackChain] = {}
_CHAINS_MAX = 64


def _chain(
    scheme: str, packs: Mapping[str, Pack], adopted: Mapping[str, tuple[Adoption, ...]]
) -> PackChain:
    """Return the chain of a scheme, the same one as long as packs and adoptions are the same."""
    versions = frozenset((pack.id, pack.version, pack.sha256) for pack in packs.values())
    asked = scheme, versions, frozenset(adopted.items())
    chain = _chains.get(asked)
    if chain is None:
        chain = chain_of(scheme, packs, adopted=adopted)
        if len(_chains) >= _CHAINS_MAX:
            _chains.clear()
        _chains[asked] = chain
    return chain


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
    query = select(PublishedPack.pack_id, PublishedPack.version, PublishedPack.sha256).join(
        newest,
        (PublishedPack.pack_id == newest.c.pack_id) & (PublishedPack.version == newest.c.version),
    )
    return {row[0]: _pack(session, row[0], row[1], row[2]) for row in session.execute(query)}


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
    query = select(PublishedPack.sha256).where(
        PublishedPack.pack_id == pack_id, PublishedPack.version == version,
        PublishedPack.published_at.is_not(None),
    )  # fmt: skip
    sha256 = session.scalar(query)
    return None if sha256 is None else _pack(session, pack_id, version, sha256)


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


#: Packs read last, by the digest of their bytes: reading those anew costs more than a question.
_packs: dict[bytes, Pack] = {}
_PACKS_MAX = 256


def _pack(session: Session, pack_id: str, version: int, sha256: bytes) -> Pack:
    pack = _packs.get(sha256)
    if pack is None:
        content = session.scalars(
            select(PublishedPack.content).where(
                PublishedPack.pack_id == pack_id, PublishedPack.version == version
            )
        ).one()
        pack = parsed(content)
        if len(_packs) >= _PACKS_MAX:
            _packs.clear()
        _packs[sha256] = pack
    return pack


@lru_cache(maxsize=256)
def parsed(content: bytes) -> Pack:
    """Return a pack that somebody has proposed, and that loaded then."""
    return load_pack(content, file="published")
