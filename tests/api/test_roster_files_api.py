"""Files of rosters by API: kept, taken back by those alone who may, and every time recorded."""

import hashlib
import threading
from datetime import date, timedelta
from io import BytesIO

import pytest
from sqlalchemy import update
from werkzeug.test import TestResponse

from creditbank.attendance.file_models import RosterFileContent
from creditbank.clock import civil_day, utc_now
from creditbank.jobs.rosters import run_rosters
from creditbank.registry.clients import Role
from tests.api.desk import DAYS, OTHER_ENTERPRISE_USCC, Caller, Desk, problem_of, roster_rows
from tests.attendance.rosters import HEADER, csv_bytes, xlsx
from tests.bank import invented_person

PEOPLE = [invented_person(number) for number in range(3)]
LINES = [
    [who.name, "居民身份证", who.document.number, DAYS[0].isoformat(), "360"] for who in PEOPLE
]
CSV, XLSX = csv_bytes([HEADER, *LINES]), xlsx([HEADER, *LINES])
ASYNC = {"Prefer": "respond-async"}


def posted(
    desk: Desk, content: bytes = CSV, poster: Caller | None = None, filing_no: str = ""
) -> str:
    """Post a file as it is; return the roster's number."""
    sent = (poster or desk.provider).post(
        f"/api/v1/filings/{filing_no or desk.approved_filing()}/rosters",
        data=content, content_type="text/csv",
    )  # fmt: skip
    assert sent.status_code == 201, sent.get_json()
    return str(sent.get_json()["roster_no"])


def asked(caller: Caller, roster_no: str, query: str = "") -> TestResponse:
    return caller.get(f"/api/v1/rosters/{roster_no}/file{query}")


def test_a_file_is_kept_told_and_returned_as_it_came(desk: Desk) -> None:
    roster_no = posted(desk)
    before = desk.provider.get(f"/api/v1/rosters/{roster_no}").get_json()["file"]

    own = asked(desk.provider, roster_no)
    official = asked(desk.official, roster_no, "?reason=dispute&case_no=%E6%A1%881")
    after = desk.official.get(f"/api/v1/rosters/{roster_no}").get_json()["file"]

    assert own.get_data() == official.get_data() == CSV
    assert own.headers["Content-Type"] == "text/csv"
    assert own.headers["Content-Disposition"] == f'attachment; filename="roster-{roster_no}.csv"'
    assert own.headers["X-Content-Type-Options"] == "nosniff"
    assert own.headers["Cache-Control"] == "no-store"
    sha256 = hashlib.sha256(CSV)
    named = b"creditbank/file/v1\n" + bytes.fromhex(before["salt"]) + sha256.digest()
    assert before == {
        "kind": "csv", "bytes": len(CSV), "sha256": sha256.hexdigest(), "salt": before["salt"],
        "commitment": hashlib.sha256(named).hexdigest(), "kept_until": before["kept_until"],
        "erased_on": None, "erased_because": "", "downloads": [], "downloads_total": 0,
    }  # fmt: skip
    assert len(before["salt"]) == 32
    left = date.fromisoformat(before["kept_until"]) - civil_day(utc_now())
    assert timedelta(399) <= left <= timedelta(400)
    assert [
        (each["downloaded_by"], each["reason"], each["case_no"]) for each in after["downloads"]
    ] == [(desk.official.client_id, "dispute", "案1"), (desk.provider.client_id, "", "")]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "李示例.csv", 'a";filename=evil.html', "x\r\nSet-Cookie: a=b"]
)
def test_the_name_of_an_upload_is_nowhere_kept_or_returned(desk: Desk, name: str) -> None:
    form = {"file": (BytesIO(XLSX), name.replace("\r\n", ""))}
    sent = desk.provider.post(
        f"/api/v1/filings/{desk.approved_filing()}/rosters",
        data=form, content_type="multipart/form-data",
    )  # fmt: skip
    roster_no = sent.get_json()["roster_no"]

    answer = asked(desk.provider, roster_no)

    assert answer.get_data() == XLSX
    assert (
        answer.headers["Content-Disposition"] == f'attachment; filename="roster-{roster_no}.xlsx"'
    )
    assert "Set-Cookie" not in answer.headers


