"""The acts of a bank in one line each, for tests that do many of them in a row."""

from collections.abc import Sequence
from datetime import date, datetime
from importlib.resources import files

from creditbank.attendance.check_in_codes import Reading
from creditbank.attendance.check_ins import Came, Direction, record_scan
from creditbank.attendance.roster import Roster, rows_from_json
from creditbank.clock import civil_day
from creditbank.crediting.check_in_posting import open_for
from creditbank.crediting.erasing import Erased, Erasure, approve_erasure, propose_erasure
from creditbank.crediting.imports import ImportDraft, RecordRow, approve_import, propose_import
from creditbank.crediting.investigations import (
    InvestigationDraft,
    InvestigationReason,
    Outcome,
    close_investigation,
    open_investigation,
)
from creditbank.crediting.withdrawals import (
    Withdrawal,
    WithdrawalReason,
    WithdrawalResult,
    withdraw_attendance,
)
from creditbank.people.register import Identity, find_people
from creditbank.registry.facts import Attribute, Ground
from creditbank.registry.filing.filings import (
    FilingDraft,
    SessionDraft,
    approve_filing,
    filing_numbered,
    submit_filing,
)
from creditbank.registry.organisations import (
    OrganisationDraft,
    OrganisationKind,
    organisation_by_uscc,
    register_organisation,
)
from creditbank.registry.publishing import propose_pack, publish_pack, review_pack
from creditbank.registry.stating import FactDraft, state_fact
from tests.bank import ENTERPRISE_USCC, NOW, TestBank


def register_enterprise(
    bank: TestBank, uscc: str, jurisdiction: str = "cn-3710", *, now: datetime = NOW
) -> str:
    """Register one more enterprise; return its code."""
    draft = OrganisationDraft(uscc, "示例企业", OrganisationKind.ENTERPRISE, jurisdiction)
    with bank.unit() as session:
        register_organisation(session, draft, actor="official-test", now=now)
    return uscc


def make_base(bank: TestBank, level: str, first_day: date, uscc: str = ENTERPRISE_USCC) -> str:
    """State that an organisation is a training base from a day on; return the fact's number."""
    ground = Ground("示例〔2025〕3号", first_day)
    draft = FactDraft(Attribute.BASE, "", level, first_day, None, ground)
    with bank.unit() as session:
        return state_fact(session, uscc, draft, actor="official-test", now=NOW).said.fact_no


def checked_in(bank: TestBank, who: Identity, *, now: datetime = NOW) -> tuple[str, str]:
    """Let somebody check in to a session of today; return the numbers of filing and check-in."""
    filing_no = bank.approved_filing(days=[civil_day(now)], now=now)
    vault = bank.house.vault
    with bank.unit() as session:
        filing = filing_numbered(session, filing_no)
        opened = open_for(session, vault, filing, 1, actor="provider-test", now=now)
        reading = Reading(opened.check_in_no, now, "telephone")
        record_scan(session, vault, Came(reading, Direction.IN, who, is_guest=True), now=now)
    return filing_no, opened.check_in_no


def publish(bank: TestBank, pack: str, *, now: datetime = NOW, corrigendum: str = "") -> None:
    """Publish a pack by two people."""
    with bank.unit() as session:
        made = propose_pack(
            session, pack.encode(), actor="official-test", now=now, corrigendum=corrigendum
        )
        review_pack(session, made.id, made.version, actor="official-second", now=now)
        publish_pack(session, made.id, made.version, actor="official-second", now=now)


def approve(
    bank: TestBank,
    days: Sequence[date],
    *,
    seats: int = 40,
    subject: str = "professional",
    uscc: str = ENTERPRISE_USCC,
    hours: tuple[str, str] = ("", ""),
    now: datetime = NOW,
) -> str:
    """File a seminar of whole days and approve it; return its number."""
    sessions = tuple(SessionDraft(day, 360, 2, *hours) for day in days)
    draft = FilingDraft(
        "enterprise_course", "seminar", "full", "示例研修", subject, seats, sessions
    )
    with bank.unit() as session:
        provider = organisation_by_uscc(session, uscc)
        filing = submit_filing(session, draft, provider, actor="provider-test", now=now)
        approve_filing(session, filing.filing_no, actor="official-test", reason="迟报", now=now)
        return filing.filing_no


def approve_training(
    bank: TestBank, days: Sequence[date], *, now: datetime = NOW, destination: str = "global_500"
) -> str:
    """File practical training of whole days and approve it; return its number."""
    facts = {
        "destination": destination, "organiser": "示例局", "host": "示例集团",
        "training_role": "车间管理",
    }  # fmt: skip
    draft = FilingDraft(
        "practical_training", "other", "full", "赴示例集团实训", "professional", 10,
        tuple(SessionDraft(day, 360, 2) for day in days), facts=facts,
    )  # fmt: skip
    with bank.unit() as session:
        provider = organisation_by_uscc(session, ENTERPRISE_USCC)
        filing = submit_filing(session, draft, provider, actor="provider-test", now=now)
        approve_filing(session, filing.filing_no, actor="official-test", reason="迟报", now=now)
        return filing.filing_no


