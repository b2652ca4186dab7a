"""How law gets into force: proposed, reviewed, published; or returned, or withdrawn.

Whoever proposes a version neither reviews nor publishes it. Each step is an act in the journal and
cites the one before it. A version only adds to the one in force; one that mends a published value
is proposed as a corrigendum, with its reason, and says what it mends.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical
from creditbank.errors import CreditBankError
from creditbank.ledger.journal import ActDraft, RecordedAct, record_act
from creditbank.ledger.models import Act
from creditbank.ledger.sources import register_pins
from creditbank.registry.lawbook import adoptions, parsed, published_packs
from creditbank.registry.models import Bank, PublishedPack
from creditbank.rules.changes import Changes, compare, mended
from creditbank.rules.loader import PackMissingError, chain_of, load_pack
from creditbank.rules.pack import Pack, PackChain, PackDraftError, PackStatus


class PackState(StrEnum):
    """How a version stands."""

    PROPOSED = "proposed"
    REVIEWED = "reviewed"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    PUBLISHED = "published"


class PackVersionTakenError(CreditBankError):
    """Another content stands under this id and version, or a later version was proposed."""

    code = "pack-version-taken"
    status = 409


class PackNotProposedError(CreditBankError):
    """Nobody proposed this version of this pack."""

    code = "pack-not-proposed"
    status = 404


class PackNotReviewedError(CreditBankError):
    """A version is to be published that nobody has reviewed."""

    code = "pack-not-reviewed"
    status = 409


class PackClosedError(CreditBankError):
    """The version was published, returned or withdrawn, and that is its end."""

    code = "pack-closed"
    status = 409


class PackEditedError(CreditBankError):
    """A version edits or removes what was published, and is no corrigendum."""

    code = "pack-edited"
    status = 409


class CorrigendumEmptyError(CreditBankError):
    """A version was proposed as a corrigendum and mends nothing that is published."""

    code = "corrigendum-empty"
    status = 422


class SecondPersonWantedError(CreditBankError):
    """Whoever proposed something may not be the one who approves it."""

    code = "second-person-wanted"
    status = 403


class ProposerWantedError(CreditBankError):
    """Only whoever proposed a version takes it back; others return it."""

    code = "proposer-wanted"
    status = 403


def propose_pack(
    session: Session, content: bytes, *, actor: str, now: datetime, corrigendum: str = ""
) -> Pack:
    """Put a version of a pack before a second person; the same content again changes nothing.

    Args:
        session: of the caller's transaction.
        content: the file's bytes.
        actor: who proposes.
        now: the instant recorded.
        corrigendum: why it mends what is published; empty where it only adds.

    Raises:
        PackInvalidError: the content is no pack; file, line and key are named.
        PackVersionTakenError: this version, or a later one, exists with other content.
        PackClosedError: this very content was returned or withdrawn.
        CorrigendumEmptyError: nothing that is published would be mended.
    """
    pack = load_pack(content, file="pack.toml")
    one_at_a_time(session)
    known = session.get(PublishedPack, (pack.id, pack.version))
    if known is not None and (known.content, known.corrigendum) == (content, corrigendum):
        _refuse_closed(known, unless=PackState.PUBLISHED)
        return pack
    newest = session.scalar(
        select(func.max(PublishedPack.version)).where(PublishedPack.pack_id == pack.id)
    )
    if newest is not None and pack.version <= newest:
        raise PackVersionTakenError(pack=pack.id, version=pack.version, newest=newest)
    if corrigendum:
        _refuse_empty(pack, mends(session, base_of(session, pack.id, pack.version), pack))
    row = {
        "pack_id": pack.id, "version": pack.version, "sha256": bytes.fromhex(pack.sha256),
        "content": content, "proposed_by": actor, "proposed_at": now,
        "state": str(PackState.PROPOSED), "corrigendum": corrigendum, "reason": "",
    }  # fmt: skip
    session.execute(insert(PublishedPack), [row])
    _act(session, pack, "proposed", {"corrigendum": corrigendum}, actor=actor, now=now)
    return pack


def review_pack(session: Session, pack_id: str, version: int, *, actor: str, now: datetime) -> Pack:
    """Find a proposed version fit to be published; finding so again changes nothing.

    Raises:
        PackNotProposedError: there is no such version.
        PackClosedError: it was returned or withdrawn.
        SecondPersonWantedError: the actor proposed it.
    """
    row = _open_version(session, pack_id, version, unless=PackState.PUBLISHED)
    pack = parsed(row.content)
    if row.state != PackState.PROPOSED:
        return pack
    _refuse_proposer(row, actor)
    row.state, row.reviewed_by = str(PackState.REVIEWED), actor
    _act(session, pack, "reviewed", {"proposed_by": row.proposed_by}, actor=actor, now=now)
    return pack


def return_pack(
    session: Session, pack_id: str, version: int, reason: str, *, actor: str, now: datetime
) -> Pack:
    """Give a version back to whoever proposed it; a corrected text takes a higher version.

    Raises:
        PackNotProposedError, PackClosedError, SecondPersonWantedError: as for a review.
    """
    row = _open_version(session, pack_id, version, unless=PackState.RETURNED)
    if row.state != PackState.RETURNED:
        _refuse_proposer(row, actor)
        _close(session, row, PackState.RETURNED, reason, actor=actor, now=now)
    return parsed(row.content)


def withdraw_pack(
    session: Session, pack_id: str, version: int, reason: str, *, actor: str, now: datetime
) -> Pack:
    """Take a version back before it is published, as whoever proposed it.

    Raises:
        PackNotProposedError, PackClosedError: as for a review.
        ProposerWantedError: somebody else proposed it.
    """
    row = _open_version(session, pack_id, version, unless=PackState.WITHDRAWN)
    if row.state != PackState.WITHDRAWN:
        if row.proposed_by != actor:
            raise ProposerWantedError
        _close(session, row, PackState.WITHDRAWN, reason, actor=actor, now=now)
    return parsed(row.content)


def publish_pack(
    session: Session, pack_id: str, version: int, *, actor: str, now: datetime
) -> Pack:
    """Put a reviewed version in force; publishing it again changes nothing.

    Raises:
        PackNotProposedError: there is no such version.
        PackNotReviewedError: nobody has reviewed it.
        PackClosedError: it was returned or withdrawn.
        SecondPersonWantedError: the actor proposed it.
        PackEditedError: it edits or removes what is published and is no corrigendum.
        CorrigendumEmptyError: it is one and mends nothing.
        PackMissingError: a pack that it inherits from is not published yet.
    """
    row = _open_version(session, pack_id, version, unless=PackState.PUBLISHED)
    pack = parsed(row.content)
    if row.state == PackState.PUBLISHED:
        return pack
    _refuse_proposer(row, actor)
    if row.state != PackState.REVIEWED:
        raise PackNotReviewedError(pack=pack_id, version=version)
    _mend(session, row, actor=actor, now=now)
    details = {"proposed_by": row.proposed_by, "reviewed_by": row.reviewed_by or ""}
    act = _act(session, pack, "published", details, actor=actor, now=now)
    row.state = str(PackState.PUBLISHED)
    row.published_by, row.published_at, row.act_id = actor, now, act.act_id
    session.flush()  # the chains are read from what is published
    chain_of(pack_id, published_packs(session), simulation=True)  # it wants its parents
    register_chains(session, pack_id)
    return pack


def base_of(session: Session, pack_id: str, version: int) -> Pack | None:
    """Return the published version that one follows; None for the first."""
    content = session.scalar(
        select(PublishedPack.content)
        .where(
            PublishedPack.pack_id == pack_id,
            PublishedPack.version < version,
            PublishedPack.published_at.is_not(None),
        )
        .order_by(PublishedPack.version.desc())
        .limit(1)
    )
    return None if content is None else parsed(content)


def mends(session: Session, base: Pack | None, pack: Pack) -> list[str]:
    """Name what a version mends of the one before it, `key from-day`; empty where it only adds.

    A draft that nobody adopted was never law, so whatever changes in it mends nothing. Once it
    is law, a draft and a pack in force do not turn into one another: that would move days on
    which values held.
    """
    was_law = base is not None and (
        base.status is not PackStatus.DRAFT or base.id in adoptions(session)
    )
    if base is None or not was_law:
        return []
    changes = compare(base, pack)
    named = [f"{key} {from_}" for key, from_ in mended(changes, base)]
    return named + [each.key for each in changes.header if each.key == "status"]


def changes_of(session: Session, pack: Pack) -> tuple[Pack | None, Changes]:
    """Compare a version with the published one that it follows; returns that one too."""
    base = base_of(session, pack.id, pack.version)
    return base, compare(base, pack)


def one_at_a_time(session: Session) -> None:
    """Wait until nobody else changes the law: what one publishes, another's chains contain."""
    session.execute(select(Bank.bank_id).with_for_update()).all()


