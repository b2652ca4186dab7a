"""Which office decides a filing: routes of the day of its submission, the nearest first."""

import threading
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from creditbank.clock import civil_day, utc_now
from creditbank.crediting.amendments import (
    AmendedSession,
    AmendmentDraft,
    ask_amendment,
)
from creditbank.jobs.filings import tell_overdue
from creditbank.ledger.models import Act
from creditbank.registry.clients import Role
from creditbank.registry.facts import Ground
from creditbank.registry.filing.filings import (
    FilingDraft,
    approve_filing,
    filing_numbered,
    return_filing,
    submit_again,
    submit_filing,
)
from creditbank.registry.filing.history import history_of
from creditbank.registry.filing.routes import (
    FilingRouteTakenError,
    RouteDraft,
    end_route,
    record_route,
    routed,
    routes_seen,
)
from creditbank.registry.models import Filing
from creditbank.registry.organisations import organisation_by_uscc
from tests.acts import make_base, register_enterprise
from tests.api.desk import Caller, Desk, problem_of
from tests.bank import ENTERPRISE_USCC, TestBank
from tests.crediting.test_returned_filings import DRAFT

#: Today is the door's; what was recorded before it by the rooms holds when the doors are tried.
NOW = utc_now()
TODAY = civil_day(NOW)
EARLIER = NOW - timedelta(days=90)
GROUND = Ground("示例〔2026〕8号", date(2026, 1, 5), "职责划分")
BODY = {
    "district": "cn-3710", "office": "cn-371002", "document_no": "示例〔2026〕8号",
    "document_day": "2026-01-05",
}  # fmt: skip
#: A development zone of the city: a district of its own.
ZONE, ZONE_USCC = "cn-3710.jkq", "91371000MA3DEM0C45"
OF_A_BASE = replace(DRAFT, kind="base_course", facts={"base_level": "municipal"})


def route(bank: TestBank, district: str, office: str, **said: Any) -> str:
    """Record a route that holds for 89 days already."""
    first = civil_day(EARLIER) + timedelta(days=1)
    draft = RouteDraft(district, office, first, GROUND, **said)
    with bank.unit() as session:
        return record_route(session, draft, actor="official-test", now=EARLIER).route_no


def file(bank: TestBank, uscc: str = ENTERPRISE_USCC, draft: FilingDraft = DRAFT) -> str:
    with bank.unit() as session:
        provider = organisation_by_uscc(session, uscc)
        now = NOW - timedelta(days=40)
        return submit_filing(session, draft, provider, actor="provider-test", now=now).filing_no


def office_of(bank: TestBank, filing_no: str) -> str:
    with bank.reading() as session:
        return filing_numbered(session, filing_no).deciding_office


@pytest.fixture
def desk(bank: TestBank) -> Desk:
    return Desk(bank)


def of(desk: Desk, region: str, role: Role = Role.OFFICIAL) -> Caller:
    return desk.caller(role, region)


def approve(caller: Caller, filing_no: str) -> TestResponse:
    return caller.post(f"/api/v1/filings/{filing_no}/approval", {"reason": "补办备案"})


def test_without_a_route_a_filing_is_decided_where_it_always_was(desk: Desk) -> None:
    first, second = file(desk.bank), file(desk.bank)
    refused = problem_of(approve(of(desk, "cn-371002"), first))

    done = [approve(of(desk, "cn-37"), first), approve(desk.official, second)]

    assert refused["code"] == "region-foreign"
    assert [each.status_code for each in done] == [200, 200]
    told = done[1].get_json()
    assert (told["deciding_office"], told["route_no"], told["escalated_to"]) == (
        "cn-3710", None, None,
    )  # fmt: skip
    with desk.bank.reading() as session:
        [submission, *_] = history_of(session, first)
    assert not {"deciding_office", "route"} & submission.said.keys()
    assert desk.bank.fsck() == []


