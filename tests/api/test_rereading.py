"""Answers that are read again cost no body; calls that will not stay say so."""

from datetime import date

from flask import Flask

from creditbank.api.endpoints import Call, Door, Public, Unit
from creditbank.api.operations import Declared, Ending, operation
from creditbank.schemas.fields import Shape
from tests.api.desk import Desk, roster_rows
from tests.bank import invented_person

ENDING = Ending(date(2027, 1, 1), date(2028, 1, 1), "/api/v1/filings")


def test_an_answer_that_has_not_changed_is_not_sent_again(desk: Desk) -> None:
    filing_no = desk.approved_filing()
    path = f"/api/v1/filings/{filing_no}"
    first = desk.provider.get(path)

    same = desk.provider.get(path, headers={"If-None-Match": first.headers["ETag"]})
    other = desk.provider.get(path, headers={"If-None-Match": '"another"'})
    roster = roster_rows([invented_person(3)])
    assert desk.provider.post(f"{path}/rosters", roster).status_code == 201
    changed = desk.provider.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert (same.status_code, same.data) == (304, b"")
    assert same.headers["ETag"] == first.headers["ETag"]
    assert same.headers["Cache-Control"] == "no-store"
    assert (other.status_code, other.get_json()) == (200, first.get_json())
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


def test_whoever_may_not_read_is_not_told_that_nothing_changed(desk: Desk) -> None:
    path = f"/api/v1/filings/{desk.approved_filing()}"
    known = desk.provider.get(path).headers["ETag"]

    asked = desk.other_provider.get(path, headers={"If-None-Match": known})

    assert asked.status_code == 404


def test_a_call_that_will_not_stay_says_so_with_every_answer() -> None:
    door, app = Door("old", __name__, description="Old."), Flask(__name__)

    @door.get("/old", Public.ANYBODY, unit=Unit.OWN, answer=Shape(), rate="", ending=ENDING)
    def read_old(_call: Call) -> dict[str, str]:
        return {}

    app.register_blueprint(door)
    answer = app.test_client().get("/old")
    declared = Declared(None, writes=False, answer=Shape(), ending=ENDING)

    assert answer.status_code == 200
    assert answer.headers["Deprecation"] == "@1798761600"  # RFC 9745: seconds since 1970
    assert answer.headers["Sunset"] == "Sat, 01 Jan 2028 00:00:00 GMT"
    assert answer.headers["Link"] == '</api/v1/filings>; rel="successor-version"'
    assert operation(declared, "read_old", "GET")["deprecated"] is True
