"""xAPI 1.0's other way to write a request (Communication 1.3): POST of a form, headers within.

Platforms that run in a browser of their learners write so. The form becomes the request that it
stands for before anything else looks at it; version 2.0 has no such way.
"""

import io
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from creditbank.config import SANDBOX_PATH

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
PLACE = "/xapi/statements"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT"})
#: What is a header, and where a request has it.
_HEADERS = {
    "authorization": "HTTP_AUTHORIZATION", "x-experience-api-version":
    "HTTP_X_EXPERIENCE_API_VERSION", "content-type": "CONTENT_TYPE",
    "accept": "HTTP_ACCEPT", "accept-language": "HTTP_ACCEPT_LANGUAGE",
    "if-match": "HTTP_IF_MATCH", "if-none-match": "HTTP_IF_NONE_MATCH",
}  # fmt: skip
_LENGTH, _CONTENT, _VERSION = "content-length", "content", "x-experience-api-version"
_FORM = "application/x-www-form-urlencoded"
_FIELDS_MAX = 40


class AlternateRequests:
    """Hands on each request as it is, or as the one that its form stands for."""

    def __init__(self, inner: Wsgi, bytes_max: int) -> None:
        self._inner, self._bytes_max = inner, bytes_max

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        """Answer a request."""
        length = str(environ.get("CONTENT_LENGTH") or "")
        if (
            _is_alternate(environ) and length.isascii() and length.isdigit()
            and int(length) <= self._bytes_max
        ):  # fmt: skip
            environ = _meant(environ, environ["wsgi.input"].read(int(length)))
        return self._inner(environ, start)


def _is_alternate(environ: dict[str, Any]) -> bool:
    kind = str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()
    return (
        environ.get("REQUEST_METHOD") == "POST"
        and str(environ.get("PATH_INFO", "")).removeprefix(SANDBOX_PATH) == PLACE
        and kind == _FORM
        and _method(environ) in _METHODS
    )


def _method(environ: dict[str, Any]) -> str:
    """Return the method that the address names, where it names that alone."""
    said = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    return said[0][1] if len(said) == 1 and said[0][0] == "method" else ""


def _meant(environ: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Return the request that a form stands for; the form itself where it is none of version 1."""
    try:
        fields = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELDS_MAX,
            errors="strict",
        )  # fmt: skip
    except ValueError:
        fields = []
    said = {name.lower(): value for name, value in fields}
    if len(said) != len(fields) or not said.get(_VERSION, "").startswith("1."):
        return environ | {"wsgi.input": io.BytesIO(body)}
    content = said.get(_CONTENT, "").encode("utf-8")
    told = {_HEADERS[name]: value for name, value in said.items() if name in _HEADERS}
    others = [
        (name, value) for name, value in fields
        if name.lower() not in _HEADERS and name.lower() not in {_CONTENT, _LENGTH}
    ]  # fmt: skip
    query = urlencode(others)
    kind = "application/json" if content else ""
    return (
        environ
        | {"CONTENT_TYPE": kind}
        | told
        | {
            "REQUEST_METHOD": _method(environ), "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(content)), "wsgi.input": io.BytesIO(content),
        }
    )  # fmt: skip
