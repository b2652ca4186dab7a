"""Declared items over the API: declared, listed, returned, recognised, taken back, and by whom."""

from typing import Any

import pytest

from creditbank.clock import civil_day, utc_now
from creditbank.registry.clients import Role
from tests.achievements import WORKS, publish_works
from tests.api.desk import DAYS, YEAR, Caller, Desk, problem_of, stated
from tests.bank import invented_person

PERSON = invented_person(41)
OTHER = invented_person(42)


@pytest.fixture
def works(desk: Desk) -> Desk:
    """A desk at a bank whose rules know works."""
    publish_works(desk.bank)
    return desk


def paper(**changed: object) -> dict[str, Any]:
    item: dict[str, Any] = {
        "scheme": WORKS,
        "activity": "paper",
        "subject": "professional",
        "title": "碳纤维复合材料界面改性研究",
        "day": DAYS[0].isoformat(),
        "work": "10.1000/example.1",
        "rank": 1,
        "evidence": [{"description": "期刊封面与目录"}],
    }
    return item | changed


def body(**changed: object) -> dict[str, Any]:
    return {"person": stated(PERSON), "item": paper(**changed)}


def declared(caller: Caller, **changed: object) -> str:
    answer = caller.post("/api/v1/items", body(**changed))
    assert answer.status_code == 201, answer.get_json()
    return str(answer.get_json()["item_no"])


def balance(desk: Desk) -> str:
    asked = {**stated(PERSON), "scheme": WORKS}
    return str(desk.official.post("/api/v1/balances", asked).get_json()["live_hours"])


def test_an_item_goes_from_its_declaration_to_explained_hours(works: Desk) -> None:
    made = works.provider.post("/api/v1/items", body(measures={"pages": 12})).get_json()
    item = f"/api/v1/items/{made['item_no']}"
    assert (made["state"], made["credited"], made["decided_by"]) == ("declared", [], "")
    assert (made["last_four"], made["document_kind"]) == (
        PERSON.document.number[-4:], "resident_id",
    )  # fmt: skip

    decided = works.official.post(f"{item}/recognition", {})

    assert decided.status_code == 200, decided.get_json()
    [credit] = decided.get_json()["credited"]
    assert (credit["hours"], credit["year"], credit["reversed"]) == ("24.00", YEAR, False)
    assert balance(works) == "24.00"
    found = works.official.get(f"/api/v1/entries/{credit['leaf']}/explanation").get_json()
    assert [line["code"] for line in found["lines"]] == [
        "explain-item", "explain-measure", "explain-rank", "explain-work",
        "rules-step-item-recognised", "rules-step-declared", "rules-step-by-rank",
        "rules-step-result", "explain-counted",
    ]  # fmt: skip
    assert works.provider.get(item).get_json()["state"] == "recognised"
    assert works.bank.fsck() == []


def test_a_returned_item_is_corrected_by_whoever_declared_it(works: Desk) -> None:
    item = f"/api/v1/items/{declared(works.provider, rank=2)}"
    returned = works.official.post(f"{item}/return", {"reason": "请补充作者排序"})

    corrected = works.provider.post(f"{item}/correction", paper())

    assert (returned.get_json()["state"], returned.get_json()["reason"]) == (
        "returned", "请补充作者排序",
    )  # fmt: skip
    assert (corrected.get_json()["state"], corrected.get_json()["rank"]) == ("declared", 1)
    assert works.official.post(f"{item}/recognition", {}).status_code == 200


def test_a_refused_item_keeps_its_reason_and_is_worth_nothing(works: Desk) -> None:
    item = f"/api/v1/items/{declared(works.provider)}"

    refused = works.official.post(f"{item}/refusal", {"reason": "未正式发表"})
    again = works.official.post(f"{item}/recognition", {})

    assert refused.get_json()["reason"] == "未正式发表"
    assert problem_of(again)["code"] == "item-decided"
    assert balance(works) == "0.00"


def test_a_recognition_is_taken_back_with_a_typed_reason(works: Desk) -> None:
    item = f"/api/v1/items/{declared(works.provider)}"
    works.official.post(f"{item}/recognition", {})

    untyped = works.official.post(f"{item}/withdrawal", {"reason": "because"})
    done = works.official.post(f"{item}/withdrawal", {"reason": "not-genuine", "case_no": "查3"})
    again = works.official.post(f"{item}/withdrawal", {"reason": "not-genuine"})

    assert problem_of(untyped)["code"] == "request-invalid"
    assert done.get_json()["reversed_hours"] == "24.00"
    assert problem_of(again)["code"] == "item-not-recognised"
    shown = works.official.get(item).get_json()
    assert (shown["state"], shown["reason"]) == ("withdrawn", "not-genuine")
    assert [each["reversed"] for each in shown["credited"]] == [True]


def test_the_same_work_twice_is_refused_with_the_first_number(works: Desk) -> None:
    first = declared(works.provider)

    again = works.other_provider.post("/api/v1/items", body(title="又一题目"))

    assert again.status_code == 409
    assert problem_of(again)["facts"] == {"item_no": first}


