"""A professional makes a code, a committee types it, the person sees the use, and revokes it."""

import re
from datetime import timedelta

import pytest

from creditbank.clock import civil_day, utc_now
from creditbank.registry.clients import Role
from tests.bank import invented_person
from tests.web.browser import Browser
from tests.web.test_queries_pages import words
from tests.web.test_verdict_pages import NUMBER
from tests.web.visitors import Visitors, sign_in

PERSON = invented_person(91)
HERE = "/hours/codes"
TITLE = "/verdicts/code?scheme=cn-3710&series=engineering&level=associate_senior&day=2027-03-15"

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def holder(visitors: Visitors) -> Browser:
    return sign_in(Browser(visitors.bank), visitors.professional().document.number, "resident_id")


def day(days: int) -> str:
    return (civil_day(utc_now()) + timedelta(days=days)).isoformat()


def made(holder: Browser, **typed: str) -> tuple[str, str]:
    """Make a code by the page; return its number and its text."""
    fields = {"purpose": "应聘工程师", "disclose": "summary", "valid_through": day(30)}
    holder.get(HERE).send(f"{HERE}/new", **(fields | {"uses_max": "1"} | typed))
    assert holder.status == 200, holder.text
    code = re.findall(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}", holder.text)[0]
    return re.findall(r"H[0-9A-Z]{9}", holder.text)[0], code


def test_a_code_is_made_shown_once_typed_by_a_committee_and_seen(
    visitors: Visitors, holder: Browser
) -> None:
    empty = holder.get(HERE).text
    code_no, code = made(holder)
    shown_with_qr = 'class="qr"' in holder.text
    listed = holder.get(HERE).text
    committee = visitors.seated(Role.TITLE_SYSTEM)
    offered = committee.get("/verdicts/code").text
    committee.get(TITLE).send("/verdicts/code", code=code)
    answer, number = words(committee), NUMBER.findall(committee.path)[0]
    again = committee.get(TITLE).send("/verdicts/code", code=code)
    seen = words(holder.get("/hours/queries"))
    after = words(holder.get(HERE))

    assert "还没有查验码" in empty
    assert shown_with_qr
    assert code not in listed, "shown once"
    assert code_no in listed
    assert 'value="cn-3710"' in offered, "without any mandate"
    assert PERSON.name in answer
    assert PERSON.document.number not in answer
    assert code_no in answer
    assert (again.status, "查验码无效" in again.text) == (403, True)
    assert "凭您的查验码" in seen
    assert "应聘工程师" in seen
    assert "威海市职称评审系统" in seen
    assert number in after
    assert "次数已用完" in after


def test_a_code_is_extended_and_revoked(visitors: Visitors, holder: Browser) -> None:
    code_no, code = made(holder)
    committee = visitors.seated(Role.TITLE_SYSTEM)
    committee.get(TITLE).send("/verdicts/code", code=code)
    extension = f"{HERE}/{code_no}/extension"
    too_late = holder.get(HERE).send(extension, valid_through=day(200), uses_max="2").status
    holder.get(HERE).send(extension, valid_through=day(60), uses_max="2")
    extended = words(holder)
    second = committee.get(TITLE).send("/verdicts/code", code=code).status
    holder.get(HERE).send(f"{HERE}/{code_no}/revocation")
    third = committee.get(TITLE).send("/verdicts/code", code=code).status

    assert too_late == 422
    assert "已延长" in extended
    assert (second, third) == (200, 403)
    assert "已撤销" in words(holder)


def test_what_is_no_code_is_said_at_the_form(visitors: Visitors, holder: Browser) -> None:
    refusals = [
        holder.get(HERE).send(
            f"{HERE}/new", **({"purpose": "应聘", "valid_through": day(9), "uses_max": "1"} | wrong)
        ).status
        for wrong in ({"purpose": ""}, {"valid_through": day(-1)}, {"uses_max": "0"})
    ]  # fmt: skip
    committee = visitors.seated(Role.TITLE_SYSTEM)
    nothing = committee.get(TITLE).send("/verdicts/code", code="").status
    unknown_title = committee.get(TITLE.replace("cn-3710", "cn-9999")).status

    assert refusals == [422, 422, 422]
    assert (nothing, unknown_title) == (422, 404)