def register_chains(session: Session, pack_id: str) -> None:
    """Let entries name every chain that contains a pack from now on."""
    packs = published_packs(session)
    for chain in _chains_with(session, pack_id, packs):
        register_pins(session, chain.pins())


def _chains_with(session: Session, pack_id: str, packs: dict[str, Pack]) -> Iterator[PackChain]:
    adopted = adoptions(session)
    for scheme in packs:
        try:
            chain = chain_of(scheme, packs, adopted=adopted)
        except (PackMissingError, PackDraftError):
            continue  # its parent follows, or is adopted; that registers this chain
        if any(pack.id == pack_id for pack in chain.packs):
            yield chain


def _open_version(
    session: Session, pack_id: str, version: int, *, unless: PackState
) -> PublishedPack:
    """Return a version that may take a step, or one that has taken this step before."""
    one_at_a_time(session)
    row = session.get(PublishedPack, (pack_id, version), populate_existing=True)
    if row is None:
        raise PackNotProposedError(pack=pack_id[:40], version=version)
    _refuse_closed(row, unless=unless)
    return row


def _refuse_closed(row: PublishedPack, *, unless: PackState) -> None:
    ends = {PackState.RETURNED, PackState.WITHDRAWN, PackState.PUBLISHED} - {unless}
    if row.state in ends:
        raise PackClosedError(pack=row.pack_id, version=row.version, state=row.state)


