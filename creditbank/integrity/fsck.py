"""What `ledger fsck` checks of disputes: each stands as its steps say, and steps as their acts."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.integrity.models import Dispute, DisputeStep
from creditbank.integrity.states import ACTS, DisputeUnfitError, Step, after
from creditbank.ledger.disagreement import Disagreement
from creditbank.ledger.models import Act
from creditbank.ledger.unreadable import unreadable_rows

_CODE = "fsck-dispute"


def check_disputes(session: Session) -> Iterator[Disagreement]:
    """Check disputes against their steps, and the steps of officials against the acts.

    Args:
        session: a snapshot.

    Yields:
        Each disagreement, by table and number.
    """
    readable = True
    for unreadable in unreadable_rows(session, ("dispute", "dispute_step")):
        readable = False
        yield unreadable
    if not readable:
        return
    steps: dict[str, list[DisputeStep]] = defaultdict(list)
    order = (DisputeStep.dispute_no, DisputeStep.step_no)
    for step in session.scalars(select(DisputeStep).order_by(*order)):
        steps[step.dispute_no].append(step)
    for dispute in session.scalars(select(Dispute).order_by(Dispute.dispute_no)):
        if not _stands(dispute, steps.pop(dispute.dispute_no, [])):
            yield Disagreement(_CODE, "dispute", dispute.dispute_no)
    for number in steps:
        yield Disagreement(_CODE, "dispute_step", number)
    yield from _unsaid(session)


def _stands(dispute: Dispute, steps: Sequence[DisputeStep]) -> bool:
    """Tell whether a dispute's row is where its steps lead, one after another."""
    state = ""
    try:
        for place, step in enumerate(steps, 1):
            if step.step_no != place:
                return False
            state = after(state, Step(step.step))
    except (ValueError, DisputeUnfitError):
        return False
    return (dispute.state, dispute.steps) == (state, len(steps))


def _unsaid(session: Session) -> Iterator[Disagreement]:
    """Find acts without their step, and steps that should have an act or have another's."""
    acts: Mapping[int, Act] = {
        act.act_id: act for act in session.scalars(select(Act).where(Act.kind.in_(ACTS.values())))
    }
    said: set[int] = set()
    kinds: dict[str, str] = {str(step): kind for step, kind in ACTS.items()}
    for step in session.scalars(select(DisputeStep)):
        act = acts.get(step.act_id or 0)
        found = None if act is None else (act.kind, act.subject, act.actor, act.recorded_at)
        kind = kinds.get(step.step)
        wanted = (kind, step.dispute_no, step.actor, step.recorded_at) if kind else None
        if found != wanted or (step.act_id is not None and kind is None):
            yield Disagreement(_CODE, "dispute_step", f"{step.dispute_no} {step.step_no}")
        said.add(step.act_id or 0)
    for act_id in sorted(acts.keys() - said):
        yield Disagreement(_CODE, "journal_act", str(act_id))
