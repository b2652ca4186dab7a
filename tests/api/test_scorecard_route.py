"""A provider's figures by the API."""

import threading

import pytest

from creditbank.jobs.figures import publish_all
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


def test_anybody_reads_what_was_published(desk: Desk) -> None:
    filing_no = desk.approved_filing(days=list(DAYS))
    desk.provider.post(f"/api/v1/filings/{filing_no}/rosters", roster_rows([PERSON], DAYS[:1]))
    path = f"/api/v1/organisations/{ENTERPRISE_USCC}/figures"

    before = desk.nobody.get(path)
    with desk.bank.app.app_context():
        changed = publish_all(threading.Event())
    after = desk.nobody.get(path)

    assert (before.status_code, before.get_json()["years"]) == (200, [])
    assert changed >= 1
    figures = [each["figures"] for each in after.get_json()["years"]]
    assert (sum(each["sessions"] for each in figures), sum(each["rows"] for each in figures)) == (
        len(DAYS), 1,
    )  # fmt: skip
    assert PERSON.name not in after.text
    assert desk.nobody.get("/api/v1/organisations/91371000MA3TE5T024/figures").status_code == 404


def test_the_clock_that_is_told_to_stop_publishes_nothing(desk: Desk) -> None:
    desk.approved_filing(days=list(DAYS))
    stop = threading.Event()
    stop.set()

    with desk.bank.app.app_context():
        assert publish_all(stop) == 0
