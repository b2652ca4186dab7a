"""Drafts of filings (草稿): saved with gaps, gone on with, copied, deleted, submitted."""

from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from creditbank import catalogue
from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call, Door
from creditbank.api.filings import DRAFT_REFUSALS, shaped
from creditbank.api.problems import language
from creditbank.registry.clients import RegionForeignError, Scope, organisation_seen
from creditbank.registry.filing.filings import FilingUnknownError, filing_seen
from creditbank.registry.filing.unfinished import (
    FilingDraftChangedError,
    FilingDraftsFullError,
    FilingDraftUnfinishedError,
    FilingDraftUnknownError,
    Gap,
    UnfinishedFiling,
    content_of,
    copy_of,
    delete_draft,
    draft_seen,
    draft_to_write,
    drafts_of,
    findings_of,
    save_draft,
    save_new_draft,
    submit_draft,
)
from creditbank.registry.lookups import organisation_of
from creditbank.registry.models import FilingDraftRow, Organisation
from creditbank.registry.organisations import OrganisationUnknownError
from creditbank.schemas.filing_drafts import (
    FilingDraftAnswer,
    FilingDraftBody,
    FilingDraftChangeBody,
    FilingDraftsAnswer,
    FilingDraftVersionBody,
)
from creditbank.schemas.registry import FilingAnswer, NothingBody

filing_drafts = Door("filing-drafts", __name__, description="Filings that are not finished (草稿).")

_EXAMPLE = {"title": "碳纤维复合材料成型工艺研修", "sessions": [{"planned_minutes": 360}]}
_VERSION = {"version": 1}
_READ = (FilingDraftUnknownError, OrganisationUnknownError)
_WRITTEN = (*_READ, FilingDraftChangedError)


@filing_drafts.post(
    "/filing-drafts",
    Scope.FILING_SUBMIT,
    status=201,
    body=JsonBody(FilingDraftBody(), _EXAMPLE),
    answer=FilingDraftAnswer(),
    refuses=(OrganisationUnknownError, FilingDraftsFullError),
)
def save_filing_draft(call: Call, session: Session) -> dict[str, Any]:
    """Keep a filing that is not whole yet; it is your organisation's alone."""
    provider = _provider(session, call)
    actor = call.client.client_id
    draft = save_new_draft(session, call.body, provider, actor=actor, now=call.now)
    return _shaped(session, draft, provider)


@filing_drafts.get(
    "/filing-drafts",
    Scope.FILING_SUBMIT,
    answer=FilingDraftsAnswer(),
    refuses=(OrganisationUnknownError,),
)
def list_filing_drafts(call: Call, session: Session) -> dict[str, Any]:
    """List your organisation's drafts, the last saved first."""
    return {"drafts": drafts_of(session, _provider(session, call).organisation_id)}


@filing_drafts.get(
    "/filing-drafts/<public:draft_no>", Scope.FILING_SUBMIT, answer=FilingDraftAnswer(),
    refuses=_READ,
)  # fmt: skip
def read_filing_draft(call: Call, session: Session, draft_no: str) -> dict[str, Any]:
    """Return a draft, what is missing in it, and what is wrong in it already."""
    draft = draft_seen(session, draft_no, organisation_seen(call.client))
    return _shaped(session, draft, _provider(session, call))


@filing_drafts.post(
    "/filing-drafts/<public:draft_no>/content",
    Scope.FILING_SUBMIT,
    body=JsonBody(FilingDraftChangeBody(), {**_EXAMPLE, "seats": 40, **_VERSION}),
    answer=FilingDraftAnswer(),
    refuses=_WRITTEN,
)
def change_filing_draft(call: Call, session: Session, draft_no: str) -> dict[str, Any]:
    """Save a draft as it now is; what is left out of it is taken out."""
    content: UnfinishedFiling
    version, content = call.body
    draft = draft_to_write(session, draft_no, organisation_seen(call.client), version=version)
    save_draft(session, draft, content, actor=call.client.client_id, now=call.now)
    return _shaped(session, draft, _provider(session, call))


@filing_drafts.post(
    "/filing-drafts/<public:draft_no>/deletion",
    Scope.FILING_SUBMIT,
    body=JsonBody(FilingDraftVersionBody(), _VERSION),
    answer=NothingBody(),
    refuses=_WRITTEN,
)
def delete_filing_draft(call: Call, session: Session, draft_no: str) -> dict[str, Any]:
    """Throw a draft away."""
    own, version = organisation_seen(call.client), call.body["version"]
    delete_draft(session, draft_to_write(session, draft_no, own, version=version))
    return {}


@filing_drafts.post(
    "/filing-drafts/<public:draft_no>/submission",
    Scope.FILING_SUBMIT,
    status=201,
    body=JsonBody(FilingDraftVersionBody(), _VERSION),
    answer=FilingAnswer(),
    refuses=(*_WRITTEN, RegionForeignError, FilingDraftUnfinishedError, *DRAFT_REFUSALS),
)
def submit_filing_draft(call: Call, session: Session, draft_no: str) -> dict[str, Any]:
    """File what a whole draft says; the draft is gone then."""
    own, version = organisation_seen(call.client), call.body["version"]
    draft = draft_to_write(session, draft_no, own, version=version)
    provider = _provider(session, call)
    call.client.require_region(provider.jurisdiction)
    filing = submit_draft(session, draft, provider, actor=call.client.client_id, now=call.now)
    return shaped(session, filing)


@filing_drafts.post(
    "/filings/<public:filing_no>/copy",
    Scope.FILING_SUBMIT,
    status=201,
    body=JsonBody(NothingBody(), {}),
    answer=FilingDraftAnswer(),
    refuses=(
        FilingUnknownError, RegionForeignError, OrganisationUnknownError, FilingDraftsFullError,
    ),
)  # fmt: skip
def copy_filing(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Make a draft of what an earlier filing said, without its days."""
    content = copy_of(session, filing_seen(session, call.client, filing_no))
    provider = _provider(session, call)
    actor = call.client.client_id
    draft = save_new_draft(session, content, provider, actor=actor, now=call.now)
    return _shaped(session, draft, provider)


def _provider(session: Session, call: Call) -> Organisation:
    return organisation_of(session, organisation_seen(call.client))


def _shaped(session: Session, draft: FilingDraftRow, provider: Organisation) -> dict[str, Any]:
    content, names = content_of(draft), ("draft_no", "title", "version", "saved_at")
    findings = findings_of(session, content, provider)
    said = asdict(content)
    said["approved_hours"] = said.pop("approved_centihours")
    said["sessions"] = [_said(each) for each in said["sessions"]]
    return {
        **{name: getattr(draft, name) for name in names},
        "content": _said(said),
        "missing": [_told(each) for each in findings.missing],
        "problems": [asdict(catalogue.problem(each, language())) for each in findings.faults],
    }


def _said(members: dict[str, Any]) -> dict[str, Any]:
    """Return what is there, so that the answer can be sent back as it is."""
    return {name: value for name, value in members.items() if value not in (None, "")}


def _told(gap: Gap) -> dict[str, str]:
    return {"path": gap.pointer, "title": catalogue.text(gap.code, language())}
