"""Why an entry counts: from what was stored with it, in both languages, with every clause."""

from datetime import timedelta
from typing import Any

from creditbank.people.register import Identity
from tests.acts import publish
from tests.api.desk import DAYS, Desk, problem_of, roster_rows, stated
from tests.bank import invented_person

PERSON = invented_person(31)
SCHEME = "cn-3710"


def credits(desk: Desk, person: Identity = PERSON, scheme: str = SCHEME) -> list[dict[str, Any]]:
    """Return a person's credits as the API gives them."""
    answer = desk.official.post("/api/v1/entries", {**stated(person), "scheme": scheme})
    entries: list[dict[str, Any]] = answer.get_json()["entries"]
    return [entry for entry in entries if entry["movement"] == "credit"]


def explained(desk: Desk, leaf: str) -> dict[str, Any]:
    response = desk.official.get(f"/api/v1/entries/{leaf}/explanation")
    assert response.status_code == 200, response.get_json()
    answer: dict[str, Any] = response.get_json()
    return answer


def codes(explanation: dict[str, Any]) -> list[str]:
    return [line["code"] for line in explanation["lines"]]


def posted(desk: Desk, *, filings: int = 1, days: int = 1) -> None:
    for _ in range(filings):
        filing_no = desk.approved_filing()
        rows = roster_rows([PERSON], DAYS[:days])
        answer = desk.provider.post(f"/api/v1/filings/{filing_no}/rosters", rows)
        assert answer.get_json()["rows_credited"] == days, answer.get_json()


def test_an_attendance_is_explained_from_its_minutes_to_what_counts(desk: Desk) -> None:
    posted(desk)
    [credit] = credits(desk)

    found = explained(desk, credit["leaf"])

    assert codes(found) == [
        "explain-filing", "rules-step-recognised", "rules-step-per-day", "rules-step-result",
        "explain-counted",
    ]  # fmt: skip
    recognised = found["lines"][1]
    assert "威人社字〔2024〕2号" in recognised["ground_zh"]
    assert (recognised["scheme"], recognised["key"]) == (SCHEME, "recognise.enterprise_course")
    assert "实到 360 分钟" in found["lines"][0]["zh"]
    assert "360 of 360 planned minutes" in found["lines"][0]["en"]
    assert (found["hours"], found["live_hours"], found["capped_hours"]) == ("8.00", "8.00", "0.00")
    assert found["packs"][0][0] == SCHEME


def test_what_a_cap_cut_is_told_with_the_rule_that_cut_it(desk: Desk) -> None:
    posted(desk, filings=2)

    cut = [found for each in credits(desk) if (found := explained(desk, each["leaf"]))
           if found["capped_hours"] != "0.00"]  # fmt: skip

    [found] = cut
    assert codes(found)[-3:] == ["explain-cap", "explain-cap-day", "explain-counted"]
    assert "8.00 学时不计" in found["lines"][-3]["zh"]
    assert found["lines"][-2]["key"].startswith("cap.")
    assert found["lines"][-2]["ground_zh"]
    assert (found["live_hours"], found["capped_hours"]) == ("0.00", "8.00")


def test_a_reversal_is_told_with_its_reason(desk: Desk) -> None:
    filing_no = desk.approved_filing()
    desk.provider.post(f"/api/v1/filings/{filing_no}/rosters", roster_rows([PERSON], DAYS[:1]))
    withdrawal = {**stated(PERSON), "reason": "wrong-minutes"}
    desk.official.post(f"/api/v1/filings/{filing_no}/withdrawals", withdrawal)
    [credit] = credits(desk)

    found = explained(desk, credit["leaf"])

    assert codes(found)[-2:] == ["explain-reverse-wrong-minutes", "explain-counted"]
    assert found["reversed"] is True
    assert found["live_hours"] == "0.00"


def test_hours_from_before_the_bank_say_where_they_come_from(desk: Desk) -> None:
    row = {**stated(PERSON), "year": 2024, "subject": "professional", "hours": "60.00"}
    body = {"jurisdiction": SCHEME, "origin": "原登记系统", "rows": [row]}
    proposed = desk.official.post("/api/v1/imports", body).get_json()
    desk.second_official.post(f"/api/v1/imports/{proposed['import_no']}/approval", {})
    [credit] = credits(desk)

    found = explained(desk, credit["leaf"])

    assert codes(found) == ["explain-import", "explain-counted"]
    assert "原登记系统" in found["lines"][0]["zh"]


def test_an_entry_is_explained_by_the_rules_of_its_time(desk: Desk) -> None:
    posted(desk)
    [credit] = credits(desk)
    before = explained(desk, credit["leaf"])

    publish(desk.bank, with_other_reasons(desk), corrigendum="测试")
    today = desk.nobody.post("/api/v1/packs/cn-3710/explain", {"session": {
        "activity": "enterprise_course", "day": DAYS[0].isoformat()}}, retry="")  # fmt: skip

    assert any("另：" in line["ground_zh"] for line in today.get_json()["lines"])

    assert explained(desk, credit["leaf"]) == before


def with_other_reasons(desk: Desk) -> str:
    """Return the next version of the city's pack, in which every reason is worded otherwise."""
    text = desk.nobody.get("/api/v1/packs/cn-3710/1").get_data(as_text=True)
    return text.replace("version      = 1", "version      = 2").replace(
        'reason    = "', 'reason    = "另：'
    )


def test_nobody_is_told_of_entries_of_another_region_or_of_none(desk: Desk) -> None:
    posted(desk)
    [credit] = credits(desk)
    explanation = f"/api/v1/entries/{credit['leaf']}/explanation"

    far = desk.far_official.get(explanation)
    provider = desk.provider.get(explanation)
    unknown = desk.official.get(f"/api/v1/entries/{'0' * 64}/explanation")
    misspelt = desk.official.get(f"/api/v1/entries/{'x' * 64}/explanation")

    assert problem_of(far)["code"] == "region-foreign"
    assert problem_of(provider)["code"] == "scope-missing"
    assert problem_of(unknown)["code"] == "entry-unknown"
    assert misspelt.status_code == 404


def test_a_made_up_session_is_explained_to_anybody_and_writes_nothing(desk: Desk) -> None:
    day = (DAYS[0] - timedelta(days=1)).isoformat()
    body = {"session": {"activity": "enterprise_course", "day": day, "attended_minutes": 180}}
    before = desk.row_counts()

    answer = desk.nobody.post("/api/v1/packs/cn-3710/explain", body, retry="")

    found = answer.get_json()
    assert (answer.status_code, found["hours"]) == (200, "4.00")
    assert [line["code"] for line in found["lines"]][-1] == "rules-step-result"
    assert desk.row_counts() == before


def test_neither_or_both_of_a_session_and_an_item_is_refused(desk: Desk) -> None:
    session = {"activity": "enterprise_course", "day": "2026-11-10"}
    item = {"activity": "paper", "subject": "professional", "day": "2026-05-20"}

    answers = [
        desk.nobody.post("/api/v1/packs/cn-3710/explain", body, retry="")
        for body in ({}, {"session": session, "item": item})
    ]

    assert [problem_of(each)["code"] for each in answers] == ["request-invalid"] * 2
    assert [each.get_json()["errors"][0]["code"] for each in answers] == ["field-one-of"] * 2
