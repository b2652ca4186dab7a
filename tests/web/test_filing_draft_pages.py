"""Drafts of filings by pages: kept half filled, gone on with, copied, deleted, submitted."""

from creditbank.registry.clients import Role
from tests.api.desk import DAYS
from tests.web.test_filing_pages import SEMINAR, days_of
from tests.web.visitors import Visitors


def test_a_half_filled_form_is_kept_and_submitted_once_it_is_whole(visitors: Visitors) -> None:
    provider, official = visitors.seated(Role.PROVIDER), visitors.seated(Role.OFFICIAL)
    assert "没有草稿" in provider.get("/filing-drafts").text
    provider.get("/filings/new").send(
        "/filings/new", step="save", title="复合材料研修", minutes_0="360", minutes_1="360"
    )
    draft = provider.path
    assert draft.startswith("/filing-drafts/Y")
    assert "草稿已保存" in provider.text
    assert "第 2 场：日期" in provider.text
    assert "活动类别" in provider.text.split('id="findings"')[1].split("</section>")[0]
    assert provider.forms()[draft].values["minutes_0"] == "360"

    provider.send(draft, step="submit")
    assert (provider.status, "草稿还没有填完" in provider.text) == (422, True)
    assert provider.forms()[draft].values["title"] == "复合材料研修"
    provider.send(draft, step="save", seats="许多")
    assert "许多" in provider.text
    stale = dict(provider.get(draft).forms()[draft].values)
    twice = {"day_0": DAYS[0].isoformat(), "day_1": DAYS[0].isoformat()}
    provider.send(draft, step="save", **SEMINAR, **twice)
    assert "同一天安排了两次" in provider.text
    late = provider.http.post(draft, data={**stale, "step": "save"}, base_url=provider.base)
    assert (late.status_code, "草稿已被改过" in late.text) == (409, True)
    assert SEMINAR["title"] in provider.get("/filing-drafts").text
    assert official.get(draft).status == 403

    provider.get(draft).send(draft, step="estimate", day_1=DAYS[1].isoformat())
    assert "全勤每人 16.00 学时" in provider.text
    provider.send(draft, step="save")
    assert "已经填完，可以提交" in provider.text
    provider.send(draft, step="submit")
    assert provider.path.startswith("/filings/F")
    assert "没有草稿" in provider.get("/filing-drafts").text


def test_an_earlier_filing_is_copied_into_a_draft_that_can_be_thrown_away(
    visitors: Visitors,
) -> None:
    provider = visitors.seated(Role.PROVIDER)
    provider.get("/filings/new").send("/filings/new", step="submit", **SEMINAR, **days_of())
    filing = provider.path

    provider.send(f"{filing}/copy")
    draft, form = provider.path, provider.forms()[provider.path]
    provider.send(draft, step="delete")

    assert (form.values["title"], form.values["minutes_2"]) == (SEMINAR["title"], "360")
    assert not form.values["day_0"]
    assert "草稿已删除" in provider.text
    assert provider.get(draft).status == 404
