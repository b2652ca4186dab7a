"""Answers by pathway, and what an answer says of carried, capped and made-up hours."""

from collections.abc import Mapping
from datetime import date
from types import ModuleType

import pytest
from sqlalchemy import select

from creditbank.canonical import Canonical
from creditbank.crediting.imports import ImportDraft, RecordRow, approve_import, propose_import
from creditbank.people.register import Identity
from creditbank.registry.clients import Client
from creditbank.registry.publishing import propose_pack, publish_pack, review_pack
from creditbank.verification.answers import SignedAnswer, prepare, sign, store
from creditbank.verification.models import Verdict
from creditbank.verification.questions import Ask, Disclosure
from tests.bank import NOW, TestBank, attendance, invented_person
from tests.verification.askers import asker, failures

PERSON = invented_person(23)
STRANGER = invented_person(24)
TITLE = {"current_title_on": "2024-06-30"}
CARD = {**TITLE, "talent_status": "weihai_yingcai_card"}
RECOMMENDED = {
    **TITLE,
    "enterprise_class": "specialised_sme",
    "enterprise_class_level": "national",
    "employed_by_enterprise": "yes",
    "recommendation_signed_by": "chairman",
    "achievements_stated": "yes",
}
#: A scheme for these tests only: two years of 90 hours, carried over and made up.
CARRYING = """
id = "cn-3711"
version = 1
title_zh = "测试规则"
title_en = "A pack for tests"
jurisdiction = "cn-3711"
inherits = "cn-37"
zone = "Asia/Shanghai"
status = "in_force"
verified_on = 2026-11-21
""" + "".join(
    f"""
[[rule]]
key = "{key}"
from = 2020-01-01
value = {value}
basis = "assumption"
reason = "仅用于测试。"
reason_en = "For tests only."
"""
    for key, value in {
        "requirement.*.*": (
            '{ mode = "every_year", years = 3, start = "hire", start_year = "pro_rata_months" }'
        ),
        "carry_over.total": '{ years = 1, at_most = "20" }',
        "make_up.courses": '{ years = 2, activities = ["enterprise_course"] }',
    }.items()
)


@pytest.fixture
def client(bank: TestBank) -> Client:
    return asker(bank)


def answer(
    bank: TestBank,
    client: Client,
    *,
    stated: Mapping[str, str],
    pathway: str = "",
    level: str = "associate_senior",
    identity: Identity = PERSON,
    scheme: str = "cn-3710",
    disclose: Disclosure = Disclosure.RECORD,
    day: date = date(2026, 11, 20),
) -> SignedAnswer:
    ask = Ask(
        identity, scheme, "engineering", level, day, "title_application", "令第25号", stated,
        disclose, pathway=pathway,
    )  # fmt: skip
    with bank.reading() as session:
        prepared = prepare(session, bank.house.vault, ask, client, now=NOW)
    signed = sign(prepared, bank.house.keys, "Ed25519")
    with bank.unit() as session:
        store(session, prepared, signed, now=NOW)
    return signed


def rows_of(signed: SignedAnswer, member: str) -> list[dict[str, Canonical]]:
    found = signed.statement[member]
    assert isinstance(found, list)
    return [row for row in found if isinstance(row, dict)]


def codes(signed: SignedAnswer) -> list[Canonical]:
    return [reason["code"] for reason in rows_of(signed, "reasons")]


def some_hours(bank: TestBank) -> None:
    bank.imported([RecordRow(PERSON, 2025, "professional", 3000)])
    bank.seal()


@pytest.mark.parametrize("disclose", list(Disclosure))
def test_a_card_frees_from_hours_at_every_level_of_disclosure_and_is_marked_as_stated(
    bank: TestBank, client: Client, checker: ModuleType, disclose: Disclosure
) -> None:
    some_hours(bank)

    signed = answer(bank, client, stated=CARD, pathway="fast_track", disclose=disclose)

    assert signed.outcome == "exempt"
    assert signed.statement["pathway"] == {
        "name": "fast_track",
        "scheme": "cn-3710",
        "effect": "exempt",
        "stated": ["talent_status"],
        "evidence": ["proof_of_talent_status"],
    }
    assert codes(signed)[:2] == ["rules-outcome-exempt", "rules-pathway-exempt"]
    assert {"weihai-2024-2-3", "weihai-2024-2-3-who"} <= {
        clause["reference"] for clause in rows_of(signed, "clauses")
    }
    assert "fact.talent_status" in [row["key"] for row in rows_of(signed, "assumptions")]
    assert failures(bank, checker, signed) == []


def test_an_exempt_answer_is_stored_and_shows_the_hours_all_the_same(
    bank: TestBank, client: Client
) -> None:
    some_hours(bank)

    signed = answer(bank, client, stated=CARD, pathway="fast_track")

    with bank.reading() as session:
        assert list(session.scalars(select(Verdict.outcome))) == ["exempt"]
    short = {row["subject"]: row["short"] for row in rows_of(signed, "requirement")}
    assert short == {"": "60.00", "professional": "30.00", "public": "30.00"}
    assert signed.statement["advice"] == []


def test_who_has_no_record_is_freed_as_well_where_no_hours_are_asked_for(
    bank: TestBank, client: Client, checker: ModuleType
) -> None:
    signed = answer(bank, client, stated=CARD, pathway="fast_track", identity=STRANGER)

    assert signed.outcome == "exempt"
    assert failures(bank, checker, signed) == []