def approve_programme(bank: TestBank, days: Sequence[date], *, now: datetime = NOW) -> str:
    """File a programme for junior engineers of big data and approve it; return its number."""
    facts = {"occupation": "大数据工程技术人员", "grade": "junior", "institution": "示例大学"}
    draft = FilingDraft(
        "digital_engineer_programme", "other", "full", "大数据工程技术培训", "professional", 10,
        tuple(SessionDraft(day, 360, 2) for day in days), approved_centihours=4_000, facts=facts,
    )  # fmt: skip
    with bank.unit() as session:
        provider = organisation_by_uscc(session, ENTERPRISE_USCC)
        filing = submit_filing(session, draft, provider, actor="provider-test", now=now)
        approve_filing(session, filing.filing_no, actor="official-test", reason="迟报", now=now)
        return filing.filing_no


def publish_post_by(bank: TestBank, value: str, key: str = "post_by") -> None:
    """Publish the city's rules anew, with an invented term for posting attendance."""
    content = (files("creditbank_seeds") / "packs" / "cn-3710.toml").read_text(encoding="utf-8")
    rule = f"""
[[rule]]
key = "{key}"
from = 2020-01-01
value = {value}
basis = "assumption"
reason = "测试用。"
reason_en = "Made up for tests."
"""
    publish(bank, content.replace("version      = 1\n", "version      = 2\n") + rule)


def roster(lines: Sequence[tuple[Identity, date, int]]) -> Roster:
    """Return a roster of person, day and minutes."""
    return rows_from_json(
        [
            {
                "name": person.name,
                "document_kind": str(person.document.kind),
                "document_number": person.document.number,
                "day": day.isoformat(),
                "attended_minutes": minutes,
            }
            for person, day, minutes in lines
        ]
    )


def withdraw(
    bank: TestBank,
    filing_no: str,
    person: Identity,
    days: Sequence[date] = (),
    *,
    now: datetime = NOW,
) -> WithdrawalResult:
    """Take a person's attendance back."""
    with bank.unit() as session:
        filing = filing_numbered(session, filing_no)
        reason = WithdrawalReason.WRONG_MINUTES
        withdrawal = Withdrawal(filing, person, tuple(days), reason, "", "official-test")
        return withdraw_attendance(session, bank.house.vault, withdrawal, now=now)


def investigate(
    bank: TestBank,
    source_no: str,
    person: Identity | None = None,
    occasion: str = "",
    *,
    now: datetime = NOW,
) -> str:
    """Freeze what a source gave, of one person or session perhaps; return the number."""
    draft = InvestigationDraft(
        source_no, "查2026-7", InvestigationReason.COMPLAINT, "official-test", person, occasion
    )
    with bank.unit() as session:
        return open_investigation(session, bank.house.vault, draft, now=now).investigation_no


def end_investigation(
    bank: TestBank, number: str, outcome: Outcome = Outcome.CLEARED, *, now: datetime = NOW
) -> None:
    """Release what an investigation froze, or reverse it."""
    with bank.unit() as session:
        close_investigation(
            session, bank.house.vault, number, outcome, actor="official-second", now=now
        )


def key_of(bank: TestBank, person: Identity) -> int:
    """Return the key under which a person's hours are kept."""
    with bank.reading() as session:
        return find_people(session, bank.house.vault, [person.document])[person.document]


def seal_all(bank: TestBank, *, now: datetime = NOW) -> int:
    """Run the sealer until nothing waits; return the rows sealed."""
    rows = 0
    while True:
        sealed = bank.seal(now=now)
        rows += sealed.rows
        if not sealed.more:
            return rows


def import_rows(
    bank: TestBank, jurisdiction: str, rows: Sequence[RecordRow], *, now: datetime = NOW
) -> str:
    """Propose and approve earlier records of any jurisdiction; return the import's number."""
    draft = ImportDraft(jurisdiction, "an earlier system", tuple(rows))
    vault = bank.house.vault
    with bank.unit() as session:
        record = propose_import(session, vault, draft, actor="official-test", now=now).record
    with bank.unit() as session:
        approve_import(session, vault, record.import_no, actor="official-second", now=now)
    return record.import_no


def erased(bank: TestBank, person: Identity) -> Erased:
    """Erase somebody's record by two officials."""
    vault = bank.house.vault
    with bank.unit() as session:
        wanted = Erasure(person, "cn-3710", "wang", "删2026-1")
        number = propose_erasure(session, vault, wanted, now=NOW)
    with bank.unit() as session:
        return approve_erasure(session, vault, number, person, actor="zhao", now=NOW)
