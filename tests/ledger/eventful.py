"""A bank in which everything happened that this ledger knows, across a New Year."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from creditbank.crediting.imports import RecordRow
from tests.acts import approve, end_investigation, investigate, roster, seal_all, withdraw
from tests.bank import TestBank, invented_person

FOUNDED = datetime(2025, 12, 1, 2, 0, tzinfo=UTC)
POSTED = datetime(2025, 12, 20, 2, 0, tzinfo=UTC)
#: still 2025 in Shanghai
LAST_EVENING = datetime(2025, 12, 31, 15, 0, tzinfo=UTC)
NEW_YEAR = datetime(2026, 1, 2, 2, 0, tzinfo=UTC)
DAYS = (date(2025, 12, 8), date(2025, 12, 9), date(2025, 12, 10))
#: more than 256 leaves, so that there is a full bundle and a tile above it
PEOPLE = 90


@dataclass(frozen=True, slots=True)
class Eventful:
    """What a test may want to know of such a bank."""

    bank: TestBank
    filings: tuple[str, str, str]


def eventful(bank: TestBank) -> Eventful:
    """Fill a bank that was founded on `FOUNDED`; its last rows stay unsealed."""
    everybody = [invented_person(number) for number in range(PEOPLE)]
    first = approve(bank, DAYS, seats=PEOPLE, now=POSTED)
    bank.post(first, roster([(p, d, 360) for p in everybody for d in DAYS]), now=POSTED)
    seal_all(bank, now=POSTED)
    _caps_and_corrections(bank, first)
    investigate(bank, first, everybody[10], f"{first}/1", now=POSTED)
    end_investigation(bank, investigate(bank, first, everybody[11], now=POSTED), now=POSTED)
    years = [RecordRow(p, y, "professional", 6000) for p in everybody[:4] for y in (2022, 2023)]
    bank.imported(years, now=POSTED)
    seal_all(bank, now=POSTED)
    evening = approve(bank, [date(2025, 12, 30)], now=LAST_EVENING)
    seal_all(bank, now=LAST_EVENING)
    seal_all(bank, now=NEW_YEAR)
    # Recorded in the old year, committed after its log was frozen: the next year's log takes it.
    bank.post(evening, roster([(everybody[7], date(2025, 12, 30), 360)]), now=LAST_EVENING)
    seal_all(bank, now=NEW_YEAR)
    newest = approve(bank, [date(2026, 1, 1)], now=NEW_YEAR)
    bank.post(newest, roster([(p, date(2026, 1, 1), 360) for p in everybody[:5]]), now=NEW_YEAR)
    seal_all(bank, now=NEW_YEAR)
    bank.post(newest, roster([(everybody[9], date(2026, 1, 1), 360)]), now=NEW_YEAR)
    return Eventful(bank, (first, evening, newest))


def _caps_and_corrections(bank: TestBank, first: str) -> None:
    """Fill the same days twice, take one back (its cap goes with it), and put another right."""
    second = approve(bank, DAYS[1:], seats=5, now=POSTED)
    doubled = [invented_person(number) for number in range(4)]
    bank.post(second, roster([(p, d, 270) for p in doubled for d in DAYS[1:]]), now=POSTED)
    withdraw(bank, first, doubled[0], now=POSTED)
    withdraw(bank, second, doubled[1], [DAYS[1]], now=POSTED)
    withdraw(bank, first, doubled[2], [DAYS[2]], now=POSTED)
    bank.post(first, roster([(doubled[2], DAYS[2], 300)]), now=POSTED)
