"""What people hold is the same, whether they are read alone or many at once."""

from creditbank.crediting.imports import RecordRow
from creditbank.ledger.logs import last_seal
from creditbank.registry.lawbook import law_of
from creditbank.verification.gathering import gather, gatherer
from tests.acts import approve, key_of, roster
from tests.bank import SEMINAR_DAYS, TestBank, invented_person

#: More than `gathering` reads as a few.
PEOPLE = [invented_person(number) for number in range(1, 61)]


def test_many_read_at_once_hold_what_each_holds_read_alone(bank: TestBank) -> None:
    bank.imported(
        [
            RecordRow(person, 2020 + number % 3, "professional", 1_000 + 50 * number)
            for number, person in enumerate(PEOPLE)
        ]
    )
    for day in SEMINAR_DAYS[:2]:
        filing_no = approve(bank, [day], seats=100)
        bank.post(
            filing_no,
            roster(
                [(person, day, 180 + 60 * (number % 4)) for number, person in enumerate(PEOPLE)]
            ),
        )
    bank.seal()
    keys = [key_of(bank, person) for person in PEOPLE]

    with bank.reading() as session:
        law, seal = law_of(session, "cn-3710"), last_seal(session)
        of = gatherer(session, keys, law, seal)
        together = [of([key]) for key in keys]
        alone = [gather(session, [key], law, seal) for key in keys]

    assert [each.entries for each in together] == [each.entries for each in alone]
    assert [each.credited for each in together] == [each.credited for each in alone]
    assert [each.values for each in together] == [each.values for each in alone]
    assert [each.cuts_of for each in together] == [each.cuts_of for each in alone]
    assert len({each.credited for each in together}) > 20, "they hold unlike hours"
