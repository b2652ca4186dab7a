"""Failures: one shape, in the reader's language, and nothing of the inside."""

import pytest
from flask import Flask

from creditbank.db import BusyError
from tests.api.desk import Caller, Desk, filing_body, problem_of


def failing(app: Flask, error: Exception) -> str:
    """Put a route on the application that fails; return its address."""

    def fail() -> str:
        raise error

    app.add_url_rule("/api/v1/failing", "failing", fail)
    return "/api/v1/failing"


def test_people_read_chinese_unless_they_ask_for_english(desk: Desk) -> None:
    path = "/api/v1/filings/F000000000"

    default = desk.official.get(path)
    chinese = desk.official.get(path, headers={"Accept-Language": "zh-TW,zh;q=0.9,en;q=0.8"})
    english = desk.official.get(path, headers={"Accept-Language": "en-GB,en;q=0.9"})
    french = desk.official.get(path, headers={"Accept-Language": "fr"})

    assert [problem_of(each)["title"] for each in (default, chinese, english, french)] == [
        "没有这项备案", "没有这项备案", "No such filing", "没有这项备案",
    ]  # fmt: skip
    assert english.headers["Content-Language"] == "en"
    assert problem_of(english)["facts"] == {"filing_no": "F000000000"}


def test_a_problem_says_what_was_found_what_was_wanted_and_what_to_do(desk: Desk) -> None:
    problem = problem_of(desk.nobody.get("/api/v1/filings"))

    assert all(problem[part] for part in ("found", "wanted", "next"))
    assert problem["detail"] == " ".join(problem[part] for part in ("found", "wanted", "next"))


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v2/filings", "/ledger/x", "/api/"])
def test_an_address_of_nothing_is_a_problem_document(desk: Desk, path: str) -> None:
    assert problem_of(desk.nobody.get(path))["code"] == "route-unknown"


def test_pages_keep_their_own_way_of_failing(desk: Desk) -> None:
    assert desk.nobody.get("/somewhere").content_type.startswith("text/html")


def test_a_wrong_method_names_the_right_ones(desk: Desk) -> None:
    response = desk.http.delete("/api/v1/filings")

    assert problem_of(response)["code"] == "method-not-allowed"
    assert {"GET", "POST"} <= set(response.allow)


def test_an_unforeseen_failure_tells_nothing_of_the_inside(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.bank.app._got_first_request = False  # a route is added late
    path = failing(desk.bank.app, ValueError("secret of 张三 999999198505150018"))

    response = desk.nobody.get(path)

    said = response.get_data(as_text=True)
    logged = capsys.readouterr()
    assert response.status_code == 500
    assert problem_of(response)["code"] == "internal-error"
    assert problem_of(response)["facts"]["incident"] in logged.out + logged.err
    for text in (said, logged.out, logged.err):
        assert "张三" not in text
        assert "999999198505150018" not in text
    assert "ValueError" not in said


def test_a_lost_race_asks_to_try_again(desk: Desk) -> None:
    desk.bank.app._got_first_request = False  # a route is added late
    path = failing(desk.bank.app, BusyError())

    response = desk.nobody.get(path)

    assert response.status_code == 503
    assert problem_of(response)["code"] == "busy"
    assert int(response.headers["Retry-After"]) >= 1


def test_nothing_of_an_answer_is_kept_by_caches(desk: Desk) -> None:
    filed = desk.provider.post("/api/v1/filings", filing_body())
    refused = Caller(desk.http, "").get("/api/v1/filings")

    assert filed.headers["Cache-Control"] == "no-store"
    assert refused.headers["Cache-Control"] == "no-store"
    assert refused.headers["WWW-Authenticate"] == "Bearer"
