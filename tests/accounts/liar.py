"""A provider that lies in one way at a time, so that each check is seen to bite."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT_ID = "creditbank"
_KEY = RSAKey.generate_key(2048, {"kid": "liar"})
Claims = dict[str, Any]


class Liar:
    """What a provider says, but for the one thing that a test changes."""

    def __init__(self) -> None:
        self.key = _KEY
        self.issuer = ""
        self.claims: Callable[[Claims], Claims] = lambda claims: claims
        self.signed: Callable[[Claims], str] = self.well_signed
        self.discovery: Callable[[Claims], Any] = lambda said: said
        self.nonce = ""

    def well_signed(self, claims: Claims) -> str:
        """Sign as a provider should."""
        return jwt.encode({"alg": "RS256", "kid": "liar"}, claims, self.key)

    def signed_by_another(self, claims: Claims) -> str:
        """Sign with a key that is not published."""
        other = RSAKey.generate_key(2048, {"kid": "liar"})
        return jwt.encode({"alg": "RS256", "kid": "liar"}, claims, other)

    def signed_with_the_public_key(self, claims: Claims) -> str:
        """Sign with the public key as a shared secret."""
        head = {"alg": "HS256", "kid": "liar"}
        said = ".".join(_base64url(json.dumps(part).encode()) for part in (head, claims))
        secret = self.key.as_pem(private=False)
        return f"{said}.{_base64url(hmac.digest(secret, said.encode(), hashlib.sha256))}"

    def answer(self, path: str) -> Any:
        """Answer a request."""
        if path.endswith("/openid-configuration"):
            names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            return self.discovery(
                {"issuer": self.issuer, **{name: f"{self.issuer}/{name}" for name in names}}
            )
        if path == "/jwks_uri":
            return KeySet([self.key]).as_dict(private=False)
        claims = {
            "iss": self.issuer, "aud": CLIENT_ID, "sub": "somebody", "name": "某人",
            "exp": 4_000_000_000, "iat": 1_700_000_000, "nonce": self.nonce,
        }  # fmt: skip
        return {"access_token": "x", "token_type": "Bearer",
                "id_token": self.signed(self.claims(claims))}  # fmt: skip


@contextmanager
def running_liar() -> Iterator[Liar]:
    """Serve a liar on loopback for as long as the block runs."""
    liar = Liar()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the library's name
            self._answer()

        def do_POST(self) -> None:  # the library's name
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer()

        def _answer(self) -> None:
            body = json.dumps(liar.answer(self.path)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    liar.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield liar
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
