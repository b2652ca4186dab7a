"""The counter at which certificates are ordered in tests: one call for each act."""

import os
from collections.abc import Callable, Sequence
from datetime import datetime

import pytest

from creditbank.certificates.facts import Facts
from creditbank.certificates.fonts import FontMissingError
from creditbank.certificates.issuing import (
    Issued,
    Order,
    RevocationReason,
    issue_certificate,
    revoke_certificate,
)
from creditbank.certificates.opening import Opened, certificate_numbered, open_certificate
from creditbank.certificates.press import Press
from creditbank.crediting.imports import RecordRow
from creditbank.people.register import Identity, find_person
from tests.bank import NOW, TestBank, attendance, invented_person

HOLDER = Identity(invented_person(1).document, "欧阳示例")
OFFICIAL = "official-test"


def with_hours(bank: TestBank, person: Identity = HOLDER) -> None:
    """Credit 90 and 82.5 hours from before the bank and a seminar of 24, and seal them."""
    bank.imported(
        [
            RecordRow(person, 2024, "public", 3_000),
            RecordRow(person, 2024, "professional", 6_000),
            RecordRow(person, 2025, "public", 3_000),
            RecordRow(person, 2025, "professional", 5_250),
        ]
    )
    bank.post(bank.approved_filing(), attendance([person]))
    bank.seal()


def issue(
    bank: TestBank,
    years: Sequence[int] = (2024, 2025, 2026),
    *,
    person: Identity = HOLDER,
    now: datetime = NOW,
    valid_days: int = 0,
    check: Callable[[Facts], None] = lambda _facts: None,
) -> Issued:
    """Issue a certificate in a unit of work of its own."""
    with bank.unit() as session:
        person_id = find_person(session, bank.house.vault, person)
        order = Order(person_id, "cn-3710", tuple(years), valid_days, check)
        return issue_certificate(session, bank.house.vault, order, actor=OFFICIAL, now=now)


def revoke(
    bank: TestBank, number: str, reason: RevocationReason = RevocationReason.ISSUED_IN_ERROR
) -> None:
    """Revoke a certificate in a unit of work of its own."""
    with bank.unit() as session:
        found = certificate_numbered(session, number)
        revoke_certificate(session, found, reason, case_no="2026-17", actor=OFFICIAL, now=NOW)


def opened(bank: TestBank, number: str, *, now: datetime = NOW) -> Opened:
    """Open a certificate."""
    with bank.reading() as session:
        return open_certificate(
            session, bank.house.vault, certificate_numbered(session, number), now=now
        )


def press_at_hand() -> Press:
    """Return a press, or skip where the machine has no Chinese type; in CI that is a failure."""
    press = Press("")
    try:
        press.typesetter.typefaces  # noqa: B018 # finds them
    except FontMissingError:
        if os.environ.get("CI"):
            raise
        pytest.skip("no Chinese type here: apt-get install fonts-noto-cjk")
    return press
