"""A firm or a platform posts attendance for whoever holds the filing, as long as it may."""

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Table, select

from creditbank.attendance.check_in_codes import Reading
from creditbank.attendance.check_in_models import CheckIn
from creditbank.attendance.check_in_sides import check_check_ins
from creditbank.attendance.check_ins import Came, Direction, record_scan
from creditbank.clock import civil_day, utc_now
from creditbank.jobs.rosters import run_rosters
from creditbank.ledger.models import Act, CreditFacts
from creditbank.registry.clients import Role, Scope
from creditbank.registry.organisations import OrganisationKind
from tests.api.desk import DAYS, OTHER_ENTERPRISE_USCC, Desk, problem_of, roster_rows, stated
from tests.api.test_api_matrix import with_scopes
from tests.api.test_xapi import PATH, SPOKEN, attended
from tests.bank import ENTERPRISE_USCC, invented_person
from tests.conftest import Database
from tests.force import Force
from tests.pads import Device, upload_of

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
THIRD_USCC = "91371000MA3DEM0K07"
WANG, LI = invented_person(1), invented_person(2)
TODAY = civil_day(utc_now())
UNTIL = (TODAY + timedelta(days=30)).isoformat()


def give(desk: Desk, **said: str) -> dict[str, Any]:
    """Let the other provider post, for all filings if none is named."""
    body = {"delegate": OTHER_ENTERPRISE_USCC, "valid_through": UNTIL, **said}
    answer = desk.provider.post("/api/v1/delegations", body)
    assert answer.status_code == 201, answer.get_json()
    told: dict[str, Any] = answer.get_json()
    return told


def test_a_delegate_sees_and_posts_what_is_delegated_and_nothing_else(desk: Desk) -> None:
    mine, kept = desk.approved_filing(), desk.approved_filing()
    one, other = f"/api/v1/filings/{mine}", f"/api/v1/filings/{kept}"
    before = desk.other_provider.post(f"{one}/rosters", roster_rows([WANG], DAYS[:1]))
    own = desk.provider.post(f"{one}/rosters", roster_rows([LI], DAYS[:1])).get_json()["roster_no"]

    made = give(desk, filing_no=mine)
    listed = desk.other_provider.get("/api/v1/filings").get_json()["filings"]
    template = desk.other_provider.get(f"{one}/roster-template")
    posted = desk.other_provider.post(f"{one}/rosters", roster_rows([WANG], DAYS[:1]))
    roster_no = posted.get_json()["roster_no"]
    record = desk.provider.get(f"/api/v1/rosters/{roster_no}").get_json()
    seen = desk.other_provider.get(one).get_json()

    assert problem_of(before)["code"] == "filing-unknown"
    assert [each["filing_no"] for each in listed] == [mine]
    assert (template.status_code, posted.status_code) == (200, 201)
    assert posted.get_json()["rows_credited"] == 1
    assert (record["posted_by"], record["organisation"], record["posted_for"]) == (
        desk.other_provider.client_id, OTHER_ENTERPRISE_USCC, ENTERPRISE_USCC,
    )  # fmt: skip
    assert record["delegation_no"] == made["delegation_no"]
    assert seen["rosters"] == [roster_no]
    assert desk.provider.get(one).get_json()["rosters"] == [own, roster_no]
    with desk.bank.reading() as session:
        facts = [json.loads(each) for each in session.scalars(select(CreditFacts.facts))]
    assert {each.get("delegation") for each in facts} == {None, made["delegation_no"]}
    refused = [
        desk.other_provider.get(other),
        desk.other_provider.post(f"{other}/rosters", roster_rows([WANG], DAYS[:1])),
        desk.other_provider.get(f"/api/v1/rosters/{own}"),
        desk.other_provider.post(f"{one}/ending", {"step": "close"}),
        desk.other_provider.post(
            f"{one}/withdrawals", {**stated(WANG), "days": [], "reason": "not-present"}
        ),
        desk.other_provider.get(f"{one}/statement"),
    ]
    assert {each.status_code for each in refused} == {404}
    assert desk.bank.fsck() == []


