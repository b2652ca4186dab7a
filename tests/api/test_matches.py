"""Comparing numbers and names by the API before anything is posted."""

import pytest

from tests.api.desk import DAYS, Desk, problem_of, roster_rows
from tests.bank import invented_person

PERSON, OTHER = invented_person(61), invented_person(62)

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_a_provider_knows_before_the_course_who_will_be_held(desk: Desk) -> None:
    filing_no = desk.approved_filing()
    desk.provider.post(f"/api/v1/filings/{filing_no}/rosters", roster_rows([PERSON], DAYS[:1]))
    people = [
        {"document_kind": "resident_id", "document_number": each.document.number, "name": name}
        for each, name in ((PERSON, PERSON.name), (PERSON, "不同名"), (OTHER, OTHER.name))
    ]

    answer = desk.provider.post("/api/v1/people/matches", {"people": people})
    nobody = desk.provider.post("/api/v1/people/matches", {"people": []})

    assert answer.status_code == 200
    told = answer.get_json()["people"]
    assert [(each["row_no"], each["match"]) for each in told] == [
        (1, "agrees"), (2, "differs"), (3, "new"),
    ]  # fmt: skip
    assert told[1]["problem"]["code"] == "match-name-differs"
    assert [told[0]["problem"], told[2]["problem"]] == [None, None]
    assert PERSON.name not in answer.text
    assert (nobody.status_code, problem_of(nobody)["code"]) == (422, "request-invalid")
