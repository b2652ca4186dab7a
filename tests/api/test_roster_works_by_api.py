"""Rosters that a machine does not wait for: accepted, watched, and answered as if it had waited."""

import threading

from creditbank.clock import utc_now
from creditbank.crediting.roster_works import fail, take_up
from creditbank.jobs.rosters import run_rosters
from creditbank.registry.filing.states import FilingNotApprovedError
from tests.api.desk import DAYS, Desk, problem_of, roster_rows
from tests.bank import invented_person
from tests.crediting.long_rosters import bounded

ASYNC = {"Prefer": "wait=5, respond-async"}
PEOPLE = [invented_person(number) for number in range(3)]
WRONG = roster_rows([invented_person(7)])["rows"][0] | {"day": "2020-01-01"}


def test_a_roster_is_accepted_watched_and_answered_as_one_that_was_waited_for(desk: Desk) -> None:
    body = roster_rows(PEOPLE)
    body["rows"].append(WRONG)
    waited = desk.provider.post(f"/api/v1/filings/{desk.approved_filing()}/rosters", body)
    filing_no = desk.approved_filing()
    rosters = f"/api/v1/filings/{filing_no}/rosters"
    sent = desk.provider.post(rosters, body, retry="once", headers=ASYNC)
    again = desk.provider.post(rosters, body, retry="once", headers=ASYNC)
    place = sent.headers["Location"]
    before = desk.provider.get(place).get_json()
    run_rosters(threading.Event())
    later = desk.provider.post(rosters, body, retry="once", headers=ASYNC)
    done = desk.provider.get(place).get_json()

    assert (sent.status_code, sent.headers["Preference-Applied"]) == (202, "respond-async")
    for retried in (again, later):
        assert (retried.status_code, retried.headers["Idempotency-Replayed"]) == (202, "true")
        assert retried.headers["Location"] == place
        assert retried.get_json() == sent.get_json()
    assert (before["state"], before["rows_total"], before["result"]) == ("waiting", 10, None)
    assert (done["state"], done["problem"]) == ("done", None)
    result, asked = done["result"], waited.get_json()
    assert set(result) == set(asked)
    assert [each["code"] for each in result["problems"]] == [
        each["code"] for each in asked["problems"]
    ]
    assert (result["rows_credited"], result["credited_hours"]) == (9, asked["credited_hours"])
    record = desk.provider.get(f"/api/v1/rosters/{result['roster_no']}").get_json()
    assert (record["filing_no"], record["rows_credited"]) == (filing_no, 9)


def test_a_very_long_one_is_never_waited_for_and_one_that_is_only_tried_always_is(
    desk: Desk,
) -> None:
    rosters = f"/api/v1/filings/{desk.approved_filing()}/rosters"
    bounded(desk.bank, roster_call_rows_max=2)

    tried = desk.provider.post(f"{rosters}?mode=validate", roster_rows(PEOPLE), headers=ASYNC)
    short = desk.provider.post(rosters, roster_rows(PEOPLE[:1], DAYS[:2]))
    long = desk.provider.post(rosters, roster_rows(PEOPLE))

    assert [each.status_code for each in (tried, short, long)] == [201, 201, 202]
    assert "Preference-Applied" not in long.headers


def test_one_is_cancelled_before_it_begins_and_after_that_says_why_not(desk: Desk) -> None:
    rosters = f"/api/v1/filings/{desk.approved_filing()}/rosters"
    first, second = (
        desk.provider.post(rosters, roster_rows(PEOPLE, days), headers=ASYNC).headers["Location"]
        for days in (DAYS[:1], DAYS[1:])
    )
    cancelled = desk.provider.post(f"{first}/cancellation")
    run_rosters(threading.Event())
    late = desk.provider.post(f"{second}/cancellation")

    assert (cancelled.status_code, cancelled.get_json()["state"]) == (200, "cancelled")
    assert problem_of(late)["code"] == "roster-work-begun"
    states = [desk.provider.get(each).get_json()["state"] for each in (first, second)]
    assert states == ["cancelled", "done"]


def test_one_that_cannot_be_posted_says_why(desk: Desk) -> None:
    filing_no = desk.approved_filing()
    sent = desk.provider.post(
        f"/api/v1/filings/{filing_no}/rosters", roster_rows(PEOPLE), headers=ASYNC
    )
    with desk.bank.unit() as session:
        turn = take_up(session, now=utc_now())
        assert turn is not None
        refused = FilingNotApprovedError(filing_no=filing_no, state="refused")
        fail(session, turn, refused, now=utc_now())

    told = desk.provider.get(sent.headers["Location"]).get_json()

    assert (told["state"], told["result"]) == ("failed", None)
    assert told["problem"]["code"] == "filing-not-approved"
    assert filing_no in told["problem"]["found"]
