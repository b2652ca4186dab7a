"""The sandbox: served by the same program, and nothing of it near a real person."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from werkzeug.test import TestResponse

from creditbank.app import create_app
from creditbank.cli.demo_city import read_city
from creditbank.clock import utc_now
from creditbank.config import Settings
from creditbank.db import db
from creditbank.house import banks_of
from creditbank.jobs.clock import seal_all
from creditbank.registry.bank import found_bank
from creditbank.registry.clients import ClientDraft, Role, create_client
from tests.api.desk import Caller, Desk, problem_of
from tests.bank import NOW, TestBank
from tests.cli.bench import Terminal, terminal_for
from tests.conftest import Database

INVENTED = {
    "document_kind": "resident_id", "document_number": "999999198505150018", "name": "李示例",
}  # fmt: skip
#: Of no range that is kept for invented people; nobody's all the same.
REAL = {"document_kind": "passport", "document_number": "E00000000", "name": "无人"}
#: The engineer of the demo city.
LIN = read_city([date(2026, 11, 10)]).applicant.stated()
ANSWERED_FROM = "/sandbox/api/v1"


@dataclass(slots=True)
class Site:
    """A production bank that serves a sandbox, and a window to both."""

    app: Flask
    main: TestBank
    home: Path

    @property
    def sandbox(self) -> Flask:
        return banks_of(self.app)[1]

    def caller(self, who: str) -> Caller:
        """Return one of the sandbox's clients, with a token."""
        login = (self.home / "demo" / "clients" / who).read_text().split(":")
        return self.signed_in(f"{ANSWERED_FROM}/oauth/token", login[0], login[1])

    def signed_in(self, path: str, client_id: str, secret: str) -> Caller:
        http = self.app.test_client()
        answer = http.post(
            path, data={"grant_type": "client_credentials"}, auth=(client_id, secret)
        )
        token = answer.get_json().get("access_token", "")
        return Caller(http, token, client_id, secret)

    def official(self, role: Role = Role.OFFICIAL) -> Caller:
        """Make a client of the production bank."""
        draft = ClientDraft("x", role, "cn-3710", organisation_id=None)
        with self.main.unit() as session:
            client, secret = create_client(session, draft, actor="official-test", now=utc_now())
        return self.signed_in("/api/v1/oauth/token", client.client_id, secret)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Found a production bank and its sandbox by the commands."""
    folder = tmp_path_factory.mktemp("seeded")
    settings = Settings(home=str(folder / "bank"), sandbox_home=str(folder / "sandbox"))
    terminal = terminal_for(settings)
    terminal.run("init", "--host", "bank.example")
    terminal.run("sandbox")
    return settings


@contextmanager
def serving(settings: Settings) -> Iterator[Site]:
    """Serve a production bank and its sandbox."""
    main = TestBank(create_app(settings))
    with main.unit() as session:
        found_bank(session, "production", "bank.example", now=NOW)
    site = Site(main.app, main, Path(settings.sandbox_home))
    yield site
    with site.sandbox.app_context():
        db.engine.dispose()
    main.close()


@pytest.fixture(scope="module")
def site(seeded: Settings) -> Iterator[Site]:
    with serving(seeded) as made:
        yield made


def balances(caller: Caller, person: dict[str, str], prefix: str = ANSWERED_FROM) -> TestResponse:
    return caller.post(f"{prefix}/balances", {**person, "scheme": "cn-3710"})


def test_a_client_of_the_sandbox_finds_invented_people_with_hours(site: Site) -> None:
    asked = balances(site.caller("official-first"), LIN)

    assert asked.status_code == 200
    assert asked.get_json()["live_hours"] != "0.00"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_bank_on_postgresql_serves_its_sandbox_from_a_file(
    database: Database, seeded: Settings, tmp_path: Path
) -> None:
    settings = database.settings(tmp_path / "bank")
    with serving(replace(settings, sandbox_home=seeded.sandbox_home)) as site:
        asked = balances(site.caller("official-first"), LIN)
        refused = balances(site.official(), INVENTED, "/api/v1")

    assert asked.get_json()["live_hours"] != "0.00"
    assert problem_of(refused)["code"] == "demo-only"


def test_tokens_and_secrets_of_one_bank_open_nothing_in_the_other(site: Site) -> None:
    outside, inside = site.official(), site.caller("official-first")

    crossed = [
        inside.get("/api/v1/filings"), outside.get(f"{ANSWERED_FROM}/filings"),
        site.app.test_client().post(
            "/api/v1/oauth/token", data={"grant_type": "client_credentials"},
            auth=(inside.client_id, inside.secret),
        ),
        site.app.test_client().post(
            f"{ANSWERED_FROM}/oauth/token", data={"grant_type": "client_credentials"},
            auth=(outside.client_id, outside.secret),
        ),
    ]  # fmt: skip

    assert [each.status_code for each in crossed] == [401] * 4
    assert inside.get(f"{ANSWERED_FROM}/filings").status_code == 200
    assert outside.get("/api/v1/filings").status_code == 200


def test_what_is_done_in_the_sandbox_leaves_the_bank_as_it_was(site: Site) -> None:
    desk = Desk.__new__(Desk)
    desk.bank = site.main
    before = desk.row_counts()
    official = site.caller("official-first")

    body = {
        "jurisdiction": "cn-3710", "origin": "试",
        "rows": [{**INVENTED, "year": 2024, "subject": "professional", "hours": "10.00"}],
    }  # fmt: skip
    proposed = official.post(f"{ANSWERED_FROM}/imports", body)
    path = f"{ANSWERED_FROM}/imports/{proposed.get_json()['import_no']}/approval"
    approved = site.caller("official-second").post(path, {})
    official.post(f"{ANSWERED_FROM}/seals", retry="")

    assert approved.status_code == 200, approved.get_json()
    assert balances(official, INVENTED).get_json()["live_hours"] == "10.00"
    assert desk.row_counts() == before


def test_its_logs_and_keys_are_its_own(site: Site) -> None:
    http = site.app.test_client()
    site.caller("official-first").post(f"{ANSWERED_FROM}/seals", retry="")

    mine = http.get("/api/v1/logs").get_json()["logs"]
    its = http.get(f"{ANSWERED_FROM}/logs").get_json()["logs"]

    assert mine == []
    assert {each["origin"].partition("/ledger/")[0] for each in its} == {"bank.example/sandbox"}
    checkpoint = http.get("/" + its[0]["origin"].partition("/")[2] + "/checkpoint")
    assert checkpoint.get_data(as_text=True).startswith(its[0]["origin"])
    jwks = [
        {key["kid"] for key in http.get(path).get_json()["keys"]}
        for path in ("/.well-known/jwks.json", "/sandbox/.well-known/jwks.json")
    ]
    assert not jwks[0] & jwks[1]


def test_an_answer_of_the_sandbox_cannot_pass_for_one_of_the_bank(site: Site) -> None:
    question = {
        **LIN, "scheme": "cn-3710", "series": "engineering", "level": "associate_senior",
        "application_day": f"{utc_now().year + 1}-03-15", "purpose": "试", "legal_basis": "试",
        "stated": {"current_title_on": f"{utc_now().year - 8}-06-30"},
    }  # fmt: skip
    answer = site.caller("title-system").post(f"{ANSWERED_FROM}/verdicts", question).get_json()

    http = site.app.test_client()
    keys = KeySet.import_key_set(http.get("/.well-known/jwks.json").get_json())
    assert answer["statement"]["iss"] == "bank.example/sandbox"
    with pytest.raises((JoseError, ValueError)):
        jws.deserialize_compact(answer["jws"].encode(), keys, algorithms=["Ed25519"])
    its = KeySet.import_key_set(http.get("/sandbox/.well-known/jwks.json").get_json())
    jws.deserialize_compact(answer["jws"].encode(), its, algorithms=["Ed25519"])


def test_a_real_number_is_refused_wherever_a_person_is_stated(site: Site) -> None:
    official, provider = site.caller("official-first"), site.caller("provider")
    asker = site.caller("title-system")
    row = {**REAL, "year": 2024, "subject": "professional", "hours": "10.00"}
    question = {
        **REAL, "scheme": "cn-3710", "series": "engineering", "level": "associate_senior",
        "application_day": f"{utc_now().year + 1}-03-15", "purpose": "试", "legal_basis": "试",
        "stated": {"current_title_on": f"{utc_now().year - 8}-06-30"},
    }  # fmt: skip
    filing_no = provider.get(f"{ANSWERED_FROM}/filings").get_json()["filings"][0]["filing_no"]
    filing = provider.get(f"{ANSWERED_FROM}/filings/{filing_no}").get_json()
    day = filing["sessions"][0]["day"]

    refused = [
        balances(official, REAL),
        official.post(f"{ANSWERED_FROM}/entries", {**REAL, "scheme": "cn-3710"}),
        official.post(f"{ANSWERED_FROM}/people/links", {"one": REAL, "other": INVENTED}),
        official.post(
            f"{ANSWERED_FROM}/imports",
            {"jurisdiction": "cn-3710", "origin": "试", "rows": [row]},
        ),
        asker.post(f"{ANSWERED_FROM}/verdicts", question),
        provider.post(
            f"{ANSWERED_FROM}/filings/{filing_no}/withdrawals", {**REAL, "reason": "not-present"}
        ),
    ]
    posted = provider.post(
        f"{ANSWERED_FROM}/filings/{filing_no}/rosters",
        {"rows": [{**REAL, "day": day, "attended_minutes": 360}]},
    ).get_json()

    assert [problem_of(each)["code"] for each in refused] == ["invented-only"] * 6
    assert [each["code"] for each in posted["problems"]] == ["roster-number-real"]
    assert posted["rows_credited"] == 0


def test_an_invented_number_is_refused_by_the_bank(site: Site) -> None:
    refused = balances(site.official(), INVENTED, "/api/v1")

    assert problem_of(refused)["code"] == "demo-only"


def test_each_bank_tells_its_own_address(site: Site) -> None:
    http, well_known = site.app.test_client(), "/.well-known/oauth-authorization-server"

    told = [
        http.get(path).get_json()["token_endpoint"]
        for path in (well_known, f"{well_known}/sandbox", f"/sandbox{well_known}")
    ]

    assert told == [
        "https://bank.example/api/v1/oauth/token",
        "https://bank.example/sandbox/api/v1/oauth/token",
        "https://bank.example/sandbox/api/v1/oauth/token",
    ]
    document = http.get(f"{ANSWERED_FROM}/openapi.json").get_json()
    assert document["servers"] == [{"url": "/sandbox"}]


@pytest.mark.parametrize(
    "path",
    ["/sandbox", "/sandbox/", "/sandbox/nothing", "/sandbox/../api/v1/filings",
     "/sandbox/sandbox/health"],
)  # fmt: skip
def test_nothing_else_of_the_sandbox_answers(site: Site, path: str) -> None:
    assert problem_of(site.app.test_client().get(path))["code"] == "route-unknown"


def test_a_path_that_only_begins_alike_is_the_banks_own(site: Site) -> None:
    answer = site.app.test_client().get("/sandboxes")

    assert answer.status_code == 404
    assert answer.content_type.startswith("text/html")


def test_both_banks_are_counted_in_one_place(site: Site) -> None:
    inside = site.caller("official-first")

    left = [
        int(inside.get(f"{ANSWERED_FROM}/filings").headers["RateLimit"].split(";")[1][2:])
        for _ in range(2)
    ]

    assert left[1] == left[0] - 1


def test_the_clock_of_the_bank_seals_the_sandbox_too(site: Site) -> None:
    for bank in banks_of(site.app):
        with bank.app_context():
            seal_all()

    logs = site.app.test_client().get(f"{ANSWERED_FROM}/logs").get_json()["logs"]
    assert all(log["size"] > 0 for log in logs)
    assert logs


def test_a_sandbox_that_is_not_there_is_said_before_anything_starts(tmp_path: Path) -> None:
    settings = Settings(home=str(tmp_path / "bank"), sandbox_home=str(tmp_path / "sandbox"))
    terminal = terminal_for(settings)
    terminal.run("init", "--host", "bank.example")

    said = terminal.run("serve", exit_code=1).output

    assert "sandbox-not-founded" in said
    assert not (tmp_path / "sandbox").exists()


def test_a_directory_that_holds_a_bank_is_no_place_for_a_sandbox(tmp_path: Path) -> None:
    terminal = terminal_for(Settings(home=str(tmp_path / "other")))
    terminal.run("init", "--host", "other.example")
    settings = Settings(home=str(tmp_path / "bank"), sandbox_home=str(tmp_path / "other"))
    terminal = terminal_for(settings)
    terminal.run("init", "--host", "bank.example")

    assert "bank-founded" in terminal.run("sandbox", exit_code=1).output


def test_commands_work_on_the_sandbox_where_it_is_named(seeded: Settings) -> None:
    terminal = terminal_for(seeded)

    inside = terminal.run("--sandbox", "filings", "list").output
    outside = terminal.run("filings", "list").output
    unset = Terminal({**terminal.environment, "CREDITBANK_SANDBOX_HOME": ""})

    assert "研修" in inside
    assert "研修" not in outside
    assert "sandbox-unset" in unset.run("--sandbox", "filings", "list", exit_code=1).output


def test_founding_the_sandbox_again_does_nothing_twice(seeded: Settings) -> None:
    terminal = terminal_for(seeded)
    before = terminal.run("--sandbox", "filings", "list").output

    terminal.run("sandbox")

    assert terminal.run("--sandbox", "filings", "list").output == before
