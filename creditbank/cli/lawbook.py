"""Commands on how law gets into force: proposed, reviewed, published, adopted; what changes."""

import sys
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import click
from sqlalchemy.orm import Session

from creditbank.cli.console import Desk, WordOf, actor_option, load, pass_desk
from creditbank.clock import utc_now
from creditbank.db import snapshot, unit_of_work
from creditbank.jobs.impact import run_impact
from creditbank.registry.adoption import (
    AdoptionDraft,
    AdoptionKind,
    adoptions_said,
    approve_adoption,
    propose_adoption,
)
from creditbank.registry.lookups import pack_version, waiting_packs
from creditbank.registry.models import PublishedPack
from creditbank.registry.publishing import (
    changes_of,
    mends,
    propose_pack,
    publish_pack,
    return_pack,
    review_pack,
    withdraw_pack,
)
from creditbank.rules.changes import Changes
from creditbank.rules.loader import PACK_BYTES_MAX, load_pack
from creditbank.rules.pack import Pack, Value
from creditbank.schemas.law import AdoptionBody, ProposalQuery, ReasonBody
from creditbank.verification.impact_runs import (
    Turn,
    impact_numbered,
    last_impact,
    request_impact,
    take_up,
    told,
)

DAY = click.DateTime(["%Y-%m-%d"])
_REASON = click.option(
    "--reason", required=True, help="理由，提交人会看到。 The proposer reads it."
)


@click.command("propose", help="提交规则包，待第二人审核。 Put a pack before a second person.")
@click.argument("pack_file", type=click.File("rb"))
@click.option(
    "--corrigendum",
    default="",
    help="更正已发布的值须写明理由。 Why it mends published values; wanted only then.",
)
@actor_option
@pass_desk
def rules_propose(desk: Desk, pack_file: IO[bytes], corrigendum: str, actor: str) -> None:
    """Propose a pack, and show what it changes."""
    content = pack_file.read(PACK_BYTES_MAX + 1)
    if corrigendum:
        corrigendum = load(ProposalQuery(), {"corrigendum": corrigendum})["corrigendum"]
    with desk.bank(), unit_of_work() as session:
        now = utc_now()
        pack = propose_pack(session, content, actor=actor, now=now, corrigendum=corrigendum)
        # The same content again stands as it stood: nothing waits once it is published.
        state = session.get_one(PublishedPack, (pack.id, pack.version)).state
        lines = list(_change_lines(desk, session, pack))
    desk.say(f"cli-pack-{state}", pack=pack.id, version=pack.version, sha256=pack.sha256)
    _print(lines)


@click.command("review", help="由第二人审核，列出变化。 Find a version fit, as a second person.")
@click.argument("pack_id")
@click.argument("version", type=int)
@actor_option
@pass_desk
def rules_review(desk: Desk, pack_id: str, version: int, actor: str) -> None:
    """Review a pack, and show what it changes."""
    with desk.bank(), unit_of_work() as session:
        pack = review_pack(session, pack_id, version, actor=actor, now=utc_now())
        lines = list(_change_lines(desk, session, pack))
        run = last_impact(session, pack)
    desk.say("cli-pack-reviewed", pack=pack.id, version=pack.version, sha256=pack.sha256)
    _print(lines)
    if run is None:
        desk.say("cli-impact-never", pack=pack.id, version=pack.version)
    else:
        _show_impact(desk, told(run))


@click.command("return", help="由第二人退回，写明理由。 Give a version back, with the reason.")
@click.argument("pack_id")
@click.argument("version", type=int)
@_REASON
@actor_option
@pass_desk
def rules_return(desk: Desk, pack_id: str, version: int, reason: str, actor: str) -> None:
    """Return a pack."""
    reason = load(ReasonBody(), {"reason": reason})["reason"]
    with desk.bank(), unit_of_work() as session:
        pack = return_pack(session, pack_id, version, reason, actor=actor, now=utc_now())
    desk.say("cli-pack-returned", pack=pack.id, version=pack.version)


@click.command("withdraw", help="由提交人撤回未发布的版本。 Take back what one has proposed.")
@click.argument("pack_id")
@click.argument("version", type=int)
@_REASON
@actor_option
@pass_desk
def rules_withdraw(desk: Desk, pack_id: str, version: int, reason: str, actor: str) -> None:
    """Withdraw a pack."""
    reason = load(ReasonBody(), {"reason": reason})["reason"]
    with desk.bank(), unit_of_work() as session:
        pack = withdraw_pack(session, pack_id, version, reason, actor=actor, now=utc_now())
    desk.say("cli-pack-withdrawn", pack=pack.id, version=pack.version)


