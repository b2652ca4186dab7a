"""Filings over the API: submitted, listed page by page, decided, used."""

import io
from datetime import date, timedelta

from creditbank.clock import civil_day, utc_now
from tests.acts import make_base
from tests.api.desk import DAYS, Desk, filing_body, problem_of, roster_rows, stated
from tests.bank import ENTERPRISE_USCC, invented_person

PERSON = invented_person(21)


def test_a_filing_tells_its_sessions_its_state_and_what_is_used(desk: Desk) -> None:
    filed = desk.provider.post("/api/v1/filings", filing_body()).get_json()

    assert (filed["state"], filed["used"], filed["organisation"]) == (
        "submitted", None, ENTERPRISE_USCC,
    )  # fmt: skip
    assert [each["day"] for each in filed["sessions"]] == [day.isoformat() for day in DAYS]


def test_an_approved_filing_has_room_for_its_seats_and_hours(desk: Desk) -> None:
    filing_no = desk.approved_filing(seats=2)
    posted = desk.provider.post(f"/api/v1/filings/{filing_no}/rosters", roster_rows([PERSON]))

    found = desk.official.get(f"/api/v1/filings/{filing_no}").get_json()

    assert found["state"] == "approved"
    assert found["rosters"] == [posted.get_json()["roster_no"]]
    assert found["used"] == {
        "people": 1, "people_max": 2, "hours": "24.00", "hours_max": "48.00",
        "person_hours_max": "24.00",
    }  # fmt: skip


def test_what_was_filed_after_it_began_is_approved_with_a_reason(desk: Desk) -> None:
    filed = desk.provider.post("/api/v1/filings", filing_body()).get_json()
    approval = f"/api/v1/filings/{filed['filing_no']}/approval"

    without = desk.official.post(approval, {})
    with_one = desk.official.post(approval, {"reason": "补办备案"})

    assert problem_of(without)["code"] == "late-reason-wanted"
    assert with_one.get_json()["state"] == "approved"


def test_what_is_filed_before_it_begins_needs_no_reason(desk: Desk) -> None:
    tomorrow = civil_day(utc_now()) + timedelta(days=1)
    filed = desk.provider.post("/api/v1/filings", filing_body(days=[tomorrow])).get_json()

    approved = desk.official.post(f"/api/v1/filings/{filed['filing_no']}/approval", {})

    assert approved.get_json()["state"] == "approved"


def test_a_refused_filing_keeps_its_reason_and_takes_no_roster(desk: Desk) -> None:
    filed = desk.provider.post("/api/v1/filings", filing_body()).get_json()
    filing = f"/api/v1/filings/{filed['filing_no']}"

    refused = desk.official.post(f"{filing}/refusal", {"reason": "未说明授课单位"})
    approved = desk.official.post(f"{filing}/approval", {"reason": "x"})
    posted = desk.provider.post(f"{filing}/rosters", roster_rows([PERSON]))

    assert (refused.get_json()["state"], refused.get_json()["reason"]) == (
        "refused", "未说明授课单位",
    )  # fmt: skip
    assert problem_of(approved)["code"] == "filing-decided"
    assert problem_of(posted)["code"] == "filing-not-approved"


