"""A whole bank for a test: founded, law published, with clients, invented people and a clock."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from importlib.resources import files

from flask import Flask
from sqlalchemy.orm import Session

from creditbank.app import create_app
from creditbank.attendance.roster import Roster, rows_from_json
from creditbank.auditing import audit
from creditbank.config import Settings
from creditbank.crediting.imports import ImportDraft, RecordRow, approve_import, propose_import
from creditbank.crediting.rosters import RosterPosting, RosterResult, post_roster
from creditbank.db import db, snapshot, unit_of_work
from creditbank.house import EXTENSION, House
from creditbank.ledger.fsck import Disagreement
from creditbank.ledger.seal import Sealed, seal
from creditbank.limits import close_limits
from creditbank.people.documents import (
    Document,
    DocumentKind,
    read_document,
    resident_id_check_character,
)
from creditbank.people.register import Identity, secret_states
from creditbank.registry.bank import found_bank
from creditbank.registry.filing.filings import (
    FilingDraft,
    SessionDraft,
    approve_filing,
    filing_numbered,
    submit_filing,
)
from creditbank.registry.models import Organisation
from creditbank.registry.organisations import (
    OrganisationDraft,
    OrganisationKind,
    organisation_by_uscc,
    register_organisation,
)
from creditbank.registry.publishing import propose_pack, publish_pack, review_pack

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
HOST = "bank.example"
SEMINAR_DAYS = (date(2026, 11, 10), date(2026, 11, 11), date(2026, 11, 12))


def invented_document(number: int) -> Document:
    """Return the resident ID of an invented person: region 999999, born 1985."""
    first17 = f"99999919850{number // 1000 % 9 + 1}15{number % 1000:03d}"
    return read_document(DocumentKind.RESIDENT_ID, first17 + resident_id_check_character(first17))


def invented_person(number: int) -> Identity:
    """Return an invented person."""
    family = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"[number % 16]
    return Identity(invented_document(number), f"{family}{chr(0x4E00 + number)}")


def attendance(
    people: Sequence[Identity], days: Sequence[date] = SEMINAR_DAYS, attended_minutes: int = 360
) -> Roster:
    """Return a roster on which these people attended these days."""
    return rows_from_json(
        [
            {
                "name": person.name,
                "document_kind": str(person.document.kind),
                "document_number": person.document.number,
                "day": day.isoformat(),
                "attended_minutes": attended_minutes,
            }
            for person in people
            for day in days
        ]
    )


class TestBank:
    """A demo bank with the published packs and one enterprise; every act takes its instant."""

    __test__ = False

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.house: House = app.extensions[EXTENSION]
        self._context = app.app_context()
        self._context.push()

    def close(self) -> None:
        """Let go of every connection."""
        db.engine.dispose()
        self.app.extensions["creditbank-sealer-engine"].dispose()
        close_limits(self.app)
        self._context.pop()

    @contextmanager
    def unit(self) -> Iterator[Session]:
        """Open a writing unit of work."""
        with unit_of_work() as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a snapshot."""
        with snapshot() as session:
            yield session

    def enterprise(self, uscc: str = "") -> Organisation:
        """Return the test enterprise."""
        with self.unit() as session:
            return organisation_by_uscc(session, uscc or ENTERPRISE_USCC)

    def approved_filing(
        self,
        *,
        seats: int = 40,
        days: Sequence[date] = SEMINAR_DAYS,
        now: datetime = NOW,
        planned_minutes: int = 360,
    ) -> str:
        """File and approve a seminar; return its number."""
        draft = FilingDraft(
            activity="enterprise_course",
            form="seminar",
            release="full",
            title="碳纤维复合材料成型工艺研修",
            subject="professional",
            seats=seats,
            sessions=tuple(SessionDraft(day, planned_minutes, 2) for day in days),
        )
        with self.unit() as session:
            enterprise = organisation_by_uscc(session, ENTERPRISE_USCC)
            filing = submit_filing(session, draft, enterprise, actor="provider-test", now=now)
            approve_filing(
                session, filing.filing_no, actor="official-test", reason="late in a test", now=now
            )
            return filing.filing_no

    def post(
        self, filing_no: str, roster: Roster, *, file: bytes = b"", now: datetime = NOW
    ) -> RosterResult:
        """Post a roster in a unit of work of its own."""
        with self.unit() as session:
            filing = filing_numbered(session, filing_no)
            posting = RosterPosting(filing, roster, "provider-test", file=file)
            return post_roster(session, self.house.vault, posting, now=now)

    def imported(self, rows: Sequence[RecordRow], *, now: datetime = NOW) -> str:
        """Propose and approve earlier records; return the import's number."""
        draft = ImportDraft("cn-3710", "an earlier system", tuple(rows))
        with self.unit() as session:
            record = propose_import(
                session, self.house.vault, draft, actor="official-test", now=now
            ).record
        with self.unit() as session:
            approve_import(
                session, self.house.vault, record.import_no, actor="official-second", now=now
            )
        return record.import_no

    def seal(self, *, now: datetime = NOW) -> Sealed:
        """Run one round of the sealer on its own connection."""
        with unit_of_work("sealer") as session:
            return seal(session, self.house.sealer(HOST), now=now)

    def fsck(self) -> list[Disagreement]:
        """Check the whole ledger."""
        with self.reading() as session:
            states = lambda people: secret_states(session, self.house.vault, people)  # noqa: E731
            return list(audit(session, states, vault=self.house.vault))


ENTERPRISE_USCC = "91371000MA3TE5T011"


def found_test_bank(settings: Settings, *, now: datetime = NOW) -> TestBank:
    """Found a demo bank in a migrated database: law published, one enterprise registered."""
    bank = TestBank(create_app(settings))
    with bank.unit() as session:
        found_bank(session, "demo", HOST, now=now)
        register_organisation(
            session,
            OrganisationDraft(
                ENTERPRISE_USCC, "威海示例复合材料有限公司", OrganisationKind.ENTERPRISE, "cn-3710",
            ),
            actor="official-test",
            now=now,
        )  # fmt: skip
    for pack_id in ("cn", "cn-37", "cn-3710"):
        content = (files("creditbank_seeds") / "packs" / f"{pack_id}.toml").read_bytes()
        with bank.unit() as session:
            pack = propose_pack(session, content, actor="official-test", now=now)
            review_pack(session, pack.id, pack.version, actor="official-second", now=now)
            publish_pack(session, pack.id, pack.version, actor="official-second", now=now)
    return bank
