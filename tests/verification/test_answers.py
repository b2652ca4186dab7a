"""The answer to a title system: what it says, whom it is told, and that it can be kept as proof."""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import KeySet
from sqlalchemy import event

from creditbank.canonical import Canonical
from creditbank.crediting.imports import RecordRow
from creditbank.crediting.withdrawals import Withdrawal, WithdrawalReason, withdraw_attendance
from creditbank.keys import AlgorithmUnknownError, public_jwk
from creditbank.people.register import Identity, IdentityMismatchError
from creditbank.registry.clients import Client, ClientDraft, Role, create_client
from creditbank.registry.filing.filings import filing_numbered
from creditbank.registry.mandates import (
    MandateDraft,
    MandateMissingError,
    change_mandate,
    grant_mandate,
)
from creditbank.registry.organisations import (
    OrganisationDraft,
    OrganisationKind,
    register_organisation,
)
from creditbank.rules.requirement import StatedFactInvalidError
from creditbank.verification.answers import (
    SignedAnswer,
    VerdictUnknownError,
    prepare,
    sign,
    store,
    verdict_numbered,
)
from creditbank.verification.questions import Ask, Disclosure
from tests.bank import NOW, SEMINAR_DAYS, TestBank, attendance, invented_person

PERSON = invented_person(7)
TITLE_SYSTEM_USCC = "91371000MA3DEM0H24"
STATED = {"current_title_on": "2018-06-30"}


def title_system(
    bank: TestBank,
    *,
    levels: tuple[str, ...] = ("associate_senior",),
    specialties: tuple[str, ...] = (),
) -> Client:
    with bank.unit() as session:
        organisation = register_organisation(
            session,
            OrganisationDraft(
                TITLE_SYSTEM_USCC, "威海市职称评审系统", OrganisationKind.TITLE_SYSTEM, "cn-3710"
            ),
            actor="official-test",
            now=NOW,
        )
        grant_mandate(
            session,
            MandateDraft(
                organisation.organisation_id, "cn-3710", ("engineering",), levels,
                date(2026, 1, 1), date(2026, 12, 31), specialties,
            ),
            actor="official-test",
            now=NOW,
        )  # fmt: skip
        client, _key = create_client(
            session,
            ClientDraft("t", Role.TITLE_SYSTEM, "cn-3710", organisation.organisation_id),
            actor="administrator-test",
            now=NOW,
        )
        return client


def earlier_years(bank: TestBank) -> None:
    """Give the person all but 24 professional hours of 2026."""
    rows = [RecordRow(PERSON, year, "public.general", 3000) for year in range(2022, 2027)]
    rows += [RecordRow(PERSON, year, "professional", 6000) for year in range(2022, 2026)]
    bank.imported([*rows, RecordRow(PERSON, 2026, "professional", 3600)])


def question(
    *,
    identity: Identity = PERSON,
    level: str = "associate_senior",
    disclose: Disclosure = Disclosure.SUMMARY,
    stated: Mapping[str, str] = STATED,
    known_at: datetime | None = None,
    specialty: str = "",
) -> Ask:
    return Ask(
        identity=identity,
        scheme="cn-3710",
        series="engineering",
        level=level,
        application_day=date(2027, 3, 15),
        purpose="title_application",
        legal_basis="威人社办发〔2020〕50号 三(五)",
        stated=stated,
        disclose=disclose,
        known_at=known_at,
        specialty=specialty,
    )


def answer(
    bank: TestBank, client: Client, ask: Ask, *, algorithm: str = "Ed25519", now: datetime = NOW
) -> SignedAnswer:
    with bank.reading() as session:
        prepared = prepare(session, bank.house.vault, ask, client, now=now)
    signed = sign(prepared, bank.house.keys, algorithm)
    with bank.unit() as session:
        store(session, prepared, signed, now=now)
    return signed


def withdraw_one_day(bank: TestBank, filing_no: str) -> None:
    with bank.unit() as session:
        withdrawal = Withdrawal(
            filing_numbered(session, filing_no), PERSON, SEMINAR_DAYS[:1],
            WithdrawalReason.NOT_PRESENT, "", "provider-test",
        )  # fmt: skip
        withdraw_attendance(session, bank.house.vault, withdrawal, now=NOW)


