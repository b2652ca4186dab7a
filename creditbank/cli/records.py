"""Commands on people's records: imports, balances, links between keys of one person."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, TypeVar

import click
from sqlalchemy.orm import Session

from creditbank import catalogue
from creditbank.attendance.earlier import HEADERS, TOTALS_HEADERS
from creditbank.attendance.roster_forms import earlier_template
from creditbank.attendance.workbook import Limits
from creditbank.catalogue import Language
from creditbank.cli.console import (
    Desk,
    WordOf,
    actor_option,
    load,
    pass_desk,
    person_option,
    read_json,
    read_person,
    write_private,
)
from creditbank.cli.looking import operator_shows_of, purpose_options, why_of
from creditbank.clock import civil_day, utc_now
from creditbank.crediting.balances import held_at
from creditbank.crediting.carried import CarriedOver, carried_over, carried_said
from creditbank.crediting.imports import (
    approve_import,
    propose_import,
    withdraw_import,
)
from creditbank.crediting.kept_files import (
    IMPORTS,
    Download,
    FileReason,
    ImportFiles,
    ImportPart,
    take_file,
)
from creditbank.crediting.links import LinkFinding, LinkReason, record_finding
from creditbank.crediting.lookups import ShownTotal, import_differences, import_numbered, people_of
from creditbank.crediting.rehearsals import (
    ReadImport,
    read_import,
    rehearse,
    require_clean,
)
from creditbank.crediting.signed_statements import Holding, signable, signed_statement
from creditbank.crediting.statement_paper import (
    PAPER_LINES_MAX,
    STATEMENT_TEMPLATE,
    Heading,
    Page,
    paper_of,
    paper_of_holders,
    printable,
)
from creditbank.crediting.statement_sheets import as_csv, as_xlsx, recorded_text, title_of
from creditbank.crediting.statements import (
    WHOLE,
    Holders,
    Statement,
    StatementAsk,
    statement_of,
    statement_of_provider,
    with_carried,
)
from creditbank.db import snapshot, unit_of_work
from creditbank.hours import hours_text
from creditbank.house import current_house
from creditbank.ids import checked_jurisdiction
from creditbank.people.documents import last_characters
from creditbank.registry.models import Organisation
from creditbank.registry.organisations import organisation_by_uscc
from creditbank.rules.explain import name_of
from creditbank.schemas.rosters import ImportBody
from creditbank.schemas.statements import (
    FilingStatementQuery,
    OwnStatementAnswer,
    OwnStatementForm,
    ProviderStatementAnswer,
    asked_for,
    shaped_of_person,
    shaped_of_provider,
)
from creditbank.verification.desk_looks import Shown

_FORMS: Mapping[str, OwnStatementForm] = {
    ".csv": OwnStatementForm.CSV, ".xlsx": OwnStatementForm.XLSX, ".json": OwnStatementForm.JSON,
    ".jws": OwnStatementForm.SIGNED,
}  # fmt: skip
_PDF = ".pdf"
_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group(help="建行前的历史学时。 Records from before the bank.")
def imports() -> None:
    """Commands on imports."""


def _file_options(command: _Command) -> _Command:
    """Add the file and what it does not say of itself; a JSON file says all of it."""
    options = (
        click.argument("file", type=click.File("rb")),
        click.option(
            "--jurisdiction", default="", help="辖区，如 cn-3710。 Of an XLSX or CSV file."
        ),
        click.option("--origin", default="", help="来源，写入行为记录。 Of an XLSX or CSV file."),
        click.option("--totals", type=click.File("rb"), help="原系统合计的文件。 Stated totals."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@imports.command("template", help="写出空白表。 Write an empty file to fill in.")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@pass_desk
def imports_template(desk: Desk, out: Path) -> None:
    """Write the file with the headers that are read."""
    write_private(out, earlier_template(list(HEADERS.values()), TOTALS_HEADERS))
    desk.say("cli-import-template", path=str(out))


@imports.command("rehearse", help="试读，什么也不写入。 Tell what proposing would do.")
@_file_options
@pass_desk
def imports_rehearse(
    desk: Desk, /, file: IO[bytes], totals: IO[bytes] | None, **region: str
) -> None:
    """Rehearse an import; nothing is written."""
    year = civil_day(utc_now()).year
    with desk.bank(), snapshot() as session:
        read = _read_import(desk, session, (file, totals), region)
        found = rehearse(session, current_house().vault, read, year)
    desk.say(
        "cli-import-rehearsed",
        rows=found.rows,
        known=found.people_known,
        unknown=found.people_unknown,
        hours=hours_text(found.total_centihours),
    )
    desk.table(
        ["cli-column-year", "cli-column-subject", "import-rows", "own-unit"],
        [
            [
                str(each.year), name_of("subject", each.subject, desk.language), str(each.rows),
                hours_text(each.centihours),
            ]
            for each in found.totals
        ],
    )  # fmt: skip
    if found.replay_of:
        desk.say("import-replay-of", import_no=found.replay_of)
    for row in found.known:
        desk.say(
            "import-known-same" if row.same else "import-known-other",
            row_no=row.row_no, import_no=row.import_no, hours=hours_text(row.centihours),
        )  # fmt: skip
    for each in found.differences:
        desk.say("cli-import-difference", **_difference(desk, each))
    for problem in found.refused:
        words = catalogue.problem(problem, desk.language)
        place = desk.text("import-row", row_no=problem.row_no, column=problem.column)
        desk.say("cli-import-refused", place=place, found=f"{words.title}: {words.found}")
    if found.refused:
        raise click.exceptions.Exit(1)


def _difference(desk: Desk, total: ShownTotal) -> dict[str, str | int]:
    stated = total.stated_centihours
    return {
        "last_four": total.last_four,
        "year": total.year,
        "stated": desk.text("import-stated-nothing") if stated is None else hours_text(stated),
        "found": hours_text(total.found_centihours),
    }


def _read_import(
    desk: Desk, session: Session, files: tuple[IO[bytes], IO[bytes] | None],
    region: Mapping[str, str],
) -> ReadImport:  # fmt: skip
    """Read a file as its beginning shows it: JSON as the API takes it, else XLSX or CSV."""
    bytes_max = desk.settings.request_bytes_max
    content, totals = (each.read(bytes_max + 1) if each else b"" for each in files)
    if content.lstrip()[:1] == b"{":
        draft = load(ImportBody(), read_json(content, bytes_max))
        return ReadImport.of(replace(draft, files=ImportFiles(content)))
    for name in ("jurisdiction", "origin"):
        if not region[name]:
            raise click.UsageError(f"--{name}")
    limits = Limits(file_bytes_max=bytes_max, rows_max=desk.settings.import_rows_max)
    where = checked_jurisdiction(region["jurisdiction"]), region["origin"]
    year = civil_day(utc_now()).year
    return read_import(session, where, ImportFiles(content, totals), year, limits)


@imports.command("propose", help="提交历史记录，待第二人核准。 Put them before a second official.")
@_file_options
@actor_option
@pass_desk
def imports_propose(
    desk: Desk, /, file: IO[bytes], totals: IO[bytes] | None, actor: str, **region: str
) -> None:
    """Propose an import: XLSX, CSV, or the JSON that the API takes."""
    now = utc_now()
    with desk.bank(), unit_of_work() as session:
        vault, read = current_house().vault, _read_import(desk, session, (file, totals), region)
        if read.problems:
            require_clean(rehearse(session, vault, read, civil_day(now).year))
        made = propose_import(session, vault, read.draft, actor=actor, now=now)
    record = made.record
    if made.replayed:
        desk.say("cli-import-replayed", import_no=record.import_no)
        return
    for row in made.known:
        desk.say(
            "import-known-same" if row.same else "import-known-other",
            row_no=read.row_nos[row.place], import_no=row.import_no,
            hours=hours_text(row.centihours),
        )  # fmt: skip
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
@click.option(
    "--accept-differences", default="", help="与原系统合计不符时，接受的理由。 Why they may differ."
)
@actor_option
@pass_desk
def imports_approve(desk: Desk, import_no: str, accept_differences: str, actor: str) -> None:
    """Approve an import."""
    with desk.bank(), unit_of_work() as session:
        vault = current_house().vault
        for each in import_differences(session, vault, import_no):
            desk.say("cli-import-difference", **_difference(desk, each))
        record = approve_import(
            session, vault, import_no, actor=actor, now=utc_now(), accepted=accept_differences
        )
    desk.say(
        "cli-import-approved",
        import_no=record.import_no,
        rows=record.row_count,
        hours=hours_text(record.total_centihours),
    )


@imports.command("withdraw", help="撤回，不予核准。 Decide that it is never approved.")
@click.argument("import_no")
@click.option("--reason", required=True, help="理由。 Why; it stands in the act.")
@actor_option
@pass_desk
def imports_withdraw(desk: Desk, import_no: str, reason: str, actor: str) -> None:
    """Withdraw an import."""
    with desk.bank(), unit_of_work() as session:
        record = withdraw_import(session, import_no, reason, actor=actor, now=utc_now())
    desk.say("cli-import-withdrawn", import_no=record.import_no)


@imports.command("file", help="取出历史记录的原始文件（留痕）。 Take its file out.")
@click.argument("import_no")
@click.option("--part", type=WordOf(ImportPart), default=str(ImportPart.ROWS), show_default=True)
@click.option("--reason", type=WordOf(FileReason), required=True)
@click.option("--case-no", default="", help="案卷号。 Number of the office's file.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@actor_option
@pass_desk
def imports_file(
    desk: Desk, *, import_no: str, part: ImportPart, reason: FileReason, case_no: str, out: Path,
    actor: str,
) -> None:  # fmt: skip
    """Write a file of an import as it came, for its owner alone to read; that is recorded."""
    with desk.bank(), unit_of_work() as session:
        import_numbered(session, import_no)
        file_no = part.file_no(import_no)
        wanted = Download(file_no, actor, is_official=True, reason=reason, case_no=case_no)
        taken = take_file(session, current_house().vault, IMPORTS, wanted, now=utc_now())
    write_private(out, taken.content)
    desk.say("cli-roster-file-written", path=str(out))


def _times_options(command: _Command) -> _Command:
    """Add the options of the two times; both are read as the API reads them."""
    earned = click.option(
        "--as-of", help="只计此日及以前取得的，如 2026-11-10。 Earned by that day."
    )
    known = click.option(
        "--known-at", help="按此刻的检查点，如 2026-11-21T03:32:42Z。 Known at that instant."
    )
    timed: _Command = earned(known(command))
    return timed


def _ask(scheme: str, stated: Mapping[str, str | None], source_no: str = "") -> StatementAsk:
    """Read days, instant and year as the API does.

    Raises:
        RequestInvalidError: naming each that is not as wanted.
    """
    given = {name: said for name, said in stated.items() if said is not None}
    return asked_for({**load(FilingStatementQuery(), given), "source": source_no}, scheme)


@click.group(help="学时余额。 Balances.")
def balances() -> None:
    """Commands on balances."""


@balances.command("show", help="按年度和科目显示学时。 Show hours by year and subject.")
@person_option
@click.option("--scheme", required=True, help="规则包，如 cn-3710。 Whose rules.")
@_times_options
@purpose_options
@pass_desk
def balances_show(
    desk: Desk, /, person_file: IO[bytes] | None, scheme: str, **stated: str | None
) -> None:
    """Show a person's balances, now or of other times."""
    why = why_of(stated)
    identity, ask = read_person(person_file), _ask(scheme, stated)
    with desk.bank(), snapshot() as session:
        people = people_of(session, current_house().vault, identity)
        operator_shows_of(session, identity, Shown.BALANCE, why)
        found = held_at(session, people, scheme, ask.times).balances
        carried = carried_over(session, people, scheme, ask.times, civil_day(utc_now()))
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
    _show_carried(desk, carried)


