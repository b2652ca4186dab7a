"""What `ledger fsck` checks of successions: each stands as the acts on its organisation say."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.canonical import canonical_text
from creditbank.ledger.disagreement import Disagreement
from creditbank.ledger.models import Act
from creditbank.ledger.unreadable import unreadable_rows
from creditbank.registry.facts import Says
from creditbank.registry.fsck import said_by
from creditbank.registry.models import Organisation, SuccessionPart, SuccessionStatement
from creditbank.registry.succeeding import ACTS, TAKEN_BACK

_CODE = "fsck-succession"


def check_successions(session: Session) -> Iterator[Disagreement]:
    """Check what became of organisations against the acts on them, and the organisations' rows.

    Args:
        session: a snapshot.

    Yields:
        Each disagreement, by table and number.
    """
    readable = True
    for unreadable in unreadable_rows(session, ("succession",)):
        readable = False
        yield unreadable
    if not readable:
        return
    query = select(Organisation.organisation_id, Organisation.uscc)
    codes = {row[0]: row[1] for row in session.execute(query)}
    parts: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for part in session.scalars(select(SuccessionPart)):
        parts[part.succession_no].append((codes.get(part.successor_id, ""), part.filing_no))
    stand = session.scalars(select(SuccessionStatement)).all()
    kinds = (*ACTS.values(), TAKEN_BACK)
    acts = {act.act_id: act for act in session.scalars(select(Act).where(Act.kind.in_(kinds)))}
    for row in stand:
        act = acts.pop(row.act_id, None)
        if act is None or not _agrees(row, act, codes, parts.get(row.succession_no, [])):
            yield Disagreement(_CODE, "succession_statement", f"{row.succession_no} {row.sequence}")
    for number in sorted(parts.keys() - {row.succession_no for row in stand}):
        yield Disagreement(_CODE, "succession_part", number)
    for act_id in sorted(acts):
        yield Disagreement(_CODE, "journal_act", str(act_id))
    yield from _ends(session, stand)


def _ends(session: Session, stand: Sequence[SuccessionStatement]) -> Iterator[Disagreement]:
    """Find organisations whose row does not say when they ended."""
    back = {row.succession_no for row in stand if row.says == Says.NOT_SO}
    ended = {
        row.organisation_id: row.day
        for row in stand
        if row.says == Says.SO and not row.continues and row.succession_no not in back
    }
    query = select(Organisation.organisation_id, Organisation.uscc, Organisation.ended_on)
    for organisation_id, uscc, ended_on in session.execute(query.order_by(Organisation.uscc)):
        if ended.get(organisation_id) != ended_on:
            yield Disagreement(_CODE, "organisation", uscc)


def _agrees(
    row: SuccessionStatement, act: Act, codes: Mapping[int, str], parts: list[tuple[str, str]]
) -> bool:
    made = (act.actor, act.recorded_at, act.subject)
    if made != (row.actor, row.recorded_at, codes.get(row.organisation_id)):
        return False
    document_day = "" if row.document_day is None else row.document_day.isoformat()
    stands: dict[str, Any] = {
        "succession": row.succession_no, "document_no": row.document_no,
        "document_day": document_day, "reason_text": row.reason,
    }  # fmt: skip
    said = dict(said_by(act.details))
    if row.says == Says.NOT_SO:
        return act.kind == TAKEN_BACK and said == stands
    try:
        taken = [
            (each["uscc"], number)
            for each in said.pop("successors", [])
            for number in (each["filings"] or [""])
        ]
        same = sorted(taken) == sorted(parts)
    except (KeyError, TypeError, ValueError, AttributeError):
        return False
    stands |= {"day": row.day.isoformat(), "continues": row.continues}
    kind = {str(how): kind for how, kind in ACTS.items()}.get(row.how)
    return act.kind == kind and same and canonical_text(said) == canonical_text(stands)