def test_a_delegation_that_is_over_is_refused_with_its_reason(desk: Desk) -> None:
    rosters = f"/api/v1/filings/{desk.approved_filing()}/rosters"
    body = roster_rows([WANG], DAYS[:1])
    made = give(desk)
    one = f"/api/v1/delegations/{made['delegation_no']}"

    suspended = desk.official.post(f"{one}/measure", {"step": "suspend", "reason": "抽查代签"})
    told = problem_of(desk.other_provider.post(rosters, body))
    desk.official.post(f"{one}/measure", {"step": "lift", "reason": "已整改"})
    lifted = desk.other_provider.post(rosters, body)
    left = desk.other_provider.post(
        rosters, roster_rows([LI], DAYS[:1]), headers={"Prefer": "respond-async"}
    )
    ended = desk.provider.post(f"{one}/ending", {"reason": "合同到期"})
    run_rosters(threading.Event())
    work = desk.other_provider.get(left.headers["Location"]).get_json()
    after = problem_of(desk.other_provider.post(rosters, body))
    twice = problem_of(desk.provider.post(f"{one}/ending", {}))

    assert (suspended.status_code, suspended.get_json()["state"]) == (200, "suspended")
    assert (told["status"], told["code"]) == (403, "delegation-not-open")
    assert "抽查代签" in told["detail"]
    assert lifted.status_code == 201
    assert (ended.get_json()["state"], ended.get_json()["reason"]) == ("ended", "合同到期")
    assert (work["state"], work["problem"]["code"]) == ("failed", "delegation-not-open")
    assert (after["code"], twice["code"]) == ("delegation-not-open", "delegation-step-unfit")
    with desk.bank.reading() as session:
        kinds = session.scalars(
            select(Act.kind).where(Act.subject == made["delegation_no"]).order_by(Act.act_id)
        ).all()
    assert kinds == [
        "delegation.given", "delegation.suspended", "delegation.lifted", "delegation.ended",
    ]  # fmt: skip
    assert desk.bank.fsck() == []


@ON_SQLITE
def test_a_platform_posts_statements_for_a_holder_until_the_delegation_ends(desk: Desk) -> None:
    platform = desk.organisation("91371000MA3DEM0K07", OrganisationKind.ONLINE_PLATFORM)
    lms, filing_no = desk.caller(Role.PROVIDER, organisation_id=platform), desk.approved_filing()
    made = give(desk, delegate="91371000MA3DEM0K07", filing_no=filing_no)
    names = f"/api/v1/filings/{filing_no}/xapi-activities"
    first, second = attended(filing_no, WANG), attended(filing_no, LI)
    second["object"] = {"id": "https://lms.example.com/c/17"}
    named = lms.post(names, {"activity": "https://lms.example.com/c/17", "session_no": 1})

    lms.post(PATH, [first, second], headers=SPOKEN, retry="")
    desk.provider.post(f"/api/v1/delegations/{made['delegation_no']}/ending", {})
    lms.post(PATH, attended(filing_no, WANG, 2), headers=SPOKEN, retry="")
    told = lms.get("/api/v1/xapi-statements").get_json()["statements"]

    assert named.status_code == 200
    assert [each["outcome"] for each in told] == ["refused", "credited", "credited"]
    assert told[0]["reason"]["code"] == "delegation-not-open"
    assert desk.bank.fsck() == []