def test_three_days_turn_not_met_into_met_and_one_withdrawn_turns_it_back(bank: TestBank) -> None:
    client, filing_no = title_system(bank), bank.approved_filing()
    earlier_years(bank)
    bank.seal()
    before = answer(bank, client, question())

    bank.post(filing_no, attendance([PERSON]))
    bank.seal()
    between = answer(bank, client, question())
    withdraw_one_day(bank, filing_no)
    bank.seal()
    after = answer(bank, client, question())

    assert [each.outcome for each in (before, between, after)] == ["not_met", "met", "not_met"]
    assert before.statement["advice"] == [
        {"year": 2026, "through": 2026, "subject": "professional", "short": "24.00"}
    ]
    assert between.statement["advice"] == []
    assert after.statement["advice"] == [
        {"year": 2026, "through": 2026, "subject": "professional", "short": "8.00"}
    ]
    assert between.statement["supersedes"] == before.verdict_no


def test_what_is_not_sealed_does_not_count_and_is_told(bank: TestBank) -> None:
    client, filing_no = title_system(bank), bank.approved_filing()
    earlier_years(bank)
    bank.seal()
    bank.post(filing_no, attendance([PERSON]))

    unsealed = answer(bank, client, question())

    assert unsealed.outcome == "not_met"
    assert unsealed.statement["pending"] == {"entries": 3}


def test_a_question_about_the_past_is_answered_from_what_was_sealed_then(bank: TestBank) -> None:
    client, filing_no = title_system(bank), bank.approved_filing()
    earlier_years(bank)
    bank.seal()
    bank.post(filing_no, attendance([PERSON]))
    bank.seal(now=NOW + timedelta(hours=1))

    then = answer(bank, client, question(known_at=NOW))
    now = answer(bank, client, question())

    assert (then.outcome, now.outcome) == ("not_met", "met")
    assert then.statement["known_at"] == "2026-11-20T02:00:00.000000Z"


def test_without_the_title_day_nothing_is_decided_and_the_asker_is_told_what_is_missing(
    bank: TestBank,
) -> None:
    client = title_system(bank)
    earlier_years(bank)
    bank.seal()

    undecided = answer(bank, client, question(stated={}))

    assert undecided.outcome == "undetermined"
    assert len(undecided.statement["reasons"]) > 1  # type: ignore[arg-type]


def test_a_title_day_after_the_application_is_refused(bank: TestBank) -> None:
    client = title_system(bank)

    with pytest.raises(StatedFactInvalidError):
        answer(bank, client, question(stated={"current_title_on": "2027-03-16"}))


def test_no_record_is_told_apart_from_not_met(bank: TestBank) -> None:
    stranger = answer(bank, title_system(bank), question(identity=invented_person(99)))

    assert stranger.outcome == "undetermined"
    assert [reason["code"] for reason in reasons(stranger)] == ["verdict-no-record"]


def reasons(signed: SignedAnswer) -> list[dict[str, Canonical]]:
    found = signed.statement["reasons"]
    assert isinstance(found, list)
    return found


def test_a_number_under_another_name_is_nobodys_answer(bank: TestBank) -> None:
    client = title_system(bank)
    earlier_years(bank)

    with pytest.raises(IdentityMismatchError):
        answer(bank, client, question(identity=Identity(PERSON.document, "张三")))


@pytest.mark.parametrize("state", ["suspended", "withdrawn"])
def test_a_mandate_stopped_is_stopped_for_the_next_question(bank: TestBank, state: str) -> None:
    client = title_system(bank)
    mandate = str(asker(answer(bank, client, question()))["mandate"])
    with bank.unit() as session:
        change_mandate(session, mandate, state, actor="official-test", now=NOW)

    with pytest.raises(MandateMissingError):
        answer(bank, client, question())


def asker(signed: SignedAnswer) -> dict[str, Canonical]:
    found = signed.statement["asker"]
    assert isinstance(found, dict)
    return found


def test_a_level_outside_the_mandate_is_refused_before_anybody_is_looked_up(
    bank: TestBank,
) -> None:
    client = title_system(bank, levels=("intermediate",))

    with pytest.raises(MandateMissingError):
        answer(bank, client, question(identity=Identity(PERSON.document, "张三")))


@pytest.mark.parametrize("specialty", ["", "machinery"])
def test_a_mandate_of_one_specialty_answers_for_no_other_and_for_none_unnamed(
    bank: TestBank, specialty: str
) -> None:
    client = title_system(bank, specialties=("composites", "textiles"))

    answered = answer(bank, client, question(specialty="textiles"))

    assert asked_about(answered)["specialty"] == "textiles"
    with pytest.raises(MandateMissingError) as caught:
        answer(bank, client, question(specialty=specialty))
    assert caught.value.facts["series"] == f"engineering.{specialty}".rstrip(".")


def asked_about(signed: SignedAnswer) -> dict[str, Canonical]:
    found = signed.statement["question"]
    assert isinstance(found, dict)
    return found


