"""The OpenAPI document holds: whatever it allows to be sent is answered as it says, never by a 500.

A few requests are drawn for each operation, the same ones each time. CREDITBANK_TEST_API_EXAMPLES
names another number, and then they are drawn afresh: 300 take some minutes.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from secrets import token_hex

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from creditbank.api.bodies import CSV_MEDIA_TYPE, XLSX_MEDIA_TYPE
from creditbank.clock import utc_now
from creditbank.config import Settings
from creditbank.db import make_engine
from creditbank.migrating import upgrade
from creditbank.registry.clients import SCOPES_OF, Role
from tests.acts import checked_in
from tests.api.desk import YEAR, Caller, Desk, roster_rows, stated
from tests.bank import ENTERPRISE_USCC, found_test_bank, invented_person

PERSON = invented_person(9)
CHOSEN = os.environ.get("CREDITBANK_TEST_API_EXAMPLES", "")
DRAWN = settings(
    max_examples=int(CHOSEN or 5),
    derandomize=not CHOSEN,
    database=None,
    deadline=None,
    # What fails is printed as it is: a smaller example is not worth minutes of requests.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance, response_headers_conformance,
]  # fmt: skip


@schemathesis.serializer("application/toml", CSV_MEDIA_TYPE, XLSX_MEDIA_TYPE)
def as_it_is(_context: object, value: object) -> bytes:
    """Send a file as the bytes that were drawn."""
    return value if isinstance(value, bytes) else str(value).encode(errors="surrogatepass")


@dataclass(frozen=True, slots=True)
class Numbers:
    """What stands in the bank, by the names that addresses have for it."""

    known: Mapping[str, str]

    def of(self, case: Case) -> None:
        """Turn a case into one that could be meant: known numbers, the example's body, a key."""
        for name in self.known.keys() & case.path_parameters.keys():
            case.path_parameters[name] = self.known[name]
        if "Idempotency-Key" in case.headers:
            case.headers["Idempotency-Key"] = f'"{token_hex(8)}"'
        body = case.operation.definition.raw.get("requestBody", {"content": {}})
        if example := body["content"].get(case.media_type, {}).get("example"):
            case.body = example


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    settings = Settings(
        home=str(tmp_path_factory.mktemp("document")), rate_client_requests=1_000_000,
        rate_public_requests=1_000_000, rate_token_requests=1_000_000,
    )  # fmt: skip
    upgrade_file(settings)
    bank = found_test_bank(settings)
    yield Desk(bank)
    bank.close()


def upgrade_file(settings: Settings) -> None:
    settings.home_path.mkdir(exist_ok=True)
    engine = make_engine(settings.app_url, settings, owner=True)
    upgrade(engine)
    engine.dispose()


@pytest.fixture(scope="module")
def numbers(desk: Desk) -> Numbers:
    """Do one of each, so that a drawn request finds something behind its address."""
    filing_no = desk.approved_filing()
    posted = desk.provider.post(f"/api/v1/filings/{filing_no}/rosters", roster_rows([PERSON]))
    desk.official.post("/api/v1/seals", retry="")
    entries = desk.official.post("/api/v1/entries", {**stated(PERSON), "scheme": "cn-3710"})
    [entry, *_] = entries.get_json()["entries"]
    order = {**stated(PERSON), "scheme": "cn-3710", "years": [YEAR]}
    certificate = desk.official.post("/api/v1/certificates", order).get_json()
    return Numbers(
        {
            "filing_no": filing_no, "roster_no": posted.get_json()["roster_no"],
            "leaf": entry["leaf"], "pack_id": "cn-3710", "scheme": "cn-3710", "version": "1",
            "client_id": desk.other_provider.client_id, "uscc": ENTERPRISE_USCC,
            "jurisdiction": "cn-3710", "year": str(YEAR), "number": certificate["number"],
            "check_in_no": checked_in(desk.bank, invented_person(10), now=utc_now())[1],
        }
    )  # fmt: skip


def caller_for(desk: Desk, scope: str) -> Caller:
    """Return somebody who may."""
    if not scope:
        return desk.nobody
    named = {
        Role.PROVIDER: desk.provider, Role.OFFICIAL: desk.official,
        Role.TITLE_SYSTEM: desk.title_system, Role.ADMINISTRATOR: desk.administrator,
    }  # fmt: skip
    return next(caller for role, caller in named.items() if scope in SCOPES_OF[role])


def sent(desk: Desk, numbers: Numbers, operation: APIOperation) -> tuple[set[int], list[str]]:
    """Send what the document allows; return the statuses, and where an answer is not as it says."""
    [security] = operation.definition.raw["security"] or [{}]
    caller = caller_for(desk, next(iter(next(iter(security.values()), [])), ""))
    headers = {"Authorization": f"Bearer {caller.token}"} if caller.token else {}
    statuses: set[int] = set()
    unkept: list[str] = []

    @DRAWN
    @given(case=operation.as_strategy(), meant=st.booleans())
    def send(case: Case, meant: bool) -> None:
        if meant:
            numbers.of(case)
        response = case.call(headers=headers)
        statuses.add(response.status_code)
        try:
            case.validate_response(response, checks=CHECKS, headers=headers)
        except FailureGroup as failure:
            unkept.append(str(failure))

    send()
    return statuses, unkept


@pytest.mark.parametrize("methods", [["get"], ["post", "put"]])
def test_every_operation_answers_as_the_document_says(
    desk: Desk, numbers: Numbers, methods: list[str]
) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", desk.bank.app)
    operations = [each.ok() for each in schema.include(method=methods).get_all_operations()]

    answers = {each.label: sent(desk, numbers, each) for each in operations}

    assert len(operations) > 20
    assert {label: unkept for label, (_, unkept) in answers.items() if unkept} == {}
    # Nothing is shown by refusals alone.
    well = [label for label, (statuses, _) in answers.items() if min(statuses) < 300]
    assert len(well) > len(operations) // 5


def test_a_status_that_is_not_in_the_document_would_be_seen(desk: Desk, numbers: Numbers) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", desk.bank.app)
    del schema.raw_schema["paths"]["/api/v1/items/{item_no}"]["get"]["responses"]["404"]

    _, unkept = sent(desk, numbers, schema["/api/v1/items/{item_no}"]["GET"])

    assert "Undocumented status code" in unkept[0]
