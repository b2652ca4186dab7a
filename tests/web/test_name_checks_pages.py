"""Held rows by the pages: the provider asks with evidence, an official compares and decides."""

import re

import pytest

from creditbank.people.register import Identity
from creditbank.registry.clients import Role
from tests.bank import SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.web.browser import Browser
from tests.web.visitors import Visitors

PERSON = invented_person(91)
WRONG = Identity(PERSON.document, "不同名")


def words(browser: Browser) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", browser.text))


def held(bank: TestBank) -> tuple[str, str]:
    """Hold a row of somebody on record; return the filing's number and the roster's."""
    bank.post(bank.approved_filing(), attendance([PERSON], SEMINAR_DAYS[:1]))
    filing_no = bank.approved_filing()
    return filing_no, bank.post(filing_no, attendance([WRONG], SEMINAR_DAYS[:1])).roster_no


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_provider_asks_and_an_official_credits_under_the_known_person(
    visitors: Visitors, bank: TestBank
) -> None:
    provider, official = visitors.seated(Role.PROVIDER), visitors.seated(Role.OFFICIAL)
    empty = "没有待核实的行" in provider.get("/name-checks").text
    filing_no, roster_no = held(bank)
    result = words(provider.get(f"/rosters/{roster_no}"))
    listed = words(provider.get("/name-checks"))
    [check_no] = re.findall(r'id="(N[0-9A-Z]{9})"', provider.text)

    without = provider.send(f"/name-checks/{check_no}/request", note="").status
    provider.get("/name-checks").send(
        f"/name-checks/{check_no}/request", note="户口簿曾用名页已送科室"
    )
    asked, told = words(provider), provider.text
    desk = official.get("/desk/name-checks").text
    compared = words(official.get(f"/desk/name-checks/{check_no}"))
    official.send(f"/desk/name-checks/{check_no}/decision", finding="renamed", case_no="核2026-8")
    decided = words(official)
    after = words(provider.get("/name-checks"))

    assert (empty, without) == (True, 422)
    assert "有 1 行待核实姓名" in result
    assert "不同名" in listed
    assert f'href="/filings/{filing_no}#roster"' in told or "已于" in asked
    assert PERSON.name not in listed + asked + after + result
    assert "户口簿曾用名页已送科室" in asked
    assert "已申请" in desk
    assert PERSON.name in compared
    assert "不同名" in compared
    assert "核实后已入账" in decided
    assert "同一人，已更名或登记姓名有误" in after
    assert PERSON.document.number not in provider.text + official.text
    assert bank.fsck() == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_nothing_is_decided_without_a_file(visitors: Visitors, bank: TestBank) -> None:
    held(bank)
    official = visitors.seated(Role.OFFICIAL)
    [check_no] = re.findall(r">(N[0-9A-Z]{9})<", official.get("/desk/name-checks").text)

    official.get(f"/desk/name-checks/{check_no}").send(
        f"/desk/name-checks/{check_no}/decision", finding="renamed", case_no=""
    )

    assert official.status == 422
    assert "待核实" in official.text
