"""Filings after their approval over the API, and hours under a revoked one."""

from tests.api.desk import DAYS, Desk, problem_of, roster_rows
from tests.bank import invented_person

ONE, OTHER = invented_person(21), invented_person(22)


def test_a_provider_closes_its_filing_and_an_official_opens_it_again(desk: Desk) -> None:
    filing = f"/api/v1/filings/{desk.approved_filing()}"

    closed = desk.provider.post(f"{filing}/ending", {"step": "close"}).get_json()
    refused = problem_of(desk.provider.post(f"{filing}/rosters", roster_rows([ONE], DAYS[:1])))
    not_theirs = desk.other_provider.post(f"{filing}/ending", {"step": "withdraw"})
    reopened = desk.official.post(f"{filing}/measure", {"step": "reopen", "reason": "补交名单"})
    posted = desk.provider.post(f"{filing}/rosters", roster_rows([ONE], DAYS[:1]))
    withdrawn = problem_of(desk.provider.post(f"{filing}/ending", {"step": "withdraw"}))
    lifted = problem_of(desk.official.post(f"{filing}/measure", {"step": "lift", "reason": "x"}))

    assert (closed["state"], closed["suspended_from"]) == ("closed", None)
    assert (refused["code"], not_theirs.status_code) == ("filing-not-open", 404)
    assert (reopened.get_json()["state"], reopened.get_json()["reason"]) == ("approved", "补交名单")
    assert posted.get_json()["rows_credited"] == 1
    assert (withdrawn["code"], lifted["code"]) == ("filing-posted", "filing-step-unfit")
    assert "撤回、结束、暂停、撤销" in str(lifted)


def test_a_suspended_filing_says_from_when_it_takes_nothing(desk: Desk) -> None:
    filing = f"/api/v1/filings/{desk.approved_filing()}"
    past = {"step": "suspend", "reason": "待核实", "from_day": DAYS[0].isoformat()}

    refused = problem_of(desk.official.post(f"{filing}/measure", past))
    found = desk.official.post(f"{filing}/measure", {"step": "suspend", "reason": "待核实"})
    by_provider = desk.provider.post(f"{filing}/measure", {"step": "lift", "reason": "x"})

    assert (refused["code"], by_provider.status_code) == ("suspension-day-past", 403)
    assert (found.get_json()["state"], found.get_json()["reason"]) == ("suspended", "待核实")
    assert found.get_json()["suspended_from"] is not None


def test_hours_under_a_revoked_filing_wait_until_each_is_decided(desk: Desk) -> None:
    filing = f"/api/v1/filings/{desk.approved_filing()}"
    desk.provider.post(f"{filing}/rosters", roster_rows([ONE, OTHER], DAYS[:1]))
    revoke = {"step": "revoke", "reason": "虚报课时"}

    too_early = problem_of(desk.official.get(f"{filing}/review"))
    without = problem_of(desk.official.post(f"{filing}/measure", revoke))
    desk.official.post(f"{filing}/measure", {**revoke, "case_no": "查2026-8"})
    found = desk.official.get(f"{filing}/review").get_json()
    named = {"decision": "keep", "reason": "确有其事", "leaves": [found["waiting"][0]["leaf"]]}
    kept = desk.official.post(f"{filing}/review", named).get_json()
    again = problem_of(desk.official.post(f"{filing}/review", named))
    rest = desk.official.post(f"{filing}/review", {"decision": "reverse", "reason": "未到场"})

    assert (too_early["code"], without["code"]) == ("filing-not-revoked", "case-number-wanted")
    assert (found["case_no"], found["credits"], found["hours"]) == ("查2026-8", 2, "16.00")
    assert [each["row_no"] for each in found["waiting"]] == [1, 2]
    assert kept == {"decided": 1, "hours": "8.00", "left": 1}
    assert again["code"] == "nothing-to-review"
    assert rest.get_json() == {"decided": 1, "hours": "8.00", "left": 0}
    assert desk.official.get(f"{filing}/review").get_json()["waiting"] == []
