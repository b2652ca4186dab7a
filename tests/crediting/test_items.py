"""Declared items: told at once what the rules refuse, decided by another, credited exactly."""

import json
from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime

import pytest
from sqlalchemy import func, select

from creditbank.clock import civil_day
from creditbank.crediting.explanations import explain_credit
from creditbank.crediting.items import (
    Evidence,
    ItemDayError,
    ItemKnownError,
    ItemNotReturnedError,
    ItemSchemeError,
    ItemUnknownError,
    ItemWorthNothingError,
    declare_again,
    item_numbered,
)
from creditbank.crediting.models import DeclaredItem
from creditbank.crediting.recognition import (
    ItemDecidedError,
    ItemNotRecognisedError,
    refuse_item,
    return_item,
)
from creditbank.ledger.models import Act, CreditFacts, Entry, Source, SourceUse
from creditbank.ledger.posting import PersonErasedError
from creditbank.people.register import Identity, IdentityMismatchError, erase_secret
from creditbank.registry.filing.filings import ApprovedHoursUnfitError
from creditbank.registry.publishing import SecondPersonWantedError
from creditbank.rules.conversion import FactMissingError, NotRecognisedError
from creditbank.rules.items import DeclaredLateError, SpreadRefusedError
from creditbank.rules.subjects import SubjectUnknownError
from tests.achievements import (
    BOOK,
    PAPER,
    PATENT,
    SERVICE,
    STUDY,
    WORKS,
    declare,
    held,
    publish_works,
    recognise,
    recognised,
    revoke,
)
from tests.acts import key_of
from tests.bank import NOW, TestBank, invented_person

PERSON = invented_person(1)
OTHER = invented_person(2)


@pytest.fixture
def works(bank: TestBank) -> TestBank:
    """A bank whose rules know works."""
    publish_works(bank)
    return bank


def item_of(bank: TestBank, item_no: str) -> DeclaredItem:
    with bank.reading() as session:
        return item_numbered(session, item_no)


def returned(bank: TestBank, item_no: str) -> None:
    with bank.unit() as session:
        vault = bank.house.vault
        return_item(session, vault, item_no, actor="official-test", reason="缺排序", now=NOW)


def test_a_declared_item_moves_no_hours_until_an_official_recognises_it(works: TestBank) -> None:
    item_no = declare(works, PERSON)
    with works.reading() as session:
        assert session.scalar(select(func.count()).select_from(Entry)) == 0

    recognise(works, item_no)

    assert held(works, PERSON) == {2026: (2400, 0)}
    assert works.fsck() == []


def test_a_recognition_opens_a_source_of_one_person_and_these_hours(works: TestBank) -> None:
    item_no = recognised(works, PERSON)

    with works.reading() as session:
        source = session.scalars(select(Source).where(Source.source_no == item_no)).one()
        use = session.get_one(SourceUse, source.source_id)
        act = session.get_one(Act, source.act_id)
    bounds = (source.people_max, source.person_centihours_max, source.centihours_max)
    assert (source.kind, source.scheme, *bounds) == ("decision", WORKS, 1, 2400, 2400)
    assert (use.people, use.centihours) == (1, 2400)
    assert (act.kind, act.subject, act.jurisdiction) == ("item.recognised", item_no, "cn-3710")


def test_a_deemed_year_is_a_credit_for_each_subject_under_a_source_of_its_kind(
    works: TestBank,
) -> None:
    item_no = recognised(works, PERSON, SERVICE)

    with works.reading() as session:
        source = session.scalars(select(Source).where(Source.source_no == item_no)).one()
        credits = session.scalars(select(Entry).order_by(Entry.occasion)).all()
        explained = explain_credit(session, credits[0].leaf)
    assert (source.kind, source.people_max, source.centihours_max) == ("deemed", 1, 9000)
    assert [(each.occasion, each.credited_year, each.subject, each.centihours) for each in credits
            ] == [(f"{item_no}/1", 2026, "professional", 6000),
                  (f"{item_no}/2", 2026, "public.general", 3000)]  # fmt: skip
    assert {"explain-item", "rules-step-whole-year", "rules-step-minimum"} <= {
        step.code for step in explained.steps
    }
    assert works.fsck() == []


