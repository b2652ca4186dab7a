"""The desk by the pages: codes, recovery, seats and accounts, each only in the own hand."""

import re

import pytest

from creditbank.accounts.seats import SeatDraft
from creditbank.clock import utc_now
from creditbank.registry.clients import Role
from tests.accounts.lobby import OTHER_PASSWORD, PASSWORD
from tests.bank import invented_person
from tests.web.browser import Browser
from tests.web.visitors import STRICT, Visitors, sign_in


def code_on(browser: Browser) -> str:
    [code] = re.findall(r'big-code" translate="no">([^<]+)<', browser.text)
    return str(code)


def activate(visitors: Visitors, login: str, code: str, password: str = PASSWORD) -> Browser:
    browser = Browser(visitors.bank).get("/activate")
    return browser.send(
        "/activate", login_kind="name", login=login, code=code, new_password=password,
        new_password_again=password,
    )  # fmt: skip


@pytest.fixture
def manager(visitors: Visitors) -> Browser:
    return visitors.seated(Role.PROVIDER, manages=True, name="guan.jia")


def test_a_manager_seats_somebody_who_then_sets_a_password(
    visitors: Visitors, manager: Browser
) -> None:
    manager.get("/desk/accounts/new").send(
        "/desk/accounts/new", whose="new", login="chen.xi", role="employer"
    )
    code = code_on(manager)

    inside = activate(visitors, "chen.xi", code)

    assert "<h1>用人单位</h1>" in inside.text
    assert "chen.xi" in manager.get("/desk/accounts").text
    assert code not in manager.text


def test_a_manager_gives_a_seat_to_an_account_that_is_there_by_its_number_only(
    visitors: Visitors, manager: Browser
) -> None:
    number = visitors.staff("known")

    by_name = manager.get("/desk/accounts/new").send(
        "/desk/accounts/new", whose="known", account_no="known", role="employer"
    )
    refused = by_name.status, "没有这个账号" in by_name.text
    manager.send("/desk/accounts/new", whose="known", account_no=number, role="employer")

    assert refused == (404, True)
    assert "席位已设立" in manager.text
    assert "<h1>用人单位</h1>" in visitors.signed_in("known").text


def test_a_manager_seats_nobody_as_an_official_whatever_the_form_says(
    visitors: Visitors, manager: Browser
) -> None:
    manager.get("/desk/accounts/new").send(
        "/desk/accounts/new", whose="new", login="chen.xi", role="official"
    )

    assert manager.status == 422
    assert "席位与单位或权限不符" in manager.text
    assert sign_in(Browser(visitors.bank), "chen.xi").status == 403


@pytest.mark.parametrize("role", STRICT)
def test_an_administrator_seats_the_banks_own_people(visitors: Visitors, role: Role) -> None:
    administrator = visitors.seated(Role.ADMINISTRATOR)
    administrator.get("/desk/accounts/new").send(
        "/desk/accounts/new", whose="new", login="xin.ren", role=str(role),
        jurisdiction="cn-3710", valid_through="2099-12-31",
    )  # fmt: skip

    inside = activate(visitors, "xin.ren", code_on(administrator))

    assert inside.path == "/account/second-factor"


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"jurisdiction": "cn-33"}, 403), ({"jurisdiction": "Weihai"}, 422),
     ({"valid_through": "soon"}, 422), ({"valid_through": "2020-01-01"}, 422)],
)  # fmt: skip
def test_an_administrator_of_a_city_stays_in_the_city(
    visitors: Visitors, changed: dict[str, str], status: int
) -> None:
    city = visitors.seated(Role.ADMINISTRATOR).get("/desk/accounts/new")
    typed = {"jurisdiction": "cn-3710", "valid_through": ""} | changed

    city.send("/desk/accounts/new", whose="new", login="xin.ren", role="official", **typed)

    assert city.status == status
    assert 'action="/desk/accounts/new"' in city.text


def test_a_desk_lets_somebody_back_in_after_seeing_the_document(visitors: Visitors) -> None:
    person = visitors.professional()
    official = visitors.seated(Role.OFFICIAL)
    typed = {"login_kind": "resident_id", "login": person.document.number}

    unseen = official.get("/desk/recovery").send("/desk/recovery", **typed)
    refused = unseen.status, "尚未核对证件" in unseen.text
    official.get("/desk/recovery").send("/desk/recovery", **typed, document_seen="yes")
    browser = Browser(visitors.bank).get("/activate")
    browser.send(
        "/activate", login_kind="resident_id", login=person.document.number,
        code=code_on(official), new_password=OTHER_PASSWORD, new_password_again=OTHER_PASSWORD,
    )  # fmt: skip

    assert refused == (422, True)
    assert person.document.number not in official.text
    assert "<h1>专业技术人员</h1>" in browser.text


