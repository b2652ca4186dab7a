"""Documents of one person by the pages: joined and parted, with why, and without a name."""

import re
import sys

import pytest

from creditbank.ledger.balance import balances_of
from creditbank.people.register import Identity, linked_people
from creditbank.registry.clients import Role
from tests.acts import approve, key_of, roster
from tests.bank import SEMINAR_DAYS, TestBank, invented_person
from tests.web.browser import Browser
from tests.web.visitors import Visitors

ONE, OTHER = invented_person(91), invented_person(92)
DESK = "/desk/links"


@pytest.fixture
def official(visitors: Visitors) -> Browser:
    return visitors.seated(Role.OFFICIAL)


def words(browser: Browser) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", browser.text))


def stated(side: str, person: Identity) -> dict[str, str]:
    return {
        f"{side}_document_kind": "resident_id",
        f"{side}_document_number": person.document.number,
        f"{side}_person_name": person.name,
    }


def find(browser: Browser, **said: str) -> Browser:
    """Fill in the form and send it."""
    form = {
        **stated("one", ONE), **stated("other", OTHER), "finding": "linked", "case_no": "查12",
        "reason": "several-documents", "compared": "yes", **said,
    }  # fmt: skip
    return browser.get(f"{DESK}/new").send(f"{DESK}/new", **form)


def attended_at_once(bank: TestBank) -> None:
    """Let both attend the same day of two seminars, of which a day's cap leaves one to a person."""
    for person in (ONE, OTHER):
        filing_no = approve(bank, SEMINAR_DAYS[:1])
        bank.post(filing_no, roster([(person, SEMINAR_DAYS[0], 360)]))


def held(bank: TestBank) -> tuple[int, int, int]:
    """Return how many keys are one person, and what they hold live and capped, in centihours."""
    keys = [key_of(bank, ONE), key_of(bank, OTHER)]
    with bank.reading() as session:
        found = balances_of(session, keys, "cn-3710")
        one = len(linked_people(session, keys)[keys[0]])
    live = sum(each.live_centihours for each in found)
    return one, live, sum(each.capped_centihours for each in found)


def test_an_official_joins_two_records_and_parts_them_again(
    bank: TestBank, official: Browser
) -> None:
    attended_at_once(bank)
    empty = "本地区没有合并或拆分" in official.get(DESK).text

    joined, together = words(find(official)), held(bank)
    apart = words(find(official, finding="unlinked", reason="linked-wrongly", case_no="查13"))

    assert empty
    assert together == (2, 800, 800)
    assert "已合并，上限已重新计算" in joined
    assert "查12 · 本人持有多种证件" in joined
    assert held(bank) == (1, 1600, 0)
    assert "已拆分，上限已重新计算" in apart
    assert apart.index("查13 · 此前合并有误") < apart.index("查12")
    for told in (ONE.name, OTHER.name, ONE.document.number, OTHER.document.number):
        assert told not in joined + apart
    assert bank.fsck() == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("said", "status", "why"),
    [({"compared": "no"}, 422, "form-confirmation-missing"),
     ({"case_no": ""}, 422, "案卷编号"), ({"reason": "because"}, 400, "role=\"alert\""),
     ({"finding": "perhaps"}, 400, "role=\"alert\""),
     ({"other_person_name": "张三"}, 409, "未提供任何信息"),
     ({"finding": "unlinked"}, 409, "无需变更")],
)  # fmt: skip
def test_what_cannot_be_found_is_refused_in_the_form(
    bank: TestBank, official: Browser, said: dict[str, str], status: int, why: str
) -> None:
    attended_at_once(bank)

    find(official, **said)

    assert (official.status, held(bank)[0]) == (status, 1), words(official)
    assert 'role="alert"' in official.text
    assert why in official.text or why == "form-confirmation-missing"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_findings_go_on_on_the_next_page(
    bank: TestBank, official: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["creditbank.web.links_desk"], "FINDINGS_SHOWN", 1)
    attended_at_once(bank)
    find(official)
    find(official, finding="unlinked", case_no="查13")

    first = official.get(DESK).text
    [later] = re.findall(r'href="(/desk/links\?before=[^"]+)"', first)
    second = official.get(later.replace("&amp;", "&")).text

    assert ("查13" in first, "查12" in first) == (True, False)
    assert ("查13" in second, "查12" in second) == (False, True)
