"""A row whose number is on record under another name waits, and nobody finds a name by trying."""

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Table, select

from creditbank.attendance.roster import read_roster
from creditbank.crediting import name_checks
from creditbank.crediting.fsck_kept_files import check_kept_files
from creditbank.crediting.kept_files import ROSTERS, named_in_ledger
from creditbank.crediting.models import NameCheck
from creditbank.crediting.name_checks import forget_tries
from creditbank.crediting.name_decisions import (
    Finding,
    NameCheckClosedError,
    NameCheckNotCreditableError,
    NameDecision,
    decide_name,
    names_on_record,
)
from creditbank.crediting.rosters import RosterPosting, RosterResult, rehearse_roster
from creditbank.ledger.models import Act, CreditFacts
from creditbank.people.register import Identity
from creditbank.registry.filing.filings import filing_numbered
from tests.acts import roster, withdraw
from tests.bank import NOW, SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.conftest import Database
from tests.crediting.test_held_rosters import workbook
from tests.force import Force

PERSON, OTHER = invented_person(1), invented_person(2)
DAY = SEMINAR_DAYS[:1]


def misnamed(name: str, person: Identity = PERSON) -> Identity:
    return Identity(person.document, name)


def codes(result: RosterResult) -> list[str]:
    return [problem.code for problem in result.problems]


def checks(bank: TestBank) -> Sequence[NameCheck]:
    with bank.reading() as session:
        return session.scalars(select(NameCheck).order_by(NameCheck.row_no)).all()


def decide(bank: TestBank, check_no: str, finding: Finding) -> NameCheck:
    with bank.unit() as session:
        decision = NameDecision(check_no, finding, "核2026-8", "official-test")
        return decide_name(session, bank.house.vault, decision, now=NOW)


def rehearsed(bank: TestBank, filing_no: str, people: Sequence[Identity]) -> RosterResult:
    with bank.unit() as session:
        posting = RosterPosting(filing_numbered(session, filing_no), attendance(people, DAY), "p")
        return rehearse_roster(session, bank.house.vault, posting, now=NOW)


@pytest.fixture
def filing_no(bank: TestBank) -> str:
    """A filing whose people are on record already."""
    bank.post(bank.approved_filing(), attendance([PERSON, OTHER], DAY))
    return bank.approved_filing()


def test_the_row_is_held_once_the_others_are_credited_and_the_finding_credits_it(
    bank: TestBank, filing_no: str
) -> None:
    wrong = misnamed("不同名")

    first = bank.post(filing_no, attendance([wrong, OTHER], DAY))
    again = bank.post(filing_no, attendance([wrong, OTHER], DAY))
    [check] = checks(bank)
    with bank.reading() as session:
        on_record = names_on_record(session, bank.house.vault, check)
    decided = decide(bank, check.check_no, Finding.RENAMED)
    after = bank.post(filing_no, attendance([wrong], DAY))

    assert (codes(first), first.rows_credited) == (["roster-name-held"], 1)
    assert codes(again) == ["roster-name-held", "roster-already-credited"]
    assert (check.roster_no, check.row_no) == (first.roster_no, 1)
    assert on_record == (PERSON.name,)
    assert (decided.state, decided.row_cipher) == ("credited", None)
    assert codes(after) == ["roster-already-credited"]
    assert len(checks(bank)) == 1
    assert bank.fsck() == []


def test_a_finding_is_an_act_that_names_nobody(bank: TestBank, filing_no: str) -> None:
    bank.post(filing_no, attendance([misnamed("不同名")], DAY))
    decide(bank, checks(bank)[0].check_no, Finding.MISSPELT)

    with bank.reading() as session:
        [act] = session.scalars(select(Act).where(Act.kind == "attendance.name-decided"))
        said = f"{act.subject} {act.details} {act.reason}"

    assert act.reason == "misspelt"
    assert filing_no in said
    assert not any(word in said for word in (PERSON.name, "不同名", PERSON.document.number))


def test_the_right_name_settles_the_held_row(bank: TestBank, filing_no: str) -> None:
    bank.post(filing_no, attendance([misnamed("不同名")], DAY))

    right = bank.post(filing_no, attendance([PERSON], DAY))
    [check] = checks(bank)

    assert right.rows_credited == 1
    assert (check.state, check.credited_roster_no) == ("settled", right.roster_no)
    with pytest.raises(NameCheckClosedError):
        decide(bank, check.check_no, Finding.MISSPELT)


