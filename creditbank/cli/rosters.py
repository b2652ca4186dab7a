"""Commands on attendance: roster templates, posting rosters, withdrawing attendance."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

import click

from creditbank import catalogue
from creditbank.attendance.roster import is_passed_over, read_roster
from creditbank.attendance.roster_forms import report
from creditbank.attendance.ways import Way
from creditbank.attendance.workbook import Limits
from creditbank.cli.console import (
    Desk,
    WordOf,
    actor_option,
    pass_desk,
    person_option,
    read_person,
    write_private,
)
from creditbank.cli.organisations import DAY
from creditbank.clock import instant_text, utc_now
from creditbank.crediting.corrections import Correction, CorrectionReason, correct_attendance
from creditbank.crediting.kept_files import (
    ROSTERS,
    Download,
    FileReason,
    FileTold,
    file_told,
    take_file,
)
from creditbank.crediting.prefilled import Whom, template_of
from creditbank.crediting.roster_credits import Phase, Told, silent
from creditbank.crediting.rosters import (
    RosterPosting,
    RosterResult,
    post_roster,
    rehearse_roster,
    roster_numbered,
)
from creditbank.crediting.sign_in_sheets import SHEET_TEMPLATE, sheet_of
from creditbank.crediting.statement_paper import printable
from creditbank.crediting.withdrawals import Withdrawal, WithdrawalReason, withdraw_attendance
from creditbank.db import snapshot, unit_of_work
from creditbank.errors import RowProblem
from creditbank.hours import hours_text
from creditbank.house import current_house
from creditbank.registry.filing.filings import filing_numbered

#: Back to the beginning of the terminal's line, and that wiped.
_LINE_ANEW = "\r\x1b[K"


@click.group(help="学员名单。 Rosters.")
def rosters() -> None:
    """Commands on rosters."""


@rosters.command("template", help="生成某备案的名单模板。 Write a roster to fill in.")
@click.argument("filing_no")
@click.option(
    "--people", type=WordOf(Whom), default=str(Whom.NOBODY),
    help="预填本备案或本单位以往学员。 Whom to fill in.",
)  # fmt: skip
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@pass_desk
def rosters_template(desk: Desk, filing_no: str, people: Whom, out: Path) -> None:
    """Write a roster whose days are those of the filing, with the people asked for."""
    with desk.bank(), snapshot() as session:
        filing = filing_numbered(session, filing_no)
        most = desk.settings.roster_call_rows_max
        made = template_of(session, current_house().vault, filing, people, most=most)
    out.write_bytes(made)
    desk.say("cli-template-written", path=str(out))


@rosters.command("sheet", help="打印某场的签到表（PDF）。 Print a sign-in sheet for a session.")
@click.argument("filing_no")
@click.argument("session_no", type=click.IntRange(1))
@click.option("--expected", is_flag=True, help="预填已参加过的人。 With those who came before.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@pass_desk
def rosters_sheet(
    desk: Desk, *, filing_no: str, session_no: int, expected: bool, out: Path
) -> None:
    """Write a sheet to be signed by hand; it names nobody by a whole number."""
    with desk.bank():
        with snapshot() as session:
            filing, vault = filing_numbered(session, filing_no), current_house().vault
            said = sheet_of(
                session, vault, filing, session_no, expected=expected, language=desk.language
            )
        typesetter = current_house().press.typesetter
        page = printable(said, typesetter.lacking, desk.language)
        out.write_bytes(typesetter.typeset(SHEET_TEMPLATE, page))
    desk.say("cli-sheet-written", path=str(out))


@rosters.command("post", help="提交名单（XLSX、XLS 或 CSV）。 Post a roster file.")
@click.argument("filing_no")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--report",
    "report_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="把有问题的行写入 XLSX。 Write the bad rows to an XLSX file.",
)
@click.option("--paper", is_flag=True, help="由纸质签到表录入。 Entered from a sheet on paper.")
@click.option("--rehearse", is_flag=True, help="只试算，不入账。 Only say what would become of it.")
@actor_option
@pass_desk
def rosters_post(
    desk: Desk,
    *,
    filing_no: str,
    file: Path,
    report_file: Path | None,
    paper: bool,
    rehearse: bool,
    actor: str,
) -> None:
    """Credit the good rows, or say which would be credited, and show the bad ones."""
    limits = Limits(
        file_bytes_max=desk.settings.request_bytes_max, rows_max=desk.settings.roster_rows_max
    )
    with _progress_shown(desk) as told:
        told(Phase.READING, 0, 0)
        with file.open("rb") as stream:
            # One byte more than allowed is enough to know that it is too large.
            content = stream.read(limits.file_bytes_max + 1)
        roster = read_roster(content, limits)
        with desk.bank(), unit_of_work() as session:
            way = Way.PAPER if paper else None
            filing = filing_numbered(session, filing_no)
            posting = RosterPosting(filing, roster, actor, told, way=way, file=content)
            post = rehearse_roster if rehearse else post_roster
            result = post(session, current_house().vault, posting, now=utc_now())
    show_result(desk, result, rehearsed=rehearse)
    if report_file is not None:
        report_file.write_bytes(
            report([each for each in result.problems if not is_passed_over(each)], desk.language)
        )
        desk.say("cli-report-written", path=str(report_file))


@contextmanager
def _progress_shown(desk: Desk) -> Iterator[Told]:
    """Show how far a roster is in one line of standard error, if that is a terminal."""
    if not _is_terminal():
        yield silent
        return

    def show(phase: Phase, done: int, total: int) -> None:
        said = desk.text(f"work-phase-{phase}")
        shown = f"{said} {desk.text('work-done', done=done, total=total)}" if total else said
        click.echo(f"{_LINE_ANEW}{shown}", err=True, nl=False)

    try:
        yield show
    finally:
        click.echo(_LINE_ANEW, err=True, nl=False)


def _is_terminal() -> bool:
    return sys.stderr.isatty()


def show_result(desk: Desk, result: RosterResult, *, rehearsed: bool) -> None:
    """Print what became of a roster, and each bad row."""
    desk.say(
        "cli-roster-rehearsed" if rehearsed else "cli-roster-posted",
        roster_no=result.roster_no,
        rows=result.rows_credited,
        people=result.people_credited,
        hours=hours_text(result.credited_centihours),
        capped=hours_text(result.capped_centihours),
    )
    show_problems(desk, result.problems)


def show_problems(desk: Desk, problems: Sequence[RowProblem]) -> None:
    """Print each bad row, then what was passed over: what was found and wanted, what to do."""
    passed = [each for each in problems if is_passed_over(each)]
    _show_rows(desk, "cli-rows-bad", [each for each in problems if not is_passed_over(each)])
    _show_rows(desk, "cli-rows-passed", passed)


def _show_rows(desk: Desk, about: str, problems: Sequence[RowProblem]) -> None:
    if not problems:
        return
    desk.say(about, rows=len(problems))
    headers = ["cli-column-row", "cli-column-column", "roster-report-found",
               "roster-report-wanted", "roster-report-next"]  # fmt: skip
    rows = []
    for each in problems:
        words = catalogue.problem(each, desk.language)
        rows.append([str(each.row_no), each.column, words.found, words.wanted, words.next])
    desk.table(headers, rows)


@rosters.command("show", help="查看已提交的名单结果。 Show what became of a roster.")
@click.argument("roster_no")
@pass_desk
def rosters_show(desk: Desk, roster_no: str) -> None:
    """Show what was recorded of a roster."""
    with desk.bank(), snapshot() as session:
        batch, house = roster_numbered(session, roster_no), current_house()
        days = house.settings.roster_file_days
        file = file_told(session, house.vault, ROSTERS, roster_no, days=days)
    desk.say(
        "cli-roster-recorded",
        roster_no=batch.roster_no,
        filing_no=batch.filing_no,
        rows=batch.rows_credited,
        recorded_at=batch.recorded_at.isoformat(timespec="seconds"),
    )
    _show_file(desk, file)
    problems = json.loads(batch.problems)
    show_problems(
        desk,
        [RowProblem(p["row_no"], p["column"], p["code"], p["facts"]) for p in problems],
    )


def _show_file(desk: Desk, file: FileTold | None) -> None:
    """Print what is known of the file of a roster, and who was given it."""
    if file is None:
        desk.say("cli-roster-file-none")
        return
    kept = file.erased_on is None
    desk.say(
        "cli-roster-file-kept" if kept else "cli-roster-file-erased",
        kind=file.kind.upper(), bytes=file.byte_length, sha256=file.sha256.hex(),
        day=str(file.kept_until if kept else file.erased_on),
    )  # fmt: skip
    if file.commitment:
        desk.say("cli-file-named", commitment=file.commitment, salt=file.salt.hex())
    rows = [
        [
            instant_text(each.downloaded_at), each.downloaded_by,
            desk.text(f"file-reason-{each.reason}") if each.reason else "", each.case_no,
        ]
        for each in file.downloads
    ]  # fmt: skip
    if rows:
        desk.say("cli-roster-file-taken", count=file.downloads_total)
        desk.table([f"file-taken-{each}" for each in ("at", "by", "reason", "case")], rows)


@rosters.command("file", help="取出名单原始文件（留痕）。 Take the file of a roster out.")
@click.argument("roster_no")
@click.option("--reason", type=WordOf(FileReason), required=True)
@click.option("--case-no", default="", help="案卷号。 Number of the office's file.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@actor_option
@pass_desk
def rosters_file(
    desk: Desk, *, roster_no: str, reason: FileReason, case_no: str, out: Path, actor: str
) -> None:
    """Write a roster's file as it came, for its owner alone to read; the download is recorded."""
    with desk.bank(), unit_of_work() as session:
        roster_numbered(session, roster_no)
        wanted = Download(roster_no, actor, is_official=True, reason=reason, case_no=case_no)
        taken = take_file(session, current_house().vault, ROSTERS, wanted, now=utc_now())
    write_private(out, taken.content)
    desk.say("cli-roster-file-written", path=str(out))


