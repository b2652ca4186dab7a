"""Posting: entries are appended, hashed as they are written, and never touched again.

The caller owns the transaction and the locks: the source first, then its people in the order of
their keys. Nothing here knows what an hour is worth; figures come in, movements go out.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import ARRAY, BigInteger, func, literal, select
from sqlalchemy.orm import Session

from creditbank.errors import CreditBankError
from creditbank.ledger.appending import Alike, append_alike, append_rows
from creditbank.ledger.leaves import (
    EntriesAlike,
    EntryBody,
    Pins,
    entry_leaf,
    entry_salt,
    salt_blocks,
)
from creditbank.ledger.models import ACCOUNTS_OF, CreditFacts, Entry, Movement, State
from creditbank.orm import among

Secrets = Mapping[int, bytes]
#: Of credits that share all but person and facts, kinds that are remembered at once.
_ALIKE_MAX = 1_024
#: Parts of the tables of entries and facts, and the seed of PostgreSQL's hash that parts their rows
#: (HASH_PARTITION_SEED, src/include/catalog/partition.h).
_PARTS, _PARTED_BY = 16, 0x7A5B22367996DCFD


class PersonErasedError(CreditBankError):
    """The person's secret was erased; no leaf of theirs can be made any more."""

    code = "person-erased"
    status = 410


class CreditDraft(NamedTuple):
    """One credit about to be posted; `facts` is the canonical JSON that its leaf commits to."""

    person_id: int
    scheme: str
    credited_year: int
    subject: str
    earned_on: date
    occasion: str
    revision: int
    centihours: int
    facts: str


@dataclass(frozen=True, slots=True, eq=False)
class CreditTerms:
    """What credits share that differ by person and facts alone; one object for all of them."""

    scheme: str
    credited_year: int
    subject: str
    earned_on: date
    occasion: str
    revision: int
    centihours: int


#: Person, terms, facts: a credit of which many others share the terms.
AlikeDraft = tuple[int, CreditTerms, str]


@dataclass(frozen=True, slots=True)
class MoveDraft:
    """A later movement about to be posted on a credit: a reversal, a cap, a freeze and so on."""

    credit: Entry
    movement: Movement
    centihours: int
    step: int
    #: the pack chain under which it is posted: of the credit for its reversal, of today for a cap
    pins_id: int
    act_id: int | None = None
    order: bytes = b""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PostingContext:
    """What all entries of one posting share."""

    source_id: int
    source_leaf: bytes
    pins_id: int
    pins: Pins
    now: datetime


def post_credits(
    session: Session, drafts: Sequence[CreditDraft], context: PostingContext, secrets: Secrets
) -> None:
    """Append credits and their facts.

    Args:
        session: of the caller's transaction, which holds the locks.
        drafts: at least one; each (person, scheme, occasion, revision) once, centihours > 0.
        context: the source, its act's leaf, the pack chain and the instant.
        secrets: the 32-byte secret of every person in the drafts.

    Raises:
        sqlalchemy.exc.IntegrityError: the natural key is taken; the locks were not held.
        PersonErasedError: a person without a secret.
    """
    for draft in drafts:
        _secret_of(secrets, draft.person_id)
    terms = lru_cache(maxsize=_ALIKE_MAX)(CreditTerms)
    alike = [(draft.person_id, terms(*draft[1:-1]), draft.facts) for draft in drafts]
    append_credits(session, lambda: alike, context, secrets)


def append_credits(
    session: Session, drafts: Callable[[], Iterable[AlikeDraft]], context: PostingContext,
    secrets: Secrets,
) -> None:  # fmt: skip
    """Do what `post_credits` does of any number of credits, of people who all have a secret.

    Args:
        session: of the caller's transaction, which holds the locks.
        drafts: makes them, twice the same, so that nobody keeps the facts of all of them.
        context: the source, its act's leaf, the pack chain and the instant.
        secrets: the 32-byte secret of every person in the drafts.

    Raises:
        sqlalchemy.exc.IntegrityError: as `post_credits`.
    """
    append_alike(session, Entry, _credit_rows(drafts(), context, secrets))
    append_alike(session, CreditFacts, _facts_rows(drafts()))


