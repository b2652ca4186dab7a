"""Commands on the law: checking packs against their sources, publishing them, explaining them."""

from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from typing import IO

import click

from creditbank.cli.console import EXIT_REFUSED, Desk, actor_option, pass_desk
from creditbank.clock import utc_now
from creditbank.db import snapshot, unit_of_work
from creditbank.registry.lawbook import law_of, propose_pack, publish_pack
from creditbank.rules.check import QuoteOutcome, check_quotes, count_bases
from creditbank.rules.conversion import ActivityFact, convert
from creditbank.rules.explain import explain_conversion
from creditbank.rules.loader import PACK_BYTES_MAX, load_pack
from creditbank.rules.pack import Pack

SOURCE_SUFFIXES = (".txt", ".md", ".html")


@click.group(help="规则包：核对、提交、发布、解释。 Rule packs: check, propose, publish, explain.")
def rules() -> None:
    """Commands on rule packs."""


@rules.command("check", help="核对规则包与原文。 Check packs, and their quotes in the sources.")
@click.argument("pack_files", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--sources",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="通知原文目录。 Directory of the source texts.",
)
@click.pass_context
@pass_desk
def rules_check(
    desk: Desk, ctx: click.Context, pack_files: tuple[Path, ...], sources: Path | None
) -> None:
    """Load each pack, count what its values rest on, and look for each quote; 1 if any is wrong."""
    texts = _texts_under(sources) if sources else {}
    packs = [_loaded(path.name, path.read_bytes()) for path in pack_files] or _shipped_packs()
    rows: list[list[str]] = []
    wrong: list[tuple[str, str, str]] = []
    for pack in packs:
        bases, checks = count_bases(pack), check_quotes(pack, texts)
        found = sum(check.outcome is QuoteOutcome.FOUND for check in checks)
        rows.append(
            [
                f"{pack.id}@{pack.version}", str(bases.cited), str(bases.practice),
                str(bases.assumed), f"{found}/{len(checks)}",
            ]
        )  # fmt: skip
        wrong += [(pack.id, c.reference_id, str(c.outcome)) for c in checks if not c.ok]
        if sources:
            at_hand = QuoteOutcome.NOT_AT_HAND
            rows += [
                ["  " + c.reference_id, "", "", "", "–"] for c in checks if c.outcome is at_hand
            ]
    desk.table(
        ["cli-column-pack", "cli-column-cited", "cli-column-practice", "cli-column-assumed",
         "cli-column-quotes"],
        rows,
    )  # fmt: skip
    for pack_id, reference, outcome in wrong:
        desk.say(f"cli-quote-{outcome.replace('_', '-')}", pack=pack_id, reference=reference)
    if wrong:
        ctx.exit(EXIT_REFUSED)


@rules.command("propose", help="提交规则包，待第二人发布。 Put a pack before a second person.")
@click.argument("pack_file", type=click.File("rb"))
@actor_option
@pass_desk
def rules_propose(desk: Desk, pack_file: IO[bytes], actor: str) -> None:
    """Propose a pack."""
    content = pack_file.read(PACK_BYTES_MAX + 1)
    with desk.bank(), unit_of_work() as session:
        pack = propose_pack(session, content, actor=actor, now=utc_now())
    desk.say("cli-pack-proposed", pack=pack.id, version=pack.version, sha256=pack.sha256)


@rules.command("publish", help="由第二人发布规则包。 Publish a proposed pack, as a second person.")
@click.argument("pack_id")
@click.argument("version", type=int)
@actor_option
@pass_desk
def rules_publish(desk: Desk, pack_id: str, version: int, actor: str) -> None:
    """Publish a pack."""
    with desk.bank(), unit_of_work() as session:
        pack = publish_pack(session, pack_id, version, actor=actor, now=utc_now())
    desk.say("cli-pack-published", pack=pack.id, version=pack.version, sha256=pack.sha256)


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
        conversion = convert(fact, law_of(session, scheme))
    for sentence in explain_conversion(conversion, desk.language):
        click.echo(f"- {sentence.text}")
        if sentence.ground:
            click.echo(f"    {sentence.ground}")


def _loaded(name: str, content: bytes) -> Pack:
    return load_pack(content, file=name)


def _shipped_packs() -> list[Pack]:
    folder = files("creditbank_seeds") / "packs"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".toml"))
    return [_loaded(name, (folder / name).read_bytes()) for name in names]


def _texts_under(sources: Path) -> dict[str, str]:
    texts: dict[str, str] = {}
    for path in sorted(sources.rglob("*")):
        if path.is_file() and path.suffix in SOURCE_SUFFIXES:
            # Line ends stay as they are: the digest is of the file's own bytes.
            texts[str(path.relative_to(sources))] = path.read_bytes().decode("utf-8", "replace")
    return texts
