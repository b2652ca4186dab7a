"""The last place of a quota is taken once, however many officials approve at the same moment."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from creditbank.errors import CreditBankError
from creditbank.verification import exemption_steps
from tests.bank import TestBank, invented_person
from tests.verification.exempted import approved, filed, list_enterprise

AT_ONCE = 16
FEW = 6


def raced(bank: TestBank, numbers: list[str]) -> Counter[str]:
    """Approve all of these from a thread each; count what became of them."""
    together = Barrier(len(numbers))

    def approve(number: str) -> str:
        with bank.app.app_context():
            together.wait()
            try:
                approved(bank, number)
            except CreditBankError as error:
                return error.code
            return "approved"

    with ThreadPoolExecutor(len(numbers)) as pool:
        return Counter(pool.map(approve, numbers))


def last_place(bank: TestBank, count: int) -> list[str]:
    """Leave one place of a national enterprise's two, and applications for it."""
    list_enterprise(bank)
    approved(bank, filed(bank, invented_person(100)))
    return [filed(bank, invented_person(101 + number)) for number in range(count)]


def test_of_sixteen_approvals_of_the_last_place_exactly_one_takes_it(bank: TestBank) -> None:
    outcomes = raced(bank, last_place(bank, AT_ONCE))

    assert outcomes == {"approved": 1, "exemption-outside": AT_ONCE - 1}
    assert bank.fsck() == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_without_holding_the_enterprise_more_would_take_it_and_fsck_would_say_so(
    bank: TestBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers, counted = last_place(bank, FEW), Barrier(FEW)
    weigh_now: Callable[..., Any] = exemption_steps.weigh_now

    def all_have_counted(*told: Any) -> Any:
        weighed = weigh_now(*told)
        counted.wait(30)
        return weighed

    monkeypatch.setattr(exemption_steps, "_hold_firms", lambda *_: None)
    monkeypatch.setattr(exemption_steps, "weigh_now", all_have_counted)

    outcomes = raced(bank, numbers)

    assert outcomes == {"approved": FEW}
    assert {each.code for each in bank.fsck()} == {"fsck-exemption-quota"}
