"""Answers and the law they rest on: pinned versions for ever, adoptions named."""

import json
from datetime import date, timedelta
from types import ModuleType
from typing import Any

from sqlalchemy import select

from creditbank.crediting.imports import RecordRow
from creditbank.hours import centihours_from_text
from creditbank.keys import public_jwk
from creditbank.ledger.models import PackPins
from creditbank.ledger.posting import pins_from_text
from creditbank.registry.adoption import (
    AdoptionDraft,
    AdoptionKind,
    approve_adoption,
    propose_adoption,
)
from creditbank.registry.clients import Client
from creditbank.registry.lawbook import pack_pinned
from creditbank.rules.explain_answer import explain_assessment
from creditbank.rules.pack import PackChain
from creditbank.rules.requirement import Credited, Question, assess
from creditbank.verification.answers import SignedAnswer, prepare, sign
from creditbank.verification.questions import Ask, Disclosure
from tests.acts import import_rows, publish
from tests.bank import NOW, TestBank, invented_person
from tests.lawtexts import COUNTY, hours, law
from tests.verification.askers import asker

PERSON = invented_person(3)
APPLICATION_DAY = date(2026, 11, 20)
ADOPTED = date(2026, 3, 1)


def answer(bank: TestBank, client: Client, day: date = APPLICATION_DAY) -> SignedAnswer:
    ask = Ask(
        PERSON, COUNTY, "engineering", "intermediate", day, "title_application", "令第25号",
        {}, Disclosure.RECORD,
    )  # fmt: skip
    with bank.reading() as session:
        prepared = prepare(session, bank.house.vault, ask, client, now=NOW)
    return sign(prepared, bank.house.keys, "Ed25519")


def statement_of(signed: SignedAnswer) -> Any:
    return signed.statement


def adopt(bank: TestBank, kind: AdoptionKind, day: date) -> None:
    draft = AdoptionDraft(COUNTY, kind, day, "示例〔2026〕1号", "关于示例的通知", "正式印发")
    with bank.unit() as session:
        said = propose_adoption(session, draft, actor="official-test", now=NOW)
        approve_adoption(session, said.adoption_no, actor="official-second", now=NOW)


def test_an_old_answer_explains_and_runs_again_by_the_versions_that_it_pins(bank: TestBank) -> None:
    publish(bank, law(hours("40")).decode())
    import_rows(bank, COUNTY, [RecordRow(PERSON, 2025, "professional", 4500)])
    bank.seal()
    client = asker(bank)
    old = answer(bank, client)
    stricter = hours("50", "2026-01-01", replaces="2020-01-01")
    publish(bank, law(hours("40"), stricter, version=2).decode())

    new, statement = answer(bank, client), statement_of(old)
    with bank.reading() as session:
        packs = [pack_pinned(session, pack_id, version) for pack_id, version, _ in
                 statement["packs"]]  # fmt: skip
    chain = PackChain(tuple(pack for pack in packs if pack is not None))
    credited = [
        Credited(row["year"], row["subject"], centihours_from_text(row["counted"]))
        for row in statement["credited"]
    ]
    again = assess(Question("engineering", "intermediate", APPLICATION_DAY, {}), credited, chain)

    assert (old.outcome, new.outcome) == ("met", "not_met")
    assert [list(pin) for pin in chain.pins()] == statement["packs"]
    assert again.outcome == old.outcome
    said = explain_assessment(again, "zh", chain)
    assert said.outcome == statement["reasons"][0]["zh"]


def test_old_entries_keep_the_packs_under_which_they_were_posted(bank: TestBank) -> None:
    publish(bank, law(hours("40")).decode())
    import_rows(bank, COUNTY, [RecordRow(PERSON, 2025, "professional", 4500)])
    publish(bank, law(hours("45"), version=2).decode(), corrigendum="抄录时误作40")
    bank.seal()

    [entry] = statement_of(answer(bank, asker(bank)))["entries"]

    posted = entry["body"][15][1]
    assert posted[0][:2] == [COUNTY, 1]
    with bank.reading() as session:
        chains = [pins_from_text(text) for text in session.scalars(select(PackPins.pins))]
        assert posted in chains
        assert pack_pinned(session, COUNTY, 1) is not None
    assert bank.fsck() == []


def test_an_answer_under_an_adopted_draft_names_what_made_it_law(
    bank: TestBank, checker: ModuleType
) -> None:
    publish(bank, law(hours("40"), status="draft").decode())
    adopt(bank, AdoptionKind.ADOPTED, ADOPTED)
    import_rows(bank, COUNTY, [RecordRow(PERSON, 2025, "professional", 4500)])
    bank.seal()
    client = asker(bank)

    before = answer(bank, client, ADOPTED - timedelta(days=1))
    signed = answer(bank, client, ADOPTED)
    adopt(bank, AdoptionKind.ENDED, date(2026, 9, 1))
    ended = answer(bank, client, date(2026, 9, 1))

    assert [each.outcome for each in (before, signed, ended)] == [
        "undetermined", "met", "undetermined",
    ]  # fmt: skip
    named = {
        "pack": COUNTY, "from": "2026-03-01", "until": "", "document": "示例〔2026〕1号",
        "title": "关于示例的通知",
    }  # fmt: skip
    assert statement_of(signed)["adoptions"] == [named]
    assert statement_of(ended)["adoptions"] == [named | {"until": "2026-09-01"}]
    keys = [public_jwk(key) for key in bank.house.keys.every("verdict-ed25519")]
    report = checker.examine(signed.jws.encode(), json.dumps({"keys": keys}).encode())
    assert report.failed == ()


def test_an_answer_without_a_draft_has_no_word_of_adoption(bank: TestBank) -> None:
    publish(bank, law(hours("40")).decode())

    assert "adoptions" not in statement_of(answer(bank, asker(bank)))
