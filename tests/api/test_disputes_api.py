"""Disputes by the API: the provider answers, an official decides, and no list names anybody."""

import pytest

from creditbank.clock import utc_now
from tests.api.desk import DAYS, Desk, problem_of, roster_rows
from tests.bank import ENTERPRISE_USCC, invented_person
from tests.integrity.disputing import WORDS, disputed

PERSON = invented_person(61)
DISPUTES = "/api/v1/disputes"

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_a_dispute_from_its_list_to_its_settlement(desk: Desk) -> None:
    filing_no = desk.approved_filing()
    number = disputed(desk.bank, PERSON, filing_no, day=DAYS[0], now=utc_now())
    address = f"{DISPUTES}/{number}"
    listed = desk.provider.get(f"{DISPUTES}?state=open")
    shown = desk.provider.get(address).get_json()
    false = desk.provider.post(
        f"{address}/answer", {"answer": "corrected", "words": "已补", "remedy": "R000000000"}
    )
    posted = desk.provider.post(
        f"/api/v1/filings/{filing_no}/rosters", roster_rows([PERSON], DAYS[:1])
    ).get_json()["roster_no"]
    offered = desk.provider.get(address).get_json()["remedies"]

    answered = desk.provider.post(
        f"{address}/answer", {"answer": "corrected", "words": "已补", "remedy": posted}
    ).get_json()

    [line] = listed.get_json()["disputes"]
    assert (line["dispute_no"], line["filing_no"]) == (number, filing_no)
    assert (line["state"], bool(line["due_on"])) == ("with-provider", True)
    assert PERSON.name not in listed.text
    assert (shown["name"], shown["steps"][0]["words"]) == (PERSON.name, WORDS)
    assert problem_of(false)["code"] == "dispute-remedy"
    assert [each["remedy"] for each in offered] == [posted]
    assert answered["state"] == "corrected"
    assert answered["steps"][1]["remedy"] == posted
    assert desk.provider.get(f"{DISPUTES}?state=open").get_json()["disputes"] == []


def test_an_official_decides_what_the_provider_declined(desk: Desk) -> None:
    number = disputed(desk.bank, PERSON, desk.approved_filing())
    address = f"{DISPUTES}/{number}"
    decision = {"outcome": "upheld", "words": "有签名", "case_no": "异2026-1"}
    early = desk.official.post(f"{address}/decision", decision)
    shut = desk.provider.post(f"{address}/decision", decision)
    others = [desk.other_provider.get(address), desk.far_official.get(address)]
    scorecard = f"/api/v1/organisations/{ENTERPRISE_USCC}/scorecard?from=2026-01-01"

    assert problem_of(early)["code"] == "dispute-unfit"
    assert problem_of(shut)["code"] == "scope-missing"
    assert [problem_of(each)["code"] for each in others] == ["dispute-unknown", "region-foreign"]
    figures = desk.provider.get(scorecard).get_json()["disputes"]
    assert figures == {"stated": 1, "open": 1, "late": 0, "upheld": 0}


def test_pages_of_disputes_follow_one_another(desk: Desk) -> None:
    filing_no = desk.approved_filing()
    wanted = [disputed(desk.bank, PERSON, filing_no, day=day, now=utc_now()) for day in DAYS]
    found, cursor = [], ""
    for _ in wanted:
        page = desk.official.get(f"{DISPUTES}?limit=1&cursor={cursor}" if cursor else
                                 f"{DISPUTES}?limit=1").get_json()  # fmt: skip
        found += [each["dispute_no"] for each in page["disputes"]]
        cursor = page["next_cursor"]

    assert (sorted(found), cursor) == (sorted(wanted), "")
