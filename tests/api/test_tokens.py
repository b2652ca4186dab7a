"""Tokens: who gets one, for what, for how long, and when it stops."""

import base64
import json
import re
import threading
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from sqlalchemy import create_engine, select, text
from werkzeug.test import TestResponse

from creditbank.clock import utc_now
from creditbank.registry.clients import SCOPES_OF, Role
from creditbank.registry.credentials import credentials_of
from creditbank.registry.models import AccessToken, ClientAssertion, ClientCredential
from creditbank.registry.tokens import TokenRefusedError, client_of_token, forget_tokens
from tests.api.desk import Caller, Desk, problem_of
from tests.bank import ENTERPRISE_USCC, HOST
from tests.conftest import Database

TOKEN = "/api/v1/oauth/token"
GRANT = {"grant_type": "client_credentials"}
ISSUER = f"https://{HOST}"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
Key = OKPKey | ECKey


def refused(response: TestResponse, error: str, status: int = 400) -> dict[str, Any]:
    """Return a refusal, having seen that it is one as RFC 6749 §5.2 has it."""
    members: dict[str, Any] = response.get_json()
    assert (response.status_code, members["error"]) == (status, error), members
    assert response.content_type == "application/json"
    assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", members["error_description"])
    assert re.match(r"/docs/problems#[a-z-]+$", members["error_uri"])
    assert members["detail"]
    assert response.headers["Cache-Control"] == "no-store"
    assert ("WWW-Authenticate" in response.headers) == (status == 401)
    return members


def registered(desk: Desk, key: Key) -> str:
    """Make a provider that signs with a key; return its id."""
    body = {
        "name": "甲", "role": "provider", "jurisdiction": "cn-3710",
        "organisation": ENTERPRISE_USCC, "public_key": key.as_dict(private=False),
    }  # fmt: skip
    made = desk.administrator.post("/api/v1/clients", body).get_json()
    assert "client_secret" not in made
    return str(made["client_id"])


def claims(client_id: str, **changed: Any) -> dict[str, Any]:
    now = int(utc_now().timestamp())
    said = {
        "iss": client_id, "sub": client_id, "aud": ISSUER + TOKEN, "iat": now, "exp": now + 300,
        "jti": f"once-{client_id}",
    }  # fmt: skip
    return {name: value for name, value in (said | changed).items() if value is not None}


def signed(key: Any, said: dict[str, Any], algorithm: str = "Ed25519", **header: Any) -> str:
    return jwt.encode({"alg": algorithm, **header}, said, key, algorithms=[algorithm])


def sent(desk: Desk, assertion: str, **parameters: str) -> TestResponse:
    form = {
        **GRANT, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion,
    }  # fmt: skip
    return desk.http.post(TOKEN, data=form | parameters)


# By secret.


def test_a_secret_gets_a_token_with_every_scope_of_the_client(desk: Desk) -> None:
    response = desk.token_for(desk.provider.client_id, desk.provider.secret)

    answer = response.get_json()
    assert response.status_code == 200
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == desk.bank.house.settings.access_token_seconds
    assert set(answer["scope"].split()) == SCOPES_OF[Role.PROVIDER]
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Pragma"] == "no-cache"
    assert Caller(desk.http, answer["access_token"]).get("/api/v1/filings").status_code == 200


def test_a_secret_in_the_form_is_as_good_as_one_in_the_header(desk: Desk) -> None:
    form = GRANT | {"client_id": desk.provider.client_id, "client_secret": desk.provider.secret}

    assert desk.http.post(TOKEN, data=form).status_code == 200


def test_both_halves_of_a_basic_header_are_form_encoded(desk: Desk) -> None:
    pair = ":".join(
        f"%{ord(each[0]):02X}{quote_plus(each[1:])}"
        for each in (desk.provider.client_id, desk.provider.secret)
    )
    header = "Basic " + base64.b64encode(pair.encode()).decode()

    assert desk.http.post(TOKEN, data=GRANT, headers={"Authorization": header}).status_code == 200


def test_a_token_may_be_had_for_fewer_scopes_and_does_no_more(desk: Desk) -> None:
    answer = desk.token_for(
        desk.provider.client_id, desk.provider.secret, scope="roster:post filing:read"
    ).get_json()
    caller = Caller(desk.http, answer["access_token"])

    assert answer["scope"] == "filing:read roster:post"
    assert caller.get("/api/v1/filings").status_code == 200
    assert problem_of(caller.post("/api/v1/filings", {}))["code"] == "scope-missing"


