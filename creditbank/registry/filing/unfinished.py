"""Drafts of filings (草稿): kept until they are whole, with whatever gaps; only their provider's.

A draft is no act and no filing: officials see none, nothing is granted by it, and it can be thrown
away. What is in it is examined each time that it is read; only a whole one is submitted.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical, canonical_text
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.registry.filing.bases import require_base
from creditbank.registry.filing.filings import (
    FilingDraft,
    SessionDraft,
    draft_of,
    person_centihours,
    refuse_unfit_hours,
    submit_filing,
)
from creditbank.registry.filing.kinds import KINDS, FilingKind, checked_facts, kind_of
from creditbank.registry.filing.sittings import check_days, check_times
from creditbank.registry.lawbook import law_at
from creditbank.registry.models import Filing, FilingDraftRow, Organisation
from creditbank.rules.pack import PackChain
from creditbank.rules.subjects import require_subject

#: Drafts that one organisation keeps at a time.
DRAFTS_MAX = 200
_TEXTS = ("title", "activity", "form", "release", "subject", "kind")
_SESSION_TEXTS = ("begins_at", "ends_at", "place", "teachers")
_HALF_DAYS = 2


class FilingDraftUnknownError(CreditBankError):
    """There is no draft of this number, or it is another organisation's."""

    code = "filing-draft-unknown"
    status = 404


class FilingDraftChangedError(CreditBankError):
    """Somebody saved the draft after it was read."""

    code = "filing-draft-changed"
    status = 409


class FilingDraftUnfinishedError(CreditBankError):
    """A draft with gaps is not submitted."""

    code = "filing-draft-unfinished"
    status = 422


class FilingDraftsFullError(CreditBankError):
    """The organisation keeps as many drafts as it may."""

    code = "filing-drafts-full"
    status = 409


@dataclass(frozen=True, slots=True)
class UnfinishedSession:
    """One sitting as far as it is planned."""

    day: date | None = None
    planned_minutes: int | None = None
    planned_half_days: int = _HALF_DAYS
    begins_at: str = ""
    ends_at: str = ""
    place: str = ""
    teachers: str = ""


@dataclass(frozen=True, slots=True)
class UnfinishedFiling:
    """An activity as far as it is described; empty is not there yet."""

    title: str = ""
    activity: str = ""
    form: str = ""
    release: str = ""
    subject: str = ""
    kind: str = ""
    seats: int | None = None
    sessions: tuple[UnfinishedSession, ...] = ()
    approved_centihours: int | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    policy_teaching: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """What is missing: a field or a fact, of a session counted from 1 or of the filing itself."""

    name: str
    session: int = 0
    is_fact: bool = False

    @property
    def pointer(self) -> str:
        """Where it would stand in a body (RFC 6901)."""
        if self.session:
            return f"/sessions/{self.session - 1}/{self.name}"
        return f"/facts/{self.name}" if self.is_fact else f"/{self.name}"

    @property
    def code(self) -> str:
        """What it is called: a code of the catalogue."""
        kind = "gap" if self.session else "fact" if self.is_fact else "field"
        return f"filing-{kind}-{self.name.replace('_', '-')}"


@dataclass(frozen=True, slots=True)
class Findings:
    """What a draft lacks, and what is wrong with what is there."""

    missing: tuple[Gap, ...]
    faults: tuple[CreditBankError, ...]


def save_new_draft(
    session: Session, content: UnfinishedFiling, provider: Organisation, *, actor: str,
    now: datetime,
) -> FilingDraftRow:  # fmt: skip
    """Keep a draft.

    Raises:
        FilingDraftsFullError: the organisation keeps as many as it may.
    """
    mine = FilingDraftRow.organisation_id == provider.organisation_id
    if (session.scalar(select(func.count()).where(mine)) or 0) >= DRAFTS_MAX:
        raise FilingDraftsFullError(wanted=DRAFTS_MAX)
    row = {
        "draft_no": "Y" + random_number(9), "organisation_id": provider.organisation_id,
        "title": content.title, "content": _kept(content), "version": 1, "saved_at": now,
        "saved_by": actor,
    }  # fmt: skip
    return session.scalars(insert(FilingDraftRow).returning(FilingDraftRow), [row]).one()


