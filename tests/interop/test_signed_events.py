"""Signed events are verified by somebody else's implementation of RFC 9421 and RFC 9530."""

from typing import Any

import http_message_signatures as signatures
import pytest

from creditbank.clock import utc_now
from creditbank.jobs.outbound import TAG, signed_headers
from creditbank.keys import public_jwk
from tests.bank import TestBank

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
URL, CONTENT = "https://titles.example/events?of=titles", b'{"id":"N7K2M9QXAB7K2M9Q"}'


class Message:
    """A request as its receiver has it."""

    def __init__(self, headers: dict[str, str], url: str = URL) -> None:
        self.method, self.url, self.headers = "POST", url, headers


def verified(bank: TestBank, headers: dict[str, str], content: bytes, url: str = URL) -> Any:
    key = bank.house.keys.newest("verdict-ed25519")

    class Keys(signatures.HTTPSignatureKeyResolver):  # type: ignore[misc,name-defined]
        def resolve_public_key(self, key_id: str) -> Any:
            assert key_id == public_jwk(key)["kid"], "the key is one of the published set"
            return key.ed25519.public_key()

    verifier = signatures.HTTPMessageVerifier(
        signature_algorithm=signatures.algorithms.ED25519, key_resolver=Keys()
    )
    return verifier.verify(Message(headers, url), body=content, expect_tag=TAG)


def test_another_implementation_verifies_an_event(bank: TestBank) -> None:
    headers = dict(signed_headers(bank.house.keys, URL, CONTENT, now=utc_now()))

    [result] = verified(bank, headers, CONTENT)

    assert {'"@method"', '"@target-uri"', '"content-digest"'} <= set(result.covered_components)


@pytest.mark.parametrize("part", ["content", "address", "digest", "signature"])
def test_another_implementation_refuses_what_was_changed(bank: TestBank, part: str) -> None:
    headers = dict(signed_headers(bank.house.keys, URL, CONTENT, now=utc_now()))
    other = dict(signed_headers(bank.house.keys, URL, CONTENT + b" ", now=utc_now()))
    content = CONTENT + b" " if part == "content" else CONTENT
    if part == "digest":
        headers["Content-Digest"] = other["Content-Digest"]
        content = CONTENT + b" "
    if part == "signature":
        headers["Signature"] = other["Signature"]

    with pytest.raises(signatures.HTTPMessageSignaturesException):
        verified(bank, headers, content, URL + "1" if part == "address" else URL)