def test_how_many_places_are_used_no_door_states_so_a_recommendation_stays_open(
    bank: TestBank, client: Client, checker: ModuleType
) -> None:
    some_hours(bank)

    signed = answer(bank, client, stated=RECOMMENDED, pathway="enterprise_recommendation")
    stranger = answer(
        bank, client, stated=RECOMMENDED, pathway="enterprise_recommendation", identity=STRANGER
    )

    assert (signed.outcome, stranger.outcome) == ("undetermined", "undetermined")
    assert codes(signed) == ["rules-outcome-undetermined", "rules-quota-use-missing"]
    assert codes(stranger) == ["verdict-no-record", "rules-quota-use-missing"]
    assert "pathway" not in signed.statement
    assert failures(bank, checker, signed) == []


def test_a_pathway_that_does_not_free_says_which_bound_it_was(
    bank: TestBank, client: Client, checker: ModuleType
) -> None:
    some_hours(bank)

    signed = answer(bank, client, stated=CARD, pathway="fast_track", level="intermediate")

    assert signed.outcome == "not_met"
    assert signed.statement["refused"] == [
        {"pathway": "fast_track", "code": "pathway-level", "found": "intermediate"}
    ]
    assert codes(signed) == ["rules-outcome-not-met", "rules-pathway-level"]
    assert failures(bank, checker, signed) == []


def test_a_pathway_not_asked_for_is_named_and_frees_nobody(
    bank: TestBank, client: Client, checker: ModuleType
) -> None:
    some_hours(bank)

    signed = answer(bank, client, stated=CARD)

    assert signed.outcome == "not_met"
    assert signed.statement["other_pathways"] == ["fast_track"]
    assert not {"pathway", "refused"} & signed.statement.keys()
    assert failures(bank, checker, signed) == []


def test_an_answer_without_any_of_it_has_no_member_of_it(bank: TestBank, client: Client) -> None:
    some_hours(bank)

    signed = answer(bank, client, stated=TITLE)

    members = {"pathway", "refused", "other_pathways", "make_up"}
    assert not members & signed.statement.keys()
    assert all(
        not {"capped", "carried", "months"} & row.keys() for row in rows_of(signed, "requirement")
    )


def test_the_answer_with_a_pathway_supersedes_the_one_without(
    bank: TestBank, client: Client
) -> None:
    some_hours(bank)
    before = answer(bank, client, stated=CARD)

    after = answer(bank, client, stated=CARD, pathway="fast_track")

    assert after.statement["supersedes"] == before.verdict_no


def test_hours_above_a_cap_are_told_by_subject_and_year(
    bank: TestBank, client: Client, checker: ModuleType
) -> None:
    for _ in range(2):
        bank.post(bank.approved_filing(), attendance([PERSON]))
    bank.seal()

    signed = answer(bank, client, stated=TITLE, day=date(2027, 3, 1))

    capped = {
        (row["year"], row["subject"]): row.get("capped") for row in rows_of(signed, "requirement")
    }
    assert {place: hours for place, hours in capped.items() if hours} == {
        (2026, ""): "24.00",
        (2026, "professional"): "24.00",
    }
    assert failures(bank, checker, signed) == []


def test_carried_hours_months_and_make_up_are_told_and_check_offline(
    bank: TestBank, client: Client, checker: ModuleType
) -> None:
    with bank.unit() as session:
        pack = propose_pack(session, CARRYING.encode(), actor="official-test", now=NOW)
        review_pack(session, pack.id, pack.version, actor="official-second", now=NOW)
        publish_pack(session, pack.id, pack.version, actor="official-second", now=NOW)
    rows = [
        RecordRow(PERSON, 2023, "public", 10_000), RecordRow(PERSON, 2024, "professional", 7000),
        RecordRow(PERSON, 2025, "professional", 6000), RecordRow(PERSON, 2025, "public", 500),
    ]  # fmt: skip
    with bank.unit() as session:
        draft = ImportDraft("cn-3711", "an earlier system", tuple(rows))
        proposal = propose_import(session, bank.house.vault, draft, actor="official-test", now=NOW)
    with bank.unit() as session:
        number = proposal.record.import_no
        approve_import(session, bank.house.vault, number, actor="official-second", now=NOW)
    bank.seal()

    signed = answer(bank, client, stated={"hired_on": "2023-10-01"}, scheme="cn-3711")

    lines = {
        (row["year"], row["subject"]): (row["short"], row.get("carried"), row.get("months"))
        for row in rows_of(signed, "requirement")
    }
    assert signed.outcome == "not_met"
    assert lines == {
        (2023, ""): ("0.00", None, 3),
        (2023, "professional"): ("15.00", None, 3),
        (2023, "public"): ("0.00", None, 3),
        (2024, ""): ("0.00", "20.00", None),
        (2024, "professional"): ("0.00", None, None),
        (2024, "public"): ("10.00", "20.00", None),
        (2025, ""): ("25.00", None, None),
        (2025, "professional"): ("0.00", None, None),
        (2025, "public"): ("25.00", None, None),
    }
    assert signed.statement["make_up"] == [
        {
            "year": year, "last_day": f"{year + 2}-12-31", "activities": ["enterprise_course"],
            "key": "make_up.courses", "scheme": "cn-3711",
        }
        for year in (2024, 2025)
    ]  # fmt: skip
    assert failures(bank, checker, signed) == []
