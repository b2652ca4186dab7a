"""Callers of the API for tests: each kind of client with a token, over real requests."""

import itertools
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import func, literal, select, union_all
from werkzeug.test import TestResponse

from creditbank.clock import civil_day, utc_now
from creditbank.orm import Base
from creditbank.people.register import Identity
from creditbank.registry.clients import ClientDraft, Role, create_client
from creditbank.registry.credentials import credentials_of
from creditbank.registry.models import RateCount
from creditbank.registry.organisations import (
    OrganisationDraft,
    OrganisationKind,
    register_organisation,
)
from creditbank.registry.tokens import issue_token
from tests.bank import NOW, TestBank

TITLE_SYSTEM_USCC = "91371000MA3DEM0H24"
OTHER_ENTERPRISE_USCC = "91371000MA3DEM0J09"
_NUMBERS = itertools.count(1)


def _three_days_past() -> tuple[date, date, date]:
    """Return the last three days that are over and lie in one year; the API reads the clock."""
    last = civil_day(utc_now()) - timedelta(days=1)
    if last - timedelta(days=2) < date(last.year, 1, 1):
        last = date(last.year - 1, 12, 31)
    return last - timedelta(days=2), last - timedelta(days=1), last


DAYS = _three_days_past()
YEAR = DAYS[0].year


class Caller:
    """One client of the API: its token goes with every request, and a new key with every write."""

    def __init__(
        self, client: FlaskClient, token: str, client_id: str = "", secret: str = ""
    ) -> None:
        self.client, self.token = client, token
        self.client_id, self.secret = client_id, secret

    def get(self, path: str, **options: Any) -> TestResponse:
        """Send a GET."""
        return self.client.get(path, headers=self._headers(options), **options)

    def put(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        """Send a PUT."""
        if json is not None:
            options["json"] = json
        return self.client.put(path, headers=self._headers(options), **options)

    def post(
        self, path: str, json: Any = None, *, retry: str | None = None, **options: Any
    ) -> TestResponse:
        """Send a POST; `retry` is the Idempotency-Key, empty for none, a new one if not given."""
        headers = self._headers(options)
        chosen = f"key-{next(_NUMBERS)}" if retry is None else retry
        if chosen:
            headers["Idempotency-Key"] = chosen
        if json is not None:
            options["json"] = json
        return self.client.post(path, headers=headers, **options)

    def _headers(self, options: dict[str, Any]) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return headers | dict(options.pop("headers", {}))


class Desk:
    """A bank with one client of each kind."""

    def __init__(self, bank: TestBank) -> None:
        self.bank = bank
        self.http = bank.app.test_client()
        self.nobody = Caller(self.http, "")
        enterprise = bank.enterprise().organisation_id
        other = self.organisation(OTHER_ENTERPRISE_USCC, OrganisationKind.ENTERPRISE)
        asking = self.organisation(TITLE_SYSTEM_USCC, OrganisationKind.TITLE_SYSTEM)
        self.administrator = self.caller(Role.ADMINISTRATOR, "cn")
        self.official = self.caller(Role.OFFICIAL)
        self.second_official = self.caller(Role.OFFICIAL)
        self.far_official = self.caller(Role.OFFICIAL, "cn-33")
        self.provider = self.caller(Role.PROVIDER, organisation_id=enterprise)
        self.other_provider = self.caller(Role.PROVIDER, organisation_id=other)
        self.title_system = self.caller(Role.TITLE_SYSTEM, organisation_id=asking)

    def organisation(self, uscc: str, kind: OrganisationKind) -> int:
        """Register an organisation; return its id."""
        draft = OrganisationDraft(uscc, "威海示例单位", kind, "cn-3710", uscc_confirmed=True)
        with self.bank.unit() as session:
            return register_organisation(
                session, draft, actor="official-test", now=NOW
            ).organisation_id

    def caller(
        self, role: Role, jurisdiction: str = "cn-3710", organisation_id: int | None = None
    ) -> Caller:
        """Make a client and get it a token."""
        draft = ClientDraft(str(role), role, jurisdiction, organisation_id)
        with self.bank.unit() as session:
            client, secret = create_client(session, draft, actor="administrator-test", now=NOW)
            [credential] = credentials_of(session, client.client_id)
            token = issue_token(session, credential, lifetime_seconds=3_600, now=utc_now()).token
        return Caller(self.http, token, client.client_id, secret)

    def signed_in(self, made: Mapping[str, Any]) -> Caller:
        """Get a token for a client that the API has just made."""
        client_id, secret = made["client_id"], made["client_secret"]
        token = self.token_for(client_id, secret).get_json()["access_token"]
        return Caller(self.http, token, client_id, secret)

    def token_for(self, client_id: str, secret: str, /, **parameters: str) -> TestResponse:
        """Ask for a token."""
        form = {"grant_type": "client_credentials", **parameters}
        return self.http.post("/api/v1/oauth/token", data=form, auth=(client_id, secret))

    def approved_filing(self, *, seats: int = 40, days: Sequence[date] = DAYS) -> str:
        """File and approve a seminar by the API; return its number."""
        filed = self.provider.post("/api/v1/filings", filing_body(seats=seats, days=days))
        filing_no = str(filed.get_json()["filing_no"])
        reason = {"reason": "补办备案"}
        approved = self.official.post(f"/api/v1/filings/{filing_no}/approval", reason)
        assert approved.status_code == 200, approved.get_json()
        return filing_no

    def row_counts(self) -> dict[str, int]:
        """Count the rows of every table but `rate_count`, which any request may grow."""
        counts = union_all(
            *(
                select(literal(table.name), func.count()).select_from(table)
                for table in Base.metadata.sorted_tables
                if table.name != RateCount.__tablename__
            )
        )
        with self.bank.reading() as session:
            return {row[0]: row[1] for row in session.execute(counts)}


def filing_body(*, seats: int = 40, days: Sequence[date] = DAYS) -> dict[str, Any]:
    """Return a seminar about to be filed."""
    return {
        "activity": "enterprise_course",
        "form": "seminar",
        "release": "full",
        "title": "碳纤维复合材料成型工艺研修",
        "subject": "professional",
        "seats": seats,
        "sessions": [
            {"day": day.isoformat(), "planned_minutes": 360, "planned_half_days": 2} for day in days
        ],
    }


def stated(person: Identity) -> dict[str, str]:
    """Return a person as the API wants them."""
    return {
        "document_kind": str(person.document.kind),
        "document_number": person.document.number,
        "name": person.name,
    }


def roster_rows(
    people: Sequence[Identity], days: Sequence[date] = DAYS, minutes: int = 360
) -> dict[str, Any]:
    """Return a roster as JSON."""
    return {
        "rows": [
            {**stated(person), "day": day.isoformat(), "attended_minutes": minutes}
            for person in people
            for day in days
        ]
    }


def problem_of(response: TestResponse) -> Mapping[str, Any]:
    """Return a problem document, having seen that it is one."""
    assert response.content_type == "application/problem+json", response.get_data(as_text=True)
    document: dict[str, Any] = response.get_json()
    assert document["status"] == response.status_code
    assert document["type"] == f"/docs/problems#{document['code']}"
    assert document["title"]
    return document
