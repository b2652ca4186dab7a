"""Commands on organisations: who they are, and what is true of them from day to day."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

import click

from creditbank.accounts.moving import state_and_follow, take_back_and_follow
from creditbank.cli.console import Desk, WordOf, actor_option, pass_desk
from creditbank.clock import civil_day, utc_now
from creditbank.db import snapshot, unit_of_work
from creditbank.registry.directory import OrganisationsWanted, organisations_page
from creditbank.registry.facts import Attribute, EnterpriseClass, Ground, Level
from creditbank.registry.organisations import (
    OrganisationDraft,
    OrganisationKind,
    organisation_by_uscc,
    register_organisation,
)
from creditbank.registry.stating import (
    FactDraft,
    end_fact,
    picture_of,
)
from creditbank.registry.succeeding import (
    SuccessionDraft,
    SuccessorDraft,
    succeed,
    take_succession_back,
)
from creditbank.registry.successions import How

DAY = click.DateTime(["%Y-%m-%d"])
_Command = TypeVar("_Command", bound=Callable[..., Any])
_GROUND_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--document", "document_no", required=True, help="文件编号。 Its document."),
    click.option("--document-day", type=DAY, required=True, help="文件日期。 Its date."),
    click.option("--reason", default="", help="理由或说明。 Why."),
)


def ground_options(command: _Command) -> _Command:
    """Add what names the document on which something is stated."""
    for option in reversed(_GROUND_OPTIONS):
        command = option(command)
    return command


@click.group(help="单位登记。 Organisations.")
def organisations() -> None:
    """Commands on organisations."""


@organisations.command("register", help="登记单位（校验统一社会信用代码）。 Register one.")
@click.option("--uscc", required=True, help="统一社会信用代码。 Unified social credit code.")
@click.option("--name", required=True, help="单位名称。 Name.")
@click.option("--kind", type=WordOf(OrganisationKind), required=True)
@click.option("--jurisdiction", required=True, help="辖区，如 cn-3710。 Region.")
@click.option(
    "--uscc-confirmed", is_flag=True, help="已核对原件，校验码不符也登记。 Original was seen."
)
@actor_option
@pass_desk
def organisations_register(
    desk: Desk,
    *,
    uscc: str,
    name: str,
    kind: OrganisationKind,
    jurisdiction: str,
    actor: str,
    uscc_confirmed: bool,
) -> None:
    """Enter an organisation into the registry."""
    draft = OrganisationDraft(uscc, name, kind, jurisdiction, uscc_confirmed)
    with desk.bank(), unit_of_work() as session:
        made = register_organisation(session, draft, actor=actor, now=utc_now())
    desk.say("cli-organisation-registered", name=made.name, uscc=made.uscc)


@organisations.command("state", help="登记单位情况：更名、迁移、类别、基地。 State a fact.")
@click.argument("uscc")
@click.argument("attribute", type=WordOf(Attribute))
@click.option("--value", default="", help="名称、类型、辖区或类别。 Name, kind, district, class.")
@click.option("--level", default="", help="national, provincial, municipal")
@click.option("--from", "valid_from", type=DAY, help="起始日期。 First day.")
@click.option("--through", "valid_through", type=DAY, help="最后一天。 Last day.")
@click.option("--instead-of", default="", help="替代有误的记录。 Number of a wrong fact.")
@ground_options
@actor_option
@pass_desk
def organisations_state(
    desk: Desk, /, *, uscc: str, attribute: Attribute, actor: str, **told: Any
) -> None:
    """State what is true of an organisation from a day on."""
    draft = FactDraft(
        attribute, told["value"], told["level"], _day(told["valid_from"]),
        _day(told["valid_through"]), ground_told(told), told["instead_of"],
    )  # fmt: skip
    with desk.bank(), unit_of_work() as session:
        fact = state_and_follow(session, uscc, draft, actor=actor, now=utc_now())
    desk.say("cli-fact-stated", fact_no=fact.said.fact_no, uscc=uscc)


@organisations.command("end", help="登记一条情况的最后一天。 End a fact on a day.")
@click.argument("uscc")
@click.argument("fact_no")
@click.option("--on", "last_day", type=DAY, required=True, help="最后一天。 Last day.")
@ground_options
@actor_option
@pass_desk
def organisations_end(
    desk: Desk, /, *, uscc: str, fact_no: str, last_day: datetime, actor: str, **told: Any
) -> None:
    """Say on which day a fact is so for the last time."""
    day, now = last_day.date(), utc_now()
    with desk.bank(), unit_of_work() as session:
        end_fact(session, uscc, fact_no, day, ground_told(told), actor=actor, now=now)
    desk.say("cli-fact-ended", fact_no=fact_no, day=day.isoformat())


@organisations.command("take-back", help="撤回有误的情况。 Say that a fact was never so.")
@click.argument("uscc")
@click.argument("fact_no")
@click.option("--reason", required=True, help="理由。 Why.")
@actor_option
@pass_desk
def organisations_take_back(desk: Desk, uscc: str, fact_no: str, reason: str, actor: str) -> None:
    """Take a fact back."""
    ground = Ground(reason=reason)
    with desk.bank(), unit_of_work() as session:
        take_back_and_follow(session, uscc, fact_no, ground, actor=actor, now=utc_now())
    desk.say("cli-fact-taken-back", fact_no=fact_no)


@organisations.command("succeed", help="单位注销、合并、分立。 Closed, merged or split.")
@click.argument("uscc")
@click.argument("how", type=WordOf(How))
@click.option("--on", "day", type=DAY, required=True, help="生效之日。 First day.")
@click.option(
    "--successor", "successors", multiple=True,
    help="承继单位，可写其承继的备案：代码=F…,F…。 CODE or CODE=F…,F…; repeat.",
)  # fmt: skip
@click.option("--continues", is_flag=True, help="分立后原单位存续。 It goes on beside them.")
@ground_options
@actor_option
@pass_desk
def organisations_succeed(desk: Desk, /, *, uscc: str, how: How, actor: str, **told: Any) -> None:
    """State what becomes of an organisation; its keys and seats stop at once."""
    heirs = []
    for each in told["successors"]:
        code, _, numbers = each.partition("=")
        heirs.append(SuccessorDraft(code, tuple(numbers.split(",")) if numbers else ()))
    draft = SuccessionDraft(
        how, told["day"].date(), tuple(heirs), ground_told(told), told["continues"]
    )
    with desk.bank(), unit_of_work() as session:
        made = succeed(session, uscc, draft, actor=actor, now=utc_now())
    desk.say("cli-succession-stated", uscc=uscc, succession_no=made.succession_no)


@organisations.command("take-succession-back", help="撤回注销、合并或分立。 Take it back.")
@click.argument("uscc")
@click.argument("succession_no")
@click.option("--reason", required=True, help="理由。 Why.")
@actor_option
@pass_desk
def organisations_take_succession_back(
    desk: Desk, uscc: str, succession_no: str, reason: str, actor: str
) -> None:
    """Say that it never became so."""
    ground = Ground(reason=reason)
    with desk.bank(), unit_of_work() as session:
        take_succession_back(session, uscc, succession_no, ground, actor=actor, now=utc_now())
    desk.say("cli-fact-taken-back", fact_no=succession_no)


@organisations.command("show", help="某一天的单位情况。 What is true of one on a day.")
@click.argument("uscc")
@click.option("--on", "day", type=DAY, help="哪一天，缺省为今天。 Today if not given.")
@pass_desk
def organisations_show(desk: Desk, uscc: str, day: datetime | None) -> None:
    """Show what is true of an organisation on a day."""
    with desk.bank(), snapshot() as session:
        found = organisation_by_uscc(session, uscc)
        picture = picture_of(session, found, _day(day) or civil_day(utc_now()))
    facts = (picture.name, picture.kind, picture.district, *picture.classes, *picture.bases,
             *picture.suspensions)  # fmt: skip
    rows = [
        [
            each.said.fact_no, desk.text(f"fact-attribute-{each.said.attribute.replace('_', '-')}"),
            each.said.value, each.said.level,
            *("" if end is None else end.isoformat()
              for end in (each.said.valid_from, each.valid_through)),
        ]
        for each in facts
    ]  # fmt: skip
    desk.table(
        ["cli-column-fact", "cli-column-attribute", "cli-column-value", "cli-column-level",
         "cli-column-from", "cli-column-through"],
        rows,
    )  # fmt: skip


@organisations.command("list", help="查询单位。 Look organisations up.")
@click.option("--jurisdiction", default="cn", show_default=True)
@click.option("--search", default="", help="代码或名称（含曾用名）。 A code or part of a name.")
@click.option("--class", "enterprise_class", type=WordOf(EnterpriseClass))
@click.option("--base", type=WordOf(Level))
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True)
@pass_desk
def organisations_list(desk: Desk, /, jurisdiction: str, limit: int, **told: Any) -> None:
    """List organisations by their codes, as they are today."""
    today = civil_day(utc_now())
    classed, base = (str(told[name] or "") for name in ("enterprise_class", "base"))
    wanted = OrganisationsWanted(jurisdiction, today, told["search"], classed, base, limit=limit)
    with desk.bank(), snapshot() as session:
        found = organisations_page(session, wanted)
        rows = [
            [each.organisation.uscc, each.organisation.kind, each.organisation.jurisdiction,
             each.organisation.name]
            for each in found[:limit]
        ]  # fmt: skip
    desk.table(["cli-column-uscc", "cli-column-kind", "cli-column-region", "cli-column-name"], rows)
    if len(found) > limit:
        desk.say("cli-more", limit=limit)


def _day(given: datetime | None) -> date | None:
    return None if given is None else given.date()


def ground_told(told: Mapping[str, Any]) -> Ground:
    """Return the document that was named."""
    return Ground(told["document_no"], _day(told["document_day"]), told["reason"])
