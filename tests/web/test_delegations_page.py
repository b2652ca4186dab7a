"""Delegating by the pages: whoever manages an organisation gives and ends, an official suspends."""

import json
import re
from datetime import timedelta

import pytest

from creditbank.accounts.seats import SeatDraft
from creditbank.clock import civil_day, utc_now
from creditbank.registry.clients import Role
from tests.acts import register_enterprise
from tests.attendance.rosters import HEADER, csv_bytes
from tests.bank import SEMINAR_DAYS, TestBank, invented_person
from tests.pads import Device, upload_of
from tests.web.browser import Browser
from tests.web.test_check_in_pad_pages import posted
from tests.web.test_organisations_desk import words
from tests.web.visitors import Visitors

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
DELEGATE_USCC = "91371000MA3TE5T024"
UNTIL = (civil_day(utc_now()) + timedelta(days=30)).isoformat()
WANG = invented_person(1)
ROSTER = csv_bytes(
    [HEADER, [WANG.name, "居民身份证", WANG.document.number, SEMINAR_DAYS[0].isoformat(), 360]]
)


def delegate_of(visitors: Visitors) -> Browser:
    uscc = register_enterprise(visitors.bank, DELEGATE_USCC)
    organisation_id = visitors.bank.enterprise(uscc).organisation_id
    visitors.staff("delegate", SeatDraft(Role.PROVIDER, "cn-3710", organisation_id))
    return visitors.signed_in("delegate")


def give(manager: Browser, **said: str) -> Browser:
    form = {"delegate": DELEGATE_USCC, "filing_no": "", "valid_from": "", **said}
    return manager.get("/delegations").send("/delegations", **{"valid_through": UNTIL, **form})


@ON_SQLITE
def test_a_delegate_posts_by_the_page_until_the_manager_ends_it(
    bank: TestBank, visitors: Visitors
) -> None:
    filing_no = bank.approved_filing()
    one = f"/filings/{filing_no}"
    manager, delegate = visitors.seated(Role.PROVIDER, manages=True), delegate_of(visitors)
    worker, official = visitors.seated(Role.PROVIDER), visitors.seated(Role.OFFICIAL)
    before, empty = delegate.get(one).status, words(delegate.get("/delegations"))

    given = words(give(manager, filing_no=filing_no.lower()))
    listed = words(delegate.get("/filings"))
    seen = words(delegate.get(one))
    offered = ["people=organisation" in browser.get(one).text for browser in (delegate, manager)]
    delegate.get(one)
    delegate.send(f"{one}/rosters", file=ROSTER)
    hold = delegate.path
    delegate.send(f"{hold}/posting")
    posted, result = words(delegate), delegate.path
    holders = words(manager.get(result))
    number = re.findall(r"/delegations/(E[0-9A-Z]{9})/ending", manager.get("/delegations").text)[0]
    without = worker.get("/delegations").text
    official.get("/delegations").send(
        f"/delegations/{number}/measure", step="suspend", reason="抽查代签"
    )
    suspended = delegate.get(one)
    told = words(suspended)
    official.send(f"/delegations/{number}/measure", step="lift", reason="已整改")
    lifted = delegate.get(one).status
    manager.get("/delegations").send(f"/delegations/{number}/ending", reason="合同到期")
    ended = words(manager)
    after = delegate.get(one).status

    assert offered == [False, True]
    assert (before, "没有委托" in empty) == (404, True)
    assert "已委托" in given
    assert filing_no in listed
    assert "受 威海示例复合材料有限公司 委托" in seen
    assert not re.search("关闭备案|撤回备案", seen)
    assert "已登记" in posted or "1 行" in posted
    assert "由 示例企业 受委托登记" in holders
    assert ("/ending" in without, DELEGATE_USCC in without) == (False, True)
    assert "抽查代签" in told
    assert (lifted, after) == (200, 403)
    assert "已终止" in ended
    assert "合同到期" in ended
    assert bank.fsck() == []


@ON_SQLITE
@pytest.mark.parametrize(
    ("said", "why"),
    [({"delegate": ""}, "受托单位"), ({"valid_through": ""}, "最后一天"),
     ({"valid_through": "2020-01-01"}, "2020-01-01"), ({"delegate": "123"}, "没有")],
)  # fmt: skip
def test_a_delegation_that_is_not_whole_is_refused_in_the_form(
    visitors: Visitors, said: dict[str, str], why: str
) -> None:
    register_enterprise(visitors.bank, DELEGATE_USCC)
    manager = visitors.seated(Role.PROVIDER, manages=True)

    give(manager, **said)

    assert manager.status in {404, 422}
    assert 'role="alert"' in manager.text
    assert why in words(manager)


@ON_SQLITE
def test_a_delegate_opens_check_in_by_the_page_and_not_what_the_holder_opened(
    bank: TestBank, visitors: Visitors
) -> None:
    filing_no, kept = (bank.approved_filing(days=[civil_day(utc_now())]) for _ in range(2))
    manager, delegate = visitors.seated(Role.PROVIDER, manages=True), delegate_of(visitors)
    give(manager)
    holders = manager.get(f"/filings/{kept}/check-ins").send(f"/filings/{kept}/check-ins").path

    offered = delegate.get(f"/filings/{filing_no}").text
    list_page = delegate.get(f"/filings/{filing_no}/check-ins")
    sheets = "people=expected" in list_page.text
    board = list_page.send(f"/filings/{filing_no}/check-ins").path
    shown = delegate.get(board).text
    pad = delegate.get(board.replace("check-ins", "pads")).status
    held = words(manager.get(f"/filings/{filing_no}/check-ins"))
    seen = words(delegate.get(f"/filings/{kept}/check-ins"))
    refused = delegate.get(holders).status
    number = re.findall(r"/delegations/(E[0-9A-Z]{9})/ending", manager.get("/delegations").text)[0]
    manager.get("/delegations").send(f"/delegations/{number}/ending", reason="合同到期")
    over = delegate.get(board)

    assert f"/filings/{filing_no}/check-ins" in offered
    assert not sheets
    assert "https://bank.example/check-in/" in shown
    assert pad == 200
    assert f"受托单位开启，委托 {number}" in held
    assert "由其他单位开启" in seen
    assert refused == 404
    assert (over.status, "合同到期" in over.text) == (403, True)


@ON_SQLITE
def test_a_page_of_a_delegate_sends_what_it_recorded_after_the_delegation_and_records_no_more(
    bank: TestBank, visitors: Visitors
) -> None:
    manager, delegate = visitors.seated(Role.PROVIDER, manages=True), delegate_of(visitors)
    give(manager)
    now = utc_now()
    where = f"/filings/{bank.approved_filing(days=[civil_day(now)])}/check-ins"
    board = delegate.get(where).send(where).path
    pad, no = board.replace("check-ins", "pads"), board.rpartition("/")[2]
    device = Device(bank, no, opened_at=now)
    device.scan(WANG, "in", 0)
    number = re.findall(r"/delegations/(E[0-9A-Z]{9})/ending", manager.get("/delegations").text)[0]
    manager.send(f"/delegations/{number}/ending", reason="合同到期")
    device.scan(WANG, "out", 1)

    shown = delegate.get(pad).status
    opened = posted(delegate, f"{pad}/opening", {})
    status, text = posted(delegate, f"{pad}/1/scans", upload_of(device))

    assert (shown, opened[0], status) == (200, 403, 200)
    assert [each["is_doubted"] for each in json.loads(text)["scans"]] == [False, True]
    seen = words(manager.get(board))
    assert "记录时委托已失效，分钟由备案单位填写" in seen
