"""Check-in on site by the API and by command: what a screen of a provider's own would do."""

import json
import re

import pytest

from creditbank.clock import civil_day, instant_text, utc_now
from creditbank.schemas.check_in_pads import base64url
from tests.acts import checked_in
from tests.api.desk import Desk
from tests.bank import invented_person
from tests.cli.bench import terminal_for
from tests.pads import Device, upload_of

LI = invented_person(1)


def test_a_check_in_is_opened_shown_closed_tried_and_posted_once(desk: Desk) -> None:
    filing_no = desk.bank.approved_filing(days=[civil_day(utc_now())], now=utc_now())
    where = f"/api/v1/filings/{filing_no}/check-ins"

    opened = desk.provider.post(where, {"session_no": 1})
    again = desk.provider.post(where, {"session_no": 1})
    unknown = desk.provider.post(where, {"session_no": 2})

    assert opened.status_code == again.status_code == 201
    assert opened.get_json()["check_in_no"] == again.get_json()["check_in_no"]
    assert unknown.get_json()["code"] == "session-number-unknown"
    shown = opened.get_json()
    assert re.fullmatch(r"https://bank\.example/check-in/K\w{9}/\w{16}", shown["address"])
    assert shown["address_until"] > instant_text(utc_now())
    phone = desk.http.get(shown["address"].removeprefix("https://bank.example"))
    assert phone.status_code == 303


def test_the_list_tells_no_whole_name_and_is_posted_with_stated_minutes(desk: Desk) -> None:
    _, no = checked_in(desk.bank, LI, now=utc_now())
    at = f"/api/v1/check-ins/{no}"
    body = {"stated": [{"person_no": 1, "attended_minutes": 180}]}

    early = desk.provider.post(f"{at}/posting", body)
    closed = desk.provider.post(f"{at}/closing").get_json()
    nobody = desk.provider.post(f"{at}/posting", {})
    tried = desk.provider.post(f"{at}/posting?mode=validate", body, retry="")
    untouched = desk.provider.get(at).get_json()
    posted = desk.provider.post(f"{at}/posting", body, retry="once")
    retried = desk.provider.post(f"{at}/posting", body, retry="once")
    twice = desk.provider.post(f"{at}/posting", body)

    assert early.get_json()["code"] == "check-in-still-open"
    assert (closed["state"], closed["address"], closed["address_until"]) == ("closed", "", None)
    assert closed["people"][0]["masked_name"] == f"{LI.name[0]}＊"
    assert LI.name not in str(closed)
    assert LI.document.number not in str(closed)
    assert nobody.get_json()["code"] == "check-in-nobody"
    assert (tried.status_code, tried.get_json()["roster_no"]) == (201, "")
    assert untouched["people"][0]["attended_minutes"] == 0
    assert posted.status_code == 201
    row = {"row_no": 1, "person_no": 1, "attended_minutes": 180}
    [told] = posted.get_json()["rows"]
    assert told == {**row, "hours": tried.get_json()["rows"][0]["hours"]}
    assert retried.get_json() == posted.get_json()
    assert twice.status_code == 409
    assert twice.get_json()["code"] == "check-in-posted"
    roster = desk.provider.get(f"/api/v1/rosters/{posted.get_json()['roster_no']}").get_json()
    assert (roster["rows_credited"], roster["way"]) == (1, "check-in")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_check_in_by_command(desk: Desk) -> None:
    terminal = terminal_for(desk.bank.house.settings)
    filing_no, no = checked_in(desk.bank, LI, now=utc_now())

    opened = terminal.run("check-ins", "open", filing_no, "1").output
    shown = terminal.run("check-ins", "show", no).output
    terminal.run("check-ins", "post", no, exit_code=1)
    closed = terminal.run("check-ins", "close", no).output
    post = ("check-ins", "post", no, "--minutes", "1", "360")
    rehearsed = terminal.run(*post, "--rehearse").output
    posted = terminal.run(*post).output
    terminal.run(*post, exit_code=1)
    after = terminal.run("check-ins", "show", no).output

    assert no in opened
    assert "签到中" in opened
    assert f"{LI.name[0]}＊" in shown
    assert LI.name not in shown
    assert "已结束，待入账" in closed
    assert "8.00" in rehearsed
    assert "8.00" in posted
    assert "已入账" in after
    assert "360" in after


def test_a_program_records_without_network_and_sends_it_twice(desk: Desk) -> None:
    now = utc_now()
    filing_no = desk.bank.approved_filing(days=[civil_day(now)], now=now)
    at = f"/api/v1/filings/{filing_no}/check-ins"
    no = desk.provider.post(at, {"session_no": 1}).get_json()["check_in_no"]
    where = f"/api/v1/check-ins/{no}/pads"
    device = Device(desk.bank, no, opened_at=now)
    device.scan(LI, "in", 0)
    mark = {"device_at": instant_text(now), "run": "00" * 8, "ticks": 1_000 * 60_000}

    opened = desk.provider.post(where, {"public_key": base64url(device.public_key), "mark": mark})
    sent = desk.provider.post(f"{where}/1/scans", upload_of(device))
    again = desk.provider.post(f"{where}/1/scans", upload_of(device))
    nowhere = desk.provider.post(f"{where}/7/scans", upload_of(device))
    shown = desk.provider.get(f"/api/v1/check-ins/{no}").get_json()

    assert opened.status_code == 201
    told = opened.get_json()
    root = json.loads(device.scans[0].body)[3]
    assert (told["pad_no"], told["root"], told["people"]) == (1, root, [])
    assert told["sealing_key"] == base64url(device.sealing_key)
    fate = {"step": 1, "outcome": "recorded", "code": "", "is_doubted": False}
    assert sent.get_json() == {"scans": [{**fate, "is_repeated": False}]}
    assert again.get_json() == {"scans": [{**fate, "is_repeated": True}]}
    assert nowhere.get_json()["code"] == "pad-unknown"
    [person], [pad] = shown["people"], shown["pads"]
    assert (person["is_offline"], person["device_people"]) == (True, 0)
    assert person["spans"][0]["device_came_at"] == instant_text(now)
    assert person["spans"][0]["received_at"] == pad["received_at"]
    assert (pad["pad_no"], pad["scans"]) == (1, 1)
    assert LI.name not in str(shown)
