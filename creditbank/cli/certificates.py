"""Commands on certificates: issue, show, print, revoke."""

import json
from pathlib import Path
from typing import IO

import click

from creditbank.certificates.issuing import (
    YEARS_MAX,
    CertificateRevokedError,
    Order,
    RevocationReason,
    issue_certificate,
    revoke_certificate,
)
from creditbank.certificates.numbers import code_text, grouped
from creditbank.certificates.opening import Opened, certificate_numbered, open_certificate
from creditbank.certificates.shown import show
from creditbank.certificates.states import State
from creditbank.cli.console import (
    Desk,
    WordOf,
    actor_option,
    pass_desk,
    person_option,
    read_person,
    write_private,
)
from creditbank.cli.looking import operator_shows
from creditbank.clock import utc_now
from creditbank.db import snapshot, unit_of_work
from creditbank.house import current_house
from creditbank.jobs.clock import seal_all
from creditbank.people.register import find_person
from creditbank.verification.desk_looks import LookDraft, Shown

_YEAR = click.IntRange(1990, 2200)


@click.group(help="学时证明：签发、查看、打印、撤销。 Certificates of hours.")
def certificate() -> None:
    """Commands on certificates."""


@certificate.command("issue", help="签发证明；同一记录只签发一次。 Issue; once on one record.")
@person_option
@click.option("--scheme", required=True, help="规则包，如 cn-3710。 Whose rules.")
@click.option(
    "--year",
    "years",
    type=_YEAR,
    multiple=True,
    required=True,
    help="年度，可重复。 May be repeated.",
)
@actor_option
@pass_desk
def certificate_issue(
    desk: Desk,
    *,
    person_file: IO[bytes] | None,
    scheme: str,
    years: tuple[int, ...],
    actor: str,
) -> None:
    """Seal what waits, and issue."""
    if len(set(years)) > YEARS_MAX:
        raise click.BadParameter(f"1–{YEARS_MAX}", param_hint="--year")
    identity = read_person(person_file)
    with desk.bank():
        seal_all()
        house, now = current_house(), utc_now()
        with unit_of_work() as session:
            order = Order(
                person_id=find_person(session, house.vault, identity),
                scheme=scheme,
                years=tuple(sorted(set(years))),
                valid_days=desk.settings.certificate_days,
                check=house.press.check,
            )
            done = issue_certificate(session, house.vault, order, actor=actor, now=now)
        seal_all()
        opened = _opened(done.certificate.number)
    code = "cli-certificate-issued-before" if done.before else "cli-certificate-issued"
    desk.say(code, number=done.certificate.number, hours=str(opened.facts["total"]))
    desk.say("cli-certificate-address", address=_address(opened))


@certificate.command("show", help="查看证明的状态与内容。 Show what it says and is worth.")
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="只输出内容（JSON）。 The facts alone.")
@pass_desk
def certificate_show(desk: Desk, number: str, *, as_json: bool) -> None:
    """Show a certificate."""
    with desk.bank():
        opened = _opened(number)
    if as_json:
        click.echo(json.dumps(opened.facts, ensure_ascii=False, indent=2, sort_keys=True))
        return
    shown, standing = show(opened.facts, desk.language), opened.standing
    desk.say(
        "cli-certificate-shown",
        number=number,
        state=desk.text(f"check-state-{standing.state}"),
        name=shown.name,
        last_four=shown.last_four,
        issued_on=shown.issued_on,
    )
    if standing.revocation is not None:
        reason = desk.text(f"check-reason-{standing.revocation.reason}")
        desk.say("cli-certificate-revoked-because", reason=reason)
    if standing.newer:
        desk.say("check-newer", number=standing.newer)
    desk.say("cli-certificate-address", address=_address(opened))
    click.echo("")
    headers = [desk.text("certificate-year"), *shown.hours.columns]
    desk.rows(headers, [*shown.hours.rows, shown.hours.totals])


@certificate.command("pdf", help="打印证明为 PDF。 Print it.")
@click.argument("number")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@pass_desk
def certificate_pdf(desk: Desk, number: str, out: Path) -> None:
    """Print a certificate into a file that only its owner may read."""
    with desk.bank():
        opened = _opened(number)
        if opened.standing.state == State.REVOKED:
            raise CertificateRevokedError(number=number)
        content = current_house().press.print(opened)
    write_private(out, content)
    desk.say("cli-certificate-printed", path=str(out))


@certificate.command("revoke", help="撤销证明，不可恢复。 Revoke it, for ever.")
@click.argument("number")
@click.option("--reason", type=WordOf(RevocationReason), required=True)
@click.option("--case", "case_no", default="", help="案卷号。 Number of the office's file.")
@actor_option
@pass_desk
def certificate_revoke(
    desk: Desk, *, number: str, reason: RevocationReason, case_no: str, actor: str
) -> None:
    """Revoke a certificate."""
    with desk.bank(), unit_of_work() as session:
        found = certificate_numbered(session, number)
        revoke_certificate(session, found, reason, case_no=case_no, actor=actor, now=utc_now())
    desk.say("cli-certificate-revoked", number=number)


def _opened(number: str) -> Opened:
    with snapshot() as session:
        found = certificate_numbered(session, number)
        operator_shows([found.person_id], LookDraft(Shown.CERTIFICATE, number))
        return open_certificate(session, current_house().vault, found, now=utc_now())


def _address(opened: Opened) -> str:
    return f"https://{opened.facts['iss']}/C/{grouped(code_text(opened.code))}"