@click.command("publish", help="由第二人发布已审核的版本。 Publish a reviewed version.")
@click.argument("pack_id")
@click.argument("version", type=int)
@actor_option
@pass_desk
def rules_publish(desk: Desk, pack_id: str, version: int, actor: str) -> None:
    """Publish a pack."""
    with desk.bank(), unit_of_work() as session:
        pack = publish_pack(session, pack_id, version, actor=actor, now=utc_now())
    desk.say("cli-pack-published", pack=pack.id, version=pack.version, sha256=pack.sha256)


@click.command("waiting", help="列出待审核、待发布的版本。 List what waits for a second person.")
@pass_desk
def rules_waiting(desk: Desk) -> None:
    """List the versions that are proposed or reviewed."""
    with desk.bank(), snapshot() as session:
        rows = [
            [f"{pack.id}@{pack.version}", desk.text(f"cli-pack-state-{row.state}"), row.proposed_by]
            for pack in waiting_packs(session)
            for row in [session.get_one(PublishedPack, (pack.id, pack.version))]
        ]
    if not rows:
        desk.say("cli-packs-none-wait")
        return
    desk.table(["cli-column-pack", "cli-column-state", "cli-column-proposed-by"], rows)


@click.command("changes", help="比较一版规则与其前一版。 Tell what a version changes.")
@click.argument("pack")
@click.argument("version", type=int, required=False)
@pass_desk
def rules_changes(desk: Desk, pack: str, version: int | None) -> None:
    """Compare PACK (a file; or, with VERSION, the id of a pack) with the published one before."""
    with desk.bank(), snapshot() as session:
        tried = load_pack(named_content(session, pack, version), file=pack)
        lines = list(_change_lines(desk, session, tried))
    _print(lines)


@click.command("adopt", help="登记征求意见稿正式施行，待第二人核准。 Record a draft's adoption.")
@click.argument("pack_id")
@click.option("--from", "day", type=DAY, required=True, help="施行（或停止）的第一天。 First day.")
@click.option("--document", required=True, help="印发文件的文号。 Number of the document.")
@click.option("--title", required=True, help="印发文件的标题。 Its title.")
@click.option("--reason", required=True, help="登记理由。 Why it is recorded.")
@click.option(
    "--kind", type=WordOf(AdoptionKind), default=str(AdoptionKind.ADOPTED), show_default=True,
    help="adopted 施行，ended 停止施行。 Whether it begins or ends.",
)  # fmt: skip
@actor_option
@pass_desk
def rules_adopt(
    desk: Desk,
    *,
    pack_id: str,
    day: datetime,
    document: str,
    title: str,
    reason: str,
    kind: AdoptionKind,
    actor: str,
) -> None:
    """Propose that a draft be law from a day on, or no more."""
    said_so = {
        "kind": kind, "day": day.date().isoformat(), "document": document, "title": title,
        "reason": reason,
    }  # fmt: skip
    draft = AdoptionDraft(pack_id, **load(AdoptionBody(), said_so))
    with desk.bank(), unit_of_work() as session:
        said = propose_adoption(session, draft, actor=actor, now=utc_now())
    desk.say("cli-adoption-proposed", adoption_no=said.adoption_no)


@click.command("approve", help="由第二人核准施行登记。 Approve an adoption, as a second person.")
@click.argument("adoption_no")
@actor_option
@pass_desk
def rules_approve(desk: Desk, adoption_no: str, actor: str) -> None:
    """Approve an adoption, or the end of one."""
    with desk.bank(), unit_of_work() as session:
        said = approve_adoption(session, adoption_no, actor=actor, now=utc_now())
    code = f"cli-adoption-{said.kind}"
    desk.say(code, pack=said.pack_id, day=said.day.isoformat(), document=said.document)


@click.command("adoptions", help="列出征求意见稿的施行登记。 List what was recorded of a draft.")
@click.argument("pack_id")
@pass_desk
def rules_adoptions(desk: Desk, pack_id: str) -> None:
    """List adoptions, approved and waiting."""
    with desk.bank(), snapshot() as session:
        rows = [
            [
                said.adoption_no, desk.text(f"cli-adoption-kind-{said.kind}"),
                said.day.isoformat(), said.document,
                desk.text("cli-state-approved" if said.approved_by else "cli-state-submitted"),
            ]
            for said in adoptions_said(session, pack_id)
        ]  # fmt: skip
    desk.table(
        ["cli-column-number", "cli-column-kind", "cli-column-first-day", "cli-column-document",
         "cli-column-state"],
        rows,
    )  # fmt: skip


@click.command("impact", help="试算一版规则的影响，逐区计数。 Count what a version would change.")
@click.argument("pack")
@click.argument("version", type=int, required=False)
@actor_option
@pass_desk
def rules_impact(desk: Desk, pack: str, version: int | None, actor: str) -> None:
    """Weigh everybody twice: by PACK (a file; or, with VERSION, an id), and by the law in force."""
    with desk.bank():
        with unit_of_work() as session:
            content = named_content(session, pack, version)
            tried = load_pack(content, file=pack)
            run = request_impact(session, content, tried, actor=actor, now=utc_now())
            turn = take_up(session, run.run_no, now=utc_now())
        if turn is not None:
            _walk(desk, turn)
        with snapshot() as session:
            done = told(impact_numbered(session, run.run_no))
    _show_impact(desk, done)


