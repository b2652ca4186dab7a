"""What is true of an organisation on a day, stated by officials and answered for ever."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from creditbank.clock import civil_day, instant_text, utc_now
from creditbank.ledger.models import Act
from creditbank.registry.clients import Role
from tests.api.desk import OTHER_ENTERPRISE_USCC, Caller, Desk, problem_of
from tests.bank import ENTERPRISE_USCC

ONE = f"/api/v1/organisations/{ENTERPRISE_USCC}"
DOCUMENT = {"document_no": "示例〔2025〕1号", "document_day": "2025-01-10"}
ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def said(attribute: str, value: str = "", level: str = "", **more: str) -> dict[str, str]:
    """Return a fact as it is sent."""
    levels = {"level": level} if level else {}
    return {"attribute": attribute, "value": value, **levels, **DOCUMENT, **more}


def state(caller: Caller, fact: dict[str, str], uscc: str = ENTERPRISE_USCC) -> dict[str, Any]:
    """State a fact; return the answer, having seen that it was taken."""
    answer = caller.post(f"/api/v1/organisations/{uscc}/facts", fact)
    assert answer.status_code == 201, answer.get_json()
    told: dict[str, Any] = answer.get_json()
    return told


def seen(desk: Desk, **query: str) -> dict[str, Any]:
    """Return the organisation as it is told."""
    told: dict[str, Any] = desk.official.get(ONE, query_string=query).get_json()
    return told


def held(told: dict[str, Any], what: str) -> list[tuple[str, str, str | None]]:
    return [(each["value"], each["level"], each["valid_through"]) for each in told[what]]


def test_a_rename_keeps_the_name_of_before_and_what_was_known_before(desk: Desk) -> None:
    before = seen(desk)["name"]
    known_at = instant_text(utc_now())

    state(desk.official, said("name", "威海新名复合材料有限公司", valid_from="2025-03-01"))

    assert seen(desk, on="2025-02-28")["name"] == before
    assert seen(desk, on="2025-03-01")["name"] == "威海新名复合材料有限公司"
    assert seen(desk)["name"] == "威海新名复合材料有限公司"
    assert seen(desk, on="2025-03-01", known_at=known_at)["name"] == before
    for name in (before, "新名复合"):
        listed = desk.official.get("/api/v1/organisations", query_string={"search": name})
        assert [each["uscc"] for each in listed.get_json()["organisations"]] == [ENTERPRISE_USCC]
    assert desk.bank.enterprise().name == "威海新名复合材料有限公司"
    assert desk.bank.fsck() == []


def test_a_class_holds_for_its_term_until_it_is_ended_and_never_once_taken_back(
    desk: Desk,
) -> None:
    made = state(
        desk.official,
        said("class", "specialised_innovative", "provincial", valid_from="2025-01-01",
             valid_through="2027-12-31"),
    )  # fmt: skip
    number = f"{ONE}/facts/{made['fact_no']}"
    stood = held(seen(desk, on="2025-06-01"), "classes")
    known_at = instant_text(utc_now())

    desk.official.post(f"{number}/ending", {"valid_through": "2025-08-31", **DOCUMENT})
    ended = [held(seen(desk, on=day), "classes") for day in ("2025-08-31", "2025-09-01")]
    since = instant_text(utc_now())
    back = desk.official.post(f"{number}/taking-back", {"reason": "属另一企业"})
    never = held(seen(desk, on="2025-06-01"), "classes")

    assert stood == [("specialised_innovative", "provincial", "2027-12-31")]
    assert ended == [[("specialised_innovative", "provincial", "2025-08-31")], []]
    assert (back.status_code, never) == (200, [])
    assert held(seen(desk, on="2025-09-01", known_at=known_at), "classes") == stood
    assert held(seen(desk, on="2025-09-01", known_at=since), "classes") == []
    assert held(seen(desk, on="2025-08-31", known_at=since), "classes") == ended[0]
    again = desk.official.post(f"{number}/taking-back", {"reason": "属另一企业"})
    assert problem_of(again)["code"] == "organisation-fact-unknown"
    history = [(each["says"], each["sequence"]) for each in seen(desk)["statements"]]
    assert history[-3:] == [("so", 1), ("until", 2), ("not_so", 3)]
    with desk.bank.reading() as session:
        acts = session.scalars(
            select(Act).where(Act.subject == ENTERPRISE_USCC).order_by(Act.act_id)
        ).all()
    assert [act.kind for act in acts][-3:] == [
        "organisation.stated", "organisation.ended", "organisation.taken-back",
    ]  # fmt: skip
    assert json.loads(acts[-3].details)["document_no"] == DOCUMENT["document_no"]
    assert desk.bank.fsck() == []


def test_bases_of_several_levels_stand_beside_one_another_and_may_be_suspended(desk: Desk) -> None:
    for level, through in (("provincial", "2026-12-31"), ("national", "2025-12-31")):
        state(
            desk.official, said("base", "", level, valid_from="2024-01-01", valid_through=through)
        )
    suspended = said("base_suspension", "", "provincial", valid_from="2025-03-01",
                     valid_through="2025-05-31", reason="复核")  # fmt: skip
    unsaid = desk.official.post(f"{ONE}/facts", {**suspended, "reason": ""})
    early = desk.official.post(f"{ONE}/facts", {**suspended, "valid_from": "2023-01-01"})
    state(desk.official, suspended)

    told = seen(desk, on="2025-04-01")
    after = seen(desk, on="2025-06-01")
    renewed = state(desk.official, said("base", "", "national", valid_from="2026-01-01"))

    assert [each["level"] for each in told["bases"]] == ["provincial", "national"]
    assert [each["reason"] for each in told["suspensions"]] == ["复核"]
    assert after["suspensions"] == []
    assert renewed["valid_through"] is None
    codes = [problem_of(each)["code"] for each in (unsaid, early)]
    assert codes == ["organisation-fact-reason-wanted", "base-not-held"]
    listed = desk.official.get(
        "/api/v1/organisations", query_string={"base": "national", "on": "2025-12-31"}
    )
    assert [each["uscc"] for each in listed.get_json()["organisations"]] == [ENTERPRISE_USCC]


@ON_SQLITE
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (said("class", "sme", valid_from="2024-01-01"),
         said("class", "large", valid_from="2025-01-01")),
        (said("base", "", "municipal", valid_from="2024-01-01", valid_through="2025-01-01"),
         said("base", "", "municipal", valid_from="2025-01-01")),
        (said("name", "甲公司", valid_from="2024-01-01"),
         said("name", "乙公司", valid_from="2024-01-01")),
    ],
)  # fmt: skip
def test_two_facts_that_contradict_one_another_are_refused_with_both_named(
    desk: Desk, first: dict[str, str], second: dict[str, str]
) -> None:
    stands = state(desk.official, first)

    told = problem_of(desk.official.post(f"{ONE}/facts", second))

    assert (told["status"], told["code"]) == (409, "organisation-facts-contradict")
    assert stands["fact_no"] in told["detail"]
    assert all(each in told["detail"] for each in (first["value"], second["value"]))


@ON_SQLITE
def test_a_day_after_the_end_of_one_the_next_may_begin(desk: Desk) -> None:
    made = state(desk.official, said("class", "sme", valid_from="2024-01-01"))
    ending = {"valid_through": "2025-05-31", **DOCUMENT}
    desk.official.post(f"{ONE}/facts/{made['fact_no']}/ending", ending)

    state(desk.official, said("class", "large", valid_from="2025-06-01"))

    days = {day: held(seen(desk, on=day), "classes") for day in ("2025-05-31", "2025-06-01")}
    assert days == {
        "2025-05-31": [("sme", "", "2025-05-31")], "2025-06-01": [("large", "", None)],
    }  # fmt: skip


@ON_SQLITE
@pytest.mark.parametrize(
    ("fact", "code"),
    [
        (said("class", "little_giant", "provincial", valid_from="2024-01-01"), "fact-unfit"),
        (said("class", "private", "national", valid_from="2024-01-01"), "fact-unfit"),
        (said("class", "specialised_innovative", valid_from="2024-01-01"), "fact-unfit"),
        (said("class", "famous", valid_from="2024-01-01"), "fact-unfit"),
        (said("base", valid_from="2024-01-01"), "fact-unfit"),
        (said("kind", "club", valid_from="2024-01-01"), "fact-unfit"),
        (said("class", "sme"), "fact-day-wanted"),
        (said("class", "sme", valid_from="2024-02-01", valid_through="2024-01-31"), "fact-term"),
        (said("name", "新名", valid_from="2024-01-01", valid_through="2024-12-31"), "fact-term"),
        (said("name", "新名", valid_from=(civil_day(utc_now()) + timedelta(days=2)).isoformat()),
         "fact-ahead"),
        (said("class", "sme", valid_from="2024-01-01", instead_of="O000000000"), "fact-unknown"),
    ],
)  # fmt: skip
def test_what_no_fact_can_be_is_refused(desk: Desk, fact: dict[str, str], code: str) -> None:
    before = desk.row_counts()

    told = problem_of(desk.official.post(f"{ONE}/facts", fact))

    assert told["code"] == f"organisation-{code}"
    assert desk.row_counts() == before


@ON_SQLITE
def test_what_registration_got_wrong_is_stated_anew_and_never_left_out(desk: Desk) -> None:
    [wrong] = [each for each in seen(desk)["statements"] if each["attribute"] == "name"]
    number = wrong["fact_no"]

    left_out = desk.official.post(f"{ONE}/facts/{number}/taking-back", {"reason": "录错"})
    cut_off = desk.official.post(
        f"{ONE}/facts", said("name", "正名", valid_from="2020-01-01", instead_of=number)
    )
    ended = desk.official.post(
        f"{ONE}/facts/{number}/ending", {"valid_through": "2025-05-31", **DOCUMENT}
    )
    state(desk.official, said("name", "正名", instead_of=number))

    codes = [problem_of(each)["code"] for each in (left_out, cut_off, ended)]
    assert codes == [
        "organisation-fact-needed", "organisation-fact-needed", "organisation-fact-term",
    ]  # fmt: skip
    assert [seen(desk, on=day)["name"] for day in ("1999-01-01", "2026-01-01")] == ["正名", "正名"]
    assert desk.bank.fsck() == []


@ON_SQLITE
def test_who_moves_an_organisation_has_both_districts_in_hand(desk: Desk) -> None:
    county, filing = desk.caller(Role.OFFICIAL, "cn-371002"), desk.approved_filing()
    zone = said("district", "cn-371002.gxq", valid_from="2025-01-01")

    far = desk.far_official.post(f"{ONE}/facts", zone)
    not_theirs = county.post(f"{ONE}/facts", zone)
    state(desk.official, zone)
    away = county.post(f"{ONE}/facts", said("district", "cn-3706", valid_from="2025-02-01"))

    codes = {problem_of(each)["code"] for each in (far, not_theirs, away)}
    assert codes == {"region-foreign"}
    assert seen(desk)["jurisdiction"] == "cn-371002.gxq"
    assert seen(desk, on="2024-12-31")["jurisdiction"] == "cn-3710"
    mine = desk.bank.enterprise().organisation_id
    moved = desk.caller(Role.PROVIDER, "cn-371002.gxq", organisation_id=mine)
    for path in (f"/api/v1/filings/{filing}", f"{ONE}/statement"):
        assert moved.get(path).status_code == 200
        assert problem_of(desk.far_official.get(path))["code"] == "region-foreign"


@ON_SQLITE
def test_organisations_are_listed_page_by_page(desk: Desk) -> None:
    first = desk.official.get("/api/v1/organisations", query_string={"limit": 1}).get_json()
    second = desk.official.get(
        "/api/v1/organisations", query_string={"limit": 50, "cursor": first["next_cursor"]}
    ).get_json()
    none = desk.far_official.get("/api/v1/organisations").get_json()

    listed = [each["uscc"] for each in first["organisations"] + second["organisations"]]
    assert {ENTERPRISE_USCC, OTHER_ENTERPRISE_USCC} <= set(listed)
    assert listed == sorted(listed)
    assert second["next_cursor"] == ""
    assert none == {"organisations": [], "next_cursor": ""}


@ON_SQLITE
def test_of_what_was_not_registered_yet_nothing_is_known(desk: Desk) -> None:
    told = problem_of(desk.official.get(ONE, query_string={"known_at": "2001-01-01T00:00:00Z"}))

    assert (told["status"], told["code"]) == (404, "organisation-unknown")