def test_a_retry_declares_and_recognises_once(works: Desk) -> None:
    answers = [works.provider.post("/api/v1/items", body(), retry="once") for _ in range(2)]
    item_no = answers[0].get_json()["item_no"]
    recognition = f"/api/v1/items/{item_no}/recognition"
    decided = [works.official.post(recognition, {}, retry="twice") for _ in range(2)]

    assert answers[1].get_json() == answers[0].get_json()
    assert decided[1].get_json() == decided[0].get_json()
    assert decided[1].headers["Idempotency-Replayed"] == "true"
    assert balance(works) == "24.00"


def test_an_item_late_is_refused_with_its_last_day(works: Desk) -> None:
    day = DAYS[0].replace(year=DAYS[0].year - 1)

    late = works.provider.post("/api/v1/items", body(day=day.isoformat()))

    assert problem_of(late)["code"] == "declared-late"
    assert problem_of(late)["facts"]["last_day"]


def test_what_is_missing_is_named(works: Desk) -> None:
    missing = works.provider.post("/api/v1/items", body(rank=None) | {"item": _without("rank")})

    assert problem_of(missing)["facts"]["fact"] == "rank"


def _without(name: str) -> dict[str, Any]:
    return {key: value for key, value in paper().items() if key != name}


def test_providers_see_what_they_declared_and_officials_their_region(works: Desk) -> None:
    mine = declared(works.provider)
    item = f"/api/v1/items/{mine}"

    assert works.provider.get(item).status_code == 200
    assert problem_of(works.other_provider.get(item))["code"] == "item-unknown"
    assert problem_of(works.far_official.get(item))["code"] == "region-foreign"
    seen = [
        [each["item_no"] for each in caller.get("/api/v1/items").get_json()["items"]]
        for caller in (works.provider, works.official, works.other_provider, works.far_official)
    ]
    assert seen == [[mine], [mine], [], []]


def test_a_provider_declares_and_does_not_decide(works: Desk) -> None:
    item = f"/api/v1/items/{declared(works.provider)}"

    refused = [
        works.provider.post(f"{item}/{act}", {"reason": "x"})
        for act in ("recognition", "refusal", "return", "withdrawal")
    ]

    assert {problem_of(each)["facts"]["wanted"] for each in refused} == {"item:decide"}


def test_officials_decide_in_their_region_only(works: Desk) -> None:
    item = f"/api/v1/items/{declared(works.provider)}"

    refused = [
        works.far_official.post(f"{item}/recognition", {}),
        works.far_official.post(f"{item}/refusal", {"reason": "x"}),
        works.far_official.post(f"{item}/return", {"reason": "x"}),
        works.far_official.post(f"{item}/withdrawal", {"reason": "finding"}),
        works.far_official.post("/api/v1/items", body()),
    ]

    assert {problem_of(each)["code"] for each in refused} == {"region-foreign"}


def test_an_enterprise_declares_under_the_rules_of_its_province_and_the_province_decides(
    works: Desk,
) -> None:
    item_no = declared(works.provider, scheme="cn-37.elsewhere", activity="patent", work="ZL1")
    recognition = f"/api/v1/items/{item_no}/recognition"
    province = works.caller(Role.OFFICIAL, "cn-37")

    by_city = works.official.post(recognition, {})
    by_province = province.post(recognition, {})

    assert problem_of(by_city)["code"] == "region-foreign"
    assert by_province.status_code == 200, by_province.get_json()


def test_an_official_declares_and_another_recognises(works: Desk) -> None:
    item_no = declared(works.official)
    recognition = f"/api/v1/items/{item_no}/recognition"

    own = works.official.post(recognition, {})
    other = works.second_official.post(recognition, {})

    assert problem_of(own)["code"] == "second-person-wanted"
    assert other.status_code == 200


def test_hours_left_to_the_official_are_granted_at_the_recognition(works: Desk) -> None:
    item_no = declared(works.provider, activity="study", asked_hours="50.00")

    decided = works.official.post(
        f"/api/v1/items/{item_no}/recognition", {"approved_hours": "40.00"}
    ).get_json()

    assert (decided["asked_hours"], decided["approved_hours"]) == ("50.00", "40.00")
    assert balance(works) == "40.00"


