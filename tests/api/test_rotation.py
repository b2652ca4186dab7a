"""Rotation: a new secret or public key takes over from the old one, without a pause and in time."""

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from creditbank.clock import utc_now
from creditbank.registry.clients import Role
from creditbank.registry.tokens import (
    ClientRefusedError,
    TokenRefusedError,
    client_of_token,
    prove_by_secret,
)
from tests.api.desk import Caller, Desk, problem_of

Members = Mapping[str, Any]


def path_of(caller: Caller, what: str) -> str:
    return f"/api/v1/clients/{caller.client_id}/{what}"


def held(desk: Desk, caller: Caller) -> list[Members]:
    listed = desk.administrator.get(path_of(caller, "credentials")).get_json()
    found: list[Members] = listed["credentials"]
    return found


def rotated(desk: Desk, caller: Caller, **said: str) -> Members:
    response = desk.administrator.post(path_of(caller, "secrets"), said)
    assert response.status_code == 201, response.get_json()
    made: Members = response.get_json()
    return made


def proves(desk: Desk, caller: Caller, secret: str, at: datetime) -> bool:
    try:
        with desk.bank.reading() as session:
            prove_by_secret(session, caller.client_id, secret, now=at)
    except ClientRefusedError:
        return False
    return True


def public(key: OKPKey | ECKey | RSAKey | OctKey) -> dict[str, Any]:
    return dict(key.as_dict(private=False))


def test_both_secrets_hold_until_the_set_time_and_then_the_new_one_alone(desk: Desk) -> None:
    provider, ends_at = desk.provider, utc_now() + timedelta(hours=2)

    new = rotated(desk, provider, old_ends_at=ends_at.isoformat())["client_secret"]

    before, after = ends_at - timedelta(seconds=1), ends_at + timedelta(seconds=1)
    assert [proves(desk, provider, each, before) for each in (provider.secret, new)] == [True, True]
    assert [proves(desk, provider, each, after) for each in (provider.secret, new)] == [False, True]


def test_the_old_secret_has_a_day_where_nobody_says_otherwise(desk: Desk) -> None:
    rotated(desk, desk.provider)

    newest, oldest = held(desk, desk.provider)
    ends_at = datetime.fromisoformat(oldest["expires_at"])
    made_at = datetime.fromisoformat(newest["created_at"])
    assert ends_at - made_at == timedelta(hours=24)
    assert newest["expires_at"] is None


def test_an_end_that_was_set_is_brought_forward_and_never_put_off(desk: Desk) -> None:
    soon, late = utc_now() + timedelta(hours=1), utc_now() + timedelta(days=30)
    second = rotated(desk, desk.provider, old_ends_at=soon.isoformat())
    desk.administrator.post(
        path_of(desk.provider, f"credentials/{second['credential_no']}/revocation"), {}
    )

    rotated(desk, desk.provider, old_ends_at=late.isoformat())

    assert datetime.fromisoformat(held(desk, desk.provider)[-1]["expires_at"]) == soon


def test_a_third_secret_waits_until_one_of_the_two_has_gone(desk: Desk) -> None:
    second = rotated(desk, desk.provider)

    third = desk.administrator.post(path_of(desk.provider, "secrets"), {})
    desk.administrator.post(
        path_of(desk.provider, f"credentials/{second['credential_no']}/revocation"), {}
    )

    assert problem_of(third)["code"] == "credentials-full"
    assert second["credential_no"] in problem_of(third)["facts"]["held"]
    rotated(desk, desk.provider)


def test_secrets_and_public_keys_are_counted_apart(desk: Desk) -> None:
    keys = [OKPKey.generate_key("Ed25519"), ECKey.generate_key("P-256")]
    rotated(desk, desk.provider)

    answers = [
        desk.administrator.post(path_of(desk.provider, "public-keys"), {"public_key": public(key)})
        for key in keys
    ]

    assert [each.status_code for each in answers] == [201, 201]
    assert [each["kind"] for each in held(desk, desk.provider)] == ["public_key"] * 2 + [
        "secret"
    ] * 2


def test_a_revoked_secret_takes_its_tokens_along_and_leaves_the_others(desk: Desk) -> None:
    [first] = held(desk, desk.provider)
    moved = desk.signed_in(rotated(desk, desk.provider))
    path = path_of(desk.provider, f"credentials/{first['credential_no']}/revocation")

    revoked = desk.administrator.post(path, {})
    again = desk.administrator.post(path, {})

    assert desk.provider.get("/api/v1/filings").status_code == 401
    assert moved.get("/api/v1/filings").status_code == 200
    assert revoked.get_json()["revoked_at"] == again.get_json()["revoked_at"]


def test_an_old_secret_that_ends_takes_its_tokens_along(desk: Desk) -> None:
    ends_at = utc_now() + timedelta(minutes=1)

    rotated(desk, desk.provider, old_ends_at=ends_at.isoformat())

    with desk.bank.reading() as session:
        client_of_token(session, desk.provider.token, now=ends_at - timedelta(seconds=1))
        with pytest.raises(TokenRefusedError):
            client_of_token(session, desk.provider.token, now=ends_at)


def test_a_listed_credential_tells_what_happened_to_it_and_no_secret(desk: Desk) -> None:
    made = rotated(desk, desk.provider)

    listed = desk.administrator.get(path_of(desk.provider, "credentials"))

    text = listed.get_data(as_text=True)
    assert made["client_secret"] not in text
    assert desk.provider.secret not in text
    assert {name: listed.get_json()["credentials"][0][name] for name in ("kind", "created_by")} == {
        "kind": "secret", "created_by": desk.administrator.client_id,
    }  # fmt: skip