@balances.command("statement", help="对账单，逐笔列出。 Each movement, line by line.")
@person_option
@click.option("--scheme", required=True, help="规则包，如 cn-3710。 Whose rules.")
@click.option("--from", "first_day", help="取得自此日。 Earned from that day.")
@click.option("--year", help="归属年度。 Credited year.")
@click.option("--source", "source_no", default="", help="来源编号。 Number of one source.")
@_times_options
@purpose_options
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="写入 .csv、.xlsx、.json、.pdf 或带签名的 .jws 文件。 Write a file, by its ending.",
)
@pass_desk
def balances_statement(
    desk: Desk, /, person_file: IO[bytes] | None, scheme: str, out: Path | None, source_no: str,
    **stated: str | None,
) -> None:  # fmt: skip
    """Show a person's statement, or write it down."""
    why, stated["from"] = why_of(stated), stated.pop("first_day")
    _require_ending(out, (*_FORMS, _PDF))
    identity, ask = read_person(person_file), _ask(scheme, stated, source_no)
    with desk.bank(), snapshot() as session:
        house = current_house()
        people = people_of(session, house.vault, identity)
        operator_shows_of(session, identity, Shown.STATEMENT, why)
        statement = statement_of(session, people, ask)
        statement = with_carried(session, people, statement, civil_day(utc_now()))
        if out is not None and out.suffix == _PDF:
            last_four = last_characters(identity.document)
            heading = Heading(identity.name, last_four, scheme, utc_now())
            content = _printed(paper_of(statement, heading, desk.language), desk.language)
        elif out is not None and _FORMS[out.suffix] is OwnStatementForm.SIGNED:
            holding = Holding(people, identity)
            payload = signable(session, house.vault, holding, ask, now=utc_now())
            content = signed_statement(house.keys, desk.settings.verdict_algorithm, payload)
        elif out is not None:
            content = _written(statement, _FORMS[out.suffix], desk.language)
    if out is None:
        _show_statement(desk, statement)
        return
    write_private(out, content)
    desk.say("cli-statement-written", path=str(out), lines=statement.count)


