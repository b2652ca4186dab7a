"""The day log of practical training over the API."""

from tests.acts import approve_training
from tests.api.desk import DAYS, Desk, problem_of, roster_rows
from tests.bank import invented_person

ONE = invented_person(21)


def test_the_host_tells_each_day_and_then_its_attendance_is_credited(desk: Desk) -> None:
    filing = f"/api/v1/filings/{approve_training(desk.bank, DAYS[:2])}"
    entry = {"day": DAYS[0].isoformat(), "use": "training", "told_by": "host", "done": "跟班"}
    travel = {**entry, "day": DAYS[1].isoformat(), "use": "travel", "done": "返程"}
    entry["sha256"] = "5a" * 32

    before = desk.provider.get(f"{filing}/days").get_json()
    logged = desk.provider.post(f"{filing}/days", entry).get_json()
    desk.provider.post(f"{filing}/days", travel)
    posted = desk.provider.post(f"{filing}/rosters", roster_rows([ONE], DAYS[:2])).get_json()
    seen = desk.official.get(f"{filing}/days").get_json()
    wrong = problem_of(desk.provider.post(f"{filing}/days", {**entry, "sha256": "5A" * 32}))
    late = problem_of(desk.provider.post(f"{filing}/days", {**entry, "use": "travel"}))

    assert before == {"days": [], "missing": [day.isoformat() for day in DAYS[:2]]}
    assert (logged["days"][0]["done"], logged["missing"]) == ("跟班", [DAYS[1].isoformat()])
    assert (posted["rows_credited"], posted["credited_hours"]) == (1, "8.00")
    assert [each["code"] for each in posted["problems"]] == ["roster-day-travel"]
    assert [each["use"] for each in seen["days"]] == ["training", "travel"]
    assert [each["sha256"] for each in seen["days"]] == ["5a" * 32, ""]
    assert wrong["errors"][0]["path"] == "/sha256"
    assert late["code"] == "travel-day-credited"


def test_another_kind_of_filing_has_no_day_log(desk: Desk) -> None:
    filing = f"/api/v1/filings/{desk.approved_filing()}/days"

    refused = problem_of(desk.provider.get(filing))

    assert refused["code"] == "day-log-foreign"
    assert "企业" in refused["found"]
