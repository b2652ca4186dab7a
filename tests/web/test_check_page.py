"""The public page of a certificate: its state in words and form, its facts in full, its proof."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from creditbank.certificates.models import CertificateView
from creditbank.certificates.numbers import code_text, grouped, new_code, spaced
from creditbank.clock import utc_now
from creditbank.crediting.imports import RecordRow
from creditbank.house import EXTENSION
from creditbank.people.register import erase_secret, find_person
from creditbank.web.check_page import age_text
from creditbank.web.pages import page
from tests.bank import NOW, TestBank
from tests.certificates.counter import HOLDER, issue, opened, revoke, with_hours


@pytest.fixture
def browser(bank: TestBank) -> FlaskClient:
    with_hours(bank)
    return bank.app.test_client()


def code_of(bank: TestBank, number: str) -> str:
    return code_text(opened(bank, number).code)


def state_on(page: str) -> str:
    return re.findall(r'data-state="([a-z]+)"', page)[0]


def test_a_page_shows_the_facts_in_full(bank: TestBank, browser: FlaskClient) -> None:
    number = issue(bank).certificate.number

    answer = browser.get(f"/C/{code_of(bank, number)}")

    assert answer.status_code == 200
    assert state_on(answer.text) == "valid"
    for said in (
        "有效", "欧阳示例", "居民身份证，尾号 0010", "2024 年度至 2026 年度", "196.50", "136.50",
        "60.00", "山东省威海市", "2026年11月20日", spaced(number), "威人社字〔2024〕2号 第9项",
        "每天8学时是其他地方的通行做法", "bank.example",
    ):  # fmt: skip
        assert said in answer.text, said


def test_a_page_shows_no_more_of_the_number_than_its_last_four(
    bank: TestBank, browser: FlaskClient
) -> None:
    number = issue(bank).certificate.number

    shown = browser.get(f"/C/{code_of(bank, number)}").text

    assert HOLDER.document.number[:14] not in shown
    assert HOLDER.document.number[-4:] in shown


def test_the_address_may_be_typed_in_any_case_and_in_groups(
    bank: TestBank, browser: FlaskClient
) -> None:
    code = code_of(bank, issue(bank).certificate.number)

    pages = [browser.get(f"/{at}") for at in (f"c/{code.lower()}", f"C/{grouped(code).lower()}")]

    assert [state_on(page.text) for page in pages] == ["valid", "valid"]


def test_a_page_speaks_english_on_demand(bank: TestBank, browser: FlaskClient) -> None:
    code = code_of(bank, issue(bank).certificate.number)

    chinese = browser.get(f"/C/{code}").text
    english = browser.get(f"/C/{code}?lang=en").text

    assert f'href="/C/{code}?lang=en"' in chinese
    assert "Weihai rules on continuing-education hours" in english
    assert "2024 to 2026" in english
    assert "No notice of Shandong or Weihai says how many hours a day counts" in english


def test_each_state_has_a_word_and_a_form_of_its_own(bank: TestBank, browser: FlaskClient) -> None:
    valid = issue(bank, (2024,)).certificate.number
    superseded = issue(bank, (2025,)).certificate.number
    revoked = issue(bank, (2024, 2025)).certificate.number
    long_ago = utc_now() - timedelta(days=10)
    expired = issue(bank, (2026,), valid_days=1, now=long_ago).certificate.number
    bank.imported([RecordRow(HOLDER, 2025, "public.general", 1_000)])
    bank.seal()
    revoke(bank, revoked)

    pages = {
        number: browser.get(f"/C/{code_of(bank, number)}").text
        for number in (valid, superseded, revoked, expired)
    }
    unknown = browser.get(f"/C/{code_text(new_code())}").text

    states = [state_on(page) for page in pages.values()]
    assert states == ["valid", "superseded", "revoked", "expired"]
    assert state_on(unknown) == "unknown"
    everything = [*pages.values(), unknown]
    words = ["有效", "已被取代", "已撤销", "已过期", "查无此证明"]
    assert [re.findall(r"<h1>(.*?)</h1>", page) for page in everything] == [[w] for w in words]
    signs = [re.findall(r'<svg class="sign".*?</svg>', page, re.DOTALL)[0] for page in everything]
    assert len(set(signs)) == 5


def test_a_revoked_certificate_says_when_and_why(bank: TestBank, browser: FlaskClient) -> None:
    number = issue(bank).certificate.number
    revoke(bank, number)

    shown = browser.get(f"/C/{code_of(bank, number)}").text

    assert "2026年11月20日 10:00:00（北京时间）" in shown
    assert "签发有误" in shown
    assert "欧阳示例" in shown


def test_a_superseded_certificate_names_the_newer_one(bank: TestBank, browser: FlaskClient) -> None:
    older = issue(bank).certificate.number
    bank.imported([RecordRow(HOLDER, 2026, "public", 1_000)])
    bank.seal()
    newer = issue(bank, now=NOW + timedelta(seconds=1)).certificate.number

    shown = browser.get(f"/C/{code_of(bank, older)}").text

    assert f"更新的证明：编号 {spaced(newer)}" in shown
    assert code_of(bank, newer) not in shown
    assert (
        f'替代证明</dt><dd class="figures">{spaced(older)}'
        in browser.get(f"/C/{code_of(bank, newer)}").text
    )


def test_an_unknown_code_is_told_nothing_more(bank: TestBank, browser: FlaskClient) -> None:
    number = issue(bank).certificate.number

    answers = [
        browser.get(f"/C/{code}")
        for code in (code_text(new_code()), "0" * 26, "x", number, "%E5%8F%B7", "a" * 300)
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({re.sub(r"href=\"/C/[^\"]*\"", "", answer.text) for answer in answers}) == 1
    assert "欧阳" not in answers[0].text


def test_an_erased_person_s_certificate_is_unknown(bank: TestBank, browser: FlaskClient) -> None:
    code = code_of(bank, issue(bank).certificate.number)
    with bank.unit() as session:
        erase_secret(session, find_person(session, bank.house.vault, HOLDER), now=NOW)

    assert state_on(browser.get(f"/C/{code}").text) == "unknown"


def test_the_proof_says_how_old_its_checkpoint_is(bank: TestBank, browser: FlaskClient) -> None:
    number = issue(bank).certificate.number
    code = code_of(bank, number)
    waiting = browser.get(f"/C/{code}").text
    bank.seal(now=utc_now())
    sealed = browser.get(f"/C/{code}").text

    assert "刷新本页即可看到证据" in waiting
    assert "距今不到一分钟" in sealed
    assert opened(bank, number).act.leaf.hex() in sealed
    assert "— bank.example/ledger/cn-3710/2026 " in sealed


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (timedelta(seconds=-5), "不到一分钟"),
        (timedelta(seconds=59), "不到一分钟"),
        (timedelta(seconds=60), "1 分钟"),
        (timedelta(minutes=119), "1 小时"),
        (timedelta(days=2, minutes=1), "2 天"),
    ],
)
def test_ages_are_told_in_the_largest_unit(age: timedelta, said: str) -> None:
    assert age_text(age, "zh").strip() == said


def test_every_look_at_a_certificate_is_noted_and_none_at_an_unknown_one(
    bank: TestBank, browser: FlaskClient
) -> None:
    code = code_of(bank, issue(bank).certificate.number)
    for path in (code, code, code_text(new_code())):
        browser.get(f"/C/{path}")

    with bank.reading() as session:
        assert session.scalar(select(func.count()).select_from(CertificateView)) == 2


def with_rate(bank: TestBank, views: int) -> None:
    """Bound the looks, in a window that begins and ends rarely."""
    bounds = {"rate_check_requests": views, "rate_window_seconds": 3_600}
    settings = replace(bank.house.settings, **bounds)
    bank.app.extensions[EXTENSION] = replace(bank.house, settings=settings)


def look(browser: FlaskClient, code: str, address: str) -> int:
    return browser.get(f"/C/{code}", environ_base={"REMOTE_ADDR": address}).status_code


def test_an_address_that_looks_too_often_waits(bank: TestBank, browser: FlaskClient) -> None:
    code = code_of(bank, issue(bank).certificate.number)
    with_rate(bank, 3)

    looks = [look(browser, code, "192.0.2.7") for _ in range(4)]
    refused = browser.get(f"/C/{code}", environ_base={"REMOTE_ADDR": "192.0.2.7"})

    assert looks == [200, 200, 200, 429]
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 3_600
    assert "欧阳" not in refused.text
    assert look(browser, code, "192.0.2.8") == 200


def test_unknown_codes_count_towards_the_bound_too(bank: TestBank, browser: FlaskClient) -> None:
    with_rate(bank, 3)

    looks = [look(browser, code_text(new_code()), "192.0.2.9") for _ in range(4)]

    assert looks == [404, 404, 404, 429]


def test_a_page_is_small_and_strict(bank: TestBank, browser: FlaskClient) -> None:
    code = code_of(bank, issue(bank).certificate.number)

    answer = browser.get(f"/C/{code}")

    assert len(answer.data) < 40_000
    assert "<script" not in answer.text
    assert " style=" not in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_name_cannot_bring_its_own_markup(bank: TestBank) -> None:
    """Names have no such signs; but titles and reasons of packs are whatever somebody wrote."""
    with bank.app.test_request_context("/C/x"):
        made = page(
            "failure.html",
            problem={"title": "<script>", "found": "<b>", "wanted": "", "next": "'\""},
        )

    assert "<script>" not in made.get_data(as_text=True)
