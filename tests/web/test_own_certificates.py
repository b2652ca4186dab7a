"""One's own certificates by the pages: issued once for the same hours, printed, and superseded."""

import re

import pytest

from creditbank.crediting.imports import RecordRow
from tests.bank import TestBank, attendance, invented_person
from tests.certificates.counter import press_at_hand, revoke
from tests.web.browser import Browser
from tests.web.visitors import Visitors, sign_in


@pytest.fixture
def holder(visitors: Visitors, bank: TestBank) -> Browser:
    """Somebody with hours of two years, some of them not sealed yet."""
    press_at_hand()
    person = visitors.professional()
    bank.imported([RecordRow(person, 2024, "professional", 6000)])
    bank.seal()
    bank.post(bank.approved_filing(), attendance([person]))
    return sign_in(Browser(bank), person.document.number, "resident_id")


def issued(browser: Browser, *years: str) -> list[str]:
    """Ask for a certificate; return the numbers of all that are shown."""
    browser.get("/hours/certificates").send("/hours/certificates", year=list(years))
    return re.findall(r'href="/hours/certificates/([0-9X]{21})\.pdf"', browser.text)


def test_a_certificate_is_issued_once_printed_and_found_by_its_code(
    holder: Browser, visitors: Visitors
) -> None:
    none = "还没有证明" in holder.get("/hours/certificates").text
    [number] = issued(holder, "2024", "2026")
    text = holder.text
    again = issued(holder, "2024", "2026")
    before = "已有一份有效的证明" in holder.text
    [code] = re.findall(r'href="(/[Cc]/[0-9A-Z]{26})"', holder.text)
    paper = holder.get(f"/hours/certificates/{number}.pdf").page
    public = holder.get(code).text

    assert none
    assert "证明已开具" in text
    assert "84.00 学时" in text
    assert "有效" in text
    assert (again, before) == ([number], True)
    assert paper is not None
    assert (paper.mimetype, paper.data[:5]) == ("application/pdf", b"%PDF-")
    assert "84.00" in public
    other = visitors.professional(92)
    stranger = sign_in(Browser(visitors.bank), other.document.number, "resident_id")
    assert stranger.get(f"/hours/certificates/{number}.pdf").status == 404
    assert "还没有可以证明的学时" in stranger.get("/hours/certificates").text


def test_new_hours_supersede_it_and_a_revoked_one_is_not_printed(
    holder: Browser, bank: TestBank
) -> None:
    [first] = issued(holder, "2024")
    revoke(bank, first)
    revoked = "已撤销" in holder.get("/hours/certificates").text
    statuses = holder.get(f"/hours/certificates/{first}.pdf").status
    [second] = issued(holder, "2026")
    bank.imported([RecordRow(invented_person(91), 2026, "public", 800)])
    bank.seal()
    superseded = "已被取代" in holder.get("/hours/certificates").text

    assert (revoked, statuses) == (True, 409)
    assert superseded
    assert second != first


@pytest.mark.parametrize(
    ("sent", "status"),
    [({"year": []}, 422), ({"year": ["1999"]}, 400), ({"scheme": "cn-33"}, 400)],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_nothing_is_issued_for_what_is_not_offered(
    holder: Browser, sent: dict[str, str | list[str]], status: int
) -> None:
    holder.get("/hours/certificates").send("/hours/certificates", **({"year": ["2024"]} | sent))

    assert holder.status == status
    assert "还没有证明" in holder.get("/hours/certificates").text
