"""Answers while hours are under investigation: named, counted nowhere, and nothing of the case."""

import json
from datetime import date
from types import ModuleType

import pytest

from creditbank.verification.answers import prepare, sign
from creditbank.verification.questions import Ask, Disclosure
from tests.acts import end_investigation, investigate, seal_all
from tests.bank import NOW, TestBank, attendance, invented_person
from tests.verification.askers import asker, failures

PERSON = invented_person(23)


@pytest.mark.parametrize("disclose", list(Disclosure))
def test_an_answer_names_what_is_frozen_and_keeps_the_case(
    bank: TestBank, checker: ModuleType, disclose: Disclosure
) -> None:
    filing_no, client = bank.approved_filing(), asker(bank)
    bank.post(filing_no, attendance([PERSON]))
    number = investigate(bank, filing_no, PERSON, f"{filing_no}/2")
    ask = Ask(
        PERSON, "cn-3710", "engineering", "associate_senior", date(2026, 11, 20),
        "title_application", "令第25号", {"current_title_on": "2024-06-30"}, disclose,
    )  # fmt: skip
    answers = []
    for _ in range(2):
        seal_all(bank)
        with bank.reading() as session:
            prepared = prepare(session, bank.house.vault, ask, client, now=NOW)
        answers.append(sign(prepared, bank.house.keys, "Ed25519"))
        if len(answers) == 1:
            end_investigation(bank, number)

    frozen, freed = (each.statement.get("credited") for each in answers)
    said = json.dumps(dict(answers[0].statement), ensure_ascii=False)
    row = {"year": 2026, "subject": "professional", "capped": "0.00", "migrated": "0.00"}
    if disclose is Disclosure.DECISION:
        assert (frozen, freed, "frozen" in said) == (None, None, False)
    else:
        assert frozen == [{**row, "counted": "16.00", "frozen": "8.00"}]
        assert freed == [{**row, "counted": "24.00"}]
    assert [word for word in ("查2026-7", "complaint", number) if word in said] == []
    assert [failures(bank, checker, each) for each in answers] == [[], []]
