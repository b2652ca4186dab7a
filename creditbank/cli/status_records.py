"""Commands on status records: stated from a file, taken back, listed without names, shown."""

from typing import IO

import click

from creditbank.cli.console import (
    Desk,
    WordOf,
    actor_option,
    load,
    official_at,
    pass_desk,
    read_json,
)
from creditbank.cli.looking import operator_shows
from creditbank.clock import civil_day, utc_now
from creditbank.db import snapshot, unit_of_work
from creditbank.house import current_house
from creditbank.registry.clients import Client, Role
from creditbank.schemas.registry import REASON_CHARACTERS_MAX
from creditbank.schemas.status_records import StatusBody
from creditbank.verification.desk_looks import LookDraft, Shown
from creditbank.verification.status_kinds import StatusKind
from creditbank.verification.status_lists import StatusesWanted, status_history, statuses_page
from creditbank.verification.status_records import (
    record_status,
    status_numbered,
    take_back_status,
)

_BYTES_MAX = 16_384
_WORDS = ("examination", "result", "practice", "pledged_by")


@click.group(help="身份状况登记：就业、职称、考试、承诺。 Status records.")
def status_records() -> None:
    """Commands on status records."""


@status_records.command("state", help="登记或更正一条。 State a record, or correct one.")
@click.argument("file", type=click.File("rb"))
@click.option("--jurisdiction", required=True, help="辖区。 Region.")
@actor_option
@pass_desk
def status_state(desk: Desk, /, file: IO[bytes], jurisdiction: str, actor: str) -> None:
    """State what the file says, which is the body of the API's call; - for standard input."""
    draft = load(StatusBody(), read_json(file.read(_BYTES_MAX + 1), _BYTES_MAX))
    with desk.bank(), unit_of_work() as session:
        by = _official(actor, jurisdiction)
        made = record_status(session, current_house().vault, draft, by, now=utc_now())
    desk.say("cli-status-recorded", record_no=made.record_no)


@status_records.command("take-back", help="收回误登的一条。 Take a record back.")
@click.argument("record_no")
@click.option("--reason", required=True, help="写入行为记录。 It stands in the act.")
@actor_option
@pass_desk
def status_take_back(desk: Desk, /, record_no: str, reason: str, actor: str) -> None:
    """Say that it never was so."""
    if not 0 < len(reason.strip()) <= REASON_CHARACTERS_MAX:
        raise click.UsageError("--reason")
    with desk.bank(), unit_of_work() as session:
        vault, by = current_house().vault, _official(actor, "cn")
        take_back_status(session, vault, record_no, reason.strip(), by, now=utc_now())
    desk.say("cli-status-taken-back", record_no=record_no)


@status_records.command("list", help="列出登记，不显示何人何事。 List records, without names.")
@click.option("--jurisdiction", default="cn", show_default=True)
@click.option("--kind", type=WordOf(StatusKind), help="类别。 Kind.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True)
@pass_desk
def status_list(desk: Desk, /, jurisdiction: str, kind: StatusKind | None, limit: int) -> None:
    """List the records of a region, newest first."""
    with desk.bank(), snapshot() as session:
        found = statuses_page(session, StatusesWanted(jurisdiction, kind, "", None, limit))
    if not found:
        desk.say("statuses-none-title")
        return
    rows = [
        [
            each.record_no, _kind(desk, each.kind), each.as_of.isoformat(),
            desk.text("status-stands" if each.stands else "status-superseded"), each.actor,
        ]
        for each in found[:limit]
    ]  # fmt: skip
    headers = ["status-record", "status-kind", "status-as-of", "cli-column-state",
               "cli-column-actor"]  # fmt: skip
    desk.table(headers, rows)
    if len(found) > limit:
        desk.say("cli-more", limit=limit)


@status_records.command("show", help="显示一条及其经过。 Show a record and its history.")
@click.argument("record_no")
@pass_desk
def status_show(desk: Desk, /, record_no: str) -> None:
    """Show what a record says, and how it came to stand as it does."""
    with desk.bank(), snapshot() as session:
        each = status_numbered(session, current_house().vault, record_no, official_at("cn"))
        operator_shows([each.person_id], LookDraft(Shown.STATUS, record_no))
        steps = status_history(session, each)
    through = f" – {each.valid_through.isoformat()}" if each.valid_through else ""
    said = [
        (desk.text(f"status-member-{name.replace('_', '-')}"),
         desk.text(f"status-word-{text.replace('_', '-')}") if name in _WORDS else text)
        for name, text in each.said.items() if not name.endswith("sha256")
    ]  # fmt: skip
    told = [
        (desk.text("status-record"), each.record_no),
        (desk.text("status-kind"), _kind(desk, each.kind)),
        (desk.text("cli-column-state"),
         desk.text("status-stands" if each.stands else "status-superseded")),
        (desk.text("status-of-whom"), desk.text("last-four", four=each.last_four)),
        *said,
        (desk.text("status-valid"), each.valid_from.isoformat() + through),
        (desk.text("status-source"), each.source),
        (desk.text("status-reference-label"), each.reference),
        (desk.text("status-as-of"), each.as_of.isoformat()),
    ]  # fmt: skip
    for label, text in told:
        click.echo(f"{label}: {text}")
    for at, step in enumerate(steps):
        word = "taken-back" if not step.says_so else "corrected" if at else "stated"
        line = (desk.text(f"status-step-{word}"), step.record_no, step.actor,
                civil_day(step.recorded_at).isoformat(), step.reason)  # fmt: skip
        click.echo("  ".join(filter(None, line)))


def _official(actor: str, jurisdiction: str) -> Client:
    return Client(actor, Role.OFFICIAL, frozenset(), jurisdiction, None)


def _kind(desk: Desk, kind: StatusKind) -> str:
    return desk.text(f"status-kind-{kind.replace('_', '-')}")
