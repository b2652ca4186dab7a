"""Caps that reach over years in the ledger: one work declared in two, one filing over New Year."""

from datetime import date

from sqlalchemy import select

from creditbank.canonical import Canonical, canonical_text
from creditbank.crediting.fold import FoldContext, fold_again
from creditbank.ledger.balance import balances_of
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.ledger.models import Act, Source, SourceKind
from creditbank.ledger.posting import CreditDraft, PostingContext, post_credits
from creditbank.ledger.sources import (
    Bounds,
    SourceDraft,
    Taking,
    lock_source,
    open_source,
    pins_id_of,
    source_bounds_details,
    take,
)
from creditbank.people.register import ensure_people, find_person, lock_linked, secrets_of
from creditbank.registry.lawbook import law_of
from tests.acts import publish
from tests.bank import NOW, TestBank, invented_person

PERSON = invented_person(7)
CAPPED = """
id = "cn-3710.example"
version = 1
title_zh = "测试规则"
title_en = "A pack for tests"
jurisdiction = "cn-3710"
zone = "Asia/Shanghai"
status = "in_force"
verified_on = 2026-11-21

[[rule]]
key = "cap.filing"
from = 2020-01-01
value = { per = "activity", hours = "10", order = 1 }
basis = "assumption"
reason = "仅用于测试。"
reason_en = "For tests only."
"""


def credit(
    bank: TestBank,
    occasion: str,
    day: date,
    centihours: int,
    *,
    scheme: str = "cn-3710",
    kind: SourceKind = SourceKind.DECISION,
    **facts: Canonical,
) -> None:
    """Give the person hours under a source, which is opened if it is new, and count caps again."""
    vault, number = bank.house.vault, occasion.partition("/")[0]
    with bank.unit() as session:
        (person_id,) = ensure_people(session, vault, [PERSON], now=NOW).values()
        groups = lock_linked(session, [person_id])
        context = FoldContext(
            law_of(session, scheme), secrets_of(session, vault, list(groups)), NOW
        )
        source = session.scalar(select(Source).where(Source.source_no == number))
        is_new = source is None
        if is_new:
            bounds = Bounds(1, 10_000)
            details = {
                **source_bounds_details(bounds, bounds.centihours_max),
                "scheme": scheme,
                "source_kind": str(kind),
                "packs": context.law.pins(),
            }
            act = record_act(
                session, ActDraft("item.recognised", "cn-3710", "official-test", number, details),
                now=NOW,
            )  # fmt: skip
            open_source(session, SourceDraft(number, kind, "cn-3710", scheme, bounds, act.act_id))
        source, _use = lock_source(session, number)
        pins = context.law.pins()
        leaf = session.get_one(Act, source.act_id).leaf
        draft = CreditDraft(
            person_id=person_id,
            scheme=scheme,
            credited_year=day.year,
            subject="professional",
            earned_on=day,
            occasion=occasion,
            revision=0,
            centihours=centihours,
            facts=canonical_text({"kind": str(kind), "activity": "paper", **facts}),
        )
        posting = PostingContext(source.source_id, leaf, pins_id_of(session, pins), pins, NOW)
        post_credits(session, [draft], posting, context.secrets)
        fold_again(session, [groups[person_id]], {day.year}, context)
        take(session, source, Taking(int(is_new), centihours))


def counted(bank: TestBank, scheme: str = "cn-3710") -> dict[int, tuple[int, int]]:
    """Return the hours of each year that count, and that do not."""
    with bank.reading() as session:
        person_id = find_person(session, bank.house.vault, PERSON)
        held = balances_of(session, [person_id], scheme)
    return {each.credited_year: (each.live_centihours, each.capped_centihours) for each in held}


def test_a_work_declared_again_years_later_counts_once_at_its_highest_value(
    bank: TestBank,
) -> None:
    credit(bank, "D1/1", date(2022, 5, 1), 2000, work="10.1000/182")
    credit(bank, "D2/1", date(2024, 5, 1), 2000, work="10.1000/183")
    assert counted(bank) == {2022: (2000, 0), 2024: (2000, 0)}

    credit(bank, "D3/1", date(2026, 5, 1), 3000, work="10.1000/182")

    assert counted(bank) == {2022: (0, 2000), 2024: (2000, 0), 2026: (3000, 0)}
    assert bank.fsck() == []


def test_a_filing_over_new_year_is_capped_as_one(bank: TestBank) -> None:
    publish(bank, CAPPED)
    filed = {"scheme": "cn-3710.example", "kind": SourceKind.FILING}

    credit(bank, "F1/1", date(2025, 12, 31), 800, **filed)  # type: ignore[arg-type]
    credit(bank, "F1/2", date(2026, 1, 1), 800, **filed)  # type: ignore[arg-type]
    credit(bank, "F2/1", date(2026, 1, 2), 800, **filed)  # type: ignore[arg-type]

    assert counted(bank, "cn-3710.example") == {2025: (800, 0), 2026: (1000, 600)}
    assert bank.fsck() == []
