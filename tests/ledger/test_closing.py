"""A log that must not be signed any more is closed where it stands; the next one takes its rows."""

import pytest

from creditbank.auditing import audit
from creditbank.db import unit_of_work
from creditbank.ledger.audited import audited_now
from creditbank.ledger.checkpoint import vkey
from creditbank.ledger.merkle import EMPTY_ROOT
from creditbank.ledger.proving import head_of, listed_logs
from creditbank.ledger.seal import Closure, close_logs, open_epoch_if_restored
from creditbank.people.register import secret_states
from tests.acts import seal_all
from tests.bank import HOST, NOW, TestBank, attendance, invented_person

HERE, NEXT = f"{HOST}/ledger/cn-3710/2026", f"{HOST}/ledger/cn-3710/2027"


def close(bank: TestBank, *origins: str) -> None:
    public_key = bank.house.log_key(None).public_key()
    closures = [Closure(origin, vkey(origin, public_key)) for origin in origins]
    with unit_of_work("sealer") as session:
        close_logs(session, bank.house.sealer(HOST), closures, now=NOW)


def sizes(bank: TestBank) -> dict[str, tuple[int, bool]]:
    with bank.reading() as session:
        return {
            log.origin: (log.size, log.frozen)
            for log in listed_logs(session)
            if "cn-3710" in log.origin
        }


def test_a_closed_log_never_grows_and_the_next_years_takes_its_rows(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    seal_all(bank)
    kept = sizes(bank)[HERE][0]

    close(bank, HERE)
    bank.post(filing_no, attendance([invented_person(1)]))
    seal_all(bank)

    assert sizes(bank) == {HERE: (kept, True), NEXT: (3, False)}
    assert bank.fsck() == []


def test_a_log_that_is_known_elsewhere_alone_is_opened_empty_and_never_grows(
    bank: TestBank,
) -> None:
    filing_no = bank.approved_filing()
    seal_all(bank)

    close(bank, NEXT, HERE)
    with bank.reading() as session:
        checked = audited_now(session, before=None, now=NOW)
    bank.post(filing_no, attendance([invented_person(1)]))
    seal_all(bank)

    assert sizes(bank)[NEXT] == (0, True)
    assert sizes(bank)[f"{HOST}/ledger/cn-3710/2028"] == (3, False)
    assert bank.fsck() == []
    with bank.reading() as session:
        states = lambda people: secret_states(session, bank.house.vault, people)  # noqa: E731
        assert list(audit(session, states, None, checked)) == []
        assert head_of(session, NEXT).checkpoint.root == EMPTY_ROOT


def test_logs_may_be_closed_before_anything_was_sealed(bank: TestBank) -> None:
    close(bank, HERE)
    seal_all(bank)

    assert sizes(bank)[HERE] == (0, True)
    assert bank.fsck() == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_who_restored_opens_an_epoch_in_the_same_server_too(bank: TestBank) -> None:
    bank.approved_filing()
    with unit_of_work("sealer") as session:
        open_epoch_if_restored(session, now=NOW)
        open_epoch_if_restored(session, now=NOW, restored=True)
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([invented_person(1)]))
    seal_all(bank)

    assert bank.fsck() == []