def test_one_item_more_than_a_year_counts_is_cut_with_its_clause(works: TestBank) -> None:
    first = recognised(works, PERSON, SERVICE)
    second = recognised(works, PERSON, replace(SERVICE, title="再次援派服务"))

    with works.reading() as session:
        credits = session.scalars(select(Entry).where(Entry.movement == "credit")).all()
        explained = [explain_credit(session, each.leaf) for each in credits]
    by_item: dict[str, int] = defaultdict(int)
    for each in explained:
        by_item[each.state.credit.occasion.partition("/")[0]] += each.state.live_centihours
    cut = [each for each in explained if each.state.capped_centihours]
    assert sorted(by_item.values()) == [0, 9000]
    assert by_item.keys() == {first, second}
    assert [[step.code for step in each.steps][-3:] for each in cut] == [
        ["explain-cap", "explain-cap-items", "explain-counted"]
    ] * 2
    assert works.fsck() == []


def test_a_credit_tells_the_facts_and_each_step(works: TestBank) -> None:
    item_no = recognised(works, PERSON)

    with works.reading() as session:
        facts = json.loads(session.scalars(select(CreditFacts.facts)).one())
    assert {key: facts[key] for key in ("kind", "item", "part", "work", "rank", "day")} == {
        "kind": "decision", "item": item_no, "part": 1, "work": "10.1000/EXAMPLE.1", "rank": 1,
        "day": "2026-10-20",
    }  # fmt: skip
    assert [line["key"] for line in facts["trace"] if "key" in line] == [
        "recognise.paper", "declare_by.paper", "conversion.paper",
    ]  # fmt: skip


def test_a_work_spread_over_years_is_one_credit_for_each(works: TestBank) -> None:
    item_no = recognised(works, PERSON, BOOK)

    with works.reading() as session:
        credits = session.scalars(select(Entry).order_by(Entry.occasion)).all()
    assert [(each.occasion, each.credited_year, each.centihours) for each in credits] == [
        (f"{item_no}/1", 2026, 1000), (f"{item_no}/2", 2027, 1000),
    ]  # fmt: skip
    assert works.fsck() == []


def test_an_official_grants_the_hours_where_the_rules_leave_them_open(works: TestBank) -> None:
    item_no = declare(works, PERSON, replace(STUDY, asked_centihours=5000))

    item = recognise(works, item_no, approved_centihours=4000)

    assert item.approved_centihours == 4000
    assert held(works, PERSON) == {2026: (4000, 0)}


def test_hours_that_were_asked_for_are_granted_as_asked(works: TestBank) -> None:
    item_no = declare(works, PERSON, replace(STUDY, asked_centihours=5000, spread_years=2))

    recognise(works, item_no)

    assert held(works, PERSON) == {2026: (2500, 0), 2027: (2500, 0)}


def test_hours_that_nobody_states_cannot_be_recognised(works: TestBank) -> None:
    item_no = declare(works, PERSON, STUDY)

    with pytest.raises(FactMissingError):
        recognise(works, item_no)

    assert item_of(works, item_no).state == "declared"


def test_hours_are_not_granted_where_the_rules_say_how_many(works: TestBank) -> None:
    item_no = declare(works, PERSON)

    with pytest.raises(ApprovedHoursUnfitError):
        recognise(works, item_no, approved_centihours=9900)
    with pytest.raises(ApprovedHoursUnfitError):
        declare(works, OTHER, replace(PAPER, asked_centihours=9900))


