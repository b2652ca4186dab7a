"""An OAuth2 client by others gets tokens over HTTP, having read for itself where they are had."""

import json

import pytest
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from joserfc.jwk import ECKey, OKPKey
from requests import get

from tests.api.desk import Desk
from tests.bank import ENTERPRISE_USCC


def discovered(address: str) -> AuthorizationServerMetadata:
    """Fetch the metadata as RFC 8414 has it, and have every member checked."""
    told = get(f"{address}/.well-known/oauth-authorization-server", timeout=60).json()
    metadata = AuthorizationServerMetadata(told)
    # It insists on https, which a test has not; and on response types, which there are none of.
    secure = AuthorizationServerMetadata(json.loads(json.dumps(told).replace("http:", "https:")))
    for member in told:
        getattr(secure, f"validate_{member}")()
    assert metadata["issuer"] == address
    return metadata


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_client_of_others_gets_a_token_by_its_secret_and_calls(
    served: tuple[Desk, str], method: str
) -> None:
    desk, address = served
    endpoint = discovered(address)["token_endpoint"]
    session = OAuth2Session(
        desk.provider.client_id, desk.provider.secret, scope="filing:read",
        token_endpoint_auth_method=method,
    )  # fmt: skip

    token = session.fetch_token(endpoint, grant_type="client_credentials")

    assert token["scope"] == "filing:read"
    assert session.get(f"{address}/api/v1/filings", timeout=60).json()["filings"] == []


@pytest.mark.parametrize("algorithm", ["Ed25519", "ES256"])
def test_a_client_of_others_gets_a_token_by_its_key_and_calls(
    served: tuple[Desk, str], algorithm: str
) -> None:
    desk, address = served
    metadata = discovered(address)
    assert algorithm in metadata["token_endpoint_auth_signing_alg_values_supported"]
    key: OKPKey | ECKey = (
        OKPKey.generate_key("Ed25519") if algorithm == "Ed25519" else ECKey.generate_key("P-256")
    )
    body = {
        "name": "甲", "role": "provider", "jurisdiction": "cn-3710",
        "organisation": ENTERPRISE_USCC, "public_key": key.as_dict(private=False),
    }  # fmt: skip
    client_id = desk.administrator.post("/api/v1/clients", body).get_json()["client_id"]
    session = OAuth2Session(client_id, key, token_endpoint_auth_method="private_key_jwt")
    session.register_client_auth_method(PrivateKeyJWT(metadata["token_endpoint"], alg=algorithm))

    session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")

    assert session.get(f"{address}/api/v1/filings", timeout=60).status_code == 200


def test_a_client_of_others_understands_a_refusal(served: tuple[Desk, str]) -> None:
    desk, address = served
    session = OAuth2Session(desk.provider.client_id, "cbs_wrong")

    with pytest.raises(OAuthError) as refused:
        session.fetch_token(f"{address}/api/v1/oauth/token", grant_type="client_credentials")

    assert refused.value.error == "invalid_client"
    assert "secret" in str(refused.value.description)
