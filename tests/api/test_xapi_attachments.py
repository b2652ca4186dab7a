"""Statements that come with their attachments: held against what is said of them."""

import hashlib
import json
import uuid
from typing import Any

import pytest

from tests.api.desk import Desk
from tests.api.test_xapi import PATH, SPOKEN, attended
from tests.bank import invented_person

WANG = invented_person(2)
FILE = b"%PDF-1.7 \x00\r\n--not-the-end\r\n"
BOUNDARY = "part-0a1b"
#: What is asked here is said of the form of requests, on either database alike.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def about(content: bytes = FILE, **said: Any) -> dict[str, Any]:
    return {
        "usageType": "http://example.com/certificate", "display": {"en": "certificate"},
        "contentType": "application/pdf", "length": len(content),
        "sha2": hashlib.sha256(content).hexdigest(), **said,
    }  # fmt: skip


def part(content: bytes = FILE, **headers: str) -> bytes:
    told = {
        "Content-Type": "application/pdf", "Content-Transfer-Encoding": "binary",
        "X-Experience-API-Hash": hashlib.sha256(content).hexdigest(),
    } | {name.replace("_", "-"): value for name, value in headers.items()}  # fmt: skip
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items() if value)
    return head.encode() + b"\r\n" + content


def body(statements: Any, *parts: bytes, first: str = "application/json") -> bytes:
    said = f"Content-Type: {first}\r\n\r\n{json.dumps(statements)}".encode()
    mark = f"--{BOUNDARY}".encode()
    return b"".join(mark + b"\r\n" + each + b"\r\n" for each in (said, *parts)) + mark + b"--\r\n"


def send(desk: Desk, content: bytes, boundary: str = BOUNDARY) -> Any:
    headers = {**SPOKEN, "Content-Type": f'multipart/mixed; boundary="{boundary}"'}
    return desk.provider.client.post(
        PATH, data=content,
        headers={"Authorization": f"Bearer {desk.provider.token}", **headers},
    )  # fmt: skip


def test_a_statement_with_its_attachment_is_credited(desk: Desk) -> None:
    said = attended(desk.approved_filing(), WANG)
    with_file = {**said, "id": str(uuid.uuid4()), "attachments": [about()]}

    posted = send(desk, body(with_file, part()))
    again = send(desk, body([with_file], part()))
    alone = desk.provider.post(PATH, {**with_file, "id": str(uuid.uuid4())}, headers=SPOKEN)

    assert (posted.status_code, posted.headers["Creditbank-Outcome"]) == (200, "credited=1")
    assert (again.status_code, again.headers["Creditbank-Outcome"]) == (200, "repeated=1")
    assert alone.status_code == 400
    assert alone.get_json()["errors"][0]["code"] == "xapi-attachment-body"


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ((part(X_Experience_API_Hash="0" * 64),), "xapi-part-hash"),
        ((part(X_Experience_API_Hash="0" * 63),), "xapi-part-hash"),
        ((part(X_Experience_API_Hash=""),), "xapi-part-headers"),
        ((part(Content_Transfer_Encoding="base64"),), "xapi-part-headers"),
        ((part(Content_Type=""),), "xapi-part-headers"),
        ((part(), part(b"more")), "xapi-part-excess"),
    ],
    ids=["other", "no-digest", "unsaid", "encoding", "type", "more"],
)
def test_what_is_not_what_a_statement_names_is_refused_whole(
    desk: Desk, parts: tuple[bytes, ...], why: str
) -> None:
    said = attended(desk.approved_filing(), WANG) | {"attachments": [about()]}

    refused = send(desk, body(said, *parts))

    assert refused.status_code == 400
    assert refused.get_json()["code"] == "xapi-parts"
    assert refused.get_json()["facts"]["why_words"] == why
    assert desk.provider.get(PATH, headers=SPOKEN).get_json()["statements"] == []


def test_a_body_that_is_not_in_such_parts_is_refused(desk: Desk) -> None:
    said = attended(desk.approved_filing(), WANG) | {"attachments": [about()]}
    longer = {**said, "attachments": [about(length=len(FILE) + 1)]}

    whys = [
        send(desk, content, boundary).get_json()["facts"]["why_words"]
        for content, boundary in (
            (body(said, part(), first="text/plain"), BOUNDARY), (body(said, part()), "another"),
            (body(said, part())[:-8], BOUNDARY), (b"", BOUNDARY),
            (body(longer, part()), BOUNDARY),
        )
    ]  # fmt: skip
    missing = send(desk, body(said)).get_json()
    broken = send(desk, body(said, part()).replace(b'{"', b"{", 1)).get_json()

    assert whys == [
        "xapi-part-first", "xapi-part-boundary", "xapi-part-boundary", "xapi-part-boundary",
        "xapi-part-excess",
    ]  # fmt: skip
    assert missing["errors"][0]["code"] == "xapi-attachment-body"
    assert broken["code"] == "json-malformed"
