"""An organisation's programs by the pages: made, used, renewed, ended; the key is shown once."""

import re
from datetime import timedelta
from typing import Any

import pytest

from creditbank.clock import civil_day, utc_now
from creditbank.registry.clients import Role
from tests.bank import TestBank
from tests.web.browser import Browser
from tests.web.visitors import Visitors

HERE = "/organisation/clients"
NEW = f"{HERE}/new"

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def manager(visitors: Visitors) -> Browser:
    return visitors.seated(Role.PROVIDER, manages=True)


def plain(browser: Browser) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", browser.text))


def shown(browser: Browser) -> tuple[str, str]:
    """Return the client id and the key that a page shows."""
    client_id, secret = re.findall(r'class="code[^"]*" translate="no">([^<]+)', browser.text)
    return client_id, secret


def made(browser: Browser, **typed: Any) -> tuple[str, str]:
    fields: dict[str, Any] = {"name": "教务系统", "scope": ["roster:post", "filing:read"]}
    browser.get(NEW).send(NEW, **(fields | typed))
    assert browser.status == 200, browser.text
    return shown(browser)


def token(bank: TestBank, client_id: str, secret: str) -> Any:
    """Ask for a token as the organisation's own system does."""
    return bank.app.test_client().post(
        "/api/v1/oauth/token", data={"grant_type": "client_credentials"}, auth=(client_id, secret)
    )


def filings_by(bank: TestBank, granted: Any) -> int:
    headers = {"Authorization": f"Bearer {granted.get_json()['access_token']}"}
    return bank.app.test_client().get("/api/v1/filings", headers=headers).status_code


def test_a_program_is_made_and_works_with_the_key_that_was_shown_once(
    manager: Browser, bank: TestBank
) -> None:
    empty = plain(manager.get(HERE))
    client_id, secret = made(manager)
    granted = token(bank, client_id, secret)
    listed = manager.get(HERE).text

    assert "还没有客户端" in empty
    assert set(granted.get_json()["scope"].split()) == {"filing:read", "roster:post"}
    assert filings_by(bank, granted) == 200
    assert client_id in listed
    assert secret not in listed
    assert "登记考勤 · 查看备案" in plain(manager) or "查看备案 · 登记考勤" in plain(manager)
    assert "最近使用" in plain(manager)
    assert bank.fsck() == []


def test_a_key_is_renewed_and_the_old_one_ends_as_it_was_said(
    manager: Browser, bank: TestBank
) -> None:
    client_id, first = made(manager)
    manager.get(HERE).send(f"{HERE}/{client_id}/keys", old_ends="day")
    _, second = shown(manager)
    both = [token(bank, client_id, each).status_code for each in (first, second)]
    full = plain(manager.get(HERE).send(f"{HERE}/{client_id}/keys", old_ends="now"))
    endings = re.findall(rf"{HERE}/{client_id}/keys/[A-Z0-9]+/ending", manager.get(HERE).text)
    for address in endings:
        manager.get(HERE).send(address)
    none = plain(manager)
    gone = token(bank, client_id, second).status_code
    manager.get(HERE).send(f"{HERE}/{client_id}/keys", old_ends="now")
    third = token(bank, *shown(manager)).status_code

    assert both == [200, 200]
    assert manager.status == 200
    assert "已有两个有效凭据" in full
    assert len(endings) == 2
    assert "没有有效的密钥" in none
    assert (gone, third) == (401, 200)


def test_a_program_is_ended_with_its_keys_and_tokens(manager: Browser, bank: TestBank) -> None:
    client_id, secret = made(manager)
    granted = token(bank, client_id, secret)

    manager.get(HERE).send(f"{HERE}/{client_id}/ending")

    assert "客户端已停用" in plain(manager)
    assert token(bank, client_id, secret).status_code == 401
    assert filings_by(bank, granted) == 401
    assert f"{HERE}/{client_id}/keys" not in manager.text


def test_what_may_not_be_given_is_refused_and_what_was_typed_stands(
    manager: Browser, bank: TestBank
) -> None:
    yesterday = (civil_day(utc_now()) - timedelta(days=1)).isoformat()

    nothing = plain(manager.get(NEW).send(NEW, name="教务系统"))
    kept = manager.text
    over = plain(
        manager.get(NEW).send(NEW, name="教务系统", scope=["roster:post"], valid_through=yesterday)
    )
    manager.get(HERE)

    assert "可以做什么" in nothing
    assert 'value="教务系统"' in kept
    assert "截止时间已过" in over
    assert "hours:investigate" not in manager.get(NEW).text
    assert "还没有客户端" in plain(manager.get(HERE))
