"""Re-assessment (重新折算): credits converted again after the law was changed for days gone by.

An official asks; the clock's process converts the stored facts of every live credit again and
writes down what would change, and nothing else. One official proposes exactly that report, a
second approves it, and it is carried out in batches (`reassessment_works`): each credit is
reversed and, where it is still worth hours, posted as its next revision under the law in force.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, func, insert, or_, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical, canonical_bytes, canonical_text
from creditbank.crediting.models import ReassessedCredit, Reassessment
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.ledger.journal import ActDraft, RecordedAct, record_act
from creditbank.ledger.models import Act, Source, SourceKind
from creditbank.ledger.sources import SourceUnknownError
from creditbank.registry.lawbook import law_of
from creditbank.registry.lookups import within_jurisdiction
from creditbank.registry.publishing import SecondPersonWantedError

#: Said with each entry that a re-assessment reverses: the law is another.
LAW = "law"
PROPOSED, APPROVED = "reassessment.proposed", "reassessment.approved"
WITHDRAWN, COMPLETED = "reassessment.withdrawn", "reassessment.completed"


class ReassessmentState(StrEnum):
    """How a re-assessment stands."""

    WAITING = "waiting"
    REHEARSING = "rehearsing"
    REHEARSED = "rehearsed"
    PROPOSED = "proposed"
    APPROVED = "approved"
    CARRYING = "carrying"
    DONE = "done"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class Outcome(StrEnum):
    """What became of one credit when it was carried out: done, or why it stays as it is."""

    DONE = "done"
    GONE = "gone"
    FROZEN = "frozen"
    ERASED = "erased"
    BEYOND_BOUNDS = "beyond-bounds"
    DIFFERS = "differs"
    LAW_MOVED = "law-moved"


#: Before anybody has approved it, it may be taken back.
_OPEN = frozenset(
    {
        ReassessmentState.WAITING, ReassessmentState.REHEARSING, ReassessmentState.REHEARSED,
        ReassessmentState.PROPOSED,
    }
)  # fmt: skip


class ReassessmentUnknownError(CreditBankError):
    """There is no re-assessment of this number."""

    code = "reassessment-unknown"
    status = 404


class ReassessmentStateError(CreditBankError):
    """It does not stand so that this could be done: not rehearsed, not proposed, or over."""

    code = "reassessment-state"
    status = 409


class ReassessmentEmptyError(CreditBankError):
    """No hours would become others: there is nothing to agree on."""

    code = "reassessment-empty"
    status = 409


class ReportDiffersError(CreditBankError):
    """The digest stated is not that of the report."""

    code = "reassessment-report-differs"
    status = 409


class LawMovedError(CreditBankError):
    """The law in force is not the one by which it was rehearsed."""

    code = "reassessment-law-moved"
    status = 409


class SourceNotConvertedError(CreditBankError):
    """The source is another scheme's, or an import, whose hours were never converted."""

    code = "reassessment-source-unfit"
    status = 422


class DaysReversedError(CreditBankError):
    """The first of two days lies behind the second."""

    code = "reassessment-days-reversed"
    status = 422


@dataclass(frozen=True, slots=True)
class ReassessmentDraft:
    """Whose credits are to be looked at again: a scheme's, of them one source's, some days'."""

    scheme: str
    case_no: str
    actor: str
    source_no: str = ""
    earned_from: date | None = None
    earned_to: date | None = None


@dataclass(frozen=True, slots=True)
class ReassessmentsWanted:
    """Which page of a region's re-assessments; `before` is the place of the last one seen."""

    jurisdiction: str
    before: tuple[datetime, str] | None
    limit: int


def reassessment_numbered(session: Session, reassessment_no: str) -> Reassessment:
    """Return a re-assessment as it now stands.

    Raises:
        ReassessmentUnknownError: there is none of this number.
    """
    found = session.get(Reassessment, reassessment_no, populate_existing=True)
    if found is None:
        raise ReassessmentUnknownError(reassessment_no=reassessment_no[:20])
    return found


def request_reassessment(
    session: Session, draft: ReassessmentDraft, *, now: datetime
) -> Reassessment:
    """Ask what the law now in force would make of a scheme's credits; nothing is changed.

    Raises:
        PackMissingError, PackDraftError: no law is in force for the scheme.
        SourceUnknownError, SourceNotConvertedError: the source has no credits to convert.
        DaysReversedError: no day lies between the two.
    """
    law = law_of(session, draft.scheme)
    if draft.source_no:
        _require_source(session, draft)
    if draft.earned_from and draft.earned_to and draft.earned_to < draft.earned_from:
        raise DaysReversedError(
            first=draft.earned_from.isoformat(), last=draft.earned_to.isoformat()
        )
    row = {
        "reassessment_no": "G" + random_number(9), "case_no": draft.case_no,
        "jurisdiction": law.jurisdiction, "scheme": draft.scheme, "source_no": draft.source_no,
        "earned_from": draft.earned_from, "earned_to": draft.earned_to,
        "state": str(ReassessmentState.WAITING), "requested_by": draft.actor,
        "requested_at": now, "attempt": 0, "step_total": 0, "step_done": 0, "packs": "",
        "result": "", "failed": "",
    }  # fmt: skip
    return session.scalars(insert(Reassessment).returning(Reassessment), [row]).one()