def test_the_nearest_district_wins_then_the_kind_then_the_level(bank: TestBank) -> None:
    for place, office, said in (
        ("cn-37", "cn-37", {}),
        ("cn-37", "cn-3702", {"kind": "advanced_seminar", "level": "national"}),
        ("cn-3710", "cn-3710", {}),
        ("cn-3710", "cn-371002", {"kind": "advanced_seminar"}),
        ("cn-3710", "cn-37", {"kind": "advanced_seminar", "level": "provincial"}),
        (ZONE, ZONE, {}),
    ):
        route(bank, place, office, **said)
    asked = [
        ("cn-3702", "enterprise_run", ""), ("cn-3702", "advanced_seminar", "national"),
        ("cn-3710", "enterprise_run", ""), ("cn-371083", "advanced_seminar", "municipal"),
        ("cn-3710", "advanced_seminar", "provincial"), (ZONE, "advanced_seminar", "provincial"),
        ("cn-33", "enterprise_run", ""),
    ]  # fmt: skip

    with bank.reading() as session:
        found = [
            routed(session, place, kind, {"seminar_level": level} if level else {}, TODAY).office
            for place, kind, level in asked
        ]

    assert found == ["cn-37", "cn-3702", "cn-3710", "cn-371002", "cn-37", ZONE, "cn-33"]


def test_a_routed_filing_is_decided_by_its_office_alone_and_seen_by_those_above(
    desk: Desk,
) -> None:
    route_no = route(desk.bank, "cn-3710", "cn-371002")
    filing_no = file(desk.bank)
    office, beside = of(desk, "cn-371002"), of(desk, "cn-371083")

    read = [
        caller.get(f"/api/v1/filings/{filing_no}").status_code
        for caller in (office, desk.official, of(desk, "cn-37"), desk.provider, beside)
    ]
    refused = [
        problem_of(approve(caller, filing_no))["code"]
        for caller in (desk.official, of(desk, "cn-37"), beside)
    ]
    mine = [
        [line["filing_no"] for line in caller.get(f"/api/v1/filings{query}").get_json()["filings"]]
        for caller in (office, desk.official)
        for query in ("", "?decided_by=me")
    ]
    seen = desk.provider.get(f"/api/v1/filings/{filing_no}").get_json()
    done = approve(office, filing_no)

    assert read == [200, 200, 200, 200, 403]
    assert refused == ["filing-office-foreign", "filing-office-foreign", "region-foreign"]
    assert mine == [[filing_no], [filing_no], [filing_no], []]
    assert (seen["deciding_office"], seen["route_no"]) == ("cn-371002", route_no)
    assert seen["due_day"]
    assert done.status_code == 200
    assert desk.bank.fsck() == []


def test_every_decision_on_a_filing_is_its_offices(desk: Desk) -> None:
    route(desk.bank, "cn-3710", "cn-371002")
    filing_no = file(desk.bank)
    calls: dict[str, Any] = {
        "approval": {"reason": "x"}, "refusal": {"reason": "x"}, "return": {"reason": "x"},
        "measure": {"step": "suspend", "reason": "x"},
        "review": {"decision": "keep", "reason": "x"},
        "amendments/approval": {"version": 2}, "amendments/refusal": {"version": 2, "reason": "x"},
        "late-posting": {"days": ["2025-11-10"], "through": "2099-01-01", "reason": "x"},
    }  # fmt: skip

    refused = {
        name: problem_of(desk.official.post(f"/api/v1/filings/{filing_no}/{name}", body))["code"]
        for name, body in calls.items()
    }

    assert set(refused.values()) == {"filing-office-foreign"}, refused


def test_a_development_zone_decides_its_own_and_the_city_its_bases_courses(desk: Desk) -> None:
    bank = desk.bank
    route(bank, ZONE, ZONE)
    route(bank, ZONE, "cn-3710", kind="base_course", level="municipal")
    register_enterprise(bank, ZONE_USCC, jurisdiction=ZONE)
    make_base(bank, "municipal", date(2024, 1, 1), ZONE_USCC)
    run, course = file(bank, ZONE_USCC), file(bank, ZONE_USCC, OF_A_BASE)
    zone = of(desk, ZONE)

    refused = [
        problem_of(approve(caller, number))["code"]
        for caller, number in ((desk.official, run), (zone, course))
    ]
    done = [approve(zone, run).status_code, approve(desk.official, course).status_code]

    assert (office_of(bank, run), office_of(bank, course)) == (ZONE, "cn-3710")
    assert refused == ["filing-office-foreign"] * 2
    assert done == [200, 200]
    assert bank.fsck() == []


