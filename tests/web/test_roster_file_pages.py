"""The file of a roster on its page: what is known of it, who took it, and the way to take it."""

import hashlib
from datetime import date

import pytest
from sqlalchemy import update

from creditbank.attendance.file_models import RosterFileContent
from creditbank.registry.clients import Role
from tests.attendance.rosters import csv_bytes
from tests.bank import SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.crediting.test_held_rosters import HEADER
from tests.web.browser import Browser
from tests.web.visitors import Visitors

WHO = invented_person(5)
FILE = csv_bytes(
    [HEADER, [WHO.name, "居民身份证", WHO.document.number, SEMINAR_DAYS[0].isoformat(), "360"]]
)


@pytest.fixture
def provider(visitors: Visitors) -> Browser:
    return visitors.seated(Role.PROVIDER)


def posted(provider: Browser, bank: TestBank) -> str:
    """Upload a file and post it by pages; return the address of the result."""
    filing = f"/filings/{bank.approved_filing()}"
    provider.get(filing).send(f"{filing}/rosters", file=FILE)
    provider.send(f"{provider.path}/posting")
    assert provider.path.startswith("/rosters/R"), provider.text
    return provider.path


def test_the_provider_takes_its_file_back_and_sees_that_it_did(
    provider: Browser, bank: TestBank
) -> None:
    result = posted(provider, bank)
    shown = provider.text
    provider.send(f"{result}/file")
    taken = provider.page
    assert taken is not None

    assert hashlib.sha256(FILE).hexdigest() in shown
    assert "保存至" in shown
    assert "取用记录" not in shown
    assert taken.get_data() == FILE
    number = result.rpartition("/")[2]
    assert taken.headers["Content-Disposition"] == f'attachment; filename="roster-{number}.csv"'
    assert taken.headers["X-Content-Type-Options"] == "nosniff"
    assert "本单位取用" in provider.get(result).text
    assert "letter.pdf" not in provider.text, "the name of the upload is not kept"


def test_an_official_chooses_a_reason_and_the_provider_sees_it(
    provider: Browser, visitors: Visitors, bank: TestBank
) -> None:
    result = posted(provider, bank)
    official = visitors.seated(Role.OFFICIAL)

    official.get(result).send(f"{result}/file", case_no="查2026-1")
    refused = (official.status, official.text)
    official.send(f"{result}/file", reason="inspection")
    taken = official.page
    assert taken is not None

    assert refused[0] == 422
    assert "请说明取用事由" in refused[1]
    assert 'value="查2026-1"' in refused[1], "what was typed stands there still"
    assert taken.get_data() == FILE
    seen = provider.get(result).text
    assert "抽查" in seen
    assert "查2026-1" in seen


def test_an_auditor_sees_what_is_known_and_cannot_take_it(
    provider: Browser, visitors: Visitors, bank: TestBank
) -> None:
    result = posted(provider, bank)
    auditor = visitors.seated(Role.AUDITOR).get(result)

    assert hashlib.sha256(FILE).hexdigest() in auditor.text
    assert f"{result}/file" not in auditor.forms()


def test_after_its_term_the_page_says_when_it_was_erased_and_shows_the_digest(
    provider: Browser, bank: TestBank
) -> None:
    result = posted(provider, bank)
    with bank.unit() as session:
        gone = update(RosterFileContent).values(file_cipher=None, erased_on=date(2027, 12, 31))
        session.execute(gone)

    page = provider.get(result)

    assert "2027-12-31 保存期满清除" in page.text
    assert hashlib.sha256(FILE).hexdigest() in page.text
    assert f"{result}/file" not in page.forms()


def test_a_roster_without_a_file_says_nothing_of_one(provider: Browser, bank: TestBank) -> None:
    roster_no = bank.post(bank.approved_filing(), attendance([WHO])).roster_no

    assert "SHA-256" not in provider.get(f"/rosters/{roster_no}").text
