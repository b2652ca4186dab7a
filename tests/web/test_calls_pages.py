"""Yearly calls by the pages: an official opens and decides, a provider bids, duties are shown."""

import re
from datetime import timedelta

import pytest

from creditbank.clock import civil_day, utc_now
from creditbank.registry.calls import Lane
from creditbank.registry.clients import Role
from tests.api.desk import Desk
from tests.api.test_calls_api import closed
from tests.bank import ENTERPRISE_USCC, TestBank
from tests.web.test_organisations_desk import words
from tests.web.visitors import Visitors

DOCUMENT = {"document_no": "示例〔2026〕6号", "document_day": "2026-01-05", "reason": ""}
UNTIL = (civil_day(utc_now()) + timedelta(days=9)).isoformat()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_call_is_opened_bid_on_decided_and_recommended_by_the_pages(
    bank: TestBank, visitors: Visitors
) -> None:
    official, provider = visitors.seated(Role.OFFICIAL), visitors.seated(Role.PROVIDER)
    none = words(provider.get("/calls"))
    form = {
        "title": "市级高级研修项目申报", "year": "", "kind": "advanced_seminar",
        "level": "municipal", "places_general": "3", "places_specialised_innovative": "1",
        "closes_on": UNTIL, **DOCUMENT,
    }  # fmt: skip
    refused = official.get("/calls").send("/calls", **{**form, "closes_on": ""}).status
    told = words(official.get("/calls").send("/calls", **form))
    one = official.path
    provider.get(one).send(f"{one}/bids", lane="specialised_innovative", title="研修", plan="40人")
    kept = provider.status, words(provider)
    bid = words(provider.get(one).send(f"{one}/bids", lane="general", title="研修", plan="40人"))
    [own] = re.findall(r"/bids/(B[0-9A-Z]{9})/withdrawal", provider.text)
    gone = words(provider.send(f"/bids/{own}/withdrawal", reason="计划有变"))
    provider.send(f"{one}/bids", lane="general", title="研修", plan="40人")
    again = provider.status, words(provider)
    _, [number] = over, bids = closed(Desk(bank), (ENTERPRISE_USCC, Lane.GENERAL))
    past = f"/calls/{over}"
    term = {"valid_from": UNTIL, "valid_through": ""}
    official.get(past).send(f"{past}/decision", awarded=number, **term, **DOCUMENT)
    decided = words(official)
    official.send(f"/bids/{number}/recommendation", level="provincial", **DOCUMENT)
    recommended = words(official)
    duties = words(official.get("/desk/base-duties"))

    assert "目前没有申报通知" in none
    assert refused == 422
    assert re.search("专精特新单列名额 1 个", told)
    assert (kept[0], "单列名额只限" in kept[1]) == (422, True)
    assert "申报已提交" in bid
    assert "申报已撤回" in gone
    assert (again[0], "申报已提交" in again[1], "已撤回" in again[1]) == (200, True, True)
    assert "入选" in decided
    assert "已向上推荐：省级" in recommended
    assert "没有省级、市级继续教育基地" in duties
    assert bids == [number]
    assert bank.fsck() == []
