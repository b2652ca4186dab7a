"""Requests over HTTP: a token fetched when it is wanted, and what was busy or lost asked again.

A write is asked again under the same idempotency key, so it is done once, however often it is sent.
"""

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from creditbank_client.failures import Refused, TokenRefused, Unreachable
from creditbank_client.proving import Proof

TOKEN_PATH = "/api/v1/oauth/token"  # noqa: S105 # an address
_BUSY = frozenset({429, 502, 503, 504})
_UNAUTHORIZED = 401
_REFUSED = 400
_WAIT_SECONDS_MAX = 60.0
#: A token is renewed so long before it ends, so that none ends on its way.
_MARGIN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How often something is tried, and what waits in between (seconds)."""

    attempts: int = 6
    first_wait_seconds: float = 0.5
    sleep: Callable[[float], None] = time.sleep

    def waits(self) -> Iterator[float]:
        """Give how long to wait before each further attempt: twice as long each time, or less.

        Less by chance, so that many clients that failed together do not come back together.
        """
        for attempt in range(self.attempts - 1):
            longest = min(self.first_wait_seconds * 2**attempt, _WAIT_SECONDS_MAX)
            yield longest * random.uniform(0.5, 1)  # noqa: S311 # no secret


class Caller:
    """Sends requests as one client of one bank; may be shared by threads.

    Args:
        http: how to reach the bank; its `base_url` is the bank's address.
        client_id: the client.
        proof: its secret or key.
        patience: how often to try.
    """

    def __init__(
        self, http: httpx.Client, client_id: str, proof: Proof, patience: Patience
    ) -> None:
        self._http = http
        self._client_id = client_id
        self._proof = proof
        self._patience = patience
        self._lock = threading.Lock()
        self._token, self._token_ends = "", 0.0

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request with a token, and return the answer.

        Raises:
            Refused: the bank refused it.
            TokenRefused: the bank gives this client no token.
            Unreachable: there was no answer, however often it was tried.
        """
        token = self._current_token()
        response = self._tried(method, path, token, options)
        if response.status_code == _UNAUTHORIZED:  # rotated or revoked since: once more, anew
            response = self._tried(method, path, self._current_token(but=token), options)
        return _answered(response)

    def read_public(self, path: str) -> httpx.Response:
        """Read what anybody may.

        Raises:
            Refused, Unreachable: as with `send`.
        """
        return _answered(self._tried("GET", path, "", {}))

    def lines(self, path: str) -> Iterator[str]:
        """Read a long answer line by line, without ever holding the whole of it.

        Raises:
            Refused, TokenRefused, Unreachable: as with `send`. What was read before it broke off
                stands; whoever reads again begins at the first line.
        """
        headers = {"Authorization": f"Bearer {self._current_token()}"}
        with told_apart(), self._http.stream("GET", path, headers=headers) as response:
            if response.status_code >= _REFUSED:
                response.read()
                _answered(response)
            yield from response.iter_lines()

    def _tried(
        self, method: str, path: str, token: str, options: Mapping[str, Any]
    ) -> httpx.Response:
        headers = dict(options.get("headers", {}))
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return self._retried(
            lambda: self._http.request(method, path, **{**options, "headers": headers})
        )

    def _retried(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        """Send until there is an answer of somebody who is not busy, or patience ends."""
        response: httpx.Response | None = None
        for wait in [0.0, *self._patience.waits()]:
            self._patience.sleep(max(wait, _retry_after(response)))
            try:
                response = send()
            except httpx.TransportError as error:
                response, failure = None, error
                continue
            if response.status_code not in _BUSY:
                return response
        if response is None:
            raise Unreachable(f"no answer from the bank: {failure}") from failure
        raise Unreachable(f"the bank is busy: {response.status_code}")

    def _current_token(self, *, but: str = "") -> str:
        """Return a token that will hold for a while, other than `but`."""
        with self._lock:
            if not self._token or self._token == but or time.monotonic() >= self._token_ends:
                self._fetch_token()
            return self._token

    def _fetch_token(self) -> None:
        endpoint = str(self._http.base_url).rstrip("/") + TOKEN_PATH
        response = self._retried(lambda: self._http.post(TOKEN_PATH, data=self._form(endpoint)))
        if response.status_code >= _REFUSED:
            raise _no_token(response)
        told = response.json()
        self._token = str(told["access_token"])
        self._token_ends = time.monotonic() + float(told["expires_in"]) - _MARGIN_SECONDS

    def _form(self, endpoint: str) -> Mapping[str, str]:
        """Ask for a token, with a proof made anew: an assertion is good for one attempt."""
        proof = self._proof.parameters(self._client_id, endpoint)
        return {"grant_type": "client_credentials", **proof}


def _no_token(response: httpx.Response) -> TokenRefused:
    with contextlib.suppress(ValueError):
        told = response.json()
        if "error" in told:
            return TokenRefused(str(told["error"]), str(told.get("error_description", "")))
    return TokenRefused("server_error", f"status {response.status_code}")


@contextlib.contextmanager
def told_apart() -> Iterator[None]:
    """Tell failures of the connection as `Unreachable`."""
    try:
        yield
    except httpx.TransportError as error:
        raise Unreachable(f"the answer of the bank broke off: {error}") from error


def _answered(response: httpx.Response) -> httpx.Response:
    if response.status_code >= _REFUSED:
        document: Any = {}
        with contextlib.suppress(ValueError):
            document = response.json()
        raise Refused(response.status_code, document if isinstance(document, dict) else {})
    return response


def _retry_after(response: httpx.Response | None) -> float:
    """Return how long the bank wants to be left alone; 0 where it does not say."""
    said = response.headers.get("Retry-After", "") if response is not None else ""
    return min(float(said), _WAIT_SECONDS_MAX) if said.isdigit() else 0.0
