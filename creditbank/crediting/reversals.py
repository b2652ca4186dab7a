"""Taking credits back, and with them what other schemes recognised because of them.

Whatever takes hours back goes through `take_back`: attendance, recognitions, transfers. A credit
under another scheme that was recognised from a reversed entry is reversed in the same transaction,
by an act of its own in its own jurisdiction that cites the one behind it: no moment exists in which
the copy counts and its original does not.
"""

from collections.abc import Iterable, Sequence
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
    group: tuple[int, ...],
    context: FoldContext,
) -> None:
    """Reverse credits of a source, count caps again, give hours and places back.

    Args:
        session: of the caller's transaction, which holds the source and the people.
        held: the source.
        live: every live credit of the group under the source.
        chosen: those that are taken back, at least one.
        ruling: by whom, by which act, why.
        group: the linked keys of the person.
        context: law of the source's scheme, secrets of the group, the instant.
    """
    reverse_states(session, chosen, ruling, context)
    fold_again(session, [group], {state.credit.credited_year for state in chosen}, context)
    take(session, held.source, _given_back(live, chosen))
    leaves = {state.credit.leaf for state in chosen}
    for transfer, source in held.dependents:
        if transfer.origin_leaf in leaves:
            _reverse_dependent(session, transfer, source, ruling, group=group, context=context)


def reverse_states(
    session: Session, states: Iterable[CreditState], ruling: Ruling, context: FoldContext
) -> None:
    """Reverse credits whole: what a cap holds is let go, then the two accounts are swapped."""
    pins_id = pins_id_of(session, context.law.pins())
    drafts: list[MoveDraft] = []
    for state in states:
        if state.capped_centihours:
            drafts.append(
                MoveDraft(
                    credit=state.credit,
                    movement=Movement.UNCAP,
                    centihours=state.capped_centihours,
                    step=state.next_step(Movement.UNCAP),
                    pins_id=pins_id,
                    act_id=ruling.act.act_id,
                    order=ruling.act.leaf,
                    reason=ruling.reason,
                )
            )
        drafts.append(
            MoveDraft(
                credit=state.credit,
                movement=Movement.REVERSE,
                centihours=state.credit.centihours,
                step=0,
                pins_id=state.credit.pins_id,
                act_id=ruling.act.act_id,
                order=ruling.act.leaf,
                reason=ruling.reason,
            )
        )
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
    take_back(session, Held(source, ()), live, live, because, group=group, context=own)
    transfer.state, transfer.reason = "withdrawn", ORIGIN_REVERSED


def _given_back(live: Sequence[CreditState], chosen: Sequence[CreditState]) -> Taking:
    """Hours go back, and the place of each key that has nothing left under the source."""
    kept = {state.credit.person_id for state in live if state not in chosen}
    gone = {state.credit.person_id for state in chosen} - kept
    return Taking(-len(gone), -sum(state.credit.centihours for state in chosen))
