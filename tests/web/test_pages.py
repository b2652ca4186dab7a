"""Every page: the reader's language, strict headers, failures in words, files that may be kept."""

import re

import pytest
from flask.testing import FlaskClient

from creditbank.web.pages import SECURITY_HEADERS
from tests.bank import TestBank


@pytest.fixture
def browser(bank: TestBank) -> FlaskClient:
    return bank.app.test_client()


def test_an_unknown_address_is_answered_with_a_page_in_chinese(browser: FlaskClient) -> None:
    answer = browser.get("/nothing-here")

    assert answer.status_code == 404
    assert answer.content_type == "text/html; charset=utf-8"
    assert '<html lang="zh-CN">' in answer.text
    assert "没有这个页面" in answer.text


def test_an_unknown_address_of_the_api_stays_a_problem_document(browser: FlaskClient) -> None:
    answer = browser.get("/api/v1/nothing-here")

    assert answer.content_type == "application/problem+json"
    assert answer.get_json()["code"] == "route-unknown"


def test_a_browser_that_asks_for_english_reads_english(browser: FlaskClient) -> None:
    answer = browser.get("/nothing-here", headers={"Accept-Language": "en-GB,en;q=0.9"})

    assert '<html lang="en">' in answer.text
    assert "No such page" in answer.text
    assert answer.headers["Content-Language"] == "en"


def test_a_language_once_chosen_is_kept(browser: FlaskClient) -> None:
    first = browser.get("/nothing-here?lang=en")
    second = browser.get("/nothing-here", headers={"Accept-Language": "zh-CN"})

    assert "HttpOnly" in first.headers["Set-Cookie"]
    assert "SameSite=Lax" in first.headers["Set-Cookie"]
    assert "No such page" in second.text
    assert "Set-Cookie" not in second.headers


def test_a_language_nobody_speaks_here_changes_nothing(browser: FlaskClient) -> None:
    answer = browser.get("/nothing-here?lang=tlh")

    assert '<html lang="zh-CN">' in answer.text
    assert "Set-Cookie" not in answer.headers


def test_the_switch_of_language_keeps_the_rest_of_the_address(browser: FlaskClient) -> None:
    answer = browser.get("/nothing-here?year=2026&lang=zh")

    assert 'href="/nothing-here?year=2026&amp;lang=en"' in answer.text


@pytest.mark.parametrize("path", ["/nothing-here", "/health", "/api/v1/logs", "/static/style.css"])
def test_every_answer_bears_the_strict_headers(browser: FlaskClient, path: str) -> None:
    answer = browser.get(path, buffered=True)

    assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_only_over_https_is_https_promised(browser: FlaskClient) -> None:
    plain = browser.get("/nothing-here")
    encrypted = browser.get("/nothing-here?lang=en", base_url="https://bank.example")

    assert "Strict-Transport-Security" not in plain.headers
    assert encrypted.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Secure" in encrypted.headers["Set-Cookie"]


def test_pages_are_not_kept_and_files_are_kept_under_an_address_of_their_content(
    browser: FlaskClient,
) -> None:
    answer = browser.get("/nothing-here")
    [sheet] = re.findall(r'href="(/static/style\.css\?v=[0-9a-f]{12})"', answer.text)
    kept = browser.get(sheet, buffered=True)

    assert answer.headers["Cache-Control"] == "no-store"
    assert kept.status_code == 200
    assert kept.content_type == "text/css; charset=utf-8"
    assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_a_file_that_does_not_exist_is_not_kept(browser: FlaskClient) -> None:
    answer = browser.get("/static/nothing.css?v=1")

    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_method_that_a_page_does_not_take_is_refused_in_words(browser: FlaskClient) -> None:
    answer = browser.post("/static/style.css")

    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert "无法处理这一请求" in answer.text


def test_a_page_that_breaks_names_the_incident_and_nothing_else(
    bank: TestBank, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaking() -> str:
        raise ValueError("what was in hand")

    bank.app.view_functions["web.static"] = lambda filename: breaking()
    answer = bank.app.test_client().get("/static/style.css")

    assert answer.status_code == 500
    assert re.search(r"事件号 [0-9a-f]{12}", answer.text)
    assert "what was in hand" not in answer.text
    assert "what was in hand" not in capsys.readouterr().out


def test_a_page_is_small_and_asks_for_nothing_from_elsewhere(browser: FlaskClient) -> None:
    page = browser.get("/nothing-here").text
    sheet = browser.get("/static/style.css", buffered=True).text

    assert len((page + sheet).encode()) < 30_000
    assert not re.search(r"""(src|href)=["'](https?:)?//""", page)
    assert "url(" not in sheet
    assert "@import" not in sheet