def test_a_mandate_that_names_no_specialty_answers_for_each_and_each_is_a_question_of_its_own(
    bank: TestBank,
) -> None:
    client = title_system(bank)

    plain = answer(bank, client, question())
    textiles = answer(bank, client, question(specialty="textiles"))
    again = answer(bank, client, question(specialty="textiles"))

    assert "specialty" not in asked_about(plain)
    assert textiles.statement["supersedes"] == ""
    assert again.statement["supersedes"] == textiles.verdict_no


def test_the_last_of_many_earlier_answers_is_superseded_and_only_it_is_looked_up(
    bank: TestBank,
) -> None:
    client = title_system(bank)
    earlier_years(bank)
    bank.seal()
    first = answer(bank, client, question())
    second = answer(bank, client, question(), now=NOW + timedelta(minutes=1))
    other = answer(bank, client, question(specialty="textiles"), now=NOW + timedelta(minutes=2))

    third = answer(bank, client, question(), now=NOW + timedelta(minutes=3))

    assert second.statement["supersedes"] == first.verdict_no
    assert other.statement["supersedes"] == ""
    assert third.statement["supersedes"] == second.verdict_no
    assert "verdict_asker" not in plan_of(bank, "verdict.question_digest", client)


def plan_of(bank: TestBank, part: str, client: Client) -> str:
    """Return how SQLite goes about the statements of a question that have this part."""
    seen: list[tuple[str, Any]] = []
    with bank.reading() as session:
        if session.get_bind().dialect.name != "sqlite":
            return ""
        connection = session.connection()
        event.listen(
            connection, "before_cursor_execute", lambda *said: seen.append((said[2], said[3]))
        )
        prepare(session, bank.house.vault, question(), client, now=NOW + timedelta(minutes=4))
        asked = [(sql, values) for sql, values in seen if part in sql]
        assert asked, "a question looks for earlier answers"
        plans = [
            connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values) for sql, values in asked
        ]
        return "\n".join(str(row) for plan in plans for row in plan)


def test_the_decision_alone_tells_no_hours(bank: TestBank) -> None:
    client = title_system(bank)
    earlier_years(bank)
    bank.seal()

    decision = answer(bank, client, question(disclose=Disclosure.DECISION))

    hidden = {"requirement", "credited", "cuts", "advice", "entries"}
    assert not hidden & decision.statement.keys()
    assert "36.00" not in json.dumps(decision.statement)


@pytest.mark.parametrize("algorithm", ["Ed25519", "ES256"])
def test_another_library_verifies_the_signature_and_a_changed_answer_fails(
    bank: TestBank, algorithm: str
) -> None:
    signed = answer(bank, title_system(bank), question(), algorithm=algorithm)
    keys = [
        public_jwk(key)
        for kind in ("verdict-ed25519", "verdict-es256")
        for key in bank.house.keys.every(kind)
    ]
    published = KeySet.import_key_set({"keys": keys})

    opened = jws.deserialize_compact(signed.jws, published, algorithms=[algorithm])

    assert json.loads(opened.payload) == signed.statement
    assert opened.protected["typ"] == "creditbank-verdict+jwt"
    header, payload, signature = signed.jws.split(".")
    flipped = payload[:-2] + ("A" if payload[-2] != "A" else "B") + payload[-1]
    with pytest.raises(Exception, match=r"bad_signature|BadSignature"):
        jws.deserialize_compact(
            f"{header}.{flipped}.{signature}", published, algorithms=[algorithm]
        )


def test_an_unknown_algorithm_is_refused(bank: TestBank) -> None:
    with pytest.raises(AlgorithmUnknownError):
        answer(bank, title_system(bank), question(), algorithm="none")


def test_hours_per_day_stand_as_an_assumption_in_every_answer_that_used_them(
    bank: TestBank,
) -> None:
    client, filing_no = title_system(bank), bank.approved_filing()
    bank.seal()
    bank.post(filing_no, attendance([PERSON]))
    bank.seal()

    signed = answer(bank, client, question(disclose=Disclosure.DECISION))

    assumptions = signed.statement["assumptions"]
    assert isinstance(assumptions, list)
    assert "conversion.enterprise_course" in [each["key"] for each in assumptions]


def test_an_answer_is_shown_again_to_its_asker_only(bank: TestBank) -> None:
    client = title_system(bank)
    signed = answer(bank, client, question())

    with bank.reading() as session:
        assert verdict_numbered(session, signed.verdict_no, client).jws == signed.jws
        stranger = Client("title_system-other", Role.TITLE_SYSTEM, frozenset(), "cn", None)
        with pytest.raises(VerdictUnknownError):
            verdict_numbered(session, signed.verdict_no, stranger)