STEPS: tuple[click.Command, ...] = (
    rules_propose, rules_review, rules_return, rules_withdraw, rules_publish, rules_waiting,
    rules_changes, rules_impact, rules_adopt, rules_approve, rules_adoptions,
)  # fmt: skip


def named_content(session: Session, pack: str, version: int | None) -> bytes:
    """Return the bytes of the version that a command names: a file, or an id and a number.

    Raises:
        PackNotProposedError: nobody proposed it.
        OSError: the file cannot be read.
    """
    if version is not None:
        return pack_version(session, pack, version, published=False).content
    with Path(pack).open("rb") as file:
        return file.read(PACK_BYTES_MAX + 1)


def _walk(desk: Desk, turn: Turn) -> None:
    """Do a run here and now, telling on standard error how far it is."""
    bar = click.progressbar(length=100, label=desk.text("cli-impact-walking"), file=sys.stderr)
    with bar:

        def show(done: int, total: int) -> None:
            bar.update(100 * done // max(done, total, 1) - bar.pos)

        run_impact(turn, threading.Event(), show)


def _show_impact(desk: Desk, run: Mapping[str, Any]) -> None:
    desk.say(
        "cli-impact-run", run_no=run["run_no"], pack=run["pack_id"], version=run["version"],
        sha256=run["sha256"], base=run["base_version"], base_sha256=run["base_sha256"] or "–",
    )  # fmt: skip
    result = run["result"]
    if result is None:
        walked = {"done": run["people_done"], "total": run["people_total"]}
        if run["failed"]:
            desk.say("cli-impact-failed", reason=run["failed"], **walked)
        else:
            desk.say("cli-impact-elsewhere", **walked)
        return
    desk.say(
        "cli-impact-weighed", people=result["people"], asked=result["asked"],
        supposed=result["supposed"], day=result["application_day"],
    )  # fmt: skip
    if not result["flips"]:
        desk.say("cli-impact-none")
        return
    every = [{**line, "district": desk.text("cli-impact-every")} for line in result["totals"]]
    desk.table(
        ["cli-column-region", "cli-column-title", "cli-column-asked", "cli-column-before",
         "cli-column-after", "cli-column-people"],
        [_flip_row(desk, line) for line in (*result["flips"], *every)],
    )  # fmt: skip


def _flip_row(desk: Desk, line: Mapping[str, Any]) -> list[str]:
    title = ".".join(filter(None, (line["series"], line["specialty"], line["level"])))
    outcomes = [
        desk.text(f"cli-outcome-{line[side].replace('_', '-')}") for side in ("before", "after")
    ]
    asked = desk.text("cli-impact-supposed" if line["supposed"] else "cli-impact-asked")
    return [line["district"], f"{line['scheme']} {title}", asked, *outcomes, line["people"]]


def _change_lines(desk: Desk, session: Session, pack: Pack) -> Iterator[str]:
    base, changes = changes_of(session, pack)
    if base is None:
        yield desk.text("cli-changes-first", pack=pack.id, values=len(changes.added))
        return
    yield desk.text("cli-changes-base", pack=base.id, version=base.version, sha256=base.sha256)
    if changes.nothing:
        yield desk.text("cli-changes-none")
    yield from _value_lines(desk, changes)
    for reference in changes.references:
        code = "cli-changes-reference-gone" if reference.new is None else "cli-changes-reference"
        yield desk.text(code, reference=reference.old.id)
    for change in changes.names:
        code = "cli-changes-unnamed" if change.new is None else "cli-changes-name"
        name = change.name
        yield desk.text(code, kind=name.kind, id=name.id, zh=name.zh, en=name.en)
    for line in changes.header:
        yield desk.text("cli-changes-header", key=line.key, old=line.old, new=line.new)
    named = mends(session, base, pack)
    if named:
        yield desk.text("cli-changes-mends", values=named)


def _value_lines(desk: Desk, changes: Changes) -> Iterator[str]:
    for value in changes.added:
        yield desk.text("cli-changes-added", **_facts(value))
    for ended in changes.ended:
        yield desk.text("cli-changes-ended", **_facts(ended.old), until=ended.until.isoformat())
    for edited in changes.edited:
        yield desk.text("cli-changes-edited", **_facts(edited.old), parts=list(edited.parts))
    for value in changes.removed:
        yield desk.text("cli-changes-removed", **_facts(value))


def _facts(value: Value) -> dict[str, str]:
    return {"key": value.key, "day": value.from_.isoformat()}


def _print(lines: list[str]) -> None:
    for line in lines:
        click.echo(line)
