"""The API as pages: every call with its example, scope and failures, in both languages."""

import re

import pytest
from flask.testing import FlaskClient

from creditbank.catalogue import entries
from tests.bank import TestBank
from tests.web.chromium import Watched, chromium, served

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def reader(bank: TestBank) -> FlaskClient:
    return bank.app.test_client()


def test_every_call_stands_in_the_contents_and_where_its_link_leads(reader: FlaskClient) -> None:
    document = reader.get("/api/v1/openapi.json").get_json()
    calls = {
        operation["operationId"]: operation
        for methods in document["paths"].values()
        for method, operation in methods.items()
        if method in ("get", "post", "put")
    }
    contents = reader.get("/docs/api").text

    links = re.findall(r'href="(/docs/api/[a-z-]+)#([a-z_]+)"', contents)
    chapters = {path: reader.get(path).text for path, _ in links}

    assert {call for _, call in links} == set(calls)
    for path, call in links:
        assert f'id="{call}"' in chapters[path]
        for scheme in calls[call]["security"]:
            assert all(f"<code>{scope}</code>" in chapters[path] for scope in scheme["oauth2"])
    assert max(len(text.encode()) for text in (contents, *chapters.values())) < 100_000
    names = [f"api-call-{call.replace('_', '-')}" for call in calls]
    names += [f"api-chapter-{tag['name'].replace(' ', '-')}" for tag in document["tags"]]
    named = {code for code in entries() if code.startswith(("api-call-", "api-chapter-"))}
    assert named == set(names), "each call and chapter has its name in web_api.toml"


def test_a_call_shows_its_example_members_and_failures_in_the_readers_language(
    reader: FlaskClient,
) -> None:
    chinese = reader.get("/docs/api/verdicts").text
    english = reader.get("/docs/api/verdicts?lang=en").text

    for text in (chinese, english):
        assert "POST /api/v1/verdicts" in text
        assert "&#34;application_day&#34;: " in text
        assert "mandate-missing" in text
        assert "statement" in text
    assert "不在授权范围内" in chinese
    assert "No mandate covers the question" in english


def test_a_chapter_that_does_not_exist_is_told_so(reader: FlaskClient) -> None:
    assert reader.get("/docs/api/nothing").status_code == 404


def test_a_telephone_shows_it_without_scrolling_sideways(bank: TestBank) -> None:
    with chromium() as browser, served(bank.app) as address:
        window = Watched(browser.new_page(viewport={"width": 360, "height": 740}))
        for path in ("/docs/api", "/docs/api/items"):
            window.page.goto(address + path)
            window.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            assert window.overflow() <= 0, path
        assert window.complaints == []
        assert all(asked.startswith(address) for asked in window.asked)
