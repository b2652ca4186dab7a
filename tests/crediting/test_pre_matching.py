"""Numbers and names compared before anything is posted: what is told, and what is not."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from creditbank.crediting.name_checks import NAMES_OF_DAY_MAX, NAMES_OF_NUMBER_MAX
from creditbank.crediting.pre_matching import Match, Matched, Stated, match_people
from creditbank.people.documents import DocumentKind
from creditbank.people.register import Identity
from tests.bank import NOW, TestBank, attendance, invented_person

ONE, OTHER = invented_person(61), invented_person(62)


def said(person: Identity, name: str = "") -> Stated:
    return Stated(person.document.kind, person.document.number, name or person.name)


def matched(bank: TestBank, *stated: Stated, now: datetime = NOW) -> Sequence[Matched]:
    provider = bank.enterprise()
    with bank.unit() as session:
        return match_people(session, bank.house.vault, provider.organisation_id, stated, now=now)


def on_record(bank: TestBank, people: Sequence[Identity]) -> None:
    bank.post(bank.approved_filing(seats=len(people)), attendance(list(people)))


def test_each_line_is_told_whether_it_fits(bank: TestBank) -> None:
    on_record(bank, [ONE])
    wrong_check = Stated(DocumentKind.RESIDENT_ID, ONE.document.number[:-1] + "0", ONE.name)

    found = matched(bank, said(ONE), said(OTHER), said(ONE, "不同名"), wrong_check, said(ONE, "9"))

    states = [each.match for each in found]
    assert states == [
        Match.AGREES, Match.NEW, Match.DIFFERS, Match.UNREADABLE, Match.UNREADABLE,
    ]  # fmt: skip
    assert [each.row_no for each in found] == [1, 2, 3, 4, 5]
    assert [each.problem is None for each in found] == [True, True, False, False, False]
    assert ONE.name not in repr(found)


def test_nobody_is_made_by_asking(bank: TestBank) -> None:
    assert [each.match for each in matched(bank, said(OTHER))] == [Match.NEW]
    assert [each.match for each in matched(bank, said(OTHER))] == [Match.NEW]


def test_names_cannot_be_found_by_trying(bank: TestBank) -> None:
    on_record(bank, [ONE])
    for number in range(NAMES_OF_NUMBER_MAX):
        [tried] = matched(bank, said(ONE, "试" + "甲乙丙丁戊己庚辛"[number]))
        assert tried.match is Match.DIFFERS

    [right] = matched(bank, said(ONE))
    [later] = matched(bank, said(ONE), now=NOW + timedelta(days=31))

    assert right.match is Match.DIFFERS
    assert later.match is Match.AGREES


def test_beyond_the_days_bound_nobody_on_record_is_compared(bank: TestBank) -> None:
    people = [invented_person(100 + number) for number in range(NAMES_OF_DAY_MAX + 1)]
    on_record(bank, people)

    found = matched(bank, *(said(each, "不同名") for each in people), said(OTHER))

    assert {each.match for each in found[:-1]} == {Match.UNCOMPARED}
    assert found[-1].match is Match.NEW
