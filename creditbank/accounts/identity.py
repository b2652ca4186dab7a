"""Identity providers: somebody else vouches for who stands at the door.

A provider sends people away and reads what comes back; what it vouches for is one `Vouched`,
whatever the protocol. `OpenIdProvider` speaks OpenID Connect: authorization code, PKCE, state and
nonce. All three follow from the browser's own secret cookie, so nothing is kept between the two
visits and nobody else's answer fits this browser.
"""

import base64
import hashlib
import hmac
import ipaddress
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from creditbank.config import Settings
from creditbank.errors import CreditBankError
from creditbank.people.documents import Document, DocumentKind, read_document, read_name

#: How long somebody may stay at the provider.
_AWAY = timedelta(minutes=10)
_LEEWAY = timedelta(minutes=2)
_SECONDS = 10
_BYTES_MAX = 262_144
_ALGORITHMS = ["RS256", "PS256", "ES256", "Ed25519", "EdDSA"]
_DISCOVERY = "/.well-known/openid-configuration"
_Members = dict[str, Any]


class IdentityRefusedError(CreditBankError):
    """What came back does not belong to this browser, is too old, or says no."""

    code = "identity-refused"
    status = 403


class IdentityProviderError(CreditBankError):
    """The provider does not answer, or not as agreed."""

    code = "identity-provider-failed"
    status = 502


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a provider vouches for; names and numbers are never printed."""

    issuer: str
    subject: str = field(repr=False)
    name: str = field(repr=False)
    #: None where it vouches for no number
    document: Document | None


class IdentityProvider(Protocol):
    """Anything that can vouch for people."""

    def departure(self, browser: str, return_url: str, *, now: datetime) -> str:
        """Return where to send somebody; `browser` is the secret of their cookie."""

    def arrival(
        self, browser: str, return_url: str, query: Mapping[str, str], *, now: datetime
    ) -> Vouched:
        """Read what somebody brings back.

        Raises:
            IdentityRefusedError, IdentityProviderError: nobody is vouched for.
        """


class OpenIdProvider:
    """An OpenID Connect provider, known by its discovery document."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._issuer = settings.oidc_issuer.rstrip("/")
        self._known: _Members = {}

    def departure(self, browser: str, return_url: str, *, now: datetime) -> str:
        """Return the address of the provider's own sign-in page."""
        seed = f"{secrets.token_urlsafe(16)}.{int(now.timestamp())}"
        verifier = _derived(browser, "verifier", seed)
        challenge = _base64url(hashlib.sha256(verifier.encode("ascii")).digest())
        query = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": return_url,
            "scope": self._settings.oidc_scopes,
            "state": f"{seed}.{_derived(browser, 'state', seed)}",
            "nonce": _derived(browser, "nonce", seed),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = self._endpoint("authorization_endpoint")
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    def arrival(
        self, browser: str, return_url: str, query: Mapping[str, str], *, now: datetime
    ) -> Vouched:
        """Exchange the code and read the ID token, and what else is known where that is needed."""
        seed = _seed_of(browser, query.get("state", ""), now)
        if not query.get("code"):
            raise IdentityRefusedError
        tokens = self._tokens(query["code"], return_url, _derived(browser, "verifier", seed))
        claims = self._claims(
            str(tokens.get("id_token", "")), _derived(browser, "nonce", seed), now
        )
        wanted = [self._settings.oidc_name_claim, self._settings.oidc_number_claim]
        if any(each and each not in claims for each in wanted):
            claims = {**self._more(tokens, str(claims["sub"])), **claims}
        return self._vouched(claims)

    def _tokens(self, code: str, return_url: str, verifier: str) -> _Members:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": return_url,
            "client_id": self._settings.oidc_client_id,
            "code_verifier": verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if self._settings.oidc_client_secret:
            who = (self._settings.oidc_client_id, self._settings.oidc_client_secret)
            both = ":".join(quote(each, safe="") for each in who)
            headers["Authorization"] = "Basic " + base64.b64encode(both.encode()).decode()
        return self._fetch(self._endpoint("token_endpoint"), headers, urlencode(form).encode())

    def _claims(self, token: str, nonce: str, now: datetime) -> _Members:
        keys = self._fetch(self._endpoint("jwks_uri"), {})
        try:
            found = jwt.decode(token, KeySet.import_key_set(keys), algorithms=_ALGORITHMS)  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise IdentityProviderError(step="id_token") from error
        claims = dict(found.claims)
        self._require_claims(claims, nonce, now)
        return claims

    def _require_claims(self, claims: _Members, nonce: str, now: datetime) -> None:
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        mine, expires = self._settings.oidc_client_id, claims.get("exp")
        holds = (
            claims.get("iss") == self._known["issuer"]
            and mine in audiences
            and claims.get("azp", mine) == mine
            and isinstance(expires, int)
            and expires > int((now - _LEEWAY).timestamp())
            and isinstance(claims.get("sub"), str)
        )
        if not holds:
            raise IdentityProviderError(step="claims")
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise IdentityRefusedError

    def _more(self, tokens: _Members, subject: str) -> _Members:
        if "userinfo_endpoint" not in self._known:
            return {}
        bearer = {"Authorization": f"Bearer {tokens.get('access_token', '')}"}
        found = self._fetch(self._endpoint("userinfo_endpoint"), bearer)
        if found.get("sub") != subject:
            raise IdentityProviderError(step="userinfo")
        return found

    def _vouched(self, claims: _Members) -> Vouched:
        number = claims.get(self._settings.oidc_number_claim) or ""
        document = read_document(DocumentKind.RESIDENT_ID, str(number)) if number else None
        name = claims.get(self._settings.oidc_name_claim) or ""
        if document is not None:
            name = read_name(str(name))
        return Vouched(self._issuer, str(claims["sub"]), str(name), document)

    def _endpoint(self, name: str) -> str:
        if not self._known:
            found = self._fetch(self._issuer + _DISCOVERY, {})
            if str(found.get("issuer", "")).rstrip("/") != self._issuer:
                raise IdentityProviderError(step="issuer")
            self._known = found
        address = self._known.get(name)
        if not isinstance(address, str):
            raise IdentityProviderError(step=name)
        return address

    def _fetch(
        self, address: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> _Members:
        if not _is_safe(address):
            raise IdentityProviderError(step="address")
        request = Request(address, body, {"Accept": "application/json", **headers})  # noqa: S310
        try:
            with build_opener(_NoRedirect).open(request, timeout=_SECONDS) as answer:
                said = json.loads(answer.read(_BYTES_MAX))
        except (URLError, HTTPException, OSError, ValueError, RecursionError) as error:
            if isinstance(error, HTTPError):
                error.close()
            raise IdentityProviderError(step="request") from error
        if not isinstance(said, dict):
            raise IdentityProviderError(step="answer")
        return said


class _NoRedirect(HTTPRedirectHandler):
    """A provider's endpoints are where its discovery document says; nothing leads elsewhere."""

    def redirect_request(self, *_arguments: Any, **_named: Any) -> None:
        """Follow nothing."""


def _seed_of(browser: str, state: str, now: datetime) -> str:
    """Return what this browser's departure began with.

    Raises:
        IdentityRefusedError: another browser's, an old one's, or nobody's.
    """
    seed, _, mac = state.rpartition(".")
    begun = seed.rpartition(".")[2]
    fits = hmac.compare_digest(mac.encode("utf-8"), _derived(browser, "state", seed).encode())
    if not fits or not begun.isdigit():
        raise IdentityRefusedError
    if int(now.timestamp()) - int(begun) > _AWAY.total_seconds():
        raise IdentityRefusedError
    return seed


def _derived(browser: str, what: str, seed: str) -> str:
    said = f"creditbank/oidc/v1\n{what}\n{seed}".encode()
    return _base64url(hmac.digest(browser.encode("utf-8"), said, hashlib.sha256))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _is_safe(address: str) -> bool:
    """Tell whether an address is HTTPS, or plain HTTP on this machine itself."""
    parts = urlsplit(address)
    if parts.scheme == "https":
        return True
    try:
        is_loopback = ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        is_loopback = False
    return parts.scheme == "http" and is_loopback
