"""Whoever holds people's secrets can post what hashes right and no account allows: sums name it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from creditbank.crediting.fold import post_moves_on
from creditbank.ledger.audited import Audited, Since, audited_now
from creditbank.ledger.disagreement import Disagreement, Progress
from creditbank.ledger.fsck import check_ledger
from creditbank.ledger.models import Act, Entry, Movement, PackPins, Source, State
from creditbank.ledger.posting import (
    CreditDraft,
    MoveDraft,
    PostingContext,
    credits_of,
    pins_from_text,
    post_credits,
)
from creditbank.ledger.quick_sheets import Written
from creditbank.people.register import secret_states, secrets_of
from tests.acts import (
    approve,
    end_investigation,
    investigate,
    key_of,
    roster,
    seal_all,
    withdraw,
)
from tests.bank import NOW, TestBank, found_test_bank, invented_person
from tests.conftest import Database
from tests.force import drop_guards

DAYS = tuple(date(2026, 11, day) for day in (9, 10, 11, 12, 13))
PERSON, OTHER = invented_person(1), invented_person(2)
SCHEME = "cn-3710"
States = tuple[State, State]
#: Movements on the credits of one person, each kind of credit that there is.
SHAPES = (
    (), ("cap",), ("freeze",), ("freeze", "release"), ("reverse",), ("cap", "reverse", "uncap"),
)  # fmt: skip


@pytest.fixture
def bank(database: Database, tmp_path: Path) -> Iterator[TestBank]:
    """Found a bank of two people who have credits that were moved in every way."""
    made = found_test_bank(database.settings(tmp_path / "home"))
    whole, second = approve(made, DAYS, seats=3), approve(made, DAYS[:2], seats=3)
    for filing_no, minutes, days in ((whole, 300, DAYS), (second, 270, DAYS[:2])):
        made.post(filing_no, roster([(p, d, minutes) for p in (PERSON, OTHER) for d in days]))
    withdraw(made, whole, PERSON, [DAYS[0], DAYS[2]])
    withdraw(made, second, PERSON, [DAYS[0]])
    made.post(whole, roster([(PERSON, DAYS[2], 240)]))
    investigate(made, whole, PERSON, f"{whole}/4")
    end_investigation(made, investigate(made, whole, PERSON, f"{whole}/5"))
    seal_all(made)
    yield made
    made.close()


@dataclass(frozen=True, slots=True)
class Credits:
    """Credits of one person, by the movements on them, and what posting on them needs."""

    session: Session
    by_shape: dict[tuple[str, ...], Entry]
    secrets: dict[int, bytes]

    def move(self, shape: tuple[str, ...], kind: Movement, centihours: int, step: int = 5) -> None:
        """Post a movement on a credit, hashed as an honest one."""
        credit = self.by_shape[shape]
        draft = MoveDraft(credit, kind, centihours, step, credit.pins_id, reason="none")
        post_moves_on(self.session, [draft], self.secrets, now=NOW)

    def move_elsewhere(self, shape: tuple[str, ...], kind: Movement, states: States) -> None:
        """Post one between accounts that are not of its kind."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("creditbank.ledger.posting.ACCOUNTS_OF", {kind: states})
            self.move(shape, kind, 10)

    def move_as(self, shape: tuple[str, ...], kind: Movement, **terms: object) -> None:
        """Post one in terms that its credit does not have."""
        credit = self.by_shape[shape]
        with self.session.no_autoflush:
            for name, value in terms.items():
                setattr(credit, name, value)
            self.move(shape, kind, 10)
            self.session.expire(credit)

    def credit(self, like: Entry, revision: int, centihours: int, occasion: str = "") -> None:
        """Post a credit like one that is there, hashed as an honest one."""
        source = self.session.get_one(Source, like.source_id)
        chain = self.session.get_one(PackPins, like.pins_id)
        leaf = self.session.get_one(Act, source.act_id).leaf
        pins = pins_from_text(chain.pins)
        context = PostingContext(source.source_id, leaf, chain.pins_id, pins, NOW)
        draft = CreditDraft(
            like.person_id, like.scheme, like.credited_year, like.subject, like.earned_on,
            occasion or like.occasion, revision, centihours, "{}",
        )  # fmt: skip
        post_credits(self.session, [draft], context, self.secrets)


#: Posts what no honest poster would.
Attack = Callable[[Credits], object]


def on_credits(bank: TestBank, session: Session) -> Credits:
    person_id = key_of(bank, PERSON)
    entries = credits_of(session, [person_id], SCHEME)
    by_shape: dict[tuple[str, ...], Entry] = {}
    for credit in sorted(entries, key=lambda each: (each.occasion, each.revision)):
        if credit.movement == "credit":
            key = (credit.occasion, credit.revision)
            moves = [e.movement for e in entries if (e.occasion, e.revision) == key and e != credit]
            by_shape.setdefault(tuple(sorted({*moves})), credit)
    return Credits(session, by_shape, dict(secrets_of(session, bank.house.vault, [person_id])))


@contextmanager
def attacked(bank: TestBank, database: Database, attack: Attack) -> Iterator[Session]:
    """Post, where no guard stands in the way, and take everything back at the end."""
    engine = create_engine(database.owner_url)
    with engine.connect() as connection:
        if database.kind == "sqlite":
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        drop_guards(connection)
        session = Session(connection)
        attack(on_credits(bank, session))
        yield session
        session.rollback()
        connection.rollback()
    engine.dispose()