@click.group(help="出勤更正。 Attendance.")
def attendance() -> None:
    """Commands on attendance."""


@attendance.command("withdraw", help="撤回某人的出勤，学时冲正。 Take attendance back.")
@click.argument("filing_no")
@person_option
@click.option("--day", "days", type=DAY, multiple=True, help="缺省为全部。 All if not given.")
@click.option("--reason", type=WordOf(WithdrawalReason), required=True)
@click.option("--case-no", default="", help="案卷号。 Number of the office's file.")
@actor_option
@pass_desk
def attendance_withdraw(
    desk: Desk,
    *,
    filing_no: str,
    person_file: IO[bytes] | None,
    days: tuple[datetime, ...],
    reason: WithdrawalReason,
    case_no: str,
    actor: str,
) -> None:
    """Reverse a person's credits under a filing."""
    identity = read_person(person_file)
    with desk.bank(), unit_of_work() as session:
        withdrawal = Withdrawal(
            filing_numbered(session, filing_no), identity, tuple(day.date() for day in days),
            reason, case_no, actor,
        )  # fmt: skip
        done = withdraw_attendance(session, current_house().vault, withdrawal, now=utc_now())
    desk.say(
        "cli-attendance-withdrawn",
        days=[day.isoformat() for day in done.days],
        hours=hours_text(done.reversed_centihours),
    )


