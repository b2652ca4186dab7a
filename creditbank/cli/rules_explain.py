"""The command that says what the rules in force would give for a made-up session or item."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

import click
from click.core import ParameterSource

from creditbank.cli.console import HOURS, Desk, pass_desk
from creditbank.db import snapshot
from creditbank.registry.lawbook import law_of
from creditbank.rules.conversion import ActivityFact, Step, convert
from creditbank.rules.explain import explain_step
from creditbank.rules.fields import WORD
from creditbank.rules.items import ItemFact, convert_item
from creditbank.rules.pack import PackChain

_DAY = click.DateTime(["%Y-%m-%d"])
_OF_SESSIONS = ("release", "planned_minutes", "half_days", "attended_minutes")
_OF_ITEMS = ("measures", "traits", "rank", "spread_years", "first_day", "declared_on")


class _Pair(click.ParamType[tuple[str, str]]):
    """A word of the rules and what it is: `role=editor`, `characters=25000`."""

    name = "word=value"

    def __init__(self, value: str, example: str) -> None:
        self._pattern, self._example = rf"({WORD})=({value})", example

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Part it at the sign."""
        match = re.fullmatch(self._pattern, value, re.ASCII)
        if match is None:
            self.fail(self._example, param, ctx)
        return match[1], match[2]


@click.command(
    "explain", help="解释一次活动或一项成果如何折算。 Say what a session or item is worth."
)
@click.argument("scheme")
@click.option("--item", "is_item", is_flag=True, help="申报的成果，而非一次活动。 An item.")
@click.option("--activity", required=True)
@click.option("--form", help="活动缺省为 seminar，成果缺省为无。 seminar, or none for an item.")
@click.option("--subject", default="professional", show_default=True)
@click.option(
    "--day", type=_DAY, required=True, help="活动当天，或成果完成之日。 Held or finished."
)
@click.option("--approved-hours", type=HOURS, help="核定学时。 As approved.")
@click.option("--make-up-year", type=click.IntRange(1990, 2200), help="补学年度。 Made up for.")
@click.option("--release", default="full", show_default=True)
@click.option("--planned-minutes", type=click.IntRange(1, 1_440), default=360, show_default=True)
@click.option("--half-days", type=click.IntRange(1, 2), default=2, show_default=True)
@click.option("--attended-minutes", type=click.IntRange(0, 1_440))
@click.option("--measure", "measures", multiple=True, type=_Pair("[0-9]{1,7}", "characters=25000"))
@click.option("--trait", "traits", multiple=True, type=_Pair(WORD, "role=chief_editor"))
@click.option("--rank", type=click.IntRange(1, 999), help="署名次序。 Among its authors.")
@click.option("--spread-years", type=click.IntRange(1, 10), default=1, show_default=True)
@click.option("--first-day", type=_DAY, help="期间的开始日期。 First day of a period.")
@click.option("--declared-on", type=_DAY, help="申报日，缺省为完成当天。 Its own day if not given.")
@click.pass_context
@pass_desk
def rules_explain(
    desk: Desk, ctx: click.Context, /, *, scheme: str, is_item: bool, **facts: Any
) -> None:
    """Convert what was made up under the published rules; print each step with its ground."""
    _refuse_foreign(ctx, _OF_SESSIONS if is_item else _OF_ITEMS)
    with desk.bank(), snapshot() as session:
        law = law_of(session, scheme)
    steps: Iterable[Step]
    if is_item:
        steps = convert_item(_item(facts), law).steps
    else:
        steps = convert(_session(facts), law).steps
    show_steps(desk, steps, law)


def show_steps(desk: Desk, steps: Iterable[Step], chain: PackChain) -> None:
    """Print each step, and the clause that it rests on under it."""
    for step in steps:
        sentence = explain_step(step, desk.language, chain)
        click.echo(f"- {sentence.text}")
        if sentence.ground:
            click.echo(f"    {sentence.ground}")


def _refuse_foreign(ctx: click.Context, names: Iterable[str]) -> None:
    for name in names:
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = next(each for each in ctx.command.params if each.name == name)
            raise click.UsageError(f"{option.opts[0]}: --item?")


def _session(facts: dict[str, Any]) -> ActivityFact:
    attended = facts["attended_minutes"]
    return ActivityFact(
        activity=facts["activity"],
        form=facts["form"] or "seminar",
        release=facts["release"],
        subject=facts["subject"],
        day=facts["day"].date(),
        planned_minutes=facts["planned_minutes"],
        planned_half_days=facts["half_days"],
        attended_minutes=facts["planned_minutes"] if attended is None else attended,
        approved_centihours=facts["approved_hours"],
        make_up_year=facts["make_up_year"],
    )


def _item(facts: dict[str, Any]) -> ItemFact:
    day: date = facts["day"].date()
    declared_on = facts["declared_on"].date() if facts["declared_on"] else day
    if declared_on < day:
        raise click.UsageError("--declared-on < --day")
    first_day = facts["first_day"].date() if facts["first_day"] else None
    if first_day is not None and first_day > day:
        raise click.UsageError("--first-day > --day")
    return ItemFact(
        activity=facts["activity"],
        form=facts["form"] or "",
        subject=facts["subject"],
        day=day,
        declared_on=declared_on,
        measures={word: int(count) for word, count in facts["measures"]},
        traits=dict(facts["traits"]),
        rank=facts["rank"],
        approved_centihours=facts["approved_hours"],
        make_up_year=facts["make_up_year"],
        spread_years=facts["spread_years"],
        first_day=first_day,
    )
