"""One's own account by the pages: password, second factor, sessions, claims, own hours."""

import hashlib
import re

import pytest

from creditbank.registry.clients import Role
from tests.accounts.lobby import OTHER_PASSWORD, PASSWORD, Lobby
from tests.bank import ENTERPRISE_USCC, invented_person
from tests.web.browser import Browser
from tests.web.visitors import Visitors, enrol, later_code, sign_in


@pytest.fixture
def inside(visitors: Visitors) -> Browser:
    return visitors.seated(Role.PROVIDER, name="peixun")


def test_a_changed_password_holds_at_once_and_ends_other_sessions(
    visitors: Visitors, inside: Browser
) -> None:
    elsewhere = visitors.signed_in("peixun")
    typed = {"new_password": OTHER_PASSWORD, "new_password_again": OTHER_PASSWORD}

    wrong = inside.get("/account/password").send(
        "/account/password", present_password="not this one", **typed
    )
    refused = wrong.status, "当前密码不正确" in wrong.text
    inside.send("/account/password", present_password=PASSWORD, **typed)

    assert refused == (403, True)
    assert "密码已设置" in inside.text
    assert elsewhere.led("/account").startswith("/sign-in")
    again = sign_in(Browser(visitors.bank), "peixun", password=OTHER_PASSWORD)
    assert again.path == "/"


def test_one_sees_ones_sessions_and_ends_another(visitors: Visitors, inside: Browser) -> None:
    elsewhere = visitors.signed_in("peixun")
    inside.get("/account")
    listed = inside.text.count("结束<span"), "本机" in inside.text

    inside.send("/account/sessions")

    assert listed == (1, True)
    assert "该登录已结束" in inside.text
    assert elsewhere.led("/account").startswith("/sign-in")
    assert inside.get("/account").status == 200


def test_anothers_session_does_not_exist_for_one(visitors: Visitors, inside: Browser) -> None:
    visitors.signed_in("peixun")
    stranger = visitors.seated(Role.EMPLOYER)
    number = inside.get("/account").forms()["/account/sessions"].values["session_no"]
    visitors.signed_in("employer")
    stranger.get("/account").send("/account/sessions", session_no=number)

    assert stranger.status == 404
    assert "没有这个登录" in stranger.text


def test_a_second_factor_may_be_set_up_and_done_without(inside: Browser) -> None:
    secret = enrol(inside)
    with_it = inside.get("/account").text
    wrong = inside.send("/account/second-factor/removal", code="000000").status
    inside.get("/account").send("/account/second-factor/removal", code=later_code(secret))

    assert "还有 10 个未用的恢复码" in with_it
    assert wrong == 403
    assert "二次验证已停用" in inside.text


def test_an_official_is_not_offered_to_do_without(visitors: Visitors) -> None:
    official = visitors.seated(Role.OFFICIAL)

    forms = official.get("/account").forms()

    assert "/account/recovery-codes" in forms
    assert "/account/second-factor/removal" not in forms


def test_recovery_codes_are_shown_once_and_stand_in_for_the_phone(
    visitors: Visitors, inside: Browser
) -> None:
    enrol(inside)
    inside.get("/account").send("/account/recovery-codes")
    codes = re.findall(r'<li class="code">([0-9A-Z-]{19})</li>', inside.text)
    again = re.findall(r'<li class="code">', inside.get("/account").text)

    other = sign_in(Browser(visitors.bank), "peixun")
    other.send("/second-factor", code=codes[0])

    assert len(codes) == 10
    assert again == []
    assert other.path == "/"


def test_a_wrong_code_shows_the_same_qr_code_again(inside: Browser) -> None:
    inside.get("/account/second-factor").send("/account/second-factor")
    [drawn] = re.findall(r'<path d="([^"]+)"', inside.text)

    inside.send("/account/second-factor/confirmation", code="12345")

    assert inside.status == 403
    assert re.findall(r'<path d="([^"]+)"', inside.text) == [drawn]


