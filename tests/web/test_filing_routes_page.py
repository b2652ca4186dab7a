"""Which office decides filings, by pages: recorded, ended, told on a filing's own page."""

from datetime import timedelta

import pytest

from creditbank.registry.clients import Role
from creditbank.registry.filing.routes import routes_seen
from tests.accounts.lobby import Lobby
from tests.bank import TestBank
from tests.registry.test_filing_routes import TODAY, file, route
from tests.web.browser import Browser
from tests.web.visitors import Visitors

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
SAID = {
    "district": "cn-3710", "office": "cn-371002", "kind": "base_course", "level": "municipal",
    "valid_from": (TODAY + timedelta(days=3)).isoformat(), "document_no": "示例〔2026〕8号",
    "document_day": "2026-01-05", "reason": "职责划分",
}  # fmt: skip


@pytest.fixture
def visitors(bank: TestBank) -> Visitors:
    return Visitors(Lobby(bank))


def seated_in(visitors: Visitors, region: str) -> Browser:
    name = "official-" + region.replace(".", "-")
    visitors.staff(name, visitors.seat(Role.OFFICIAL, region=region))
    return visitors.signed_in(name, factor=True)


@ON_SQLITE
def test_a_route_is_recorded_looked_up_by_day_and_ended(visitors: Visitors) -> None:
    official, page = visitors.seated(Role.OFFICIAL), "/desk/filing-routes"

    official.get(page).send(page, **SAID)
    nobody = official.status, "本行没有这个机关" in official.text, "cn-3710" in official.text
    seated_in(visitors, "cn-371002")
    official.get(page).send(page, **{**SAID, "valid_from": (TODAY - timedelta(1)).isoformat()})
    refused = official.status, "日期已到" in official.text, 'value="cn-371002"' in official.text
    official.send(page, **SAID)
    recorded = official.status, "办理分工已登记" in official.text, "市级" in official.text
    official.get(page).send(page, **SAID)
    twice = official.status, "同样的备案已有分工" in official.text
    with visitors.bank.reading() as session:
        [found] = routes_seen(session, "cn-3710", limit=9)
    nothing = official.get(f"{page}?on={TODAY.isoformat()}").text
    ending = f"{page}/{found.route_no}/ending"
    official.get(page).send(ending, valid_through=SAID["valid_from"])
    unsaid = official.status
    official.send(ending, valid_through=SAID["valid_from"], reason="划转")
    ended = official.status, "最后一天已登记" in official.text

    assert refused == (422, True, True)
    assert recorded == (200, True, True)
    assert nobody == (422, True, True)
    assert twice == (409, True)
    assert "没有办理分工" in nothing
    assert unsaid == 422
    assert ended == (200, True)
    assert visitors.bank.fsck() == []


@ON_SQLITE
def test_a_filings_page_says_who_decides_and_offers_it_to_them_alone(visitors: Visitors) -> None:
    route(visitors.bank, "cn-3710", "cn-371002")
    filing_no = file(visitors.bank)
    city, office = visitors.seated(Role.OFFICIAL), seated_in(visitors, "cn-371002")
    provider, filing = visitors.seated(Role.PROVIDER), f"/filings/{filing_no}"

    told = [each.get(filing).text for each in (provider, city, office)]
    offered = [f"{filing}/approval" in each.get(filing).forms() for each in (city, office)]
    mine = [filing_no in each.get("/filings?mine=yes").text for each in (city, office)]
    late = [filing_no in each.get("/filings").text for each in (city, office)]
    office.get(filing).send(f"{filing}/approval", reason="补办")

    assert all("决定机关" in text and "cn-371002" in text for text in told)
    assert "决定期限" in told[0]
    assert ["您可以查看" in text for text in told] == [False, True, False]
    assert offered == [False, True]
    assert mine == [False, True]
    assert late == [True, True]
    assert "已同意备案" in office.text
