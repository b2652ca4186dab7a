"""Templates with people in them: only for the holder, and only what it gave itself."""

import io

import python_calamine
from sqlalchemy import select

from creditbank.api.bodies import XLSX_MEDIA_TYPE
from creditbank.people.models import PersonDocument
from tests.api.desk import DAYS, Caller, Desk, roster_rows
from tests.attendance.rosters import HEADER, xlsx
from tests.bank import invented_person

LI, WANG = invented_person(1), invented_person(2)


def lines(caller: Caller, filing_no: str, people: str) -> list[list[object]]:
    """Return the filled lines of a template, without its header."""
    answer = caller.get(f"/api/v1/filings/{filing_no}/roster-template?people={people}")
    assert answer.status_code == 200, answer.text
    with python_calamine.load_workbook(io.BytesIO(answer.data)) as book:
        rows = list(book.get_sheet_by_index(0).iter_rows())[1:]
    return [row[:4] for row in rows if row[0]]


def test_whoever_came_to_one_day_stands_ready_for_the_others(desk: Desk) -> None:
    filing_no = desk.approved_filing()
    desk.provider.post(f"/api/v1/filings/{filing_no}/rosters", roster_rows([LI], DAYS[:1]))

    filled = lines(desk.provider, filing_no, "filing")

    expected = [LI.name, "居民身份证", LI.document.number]
    assert filled == [[*expected, day] for day in DAYS[1:]]
    assert lines(desk.provider, filing_no, "nobody") == []
    assert lines(desk.official, filing_no, "filing") == []


def test_the_people_of_other_filings_stand_ready_with_the_number_that_was_given(desk: Desk) -> None:
    earlier, filing_no = desk.approved_filing(), desk.approved_filing()
    desk.provider.post(f"/api/v1/filings/{earlier}/rosters", roster_rows([LI, WANG], DAYS[:1]))
    with desk.bank.unit() as session:  # a second document, which this provider never gave
        first = session.scalars(select(PersonDocument)).first()
        assert first is not None
        session.add(
            PersonDocument(
                person_id=first.person_id, document_no=2, kind="passport",
                number_cipher=first.number_cipher, recorded_at=first.recorded_at,
            )
        )  # fmt: skip

    filled = lines(desk.provider, filing_no, "organisation")

    assert len(filled) == len(DAYS)
    assert len({str(row[2]) for row in filled}) == 1


def test_who_stood_ready_and_did_not_come_is_told_apart_from_errors_and_never_credited(
    desk: Desk,
) -> None:
    filing_no = desk.approved_filing()
    desk.provider.post(f"/api/v1/filings/{filing_no}/rosters", roster_rows([LI, WANG], DAYS[:1]))
    ready = sorted(lines(desk.provider, filing_no, "filing"), key=lambda row: (row[3], row[2]))
    came, absent, broken, *_ = [[*row, ""] for row in ready]
    came[4], broken[2] = 360, "99"
    file = xlsx([HEADER, came, absent, broken])
    sent = {"data": file, "content_type": XLSX_MEDIA_TYPE}

    rehearsed = desk.provider.post(f"/api/v1/filings/{filing_no}/rosters?mode=validate", **sent)
    posted = desk.provider.post(f"/api/v1/filings/{filing_no}/rosters", **sent)

    for told in (rehearsed.get_json(), posted.get_json()):
        assert (told["rows_credited"], told["people_credited"]) == (1, 1)
        [passed] = told["passed_over"]
        assert (passed["row_no"], passed["code"]) == (3, "roster-passed-absent")
        assert {(each["row_no"], each["code"]) for each in told["problems"]} == {
            (4, "roster-number-length"), (4, "roster-cell-empty"),
        }  # fmt: skip
    recorded = desk.provider.get(f"/api/v1/rosters/{posted.get_json()['roster_no']}").get_json()
    assert [each["code"] for each in recorded["passed_over"]] == ["roster-passed-absent"]
    assert desk.bank.fsck() == []
