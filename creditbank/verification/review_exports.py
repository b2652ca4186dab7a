"""What a unit's reviews of a year relied on (评审所依据的核验): for the bureau's own records.

Each answer of the unit's on which a result of that year stands, with the result, and the digest of
the answer as it left the bank; over all rows one digest, which is signed. No source states the
template of the province's collection of titles (职称数据归集), so the columns are an assumption.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical, canonical_bytes
from creditbank.clock import civil_day, instant_text
from creditbank.errors import CreditBankError
from creditbank.keys import KeyStore, signed_jws
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.ledger.models import Act
from creditbank.people.register import names_of
from creditbank.people.vault import Vault
from creditbank.registry.bank import the_bank
from creditbank.registry.clients import Client
from creditbank.registry.lookups import organisation_of
from creditbank.registry.mandates import mandates_of
from creditbank.registry.models import Mandate, Organisation
from creditbank.verification.kept import statement_of
from creditbank.verification.models import Verdict
from creditbank.verification.query_models import HolderCodeUse
from creditbank.verification.review_reports import REPORTED, Report, reports_of, standing

STATEMENT = "creditbank/review-export/v1"
TOKEN_TYPE = "creditbank-review-export+jwt"  # noqa: S105  a media type, no secret
TAKEN = "review-export.taken"
#: The members of a row, in the order of a table; an assumption (see above).
COLUMNS = (
    "verdict_no", "asked_at", "name", "document_kind", "last_four", "scheme", "series",
    "specialty", "level", "application_day", "outcome", "result", "result_day", "reported_at",
    "answer_sha256",
)  # fmt: skip


class ReviewExportNamesError(CreditBankError):
    """Names are given only to a unit whose mandate is in force."""

    code = "review-export-names"
    status = 403


@dataclass(frozen=True, slots=True)
class ReviewExport:
    """Rows of a unit's year, their digest (SHA-256 of their canonical JSON), and its signature."""

    uscc: str
    organisation: str
    year: int
    named: bool
    rows: Sequence[Mapping[str, str]]
    sha256: str
    jws: str


@dataclass(frozen=True, slots=True)
class ExportWanted:
    """Which year of which unit, and whether with names."""

    organisation_id: int
    year: int
    named: bool = False


def take_export(  # noqa: PLR0917 # what is wanted, by whom, and what it is signed with
    session: Session, vault: Vault, wanted: ExportWanted, client: Client, keys: KeyStore,
    algorithm: str, *, now: datetime,
) -> ReviewExport:  # fmt: skip
    """Gather and sign what a unit's reviews of a year relied on; that it was taken is an act.

    Raises:
        ReviewExportNamesError: names are wanted by anybody but a unit whose mandate is in force.
        RegionForeignError: an official of another region.
    """
    unit = organisation_of(session, wanted.organisation_id)
    if client.organisation_id is None:
        client.require_region(unit.jurisdiction)
    if wanted.named:
        _claim_names(session, unit, client, now)
    rows = _rows(session, vault, wanted)
    digest = hashlib.sha256(canonical_bytes([dict(row) for row in rows])).hexdigest()
    payload: dict[str, Canonical] = {
        "iss": the_bank(session).host, "iat": int(now.timestamp()), "statement": STATEMENT,
        "uscc": unit.uscc, "year": wanted.year, "rows": len(rows), "sha256": digest,
    }  # fmt: skip
    details: dict[str, Canonical] = {
        "year": wanted.year, "rows": len(rows), "sha256": digest, "named": wanted.named,
    }  # fmt: skip
    act = ActDraft(TAKEN, unit.jurisdiction, client.client_id, unit.uscc, details)
    record_act(session, act, now=now)
    token = signed_jws(keys, algorithm, TOKEN_TYPE, payload)
    return ReviewExport(unit.uscc, unit.name, wanted.year, wanted.named, tuple(rows), digest, token)


def _claim_names(session: Session, unit: Organisation, client: Client, now: datetime) -> None:
    own = client.organisation_id == unit.organisation_id
    if not own or not mandates_of(session, unit.organisation_id, civil_day(now)):
        raise ReviewExportNamesError


def _rows(session: Session, vault: Vault, wanted: ExportWanted) -> list[dict[str, str]]:
    verdicts = _reported(session, wanted.organisation_id)
    reports = reports_of(session, [each.verdict_no for each in verdicts])
    stands = {number: standing(each) for number, each in reports.items()}
    relied = [
        (each, report)
        for each in verdicts
        if (report := stands.get(each.verdict_no)) is not None and report.day.year == wanted.year
    ]
    people = {each.person_id for each, _ in relied if each.person_id is not None}
    names = names_of(session, vault, people) if people else {}
    return [
        _row(each, report, _named(names.get(each.person_id or 0, ()), full=wanted.named))
        for each, report in relied
    ]


def _reported(session: Session, organisation_id: int) -> Sequence[Verdict]:
    """Return the answers to a unit on which anything was reported, in the order of asking."""
    reported = select(Act.act_id).where(Act.kind == REPORTED, Act.subject == Verdict.verdict_no)
    asked_by = func.coalesce(Mandate.organisation_id, HolderCodeUse.organisation_id)
    query = (
        select(Verdict)
        .outerjoin(Mandate, Mandate.mandate_no == Verdict.mandate_no)
        .outerjoin(HolderCodeUse, HolderCodeUse.verdict_no == Verdict.verdict_no)
        .where(asked_by == organisation_id, reported.exists())
        .order_by(Verdict.recorded_at, Verdict.verdict_no)
    )
    return session.scalars(query).all()


def _named(names: Sequence[str], *, full: bool) -> str:
    """Return the newest name, or its first character alone; nothing of whom nobody knows."""
    if not names:
        return ""
    return names[0] if full else f"{names[0][0]}＊"


def _row(verdict: Verdict, report: Report, name: str) -> dict[str, str]:
    said = statement_of(verdict)
    question, subject = said["question"], said["subject"]
    return {
        "verdict_no": verdict.verdict_no, "asked_at": instant_text(verdict.recorded_at),
        "name": name, "document_kind": subject["document_kind"],
        "last_four": subject["last_four"], "scheme": question["scheme"],
        "series": report.series, "specialty": report.specialty, "level": report.level,
        "application_day": question["application_day"], "outcome": verdict.outcome,
        "result": str(report.result), "result_day": report.day.isoformat(),
        "reported_at": instant_text(report.reported_at),
        "answer_sha256": hashlib.sha256(verdict.jws.encode("utf-8")).hexdigest(),
    }  # fmt: skip