@ON_SQLITE
def test_what_cannot_be_delegated_is_refused(desk: Desk) -> None:
    authority = "91371000MA3DEM0K07"
    desk.organisation(authority, OrganisationKind.AUTHORITY)
    filing_no = desk.approved_filing()
    give(desk, filing_no=filing_no)
    past = (TODAY - timedelta(days=1)).isoformat()
    said: list[dict[str, str]] = [
        {"delegate": ENTERPRISE_USCC}, {"delegate": authority}, {"valid_through": past},
        {"valid_from": UNTIL, "valid_through": TODAY.isoformat()}, {"filing_no": "F000000000"},
        {"filing_no": filing_no},
    ]  # fmt: skip

    codes = [
        problem_of(
            desk.provider.post(
                "/api/v1/delegations",
                {"delegate": OTHER_ENTERPRISE_USCC, "valid_through": UNTIL, **each},
            )
        )["code"]
        for each in said
    ]
    foreign = desk.other_provider.post(
        "/api/v1/delegations",
        {"delegate": ENTERPRISE_USCC, "filing_no": filing_no, "valid_through": UNTIL},
    )
    without = with_scopes(desk, desk.provider, frozenset({str(Scope.FILING_SUBMIT)}))
    unscoped = without.post("/api/v1/delegations", {"delegate": ENTERPRISE_USCC})

    assert codes == [
        "delegate-unfit", "delegate-unfit", "delegation-term", "delegation-term",
        "filing-unknown", "delegation-known",
    ]  # fmt: skip
    assert problem_of(foreign)["code"] == "filing-unknown"
    assert problem_of(unscoped)["code"] == "scope-missing"


@ON_SQLITE
def test_one_that_has_not_begun_is_refused_and_both_sides_and_the_region_list_it(
    desk: Desk,
) -> None:
    filing_no = desk.approved_filing()
    later = (TODAY + timedelta(days=2)).isoformat()  # the day may turn while tests run
    made = give(desk, filing_no=filing_no, valid_from=later)

    early = desk.other_provider.get(f"/api/v1/filings/{filing_no}")
    listed = [
        [each["delegation_no"] for each in caller.get("/api/v1/delegations").get_json()[
            "delegations"]]
        for caller in (desk.provider, desk.other_provider, desk.official, desk.far_official)
    ]  # fmt: skip

    assert problem_of(early)["code"] == "delegation-not-open"
    assert later in problem_of(early)["detail"]
    assert listed == [[made["delegation_no"]]] * 3 + [[]]


def test_a_delegate_opens_check_in_for_the_holder_until_the_delegation_ends(desk: Desk) -> None:
    now = utc_now()
    mine, other = (
        desk.bank.approved_filing(days=[civil_day(now), civil_day(now) + timedelta(1)], now=now)
        for _ in range(2)
    )
    where = f"/api/v1/filings/{mine}/check-ins"
    delegate = desk.other_provider
    never = delegate.post(where, {"session_no": 1})
    made = give(desk, filing_no=mine)

    opened = delegate.post(where, {"session_no": 1})
    again = delegate.post(where, {"session_no": 1})
    elsewhere = delegate.post(f"/api/v1/filings/{other}/check-ins", {"session_no": 1})
    no = opened.get_json()["check_in_no"]
    at = f"/api/v1/check-ins/{no}"
    with desk.bank.unit() as session:
        reading = Reading(no, now, "telephone")
        record_scan(
            session, desk.bank.house.vault, Came(reading, Direction.IN, WANG, False), now=now
        )
    holders = desk.provider.get(at).get_json()
    closed = delegate.post(f"{at}/closing")
    body = {"stated": [{"person_no": 1, "attended_minutes": 180}]}
    tried = delegate.post(f"{at}/posting?mode=validate", body, retry="")
    desk.provider.post(f"/api/v1/delegations/{made['delegation_no']}/ending", {})
    over = [
        delegate.post(where, {"session_no": 1}), delegate.get(at), delegate.post(f"{at}/closing"),
        delegate.post(f"{at}/posting", body), delegate.post(f"{at}/pads/1/scans", {}),
        delegate.get(f"/api/v1/filings/{mine}/sign-in-sheets/1"),
    ]  # fmt: skip
    renewed = give(desk, filing_no=mine)
    posted = delegate.post(f"{at}/posting", body)
    record = desk.provider.get(f"/api/v1/rosters/{posted.get_json()['roster_no']}").get_json()

    assert never.get_json()["code"] == elsewhere.get_json()["code"] == "filing-unknown"
    assert (opened.status_code, again.get_json()["check_in_no"]) == (201, no)
    assert holders["people"][0]["masked_name"] == f"{WANG.name[0]}＊"
    assert (closed.status_code, tried.status_code) == (200, 201)
    codes = [each.get_json()["code"] for each in over]
    assert codes == ["delegation-not-open"] * 4 + ["request-invalid", "delegation-not-open"]
    assert (record["posted_by"], record["organisation"], record["posted_for"]) == (
        delegate.client_id, OTHER_ENTERPRISE_USCC, ENTERPRISE_USCC,
    )  # fmt: skip
    assert (record["delegation_no"], record["way"]) == (renewed["delegation_no"], "check-in")
    with desk.bank.reading() as session:
        [act] = session.scalars(select(Act).where(Act.kind == "check-in.opened-for")).all()
        said = json.loads(act.details)
        facts = [json.loads(each.facts) for each in session.scalars(select(CreditFacts))]
    assert (act.subject, act.actor) == (no, delegate.client_id)
    assert said == {"delegation": made["delegation_no"], "filing": mine, "session_no": 1}
    assert [each.get("delegation") for each in facts] == [renewed["delegation_no"]]
    assert desk.bank.fsck() == []


