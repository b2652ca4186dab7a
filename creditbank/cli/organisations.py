"""Commands on the registry: filings and their decision, mandates."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import click

from creditbank.cli.console import HOURS, Desk, WordOf, actor_option, office_option, pass_desk
from creditbank.clock import utc_now
from creditbank.db import snapshot, unit_of_work
from creditbank.registry.filing.deciding import require_office
from creditbank.registry.filing.filings import (
    FilingDraft,
    SessionDraft,
    approve_filing,
    refuse_filing,
    return_filing,
    sessions_of,
    submit_again,
    submit_filing,
)
from creditbank.registry.filing.kinds import FilingKind
from creditbank.registry.filing.states import FilingState
from creditbank.registry.lookups import FilingsWanted, filings_page
from creditbank.registry.mandates import MandateDraft, grant_mandate
from creditbank.registry.organisations import organisation_by_uscc

DAY = click.DateTime(["%Y-%m-%d"])
_Command = TypeVar("_Command", bound=Callable[..., Any])
_ACTIVITY_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--activity", required=True, help="如 enterprise_course。 For example so."),
    click.option("--form", required=True, help="advanced_study 进修, seminar 研修, …"),
    click.option("--release", required=True, help="full 脱产, half 半脱产, none"),
    click.option("--title", required=True, help="名称。 Title."),
    click.option("--subject", required=True, help="professional 专业, public 公需, …"),
    click.option("--seats", type=click.IntRange(1, 100_000), required=True, help="人数上限。"),
    click.option(
        "--day", "days", type=DAY, multiple=True, required=True, help="每次一天。 Repeat."
    ),
    click.option(
        "--planned-minutes", type=click.IntRange(1, 1_440), required=True, help="每天分钟。"
    ),
    click.option("--half-days", type=click.IntRange(1, 2), default=2, show_default=True),
    click.option("--kind", type=WordOf(FilingKind), help="缺省按活动。 As the activity says."),
    click.option("--fact", "facts", multiple=True, help="如 host=某公司。 NAME=VALUE; repeat."),
    click.option("--policy-teaching", is_flag=True, help="含职称政策课程。 Teaches title policy."),
    click.option("--begins-at", default="", help="如 09:00，每天。 Each day."),
    click.option("--ends-at", default="", help="如 17:00，每天。 Each day."),
    click.option("--place", default="", help="地点。 Where."),
    click.option("--teachers", default="", help="授课人。 Who teaches."),
    click.option("--approved-hours", type=HOURS, help="申请核定的总学时，如 40.00。 Asked for."),
)


@click.group(help="活动备案。 Filings.")
def filings() -> None:
    """Commands on filings."""


def _activity_options(command: _Command) -> _Command:
    """Add what describes an activity; a day is given as often as there are days."""
    for option in reversed(_ACTIVITY_OPTIONS):
        command = option(command)
    return command


@filings.command("submit", help="提交备案。 File an activity.")
@click.option("--uscc", required=True, help="举办单位。 The provider.")
@_activity_options
@actor_option
@pass_desk
def filings_submit(desk: Desk, /, *, uscc: str, actor: str, **described: Any) -> None:
    """File an activity; the rules in force say at once whether they would credit it."""
    with desk.bank(), unit_of_work() as session:
        provider = organisation_by_uscc(session, uscc)
        filing = submit_filing(session, _draft(described), provider, actor=actor, now=utc_now())
    desk.say("cli-filing-submitted", filing_no=filing.filing_no)


@filings.command("resubmit", help="修改被退回的备案后重新提交。 Submit a returned filing again.")
@click.argument("filing_no")
@_activity_options
@actor_option
@pass_desk
def filings_resubmit(desk: Desk, /, *, filing_no: str, actor: str, **described: Any) -> None:
    """Submit a returned filing again, as its next version."""
    with desk.bank(), unit_of_work() as session:
        filing = submit_again(session, filing_no, _draft(described), actor=actor, now=utc_now())
    desk.say("cli-filing-resubmitted", filing_no=filing_no, version=filing.version)


@filings.command("approve", help="同意备案，授予名额与学时上限。 Approve a filing.")
@click.argument("filing_no")
@click.option("--reason", default="", help="开课后才备案的须写明理由。 Wanted if filed late.")
@click.option("--approved-hours", type=HOURS, help="核定的总学时，缺省照申请数。 As asked if none.")
@office_option
@actor_option
@pass_desk
def filings_approve(
    desk: Desk, *, filing_no: str, reason: str, approved_hours: int | None, office: str, actor: str
) -> None:
    """Approve a filing."""
    with desk.bank(), unit_of_work() as session:
        require_office(session, filing_no, office)
        approve_filing(
            session,
            filing_no,
            actor=actor,
            reason=reason,
            approved_centihours=approved_hours,
            now=utc_now(),
        )
    desk.say("cli-filing-approved", filing_no=filing_no)


@filings.command("refuse", help="不予备案。 Refuse a filing.")
@click.argument("filing_no")
@click.option("--reason", required=True, help="举办单位会看到。 The provider reads it.")
@office_option
@actor_option
@pass_desk
def filings_refuse(desk: Desk, *, filing_no: str, reason: str, office: str, actor: str) -> None:
    """Refuse a filing."""
    with desk.bank(), unit_of_work() as session:
        require_office(session, filing_no, office)
        refuse_filing(session, filing_no, actor=actor, reason=reason, now=utc_now())
    desk.say("cli-filing-refused", filing_no=filing_no)


@filings.command("return", help="退回备案，由举办单位修改后重新提交。 Return a filing.")
@click.argument("filing_no")
@click.option("--reason", required=True, help="举办单位会看到。 The provider reads it.")
@office_option
@actor_option
@pass_desk
def filings_return(desk: Desk, *, filing_no: str, reason: str, office: str, actor: str) -> None:
    """Return a filing to be mended."""
    with desk.bank(), unit_of_work() as session:
        require_office(session, filing_no, office)
        return_filing(session, filing_no, actor=actor, reason=reason, now=utc_now())
    desk.say("cli-filing-returned", filing_no=filing_no)


@filings.command("list", help="列出备案，新的在前。 List filings, newest first.")
@click.option("--jurisdiction", default="cn", show_default=True)
@click.option("--state", type=click.Choice(list(map(str, FilingState))))
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True)
@pass_desk
def filings_list(desk: Desk, jurisdiction: str, state: str | None, limit: int) -> None:
    """List filings."""
    wanted = FilingsWanted(jurisdiction, None, state or "", None, limit)
    with desk.bank(), snapshot() as session:
        found = filings_page(session, wanted)
        rows = [
            [
                filing.filing_no, desk.text(f"filing-state-{filing.state}"), filing.jurisdiction,
                sessions_of(session, filing.filing_no)[0].day.isoformat(), str(filing.seats),
                filing.title,
            ]
            for filing in found[:limit]
        ]  # fmt: skip
    desk.table(
        ["cli-column-filing", "cli-column-state", "cli-column-region", "cli-column-first-day",
         "cli-column-seats", "cli-column-title"],
        rows,
    )  # fmt: skip
    if len(found) > limit:
        desk.say("cli-more", limit=limit)


def _draft(described: Mapping[str, Any]) -> FilingDraft:
    minutes, half_days = described["planned_minutes"], described["half_days"]
    further = [described[name] for name in ("begins_at", "ends_at", "place", "teachers")]
    facts: tuple[str, ...] = described["facts"]
    return FilingDraft(
        activity=described["activity"],
        form=described["form"],
        release=described["release"],
        title=described["title"],
        subject=described["subject"],
        seats=described["seats"],
        sessions=tuple(
            SessionDraft(day.date(), minutes, half_days, *further) for day in described["days"]
        ),
        approved_centihours=described["approved_hours"],
        kind=str(described["kind"] or ""),
        facts={name: value for name, _, value in (each.partition("=") for each in facts)},
        policy_teaching=described["policy_teaching"],
    )


@click.group(help="查询授权。 Mandates of title systems.")
def mandates() -> None:
    """Commands on mandates."""


@mandates.command("grant", help="授予职称系统查询权限。 Grant a title system a mandate.")
@click.option("--uscc", required=True, help="职称系统所属单位。 Its organisation.")
@click.option("--jurisdiction", required=True, help="辖区。 Region.")
@click.option("--series", multiple=True, required=True, help="系列，* 为全部。 Or * for all.")
@click.option("--level", "levels", multiple=True, required=True, help="级别，* 为全部。 Or *.")
@click.option(
    "--specialty", "specialties", multiple=True, help="专业，不填为全部。 Left out: every one."
)
@click.option("--from", "valid_from", type=DAY, required=True)
@click.option("--through", "valid_through", type=DAY, required=True)
@actor_option
@pass_desk
def mandates_grant(
    desk: Desk,
    *,
    uscc: str,
    jurisdiction: str,
    series: tuple[str, ...],
    levels: tuple[str, ...],
    specialties: tuple[str, ...],
    valid_from: datetime,
    valid_through: datetime,
    actor: str,
) -> None:
    """Grant a mandate."""
    with desk.bank(), unit_of_work() as session:
        holder = organisation_by_uscc(session, uscc)
        draft = MandateDraft(
            holder.organisation_id, jurisdiction, series, levels, valid_from.date(),
            valid_through.date(), specialties,
        )  # fmt: skip
        made = grant_mandate(session, draft, actor=actor, now=utc_now())
    desk.say("cli-mandate-granted", mandate_no=made.mandate_no, name=holder.name)
