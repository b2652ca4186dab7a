"""Erasing a record by the pages: one official proposes, another states the person and approves."""

import pytest

from creditbank.people.models import PersonSecret
from creditbank.people.register import Identity
from creditbank.registry.clients import Role
from tests.acts import key_of
from tests.bank import SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.web.browser import Browser
from tests.web.test_organisations_desk import words
from tests.web.visitors import Visitors

LI, WANG = invented_person(1), invented_person(2)
DESK = "/desk/erasures"
#: The room behind these pages is tested on both.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def stated(person: Identity, **said: str) -> dict[str, str]:
    return {
        "document_kind": str(person.document.kind), "document_number": person.document.number,
        "person_name": person.name, "compared": "yes", **said,
    }  # fmt: skip


def propose(official: Browser, **said: str) -> str:
    """Fill in the form; return the page that it leads to."""
    return official.get(DESK).send(DESK, **stated(LI, case_no="删2026-1", **said)).path


def test_one_proposes_and_another_approves_the_same_person(
    bank: TestBank, visitors: Visitors
) -> None:
    bank.post(bank.approved_filing(), attendance([LI, WANG], SEMINAR_DAYS[:1]))
    first = visitors.seated(Role.OFFICIAL)
    visitors.staff("colleague", visitors.seat(Role.OFFICIAL))
    second = visitors.signed_in("colleague", factor=True)

    unticked = propose(first, compared=""), first.status
    page = propose(first)
    proposed, offered = words(first), f"{page}/approval" in first.forms()
    listed = words(second.get(DESK))
    wrong = second.get(page).send(f"{page}/approval", **stated(WANG))
    differs = second.status, "与提议清除的不是同一份档案" in wrong.text
    done = words(second.get(page).send(f"{page}/approval", **stated(LI)))
    with bank.reading() as session:
        secret = session.get_one(PersonSecret, key_of(bank, LI)).secret_cipher

    assert unticked == (DESK, 422)
    assert page.startswith(f"{DESK}/E")
    assert "须由另一名经办人批准" in proposed
    assert not offered
    assert "待另一人批准" in listed
    assert differs == (409, True)
    assert "已清除，不可恢复" in done
    assert secret is None
    assert not any(LI.name in each for each in (proposed, listed, done))


def test_a_proposal_is_taken_back_with_a_reason_and_says_so(
    bank: TestBank, visitors: Visitors
) -> None:
    bank.post(bank.approved_filing(), attendance([LI], SEMINAR_DAYS[:1]))
    official = visitors.seated(Role.OFFICIAL)
    page = propose(official)

    silent = official.send(f"{page}/withdrawal", reason="").status
    done = words(official.get(page).send(f"{page}/withdrawal", reason="本人撤回申请"))

    assert silent == 422
    assert "没有清除任何内容" in done
    assert "本人撤回申请" in done
    assert f"{page}/withdrawal" not in official.forms()
