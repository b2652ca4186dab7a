"""Answers under the rules of other places, and where hours are no condition."""

from collections.abc import Sequence
from datetime import date
from types import ModuleType

import pytest

from creditbank.crediting.imports import ImportDraft, RecordRow, approve_import, propose_import
from creditbank.registry.clients import Client
from creditbank.registry.publishing import propose_pack, publish_pack, review_pack
from creditbank.verification.answers import SignedAnswer, prepare, sign
from creditbank.verification.questions import Ask, Disclosure
from tests.bank import NOW, TestBank, invented_person
from tests.house.tree import ROOT
from tests.verification.askers import asker, failures

PERSON = invented_person(5)
#: A scheme for these tests only, in which hours are no condition.
FREE = """
id = "cn-3711"
version = 1
title_zh = "测试规则"
title_en = "A pack for tests"
jurisdiction = "cn-3711"
inherits = "cn-37"
zone = "Asia/Shanghai"
status = "in_force"
verified_on = 2026-11-21

[[rule]]
key = "requirement.engineering.intermediate"
from = 2020-01-01
value = { mode = "not_required" }
basis = "assumption"
reason = "仅用于测试。"
reason_en = "For tests only."
"""


def publish(bank: TestBank, *contents: bytes) -> None:
    for content in contents:
        with bank.unit() as session:
            pack = propose_pack(session, content, actor="official-test", now=NOW)
            review_pack(session, pack.id, pack.version, actor="official-second", now=NOW)
            publish_pack(session, pack.id, pack.version, actor="official-second", now=NOW)


def shipped(*names: str) -> list[bytes]:
    return [(ROOT / "seeds" / "packs" / f"{name}.toml").read_bytes() for name in names]


def hold(bank: TestBank, scheme: str, rows: Sequence[RecordRow]) -> None:
    draft = ImportDraft(scheme, "an earlier system", tuple(rows))
    with bank.unit() as session:
        vault = bank.house.vault
        record = propose_import(session, vault, draft, actor="official-test", now=NOW).record
    with bank.unit() as session:
        approve_import(session, vault, record.import_no, actor="official-second", now=NOW)
    bank.seal()


def answer(bank: TestBank, client: Client, scheme: str, series: str) -> SignedAnswer:
    ask = Ask(
        PERSON, scheme, series, "intermediate", date(2026, 11, 20), "title_application", "令第25号",
        {}, Disclosure.RECORD,
    )  # fmt: skip
    with bank.reading() as session:
        prepared = prepare(session, bank.house.vault, ask, client, now=NOW)
    return sign(prepared, bank.house.keys, "Ed25519")


@pytest.mark.parametrize(("last_year_hours", "outcome"), [(9000, "met"), (8999, "not_met")])
def test_hangzhou_weighs_the_years_since_2023_and_the_last_one(
    bank: TestBank, checker: ModuleType, last_year_hours: int, outcome: str
) -> None:
    publish(bank, *shipped("cn-33", "cn-3301"))
    hold(
        bank,
        "cn-3301",
        [
            RecordRow(PERSON, 2023, "professional", 9001),
            RecordRow(PERSON, 2025, "professional", last_year_hours),
        ],
    )

    signed = answer(bank, asker(bank), "cn-3301", "construction")

    assert signed.outcome == outcome
    assert failures(bank, checker, signed) == []


def test_every_shipped_pack_in_force_is_published_and_a_draft_decides_nothing(
    bank: TestBank,
) -> None:
    publish(bank, *shipped("cn-33", "cn-3301", "cn-3306", "cn-65", "cn-6501"))

    silent = answer(bank, asker(bank), "cn-6501", "engineering")

    assert silent.outcome == "undetermined"


def test_where_hours_are_no_condition_the_answer_is_waived_and_shows_them(
    bank: TestBank, checker: ModuleType
) -> None:
    publish(bank, FREE.encode())
    client = asker(bank)
    stranger = answer(bank, client, "cn-3711", "engineering")
    hold(bank, "cn-3711", [RecordRow(PERSON, 2025, "professional", 500)])

    signed = answer(bank, client, "cn-3711", "engineering")

    assert (stranger.outcome, signed.outcome) == ("waived", "waived")
    credited = signed.statement["credited"]
    assert isinstance(credited, list)
    assert [row["counted"] for row in credited] == ["5.00"]
    assert failures(bank, checker, signed) == []
