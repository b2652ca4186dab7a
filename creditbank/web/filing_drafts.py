"""Drafts of filings (草稿) by pages: saved with gaps, gone on with, copied, deleted, submitted."""

from flask import Response
from sqlalchemy.orm import Session

from creditbank import catalogue
from creditbank.crediting.filing_sheet import estimated
from creditbank.registry.clients import Scope, organisation_seen
from creditbank.registry.filing.filings import filing_seen
from creditbank.registry.filing.unfinished import (
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
from creditbank.web import forms
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.filing_forms import filing_draft, unfinished_filing
from creditbank.web.filings import Shown, Step, one, show_form
from creditbank.web.pages import page, reader_language

filing_drafts = Pages("filing_drafts", __name__)


@filing_drafts.shown("/filing-drafts", able(Scope.FILING_SUBMIT))
def overview(visit: Visit, session: Session) -> Response:
    """List the organisation's drafts, the last saved first."""
    found = drafts_of(session, _provider(session, visit).organisation_id)
    return page("filing_drafts.html", drafts=found)


@filing_drafts.shown("/filing-drafts/<public:draft_no>", able(Scope.FILING_SUBMIT))
def draft(visit: Visit, session: Session, draft_no: str) -> Response:
    """Show a draft in the form, with what is missing and what is wrong."""
    found = draft_seen(session, draft_no, organisation_seen(visit.client))
    return _form(session, visit, found, content_of(found))


@filing_drafts.sent("/filing-drafts/<public:draft_no>", able(Scope.FILING_SUBMIT), shows=draft)
def change(visit: Visit, session: Session, draft_no: str) -> Response:
    """Save, submit or delete a draft; or more days, or its hours, as in the empty form."""
    own, step = organisation_seen(visit.client), forms.chosen("step", Step)
    if step in {Step.MORE, Step.KIND, Step.ESTIMATE}:
        return _tried(session, visit, draft_seen(session, draft_no, own), step)
    found = draft_to_write(session, draft_no, own, version=forms.whole("version"))
    if step is Step.DELETE:
        delete_draft(session, found)
        return see("web.filing_drafts.overview", "filing-draft-deleted")
    actor = visit.client.client_id
    save_draft(session, found, unfinished_filing(), actor=actor, now=visit.now)
    if step is Step.SAVE:
        return see("web.filing_drafts.draft", "filing-draft-saved", draft_no=draft_no)
    provider = _provider(session, visit)
    visit.client.require_region(provider.jurisdiction)
    filing = submit_draft(session, found, provider, actor=actor, now=visit.now)
    return see("web.filings.one", "filing-submitted", filing_no=filing.filing_no)


@filing_drafts.sent("/filings/<public:filing_no>/copy", able(Scope.FILING_SUBMIT), shows=one)
def copy(visit: Visit, session: Session, filing_no: str) -> Response:
    """Make a draft of what an earlier filing said, without its days."""
    content = copy_of(session, filing_seen(session, visit.client, filing_no))
    provider, actor = _provider(session, visit), visit.client.client_id
    made = save_new_draft(session, content, provider, actor=actor, now=visit.now)
    return see("web.filing_drafts.draft", "filing-draft-saved", draft_no=made.draft_no)


def _provider(session: Session, visit: Visit) -> Organisation:
    return organisation_of(session, organisation_seen(visit.client))


def _tried(session: Session, visit: Visit, found: FilingDraftRow, step: Step) -> Response:
    worth = None
    if step is Step.ESTIMATE:
        jurisdiction = _provider(session, visit).jurisdiction
        worth = estimated(session, filing_draft(), jurisdiction)
    return show_form(session, visit, Shown(draft=found, estimate=worth))


def _form(
    session: Session, visit: Visit, found: FilingDraftRow, content: UnfinishedFiling
) -> Response:
    findings = findings_of(session, content, _provider(session, visit))
    language = reader_language()
    faults = [catalogue.problem(each, language) for each in findings.faults]
    shown = Shown(content, draft=found, gaps=findings.missing, faults=faults)
    return show_form(session, visit, shown)
