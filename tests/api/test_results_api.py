"""What became of an application, by the API and the Python client's own way of calling it."""

from tests.api.desk import YEAR, Desk
from tests.api.test_registry_and_verdicts import PERSON, granted, on_record, question

DAY = f"{YEAR}-01-15"


def test_a_result_is_reported_read_and_repeated_under_its_key(desk: Desk) -> None:
    granted(desk)
    on_record(desk)
    number = desk.title_system.post("/api/v1/verdicts", question()).get_json()["verdict_no"]
    path = f"/api/v1/verdicts/{number}/results"
    nothing = desk.title_system.get(path).get_json()
    body = {"result": "passed", "day": DAY}

    first = desk.title_system.post(path, body, retry="once")
    again = desk.title_system.post(path, body, retry="once")
    failed = desk.title_system.post(
        path, {"result": "failed", "day": DAY}, headers={"Accept-Language": "en"}
    )
    read = desk.title_system.get(path).get_json()

    assert (nothing["stands"], nothing["reports"]) == ("", [])
    assert first.status_code == 201
    assert again.get_json() == first.get_json() == read
    assert (read["stands"], len(read["reports"])) == ("passed", 1)
    assert read["reports"][0]["level"] == "associate_senior"
    assert (failed.status_code, failed.get_json()["code"]) == (409, "result-unfit")
    assert "the last report was an error" in failed.get_json()["wanted"]


def test_a_day_to_come_is_refused(desk: Desk) -> None:
    granted(desk)
    on_record(desk)
    number = desk.title_system.post("/api/v1/verdicts", question()).get_json()["verdict_no"]

    refused = desk.title_system.post(
        f"/api/v1/verdicts/{number}/results", {"result": "passed", "day": f"{YEAR + 2}-01-01"}
    )

    assert (refused.status_code, refused.get_json()["code"]) == (422, "result-day")


def test_what_reviews_of_a_year_relied_on_is_taken_by_the_unit_and_by_its_official(
    desk: Desk,
) -> None:
    granted(desk)
    on_record(desk)
    number = desk.title_system.post("/api/v1/verdicts", question()).get_json()["verdict_no"]
    desk.title_system.post(f"/api/v1/verdicts/{number}/results", {"result": "passed", "day": DAY})

    body = {"year": YEAR}
    own = desk.title_system.post("/api/v1/review-exports", body | {"named": True}, retry="")
    path = f"/api/v1/organisations/{own.get_json()['uscc']}/review-exports"
    masked = desk.official.post(path, body, retry="")
    far = desk.far_official.post(path, body, retry="")
    other_year = desk.official.post(path, {"year": YEAR - 1}, retry="").get_json()

    [row], [hidden] = own.get_json()["rows"], masked.get_json()["rows"]
    assert (row["verdict_no"], row["result"], row["name"]) == (number, "passed", PERSON.name)
    assert hidden == row | {"name": f"{PERSON.name[0]}＊"}
    assert (far.status_code, far.get_json()["code"]) == (403, "region-foreign")
    assert (other_year["rows"], other_year["columns_are"]) == ([], "assumption")
    assert PERSON.document.number not in own.text + masked.text
