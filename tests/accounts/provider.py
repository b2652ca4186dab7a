"""A real OpenID provider in a process of its own, on loopback, that insists on PKCE.

The provider is a library of others (oidc-provider-mock). It takes a code's verifier without looking
at it, so this file looks; started with `careless` it does not, and the nonce has to do alone.
"""

import base64
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

CARELESS = "careless"


@contextmanager
def running_provider(*, careless: bool = False) -> Iterator[str]:
    """Run a provider for as long as the block does; yield its issuer."""
    command = [sys.executable, "-W", "ignore", "-m", __name__, CARELESS if careless else ""]
    environment = {**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.communicate()


def main(careless: bool) -> None:
    """Serve on a free port, which is printed."""
    import flask
    import oidc_provider_mock  # type: ignore[import-untyped]
    from werkzeug.serving import make_server

    app = oidc_provider_mock.app(require_nonce=True)
    challenges: dict[str, str] = {}

    @app.after_request  # type: ignore[untyped-decorator]
    def remember(response: flask.Response) -> flask.Response:
        codes = parse_qs(urlsplit(response.location or "").query).get("code", [])
        for code in codes:
            challenges[code] = flask.request.args.get("code_challenge", "")
        return response

    @app.before_request  # type: ignore[untyped-decorator]
    def insist() -> tuple[str, int] | None:
        if careless or flask.request.path != "/oauth2/token":
            return None
        digest = hashlib.sha256(flask.request.form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        fits = challenges.get(flask.request.form.get("code", "")) == challenge
        return None if fits else ('{"error": "invalid_grant"}', 400)

    server = make_server("127.0.0.1", 0, app, threaded=True)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1] == CARELESS)
