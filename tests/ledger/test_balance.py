"""What entries add up to, and what each of them said when it was hashed."""

import pytest
from sqlalchemy import select

from creditbank.ledger.balance import balances_of
from creditbank.ledger.bodies import bodies_of
from creditbank.ledger.leaves import entry_leaf, entry_salt
from creditbank.ledger.models import CreditFacts, Entry, Movement
from creditbank.ledger.posting import credit_states, credits_of
from creditbank.people.register import secrets_of
from tests.acts import approve, key_of, roster, withdraw
from tests.bank import SEMINAR_DAYS, TestBank, invented_person

PERSON = invented_person(1)
OTHER = invented_person(2)


@pytest.fixture
def corrected(bank: TestBank) -> int:
    """Fill a person's days twice, so that caps cut, and take one filing back; return their key."""
    first, second = approve(bank, SEMINAR_DAYS), approve(bank, SEMINAR_DAYS)
    bank.post(first, roster([(PERSON, day, 360) for day in SEMINAR_DAYS]))
    bank.post(second, roster([(PERSON, day, 270) for day in SEMINAR_DAYS]))
    bank.post(second, roster([(OTHER, SEMINAR_DAYS[0], 360)]))
    withdraw(bank, first, PERSON, SEMINAR_DAYS[:1])
    return key_of(bank, PERSON)


def test_what_the_credits_hold_is_what_the_balance_says(bank: TestBank, corrected: int) -> None:
    with bank.reading() as session:
        states = credit_states(credits_of(session, [corrected], "cn-3710"))
        held = balances_of(session, [corrected], "cn-3710")

    assert [(b.credited_year, b.subject) for b in held] == [(2026, "professional")]
    assert sum(state.live_centihours for state in states) == held[0].live_centihours == 2200
    assert sum(state.capped_centihours for state in states) == held[0].capped_centihours == 1200
    assert [state.live_centihours for state in states if state.reversed] == [0]


def test_every_kind_of_entry_is_rebuilt_to_the_words_that_were_hashed(
    bank: TestBank, corrected: int
) -> None:
    with bank.reading() as session:
        entries = credits_of(session, [corrected], "cn-3710")
        texts = {
            (row.occasion, row.revision): row.facts
            for row in session.scalars(
                select(CreditFacts).where(CreditFacts.person_id == corrected)
            )
        }
        secret = secrets_of(session, bank.house.vault, [corrected])[corrected]
        bodies = bodies_of(session, entries, facts_by_leaf(entries, texts))

    assert {entry.movement for entry in entries} == {
        Movement.CREDIT, Movement.CAP, Movement.UNCAP, Movement.REVERSE,
    }  # fmt: skip
    assert {leaf: entry_leaf(entry_salt(secret, body), body) for leaf, body in bodies.items()} == {
        entry.leaf: entry.leaf for entry in entries
    }


def facts_by_leaf(entries: list[Entry], texts: dict[tuple[str, int], str]) -> dict[bytes, str]:
    return {
        entry.leaf: texts[entry.occasion, entry.revision]
        for entry in entries
        if entry.movement == Movement.CREDIT
    }