def test_a_returned_filing_is_submitted_again_under_its_number(desk: Desk) -> None:
    filed = desk.provider.post("/api/v1/filings", filing_body()).get_json()
    filing = f"/api/v1/filings/{filed['filing_no']}"

    returned = desk.official.post(f"{filing}/return", {"reason": "请补写授课单位", "version": 1})
    seen = desk.provider.get("/api/v1/filings", query_string={"state": "returned"}).get_json()
    by_official = desk.official.post(f"{filing}/resubmission", filing_body(seats=7))
    again = desk.provider.post(f"{filing}/resubmission", filing_body(seats=7))
    twice = desk.provider.post(f"{filing}/resubmission", filing_body(seats=8))
    stale = desk.official.post(f"{filing}/approval", {"reason": "补办", "version": 1})
    approved = desk.official.post(f"{filing}/approval", {"reason": "补办", "version": 2})

    assert (returned.get_json()["state"], returned.get_json()["reason"]) == (
        "returned", "请补写授课单位",
    )  # fmt: skip
    assert [each["filing_no"] for each in seen["filings"]] == [filed["filing_no"]]
    assert problem_of(by_official)["code"] == "scope-missing"
    assert [again.get_json()[name] for name in ("state", "version", "seats", "reason")] == [
        "submitted", 2, 7, "",
    ]  # fmt: skip
    assert problem_of(twice)["code"] == "filing-not-returned"
    assert problem_of(stale)["code"] == "filing-changed"
    assert (approved.get_json()["state"], approved.get_json()["version"]) == ("approved", 2)


def test_a_roster_that_is_only_validated_tells_each_row_and_why(desk: Desk) -> None:
    roster = f"/api/v1/filings/{desk.approved_filing(seats=1)}/rosters"
    rows = roster_rows([PERSON, invented_person(22)])

    tried = desk.provider.post(roster, rows, query_string={"mode": "validate"}).get_json()
    posted = desk.provider.post(roster, rows).get_json()

    assert [(row["row_no"], row["hours"]) for row in tried["rows"]] == [
        (1, "8.00"), (2, "8.00"), (3, "8.00"),
    ]  # fmt: skip
    assert all(row["why"] for row in tried["rows"])
    assert posted["rows"] == []
    same = ("rows_credited", "credited_hours", "capped_hours", "problems")
    assert [tried[name] for name in same] == [posted[name] for name in same]


def test_an_activity_that_the_rules_do_not_know_is_refused_when_it_is_filed(desk: Desk) -> None:
    response = desk.provider.post("/api/v1/filings", filing_body() | {"activity": "karaoke"})

    assert problem_of(response)["code"] == "not-recognised"


def test_filings_come_newest_first_page_by_page_each_once(desk: Desk) -> None:
    numbers = [
        desk.provider.post("/api/v1/filings", filing_body()).get_json()["filing_no"]
        for _ in range(5)
    ]

    seen, cursor = [], ""
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = desk.provider.get("/api/v1/filings", query_string=query).get_json()
        seen += [each["filing_no"] for each in page["filings"]]
        cursor = page["next_cursor"]
        if not cursor:
            break

    assert seen == numbers[::-1]


def test_filings_are_listed_by_state(desk: Desk) -> None:
    approved = desk.approved_filing()
    desk.provider.post("/api/v1/filings", filing_body())

    page = desk.official.get("/api/v1/filings", query_string={"state": "approved"}).get_json()

    assert [each["filing_no"] for each in page["filings"]] == [approved]


def test_the_template_is_a_workbook_that_can_be_filled_in_and_posted(desk: Desk) -> None:
    filing_no = desk.approved_filing()

    response = desk.provider.get(f"/api/v1/filings/{filing_no}/roster-template")

    assert response.data.startswith(b"PK")
    assert f"roster-{filing_no}.xlsx" in response.headers["Content-Disposition"]
    empty = desk.provider.post(
        f"/api/v1/filings/{filing_no}/rosters",
        data={"file": (io.BytesIO(response.data), "名单.xlsx")},
    )
    assert problem_of(empty)["code"] == "roster-empty"


def test_bad_rows_come_back_in_the_readers_language_and_can_be_read_again(desk: Desk) -> None:
    filing_no = desk.approved_filing(seats=1)
    rows = roster_rows([PERSON, invented_person(22)])

    posted = desk.provider.post(
        f"/api/v1/filings/{filing_no}/rosters", rows, headers={"Accept-Language": "en"}
    ).get_json()
    read = desk.provider.get(f"/api/v1/rosters/{posted['roster_no']}").get_json()

    assert [each["title"] for each in posted["problems"]] == ["No places left"] * 3
    assert [each["title"] for each in read["problems"]] == ["名额已满"] * 3
    assert [each["row_no"] for each in read["problems"]] == [4, 5, 6]
    assert read["rows_credited"] == 3


