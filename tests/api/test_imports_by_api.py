"""Earlier records by the API: rehearsed, sent as a file or as JSON, reconciled, never twice."""

import io
from typing import Any

import pytest
import python_calamine

from creditbank.attendance.earlier import HEADERS, TOTALS_HEADERS
from tests.api.desk import YEAR, Desk, problem_of, stated
from tests.bank import invented_person

PERSON = invented_person(51)
FOUR = PERSON.document.number[-4:]
ORIGIN = "?jurisdiction=cn-3710&origin=old"


def csv_of(header: Any, *rows: tuple[str, ...]) -> bytes:
    return "\n".join(",".join(row) for row in (tuple(header), *rows)).encode()


ROWS = csv_of(
    HEADERS.values(), (PERSON.name, "", PERSON.document.number, "2024", "专业科目", "60"),
    (PERSON.name, "", PERSON.document.number, "2024", "公需科目", "30"),
)  # fmt: skip
TOTALS = csv_of(TOTALS_HEADERS, (PERSON.name, "", PERSON.document.number, "2024", "100"))
BODY = {
    "jurisdiction": "cn-3710", "origin": "old",
    "rows": [
        {**stated(PERSON), "year": 2024, "subject": "professional", "hours": "60.00"},
        {**stated(PERSON), "year": 2024, "subject": "public", "hours": "30.00"},
    ],
    "stated": [{**stated(PERSON), "year": 2024, "hours": "100.00"}],
}  # fmt: skip


def sent(desk: Desk, path: str, rows: bytes = ROWS, totals: bytes = TOTALS) -> Any:
    files = {"file": (io.BytesIO(rows), "a.csv"), "totals": (io.BytesIO(totals), "b.csv")}
    return desk.official.post(
        f"/api/v1/imports{path}{ORIGIN}", data=files, content_type="multipart/form-data"
    )


def test_the_same_records_are_rehearsed_and_proposed_once_as_files_and_as_json(
    desk: Desk,
) -> None:
    rehearsed = sent(desk, "/rehearsal").get_json()
    as_json = desk.official.post("/api/v1/imports/rehearsal", BODY).get_json()
    proposed = sent(desk, "").get_json()
    again = desk.official.post("/api/v1/imports", BODY)
    later = desk.official.post("/api/v1/imports/rehearsal", BODY).get_json()

    assert rehearsed == as_json
    difference = {
        "document_kind": "resident_id", "last_four": FOUR, "year": 2024,
        "stated_hours": "100.00", "found_hours": "90.00",
    }  # fmt: skip
    assert rehearsed["differences"] == proposed["differences"] == [difference]
    assert (rehearsed["people_known"], rehearsed["people_unknown"]) == (0, 1)
    assert (rehearsed["rows"], rehearsed["hours"], rehearsed["replay_of"]) == (2, "90.00", "")
    assert [(each["year"], each["hours"]) for each in rehearsed["totals"]] == [
        (2024, "60.00"), (2024, "30.00"),
    ]  # fmt: skip
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.get_json()["import_no"] == proposed["import_no"] == later["replay_of"]
    assert (proposed["replayed"], again.get_json()["replayed"]) == (False, True)
    assert PERSON.document.number not in str(rehearsed) + str(proposed)


def test_differences_are_approved_with_a_reason_only(desk: Desk) -> None:
    import_no = sent(desk, "").get_json()["import_no"]
    approval = f"/api/v1/imports/{import_no}/approval"

    refused = desk.second_official.post(approval, {})
    done = desk.second_official.post(approval, {"differences_accepted": "补录 10 学时未计"})

    assert problem_of(refused)["code"] == "import-differences"
    assert done.get_json()["state"] == "approved"
    assert done.get_json()["differences_accepted"] == "补录 10 学时未计"


def test_what_a_second_official_refuses_may_be_proposed_again(desk: Desk) -> None:
    import_no = sent(desk, "").get_json()["import_no"]
    place = f"/api/v1/imports/{import_no}"

    refused = desk.second_official.post(f"{place}/withdrawal", {"reason": "导出有误"})
    too_late = desk.second_official.post(f"{place}/approval", {})
    again = sent(desk, "")

    assert (refused.get_json()["state"], refused.get_json()["withdrawn_because"]) == (
        "withdrawn", "导出有误",
    )  # fmt: skip
    assert problem_of(too_late)["code"] == "import-state"
    assert (again.status_code, again.get_json()["replayed"]) == (201, False)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_bad_rows_of_a_file_are_named_and_rows_of_other_files_left_out(desk: Desk) -> None:
    first = sent(desk, "").get_json()["import_no"]
    more = ROWS + f"\n{PERSON.name},,{PERSON.document.number},2023,专业科目,9".encode()
    bad = more + f"\n钱七,,{PERSON.document.number},{YEAR + 70},专业科目,9".encode()

    found = sent(desk, "/rehearsal", bad).get_json()
    refused = sent(desk, "", bad)
    second = sent(desk, "", more).get_json()
    no_region = desk.official.post(
        "/api/v1/imports", data=ROWS, headers={"Content-Type": "text/csv"}
    )

    assert [(each["row_no"], each["code"]) for each in found["problems"]] == [
        (5, "import-cell-year-ahead")
    ]
    assert problem_of(refused)["code"] == "import-rows-refused"
    assert [(each["row_no"], each["import_no"], each["same"]) for each in second["known"]] == [
        (2, first, True), (3, first, True),
    ]  # fmt: skip
    assert (second["rows"], second["hours"]) == (1, "9.00")
    assert problem_of(no_region)["code"] == "request-invalid"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_template_has_a_sheet_for_rows_and_one_for_totals(desk: Desk) -> None:
    answer = desk.official.get("/api/v1/imports/template")

    book = python_calamine.load_workbook(io.BytesIO(answer.get_data()))
    assert [book.get_sheet_by_index(at).to_python()[0] for at in (0, 1)] == [
        list(HEADERS.values()), list(TOTALS_HEADERS),
    ]  # fmt: skip


def test_the_files_of_an_import_are_told_taken_with_a_reason_and_recorded(desk: Desk) -> None:
    told = sent(desk, "").get_json()
    import_no = told["import_no"]
    path = f"/api/v1/imports/{import_no}/file"

    silent = desk.official.get(path)
    rows = desk.official.get(f"{path}?reason=inspection&case_no=1")
    totals = desk.second_official.get(f"{path}?part=totals&reason=dispute")
    after = desk.official.get(f"/api/v1/imports/{import_no}").get_json()["files"]

    assert problem_of(silent)["code"] == "roster-file-reason-wanted"
    assert (rows.get_data(), totals.get_data()) == (ROWS, TOTALS)
    assert rows.headers["Content-Disposition"] == f'attachment; filename="import-{import_no}.csv"'
    assert [(each["part"], each["bytes"], each["downloads_total"]) for each in told["files"]] == [
        ("rows", len(ROWS), 0), ("totals", len(TOTALS), 0),
    ]  # fmt: skip
    assert [each["downloads"][0]["reason"] for each in after] == ["inspection", "dispute"]
    assert all(each["commitment"] and not each["erased_because"] for each in after)


def test_records_that_came_as_json_have_no_file(desk: Desk) -> None:
    told = desk.official.post("/api/v1/imports", BODY).get_json()

    refused = desk.official.get(f"/api/v1/imports/{told['import_no']}/file?reason=inspection")

    assert told["files"] == []
    assert problem_of(refused)["code"] == "import-file-none"