def propose_reassessment(
    session: Session, reassessment_no: str, digest: str, *, actor: str, now: datetime
) -> Reassessment:
    """Put a report before a second official.

    Raises:
        ReassessmentUnknownError, ReassessmentStateError: there is no report to propose.
        ReassessmentEmptyError: nothing would change.
        ReportDiffersError: another report was read.
        LawMovedError: it was rehearsed by another law than the one in force.
    """
    found = _locked(session, reassessment_no, ReassessmentState.REHEARSED)
    _require_report(session, found, digest)
    if not changes_counted(found):
        raise ReassessmentEmptyError(reassessment_no=reassessment_no)
    act = _record(session, found, PROPOSED, actor, agreed_details(found), now=now)
    found.state, found.proposed_by = str(ReassessmentState.PROPOSED), actor
    found.proposal_act_id = act.act_id
    return found


def approve_reassessment(
    session: Session, reassessment_no: str, digest: str, *, actor: str, now: datetime
) -> Reassessment:
    """Agree to a report as a second official; the clock's process carries it out.

    Raises:
        ReassessmentUnknownError, ReassessmentStateError: nobody has proposed it.
        SecondPersonWantedError: the actor proposed it.
        ReportDiffersError, LawMovedError: as when it is proposed.
    """
    found = _locked(session, reassessment_no, ReassessmentState.PROPOSED)
    if found.proposed_by == actor:
        raise SecondPersonWantedError
    _require_report(session, found, digest)
    act = _record(session, found, APPROVED, actor, agreed_details(found), now=now)
    found.state, found.approved_by = str(ReassessmentState.APPROVED), actor
    found.act_id = act.act_id
    # Whoever was to rehearse it may have tried often; carrying it out is another work.
    found.attempt, found.step_done, found.step_total = 0, 0, changes_counted(found)
    return found


def withdraw_reassessment(
    session: Session, reassessment_no: str, *, actor: str, now: datetime
) -> Reassessment:
    """Take a re-assessment back before it is approved; no hours were moved.

    Raises:
        ReassessmentUnknownError, ReassessmentStateError: it was approved, or is over.
    """
    found = _locked(session, reassessment_no, *_OPEN)
    if found.proposed_by is not None:
        _record(session, found, WITHDRAWN, actor, {"case_no": found.case_no}, now=now)
    found.state, found.finished_at = str(ReassessmentState.WITHDRAWN), now
    return found


def record_completion(session: Session, found: Reassessment, *, now: datetime) -> None:
    """Record what was carried out, in the name of whoever approved it."""
    assert found.approved_by is not None, "what is carried out was approved"
    counts = outcomes_of(session, found.reassessment_no)
    details: dict[str, Canonical] = {"case_no": found.case_no, "outcomes": dict(counts)}
    _record(session, found, COMPLETED, found.approved_by, details, now=now)


def reassessments_page(session: Session, wanted: ReassessmentsWanted) -> Sequence[Reassessment]:
    """Return re-assessments, newest first; one more than `limit` when there are further ones."""
    at, number = Reassessment.requested_at, Reassessment.reassessment_no
    query = select(Reassessment).where(
        within_jurisdiction(Reassessment.jurisdiction, wanted.jurisdiction)
    )
    if wanted.before is not None:
        seen_at, seen = wanted.before
        query = query.where(or_(at < seen_at, and_(at == seen_at, number < seen)))
    return session.scalars(query.order_by(at.desc(), number.desc()).limit(wanted.limit + 1)).all()


def reassessed_page(
    session: Session, reassessment_no: str, first: int, count: int
) -> Sequence[ReassessedCredit]:
    """Return some of the credits that change, by source and occasion, from place `first`."""
    query = (
        select(ReassessedCredit)
        .where(ReassessedCredit.reassessment_no == reassessment_no)
        .order_by(ReassessedCredit.source_id, ReassessedCredit.occasion, ReassessedCredit.leaf)
    )
    return session.scalars(query.offset(first).limit(count)).all()


def listed_count(found: Reassessment) -> int:
    """Return how many credits stand in the list, those that stay as they are among them."""
    plans: dict[str, int] = json.loads(found.result)["plans"] if found.result else {}
    return sum(plans.values())


def changes_counted(found: Reassessment) -> int:
    """Return how many credits would be reversed, to be posted anew or not, or be gained."""
    plans: dict[str, int] = json.loads(found.result)["plans"] if found.result else {}
    return plans.get("replace", 0) + plans.get("reverse", 0)


