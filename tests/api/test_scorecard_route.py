"""A provider's figures by the API."""

import pytest

from tests.api.desk import DAYS, Desk, roster_rows
from tests.bank import ENTERPRISE_USCC, invented_person

PERSON = invented_person(41)

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_what_was_posted_of_what_was_held(desk: Desk) -> None:
    filing_no = desk.approved_filing(days=list(DAYS))
    desk.provider.post(f"/api/v1/filings/{filing_no}/rosters", roster_rows([PERSON], DAYS[:1]))
    path = f"/api/v1/organisations/{ENTERPRISE_USCC}/scorecard"

    card = desk.provider.get(f"{path}?from={DAYS[0].year}-01-01").get_json()
    none = desk.official.get(f"{path}?from=1999-01-01&through=1999-12-31").get_json()

    assert (card["sessions"], card["credits"], card["credited_hours"]) == (len(DAYS), 1, "8.00")
    assert card["lateness"]["rows"] == 1
    assert [each["filing_no"] for each in card["unposted"]] == [filing_no] * (len(DAYS) - 1)
    assert (none["sessions"], none["lateness"], none["reversed"]) == (0, None, [])
