"""Kinds of filings: what each states, and which activities belong to it."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank.registry.facts import Attribute, Ground
from creditbank.registry.filing.bases import FilingBaseMissingError
from creditbank.registry.filing.filings import (
    SessionDraft,
    approve_filing,
    submit_filing,
)
from creditbank.registry.filing.history import history_of
from creditbank.registry.filing.kinds import (
    KINDS,
    FilingFactForeignError,
    FilingFactWantedError,
    FilingKind,
    FilingKindUnfitError,
    checked_facts,
    kind_of,
)
from creditbank.registry.filing.sittings import SessionTimesError
from creditbank.registry.organisations import organisation_by_uscc
from creditbank.registry.stating import FactDraft, state_fact, take_back_fact
from tests.acts import make_base
from tests.bank import ENTERPRISE_USCC, NOW, SEMINAR_DAYS, TestBank
from tests.crediting.test_returned_filings import DRAFT

OF_A_CAMP = {
    "destination": "qilu_camp", "organiser": "省中小企业局", "host": "示例集团",
    "training_role": "车间管理",
}  # fmt: skip


@pytest.mark.parametrize(
    ("stated", "activity", "kind"),
    [
        ("", "enterprise_course", "enterprise_run"),
        ("", "overseas_training", "practical_training"),
        ("base_course", "enterprise_course", "base_course"),
        ("online_course", "online_course", "online_course"),
    ],
)
def test_a_kind_is_as_stated_or_as_the_activity_says(stated: str, activity: str, kind: str) -> None:
    assert kind_of(stated, activity) == kind


@pytest.mark.parametrize(
    ("stated", "activity"),
    [("practical_training", "enterprise_course"), ("base_course", "online_course"),
     ("online_course", "advanced_seminar")],
)  # fmt: skip
def test_an_activity_of_another_kind_is_refused(stated: str, activity: str) -> None:
    with pytest.raises(FilingKindUnfitError):
        kind_of(stated, activity)


@given(st.sampled_from(FilingKind), st.data())
def test_every_fact_that_is_wanted_is_stated_in_its_words(
    kind: FilingKind, data: st.DataObject
) -> None:
    whole = {rule.name: rule.words[0] if rule.words else "甲" for rule in KINDS[kind].facts}
    rule = data.draw(st.sampled_from(KINDS[kind].facts))
    without = {name: value for name, value in whole.items() if name != rule.name}

    assert checked_facts(kind, whole) == whole
    if rule.wanted:
        with pytest.raises(FilingFactWantedError):
            checked_facts(kind, without)
    else:
        assert checked_facts(kind, {**without, rule.name: " "}) == without
    if rule.words:
        with pytest.raises(FilingFactWantedError):
            checked_facts(kind, {**whole, rule.name: "elsewhere"})


def test_a_fact_of_another_kind_is_named() -> None:
    with pytest.raises(FilingFactForeignError) as refused:
        checked_facts(FilingKind.ONLINE_COURSE, {"platform": "示例平台", "host": "某公司"})

    assert refused.value.facts["fact_words"] == "filing-fact-host"


def test_teachers_stand_in_no_act_and_place_and_times_do(bank: TestBank) -> None:
    sitting = SessionDraft(SEMINAR_DAYS[0], 360, 2, "09:00", "17:00", "一号会议室", "孙某")
    draft = replace(DRAFT, sessions=(sitting,), facts={"open_to_chain": "yes"})

    with bank.unit() as session:
        provider = organisation_by_uscc(session, ENTERPRISE_USCC)
        filing_no = submit_filing(session, draft, provider, actor="p", now=NOW).filing_no
    with bank.reading() as session:
        said = history_of(session, filing_no)[0].said

    assert said["sessions"] == [["2026-11-10", 360, 2, "09:00", "17:00", "一号会议室"]]
    assert (said["kind"], said["facts"]) == ("enterprise_run", {"open_to_chain": "yes"})
    assert "孙某" not in str(said)


@pytest.mark.parametrize("times", [("09:00", ""), ("", "17:00"), ("09:00", "14:59"), ("9", "17")])
def test_times_of_day_leave_room_for_the_planned_minutes(
    bank: TestBank, times: tuple[str, str]
) -> None:
    draft = replace(DRAFT, sessions=(SessionDraft(SEMINAR_DAYS[0], 360, 2, *times),))

    with bank.unit() as session:
        provider = organisation_by_uscc(session, ENTERPRISE_USCC)
        with pytest.raises(SessionTimesError):
            submit_filing(session, draft, provider, actor="p", now=NOW)


def test_only_a_base_files_a_base_course_and_only_for_days_on_which_it_is_one(
    bank: TestBank,
) -> None:
    base = replace(DRAFT, kind="base_course", facts={"base_level": "provincial"})
    first, second = (replace(base, sessions=(each,)) for each in DRAFT.sessions[:2])
    make_base(bank, "municipal", date(2025, 1, 10))
    fact_no = make_base(bank, "provincial", DRAFT.sessions[1].day)

    with bank.unit() as session:
        provider = organisation_by_uscc(session, ENTERPRISE_USCC)
        with pytest.raises(FilingBaseMissingError) as refused:
            submit_filing(session, first, provider, actor="p", now=NOW)
        filing_no = submit_filing(session, second, provider, actor="p", now=NOW).filing_no
    with bank.unit() as session:
        ground = Ground(reason="批准文件有误")
        take_back_fact(session, ENTERPRISE_USCC, fact_no, ground, actor="o", now=NOW)
    with bank.unit() as session, pytest.raises(FilingBaseMissingError):
        approve_filing(session, filing_no, actor="o", reason="迟报", now=NOW)

    assert refused.value.facts["days"] == [DRAFT.sessions[0].day.isoformat()]


def test_a_suspended_base_files_nothing(bank: TestBank) -> None:
    base = replace(DRAFT, kind="base_course", facts={"base_level": "municipal"})
    make_base(bank, "municipal", date(2025, 1, 10))
    ground = Ground("示例〔2026〕8号", date(2026, 2, 1), "检查不合格")
    paused = FactDraft(Attribute.BASE_SUSPENSION, "", "municipal", date(2026, 2, 1), None, ground)

    with bank.unit() as session:
        state_fact(session, ENTERPRISE_USCC, paused, actor="o", now=NOW)
        provider = organisation_by_uscc(session, ENTERPRISE_USCC)
        with pytest.raises(FilingBaseMissingError):
            submit_filing(session, base, provider, actor="p", now=NOW)
