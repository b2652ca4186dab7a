"""Yearly calls: opened, bid on lane by lane, decided within their places, recommended upward."""

from datetime import date, timedelta
from typing import Any

import pytest

from creditbank.clock import civil_day, utc_now
from creditbank.registry.calls import (
    BidDraft,
    CallDraft,
    CallKind,
    Lane,
    bid_on,
    open_call,
    withdraw_bid,
)
from creditbank.registry.facts import Ground, Level
from creditbank.registry.organisations import organisation_by_uscc
from tests.acts import make_base
from tests.api.desk import DAYS, OTHER_ENTERPRISE_USCC, YEAR, Desk, filing_body, problem_of
from tests.api.test_organisation_facts import said as fact
from tests.api.test_organisation_facts import state
from tests.bank import ENTERPRISE_USCC

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
TODAY = civil_day(utc_now())
PAST = utc_now() - timedelta(days=30)
DOCUMENT = {"document_no": "示例〔2026〕6号", "document_day": "2026-01-05"}
BID = {"lane": "general", "title": "复合材料成型", "plan": "两期，每期40人"}


def opened(desk: Desk, **said: Any) -> dict[str, Any]:
    """Open a call by the API that takes bids through tomorrow."""
    body = {
        "jurisdiction": "cn-3710", "year": TODAY.year, "kind": "training_base",
        "level": "municipal", "title": "市级继续教育基地申报",
        "places": {"general": 1, "specialised_innovative": 1},
        "closes_on": (TODAY + timedelta(days=1)).isoformat(),
        **DOCUMENT, **said,
    }  # fmt: skip
    answer = desk.official.post("/api/v1/calls", body)
    told: dict[str, Any] = answer.get_json()
    return {**told, "status": answer.status_code}


def closed(desk: Desk, *lanes: tuple[str, Lane], places: int = 1) -> tuple[str, list[str]]:
    """Open a call a month ago, with bids by codes and lanes, that closed since."""
    draft = CallDraft(
        "cn-3710", TODAY.year, CallKind.TRAINING_BASE, Level.MUNICIPAL, "市级基地申报",
        {str(each): places for each in Lane}, civil_day(PAST) + timedelta(days=5),
        Ground("示例〔2026〕6号", date(2026, 1, 5)),
    )  # fmt: skip
    with desk.bank.unit() as session:
        call = open_call(session, draft, actor="official-test", now=PAST)
        bids = [
            bid_on(
                session, call.call_no, organisation_by_uscc(session, uscc),
                BidDraft(lane, "基地", "场地、师资"), actor="provider-test", now=PAST,
            ).bid_no
            for uscc, lane in lanes
        ]  # fmt: skip
        return call.call_no, bids


def decided(desk: Desk, call_no: str, awarded: list[str], **said: str) -> Any:
    body = {"awarded": awarded, "valid_from": TODAY.isoformat(), **DOCUMENT, **said}
    return desk.official.post(f"/api/v1/calls/{call_no}/decision", body)


def test_bids_are_taken_in_their_lane_once_and_seen_by_their_bidder_alone(desk: Desk) -> None:
    call = opened(desk)
    bids = f"/api/v1/calls/{call['call_no']}/bids"
    kept = problem_of(desk.provider.post(bids, {**BID, "lane": "specialised_innovative"}))
    state(desk.official, fact("class", "single_product_champion", "national",
                              valid_from="2024-01-01"))  # fmt: skip

    made = desk.provider.post(bids, {**BID, "lane": "specialised_innovative"})
    twice = problem_of(desk.provider.post(bids, BID))
    desk.other_provider.post(bids, BID)
    early = problem_of(decided(desk, call["call_no"], []))
    seen = [
        len(caller.get(f"/api/v1/calls/{call['call_no']}").get_json()["bids"])
        for caller in (desk.provider, desk.other_provider, desk.official)
    ]
    listed = [
        len(caller.get("/api/v1/calls").get_json()["calls"])
        for caller in (desk.provider, desk.official, desk.far_official)
    ]

    assert (call["status"], made.status_code) == (201, 201)
    assert (kept["code"], twice["code"], early["code"]) == ("bid-lane", "bid-known", "call-state")
    assert seen == [1, 1, 2]
    assert listed == [1, 1, 0]
    assert desk.bank.fsck() == []


def test_a_bid_is_taken_back_by_its_bidder_until_the_call_closes_and_may_be_made_anew(
    desk: Desk,
) -> None:
    call_no = opened(desk)["call_no"]
    bids = f"/api/v1/calls/{call_no}/bids"
    first = desk.provider.post(bids, BID).get_json()["bid_no"]
    withdrawal = f"/api/v1/bids/{first}/withdrawal"

    foreign = problem_of(desk.other_provider.post(withdrawal, {}))
    done = desk.provider.post(withdrawal, {"reason": "计划有变"})
    twice = problem_of(desk.provider.post(withdrawal, {}))
    second = desk.provider.post(bids, BID)
    _over, [late] = closed(desk, (ENTERPRISE_USCC, Lane.GENERAL))
    after = problem_of(desk.provider.post(f"/api/v1/bids/{late}/withdrawal", {}))

    assert (done.status_code, done.get_json()["state"]) == (200, "withdrawn")
    assert (foreign["code"], twice["code"], after["code"]) == (
        "bid-unknown", "bid-unknown", "call-state",
    )  # fmt: skip
    assert second.status_code == 201
    stand = {each["bid_no"]: each["state"] for each in
             desk.official.get(f"/api/v1/calls/{call_no}").get_json()["bids"]}  # fmt: skip
    assert stand == {first: "withdrawn", second.get_json()["bid_no"]: "submitted"}
    assert desk.bank.fsck() == []


