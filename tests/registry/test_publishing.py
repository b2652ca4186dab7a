"""How a version of a pack gets into force: by two people, step by step, each an act."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from creditbank.ledger.models import Act
from creditbank.registry.lawbook import law_of, published_packs
from creditbank.registry.models import PublishedPack
from creditbank.registry.publishing import (
    CorrigendumEmptyError,
    PackClosedError,
    PackEditedError,
    PackNotProposedError,
    PackNotReviewedError,
    PackVersionTakenError,
    ProposerWantedError,
    SecondPersonWantedError,
    changes_of,
    propose_pack,
    publish_pack,
    return_pack,
    review_pack,
    withdraw_pack,
)
from creditbank.rules.loader import PackMissingError
from creditbank.rules.pack import Pack
from tests.bank import NOW, TestBank
from tests.lawtexts import COUNTY, REQUIREMENT, hours, law, rule

Step = Callable[..., Pack]
FIRST, SECOND, THIRD = "official-test", "official-second", "official-third"
FIRST_LAW = law(hours("40"))


def propose(bank: TestBank, content: bytes, corrigendum: str = "", actor: str = FIRST) -> None:
    with bank.unit() as session:
        propose_pack(session, content, actor=actor, now=NOW, corrigendum=corrigendum)


def review(bank: TestBank, version: int = 1, actor: str = SECOND) -> None:
    with bank.unit() as session:
        review_pack(session, COUNTY, version, actor=actor, now=NOW)


def publish(bank: TestBank, version: int = 1, actor: str = SECOND) -> None:
    with bank.unit() as session:
        publish_pack(session, COUNTY, version, actor=actor, now=NOW)


def enact(bank: TestBank, content: bytes, version: int = 1, corrigendum: str = "") -> None:
    propose(bank, content, corrigendum)
    review(bank, version)
    publish(bank, version)


def acts_on(bank: TestBank, version: int) -> list[Act]:
    with bank.reading() as session:
        subject = f"{COUNTY}@{version}"
        query = select(Act).where(Act.subject == subject).order_by(Act.act_id)
        return list(session.scalars(query))


def state_of(bank: TestBank, version: int = 1) -> str:
    with bank.reading() as session:
        return session.get_one(PublishedPack, (COUNTY, version)).state


def test_each_step_is_an_act_that_cites_the_one_before(bank: TestBank) -> None:
    propose(bank, FIRST_LAW)
    review(bank, actor=SECOND)
    publish(bank, actor=THIRD)

    acts = acts_on(bank, 1)

    assert [(act.kind, act.actor) for act in acts] == [
        ("rules.proposed", FIRST), ("rules.reviewed", SECOND), ("rules.published", THIRD),
    ]  # fmt: skip
    assert [json.loads(act.cites) for act in acts] == [[], [acts[0].leaf.hex()],
                                                        [acts[1].leaf.hex()]]  # fmt: skip
    assert {act.jurisdiction for act in acts} == {COUNTY}
    assert bank.seal().rows > 0
    assert bank.fsck() == []


def test_whoever_reviewed_a_version_may_publish_it(bank: TestBank) -> None:
    enact(bank, FIRST_LAW)

    with bank.reading() as session:
        assert law_of(session, COUNTY).pins()[0][:2] == (COUNTY, 1)


@pytest.mark.parametrize("step", [review_pack, publish_pack])
def test_whoever_proposed_a_version_neither_reviews_nor_publishes_it(
    bank: TestBank, step: Step
) -> None:
    propose(bank, FIRST_LAW)
    if step is publish_pack:
        review(bank)

    with bank.unit() as session, pytest.raises(SecondPersonWantedError):
        step(session, COUNTY, 1, actor=FIRST, now=NOW)


def test_whoever_proposed_a_version_does_not_return_it_to_themselves(bank: TestBank) -> None:
    propose(bank, FIRST_LAW)

    with bank.unit() as session, pytest.raises(SecondPersonWantedError):
        return_pack(session, COUNTY, 1, "自行退回", actor=FIRST, now=NOW)


def test_nothing_is_published_that_nobody_reviewed(bank: TestBank) -> None:
    propose(bank, FIRST_LAW)

    with pytest.raises(PackNotReviewedError):
        publish(bank)

    with bank.reading() as session:
        assert COUNTY not in published_packs(session)


def test_a_returned_version_is_closed_and_its_correction_takes_a_higher_number(
    bank: TestBank,
) -> None:
    propose(bank, FIRST_LAW)
    review(bank)
    with bank.unit() as session:
        return_pack(session, COUNTY, 1, "引文与原文不符", actor=THIRD, now=NOW)
    with bank.unit() as session:  # once more changes nothing
        return_pack(session, COUNTY, 1, "另一个理由", actor=SECOND, now=NOW)

    for step in (lambda: review(bank), lambda: publish(bank), lambda: propose(bank, FIRST_LAW)):
        with pytest.raises(PackClosedError):
            step()
    enact(bank, law(hours("41"), version=2), version=2)

    returned = acts_on(bank, 1)[-1]
    assert (returned.kind, returned.actor) == ("rules.returned", THIRD)
    assert json.loads(returned.details)["reason_text"] == "引文与原文不符"
    assert [act.kind for act in acts_on(bank, 1)].count("rules.returned") == 1
    assert (state_of(bank, 1), state_of(bank, 2)) == ("returned", "published")


def test_a_version_is_withdrawn_by_its_proposer_alone_and_only_before_it_is_law(
    bank: TestBank,
) -> None:
    propose(bank, FIRST_LAW)
    with bank.unit() as session, pytest.raises(ProposerWantedError):
        withdraw_pack(session, COUNTY, 1, "不需要了", actor=SECOND, now=NOW)
    with bank.unit() as session:
        withdraw_pack(session, COUNTY, 1, "不需要了", actor=FIRST, now=NOW)
        withdraw_pack(session, COUNTY, 1, "不需要了", actor=FIRST, now=NOW)
    enact(bank, law(hours("41"), version=2), version=2)

    with bank.unit() as session, pytest.raises(PackClosedError):
        withdraw_pack(session, COUNTY, 2, "反悔", actor=FIRST, now=NOW)

    assert [act.kind for act in acts_on(bank, 1)] == ["rules.proposed", "rules.withdrawn"]
    with bank.unit() as session, pytest.raises(PackClosedError):
        return_pack(session, COUNTY, 1, "退回", actor=SECOND, now=NOW)


def test_every_step_done_again_changes_nothing(bank: TestBank) -> None:
    enact(bank, FIRST_LAW)
    steps = len(acts_on(bank, 1))

    propose(bank, FIRST_LAW)
    review(bank, actor=THIRD)
    publish(bank, actor=THIRD)

    with bank.reading() as session:
        row = session.get_one(PublishedPack, (COUNTY, 1))
    assert len(acts_on(bank, 1)) == steps
    assert (row.reviewed_by, row.published_by) == (SECOND, SECOND)


@pytest.mark.parametrize("step", [review_pack, publish_pack])
def test_a_version_that_nobody_proposed_takes_no_step(bank: TestBank, step: Step) -> None:
    with bank.unit() as session, pytest.raises(PackNotProposedError):
        step(session, COUNTY, 9, actor=SECOND, now=NOW)


def test_one_version_has_one_content_for_ever(bank: TestBank) -> None:
    propose(bank, FIRST_LAW)

    with pytest.raises(PackVersionTakenError):
        propose(bank, law(hours("41")))
    with pytest.raises(PackVersionTakenError):
        propose(bank, FIRST_LAW, corrigendum="笔误")


def test_a_pack_without_its_parent_is_not_published(bank: TestBank) -> None:
    propose(bank, law(hours("40"), inherits="cn-38", id="cn-3811"))
    with bank.unit() as session:
        review_pack(session, "cn-3811", 1, actor=SECOND, now=NOW)

    with bank.unit() as session, pytest.raises(PackMissingError):
        publish_pack(session, "cn-3811", 1, actor=SECOND, now=NOW)


def test_a_rule_changes_by_adding_a_dated_value(bank: TestBank) -> None:
    enact(bank, FIRST_LAW)

    enact(
        bank,
        law(hours("40"), hours("50", "2027-01-01", replaces="2020-01-01"), version=2),
        version=2,
    )

    assert state_of(bank, 2) == "published"
    with bank.reading() as session:
        base, changes = changes_of(session, law_of(session, COUNTY).packs[0])
    assert base is not None
    assert (base.version, len(changes.added), len(changes.ended)) == (1, 1, 1)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (law(hours("50"), version=2), (REQUIREMENT, "2020-01-01")),
        (law(version=2), (REQUIREMENT, "2020-01-01")),
        (law(hours("40", "2021-01-01"), version=2), (REQUIREMENT, "2020-01-01")),
        (law(hours("40"), version=2, status="draft"), ("status", "")),
    ],
    ids=["edited", "removed", "moved", "unmade"],
)
def test_a_published_value_is_neither_edited_nor_removed(
    bank: TestBank, content: bytes, named: tuple[str, str]
) -> None:
    enact(bank, FIRST_LAW)
    propose(bank, content)
    review(bank, 2)

    with pytest.raises(PackEditedError) as refused:
        publish(bank, 2)

    assert (refused.value.facts["key"], refused.value.facts["day"]) == named
    assert state_of(bank, 2) == "reviewed"
    with bank.reading() as session:
        assert law_of(session, COUNTY).pins()[0][1] == 1


def test_a_corrigendum_says_what_it_mends_and_why(bank: TestBank) -> None:
    enact(bank, FIRST_LAW)
    with bank.reading() as session:
        base = law_of(session, COUNTY).packs[0]

    enact(bank, law(hours("45"), version=2), version=2, corrigendum="抄录时误作40")

    acts = acts_on(bank, 2)
    assert [act.kind for act in acts] == [
        "rules.proposed", "rules.reviewed", "rules.corrigendum", "rules.published",
    ]  # fmt: skip
    details = json.loads(acts[2].details)
    assert details["mends"] == [f"{REQUIREMENT} 2020-01-01"]
    assert details["reason_text"] == "抄录时误作40"
    assert (details["base_version"], details["base_sha256"]) == (1, base.sha256)
    assert json.loads(acts[3].cites) == [acts[2].leaf.hex()]


def test_a_corrigendum_that_mends_nothing_is_refused(bank: TestBank) -> None:
    with pytest.raises(CorrigendumEmptyError):
        propose(bank, FIRST_LAW, corrigendum="首版")
    enact(bank, FIRST_LAW)

    with pytest.raises(CorrigendumEmptyError):
        propose(bank, law(hours("40"), rule("part_day", '"pro_rata"'), version=2), "新增")


def test_what_a_corrigendum_would_mend_may_be_mended_before_it_is_published(
    bank: TestBank,
) -> None:
    enact(bank, FIRST_LAW)
    propose(bank, law(hours("45"), version=2), "抄录时误作40")
    propose(bank, law(hours("45"), version=3), "抄录时误作40")
    for version in (2, 3):
        review(bank, version)
    publish(bank, 2)

    with pytest.raises(CorrigendumEmptyError):
        publish(bank, 3)


def test_what_was_added_meanwhile_is_not_lost_by_a_version_written_before(bank: TestBank) -> None:
    enact(bank, FIRST_LAW)
    propose(bank, law(hours("40"), rule("part_day", '"pro_rata"'), version=2))
    propose(bank, law(hours("40"), rule("credited_year", '"same_year"'), version=3))
    for version in (2, 3):
        review(bank, version)
    publish(bank, 2)

    with pytest.raises(PackEditedError) as refused:
        publish(bank, 3)

    assert refused.value.facts["key"] == "part_day"


def test_a_draft_that_nobody_adopted_may_be_rewritten_and_enacted(bank: TestBank) -> None:
    enact(bank, law(hours("40"), status="draft"))
    enact(bank, law(hours("50"), version=2, status="draft"), version=2)

    enact(bank, law(hours("60", "2027-01-01"), version=3), version=3)

    with bank.reading() as session:
        assert law_of(session, COUNTY).pins()[0][1] == 3


def test_the_law_as_known_at_an_instant_is_that_of_the_versions_published_by_then(
    bank: TestBank,
) -> None:
    enact(bank, FIRST_LAW)
    later = NOW + timedelta(days=1)
    content = law(hours("40"), rule("part_day", '"pro_rata"'), version=2)
    with bank.unit() as session:
        propose_pack(session, content, actor=FIRST, now=later)
        review_pack(session, COUNTY, 2, actor=SECOND, now=later)
        publish_pack(session, COUNTY, 2, actor=SECOND, now=later)

    with bank.reading() as session:
        assert law_of(session, COUNTY, NOW).pins()[0][1] == 1
        assert law_of(session, COUNTY).pins()[0][1] == 2