def _refuse_proposer(row: PublishedPack, actor: str) -> None:
    if row.proposed_by == actor:
        raise SecondPersonWantedError


def _close(
    session: Session, row: PublishedPack, state: PackState, reason: str, *, actor: str,
    now: datetime,
) -> None:  # fmt: skip
    row.state, row.reason = str(state), reason
    details = {"proposed_by": row.proposed_by, "reason_text": reason}
    _act(session, parsed(row.content), str(state), details, actor=actor, now=now)


def _mend(session: Session, row: PublishedPack, *, actor: str, now: datetime) -> None:
    """Record what a corrigendum mends; refuse a version that mends and is none."""
    pack = parsed(row.content)
    base = base_of(session, pack.id, pack.version)
    named = mends(session, base, pack)
    if row.corrigendum:
        _refuse_empty(pack, named)
        assert base is not None, "what is mended was published"
        details: dict[str, Canonical] = {
            "proposed_by": row.proposed_by, "reviewed_by": row.reviewed_by or "",
            "reason_text": row.corrigendum, "mends": named, "base_version": base.version,
            "base_sha256": base.sha256,
        }  # fmt: skip
        _act(session, pack, "corrigendum", details, actor=actor, now=now)
    elif named:
        key, _, day = named[0].partition(" ")
        raise PackEditedError(pack=pack.id, version=pack.version, key=key, day=day, edits=named)


def _refuse_empty(pack: Pack, named: list[str]) -> None:
    if not named:
        raise CorrigendumEmptyError(pack=pack.id, version=pack.version)


def _act(
    session: Session, pack: Pack, step: str, details: Mapping[str, Canonical], *, actor: str,
    now: datetime,
) -> RecordedAct:  # fmt: skip
    """Record a step of a version; it rests on the step before it."""
    subject = f"{pack.id}@{pack.version}"
    before = session.scalars(
        select(Act.leaf).where(Act.subject == subject).order_by(Act.act_id.desc()).limit(1)
    )
    draft = ActDraft(
        kind=f"rules.{step}", jurisdiction=pack.jurisdiction, actor=actor, subject=subject,
        details={"sha256": pack.sha256, **details}, cites=tuple(before),
    )  # fmt: skip
    return record_act(session, draft, now=now)
