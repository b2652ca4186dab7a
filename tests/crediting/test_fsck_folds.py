"""A check that counts caps again names what no law gives, though every row is as it was posted."""

from datetime import date, timedelta
from importlib.resources import files

import pytest
from sqlalchemy import select

from creditbank.auditing import audit
from creditbank.crediting.fold import post_moves_on
from creditbank.crediting.links import LinkFinding, record_finding
from creditbank.ledger.audited import Audited, audited_now
from creditbank.ledger.disagreement import FOLDS, PHASES, Disagreement, Progress
from creditbank.ledger.models import Entry, Movement
from creditbank.ledger.posting import MoveDraft
from creditbank.people.register import (
    Identity,
    erase_secret,
    find_people,
    secret_states,
    secrets_of,
)
from tests.acts import approve, end_investigation, investigate, publish, roster, withdraw
from tests.bank import NOW, TestBank, invented_person

DAY = date(2026, 11, 10)
PERSON, OTHER, THIRD = (invented_person(number) for number in (1, 2, 3))


def fsck(bank: TestBank, audited: Audited | None = None) -> list[Disagreement]:
    progress = Progress(phases=(*PHASES, FOLDS))
    with bank.reading() as session:
        states = lambda people: secret_states(session, bank.house.vault, people)  # noqa: E731
        return list(audit(session, states, progress, audited, folds=True))


@pytest.fixture
def twice(bank: TestBank) -> TestBank:
    """Two full days where one can count: a cap holds the difference."""
    for minutes in (270, 300):
        filing_no = approve(bank, [DAY], seats=3)
        bank.post(filing_no, roster([(each, DAY, minutes) for each in (PERSON, OTHER)]))
    with bank.reading() as session:
        assert session.scalars(select(Entry).where(Entry.movement == "cap")).all()
    return bank


def cap_by_mistake(bank: TestBank, person: Identity = PERSON) -> None:
    """Post what no rule asks for, with all that an honest entry has, on somebody's first credit."""
    with bank.unit() as session:
        [person_id] = find_people(session, bank.house.vault, [person.document]).values()
        credits_ = select(Entry).where(Entry.movement == "credit", Entry.person_id == person_id)
        credit = session.scalars(credits_.order_by(Entry.occasion).limit(1)).one()
        known = secrets_of(session, bank.house.vault, [person_id])
        draft = MoveDraft(credit, Movement.CAP, 1, 7, credit.pins_id, reason="cap.day")
        post_moves_on(session, [draft], known, now=NOW)


def test_what_caps_hold_by_the_rules_agrees(twice: TestBank) -> None:
    assert fsck(twice) == []


def test_a_cap_that_no_rule_asks_for_is_named(twice: TestBank) -> None:
    cap_by_mistake(twice)

    assert twice.fsck() == []
    assert [each.code for each in fsck(twice)] == ["fsck-fold"]


@pytest.mark.parametrize("mistaken", [False, True])
def test_what_was_taken_back_frozen_or_let_go_again_is_folded_as_it_is_now(
    bank: TestBank, mistaken: bool
) -> None:
    taken, frozen, cleared = (approve(bank, [DAY], seats=3) for _ in range(3))
    for person, filing_no in ((PERSON, taken), (OTHER, frozen), (THIRD, cleared)):
        for each, minutes in ((filing_no, 300), (approve(bank, [DAY]), 270)):
            bank.post(each, roster([(person, DAY, minutes)]))
    withdraw(bank, taken, PERSON)
    investigate(bank, frozen, OTHER)
    end_investigation(bank, investigate(bank, cleared, THIRD))
    if mistaken:
        cap_by_mistake(bank, THIRD)  # the only one of whom every credit is live

    with bank.reading() as session:
        moved = set(session.scalars(select(Entry.movement)))
    assert moved == {str(each) for each in Movement}
    assert [each.code for each in fsck(bank)] == ["fsck-fold"] * mistaken


def test_linked_keys_are_folded_together(bank: TestBank) -> None:
    for person in (PERSON, OTHER):
        bank.post(approve(bank, [DAY]), roster([(person, DAY, 300)]))
    with bank.unit() as session:
        finding = LinkFinding(PERSON, OTHER, True, "cn-3710", "official-test")
        assert record_finding(session, bank.house.vault, finding, now=NOW).capped_centihours

    assert fsck(bank) == []


def test_a_later_law_leaves_what_was_posted_before(twice: TestBank) -> None:
    content = (files("creditbank_seeds") / "packs" / "cn-3710.toml").read_text(encoding="utf-8")
    later = """
[[rule]]
key       = "cap.day_across_providers"
from      = 2026-01-01
replaces  = 2022-11-16
value     = { per = "day", hours = "2", order = 10 }
basis     = "assumption"
reason    = "试验用的较低上限。"
reason_en = "A lower cap, for a test."
"""
    publish(
        twice,
        content.replace("version      = 1\n", "version      = 2\n") + later,
        now=NOW + timedelta(minutes=1),
    )

    assert fsck(twice) == []
    bank = twice
    after = NOW + timedelta(hours=1)
    bank.post(approve(bank, [DAY], now=after), roster([(THIRD, DAY, 300)]), now=after)
    with bank.reading() as session:
        caps = session.scalars(select(Entry.centihours).where(Entry.movement == "cap")).all()
    assert len(caps) == 3
    assert fsck(bank) == []
    cap_by_mistake(bank)
    assert [each.code for each in fsck(bank)] == ["fsck-fold"]


def test_whose_secret_was_erased_is_left_alone(twice: TestBank) -> None:
    cap_by_mistake(twice)
    with twice.unit() as session:
        people = find_people(session, twice.house.vault, [PERSON.document, OTHER.document])
        for person_id in people.values():
            erase_secret(session, person_id, now=NOW)

    assert fsck(twice) == []


def test_only_whom_new_entries_touch_is_folded_since_a_check(twice: TestBank) -> None:
    while twice.seal().more:
        pass
    cap_by_mistake(twice)
    while twice.seal().more:
        pass
    with twice.reading() as session:
        before = audited_now(session, before=None, now=NOW)

    assert fsck(twice, before) == []
    assert fsck(twice) != []
    twice.post(approve(twice, [DAY]), roster([(PERSON, DAY, 90), (OTHER, DAY, 90)]))
    # Counting the caps again puts right what nobody asked for.
    assert fsck(twice, before) == []


def test_nothing_is_folded_where_something_else_disagrees(twice: TestBank) -> None:
    progress = Progress(phases=(*PHASES, FOLDS))
    with twice.reading() as session:
        found = list(audit(session, lambda _: {}, progress, folds=True))

    assert {each.code for each in found} == {"fsck-secret-lost"}
    assert progress.phase == PHASES[-1]
