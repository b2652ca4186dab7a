"""Allowances: an official act opens them, and nothing is ever taken beyond their bounds."""

from importlib.resources import files

import pytest
from sqlalchemy import func, select

from creditbank.ledger.journal import ActDraft, record_act
from creditbank.ledger.models import PackPins, SourceKind
from creditbank.ledger.sources import (
    AllowanceExceededError,
    Bounds,
    SourceDraft,
    SourceUnknownError,
    Taking,
    lock_source,
    open_source,
    source_bounds_details,
    take,
)
from creditbank.registry.filing.filings import FilingDraft, SessionDraft, submit_filing
from creditbank.registry.lawbook import law_of
from creditbank.registry.publishing import propose_pack, publish_pack, review_pack
from tests.acts import withdraw
from tests.bank import NOW, SEMINAR_DAYS, TestBank, invented_person

SOURCE_NO = "D000000001"
TWO_PEOPLE = Bounds(people_max=2, person_centihours_max=800)
OPEN_PLACES = Bounds(people_max=None, person_centihours_max=800)


def open_under(bank: TestBank, bounds: Bounds) -> None:
    """Open a source by an official's decision."""
    details = {
        **source_bounds_details(bounds, bounds.centihours_max),
        "scheme": "cn-3710",
        "source_kind": str(SourceKind.DECISION),
    }
    with bank.unit() as session:
        act = record_act(
            session,
            ActDraft("decision.made", "cn-3710", "official-test", SOURCE_NO, details),
            now=NOW,
        )
        open_source(
            session,
            SourceDraft(
                SOURCE_NO, SourceKind.DECISION, "cn-3710", "cn-3710", bounds, act.act_id
            ),
        )  # fmt: skip


def taken(bank: TestBank, people: int, centihours: int) -> tuple[int, int]:
    """Take from the source in a unit of work of its own; return what is then taken."""
    with bank.unit() as session:
        source, _use = lock_source(session, SOURCE_NO)
        take(session, source, Taking(people, centihours))
        _source, use = lock_source(session, SOURCE_NO)
        return use.people, use.centihours


@pytest.mark.parametrize("within", [(1, 1600), (2, 1599), (2, 1600)])
def test_an_allowance_is_taken_up_to_its_bounds(bank: TestBank, within: tuple[int, int]) -> None:
    open_under(bank, TWO_PEOPLE)

    assert taken(bank, *within) == within


@pytest.mark.parametrize("beyond", [(3, 1600), (2, 1601)])
def test_one_person_or_a_hundredth_of_an_hour_beyond_an_allowance_takes_nothing(
    bank: TestBank, beyond: tuple[int, int]
) -> None:
    open_under(bank, TWO_PEOPLE)

    with pytest.raises(AllowanceExceededError) as refused:
        taken(bank, *beyond)

    assert refused.value.facts["people_max"] == 2
    assert refused.value.facts["centihours_max"] == 1600
    assert taken(bank, 0, 0) == (0, 0)


def test_what_was_given_back_may_be_taken_again(bank: TestBank) -> None:
    open_under(bank, TWO_PEOPLE)
    taken(bank, 2, 1600)

    taken(bank, -1, -800)

    assert taken(bank, 1, 800) == (2, 1600)


def test_open_places_bound_neither_people_nor_the_hours_of_all_together(bank: TestBank) -> None:
    open_under(bank, OPEN_PLACES)
    assert bank.fsck() == []

    assert taken(bank, 100_000, 80_000_000) == (100_000, 80_000_000)


def test_nothing_is_taken_back_under_a_filing_that_nobody_approved(bank: TestBank) -> None:
    draft = FilingDraft(
        "enterprise_course", "seminar", "full", "示例研修", "professional", 40,
        (SessionDraft(SEMINAR_DAYS[0], 360, 2),),
    )  # fmt: skip
    enterprise = bank.enterprise()
    with bank.unit() as session:
        filing_no = submit_filing(
            session, draft, enterprise, actor="provider-test", now=NOW
        ).filing_no

    with pytest.raises(SourceUnknownError) as refused:
        withdraw(bank, filing_no, invented_person(1))

    assert refused.value.facts == {"source_no": filing_no}


def test_an_older_version_published_late_leaves_the_law_as_it_is(bank: TestBank) -> None:
    shipped = (files("creditbank_seeds") / "packs" / "cn-3710.toml").read_text()
    assert shipped.count("version      = 1\n") == 1
    with bank.unit() as session:
        for version in (2, 3):
            content = shipped.replace("version      = 1\n", f"version      = {version}\n")
            propose_pack(session, content.encode(), actor="official-test", now=NOW)
            review_pack(session, "cn-3710", version, actor="official-second", now=NOW)
        publish_pack(session, "cn-3710", 3, actor="official-second", now=NOW)
        pins = law_of(session, "cn-3710").pins()
        chains = session.scalar(select(func.count()).select_from(PackPins))

        publish_pack(session, "cn-3710", 2, actor="official-second", now=NOW)

        assert law_of(session, "cn-3710").pins() == pins
        assert session.scalar(select(func.count()).select_from(PackPins)) == chains
    assert bank.fsck() == []