def test_what_was_refused_is_refused_again_and_what_was_withdrawn_is_held_anew(
    bank: TestBank, filing_no: str
) -> None:
    both = attendance([misnamed("不同名"), misnamed("另一名", OTHER)], DAY)
    bank.post(filing_no, both)
    refused, credited = checks(bank)
    decide(bank, refused.check_no, Finding.OTHER_PERSON)
    decide(bank, credited.check_no, Finding.RENAMED)

    again = bank.post(filing_no, both)
    withdraw(bank, filing_no, OTHER, DAY)
    anew = bank.post(filing_no, both)

    assert codes(again) == ["roster-name-refused", "roster-already-credited"]
    assert codes(anew) == ["roster-name-refused", "roster-name-held"]
    assert [each.state for each in checks(bank)] == ["refused", "open"]
    assert bank.fsck() == []


def test_what_the_bounds_of_the_filing_forbid_stays_held(bank: TestBank, filing_no: str) -> None:
    small = bank.approved_filing(seats=1)
    bank.post(small, attendance([misnamed("不同名")], DAY))
    bank.post(small, attendance([OTHER], DAY))
    [check] = checks(bank)

    with pytest.raises(NameCheckNotCreditableError):
        decide(bank, check.check_no, Finding.RENAMED)

    assert checks(bank)[0].state == "open"


def test_after_three_names_even_the_right_one_is_held(bank: TestBank, filing_no: str) -> None:
    tried = [codes(rehearsed(bank, filing_no, [misnamed(name)])) for name in ("甲乙", "丙丁")]
    tried += [codes(rehearsed(bank, filing_no, [misnamed("甲乙")]))]  # no further try
    tried += [codes(bank.post(filing_no, attendance([misnamed("戊己")], DAY)))]

    right = bank.post(filing_no, attendance([PERSON, OTHER], DAY))

    assert tried == [["roster-name-held"]] * 4
    assert (codes(right), right.rows_credited) == (["roster-name-held"], 1)


def test_three_wrong_names_and_the_right_one_in_one_roster_are_all_held(bank: TestBank) -> None:
    bank.post(bank.approved_filing(), attendance([PERSON], DAY))
    days = [*SEMINAR_DAYS, SEMINAR_DAYS[-1] + timedelta(days=1)]
    names = ("甲乙", "丙丁", "戊己", PERSON.name)
    lines = [(misnamed(name), day, 360) for name, day in zip(names, days, strict=True)]

    result = bank.post(bank.approved_filing(days=days), roster(lines))

    assert (codes(result), result.rows_credited) == (["roster-name-held"] * 4, 0)


def test_beyond_a_days_names_nobody_on_record_is_compared(
    bank: TestBank, filing_no: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(name_checks, "NAMES_OF_DAY_MAX", 1)
    new = invented_person(3)

    over = bank.post(filing_no, attendance([misnamed("甲乙"), misnamed("丙丁", OTHER), new], DAY))
    right = bank.post(filing_no, attendance([PERSON, OTHER], DAY))
    later = bank.post(filing_no, attendance([PERSON, OTHER], DAY), now=NOW + timedelta(days=1))

    assert (codes(over), over.rows_credited) == (["roster-names-uncompared"] * 2, 1)
    assert (codes(right), right.rows_credited) == (["roster-names-uncompared"] * 2, 0)
    assert (codes(later), later.rows_credited) == ([], 2)


def test_tries_are_forgotten_after_their_term(bank: TestBank, filing_no: str) -> None:
    rehearsed(bank, filing_no, [misnamed("甲乙")])

    with bank.unit() as session:
        early = forget_tries(session, now=NOW + timedelta(days=29))
        late = forget_tries(session, now=NOW + timedelta(days=30))

    assert (early, late) == (0, 1)


def test_a_row_that_is_decided_later_names_the_file_in_which_it_came(
    bank: TestBank, filing_no: str, database: Database
) -> None:
    file = workbook((misnamed("另一名"), DAY[0], 360), (OTHER, DAY[0], 360))
    roster_no = bank.post(filing_no, read_roster(file), file=file).roster_no
    [check] = checks(bank)

    credited = decide(bank, check.check_no, Finding.MISSPELT)

    with bank.reading() as session:
        named = named_in_ledger(session, bank.house.vault, ROSTERS, roster_no)
        facts = [json.loads(each.facts) for each in session.scalars(select(CreditFacts))]
    files = {each["roster"]: each.get("file") for each in facts}
    assert named
    assert (files[roster_no], files[credited.credited_roster_no]) == (named, named)
    assert bank.fsck() == []
    table = CreditFacts.__table__
    assert isinstance(table, Table)
    force = Force(database)
    try:
        with force.engine.connect() as connection:
            rows = connection.execute(select(table)).mappings().all()
        [row] = [dict(each) for each in rows if credited.credited_roster_no in each["facts"]]
        other = row["facts"].replace(named, "0" * 64)
        with force.changed(table, row, facts=other), bank.reading() as session:
            found = [each.key for each in check_kept_files(session, bank.house.vault)]
    finally:
        force.close()
    assert found == [roster_no]
