"""Hours of another scheme by the pages: recognised, listed, and taken back, without a name."""

import re
import sys

import pytest
from sqlalchemy import select

from creditbank.registry.clients import Role
from creditbank.verification.query_models import DeskLook
from tests.achievements import NEIGHBOUR, held, leaf_of, publish_neighbour
from tests.acts import approve, roster, withdraw
from tests.bank import SEMINAR_DAYS, TestBank, invented_person
from tests.web.browser import Browser
from tests.web.visitors import Visitors

PERSON = invented_person(91)
DESK = "/desk/transfers"
DAYS = SEMINAR_DAYS[:2]


@pytest.fixture
def official(visitors: Visitors) -> Browser:
    return visitors.seated(Role.OFFICIAL)


@pytest.fixture
def filing_no(bank: TestBank) -> str:
    """Let the person attend two days of a seminar; return its number."""
    publish_neighbour(bank)
    number = approve(bank, DAYS)
    bank.post(number, roster([(PERSON, day, 360) for day in DAYS]))
    return number


def words(browser: Browser) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", browser.text))


def recognise(browser: Browser, of: bytes, **said: str) -> Browser:
    """Fill in the form and send it."""
    form = {
        "document_kind": "resident_id", "document_number": PERSON.document.number,
        "person_name": PERSON.name, "leaf": of.hex(), "scheme": NEIGHBOUR, **said,
    }  # fmt: skip
    return browser.get(f"{DESK}/new").send(f"{DESK}/new", **form)


def linked(page: str) -> list[str]:
    """Return the numbers to whose pages a page leads."""
    return re.findall(r'href="/desk/transfers/(T[0-9A-Z]+)"', page)


def test_an_official_recognises_an_hour_and_takes_it_back(
    bank: TestBank, official: Browser, filing_no: str
) -> None:
    empty = "没有认可过其他规则下的学时" in official.get(DESK).text

    shown, path = words(recognise(official, leaf_of(bank, PERSON))), official.path
    counted = held(bank, PERSON, NEIGHBOUR)
    listed = words(official.get(DESK))
    reason = {"withdrawal_reason": "wrong-facts", "case_no": "查7"}
    back = words(official.get(path).send(f"{path}/withdrawal", **reason))

    assert empty
    assert "已认可，学时已入账" in shown
    assert "4.00" in shown
    assert counted == {2026: (400, 0)}
    assert f"cn-3710 → {NEIGHBOUR}" in listed
    assert "已撤销认可，学时已冲正" in back
    assert "事实有误" in back
    assert held(bank, PERSON, NEIGHBOUR) == {2026: (0, 0)}
    assert held(bank, PERSON, "cn-3710") == {2026: (1600, 0)}
    for told in (PERSON.name, PERSON.document.number):
        assert told not in shown + listed + back
    assert bank.fsck() == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_is_reversed_at_its_origin_is_said_to_be(
    bank: TestBank, official: Browser, filing_no: str
) -> None:
    path = recognise(official, leaf_of(bank, PERSON)).path

    withdraw(bank, filing_no, PERSON)

    assert "原分录已冲正" in words(official.get(path))
    assert f"{path}/withdrawal" not in official.text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("said", "status", "why"),
    [({"leaf": "12"}, 422, "64 位十六进制"), ({"leaf": "0" * 64}, 404, "没有"),
     ({"scheme": ""}, 422, "认可所依据的规则"),
     ({"scheme": "cn-3710"}, 422, "本就是该规则下的学时"),
     ({"scheme": "cn-37"}, 403, "地区"), ({"person_name": "张三"}, 409, "未提供任何信息")],
)  # fmt: skip
def test_what_cannot_be_recognised_is_refused_in_the_form(  # noqa: PLR0917 # three of a table
    bank: TestBank, official: Browser, filing_no: str, said: dict[str, str], status: int, why: str
) -> None:
    recognise(official, leaf_of(bank, PERSON), **said)

    assert (official.status, why in official.text) == (status, True), words(official)
    assert PERSON.document.number not in official.text
    assert held(bank, PERSON, NEIGHBOUR) == {}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_transfers_go_on_on_the_next_page(
    bank: TestBank, official: Browser, filing_no: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["creditbank.web.transfers_desk"], "TRANSFERS_SHOWN", 1)
    first = recognise(official, leaf_of(bank, PERSON)).path.rpartition("/")[2]
    withdraw(bank, filing_no, PERSON, DAYS[1:])
    second = recognise(official, leaf_of(bank, PERSON, "cn-3710"))
    assert second.status == 409, "the newest credit was reversed"
    bank.post(filing_no, roster([(PERSON, DAYS[1], 360)]))
    again = recognise(official, leaf_of(bank, PERSON)).path.rpartition("/")[2]

    newest = official.get(DESK).text
    [later] = re.findall(r'href="(/desk/transfers\?before=[^"]+)"', newest)
    older = official.get(later.replace("&amp;", "&")).text

    assert (linked(newest), linked(older)) == ([again], [first])


def test_what_an_official_opens_is_in_the_persons_list(
    bank: TestBank, official: Browser, filing_no: str
) -> None:
    recognise(official, leaf_of(bank, PERSON))
    number = official.path.rpartition("/")[2]

    with bank.reading() as session:
        looks = session.execute(select(DeskLook.shown, DeskLook.matter)).all()

    assert [tuple(each) for each in looks] == [("entries", number)]
