"""Commands on people's records: imports, balances, links between keys of one person."""

from typing import IO

import click

from creditbank.cli.console import (
    Desk,
    actor_option,
    load,
    pass_desk,
    person_option,
    read_json,
    read_person,
)
from creditbank.clock import utc_now
from creditbank.crediting.imports import approve_import, propose_import
from creditbank.crediting.links import LinkFinding, record_finding
from creditbank.db import snapshot, unit_of_work
from creditbank.hours import hours_text
from creditbank.house import current_house
from creditbank.ledger.balance import balances_of
from creditbank.people.register import find_person, linked_people
from creditbank.rules.explain import name_of
from creditbank.schemas.rosters import ImportBody


@click.group(help="建行前的历史学时。 Records from before the bank.")
def imports() -> None:
    """Commands on imports."""


@imports.command("propose", help="提交历史记录，待第二人核准。 Put them before a second official.")
@click.argument("file", type=click.File("rb"))
@actor_option
@pass_desk
def imports_propose(desk: Desk, file: IO[bytes], actor: str) -> None:
    """Propose an import; the file is the body that the API takes."""
    bytes_max = desk.settings.request_bytes_max
    draft = load(ImportBody(), read_json(file.read(bytes_max + 1), bytes_max))
    with desk.bank(), unit_of_work() as session:
        record = propose_import(session, current_house().vault, draft, actor=actor, now=utc_now())
    desk.say(
        "cli-import-proposed",
        import_no=record.import_no,
        rows=record.row_count,
        people=record.people,
        hours=hours_text(record.total_centihours),
        digest=record.digest.hex(),
    )


@imports.command("approve", help="由第二人核准入账。 Credit an import, as a second official.")
@click.argument("import_no")
@actor_option
@pass_desk
def imports_approve(desk: Desk, import_no: str, actor: str) -> None:
    """Approve an import."""
    with desk.bank(), unit_of_work() as session:
        record = approve_import(
            session, current_house().vault, import_no, actor=actor, now=utc_now()
        )
    desk.say(
        "cli-import-approved",
        import_no=record.import_no,
        rows=record.row_count,
        hours=hours_text(record.total_centihours),
    )


@click.group(help="学时余额。 Balances.")
def balances() -> None:
    """Commands on balances."""


@balances.command("show", help="按年度和科目显示学时。 Show hours by year and subject.")
@person_option
@click.option("--scheme", required=True, help="规则包，如 cn-3710。 Whose rules.")
@pass_desk
def balances_show(desk: Desk, person_file: IO[bytes] | None, scheme: str) -> None:
    """Show a person's balances."""
    identity = read_person(person_file)
    with desk.bank(), snapshot() as session:
        person_id = find_person(session, current_house().vault, identity)
        found = balances_of(session, linked_people(session, [person_id])[person_id], scheme)
    if not found:
        desk.say("cli-balance-none", scheme=scheme)
        return
    rows = [
        [
            str(each.credited_year), name_of("subject", each.subject, desk.language),
            hours_text(each.live_centihours), hours_text(each.capped_centihours),
            hours_text(each.frozen_centihours),
        ]
        for each in found
    ]  # fmt: skip
    desk.table(
        ["cli-column-year", "cli-column-subject", "cli-column-live", "cli-column-capped",
         "cli-column-frozen"],
        rows,
    )  # fmt: skip


@click.group(help="同一人的多份证件。 Documents of one person.")
def people() -> None:
    """Commands on people."""


@people.command("link", help="认定两份证件属同一人。 Find two documents to be one person's.")
@click.argument("one", type=click.File("rb"))
@click.argument("other", type=click.File("rb"))
@click.option("--jurisdiction", required=True, help="辖区。 Region.")
@actor_option
@pass_desk
def people_link(
    desk: Desk, one: IO[bytes], other: IO[bytes], jurisdiction: str, actor: str
) -> None:
    """Link two keys; each file states one person."""
    _record_finding(desk, (one, other), jurisdiction, actor, linked=True)


@people.command("unlink", help="认定两份证件不属同一人。 Find them to be two people's.")
@click.argument("one", type=click.File("rb"))
@click.argument("other", type=click.File("rb"))
@click.option("--jurisdiction", required=True, help="辖区。 Region.")
@actor_option
@pass_desk
def people_unlink(
    desk: Desk, one: IO[bytes], other: IO[bytes], jurisdiction: str, actor: str
) -> None:
    """Part two keys; each file states one person."""
    _record_finding(desk, (one, other), jurisdiction, actor, linked=False)


def _record_finding(
    desk: Desk,
    stated: tuple[IO[bytes], IO[bytes]],
    jurisdiction: str,
    actor: str,
    *,
    linked: bool,
) -> None:
    one, other = (read_person(file) for file in stated)
    finding = LinkFinding(one, other, linked, jurisdiction, actor)
    with desk.bank(), unit_of_work() as session:
        done = record_finding(session, current_house().vault, finding, now=utc_now())
    desk.say(
        "cli-person-linked" if linked else "cli-person-unlinked",
        link_no=done.link_no,
        capped=hours_text(done.capped_centihours),
    )