def test_what_was_taken_back_is_not_decided_on(desk: Desk) -> None:
    call_no, [bid_no, other] = closed(
        desk, (ENTERPRISE_USCC, Lane.GENERAL), (OTHER_ENTERPRISE_USCC, Lane.GENERAL)
    )
    with desk.bank.unit() as session:
        withdraw_bid(session, bid_no, None, "", actor="provider-test", now=PAST)

    awarded = problem_of(decided(desk, call_no, [bid_no]))
    done = decided(desk, call_no, [other]).get_json()

    assert awarded["code"] == "bid-unknown"
    assert {each["bid_no"]: each["state"] for each in done["bids"]} == {
        bid_no: "withdrawn", other: "awarded",
    }  # fmt: skip
    assert desk.bank.fsck() == []


def test_what_is_awarded_stays_within_the_places_and_makes_a_base(desk: Desk) -> None:
    general = Lane.GENERAL
    call_no, bids = closed(desk, (ENTERPRISE_USCC, general), (OTHER_ENTERPRISE_USCC, general))
    late = problem_of(desk.provider.post(f"/api/v1/calls/{call_no}/bids", BID))
    many = problem_of(decided(desk, call_no, bids))
    foreign = problem_of(decided(desk, call_no, ["B000000000"]))
    termless = desk.official.post(
        f"/api/v1/calls/{call_no}/decision", {"awarded": bids[:1], **DOCUMENT}
    )

    done = decided(desk, call_no, bids[:1])
    twice = problem_of(decided(desk, call_no, bids[:1]))
    up = {"level": "provincial", **DOCUMENT}
    recommended = desk.official.post(f"/api/v1/bids/{bids[0]}/recommendation", up)
    again = [
        problem_of(desk.official.post(f"/api/v1/bids/{each}/recommendation", up))["code"]
        for each in bids
    ]
    bases = [
        len(desk.official.get(f"/api/v1/organisations/{uscc}").get_json()["bases"])
        for uscc in (ENTERPRISE_USCC, OTHER_ENTERPRISE_USCC)
    ]

    assert (late["code"], many["code"]) == ("call-state", "call-places")
    assert (foreign["code"], problem_of(termless)["code"]) == ("bid-unknown", "base-term-wanted")
    stand = {each["bid_no"]: each["state"] for each in done.get_json()["bids"]}
    assert stand == {bids[0]: "awarded", bids[1]: "refused"}
    assert twice["code"] == "call-state"
    assert recommended.get_json()["recommended_to"] == "provincial"
    assert again == ["bid-unknown", "bid-unknown"]
    assert bases == [1, 0]
    assert desk.bank.fsck() == []


@ON_SQLITE
def test_a_base_that_is_one_already_refuses_the_whole_decision(desk: Desk) -> None:
    call_no, bids = closed(desk, (ENTERPRISE_USCC, Lane.GENERAL))
    make_base(desk.bank, "municipal", date(2024, 1, 1))

    refused = problem_of(decided(desk, call_no, bids))

    assert refused["code"] == "organisation-facts-contradict"
    assert desk.official.get(f"/api/v1/calls/{call_no}").get_json()["state"] == "open"
    lower = desk.official.post(
        f"/api/v1/bids/{bids[0]}/recommendation", {"level": "municipal", **DOCUMENT}
    )
    assert problem_of(lower)["code"] == "bid-unknown"


@ON_SQLITE
@pytest.mark.parametrize(
    ("said", "code"),
    [({"places": {}}, "call-unfit"), ({"closes_on": "2020-01-01"}, "call-unfit"),
     ({"jurisdiction": "cn-33"}, "region-foreign")],
)  # fmt: skip
def test_a_call_without_places_or_days_or_of_another_region_is_refused(
    desk: Desk, said: dict[str, Any], code: str
) -> None:
    assert opened(desk, **said)["code"] == code


@ON_SQLITE
def test_each_base_is_told_how_many_seminars_it_has_held_and_how_many_are_missing(
    desk: Desk,
) -> None:
    make_base(desk.bank, "municipal", date(2024, 1, 1))
    make_base(desk.bank, "provincial", date(2024, 1, 1), OTHER_ENTERPRISE_USCC)
    course = {
        **filing_body(days=DAYS[:1]), "kind": "base_course", "facts": {"base_level": "municipal"},
    }  # fmt: skip
    for body in (course, {**course, "title": "第二期"}, filing_body(days=DAYS[:1])):
        filed = desk.provider.post("/api/v1/filings", body).get_json()
        desk.official.post(f"/api/v1/filings/{filed['filing_no']}/approval", {"reason": "补办"})

    told = desk.official.get("/api/v1/base-duties", query_string={"year": YEAR}).get_json()

    assert [(each["uscc"], each["held"], each["missing"]) for each in told["bases"]] == [
        (OTHER_ENTERPRISE_USCC, 0, 2), (ENTERPRISE_USCC, 2, 0),
    ]  # fmt: skip
    assert told["bases"][0]["by"] == f"{YEAR}-12-31"
