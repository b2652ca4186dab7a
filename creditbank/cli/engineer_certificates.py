"""Commands on the certificates of digital-technology engineer programmes."""

from datetime import datetime
from typing import IO

import click

from creditbank.cli.console import Desk, WordOf, actor_option, pass_desk, read_person
from creditbank.cli.organisations import DAY
from creditbank.cli.training_days import filings
from creditbank.clock import utc_now
from creditbank.crediting.engineer_certificates import (
    CertificateDraft,
    Grade,
    Paper,
    certificates_under,
    record_certificate,
    take_back_certificate,
)
from creditbank.db import snapshot, unit_of_work
from creditbank.house import current_house
from creditbank.registry.filing.filings import filing_numbered

#: The group of all filings, which these commands join.
__all__ = ["filings"]


@filings.group("certificates", help="数字技术工程师证书。 Certificates of engineers' programmes.")
def certificates() -> None:
    """Commands on certificates."""


@certificates.command("record", help="登记培训合格证书或等级证书。 Record a certificate.")
@click.argument("filing_no")
@click.argument("person_file", type=click.File("rb"))
@click.option("--paper", type=WordOf(Paper), required=True)
@click.option("--number", required=True, help="证书编号。 Its number.")
@click.option("--issuer", required=True, help="发证机构。 Who issued it.")
@click.option("--grade", type=WordOf(Grade), required=True)
@click.option("--issued-on", type=DAY, required=True)
@click.option("--supersedes", default="", help="所更正的登记号。 The record that it corrects.")
@click.option("--reason", default="", help="更正理由。 Why.")
@actor_option
@pass_desk
def certificates_record(  # each is one option
    desk: Desk, /, *, filing_no: str, person_file: IO[bytes], paper: Paper, number: str,
    issuer: str, grade: Grade, issued_on: datetime, supersedes: str, reason: str, actor: str,
) -> None:  # fmt: skip
    """Record the certificate of the person whom PERSON_FILE (JSON) names."""
    draft = CertificateDraft(
        read_person(person_file), paper, number, issuer, grade, issued_on.date(), supersedes, reason
    )
    with desk.bank(), unit_of_work() as session:
        vault = current_house().vault
        done = record_certificate(session, vault, filing_no, draft, actor=actor, now=utc_now())
    desk.say("cli-engineer-recorded", record_no=done.record_no)


@certificates.command("take-back", help="收回误登的证书。 Take back what never was so.")
@click.argument("filing_no")
@click.argument("record_no")
@click.option("--reason", required=True)
@actor_option
@pass_desk
def certificates_take_back(
    desk: Desk, filing_no: str, record_no: str, reason: str, actor: str
) -> None:
    """Take a record back."""
    with desk.bank(), unit_of_work() as session:
        vault = current_house().vault
        take_back_certificate(
            session, vault, filing_no, record_no, reason, actor=actor, now=utc_now()
        )
    desk.say("cli-engineer-taken-back", record_no=record_no)


@certificates.command("list", help="列出已登记的证书。 What stands recorded.")
@click.argument("filing_no")
@pass_desk
def certificates_list(desk: Desk, filing_no: str) -> None:
    """List what stands recorded under a programme."""
    with desk.bank(), snapshot() as session:
        filing = filing_numbered(session, filing_no)
        found = certificates_under(session, current_house().vault, filing)
    rows = [
        [
            each.record_no, f"****{each.last_four}", desk.text(f"engineer-paper-{each.paper}"),
            each.number, each.issuer, desk.text(f"filing-word-{each.grade}"),
            each.issued_on.isoformat(),
        ]
        for each in found
    ]  # fmt: skip
    headers = [
        "engineer-record", "cli-column-number", "engineer-paper", "engineer-number",
        "engineer-issuer", "engineer-grade", "engineer-issued-on",
    ]  # fmt: skip
    desk.table(headers, rows)
