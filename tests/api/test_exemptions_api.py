"""Exemptions from hours: filed by enterprises, decided within the places of the packs, answered."""

from typing import Any

import pytest

from creditbank.registry.clients import Role
from tests.api.desk import OTHER_ENTERPRISE_USCC, TITLE_SYSTEM_USCC, YEAR, Desk, problem_of
from tests.api.exempting import (
    DAY,
    DOCUMENT,
    OTHER,
    PATH,
    PERSON,
    THIRD,
    Register,
    application,
    card,
)
from tests.bank import ENTERPRISE_USCC

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def refused(register: Register, body: dict[str, Any]) -> list[str]:
    """Return the code of a refusal, and the bounds that it names."""
    told = problem_of(register.employer.post(PATH, body))
    return [told["code"], *told.get("facts", {}).get("found", [])]


def test_an_approved_recommendation_is_answered_exempt_by_its_number(desk: Desk) -> None:
    register = Register(desk)
    register.may_ask()
    before = register.ask()
    number = register.filed()
    waiting = register.ask()

    approved = register.decide(number).get_json()
    answer = register.ask()
    statement = answer["statement"]

    assert (before["outcome"], waiting["outcome"]) == ("undetermined", "undetermined")
    assert before["statement"]["statement"] == "creditbank/verdict/v1"
    assert (approved["state"], approved["expires_on"]) == ("approved", f"{YEAR}-12-31")
    assert (approved["quota_year"], approved["holds_place"]) == (YEAR, True)
    assert approved["facts"]["enterprise_class_level"] == "national"
    assert answer["outcome"] == "exempt"
    assert statement["statement"] == "creditbank/verdict/v2"
    assert statement["exemption"] == {
        "number": number, "scheme": "cn-3710", "key": "pathway.enterprise_recommendation",
        "approved_at": approved["approved_at"], "expires_on": f"{YEAR}-12-31",
    }  # fmt: skip
    assert {row["evidence"] for row in statement["registered"]} == {number}
    assert {"weihai-2022-32-2", "weihai-2024-2-2"} <= {
        clause["reference"] for clause in statement["clauses"]
    }
    codes = [reason["code"] for reason in statement["reasons"]]
    assert {"rules-pathway-exempt-registered", "verdict-exemption"} <= set(codes)
    assert number in next(
        each["zh"] for each in statement["reasons"] if each["code"] == "verdict-exemption"
    )
    assert desk.bank.fsck() == []


@ON_SQLITE
def test_it_frees_nobody_else_in_no_other_title_and_no_longer_than_it_holds(desk: Desk) -> None:
    register = Register(desk)
    register.may_ask()
    register.approved()

    asked = [
        register.ask(**told)["outcome"]
        for told in (
            {}, {"person": OTHER}, {"level": "full_senior"},
            {"application_day": f"{YEAR}-05-31"}, {"application_day": f"{YEAR + 1}-01-01"},
            {"pathway": "fast_track"},
        )
    ]  # fmt: skip

    assert asked == ["exempt", *["undetermined"] * 5]


@ON_SQLITE
def test_what_the_asker_states_otherwise_is_said_and_the_register_taken(desk: Desk) -> None:
    register = Register(desk)
    register.may_ask()
    register.approved()

    answer = register.ask(stated={"enterprise_class_level": "provincial"})

    [row] = [
        each for each in answer["statement"]["registered"]
        if each["fact"] == "enterprise_class_level"
    ]  # fmt: skip
    assert (row["stated"], row["value"], answer["outcome"]) == ("provincial", "national", "exempt")
    codes = [reason["code"] for reason in answer["statement"]["reasons"]]
    assert codes.count("verdict-registered-differs") == 1


