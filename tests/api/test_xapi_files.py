"""Attachments of statements: kept encrypted as long as their statement, and given back as parts."""

import hashlib
import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from creditbank.attendance.statement_models import XapiFile
from creditbank.clock import utc_now
from creditbank.crediting.xapi_files import forget_files
from tests.api.desk import Caller, Desk
from tests.api.test_xapi import LI, PATH, SPOKEN, attended
from tests.api.test_xapi_attachments import BOUNDARY, FILE, about, body, part, send

OTHER = b"another file of the same platform"
UNSAID = "http://example.com/verbs/tried"


def told(**said: Any) -> dict[str, Any]:
    """Return a statement that is kept and credits nothing."""
    return {
        "id": str(uuid.uuid4()), "actor": {"mbox": "mailto:li@example.com"}, "verb": {"id": UNSAID},
        "object": {"id": "http://example.com/activities/one"}, **said,
    }  # fmt: skip


def parts_of(caller: Caller, query: str) -> tuple[Any, list[tuple[bytes, bytes]]]:
    """Ask for statements with files; return the first part, and head and content of each other."""
    answer = caller.get(f"{PATH}?attachments=true{query}", headers=SPOKEN)
    kind, _, boundary = answer.headers["Content-Type"].partition("; boundary=")
    assert (answer.status_code, kind) == (200, "multipart/mixed")
    mark = f"--{boundary}".encode()
    first, *others, last = (b"\r\n" + answer.get_data()).split(b"\r\n" + mark)[1:]
    assert last == b"--\r\n"
    pieces = [each.removeprefix(b"\r\n").partition(b"\r\n\r\n") for each in (first, *others)]
    return json.loads(pieces[0][2]), [(head, content) for head, _, content in pieces[1:]]


def test_an_attachment_is_given_back_with_its_statement_alone(desk: Desk) -> None:
    said = attended(desk.approved_filing(), LI) | {"attachments": [about(), about(OTHER)]}
    inner = {name: each for name, each in told(attachments=[about()]).items() if name != "id"}
    within = told(object={"objectType": "SubStatement", **inner})
    assert send(desk, body([said, within], part(), part(OTHER))).status_code == 200

    statement, files = parts_of(desk.provider, f"&statementId={said['id']}")
    listed, listed_files = parts_of(desk.provider, "&limit=1")
    alone = desk.provider.get(f"{PATH}?statementId={said['id']}", headers=SPOKEN)
    strange = desk.other_provider.get(f"{PATH}?attachments=true", headers=SPOKEN)

    assert statement["id"] == said["id"]
    assert [content for _, content in files] == [FILE, OTHER]
    assert files[0][0] == (
        b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: binary\r\n"
        b"X-Experience-API-Hash: " + hashlib.sha256(FILE).hexdigest().encode()
    )
    assert [each["id"] for each in listed["statements"]] == [within["id"]]
    assert [content for _, content in listed_files] == [FILE]
    assert alone.content_type == "application/json"
    assert FILE not in strange.get_data()


def test_a_file_is_kept_once_and_encrypted(desk: Desk) -> None:
    for _ in range(2):
        batch = [told(attachments=[about()]) for _ in range(3)]
        assert send(desk, body(batch, part())).status_code == 200

    with desk.bank.reading() as session:
        [file] = session.scalars(select(XapiFile)).all()
    assert file.byte_length == len(FILE)
    assert file.content_cipher is not None
    assert FILE not in file.content_cipher
    assert file.digest != hashlib.sha256(FILE).digest(), "whoever has the table cannot guess it"


def test_after_the_term_of_the_newest_statement_a_keyed_digest_is_left(desk: Desk) -> None:
    first, second = told(attachments=[about()]), told(attachments=[about()])
    send(desk, body(first, part()))
    between = utc_now()
    send(desk, body(second, part()))

    with desk.bank.unit() as session:
        early = forget_files(session, before=between)
        late = forget_files(session, before=utc_now() + timedelta(days=1))
        again = forget_files(session, before=utc_now() + timedelta(days=1))
    repeated = send(desk, body(second, part()))
    statement, files = parts_of(desk.provider, f"&statementId={second['id']}")

    assert (early, late, again) == (0, 1, 0)
    assert repeated.headers["Creditbank-Outcome"] == "repeated=1"
    assert (statement["attachments"], files) == ([about()], [])


def test_a_sending_that_is_refused_keeps_no_file(desk: Desk) -> None:
    said = told(attachments=[about()])
    assert desk.provider.post(
        PATH, {**said, "attachments": []}, retry="", headers=SPOKEN
    ).status_code == 200  # fmt: skip

    conflict = send(desk, body({**said, "attachments": [about()]}, part()))

    assert conflict.status_code == 409
    assert desk.row_counts()["xapi_file"] == 0


def test_files_make_pages_of_few_statements(desk: Desk) -> None:
    batch = [told(attachments=[about()]) for _ in range(11)]
    assert send(desk, body(batch, part())).status_code == 200

    listed, files = parts_of(desk.provider, "")

    assert len(listed["statements"]) == 10
    assert listed["more"]
    assert len(files) == 1, "each once"


@pytest.mark.parametrize("content", [b"", BOUNDARY.encode(), b"\r\n--\r\n" * 3])
def test_any_bytes_come_back_as_they_came(desk: Desk, content: bytes) -> None:
    said = told(attachments=[about(content)])
    assert send(desk, body(said, part(content))).status_code == 200

    _, files = parts_of(desk.provider, f"&statementId={said['id']}")

    assert [each for _, each in files] == [content]