def in_order_of_keeping(session: Session, people: Iterable[int]) -> list[int]:
    """Return people in the order in which the database takes their entries in soonest.

    PostgreSQL sorts rows into parts by a hash of the person and writes a few of each part at a
    time, unless they come part by part. Nothing else rests on the order.
    """
    everybody = sorted(people)
    if session.get_bind().dialect.name != "postgresql":
        return everybody
    person = func.unnest(literal(everybody, ARRAY(BigInteger))).column_valued("person_id")
    part = func.hashint8extended(person, literal(_PARTED_BY, BigInteger)).op("&")(_PARTS - 1)
    return list(session.scalars(select(person).order_by(part, person)))


def post_moves(
    session: Session,
    drafts: Sequence[MoveDraft],
    source_leaves: Mapping[int, bytes],
    pins: Mapping[int, Pins],
    secrets: Secrets,
    *,
    now: datetime,
) -> None:
    """Append later movements on credits; each repeats its credit's account and occasion.

    Args:
        session: of the caller's transaction, which holds the locks.
        drafts: at least one; centihours > 0.
        source_leaves: leaf of the opening act, by source id.
        pins: pack chains by their row's id.
        secrets: the 32-byte secret of every person in the drafts.
        now: the instant recorded.
    """
    rows = []
    for draft in drafts:
        credit = draft.credit
        context = PostingContext(
            credit.source_id, source_leaves[credit.source_id], draft.pins_id,
            pins[draft.pins_id], now,
        )  # fmt: skip
        rows.append(_move_row(draft, context, _secret_of(secrets, credit.person_id)))
    append_rows(session, Entry, rows)


def credits_of(
    session: Session,
    people: Iterable[int],
    scheme: str,
    *,
    occasions: Iterable[str] | None = None,
) -> list[Entry]:
    """Return every entry of these people in a scheme, of some occasions only if asked."""
    query = select(Entry).where(Entry.scheme == scheme)
    if occasions is None:
        return list(session.scalars(query.where(among(session, Entry.person_id, list(people)))))
    named = list(occasions)
    # The key of facts is ordered by occasion, and most of whom one asks for have none there yet.
    credited = select(CreditFacts.person_id).where(
        among(session, CreditFacts.person_id, list(people)), CreditFacts.scheme == scheme,
        CreditFacts.occasion.in_(named),
    )  # fmt: skip
    theirs = query.where(Entry.person_id.in_(credited), Entry.occasion.in_(named))
    return list(session.scalars(theirs))


@dataclass(slots=True)
class CreditState:
    """One credit as its movements leave it: what is live, capped or frozen, and the next steps."""

    credit: Entry
    live_centihours: int = 0
    capped_centihours: int = 0
    frozen_centihours: int = 0
    reversed: bool = False
    movements: Counter[str] = field(default_factory=Counter)

    @property
    def is_live(self) -> bool:
        """Tell whether it is there to count: neither taken back nor frozen."""
        return not self.reversed and not self.frozen_centihours

    def next_step(self, movement: Movement) -> int:
        """Return the number of the next movement of a kind on this credit."""
        return self.movements[movement]


def credit_states(entries: Iterable[Entry]) -> list[CreditState]:
    """Fold entries into the state of each credit."""
    moves = list(entries)
    states = {
        _key(entry): CreditState(entry) for entry in moves if entry.movement == Movement.CREDIT
    }
    for entry in moves:
        _apply(states[_key(entry)], entry)
    return list(states.values())


def _apply(state: CreditState, entry: Entry) -> None:
    signed = {entry.to_state: entry.centihours, entry.from_state: -entry.centihours}
    state.live_centihours += signed.get(State.LIVE, 0)
    state.capped_centihours += signed.get(State.CAPPED, 0)
    state.frozen_centihours += signed.get(State.FROZEN, 0)
    state.reversed = state.reversed or entry.movement == Movement.REVERSE
    state.movements[entry.movement] += 1


