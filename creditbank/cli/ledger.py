"""Commands on the ledger: sealing now, checking everything, the heads of the logs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import click

from creditbank.certificates.fsck import check_certificates
from creditbank.cli.console import EXIT_REFUSED, Desk, pass_desk
from creditbank.crediting.fsck import check_investigations
from creditbank.crediting.fsck_reassessments import check_reassessments
from creditbank.db import snapshot
from creditbank.house import current_house
from creditbank.jobs.clock import seal_all
from creditbank.ledger.fsck import Progress, check_ledger
from creditbank.ledger.proving import head_of, listed_logs
from creditbank.people.register import secret_states

#: How often a check that takes long says how far it has come.
PROGRESS_SECONDS = 3


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
@click.pass_context
@pass_desk
def ledger_fsck(desk: Desk, ctx: click.Context) -> None:
    """Print each disagreement; exit code 1 when there is one."""
    progress, found = Progress(), 0
    with desk.bank(), snapshot() as session:
        vault = current_house().vault
        states = lambda people: secret_states(session, vault, people)  # noqa: E731
        checking = chain(
            check_ledger(session, states, progress), check_investigations(session, states),
            check_reassessments(session),
            check_certificates(session, states),
        )  # fmt: skip
        with _progress_shown(desk, progress):
            for each in checking:
                found += 1
                click.echo(f"{each.table} {each.key}: {desk.text(each.code)} ({each.code})")
    click.echo(_seen(desk, progress))
    if found:
        desk.say("cli-fsck-disagrees", count=found)
        ctx.exit(EXIT_REFUSED)
    desk.say("cli-fsck-agrees")


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


def _seen(desk: Desk, progress: Progress) -> str:
    return desk.text(
        "cli-fsck-seen",
        entries=progress.entries,
        acts=progress.acts,
        rounds=progress.rounds,
        erased=len(progress.erased_people),
    )


@contextmanager
def _progress_shown(desk: Desk, progress: Progress) -> Iterator[None]:
    """Say every few seconds how far the check has come, on standard error."""
    done = threading.Event()

    def show() -> None:
        while not done.wait(PROGRESS_SECONDS):
            click.echo(_seen(desk, progress), err=True)

    thread = threading.Thread(target=show, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