def test_items_come_newest_first_page_by_page_each_once(works: Desk) -> None:
    numbers = [declared(works.provider, work=f"10.1000/{number}") for number in range(5)]

    seen, cursor = [], ""
    while True:
        query = {"limit": "2", "state": "declared"} | ({"cursor": cursor} if cursor else {})
        page = works.provider.get("/api/v1/items", query_string=query).get_json()
        seen += [each["item_no"] for each in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break

    assert seen == numbers[::-1]


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"measures": {"Pages": 1}}, "/item/measures/Pages"),
        ({"measures": {"pages": -1}}, "/item/measures/pages"),
        ({"measures": [1]}, "/item/measures"),
        ({"measures": {f"m{n}": 1 for n in range(21)}}, "/item/measures"),
        ({"traits": {"role": "Chief Editor"}}, "/item/traits/role"),
        ({"traits": {"role": None}}, "/item/traits/role"),
        ({"rank": 0}, "/item/rank"),
        ({"spread_years": 11}, "/item/spread_years"),
        ({"asked_hours": "0"}, "/item/asked_hours"),
        ({"evidence": []}, "/item/evidence"),
        ({"evidence": [{"description": "x", "sha256": "zz"}]}, "/item/evidence/0/sha256"),
        ({"day": "2026-02-30"}, "/item/day"),
        ({"form": "Core Journal"}, "/item/form"),
        ({"surprise": 1}, "/item/surprise"),
    ],
)
def test_what_is_no_item_is_refused_at_its_place(
    works: Desk, changed: dict[str, Any], path: str
) -> None:
    before = works.row_counts()

    answer = works.provider.post("/api/v1/items", body(**changed))

    assert problem_of(answer)["code"] == "request-invalid"
    assert [each["path"] for each in answer.get_json()["errors"]] == [path]
    assert works.row_counts() == before


def test_a_made_up_item_is_explained_before_anybody_declares_it(works: Desk) -> None:
    item = {
        "activity": "book", "subject": "professional", "day": civil_day(utc_now()).isoformat(),
        "measures": {"characters": 25_000}, "traits": {"role": "editor"},
    }  # fmt: skip

    found = works.nobody.post(f"/api/v1/packs/{WORKS}/explain", {"item": item}, retry="")
    missing = works.nobody.post(
        f"/api/v1/packs/{WORKS}/explain", {"item": item | {"traits": {}}}, retry=""
    )
    early = works.nobody.post(
        f"/api/v1/packs/{WORKS}/explain", {"item": item | {"declared_on": "2020-01-01"}}, retry=""
    )

    this_year = civil_day(utc_now()).year
    assert found.get_json()["hours"] == "20.00"
    assert found.get_json()["parts"] == [
        {"year": year, "subject": "professional", "hours": "10.00"}
        for year in (this_year, this_year + 1)
    ]
    assert problem_of(missing)["facts"]["fact"] == "trait.role"
    assert problem_of(early)["code"] == "request-invalid"


LEAVE = {
    "activity": "sick_leave", "work": "", "title": "病休", "first_day": "2025-12-01",
    "day": "2026-01-31",
}  # fmt: skip


def test_a_period_is_credited_to_each_of_its_years_and_says_its_days(works: Desk) -> None:
    made = works.provider.post("/api/v1/items", body(**LEAVE)).get_json()
    item = f"/api/v1/items/{made['item_no']}"

    decided = works.official.post(f"{item}/recognition", {}).get_json()

    assert (made["first_day"], decided["first_day"]) == ("2025-12-01", "2025-12-01")
    assert [(each["year"], each["subject"], each["hours"]) for each in decided["credited"]] == [
        (2025, "professional", "5.09"), (2025, "public.general", "2.54"),
        (2026, "professional", "5.09"), (2026, "public.general", "2.54"),
    ]  # fmt: skip
    leaf = decided["credited"][0]["leaf"]
    found = works.official.get(f"/api/v1/entries/{leaf}/explanation").get_json()
    told = {line["code"]: line for line in found["lines"]}
    assert told["explain-period"]["zh"] == "期间自 2025年12月1日 至 2026年1月31日。"
    assert "31 天" in told["rules-step-period"]["zh"]
    assert "31/365" in told["rules-step-period-days"]["zh"]
    assert told["rules-step-period-days"]["key"] == "conversion.sick_leave"


def test_a_period_that_the_rules_do_not_take_is_refused_before_anything_is_written(
    works: Desk,
) -> None:
    abroad = {**LEAVE, "activity": "study_abroad", "first_day": "2025-07-02"}
    first = declared(works.provider, **abroad)
    before = works.row_counts()

    def told(**changed: object) -> dict[str, Any]:
        return dict(problem_of(works.provider.post("/api/v1/items", body(**(abroad | changed)))))

    overlapping = told(title="再次访学", first_day="2026-01-31", day="2026-06-30")
    assert (overlapping["code"], overlapping["facts"]["item_no"]) == ("item-period-overlaps", first)
    assert told(first_day="2026-02-01")["code"] == "item-period-backwards"
    assert told(first_day=None)["code"] == "request-invalid"
    assert told(make_up_year=2024)["code"] == "period-makes-up-none"
    assert works.row_counts() == before
    unsaid = {name: each for name, each in abroad.items() if name != "first_day"}
    missing = problem_of(works.provider.post("/api/v1/items", body(**unsaid)))
    assert (missing["code"], missing["facts"]["fact"]) == ("fact-missing", "first_day")


def test_a_made_up_period_is_explained_and_one_that_is_none_refused(works: Desk) -> None:
    period = {"activity": "sick_leave", "subject": "professional", "first_day": "2025-12-01"}

    def asked(**changed: object) -> Any:
        sent = {"item": period | changed}
        return works.nobody.post(f"/api/v1/packs/{WORKS}/explain", sent, retry="")

    assert asked(day="2026-01-31").get_json()["hours"] == "15.26"
    assert problem_of(asked(day="2025-11-30"))["code"] == "request-invalid"
