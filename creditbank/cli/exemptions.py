"""Commands on the register of exemptions, and on enterprises that lost the right to recommend."""

from datetime import date, datetime
from typing import IO, Any

import click

from creditbank.cli.console import Desk, WordOf, actor_option, pass_desk, person_option, read_person
from creditbank.cli.registry import ground_options, ground_told
from creditbank.clock import utc_now
from creditbank.db import snapshot, unit_of_work
from creditbank.house import current_house
from creditbank.registry.clients import SCOPES_OF, Client, Role
from creditbank.registry.organisations import organisation_by_uscc
from creditbank.verification.exemption_models import Exemption
from creditbank.verification.exemption_rights import (
    Finding,
    FindingDraft,
    lift_finding,
    record_finding,
)
from creditbank.verification.exemption_steps import (
    Decided,
    Decision,
    decide_exemption,
    give_back,
    revoke_exemption,
)
from creditbank.verification.exemptions import (
    ExemptionDraft,
    ExemptionState,
    ExemptionsWanted,
    Filer,
    Paper,
    exemptions_page,
    file_exemption,
)

DAY = click.DateTime(["%Y-%m-%d"])
_SHOWN = 200


@click.group(help="免除登记：举荐、直通车、首次评审。 Exemptions from hours.")
def exemptions() -> None:
    """Commands on exemptions."""


@exemptions.command("file", help="代企业提交登记。 Apply for an exemption.")
@person_option
@click.option("--uscc", default="", help="企业；不涉及企业的途径可不填。 The enterprise, if any.")
@click.option("--scheme", required=True, help="规则包，如 cn-3710。 Whose rules.")
@click.option("--pathway", default="", help="途径，如 fast_track；不填为不作硬性要求。")
@click.option("--series", required=True, help="系列，如 engineering。")
@click.option("--specialty", default="", help="专业。 Specialty, if any.")
@click.option("--level", required=True, help="级别，如 associate_senior。")
@click.option("--application-day", type=DAY, required=True, help="申报日。")
@click.option("--stated", nargs=2, multiple=True, metavar="FACT VALUE", help="陈述的事实。")
@click.option(
    "--paper", nargs=3, multiple=True, metavar="NAME TEXT SHA256",
    help="证明材料：名称、说明、文件摘要（可为 -）。 A paper; - for no digest.",
)  # fmt: skip
@click.option("--valid-from", type=DAY, required=True, help="举荐书、卡或身份的生效日。")
@click.option("--valid-through", type=DAY, help="到期日。")
@click.option("--employed-from", type=DAY, help="在该企业工作起始日。")
@click.option("--employed-through", type=DAY, help="工作截止日。")
@actor_option
@pass_desk
def exemptions_file(
    desk: Desk, /, *, person_file: IO[bytes] | None, uscc: str, actor: str, **told: Any
) -> None:
    """File an application for an enterprise's person."""
    papers = {name: Paper(text, sha if sha != "-" else "") for name, text, sha in told["paper"]}
    draft = ExemptionDraft(
        told["scheme"], told["series"], told["specialty"], told["level"], told["pathway"],
        told["application_day"].date(), dict(told["stated"]), papers, told["valid_from"].date(),
        _day(told["valid_through"]), _day(told["employed_from"]), _day(told["employed_through"]),
    )  # fmt: skip
    person = read_person(person_file)
    with desk.bank(), unit_of_work() as session:
        firm = organisation_by_uscc(session, uscc) if uscc else None
        filer = Filer(person, firm, firm.organisation_id if firm else None, actor)
        made = file_exemption(session, current_house().vault, filer, draft, now=utc_now())
    desk.say("cli-exemption-filed", exemption_no=made.exemption_no)


@exemptions.command("decide", help="核准、退回或不予核准。 Approve, return or refuse.")
@click.argument("exemption_no")
@click.argument("decision", type=WordOf(Decision))
@click.option("--reason", default="", help="原因；退回、不予核准时必填。 Why.")
@click.option("--expires-on", type=DAY, help="有效至。 In force through.")
@actor_option
@pass_desk
def exemptions_decide(
    desk: Desk, /, *, exemption_no: str, decision: Decision, reason: str,
    expires_on: datetime | None, actor: str,
) -> None:  # fmt: skip
    """Decide what was submitted."""
    if decision is not Decision.APPROVE and not reason:
        raise click.UsageError("--reason")
    decided = Decided(decision, reason, _day(expires_on))
    with desk.bank(), unit_of_work() as session:
        made = decide_exemption(
            session, current_house().vault, exemption_no, decided, actor=actor, now=utc_now()
        )
    _stands(desk, made)


