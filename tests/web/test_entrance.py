"""The way in and out by the pages: whole flows as people walk them."""

import re

import pytest

from creditbank.accounts.audit import Event
from creditbank.accounts.seats import SeatDraft
from creditbank.clock import utc_now
from creditbank.registry.bank import new_setup_code
from creditbank.registry.clients import Role
from tests.accounts.lobby import OTHER_PASSWORD, PASSWORD, Lobby
from tests.bank import invented_person
from tests.web.browser import Browser
from tests.web.visitors import Visitors, enrol, later_code, sign_in


def test_a_stranger_sees_what_the_bank_is_and_two_ways_in(browser: Browser) -> None:
    browser.get("/")

    assert "继续教育学时银行" in browser.text
    assert "演示银行" in browser.text
    assert 'href="/sign-in"' in browser.text
    assert 'href="/activate"' in browser.text
    assert browser.cookie() == "", "who sends no form needs no cookie"


def test_a_provider_signs_in_and_out(visitors: Visitors, browser: Browser) -> None:
    visitors.staff("peixun", visitors.seat(Role.PROVIDER))

    sign_in(browser, "Peixun")
    inside = browser.path, browser.text
    browser.send("/sign-out")

    assert inside[0] == "/"
    assert "威海示例复合材料有限公司" in inside[1]
    assert "发激活码" in inside[1]
    assert "已退出" in browser.text
    assert browser.get("/account").path == "/sign-in"


def test_a_professional_signs_in_by_document_number(visitors: Visitors, browser: Browser) -> None:
    person = visitors.professional()

    sign_in(browser, person.document.number, "resident_id")

    assert "<h1>专业技术人员</h1>" in browser.text


def test_the_same_in_english(visitors: Visitors, browser: Browser) -> None:
    visitors.staff("peixun", visitors.seat(Role.PROVIDER))
    browser.get("/sign-in?lang=en")

    sign_in(browser, "peixun")

    assert "<h1>Training provider</h1>" in browser.text
    assert "Sign out" in browser.text


def test_a_wrong_password_shows_the_form_again_without_what_was_typed(
    visitors: Visitors, browser: Browser
) -> None:
    person = visitors.professional()

    sign_in(browser, person.document.number, "resident_id", "not the password")

    assert browser.status == 403
    assert 'role="alert"' in browser.text
    assert "登录未成功" in browser.text
    assert person.document.number not in browser.text
    assert "not the password" not in browser.text
    assert 'value="resident_id" selected' in browser.text


def test_a_mistyped_number_is_told_as_such(browser: Browser) -> None:
    sign_in(browser, "99999919850115001", "resident_id", "whatever it is")

    assert browser.status == 422
    assert "17" in browser.text


def test_after_too_many_failures_the_page_says_how_long_to_wait(
    visitors: Visitors, browser: Browser
) -> None:
    visitors.staff("peixun", visitors.seat(Role.PROVIDER))
    for _ in range(5):
        sign_in(browser, "peixun", password="not the password")

    sign_in(browser, "peixun")

    assert browser.status == 429
    assert "约 1 分钟" in browser.text


def test_an_official_sets_the_second_factor_up_before_anything_else(
    visitors: Visitors, browser: Browser
) -> None:
    visitors.staff("jingban", visitors.seat(Role.OFFICIAL))
    sign_in(browser, "jingban")

    led = {path: browser.led(path) for path in ("/", "/seats", "/account", "/desk/claims")}
    enrol(browser)

    assert set(led.values()) == {"/account/second-factor"}
    assert browser.text.count('<li class="code">') == 10
    assert "<h1>人社经办人</h1>" in browser.get("/").text


def test_at_the_next_sign_in_the_second_factor_is_asked_for(
    visitors: Visitors, browser: Browser
) -> None:
    visitors.staff("jingban", visitors.seat(Role.OFFICIAL))
    sign_in(browser, "jingban")
    secret = enrol(browser)
    other = sign_in(Browser(visitors.bank), "jingban")

    asked = other.path, other.led("/desk/claims"), other.led("/account")
    wrong = other.send("/second-factor", code="000000").status
    other.send("/second-factor", code=later_code(secret))

    assert asked == ("/second-factor", "/second-factor", "/second-factor")
    assert wrong == 403
    assert other.path == "/"
    assert "<h1>人社经办人</h1>" in other.text