def test_scopes_that_the_client_does_not_have_are_refused(desk: Desk) -> None:
    login = (desk.provider.client_id, desk.provider.secret)

    for scope in ("balance:read", "filing:read balance:read", "every", "filing:read,roster:post"):
        refused(desk.token_for(*login, scope=scope), "invalid_scope")


def test_a_client_that_does_not_prove_itself_is_refused(desk: Desk) -> None:
    client_id, secret = desk.provider.client_id, desk.provider.secret

    for login in (
        ("provider-00000000", secret), (client_id, "cbs_" + "A" * 43), (client_id, ""),
        ("", secret), ("x" * 40, "y"), ("provider-\u00e9", "y"), ("a\x00b", "c\x00d"),
        (client_id, desk.official.secret),
    ):  # fmt: skip
        refused(desk.token_for(*login), "invalid_client", 401)


def test_a_header_that_proves_nothing_is_refused(desk: Desk) -> None:
    for header in ("Basic", "Basic !!!", "Basic YTpi", "Bearer cbt_x", "Digest a=b", "Basic Og=="):
        response = desk.http.post(TOKEN, data=GRANT, headers={"Authorization": header})
        refused(response, "invalid_client", 401)


def test_two_proofs_at_once_are_refused(desk: Desk) -> None:
    login = (desk.provider.client_id, desk.provider.secret)
    twice = [
        desk.token_for(*login, client_secret=desk.provider.secret),
        desk.token_for(*login, client_assertion_type=ASSERTION_TYPE, client_assertion="a.b.c"),
        sent(desk, "a.b.c", client_id=login[0], client_secret=login[1]),
    ]

    assert {refused(each, "invalid_request")["error_uri"] for each in twice} == {
        "/docs/problems#client-proofs-many"
    }


def test_a_header_and_a_form_that_name_two_clients_are_refused(desk: Desk) -> None:
    response = desk.token_for(
        desk.provider.client_id, desk.provider.secret, client_id=desk.official.client_id
    )

    refused(response, "invalid_client", 401)


def test_only_the_grant_of_clients_is_given(desk: Desk) -> None:
    login = (desk.provider.client_id, desk.provider.secret)

    for grant in ("authorization_code", "password", "refresh_token", "x" * 40):
        refused(desk.token_for(*login, grant_type=grant), "unsupported_grant_type")


def test_a_form_that_is_not_as_wanted_is_refused(desk: Desk) -> None:
    login = (desk.provider.client_id, desk.provider.secret)

    for body in (
        b"", b"grant_type=", b"scope=filing:read", b"\xff=\xfe",
        b"grant_type=client_credentials&grant_type=client_credentials",
        b"grant_type=client_credentials&scope=" + b"a" * 5_000,
        b"&".join(b"a%d=1" % n for n in range(100)),
        b"grant_type=client_credentials&client_id=%00", b"grant_type=%ED%A0%80",
    ):  # fmt: skip
        form = "application/x-www-form-urlencoded"
        response = desk.http.post(TOKEN, data=body, content_type=form, auth=login)
        refused(response, "invalid_request")


def test_a_body_of_another_type_is_refused(desk: Desk) -> None:
    response = desk.http.post(TOKEN, json=GRANT)

    refused(response, "invalid_request", 415)


def test_a_parameter_that_is_not_known_is_ignored(desk: Desk) -> None:
    response = desk.token_for(
        desk.provider.client_id, desk.provider.secret, resource="https://bank.example/", scope=""
    )

    assert response.status_code == 200


def test_nothing_but_a_hash_of_a_token_is_kept(desk: Desk) -> None:
    answer = desk.token_for(desk.provider.client_id, desk.provider.secret).get_json()

    with desk.bank.reading() as session:
        hashes = [bytes(each) for each in session.scalars(select(AccessToken.token_hash))]
    assert answer["access_token"].encode() not in b"".join(hashes)
    assert len(hashes) == len(set(hashes))


