"""A record is erased by two officials, by acts that name nobody."""

import threading

import pytest
from sqlalchemy import select

from creditbank.crediting.erasing import (
    Erasure,
    ErasureOverError,
    ErasurePersonDiffersError,
    ErasureState,
    ErasureUnknownError,
    approve_erasure,
    erasure_numbered,
    erasures_page,
    propose_erasure,
    withdraw_erasure,
)
from creditbank.errors import CreditBankError
from creditbank.ids import JurisdictionInvalidError
from creditbank.ledger.journal import details_of
from creditbank.ledger.models import Act
from creditbank.people.models import PersonSecret
from creditbank.people.register import Identity, IdentityMismatchError, PersonUnknownError
from creditbank.registry.publishing import SecondPersonWantedError
from tests.acts import key_of
from tests.bank import NOW, SEMINAR_DAYS, TestBank, attendance, invented_person

LI, WANG = invented_person(1), invented_person(2)


def proposed(bank: TestBank, person: Identity = LI, region: str = "cn-3710") -> str:
    with bank.unit() as session:
        wanted = Erasure(person, region, "wang", "删2026-1")
        return propose_erasure(session, bank.house.vault, wanted, now=NOW)


def approved(bank: TestBank, number: str, person: Identity = LI, actor: str = "zhao") -> None:
    with bank.unit() as session:
        approve_erasure(session, bank.house.vault, number, person, actor=actor, now=NOW)


def withdrawn(bank: TestBank, number: str, actor: str = "zhao") -> None:
    with bank.unit() as session:
        withdraw_erasure(session, number, actor=actor, reason="本人撤回申请", now=NOW)


def is_readable(bank: TestBank, person: Identity) -> bool:
    key = key_of(bank, person)
    with bank.reading() as session:
        return session.get_one(PersonSecret, key).secret_cipher is not None


@pytest.fixture
def known(bank: TestBank) -> TestBank:
    """A bank with hours of both."""
    bank.post(bank.approved_filing(), attendance([LI, WANG], SEMINAR_DAYS[:1]))
    return bank


def test_nothing_is_erased_until_another_approves_the_same_person(known: TestBank) -> None:
    number = proposed(known)
    waiting = is_readable(known, LI)
    for person, actor, error in (
        (LI, "wang", SecondPersonWantedError), (WANG, "zhao", ErasurePersonDiffersError),
        (Identity(LI.document, "别的人"), "zhao", IdentityMismatchError),
        (invented_person(77), "zhao", PersonUnknownError),
    ):  # fmt: skip
        with pytest.raises(error):
            approved(known, number, person, actor)
    untouched = is_readable(known, LI)
    approved(known, number)

    assert (waiting, untouched, is_readable(known, LI), is_readable(known, WANG)) == (
        True, True, False, True,
    )  # fmt: skip
    with known.reading() as session:
        query = select(Act).where(Act.subject == number).order_by(Act.act_id)
        before, after = session.scalars(query).all()
        told = erasure_numbered(session, number)
        said = str([details_of(before), details_of(after)])
    assert (before.kind, before.actor) == ("person.erasure-proposed", "wang")
    assert (after.kind, after.actor) == ("person.erased", "zhao")
    assert details_of(after) == {"case_no": "删2026-1", "files": 0}
    assert before.leaf.hex() in after.cites
    assert (told.state, told.ended_by) == (ErasureState.ERASED, "zhao")
    assert not any(word in said for word in (LI.name, LI.document.number, str(key_of(known, LI))))
    known.seal()
    assert known.fsck() == []


def test_a_proposal_that_was_ended_is_ended_once(known: TestBank) -> None:
    done, dropped = proposed(known, WANG), proposed(known)
    approved(known, done, WANG)
    withdrawn(known, dropped, actor="wang")

    for ended, person in ((done, WANG), (dropped, LI)):
        with pytest.raises(ErasureOverError):
            approved(known, ended, person)
        with pytest.raises(ErasureOverError):
            withdrawn(known, ended)
    with pytest.raises(ErasureUnknownError):
        withdrawn(known, "E000000000")
    with pytest.raises(JurisdictionInvalidError):
        proposed(known, region="cn-371")

    assert (is_readable(known, LI), is_readable(known, WANG)) == (True, False)
    with known.reading() as session:
        mine, foreign = (erasures_page(session, each, None, 9) for each in ("cn-37", "cn-33"))
    assert {each.erasure_no: each.state for each in mine} == {
        done: ErasureState.ERASED, dropped: ErasureState.WITHDRAWN,
    }  # fmt: skip
    assert foreign == []
    assert [each.reason for each in mine if each.erasure_no == dropped] == ["本人撤回申请"]


def test_of_an_approval_and_a_withdrawal_at_once_one_is_refused(known: TestBank) -> None:
    number, vault = proposed(known), known.house.vault
    refused: list[CreditBankError] = []

    def withdrawing() -> None:
        with known.app.app_context():
            try:
                withdrawn(known, number)
            except CreditBankError as error:
                refused.append(error)

    other = threading.Thread(target=withdrawing)
    with known.unit() as session:
        approve_erasure(session, vault, number, LI, actor="zhao", now=NOW)
        other.start()
        other.join(0.5)
        waits = other.is_alive()
    other.join()

    assert waits
    assert [each.code for each in refused] == ["erasure-over"]
    with known.reading() as session:
        kinds = session.scalars(select(Act.kind).where(Act.subject == number)).all()
    assert sorted(kinds) == ["person.erased", "person.erasure-proposed"]