@attendance.command("correct", help="更正某人某日的出勤：冲正并重新入账。 Put a day right.")
@click.argument("filing_no")
@person_option
@click.option("--day", type=DAY, required=True)
@click.option("--minutes", type=click.IntRange(1, 24 * 60), required=True)
@click.option(
    "--attended-by",
    "other_file",
    type=click.File("rb"),
    help="实际到场的人；缺省为同一人。 Who really was there, as a JSON file.",
)
@click.option("--attended-on", type=DAY, help="实际到场的日期；缺省为同日。 The day it really was.")
@click.option("--reason", type=WordOf(CorrectionReason), required=True)
@click.option("--case-no", default="", help="案卷号。 Number of the office's file.")
@actor_option
@pass_desk
def attendance_correct(
    desk: Desk,
    *,
    filing_no: str,
    person_file: IO[bytes] | None,
    day: datetime,
    minutes: int,
    other_file: IO[bytes] | None,
    attended_on: datetime | None,
    reason: CorrectionReason,
    case_no: str,
    actor: str,
) -> None:
    """Reverse a person's credit of a day and credit what it should have been."""
    identity = read_person(person_file)
    attended_by = read_person(other_file) if other_file is not None else None
    with desk.bank(), unit_of_work() as session:
        correction = Correction(
            filing_numbered(session, filing_no), identity, day.date(), minutes, reason, case_no,
            actor, attended_by, attended_on.date() if attended_on else None,
        )  # fmt: skip
        done = correct_attendance(session, current_house().vault, correction, now=utc_now())
    desk.say(
        "cli-attendance-corrected",
        day=done.day.isoformat(),
        day_after=done.day_after.isoformat(),
        minutes_before=done.minutes_before,
        hours_before=hours_text(done.before_centihours),
        minutes_after=done.minutes_after,
        hours_after=hours_text(done.after_centihours),
    )
