"""Amendments over the API: asked for, read with what differs, decided once."""

from tests.api.desk import DAYS, Desk, filing_body, problem_of, roster_rows
from tests.bank import invented_person

ONE = invented_person(21)


def test_a_provider_asks_for_more_seats_and_an_official_approves(desk: Desk) -> None:
    filing = f"/api/v1/filings/{desk.approved_filing(seats=1)}"
    sessions = desk.provider.get(filing).get_json()["sessions"]
    sessions[1] |= {"place": "大教室", "begins_at": "09:00", "ends_at": "17:00"}
    wanted = {"seats": 2, "sessions": sessions[:2], "reason": "报名人数增加"}

    asked = desk.provider.post(f"{filing}/amendments", wanted).get_json()
    again = problem_of(desk.provider.post(f"{filing}/amendments", {**wanted, "seats": 3}))
    foreign = desk.other_provider.get(f"{filing}/amendments")
    other = problem_of(desk.official.post(f"{filing}/amendments/approval", {"version": 3}))
    approved = desk.official.post(f"{filing}/amendments/approval", {"version": 2}).get_json()
    twice = problem_of(desk.official.post(f"{filing}/amendments/approval", {"version": 2}))
    [told] = desk.official.get(f"{filing}/amendments").get_json()["amendments"]

    assert (asked["version"], asked["state"], asked["after"]["seats"]) == (2, "asked", 2)
    assert (again["code"], foreign.status_code) == ("amendment-open", 404)
    assert (other["code"], twice["code"]) == ("amendment-missing",) * 2
    assert (approved["version"], approved["seats"], approved["used"]["people_max"]) == (2, 2, 2)
    assert approved["used"]["person_hours_max"] == "16.00"
    assert told["before"]["seats"] == 1
    assert [(each["name"], each["session_no"]) for each in told["changes"]] == [
        ("seats", 0), ("begins_at", 2), ("ends_at", 2), ("place", 2), ("sessions", 3),
    ]  # fmt: skip
    assert desk.bank.fsck() == []


def test_days_with_attendance_are_named_when_they_would_be_dropped(desk: Desk) -> None:
    filing = f"/api/v1/filings/{desk.approved_filing()}"
    desk.provider.post(f"{filing}/rosters", roster_rows([ONE], DAYS[:1]))
    body = filing_body()
    wanted = {"seats": 40, "sessions": body["sessions"][1:], "reason": "缩短"}

    refused = problem_of(desk.provider.post(f"{filing}/amendments", wanted))
    sessions = desk.provider.get(filing).get_json()["sessions"]
    fewer = {**wanted, "sessions": [*sessions[:1], {**sessions[2], "session_no": 9}]}
    unknown = problem_of(desk.provider.post(f"{filing}/amendments", fewer))
    kept = {**wanted, "sessions": sessions[:1]}
    asked = desk.provider.post(f"{filing}/amendments", kept).get_json()
    refusal = {"version": asked["version"], "reason": "请办完三天"}
    by_provider = desk.provider.post(f"{filing}/amendments/refusal", refusal)
    desk.official.post(f"{filing}/amendments/refusal", refusal)
    back = desk.provider.post(f"{filing}/amendments", kept).get_json()
    withdrawn = desk.provider.post(f"{filing}/amendments/withdrawal", {"version": back["version"]})

    assert refused["code"] == "amendment-takes-away"
    assert DAYS[0].isoformat() in refused["detail"]
    assert unknown["code"] == "amendment-session-unknown"
    assert (by_provider.status_code, withdrawn.get_json()["version"]) == (403, 1)
    found = desk.provider.get(f"{filing}/amendments").get_json()["amendments"]
    assert [(each["version"], each["state"], each["decision"]) for each in found] == [
        (2, "refused", "请办完三天"), (3, "withdrawn", ""),
    ]  # fmt: skip
