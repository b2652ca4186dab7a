"""A provider's statement by the pages: totals by filing, each movement, and files to keep."""

import re

import pytest

from creditbank.registry.clients import Role
from tests.acts import withdraw
from tests.bank import SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.certificates.counter import press_at_hand
from tests.web.browser import Browser
from tests.web.visitors import Visitors

PERSON, OTHER = invented_person(31), invented_person(32)

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def provider(visitors: Visitors) -> Browser:
    return visitors.seated(Role.PROVIDER)


def plain(browser: Browser) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", browser.text))


def test_a_provider_without_hours_is_told_where_they_come_from(provider: Browser) -> None:
    assert "还没有登记学时" in provider.get("/filings/statement").text
    assert "学时对账单" in plain(provider.get("/"))


def test_every_filing_has_its_total_and_every_movement_its_person(
    provider: Browser, bank: TestBank
) -> None:
    press_at_hand()
    first = bank.approved_filing()
    bank.post(first, attendance([PERSON, OTHER]))
    withdraw(bank, first, OTHER, SEMINAR_DAYS[:1])
    text = plain(provider.get("/filings/statement"))
    numbers = PERSON.document.number, OTHER.document.number
    seen = provider.text
    later = plain(provider.get(f"/filings/statement?from={SEMINAR_DAYS[2]}"))
    none = plain(provider.get("/filings/statement?year=1999"))
    files = {
        ending: provider.get(f"/filings/statement.{ending}").page
        for ending in ("csv", "xlsx", "pdf")
    }

    assert "期初余额 0.00 计入 48.00 扣减 8.00 期末余额 40.00" in text
    assert f"{first} · 7 笔变动，2 人 0.00 48.00 8.00 40.00" in text
    assert f"{PERSON.name} " in text
    assert not any(number in seen for number in numbers)
    assert "期初余额 24.00 计入 16.00 扣减 0.00 期末余额 40.00" in later
    assert "所选范围内没有变动" in none
    assert {ending: page.get_data()[:4] for ending, page in files.items() if page is not None} == {
        "csv": b"\xef\xbb\xbf\xe5",
        "xlsx": b"PK\x03\x04",
        "pdf": b"%PDF",
    }
    assert provider.get("/filings/statement?as_of=never").status == 422
