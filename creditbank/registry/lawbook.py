"""The law in force: the newest published rule packs, and the drafts that were adopted.

Running code reads what was published and never the file. Older versions stay, because entries and
verdicts name them by digest.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Date,
    Executable,
    LargeBinary,
    String,
    bindparam,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from creditbank.ids import places_above
from creditbank.ledger.leaves import Pins
from creditbank.orm import UtcDateTime
from creditbank.readymade import Asked, ReadyMade, Row
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
    # What is read is what the chain is known by: a version or an adoption more is another chain.
    said = tuple(_read(session, known_at))
    chain = _chains.get((scheme, said))
    if chain is None:
        chain = chain_of(scheme, _packs_in(session, said), adopted=_adoptions_in(said))
        if len(_chains) >= _CHAINS_MAX:
            _chains.clear()
        _chains[scheme, said] = chain
    return chain


#: Chains found last: whoever weighs by one remembers on it what it says.
_chains: dict[tuple[object, ...], PackChain] = {}
_CHAINS_MAX = 64


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
    return _packs_in(session, _read(session, known_at))


def _read(session: Session, known_at: datetime | None) -> Sequence[Row]:
    """Read in one statement which packs are the newest, and in their order which were adopted."""
    statement, values = law_asked(known_at)
    return statement.rows(session, **values)


def law_asked(known_at: datetime | None = None) -> Asked:
    """Say what whoever reads the law is about to ask the database, to ask it ahead."""
    return (_LAW, {}) if known_at is None else (_LAW_KNOWN, {"known_at": known_at})


def _packs_in(session: Session, said: Sequence[Row]) -> dict[str, Pack]:
    return {
        pack_id: _pack(session, pack_id, version, sha256)
        for _, pack_id, version, sha256, *_ in said
        if sha256 is not None
    }


def _adoptions_in(said: Sequence[Row]) -> dict[str, tuple[Adoption, ...]]:
    terms: dict[str, list[Adoption]] = defaultdict(list)
    for _, pack_id, _, sha256, kind, day, document, title in said:
        if sha256 is not None:
            continue
        if kind == "adopted":
            terms[pack_id].append(Adoption(day, None, document, title))
        else:
            last = terms[pack_id].pop()
            terms[pack_id].append(Adoption(last.from_, day, last.document, last.title))
    return {pack_id: tuple(each) for pack_id, each in terms.items()}


def _packs_and_adoptions(
    published: ColumnElement[bool], approved: ColumnElement[bool]
) -> Executable:
    pack, said = PublishedPack, RuleAdoption
    nothing = literal(None, String())
    newest = (
        select(pack.pack_id, func.max(pack.version).label("version"))
        .where(published)
        .group_by(pack.pack_id)
        .subquery()
    )
    packs = select(
        literal(0, BigInteger()).label("place"),
        pack.pack_id,
        pack.version,
        pack.sha256,
        nothing,
        literal(None, Date()),
        nothing,
        nothing,
    ).join(newest, (pack.pack_id == newest.c.pack_id) & (pack.version == newest.c.version))
    adopted = select(
        said.act_id,
        said.pack_id,
        said.version,
        literal(None, LargeBinary()),
        said.kind,
        said.day,
        said.document,
        said.title,
    ).where(approved)
    return union_all(packs, adopted).order_by("place", "pack_id")


_KNOWN_AT: BindParameter[datetime] = bindparam("known_at", type_=UtcDateTime())
_LAW = ReadyMade(
    _packs_and_adoptions(
        PublishedPack.published_at.is_not(None), RuleAdoption.approved_at.is_not(None)
    )
)
_LAW_KNOWN = ReadyMade(
    _packs_and_adoptions(
        PublishedPack.published_at <= _KNOWN_AT, RuleAdoption.approved_at <= _KNOWN_AT
    )
)


def adoptions(
    session: Session, known_at: datetime | None = None
) -> Mapping[str, tuple[Adoption, ...]]:
    """Return by pack the terms for which each draft is law, now or as known at an instant."""
    return _adoptions_in(_read(session, known_at))


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
