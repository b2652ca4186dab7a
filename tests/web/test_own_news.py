"""A professional is told of every posting and every reversal, until they have read of it."""

import re
from collections.abc import Sequence

import pytest

from creditbank.crediting.news import mark_read, news_of, unread_of
from creditbank.people.register import Identity, find_person
from tests.acts import withdraw
from tests.bank import NOW, SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.crediting.ledgers import varied_record
from tests.web.browser import Browser
from tests.web.visitors import Visitors, sign_in


@pytest.fixture
def person(visitors: Visitors) -> Identity:
    return visitors.professional()


@pytest.fixture
def holder(person: Identity, bank: TestBank) -> Browser:
    return sign_in(Browser(bank), person.document.number, "resident_id")


def plain(browser: Browser) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", browser.text))


def test_nothing_moved_is_nothing_to_tell(holder: Browser) -> None:
    assert "笔变动" not in holder.get("/").text
    assert "会在这里告诉你" in holder.get("/hours/news").text


def test_what_moved_is_told_until_it_is_read(
    holder: Browser, bank: TestBank, person: Identity
) -> None:
    varied_record(bank, person)

    assert "有 8 笔变动还没有读过" in holder.get("/").text
    assert "有 8 笔变动还没有读过" in holder.get("/hours").text
    told = plain(holder.get("/hours/news"))
    assert told.count(" 新 ") == 8
    assert "冲正 8.00 学时：时长有误" in told
    holder.send("/hours/news")

    assert "已标为已读" in holder.get("/hours/news?done=news-read").text
    assert "都已读过" in holder.text
    assert "笔变动还没有读过" not in holder.get("/").text


def test_a_withdrawal_is_new_again(holder: Browser, bank: TestBank, person: Identity) -> None:
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([person]))
    holder.get("/hours/news").send("/hours/news")
    withdraw(bank, filing_no, person, SEMINAR_DAYS[:1])

    told = plain(holder.get("/hours/news"))

    assert "有 1 笔变动还没有读过" in told
    assert re.search(r" 新 .{0,40}撤回", told)


def test_what_came_after_the_page_was_shown_stays_new(
    holder: Browser, bank: TestBank, person: Identity
) -> None:
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([person], SEMINAR_DAYS[:1]))
    holder.get("/hours/news")
    bank.post(filing_no, attendance([person], SEMINAR_DAYS[1:2]))

    holder.send("/hours/news")

    assert "有 1 笔变动还没有读过" in holder.get("/").text


def _unread(bank: TestBank, people: Sequence[int]) -> int:
    with bank.unit() as session:
        return unread_of(session, people)


def test_only_ones_own_is_told_and_marked(bank: TestBank) -> None:
    mine, other = invented_person(1), invented_person(2)
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([mine, other], SEMINAR_DAYS[:1]))
    with bank.unit() as session:
        my_key, other_key = (find_person(session, bank.house.vault, each) for each in (mine, other))
        foreign = [bytes.fromhex(leaf) for leaf in news_of(session, [other_key], slice(9)).latest]
        mark_read(session, [my_key], foreign, now=NOW)

    assert (_unread(bank, [my_key]), _unread(bank, [other_key])) == (1, 1)


def test_linked_keys_are_read_together_and_never_backwards(bank: TestBank) -> None:
    first, second = invented_person(1), invented_person(2)
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([first, second], SEMINAR_DAYS[:1]))
    with bank.unit() as session:
        keys = [find_person(session, bank.house.vault, each) for each in (first, second)]
        early = [bytes.fromhex(leaf) for leaf in news_of(session, keys, slice(9)).latest]
    bank.post(filing_no, attendance([second], SEMINAR_DAYS[1:2]))
    with bank.unit() as session:
        told = news_of(session, keys, slice(0, 9))
        mark_read(session, keys, [bytes.fromhex(leaf) for leaf in told.latest], now=NOW)
        mark_read(session, keys, early, now=NOW)

    assert (told.count, told.unread, len(told.latest)) == (3, 3, 2)
    assert _unread(bank, keys) == 0
