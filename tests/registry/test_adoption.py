"""A draft becomes law when two officials record its adoption, from that day on and never before."""

import json
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from creditbank.crediting.imports import RecordRow
from creditbank.ledger.models import Act
from creditbank.registry.adoption import (
    AdoptionDayError,
    AdoptionDraft,
    AdoptionKind,
    AdoptionMissingError,
    AdoptionOutdatedError,
    AdoptionStandsError,
    AdoptionUnknownError,
    PackNotDraftError,
    PackUnpublishedError,
    approve_adoption,
    propose_adoption,
)
from creditbank.registry.lawbook import law_of
from creditbank.registry.publishing import (
    PackEditedError,
    SecondPersonWantedError,
    propose_pack,
    publish_pack,
    review_pack,
)
from creditbank.rules.pack import PackDraftError
from tests.acts import import_rows, publish
from tests.bank import NOW, TestBank, invented_person
from tests.lawtexts import COUNTY, hours, law, rule

ADOPTED = date(2026, 3, 1)
ENDED = date(2026, 9, 1)
FIRST, SECOND = "official-test", "official-second"


def draft_of(
    kind: AdoptionKind = AdoptionKind.ADOPTED, day: date = ADOPTED, pack_id: str = COUNTY
) -> AdoptionDraft:
    return AdoptionDraft(pack_id, kind, day, "示例〔2026〕1号", "关于示例的通知", "正式印发")


def propose(bank: TestBank, draft: AdoptionDraft, *, now: datetime = NOW) -> str:
    with bank.unit() as session:
        return propose_adoption(session, draft, actor=FIRST, now=now).adoption_no


def approve(bank: TestBank, adoption_no: str, *, now: datetime = NOW) -> None:
    with bank.unit() as session:
        approve_adoption(session, adoption_no, actor=SECOND, now=now)


def adopt(bank: TestBank, draft: AdoptionDraft, *, now: datetime = NOW) -> str:
    adoption_no = propose(bank, draft, now=now)
    approve(bank, adoption_no, now=now)
    return adoption_no


@pytest.fixture
def drafted(bank: TestBank) -> TestBank:
    """A bank in which a county's draft is published."""
    publish(bank, law(hours("40"), status="draft").decode())
    return bank


def least_on(bank: TestBank, day: date, known_at: datetime | None = None) -> bool:
    """Tell whether the draft's requirement holds on a day."""
    with bank.reading() as session:
        found = law_of(session, COUNTY, known_at).value_on(
            "requirement.engineering.intermediate", day
        )
    return found is not None


def test_a_published_draft_is_a_text_that_decides_nothing(drafted: TestBank) -> None:
    propose(drafted, draft_of())

    with drafted.reading() as session, pytest.raises(PackDraftError):
        law_of(session, COUNTY)


def test_an_adopted_draft_holds_from_its_day_and_not_the_day_before(drafted: TestBank) -> None:
    adopt(drafted, draft_of())

    assert not least_on(drafted, ADOPTED - timedelta(days=1))
    assert least_on(drafted, ADOPTED)


def test_hours_are_credited_under_an_adopted_draft(drafted: TestBank) -> None:
    adopt(drafted, draft_of())

    import_rows(drafted, COUNTY, [RecordRow(invented_person(1), 2026, "professional", 800)])

    drafted.seal()
    assert drafted.fsck() == []


def test_an_adoption_is_an_act_that_cites_its_proposal_and_the_published_text(
    drafted: TestBank,
) -> None:
    adoption_no = adopt(drafted, draft_of())

    with drafted.reading() as session:
        query = select(Act).where(Act.subject.in_([adoption_no, f"{COUNTY}@1"]))
        acts = session.scalars(query.order_by(Act.act_id)).all()
    published, proposed, adopted = acts[-3:]
    assert [act.kind for act in (published, proposed, adopted)] == [
        "rules.published", "rules.adoption-proposed", "rules.adopted",
    ]  # fmt: skip
    assert json.loads(proposed.cites) == [published.leaf.hex()]
    assert json.loads(adopted.cites) == [proposed.leaf.hex()]
    assert json.loads(adopted.details)["day"] == ADOPTED.isoformat()
    assert (proposed.actor, adopted.actor) == (FIRST, SECOND)


def test_whoever_proposed_an_adoption_does_not_approve_it(drafted: TestBank) -> None:
    adoption_no = propose(drafted, draft_of())

    with drafted.unit() as session, pytest.raises(SecondPersonWantedError):
        approve_adoption(session, adoption_no, actor=FIRST, now=NOW)


def test_an_adoption_approved_again_changes_nothing(drafted: TestBank) -> None:
    adoption_no = adopt(drafted, draft_of())

    approve(drafted, adoption_no, now=NOW + timedelta(days=1))

    assert least_on(drafted, ADOPTED, NOW)


def test_an_adoption_that_ends_was_law_until_the_day_before(drafted: TestBank) -> None:
    adopt(drafted, draft_of())
    adopt(drafted, draft_of(AdoptionKind.ENDED, ENDED))

    assert least_on(drafted, ENDED - timedelta(days=1))
    assert not least_on(drafted, ENDED)


