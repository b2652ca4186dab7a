"""Statements by the API: a person's and a filing's, as JSON and as files for a spreadsheet."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from sys import modules
from typing import Any

import pytest
import python_calamine

from tests.acts import seal_all
from tests.api.desk import DAYS, YEAR, Desk, problem_of, roster_rows, stated
from tests.bank import ENTERPRISE_USCC, invented_person
from tests.certificates.counter import press_at_hand
from tools import check_statement

PERSON, OTHER = invented_person(41), invented_person(42)
HOLDER = {**stated(PERSON), "scheme": "cn-3710"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def posted(desk: Desk, people: Any = (PERSON,), days: Any = DAYS) -> str:
    filing_no = desk.approved_filing(days=list(days))
    answer = desk.provider.post(f"/api/v1/filings/{filing_no}/rosters", roster_rows(people, days))
    assert answer.get_json()["rows_credited"] == len(people) * len(days)
    return filing_no


def statement(desk: Desk, **more: Any) -> dict[str, Any]:
    answer = desk.official.post("/api/v1/statements", {**HOLDER, **more})
    assert answer.status_code == 200, answer.get_json()
    told: dict[str, Any] = answer.get_json()
    return told


def balance(desk: Desk, **more: Any) -> dict[str, Any]:
    told: dict[str, Any] = desk.official.post("/api/v1/balances", {**HOLDER, **more}).get_json()
    return told


def test_a_statement_tells_each_movement_between_two_balances(desk: Desk) -> None:
    first, second = posted(desk), posted(desk, days=DAYS[2:])
    seal_all(desk.bank, now=datetime.now(UTC))
    withdrawal = {**stated(PERSON), "days": [DAYS[0].isoformat()], "reason": "wrong-minutes"}
    desk.official.post(f"/api/v1/filings/{first}/withdrawals", withdrawal)

    told = statement(desk)

    lines = told["lines"]
    assert [
        (each["movement"], each["source"]["number"], each["in_hours"], each["out_hours"],
         each["counted_hours"], each["pending"])
        for each in lines
    ] == [
        ("credit", first, "8.00", "0.00", "8.00", False),
        ("credit", first, "8.00", "0.00", "16.00", False),
        ("credit", first, "8.00", "0.00", "24.00", False),
        ("credit", second, "8.00", "0.00", "32.00", False),
        # Of two filings on one day the one whose number comes later is cut.
        ("cap", max(first, second), "0.00", "8.00", "24.00", False),
        ("reverse", first, "0.00", "8.00", "16.00", True),
    ]  # fmt: skip
    assert (told["opening_hours"], told["closing_hours"]) == ("0.00", balance(desk)["live_hours"])
    assert (told["in_hours"], told["out_hours"]) == ("32.00", "16.00")
    assert lines[0]["source"] == {
        "kind": "filing", "number": first, "title": "碳纤维复合材料成型工艺研修",
        "provider": "威海示例复合材料有限公司",
    }  # fmt: skip
    assert "实到 360 分钟" in lines[0]["zh"]
    assert "360 of 360 planned minutes" in lines[0]["en"]
    assert lines[5]["reason"] == "wrong-minutes"
    proof = desk.nobody.get(
        f"/api/v1/proofs?origin={lines[4]['origin']}&index={lines[4]['index']}"
    ).get_json()
    assert proof["leaf"] == lines[4]["leaf"]


def test_days_year_and_source_narrow_the_lines_and_the_balances(desk: Desk) -> None:
    first, second = posted(desk, days=DAYS[:2]), posted(desk, days=DAYS[2:])

    later = statement(desk, **{"from": DAYS[1].isoformat()})
    early = statement(desk, as_of=DAYS[1].isoformat())
    of_one = statement(desk, source=second)
    other_year = statement(desk, year=YEAR - 1)

    assert (later["opening_hours"], later["closing_hours"]) == ("8.00", "24.00")
    assert [each["earned_on"] for each in early["lines"]] == [
        DAYS[0].isoformat(), DAYS[1].isoformat(),
    ]  # fmt: skip
    assert early["closing_hours"] == balance(desk, as_of=DAYS[1].isoformat())["live_hours"]
    assert [each["source"]["number"] for each in of_one["lines"]] == [second]
    assert of_one["closing_hours"] == "8.00"
    assert (other_year["lines"], other_year["closing_hours"]) == ([], "0.00")
    assert first != second


def test_what_was_known_is_what_the_last_checkpoint_covers(desk: Desk) -> None:
    posted(desk, days=DAYS[:1])
    waiting = balance(desk, known_at="2199-01-01T00:00:00Z")
    sealed_at = datetime(YEAR + 1, 11, 30, 3, 0, tzinfo=UTC)
    seal_all(desk.bank, now=sealed_at)
    posted(desk, days=DAYS[1:2])

    then = statement(desk, known_at="2199-01-01T00:00:00Z")
    never = balance(desk, known_at="1995-01-01T00:00:00Z")

    assert waiting["live_hours"] == "0.00"
    assert (then["closing_hours"], then["known_at"][:10]) == ("8.00", f"{YEAR + 1}-11-30")
    assert (never["live_hours"], never["known_at"]) == ("0.00", None)
    assert balance(desk)["live_hours"] == "16.00"


def test_a_spreadsheet_gets_the_same_lines_as_text_and_no_formula(desk: Desk) -> None:
    posted(desk)
    told = statement(desk)
    by_query = desk.official.post("/api/v1/statements?format=csv", HOLDER)
    by_accept = desk.http.post(
        "/api/v1/statements", json=HOLDER,
        headers={"Authorization": f"Bearer {desk.official.token}", "Accept": XLSX},
    )  # fmt: skip

    content = by_query.get_data()
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    sheet = python_calamine.load_workbook(io.BytesIO(by_accept.get_data())).get_sheet_by_index(0)

    assert content.startswith(b"\xef\xbb\xbf")
    assert by_query.headers["Content-Disposition"] == 'attachment; filename="statement.csv"'
    assert [len(row) for row in rows] == [18] * 6
    assert (rows[1][4], rows[-1][4], rows[-1][13]) == ("期初余额", "期末余额", "24.00")
    assert [row[13] for row in rows[2:-1]] == [each["counted_hours"] for each in told["lines"]]
    assert sheet.to_python(skip_empty_area=False)[3] == rows[3]
    assert by_accept.content_type == XLSX


def test_the_signed_form_is_checked_with_what_the_bank_publishes(desk: Desk) -> None:
    posted(desk, days=DAYS[:2])
    seal_all(desk.bank, now=datetime.now(UTC))
    by_query = desk.official.post("/api/v1/statements?format=signed", HOLDER)
    by_accept = desk.official.post(
        "/api/v1/statements", {**HOLDER, "from": DAYS[1].isoformat()},
        headers={"Accept": "application/jose"},
    )  # fmt: skip
    jwks, logs = (
        desk.nobody.get(path).get_data() for path in ("/.well-known/jwks.json", "/api/v1/logs")
    )

    whole, later = (
        check_statement.examine(answer.get_data(), jwks, logs=logs)
        for answer in (by_query, by_accept)
    )

    assert (whole.failed, later.failed) == ((), ())
    assert by_query.headers["Content-Disposition"] == 'attachment; filename="statement.jws"'
    assert by_accept.content_type == "application/jose"
    assert whole.statement.closing_centihours == later.statement.closing_centihours == 1600
    assert [line.number for line in later.statement.lines] == [1]
    refused = desk.provider.get(f"/api/v1/filings/{posted(desk)}/statement?format=signed")
    assert refused.status_code == 422


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_title_that_begins_like_a_formula_stays_a_title(desk: Desk) -> None:
    title = '=HYPERLINK("http://example.invalid")'
    body = {
        "jurisdiction": "cn-3710", "origin": title,
        "rows": [{**stated(PERSON), "year": YEAR, "subject": "professional", "hours": "1.00"}],
    }  # fmt: skip
    number = desk.official.post("/api/v1/imports", body).get_json()["import_no"]
    approved = desk.second_official.post(f"/api/v1/imports/{number}/approval", {})
    assert approved.status_code == 200, approved.get_json()

    content = desk.official.post("/api/v1/statements?format=csv", HOLDER).get_data()

    [row] = [row for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))) if number in row]
    assert row[5] == f"'{title}"


def test_a_provider_sees_its_own_filing_with_names_and_last_four(desk: Desk) -> None:
    filing_no = posted(desk, (PERSON, OTHER), DAYS[:1])
    posted(desk, (PERSON,), DAYS[1:2])

    answer = desk.provider.get(f"/api/v1/filings/{filing_no}/statement")
    listed = desk.provider.get(f"/api/v1/filings/{filing_no}/statement?format=csv")

    told = answer.get_json()
    assert sorted((each["name"], each["last_four"]) for each in told["lines"]) == sorted(
        (each.name, each.document.number[-4:]) for each in (PERSON, OTHER)
    )
    assert told["closing_hours"] == "16.00"
    assert {each["source"]["number"] for each in told["lines"]} == {filing_no}
    assert PERSON.document.number not in answer.get_data(as_text=True) + listed.text
    assert PERSON.name in listed.text


def of_provider(desk: Desk, query: str = "") -> Any:
    return desk.provider.get(f"/api/v1/organisations/{ENTERPRISE_USCC}/statement{query}")


def test_a_provider_sees_all_its_filings_with_a_total_of_each(desk: Desk) -> None:
    first = posted(desk, (PERSON, OTHER), DAYS[:2])
    second = posted(desk, (PERSON,), DAYS[2:])
    withdrawal = {**stated(OTHER), "days": [DAYS[0].isoformat()], "reason": "wrong-minutes"}
    desk.official.post(f"/api/v1/filings/{first}/withdrawals", withdrawal)

    told, later = of_provider(desk).get_json(), of_provider(desk, f"?from={DAYS[1]}").get_json()
    by_official = desk.official.get(f"/api/v1/organisations/{ENTERPRISE_USCC}/statement")
    strangers = (
        desk.other_provider.get(f"/api/v1/organisations/{ENTERPRISE_USCC}/statement"),
        desk.far_official.get(f"/api/v1/organisations/{ENTERPRISE_USCC}/statement"),
    )

    totals = {
        each["filing_no"]: (
            each["opening_hours"], each["in_hours"], each["out_hours"], each["closing_hours"],
            each["movements"], each["people"],
        )
        for each in told["filings"]
    }  # fmt: skip
    assert totals == {
        first: ("0.00", "32.00", "8.00", "24.00", 5, 2),
        second: ("0.00", "8.00", "0.00", "8.00", 1, 1),
    }
    assert told["closing_hours"] == "32.00" == told["lines"][-1]["counted_hours"]
    assert [each["movement"] for each in told["lines"]].count("reverse") == 1
    assert {each["name"] for each in told["lines"]} == {PERSON.name, OTHER.name}
    assert (later["opening_hours"], later["closing_hours"]) == ("8.00", "32.00")
    assert sum(Decimal(each["closing_hours"]) for each in later["filings"]) == 32
    assert by_official.get_json() == told
    assert [problem_of(each)["code"] for each in strangers] == [
        "organisation-unknown", "region-foreign",
    ]  # fmt: skip
    never = of_provider(desk, "?known_at=1995-01-01T00:00:00Z").get_json()
    assert (never["lines"], never["filings"], never["closing_hours"]) == ([], [], "0.00")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_provider_takes_its_statement_away_without_a_number_in_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    press_at_hand()
    first = posted(desk, (PERSON, OTHER), DAYS[:1])
    table, book, paper = (
        of_provider(desk, f"?format={form}&scheme=cn-3710") for form in ("csv", "xlsx", "pdf")
    )
    rows = list(csv.reader(io.StringIO(table.get_data().decode("utf-8-sig"))))
    monkeypatch.setattr(modules["creditbank.api.statements"], "PAPER_LINES_MAX", 1)
    too_long = of_provider(desk, "?format=pdf")

    assert rows[-1][5:7] == [first, "合计：碳纤维复合材料成型工艺研修"]
    assert rows[-1][13:16] == ["16.00", "0.00", "16.00"]
    assert book.get_data().startswith(b"PK")
    assert (paper.content_type, paper.get_data()[:5]) == ("application/pdf", b"%PDF-")
    assert PERSON.document.number not in table.text
    assert problem_of(too_long)["code"] == "statement-too-long"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_statements_of_a_person_and_of_a_filing_are_printed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    press_at_hand()
    filing_no = posted(desk, (PERSON, OTHER), DAYS[:1])
    person = {**stated(PERSON), "scheme": "cn-3710"}

    papers = [
        desk.official.post("/api/v1/statements?format=pdf", person),
        desk.provider.get(f"/api/v1/filings/{filing_no}/statement?format=pdf"),
        desk.provider.get(
            f"/api/v1/filings/{filing_no}/statement", headers={"Accept": "application/pdf"}
        ),
    ]
    monkeypatch.setattr(modules["creditbank.api.statements"], "PAPER_LINES_MAX", 1)
    too_long = desk.provider.get(f"/api/v1/filings/{filing_no}/statement?format=pdf")

    for paper in papers:
        assert (paper.content_type, paper.get_data()[:5]) == ("application/pdf", b"%PDF-")
    assert problem_of(too_long)["code"] == "statement-too-long"


def test_nobody_on_record_has_no_statement(desk: Desk) -> None:
    answer = desk.official.post(
        "/api/v1/statements", {**stated(invented_person(43)), "scheme": "cn-3710"}
    )

    assert problem_of(answer)["code"] == "person-unknown"
