"""What a platform sent over xAPI, as its provider sees it on a page: outcome, reason, places."""

from typing import Any

import pytest

from creditbank.accounts.seats import SeatDraft
from creditbank.api.xapi import VERSION_HEADER
from creditbank.registry.clients import Role
from tests.acts import register_enterprise
from tests.api.test_xapi import attended, on, voiding
from tests.bank import SEMINAR_DAYS, TestBank
from tests.web.browser import Browser
from tests.web.test_own_clients import made, plain, token
from tests.web.visitors import Visitors

HERE = "/xapi-statements"

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def platform(manager: Browser, bank: TestBank) -> dict[str, str]:
    """Make a client of a learning platform on the page; return what it sends with each call."""
    granted = token(bank, *made(manager)).get_json()
    return {"Authorization": f"Bearer {granted['access_token']}", VERSION_HEADER: "2.0.0"}


def test_a_provider_reads_what_became_of_each_statement_and_why(
    visitors: Visitors, bank: TestBank
) -> None:
    manager = visitors.seated(Role.PROVIDER, manages=True)
    empty = plain(manager.get(HERE))
    filing_no = bank.approved_filing()
    headers = platform(manager, bank)
    good: dict[str, Any] = attended(filing_no, timestamp=on(SEMINAR_DAYS[0]))
    strange = attended("F000000000", timestamp=on(SEMINAR_DAYS[0]))
    sender = bank.app.test_client()
    for said in (good, strange, voiding(good["id"])):
        answer = sender.post("/xapi/statements", json=said, headers=headers)
        assert answer.status_code == 200, answer.get_json()

    every = plain(manager.get(HERE))
    kept = plain(manager.get(f"{HERE}?outcome=kept"))
    of_filing = plain(manager.get(f"{HERE}?filing_no={filing_no.lower()}"))
    made_up = manager.get(f"{HERE}?before=2026~x&outcome=never").status
    none = plain(manager.get(f"{HERE}?outcome=known"))

    assert "还没有平台发来记录" in empty
    assert every.index("作废另一条") > 0
    assert all(each in every for each in (good["id"], strange["id"], "已被作废", "已入账"))
    assert strange["id"] in kept
    assert good["id"] not in kept
    assert strange["id"] not in of_filing
    assert f"{filing_no} · 第 1 场" in of_filing
    assert made_up == 200
    assert "没有符合条件的记录" in none


def test_another_provider_sees_none_of_it(visitors: Visitors, bank: TestBank) -> None:
    manager = visitors.seated(Role.PROVIDER, manages=True)
    headers = platform(manager, bank)
    said = attended(bank.approved_filing(), timestamp=on(SEMINAR_DAYS[0]))
    bank.app.test_client().post("/xapi/statements", json=said, headers=headers)
    assert said["id"] in manager.get(HERE).text

    far = bank.enterprise(register_enterprise(bank, "91371000MA3TE5T024")).organisation_id
    visitors.staff("far", SeatDraft(Role.PROVIDER, "cn-3710", far))
    stranger = visitors.signed_in("far").get(HERE)

    assert stranger.status == 200
    assert said["id"] not in stranger.text