def test_a_filing_that_was_returned_goes_to_whom_the_routes_of_its_next_day_say(
    desk: Desk,
) -> None:
    bank = desk.bank
    first = route(bank, "cn-3710", "cn-371002")
    filing_no = file(bank)
    with bank.unit() as session:
        end_route(session, first, TODAY - timedelta(days=11), "改由市局", actor="o",
                  now=NOW - timedelta(days=20))  # fmt: skip
        draft = RouteDraft("cn-3710", "cn-3710", TODAY - timedelta(days=10), GROUND)
        second = record_route(session, draft, actor="o", now=NOW - timedelta(days=20)).route_no
    before = office_of(bank, filing_no)
    sent_back = of(desk, "cn-371002").post(
        f"/api/v1/filings/{filing_no}/return", {"reason": "请补写"}
    )
    waiting = office_of(bank, filing_no)
    with bank.unit() as session:
        submit_again(session, filing_no, DRAFT, actor="p", now=NOW)
    refused = problem_of(approve(of(desk, "cn-371002"), filing_no))
    done = approve(desk.official, filing_no)

    assert sent_back.status_code == 200
    assert (before, waiting) == ("cn-371002", "cn-371002")
    assert refused["code"] == "region-foreign"
    assert (done.status_code, done.get_json()["route_no"]) == (200, second)
    with bank.reading() as session:
        told = [
            (act.said.get("deciding_office"), act.said.get("route"))
            for act in history_of(session, filing_no)
            if "submitted" in act.kind
        ]
        held = [
            [each.route_no for each in routes_seen(session, "cn-3710", on=day, limit=9)]
            for day in (TODAY - timedelta(days=11), TODAY - timedelta(days=10))
        ]
    assert told == [("cn-371002", first), ("cn-3710", second)]
    assert held == [[first], [second]]
    assert bank.fsck() == []


def test_an_amendment_is_decided_by_the_office_that_has_the_filing(desk: Desk) -> None:
    bank = desk.bank
    route(bank, "cn-3710", "cn-371002")
    filing_no, office = file(bank), of(desk, "cn-371002")
    approve(office, filing_no)
    with bank.unit() as session:
        planned = tuple(
            AmendedSession(number, each) for number, each in enumerate(DRAFT.sessions, start=1)
        )
        asked = AmendmentDraft(50, planned, None, "报名增加")
        ask_amendment(session, filing_no, asked, actor="p", now=NOW)
    body = {"version": 2, "reason": "补办"}

    refused = problem_of(
        desk.official.post(f"/api/v1/filings/{filing_no}/amendments/approval", body)
    )
    done = office.post(f"/api/v1/filings/{filing_no}/amendments/approval", body)

    assert refused["code"] == "filing-office-foreign"
    assert (done.status_code, done.get_json()["deciding_office"]) == (200, "cn-371002")
    assert bank.fsck() == []


def test_what_is_overdue_goes_one_level_up_and_is_never_approved_by_time(desk: Desk) -> None:
    bank = desk.bank
    route(bank, "cn-3710", "cn-371002")
    filing_no = file(bank)
    office = of(desk, "cn-371002")
    before = problem_of(approve(desk.official, filing_no))["code"]

    told = [tell_overdue(threading.Event()) for _ in range(2)]
    still = problem_of(approve(of(desk, "cn-37"), filing_no))["code"]
    listed = [
        [each["filing_no"] for each in caller.get(path).get_json()["filings"]]
        for caller in (office, desk.official)
        for path in ("/api/v1/overdue-filings", "/api/v1/filings?decided_by=me")
    ]
    waits = desk.provider.get(f"/api/v1/filings/{filing_no}").get_json()
    done = approve(desk.official, filing_no)

    assert (before, still) == ("filing-office-foreign", "filing-office-foreign")
    assert told == [1, 0]
    assert (waits["state"], waits["escalated_to"]) == ("submitted", "cn-3710")
    assert listed == [[filing_no]] * 4
    assert done.status_code == 200
    assert bank.fsck() == []


