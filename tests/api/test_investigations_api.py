"""Investigations over the API: opened, listed, shown, closed; what others are told meanwhile."""

import pytest

from creditbank.registry.clients import Role
from tests.api.desk import DAYS, Desk, problem_of, roster_rows, stated
from tests.bank import invented_person

PERSON, OTHER = invented_person(61), invented_person(62)
CASES = "/api/v1/investigations"


def attended(desk: Desk) -> str:
    """Let two people attend a day; return the filing's number."""
    filing_no = desk.approved_filing()
    rows = roster_rows([PERSON, OTHER], DAYS[:1])
    desk.provider.post(f"/api/v1/filings/{filing_no}/rosters", rows)
    return filing_no


def body(about: str, **more: object) -> dict[str, object]:
    return {"about": about, "case_no": "威人社查〔2026〕3号", "reason": "complaint", **more}


def test_a_case_from_its_opening_to_its_end(desk: Desk) -> None:
    filing_no = attended(desk)
    asked = body(f"{filing_no}/1", person=stated(PERSON))

    first, replay = (desk.official.post(CASES, asked, retry="once") for _ in range(2))
    twice = desk.official.post(CASES, asked)

    made = first.get_json()
    assert first.status_code == 201, made
    assert (replay.get_json(), replay.headers["Idempotency-Replayed"]) == (made, "true")
    assert problem_of(twice)["code"] == "investigation-known"
    assert (made["state"], made["of_one_person"], made["credit_count"]) == ("open", True, 1)
    assert [(c["hours"], c["standing"]) for c in made["credits"]] == [("8.00", "frozen")]
    number = made["investigation_no"]
    [listed] = desk.official.get(f"{CASES}?case_no=威人社查〔2026〕3号").get_json()[
        "investigations"
    ]
    assert listed["investigation_no"] == number
    assert desk.official.get(f"{CASES}?case_no=别的").get_json()["investigations"] == []
    assert desk.official.get(f"{CASES}?state=cleared").get_json()["investigations"] == []
    balance = {**stated(PERSON), "scheme": "cn-3710"}
    held = desk.official.post("/api/v1/balances", balance).get_json()
    assert (held["live_hours"], held["balances"][0]["frozen_hours"]) == ("0.00", "8.00")

    closed = desk.official.post(f"{CASES}/{number}/closing", {"outcome": "cleared"})
    again = desk.official.post(f"{CASES}/{number}/closing", {"outcome": "found-false"})

    assert [c["standing"] for c in closed.get_json()["credits"]] == ["freed"]
    assert problem_of(again)["code"] == "investigation-closed"
    shown = desk.official.get(f"{CASES}/{number}").get_json()
    assert (shown["state"], shown["closed_by"]) == ("cleared", desk.official.client_id)
    assert desk.bank.fsck() == []


def test_pages_of_cases_follow_one_another(desk: Desk) -> None:
    filing_no = attended(desk)
    numbers = []
    for person in (PERSON, OTHER):
        made = desk.official.post(CASES, body(filing_no, person=stated(person))).get_json()
        numbers.insert(0, made["investigation_no"])

    first = desk.official.get(f"{CASES}?limit=1").get_json()
    second = desk.official.get(f"{CASES}?limit=1&cursor={first['next_cursor']}").get_json()

    found = [
        each["investigation_no"] for page in (first, second) for each in page["investigations"]
    ]
    assert (found, second["next_cursor"]) == (numbers, "")


def test_a_provider_is_told_that_nothing_is_credited_for_now_and_not_why(desk: Desk) -> None:
    filing_no = attended(desk)
    desk.official.post(CASES, body(filing_no))

    rows = roster_rows([PERSON], DAYS[1:2])
    refused = desk.provider.post(f"/api/v1/filings/{filing_no}/rosters", rows)

    assert problem_of(refused)["code"] == "source-investigated"
    assert "威人社查" not in refused.text


@pytest.mark.parametrize("about", ["F7K2M9QXAB/0", "f7k2m9qxab", "", "F7K2M9QXAB/1/2"])
def test_what_is_no_number_is_refused_by_its_field(desk: Desk, about: str) -> None:
    refused = problem_of(desk.official.post(CASES, body(about)))

    assert [each["path"] for each in refused["errors"]] == ["/about"]


def test_another_region_sees_and_opens_nothing(desk: Desk) -> None:
    filing_no = attended(desk)
    far = desk.caller(Role.OFFICIAL, "cn-33")

    assert problem_of(far.post(CASES, body(filing_no)))["code"] == "region-foreign"
    desk.official.post(CASES, body(filing_no))
    assert far.get(CASES).get_json()["investigations"] == []
