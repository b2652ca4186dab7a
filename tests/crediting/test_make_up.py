"""Making up an earlier year (补学) by a roster's column: within its window, and not beyond it."""

import json
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from creditbank.attendance.roster import rows_from_json
from creditbank.attendance.roster_forms import template
from creditbank.attendance.tables import read_tables
from creditbank.attendance.workbook import Limits
from creditbank.clock import utc_now
from creditbank.crediting.corrections import Correction, CorrectionReason, correct_attendance
from creditbank.crediting.explanations import explain_credit
from creditbank.crediting.items import ItemMakeUpClosedError
from creditbank.crediting.roster_works import order_of, request_posting, take_up
from creditbank.crediting.rosters import RosterPosting, make_up_years_of
from creditbank.ledger.models import CreditFacts, Entry
from creditbank.registry.filing.filings import filing_numbered
from creditbank.registry.models import Filing
from creditbank.rules.conversion import RuleMissingError
from tests.achievements import PAPER, declare, held
from tests.acts import approve, publish
from tests.bank import NOW, TestBank, invented_person
from tests.lawtexts import COUNTY, rule
from tests.reassessing import USCC, carried_out, county_law, day_worth, found_county

PERSON, OTHER = invented_person(1), invented_person(2)
#: Within the window, and after its end.
INSIDE, AFTER = date(2026, 9, 30), date(2026, 10, 1)


@pytest.fixture
def county(bank: TestBank) -> TestBank:
    """A county where the two years before may be made up from March to September of 2026."""
    found_county(bank)
    window = rule(
        "make_up.courses", '{ years = 2, activities = ["enterprise_course"] }', "2026-03-01",
        until="2026-10-01",
    )  # fmt: skip
    publish(bank, county_law(2) + window)
    return bank


def row(day: date, year: object, person: object = PERSON, minutes: int = 360) -> dict[str, object]:
    assert person in (PERSON, OTHER)
    who = PERSON if person is PERSON else OTHER
    return {
        "name": who.name, "document_kind": str(who.document.kind),
        "document_number": who.document.number, "day": day.isoformat(),
        "attended_minutes": minutes, "make_up_year": year,
    }  # fmt: skip


def filed(bank: TestBank) -> str:
    return approve(bank, (INSIDE, AFTER), uscc=USCC)


def facts_of(bank: TestBank) -> list[dict[str, object]]:
    with bank.reading() as session:
        texts = session.scalars(select(CreditFacts.facts).order_by(CreditFacts.revision))
        return [json.loads(text) for text in texts]


def test_hours_are_credited_to_the_year_that_they_make_up_and_the_clause_is_named(
    county: TestBank,
) -> None:
    filing_no = filed(county)

    result = county.post(filing_no, rows_from_json([row(INSIDE, "2025"), row(INSIDE, "", OTHER)]))

    assert result.problems == ()
    assert held(county, PERSON, COUNTY) == {2025: (800, 0)}
    assert held(county, OTHER, COUNTY) == {2026: (800, 0)}
    with county.reading() as session:
        credit = session.scalars(select(Entry).where(Entry.credited_year == 2025)).one()
        explained = explain_credit(session, credit.leaf)
    [made_up] = [step for step in explained.steps if step.code == "rules-step-made-up"]
    assert made_up.value is not None
    assert (made_up.facts, made_up.value.key) == ({"make_up_year": 2025}, "make_up.courses")
    assert credit.earned_on == INSIDE
    assert {said.get("make_up_year") for said in facts_of(county)} == {2025, None}
    assert county.fsck() == []


def test_outside_of_the_window_a_row_is_refused_with_its_days(county: TestBank) -> None:
    filing_no = filed(county)

    result = county.post(
        filing_no,
        rows_from_json([row(AFTER, 2025), row(INSIDE, 2023), row(AFTER, None, OTHER)]),
    )

    assert [(p.row_no, p.column, p.code, p.facts) for p in result.problems] == [
        (1, "补学年度", "roster-make-up-closed",
         {"found": 2025, "day": "2026-10-01", "days": ["2026-03-01 – 2026-09-30"]}),
        (2, "补学年度", "roster-make-up-none", {"found": 2023}),
    ]  # fmt: skip
    assert result.rows_credited == 1


def test_what_is_corrected_or_converted_again_still_makes_up_its_year(county: TestBank) -> None:
    filing_no = filed(county)
    county.post(filing_no, rows_from_json([row(INSIDE, 2024, minutes=180)]))
    with county.unit() as session:
        correction = Correction(
            filing_numbered(session, filing_no), PERSON, INSIDE, 360,
            CorrectionReason.WRONG_MINUTES, "", "provider-test",
        )  # fmt: skip
        correct_attendance(session, county.house.vault, correction, now=NOW)
    assert held(county, PERSON, COUNTY) == {2024: (800, 0)}
    window = rule(
        "make_up.courses", '{ years = 2, activities = ["enterprise_course"] }', "2026-03-01",
        until="2026-10-01",
    )  # fmt: skip
    publish(county, county_law(3, **day_worth("6")) + window, corrigendum="更正。")

    carried_out(county)

    assert held(county, PERSON, COUNTY) == {2024: (600, 0)}
    assert [said["make_up_year"] for said in facts_of(county)] == [2024] * 3
    assert county.fsck() == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_long_roster_keeps_the_years_while_it_waits(county: TestBank) -> None:
    filing_no, vault = filed(county), county.house.vault
    sent = rows_from_json([row(INSIDE, 2025), row(INSIDE, None, OTHER)])
    with county.unit() as session:
        filing = filing_numbered(session, filing_no)
        request_posting(session, vault, RosterPosting(filing, sent, "provider-test"), now=utc_now())
        turn = take_up(session, now=utc_now())
        assert turn is not None
        kept = order_of(session, vault, turn).read(Limits())

    assert kept == sent


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_template_asks_for_the_year_only_where_one_may_be_made_up(county: TestBank) -> None:
    inside, elsewhere = filed(county), county.approved_filing()

    with county.reading() as session:
        years = [
            make_up_years_of(session, filing_numbered(session, each))
            for each in (inside, elsewhere)
        ]
        unruled = make_up_years_of(session, Filing(scheme="cn-99", filing_no=inside))

    assert (years, unruled) == ([(2024, 2025), ()], ())
    headers = [read_tables(template([INSIDE], 1, each), Limits())[0].rows[0][1] for each in years]
    assert headers[0][-1] == "补学年度\nmake-up year"
    assert headers[0][:-1] == headers[1]


def test_an_item_outside_its_window_is_refused_with_the_days(bank: TestBank) -> None:
    found_county(bank)
    window = rule(
        "make_up.papers", '{ years = 1, activities = ["paper"] }', "2026-03-01",
        until="2026-07-01",
    )  # fmt: skip
    publish(bank, county_law(2) + window)
    paper = replace(PAPER, scheme=COUNTY, make_up_year=2025)

    with pytest.raises(ItemMakeUpClosedError) as late:
        declare(bank, PERSON, replace(paper, day=date(2026, 7, 1)))
    with pytest.raises(RuleMissingError):
        declare(bank, PERSON, replace(paper, make_up_year=2019))
    declare(bank, PERSON, replace(paper, day=date(2026, 6, 30)))

    assert late.value.facts == {
        "found": 2025, "day": "2026-07-01", "days": ["2026-03-01 – 2026-06-30"],
    }  # fmt: skip
