"""Amendments by pages: a form of the filing as it is, and a decision beside what differs."""

from datetime import timedelta

from creditbank.registry.clients import Role
from tests.bank import SEMINAR_DAYS, attendance, invented_person
from tests.web.visitors import Visitors


def test_a_filing_is_amended_by_its_form_and_decided_where_what_differs_is_shown(
    visitors: Visitors,
) -> None:
    provider, official = visitors.seated(Role.PROVIDER), visitors.seated(Role.OFFICIAL)
    filing_no = visitors.bank.approved_filing()
    filing, first = f"/filings/{filing_no}", SEMINAR_DAYS[0].isoformat()
    further = (max(SEMINAR_DAYS) + timedelta(days=1)).isoformat()
    visitors.bank.post(filing_no, attendance([invented_person(1)], SEMINAR_DAYS[:1]))

    form = f"{filing}/amendment"
    assert provider.get(form).forms()[form].values["day_0"] == first
    provider.send(form, day_0="", reason="改期")
    assert "已登记出勤的场次不能取消" in provider.text
    assert first in provider.text
    assert "改期</textarea>" in provider.text
    provider.send(form, day_0=first, seats="许多", reason="改期")
    assert "许多" in provider.text
    provider.send(form, seats="41", place_1="大教室", day_2="", day_3=further, minutes_3="180",
                  reason="场地有变")  # fmt: skip
    assert "变更申请已提交" in provider.text
    assert "第 2 场 · 地点" in provider.text
    provider.send(f"{form}/withdrawal")
    assert "变更申请已撤回" in provider.text
    provider.get(form).send(form, seats="42", place_1="大教室", reason="场地有变")

    official.get(filing).send(f"{form}/refusal")
    assert official.status == 422
    official.get(filing).send(f"{form}/approval")

    assert "已同意变更" in official.text
    table = official.text.split('id="amendments"')[1].split("</table>")[0]
    assert all(each in table for each in ("第 3 版", "40", "42", "大教室"))
    history = official.text.split('<ol class="history">')[1]
    assert [history.count(each) for each in ("申请变更", "撤回变更申请", "同意变更")] == [2, 1, 1]
    assert provider.get(f"{filing}/amendment").status == 200
    assert visitors.bank.fsck() == []
