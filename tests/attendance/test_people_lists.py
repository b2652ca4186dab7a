"""Lists of applicants as people send them: what is read, what is said of the rest."""

import pytest

from creditbank.attendance.people_list import FactColumn, read_people_list
from creditbank.attendance.roster import (
    RosterEmptyError,
    RosterHeaderMissingError,
    RosterHeaderTwiceError,
)
from creditbank.attendance.workbook import Limits, RosterTooLongError
from tests.bank import invented_person

ONE, TWO = invented_person(7), invented_person(8)
FACTS = (
    FactColumn("current_title_on", "现职称取得日期", "day of the current title"),
    FactColumn("first_review", "首次申报", "first review", {"是": "yes", "否": "no", "yes": "yes"}),
)
HEAD = "姓名,证件号码,现职称取得日期,First review"


def read(*rows: str, head: str = HEAD, limit: int = 10):  # type: ignore[no-untyped-def]
    content = "\n".join(["威海市申报名单", head, *rows]).encode()
    return read_people_list(content, FACTS, Limits(rows_max=limit))


def test_rows_are_read_with_their_facts_and_an_empty_cell_states_nothing() -> None:
    found = read(
        f"{ONE.name},'{ONE.document.number},2018年6月30日,是", "",
        f"{TWO.name},{TWO.document.number},无,",
    )  # fmt: skip

    assert found.problems == ()
    assert [(row.row_no, row.identity) for row in found.rows] == [(3, ONE), (5, TWO)]
    assert found.rows[0].stated == {"current_title_on": "2018-06-30", "first_review": "yes"}
    assert found.rows[1].stated == {"current_title_on": "none"}


def test_every_fault_of_a_row_is_named_by_its_column_and_the_others_go_on() -> None:
    found = read(f"{ONE.name},999999198505150011,六月,也许", f"{TWO.name},{TWO.document.number},,")

    assert [row.row_no for row in found.rows] == [4]
    assert [(fault.row_no, fault.column, fault.code) for fault in found.problems] == [
        (3, "证件号码", "roster-number-check"),
        (3, "现职称取得日期", "roster-date-invalid"),
        (3, "First review", "list-word-unknown"),
    ]
    assert "999999" not in str(found.problems)


@pytest.mark.parametrize(
    ("head", "rows", "refusal"),
    [
        ("姓名,现职称取得日期", ["x,2018-06-30"], RosterHeaderMissingError),
        ("姓名,证件号码,身份证号", ["x,1,1"], RosterHeaderTwiceError),
        (HEAD, [HEAD], RosterEmptyError),
        (HEAD, ["甲,1", "乙,2", "丙,3"], RosterTooLongError),
    ],
)
def test_a_file_that_is_no_list_is_refused_whole(
    head: str, rows: list[str], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        read(*rows, head=head, limit=2)
