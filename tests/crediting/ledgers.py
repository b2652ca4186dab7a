"""A person with an hour of every standing, for tests of what its owner sees."""

from datetime import date

from creditbank.crediting.imports import RecordRow
from creditbank.people.register import Identity
from tests.acts import seal_all, withdraw
from tests.bank import SEMINAR_DAYS, TestBank, attendance


def varied_record(bank: TestBank, person: Identity) -> None:
    """Give a person hours that are live, capped, reversed, migrated, and not sealed yet.

    Sealed: 20 hours of 2024 from before the bank; three days of a seminar of which the first was
    taken back; of a second filing on the third day nothing counts. Waiting: one day more.
    """
    bank.imported([RecordRow(person, 2024, "professional", 2000)])
    first = bank.approved_filing()
    bank.post(first, attendance([person]))
    withdraw(bank, first, person, SEMINAR_DAYS[:1])
    second = bank.approved_filing(days=SEMINAR_DAYS[2:])
    bank.post(second, attendance([person], SEMINAR_DAYS[2:]))
    seal_all(bank)
    late = date(2026, 11, 13)
    third = bank.approved_filing(days=[late])
    bank.post(third, attendance([person], [late]))
