"""Tokens for clients: RFC 6749 client credentials, by secret or by signed assertion (RFC 7523).

Failures are told here as OAuth clients read them (RFC 6749 §5.2); everywhere else they are problem
documents.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from flask import Response, json, request
from sqlalchemy.orm import Session
from werkzeug.datastructures import Authorization
from werkzeug.exceptions import HTTPException

from creditbank import catalogue
from creditbank.api.bodies import FormBody
from creditbank.api.endpoints import PREFIX, Call, Door, Public, Reply, Unit
from creditbank.api.problems import (
    TYPE_PREFIX,
    Failure,
    language,
    retry_after,
    translated,
    unforeseen,
)
from creditbank.catalogue import DEFAULT_LANGUAGE, LANGUAGES
from creditbank.db import unit_of_work
from creditbank.errors import CreditBankError
from creditbank.house import current_house
from creditbank.registry.assertions import AssertionRefusedError
from creditbank.registry.bank import BankNotFoundedError, the_bank
from creditbank.registry.clients import Scope
from creditbank.registry.models import ClientCredential
from creditbank.registry.public_keys import ALGORITHMS
from creditbank.registry.tokens import (
    ClientRefusedError,
    OrganisationEndedError,
    ScopeExceededError,
    issue_token,
    prove_by_assertion,
    prove_by_secret,
)
from creditbank.schemas.tokens import (
    ASSERTION_TYPE,
    GRANT,
    ServerMetadata,
    TokenAnswer,
    TokenBody,
    TokenFailure,
)

PATH = "/oauth/token"
METADATA_PATH = "/.well-known/oauth-authorization-server"
#: RFC 6749 §5.2 lets descriptions hold plain ASCII only, without quotes and backslashes.
_PLAIN = str.maketrans({"“": "'", "”": "'", "’": "'", "–": "-", "…": "...", "≤": "<="})
_NOT_PLAIN = re.compile(r'[^\x20-\x7e]|["\\]')
#: Refusals that keep a status of their own; RFC 6749 tells all others as 400.
_OWN_STATUS = (401, 413, 415, 429, 500, 503)

tokens = Door("tokens", __name__, description="Access tokens for clients of the API.")
discovery = Door("discovery", __name__, description="What clients can learn of us by themselves.")


class GrantTypeUnsupportedError(CreditBankError):
    """Another grant than that of clients."""

    code = "grant-type-unsupported"
    status = 400


class ClientProofsManyError(CreditBankError):
    """The client proves itself in two ways at once."""

    code = "client-proofs-many"
    status = 400


_WORDS: Mapping[type[CreditBankError], str] = {
    GrantTypeUnsupportedError: "unsupported_grant_type",
    ScopeExceededError: "invalid_scope",
    ClientRefusedError: "invalid_client",
    AssertionRefusedError: "invalid_client",
    OrganisationEndedError: "unauthorized_client",
}


@dataclass(frozen=True, slots=True)
class _Proof:
    """What the client sent to prove itself: a secret or an assertion."""

    client_id: str
    secret: str
    assertion: str


def _status_of(error: type[CreditBankError]) -> int:
    return error.status if error.status in _OWN_STATUS else 400


def _word_of(error: type[CreditBankError]) -> str:
    if error in _WORDS:
        return _WORDS[error]
    by_status = {429: "temporarily_unavailable", 503: "temporarily_unavailable",
                 500: "server_error"}  # fmt: skip
    return by_status.get(error.status, "invalid_request")


def _members(error: type[CreditBankError], said: str, shown: str) -> dict[str, str]:
    return {
        "error": _word_of(error),
        "error_description": _NOT_PLAIN.sub("'", said.translate(_PLAIN)),
        "error_uri": TYPE_PREFIX + error.code,
        "detail": shown,
    }


def _example_of(error: type[CreditBankError]) -> Mapping[str, Any]:
    title = catalogue.entries()[error.code]["title"]
    return _members(error, title["en"], title[DEFAULT_LANGUAGE])


_FAILURE = Failure("application/json", TokenFailure, _status_of, _example_of)
_EXAMPLE = {
    "grant_type": GRANT,
    "client_id": "provider-k3v9x2m7",
    "client_secret": "cbs_…",
    "scope": "filing:read roster:post",
}


@tokens.post(
    PATH,
    Public.ANYBODY,
    unit=Unit.OWN,
    writes=False,
    body=FormBody(TokenBody(), _EXAMPLE),
    answer=TokenAnswer(),
    refuses=(
        GrantTypeUnsupportedError, ClientProofsManyError, ClientRefusedError,
        AssertionRefusedError, ScopeExceededError, OrganisationEndedError,
    ),
    failure=_FAILURE,
    rate="token",
)  # fmt: skip
def give_token(call: Call) -> Reply:
    """Give a client a token for an hour at most; it stops at once when its client is revoked."""
    if call.body["grant_type"] != GRANT:
        raise GrantTypeUnsupportedError(wanted=GRANT)
    proof = _proof(call.body)
    wanted = frozenset(call.body["scope"].split())
    with unit_of_work() as session:
        credential = _proven(session, proof, call)
        seconds = current_house().settings.access_token_seconds
        issued = issue_token(session, credential, wanted, lifetime_seconds=seconds, now=call.now)
    members = {
        "access_token": issued.token,
        "token_type": "Bearer",
        "expires_in": issued.lifetime_seconds,
        "scope": " ".join(sorted(issued.scopes)),
    }
    return Reply(members, headers={"Pragma": "no-cache"})


@discovery.get(
    METADATA_PATH,
    Public.ANYBODY,
    answer=ServerMetadata(),
    refuses=(BankNotFoundedError,),
)
def read_server_metadata(_call: Call, session: Session) -> Reply:
    """Tell OAuth clients where tokens are had and how (RFC 8414)."""
    issuer = _issuer(session)
    # No response_types_supported: there are none, and RFC 8414 §3.2 has empty lists left out.
    members = {
        "issuer": issuer,
        "token_endpoint": _endpoint(issuer),
        "service_documentation": f"{issuer}{PREFIX}/docs",
        "grant_types_supported": [GRANT],
        "token_endpoint_auth_methods_supported": [
            "client_secret_basic", "client_secret_post", "private_key_jwt",
        ],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "scopes_supported": [str(scope) for scope in Scope],
        "ui_locales_supported": ["zh-CN", "en"],
    }  # fmt: skip
    return Reply(members, headers={"Cache-Control": "public, max-age=300"})


def _proof(body: Mapping[str, str]) -> _Proof:
    """Return the one way in which the client proves itself.

    Raises:
        ClientRefusedError: none.
        ClientProofsManyError: more than one.
    """
    client_id, secret = body["client_id"], body["client_secret"]
    assertion = body["client_assertion"]
    sent = request.authorization
    if "Authorization" in request.headers:
        if secret or assertion:
            raise ClientProofsManyError
        named, secret = _basic(sent)
        if client_id not in ("", named):
            raise ClientRefusedError
        return _Proof(named, secret, "")
    if secret and (assertion or body["client_assertion_type"]):
        raise ClientProofsManyError
    if bool(assertion) != (body["client_assertion_type"] == ASSERTION_TYPE):
        raise ClientRefusedError
    return _Proof(client_id, secret, assertion)


def _basic(sent: Authorization | None) -> tuple[str, str]:
    """Read a Basic header; RFC 6749 §2.3.1 has both halves form-encoded."""
    if sent is None or sent.type != "basic" or not sent.username or not sent.password:
        raise ClientRefusedError
    return unquote_plus(sent.username), unquote_plus(sent.password)


def _proven(session: Session, proof: _Proof, call: Call) -> ClientCredential:
    if not proof.assertion:
        return prove_by_secret(session, proof.client_id, proof.secret, now=call.now)
    issuer = _issuer(session)
    audiences = (_endpoint(issuer), issuer)
    return prove_by_assertion(session, proof.assertion, audiences, proof.client_id, now=call.now)


def _issuer(session: Session) -> str:
    return current_house().public_url(the_bank(session).host)


def _endpoint(issuer: str) -> str:
    return f"{issuer}{PREFIX}{PATH}"


def _refusal(error: CreditBankError) -> Response:
    said = {spoken: catalogue.problem(error, spoken).detail for spoken in LANGUAGES}
    members = _members(type(error), said["en"], said[language()])
    response = Response(
        json.dumps(members), status=_status_of(type(error)), content_type=_FAILURE.media_type
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    if retry_seconds := retry_after(error):
        response.headers["Retry-After"] = str(retry_seconds)
    if response.status_code == ClientRefusedError.status:
        response.headers["WWW-Authenticate"] = 'Basic realm="creditbank", charset="UTF-8"'
    return response


def _http_failure(error: HTTPException) -> Response:
    return _refusal(translated(error))


def _unforeseen(error: Exception) -> Response:
    return _refusal(unforeseen(error))


tokens.register_error_handler(CreditBankError, _refusal)
tokens.register_error_handler(HTTPException, _http_failure)
tokens.register_error_handler(Exception, _unforeseen)
