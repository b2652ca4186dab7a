"""Attendance after its time by pages."""

from creditbank.registry.clients import Role
from tests.acts import publish_post_by
from tests.bank import SEMINAR_DAYS
from tests.web.visitors import Visitors


def test_an_official_lets_late_attendance_in_and_the_provider_sees_why(visitors: Visitors) -> None:
    official, provider = visitors.seated(Role.OFFICIAL), visitors.seated(Role.PROVIDER)
    filing_no = visitors.bank.approved_filing()
    terms, admit = f"/filings/{filing_no}/posting-terms", f"/filings/{filing_no}/late-posting"

    assert "规则没有规定登记期限" in provider.get(terms).text
    publish_post_by(visitors.bank, "{ days = 3 }")
    assert terms in official.get(f"/filings/{filing_no}").text
    assert "已过期限" in provider.get(terms).text
    assert admit not in provider.forms()
    day = SEMINAR_DAYS[0].isoformat()
    official.get(terms).send(admit, day=day, through="2020-01-01", reason="停电")
    assert "不能这样准予逾期登记" in official.text
    official.get(terms).send(admit, day=day, through="2099-01-01", reason="停电")
    assert "已准予逾期登记。" in official.text
    assert "2099-01-01" in provider.get(terms).text
    assert "停电" in provider.get(f"/filings/{filing_no}").text