def test_the_qr_code_says_what_the_key_says(inside: Browser) -> None:
    import numpy
    import zxingcpp

    inside.get("/account/second-factor").send("/account/second-factor")
    [modules] = re.findall(r'viewBox="-4 -4 (\d+) \1"', inside.text)
    picture = numpy.full((int(modules), int(modules)), 255, numpy.uint8)
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1H\1z", inside.text):
        picture[int(y) + 4, int(x) + 4 : int(x) + 4 + int(width)] = 0
    large = picture.repeat(8, axis=0).repeat(8, axis=1)

    [said] = [found.text for found in zxingcpp.read_barcodes(large)]

    secret = re.findall(r'secret" translate="no">([A-Z2-7 ]+)<', inside.text)[0].replace(" ", "")
    assert said.startswith("otpauth://totp/")
    assert f"secret={secret}" in said
    assert "peixun" in said


def test_an_organisation_is_claimed_decided_and_managed(visitors: Visitors) -> None:
    visitors.staff("first")
    claimant = visitors.signed_in("first")
    letter = b"%PDF a letter of authorisation"
    claimant.get("/account/claims").send(
        "/account/claims", uscc=ENTERPRISE_USCC, role="provider", reference="授权书 7 号",
        letter=letter,
    )  # fmt: skip
    sent = "申请已提交" in claimant.text and "待决定" in claimant.text
    official = visitors.seated(Role.OFFICIAL)
    official.get("/desk/claims")
    shown = hashlib.sha256(letter).hexdigest() in official.text
    action = next(each for each in official.forms() if each.endswith("/decision"))

    official.send(action, decision="approve")

    assert sent
    assert shown
    assert "已批准" in official.text
    assert "没有待决定的申请" in official.text
    home = claimant.get("/seats")
    home.send("/seats")
    assert "账号与席位" in claimant.text


def test_a_refusal_tells_the_claimant_why(visitors: Visitors) -> None:
    visitors.staff("first")
    claimant = visitors.signed_in("first")
    claimant.get("/account/claims").send(
        "/account/claims", uscc=ENTERPRISE_USCC, role="provider", reference="7", letter=b"x"
    )
    official = visitors.seated(Role.OFFICIAL)
    official.get("/desk/claims")
    action = next(each for each in official.forms() if each.endswith("/decision"))

    without = official.send(action, decision="refuse").text
    official.get("/desk/claims").send(action, decision="refuse", reason="授权书没有盖章")

    assert "请写明理由" in without
    assert "授权书没有盖章" in claimant.get("/account").text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"letter": b""}, "授权书信息不全"), ({"uscc": "91371000MA3TE5T01"}, "18"),
        ({"uscc": "91371000MA3DEM0J09"}, "登记"), ({"role": "title_system"}, "席位与单位"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_claim_is_said_on_its_form(
    visitors: Visitors, changed: dict[str, object], said: str
) -> None:
    visitors.staff("first")
    claimant = visitors.signed_in("first").get("/account/claims")
    typed: dict[str, object] = {
        "uscc": ENTERPRISE_USCC, "role": "provider", "reference": "7", "letter": b"x",
    }  # fmt: skip
    typed |= changed
    if not typed["letter"]:
        del typed["letter"]

    claimant.send("/account/claims", **typed)

    assert claimant.status in (404, 422)
    assert said in claimant.text
    assert 'action="/account/claims"' in claimant.text


def test_staff_bring_their_own_hours_to_their_account(
    visitors: Visitors, lobby: Lobby, inside: Browser
) -> None:
    person = invented_person(96)
    official = visitors.seated(Role.OFFICIAL)
    official.get("/desk/codes").send(
        "/desk/codes", document_kind="resident_id", document_number=person.document.number,
        person_name=person.name,
    )  # fmt: skip
    code = re.findall(r'big-code" translate="no">([^<]+)<', official.text)[0]
    typed = {"document_kind": "resident_id", "document_number": person.document.number}

    wrong = inside.get("/account/hours").send("/account/hours", code="0000", **typed).status
    inside.send("/account/hours", code=code, **typed)

    assert wrong == 403
    assert inside.path == "/seats"
    assert "专业技术人员" in inside.text
    assert "已增加" in inside.text
