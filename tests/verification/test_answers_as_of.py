"""Answers as of a day: hours earned later do not count, and caps are those over the rest."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from types import ModuleType
from typing import Any

import pytest

from creditbank.crediting.balances import Times, held_at
from creditbank.crediting.imports import RecordRow
from creditbank.crediting.own import keys_of
from creditbank.hours import hours_text
from creditbank.registry.clients import Client
from creditbank.verification.answers import SignedAnswer, prepare, sign, store
from creditbank.verification.questions import Ask, AsOfFutureError, Disclosure
from tests.achievements import PAPER, PATENT, WORKS, publish_works, recognised
from tests.acts import key_of, seal_all
from tests.bank import NOW, SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.verification.askers import asker, failures

PERSON = invented_person(31)
BETWEEN = date(2026, 10, 31)


@pytest.fixture
def client(bank: TestBank) -> Client:
    return asker(bank)


def ask(scheme: str = "cn-3710", **said: Any) -> Ask:
    return Ask(
        PERSON, scheme, "engineering", "associate_senior", date(2027, 3, 15),
        "title_application", "令第25号", {"current_title_on": "2018-06-30"}, **said,
    )  # fmt: skip


def answer(bank: TestBank, client: Client, asked: Ask) -> SignedAnswer:
    with bank.reading() as session:
        prepared = prepare(session, bank.house.vault, asked, client, now=NOW)
    signed = sign(prepared, bank.house.keys, "Ed25519")
    with bank.unit() as session:
        store(session, prepared, signed, now=NOW)
    return signed


def said(signed: SignedAnswer) -> dict[str, Any]:
    statement: dict[str, Any] = json.loads(json.dumps(dict(signed.statement)))
    return statement


def work_of_two_items(bank: TestBank) -> None:
    """A work worth 12 hours in October that counts as 40 from November on."""
    publish_works(bank)
    recognised(bank, PERSON, replace(PAPER, rank=2))
    recognised(bank, PERSON, replace(PATENT, day=date(2026, 11, 5)))
    seal_all(bank)


def test_hours_earned_after_the_day_neither_count_nor_are_told(
    bank: TestBank, client: Client, checker: ModuleType
) -> None:
    rows = [RecordRow(PERSON, year, "public.general", 3000) for year in range(2022, 2026)]
    rows += [RecordRow(PERSON, year, "professional", 6000) for year in range(2022, 2026)]
    bank.imported(rows)
    bank.post(bank.approved_filing(), attendance([PERSON]))
    seal_all(bank)

    whole = said(answer(bank, client, ask(disclose=Disclosure.RECORD)))
    early = answer(bank, client, ask(disclose=Disclosure.RECORD, as_of=SEMINAR_DAYS[1]))

    then = said(early)
    assert whole["record"]["entries"] - then["record"]["entries"] == 1
    assert max(entry["body"][7] for entry in then["entries"]) == SEMINAR_DAYS[1].isoformat()
    assert then["question"]["as_of"] == SEMINAR_DAYS[1].isoformat()
    assert then["worked_out"] == []
    assert {"as_of"}.isdisjoint(whole["question"])
    assert "worked_out" not in whole
    assert [row["counted"] for row in then["credited"] if row["year"] == SEMINAR_DAYS[0].year] == [
        "16.00"
    ]
    assert failures(bank, checker, early) == []


@pytest.mark.parametrize("disclose", list(Disclosure))
def test_where_caps_held_otherwise_then_the_difference_is_told_as_worked_out(
    bank: TestBank, client: Client, checker: ModuleType, disclose: Disclosure
) -> None:
    work_of_two_items(bank)

    signed = answer(bank, client, ask(WORKS, disclose=disclose, as_of=BETWEEN))

    then = said(signed)
    line = {
        "year": 2026, "subject": "professional", "movement": "uncap", "hours": "12.00", "cuts": [],
    }  # fmt: skip
    if disclose is Disclosure.DECISION:
        assert {"worked_out", "credited"}.isdisjoint(then)
    else:
        [row] = then["credited"]
        assert (row["counted"], row["capped"]) == ("12.00", "0.00")
        [told] = then["worked_out"]
        assert {name: told[name] for name in line} == line
        assert ("credit" in told) == (disclose is Disclosure.RECORD)
    assert failures(bank, checker, signed) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_answer_as_of_any_day_counts_what_the_balance_counts(
    bank: TestBank, client: Client, checker: ModuleType
) -> None:
    work_of_two_items(bank)
    for number, day in enumerate((date(2026, 9, 1), date(2026, 11, 1), date(2026, 11, 8))):
        recognised(bank, PERSON, replace(PATENT, day=day, work=f"发明 {number}"))
    seal_all(bank, now=NOW + timedelta(minutes=5))

    days = [each.day for each in (PAPER,)] + [date(2026, 9, 1), BETWEEN, date(2026, 11, 6), None]
    for day in days:
        signed = answer(bank, client, ask(WORKS, disclose=Disclosure.RECORD, as_of=day))
        assert counted(said(signed)) == list(balance(bank, day))
        assert failures(bank, checker, signed) == []


def counted(statement: dict[str, Any]) -> list[tuple[int, str, str, str]]:
    return [
        (row["year"], row["subject"], row["counted"], row["capped"])
        for row in statement["credited"]
    ]


def balance(bank: TestBank, day: date | None) -> Iterator[tuple[int, str, str, str]]:
    with bank.reading() as session:
        people = keys_of(session, key_of(bank, PERSON))
        for each in held_at(session, people, WORKS, Times(day)).balances:
            figures = hours_text(each.live_centihours), hours_text(each.capped_centihours)
            yield each.credited_year, each.subject, *figures


def test_as_of_a_day_before_every_hour_there_is_no_record(bank: TestBank, client: Client) -> None:
    bank.post(bank.approved_filing(), attendance([PERSON]))
    seal_all(bank)

    before = said(answer(bank, client, ask(as_of=SEMINAR_DAYS[0] - timedelta(days=1))))

    assert before["outcome"] == "undetermined"
    assert before["reasons"][0]["code"] == "verdict-no-record"
    assert before["record"]["entries"] == before["pending"]["entries"] == 0


def test_both_times_may_be_asked_for_at_once(bank: TestBank, client: Client) -> None:
    bank.imported([RecordRow(PERSON, 2024, "professional", 6000)])
    seal_all(bank)
    bank.post(bank.approved_filing(), attendance([PERSON]))
    seal_all(bank, now=NOW + timedelta(hours=1))

    then = said(answer(bank, client, ask(as_of=SEMINAR_DAYS[2], known_at=NOW)))

    assert [row["year"] for row in then["credited"]] == [2024]


def test_a_day_that_has_not_come_is_refused_and_today_is_not(
    bank: TestBank, client: Client
) -> None:
    today = date(2026, 11, 20)

    answer(bank, client, ask(as_of=today))
    with pytest.raises(AsOfFutureError) as caught:
        answer(bank, client, ask(as_of=today + timedelta(days=1)))

    assert caught.value.facts == {"found": "2026-11-21", "wanted": "2026-11-20"}


def test_another_day_is_another_question_and_supersedes_no_other(
    bank: TestBank, client: Client
) -> None:
    plain = answer(bank, client, ask())
    first = answer(bank, client, ask(as_of=BETWEEN))
    other = answer(bank, client, ask(as_of=SEMINAR_DAYS[0]))
    again = answer(bank, client, ask(as_of=BETWEEN))
    plain_again = answer(bank, client, ask())

    assert [first.statement["supersedes"], other.statement["supersedes"]] == ["", ""]
    assert again.statement["supersedes"] == first.verdict_no
    assert plain_again.statement["supersedes"] == plain.verdict_no
