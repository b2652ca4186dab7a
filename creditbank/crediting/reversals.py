"""Taking credits back, and with them what other schemes recognised because of them.

Whatever takes hours back goes through `take_back`: attendance, recognitions, transfers. A credit
under another scheme that was recognised from a reversed entry is reversed in the same transaction,
by an act of its own in its own jurisdiction that cites the one behind it: no moment exists in which
the copy counts and its original does not.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.crediting.fold import FoldContext, fold_again, post_moves_on
from creditbank.crediting.models import RecognisedTransfer
from creditbank.ledger.journal import ActDraft, RecordedAct, record_act
from creditbank.ledger.models import Movement, Source, SourceUse
from creditbank.ledger.posting import CreditState, MoveDraft, credit_states, credits_of
from creditbank.ledger.sources import Taking, lock_source, pins_id_of, take
from creditbank.registry.lawbook import law_of

#: Why a credit is reversed whose original was.
ORIGIN_REVERSED = "origin-reversed"
#: Rows in one IN list; well below what either driver can bind.
_CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Held:
    """A locked source, and what stands under other schemes because of its credits, locked too."""

    source: Source
    dependents: tuple[tuple[RecognisedTransfer, Source], ...]


@dataclass(frozen=True, slots=True)
class Ruling:
    """Who takes back, by which act, for which typed reason."""

    act: RecordedAct
    actor: str
    reason: str


def hold(session: Session, source_no: str) -> Held:
    """Lock a source and the sources that depend on its credits; call it before locking people.

    Whoever recognises an entry elsewhere locks the entry's source first, so nothing is added to
    the dependents meanwhile; and they were opened after it, so sources are locked by id.

    Raises:
        SourceUnknownError: nobody opened such a source.
    """
    source, _use = lock_source(session, source_no)
    ids = [dependent.source_id for _, dependent in _dependents(session, source)]
    for start in range(0, len(ids), _CHUNK):
        chunk = SourceUse.source_id.in_(ids[start : start + _CHUNK])
        uses = select(SourceUse.source_id).where(chunk).order_by(SourceUse.source_id)
        session.execute(uses.with_for_update()).all()
    # Read again once locked: one of them may have been withdrawn while this transaction waited.
    return Held(source, tuple(_dependents(session, source)))


def take_back(
    session: Session,
    held: Held,
    live: Sequence[CreditState],
    chosen: Sequence[CreditState],
    ruling: Ruling,
    *,
    groups: Collection[tuple[int, ...]],
    context: FoldContext,
) -> None:
    """Reverse credits of a source, count caps again, give hours and places back.

    Args:
        session: of the caller's transaction, which holds the source and the people.
        held: the source.
        live: every unreversed credit of the groups under the source.
        chosen: those that are taken back, at least one.
        ruling: by whom, by which act, why.
        groups: the linked keys of each person whose credits are taken back.
        context: law of the source's scheme, secrets of the groups, the instant.
    """
    move_whole(session, chosen, Movement.REVERSE, ruling, context)
    fold_again(session, groups, {state.credit.credited_year for state in chosen}, context)
    take(session, held.source, _given_back(live, chosen))
    leaves = {state.credit.leaf for state in chosen}
    for transfer, source in held.dependents:
        if transfer.origin_leaf in leaves:
            [group] = [each for each in groups if transfer.person_id in each]
            _reverse_dependent(session, transfer, source, ruling, group=group, context=context)


def move_whole(
    session: Session,
    states: Iterable[CreditState],
    movement: Movement | None,
    ruling: Ruling,
    context: FoldContext,
) -> None:
    """Let go of what caps and freezes hold of credits, then move each of them whole.

    Args:
        session: of the caller's transaction, which holds the sources and the people.
        states: unreversed credits of the context's scheme.
        movement: a reversal or a freeze; None leaves them live, for the caps to be counted again.
        ruling: by whom, by which act, why.
        context: law of the scheme, secrets of everybody, the instant.
    """
    pins_id = pins_id_of(session, context.law.pins())
    drafts: list[MoveDraft] = []
    for state in states:
        own = state.credit.pins_id
        # Caps are counted under the law of today; the others undo or suspend what the credit did.
        moves = [
            (Movement.UNCAP, state.capped_centihours, pins_id),
            (Movement.RELEASE, state.frozen_centihours, own),
        ]
        if movement is not None:
            moves.append((movement, state.credit.centihours, own))
        drafts += [
            MoveDraft(
                credit=state.credit,
                movement=each,
                centihours=centihours,
                step=state.next_step(each),
                pins_id=pins,
                act_id=ruling.act.act_id,
                order=ruling.act.leaf,
                reason=ruling.reason,
            )
            for each, centihours, pins in moves
            if centihours
        ]
    post_moves_on(session, drafts, context.secrets, now=context.now)


def live_under(
    session: Session, group: Sequence[int], scheme: str, source: Source
) -> list[CreditState]:
    """Return the unreversed credits that a person's keys hold under one source."""
    entries = [
        entry for entry in credits_of(session, group, scheme) if entry.source_id == source.source_id
    ]
    return [state for state in credit_states(entries) if not state.reversed]


def _dependents(session: Session, source: Source) -> list[tuple[RecognisedTransfer, Source]]:
    query = (
        select(RecognisedTransfer, Source)
        .join(Source, Source.source_no == RecognisedTransfer.transfer_no)
        .where(
            RecognisedTransfer.origin_source_id == source.source_id,
            RecognisedTransfer.state == "recognised",
        )
        .order_by(Source.source_id)
        .execution_options(populate_existing=True)
    )
    return [(transfer, each) for transfer, each in session.execute(query)]


def _reverse_dependent(
    session: Session,
    transfer: RecognisedTransfer,
    source: Source,
    ruling: Ruling,
    *,
    group: tuple[int, ...],
    context: FoldContext,
) -> None:
    live = live_under(session, group, transfer.scheme, source)
    act = record_act(
        session,
        ActDraft(
            kind="transfer.withdrawn",
            jurisdiction=transfer.jurisdiction,
            actor=ruling.actor,
            subject=transfer.transfer_no,
            details={"occasions": [state.credit.occasion for state in live], "case_no": ""},
            reason=ORIGIN_REVERSED,
            cites=(ruling.act.leaf, *(state.credit.leaf for state in live)),
        ),
        now=context.now,
    )
    own = FoldContext(law_of(session, transfer.scheme), context.secrets, context.now)
    because = Ruling(act, ruling.actor, ORIGIN_REVERSED)
    take_back(session, Held(source, ()), live, live, because, groups=[group], context=own)
    transfer.state, transfer.reason = "withdrawn", ORIGIN_REVERSED


def _given_back(live: Sequence[CreditState], chosen: Sequence[CreditState]) -> Taking:
    """Hours go back, and the place of each key that has nothing left under the source."""
    kept = {state.credit.person_id for state in live if state not in chosen}
    gone = {state.credit.person_id for state in chosen} - kept
    return Taking(-len(gone), -sum(state.credit.centihours for state in chosen))