def test_a_return_takes_an_overdue_filing_back_to_its_office(desk: Desk) -> None:
    bank = desk.bank
    route(bank, "cn-3710", "cn-371002")
    filing_no = file(bank)
    tell_overdue(threading.Event())
    with bank.unit() as session:
        return_filing(session, filing_no, actor="o", reason="x", now=NOW)
        submit_again(session, filing_no, DRAFT, actor="p", now=NOW)

    refused = problem_of(approve(desk.official, filing_no))

    assert refused["code"] == "filing-office-foreign"
    assert bank.fsck() == []


def test_routes_are_recorded_ahead_once_and_by_whoever_stands_over_both(desk: Desk) -> None:
    ahead = {**BODY, "valid_from": (TODAY + timedelta(days=2)).isoformat()}
    path, district = "/api/v1/filing-routes", of(desk, "cn-371002")

    made = desk.official.post(path, ahead)
    refused = [
        problem_of(caller.post(path, {**ahead, **said}))["code"]
        for caller, said in (
            (desk.official, {}),
            (desk.official, {"valid_from": TODAY.isoformat()}),
            (desk.official, {"office": "cn-37", "kind": "online_course"}),
            (desk.official, {"district": "cn-3306", "kind": "online_course"}),
            (district, {"district": "cn-371002", "office": "cn-3710"}),
            (desk.official, {"level": "municipal"}),
            (desk.official, {"level": "municipal", "kind": "online_course"}),
        )
    ]
    finer = desk.official.post(path, {**ahead, "kind": "base_course", "level": "municipal"})
    nobody = desk.provider.post(path, ahead)

    assert made.status_code == finer.status_code == 201
    assert refused == [
        "filing-route-taken", "filing-route-taken", "region-foreign", "region-foreign",
        "region-foreign", "filing-route-level", "filing-route-level",
    ]  # fmt: skip
    assert problem_of(nobody)["code"] == "scope-missing"
    assert desk.bank.fsck() == []


def test_a_first_route_begins_today_unless_something_it_reaches_was_filed_today(
    desk: Desk,
) -> None:
    bank, path = desk.bank, "/api/v1/filing-routes"
    today = {**BODY, "valid_from": TODAY.isoformat()}
    of(desk, "cn-371002")  # where somebody sits
    file(bank)  # forty days ago: whose it is, is settled, and not by today's routes
    made = desk.official.post(path, today)
    with bank.unit() as session:
        provider = organisation_by_uscc(session, ENTERPRISE_USCC)
        now = utc_now()
        filed = submit_filing(session, DRAFT, provider, actor="p", now=now).filing_no
    with bank.reading() as session:
        kind = {"kind": str(filing_numbered(session, filed).kind)}

    past = {**BODY, "kind": "base_course", "valid_from": (TODAY - timedelta(days=1)).isoformat()}
    reached = problem_of(desk.official.post(path, {**today, **kind}))
    of_another_kind = desk.official.post(path, {**today, "kind": "base_course"})

    assert made.status_code == of_another_kind.status_code == 201
    assert office_of(bank, filed) == "cn-371002"
    assert problem_of(desk.official.post(path, past))["code"] == "filing-route-day"
    assert reached["code"] == "filing-route-day"
    assert bank.fsck() == []