def test_getting_a_token_is_noted_as_the_last_use(desk: Desk) -> None:
    body = {
        "name": "甲", "role": "provider", "jurisdiction": "cn-3710",
        "organisation": ENTERPRISE_USCC,
    }  # fmt: skip
    made = desk.administrator.post("/api/v1/clients", body).get_json()
    path = f"/api/v1/clients/{made['client_id']}/credentials"
    [before] = desk.administrator.get(path).get_json()["credentials"]

    desk.signed_in(made)

    [after] = desk.administrator.get(path).get_json()["credentials"]
    assert before["last_used_at"] is None
    assert after["last_used_at"] > before["created_at"]


# When it stops.


def test_a_token_stops_at_once_with_its_client(desk: Desk) -> None:
    before = desk.provider.get("/api/v1/filings").status_code

    desk.administrator.post(f"/api/v1/clients/{desk.provider.client_id}/revocation", {})

    after = desk.provider.get("/api/v1/filings")
    assert before == 200
    assert problem_of(after)["code"] == "token-refused"
    refused(desk.token_for(desk.provider.client_id, desk.provider.secret), "invalid_client", 401)


def test_a_token_stops_when_its_time_is_over(desk: Desk) -> None:
    seconds = desk.bank.house.settings.access_token_seconds
    with desk.bank.reading() as session:
        client_of_token(
            session, desk.provider.token, now=utc_now() + timedelta(seconds=seconds - 60)
        )

        with pytest.raises(TokenRefusedError):
            client_of_token(
                session, desk.provider.token, now=utc_now() + timedelta(seconds=seconds)
            )


def test_a_token_lives_no_longer_than_the_secret_that_got_it(desk: Desk) -> None:
    ends_at = utc_now() + timedelta(minutes=10)
    path = f"/api/v1/clients/{desk.provider.client_id}/secrets"
    made = desk.administrator.post(path, {"expires_at": ends_at.isoformat()}).get_json()

    answer = desk.token_for(desk.provider.client_id, made["client_secret"]).get_json()

    assert 500 <= answer["expires_in"] <= 600


def test_what_is_over_is_forgotten_and_what_holds_is_not(desk: Desk) -> None:
    key = OKPKey.generate_key("Ed25519")
    assert sent(desk, signed(key, claims(registered(desk, key)))).status_code == 200
    held = desk.row_counts()

    with desk.bank.unit() as session:
        young = forget_tokens(session, before=utc_now() + timedelta(seconds=120))
        every = forget_tokens(session, before=utc_now() + timedelta(seconds=4_000))

    assert young == 0
    assert every == held["access_token"] + held["client_assertion"]


# By assertion.


def test_an_assertion_signed_with_either_kind_of_key_gets_a_token(desk: Desk) -> None:
    young, old = OKPKey.generate_key("Ed25519"), ECKey.generate_key("P-256")

    answers = [
        sent(desk, signed(young, claims(registered(desk, young)))),
        sent(desk, signed(old, claims(registered(desk, old)), "ES256")),
    ]

    for answer in answers:
        token = answer.get_json()["access_token"]
        assert Caller(desk.http, token).get("/api/v1/filings").status_code == 200


def test_an_assertion_is_made_out_to_the_endpoint_or_to_the_issuer(desk: Desk) -> None:
    key = OKPKey.generate_key("Ed25519")
    client_id = registered(desk, key)

    answers = [
        sent(desk, signed(key, claims(client_id, aud=audience, jti=str(number))))
        for number, audience in enumerate((ISSUER + TOKEN, ISSUER, [ISSUER + TOKEN]))
    ]

    assert [each.status_code for each in answers] == [200] * 3


def test_an_assertion_gets_one_token(desk: Desk) -> None:
    key = OKPKey.generate_key("Ed25519")
    assertion = signed(key, claims(registered(desk, key)))

    first, second = sent(desk, assertion), sent(desk, assertion)

    assert first.status_code == 200
    assert "jti" in refused(second, "invalid_client", 401)["error_description"]


def test_an_assertion_at_once_from_many_sides_gets_one_token(desk: Desk) -> None:
    key = OKPKey.generate_key("Ed25519")
    assertion = signed(key, claims(registered(desk, key)))
    statuses, gate = list[int](), threading.Barrier(6)

    def send() -> None:
        form = GRANT | {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        gate.wait()
        statuses.append(desk.bank.app.test_client().post(TOKEN, data=form).status_code)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200] + [401] * 5