def _written(statement: Statement, form: OwnStatementForm, language: Language) -> bytes:
    if form is OwnStatementForm.CSV:
        return as_csv(statement, language)
    if form is OwnStatementForm.XLSX:
        return as_xlsx(statement, language)
    members = OwnStatementAnswer().dump(shaped_of_person(statement))
    return json.dumps(members, ensure_ascii=False, indent=1).encode("utf-8")


@balances.command("provider", help="培训机构的对账单，按备案合计。 Of all filings of a provider.")
@click.argument("uscc")
@click.option("--scheme", default="", help="规则包，如 cn-3710；不填即全部。 Whose rules.")
@click.option("--from", "first_day", help="取得自此日。 Earned from that day.")
@click.option("--year", help="归属年度。 Credited year.")
@_times_options
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="写入 .csv、.xlsx、.json 或 .pdf 文件。 Write a file, by its ending.",
)
@pass_desk
def balances_provider(
    desk: Desk, /, uscc: str, scheme: str, out: Path | None, **stated: str | None
) -> None:
    """Show what each filing of a provider amounts to, or write its statement down."""
    stated["from"] = stated.pop("first_day")
    _require_ending(out, (".csv", ".xlsx", ".json", _PDF))
    ask = _ask(scheme, stated)
    with desk.bank(), snapshot() as session:
        provider = organisation_by_uscc(session, uscc)
        told = slice(PAPER_LINES_MAX) if out is not None and out.suffix == _PDF else WHOLE
        found = statement_of_provider(
            session, current_house().vault, provider.organisation_id, ask, told
        )
        if out is not None:
            content = _provider_file(found, provider, out.suffix, desk.language)
    if out is not None:
        write_private(out, content)
        desk.say("cli-statement-written", path=str(out), lines=found.statement.count)
        return
    desk.table(
        ["statement-source-number", "statement-title", "statement-opening", "statement-in",
         "statement-out", "statement-closing"],
        [
            [
                each.source.number, each.source.title, hours_text(each.opening_centihours),
                hours_text(each.in_centihours), hours_text(each.out_centihours),
                hours_text(each.closing_centihours),
            ]
            for each in found.totals
        ],
    )  # fmt: skip
    _say_balances(desk, found.statement)


