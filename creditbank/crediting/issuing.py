"""Hours that one official act gives to one person: a source of its own, exact, credited at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from creditbank.canonical import Canonical
from creditbank.crediting.fold import FoldContext, fold_again
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.ledger.models import SourceKind
from creditbank.ledger.posting import CreditDraft, PostingContext, post_credits
from creditbank.ledger.sources import (
    Bounds,
    SourceDraft,
    Taking,
    lock_source,
    open_source,
    pins_id_of,
    source_bounds_details,
    take,
)


@dataclass(frozen=True, slots=True)
class Grant:
    """An act that gives one person hours: under which number, by whom, resting on what.

    `details` is what the act says beside its bounds; `cites` are leaves that it rests on.
    """

    number: str
    kind: SourceKind
    act: str
    jurisdiction: str
    actor: str
    details: Mapping[str, Canonical]
    cites: tuple[bytes, ...] = ()


def issue(
    session: Session,
    grant: Grant,
    credits: Sequence[CreditDraft],
    *,
    group: tuple[int, ...],
    context: FoldContext,
) -> int:
    """Record the act, open its source, credit within it and count caps again.

    Args:
        session: of the caller's transaction, which holds the person's locks.
        grant: the act.
        credits: of one person in the scheme of the context's law, at least one.
        group: the linked keys of the person.
        context: law in force, secrets of the group, the instant.

    Returns:
        Centihours that caps hold now and did not hold before.

    Raises:
        PersonErasedError: the person's secret was erased.
    """
    law, total = context.law, sum(credit.centihours for credit in credits)
    bounds, pins = Bounds(1, total), law.pins()
    act = record_act(
        session,
        ActDraft(
            grant.act,
            grant.jurisdiction,
            grant.actor,
            grant.number,
            {
                **grant.details,
                **source_bounds_details(bounds, bounds.centihours_max),
                "scheme": law.scheme,
                "source_kind": str(grant.kind),
                "packs": pins,
            },
            cites=grant.cites,
        ),
        now=context.now,
    )
    opened = SourceDraft(
        grant.number, grant.kind, grant.jurisdiction, law.scheme, bounds, act.act_id
    )
    open_source(session, opened)
    # Nobody else knows the source yet: taking its lock after the person's cannot cross anybody.
    source, _use = lock_source(session, grant.number)
    posting = PostingContext(
        source.source_id, act.leaf, pins_id_of(session, pins), pins, context.now
    )
    post_credits(session, credits, posting, context.secrets)
    capped = fold_again(session, [group], {each.credited_year for each in credits}, context)
    take(session, source, Taking(1, total))
    return capped
