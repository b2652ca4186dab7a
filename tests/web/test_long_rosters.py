"""Long rosters by pages: left to the clock's process, watched, and ended as short ones are."""

import re
import threading

import pytest

from creditbank.crediting.roster_credits import Phase
from creditbank.jobs.rosters import run_rosters
from creditbank.registry.clients import Role
from tests.attendance.rosters import csv_bytes, xlsx
from tests.bank import SEMINAR_DAYS, TestBank, invented_person
from tests.crediting.long_rosters import bounded, watched
from tests.web.browser import Browser
from tests.web.test_filing_pages import lines
from tests.web.visitors import Visitors


def rows_of(first: int) -> list[list[object]]:
    """Four people on one day, and a row that cannot be read."""
    people = map(invented_person, range(first, first + 4))
    rows = lines(*((who, SEMINAR_DAYS[0], 360) for who in people))
    return [*rows, ["张三", "军官证", "12", "昨天", "多"]]


ROWS = rows_of(0)[:-1]


@pytest.fixture
def provider(visitors: Visitors) -> Browser:
    return visitors.seated(Role.PROVIDER)


def left(provider: Browser, filing: str, content: bytes) -> str:
    """Upload a long roster; return the address of the work."""
    provider.get(filing).send(f"{filing}/rosters", file=content)
    assert provider.path.startswith("/roster-works/W"), provider.text
    return provider.path


def posted(provider: Browser, filing: str, content: bytes) -> list[str]:
    """Preview and post a roster, by whatever way; return what its pages say."""
    provider.get(filing).send(f"{filing}/rosters", file=content)
    run_rosters(threading.Event())
    held = provider.get(provider.path).path
    preview = provider.text
    provider.send(f"{held}/posting")
    run_rosters(threading.Event())
    provider.get(provider.path)
    assert provider.path.startswith("/rosters/R"), provider.text
    said = re.findall(r"(?s)<dd>[^<]*</dd>|<td.*?</td>|<h[12]>.*?</h", preview + provider.text)
    named = (each for each in said if 'data-label="姓名"' not in each and "尾号" not in each)
    return [re.sub(r"conversion-\d", "", each) for each in named if "account-" not in each]


def test_a_long_roster_ends_on_the_same_pages_as_a_short_one(
    provider: Browser, bank: TestBank
) -> None:
    said = []
    for bound, first in ((1_000, 0), (2, 10)):
        bounded(bank, roster_page_rows_max=bound)
        filing = f"/filings/{bank.approved_filing()}"
        said.append(posted(provider, filing, csv_bytes(rows_of(first))))

    assert "<dd>4 行，4 人，32.00 学时</dd>" in said[0]
    assert "<dd>1 行</dd>" in said[0]
    assert said[0] == said[1]


def test_its_page_moves_by_itself_from_step_to_step_and_row_to_row(
    provider: Browser, bank: TestBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounded(bank, roster_page_rows_max=2)
    filing = f"/filings/{bank.approved_filing()}"
    work = left(provider, filing, xlsx(ROWS))
    waiting = provider.text
    offered = provider.get(filing).text
    seen: list[tuple[str, ...]] = []

    def look(_phase: Phase, _done: int, _total: int) -> None:
        text = provider.get(work).text
        assert 'http-equiv="refresh"' in text
        assert "共 4 行" in text
        values = re.findall(r'<progress id="meter"(?: value="(\d)" max="(\d)")?>', text)
        [(done, total)] = values
        [step] = re.findall(r"第 (\d) 步，共 5 步", text)
        seen.append((step, done, total))

    watched(monkeypatch, look)
    assert run_rosters(threading.Event()) == 1

    assert "等待开始" in waiting
    assert 'http-equiv="refresh"' in waiting
    assert work in offered
    assert "script" not in waiting
    rows = [("", ""), ("1", "4"), ("2", "4"), ("3", "4")]
    assert seen == [("2", "", ""), *((step, *row) for step in "345" for row in rows)]
    assert 'http-equiv="refresh"' not in provider.get(work).text
    assert provider.path.startswith("/held-rosters/H")


def test_pressed_twice_a_long_roster_is_posted_once(
    provider: Browser, bank: TestBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounded(bank, roster_page_rows_max=2)
    filing = f"/filings/{bank.approved_filing()}"
    work = left(provider, filing, xlsx(ROWS))
    run_rosters(threading.Event())
    held = provider.get(work).path
    form = provider.forms()[f"{held}/posting"].values

    def press() -> str:
        pressed = provider.http.post(f"{held}/posting", data=form, base_url=provider.base)
        return pressed.headers["Location"]

    before = {press(), press()}
    discarded = provider.http.post(f"{held}/discarding", data=form, base_url=provider.base)
    meanwhile: set[str] = set()
    watched(monkeypatch, lambda _phase, _done, _total: meanwhile.add(press()))
    run_rosters(threading.Event())
    after = press()

    assert len(before) == 1
    assert meanwhile == before, "nobody waits for the end to be led to the work"
    assert discarded.headers["Location"] in before, "what is being posted is not discarded"
    assert provider.get(before.pop()).path == provider.get(after).path
    assert provider.path.startswith("/rosters/R")
    assert provider.get(filing).text.count('href="/rosters/R') == 1


def test_a_long_roster_is_cancelled_before_it_begins_and_not_after(
    provider: Browser, bank: TestBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounded(bank, roster_page_rows_max=2)
    filing = f"/filings/{bank.approved_filing()}"
    work = left(provider, filing, xlsx(ROWS))
    provider.send(f"{work}/cancellation")
    cancelled = provider.text
    run_rosters(threading.Event())
    still = provider.get(work).text
    work = left(provider, filing, xlsx(ROWS))
    form = provider.forms()[f"{work}/cancellation"].values
    late: list[tuple[int, bool]] = []

    def press(_phase: Phase, _done: int, _total: int) -> None:
        if not late:
            pressed = provider.http.post(f"{work}/cancellation", data=form, base_url=provider.base)
            late.append((pressed.status_code, "已经开始，不能取消" in pressed.text))

    watched(monkeypatch, press)
    run_rosters(threading.Event())

    assert "已取消" in cancelled
    assert "已取消" in still
    assert late == [(409, True)]


def test_a_long_file_that_is_no_roster_is_refused_in_words(
    provider: Browser, bank: TestBank
) -> None:
    bounded(bank, roster_page_rows_max=2)
    filing = f"/filings/{bank.approved_filing()}"
    work = left(
        provider, filing, csv_bytes([["姓名", "单位"], *(["张三", "甲"] for _ in range(5))])
    )
    run_rosters(threading.Event())
    provider.get(work)

    assert "证件号码" in provider.text
    assert "没有入账任何一行" in provider.text
    assert 'http-equiv="refresh"' not in provider.text
    assert f"{filing}#roster" in provider.text