def test_a_lost_phone_is_replaced_at_the_desk(visitors: Visitors) -> None:
    visitors.seated(Role.OFFICIAL, name="jingban")
    administrator = visitors.seated(Role.ADMINISTRATOR)
    administrator.get("/desk/recovery").send(
        "/desk/recovery", login_kind="name", login="jingban", document_seen="yes",
        resets_second_factor="yes",
    )  # fmt: skip

    inside = activate(visitors, "jingban", code_on(administrator), OTHER_PASSWORD)

    assert inside.path == "/account/second-factor"


@pytest.mark.parametrize(
    ("kind", "login", "status"),
    [("name", "jingban", 403), ("name", "official", 403), ("name", "nobody", 404),
     ("resident_id", invented_person(97).document.number, 404), ("passport", "?", 422)],
)  # fmt: skip
def test_an_official_recovers_neither_officials_nor_themselves_nor_nobody(
    visitors: Visitors, kind: str, login: str, status: int
) -> None:
    visitors.staff("jingban", visitors.seat(Role.OFFICIAL))
    official = visitors.seated(Role.OFFICIAL)

    official.get("/desk/recovery").send(
        "/desk/recovery", login_kind=kind, login=login, document_seen="yes"
    )

    assert official.status == status
    assert "big-code" not in official.text


def test_a_blocked_account_is_out_at_once_and_back_when_unblocked(
    visitors: Visitors, manager: Browser
) -> None:
    number = visitors.staff("worker", visitors.seat(Role.PROVIDER))
    worker = visitors.signed_in("worker")
    action = f"/desk/accounts/{number}/state"

    manager.get("/desk/accounts").send(action, state="blocked", reason="misuse")
    out = worker.led("/account"), sign_in(Browser(visitors.bank), "worker").status
    manager.send(action, state="active", reason="cleared")

    assert out[0].startswith("/sign-in")
    assert out[1] == 403
    assert sign_in(Browser(visitors.bank), "worker").path == "/"


def test_what_is_not_in_ones_hand_is_not_changed_whatever_the_form_says(
    visitors: Visitors, manager: Browser
) -> None:
    own = visitors.staff("worker", visitors.seat(Role.PROVIDER))
    official = visitors.staff("jingban", visitors.seat(Role.OFFICIAL))
    both = visitors.staff("both", visitors.seat(Role.PROVIDER), visitors.seat(Role.OFFICIAL))
    inside = visitors.signed_in("jingban").cookie()
    [seat] = visitors.lobby.must_sign(inside, now=utc_now()).seats
    forms = manager.get("/desk/accounts").forms()
    token = {"form_token": forms[f"/desk/accounts/{own}/state"].values["form_token"]}
    data = {**token, "state": "blocked", "reason": "misuse"}

    answers = [
        manager.http.post(f"/desk/accounts/{number}/state", data=data).status_code
        for number in (official, both, "account-00000000")
    ]
    closing = manager.http.post(
        f"/desk/seats/{seat.seat_no}/closing", data={**token, "reason": "left"}
    )

    assert answers == [403, 403, 404]
    assert closing.status_code == 403
    assert f"/desk/accounts/{official}/state" not in forms
    assert sign_in(Browser(visitors.bank), "both").path == "/account/second-factor"


def test_a_manager_reads_and_comments_a_second_claim(visitors: Visitors, manager: Browser) -> None:
    empty = manager.get("/desk/second-claims").text
    visitors.staff("second")
    claimant = visitors.signed_in("second").get("/account/claims")
    claimant.send("/account/claims", uscc="91371000MA3TE5T011", role="provider", reference="8",
                  letter=b"y")  # fmt: skip
    manager.get("/desk/second-claims")
    action = next(each for each in manager.forms() if each.endswith("/opinion"))
    manager.send(action, opinion="objects", remark="没有授权过")
    official = visitors.seated(Role.OFFICIAL).get("/desk/claims")
    decision = next(each for each in official.forms() if each.endswith("/decision"))

    bare = official.send(decision, decision="approve").status

    assert "没有别人申请管理本单位" in empty
    assert "意见已记录" in manager.text
    shown = official.get("/desk/claims").text
    assert "没有授权过" in shown
    assert "该单位已有管理员" in shown
    assert bare == 422


def test_whoever_audits_sees_what_happened_in_the_region_and_nobodys_name(
    visitors: Visitors,
) -> None:
    person = visitors.professional()
    far = SeatDraft(Role.OFFICIAL, "cn-3301")
    far_account = visitors.staff("far.away", far)
    auditor = visitors.seated(Role.AUDITOR)

    auditor.get("/desk/events")

    assert "开设账号" in auditor.text
    assert "启用二次验证" in auditor.text
    assert far_account not in auditor.text
    assert person.name not in auditor.text
    assert "far.away" not in auditor.text
