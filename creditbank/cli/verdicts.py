"""Commands for title systems: asking as a client, keeping the signed answer."""

import os
import threading
from datetime import date, datetime
from pathlib import Path
from typing import IO, cast

import click

from creditbank.answering import (
    answered,
    opened,
    opened_predicate,
    predicate_answered,
    refusals_noted,
    signed_lines,
)
from creditbank.attendance.people_list import read_people_list
from creditbank.attendance.workbook import Limits
from creditbank.cli.console import (
    Desk,
    WordOf,
    load,
    pass_desk,
    person_option,
    read_person,
    write_private,
)
from creditbank.cli.organisations import DAY
from creditbank.cli.rosters import show_problems
from creditbank.clock import utc_now
from creditbank.db import snapshot, unit_of_work
from creditbank.house import current_house
from creditbank.jobs.batches import run_batch
from creditbank.jobs.clock import seal_all
from creditbank.registry.clients import Client, Scope, ScopeMissingError
from creditbank.registry.credentials import touch
from creditbank.registry.lawbook import law_of
from creditbank.registry.lookups import organisation_of
from creditbank.registry.tokens import client_proved, prove_by_secret
from creditbank.rules.requirement import Question
from creditbank.schemas.predicates import PredicateBody
from creditbank.schemas.results import ResultBody
from creditbank.schemas.verdicts import KnownAt, VerdictBody
from creditbank.verification.answers import (
    SignedAnswer,
    prepare,
    sign,
    store,
    verdict_numbered,
)
from creditbank.verification.batch_forms import fact_columns
from creditbank.verification.batches import (
    BatchQuestion,
    batch_numbered,
    counts_of,
    lines_of,
    question_of,
    request_batch,
    take_up,
)
from creditbank.verification.kept import statement_of
from creditbank.verification.list_trees import Signing
from creditbank.verification.offers import wanted_by
from creditbank.verification.predicates import (
    Per,
    PredicateAsk,
    PredicateByCode,
    subject_nonce,
)
from creditbank.verification.questions import Ask, AskByCode, Disclosure
from creditbank.verification.readiness import (
    Ready,
    counted,
    due_for,
    look_by,
    readiness_of,
    ready_lines,
)
from creditbank.verification.readiness_sheets import readiness_csv
from creditbank.verification.results import report_result
from creditbank.verification.review_export_sheets import WRITERS
from creditbank.verification.review_exports import ExportWanted, take_export
from creditbank.verification.review_reports import Result
from creditbank.verification.sd_jwt import sd_jwt_of

#: A secret in an argument could be read by every user of the machine.
SECRET_VARIABLE = "CREDITBANK_CLIENT_SECRET"  # noqa: S105 # a name
#: So could a holder's code.
CODE_VARIABLE = "CREDITBANK_HOLDER_CODE"


@click.group(help="职称核验。 Verdicts.")
def verdicts() -> None:
    """Commands on verdicts."""


