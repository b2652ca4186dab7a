"""Statements that come with their attachments, as multipart/mixed.

Each attachment is held against what the statements say of it; a signature also against the
statement that it signs. Going out again they are parts, too.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from flask import request

from creditbank.api.bodies import JSON_MEDIA_TYPE, read_json_bytes
from creditbank.errors import CreditBankError
from creditbank.schemas.xapi import attachments_of, check_statements
from creditbank.schemas.xapi_signatures import check_signatures

MIXED_MEDIA_TYPE = "multipart/mixed"
_HASH = "x-experience-api-hash"
_HEADERS_BYTES_MAX, _PARTS_MAX = 4096, 200
#: By the length of the digest in hex.
_ALGORITHMS = {56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}


class XapiPartsError(CreditBankError):
    """The body is said to be multipart/mixed, and its parts are not as the standard has them."""

    code = "xapi-parts"
    status = 400


class _Part(NamedTuple):
    headers: Mapping[str, str]
    content: bytes


class Sent(NamedTuple):
    """Checked statements, and the files that came along, by their SHA-2 in hex, lower case."""

    statements: list[dict[str, Any]]
    files: Mapping[str, bytes]


def read_parts() -> Sent:
    """Read statements and check their attachments.

    Raises:
        XapiPartsError: parts are missing, not as wanted, or too many.
        StatementInvalidError: what is no statement, by its place.
        XapiSignatureError: a signature is none, or of something else.
        JsonMalformedError, JsonNotUtf8Error, JsonTooDeepError: the first part cannot be read.
    """
    boundary = request.mimetype_params.get("boundary", "")
    first, *others = _parts(request.get_data(cache=True, parse_form_data=False), boundary)
    kind = first.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON_MEDIA_TYPE:
        raise XapiPartsError(part=1, why_words="xapi-part-first")
    tree = read_json_bytes(first.content)
    sent = {_digest(number, each): each.content for number, each in enumerate(others, 2)}
    statements = check_statements(tree, sent)
    named = {(str(each["sha2"]).lower(), each["length"]) for _, each in attachments_of(tree)}
    for number, each in enumerate(others, 2):
        if (each.headers[_HASH].lower(), len(each.content)) not in named:
            raise XapiPartsError(part=number, why_words="xapi-part-excess")
    check_signatures(statements, sent)
    return Sent(statements, sent)


def written_parts(said: str, files: Mapping[str, tuple[str, bytes]], boundary: str) -> bytes:
    """Write statements and files as the parts of one body, each file by its SHA-2."""
    mark = f"--{boundary}"
    made = [f"{mark}\r\nContent-Type: {JSON_MEDIA_TYPE}\r\n\r\n{said}\r\n".encode()]
    for sha2, (kind, content) in files.items():
        head = (
            f"{mark}\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: binary\r\n"
            f"X-Experience-API-Hash: {sha2}\r\n\r\n"
        )
        made += [head.encode(), content, b"\r\n"]
    return b"".join([*made, f"{mark}--\r\n".encode()])


def _digest(number: int, part: _Part) -> str:
    """Return the digest that an attachment states, once it is the one of its content."""
    said = part.headers.get(_HASH, "").lower()
    encoding = part.headers.get("content-transfer-encoding", "").lower()
    if not said or encoding != "binary" or "content-type" not in part.headers:
        raise XapiPartsError(part=number, why_words="xapi-part-headers")
    algorithm = _ALGORITHMS.get(len(said))
    if algorithm is None or hashlib.new(algorithm, part.content).hexdigest() != said:
        raise XapiPartsError(part=number, why_words="xapi-part-hash")
    return said


def _parts(body: bytes, boundary: str) -> list[_Part]:
    """Part a body at its boundary (RFC 2046 §5.1.1)."""
    mark = b"\r\n--" + boundary.encode("utf-8", "replace")
    _before, *pieces = (b"\r\n" + body).split(mark, _PARTS_MAX + 1)
    if not boundary or not pieces[:-1] or not pieces[-1].startswith(b"--"):
        raise XapiPartsError(part=1, why_words="xapi-part-boundary")
    return [_part(number, each) for number, each in enumerate(pieces[:-1], 1)]


def _part(number: int, piece: bytes) -> _Part:
    _rest, _, said = piece.partition(b"\r\n")
    head, gap, content = said.partition(b"\r\n\r\n")
    if not gap or len(head) > _HEADERS_BYTES_MAX:
        raise XapiPartsError(part=number, why_words="xapi-part-headers")
    lines = (line.partition(":") for line in head.decode("latin-1").split("\r\n"))
    return _Part({name.strip().lower(): value.strip() for name, _, value in lines}, content)
