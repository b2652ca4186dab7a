"""Attendance after its time over the API: refused, let in by an official, then posted."""

from datetime import timedelta

from creditbank.clock import civil_day, utc_now
from tests.acts import publish_post_by
from tests.api.desk import DAYS, Desk, problem_of, roster_rows
from tests.bank import invented_person

ONE = invented_person(21)


def test_late_attendance_waits_for_an_official(desk: Desk) -> None:
    publish_post_by(desk.bank, "{ days = 0 }")
    filing = f"/api/v1/filings/{desk.approved_filing()}"
    today = civil_day(utc_now())
    rows = roster_rows([ONE], DAYS[:2])
    admission = {"days": [DAYS[0].isoformat()], "through": today.isoformat(), "reason": "停电"}
    past = {**admission, "through": (today - timedelta(days=1)).isoformat()}

    refused = desk.provider.post(f"{filing}/rosters", rows).get_json()
    before = desk.provider.get(f"{filing}/posting-terms").get_json()["terms"]
    unfit = problem_of(desk.official.post(f"{filing}/late-posting", past))
    by_provider = desk.provider.post(f"{filing}/late-posting", admission)
    after = desk.official.post(f"{filing}/late-posting", admission).get_json()["terms"]
    posted = desk.provider.post(f"{filing}/rosters", rows).get_json()

    assert [each["code"] for each in refused["problems"]] == ["roster-posted-late"] * 2
    assert [each["over"] for each in before] == [True] * 3
    assert (unfit["code"], by_provider.status_code) == ("late-posting-unfit", 403)
    assert [each["over"] for each in after] == [False, True, True]
    assert (posted["rows_credited"], len(posted["problems"])) == (1, 1)