def _key(entry: Entry) -> tuple[int, str, str, int]:
    return entry.person_id, entry.scheme, entry.occasion, entry.revision


def pins_from_text(text: str) -> Pins:
    """Read a pack chain back from its row."""
    pins: Pins = json.loads(text)
    return pins


def _secret_of(secrets: Secrets, person_id: int) -> bytes:
    if person_id not in secrets:
        raise PersonErasedError
    return secrets[person_id]


def _credit_rows(
    drafts: Iterable[AlikeDraft], context: PostingContext, secrets: Secrets
) -> Iterator[tuple[int, Alike, bytes]]:
    """Hash each credit as it is asked for, what many of them share only once."""

    @lru_cache(maxsize=_ALIKE_MAX)
    def shared(terms: CreditTerms) -> tuple[EntriesAlike, Alike]:
        body = _credit_body(terms, context)
        return EntriesAlike(body), Alike(_columns(body, context, act_id=None))

    # Mostly the credits of one person follow one another.
    for person_id, following in groupby(drafts, itemgetter(0)):
        blocks = salt_blocks(secrets[person_id])
        for _, terms, facts in following:
            entries, columns = shared(terms)
            yield person_id, columns, entries.leaf(blocks, facts)


def _facts_rows(drafts: Iterable[AlikeDraft]) -> Iterator[tuple[int, Alike, str]]:
    @lru_cache(maxsize=_ALIKE_MAX)
    def shared(terms: CreditTerms) -> Alike:
        return Alike((terms.scheme, terms.occasion, terms.revision))

    return ((person_id, shared(terms), facts) for person_id, terms, facts in drafts)


def _credit_body(terms: CreditTerms, context: PostingContext) -> EntryBody:
    assert terms.centihours > 0, "a credit of nothing is no movement"
    from_state, to_state = ACCOUNTS_OF[Movement.CREDIT]
    return EntryBody(
        movement=Movement.CREDIT,
        scheme=terms.scheme,
        credited_year=terms.credited_year,
        subject=terms.subject,
        from_state=from_state,
        to_state=to_state,
        centihours=terms.centihours,
        earned_on=terms.earned_on,
        recorded_at=context.now,
        occasion=terms.occasion,
        revision=terms.revision,
        step=0,
        source=context.source_leaf,
        target=b"",
        order=b"",
        reason="",
        facts_digest=b"",
        pins=context.pins,
    )


def _move_row(draft: MoveDraft, context: PostingContext, secret: bytes) -> tuple[object, ...]:
    credit = draft.credit
    assert draft.centihours > 0, "a movement of nothing is no movement"
    from_state, to_state = ACCOUNTS_OF[draft.movement]
    body = EntryBody(
        movement=draft.movement,
        scheme=credit.scheme,
        credited_year=credit.credited_year,
        subject=credit.subject,
        from_state=from_state,
        to_state=to_state,
        centihours=draft.centihours,
        earned_on=credit.earned_on,
        recorded_at=context.now,
        occasion=credit.occasion,
        revision=credit.revision,
        step=draft.step,
        source=context.source_leaf,
        target=credit.leaf,
        order=draft.order,
        reason=draft.reason,
        facts_digest=b"",
        pins=context.pins,
    )
    leaf = entry_leaf(entry_salt(secret, body), body)
    return (credit.person_id, *_columns(body, context, act_id=draft.act_id), leaf)


def _columns(body: EntryBody, context: PostingContext, *, act_id: int | None) -> tuple[object, ...]:
    """Return what stands between person and leaf, but what the database fills in, in order."""
    return (
        body.recorded_at,
        act_id,
        context.source_id,
        context.pins_id,
        body.centihours,
        body.earned_on,
        body.credited_year,
        body.revision,
        body.step,
        body.scheme,
        body.subject,
        str(body.from_state),
        str(body.to_state),
        str(body.movement),
        body.occasion,
        body.reason,
    )