def test_whoever_wanted_a_page_gets_there_after_signing_in(
    visitors: Visitors, browser: Browser
) -> None:
    visitors.staff("peixun", visitors.seat(Role.PROVIDER))

    browser.get("/desk/codes")
    browser.send("/sign-in", login_kind="name", login="peixun", password=PASSWORD)

    assert browser.path == "/desk/codes"


def chosen_beforehand(browser: Browser) -> str:
    found = re.search(r'<option value="(\w+)" selected>', browser.text)
    return found[1] if found else ""


def test_the_form_begins_as_that_of_staff_where_staff_is_expected_and_remembers_no_more(
    visitors: Visitors, browser: Browser
) -> None:
    visitors.staff("peixun", visitors.seat(Role.PROVIDER))
    person = visitors.professional()

    at_first = chosen_beforehand(browser.get("/sign-in"))
    to_a_desk = chosen_beforehand(browser.get("/desk/codes"))
    sign_in(browser, "peixun").send("/sign-out")
    after_staff = chosen_beforehand(browser.get("/sign-in"))
    kept = browser.http.get_cookie("creditbank_staff", domain="localhost", path="/sign-in")
    sign_in(browser, person.document.number, "resident_id").send("/sign-out")
    after_a_professional = chosen_beforehand(browser.get("/sign-in"))

    assert (at_first, to_a_desk, after_staff, after_a_professional) == ("", "name", "name", "")
    assert kept is not None
    assert (kept.value, kept.http_only, kept.same_site) == ("1", True, "Lax")


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "/%2e%2e//evil", "/a b"]
)
def test_nobody_is_led_away_after_signing_in(
    visitors: Visitors, browser: Browser, wanted: str
) -> None:
    visitors.staff("peixun", visitors.seat(Role.PROVIDER))
    browser.get("/sign-in", query_string={"next": wanted})

    assert 'name="next"' not in browser.text
    data = {**browser.forms()["/sign-in"].values, "login_kind": "name", "login": "peixun",
            "password": PASSWORD, "next": wanted}  # fmt: skip
    answer = browser.http.post("/sign-in", data=data)
    assert answer.headers["Location"] == "/"


def test_whoever_has_two_seats_chooses_and_changes(visitors: Visitors, browser: Browser) -> None:
    visitors.staff("liang", visitors.seat(Role.PROVIDER), visitors.seat(Role.EMPLOYER))
    sign_in(browser, "liang")
    offered = browser.path, browser.text.count("使用此席位")
    numbers = [part.split('"')[0] for part in browser.text.split('name="seat_no" value="')[1:]]

    before = browser.cookie()
    first = browser.send("/seats", seat_no=numbers[0]).text
    browser.get("/seats")
    second = browser.send("/seats", seat_no=numbers[1]).text

    assert offered == ("/seats", 2)
    assert "<h1>培训机构</h1>" in first
    assert "威海示例复合材料有限公司 · 山东省威海市" in first
    assert "<h1>用人单位</h1>" in second
    assert browser.cookie() != before


def test_a_professional_opens_an_account_with_a_code(
    visitors: Visitors, lobby: Lobby, browser: Browser
) -> None:
    person = invented_person(95)
    desk = visitors.seated(Role.OFFICIAL)
    desk.get("/desk/codes").send(
        "/desk/codes", document_kind="resident_id", document_number=person.document.number,
        person_name=person.name,
    )  # fmt: skip
    code = desk.text.split('class="big-code" translate="no">')[1].split("<")[0]
    once = person.document.number not in desk.text and person.name not in desk.text

    browser.get("/activate").send(
        "/activate", login_kind="resident_id", login=person.document.number, code=code.lower(),
        new_password=PASSWORD, new_password_again=PASSWORD,
    )  # fmt: skip

    assert once, "the desk's page does not repeat who it was"
    assert browser.path == "/"
    assert "密码已设置" in browser.text
    assert "<h1>专业技术人员</h1>" in browser.text
    assert lobby.events()[-1] is Event.SIGNED_IN


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"code": "0000-0000-0000"}, 403, "一次性码无效"),
        ({"new_password_again": "another one that is long"}, 422, "两次输入的密码不一致"),
        ({"new_password": "short", "new_password_again": "short"}, 422, "密码太短"),
        ({"login": "999999"}, 422, "居民身份证"),
    ],
)
def test_what_is_wrong_with_an_activation_is_said_on_its_form(
    browser: Browser, changed: dict[str, str], status: int, said: str
) -> None:
    typed = {
        "login_kind": "resident_id", "login": invented_person(95).document.number,
        "code": "0000-0000-0000", "new_password": PASSWORD, "new_password_again": PASSWORD,
    }  # fmt: skip

    browser.get("/activate").send("/activate", **(typed | changed))

    assert browser.status == status
    assert said in browser.text
    assert 'action="/activate"' in browser.text
    assert PASSWORD not in browser.text


