"""Answers by the register: at every level they check offline, and only for as long as it holds."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import Table, select, update

from creditbank.canonical import canonical_text
from creditbank.crediting.imports import RecordRow
from creditbank.keys import public_jwk, signed_jws
from creditbank.ledger.models import Act
from creditbank.people.register import secret_states
from creditbank.registry.facts import Ground
from creditbank.verification.answers import SignedAnswer, prepare, sign
from creditbank.verification.exemption_models import Exemption, RecommendationFinding
from creditbank.verification.exemption_rights import Finding, FindingDraft, record_finding
from creditbank.verification.exemption_steps import Decided, Decision, decide_exemption, give_back
from creditbank.verification.exemptions import ExemptionOutsideError
from creditbank.verification.exemptions_fsck import check_exemptions
from creditbank.verification.questions import Ask, Disclosure
from tests.acts import register_enterprise
from tests.bank import ENTERPRISE_USCC, NOW, TestBank, invented_person
from tests.conftest import Database
from tests.force import Force
from tests.registry.test_successions import OTHER_USCC, merged
from tests.verification.askers import asker, failures
from tests.verification.exempted import DAY, approved, filed, list_enterprise

PERSON, OTHER, THIRD = (invented_person(number) for number in (31, 32, 33))
ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def asked(bank: TestBank, **told: Any) -> SignedAnswer:
    """Ask by the recommendation, and sign the answer."""
    ask = Ask(
        PERSON, "cn-3710", "engineering", "associate_senior", DAY, "title_application",
        "令第25号", pathway="enterprise_recommendation", **told,
    )  # fmt: skip
    with bank.reading() as session:
        prepared = prepare(session, bank.house.vault, ask, asker(bank), now=NOW)
    return sign(prepared, bank.house.keys, "Ed25519")


@pytest.fixture
def recommended(bank: TestBank) -> str:
    """A person with too few hours and an approved recommendation."""
    bank.imported([RecordRow(PERSON, 2025, "professional", 3000)])
    list_enterprise(bank)
    number = approved(bank, filed(bank, PERSON))
    bank.seal()
    return number


@ON_SQLITE
def test_an_answer_by_the_register_checks_offline_and_every_untruth_in_it_is_found(
    bank: TestBank, recommended: str, checker: ModuleType
) -> None:
    answers = [asked(bank, disclose=level) for level in Disclosure]
    assert [failures(bank, checker, each) for each in answers] == [[], [], []]
    assert {each.outcome for each in answers} == {"exempt"}
    statement = json.loads(canonical_text(answers[0].statement))

    def bend(change: Callable[[Any], object]) -> list[str]:
        bent = json.loads(json.dumps(statement))
        change(bent)
        token = signed_jws(bank.house.keys, "Ed25519", "creditbank-verdict+jwt", bent)
        return failures(bank, checker, SignedAnswer("", "", bent, token))

    bends: list[Callable[[Any], object]] = [
        lambda told: told["exemption"].update(expires_on="2026-11-19"),
        lambda told: told["exemption"].update(key="pathway.fast_track"),
        lambda told: told["exemption"].update(number="X000000000"),
        lambda told: told["registered"].append(told["registered"][0]),
        lambda told: told["registered"].clear(),
        lambda told: told["registered"][0].update(stated="no"),
        lambda told: told["registered"].pop(),
        lambda told: told.pop("exemption"),
    ]
    assert [bend(each) for each in bends] == [["register"]] * len(bends)
    assert bend(lambda told: told.update(statement="creditbank/verdict/v1")) == ["members"]
    for report_language in ("zh", "en"):
        keys = [json.loads(json.dumps(key)) for key in _keys(bank)]
        report = checker.examine(answers[0].jws.encode(), json.dumps({"keys": keys}).encode())
        lines = "\n".join(checker.report_lines(report, report_language))
        assert recommended in lines


def _keys(bank: TestBank) -> list[Any]:
    return [public_jwk(key) for key in bank.house.keys.every("verdict-ed25519")]


@ON_SQLITE
def test_what_was_approved_or_ended_later_is_not_known_before(bank: TestBank) -> None:
    list_enterprise(bank)
    first, later = NOW + timedelta(hours=1), NOW + timedelta(days=1)
    recommended = approved(bank, filed(bank, PERSON), now=first)
    with bank.unit() as session:
        give_back(
            session, bank.house.vault, recommended, reason="放弃", actor="employer-test", now=later
        )

    outcomes = [
        asked(bank, known_at=at).outcome
        for at in (NOW, first, first + timedelta(hours=1), later, None)
    ]

    assert outcomes == ["undetermined", "exempt", "exempt", "undetermined", "undetermined"]


@ON_SQLITE
def test_places_of_merged_enterprises_add_up(bank: TestBank) -> None:
    register_enterprise(bank, OTHER_USCC)
    for uscc in (ENTERPRISE_USCC, OTHER_USCC):
        list_enterprise(bank, uscc=uscc)
    approved(bank, filed(bank, PERSON, uscc=OTHER_USCC))
    approved(bank, filed(bank, OTHER))
    third = filed(bank, THIRD)
    merged(bank, OTHER_USCC, ENTERPRISE_USCC)

    with pytest.raises(ExemptionOutsideError) as refused:
        approved(bank, third)

    assert refused.value.facts["bounds_words"] == ["exemption-bound-pathway-quota"]
    assert bank.fsck() == []


def _checked(bank: TestBank) -> list[Any]:
    with bank.reading() as session:
        secrets = lambda people: secret_states(session, bank.house.vault, people)  # noqa: E731
        return list(check_exemptions(session, secrets))


@ON_SQLITE
def test_every_change_of_an_exemption_or_a_finding_by_force_is_named(
    bank: TestBank, recommended: str, database: Database
) -> None:
    refused, enterprise = filed(bank, OTHER), bank.enterprise()
    with bank.unit() as session:
        decided = Decided(Decision.REFUSE, "材料不足")
        decide_exemption(session, bank.house.vault, refused, decided, actor="o", now=NOW)
        ground = Ground("示例9号", date(2026, 1, 8), "核查属实")
        found = FindingDraft(Finding.FRAUD, ground, "市工信局", date(2026, 1, 9))
        record_finding(session, enterprise, found, actor="official-test", now=NOW)
    changes = {
        Exemption: {
            "scheme": "cn-37", "jurisdiction": "cn", "series": "x", "specialty": "x",
            "level": "x", "pathway": "fast_track", "rule_scheme": "cn",
            "organisation_id": None, "application_day": date(2026, 1, 1), "said": "{}",
            "version": 2, "state": "used", "state_at": NOW - timedelta(1), "reason": "x",
            "bounds": '[["a","b"]]', "filed_by": "x", "filed_at": NOW - timedelta(1),
            "approved_by": "x", "approved_at": NOW - timedelta(1),
            "expires_on": date(2027, 12, 31), "facts": '{"a":"b"}', "quota_year": 2025,
            "holds_place": False, "act_id": 1,
        },
        RecommendationFinding: {
            "organisation_id": 99, "finding": "lax_recommendation", "document_no": "x",
            "document_day": date(2026, 1, 1), "reason": "x", "copied_to": "x",
            "copied_on": date(2026, 1, 1), "found_by": "x", "found_at": NOW - timedelta(1),
            "state": "lifted", "act_id": 1,
        },
    }  # fmt: skip
    sound, force, unseen = _checked(bank), Force(database), list[object]()
    for model, values in changes.items():
        table = model.__table__
        assert isinstance(table, Table)
        query = select(table)
        if model is Exemption:
            query = query.where(table.c.exemption_no == recommended)
        with force.engine.connect() as connection:
            row = dict(connection.execute(query).mappings().one())
        for name, value in values.items():
            with force.changed(table, row, **{name: value}):
                unseen += [name] if _checked(bank) == [] else []
        with force.deleted(table, row):
            unseen += [table.name] if _checked(bank) == [] else []
    force.close()

    assert (sound, unseen) == ([], [])


@ON_SQLITE
@pytest.mark.parametrize(
    "change",
    [
        lambda quota: quota.update(total=3),
        lambda quota: quota.update(for_level=3),
        lambda quota: quota.update(taken=[]),
        lambda quota: quota.update(taken=["X000000000"]),
        lambda quota: quota.update(taken=3),
        lambda quota: quota.clear(),
    ],
)
def test_places_that_an_approval_did_not_count_are_named(
    bank: TestBank, recommended: str, database: Database, change: Callable[[Any], object]
) -> None:
    second = approved(bank, filed(bank, OTHER))
    force = Force(database)
    mine = (Act.subject == second, Act.kind == "exemption.approved")
    with force.engine.begin() as connection:
        details = json.loads(connection.execute(select(Act.details).where(*mine)).scalar_one())
        change(details["quota"])
        bent = json.dumps(details)
        connection.execute(update(Act).where(*mine).values(details=bent))
    force.close()

    found = {each.code for each in _checked(bank)}

    assert recommended
    assert "fsck-exemption-quota" in found