def test_an_assertion_that_failed_otherwise_is_not_used_up(desk: Desk) -> None:
    key = OKPKey.generate_key("Ed25519")
    assertion = signed(key, claims(registered(desk, key)))

    refused(sent(desk, assertion, scope="balance:read"), "invalid_scope")

    assert sent(desk, assertion).status_code == 200


def test_two_clients_may_choose_the_same_number(desk: Desk) -> None:
    key, other = OKPKey.generate_key("Ed25519"), OKPKey.generate_key("Ed25519")

    answers = [
        sent(desk, signed(each, claims(registered(desk, each), jti="1"))) for each in (key, other)
    ]

    assert [each.status_code for each in answers] == [200, 200]


NOW = int(utc_now().timestamp())
WRONG: dict[str, dict[str, Any]] = {
    "no-audience": {"aud": None},
    "another-bank": {"aud": "https://another.example/api/v1/oauth/token"},
    "two-audiences": {"aud": [ISSUER, "https://another.example"]},
    "no-list": {"aud": []},
    "audience-object": {"aud": {"a": 1}},
    "no-end": {"exp": None},
    "over": {"exp": NOW - 3_600},
    "too-long": {"exp": NOW + 86_400},
    "end-text": {"exp": "tomorrow"},
    "end-true": {"exp": True},
    "end-huge": {"exp": 10**40},
    "end-huge-float": {"exp": 1e300},
    "made-tomorrow": {"iat": NOW + 86_400},
    "not-yet": {"nbf": NOW + 3_000},
    "no-number": {"jti": None},
    "empty-number": {"jti": ""},
    "long-number": {"jti": "x" * 5_000},
    "number-7": {"jti": 7},
    "no-issuer": {"iss": None},
    "no-subject": {"sub": None},
    "another-issuer": {"iss": "provider-00000000"},
    "subject-list": {"sub": ["a"], "iss": ["a"]},
    "subject-nul": {"sub": "a\x00", "iss": "a\x00"},
    "nobody": {"sub": "provider-00000000", "iss": "provider-00000000"},
}


def test_an_assertion_that_says_something_wrong_is_refused(desk: Desk) -> None:
    key = OKPKey.generate_key("Ed25519")
    client_id = registered(desk, key)
    before = desk.row_counts()

    said = {
        name: sent(desk, signed(key, claims(client_id, **wrong))).get_json().get("error")
        for name, wrong in WRONG.items()
    }

    assert said == dict.fromkeys(WRONG, "invalid_client")
    assert desk.row_counts() == before


def test_a_number_beyond_unicode_is_no_trouble(desk: Desk) -> None:
    key = OKPKey.generate_key("Ed25519")
    client_id = registered(desk, key)
    payload = json.dumps(claims(client_id, jti="\ud800"))  # a lone surrogate, escaped

    token = jws.serialize_compact({"alg": "Ed25519"}, payload, key, algorithms=["Ed25519"])

    assert sent(desk, token).status_code == 200


def test_an_assertion_under_another_key_is_refused(desk: Desk) -> None:
    key, other = OKPKey.generate_key("Ed25519"), OKPKey.generate_key("Ed25519")
    client_id = registered(desk, key)
    registered(desk, other)

    response = sent(desk, signed(other, claims(client_id)))

    assert "signature" in refused(response, "invalid_client", 401)["error_description"]


def test_an_assertion_that_was_changed_is_refused(desk: Desk) -> None:
    key = OKPKey.generate_key("Ed25519")
    client_id = registered(desk, key)
    head, _body, seal = signed(key, claims(client_id)).split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims(client_id, jti="2")).encode()).rstrip(b"=")

    refused(sent(desk, f"{head}.{body.decode()}.{seal}"), "invalid_client", 401)


def test_an_assertion_under_another_algorithm_is_refused(desk: Desk) -> None:
    key = OKPKey.generate_key("Ed25519")
    _head, body, seal = signed(key, claims(registered(desk, key))).split(".")

    for algorithm in ("none", "HS256", "RS256", "ES256", "EdDSA"):
        head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm}).encode()).rstrip(b"=")
        refused(sent(desk, f"{head.decode()}.{body}.{seal}"), "invalid_client", 401)