def test_two_places_of_a_national_enterprise_one_of_them_full_senior(desk: Desk) -> None:
    register = Register(desk)
    register.approved(application(PERSON, level="full_senior"))
    second = register.filed(application(OTHER, level="full_senior"))
    level = problem_of(register.decide(second))
    turned_down = register.decide(second, "refuse", reason="名额已满").get_json()
    third = register.filed(application(OTHER))
    register.decide(third)
    fourth = register.filed(application(THIRD))
    total = problem_of(register.decide(fourth))
    register.employer.post(f"{PATH}/{third}/withdrawal", {"reason": "本人放弃"})

    again = register.decide(fourth).get_json()

    assert (level["code"], level["facts"]["found"]) == ("exemption-outside", ["full_senior"])
    assert turned_down["bounds"] == [{"code": "pathway-quota", "found": "full_senior"}]
    assert (total["code"], total["facts"]["found"]) == ("exemption-outside", ["associate_senior"])
    assert (again["state"], again["holds_place"]) == ("approved", True)
    assert desk.bank.fsck() == []


@ON_SQLITE
@pytest.mark.parametrize(
    ("listed", "told", "found"),
    [
        ("specialised_innovative provincial", {"level": "full_senior"}, ["full_senior"]),
        ("specialised_innovative municipal", {}, ["enterprise_class_level"]),
        ("", {}, ["enterprise_class", "enterprise_class_level"]),
        ("single_product_champion national", {"series": "health"}, ["health"]),
        ("little_giant national", {"level": "intermediate"}, ["intermediate"]),
        ("little_giant national", {"employed_through": f"{YEAR}-06-29"},
         ["employed_by_enterprise"]),
        ("little_giant national", {"employed_from": f"{YEAR}-07-01"}, ["employed_by_enterprise"]),
        ("little_giant national", {"pathway": "green_channel"}, ["–"]),
        ("little_giant national", {"application_day": "2022-11-15", "valid_from": "2022-11-01"},
         ["–"]),
        ("little_giant national",
         {"stated": {"recommendation_signed_by": "nobody_named", "achievements_stated": "yes"}},
         ["recommendation_signed_by"]),
    ],
)  # fmt: skip
def test_outside_its_bounds_nothing_is_filed_and_the_bound_is_named(
    desk: Desk, listed: str, told: dict[str, Any], found: list[str]
) -> None:
    register = Register(desk, listed=listed)

    assert refused(register, application(**told)) == ["exemption-outside", *found]


@ON_SQLITE
def test_an_application_is_whole_or_says_what_is_missing(desk: Desk) -> None:
    register = Register(desk)
    level = {**application()["stated"], "enterprise_class_level": "national"}
    evidence = {"signed_recommendation": application()["evidence"]["signed_recommendation"]}
    ended = card() | {"valid_from": "2020-01-01", "valid_through": "2021-01-01"}

    codes = [
        refused(register, body)[0]
        for body in (
            application(stated=level), application(evidence=evidence), ended,
            application(valid_from=f"{YEAR}-07-01"), application(enterprise=TITLE_SYSTEM_USCC),
            application(evidence={}),
        )
    ]  # fmt: skip
    register.filed()
    twice = refused(register, application())[0]

    assert codes == [
        "exemption-fact", "exemption-evidence", "exemption-term", "exemption-term",
        "exemption-enterprise-foreign", "request-invalid",
    ]  # fmt: skip
    assert twice == "exemption-known"


def test_a_returned_application_is_put_right_and_each_step_has_its_state(desk: Desk) -> None:
    register = Register(desk)
    number = register.filed()
    body = {
        name: value for name, value in application(valid_from=f"{YEAR}-06-15").items()
        if name not in ("document_kind", "document_number", "name", "scheme", "pathway")
    }  # fmt: skip
    early = problem_of(register.employer.post(f"{PATH}/{number}/resubmission", body))
    wordless = problem_of(register.decide(number, "return", reason=""))
    returned = register.decide(number, "return", reason="缺少签字").get_json()

    again = register.employer.post(f"{PATH}/{number}/resubmission", body).get_json()
    late = problem_of(register.decide(number, expires_on=f"{YEAR + 1}-01-01"))
    approved = register.decide(number, expires_on=f"{YEAR}-09-30").get_json()
    twice = problem_of(register.decide(number))
    revoked = desk.official.post(f"{PATH}/{number}/revocation", DOCUMENT).get_json()
    gone = problem_of(register.employer.post(f"{PATH}/{number}/withdrawal", {"reason": "放弃"}))

    assert (early["code"], wordless["code"]) == ("exemption-state", "request-invalid")
    assert (returned["state"], returned["reason"]) == ("returned", "缺少签字")
    assert (again["state"], again["version"], again["valid_from"]) == (
        "submitted", 2, f"{YEAR}-06-15",
    )  # fmt: skip
    assert (late["code"], twice["code"], gone["code"]) == (
        "exemption-term", "exemption-state", "exemption-state",
    )  # fmt: skip
    assert approved["expires_on"] == f"{YEAR}-09-30"
    # What was revoked for fraud or laxity keeps its place: nobody else gets it.
    assert (revoked["state"], revoked["holds_place"]) == ("revoked", True)
    assert desk.bank.fsck() == []