def recorded_by_a_delegate(desk: Desk) -> tuple[dict[str, Any], Device, str]:
    """Let a delegate open check-in and record without network; return what was given, and where."""
    made = give(desk)
    now = utc_now()
    mine = desk.bank.approved_filing(days=[civil_day(now)], now=now)
    opened = desk.other_provider.post(f"/api/v1/filings/{mine}/check-ins", {"session_no": 1})
    no = opened.get_json()["check_in_no"]
    device = Device(desk.bank, no, opened_at=now)
    device.scan(WANG, "in", 0)
    device.scan(LI, "in", 0)
    return made, device, f"/api/v1/check-ins/{no}"


def change(desk: Desk, made: dict[str, Any], step: str) -> None:
    one = f"/api/v1/delegations/{made['delegation_no']}"
    if step == "end":
        changed = desk.provider.post(f"{one}/ending", {})
    else:
        changed = desk.official.post(f"{one}/measure", {"step": step, "reason": "抽查发现代签"})
    assert changed.status_code == 200, changed.get_json()


@pytest.mark.parametrize("step", ["end", "suspend"])
def test_what_a_delegates_pad_recorded_while_the_delegation_held_is_taken_afterwards(
    desk: Desk, step: str
) -> None:
    made, device, at = recorded_by_a_delegate(desk)
    change(desk, made, step)
    device.scan(LI, "out", 1)

    sent = desk.other_provider.post(f"{at}/pads/1/scans", upload_of(device))
    again = desk.other_provider.post(f"{at}/pads/1/scans", upload_of(device))
    others = [desk.other_provider.get(at), desk.other_provider.post(f"{at}/closing")]
    shown = desk.provider.get(at).get_json()["people"]
    desk.provider.post(f"{at}/closing")
    stated = {"stated": [{"person_no": 2, "attended_minutes": 90}]}
    posted = desk.provider.post(f"{at}/posting", stated)
    late = desk.other_provider.post(f"{at}/pads/1/scans", upload_of(device))

    fates = [(each["outcome"], each["is_doubted"]) for each in sent.get_json()["scans"]]
    assert fates == [("recorded", False), ("recorded", False), ("recorded", True)]
    assert [each["is_repeated"] for each in again.get_json()["scans"]] == [True] * 3
    assert [each.get_json()["code"] for each in others] == ["delegation-not-open"] * 2
    assert [each["spans"][0]["left_at"] is None for each in shown] == [True, False]
    assert [each["spans"][0]["is_doubted"] for each in shown] == [False, True]
    assert posted.get_json()["rows_credited"] == 1, "the holder says how long"
    assert late.status_code == 200, "what came before is answered as it was"