def test_a_public_key_is_no_secret_to_sign_with(desk: Desk) -> None:
    key = OKPKey.generate_key("Ed25519")
    client_id = registered(desk, key)
    public = OctKey.import_key(json.dumps(key.as_dict(private=False)))

    refused(sent(desk, signed(public, claims(client_id), "HS256")), "invalid_client", 401)


def test_what_is_no_assertion_is_refused(desk: Desk) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 4_000).decode().rstrip("=")
    head = signed(OKPKey.generate_key("Ed25519"), {}).partition(".")[0]

    for assertion in (
        "", "a", "a.b", "a.b.c", "...", "e30.e30.e30", f"{head}.bnVsbA.AA", "é.b.c", "W10.W10.AA",
        "eyJhbGciOltdfQ.e30.AA", f"{head}.{deep}.AA", f"{head}.{deep}",
    ):  # fmt: skip
        refused(sent(desk, assertion), "invalid_client", 401)
    refused(sent(desk, "x" * 9_000), "invalid_request")


def test_another_type_of_assertion_is_refused(desk: Desk) -> None:
    key = OKPKey.generate_key("Ed25519")
    assertion = signed(key, claims(registered(desk, key)))

    response = sent(desk, assertion, client_assertion_type="urn:saml")

    refused(response, "invalid_client", 401)


def test_an_assertion_beside_another_client_id_is_refused(desk: Desk) -> None:
    key = OKPKey.generate_key("Ed25519")
    assertion = signed(key, claims(registered(desk, key)))

    refused(sent(desk, assertion, client_id=desk.provider.client_id), "invalid_client", 401)


def test_a_client_that_signs_has_no_secret_to_steal(desk: Desk) -> None:
    key = OKPKey.generate_key("Ed25519")
    client_id = registered(desk, key)

    with desk.bank.reading() as session:
        [credential] = credentials_of(session, client_id)
    assert (credential.kind, credential.secret_hash) == ("public_key", None)
    refused(desk.token_for(client_id, "cbs_x"), "invalid_client", 401)


# What clients can learn by themselves.


def test_the_server_tells_where_and_how_tokens_are_had(desk: Desk) -> None:
    told = desk.nobody.get("/.well-known/oauth-authorization-server").get_json()

    assert told["issuer"] == ISSUER
    assert told["token_endpoint"] == ISSUER + TOKEN
    assert told["grant_types_supported"] == ["client_credentials"]
    assert [] not in told.values()
    assert set(told["token_endpoint_auth_methods_supported"]) == {
        "client_secret_basic", "client_secret_post", "private_key_jwt",
    }  # fmt: skip
    assert told["token_endpoint_auth_signing_alg_values_supported"] == ["Ed25519", "ES256"]


def test_a_host_that_a_request_names_is_not_believed(desk: Desk) -> None:
    told = desk.http.get(
        "/.well-known/oauth-authorization-server", headers={"Host": "evil.example"}
    ).get_json()

    assert "evil.example" not in json.dumps(told)


def test_an_unforeseen_failure_is_told_as_oauth_has_it(desk: Desk, database: Database) -> None:
    owner = create_engine(database.owner_url)
    with owner.begin() as connection:
        connection.execute(text("DROP TABLE access_token"))
    owner.dispose()

    response = desk.token_for(desk.provider.client_id, desk.provider.secret)

    assert "access_token" not in refused(response, "server_error", 500)["detail"]


def test_a_form_beyond_the_limit_is_refused_before_it_is_read(desk: Desk) -> None:
    limit = desk.bank.house.settings.request_bytes_max

    response = desk.http.post(
        TOKEN, data=b"a" * (limit + 1), content_type="application/x-www-form-urlencoded"
    )

    refused(response, "invalid_request", 413)


def test_rows_of_credentials_and_assertions_hold_no_secret(desk: Desk) -> None:
    key = RSAKey.generate_key(2048)
    body = {"name": "甲", "role": "official", "jurisdiction": "cn-3710"}

    refusal = desk.administrator.post(
        "/api/v1/clients", body | {"public_key": key.as_dict(private=False)}
    )

    assert problem_of(refusal)["errors"][0]["code"] == "jwk-unfit"
    with desk.bank.reading() as session:
        for table in (ClientCredential, ClientAssertion):
            assert desk.provider.secret not in str(session.execute(select(table)).all())
