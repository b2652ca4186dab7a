"""The page of a provider's figures: its own, or of whom an official names."""

import re
from datetime import timedelta

import pytest

from creditbank.integrity.published import publish_figures
from creditbank.registry.clients import Role
from creditbank.registry.organisations import organisation_by_uscc
from tests.bank import ENTERPRISE_USCC, NOW, TestBank
from tests.crediting.test_scorecards import busy_provider
from tests.web.browser import Browser
from tests.web.visitors import Visitors


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_provider_sees_its_own_and_officials_whom_they_name(
    bank: TestBank, visitors: Visitors
) -> None:
    filing_no = busy_provider(bank)
    days = "from=2026-01-01&through=2026-12-31"
    provider = visitors.seated(Role.PROVIDER)
    official = visitors.seated(Role.OFFICIAL)

    own = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", provider.get("/filings/scorecard").text))
    empty = provider.get("/filings/scorecard?from=2025-01-01&through=2025-02-01").text
    asked = official.get("/filings/scorecard").text
    named = official.get(f"/filings/scorecard?uscc={ENTERPRISE_USCC}&{days}").text

    assert "尚未上报的场次 1" in own
    assert "30 天后才上报的人次 1" in own
    assert "分钟数有误 1 笔，8.00 学时" in own
    assert f'href="/filings/{filing_no}"' in provider.get("/filings/scorecard").text
    assert "这段时间没有场次" in empty
    assert "填写机构的统一社会信用代码" in asked
    assert "威海示例复合材料有限公司" in named
    assert official.get("/filings/scorecard?uscc=91371000MA3TE5T024").status == 404


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_anybody_finds_the_figures_that_were_published(bank: TestBank, visitors: Visitors) -> None:
    busy_provider(bank)
    guest, path = Browser(bank), f"/organisations/{ENTERPRISE_USCC}/figures"
    empty = plain(guest.get(path))
    unlisted = guest.get(f"/organisations?q={ENTERPRISE_USCC}").text

    with bank.unit() as session:
        organisation_id = organisation_by_uscc(session, ENTERPRISE_USCC).organisation_id
        publish_figures(session, organisation_id, now=NOW + timedelta(days=40))
    listed = guest.get(f"/organisations?q={ENTERPRISE_USCC}").text
    shown = plain(guest.get(path))

    assert "还没有公布过数字" in empty
    assert path not in unlisted
    assert f'href="{path}"' in listed
    assert "2026 年举办的场次" in shown
    assert "30 天后才上报的人次 1（33%）" in shown
    assert f'href="{path}"' in visitors.seated(Role.PROVIDER).get("/filings/scorecard").text
    assert guest.get("/organisations/91371000MA3TE5T024/figures").status == 404


def plain(browser: Browser) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", browser.text))
