"""Periods that stand for the years they touch: split at New Year, each day counted once."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from creditbank.crediting.balances import Times, held_at
from creditbank.crediting.explanations import explain_credit
from creditbank.crediting.items import (
    ItemDraft,
    ItemPeriodBackwardsError,
    ItemPeriodOverlapsError,
    declare_again,
)
from creditbank.crediting.links import LinkFinding, record_finding
from creditbank.crediting.recognition import refuse_item, return_item
from creditbank.errors import CreditBankError
from creditbank.ledger.balance import balances_of
from creditbank.ledger.models import CreditFacts, Entry
from creditbank.people.register import Identity
from tests.achievements import (
    ABROAD,
    ELSEWHERE,
    LEAVE,
    WORKS,
    declare,
    publish_works,
    recognised,
    revoke,
    transfer,
)
from tests.acts import key_of, publish
from tests.bank import NOW, TestBank, invented_person
from tests.lawtexts import COUNTY
from tests.reassessing import carried_out, county_law, mend

PERSON = invented_person(1)
OTHER = invented_person(2)
#: 28 days of 2026 more than `LEAVE`, and 31 days of it again
LATER = replace(LEAVE, title="再次病休", first_day=date(2026, 1, 1), day=date(2026, 2, 28))


@pytest.fixture
def works(bank: TestBank) -> TestBank:
    """A bank whose rules know periods."""
    publish_works(bank)
    return bank


def credits(bank: TestBank) -> list[Entry]:
    with bank.reading() as session:
        query = select(Entry).where(Entry.movement == "credit")
        return list(session.scalars(query.order_by(Entry.occasion, Entry.revision)))


def held(bank: TestBank, person: Identity, scheme: str = WORKS) -> dict[int, tuple[int, int]]:
    """Return live and capped centihours by year, over all subjects."""
    found: dict[int, tuple[int, int]] = {}
    with bank.reading() as session:
        for each in balances_of(session, [key_of(bank, person)], scheme):
            live, capped = found.get(each.credited_year, (0, 0))
            found[each.credited_year] = live + each.live_centihours, capped + each.capped_centihours
    return found


def days_of(bank: TestBank, credit: Entry) -> list[str]:
    key = (credit.person_id, credit.scheme, credit.occasion, credit.revision)
    with bank.reading() as session:
        return list(json.loads(session.get_one(CreditFacts, key).facts).get("days", []))


def test_a_period_is_split_at_new_year_and_earned_by_its_last_day_in_each(works: TestBank) -> None:
    item_no = recognised(works, PERSON, LEAVE)

    found = credits(works)
    assert [
        (each.occasion, each.credited_year, each.subject, each.centihours, each.earned_on)
        for each in found
    ] == [
        (f"{item_no}/1", 2025, "professional", 509, date(2025, 12, 31)),
        (f"{item_no}/2", 2025, "public.general", 254, date(2025, 12, 31)),
        (f"{item_no}/3", 2026, "professional", 509, date(2026, 1, 31)),
        (f"{item_no}/4", 2026, "public.general", 254, date(2026, 1, 31)),
    ]
    assert days_of(works, found[0]) == ["2025-12-01", "2025-12-31"]
    with works.reading() as session:
        then = held_at(session, [key_of(works, PERSON)], WORKS, Times(as_of=date(2026, 1, 1)))
    assert [(each.credited_year, each.live_centihours) for each in then.balances] == [
        (2025, 509), (2025, 254),
    ]  # fmt: skip
    assert works.fsck() == []


def test_days_of_two_periods_count_once_and_again_when_the_longer_is_withdrawn(
    works: TestBank,
) -> None:
    recognised(works, PERSON, LEAVE)
    longer = recognised(works, PERSON, LATER)
    assert held(works, PERSON) == {2025: (763, 0), 2026: (969 + 484, 763)}
    assert works.fsck() == []

    revoke(works, longer)

    assert held(works, PERSON) == {2025: (763, 0), 2026: (763, 0)}
    assert works.fsck() == []


def test_whatever_the_order_the_shorter_keeps_the_days_that_are_its_own(works: TestBank) -> None:
    """31 days of January, of which 16 lie in the 45 from mid-January on."""
    for draft in (replace(LATER, first_day=date(2026, 1, 16)), LEAVE):
        recognised(works, PERSON, draft)

    kept = 509 * 15 // 31 + 254 * 15 // 31
    assert held(works, PERSON)[2026] == (723 + 361 + kept, 763 - kept)
    with works.reading() as session:
        explained = [explain_credit(session, each.leaf) for each in credits(works)]
    cut = next(each for each in explained if each.state.capped_centihours)
    assert [step.code for step in cut.steps if step.code.startswith("explain")] == [
        "explain-item", "explain-period", "explain-cap", "explain-days-once", "explain-counted",
    ]  # fmt: skip


def test_a_year_that_is_done_is_whole_and_has_no_days_left(works: TestBank) -> None:
    """What was over earlier does not take a hundredth of it."""
    for draft in (ABROAD, LATER):
        recognised(works, PERSON, draft)

    assert held(works, PERSON) == {2025: (9000, 0), 2026: (9000, 969 + 484)}
    assert works.fsck() == []


def test_a_period_that_overlaps_another_is_refused_where_the_rules_say_so(works: TestBank) -> None:
    first = declare(works, PERSON, ABROAD)
    again = replace(ABROAD, title="再次访学", first_day=ABROAD.day, day=date(2026, 9, 1))
    backwards = replace(LEAVE, first_day=date(2026, 2, 1))

    with pytest.raises(ItemPeriodOverlapsError) as refused:
        declare(works, PERSON, again)
    assert refused.value.facts["item_no"] == first
    with pytest.raises(ItemPeriodBackwardsError):
        declare(works, PERSON, backwards)
    declare(works, PERSON, LEAVE)
    declare(works, OTHER, ABROAD)

    with works.unit() as session:
        refuse_item(
            session, works.house.vault, first, actor="official-test", reason="示例", now=NOW
        )
    with pytest.raises(ItemPeriodOverlapsError):
        declare(works, PERSON, ABROAD)  # with the leave
    beside = replace(again, first_day=date(2026, 2, 1), day=date(2026, 8, 31))
    assert declare(works, PERSON, beside)


def test_a_corrected_period_is_held_against_the_others_and_not_against_itself(
    works: TestBank,
) -> None:
    declare(works, PERSON, ABROAD)
    later = replace(ABROAD, title="再次访学", first_day=date(2026, 7, 3), day=date(2026, 9, 30))
    item_no = declare(works, PERSON, later)
    vault = works.house.vault
    with works.unit() as session:
        return_item(session, vault, item_no, actor="official-test", reason="示例", now=NOW)

    overlapping = replace(later, first_day=ABROAD.day)
    with pytest.raises(ItemPeriodOverlapsError), works.unit() as session:
        declare_again(session, vault, item_no, overlapping, actor="provider-test", now=NOW)
    with works.unit() as session:
        declare_again(session, vault, item_no, later, actor="provider-test", now=NOW)


def test_of_overlapping_periods_declared_at_once_one_comes_through(works: TestBank) -> None:
    def told(draft: ItemDraft) -> str:
        with works.app.app_context():
            try:
                return declare(works, PERSON, draft)[:1]
            except CreditBankError as error:
                return error.code

    drafts = [replace(ABROAD, title=f"访学 {number}") for number in range(4)]
    with ThreadPoolExecutor(len(drafts)) as writers:
        found = sorted(writers.map(told, drafts))

    assert found == ["D", *["item-period-overlaps"] * 3]


def test_days_count_once_over_linked_documents(works: TestBank) -> None:
    for person in (PERSON, OTHER):
        recognised(works, person, ABROAD)
    finding = LinkFinding(PERSON, OTHER, True, "cn-3710", "official-test")

    with works.unit() as session:
        result = record_finding(session, works.house.vault, finding, now=NOW)

    assert result.capped_centihours == 18000
    with pytest.raises(ItemPeriodOverlapsError):
        declare(works, OTHER, replace(ABROAD, title="再次访学"))
    assert works.fsck() == []


def test_days_recognised_in_another_scheme_count_once_there_too(works: TestBank) -> None:
    """Half of the hours there; the days of January are the longer leave's."""
    for draft in (LEAVE, LATER):
        recognised(works, PERSON, draft)
    for credit in credits(works):
        if credit.credited_year == 2026 and credit.subject == "professional":
            transfer(works, PERSON, credit, ELSEWHERE)

    assert held(works, PERSON, ELSEWHERE) == {2026: (484, 254)}
    assert works.fsck() == []


def test_a_law_that_counts_other_days_is_carried_out_with_those_days(bank: TestBank) -> None:
    leave = (
        '{ kind = "whole_year", rest = "public", period = { gives = "GIVES", overlap = "once" } }'
    )
    rules = {"recognise__sick_leave": "true", "conversion__sick_leave": leave}
    by = {
        gives: rules | {"conversion__sick_leave": leave.replace("GIVES", gives)}
        for gives in ("by_days", "by_months")
    }
    publish(bank, county_law(**by["by_days"]))
    recognised(bank, PERSON, replace(LEAVE, scheme=COUNTY, day=date(2026, 3, 15)))
    assert held(bank, PERSON, COUNTY) == {2025: (763, 0), 2026: (1824, 0)}

    mend(bank, **by["by_months"])
    carried_out(bank)

    live = {each.occasion: each for each in credits(bank)}.values()
    assert held(bank, PERSON, COUNTY) == {2025: (750, 0), 2026: (1500, 0)}
    assert {(each.earned_on, *days_of(bank, each)) for each in live} == {
        (date(2025, 12, 31), "2025-12-01", "2025-12-31"),
        (date(2026, 3, 15), "2026-01-01", "2026-02-28"),
    }
    assert bank.fsck() == []