@exemptions.command("give-back", help="撤回申请或放弃核准。 Withdraw, or give back.")
@click.argument("exemption_no")
@click.option("--reason", required=True, help="原因。 Why.")
@actor_option
@pass_desk
def exemptions_give_back(desk: Desk, /, *, exemption_no: str, reason: str, actor: str) -> None:
    """Withdraw an application, or give an approval back."""
    with desk.bank(), unit_of_work() as session:
        made = give_back(
            session, current_house().vault, exemption_no, reason=reason, actor=actor, now=utc_now()
        )
    _stands(desk, made)


@exemptions.command("revoke", help="撤销核准。 Revoke an approval for a finding.")
@click.argument("exemption_no")
@ground_options
@actor_option
@pass_desk
def exemptions_revoke(desk: Desk, /, *, exemption_no: str, actor: str, **told: Any) -> None:
    """Revoke an approval."""
    with desk.bank(), unit_of_work() as session:
        made = revoke_exemption(
            session, current_house().vault, exemption_no, ground_told(told), actor=actor,
            now=utc_now(),
        )  # fmt: skip
    _stands(desk, made)


@exemptions.command("list", help="列出登记。 List exemptions.")
@click.option("--jurisdiction", default="cn", show_default=True)
@click.option("--state", type=WordOf(ExemptionState), help="状态。 State.")
@pass_desk
def exemptions_list(desk: Desk, *, jurisdiction: str, state: ExemptionState | None) -> None:
    """List exemptions of a region, newest first."""
    official = Client("cli", Role.OFFICIAL, SCOPES_OF[Role.OFFICIAL], jurisdiction, None)
    wanted = ExemptionsWanted(str(state or ""), None, _SHOWN)
    with desk.bank(), snapshot() as session:
        rows = [
            [
                each.exemption_no, each.pathway or "–", f"{each.series}.{each.level}",
                _state(desk, each), each.expires_on.isoformat() if each.expires_on else "",
            ]
            for each in exemptions_page(session, official, wanted)[:_SHOWN]
        ]  # fmt: skip
    desk.table(
        ["cli-column-number", "cli-column-pathway", "cli-column-title", "cli-column-state",
         "cli-column-expires"],
        rows,
    )  # fmt: skip


@exemptions.command("find", help="认定企业把关不严、弄虚作假，取消举荐资格。 Record a finding.")
@click.argument("uscc")
@click.argument("finding", type=WordOf(Finding))
@ground_options
@click.option("--copied-to", required=True, help="抄送部门。 Who was sent a copy.")
@click.option("--copied-on", type=DAY, required=True, help="抄送日期。")
@actor_option
@pass_desk
def exemptions_find(desk: Desk, /, *, uscc: str, finding: Finding, actor: str, **told: Any) -> None:
    """Record a finding on an enterprise."""
    draft = FindingDraft(finding, ground_told(told), told["copied_to"], told["copied_on"].date())
    with desk.bank(), unit_of_work() as session:
        firm = organisation_by_uscc(session, uscc)
        made = record_finding(session, firm, draft, actor=actor, now=utc_now())
    desk.say("cli-finding-recorded", finding_no=made.finding_no)


@exemptions.command("lift", help="恢复举荐资格。 Give the right to recommend back.")
@click.argument("finding_no")
@ground_options
@actor_option
@pass_desk
def exemptions_lift(desk: Desk, /, *, finding_no: str, actor: str, **told: Any) -> None:
    """Lift a finding."""
    with desk.bank(), unit_of_work() as session:
        lift_finding(session, finding_no, ground_told(told), actor=actor, now=utc_now())
    desk.say("cli-finding-lifted", finding_no=finding_no)


def _day(told: datetime | None) -> date | None:
    return told.date() if told else None


def _state(desk: Desk, found: Exemption) -> str:
    return desk.text(f"exemption-state-{found.state.replace('_', '-')}")


def _stands(desk: Desk, found: Exemption) -> None:
    desk.say("cli-exemption-stands", exemption_no=found.exemption_no, state=_state(desk, found))
