"""Disputes of hours: every step leads where the table says and is kept; time decides nothing."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from creditbank.clock import civil_day
from creditbank.crediting.corrections import Correction, CorrectionReason, correct_attendance
from creditbank.errors import CreditBankError
from creditbank.integrity.disputes import (
    STATED_MAX,
    Answer,
    DisputeDayError,
    DisputeErasedError,
    DisputeRemedyError,
    DisputesTooManyError,
    DisputeTwiceError,
    Outcome,
    StepDraft,
    appeal,
    escalate_disputes,
    mark_steps_read,
    withdraw_dispute,
)
from creditbank.integrity.lists import (
    OPEN,
    DisputesWanted,
    DisputeUnknownError,
    dispute_seen,
    disputes_page,
    figures_of,
    told_dispute,
    unread_steps,
)
from creditbank.integrity.models import Dispute, DisputeStep
from creditbank.integrity.remedies import remedies_of
from creditbank.integrity.states import About, DisputeUnfitError
from creditbank.ledger.models import Act
from creditbank.people.register import erase_secret, find_people
from creditbank.registry.clients import Client, RegionForeignError, Role
from creditbank.registry.facts import Ground
from creditbank.registry.filing.filings import FilingUnknownError, filing_numbered
from creditbank.registry.organisations import OrganisationUnknownError
from creditbank.registry.succeeding import SuccessionDraft, SuccessorDraft, succeed
from creditbank.registry.successions import How
from tests.acts import register_enterprise, withdraw
from tests.bank import ENTERPRISE_USCC, NOW, SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.integrity.disputing import TERM, WORDS, answered, decided, disputed

PERSON, OTHER = invented_person(1), invented_person(2)
HEIR_USCC = "91371000MA3DEM0K00"
LATER = NOW + timedelta(hours=1)


def standing(bank: TestBank, dispute_no: str) -> Dispute:
    with bank.reading() as session:
        return session.get_one(Dispute, dispute_no)


def steps(bank: TestBank, dispute_no: str) -> list[str]:
    with bank.reading() as session:
        told = told_dispute(session, bank.house.vault, session.get_one(Dispute, dispute_no))
        return [each.step for each in told.steps]


def remedies(bank: TestBank, dispute_no: str) -> list[str]:
    with bank.reading() as session:
        return [each.number for each in remedies_of(session, session.get_one(Dispute, dispute_no))]


def provider_of(bank: TestBank, uscc: str = ENTERPRISE_USCC) -> Client:
    number = bank.enterprise(uscc).organisation_id
    return Client("p", Role.PROVIDER, frozenset(), "cn-3710", number)


def listed(bank: TestBank, client: Client, state: str = OPEN) -> list[str]:
    with bank.reading() as session:
        found = disputes_page(session, DisputesWanted(client, state, None, 50))
        return [each.dispute_no for each in found]


def by_person(bank: TestBank, dispute_no: str, step: str) -> str:
    taken = {"appeal": appeal, "withdraw": withdraw_dispute}[step]
    with bank.unit() as session:
        draft = StepDraft(dispute_no, "A", "签到表上有我" if step == "appeal" else "")
        return taken(session, bank.house.vault, draft, now=LATER).state


def merged_away(bank: TestBank, *heirs: str) -> None:
    ground = Ground("示例1号", date(2026, 11, 1))
    how = How.MERGED if heirs else How.CLOSED
    draft = SuccessionDraft(how, date(2026, 11, 19), tuple(map(SuccessorDraft, heirs)), ground)
    with bank.unit() as session:
        succeed(session, ENTERPRISE_USCC, draft, actor="official-test", now=NOW)


def test_missing_hours_from_the_claim_to_the_posting_that_settles_it(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([PERSON], SEMINAR_DAYS[1:2]))  # before it was stated
    dispute_no = disputed(bank, PERSON, filing_no, day=SEMINAR_DAYS[0], now=LATER)
    before = remedies(bank, dispute_no)
    late = bank.post(filing_no, attendance([PERSON], SEMINAR_DAYS[:1]), now=LATER)
    bank.post(filing_no, attendance([OTHER], SEMINAR_DAYS[:1]), now=LATER)

    with pytest.raises(DisputeRemedyError):
        answered(bank, dispute_no, Answer.CORRECTED, "R000000000")
    state = answered(bank, dispute_no, Answer.CORRECTED, late.roster_no)

    assert (before, remedies(bank, dispute_no)) == ([], [late.roster_no])
    assert (state, steps(bank, dispute_no)) == ("corrected", ["state", "correct"])
    assert standing(bank, dispute_no).due_on is None
    assert bank.fsck() == []


def test_a_posting_that_was_taken_back_settles_nothing(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    dispute_no = disputed(bank, PERSON, filing_no)
    bank.post(filing_no, attendance([PERSON], SEMINAR_DAYS[:1]))

    withdraw(bank, filing_no, PERSON, SEMINAR_DAYS[:1])

    assert [number[:1] == "R" for number in remedies(bank, dispute_no)] == [False]


def test_wrong_hours_are_settled_by_a_withdrawal_or_by_another_day(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([PERSON], SEMINAR_DAYS[:2]))
    dispute_no = disputed(bank, PERSON, filing_no, about=About.WRONG, day=SEMINAR_DAYS[0])
    withdrawn = withdraw(bank, filing_no, PERSON, SEMINAR_DAYS[:1])
    with bank.unit() as session:
        correction = Correction(
            filing_numbered(session, filing_no), PERSON, SEMINAR_DAYS[1], 360,
            CorrectionReason.WRONG_SESSION, "", "p", attended_on=SEMINAR_DAYS[2],
        )  # fmt: skip
        moved = correct_attendance(session, bank.house.vault, correction, now=LATER)

    found = remedies(bank, dispute_no)

    assert found == [moved.roster_no, withdrawn.act_leaf.hex()]
    assert answered(bank, dispute_no, Answer.CORRECTED, found[1]) == "corrected"


def test_a_declined_dispute_goes_to_the_official_whose_decision_is_an_act(bank: TestBank) -> None:
    dispute_no = disputed(bank, PERSON, bank.approved_filing())
    walked = [
        answered(bank, dispute_no, Answer.DECLINED),
        by_person(bank, dispute_no, "appeal"),
        decided(bank, dispute_no, Outcome.UPHELD),
    ]
    with bank.reading() as session:
        [act] = session.scalars(select(Act).where(Act.subject == dispute_no)).all()
        rows = session.scalars(select(DisputeStep)).all()

    assert walked == ["declined", "with-official", "upheld"]
    assert (act.kind, act.actor) == ("dispute.upheld", "official-test")
    assert standing(bank, dispute_no).due_on == TERM.due(NOW)
    assert all(WORDS.encode() not in (row.words_cipher or b"") for row in rows)
    assert "签到" not in act.details
    with pytest.raises(DisputeUnfitError):
        decided(bank, dispute_no, Outcome.DISMISSED)
    with pytest.raises(DisputeUnfitError):
        by_person(bank, dispute_no, "withdraw")
    assert bank.fsck() == []


def test_what_is_not_answered_in_time_goes_to_the_official_undecided(bank: TestBank) -> None:
    dispute_no = disputed(bank, PERSON, bank.approved_filing())
    due = standing(bank, dispute_no).due_on
    assert due is not None

    def hand_over(days: int) -> int:
        with bank.unit() as session:
            now = NOW + timedelta(days=days)
            return escalate_disputes(session, bank.house.vault, limit=9, now=now)

    days = (due - civil_day(NOW)).days
    handed = [hand_over(days), hand_over(days + 1), hand_over(days + 2)]
    late_word = answered(bank, dispute_no, Answer.DECLINED)

    assert handed == [0, 1, 0]
    assert late_word == "with-official"
    assert steps(bank, dispute_no) == ["state", "overdue", "decline"]
    with bank.reading() as session:
        provider = bank.enterprise().organisation_id
        today = civil_day(NOW)
        figures = figures_of(session, provider, today, today)
    assert (figures.stated, figures.open, figures.late, figures.upheld) == (1, 1, 1, 0)
    assert decided(bank, dispute_no, Outcome.DISMISSED) == "dismissed"
    assert bank.fsck() == []


def test_whoever_answers_for_the_filing_now_has_the_word(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    register_enterprise(bank, HEIR_USCC)
    of_filing = disputed(bank, PERSON, filing_no)
    of_day = disputed(bank, PERSON, provider=ENTERPRISE_USCC, day=SEMINAR_DAYS[0])
    first, heir = provider_of(bank), provider_of(bank, HEIR_USCC)
    before = listed(bank, first), listed(bank, heir)
    merged_away(bank, HEIR_USCC)

    assert {*before[0]} == {of_filing, of_day}
    assert before[1] == []
    assert (listed(bank, first), {*listed(bank, heir)}) == ([], {of_filing, of_day})
    with bank.reading() as session:
        assert dispute_seen(session, heir, of_filing).dispute_no == of_filing
        with pytest.raises(DisputeUnknownError):
            dispute_seen(session, first, of_day)
        told = told_dispute(session, bank.house.vault, session.get_one(Dispute, of_day))
    assert told.answers != told.provider


def test_where_nobody_answers_any_more_the_official_has_it_at_once(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    merged_away(bank)

    dispute_no = disputed(bank, PERSON, filing_no)

    found = standing(bank, dispute_no)
    assert (found.state, found.due_on) == ("with-official", None)
    far = Client("o", Role.OFFICIAL, frozenset(), "cn-33", None)
    with bank.reading() as session, pytest.raises(RegionForeignError):
        dispute_seen(session, far, dispute_no)
    assert listed(bank, far) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_nothing_is_stated_that_nobody_could_answer(bank: TestBank) -> None:
    filing_no, tomorrow = bank.approved_filing(), civil_day(NOW) + timedelta(days=1)
    refused: list[type[CreditBankError]] = []
    for said in (
        {"filing_no": "F000000000"}, {"provider": "没有这个单位"}, {"provider": ENTERPRISE_USCC},
        {"filing_no": filing_no, "day": tomorrow},
    ):  # fmt: skip
        with pytest.raises(CreditBankError) as refusal:
            disputed(bank, PERSON, **said)  # type: ignore[arg-type]
        refused.append(refusal.type)

    assert refused == [
        FilingUnknownError, OrganisationUnknownError, DisputeDayError, DisputeDayError,
    ]  # fmt: skip


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_same_waits_once_and_one_person_states_few(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    first = disputed(bank, PERSON, filing_no)
    with pytest.raises(DisputeTwiceError):
        disputed(bank, PERSON, filing_no)
    by_person(bank, first, "withdraw")
    for back in range(1, STATED_MAX):
        disputed(bank, PERSON, filing_no, day=civil_day(NOW) - timedelta(days=back))

    with pytest.raises(DisputesTooManyError):
        disputed(bank, PERSON, filing_no)

    assert disputed(bank, OTHER, filing_no)
    assert disputed(bank, PERSON, filing_no, now=NOW + timedelta(days=31))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_person_is_told_of_every_step_until_they_read(bank: TestBank) -> None:
    dispute_no = disputed(bank, PERSON, bank.approved_filing())
    with bank.reading() as session:
        people = list(find_people(session, bank.house.vault, [PERSON.document]).values())
    counts = []
    for answer in (None, Answer.DECLINED):
        if answer:
            answered(bank, dispute_no, answer)
        with bank.reading() as session:
            counts.append(unread_steps(session, people))
    with bank.unit() as session:
        mark_steps_read(session, people)
        counts.append(unread_steps(session, people))

    assert counts == [0, 1, 0]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_words_are_blind_once_the_person_is_erased(bank: TestBank) -> None:
    dispute_no = disputed(bank, PERSON, bank.approved_filing())
    with bank.unit() as session:
        dispute = session.get_one(Dispute, dispute_no)
        before = told_dispute(session, bank.house.vault, dispute).steps[0].words
        erase_secret(session, dispute.person_id, now=NOW)
        session.flush()
        after = told_dispute(session, bank.house.vault, dispute).steps[0].words

    assert (before, after) == (WORDS, None)
    with pytest.raises(DisputeErasedError):
        answered(bank, dispute_no, Answer.DECLINED)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "forged",
    [
        "UPDATE dispute SET state = 'dismissed'",
        "UPDATE dispute SET steps = steps + 1",
        "INSERT INTO dispute_step SELECT dispute_no, 4, 'dismiss', 'x', recorded_at, NULL, '', NULL"
        " FROM dispute_step WHERE step_no = 1",
        # Walked to its end, and by no act.
        "INSERT INTO dispute_step SELECT dispute_no, 4, 'dismiss', 'x', recorded_at, NULL, '', NULL"
        " FROM dispute_step WHERE step_no = 1;UPDATE dispute SET state = 'dismissed', steps = 4",
        "INSERT INTO dispute_step SELECT dispute_no, 4, 'nothing', 'x', recorded_at, NULL, '', NULL"
        " FROM dispute_step WHERE step_no = 1",
    ],
)
def test_a_dispute_that_was_changed_by_force_is_found(bank: TestBank, forged: str) -> None:
    dispute_no = disputed(bank, PERSON, bank.approved_filing())
    answered(bank, dispute_no, Answer.DECLINED)
    by_person(bank, dispute_no, "appeal")
    assert bank.fsck() == []

    with bank.unit() as session:
        for statement in forged.split(";"):
            session.connection().exec_driver_sql(statement)

    assert {each.code for each in bank.fsck()} == {"fsck-dispute"}
