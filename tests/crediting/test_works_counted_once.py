"""One work counts once, at its highest, over years and declarations; what is withdrawn lets go."""

import json
from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from creditbank.crediting.fold import facts_key, live_fact
from creditbank.crediting.items import ItemDraft, ItemKnownError
from creditbank.crediting.links import LinkFinding, record_finding
from creditbank.crediting.models import DeclaredItem
from creditbank.crediting.transfers import TransferKnownError
from creditbank.ledger.models import CreditFacts, Entry
from creditbank.ledger.posting import credit_states
from creditbank.people.register import find_people
from creditbank.registry.lawbook import law_of
from creditbank.rules.caps import fold
from tests.achievements import (
    BOOK,
    ELSEWHERE,
    PAPER,
    PATENT,
    STUDY,
    WORKS,
    declare,
    held,
    publish_works,
    recognise,
    recognised,
    revoke,
    transfer,
)
from tests.bank import NOW, TestBank, invented_person

PERSON = invented_person(1)
OTHER = invented_person(2)


@pytest.fixture
def works(bank: TestBank) -> TestBank:
    """A bank whose rules know works."""
    publish_works(bank)
    return bank


def test_a_work_declared_as_two_activities_counts_at_its_highest(works: TestBank) -> None:
    paper, patent = (recognised(works, PERSON, draft) for draft in (PAPER, PATENT))

    assert held(works, PERSON) == {2026: (4000, 2400)}
    assert paper != patent
    assert works.fsck() == []


def test_the_order_of_recognition_does_not_matter(works: TestBank) -> None:
    for draft in (PATENT, PAPER):
        recognised(works, PERSON, draft)

    assert held(works, PERSON) == {2026: (4000, 2400)}


def test_the_lower_item_counts_again_when_the_higher_is_withdrawn(works: TestBank) -> None:
    recognised(works, PERSON, PAPER)
    patent = recognised(works, PERSON, PATENT)

    revoke(works, patent)

    assert held(works, PERSON) == {2026: (2400, 0)}
    assert works.fsck() == []


def test_a_work_is_one_over_the_years_of_its_declarations(works: TestBank) -> None:
    """The paper came out in 2026; the patent of the same work had been granted in 2025."""
    recognised(works, PERSON, PAPER)
    patent = recognised(works, PERSON, replace(PATENT, day=date(2025, 6, 1)))
    assert held(works, PERSON) == {2025: (4000, 0), 2026: (0, 2400)}

    revoke(works, patent)

    assert held(works, PERSON) == {2025: (0, 0), 2026: (2400, 0)}
    assert works.fsck() == []


def test_a_work_spread_over_years_is_weighed_as_a_whole(works: TestBank) -> None:
    """20 hours of a book, 10 a year: fewer than the 24 of the paper that is the same work."""
    recognised(works, PERSON, replace(BOOK, work=PAPER.work))

    paper = recognised(works, PERSON, PAPER)
    assert held(works, PERSON) == {2026: (2400, 1000), 2027: (0, 1000)}
    revoke(works, paper)

    assert held(works, PERSON) == {2026: (1000, 0), 2027: (1000, 0)}
    assert works.fsck() == []


def test_a_work_counts_once_over_linked_documents(works: TestBank) -> None:
    for person in (PERSON, OTHER):
        recognised(works, person, PAPER)
    finding = LinkFinding(PERSON, OTHER, True, "cn-3710", "official-test")

    with works.unit() as session:
        result = record_finding(session, works.house.vault, finding, now=NOW)

    assert result.capped_centihours == 2400
    with pytest.raises(ItemKnownError):
        declare(works, OTHER, PAPER)
    assert works.fsck() == []


def test_a_cap_of_one_item_reaches_over_all_its_years(works: TestBank) -> None:
    study = replace(STUDY, asked_centihours=9000, spread_years=3)

    recognised(works, PERSON, study)

    assert held(works, PERSON) == {2026: (3000, 0), 2027: (3000, 0), 2028: (0, 3000)}
    assert works.fsck() == []