def test_what_was_recorded_between_two_terms_is_for_the_holder(desk: Desk) -> None:
    made, device, at = recorded_by_a_delegate(desk)
    change(desk, made, "suspend")
    with desk.bank.unit() as session:
        kinds = select(Act).where(Act.kind == "delegation.suspended")
        suspended_at = session.scalars(kinds).one().recorded_at
    device.opened_at = suspended_at
    device.scan(LI, "out", 0)
    change(desk, made, "lift")

    sent = desk.other_provider.post(f"{at}/pads/1/scans", upload_of(device))

    assert [each["is_doubted"] for each in sent.get_json()["scans"]] == [False, False, True]


def test_a_pad_of_others_takes_nothing_from_a_delegate(desk: Desk) -> None:
    made = give(desk)
    now = utc_now()
    mine = desk.bank.approved_filing(days=[civil_day(now)], now=now)
    no = desk.provider.post(f"/api/v1/filings/{mine}/check-ins", {"session_no": 1}).get_json()[
        "check_in_no"
    ]
    device = Device(desk.bank, no, opened_at=now)
    device.scan(WANG, "in", 0)
    where = f"/api/v1/check-ins/{no}/pads/1/scans"

    held = desk.other_provider.post(where, upload_of(device))
    change(desk, made, "end")
    over = desk.other_provider.post(where, upload_of(device))
    own = desk.provider.post(where, upload_of(device))

    assert held.get_json()["code"] == "check-in-unknown"
    assert over.get_json()["code"] == "delegation-not-open"
    assert [each["is_doubted"] for each in own.get_json()["scans"]] == [False]


def test_a_delegate_has_no_check_in_of_the_holder_and_no_names_that_it_did_not_post(
    desk: Desk,
) -> None:
    now = utc_now()
    mine = desk.bank.approved_filing(days=[civil_day(now)], now=now)
    where = f"/api/v1/filings/{mine}/check-ins"
    give(desk)
    no = desk.provider.post(where, {"session_no": 1}).get_json()["check_in_no"]

    opened = desk.other_provider.post(where, {"session_no": 1})
    seen = desk.other_provider.get(f"/api/v1/check-ins/{no}")
    stranger = desk.caller(
        Role.PROVIDER, organisation_id=desk.organisation(THIRD_USCC, OrganisationKind.ENTERPRISE)
    )
    unknown = stranger.get(f"/api/v1/check-ins/{no}")

    assert problem_of(opened)["code"] == "check-in-others"
    assert problem_of(seen)["code"] == problem_of(unknown)["code"] == "check-in-unknown"
    with desk.bank.reading() as session:
        assert session.scalars(select(Act).where(Act.kind == "check-in.opened-for")).all() == []


def test_a_check_in_that_says_it_is_a_delegates_and_has_no_act_is_named(
    desk: Desk, database: Database
) -> None:
    now = utc_now()
    mine = desk.bank.approved_filing(days=[civil_day(now)], now=now)
    made = give(desk)
    no = desk.other_provider.post(
        f"/api/v1/filings/{mine}/check-ins", {"session_no": 1}
    ).get_json()["check_in_no"]
    table = CheckIn.__table__
    assert isinstance(table, Table)
    force = Force(database)
    try:
        with force.engine.connect() as connection:
            row = dict(connection.execute(select(table)).mappings().one())
        found = []
        for changed in ({"delegation_no": None}, {"opened_by": "another"}):
            with force.changed(table, row, **changed), desk.bank.reading() as session:
                found.append([each.key for each in check_check_ins(session)])
    finally:
        force.close()

    assert made["delegation_no"] == row["delegation_no"]
    assert found == [[no], [no]]
    assert desk.bank.fsck() == []
