"""How soon a provider posted what it held, and how much was taken back: counted, not weighed."""

from datetime import date, timedelta

import pytest

from creditbank.crediting.scorecard import Reversed, Scorecard, scorecard_of
from tests.acts import register_enterprise, withdraw
from tests.bank import ENTERPRISE_USCC, NOW, SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.cli.bench import terminal_for

ONE, OTHER = invented_person(61), invented_person(62)
YEAR = date(2026, 1, 1), date(2026, 12, 31)
LATER = NOW + timedelta(days=30)


def busy_provider(bank: TestBank) -> str:
    """Three days: the first posted eight days later, the second 38 and in part, the third never.

    One of the three credits is taken back.
    """
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([ONE, OTHER], SEMINAR_DAYS[:1]), now=NOW - timedelta(days=2))
    bank.post(filing_no, attendance([ONE], SEMINAR_DAYS[1:2]), now=LATER)
    withdraw(bank, filing_no, OTHER, SEMINAR_DAYS[:1])
    return filing_no


def card_of(bank: TestBank, first_day: date, last_day: date, uscc: str = "") -> Scorecard:
    provider = bank.enterprise(uscc)
    with bank.reading() as session:
        return scorecard_of(session, provider.organisation_id, first_day, last_day)


def test_lateness_gaps_and_reversals_are_counted(bank: TestBank) -> None:
    filing_no = busy_provider(bank)

    card = card_of(bank, *YEAR)

    assert (card.sessions, card.credits, card.credited_centihours) == (3, 3, 2400)
    assert card.lateness is not None
    assert (card.lateness.rows, card.lateness.median_days, card.lateness.longest_days) == (3, 8, 39)
    assert (card.lateness.soon_rows, card.lateness.late_rows) == (0, 1)
    assert card.reversed == (Reversed("wrong-minutes", 1, 800),)
    assert [(each.filing_no, each.day) for each in card.unposted] == [(filing_no, SEMINAR_DAYS[2])]


def test_only_the_days_and_the_provider_asked_about_count(bank: TestBank) -> None:
    busy_provider(bank)
    other = register_enterprise(bank, "91371000MA3TE5T024", "cn-3710")

    first = card_of(bank, SEMINAR_DAYS[0], SEMINAR_DAYS[0])
    earlier = card_of(bank, date(2025, 1, 1), date(2025, 12, 31))
    foreign = card_of(bank, *YEAR, uscc=other)

    assert (first.sessions, first.credits, first.reversed_count, first.unposted) == (1, 2, 1, ())
    assert (earlier.sessions, earlier.credits, earlier.lateness) == (0, 0, None)
    assert foreign == Scorecard(*YEAR, 0, (), None, 0, 0, 0, ())


def test_rows_that_were_refused_are_counted_once_each(bank: TestBank) -> None:
    filing_no = bank.approved_filing(seats=1)
    bank.post(filing_no, attendance([ONE, OTHER], SEMINAR_DAYS[:1]))

    assert card_of(bank, *YEAR).rows_refused == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_figures_stand_on_the_terminal(bank: TestBank) -> None:
    filing_no = busy_provider(bank)
    terminal = terminal_for(bank.house.settings)

    said = terminal.run(
        "scorecard", ENTERPRISE_USCC, "--from", "2026-11-01", "--through", "2026-11-12"
    ).output
    wrong = terminal.run("scorecard", ENTERPRISE_USCC, "--from", "never", exit_code=1).output

    assert f"尚未上报：2026-11-12 {filing_no}" in said
    assert "3 笔，24.00 学时" in said
    assert "never" not in wrong