def _provider_file(
    found: Holders, provider: Organisation, ending: str, language: Language
) -> bytes:
    if ending == _PDF:
        heading = Heading("", "", found.statement.ask.scheme, utc_now(), provider.name)
        return _printed(paper_of_holders(found, heading, language), language)
    if ending == ".json":
        members = ProviderStatementAnswer().dump(shaped_of_provider(found, provider.uscc))
        return json.dumps(members, ensure_ascii=False, indent=1).encode("utf-8")
    write = as_csv if ending == ".csv" else as_xlsx
    return write(found.statement, language, found.people, found.totals)


def _require_ending(out: Path | None, endings: Sequence[str]) -> None:
    if out is not None and out.suffix not in endings:
        raise click.BadParameter(" ".join(endings), param_hint="--out")


def _printed(said: Page, language: Language) -> bytes:
    typesetter = current_house().press.typesetter
    paper: bytes = typesetter.typeset(
        STATEMENT_TEMPLATE, printable(said, typesetter.lacking, language)
    )
    return paper


def _show_statement(desk: Desk, statement: Statement) -> None:
    desk.table(
        ["statement-recorded", "own-day", "statement-what", "statement-source-number",
         "statement-movement", "statement-in", "statement-out", "statement-counted"],
        [
            [
                recorded_text(line), line.earned_on.isoformat(), title_of(line, desk.language),
                line.source.number, desk.text(f"movement-{line.movement}"),
                hours_text(line.in_centihours), hours_text(line.out_centihours),
                hours_text(line.counted_centihours),
            ]
            for line in statement.lines
        ],
    )  # fmt: skip
    _say_balances(desk, statement)
    _show_carried(desk, statement.carried)


