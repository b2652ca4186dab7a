"""Disputes by the pages: stated on one's own, answered by the provider, decided by an official."""

import re
import threading
from datetime import timedelta

import pytest

from creditbank.clock import civil_day, utc_now
from creditbank.integrity.models import Dispute
from creditbank.jobs.disputes import escalate_late
from creditbank.people.register import Identity
from creditbank.registry.clients import Role
from tests.bank import SEMINAR_DAYS, TestBank, attendance
from tests.integrity.disputing import WORDS
from tests.web.browser import Browser
from tests.web.visitors import Visitors, sign_in

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def person(visitors: Visitors) -> Identity:
    return visitors.professional()


@pytest.fixture
def holder(person: Identity, bank: TestBank) -> Browser:
    return sign_in(Browser(bank), person.document.number, "resident_id")


def plain(browser: Browser) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", browser.text))


def stated(holder: Browser, subject: str, **said: str) -> str:
    """State a dispute by the form; return its number."""
    holder.get("/hours/disputes/new")
    holder.send(
        "/hours/disputes/new", **{"about": "missing", "subject": subject, "words": WORDS, **said}
    )
    [number] = set(re.findall(r"J[0-9A-Z]{9}", holder.text))
    return number


def test_missing_hours_are_stated_answered_and_settled(
    visitors: Visitors, bank: TestBank, holder: Browser, person: Identity
) -> None:
    provider, filing_no = visitors.seated(Role.PROVIDER), bank.approved_filing()
    empty = "没有异议" in holder.get("/hours/disputes").text
    number = stated(holder, filing_no.lower(), day=SEMINAR_DAYS[0].isoformat())
    told = plain(holder)
    listed = plain(provider.get("/disputes"))
    first = plain(provider.get(f"/disputes/{number}"))
    posted = bank.post(filing_no, attendance([person], SEMINAR_DAYS[:1]), now=utc_now())
    provider.get(f"/disputes/{number}").send(
        f"/disputes/{number}/correction", remedy=posted.roster_no, words="已补登"
    )
    after = plain(provider)
    home = holder.get("/").text
    seen = plain(holder.get("/hours/disputes"))
    holder.send("/hours/disputes/reading")
    read = plain(holder.get("/hours/disputes"))

    assert empty
    assert "待培训机构答复" in told
    assert number in listed
    assert person.name not in listed
    assert WORDS in first
    assert person.name in first
    assert person.document.number not in first
    assert "还没有新的入账" in first
    assert "已答复：已更正" in after
    assert "异议有 1 条新进展" in home
    assert "有新进展" in seen
    assert "已更正" in seen
    assert "有新进展" not in read
    assert bank.fsck() == []


def test_a_declined_dispute_is_taken_to_the_office_which_upholds_it(
    visitors: Visitors, bank: TestBank, holder: Browser
) -> None:
    provider, official = visitors.seated(Role.PROVIDER), visitors.seated(Role.OFFICIAL)
    number = stated(holder, bank.approved_filing())
    unworded = provider.get(f"/disputes/{number}").send(f"/disputes/{number}/declining", words="")
    status = unworded.status
    provider.get(f"/disputes/{number}").send(f"/disputes/{number}/declining", words="签到表上没有")
    holder.get(f"/hours/disputes/{number}").send(
        f"/hours/disputes/{number}/appeal", words="签到表第二页"
    )
    shown = plain(official.get(f"/disputes/{number}"))
    official.send(
        f"/disputes/{number}/decision", outcome="upheld", words="有签名", case_no="异2026-1"
    )
    decided, told = plain(official), plain(holder.get(f"/hours/disputes/{number}"))
    card = plain(provider.get("/filings/scorecard"))

    assert status == 422
    assert "签到表第二页" in shown
    assert "裁定：异议成立" in decided
    assert "有签名" in told
    assert "培训机构应当更正" in told
    assert "撤回异议" not in told
    assert "裁定成立 1" in card
    assert bank.fsck() == []


def test_the_clock_hands_over_what_is_late_and_the_person_may_withdraw(
    bank: TestBank, holder: Browser
) -> None:
    number = stated(holder, bank.approved_filing())
    with bank.unit() as session:
        session.get_one(Dispute, number).due_on = civil_day(utc_now()) - timedelta(days=1)

    handed = [escalate_late(threading.Event()), escalate_late(threading.Event())]
    told = plain(holder.get(f"/hours/disputes/{number}"))
    holder.send(f"/hours/disputes/{number}/withdrawal")

    assert handed == [1, 0]
    assert "逾期未答复，转主管部门" in told
    assert "已撤回" in plain(holder)


def test_what_was_typed_stays_when_it_is_refused(holder: Browser) -> None:
    holder.get("/hours/disputes/new")
    holder.send("/hours/disputes/new", about="wrong", subject="没有的单位", words=WORDS)

    assert holder.status == 404
    assert WORDS in holder.text
    assert 'value="没有的单位"' in holder.text


def test_an_entry_leads_to_the_form_and_names_who_answers(
    bank: TestBank, holder: Browser, person: Identity
) -> None:
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([person], SEMINAR_DAYS[:1]))
    [leaf] = re.findall(r'href="/hours/entries/([0-9a-f]{64})"', holder.get("/hours/entries").text)
    entry = holder.get(f"/hours/entries/{leaf}").text
    [link] = re.findall(r'href="(/hours/disputes/new\?about=wrong[^"]*)"', entry)

    form = holder.get(link.replace("&amp;", "&")).text

    assert f'value="{filing_no}"' in form
    assert f'value="{SEMINAR_DAYS[0].isoformat()}"' in form
    assert re.search(r'value="wrong" required checked', form)
    assert "现由其负责" not in entry