@verdicts.command("ask", help="核验学时是否达标，保存签名答复。 Ask, and keep the signed answer.")
@click.option("--client", "client_id", required=True, help="职称平台的客户端编号。 Who asks.")
@person_option
@click.option("--scheme", required=True, help="规则包，如 cn-3710。 Whose rules.")
@click.option("--series", required=True, help="系列，如 engineering。")
@click.option("--specialty", default="", help="专业，如 composites。 Within the series, if any.")
@click.option("--level", required=True, help="级别，如 associate_senior。")
@click.option(
    "--pathway", default="", help="学时不足时申请的途径，如 fast_track。 If hours are not enough."
)
@click.option("--application-day", type=DAY, required=True, help="申报日。")
@click.option("--current-title-on", type=DAY, help="现职称取得日（由查询方陈述）。 As stated.")
@click.option(
    "--stated",
    nargs=2,
    multiple=True,
    metavar="FACT VALUE",
    help="查询方陈述的其他事实，如 hired_on 2024-07-01。 Another fact, as stated.",
)
@click.option("--as-of", type=DAY, help="只计截至该日取得的学时。 Counts hours earned by then.")
@click.option("--known-at", help="按此刻的检查点，如 2026-11-21T03:32:42Z。 Known at that instant.")
@click.option("--purpose", required=True, help="用途。")
@click.option("--legal-basis", required=True, help="依据。")
@click.option(
    "--disclose",
    type=WordOf(Disclosure),
    default=str(Disclosure.SUMMARY),
    show_default=True,
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@pass_desk
def verdicts_ask(
    desk: Desk,
    *,
    client_id: str,
    person_file: IO[bytes] | None,
    scheme: str,
    series: str,
    specialty: str,
    level: str,
    pathway: str,
    application_day: datetime,
    current_title_on: datetime | None,
    stated: tuple[tuple[str, str], ...],
    as_of: datetime | None,
    known_at: str | None,
    purpose: str,
    legal_basis: str,
    disclose: Disclosure,
    out: Path,
) -> None:
    """Ask as a client whose secret stands in CREDITBANK_CLIENT_SECRET, or is typed if it is not."""
    facts = dict(stated)
    if current_title_on is not None:
        facts["current_title_on"] = current_title_on.date().isoformat()
    ask = Ask(
        read_person(person_file), scheme, series, level, application_day.date(), purpose,
        legal_basis, facts, disclose, _instant(known_at), specialty=specialty, pathway=pathway,
        as_of=as_of.date() if as_of else None,
    )  # fmt: skip
    secret = os.environ.get(SECRET_VARIABLE) or click.prompt("secret", hide_input=True, err=True)
    with desk.bank():
        signed = _answer(ask, client_id, secret, desk.settings.verdict_algorithm)
    write_private(out, signed.jws.encode("ascii"))
    desk.say(
        "cli-verdict-written",
        outcome=desk.text(f"rules-outcome-{signed.outcome.replace('_', '-')}"),
        verdict_no=signed.verdict_no,
        path=str(out),
    )


@verdicts.command(
    "ask-by-code",
    help="凭本人查验码（CREDITBANK_HOLDER_CODE 或键入）核验。 Ask by a code.",
)
@click.option("--client", "client_id", required=True, help="职称平台的客户端编号。 Who asks.")
@click.option("--scheme", required=True, help="规则包，如 cn-3710。 Whose rules.")
@click.option("--series", required=True, help="系列，如 engineering。")
@click.option("--specialty", default="", help="专业，如 composites。 Within the series, if any.")
@click.option("--level", required=True, help="级别，如 associate_senior。")
@click.option("--application-day", required=True, metavar="YYYY-MM-DD", help="申报日。")
@click.option("--stated", nargs=2, multiple=True, metavar="FACT VALUE", help="查询方陈述的事实。")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@pass_desk
def verdicts_ask_by_code(
    desk: Desk, /, *, client_id: str, stated: tuple[tuple[str, str], ...], out: Path, **said: str
) -> None:
    """Ask about whoever made a code, with all that it lets be seen; no mandate is wanted."""
    typed = os.environ.get(CODE_VARIABLE)
    code = typed or click.prompt("code", hide_input=True, err=True)
    body = {name: text for name, text in said.items() if text}
    asked: AskByCode = load(VerdictBody(), {**body, "code": code, "stated": dict(stated)})
    secret = os.environ.get(SECRET_VARIABLE) or click.prompt("secret", hide_input=True, err=True)
    with desk.bank():
        client, now = _proved(client_id, secret), utc_now()
        signed = answered(opened(asked, client, now=now), client, now=now)
    write_private(out, signed.jws.encode("ascii"))
    desk.say(
        "cli-verdict-written", verdict_no=signed.verdict_no, path=str(out),
        outcome=desk.text(f"rules-outcome-{signed.outcome.replace('_', '-')}"),
    )  # fmt: skip


@verdicts.command(
    "batch", help="核验一份名单（XLSX 或 CSV），保存签名答复（JSONL）。 Ask about a list."
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--client", "client_id", required=True, help="职称平台的客户端编号。 Who asks.")
@click.option("--scheme", required=True, help="规则包，如 cn-3710。 Whose rules.")
@click.option("--series", required=True, help="系列，如 engineering。")
@click.option("--specialty", default="", help="专业，如 composites。 Within the series, if any.")
@click.option("--level", required=True, help="级别，如 associate_senior。")
@click.option(
    "--pathway", default="", help="学时不足时申请的途径，如 fast_track。 If hours are not enough."
)
@click.option("--application-day", type=DAY, required=True, help="申报日。")
@click.option("--as-of", type=DAY, help="只计截至该日取得的学时。 Counts hours earned by then.")
@click.option("--known-at", help="按此刻的检查点，如 2026-11-21T03:32:42Z。 Known at that instant.")
@click.option("--purpose", required=True, help="用途。")
@click.option("--legal-basis", required=True, help="依据。")
@click.option(
    "--disclose", type=WordOf(Disclosure), default=str(Disclosure.SUMMARY), show_default=True
)
@click.option(
    "--signing",
    type=WordOf(Signing),
    default=str(Signing.ITEM),
    show_default=True,
    help="逐人签名（item），或整份名单一次签名、每人附证明（tree）。 Each answer, or all at once.",
)
@click.option(
    "--readiness",
    is_flag=True,
    help="按规则的评审截止日核对准备情况。 Who is ready by the rules' day.",
)
@click.option(
    "--ready-by", type=DAY, help="评审须在此日前完成（单位写明）。 By the unit's own day."
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@pass_desk
def verdicts_batch(
    desk: Desk,
    /,
    *,
    file: Path,
    client_id: str,
    application_day: datetime,
    as_of: datetime | None,
    known_at: str | None,
    disclose: Disclosure,
    signing: Signing,
    readiness: bool,
    ready_by: datetime | None,
    out: Path,
    **said: str,
) -> None:
    """Answer a list here and now; one that is broken off is the clock's to end."""
    question = BatchQuestion(
        application_day=application_day.date(), as_of=as_of.date() if as_of else None,
        known_at=_instant(known_at), disclose=disclose, signing=signing, **said,
    )  # fmt: skip
    secret = os.environ.get(SECRET_VARIABLE) or click.prompt("secret", hide_input=True, err=True)
    with desk.bank():
        client = _proved(client_id, secret)
        day = ready_by.date() if ready_by else None
        batch_no = _sent(desk, question, file, client, (day,) if readiness or day else ())
        with unit_of_work() as session:
            turn = take_up(session, batch_no, now=utc_now())
        if turn is not None:  # or the clock was quicker, and ends it
            run_batch(turn, threading.Event())
        with snapshot() as session:
            batch = batch_numbered(session, batch_no, client)
            counts = counts_of(session, batch)
            lines = lines_of(session, current_house().vault, batch, limit=batch.rows_total)
        write_private(out, "".join(signed_lines(batch_no, client)).encode("utf-8"))
    desk.say(
        "cli-batch-written", batch_no=batch_no, done=batch.rows_done, total=batch.rows_total,
        counts=[f"{outcome} {count}" for outcome, count in sorted(counts.items())], path=str(out),
    )  # fmt: skip
    show_problems(desk, [problem for line in lines for problem in line.problems])


@verdicts.command("readiness", help="导出名单的准备情况（CSV）。 Who of a list is ready, as CSV.")
@click.argument("batch_no")
@click.option("--client", "client_id", required=True, help="提交名单的客户端。 Who sent the list.")
@click.option("--state", type=WordOf(Ready), help="只要处于此状态的人。 Only who stand so.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@pass_desk
def verdicts_readiness(
    desk: Desk, /, *, batch_no: str, client_id: str, state: Ready | None, out: Path
) -> None:
    """Write who is ready, short of what, or cannot be told, as the client that sent the list."""
    secret = os.environ.get(SECRET_VARIABLE) or click.prompt("secret", hide_input=True, err=True)
    with desk.bank():
        client, vault = _proved(client_id, secret), current_house().vault
        with snapshot() as session:
            batch = batch_numbered(session, batch_no, client)
            lines = ready_lines(session, vault, batch, wanted=state, limit=batch.rows_total)
            row, counts = readiness_of(session, batch), counted(counts_of(session, batch))
            law = law_of(session, question_of(batch).scheme)
        write_private(out, readiness_csv(lines, law, desk.language).encode("utf-8"))
    told = [f"{desk.text(f'readiness-stands-{each}')} {count}" for each, count in counts.items()]
    day = row.due_on.isoformat() if row else "—"
    desk.say("cli-readiness", batch_no=batch_no, day=day, counts=told)
    desk.say("cli-readiness-written", path=str(out))


@verdicts.command("predicate", help="只问学时够不够，答“是”或“否”。 Ask for a bare yes or no.")
@click.option("--client", "client_id", required=True, help="职称平台的客户端编号。 Who asks.")
@person_option
@click.option(
    "--code",
    "by_code",
    is_flag=True,
    help="凭本人查验码（CREDITBANK_HOLDER_CODE 或键入）。 By a code.",
)
@click.option("--scheme", required=True, help="规则包，如 cn-3710。 Whose rules.")
@click.option("--subject", help="科目，如 professional；不写为全部。 All if not said.")
@click.option("--at-least", required=True, help="不少于多少学时，如 60.00。 Hours.")
@click.option("--first-year", type=int, required=True, help="起始年。")
@click.option("--last-year", type=int, required=True, help="截止年。")
@click.option("--per", type=WordOf(Per), default=str(Per.YEAR), show_default=True)
@click.option("--series", help="系列，如 engineering；凭查验码不写。 Not by a code.")
@click.option("--specialty", help="专业，如 composites。 Within the series, if any.")
@click.option("--level", help="级别，如 associate_senior；凭查验码不写。 Not by a code.")
@click.option("--purpose", help="用途；凭查验码不写。 Not by a code.")
@click.option("--legal-basis", help="依据；凭查验码不写。 Not by a code.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@pass_desk
def verdicts_predicate(
    desk: Desk, /, *, client_id: str, person_file: IO[bytes] | None, by_code: bool, per: Per,
    out: Path, **said: str | int | None,
) -> None:  # fmt: skip
    """Ask as a client; under a mandate about a person, or by a code that the person made."""
    asked = _predicate_asked(person_file, {**said, "per": str(per)}, by_code=by_code)
    secret = os.environ.get(SECRET_VARIABLE) or click.prompt("secret", hide_input=True, err=True)
    with desk.bank():
        client, now = _proved(client_id, secret), utc_now()
        if isinstance(asked, PredicateByCode):
            asked = opened_predicate(asked, client, now=now)
        signed = predicate_answered(asked, client, now=now)
        nonce = subject_nonce(current_house().vault, signed.verdict_no).hex()
    write_private(out, signed.jws.encode("ascii"))
    words = cast("dict[str, str]", signed.statement["words"])
    desk.say(
        "cli-predicate-written", answer=desk.text(f"answer-outcome-{signed.outcome}"),
        claim=words[desk.language], predicate_no=signed.verdict_no, path=str(out), nonce=nonce,
    )  # fmt: skip


@verdicts.command("report", help="报告申报结果。 Report what became of an application.")
@click.argument("verdict_no")
@click.argument("result", type=WordOf(Result))
@click.option("--client", "client_id", required=True, help="当初核验的客户端。 Who asked.")
@click.option("--day", type=DAY, required=True, help="结果的日期。 Of which day.")
@click.option("--level", default="", help="通过的级别与申报不同时。 If another was passed.")
@click.option("--reason", default="", help="不写人名。 No names.")
@pass_desk
def verdicts_report(  # each is one option
    desk: Desk, /, *, verdict_no: str, result: Result, client_id: str, day: datetime, level: str,
    reason: str,
) -> None:  # fmt: skip
    """Report a result as the client that asked."""
    said = {"result": str(result), "day": day.date().isoformat(), "reason": reason}
    draft = load(ResultBody(), said | ({"level": level} if level else {}))
    secret = os.environ.get(SECRET_VARIABLE) or click.prompt("secret", hide_input=True, err=True)
    with desk.bank():
        client = _proved(client_id, secret)
        with unit_of_work() as session:
            vault = current_house().vault
            reports = report_result(session, vault, verdict_no, draft, client, now=utc_now())
    rows = [
        [each.day.isoformat(), desk.text(f"applied-result-{each.result}"), each.level, each.reason]
        for each in reports
    ]
    desk.table(["applied-day", "applied-result", "field-level", "applied-reason"], rows)


@verdicts.command("sd-jwt", help="导出可逐项出示的答复（SD-JWT）。 An answer to be shown in part.")
@click.argument("verdict_no")
@click.option("--client", "client_id", required=True, help="当初核验的客户端。 Who asked.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@pass_desk
def verdicts_sd_jwt(desk: Desk, /, *, verdict_no: str, client_id: str, out: Path) -> None:
    """Write an answer as an SD-JWT with every disclosure, as the client that asked."""
    secret = os.environ.get(SECRET_VARIABLE) or click.prompt("secret", hide_input=True, err=True)
    with desk.bank():
        client, house = _proved(client_id, secret), current_house()
        with snapshot() as session:
            statement = statement_of(verdict_numbered(session, verdict_no, client))
        token = sd_jwt_of(statement, house.vault, house.keys, desk.settings.verdict_algorithm)
    write_private(out, token.encode("ascii"))
    desk.say("cli-sd-jwt-written", verdict_no=verdict_no, path=str(out))


@verdicts.command(
    "review-export", help="导出本单位评审所依据的核验。 What one's own reviews of a year relied on."
)
@click.option("--client", "client_id", required=True, help="单位的客户端编号。 Whose reviews.")
@click.option("--year", type=click.IntRange(1949, 2200), required=True, help="结果所在的年度。")
@click.option("--named", is_flag=True, help="写明姓名。 With names.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@pass_desk
def verdicts_review_export(
    desk: Desk, /, *, client_id: str, year: int, named: bool, out: Path
) -> None:
    """Write a unit's export as its client: XLSX, CSV or JSON, by the ending of the file's name."""
    kind = out.suffix.removeprefix(".").lower()
    if kind not in WRITERS:
        raise click.BadParameter(" | ".join(f".{each}" for each in WRITERS), param_hint="--out")
    secret = os.environ.get(SECRET_VARIABLE) or click.prompt("secret", hide_input=True, err=True)
    with desk.bank():
        client, house = _proved(client_id, secret), current_house()
        with unit_of_work() as session:
            unit = organisation_of(session, client.organisation_id)
            export = take_export(
                session, house.vault, ExportWanted(unit.organisation_id, year, named), client,
                house.keys, desk.settings.verdict_algorithm, now=utc_now(),
            )  # fmt: skip
        write_private(out, WRITERS[kind][0](export, desk.language))
    desk.say(
        "cli-review-export-written", year=year, count=len(export.rows), path=str(out),
        sha256=export.sha256,
    )  # fmt: skip


def _predicate_asked(
    person_file: IO[bytes] | None, said: dict[str, str | int | None], *, by_code: bool
) -> PredicateAsk | PredicateByCode:
    """Read a question of a yes or no as the API does.

    Raises:
        RequestInvalidError: it is none, or says with a code what the code says.
    """
    body = {name: value for name, value in said.items() if value is not None}
    if by_code:
        typed = os.environ.get(CODE_VARIABLE)
        body["code"] = typed or click.prompt("code", hide_input=True, err=True)
    if person_file is not None or not by_code:
        person = read_person(person_file)
        body |= {
            "document_kind": str(person.document.kind), "document_number": person.document.number,
            "name": person.name,
        }  # fmt: skip
    asked: PredicateAsk | PredicateByCode = load(PredicateBody(), body)
    return asked


def _instant(text: str | None) -> datetime | None:
    """Read an instant as the API does.

    Raises:
        RequestInvalidError: it is none, or has no zone.
    """
    known_at: datetime | None = load(KnownAt(), {} if text is None else {"known_at": text})[
        "known_at"
    ]
    return known_at


def _sent(  # a list, who sends it, and by which day it looks, if by any
    desk: Desk, question: BatchQuestion, file: Path, client: Client, looks: tuple[date | None, ...]
) -> str:
    """Read a list and keep it; return its number."""
    limits = Limits(
        file_bytes_max=desk.settings.request_bytes_max, rows_max=desk.settings.batch_rows_max
    )
    now = utc_now()
    with snapshot() as session:
        law = law_of(session, question.scheme)
    title = Question(
        question.series, question.level, question.application_day, {}, question.specialty
    )
    columns = fact_columns(wanted_by(title, law), question.pathway)
    with file.open("rb") as stream:
        # One byte more than allowed is enough to know that it is too large.
        people = read_people_list(stream.read(limits.file_bytes_max + 1), columns, limits)
    asked = question, len(people.rows)
    with refusals_noted(asked, client, now=now), unit_of_work() as session:
        due = [due_for(session, question, named, now=now) for named in looks]
        batch = request_batch(
            session, current_house().vault, question, people.rows, client,
            problems=people.problems, kept_days=desk.settings.batch_days, now=now,
        )  # fmt: skip
        for each in due:
            look_by(session, batch, each)
        return batch.batch_no


def _proved(client_id: str, secret: str) -> Client:
    """Return the client that has this secret and may ask."""
    now = utc_now()
    with unit_of_work() as session:
        credential = prove_by_secret(session, client_id, secret, now=now)
        touch(session, credential.credential_no, now=now)
        client = client_proved(session, credential)
    if Scope.VERDICT_ASK not in client.scopes:
        raise ScopeMissingError(wanted=str(Scope.VERDICT_ASK))
    return client


def _answer(ask: Ask, client_id: str, secret: str, algorithm: str) -> SignedAnswer:
    """Seal what is waiting, then decide from one snapshot, sign and store."""
    seal_all()
    now, house = utc_now(), current_house()
    with snapshot() as session:
        credential = prove_by_secret(session, client_id, secret, now=now)
        client = client_proved(session, credential)
        if Scope.VERDICT_ASK not in client.scopes:
            raise ScopeMissingError(wanted=str(Scope.VERDICT_ASK))
    with refusals_noted(ask, client, now=now), snapshot() as session:
        prepared = prepare(session, house.vault, ask, client, now=now)
    signed = sign(prepared, house.keys, algorithm)
    with unit_of_work() as session:
        touch(session, credential.credential_no, now=now)
        store(session, prepared, signed, now=now)
    return signed