def save_draft(
    session: Session, draft: FilingDraftRow, content: UnfinishedFiling, *, actor: str,
    now: datetime,
) -> None:  # fmt: skip
    """Keep what a draft, which `draft_to_write` has locked, now says."""
    draft.title, draft.content = content.title, _kept(content)
    draft.version += 1
    draft.saved_at, draft.saved_by = now, actor


def draft_seen(session: Session, draft_no: str, organisation_id: int | None) -> FilingDraftRow:
    """Return a draft of an organisation.

    Raises:
        FilingDraftUnknownError: there is none, or it is another's.
    """
    return _own(session.get(FilingDraftRow, draft_no), draft_no, organisation_id)


def draft_to_write(
    session: Session, draft_no: str, organisation_id: int | None, *, version: int
) -> FilingDraftRow:
    """Return a draft of an organisation as it was read, locked for this transaction.

    Raises:
        FilingDraftUnknownError: there is none, or it is another's.
        FilingDraftChangedError: somebody else saved it meanwhile.
    """
    found = session.get(FilingDraftRow, draft_no, with_for_update=True, populate_existing=True)
    draft = _own(found, draft_no, organisation_id)
    if draft.version != version:
        raise FilingDraftChangedError(draft_no=draft_no, found=version, wanted=draft.version)
    return draft


def drafts_of(session: Session, organisation_id: int) -> Sequence[FilingDraftRow]:
    """Return an organisation's drafts, the last saved first."""
    query = select(FilingDraftRow).where(FilingDraftRow.organisation_id == organisation_id)
    last = (FilingDraftRow.saved_at.desc(), FilingDraftRow.draft_no)
    return session.scalars(query.order_by(*last)).all()


def delete_draft(session: Session, draft: FilingDraftRow) -> None:
    """Throw away a draft that `draft_to_write` has locked."""
    session.execute(delete(FilingDraftRow).where(FilingDraftRow.draft_no == draft.draft_no))


def submit_draft(
    session: Session, draft: FilingDraftRow, provider: Organisation, *, actor: str, now: datetime
) -> Filing:
    """File what a draft, which `draft_to_write` has locked, says; the draft is gone then.

    Raises:
        FilingDraftUnfinishedError: something is missing.
        The refusals of `submit_filing`: as if it were filed at once.
    """
    content = content_of(draft)
    missing = tuple(gaps_of(content))
    if missing:
        words = list(dict.fromkeys(each.code for each in missing))
        raise FilingDraftUnfinishedError(draft_no=draft.draft_no, missing_words=words)
    filing = submit_filing(session, _whole(content), provider, actor=actor, now=now)
    delete_draft(session, draft)
    return filing


def copy_of(session: Session, filing: Filing) -> UnfinishedFiling:
    """Return what a filing says, for another like it: all of it but its days."""
    return unfinished(draft_of(session, filing, filing.asked_centihours), days=False)


def unfinished(draft: FilingDraft, *, days: bool = True) -> UnfinishedFiling:
    """Return a whole draft as one that may have gaps; without its days if they are not wanted."""
    return UnfinishedFiling(
        title=draft.title, activity=draft.activity, form=draft.form, release=draft.release,
        subject=draft.subject, kind=draft.kind, seats=draft.seats,
        sessions=tuple(
            UnfinishedSession(
                each.day if days else None, each.planned_minutes, each.planned_half_days,
                each.begins_at, each.ends_at, each.place, each.teachers,
            )
            for each in draft.sessions
        ),
        approved_centihours=draft.approved_centihours, facts=draft.facts,
        policy_teaching=draft.policy_teaching,
    )  # fmt: skip


def content_of(draft: FilingDraftRow) -> UnfinishedFiling:
    """Return what a draft says."""
    said: dict[str, Any] = json.loads(draft.content)
    sessions = said.pop("sessions")
    return UnfinishedFiling(
        **said,
        sessions=tuple(
            UnfinishedSession(date.fromisoformat(day) if day else None, minutes or None, *rest)
            for day, minutes, *rest in sessions
        ),
    )


