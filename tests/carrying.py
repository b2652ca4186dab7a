"""A person whose hours carry over under rules made up for it: 20 of 70 are taken, 50 lapse."""

from creditbank.crediting.imports import RecordRow
from creditbank.people.register import Identity
from tests.achievements import pack
from tests.acts import import_rows, publish
from tests.bank import TestBank

CARRIES = "cn-9901"


def carrying_record(bank: TestBank, person: Identity) -> None:
    """Give a person 160 hours of 2023, 70 of 2024 and 90 of 2025; each year asks for 90."""
    rules = {
        "carry_over.total": '{ years = 1, at_most = "30" }',
        "yearly_minimum.public": '"30"',
    }
    publish(bank, pack(CARRIES, CARRIES, rules))
    held = {2023: (12_000, 4_000), 2024: (5_000, 2_000), 2025: (6_000, 3_000)}
    rows = [
        RecordRow(person, year, subject, centihours)
        for year, amounts in held.items()
        for subject, centihours in zip(("professional", "public.general"), amounts, strict=True)
    ]
    import_rows(bank, CARRIES, rows)
