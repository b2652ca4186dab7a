"""What `ledger fsck` checks of re-assessments: what was agreed on is what was carried out.

It trusts no row: every report must have the digest that two officials agreed to, and every credit
that is said to be done must have been reversed by that act and no other.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence, Set

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from creditbank.canonical import canonical_text
from creditbank.crediting.models import ReassessedCredit, Reassessment
from creditbank.crediting.reassessing import CARRIED
from creditbank.crediting.reassessments import (
    APPROVED,
    COMPLETED,
    PROPOSED,
    WITHDRAWN,
    Outcome,
    ReassessmentState,
    agreed_details,
    report_digest,
)
from creditbank.ledger.disagreement import Disagreement, Progress
from creditbank.ledger.models import Act, Entry, Movement
from creditbank.ledger.unreadable import unreadable_rows


def check_reassessments(session: Session, seen: Progress) -> Iterator[Disagreement]:
    """Check re-assessments against their acts, their lists and the entries that they ordered.

    Args:
        session: a snapshot.
        seen: kept up to date.

    Yields:
        Each disagreement, by table and number.
    """
    known = session.scalar(select(func.count()).select_from(Reassessment))
    seen.begin("reassessments", known or 0)
    readable = True
    for row in unreadable_rows(session, ("reassess",)):
        readable = False
        yield row
    if not readable:
        return
    acts: dict[str, list[Act]] = defaultdict(list)
    kinds = Act.kind.in_([PROPOSED, APPROVED, WITHDRAWN, COMPLETED])
    for act in session.scalars(select(Act).where(kinds).order_by(Act.act_id)):
        acts[act.subject].append(act)
    reversals = _reversals(session) if known else {}
    for found in session.scalars(select(Reassessment)):
        said = acts.pop(found.reassessment_no, [])
        if not _holds(session, found, said, reversals.get(found.act_id or 0, set())):
            yield Disagreement("fsck-reassessment", "reassessment", found.reassessment_no)
        seen.done += 1
    for number in sorted(acts):
        yield Disagreement("fsck-reassessment", "reassessment", number)


def _reversals(session: Session) -> dict[int, set[tuple[int, str]]]:
    """Return what each re-assessment reversed, by its act.

    One look at all entries for all of them: no index leads from an act to its entries.
    """
    found: dict[int, set[tuple[int, str]]] = defaultdict(set)
    query = select(Entry.act_id, Entry.person_id, Entry.occasion).where(
        Entry.act_id.in_(select(Reassessment.act_id)), Entry.movement == str(Movement.REVERSE)
    )
    for act_id, person_id, occasion in session.execute(query):
        found[act_id or 0].add((person_id, occasion))
    return found


def _holds(
    session: Session, found: Reassessment, acts: Sequence[Act], reversed_: Set[tuple[int, str]]
) -> bool:
    said = [(act.kind, act.actor) for act in acts if act.kind != WITHDRAWN]
    if said != _wanted(found) or len(acts) - len(said) != _taken_back(found):
        return False
    if found.digest is None:
        return not acts
    listed = select(ReassessedCredit).where(
        ReassessedCredit.reassessment_no == found.reassessment_no
    )
    credits = session.scalars(listed).all()
    if report_digest(found, found.packs, credits) != found.digest:
        return False
    agreed = canonical_text(agreed_details(found))
    if any(act.details != agreed for act in acts if act.kind in {PROPOSED, APPROVED}):
        return False
    return _carried(found, credits, reversed_)


def _wanted(found: Reassessment) -> list[tuple[str, str]]:
    """Return the acts that lead to where it stands, with who did each; but not a withdrawal."""
    wanted = []
    if found.proposed_by is not None:
        wanted.append((PROPOSED, found.proposed_by))
    if found.approved_by is not None:
        wanted.append((APPROVED, found.approved_by))
        if found.state == ReassessmentState.DONE:
            wanted.append((COMPLETED, found.approved_by))
    return wanted


def _taken_back(found: Reassessment) -> bool:
    """Tell whether it was withdrawn when somebody else had read of it."""
    return found.state == ReassessmentState.WITHDRAWN and found.proposed_by is not None


def _carried(
    found: Reassessment, credits: Sequence[ReassessedCredit], reversed_: Set[tuple[int, str]]
) -> bool:
    """Tell whether what was reversed by the act is what the list says is done."""
    done = {
        (each.person_id, each.occasion)
        for each in credits
        if each.leaf is not None and each.outcome == Outcome.DONE
    }
    over = found.state == ReassessmentState.DONE
    waiting = any(each.plan in CARRIED and not each.outcome for each in credits)
    return done == reversed_ and not (over and waiting)
