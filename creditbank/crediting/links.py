"""Linking two keys found to be one person, and parting them again: caps are counted anew.

No entry moves. What counts is a function of the live facts of the linked keys, so the differences
are posted in the transaction of the finding.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from creditbank.crediting.fold import FoldContext, fold_again
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.ledger.journal import ActDraft, RecordedAct, record_act
from creditbank.ledger.models import Act, Entry
from creditbank.ledger.posting import credit_states
from creditbank.people.models import PersonLink
from creditbank.people.register import (
    Identity,
    find_person,
    linked_people,
    lock_linked,
    record_link,
    secrets_of,
)
from creditbank.people.vault import Vault
from creditbank.registry.lawbook import law_of
from creditbank.registry.lookups import within_jurisdiction

LINKED, UNLINKED = "person.linked", "person.unlinked"
_OCCASIONS_SHOWN_MAX = 10


class LinkReason(StrEnum):
    """Why two documents are found to be one person's, or not to be."""

    DOCUMENT_CHANGED = "document-changed"
    SEVERAL_DOCUMENTS = "several-documents"
    RECORDED_TWICE = "recorded-twice"
    LINKED_WRONGLY = "linked-wrongly"


class LinkOccasionTwiceError(CreditBankError):
    """Both keys hold live hours of one occasion, which one person cannot have attended twice."""

    code = "link-occasion-twice"
    status = 409


@dataclass(frozen=True, slots=True)
class LinkFinding:
    """An official's finding that two documents are, or are not, one person's.

    `reason` is one of `LinkReason`, or empty where a machine gave none; `case_no` is the number of
    the office's file with what proves it, empty where there is none.
    """

    one: Identity
    other: Identity
    linked: bool
    jurisdiction: str
    actor: str
    reason: str = ""
    case_no: str = ""


@dataclass(frozen=True, slots=True)
class RecordedFinding:
    """A finding as its act tells it: of whom stands in the register alone."""

    link_no: str
    linked: bool
    reason: str
    case_no: str
    jurisdiction: str
    actor: str
    recorded_at: datetime
    act_leaf: bytes


@dataclass(frozen=True, slots=True)
class FindingsWanted:
    """Which page of a region's findings; `before` is the place of the last one already seen."""

    jurisdiction: str
    before: tuple[datetime, str] | None
    limit: int


@dataclass(frozen=True, slots=True)
class LinkResult:
    """Number and leaf of the act, and centihours that caps hold now and did not before."""

    link_no: str
    act_leaf: bytes
    capped_centihours: int


def record_finding(
    session: Session, vault: Vault, finding: LinkFinding, *, now: datetime
) -> LinkResult:
    """Link two keys or part them, and count the caps of all their schemes and years again.

    Raises:
        PersonUnknownError, IdentityMismatchError: a document and its name lead to nobody.
        LinkUnchangedError: that is what already holds.
        LinkOccasionTwiceError: linking would count one attendance twice.
    """
    one = find_person(session, vault, finding.one)
    other = find_person(session, vault, finding.other)
    keys = sorted(lock_linked(session, (one, other)))
    act, link_no = _record(session, finding, now=now)
    record_link(session, one, other, act.act_id, linked=finding.linked)
    groups = linked_people(session, keys)
    entries = session.scalars(select(Entry).where(Entry.person_id.in_(keys))).all()
    if finding.linked:
        _refuse_doubles(entries)
    secrets = secrets_of(session, vault, keys)
    capped = 0
    for scheme in sorted({entry.scheme for entry in entries}):
        years = {entry.credited_year for entry in entries if entry.scheme == scheme}
        context = FoldContext(law_of(session, scheme), secrets, now)
        capped += fold_again(session, sorted(set(groups.values())), years, context)
    return LinkResult(link_no, act.leaf, capped)


def findings_page(session: Session, wanted: FindingsWanted) -> list[RecordedFinding]:
    """Return findings, newest first; one more than `limit` when there are further ones."""
    query = (
        select(Act)
        .join(PersonLink, PersonLink.act_id == Act.act_id)
        .where(within_jurisdiction(Act.jurisdiction, wanted.jurisdiction))
        .order_by(Act.recorded_at.desc(), Act.subject.desc())
    )
    if wanted.before is not None:
        at, seen = wanted.before
        query = query.where(
            or_(Act.recorded_at < at, and_(Act.recorded_at == at, Act.subject < seen))
        )
    return [
        RecordedFinding(
            link_no=act.subject,
            linked=act.kind == LINKED,
            reason=act.reason,
            # Those of the first years say nothing more.
            case_no=json.loads(act.details).get("case_no", ""),
            jurisdiction=act.jurisdiction,
            actor=act.actor,
            recorded_at=act.recorded_at,
            act_leaf=act.leaf,
        )
        for act in session.scalars(query.limit(wanted.limit + 1))
    ]


def _refuse_doubles(entries: Sequence[Entry]) -> None:
    live = [state.credit for state in credit_states(entries) if not state.reversed]
    seen: set[tuple[str, str]] = set()
    doubles: set[str] = set()
    for credit in live:
        place = (credit.scheme, credit.occasion)
        if place in seen:
            doubles.add(credit.occasion)
        seen.add(place)
    if doubles:
        raise LinkOccasionTwiceError(occasions=sorted(doubles)[:_OCCASIONS_SHOWN_MAX])


def _record(session: Session, finding: LinkFinding, *, now: datetime) -> tuple[RecordedAct, str]:
    # The act names nobody: who is linked to whom stands in the register alone.
    link_no = "L" + random_number(9)
    kind = LINKED if finding.linked else UNLINKED
    details = {"case_no": finding.case_no} if finding.case_no else {}
    draft = ActDraft(
        kind, finding.jurisdiction, finding.actor, link_no, details, reason=finding.reason
    )
    return record_act(session, draft, now=now), link_no
