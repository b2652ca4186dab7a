"""Commands on the ledger: sealing now, checking everything, the heads of the logs."""

from pathlib import Path

import click

from creditbank.auditing import audit
from creditbank.cli.checking import progress_told
from creditbank.cli.console import Desk, pass_desk, write_private
from creditbank.clock import instant_text, utc_now
from creditbank.db import snapshot
from creditbank.house import current_house
from creditbank.jobs.clock import seal_all
from creditbank.ledger.audited import Audited, audited_now
from creditbank.ledger.disagreement import FOLDS, PHASES, Progress
from creditbank.ledger.proving import head_of, listed_logs
from creditbank.people.register import secret_states

#: Something disagrees. 1 says that nothing could be checked, 2 that the command was misspelt.
EXIT_DISAGREES = 3


@click.group(help="总账：封存、核对、日志头。 The ledger: seal, check, heads.")
def ledger() -> None:
    """Commands on the ledger."""


@ledger.command("seal", help="立即封存已入账的记录。 Seal now what was posted.")
@pass_desk
def ledger_seal(desk: Desk) -> None:
    """Run the sealer until nothing is waiting."""
    with desk.bank():
        rows = seal_all()
    desk.say("cli-sealed", rows=rows)


@ledger.command("fsck", help="从头核对全部账目与公开日志。 Recompute and compare everything.")
@click.option(
    "--since",
    "since_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="只核对这份核对记录之后的新内容。 Only what came since this record of a check.",
)
@click.option(
    "--record",
    "record_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="全部相符时写下核对记录。 Where to record the check, if everything agrees.",
)
@click.option(
    "--folds",
    is_flag=True,
    help="并按规则重新计算各人的上限（较慢）。 Count everybody's caps again, too; it is slow.",
)
@click.option(
    "--progress",
    "wanted",
    is_flag=True,
    help="不在终端上也报告进度。 Tell the progress where there is no terminal, too.",
)
@click.pass_context
@pass_desk
def ledger_fsck(
    desk: Desk,
    ctx: click.Context,
    *,
    since_file: Path | None,
    record_file: Path | None,
    folds: bool,
    wanted: bool,
) -> None:
    """Print each disagreement; exit code 3 when there is one."""
    before = Audited.from_bytes(since_file.read_bytes()) if since_file else None
    progress = Progress(phases=(*PHASES, FOLDS) if folds else PHASES)
    now, found = utc_now(), 0
    with desk.bank(), snapshot() as session:
        vault = current_house().vault
        states = lambda people: secret_states(session, vault, people)  # noqa: E731
        with progress_told(desk, progress, wanted=wanted) as clear:
            for each in audit(session, states, progress, before, folds=folds, vault=vault):
                found += 1
                clear()
                click.echo(f"{each.table} {each.key}: {desk.text(each.code)} ({each.code})")
        record = None if found else audited_now(session, before=before, now=now)
    click.echo(
        desk.text(
            "cli-fsck-seen", entries=progress.entries, acts=progress.acts, rounds=progress.rounds,
            erased=len(progress.erased_people),
        )
    )  # fmt: skip
    if before:
        told = {"checked_at": before.checked_at, "whole_at": before.whole_at}
        desk.say("cli-fsck-since", **{name: instant_text(at) for name, at in told.items()})
    if record is None:
        desk.say("cli-fsck-disagrees", count=found)
        ctx.exit(EXIT_DISAGREES)
    desk.say("cli-fsck-agrees")
    if record_file:
        write_private(record_file, record.to_bytes())
        desk.say("cli-fsck-recorded", path=str(record_file))


@ledger.command("head", help="各公开日志的最新签名检查点。 Newest checkpoint of each log.")
@click.option("--notes", is_flag=True, help="完整签名。 With the signed notes.")
@pass_desk
def ledger_head(desk: Desk, *, notes: bool) -> None:
    """Print where each log stands."""
    with desk.bank(), snapshot() as session:
        heads = [head_of(session, log.origin) for log in listed_logs(session)]
    desk.table(
        ["cli-column-log", "cli-column-size", "cli-column-root"],
        [[h.checkpoint.origin, str(h.checkpoint.size), h.checkpoint.root.hex()] for h in heads],
    )
    if notes:
        for head in heads:
            click.echo(f"\n{head.vkey}\n\n{head.note}", nl=False)
