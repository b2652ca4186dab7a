"""Whose rules hold in a place: its own, or those of the nearest place above that has some."""

from importlib.resources import files

import pytest

from creditbank.ids import jurisdiction_contains, places_above
from creditbank.registry.filing.filings import filing_numbered
from creditbank.registry.lawbook import law_at
from tests.acts import approve, publish, register_enterprise
from tests.bank import SEMINAR_DAYS, TestBank, attendance, invented_person

DISTRICT_USCC = "91371000MA3TE5T024"


@pytest.mark.parametrize(
    ("place", "above"),
    [
        ("cn", ("cn",)),
        ("cn-371002", ("cn-371002", "cn-3710", "cn-37", "cn")),
        ("cn-650104.gxq", ("cn-650104.gxq", "cn-650104", "cn-6501", "cn-65", "cn")),
    ],
)
def test_every_place_lies_in_those_above_it(place: str, above: tuple[str, ...]) -> None:
    assert places_above(place) == above
    assert all(jurisdiction_contains(outer, place) for outer in above)


def test_a_district_goes_by_the_rules_of_its_city(bank: TestBank) -> None:
    register_enterprise(bank, DISTRICT_USCC, "cn-371002")
    filing_no = approve(bank, SEMINAR_DAYS[:1], uscc=DISTRICT_USCC)
    posted = bank.post(filing_no, attendance([invented_person(71)], SEMINAR_DAYS[:1]))

    with bank.reading() as session:
        filing = filing_numbered(session, filing_no)

    assert (filing.jurisdiction, filing.scheme) == ("cn-371002", "cn-3710")
    assert posted.credited_centihours == 800


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_draft_that_nobody_adopted_leaves_a_zone_to_its_city(bank: TestBank) -> None:
    for pack in ("cn-65", "cn-6501", "cn-650104.gxq"):
        content = (files("creditbank_seeds") / "packs" / f"{pack}.toml").read_text("utf-8")
        publish(bank, content)

    with bank.reading() as session:
        assert law_at(session, "cn-650104.gxq").scheme == "cn-6501"
