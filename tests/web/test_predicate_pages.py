"""A professional makes a code for a bare yes or no; a committee asks, and sees nothing else."""

import re
from datetime import timedelta

import pytest

from creditbank.clock import civil_day, utc_now
from creditbank.registry.clients import Role
from tests.bank import invented_person
from tests.web.browser import Browser
from tests.web.test_own_codes import made
from tests.web.test_queries_pages import words
from tests.web.visitors import Visitors, sign_in

PERSON = invented_person(91)
HERE = "/predicates/code"
YEAR = str(civil_day(utc_now() - timedelta(days=1)).year)
NUMBER = re.compile(r"Y[0-9A-Z]{19}")

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def holder(visitors: Visitors) -> Browser:
    return sign_in(Browser(visitors.bank), visitors.professional().document.number, "resident_id")


def asked(committee: Browser, code: str, /, **typed: str) -> Browser:
    claim = {
        "code": code, "scheme": "cn-3710", "subject": "professional", "at_least": "1.00",
        "first_year": YEAR, "last_year": YEAR, "per": "year",
    }  # fmt: skip
    return committee.get(HERE).send(HERE, **(claim | typed))


def test_a_bare_yes_or_no_is_asked_by_a_code_and_seen_by_the_person(
    visitors: Visitors, holder: Browser
) -> None:
    code_no, code = made(holder, disclose="predicate", uses_max="2")
    paper = words(holder)
    committee = visitors.seated(Role.TITLE_SYSTEM)
    answer = words(asked(committee, code))
    number = NUMBER.findall(committee.path)[0]
    file = committee.get(f"/predicates/{number}/answer.jws").text
    listed = committee.get("/verdicts").text
    seen = words(holder.get("/hours/queries"))
    codes = words(holder.get("/hours/codes"))

    assert "仅“是”或“否”" in paper
    assert HERE in paper
    assert "每年“专业科目”已计学时均不少于 1.00" in answer
    for told in (PERSON.name, PERSON.document.number, PERSON.document.number[-4:] + "）"):
        assert told not in answer
    assert code_no in answer
    assert file.count(".") == 2
    assert f'href="/predicates/{number}"' in listed
    for shown in ("仅“是”或“否”", "已计学时均不少于 1.00", "应聘工程师", number):
        assert shown in seen
    assert "仅“是”或“否”" in codes


def test_the_document_on_the_table_is_compared_with_the_code(
    visitors: Visitors, holder: Browser
) -> None:
    _, code = made(holder, disclose="predicate", uses_max="2")
    committee = visitors.seated(Role.TITLE_SYSTEM)
    other = invented_person(92)
    typed = {"document_kind": "resident_id", "document_number": other.document.number}

    answer = words(asked(committee, code, **typed, person_name=other.name))

    assert "尚不能确定" in answer
    assert "不是同一人" in answer


def test_a_code_for_yes_or_no_opens_no_verdict_and_a_wrong_form_says_why(
    visitors: Visitors, holder: Browser
) -> None:
    _, code = made(holder, disclose="predicate")
    committee = visitors.seated(Role.TITLE_SYSTEM)
    title = "/verdicts/code?scheme=cn-3710&series=engineering&level=associate_senior&day=2027-03-15"
    committee.get(title).send("/verdicts/code", code=code)
    verdict = committee.status, "超出查验码允许的范围" in committee.text
    wrong = [
        asked(committee, code, **each).status
        for each in (
            {"code": ""}, {"at_least": ""}, {"at_least": "ten"}, {"first_year": ""},
            {"subject": "Not a subject"}, {"last_year": "2199"},
        )
    ]  # fmt: skip

    assert verdict == (403, True)
    assert wrong == [422] * 6