def fsck(bank: TestBank, session: Session, since: Audited | None = None) -> list[Disagreement]:
    states = lambda people: secret_states(session, bank.house.vault, people)  # noqa: E731
    begun = Since(session, since) if since else None
    return list(check_ledger(session, states, Progress(), begun))


def row_by_row(
    bank: TestBank, session: Session, since: Audited | None = None
) -> list[Disagreement]:
    """Check everybody as if the sums of many people told nothing."""

    def everybody(sheets: list[Written], _copied: object) -> set[int]:
        return {person_id for _, people, _ in sheets for person_id in people}

    with pytest.MonkeyPatch.context() as patch:
        for module in ("quick_order", "quick_sums"):
            patch.setattr(f"creditbank.ledger.{module}.rare_shapes", everybody)
        return fsck(bank, session, since)


def test_every_shape_is_there_and_is_sound(bank: TestBank) -> None:
    with bank.reading() as session:
        assert set(on_credits(bank, session).by_shape) == {*SHAPES}

        assert fsck(bank, session) == row_by_row(bank, session) == []


def test_nobody_whose_sums_are_right_is_looked_at_one_by_one(bank: TestBank) -> None:
    looked_at: set[int] = set()

    def rows_of(_session: Session, people: list[int]) -> dict[int, object]:
        looked_at.update(people)
        return {}

    with bank.reading() as session, pytest.MonkeyPatch.context() as patch:
        patch.setattr("creditbank.ledger.fsck_people._rows_of", rows_of)
        assert fsck(bank, session) == []

    assert looked_at == set()


#: What is done, and what fsck has to call it among others.
ATTACKS: dict[str, tuple[Attack, str]] = {
    "caps more than is live": (
        lambda on: on.move(("cap",), Movement.CAP, 9_000), "fsck-account-negative",
    ),
    "a cap lets go twice": (
        lambda on: on.move(("cap", "reverse", "uncap"), Movement.UNCAP, 1), "fsck-account-negative",
    ),
    "lets go what another holds": (
        lambda on: on.move(("freeze",), Movement.UNCAP, 1), "fsck-account-negative",
    ),
    "releases twice": (
        lambda on: on.move(("freeze", "release"), Movement.RELEASE, 1), "fsck-account-negative",
    ),
    "takes back twice": (
        lambda on: on.move(("reverse",), Movement.REVERSE, 1), "fsck-account-negative",
    ),
    "takes back what is frozen": (
        lambda on: on.move(("freeze",), Movement.REVERSE, 1), "fsck-account-negative",
    ),
    "takes back in secret": (lambda on: on.move((), Movement.REVERSE, 1), "fsck-use"),
    "caps in the name of another source": (
        lambda on: on.move_as(("freeze", "release"), Movement.CAP, source_id=2), "fsck-entry-terms",
    ),
    "takes back in the name of another source": (
        lambda on: on.move_as(("freeze", "release"), Movement.REVERSE, source_id=2),
        "fsck-entry-terms",
    ),
    "caps in another year": (
        lambda on: on.move_as(("cap",), Movement.CAP, credited_year=2025), "fsck-entry-terms",
    ),
    "freezes of another subject": (
        lambda on: on.move_as((), Movement.FREEZE, subject="public"), "fsck-entry-terms",
    ),
    "releases of another day": (
        lambda on: on.move_as(("freeze",), Movement.RELEASE, earned_on=date(2025, 1, 1)),
        "fsck-entry-terms",
    ),
    "credits by a movement that is none": (
        lambda on: on.move_elsewhere(("cap",), Movement.UNCAP, (State.ISSUED, State.LIVE)),
        "fsck-entry-terms",
    ),
    "takes back by a movement that is none": (
        lambda on: on.move_elsewhere(("freeze",), Movement.CAP, (State.FROZEN, State.ISSUED)),
        "fsck-entry-terms",
    ),
    "caps what is frozen": (
        lambda on: on.move_elsewhere(("cap",), Movement.CAP, (State.FROZEN, State.CAPPED)),
        "fsck-account-negative",
    ),
    "revised though it stands": (
        lambda on: on.credit(on.by_shape["cap",], 1, 50), "fsck-revision-early",
    ),
    "revised though frozen": (
        lambda on: on.credit(on.by_shape["freeze",], 1, 50), "fsck-revision-early",
    ),
    "a revision of nothing": (
        lambda on: on.credit(on.by_shape["reverse",], 2, 50), "fsck-revision-early",
    ),
    "a revision of a revision that stands": (
        lambda on: (
            on.credit(on.by_shape["cap", "reverse", "uncap"], 1, 50),
            on.credit(on.by_shape["cap", "reverse", "uncap"], 2, 50),
        ),
        "fsck-revision-early",
    ),
    "beyond what a person may have": (
        lambda on: on.credit(on.by_shape["cap",], 0, 900_000, "elsewhere"), "fsck-bound",
    ),
    "credited again in secret": (
        lambda on: on.credit(on.by_shape["cap", "reverse", "uncap"], 1, 50), "fsck-use",
    ),
}  # fmt: skip


@pytest.mark.parametrize("rows_at_once", [1, 10_000])
def test_what_no_account_allows_is_named(
    bank: TestBank, database: Database, rows_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("creditbank.ledger.fsck._BATCH", rows_at_once)
    with bank.reading() as session:
        before = audited_now(session, before=None, now=NOW)
    unnamed = []
    for name, (attack, code) in ATTACKS.items():
        with attacked(bank, database, attack) as session:
            for since in (None, before)[:rows_at_once]:
                found = fsck(bank, session, since)
                if code not in {e.code for e in found} or found != row_by_row(bank, session, since):
                    unnamed.append((name, since is None, found))

    assert unnamed == []
