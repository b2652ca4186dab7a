"""What `ledger fsck` checks of filings: each stands, and says, as the acts on it have it.

A filing by force approved, reopened or given more seats would otherwise take rosters that no
official allowed.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from creditbank.canonical import canonical_text
from creditbank.ledger.disagreement import Disagreement
from creditbank.ledger.models import Act
from creditbank.ledger.unreadable import unreadable_rows
from creditbank.registry.filing.filings import described, draft_from
from creditbank.registry.filing.states import FilingState
from creditbank.registry.fsck import said_by
from creditbank.registry.models import Filing, FilingSession

_CODE = "fsck-filing"
#: Filings whose acts are read at once.
_CHUNK = 500
_FILED, _FILED_AGAIN, _APPROVED = "filing.submitted", "filing.resubmitted", "filing.approved"
_AMENDED = "filing.amended"
_DESCRIBES = (_FILED, _FILED_AGAIN, _APPROVED, _AMENDED)
#: The kind of an act, and its details.
_Told = tuple[str, Mapping[str, Any]]
_STATE_AFTER: Mapping[str, FilingState] = {
    _FILED: FilingState.SUBMITTED, _FILED_AGAIN: FilingState.SUBMITTED,
    "filing.returned": FilingState.RETURNED, "filing.refused": FilingState.REFUSED,
    _APPROVED: FilingState.APPROVED, _AMENDED: FilingState.APPROVED,
    "filing.withdrawn": FilingState.WITHDRAWN, "filing.closed": FilingState.CLOSED,
    "filing.reopened": FilingState.APPROVED,
    "filing.suspended": FilingState.SUSPENDED, "filing.lifted": FilingState.APPROVED,
    "filing.revoked": FilingState.REVOKED,
}  # fmt: skip
#: What an act says of the activity; the teachers' names stand in none.
_SAID = (
    "activity", "form", "release", "title", "subject", "seats", "kind", "sessions", "facts",
    "policy_teaching", "approved_centihours",
)  # fmt: skip


def check_filings(session: Session) -> Iterator[Disagreement]:
    """Check filings and their sessions against the acts on them.

    Args:
        session: a snapshot.

    Yields:
        Each disagreement, by table and number.
    """
    readable = True
    for row in unreadable_rows(session, ("filing", "filing_session")):
        readable = False
        yield row
    if not readable:
        return
    query = select(Filing).order_by(Filing.filing_no)
    for chunk in session.scalars(query).partitions(_CHUNK):
        numbers = [each.filing_no for each in chunk]
        acts, sessions = _acts_on(session, numbers), _sessions_of(session, numbers)
        for each in chunk:
            if not _agrees(each, sessions[each.filing_no], acts[each.filing_no]):
                yield Disagreement(_CODE, "filing", each.filing_no)
    lost = select(Act.subject).where(
        Act.kind == _FILED, ~exists().where(Filing.filing_no == Act.subject)
    )
    for filing_no in session.scalars(lost.order_by(Act.subject)):
        yield Disagreement(_CODE, "filing", filing_no)


def _acts_on(session: Session, numbers: Sequence[str]) -> Mapping[str, list[_Told]]:
    acts: dict[str, list[_Told]] = defaultdict(list)
    query = select(Act.subject, Act.kind, Act.details).where(
        Act.subject.in_(numbers), Act.kind.in_(_STATE_AFTER)
    )
    for filing_no, kind, details in session.execute(query.order_by(Act.act_id)):
        acts[filing_no].append((kind, said_by(details)))
    return acts


def _sessions_of(session: Session, numbers: Sequence[str]) -> Mapping[str, Sequence[FilingSession]]:
    """Read the sessions of filings that follow one another by their numbers, in order of days."""
    found: dict[str, list[FilingSession]] = defaultdict(list)
    query = select(FilingSession).where(FilingSession.filing_no.between(numbers[0], numbers[-1]))
    for each in session.scalars(query.order_by(FilingSession.day, FilingSession.session_no)):
        found[each.filing_no].append(each)
    return found


def _agrees(filing: Filing, sessions: Sequence[FilingSession], acts: Sequence[_Told]) -> bool:
    if not acts or filing.state != _STATE_AFTER[acts[-1][0]]:
        return False
    last = acts[-1][1]
    from_day = filing.suspended_from.isoformat() if filing.suspended_from else None
    suspended = filing.state == FilingState.SUSPENDED
    if from_day != (last.get("from_day") if suspended else None):
        return False
    told = [act for act in acts if act[0] in _DESCRIBES]
    return bool(told) and _stands(filing, sessions, *told[-1])


def _stands(
    filing: Filing, sessions: Sequence[FilingSession], kind: str, said: Mapping[str, Any]
) -> bool:
    granted = kind in {_APPROVED, _AMENDED}
    hours = filing.approved_centihours if granted else filing.asked_centihours
    try:
        stands = described(draft_from(filing, sessions, hours))
        if "kind" not in said:  # acts of before filings had kinds
            stands.pop("kind")
        return canonical_text(stands) == canonical_text({k: said[k] for k in _SAID if k in said})
    except (ValueError, TypeError, RecursionError):  # its facts are no JSON
        return False
