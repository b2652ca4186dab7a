"""The other way in which platforms of xAPI 1.0 write a request: a form with the headers in it."""

import base64
import json
import uuid
from typing import Any

import pytest
from requests import Response, post

from tests.api.desk import Desk
from tests.interop.test_xapi_requirements import statement

#: What is asked here is said of the form of requests, on either database alike.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


class Page:
    """A page in a learner's browser, which can send nothing but forms."""

    def __init__(self, served: tuple[Desk, str]) -> None:
        desk, self.address = served
        said = f"{desk.provider.client_id}:{desk.provider.secret}"
        proof = base64.b64encode(said.encode()).decode()
        self.headers = {"Authorization": f"Basic {proof}", "X-Experience-API-Version": "1.0.3"}

    def send(self, method: str, query: str = "", **fields: str) -> Response:
        address = f"{self.address}/xapi/statements?method={method}{query}"
        return post(address, data=self.headers | fields, timeout=60)


@pytest.fixture
def page(served: tuple[Desk, str]) -> Page:
    return Page(served)


def put(page: Page, said: dict[str, Any]) -> Response:
    kind = {"Content-Type": "application/json", "Content-Length": "999"}
    return page.send("PUT", statementId=said["id"], content=json.dumps(said), **kind)


def test_a_form_is_the_request_that_it_stands_for(page: Page) -> None:
    first, second = statement(), statement()

    stored = put(page, first)
    again = put(page, {**first, "verb": {"id": "http://example.com/verbs/different"}})
    posted = page.send("POST", content=json.dumps(second))
    one = page.send("GET", statementId=first["id"], format="ids")
    listed = page.send("GET", limit="1", ascending="true")

    assert (stored.status_code, stored.headers["X-Experience-API-Version"]) == (204, "1.0.3")
    assert again.status_code == 409
    assert posted.json() == [second["id"]]
    assert one.json()["id"] == first["id"]
    assert [each["id"] for each in listed.json()["statements"]] == [first["id"]]
    assert "Authorization" not in listed.json()["more"]


def test_what_stands_for_nothing_is_refused(page: Page) -> None:
    said = json.dumps(statement())

    beside = page.send("GET", query="&limit=1")
    unknown = page.send("DELETE", statementId=str(uuid.uuid4()))
    page.headers["X-Experience-API-Version"] = "2.0.0"
    newer = page.send("POST", content=said)
    page.headers = {"X-Experience-API-Version": "1.0.3"}
    nobody = page.send("POST", content=said)

    assert [each.status_code for each in (beside, unknown, newer, nobody)] == [401] * 4
