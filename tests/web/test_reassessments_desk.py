"""Re-assessments by the pages: asked, read, proposed, approved by another, watched to the end."""

import re
import threading

import pytest

from creditbank.jobs.reassessments import run_reassessments
from creditbank.registry.clients import Role
from tests.bank import TestBank, invented_person
from tests.lawtexts import COUNTY
from tests.reassessing import attended, day_worth, found_county, mend
from tests.web.browser import Browser
from tests.web.visitors import Visitors

PERSON = invented_person(91)
DESK = "/desk/reassessments"


def words(browser: Browser) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", browser.text))


@pytest.fixture
def official(visitors: Visitors) -> Browser:
    return official_of(visitors, "li-hua")


def official_of(visitors: Visitors, name: str) -> Browser:
    """Seat an official of the county."""
    visitors.staff(name, visitors.seat(Role.OFFICIAL, region=COUNTY))
    return visitors.signed_in(name, factor=True)


def test_what_one_official_proposes_another_approves(
    visitors: Visitors, bank: TestBank, official: Browser
) -> None:
    found_county(bank)
    attended(bank, PERSON)
    mend(bank, **day_worth("6"))
    empty = "本地区没有重新折算" in official.get(DESK).text
    official.get(f"{DESK}/new").send(f"{DESK}/new", case_no="查9", scheme=COUNTY)
    one, asked = official.path, words(official)
    refreshes = 'http-equiv="refresh"' in official.text
    run_reassessments(threading.Event())
    report = words(official.get(one))
    official.send(f"{one}/proposal", digest=re.findall(r"[0-9a-f]{64}", official.text)[0])
    mine = words(official)
    second = official_of(visitors, "wang-wu")
    seen = words(second.get(one))
    second.send(f"{one}/approval", digest=re.findall(r"[0-9a-f]{64}", second.text)[0])
    approved = words(second)
    run_reassessments(threading.Event())
    done = words(second.get(one))

    assert (empty, refreshes) == (True, True)
    assert "已请求，正在后台试算" in asked
    assert "冲正并重新登记 1" in report
    assert "2026 专业科目 1 8.00 6.00" in report
    assert "须由另一名工作人员批准" in mine
    assert "批准并执行" in seen
    assert "已批准，正在后台执行" in approved
    assert "已执行" in done
    assert "approval" not in second.text
    assert PERSON.name not in done
    assert "查9" in second.get(DESK).text
    assert bank.fsck() == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_would_change_nothing_is_not_proposed_and_can_be_taken_back(
    bank: TestBank, official: Browser
) -> None:
    found_county(bank)
    refused = official.get(f"{DESK}/new").send(f"{DESK}/new", case_no="", scheme=COUNTY).status
    official.get(f"{DESK}/new").send(f"{DESK}/new", case_no="查9", scheme=COUNTY)
    one = official.path
    run_reassessments(threading.Event())

    nothing = words(official.get(one))
    official.send(f"{one}/withdrawal")

    assert refused == 422
    assert "没有可执行的改动" in nothing
    assert "已撤回，学时没有改动" in words(official)
    assert "withdrawal" not in official.text
