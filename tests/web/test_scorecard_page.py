"""The page of a provider's figures: its own, or of whom an official names."""

import re

import pytest

from creditbank.registry.clients import Role
from tests.bank import ENTERPRISE_USCC, TestBank
from tests.crediting.test_scorecards import busy_provider
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