#: What a person may have declared: two works, each as papers, patents of three years and a book.
DRAFTS = [
    replace(draft, work=work, **changed)
    for work in ("W1", "W2")
    for draft, changed in (
        (PAPER, {"rank": 1}), (PAPER, {"rank": 2}), (BOOK, {}), (PATENT, {}),
        (PATENT, {"day": date(2025, 3, 1)}), (PATENT, {"day": date(2024, 3, 1)}),
    )
]  # fmt: skip


class Recognitions(RuleBasedStateMachine):
    """Any history of recognitions, withdrawals and transfers, held against a fold."""

    bank: TestBank
    items = Bundle("items")

    def __init__(self) -> None:
        super().__init__()
        type(self).number += 1
        self.person = invented_person(100 + type(self).number)

    number = 0

    @rule(target=items, draft=st.sampled_from(DRAFTS))
    def declare_and_recognise(self, draft: ItemDraft) -> str:
        try:
            item_no = declare(self.bank, self.person, draft)
        except ItemKnownError as known:
            return str(known.facts["item_no"])
        recognise(self.bank, item_no)
        return item_no

    @rule(item_no=consumes(items))
    def withdraw(self, item_no: str) -> None:
        with self.bank.reading() as session:
            state = session.scalar(
                select(DeclaredItem.state).where(DeclaredItem.item_no == item_no)
            )
        if state == "recognised":
            revoke(self.bank, item_no)

    @rule(item_no=items)
    def transfer_what_stands(self, item_no: str) -> None:
        for credit in self._live(WORKS):
            if credit.occasion.startswith(item_no):
                with suppress(TransferKnownError):
                    transfer(self.bank, self.person, credit)

    @invariant()
    def balances_are_a_function_of_what_is_live(self) -> None:
        for scheme in (WORKS, ELSEWHERE):
            wanted, found = self._folded(scheme), self._balances(scheme)
            assert found == wanted, scheme

    @invariant()
    def copies_stand_only_on_what_stands(self) -> None:
        originals = {credit.leaf.hex() for credit in self._live(WORKS)}
        with self.bank.reading() as session:
            for credit in self._live(ELSEWHERE):
                facts = json.loads(session.get_one(CreditFacts, facts_key(credit)).facts)
                assert facts["origin"]["leaf"] in originals

    def teardown(self) -> None:
        assert self.bank.fsck() == []

    def _entries(self, scheme: str) -> list[Entry]:
        with self.bank.reading() as session:
            found = find_people(session, self.bank.house.vault, [self.person.document])
            query = select(Entry).where(Entry.scheme == scheme)
            return list(session.scalars(query.where(Entry.person_id.in_(found.values()))))

    def _live(self, scheme: str) -> list[Entry]:
        states = credit_states(self._entries(scheme))
        return [state.credit for state in states if not state.reversed]

    def _folded(self, scheme: str) -> dict[int, int]:
        """Fold everything that is live at once, with nothing of what was posted before."""
        counted: dict[int, int] = defaultdict(int)
        live = self._live(scheme)
        with self.bank.reading() as session:
            law = law_of(session, scheme)
            facts = [live_fact(c, session.get_one(CreditFacts, facts_key(c)).facts) for c in live]
        occasions = fold(facts, law).occasions
        for credit in live:
            counted[credit.credited_year] += occasions[credit.occasion].counted_centihours
        return {year: hours for year, hours in counted.items() if hours}

    def _balances(self, scheme: str) -> dict[int, int]:
        live: dict[int, int] = defaultdict(int)
        for entry in self._entries(scheme):
            live[entry.credited_year] += entry.centihours * (
                (entry.to_state == "live") - (entry.from_state == "live")
            )
        return {year: hours for year, hours in live.items() if hours}


FEW = settings(
    max_examples=4,
    stateful_step_count=8,
    deadline=None,
    phases=[Phase.generate],  # to shrink a history is to live it again and again
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_any_history_of_recognitions_ends_in_the_same_balances(works: TestBank) -> None:
    machine: type[Recognitions] = type("RecognitionsOfThisBank", (Recognitions,), {"bank": works})

    run_state_machine_as_test(machine, settings=FEW)
