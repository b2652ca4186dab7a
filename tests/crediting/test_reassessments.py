"""Re-assessments: credits converted again under mended law, agreed by two, carried out whole."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from creditbank.attendance.models import Attendance
from creditbank.clock import utc_now
from creditbank.crediting import reassessment_works
from creditbank.crediting.fsck_reassessments import check_reassessments
from creditbank.crediting.imports import RecordRow
from creditbank.crediting.investigations import Outcome as Ending
from creditbank.crediting.items import item_numbered
from creditbank.crediting.models import DeclaredItem, ReassessedCredit, Reassessment
from creditbank.crediting.reassessment_works import (
    ATTEMPTS_MAX,
    SILENT_SECONDS,
    ReassessmentTakenError,
    carry_out_some,
    put_back,
    take_up,
)
from creditbank.crediting.reassessments import (
    DaysReversedError,
    LawMovedError,
    ReassessmentDraft,
    ReassessmentEmptyError,
    ReassessmentStateError,
    ReassessmentUnknownError,
    ReportDiffersError,
    SourceNotConvertedError,
    approve_reassessment,
    propose_reassessment,
    reassessment_numbered,
    request_reassessment,
    withdraw_reassessment,
)
from creditbank.crediting.transfers import transfer_numbered
from creditbank.errors import CreditBankError
from creditbank.jobs.reassessments import run_reassessments
from creditbank.ledger.disagreement import Disagreement, Progress
from creditbank.ledger.models import Act, CreditFacts, Entry, Source, SourceUse
from creditbank.ledger.sources import SourceUnknownError
from creditbank.people.register import erase_secret
from creditbank.registry.publishing import SecondPersonWantedError
from tests.achievements import BOOK, PAPER, held, recognised, transfer
from tests.acts import (
    end_investigation,
    import_rows,
    investigate,
    key_of,
    publish,
    roster,
    withdraw,
)
from tests.bank import NOW, SEMINAR_DAYS, TestBank, invented_person
from tests.lawtexts import COUNTY
from tests.reassessing import (
    ELSEWHERE,
    ONE,
    OTHER,
    agree,
    attended,
    carried_out,
    county_law,
    day_worth,
    found_county,
    listed,
    mend,
    one,
    propose,
    rehearse,
)

#: Where both databases do the same by the same statements.
ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
PERSON, SECOND, THIRD = (invented_person(number) for number in (1, 2, 3))


@pytest.fixture
def county(bank: TestBank) -> TestBank:
    found_county(bank)
    return bank


def entries(bank: TestBank) -> list[Entry]:
    with bank.reading() as session:
        return list(session.scalars(select(Entry).order_by(Entry.entry_id)))


def use_of(bank: TestBank, source_no: str) -> tuple[int, int]:
    with bank.reading() as session:
        source = session.scalars(select(Source).where(Source.source_no == source_no)).one()
        use = session.get_one(SourceUse, source.source_id)
        return use.people, use.centihours


def credit_of(bank: TestBank, occasion: str) -> Entry:
    return next(each for each in entries(bank) if each.occasion == occasion)


def test_a_rehearsal_says_what_would_change_and_moves_nothing(county: TestBank) -> None:
    filing_no = attended(county, PERSON, SECOND, days=SEMINAR_DAYS[:2])
    before = [each.leaf for each in entries(county)]
    mend(county, **day_worth("6"))

    number = rehearse(county)

    found = one(county, number)
    assert (found.state, len(found.digest or b"")) == ("rehearsed", 32)
    assert json.loads(found.result) == {
        "credits": 4, "people": 2, "plans": {"replace": 4},
        "sums": [{"year": 2026, "subject": "professional", "credits": 4, "before": 3200,
                  "after": 2400}],
    }  # fmt: skip
    assert listed(county, number) == [
        (f"{filing_no}/{day}", 800, 600, "replace", "") for day in (1, 1, 2, 2)
    ]
    assert [each.leaf for each in entries(county)] == before
    assert county.fsck() == []


def test_what_two_officials_agreed_on_is_reversed_and_posted_under_the_new_law(
    county: TestBank,
) -> None:
    filing_no = attended(county, PERSON)
    mend(county, **day_worth("6"))

    number = carried_out(county)

    first, reversal, second = entries(county)
    with county.reading() as session:
        acts = session.scalars(select(Act).where(Act.subject == number).order_by(Act.act_id)).all()
        facts = json.loads(
            session.get_one(CreditFacts, (second.person_id, COUNTY, second.occasion, 1)).facts
        )
        revisions = session.scalars(select(Attendance.revision)).all()
    _, approved, completed = acts
    assert [(e.movement, e.revision, e.centihours) for e in (first, reversal, second)] == [
        ("credit", 0, 800), ("reverse", 0, 800), ("credit", 1, 600),
    ]  # fmt: skip
    assert (reversal.act_id, reversal.reason) == (approved.act_id, "law")
    assert first.pins_id != second.pins_id
    assert facts["reassessment"] == {"number": number, "replaces": first.leaf.hex()}
    assert facts["attended_minutes"] == 360
    assert sorted(revisions) == [0, 1]
    assert [(act.kind, act.actor) for act in acts] == [
        ("reassessment.proposed", ONE), ("reassessment.approved", OTHER),
        ("reassessment.completed", OTHER),
    ]  # fmt: skip
    assert json.loads(approved.details)["report"] == (one(county, number).digest or b"").hex()
    assert json.loads(completed.cites) == [approved.leaf.hex()]
    assert json.loads(completed.details)["outcomes"] == {"done": 1}
    assert (held(county, PERSON, COUNTY), use_of(county, filing_no)) == ({2026: (600, 0)}, (1, 600))
    assert one(county, number).state == "done"
    assert county.fsck() == []


@ONE_DATABASE
def test_what_is_right_already_is_left_alone(county: TestBank) -> None:
    attended(county, PERSON)

    number = rehearse(county)

    with pytest.raises(ReassessmentEmptyError):
        propose(county, number)
    assert (json.loads(one(county, number).result)["credits"], listed(county, number)) == (1, [])


def test_what_the_law_no_longer_recognises_is_only_reversed(county: TestBank) -> None:
    filing_no = attended(county, PERSON)
    paper = recognised(county, PERSON, replace(PAPER, scheme=COUNTY))
    mend(county, recognise__enterprise_course="false", recognise__paper="false")

    number = carried_out(county)

    assert listed(county, number) == [
        (f"{paper}/1", 2400, 0, "reverse", "done"),
        (f"{filing_no}/1", 800, 0, "reverse", "done"),
    ]
    assert held(county, PERSON, COUNTY) == {2026: (0, 0)}
    assert (use_of(county, filing_no), use_of(county, paper)) == ((0, 0), (0, 0))
    with county.reading() as session:
        item = item_numbered(session, paper)
        assert (item.state, item.reason, item.decided_by) == ("withdrawn", "law", OTHER)
    assert county.fsck() == []


def test_one_source_and_some_days_bound_what_is_looked_at(county: TestBank) -> None:
    first = attended(county, PERSON, days=SEMINAR_DAYS)
    attended(county, SECOND, days=SEMINAR_DAYS)
    mend(county, **day_worth("6"))

    number = rehearse(
        county, source_no=first, earned_from=SEMINAR_DAYS[1], earned_to=SEMINAR_DAYS[1]
    )

    assert listed(county, number) == [(f"{first}/2", 800, 600, "replace", "")]


def test_more_hours_than_the_source_allows_one_person_are_left_and_listed(
    county: TestBank,
) -> None:
    filing_no = attended(county, PERSON, days=SEMINAR_DAYS[:2])
    mend(county, **day_worth("9"))

    number = rehearse(county)

    assert listed(county, number) == [
        (f"{filing_no}/{day}", 800, 900, "beyond-bounds", "") for day in (1, 2)
    ]


def test_within_a_source_one_part_gains_what_another_loses(county: TestBank) -> None:
    book = recognised(county, PERSON, replace(BOOK, scheme=COUNTY))
    mend(
        county,
        conversion__book='{ kind = "per_unit", measure = "characters", units = 10000, '
        'hours = "8", spread = { years = 4, how = "even" } }',
    )

    number = carried_out(county)

    assert listed(county, number) == [
        (f"{book}/1", 1000, 500, "replace", "done"),
        (f"{book}/2", 1000, 500, "replace", "done"),
        (f"{book}/3", 0, 500, "replace", "done"),
        (f"{book}/4", 0, 500, "replace", "done"),
    ]
    assert held(county, PERSON, COUNTY) == dict.fromkeys(range(2026, 2030), (500, 0))
    assert use_of(county, book) == (1, 2000)
    with county.reading() as session:
        key = (key_of(county, PERSON), COUNTY, f"{book}/3", 0)
        facts = json.loads(session.get_one(CreditFacts, key).facts)
    assert (facts["part"], facts["reassessment"]["replaces"]) == (3, "")
    assert county.fsck() == []


def test_parts_that_an_item_has_no_more_are_reversed(county: TestBank) -> None:
    book = recognised(county, PERSON, replace(BOOK, scheme=COUNTY))
    mend(
        county,
        conversion__book='{ kind = "per_unit", measure = "characters", units = 10000, '
        'hours = "8" }',
    )

    number = carried_out(county)

    assert listed(county, number) == [
        (f"{book}/1", 1000, 2000, "replace", "done"), (f"{book}/2", 1000, 0, "reverse", "done"),
    ]  # fmt: skip
    assert held(county, PERSON, COUNTY) == {2026: (2000, 0), 2027: (0, 0)}
    assert county.fsck() == []


def test_copies_under_other_schemes_go_with_their_originals(county: TestBank) -> None:
    publish(county, county_law(id=ELSEWHERE))
    filing_no = attended(county, PERSON)
    copy = transfer(county, PERSON, credit_of(county, f"{filing_no}/1"), ELSEWHERE)
    mend(county, **day_worth("6"))

    carried_out(county)

    assert held(county, PERSON, ELSEWHERE) == {2026: (0, 0)}
    with county.reading() as session:
        assert transfer_numbered(session, copy.transfer_no).state == "withdrawn"
    assert county.fsck() == []


def test_what_was_recognised_from_another_scheme_is_converted_again_too(county: TestBank) -> None:
    publish(county, county_law(id=ELSEWHERE))
    paper = recognised(county, PERSON, replace(PAPER, scheme=ELSEWHERE))
    other = recognised(county, SECOND, replace(PAPER, scheme=ELSEWHERE, work="10.1000/2"))
    whole = transfer(county, PERSON, credit_of(county, f"{paper}/1"), COUNTY)
    gone = transfer(county, SECOND, credit_of(county, f"{other}/1"), COUNTY)
    publish(county, county_law(2), corrigendum="")  # nothing differs: it mends nothing
    assert listed(county, rehearse(county, source_no=whole.transfer_no)) == []
    mend(county, 3, **{f"transfer__{ELSEWHERE}": '{ subjects = "same", percent = 25 }'})

    number = carried_out(county, source_no=whole.transfer_no)
    mend(county, 4, **{f"transfer__{ELSEWHERE}": ""})
    nothing = carried_out(county, source_no=gone.transfer_no)

    assert listed(county, number) == [(f"{whole.transfer_no}/1", 2400, 600, "replace", "done")]
    assert listed(county, nothing) == [(f"{gone.transfer_no}/1", 2400, 0, "reverse", "done")]
    with county.reading() as session:
        withdrawn = transfer_numbered(session, gone.transfer_no)
        assert (withdrawn.state, withdrawn.reason) == ("withdrawn", "law")
        assert transfer_numbered(session, whole.transfer_no).state == "recognised"
    assert county.fsck() == []


def test_caps_are_counted_again(county: TestBank) -> None:
    cap = {"cap__year": '{ per = "year", hours = "10", order = 10 }'}
    publish(county, county_law(2, **cap))
    attended(county, PERSON, days=SEMINAR_DAYS[:2])
    assert held(county, PERSON, COUNTY) == {2026: (1000, 600)}
    mend(county, 3, **cap, **day_worth("6"))

    carried_out(county)

    assert held(county, PERSON, COUNTY) == {2026: (1000, 200)}
    assert county.fsck() == []


def test_what_is_frozen_or_erased_or_cannot_be_told_stays_and_is_listed(county: TestBank) -> None:
    frozen = attended(county, PERSON)
    investigate(county, frozen)
    erased = attended(county, SECOND)
    with county.unit() as session:
        erase_secret(session, key_of(county, SECOND), now=NOW)
    book = recognised(county, THIRD, replace(BOOK, scheme=COUNTY))
    import_rows(county, COUNTY, [RecordRow(THIRD, 2024, "professional", 500)])
    mend(county, **day_worth("6"), conversion__book="")

    number = rehearse(county)

    assert {(line[0], line[3]) for line in listed(county, number)} == {
        (f"{frozen}/1", "frozen"), (f"{erased}/1", "erased"),
        (f"{book}/1", "undecided"), (f"{book}/2", "undecided"),
    }  # fmt: skip
    with county.reading() as session:
        why = set(session.scalars(select(ReassessedCredit.why)))
    assert why == {"", "rule-missing"}
    with pytest.raises(ReassessmentEmptyError):
        propose(county, number)


def test_whatever_moved_meanwhile_stays_and_is_said(county: TestBank) -> None:
    filings = [attended(county, who) for who in (PERSON, SECOND, THIRD)]
    paper = recognised(county, PERSON, replace(PAPER, scheme=COUNTY))
    mend(county, **day_worth("6"), conversion__paper='{ kind = "by_rank", hours = ["20", "12"] }')
    number = rehearse(county)
    propose(county, number)
    withdraw(county, filings[0], PERSON)
    case = investigate(county, filings[1])
    with county.unit() as session:
        erase_secret(session, key_of(county, THIRD), now=NOW)
        said = update(DeclaredItem).values(
            said='{"measures":{},"rank":2,"spread_years":1,"traits":{}}'
        )
        session.execute(said.where(DeclaredItem.item_no == paper))

    agree(county, number)
    run_reassessments(threading.Event())
    end_investigation(county, case, Ending.CLEARED)

    assert {line[0]: line[4] for line in listed(county, number)} == {
        f"{filings[0]}/1": "gone", f"{filings[1]}/1": "frozen", f"{filings[2]}/1": "erased",
        f"{paper}/1": "differs",
    }  # fmt: skip
    assert held(county, SECOND, COUNTY) == {2026: (800, 0)}
    assert county.fsck() == []


def test_a_part_is_not_gained_by_an_item_that_was_withdrawn_meanwhile(county: TestBank) -> None:
    book = recognised(county, PERSON, replace(BOOK, scheme=COUNTY))
    mend(
        county,
        conversion__book='{ kind = "per_unit", measure = "characters", units = 10000, '
        'hours = "8", spread = { years = 4, how = "even" } }',
    )
    number = rehearse(county)
    propose(county, number)
    end_investigation(county, investigate(county, book), Ending.FOUND_FALSE)
    agree(county, number)

    run_reassessments(threading.Event())

    assert {line[4] for line in listed(county, number)} == {"gone"}
    assert held(county, PERSON, COUNTY) == {2026: (0, 0), 2027: (0, 0)}
    assert county.fsck() == []


def test_hours_posted_meanwhile_keep_another_from_growing_beyond_the_bound(
    county: TestBank,
) -> None:
    filing_no = attended(county, PERSON, days=SEMINAR_DAYS[:2])
    mend(county, **day_worth("4"))
    carried_out(county)
    withdraw(county, filing_no, PERSON, SEMINAR_DAYS[1:2])
    mend(county, 3, **day_worth("12"))
    number = rehearse(county)  # of one day twelve hours, within the sixteen of both
    assert listed(county, number) == [(f"{filing_no}/1", 400, 1200, "replace", "")]
    propose(county, number)
    county.post(filing_no, roster([(PERSON, SEMINAR_DAYS[1], 360)]))

    agree(county, number)
    run_reassessments(threading.Event())

    assert listed(county, number)[0][4] == "beyond-bounds"
    assert held(county, PERSON, COUNTY) == {2026: (1600, 0)}
    assert county.fsck() == []


def test_when_the_law_moves_again_what_is_left_stays_as_it_is(county: TestBank) -> None:
    filing_no = attended(county, PERSON)
    mend(county, **day_worth("6"))
    number = rehearse(county)
    propose(county, number)
    agree(county, number)
    mend(county, 3, **day_worth("7"))

    run_reassessments(threading.Event())

    assert listed(county, number) == [(f"{filing_no}/1", 800, 600, "replace", "law-moved")]
    assert (one(county, number).state, held(county, PERSON, COUNTY)) == ("done", {2026: (800, 0)})
    assert county.fsck() == []


@ONE_DATABASE
def test_only_the_report_that_was_read_is_agreed_on_and_by_two(county: TestBank) -> None:
    attended(county, PERSON)
    mend(county, **day_worth("6"))
    number = rehearse(county)
    digest = (one(county, number).digest or b"").hex()

    def step(act: Callable[..., object], stated: str, actor: str) -> None:
        with county.unit() as session:
            act(session, number, stated, actor=actor, now=NOW)

    with pytest.raises(ReportDiffersError):
        step(propose_reassessment, "00" * 32, ONE)
    with pytest.raises(ReassessmentStateError):
        step(approve_reassessment, digest, OTHER)
    propose(county, number)
    with pytest.raises(SecondPersonWantedError):
        step(approve_reassessment, digest, ONE)
    with pytest.raises(ReportDiffersError):
        step(approve_reassessment, "00" * 32, OTHER)
    mend(county, 3, **day_worth("7"))
    with pytest.raises(LawMovedError):
        step(approve_reassessment, digest, OTHER)
    assert one(county, number).state == "proposed"


@ONE_DATABASE
def test_a_re_assessment_is_taken_back_until_it_is_approved(county: TestBank) -> None:
    attended(county, PERSON)
    mend(county, **day_worth("6"))
    first, second = rehearse(county), rehearse(county)
    propose(county, first)
    with county.unit() as session:
        withdraw_reassessment(session, first, actor=OTHER, now=NOW)
        withdraw_reassessment(session, second, actor=ONE, now=NOW)

    with pytest.raises(ReassessmentStateError), county.unit() as session:
        withdraw_reassessment(session, first, actor=ONE, now=NOW)
    with county.reading() as session:
        kinds = session.scalars(select(Act.kind).where(Act.subject.in_([first, second]))).all()
    assert sorted(kinds) == ["reassessment.proposed", "reassessment.withdrawn"]
    assert county.fsck() == []


@ONE_DATABASE
def test_what_cannot_be_asked_is_refused(county: TestBank) -> None:
    elsewhere = county.approved_filing()
    records = import_rows(county, COUNTY, [RecordRow(PERSON, 2024, "professional", 500)])
    refusals: list[tuple[type[CreditBankError], dict[str, object]]] = [
        (SourceUnknownError, {"source_no": "F000000000"}),
        (SourceNotConvertedError, {"source_no": elsewhere}),
        (SourceNotConvertedError, {"source_no": records}),
        (DaysReversedError, {"earned_from": SEMINAR_DAYS[1], "earned_to": SEMINAR_DAYS[0]}),
    ]
    for refusal, said in refusals:
        draft = ReassessmentDraft(COUNTY, "查1", ONE, **said)  # type: ignore[arg-type]
        with pytest.raises(refusal), county.unit() as session:
            request_reassessment(session, draft, now=NOW)
    for step in (
        lambda session: reassessment_numbered(session, "G000000000"),
        lambda session: withdraw_reassessment(session, "G000000000", actor=ONE, now=NOW),
    ):
        with pytest.raises(ReassessmentUnknownError), county.unit() as session:
            step(session)


def test_a_work_that_fell_goes_on_behind_its_last_batch(
    county: TestBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reassessment_works, "BATCH_PEOPLE", 1)
    attended(county, PERSON, SECOND, THIRD)
    mend(county, **day_worth("6"))
    number = rehearse(county)
    propose(county, number)
    agree(county, number)
    vault, stop = county.house.vault, threading.Event()
    with county.unit() as session:
        fallen = take_up(session, now=utc_now())
    assert fallen is not None
    with county.unit() as session:
        assert carry_out_some(session, vault, fallen, now=utc_now())

    assert [line[4] for line in listed(county, number)].count("done") == 1
    assert (one(county, number).step_done, one(county, number).step_total) == (1, 3)
    assert county.fsck() == []
    assert run_reassessments(stop) == 0  # whoever has it may still be at work
    with county.unit() as session:
        again = take_up(session, now=utc_now() + timedelta(seconds=SILENT_SECONDS + 1))
    assert again is not None
    with pytest.raises(ReassessmentTakenError), county.unit() as session:
        carry_out_some(session, vault, fallen, now=utc_now())
    with county.unit() as session:
        put_back(session, again)
    stopped = threading.Event()
    assert run_reassessments(stopped, stopped.set) == 0
    assert one(county, number).state == "approved"

    assert run_reassessments(stop) == 1
    assert {line[4] for line in listed(county, number)} == {"done"}
    assert [held(county, who, COUNTY) for who in (PERSON, SECOND, THIRD)] == [{2026: (600, 0)}] * 3
    assert county.fsck() == []


@ONE_DATABASE
def test_a_work_that_ends_everybody_who_takes_it_up_is_given_up(county: TestBank) -> None:
    attended(county, PERSON)
    with county.unit() as session:
        draft = ReassessmentDraft(COUNTY, "查1", ONE)
        number = request_reassessment(session, draft, now=NOW).reassessment_no
        session.execute(update(Reassessment).values(attempt=ATTEMPTS_MAX))

    assert run_reassessments(threading.Event()) == 0

    assert (one(county, number).state, one(county, number).failed) == (
        "failed", "reassessment-given-up",
    )  # fmt: skip


@ONE_DATABASE
def test_a_rehearsal_that_was_taken_back_meanwhile_writes_nothing(county: TestBank) -> None:
    attended(county, PERSON)
    mend(county, **day_worth("6"))
    with county.unit() as session:
        draft = ReassessmentDraft(COUNTY, "查1", ONE)
        number = request_reassessment(session, draft, now=NOW).reassessment_no

    def take_back() -> None:
        with county.unit() as session:
            withdraw_reassessment(session, number, actor=OTHER, now=NOW)

    assert run_reassessments(threading.Event(), take_back) == 0
    assert (one(county, number).state, listed(county, number)) == ("withdrawn", [])


@ONE_DATABASE
def test_fsck_names_a_report_that_differs_from_what_was_agreed(county: TestBank) -> None:
    attended(county, PERSON)
    mend(county, **day_worth("6"))
    number = carried_out(county)
    changes = (
        update(ReassessedCredit).values(new_centihours=500),
        update(Reassessment).values(approved_by="official-third"),
        update(ReassessedCredit).values(outcome="frozen"),
        update(Reassessment).values(state="approved"),
    )
    for change in changes:
        with county.unit() as session:
            session.execute(change)
            found = list(check_reassessments(session, Progress()))
            session.rollback()
        assert found == [Disagreement("fsck-reassessment", "reassessment", number)], change
    assert county.fsck() == []
