"""One's own hours by the pages: every year, every hour with its trace, and a proof to keep."""

import json
import re

import pytest

from creditbank.people.register import Identity
from tests.acts import key_of, seal_all
from tests.bank import TestBank, attendance, invented_person
from tests.carrying import carrying_record
from tests.crediting.ledgers import varied_record
from tests.web.browser import Browser
from tests.web.visitors import Visitors, sign_in


def own_browser(visitors: Visitors, person: Identity) -> Browser:
    browser = Browser(visitors.bank)
    return sign_in(browser, person.document.number, "resident_id")


@pytest.fixture
def holder(visitors: Visitors, bank: TestBank) -> Browser:
    """Somebody with an hour of every standing, signed in."""
    person = visitors.professional()
    varied_record(bank, person)
    return own_browser(visitors, person)


def leaves(browser: Browser) -> list[str]:
    return re.findall(r'href="/hours/entries/([0-9a-f]{64})"', browser.text)


def test_whoever_has_no_hours_yet_is_told_how_they_come(visitors: Visitors) -> None:
    browser = own_browser(visitors, visitors.professional())

    browser.get("/hours")

    assert browser.status == 200
    assert "还没有学时" in browser.text
    assert "由培训机构上传名单后登记" in browser.text
    assert "还没有学时" in browser.get("/hours/entries").text


def test_every_year_shows_what_counts_what_a_cap_cut_and_what_is_short(holder: Browser) -> None:
    holder.get("/hours")

    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", holder.text))
    assert "2026 年 未满年度学时 24.00 / 90.00 学时" in text
    assert "另有 8.00 超出上限，不计" in text
    assert "其中 8.00 待写入日志" in text
    assert "其中 20.00 由原系统迁入" in text
    assert re.search(r"公需科目 0\.00 \S+ \S+", text)
    assert "应达学时的依据" in text
    person = invented_person(91)
    assert f"{person.name} · 居民身份证 ****{person.document.number[-4:]}" in text
    assert person.document.number not in holder.text
    assert len(holder.text.encode()) < 100_000


def test_what_was_carried_over_and_lapsed_stands_beside_hours_and_statement(
    visitors: Visitors, bank: TestBank
) -> None:
    person = visitors.professional()
    carrying_record(bank, person)
    browser = own_browser(visitors, person)

    for path in ("/hours", "/hours/statement"):
        text = browser.get(path).text
        assert "结转与失效" in text
        assert "2023 年有 50.00 学时超出当年要求，未结转，也不能再结转，已失效。" in text
        assert "具体职称另有要求的，结转可能不同" in text
    assert "仍可按规则结转" in browser.get("/hours?as_of=2024-12-31").text
    assert "结转与失效" not in browser.get("/hours?as_of=2022-12-31").text


def test_as_it_was_on_a_day_shows_nothing_of_later(holder: Browser) -> None:
    then = holder.get("/hours?known_on=2026-11-19").text
    wrong = holder.get("/hours?known_on=never")

    assert "当时还没有任何学时记录" in then
    assert (wrong.status, "日期不对" in wrong.text) == (422, True)


def test_each_hour_is_found_by_words_year_and_state(holder: Browser) -> None:
    every = len(leaves(holder.get("/hours/entries")))
    found = {
        query: len(leaves(holder.get(f"/hours/entries?{query}")))
        for query in (
            "standing=live", "standing=capped", "standing=reversed", "standing=pending",
            "standing=frozen", "year=2024", "q=碳纤维+威海示例", "q=不存在", "scheme=cn-3710",
            "page=9", "year=x", "standing=%00",
        )
    }  # fmt: skip

    assert every == 6
    assert list(found.values()) == [3, 1, 1, 1, 0, 1, 5, 0, 6, 6, 0, 0]


def test_a_long_list_is_turned_page_by_page(visitors: Visitors, bank: TestBank) -> None:
    person = visitors.professional()
    for _ in range(8):
        bank.post(bank.approved_filing(), attendance([person]))
    browser = own_browser(visitors, person)

    first = leaves(browser.get("/hours/entries"))
    second = leaves(browser.get("/hours/entries?page=2"))

    assert (len(first), len(second), len({*first, *second})) == (20, 4, 24)
    assert "第 2 页，共 2 页" in browser.text


def test_an_hour_tells_from_fact_to_what_counts_each_with_its_clause(holder: Browser) -> None:
    [leaf] = leaves(holder.get("/hours/entries?standing=reversed"))
    text = holder.get(f"/hours/entries/{leaf}").text

    order = [text.index(f"<h3>{part}</h3>") for part in ("事实", "折算", "后来的变动", "计入")]
    assert order == sorted(order)
    assert "威人社" in text
    assert "bank.example/ledger/cn-3710/2026" in text
    assert "撤回 8.00" in text
    assert leaf in text


def test_a_proof_is_handed_out_as_a_file_once_the_hour_is_in_the_log(
    holder: Browser, bank: TestBank
) -> None:
    [waiting] = leaves(holder.get("/hours/entries?standing=pending"))
    early = holder.get(f"/hours/entries/{waiting}/proof")
    refused = early.status, "还没有写入公开日志" in holder.get(f"/hours/entries/{waiting}").text
    seal_all(bank)

    holder.get(f"/hours/entries/{waiting}/proof")

    assert refused == (409, True)
    assert holder.page is not None
    assert holder.page.headers["Content-Disposition"].startswith("attachment")
    given = json.loads(holder.text)
    assert given["statement"] == "creditbank/proof/v1"
    assert [each["leaf"] for each in given["entries"]] == [waiting]


def test_nobody_sees_anothers_hour_or_proof(
    visitors: Visitors, bank: TestBank, holder: Browser
) -> None:
    other = visitors.professional(92)
    bank.post(bank.approved_filing(), attendance([other]))
    seal_all(bank)
    browser = own_browser(visitors, other)
    foreign = leaves(holder.get("/hours/entries"))[-1]

    statuses = [browser.get(f"/hours/entries/{foreign}{more}").status for more in ("", "/proof")]

    assert statuses == [404, 404]
    assert len(leaves(browser.get("/hours/entries"))) == 3
    assert key_of(bank, other) != key_of(bank, invented_person(91))
    assert other.document.number not in browser.text