def test_a_withdrawal_of_nothing_is_refused(desk: Desk) -> None:
    withdrawals = f"/api/v1/filings/{desk.approved_filing()}/withdrawals"

    unknown = desk.provider.post(withdrawals, {**stated(PERSON), "reason": "not-present"})
    desk.provider.post(withdrawals.replace("withdrawals", "rosters"), roster_rows([PERSON]))
    misnamed = desk.provider.post(
        withdrawals, {**stated(PERSON), "name": "张三", "reason": "not-present"}
    )
    done = desk.provider.post(withdrawals, {**stated(PERSON), "reason": "wrong-person"})
    again = desk.official.post(withdrawals, {**stated(PERSON), "reason": "wrong-person"})

    assert problem_of(unknown)["code"] == "person-unknown"
    assert problem_of(misnamed)["code"] == "identity-mismatch"
    assert done.get_json()["reversed_hours"] == "24.00"
    assert problem_of(again)["code"] == "nothing-to-withdraw"


def test_a_correction_tells_before_and_after_and_moves_a_wrong_number(desk: Desk) -> None:
    filing = f"/api/v1/filings/{desk.approved_filing()}"
    desk.provider.post(f"{filing}/rosters", roster_rows([PERSON, invented_person(22)], DAYS[:1]))
    other = stated(invented_person(64))
    asked = {
        **stated(PERSON), "day": DAYS[0].isoformat(), "attended_minutes": 180,
        "reason": "wrong-minutes",
    }  # fmt: skip

    done, replay = (desk.provider.post(f"{filing}/corrections", asked, retry="x") for _ in range(2))
    same = desk.official.post(f"{filing}/corrections", asked)
    twice = {**asked, "attended_by": stated(invented_person(22))}
    refused = desk.provider.post(f"{filing}/corrections", twice)
    moved = desk.official.post(
        f"{filing}/corrections", {**asked, "attended_by": other, "reason": "wrong-person"}
    )

    said = done.get_json()
    assert (said["hours_before"], said["hours_after"]) == ("8.00", "4.00"), said
    assert (said["minutes_before"], said["minutes_after"]) == (360, 180)
    assert replay.get_json() == said
    assert problem_of(same)["code"] == "correction-unchanged"
    assert problem_of(refused)["code"] == "correction-refused"
    assert "该日已登记" in problem_of(refused)["detail"]
    assert moved.get_json()["hours_after"] == "4.00"
    balance = desk.official.post("/api/v1/balances", {**other, "scheme": "cn-3710"}).get_json()
    assert balance["live_hours"] == "4.00"
    assert desk.bank.fsck() == []


def test_a_filing_states_what_its_kind_wants(desk: Desk) -> None:
    make_base(desk.bank, "provincial", date(2025, 1, 10))
    body = filing_body() | {
        "kind": "base_course", "facts": {"base_level": "provincial"}, "policy_teaching": True,
    }  # fmt: skip
    body["sessions"][0] |= {"begins_at": "08:30", "ends_at": "16:30", "teachers": "孙某"}

    without = problem_of(desk.provider.post("/api/v1/filings", {**body, "facts": {}}))
    other = problem_of(desk.provider.post("/api/v1/filings", {**body, "kind": "online_course"}))
    filed = desk.provider.post("/api/v1/filings", body).get_json()

    assert (without["code"], other["code"]) == ("filing-fact-wanted", "filing-kind-unfit")
    assert (filed["kind"], filed["facts"]) == ("base_course", {"base_level": "provincial"})
    assert filed["policy_teaching"] is True
    first = filed["sessions"][0]
    assert (first["begins_at"], first["ends_at"], first["teachers"]) == ("08:30", "16:30", "孙某")