def outcomes_of(session: Session, reassessment_no: str) -> dict[str, int]:
    """Count what became of the credits so far, by outcome."""
    outcome = ReassessedCredit.outcome
    query = (
        select(outcome, func.count())
        .where(ReassessedCredit.reassessment_no == reassessment_no, outcome != "")
        .group_by(outcome)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def line_of(found: Reassessment) -> dict[str, Any]:
    """Return how a re-assessment stands, for a list."""
    names = (
        "reassessment_no", "case_no", "jurisdiction", "scheme", "source_no", "earned_from",
        "earned_to", "state", "failed", "step_done", "step_total", "requested_by", "requested_at",
        "finished_at",
    )  # fmt: skip
    return {
        **{name: getattr(found, name) for name in names},
        "proposed_by": found.proposed_by or "",
        "approved_by": found.approved_by or "",
    }


def told(session: Session, found: Reassessment) -> dict[str, Any]:
    """Return how a re-assessment stands, its report, and what became of it so far."""
    kept = json.loads(found.result) if found.result else {}
    outcomes = outcomes_of(session, found.reassessment_no) if found.act_id else {}
    return {
        **line_of(found),
        "packs": found.packs,
        "digest": found.digest.hex() if found.digest else "",
        "credits": kept.get("credits", 0),
        "people": kept.get("people", 0),
        "plans": [
            {"plan": plan, "count": count} for plan, count in sorted(kept.get("plans", {}).items())
        ],
        "sums": kept.get("sums", []),
        "outcomes": [
            {"outcome": outcome, "count": count} for outcome, count in sorted(outcomes.items())
        ],
    }


def report_digest(found: Reassessment, packs: str, credits: Iterable[ReassessedCredit]) -> bytes:
    """Return the digest of a report: what is asked, by which law, and each credit that changes.

    Args:
        found: the re-assessment.
        packs: canonical JSON of the chain by which it was rehearsed.
        credits: all of its list, in any order.
    """
    told = sorted(credits, key=lambda each: (each.occasion, each.leaf or b""))
    lines: list[Canonical] = [
        [each.occasion, each.leaf.hex() if each.leaf else "", each.new_centihours,
         each.new_credited_year, each.new_subject, each.plan]
        for each in told
    ]  # fmt: skip
    content: list[Canonical] = [found.reassessment_no, _scope_of(found), json.loads(packs), lines]
    return hashlib.sha256(canonical_bytes(content)).digest()


def agreed_details(found: Reassessment) -> dict[str, Canonical]:
    """Return what the acts tell that propose and approve a report: what it reaches, its digest."""
    assert found.digest is not None, "what is agreed on was rehearsed"
    return {
        **_scope_of(found), "packs": json.loads(found.packs), "report": found.digest.hex(),
    }  # fmt: skip


def _scope_of(found: Reassessment) -> dict[str, Canonical]:
    return {
        "case_no": found.case_no,
        "scheme": found.scheme,
        "source": found.source_no,
        "earned_from": found.earned_from.isoformat() if found.earned_from else "",
        "earned_to": found.earned_to.isoformat() if found.earned_to else "",
    }


def _require_source(session: Session, draft: ReassessmentDraft) -> None:
    source = session.scalar(select(Source).where(Source.source_no == draft.source_no))
    if source is None:
        raise SourceUnknownError(source_no=draft.source_no)
    if source.scheme != draft.scheme or source.kind == SourceKind.IMPORT:
        raise SourceNotConvertedError(
            source_no=draft.source_no, found=source.scheme, wanted=draft.scheme
        )


def _locked(session: Session, reassessment_no: str, *wanted: ReassessmentState) -> Reassessment:
    query = select(Reassessment).where(Reassessment.reassessment_no == reassessment_no)
    found = session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise ReassessmentUnknownError(reassessment_no=reassessment_no[:20])
    if found.state not in wanted:
        raise ReassessmentStateError(reassessment_no=reassessment_no, state=found.state)
    return found


def _require_report(session: Session, found: Reassessment, digest: str) -> None:
    if found.digest is None or digest != found.digest.hex():
        raise ReportDiffersError(reassessment_no=found.reassessment_no)
    if canonical_text(law_of(session, found.scheme).pins()) != found.packs:
        raise LawMovedError(scheme=found.scheme)


def _record(
    session: Session, found: Reassessment, kind: str, actor: str, details: Canonical,
    *, now: datetime,
) -> RecordedAct:  # fmt: skip
    """Record a step; it rests on the step before it."""
    before = session.scalars(
        select(Act.leaf)
        .where(Act.subject == found.reassessment_no)
        .order_by(Act.act_id.desc())
        .limit(1)
    )
    draft = ActDraft(
        kind, found.jurisdiction, actor, found.reassessment_no, details, reason=LAW,
        cites=tuple(before),
    )  # fmt: skip
    return record_act(session, draft, now=now)