def _show_carried(desk: Desk, carried: CarriedOver) -> None:
    for sentence in carried_said(carried, desk.language):
        click.echo(sentence)


def _say_balances(desk: Desk, statement: Statement) -> None:
    desk.say(
        "cli-statement-balances",
        opening=hours_text(statement.opening_centihours),
        closing=hours_text(statement.closing_centihours),
    )


@click.group(help="同一人的多份证件。 Documents of one person.")
def people() -> None:
    """Commands on people."""


def _finding_options(command: _Command) -> _Command:
    """Add what both findings take: two files, whose finding it is, why and by which file."""
    for add in (
        click.option("--case-no", default="", help="案卷号。 Number of the office's file."),
        click.option("--reason", type=WordOf(LinkReason), help="依据。 Why."),
        actor_option,
        click.option("--jurisdiction", required=True, help="辖区。 Region."),
        click.argument("other", type=click.File("rb")),
        click.argument("one", type=click.File("rb")),
    ):
        command = add(command)
    return command


@people.command("link", help="认定两份证件属同一人。 Find two documents to be one person's.")
@_finding_options
@pass_desk
def people_link(desk: Desk, /, one: IO[bytes], other: IO[bytes], **said: Any) -> None:
    """Link two keys; each file states one person."""
    _record_finding(desk, (one, other), linked=True, **said)


@people.command("unlink", help="认定两份证件不属同一人。 Find them to be two people's.")
@_finding_options
@pass_desk
def people_unlink(desk: Desk, /, one: IO[bytes], other: IO[bytes], **said: Any) -> None:
    """Part two keys; each file states one person."""
    _record_finding(desk, (one, other), linked=False, **said)


def _record_finding(
    desk: Desk,
    stated: tuple[IO[bytes], IO[bytes]],
    *,
    linked: bool,
    reason: LinkReason | None,
    **said: str,
) -> None:
    one, other = (read_person(file) for file in stated)
    finding = LinkFinding(one, other, linked, reason=str(reason or ""), **said)
    with desk.bank(), unit_of_work() as session:
        done = record_finding(session, current_house().vault, finding, now=utc_now())
    desk.say(
        "cli-person-linked" if linked else "cli-person-unlinked",
        link_no=done.link_no,
        capped=hours_text(done.capped_centihours),
    )
