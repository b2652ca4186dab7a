"""Who may call what: tokens, scopes, regions, and whose filings one sees."""

import pytest

from creditbank.registry.bank import new_setup_code
from creditbank.registry.clients import SCOPES_OF, Role, Scope
from tests.api.desk import Caller, Desk, filing_body, problem_of, roster_rows, stated
from tests.bank import ENTERPRISE_USCC, NOW, invented_person

PERSON = invented_person(5)
HOLDER = {**stated(PERSON), "scheme": "cn-3710"}


def client_body(**changed: object) -> dict[str, object]:
    body: dict[str, object] = {
        "name": "备案系统", "role": "provider", "jurisdiction": "cn-3710",
        "organisation": ENTERPRISE_USCC,
    }  # fmt: skip
    return body | changed


@pytest.mark.parametrize(
    "header",
    [
        "", "Bearer", "Bearer ", "Basic YTpi", "Bearer cbt_", "Bearer cbt_" + "A" * 43,
        "Bearer cbt_" + "A" * 42 + "\u00e9", "Bearer " + "A" * 5_000, "Digest x",
    ],
)  # fmt: skip
def test_a_request_without_a_valid_token_is_refused(desk: Desk, header: str) -> None:
    response = desk.http.get("/api/v1/filings", headers={"Authorization": header})

    assert response.status_code == 401
    assert problem_of(response)["code"] == "token-refused"
    assert response.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_a_secret_is_no_token(desk: Desk) -> None:
    assert Caller(desk.http, desk.provider.secret).get("/api/v1/filings").status_code == 401


def test_a_client_without_the_scope_is_refused_by_name_of_the_scope(desk: Desk) -> None:
    refused = [
        desk.official.post("/api/v1/filings", filing_body()),
        desk.provider.post("/api/v1/balances", HOLDER),
        desk.title_system.get("/api/v1/filings"),
        desk.administrator.post("/api/v1/organisations", {}),
        desk.official.post("/api/v1/clients", client_body()),
    ]

    assert [problem_of(each)["facts"]["wanted"] for each in refused] == [
        "filing:submit", "balance:read", "filing:read", "organisation:register", "client:manage",
    ]  # fmt: skip
    assert {each.status_code for each in refused} == {403}


def test_another_providers_filing_does_not_exist_for_one(desk: Desk) -> None:
    filing = f"/api/v1/filings/{desk.approved_filing()}"

    asked = [
        desk.other_provider.get(filing),
        desk.other_provider.get(f"{filing}/roster-template"),
        desk.other_provider.post(f"{filing}/rosters", roster_rows([PERSON])),
        desk.other_provider.post(
            f"{filing}/withdrawals", {**stated(PERSON), "reason": "not-present"}
        ),
    ]

    assert [each.status_code for each in asked] == [404] * 4
    assert {problem_of(each)["code"] for each in asked} == {"filing-unknown"}
    assert desk.other_provider.get("/api/v1/filings").get_json()["filings"] == []


def test_another_providers_roster_does_not_exist_for_one(desk: Desk) -> None:
    rosters = f"/api/v1/filings/{desk.approved_filing()}/rosters"
    roster_no = desk.provider.post(rosters, roster_rows([PERSON])).get_json()["roster_no"]

    mine = desk.provider.get(f"/api/v1/rosters/{roster_no}")
    anothers = desk.other_provider.get(f"/api/v1/rosters/{roster_no}")

    assert mine.get_json()["rows_credited"] == 3
    assert problem_of(anothers)["code"] == "roster-unknown"


def test_an_official_acts_in_the_own_region_only(desk: Desk) -> None:
    filed = desk.provider.post("/api/v1/filings", filing_body()).get_json()
    filing = f"/api/v1/filings/{filed['filing_no']}"
    organisation = {
        "uscc": "91371000MA3DEM0H24", "name": "甲", "kind": "enterprise", "jurisdiction": "cn-3710",
    }  # fmt: skip

    refused = [
        desk.far_official.get(filing),
        desk.far_official.post(f"{filing}/approval", {"reason": "x"}),
        desk.far_official.post("/api/v1/organisations", organisation),
    ]

    assert {problem_of(each)["code"] for each in refused} == {"region-foreign"}
    assert desk.far_official.get("/api/v1/filings").get_json()["filings"] == []


def test_a_provider_without_an_organisation_sees_nothing(desk: Desk) -> None:
    filing_no = desk.approved_filing()
    stray = desk.caller(Role.PROVIDER)

    assert stray.get("/api/v1/filings").get_json()["filings"] == []
    assert stray.get(f"/api/v1/filings/{filing_no}").status_code == 404
    filed = stray.post("/api/v1/filings", filing_body())
    assert problem_of(filed)["code"] == "organisation-unknown"


def test_the_one_time_code_makes_one_administrator(desk: Desk) -> None:
    with desk.bank.unit() as session:
        code = new_setup_code(session, now=NOW.replace(year=2200))

    made = desk.nobody.post("/api/v1/setup", {"code": code, "name": "管理员"})
    again = desk.nobody.post("/api/v1/setup", {"code": code, "name": "管理员"})

    assert made.status_code == 201
    assert made.get_json()["role"] == "administrator"
    administrator = desk.signed_in(made.get_json())
    assert administrator.post("/api/v1/clients", client_body()).status_code == 201
    assert problem_of(again)["code"] == "setup-code-wrong"


def test_a_new_client_has_its_roles_scopes_and_a_revoked_one_has_none(desk: Desk) -> None:
    made = desk.administrator.post("/api/v1/clients", client_body()).get_json()
    caller = desk.signed_in(made)
    before = caller.get("/api/v1/filings").status_code

    revoked = desk.administrator.post(f"/api/v1/clients/{made['client_id']}/revocation", {})

    assert made["scopes"] == sorted(SCOPES_OF[Role.PROVIDER])
    assert (before, revoked.status_code) == (200, 200)
    assert caller.get("/api/v1/filings").status_code == 401


def test_a_client_may_be_given_fewer_scopes_and_none_beyond_its_role(desk: Desk) -> None:
    fewer = client_body(scopes=[str(Scope.FILING_READ)])
    beyond = client_body(scopes=[str(Scope.RULES_PUBLISH)])

    made = desk.administrator.post("/api/v1/clients", fewer).get_json()
    refused = desk.administrator.post("/api/v1/clients", beyond)

    filed = desk.signed_in(made).post("/api/v1/filings", filing_body())
    assert problem_of(filed)["code"] == "scope-missing"
    assert 'scope="filing:submit"' in filed.headers["WWW-Authenticate"]
    assert problem_of(refused)["code"] == "scope-unfit"


def test_a_provider_client_belongs_to_an_organisation(desk: Desk) -> None:
    nobodys = desk.administrator.post(
        "/api/v1/clients", {"name": "甲", "role": "provider", "jurisdiction": "cn-3710"}
    )
    unknown = desk.administrator.post(
        "/api/v1/clients", client_body(organisation="91371000MA3DEM0K07")
    )

    assert problem_of(nobodys)["code"] == "client-organisation-wanted"
    assert unknown.status_code in (404, 422)


def test_an_unknown_client_cannot_be_revoked(desk: Desk) -> None:
    response = desk.administrator.post("/api/v1/clients/provider-00000000/revocation", {})

    assert problem_of(response)["code"] == "client-unknown"