def test_a_file_that_is_left_to_the_clock_is_kept_with_its_roster(desk: Desk) -> None:
    path = f"/api/v1/filings/{desk.approved_filing()}/rosters"
    sent = desk.provider.post(path, data=XLSX, content_type="text/csv", headers=ASYNC)
    assert sent.status_code == 202

    run_rosters(threading.Event())
    done = desk.provider.get(sent.headers["Location"]).get_json()

    roster_no = done["result"]["roster_no"]
    assert asked(desk.provider, roster_no).get_data() == XLSX


def test_rows_of_json_and_what_is_only_tried_leave_no_file(desk: Desk) -> None:
    path = f"/api/v1/filings/{desk.approved_filing()}/rosters"
    tried = desk.provider.post(f"{path}?mode=validate", data=CSV, content_type="text/csv")
    sent = desk.provider.post(path, roster_rows(PEOPLE[:1]))
    roster_no = sent.get_json()["roster_no"]

    assert tried.status_code == 201
    assert desk.row_counts()["roster_file"] == 0
    assert desk.provider.get(f"/api/v1/rosters/{roster_no}").get_json()["file"] is None
    assert problem_of(asked(desk.provider, roster_no))["code"] == "roster-file-none"


def test_an_official_says_for_what_or_is_given_nothing(desk: Desk) -> None:
    roster_no = posted(desk)

    silent = asked(desk.official, roster_no)
    invented = asked(desk.official, roster_no, "?reason=curiosity")

    assert problem_of(silent)["code"] == "roster-file-reason-wanted"
    assert problem_of(invented)["code"] == "request-invalid"
    assert desk.row_counts()["roster_file_download"] == 0


def test_whoever_it_does_not_concern_finds_no_roster_and_auditors_take_nothing(desk: Desk) -> None:
    roster_no = posted(desk)
    auditor = desk.caller(Role.AUDITOR)

    codes = {
        name: problem_of(asked(caller, roster_no, "?reason=inspection"))["code"]
        for name, caller in {
            "other provider": desk.other_provider, "far official": desk.far_official,
            "title system": desk.title_system, "auditor": auditor, "nobody": desk.nobody,
        }.items()
    }  # fmt: skip

    assert codes == {
        "other provider": "roster-unknown", "far official": "region-foreign",
        "title system": "scope-missing", "auditor": "scope-missing", "nobody": "token-refused",
    }  # fmt: skip
    assert desk.row_counts()["roster_file_download"] == 0


def test_a_delegate_takes_what_it_posted_and_not_what_the_holder_did(desk: Desk) -> None:
    filing_no = desk.approved_filing()
    delegated = {"delegate": OTHER_ENTERPRISE_USCC, "valid_through": "2099-12-31"}
    assert desk.provider.post("/api/v1/delegations", delegated).status_code == 201
    held, given = (
        posted(desk, csv_bytes([HEADER, line]), poster, filing_no)
        for line, poster in zip(LINES, (desk.provider, desk.other_provider), strict=False)
    )

    assert problem_of(asked(desk.other_provider, held))["code"] == "roster-unknown"
    assert asked(desk.other_provider, given).status_code == 200
    assert asked(desk.provider, given).status_code == 200, "it was sent in the holder's stead"


def test_once_it_is_erased_its_day_and_digest_are_told(desk: Desk) -> None:
    roster_no, day = posted(desk), date(2027, 12, 31)
    with desk.bank.unit() as session:
        session.execute(update(RosterFileContent).values(file_cipher=None, erased_on=day))

    gone = asked(desk.provider, roster_no)
    told = desk.provider.get(f"/api/v1/rosters/{roster_no}").get_json()["file"]

    assert gone.status_code == 410
    assert problem_of(gone)["code"] == "roster-file-erased"
    assert hashlib.sha256(CSV).hexdigest() in str(gone.get_json())
    assert (told["erased_on"], told["sha256"]) == (day.isoformat(), hashlib.sha256(CSV).hexdigest())
