"""Commands on drafts of filings: the content is JSON, with the members that the API has."""

from typing import IO

import click

from creditbank.cli.console import Desk, actor_option, load, pass_desk, read_json
from creditbank.cli.late_posting import filings
from creditbank.clock import utc_now
from creditbank.db import snapshot, unit_of_work
from creditbank.registry.filing.filings import filing_numbered
from creditbank.registry.filing.unfinished import (
    Findings,
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
from creditbank.registry.models import FilingDraftRow
from creditbank.registry.organisations import organisation_by_uscc
from creditbank.schemas.filing_drafts import FilingDraftBody

#: The group of all filings, which these commands join.
__all__ = ["filings"]

_DRAFT_BYTES_MAX = 262_144
_uscc_option = click.option("--uscc", required=True, help="举办单位。 The provider.")


@filings.group(help="备案草稿，只属于举办单位。 Drafts of filings, their provider's alone.")
def drafts() -> None:
    """Commands on drafts."""


@drafts.command("save", help="保存草稿，可以不完整。 Save a draft, with gaps or without.")
@_uscc_option
@click.option("--draft", "draft_no", default="", help="改写这份草稿。 Write over this one.")
@click.option("--version", type=click.IntRange(1), help="所改写的版本。 The one written over.")
@click.argument("file", type=click.File("rb"))
@actor_option
@pass_desk
def drafts_save(
    desk: Desk, *, uscc: str, draft_no: str, version: int | None, file: IO[bytes], actor: str
) -> None:
    """Save what FILE says (JSON, - for standard input), and tell what is missing and wrong."""
    if bool(draft_no) != (version is not None):
        raise click.UsageError("--draft --version")
    said = read_json(file.read(_DRAFT_BYTES_MAX + 1), _DRAFT_BYTES_MAX)
    content: UnfinishedFiling = load(FilingDraftBody(), said)
    with desk.bank(), unit_of_work() as session:
        provider, now = organisation_by_uscc(session, uscc), utc_now()
        if version is None:
            draft = save_new_draft(session, content, provider, actor=actor, now=now)
        else:
            own = provider.organisation_id
            draft = draft_to_write(session, draft_no, own, version=version)
            save_draft(session, draft, content, actor=actor, now=now)
        _tell(desk, draft, findings_of(session, content, provider))


@drafts.command("show", help="草稿还缺什么、哪里不对。 What a draft lacks, and what is wrong.")
@_uscc_option
@click.argument("draft_no")
@pass_desk
def drafts_show(desk: Desk, uscc: str, draft_no: str) -> None:
    """Tell how a draft stands."""
    with desk.bank(), snapshot() as session:
        provider = organisation_by_uscc(session, uscc)
        draft = draft_seen(session, draft_no, provider.organisation_id)
        _tell(desk, draft, findings_of(session, content_of(draft), provider))


@drafts.command("list", help="列出草稿，最近保存的在前。 List drafts, the last saved first.")
@_uscc_option
@pass_desk
def drafts_list(desk: Desk, uscc: str) -> None:
    """List an organisation's drafts."""
    with desk.bank(), snapshot() as session:
        found = drafts_of(session, organisation_by_uscc(session, uscc).organisation_id)
        rows = [[each.draft_no, str(each.version), each.title] for each in found]
    desk.table(["cli-column-draft", "cli-column-saved", "cli-column-title"], rows)


@drafts.command(
    "copy", help="以原备案为底稿，日期除外。 A draft of what a filing said, but its days."
)
@click.argument("filing_no")
@actor_option
@pass_desk
def drafts_copy(desk: Desk, filing_no: str, actor: str) -> None:
    """Copy an earlier filing of the same provider."""
    with desk.bank(), unit_of_work() as session:
        filing = filing_numbered(session, filing_no)
        provider = organisation_of(session, filing.organisation_id)
        content = copy_of(session, filing)
        draft = save_new_draft(session, content, provider, actor=actor, now=utc_now())
        _tell(desk, draft, findings_of(session, content, provider))


@drafts.command("delete", help="删除草稿。 Throw a draft away.")
@_uscc_option
@click.argument("draft_no")
@click.option("--version", type=click.IntRange(1), required=True, help="所见版本。 As it was read.")
@pass_desk
def drafts_delete(desk: Desk, uscc: str, draft_no: str, version: int) -> None:
    """Delete a draft as it was read."""
    with desk.bank(), unit_of_work() as session:
        own = organisation_by_uscc(session, uscc).organisation_id
        delete_draft(session, draft_to_write(session, draft_no, own, version=version))
    desk.say("cli-draft-deleted", draft_no=draft_no)


@drafts.command("submit", help="提交草稿为备案。 File what a whole draft says.")
@_uscc_option
@click.argument("draft_no")
@click.option("--version", type=click.IntRange(1), required=True, help="所见版本。 As it was read.")
@actor_option
@pass_desk
def drafts_submit(desk: Desk, *, uscc: str, draft_no: str, version: int, actor: str) -> None:
    """Submit a draft as it was read."""
    with desk.bank(), unit_of_work() as session:
        provider = organisation_by_uscc(session, uscc)
        draft = draft_to_write(session, draft_no, provider.organisation_id, version=version)
        filing = submit_draft(session, draft, provider, actor=actor, now=utc_now())
    desk.say("cli-filing-submitted", filing_no=filing.filing_no)


def _tell(desk: Desk, draft: FilingDraftRow, findings: Findings) -> None:
    desk.say("cli-draft-stands", draft_no=draft.draft_no, version=draft.version)
    for gap in findings.missing:
        what = desk.text(gap.code)
        if gap.session:
            what = desk.text("filing-gap-of-session", number=gap.session, what=what)
        desk.say("cli-draft-missing", what=what)
    for fault in findings.faults:
        desk.refuse(fault)
