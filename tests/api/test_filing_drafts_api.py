"""Drafts of filings over the API: kept with gaps, their provider's alone, submitted when whole."""

from typing import Any

from tests.api.desk import Desk, filing_body, problem_of

DRAFTS = "/api/v1/filing-drafts"


def saved(desk: Desk, content: dict[str, Any]) -> dict[str, Any]:
    answer = desk.provider.post(DRAFTS, content)
    assert answer.status_code == 201, answer.get_json()
    draft: dict[str, Any] = answer.get_json()
    return draft


def test_an_unfinished_filing_is_kept_gone_on_with_and_submitted(desk: Desk) -> None:
    whole = filing_body()
    begun = saved(desk, {"title": whole["title"], "sessions": [{"planned_minutes": 360}, {}]})
    draft = f"{DRAFTS}/{begun['draft_no']}"

    missing = [each["path"] for each in begun["missing"]]
    early = problem_of(desk.provider.post(f"{draft}/submission", {"version": 1}))
    changed = desk.provider.post(f"{draft}/content", {**whole, "version": 1}).get_json()
    filed = desk.provider.post(f"{draft}/submission", {"version": 2})
    gone = desk.provider.get(draft)

    assert missing == [
        "/activity", "/form", "/release", "/subject", "/seats", "/sessions/0/day",
        "/sessions/1/day", "/sessions/1/planned_minutes",
    ]  # fmt: skip
    assert early["code"] == "filing-draft-unfinished"
    assert "活动类别、形式" in early["detail"]
    assert (changed["version"], changed["missing"], changed["problems"]) == (2, [], [])
    assert (filed.status_code, filed.get_json()["state"]) == (201, "submitted")
    assert [each["day"] for each in filed.get_json()["sessions"]] == [
        each["day"] for each in whole["sessions"]
    ]
    assert problem_of(gone)["code"] == "filing-draft-unknown"
    assert desk.provider.get(DRAFTS).get_json() == {"drafts": []}


def test_what_is_in_a_draft_is_checked_and_what_is_not_there_is_not(desk: Desk) -> None:
    day = filing_body()["sessions"][0]["day"]
    content = {
        "activity": "karaoke", "form": "seminar", "release": "full", "subject": "cooking",
        "kind": "practical_training", "facts": {"base_level": "national"},
        "sessions": [
            {"day": day, "planned_minutes": 360, "begins_at": "09:00", "ends_at": "10:00"},
            {"day": day},
        ],
    }  # fmt: skip

    found = saved(desk, content)

    assert [each["code"] for each in found["problems"]] == [
        "filing-day-twice", "session-times-wrong", "subject-unknown", "filing-kind-unfit",
        "filing-fact-foreign", "not-recognised",
    ]  # fmt: skip
    assert {"/title", "/seats", "/facts/host"} <= {each["path"] for each in found["missing"]}
    assert problem_of(desk.provider.post(DRAFTS, {"seats": "many"}))["code"] == "request-invalid"


def test_a_draft_is_its_providers_alone(desk: Desk) -> None:
    mine = saved(desk, {"title": "未定"})
    draft = f"{DRAFTS}/{mine['draft_no']}"

    foreign = desk.other_provider
    told = [
        problem_of(answer)["code"]
        for answer in (
            foreign.get(draft), foreign.post(f"{draft}/content", {"version": 1}),
            foreign.post(f"{draft}/deletion", {"version": 1}),
            foreign.post(f"{draft}/submission", {"version": 1}),
        )
    ]  # fmt: skip

    assert told == ["filing-draft-unknown"] * 4
    assert foreign.get(DRAFTS).get_json()["drafts"] == []
    assert desk.official.get(draft).status_code == 403
    assert [each["title"] for each in desk.provider.get(DRAFTS).get_json()["drafts"]] == ["未定"]


def test_a_draft_that_somebody_saved_meanwhile_is_not_written_over(desk: Desk) -> None:
    mine = saved(desk, {"title": "甲"})
    draft = f"{DRAFTS}/{mine['draft_no']}"
    desk.provider.post(f"{draft}/content", {"title": "乙", "version": 1})

    late = problem_of(desk.provider.post(f"{draft}/content", {"title": "丙", "version": 1}))
    kept = problem_of(desk.provider.post(f"{draft}/deletion", {"version": 1}))
    desk.provider.post(f"{draft}/deletion", {"version": 2})

    assert (late["code"], kept["code"]) == ("filing-draft-changed",) * 2
    assert desk.provider.get(draft).status_code == 404


def test_an_earlier_filing_is_copied_without_its_days_and_filed_again(desk: Desk) -> None:
    body = filing_body() | {"kind": "enterprise_run", "facts": {"open_to_chain": "yes"}}
    body["sessions"][0] |= {"begins_at": "08:30", "ends_at": "16:30", "teachers": "孙某"}
    earlier = desk.provider.post("/api/v1/filings", body).get_json()["filing_no"]

    copied = desk.provider.post(f"/api/v1/filings/{earlier}/copy", {}).get_json()
    foreign = desk.other_provider.post(f"/api/v1/filings/{earlier}/copy", {})

    content, sessions = copied["content"], copied["content"]["sessions"]
    assert {each["path"] for each in copied["missing"]} == {
        f"/sessions/{place}/day" for place in range(3)
    }
    assert (content["title"], content["seats"], content["facts"]) == (
        body["title"], 40, {"open_to_chain": "yes"},
    )  # fmt: skip
    assert (sessions[0]["teachers"], "day" in sessions[0]) == ("孙某", False)
    assert foreign.status_code == 404
    for planned, old in zip(sessions, body["sessions"], strict=True):
        planned["day"] = old["day"]
    draft = f"{DRAFTS}/{copied['draft_no']}"
    whole = desk.provider.post(f"{draft}/content", {**content, "version": 1}).get_json()
    assert (whole["missing"], whole["problems"]) == ([], [])
