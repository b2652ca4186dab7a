"""What is carried over and lapses, as of any day: the numbers of the requirement, told by year."""

from datetime import date

import pytest

from creditbank.crediting.balances import ANY_TIME, Times
from creditbank.crediting.carried import carried_over, carried_said
from creditbank.crediting.statements import StatementAsk, statement_of, with_carried
from creditbank.rules.carry_over import CarryingYear
from tests.acts import key_of
from tests.bank import NOW, TestBank, attendance, invented_person
from tests.carrying import CARRIES, carrying_record

PERSON = invented_person(17)
TODAY = date(2026, 11, 20)

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def told(bank: TestBank, times: Times = ANY_TIME) -> list[CarryingYear]:
    with bank.reading() as session:
        key = key_of(bank, PERSON)
        return list(carried_over(session, [key], CARRIES, times, TODAY).years)


def figures(year: CarryingYear) -> tuple[int, ...]:
    came, went = (sum(each.centihours for each in way) for way in (year.came, year.went))
    return year.year, came, went, year.open_centihours, year.lapsed_centihours


def test_hours_beyond_a_year_serve_the_next_one_and_the_rest_lapses_with_it(bank: TestBank) -> None:
    carrying_record(bank, PERSON)

    now = told(bank)
    then = told(bank, Times(date(2024, 12, 31)))
    early = told(bank, Times(date(2024, 6, 30)))
    before = told(bank, Times(date(2022, 12, 31)))

    assert [figures(each) for each in now] == [(2023, 0, 2000, 0, 5000), (2024, 2000, 0, 0, 0)]
    assert [figures(each) for each in then] == [(2023, 0, 2000, 1000, 4000), (2024, 2000, 0, 0, 0)]
    assert [figures(each) for each in early] == [(2023, 0, 3000, 0, 4000), (2024, 3000, 0, 0, 0)]
    assert before == []


def test_nothing_is_told_where_no_rule_carries_no_law_was_known_or_one_source_is_asked_for(
    bank: TestBank,
) -> None:
    carrying_record(bank, PERSON)
    bank.post(bank.approved_filing(), attendance([PERSON]))

    with bank.reading() as session:
        people = [key_of(bank, PERSON)]
        plain = carried_over(session, people, "cn-3710", ANY_TIME, TODAY)
        unknown = Times(known_at=NOW.replace(year=2020))
        early = carried_over(session, people, CARRIES, unknown, TODAY)
        one = StatementAsk(CARRIES, source_no="I000000000")
        of_one = with_carried(session, people, statement_of(session, people, one), TODAY)
        year = StatementAsk(CARRIES, year=2024)
        of_year = with_carried(session, people, statement_of(session, people, year), TODAY)

    assert (plain.years, early.years, of_one.carried.years) == ((), (), ())
    assert carried_said(plain, "zh") == []
    assert [each.year for each in of_year.carried.years] == [2024]


def test_it_is_said_in_sentences_with_the_rules_ground_and_that_it_moves_nothing(
    bank: TestBank,
) -> None:
    carrying_record(bank, PERSON)

    with bank.reading() as session:
        found = carried_over(session, [key_of(bank, PERSON)], CARRIES, ANY_TIME, TODAY)
    zh, en = (carried_said(found, language) for language in ("zh", "en"))  # type: ignore[arg-type]

    assert "2023 年有 50.00 学时超出当年要求，未结转，也不能再结转，已失效。" in zh
    assert any("2024 年自 2023 年转入" in each for each in zh)
    assert any(each.startswith("Of 2023, 50.00 hours beyond its amounts") for each in en)
    assert any("Made up for tests." in each for each in en)
    assert "moves no hours" in en[-1]
