"""Hours of another scheme over the API: who recognises them, once, and what is said of them."""

import pytest

from creditbank.registry.clients import Role
from tests.achievements import ELSEWHERE, publish_works
from tests.api.desk import DAYS, YEAR, Caller, Desk, problem_of, roster_rows, stated
from tests.bank import invented_person

PERSON = invented_person(61)
CITY = "cn-3710"
TRANSFERS = "/api/v1/transfers"


@pytest.fixture
def works(desk: Desk) -> Desk:
    """A desk at a bank in which a province takes the city's hours."""
    publish_works(desk.bank)
    return desk


@pytest.fixture
def province(works: Desk) -> Caller:
    """An official of the province."""
    return works.caller(Role.OFFICIAL, "cn-37")


def posted(desk: Desk) -> tuple[str, str]:
    """Let the person attend a day; return the filing's number and the entry's leaf."""
    filing_no = desk.approved_filing()
    desk.provider.post(f"/api/v1/filings/{filing_no}/rosters", roster_rows([PERSON], DAYS[:1]))
    asked = {**stated(PERSON), "scheme": CITY}
    [entry] = desk.official.post("/api/v1/entries", asked).get_json()["entries"]
    return filing_no, entry["leaf"]


def body(leaf: str, scheme: str = ELSEWHERE) -> dict[str, str]:
    return {**stated(PERSON), "leaf": leaf, "scheme": scheme}


def balance(caller: Caller) -> str:
    asked = {**stated(PERSON), "scheme": ELSEWHERE}
    return str(caller.post("/api/v1/balances", asked).get_json()["live_hours"])


def test_hours_are_recognised_once_explained_and_reversed_with_their_origin(
    works: Desk, province: Caller
) -> None:
    filing_no, leaf = posted(works)

    first, again = (province.post(TRANSFERS, body(leaf), retry="once") for _ in range(2))
    twice = province.post(TRANSFERS, body(leaf))

    made = first.get_json()
    assert first.status_code == 201, made
    assert (again.get_json(), again.headers["Idempotency-Replayed"]) == (made, "true")
    assert problem_of(twice)["facts"] == {"transfer_no": made["transfer_no"]}
    [credit] = made.pop("credited")
    assert (credit["hours"], credit["year"], credit["reversed"]) == ("8.00", YEAR, False)
    assert (made["state"], made["origin_leaf"], made["origin_scheme"]) == ("recognised", leaf, CITY)
    assert balance(province) == "8.00"
    found = province.get(f"/api/v1/entries/{credit['leaf']}/explanation").get_json()
    assert [line["code"] for line in found["lines"]] == [
        "explain-transfer", "explain-work", "rules-step-transferred", "rules-step-result",
        "explain-counted",
    ]  # fmt: skip
    assert leaf in found["lines"][0]["zh"]
    assert found["lines"][2]["key"] == f"transfer.{CITY}"

    withdrawal = {**stated(PERSON), "reason": "not-present"}
    works.official.post(f"/api/v1/filings/{filing_no}/withdrawals", withdrawal)

    shown = province.get(f"{TRANSFERS}/{made['transfer_no']}").get_json()
    assert (shown["state"], shown["reason"]) == ("withdrawn", "origin-reversed")
    assert [each["reversed"] for each in shown["credited"]] == [True]
    found = province.get(f"/api/v1/entries/{credit['leaf']}/explanation").get_json()
    assert found["lines"][-2]["code"] == "explain-reverse-origin-reversed"
    assert balance(province) == "0.00"
    assert works.bank.fsck() == []


def test_a_transfer_is_taken_back_with_a_typed_reason(works: Desk, province: Caller) -> None:
    _, leaf = posted(works)
    made = province.post(TRANSFERS, body(leaf)).get_json()
    withdrawal = f"{TRANSFERS}/{made['transfer_no']}/withdrawal"

    untyped = province.post(withdrawal, {"reason": "because"})
    done, replay = (province.post(withdrawal, {"reason": "finding"}, retry="x") for _ in range(2))
    again = province.post(withdrawal, {"reason": "finding"})

    assert problem_of(untyped)["code"] == "request-invalid"
    assert done.get_json()["reversed_hours"] == "8.00"
    assert replay.get_json() == done.get_json()
    assert problem_of(again)["code"] == "transfer-withdrawn"
    assert works.bank.fsck() == []


def test_only_officials_of_the_receiving_region_recognise(works: Desk, province: Caller) -> None:
    _, leaf = posted(works)
    made = province.post(TRANSFERS, body(leaf)).get_json()
    transfer = f"{TRANSFERS}/{made['transfer_no']}"

    refused = [
        works.official.post(TRANSFERS, body(leaf)),
        works.far_official.post(TRANSFERS, body(leaf)),
        works.official.get(transfer),
        works.official.post(f"{transfer}/withdrawal", {"reason": "finding"}),
    ]
    unscoped = [
        works.provider.post(TRANSFERS, body(leaf)),
        works.title_system.get(transfer),
    ]

    assert {problem_of(each)["code"] for each in refused} == {"region-foreign"}
    assert {problem_of(each)["facts"]["wanted"] for each in unscoped} == {"transfer:recognise"}


def test_what_is_none_to_recognise_is_told_by_its_code(works: Desk, province: Caller) -> None:
    _, leaf = posted(works)

    answers = [
        province.post(TRANSFERS, body("0" * 64)),
        province.post(TRANSFERS, body(leaf, "cn-37.nowhere")),
        province.post(TRANSFERS, body(leaf, "cn-37")),
        province.post(TRANSFERS, body(leaf) | stated(invented_person(62))),
        province.get(f"{TRANSFERS}/T000000000"),
        province.post(TRANSFERS, body("x")),
    ]

    assert [problem_of(each)["code"] for each in answers] == [
        "entry-unknown", "pack-missing", "transfer-not-recognised", "person-unknown",
        "transfer-unknown", "request-invalid",
    ]  # fmt: skip
