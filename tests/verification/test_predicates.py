"""A bare yes or no counts what a verdict counts: nothing frozen or capped, over linked keys."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import event

from creditbank.crediting.links import LinkFinding, record_finding
from creditbank.hours import centihours_from_text
from creditbank.people.register import Identity
from creditbank.registry.clients import Client
from creditbank.registry.lawbook import law_of
from creditbank.verification.answers import prepare
from creditbank.verification.predicates import (
    Per,
    Predicate,
    PredicateAnswer,
    PredicateAsk,
    prepare_predicate,
)
from creditbank.verification.questions import Ask, Disclosure
from tests.acts import end_investigation, investigate, seal_all
from tests.bank import NOW, SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.verification.askers import asker

PERSON, OTHER = invented_person(23), invented_person(24)
YEAR = SEMINAR_DAYS[0].year
CLAIM = Predicate("cn-3710", "professional", 0, YEAR, YEAR)


def said(
    bank: TestBank, client: Client, claim: Predicate, person: Identity = PERSON
) -> PredicateAnswer:
    ask = PredicateAsk(claim, person, "评审", "令", "engineering", "associate_senior")
    with bank.reading() as session:
        return prepare_predicate(session, bank.house.vault, ask, client, now=NOW).answer


def counted(bank: TestBank, client: Client, person: Identity = PERSON) -> int:
    """Return what a verdict counts of professional subjects in the year, in centihours."""
    ask = Ask(
        person, "cn-3710", "engineering", "associate_senior", date(YEAR, 11, 20), "评审", "令",
        {"current_title_on": "2024-06-30"}, Disclosure.SUMMARY,
    )  # fmt: skip
    with bank.reading() as session:
        credited = prepare(session, bank.house.vault, ask, client, now=NOW).statement["credited"]
    assert isinstance(credited, Sequence)
    rows = [row for row in credited if isinstance(row, dict) and row["subject"] == "professional"]
    return sum(centihours_from_text(str(row["counted"])) for row in rows)


def holds_just(bank: TestBank, client: Client, person: Identity = PERSON) -> bool:
    """Tell whether a predicate turns exactly where the verdict's hours end."""
    held = counted(bank, client, person)
    claims = [replace(CLAIM, at_least_centihours=held + more) for more in (0, 1)]
    answers = [said(bank, client, claim, person) for claim in claims]
    return held > 0 and answers == [PredicateAnswer.YES, PredicateAnswer.NO]


def test_frozen_hours_do_not_count_until_they_are_released(bank: TestBank) -> None:
    filing_no, client = bank.approved_filing(), asker(bank)
    bank.post(filing_no, attendance([PERSON]))
    seal_all(bank)
    before = counted(bank, client)
    number = investigate(bank, filing_no, PERSON, f"{filing_no}/2")
    seal_all(bank)
    frozen = counted(bank, client), holds_just(bank, client)
    end_investigation(bank, number)
    seal_all(bank)

    assert (before, frozen) == (2_400, (1_600, True))
    assert holds_just(bank, client)


def test_linked_keys_are_one_person(bank: TestBank) -> None:
    filing_no, client = bank.approved_filing(), asker(bank)
    bank.post(filing_no, attendance([PERSON], SEMINAR_DAYS[:2]))
    bank.post(filing_no, attendance([OTHER], SEMINAR_DAYS[2:]))
    seal_all(bank)
    apart = counted(bank, client), holds_just(bank, client)
    finding = LinkFinding(PERSON, OTHER, True, "cn-3710", "official-test")
    with bank.unit() as session:
        record_finding(session, bank.house.vault, finding, now=NOW)
    seal_all(bank)

    assert apart == (1_600, True)
    for person in (PERSON, OTHER):
        assert counted(bank, client, person) == 2_400
        assert holds_just(bank, client, person)


def test_what_is_not_sealed_yet_makes_the_answer_wait_for_the_sealer(bank: TestBank) -> None:
    client = asker(bank)
    bank.post(bank.approved_filing(), attendance([PERSON]))
    ask = PredicateAsk(CLAIM, PERSON, "评审", "令", "engineering", "associate_senior")
    with bank.reading() as session:
        before = prepare_predicate(session, bank.house.vault, ask, client, now=NOW)
    seal_all(bank)
    with bank.reading() as session:
        after = prepare_predicate(session, bank.house.vault, ask, client, now=NOW)

    assert (before.lacks_seal, before.answer) == (True, PredicateAnswer.UNDETERMINED)
    assert (after.lacks_seal, after.statement["known_at"] != "") == (False, True)


@pytest.mark.parametrize("per", list(Per))
def test_yes_and_no_read_the_same_of_the_bank(bank: TestBank, per: Per) -> None:
    client = asker(bank)
    bank.post(bank.approved_filing(), attendance([PERSON]))
    seal_all(bank)
    claim = replace(CLAIM, first_year=YEAR - 9, per=per)
    with bank.reading() as session:  # what never changes is read once
        ask = PredicateAsk(claim, PERSON, "评审", "令", "engineering", "associate_senior")
        prepare_predicate(session, bank.house.vault, ask, client, now=NOW)

    asked = []
    for at_least in (1, 99_999):
        with bank.reading() as session:
            statements: list[str] = []

            def note(
                _c: object, _cursor: object, statement: str, *_: object,
                into: list[str] = statements,
            ) -> None:  # fmt: skip
                into.append(statement)

            event.listen(session.connection(), "before_cursor_execute", note)
            ask = PredicateAsk(
                replace(claim, at_least_centihours=at_least), PERSON, "评审", "令", "engineering",
                "associate_senior",
            )  # fmt: skip
            prepare_predicate(session, bank.house.vault, ask, client, now=NOW)
            asked.append(statements)

    assert asked[0]
    assert asked[0] == asked[1]


def test_its_head_is_of_the_schemes_own_place_whoever_is_asked_about(bank: TestBank) -> None:
    client = asker(bank)
    bank.post(bank.approved_filing(), attendance([PERSON]))
    seal_all(bank)
    stranger = invented_person(77)

    heads = []
    for person in (PERSON, stranger):
        ask = PredicateAsk(CLAIM, person, "评审", "令", "engineering", "associate_senior")
        with bank.reading() as session:
            assert law_of(session, "cn-3710").jurisdiction == "cn-3710"
            prepared = prepare_predicate(session, bank.house.vault, ask, client, now=NOW)
        heads.append(prepared.statement["heads"])

    assert heads[0] == heads[1] != []
