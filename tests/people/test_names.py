"""One name in several spellings, and two names that must not be taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank.crediting.withdrawals import Withdrawal, WithdrawalReason, withdraw_attendance
from creditbank.people.documents import read_name
from creditbank.people.names import agrees, folded_name
from creditbank.people.register import Identity
from creditbank.registry.filing.filings import filing_numbered
from tests.bank import NOW, SEMINAR_DAYS, TestBank, attendance, invented_document


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("张伟", "張偉"),
        ("刘龙", "劉龍"),
        ("钟苎", "鍾薴"),
        ("阿卜杜拉·买买提", "阿卜杜拉买买提"),
        ("阿卜杜拉•买买提", "阿卜杜拉・買買提"),
        ("LI Ming", "li  ming"),
        ("Ou-Yang Xiu", "OUYANG XIU"),
        ("ＬＩ Ｍｉｎｇ", "Li Ming"),
        ("\uf900雄", "豈雄"),
    ],
)
def test_spellings_of_one_name_agree(one: str, other: str) -> None:
    assert agrees(read_name(one), ["王五", read_name(other)])
    assert agrees(read_name(other), [read_name(one)])


@pytest.mark.parametrize(
    ("one", "other"),
    [("张伟", "章伟"), ("张伟", "张炜"), ("张伟", "张伟明"), ("李明", "Li Ming"), ("José", "Jose")],
)
def test_other_names_do_not_agree(one: str, other: str) -> None:
    assert not agrees(read_name(one), [read_name(other)])


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=6))
def test_a_name_agrees_with_itself_and_folding_twice_changes_nothing(name: str) -> None:
    assert agrees(name, [name])
    assert folded_name(folded_name(name)) == folded_name(name)


def test_a_row_in_traditional_characters_is_the_person_on_record(bank: TestBank) -> None:
    simplified, traditional, stranger = (
        Identity(invented_document(77), name) for name in ("刘龙", "劉龍", "刘珑")
    )
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([simplified], SEMINAR_DAYS[:1]))

    again = bank.post(filing_no, attendance([traditional], SEMINAR_DAYS[1:2]))
    other = bank.post(filing_no, attendance([stranger], SEMINAR_DAYS[2:]))

    assert (again.rows_credited, again.problems) == (1, ())
    assert [problem.code for problem in other.problems] == ["roster-name-held"]
    assert "龙" not in repr(other.problems)
    with bank.unit() as session:
        withdrawal = Withdrawal(
            filing_numbered(session, filing_no), traditional, (), WithdrawalReason.NOT_PRESENT,
            "", "provider-test",
        )  # fmt: skip
        withdrawn = withdraw_attendance(session, bank.house.vault, withdrawal, now=NOW)
    assert len(withdrawn.days) == 2
