"""An online course with open places by pages: approved, and shown without a bound on people."""

from creditbank.accounts.seats import SeatDraft
from creditbank.registry.clients import Role
from creditbank.registry.filing.filings import FilingDraft, SessionDraft, submit_filing
from creditbank.registry.organisations import organisation_by_uscc
from tests.acts import publish, register_enterprise
from tests.bank import NOW, SEMINAR_DAYS
from tests.house.tree import ROOT
from tests.web.visitors import Visitors


def test_an_official_approves_a_course_for_any_number_of_people(visitors: Visitors) -> None:
    for pack in ("cn-33", "cn-3301"):
        publish(visitors.bank, (ROOT / f"seeds/packs/{pack}.toml").read_text(encoding="utf-8"))
    uscc = register_enterprise(visitors.bank, "91371000MA3DEM0M02", "cn-3301")
    draft = FilingDraft(
        "online_course", "other", "none", "数据安全网络课程", "professional", 200,
        (SessionDraft(SEMINAR_DAYS[0], 360, 2),), approved_centihours=1_000,
        facts={"platform": "示例学习平台", "places": "open"},
    )  # fmt: skip
    with visitors.bank.unit() as session:
        provider = organisation_by_uscc(session, uscc)
        filing_no = submit_filing(session, draft, provider, actor="p", now=NOW).filing_no
    visitors.staff("away", SeatDraft(Role.OFFICIAL, "cn-3301"))
    official = visitors.signed_in("away", factor=True)

    assert "人数不限，每人至多 10.00 学时" in official.get(f"/filings/{filing_no}").text
    official.send(f"/filings/{filing_no}/approval", reason="补办备案")
    assert "不限（预计 200 人）" in official.text
    assert "不限" in official.text.split("已登记人数")[-1]
    assert visitors.bank.fsck() == []