@pytest.mark.parametrize(
    ("draft", "refusal"),
    [
        (replace(PAPER, activity="karaoke"), NotRecognisedError),
        (replace(PAPER, subject="leisure"), SubjectUnknownError),
        (replace(PAPER, rank=None), FactMissingError),
        (replace(PAPER, day=date(2026, 11, 21)), ItemDayError),
        (replace(PAPER, spread_years=2), SpreadRefusedError),
        (replace(BOOK, measures={"characters": 0}), ItemWorthNothingError),
        (replace(BOOK, traits={"role": "printer"}), NotRecognisedError),
        (replace(PAPER, day=date(2026, 8, 1)), DeclaredLateError),
    ],
    ids=lambda each: each.__name__ if isinstance(each, type) else each.activity,
)
def test_what_the_rules_would_not_credit_is_refused_when_it_is_declared(
    works: TestBank, draft: object, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        declare(works, PERSON, draft)  # type: ignore[arg-type]

    with works.reading() as session:
        assert session.scalar(select(func.count()).select_from(DeclaredItem)) == 0


def test_the_last_day_of_declaring_is_in_time_and_the_next_is_not(works: TestBank) -> None:
    # The day of declaration is the civil day in China: 16:00 UTC is the next one there.
    last = datetime.fromisoformat("2026-11-29T15:59:59+00:00")
    paper = replace(PAPER, day=date(2026, 8, 31))

    in_time = declare(works, PERSON, paper, now=last)
    with pytest.raises(DeclaredLateError) as late:
        declare(works, OTHER, paper, now=last.replace(hour=16, minute=0, second=0))

    assert item_of(works, in_time).state == "declared"
    assert civil_day(last) == date(2026, 11, 29)
    assert late.value.facts["last_day"] == "2026-11-29"


def test_what_was_declared_in_time_is_recognised_in_its_own_time(works: TestBank) -> None:
    item_no = declare(works, PERSON)

    recognise(works, item_no, now=NOW.replace(year=2027))

    assert held(works, PERSON) == {2026: (2400, 0)}


@pytest.mark.parametrize(
    "again",
    [
        PAPER,
        replace(PAPER, work=" １０.1000/Example．1 "),
        replace(PAPER, title="又一题目", rank=2),
    ],
    ids=["same", "otherwise-written", "otherwise-told"],
)
def test_the_same_work_is_declared_once(works: TestBank, again: object) -> None:
    first = declare(works, PERSON)

    with pytest.raises(ItemKnownError) as known:
        declare(works, PERSON, again)  # type: ignore[arg-type]

    assert known.value.facts == {"item_no": first}


def test_a_work_without_a_number_is_known_by_its_title_and_day(works: TestBank) -> None:
    nameless = replace(PAPER, work="")
    first = declare(works, PERSON, nameless)

    with pytest.raises(ItemKnownError) as known:
        declare(works, PERSON, nameless)
    other = declare(works, PERSON, replace(nameless, title="另一篇"))

    assert known.value.facts == {"item_no": first}
    assert other != first


def test_a_work_may_be_declared_for_each_of_its_authors_and_as_another_activity(
    works: TestBank,
) -> None:
    numbers = {declare(works, PERSON), declare(works, OTHER), declare(works, PERSON, PATENT)}

    assert len(numbers) == 3


@pytest.mark.parametrize("gone", ["refused", "withdrawn"])
def test_what_no_longer_stands_may_be_declared_again(works: TestBank, gone: str) -> None:
    item_no = declare(works, PERSON)
    if gone == "refused":
        with works.unit() as session:
            refuse_item(
                session, works.house.vault, item_no, actor="official-test", reason="x", now=NOW
            )
    else:
        recognise(works, item_no)
        revoke(works, item_no)

    again = recognised(works, PERSON)

    assert again != item_no
    assert held(works, PERSON) == {2026: (2400, 0)}
    assert works.fsck() == []


def test_whoever_declared_an_item_does_not_recognise_it(works: TestBank) -> None:
    item_no = declare(works, PERSON, uscc=None)

    with pytest.raises(SecondPersonWantedError):
        recognise(works, item_no, actor="provider-test")


def test_an_item_is_decided_once(works: TestBank) -> None:
    item_no = recognised(works, PERSON)

    with pytest.raises(ItemDecidedError):
        recognise(works, item_no)
    with pytest.raises(ItemDecidedError):
        returned(works, item_no)


def test_a_returned_item_is_corrected_and_keeps_its_first_day(works: TestBank) -> None:
    item_no = declare(works, PERSON, replace(PAPER, rank=2))
    returned(works, item_no)
    later = NOW.replace(year=2027)

    with works.unit() as session:
        declare_again(
            session, works.house.vault, item_no, replace(PAPER, title="更正后的题目"),
            actor="provider-test", now=later,
        )  # fmt: skip
    recognise(works, item_no, now=later)

    item = item_of(works, item_no)
    assert (item.title, item.declared_at, item.reason) == ("更正后的题目", NOW, "")
    assert held(works, PERSON) == {2026: (2400, 0)}


def test_whoever_corrected_an_item_does_not_recognise_it(works: TestBank) -> None:
    item_no = declare(works, PERSON)
    returned(works, item_no)
    with works.unit() as session:
        vault = works.house.vault
        declare_again(session, vault, item_no, PAPER, actor="official-test", now=NOW)

    with pytest.raises(SecondPersonWantedError):
        recognise(works, item_no, actor="official-test")


def test_only_what_was_returned_is_corrected_and_under_its_scheme(works: TestBank) -> None:
    item_no = declare(works, PERSON)
    vault = works.house.vault

    with pytest.raises(ItemNotReturnedError), works.unit() as session:
        declare_again(session, vault, item_no, PAPER, actor="provider-test", now=NOW)
    returned(works, item_no)
    other = replace(PAPER, scheme="cn-3710")
    with pytest.raises(ItemSchemeError), works.unit() as session:
        declare_again(session, vault, item_no, other, actor="provider-test", now=NOW)


def test_a_correction_is_no_way_to_a_work_that_stands_declared(works: TestBank) -> None:
    first = declare(works, PERSON)
    second = declare(works, PERSON, replace(PAPER, work="10.1000/other"))
    returned(works, second)

    with pytest.raises(ItemKnownError) as known, works.unit() as session:
        declare_again(session, works.house.vault, second, PAPER, actor="provider-test", now=NOW)

    assert known.value.facts == {"item_no": first}


def test_a_correction_does_not_move_the_day_behind_the_first_declaration(works: TestBank) -> None:
    item_no = declare(works, PERSON)
    returned(works, item_no)
    later = replace(PAPER, day=date(2026, 11, 25))

    with pytest.raises(ItemDayError), works.unit() as session:
        declare_again(
            session, works.house.vault, item_no, later, actor="provider-test",
            now=NOW.replace(month=12),
        )  # fmt: skip


def test_a_person_is_declared_for_under_their_own_name_only(works: TestBank) -> None:
    declare(works, PERSON)

    with pytest.raises(IdentityMismatchError):
        declare(works, Identity(PERSON.document, "张三"), BOOK)


def test_nothing_is_declared_or_recognised_once_the_secret_is_erased(works: TestBank) -> None:
    item_no = declare(works, PERSON)
    with works.unit() as session:
        erase_secret(session, key_of(works, PERSON), now=NOW)

    with pytest.raises(PersonErasedError):
        recognise(works, item_no)
    with pytest.raises(PersonErasedError):
        declare(works, PERSON, BOOK)
    assert item_of(works, item_no).state == "declared"


def test_a_withdrawal_reverses_every_part_and_gives_the_place_back(works: TestBank) -> None:
    item_no = recognised(works, PERSON, BOOK)

    reversed_ = revoke(works, item_no)

    with works.reading() as session:
        source = session.scalars(select(Source).where(Source.source_no == item_no)).one()
        use = session.get_one(SourceUse, source.source_id)
        act = session.scalars(select(Act).where(Act.kind == "item.withdrawn")).one()
    assert reversed_ == 2000
    assert held(works, PERSON) == {2026: (0, 0), 2027: (0, 0)}
    assert (use.people, use.centihours) == (0, 0)
    assert (act.subject, act.reason) == (item_no, "not-genuine")
    assert json.loads(act.details)["case_no"] == "查2026-3"
    assert works.fsck() == []


def test_only_what_stands_recognised_is_withdrawn(works: TestBank) -> None:
    declared = declare(works, PERSON)
    withdrawn = recognised(works, PERSON, BOOK)
    revoke(works, withdrawn)

    for item_no in (declared, withdrawn):
        with pytest.raises(ItemNotRecognisedError):
            revoke(works, item_no)
    with pytest.raises(ItemUnknownError):
        revoke(works, "D000000000")


def test_acts_on_items_tell_no_work_title_or_evidence(works: TestBank) -> None:
    draft = replace(PAPER, evidence=(Evidence("王某某发表之论文", ""),))
    item_no = recognised(works, PERSON, draft)
    revoke(works, item_no)

    with works.reading() as session:
        details = "".join(session.scalars(select(Act.details).where(Act.subject == item_no)))
    assert details
    assert not any(told in details for told in (PAPER.title, "10.1000", "王某某"))
