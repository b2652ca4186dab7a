"""Kinds of filings: what each states, and which activities belong to it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank.registry.filing.filings import SessionDraft, SessionTimesError, submit_filing
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
from creditbank.registry.organisations import organisation_by_uscc
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
