"""Commands on the law: checking packs against their sources, explaining them."""

from datetime import date, datetime

import click

from creditbank.cli.console import Desk, pass_desk
from creditbank.cli.rules_check import rules_check
from creditbank.db import snapshot
from creditbank.registry.lawbook import law_of
from creditbank.rules.conversion import ActivityFact, convert
from creditbank.rules.explain import explain_conversion


@click.group(help="规则包：核对、提交、发布、解释。 Rule packs: check, propose, publish, explain.")
def rules() -> None:
    """Commands on rule packs."""


rules.add_command(rules_check)


@rules.command("explain", help="解释一天活动如何折算。 Say how a day of an activity is converted.")
@click.argument("scheme")
@click.option("--activity", required=True)
@click.option("--form", default="seminar", show_default=True)
@click.option("--release", default="full", show_default=True)
@click.option("--subject", default="professional", show_default=True)
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), required=True)
@click.option("--planned-minutes", type=click.IntRange(1, 1_440), default=360, show_default=True)
@click.option("--half-days", type=click.IntRange(1, 2), default=2, show_default=True)
@click.option("--attended-minutes", type=click.IntRange(0, 1_440))
@pass_desk
def rules_explain(
    desk: Desk,
    *,
    scheme: str,
    activity: str,
    form: str,
    release: str,
    subject: str,
    day: datetime,
    planned_minutes: int,
    half_days: int,
    attended_minutes: int | None,
) -> None:
    """Convert a made-up session under the published rules and print each step with its ground."""
    attended = planned_minutes if attended_minutes is None else attended_minutes
    fact = ActivityFact(
        activity=activity, form=form, release=release, subject=subject,
        day=date(day.year, day.month, day.day), planned_minutes=planned_minutes,
        planned_half_days=half_days, attended_minutes=attended,
    )  # fmt: skip
    with desk.bank(), snapshot() as session:
        law = law_of(session, scheme)
    conversion = convert(fact, law)
    for sentence in explain_conversion(conversion, desk.language, law):
        click.echo(f"- {sentence.text}")
        if sentence.ground:
            click.echo(f"    {sentence.ground}")
