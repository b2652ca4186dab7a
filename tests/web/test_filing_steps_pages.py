"""Filings after their approval by pages: suspended, closed, revoked; hours kept or reversed."""

from creditbank.registry.clients import Role
from tests.bank import SEMINAR_DAYS, attendance, invented_person
from tests.web.visitors import Visitors


def test_a_filing_is_suspended_revoked_and_its_hours_decided(visitors: Visitors) -> None:
    official, provider = visitors.seated(Role.OFFICIAL), visitors.seated(Role.PROVIDER)
    filing_no = visitors.bank.approved_filing()
    filing = f"/filings/{filing_no}"
    people = [invented_person(1), invented_person(2)]
    visitors.bank.post(filing_no, attendance(people, SEMINAR_DAYS[:1]))
    measure, review = f"{filing}/measure", f"{filing}/review"

    official.get(filing).send(measure, step="suspend", reason="现场检查待核实")
    assert "备案已暂停，已登记的学时不变" in official.text
    assert "现场检查待核实" in provider.get(filing).text
    assert f"{filing}/rosters" not in provider.forms()
    official.get(filing).send(measure, step="lift", reason="核实无误")
    assert f"{filing}/rosters" in provider.get(filing).forms()
    provider.send(f"{filing}/ending", step="withdraw")
    assert "已有名单入账，不能撤回" in provider.text

    official.get(filing).send(measure, step="revoke", reason="虚报课时")
    assert "撤销备案须写明案卷号" in official.text
    official.send(measure, step="revoke", reason="虚报课时", case_no="查2026-8")
    assert "备案已撤销" in official.text
    assert "待定 2 笔，共 16.00 学时" in official.get(review).text
    official.send(review, decision="keep", reason="确有其事")
    assert "没有选择学时" in official.text
    leaf = official.text.split('name="leaf" value="')[1][:64]
    official.get(review).send(review, decision="keep", reason="确有其事", leaf=leaf)
    assert "待定 1 笔" in official.text
    official.send(review, decision="reverse", reason="未到场", all="yes")

    assert "没有待定的学时" in official.text
    history = official.get(filing).text.split('<ol class="history">')[1]
    assert history.count("保留学时") == 1