@ON_SQLITE
def test_who_recommends_falsely_loses_the_right_until_it_is_given_back(desk: Desk) -> None:
    register = Register(desk)
    waiting = register.filed()
    path = f"/api/v1/organisations/{ENTERPRISE_USCC}/recommendation-findings"
    copied = {"copied_to": "市工业和信息化局", "copied_on": "2026-01-09"}

    made = desk.official.post(path, {**DOCUMENT, "finding": "fraud", **copied})
    number = made.get_json()["finding_no"]
    lost = problem_of(register.decide(waiting))
    unfiled = refused(register, application(OTHER))
    carded = register.filed(card(OTHER))
    listed = desk.official.get("/api/v1/recommendation-findings").get_json()["findings"]
    lifted = desk.official.post(f"/api/v1/recommendation-findings/{number}/lifting", DOCUMENT)
    twice = desk.official.post(f"/api/v1/recommendation-findings/{number}/lifting", DOCUMENT)
    approved = register.decide(waiting).get_json()

    assert made.status_code == 201
    assert (lost["code"], lost["facts"]["found"]) == ("exemption-outside", ["fraud"])
    assert unfiled == ["exemption-outside", "fraud"]
    assert carded
    assert [(each["state"], each["copied_to"]) for each in listed] == [
        ("standing", "市工业和信息化局")
    ]
    assert lifted.get_json()["state"] == "lifted"
    assert problem_of(twice)["code"] == "recommendation-finding-unknown"
    assert approved["state"] == "approved"
    assert desk.bank.fsck() == []


@ON_SQLITE
def test_a_card_frees_through_its_last_day_without_a_quota(desk: Desk) -> None:
    register = Register(desk, listed="")
    register.may_ask()
    number = register.approved(card())

    asked = [
        register.ask(pathway="fast_track", application_day=day, stated={})
        for day in (DAY, f"{YEAR}-12-01")
    ]

    told = register.employer.get(f"{PATH}/{number}").get_json()
    assert (told["expires_on"], told["quota_year"]) == (f"{YEAR}-11-30", None)
    assert [each["outcome"] for each in asked] == ["exempt", "undetermined"]
    assert asked[0]["statement"]["exemption"]["key"] == "pathway.fast_track"


@ON_SQLITE
def test_a_title_system_files_on_behalf_of_an_enterprise_within_its_mandate(desk: Desk) -> None:
    register = Register(desk)
    body = application(enterprise=ENTERPRISE_USCC)
    unmandated = problem_of(desk.title_system.post(PATH, body))
    register.may_ask()
    wanted = problem_of(desk.title_system.post(PATH, application()))

    made = desk.title_system.post(PATH, body).get_json()
    foreign = desk.bank.enterprise(OTHER_ENTERPRISE_USCC).organisation_id
    other = desk.caller(Role.EMPLOYER, organisation_id=foreign)
    seen = [
        caller.get(f"{PATH}/{made['exemption_no']}").status_code
        for caller in (
            desk.title_system,
            register.employer,
            desk.official,
            desk.far_official,
            other,
        )
    ]
    listed = [
        len(caller.get(PATH).get_json()["exemptions"])
        for caller in (
            desk.title_system,
            register.employer,
            desk.official,
            desk.far_official,
            other,
        )
    ]

    assert (unmandated["code"], wanted["code"]) == (
        "mandate-missing",
        "exemption-enterprise-wanted",
    )
    assert (made["enterprise"], made["last_four"]) == (ENTERPRISE_USCC, PERSON.document.number[-4:])
    assert seen == [200, 200, 200, 403, 404]
    assert listed == [1, 1, 1, 0, 0]
