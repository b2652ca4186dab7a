"""The main job, over the API alone: a roster goes in, a signed verdict comes out, provably."""

import json
from datetime import date
from typing import Any

from joserfc import jws
from joserfc.jwk import KeySet

from creditbank.ledger.checkpoint import check_tlog_proof
from tests.api.desk import DAYS, TITLE_SYSTEM_USCC, YEAR, Desk, filing_body, stated
from tests.attendance.rosters import xlsx
from tests.bank import invented_person

PERSON = invented_person(7)
ANOTHER = invented_person(8)
HEADER = ["姓名", "证件类型", "证件号码", "日期", "实到分钟"]


def earlier_years(desk: Desk) -> None:
    """Import all that the person needs but 24 professional hours of the last year."""
    hours = {("public.general", year): "30.00" for year in range(YEAR - 4, YEAR + 1)}
    hours |= {("professional", year): "60.00" for year in range(YEAR - 4, YEAR)}
    hours["professional", YEAR] = "36.00"
    rows = [
        {**stated(PERSON), "year": year, "subject": subject, "hours": text}
        for (subject, year), text in hours.items()
    ]
    body = {"jurisdiction": "cn-3710", "origin": "原继续教育登记系统", "rows": rows}
    proposed = desk.official.post("/api/v1/imports", body).get_json()
    approval = f"/api/v1/imports/{proposed['import_no']}/approval"
    assert desk.official.post(approval, {}).get_json()["code"] == "second-person-wanted"
    approved = desk.second_official.post(approval, {})
    assert approved.get_json()["state"] == "approved"
    assert approved.get_json()["hours"] == "426.00"


def mandate(desk: Desk) -> None:
    body = {
        "organisation": TITLE_SYSTEM_USCC,
        "jurisdiction": "cn-3710",
        "series": ["engineering"],
        "levels": ["associate_senior"],
        "valid_from": date(YEAR, 1, 1).isoformat(),
        "valid_through": date(YEAR + 2, 12, 31).isoformat(),
    }
    assert desk.official.post("/api/v1/mandates", body).status_code == 201


def question() -> dict[str, Any]:
    return {
        **stated(PERSON),
        "scheme": "cn-3710",
        "series": "engineering",
        "level": "associate_senior",
        "application_day": date(YEAR + 1, 3, 15).isoformat(),
        "purpose": "职称评审",
        "legal_basis": "威人社办发〔2020〕50号",
        "stated": {"current_title_on": f"{YEAR - 8}-06-30"},
        "disclose": "record",
    }


def asked(desk: Desk) -> dict[str, Any]:
    response = desk.title_system.post("/api/v1/verdicts", question())
    assert response.status_code == 201, response.get_json()
    answer: dict[str, Any] = response.get_json()
    return answer


def roster_file() -> bytes:
    """Return a workbook with a good row for each day, one bad number and one day not filed."""
    number = PERSON.document.number
    good = [[PERSON.name, "居民身份证", number, day.isoformat(), 360] for day in DAYS]
    wrong = "0" if number[-1] != "0" else "1"
    bad_number = [ANOTHER.name, "", number[:-1] + wrong, DAYS[0].isoformat(), 360]
    bad_day = [ANOTHER.name, "", ANOTHER.document.number, f"{YEAR}-01-01", 360]
    return xlsx([HEADER, *good, bad_number, bad_day])


def test_three_days_turn_not_met_into_met_and_a_withdrawal_turns_it_back(desk: Desk) -> None:
    earlier_years(desk)
    mandate(desk)
    filed = desk.provider.post("/api/v1/filings", filing_body()).get_json()
    filing = f"/api/v1/filings/{filed['filing_no']}"
    desk.official.post(f"{filing}/approval", {"reason": "补办备案"})
    before = asked(desk)

    posted = desk.provider.post(f"{filing}/rosters", data=roster_file())
    between = asked(desk)
    withdrawal = {**stated(PERSON), "days": [DAYS[2].isoformat()], "reason": "not-present"}
    taken_back = desk.provider.post(f"{filing}/withdrawals", withdrawal)
    after = asked(desk)

    assert posted.status_code == 201
    assert posted.get_json()["credited_hours"] == "24.00"
    assert [(row["row_no"], row["code"]) for row in posted.get_json()["problems"]] == [
        (5, "roster-number-check"),
        (6, "roster-day-not-filed"),
    ]
    assert taken_back.get_json()["reversed_hours"] == "8.00"
    assert [each["outcome"] for each in (before, between, after)] == ["not_met", "met", "not_met"]
    assert after["statement"]["supersedes"] == between["verdict_no"]
    used = desk.provider.get(filing).get_json()["used"]
    assert (used["people"], used["hours"], used["hours_max"]) == (1, "16.00", "960.00")


def test_a_verdict_checks_under_the_published_keys_alone(desk: Desk) -> None:
    earlier_years(desk)
    mandate(desk)

    answer = asked(desk)

    keys = KeySet.import_key_set(desk.nobody.get("/.well-known/jwks.json").get_json())
    opened = jws.deserialize_compact(answer["jws"].encode(), keys, algorithms=["Ed25519", "ES256"])
    assert json.loads(opened.payload) == answer["statement"]
    assert opened.protected["typ"] == "creditbank-verdict+jwt"
    assert opened.protected["kid"] in [key.kid for key in keys.keys]


def test_each_entry_is_proven_by_the_public_log(desk: Desk) -> None:
    filing_no = desk.approved_filing()
    desk.provider.post(f"/api/v1/filings/{filing_no}/rosters", data=roster_file())
    holder = {**stated(PERSON), "scheme": "cn-3710"}
    waiting = desk.official.post("/api/v1/entries", holder).get_json()["entries"]
    desk.official.post("/api/v1/seals", retry="")

    entries = desk.official.post("/api/v1/entries", holder).get_json()["entries"]
    balances = desk.official.post("/api/v1/balances", holder).get_json()

    assert [each["pending"] for each in waiting] == [True] * 3
    assert [each["hours"] for each in entries] == ["8.00"] * 3
    assert balances["live_hours"] == "24.00"
    [log] = [
        each
        for each in desk.nobody.get("/api/v1/logs").get_json()["logs"]
        if each["origin"] == entries[0]["origin"]
    ]
    for entry in entries:
        place = {"origin": entry["origin"], "index": entry["index"]}
        proof = desk.nobody.get("/api/v1/proofs", query_string=place).get_json()
        proven = check_tlog_proof(proof["tlog_proof"], bytes.fromhex(entry["leaf"]), [log["vkey"]])
        assert proven.checkpoint.origin == entry["origin"]
        assert proof["leaf"] == entry["leaf"]
