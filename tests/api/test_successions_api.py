"""Organisations are closed, merged, split: their keys stop, and somebody answers for hours."""

from datetime import timedelta
from typing import Any

import pytest

from creditbank.clock import civil_day, utc_now
from creditbank.registry.clients import Role
from creditbank.registry.organisations import OrganisationKind
from tests.api.desk import DAYS, OTHER_ENTERPRISE_USCC, Desk, problem_of, roster_rows, stated
from tests.api.test_organisation_facts import said as fact
from tests.api.test_organisation_facts import state
from tests.bank import ENTERPRISE_USCC, invented_person

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
THIRD_USCC = "91371000MA3DEM0K07"
DOCUMENT = {"document_no": "示例〔2026〕5号", "document_day": "2025-12-20"}
WANG, LI = invented_person(1), invented_person(2)
TODAY = civil_day(utc_now())


def becomes(desk: Desk, uscc: str, how: str, *heirs: object, **more: object) -> dict[str, Any]:
    """State what becomes of an organisation today; heirs are codes, or codes with filings."""
    named = [each if isinstance(each, dict) else {"uscc": each} for each in heirs]
    body = {"how": how, "day": TODAY.isoformat(), "successors": named, **DOCUMENT, **more}
    answer = desk.official.post(f"/api/v1/organisations/{uscc}/successions", body)
    told: dict[str, Any] = answer.get_json()
    return {**told, "status": answer.status_code}


def taken_back(desk: Desk, uscc: str, number: str) -> int:
    path = f"/api/v1/organisations/{uscc}/successions/{number}/taking-back"
    return desk.official.post(path, {"reason": "属另一企业"}).status_code


def test_of_a_merged_organisation_keys_stop_and_the_successor_puts_its_hours_right(
    desk: Desk,
) -> None:
    filing_no = desk.approved_filing()
    one = f"/api/v1/filings/{filing_no}"
    desk.provider.post(f"{one}/rosters", roster_rows([WANG], DAYS[:1]))
    wrong = {**stated(WANG), "day": DAYS[0].isoformat(), "attended_minutes": 180,
             "reason": "wrong-minutes"}  # fmt: skip
    before = desk.other_provider.post(f"{one}/corrections", wrong)

    made = becomes(desk, ENTERPRISE_USCC, "merged", OTHER_ENTERPRISE_USCC)
    refused = problem_of(desk.provider.get(one))
    token = desk.token_for(desk.provider.client_id, desk.provider.secret)
    listed = desk.other_provider.get("/api/v1/filings").get_json()["filings"]
    right = desk.other_provider.post(f"{one}/corrections", wrong)
    posted = desk.other_provider.post(f"{one}/rosters", roster_rows([LI], DAYS[:1]))
    withdrawn = desk.other_provider.post(
        f"{one}/withdrawals", {**stated(LI), "days": [], "reason": "not-present"}
    )
    answered = desk.other_provider.get(one).get_json()
    old, new = (
        desk.other_provider.get(f"/api/v1/rosters/{number}").get_json()
        for number in (answered["rosters"][0], posted.get_json()["roster_no"])
    )
    card = desk.other_provider.get(f"/api/v1/organisations/{ENTERPRISE_USCC}/scorecard")

    assert (made["status"], made["how"]) == (201, "merged")
    assert problem_of(before)["code"] == "filing-unknown"
    assert (refused["status"], refused["code"]) == (403, "organisation-ended")
    assert OTHER_ENTERPRISE_USCC in refused["detail"]
    assert (token.status_code, token.get_json()["error"]) == (400, "unauthorized_client")
    assert [each["filing_no"] for each in listed] == [filing_no]
    assert [each.status_code for each in (right, posted, withdrawn, card)] == [201, 201, 201, 200]
    assert (answered["organisation"], answered["answered_by"]) == (
        ENTERPRISE_USCC, OTHER_ENTERPRISE_USCC,
    )  # fmt: skip
    assert old["organisation"] == ENTERPRISE_USCC
    assert new["organisation"] == OTHER_ENTERPRISE_USCC
    assert desk.bank.fsck() == []


def test_a_merger_that_is_taken_back_never_was(desk: Desk) -> None:
    one = f"/api/v1/filings/{desk.approved_filing()}"
    number = becomes(desk, ENTERPRISE_USCC, "merged", OTHER_ENTERPRISE_USCC)["succession_no"]
    during = [each.get(one).status_code for each in (desk.provider, desk.other_provider)]

    back = [taken_back(desk, ENTERPRISE_USCC, number) for _ in range(2)]
    after = [each.get(one).status_code for each in (desk.provider, desk.other_provider)]
    told = desk.official.get(f"/api/v1/organisations/{ENTERPRISE_USCC}/successions").get_json()

    assert (during, back, after) == ([403, 200], [200, 404], [200, 404])
    assert (told["ended_on"], told["successions"][0]["taken_back"]) == (None, "属另一企业")
    assert desk.bank.fsck() == []