def test_a_route_ends_on_a_day_to_come_once_and_leaves_the_days_after_to_another(
    desk: Desk,
) -> None:
    path, district = "/api/v1/filing-routes", of(desk, "cn-371002")
    days = [(TODAY + timedelta(days=ahead)).isoformat() for ahead in range(6)]
    first = desk.official.post(path, {**BODY, "valid_from": days[2]}).get_json()["route_no"]
    ending, said = f"{path}/{first}/ending", {"reason": "职责划转"}

    refused = [
        problem_of(caller.post(ending, {**said, "valid_through": day}))["code"]
        for caller, day in (
            (desk.official, (TODAY - timedelta(days=1)).isoformat()),
            (district, days[4]),
        )
    ]
    ended = desk.official.post(ending, {**said, "valid_through": days[4]})
    again = problem_of(desk.official.post(ending, {**said, "valid_through": days[5]}))
    within = problem_of(desk.official.post(path, {**BODY, "valid_from": days[4]}))
    after = desk.official.post(path, {**BODY, "valid_from": days[5]})
    unknown = problem_of(
        desk.official.post(f"{path}/U000000000/ending", {**said, "valid_through": days[5]})
    )
    holds = [
        [each["route_no"] for each in desk.provider.get(f"{path}?on={day}").get_json()["routes"]]
        for day in (days[1], days[4], days[5])
    ]

    assert refused == ["filing-route-day", "region-foreign"]
    assert ended.get_json()["valid_through"] == days[4]
    assert (again["code"], within["code"]) == ("filing-route-ended", "filing-route-taken")
    assert unknown["code"] == "filing-route-unknown"
    assert holds == [[], [first], [after.get_json()["route_no"]]]
    assert len(desk.provider.get(path).get_json()["routes"]) == 2
    assert desk.far_official.get(path).get_json() == {"routes": []}
    assert desk.bank.fsck() == []


def test_a_route_that_ends_before_it_begins_never_holds(bank: TestBank) -> None:
    ahead = TODAY + timedelta(days=9)
    draft = RouteDraft("cn-3710", "cn-371002", ahead, GROUND)
    with bank.unit() as session:
        wrong = record_route(session, draft, actor="o", now=NOW)
        end_route(session, wrong.route_no, TODAY, "登记有误", actor="o", now=NOW)
        right = record_route(
            session, replace(draft, office="cn-3710", valid_from=TODAY + timedelta(days=1)),
            actor="o", now=NOW,
        )  # fmt: skip

    with bank.reading() as session:
        found = [
            each.route_no
            for day in (ahead, TODAY)
            for each in routes_seen(session, "cn-3710", on=day, limit=9)
        ]
    assert found == [right.route_no]
    assert bank.fsck() == []


def test_of_two_officials_who_record_one_route_at_once_one_is_taken(bank: TestBank) -> None:
    draft = RouteDraft("cn-3710", "cn-371002", TODAY + timedelta(days=1), GROUND)
    together, outcomes = threading.Barrier(2), []

    def record(office: str) -> None:
        together.wait()
        try:
            with bank.app.app_context(), bank.unit() as session:
                record_route(session, replace(draft, office=office), actor="o", now=NOW)
            outcomes.append("recorded")
        except FilingRouteTakenError:
            outcomes.append("taken")
        except Exception as error:  # the database's own refusal of the second
            outcomes.append(type(error).__name__)

    threads = [
        threading.Thread(target=record, args=(office,)) for office in ("cn-371002", "cn-3710")
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)

    with bank.reading() as session:
        found = routes_seen(session, "cn-3710", limit=9)
    assert len(found) == 1, outcomes
    assert sorted(outcomes)[-1] in {"recorded", "taken"}
    assert outcomes.count("recorded") == 1
    assert bank.fsck() == []


def test_filings_from_before_there_were_routes_stay_their_regions(bank: TestBank) -> None:
    with bank.reading() as session:
        assert session.query(Filing).filter(Filing.deciding_office == "").count() == 0
        assert session.query(Act).filter(Act.kind.startswith("filing-route.")).count() == 0
    with bank.unit() as session:
        provider = organisation_by_uscc(session, ENTERPRISE_USCC)
        filing = submit_filing(session, DRAFT, provider, actor="p", now=NOW)
        approve_filing(session, filing.filing_no, actor="o", reason="x", now=NOW)
    assert office_of(bank, filing.filing_no) == "cn-3710"