def test_a_retry_of_a_rotation_adds_no_secret_and_shows_none(desk: Desk) -> None:
    path = path_of(desk.provider, "secrets")

    first = desk.administrator.post(path, {}, retry="once").get_json()
    again = desk.administrator.post(path, {}, retry="once").get_json()

    assert len(held(desk, desk.provider)) == 2
    assert again["credential_no"] == first["credential_no"]
    assert "client_secret" not in again
    assert again["secret_note"]


def test_an_end_that_is_over_is_refused(desk: Desk) -> None:
    past = (utc_now() - timedelta(seconds=5)).isoformat()

    for said in ({"expires_at": past}, {"old_ends_at": past}):
        response = desk.administrator.post(path_of(desk.provider, "secrets"), said)
        assert problem_of(response)["code"] == "credential-end-past"
    assert len(held(desk, desk.provider)) == 1


def test_a_private_key_is_refused_without_being_repeated(desk: Desk) -> None:
    private = OKPKey.generate_key("Ed25519").as_dict(private=True)

    response = desk.administrator.post(
        path_of(desk.provider, "public-keys"), {"public_key": private}
    )

    assert problem_of(response)["errors"][0] | {"wanted": ""} == {
        "path": "/public_key", "code": "jwk-private", "wanted": "",
    }  # fmt: skip
    assert str(private["d"]) not in response.get_data(as_text=True)
    assert len(held(desk, desk.provider)) == 1


def test_a_key_of_another_kind_is_refused(desk: Desk) -> None:
    young, old = public(OKPKey.generate_key("Ed25519")), public(ECKey.generate_key("P-256"))
    unfit: list[Any] = [
        {}, {"kty": "OKP"}, {"kty": ["OKP"], "crv": "Ed25519", "x": "A"}, {"crv": {"a": 1}},
        young | {"crv": "X25519"}, young | {"x": "AA"}, young | {"x": young["x"] + "="},
        young | {"x": 7}, young | {"kty": "EC"}, young | {"x": "é" * 43},
        old | {"y": old["x"]}, old | {"crv": "P-384"}, old | {"kty": "OKP"}, old | {"y": ""},
        public(RSAKey.generate_key(2048)),
    ]  # fmt: skip

    codes = {
        problem_of(
            desk.administrator.post(path_of(desk.provider, "public-keys"), {"public_key": jwk})
        )["errors"][0]["code"]
        for jwk in unfit
    }
    shared = desk.administrator.post(
        path_of(desk.provider, "public-keys"),
        {"public_key": OctKey.generate_key(256).as_dict(private=True)},
    )

    assert codes == {"jwk-unfit"}
    assert problem_of(shared)["errors"][0]["code"] == "jwk-private"
    assert len(held(desk, desk.provider)) == 1


def test_a_registered_key_is_kept_without_what_it_does_not_need(desk: Desk) -> None:
    jwk = public(ECKey.generate_key("P-256"))

    made = desk.administrator.post(
        path_of(desk.provider, "public-keys"),
        {"public_key": {**jwk, "kid": "mine", "use": "sig", "x5c": ["AAAA"]}},
    ).get_json()
    again = desk.administrator.post(path_of(desk.provider, "public-keys"), {"public_key": jwk})

    assert made["public_key"] == jwk
    assert problem_of(again)["code"] == "credential-known"


def test_a_client_of_another_region_is_not_rotated(desk: Desk) -> None:
    far = desk.caller(Role.ADMINISTRATOR, "cn-33")
    [first] = held(desk, desk.provider)

    refused = [
        far.get(path_of(desk.provider, "credentials")),
        far.post(path_of(desk.provider, "secrets"), {}),
        far.post(path_of(desk.provider, f"credentials/{first['credential_no']}/revocation"), {}),
    ]

    assert {problem_of(each)["code"] for each in refused} == {"region-foreign"}


def test_a_credential_is_revoked_under_its_own_client_only(desk: Desk) -> None:
    [first] = held(desk, desk.official)

    response = desk.administrator.post(
        path_of(desk.provider, f"credentials/{first['credential_no']}/revocation"), {}
    )

    assert problem_of(response)["code"] == "credential-unknown"
    assert desk.official.get("/api/v1/filings").status_code == 200


def test_nothing_is_added_to_a_client_that_was_stopped(desk: Desk) -> None:
    desk.administrator.post(path_of(desk.provider, "revocation"), {})

    response = desk.administrator.post(path_of(desk.provider, "secrets"), {})

    assert problem_of(response)["code"] == "client-unknown"


@pytest.mark.parametrize("kind", ["secrets", "public-keys"])
def test_rotations_at_once_never_leave_more_than_two(desk: Desk, kind: str) -> None:
    statuses, gate = list[int](), threading.Barrier(8)

    def rotate() -> None:
        caller = Caller(desk.bank.app.test_client(), desk.administrator.token)
        body = {"public_key": public(OKPKey.generate_key("Ed25519"))} if kind != "secrets" else {}
        gate.wait()
        statuses.append(caller.post(path_of(desk.provider, kind), body).status_code)

    threads = [threading.Thread(target=rotate) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    room = 1 if kind == "secrets" else 2
    assert sorted(statuses) == [201] * room + [409] * (8 - room)
    found = [each["kind"] for each in held(desk, desk.provider)]
    assert found.count(kind.replace("-", "_").removesuffix("s")) == 2


def test_every_change_of_a_credential_is_an_act(desk: Desk) -> None:
    before = desk.row_counts()["journal_act"]

    made = rotated(desk, desk.provider)
    path = path_of(desk.provider, f"credentials/{made['credential_no']}/revocation")
    desk.administrator.post(path, {})
    desk.administrator.post(path, {})

    assert desk.row_counts()["journal_act"] == before + 2
    desk.bank.seal()
    assert desk.bank.fsck() == []