def gaps_of(content: UnfinishedFiling) -> Iterator[Gap]:
    """Yield what has to be said before a draft can be submitted."""
    wanted = {"title": content.title, "activity": content.activity, "form": content.form,
              "release": content.release, "subject": content.subject, "seats": content.seats,
              "sessions": content.sessions}  # fmt: skip
    yield from (Gap(name) for name, found in wanted.items() if not found)
    for number, planned in enumerate(content.sessions, start=1):
        said = {"day": planned.day, "planned_minutes": planned.planned_minutes}
        yield from (Gap(name, number) for name, found in said.items() if not found)
    stated = content.kind or (kind_of("", content.activity) if content.activity else "")
    for rule in KINDS[FilingKind(stated)].facts if stated else ():
        if rule.wanted and not content.facts.get(rule.name, "").strip():
            yield Gap(rule.name, is_fact=True)


def findings_of(session: Session, content: UnfinishedFiling, provider: Organisation) -> Findings:
    """Tell what a draft lacks and what is wrong in it already, as its submission would say."""
    faults: list[CreditBankError] = []
    try:
        law = law_at(session, provider.jurisdiction)
    except CreditBankError as error:
        return Findings(tuple(gaps_of(content)), (error,))
    for check in _checks(session, content, provider, law):
        try:
            check()
        except CreditBankError as error:
            faults.append(error)
    return Findings(tuple(gaps_of(content)), tuple(faults))


def _checks(
    session: Session, content: UnfinishedFiling, provider: Organisation, law: PackChain
) -> Iterator[Callable[[], object]]:
    days = [each.day for each in content.sessions if each.day]
    yield lambda: check_days(days)
    planned = tuple(map(_planned, filter(_is_planned, content.sessions)))
    for each in planned:
        yield partial(check_times, each.day, each.planned_minutes, each.begins_at, each.ends_at)
    if content.subject:
        yield lambda: require_subject(content.subject, law)
    if content.kind and content.activity:
        yield lambda: kind_of(content.kind, content.activity)
    if content.kind:
        yield lambda: checked_facts(FilingKind(content.kind), content.facts, whole=False)
        if content.facts.get("base_level"):
            own = provider.organisation_id
            yield lambda: require_base(session, own, content.kind, content.facts, days)
    described = (content.activity, content.form, content.release, content.subject)
    if planned and all(described):
        draft = _whole(content, planned)
        yield lambda: person_centihours(draft, law)
        yield lambda: refuse_unfit_hours(draft, law)


def _own(
    draft: FilingDraftRow | None, draft_no: str, organisation_id: int | None
) -> FilingDraftRow:
    if draft is None or draft.organisation_id != organisation_id:
        raise FilingDraftUnknownError(draft_no=draft_no[:20])
    return draft


def _is_planned(each: UnfinishedSession) -> bool:
    return each.day is not None and each.planned_minutes is not None


def _planned(each: UnfinishedSession) -> SessionDraft:
    assert each.day is not None, "a session without a day is not planned"
    assert each.planned_minutes is not None, "a session without minutes is not planned"
    return SessionDraft(
        each.day, each.planned_minutes, each.planned_half_days, each.begins_at, each.ends_at,
        each.place, each.teachers,
    )  # fmt: skip


def _whole(
    content: UnfinishedFiling, planned: tuple[SessionDraft, ...] | None = None
) -> FilingDraft:
    """Return what can be submitted: all sessions, or those that are planned."""
    sessions = tuple(map(_planned, content.sessions)) if planned is None else planned
    return FilingDraft(
        activity=content.activity, form=content.form, release=content.release,
        title=content.title, subject=content.subject, seats=content.seats or 0,
        sessions=tuple(sorted(sessions, key=lambda each: each.day)),
        approved_centihours=content.approved_centihours, kind=content.kind, facts=content.facts,
        policy_teaching=content.policy_teaching,
    )  # fmt: skip


def _kept(content: UnfinishedFiling) -> str:
    said: dict[str, Canonical] = {name: getattr(content, name) for name in _TEXTS}
    for name in ("seats", "approved_centihours"):
        if (value := getattr(content, name)) is not None:
            said[name] = value
    said["facts"], said["policy_teaching"] = dict(content.facts), content.policy_teaching
    said["sessions"] = [
        [
            each.day.isoformat() if each.day else "", each.planned_minutes or 0,
            each.planned_half_days, *(getattr(each, name) for name in _SESSION_TEXTS),
        ]
        for each in content.sessions
    ]  # fmt: skip
    return canonical_text(said)
