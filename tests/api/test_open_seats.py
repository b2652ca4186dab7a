"""Online courses with open places: filed, approved, posted on completion, by every door."""

import pytest

from creditbank.registry.clients import Role
from creditbank.registry.organisations import (
    OrganisationDraft,
    OrganisationKind,
    register_organisation,
)
from tests.acts import publish
from tests.api.desk import DAYS, Caller, Desk, roster_rows
from tests.api.test_xapi import PATH, SPOKEN, VERBS, attended
from tests.bank import NOW, invented_person
from tests.house.tree import ROOT

PEOPLE = [invented_person(number) for number in range(21, 25)]
COURSE = {
    "activity": "online_course", "form": "other", "release": "none", "title": "数据安全网络课程",
    "subject": "professional", "seats": 2, "approved_hours": "10.00",
    "facts": {"platform": "示例学习平台", "places": "open"},
    "sessions": [
        {"day": DAYS[0].isoformat(), "planned_minutes": 360, "planned_half_days": 2}
    ],
}  # fmt: skip


@pytest.fixture
def sides(desk: Desk) -> tuple[Caller, Caller]:
    """A provider and an official in a city whose rules know online courses."""
    for pack in ("cn-33", "cn-3301"):
        publish(desk.bank, (ROOT / f"seeds/packs/{pack}.toml").read_text(encoding="utf-8"))
    draft = OrganisationDraft(
        "91371000MA3DEM0M02", "示例平台", OrganisationKind.ENTERPRISE, "cn-3301"
    )
    with desk.bank.unit() as session:
        platform = register_organisation(session, draft, actor="o", now=NOW).organisation_id
    return desk.caller(Role.PROVIDER, "cn-3301", platform), desk.caller(Role.OFFICIAL, "cn-3301")


def test_more_people_than_expected_are_credited_where_places_are_open(
    desk: Desk, sides: tuple[Caller, Caller]
) -> None:
    provider, official = sides
    filing_no = provider.post("/api/v1/filings", COURSE).get_json()["filing_no"]
    filing = f"/api/v1/filings/{filing_no}"
    approved = official.post(f"{filing}/approval", {"reason": "补办备案"}).get_json()["used"]

    posted = provider.post(f"{filing}/rosters", roster_rows(PEOPLE[:3], DAYS[:1])).get_json()
    completed = attended(
        filing_no, PEOPLE[3], verb={"id": f"{VERBS}completed"},
        result={"completion": True, "duration": "PT6H"},
    )  # fmt: skip
    provider.post(PATH, completed, retry="", headers=SPOKEN)
    used = provider.get(filing).get_json()["used"]

    assert (approved["people_max"], approved["hours_max"]) == (None, None)
    assert (posted["rows_credited"], posted["credited_hours"]) == (3, "30.00")
    assert (used["people"], used["person_hours_max"]) == (4, "10.00")
    assert desk.bank.fsck() == []


def test_where_places_are_limited_the_third_of_two_is_refused(
    desk: Desk, sides: tuple[Caller, Caller]
) -> None:
    provider, official = sides
    limited = {**COURSE, "facts": {"platform": "示例学习平台"}}
    filing = f"/api/v1/filings/{provider.post('/api/v1/filings', limited).get_json()['filing_no']}"
    official.post(f"{filing}/approval", {"reason": "补办备案"})

    posted = provider.post(f"{filing}/rosters", roster_rows(PEOPLE[:3], DAYS[:1])).get_json()

    assert [each["code"] for each in posted["problems"]] == ["roster-seats-full"]


def test_an_amendment_of_a_course_keeps_its_places_open(
    desk: Desk, sides: tuple[Caller, Caller]
) -> None:
    provider, official = sides
    filing = f"/api/v1/filings/{provider.post('/api/v1/filings', COURSE).get_json()['filing_no']}"
    official.post(f"{filing}/approval", {"reason": "补办备案"})
    provider.post(f"{filing}/rosters", roster_rows(PEOPLE[:3], DAYS[:1]))
    [planned] = provider.get(filing).get_json()["sessions"]
    said = {
        name: planned[name]
        for name in ("session_no", "day", "planned_minutes", "planned_half_days")
    }
    wanted = {"seats": 1, "sessions": [said], "approved_hours": "12.00", "reason": "加课"}

    asked = provider.post(f"{filing}/amendments", wanted).get_json()
    official.post(f"{filing}/amendments/approval", {"version": asked["version"]})
    used = provider.get(filing).get_json()["used"]

    assert (used["people"], used["people_max"], used["person_hours_max"]) == (3, None, "12.00")
    assert desk.bank.fsck() == []