def test_the_code_of_a_new_bank_makes_its_first_administrator(
    lobby: Lobby, browser: Browser
) -> None:
    with lobby.bank.unit() as session:
        code = new_setup_code(session, now=utc_now())
    typed = {"code": code, "login": "guanli", "new_password": PASSWORD}

    browser.get("/setup").send("/setup", **typed, new_password_again=PASSWORD)
    enrolment = browser.path
    enrol(browser)
    home = browser.get("/").text
    again = Browser(lobby.bank).get("/setup")
    again.send("/setup", **{**typed, "login": "other"}, new_password_again=PASSWORD)

    assert enrolment == "/account/second-factor"
    assert "<h1>系统管理员</h1>" in home
    assert "账号与席位" in home
    assert again.status == 403
    assert "初始化口令无效" in again.text


def test_whoever_registers_has_an_account_and_no_seat(browser: Browser) -> None:
    browser.get("/register").send(
        "/register", login="xin.ren", new_password=PASSWORD, new_password_again=PASSWORD
    )

    assert browser.path == "/account/claims"
    assert browser.led("/") == "/seats"
    assert "还没有席位" in browser.get("/seats").text


def test_a_taken_name_is_told_on_the_form(visitors: Visitors, browser: Browser) -> None:
    visitors.staff("xin.ren")

    browser.get("/register").send(
        "/register", login="xin.ren", new_password=PASSWORD, new_password_again=PASSWORD
    )

    assert browser.status == 409
    assert "登录名已被使用" in browser.text


def test_one_address_does_not_register_without_end(browser: Browser) -> None:
    for number in range(30):
        browser.http.delete_cookie("creditbank")
        browser.get("/register").send(
            "/register", login=f"many{number}", new_password=OTHER_PASSWORD,
            new_password_again=OTHER_PASSWORD,
        )  # fmt: skip
        assert browser.path == "/account/claims"
    browser.http.delete_cookie("creditbank")

    browser.get("/register").send(
        "/register", login="one.more", new_password=PASSWORD, new_password_again=PASSWORD
    )

    assert browser.status == 429


def test_a_seat_that_is_closed_meanwhile_is_left_at_the_next_page(visitors: Visitors) -> None:
    worker = visitors.staff("worker", visitors.seat(Role.PROVIDER))
    inside = visitors.signed_in("worker")
    manager = visitors.seated(Role.PROVIDER, manages=True)
    before = manager.get("/desk/accounts").text
    closing = next(action for action in manager.forms() if action.endswith("/closing"))

    manager.send(closing, reason="left")

    assert worker in before
    assert worker not in manager.text
    assert "席位已撤销" in manager.text
    assert inside.led("/desk/codes") == "/seats"


def test_without_a_provider_of_identities_nobody_is_sent_to_one(browser: Browser) -> None:
    assert "统一身份认证" not in browser.get("/sign-in").text
    assert browser.get("/identity").status == 502


def test_an_account_whose_only_seat_has_not_begun_waits(
    visitors: Visitors, browser: Browser
) -> None:
    later = utc_now().date().replace(year=utc_now().year + 1)
    draft = visitors.seat(Role.PROVIDER)
    visitors.staff(
        "early", SeatDraft(draft.role, "cn-3710", draft.organisation_id, valid_from=later)
    )

    sign_in(browser, "early")

    assert "还没有席位" in browser.text