def test_an_adoption_recorded_by_mistake_ends_on_its_own_first_day_and_its_hours_can_be_mended(
    drafted: TestBank,
) -> None:
    adopt(drafted, draft_of())
    adopt(drafted, draft_of(AdoptionKind.ENDED, ADOPTED))

    assert not least_on(drafted, ADOPTED)  # the chain stands, so that hours can be reversed


def test_a_draft_may_be_adopted_again_after_its_end(drafted: TestBank) -> None:
    adopt(drafted, draft_of())
    adopt(drafted, draft_of(AdoptionKind.ENDED, ENDED))

    adopt(drafted, draft_of(day=date(2027, 1, 1)))

    told = [least_on(drafted, day) for day in (ADOPTED, ENDED, date(2027, 1, 1))]
    assert told == [True, False, True]


def test_what_was_not_yet_recorded_was_not_yet_law(drafted: TestBank) -> None:
    later, last = NOW + timedelta(days=1), NOW + timedelta(days=2)
    adopt(drafted, draft_of(), now=later)
    adopt(drafted, draft_of(AdoptionKind.ENDED, ENDED), now=last)

    with drafted.reading() as session, pytest.raises(PackDraftError):
        law_of(session, COUNTY, NOW)
    assert least_on(drafted, ENDED, later)
    assert not least_on(drafted, ENDED, last)


@pytest.mark.parametrize(
    ("draft", "refusal"),
    [
        (draft_of(), AdoptionStandsError),
        (draft_of(AdoptionKind.ENDED, ADOPTED - timedelta(days=1)), AdoptionDayError),
        (draft_of(pack_id="cn-3710"), PackNotDraftError),
        (draft_of(pack_id="cn-3799"), PackUnpublishedError),
    ],
)
def test_an_adoption_that_does_not_fit_is_refused(
    drafted: TestBank, draft: AdoptionDraft, refusal: type[Exception]
) -> None:
    adopt(drafted, draft_of())

    with pytest.raises(refusal):
        propose(drafted, draft)


def test_nothing_ends_that_is_not_law_and_nothing_begins_before_the_last_end(
    drafted: TestBank,
) -> None:
    with pytest.raises(AdoptionMissingError):
        propose(drafted, draft_of(AdoptionKind.ENDED))
    adopt(drafted, draft_of())
    adopt(drafted, draft_of(AdoptionKind.ENDED, ENDED))

    with pytest.raises(AdoptionDayError):
        propose(drafted, draft_of(day=ENDED - timedelta(days=1)))


def test_of_two_adoptions_proposed_one_is_approved(drafted: TestBank) -> None:
    one, other = propose(drafted, draft_of()), propose(drafted, draft_of(day=ENDED))
    approve(drafted, one)

    with pytest.raises(AdoptionStandsError):
        approve(drafted, other)


def test_an_adoption_of_a_text_that_was_replaced_is_refused(drafted: TestBank) -> None:
    adoption_no = propose(drafted, draft_of())
    publish(drafted, law(hours("50"), status="draft", version=2).decode())

    with pytest.raises(AdoptionOutdatedError):
        approve(drafted, adoption_no)


def test_an_adoption_that_nobody_proposed_is_not_approved(bank: TestBank) -> None:
    with pytest.raises(AdoptionUnknownError):
        approve(bank, "A000000000")


@pytest.mark.parametrize(
    "content",
    [law(hours("50"), status="draft", version=2), law(hours("40"), version=2)],
    ids=["edited", "made law otherwise"],
)
def test_an_adopted_draft_is_law_and_its_values_are_not_edited(
    drafted: TestBank, content: bytes
) -> None:
    adopt(drafted, draft_of())
    with drafted.unit() as session:
        propose_pack(session, content, actor=FIRST, now=NOW)
        review_pack(session, COUNTY, 2, actor=SECOND, now=NOW)

    with drafted.unit() as session, pytest.raises(PackEditedError):
        publish_pack(session, COUNTY, 2, actor=SECOND, now=NOW)


def test_a_value_added_to_an_adopted_draft_is_law_with_it(drafted: TestBank) -> None:
    adopt(drafted, draft_of())
    added = rule("part_day", '"pro_rata"')

    publish(drafted, law(hours("40"), added, status="draft", version=2).decode())

    with drafted.reading() as session:
        chain = law_of(session, COUNTY)
    assert chain.value_on("part_day", ADOPTED) is not None
    assert chain.value_on("part_day", ADOPTED - timedelta(days=1)) is None


def test_a_chain_above_which_lies_a_draft_stays_out_until_it_is_adopted(drafted: TestBank) -> None:
    zone = law(id="cn-371101", inherits=COUNTY).decode()
    publish(drafted, zone)
    with drafted.reading() as session, pytest.raises(PackDraftError):
        law_of(session, "cn-371101")

    adopt(drafted, draft_of())

    with drafted.reading() as session:
        assert [pin[0] for pin in law_of(session, "cn-371101").pins()][:2] == ["cn-371101", COUNTY]
    import_rows(drafted, "cn-371101", [RecordRow(invented_person(1), 2026, "professional", 800)])