@ON_SQLITE
def test_along_a_chain_of_mergers_the_last_one_answers_and_former_numbers_add_up(
    desk: Desk,
) -> None:
    desk.organisation(THIRD_USCC, OrganisationKind.ENTERPRISE)
    third = desk.caller(Role.PROVIDER, organisation_id=desk.bank.enterprise(
        THIRD_USCC).organisation_id)  # fmt: skip
    one = f"/api/v1/filings/{desk.approved_filing()}"
    days = [(TODAY - timedelta(days=past)).isoformat() for past in (20, 10)]
    becomes(desk, ENTERPRISE_USCC, "merged", OTHER_ENTERPRISE_USCC, day=days[0])
    becomes(desk, OTHER_ENTERPRISE_USCC, "merged", THIRD_USCC, day=days[1])

    back = problem_of(
        desk.official.post(
            f"/api/v1/organisations/{THIRD_USCC}/successions",
            {"how": "merged", "day": days[0], "successors": [{"uscc": ENTERPRISE_USCC}],
             **DOCUMENT},
        )
    )  # fmt: skip
    late = becomes(desk, OTHER_ENTERPRISE_USCC, "closed")
    before = [
        [each["uscc"] for each in desk.official.get(
            f"/api/v1/organisations/{THIRD_USCC}/successions", query_string={"on": day}
        ).get_json()["predecessors"]]
        for day in (days[0], days[1])
    ]  # fmt: skip

    assert third.get(one).get_json()["answered_by"] == THIRD_USCC
    assert back["code"] == "succession-day"
    assert late["code"] == "succession-day"
    assert before == [[], [OTHER_ENTERPRISE_USCC, ENTERPRISE_USCC]]
    assert desk.bank.fsck() == []


@ON_SQLITE
def test_a_split_gives_each_successor_its_part_and_what_is_left_stays_with_who_goes_on(
    desk: Desk,
) -> None:
    given, kept = desk.approved_filing(), desk.approved_filing()
    part = {"uscc": OTHER_ENTERPRISE_USCC, "filings": [given]}

    made = becomes(desk, ENTERPRISE_USCC, "split", part, continues=True)
    seen = [
        [caller.get(f"/api/v1/filings/{each}").status_code for each in (given, kept)]
        for caller in (desk.provider, desk.other_provider)
    ]
    lists = [
        [each["filing_no"] for each in caller.get("/api/v1/filings").get_json()["filings"]]
        for caller in (desk.provider, desk.other_provider)
    ]
    twice = becomes(desk, ENTERPRISE_USCC, "split", part)
    taken_back(desk, ENTERPRISE_USCC, made["succession_no"])
    ended = becomes(desk, ENTERPRISE_USCC, "split", part)
    authority = desk.official.get(f"/api/v1/filings/{kept}").get_json()
    withdrawal = desk.official.post(
        f"/api/v1/filings/{kept}/withdrawals", {**stated(WANG), "days": [], "reason": "finding",
                                                "case_no": "查2026-3"},
    )  # fmt: skip

    assert (made["status"], ended["status"]) == (201, 201)
    assert seen == [[404, 200], [200, 404]]
    assert lists == [[kept], [given]]
    assert twice["code"] == "succession-day"
    assert authority["answered_by"] == ""
    assert problem_of(withdrawal)["code"] == "person-unknown"
    assert desk.other_provider.get(f"/api/v1/filings/{kept}").status_code == 404
    assert desk.provider.get(f"/api/v1/filings/{kept}").status_code == 403
    assert desk.bank.fsck() == []


@ON_SQLITE
@pytest.mark.parametrize(
    ("how", "heirs", "more", "code"),
    [
        ("merged", [], {}, "successors-unfit"),
        ("merged", [ENTERPRISE_USCC], {}, "successors-unfit"),
        ("merged", [OTHER_ENTERPRISE_USCC], {"continues": True}, "successors-unfit"),
        ("split", [], {}, "successors-unfit"),
        ("split", [OTHER_ENTERPRISE_USCC], {"continues": True}, "successors-unfit"),
        ("split", [{"uscc": OTHER_ENTERPRISE_USCC, "filings": ["F000000000"]}], {},
         "filing-unknown"),
        ("closed", [], {"day": (TODAY + timedelta(days=2)).isoformat()},
         "organisation-fact-ahead"),
        ("merged", ["91371000MA3TE5T024"], {}, "organisation-unknown"),
    ],
)  # fmt: skip
def test_what_could_not_be_is_refused(
    desk: Desk, how: str, heirs: list[object], more: dict[str, object], code: str
) -> None:
    assert becomes(desk, ENTERPRISE_USCC, how, *heirs, **more)["code"] == code


@ON_SQLITE
def test_a_closed_organisation_is_still_what_it_was_on_each_day_before(desk: Desk) -> None:
    before = (TODAY - timedelta(days=1)).isoformat()
    state(desk.official, fact("class", "sme", valid_from="2024-01-01"))
    name = desk.official.get(f"/api/v1/organisations/{ENTERPRISE_USCC}").get_json()["name"]
    filing_no = desk.approved_filing()
    given = desk.provider.post(
        "/api/v1/delegations",
        {"delegate": OTHER_ENTERPRISE_USCC, "valid_through": "2099-12-31"},
    )

    becomes(desk, ENTERPRISE_USCC, "closed")
    told = [
        desk.official.get(
            f"/api/v1/organisations/{ENTERPRISE_USCC}", query_string={"on": day}
        ).get_json()
        for day in (before, TODAY.isoformat())
    ]
    listed = [
        desk.official.get("/api/v1/organisations", query_string=query).get_json()["organisations"]
        for query in (
            {"enterprise_class": "sme", "on": before}, {"enterprise_class": "sme"},
            {"search": name},
        )
    ]  # fmt: skip
    delegate = problem_of(desk.other_provider.get(f"/api/v1/filings/{filing_no}"))

    assert given.status_code == 201
    assert [[each["value"] for each in one["classes"]] for one in told] == [["sme"], []]
    assert [len(each) for each in listed] == [1, 0, 1]
    assert delegate["code"] == "delegation-not-open"
