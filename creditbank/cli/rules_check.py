"""The command that looks through packs: what they rest on, quotes, what cannot be meant, cases."""

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import click

from creditbank.cli.console import EXIT_REFUSED, Desk, pass_desk
from creditbank.rules.boundaries import unproven
from creditbank.rules.cases import CaseRun, load_cases, run_case
from creditbank.rules.check import QuoteCheck, QuoteOutcome, check_quotes, count_bases
from creditbank.rules.lint import Severity, lint_pack
from creditbank.rules.loader import load_pack
from creditbank.rules.pack import Pack

SOURCE_SUFFIXES = (".txt", ".md", ".html")


@click.command("check", help="核对规则包与原文。 Check packs, and their quotes in the sources.")
@click.argument("pack_files", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--sources",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="通知原文目录。 Directory of the source texts.",
)
@click.option(
    "--cases",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="案例目录。 Directory of cases; each is run, and days without one are named.",
)
@click.pass_context
@pass_desk
def rules_check(
    desk: Desk,
    ctx: click.Context,
    pack_files: tuple[Path, ...],
    sources: Path | None,
    cases: Path | None,
) -> None:
    """Look through the packs, the shipped ones if none is named; 1 if anything in them is wrong."""
    shipped = _shipped_packs()
    named = [load_pack(path.read_bytes(), file=path.name) for path in pack_files]
    packs = named or shipped
    at_hand = {pack.id: pack for pack in [*shipped, *named]}
    texts = _texts_under(sources) if sources else {}
    checks = {pack.id: check_quotes(pack, texts) for pack in packs}
    _print_table(desk, packs, checks, with_sources=sources is not None)
    wrong = sum(_print_wrong_quotes(desk, pack, checks[pack.id]) for pack in packs)
    wrong += sum(_print_findings(desk, pack, at_hand) for pack in packs)
    if cases is not None:
        wrong += _print_cases(desk, packs, at_hand, cases)
    if wrong:
        ctx.exit(EXIT_REFUSED)


def _print_table(
    desk: Desk,
    packs: list[Pack],
    checks: Mapping[str, list[QuoteCheck]],
    *,
    with_sources: bool,
) -> None:
    rows: list[list[str]] = []
    for pack in packs:
        bases, quotes = count_bases(pack), checks[pack.id]
        found = sum(check.outcome is QuoteOutcome.FOUND for check in quotes)
        rows.append(
            [
                f"{pack.id}@{pack.version}", str(bases.cited), str(bases.practice),
                str(bases.assumed), f"{found}/{len(quotes)}",
            ]
        )  # fmt: skip
        if with_sources:
            at_hand = QuoteOutcome.NOT_AT_HAND
            rows += [
                ["  " + c.reference_id, "", "", "", "–"] for c in quotes if c.outcome is at_hand
            ]
    desk.table(
        ["cli-column-pack", "cli-column-cited", "cli-column-practice", "cli-column-assumed",
         "cli-column-quotes"],
        rows,
    )  # fmt: skip


def _print_wrong_quotes(desk: Desk, pack: Pack, checks: list[QuoteCheck]) -> int:
    wrong = [check for check in checks if not check.ok]
    for check in wrong:
        outcome = str(check.outcome).replace("_", "-")
        desk.say(f"cli-quote-{outcome}", pack=pack.id, reference=check.reference_id)
    return len(wrong)


def _print_findings(desk: Desk, pack: Pack, packs: Mapping[str, Pack]) -> int:
    """Print each finding, errors marked otherwise than warnings; return how many are errors."""
    findings = lint_pack(pack, packs)
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    for finding in findings:
        mark = "✘" if finding in errors else "!"
        click.echo(f"{mark} {desk.text(finding.code, **finding.facts)}")
    return len(errors)


def _print_cases(desk: Desk, packs: list[Pack], at_hand: Mapping[str, Pack], folder: Path) -> int:
    """Run the cases; print each that is answered otherwise and each day that none proves."""
    runs = {
        path: [run_case(case) for case in load_cases(path.read_bytes(), at_hand, file=path.name)]
        for path in sorted(folder.rglob("*.toml"))
    }
    wrong = sum(_print_differing(desk, path.name, each) for path in runs for each in runs[path])
    asked = frozenset(asked for path in runs for each in runs[path] for asked in each.asked)
    lacking = [each for pack in packs for each in unproven(pack, asked)]
    for each in lacking:
        facts = {"pack": each.pack, "key": each.key, "unproven_day": each.day.isoformat()}
        click.echo(f"✘ {desk.text('rules-lint-day-without-case', **facts)}")
    desk.say("cli-cases-run", cases=sum(map(len, runs.values())), differing=wrong)
    return wrong + len(lacking)


def _print_differing(desk: Desk, file: str, run: CaseRun) -> int:
    for key, found in run.differing.items():
        said = desk.text(
            "rules-lint-case-differs",
            file=file,
            name=run.case.name,
            clause=run.case.clause,
            key=key,
            found=json.dumps(found, ensure_ascii=False, default=str),
            expected=json.dumps(run.case.expect[key], ensure_ascii=False, default=str),
        )
        click.echo(f"✘ {said}")
    return 1 if run.differing else 0


def _shipped_packs() -> list[Pack]:
    folder = files("creditbank_seeds") / "packs"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".toml"))
    return [load_pack((folder / name).read_bytes(), file=name) for name in names]


def _texts_under(sources: Path) -> dict[str, str]:
    texts: dict[str, str] = {}
    for path in sorted(sources.rglob("*")):
        if path.is_file() and path.suffix in SOURCE_SUFFIXES:
            # Line ends stay as they are: the digest is of the file's own bytes.
            texts[str(path.relative_to(sources))] = path.read_bytes().decode("utf-8", "replace")
    return texts
