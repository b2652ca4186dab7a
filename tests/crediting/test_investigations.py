"""Hours under investigation: they show, do not count, and end as the finding says."""

import json
from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from creditbank.certificates.models import Certificate
from creditbank.certificates.opening import open_certificate
from creditbank.certificates.states import State, standing_of
from creditbank.crediting.freezes import SourceInvestigatedError
from creditbank.crediting.imports import RecordRow
from creditbank.crediting.investigations import (
    InvestigationClosedError,
    InvestigationKnownError,
    InvestigationUnknownError,
    NothingToFreezeError,
    Outcome,
)
from creditbank.crediting.items import item_numbered
from creditbank.crediting.links import LinkFinding, record_finding
from creditbank.crediting.models import Investigation
from creditbank.crediting.own import Standing, own_credits
from creditbank.crediting.transfers import EntryFrozenError, transfer_numbered
from creditbank.ledger.balance import total_over_all_accounts
from creditbank.ledger.models import Act, Entry, Movement, Source, SourceUse
from creditbank.ledger.posting import PersonErasedError
from creditbank.ledger.sources import SourceUnknownError
from creditbank.people.register import Identity, erase_secret
from tests.achievements import (
    ELSEWHERE,
    PATENT,
    WORKS,
    held,
    publish_works,
    recognised,
    revoke,
    transfer,
)
from tests.acts import (
    end_investigation,
    import_rows,
    investigate,
    key_of,
    roster,
    seal_all,
    withdraw,
)
from tests.bank import NOW, SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.certificates.counter import issue, with_hours
from tests.conftest import Database
from tests.force import Force

PERSON, OTHER = invented_person(1), invented_person(2)
CITY = "cn-3710"


def seminar(bank: TestBank, *people: Identity) -> str:
    """Let people attend three days; return the filing's number."""
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance(list(people)))
    return filing_no


def frozen(bank: TestBank, person: Identity, scheme: str = CITY) -> int:
    """Return what is frozen of a person's hours."""
    with bank.reading() as session:
        mine = own_credits(session, [key_of(bank, person)], scheme)
    return sum(each.frozen_centihours for each in mine)


@pytest.fixture
def works(bank: TestBank) -> TestBank:
    """A bank with a city's rules of works, and a province that takes their hours at half."""
    publish_works(bank)
    return bank


def test_hours_of_one_person_show_and_do_not_count_until_they_are_cleared(bank: TestBank) -> None:
    filing_no = seminar(bank, PERSON, OTHER)

    number = investigate(bank, filing_no, PERSON)

    assert held(bank, PERSON, CITY) == {2026: (0, 0)}
    assert held(bank, OTHER, CITY) == {2026: (2400, 0)}
    assert frozen(bank, PERSON) == 2400
    assert bank.fsck() == []
    end_investigation(bank, number, Outcome.CLEARED)
    assert held(bank, PERSON, CITY) == {2026: (2400, 0)}
    assert frozen(bank, PERSON) == 0
    assert bank.fsck() == []


def test_hours_found_false_are_taken_back_in_the_act_that_closes(bank: TestBank) -> None:
    filing_no = seminar(bank, PERSON, OTHER)
    number = investigate(bank, filing_no)

    end_investigation(bank, number, Outcome.FOUND_FALSE)

    assert held(bank, PERSON, CITY) == held(bank, OTHER, CITY) == {2026: (0, 0)}
    with bank.reading() as session:
        source = session.scalars(select(Source).where(Source.source_no == filing_no)).one()
        use = session.get_one(SourceUse, source.source_id)
        [act] = session.scalars(select(Act).where(Act.kind == "investigation.closed"))
        reversals = session.scalars(select(Entry).where(Entry.movement == Movement.REVERSE)).all()
        assert total_over_all_accounts(session) == 0
    assert (use.people, use.centihours) == (0, 0)
    assert {(each.act_id, each.reason) for each in reversals} == {(act.act_id, "finding")}
    assert bank.fsck() == []


def test_an_entry_tells_that_it_is_looked_into_and_nothing_of_the_case(bank: TestBank) -> None:
    filing_no = seminar(bank, PERSON)

    number = investigate(bank, filing_no, PERSON)

    with bank.reading() as session:
        freezes = session.scalars(select(Entry).where(Entry.movement == Movement.FREEZE)).all()
        [act] = session.scalars(select(Act).where(Act.kind == "investigation.opened"))
    assert {each.reason for each in freezes} == {"investigation"}
    assert {each.act_id for each in freezes} == {act.act_id}
    assert (act.subject, act.reason) == (number, "complaint")
    assert json.loads(act.details)["case_no"] == "查2026-7"


def test_the_owner_sees_since_when(bank: TestBank) -> None:
    filing_no = seminar(bank, PERSON)
    investigate(bank, filing_no, PERSON, f"{filing_no}/2")
    seal_all(bank)

    with bank.reading() as session:
        mine = own_credits(session, [key_of(bank, PERSON)], CITY)

    assert {each.credit.occasion[-1]: (each.standing, each.frozen_since) for each in mine} == {
        "1": (Standing.LIVE, None),
        "2": (Standing.FROZEN, date(2026, 11, 20)),
        "3": (Standing.LIVE, None),
    }


def test_what_is_frozen_gives_its_room_under_a_cap_to_others(works: TestBank) -> None:
    # Three patents of 40 hours each, of which a year counts 100.
    drafts = [replace(PATENT, work=f"ZL{each}") for each in range(3)]
    first, *_ = [recognised(works, PERSON, draft) for draft in drafts]
    assert held(works, PERSON, WORKS) == {2026: (10_000, 2_000)}

    number = investigate(works, first)

    assert held(works, PERSON, WORKS) == {2026: (8_000, 0)}
    assert works.fsck() == []
    end_investigation(works, number, Outcome.CLEARED)
    assert held(works, PERSON, WORKS) == {2026: (10_000, 2_000)}
    assert works.fsck() == []


def test_of_a_work_the_next_best_counts_while_the_best_is_frozen(works: TestBank) -> None:
    recognised(works, PERSON)
    best = recognised(works, PERSON, PATENT)
    assert held(works, PERSON, WORKS) == {2026: (4_000, 2_400)}

    number = investigate(works, best)

    assert held(works, PERSON, WORKS) == {2026: (2_400, 0)}
    end_investigation(works, number, Outcome.FOUND_FALSE)
    assert held(works, PERSON, WORKS) == {2026: (2_400, 0)}
    with works.reading() as session:
        item = item_numbered(session, best)
    assert (item.state, item.reason) == ("withdrawn", "finding")
    assert works.fsck() == []


def test_frozen_hours_are_reversed_like_any_and_the_case_closes_empty(works: TestBank) -> None:
    item_no = recognised(works, PERSON)
    number = investigate(works, item_no)

    assert revoke(works, item_no) == 2_400

    assert frozen(works, PERSON, WORKS) == 0
    assert works.fsck() == []
    end_investigation(works, number, Outcome.FOUND_FALSE)
    assert held(works, PERSON, WORKS) == {2026: (0, 0)}
    assert works.fsck() == []


def test_a_copy_is_frozen_and_freed_with_its_original(works: TestBank) -> None:
    item_no = recognised(works, PERSON)
    [credit] = credits(works, WORKS)
    made = transfer(works, PERSON, credit)
    whole = held(works, PERSON, ELSEWHERE)

    first, second = investigate(works, item_no), investigate(works, made.transfer_no)

    assert frozen(works, PERSON, ELSEWHERE) == 1_200
    end_investigation(works, first, Outcome.CLEARED)
    assert frozen(works, PERSON, WORKS) == 0
    assert frozen(works, PERSON, ELSEWHERE) == 1_200  # the second still holds it
    assert works.fsck() == []
    end_investigation(works, second, Outcome.CLEARED)
    assert held(works, PERSON, ELSEWHERE) == whole
    assert works.fsck() == []


def test_a_copy_is_taken_back_with_its_original(works: TestBank) -> None:
    item_no = recognised(works, PERSON)
    made = transfer(works, PERSON, credits(works, WORKS)[0])

    end_investigation(works, investigate(works, item_no), Outcome.FOUND_FALSE)

    assert held(works, PERSON, ELSEWHERE) == {2026: (0, 0)}
    with works.reading() as session:
        assert transfer_numbered(session, made.transfer_no).reason == "origin-reversed"
    assert works.fsck() == []


def test_a_false_copy_alone_is_withdrawn(works: TestBank) -> None:
    recognised(works, PERSON)
    made = transfer(works, PERSON, credits(works, WORKS)[0])

    end_investigation(works, investigate(works, made.transfer_no), Outcome.FOUND_FALSE)

    assert held(works, PERSON, WORKS) == {2026: (2_400, 0)}
    with works.reading() as session:
        after = transfer_numbered(session, made.transfer_no)
    assert (after.state, after.reason) == ("withdrawn", "finding")
    assert works.fsck() == []


def test_nothing_is_recognised_of_a_frozen_entry(works: TestBank) -> None:
    investigate(works, recognised(works, PERSON))

    with pytest.raises(EntryFrozenError):
        transfer(works, PERSON, credits(works, WORKS)[0])


def test_nothing_new_is_credited_where_an_investigation_reaches(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    first, second, third = SEMINAR_DAYS
    bank.post(filing_no, roster([(p, first, 360) for p in (PERSON, OTHER)]))
    person = investigate(bank, filing_no, PERSON)
    withdraw(bank, filing_no, PERSON)

    rows = roster([(PERSON, first, 360), (PERSON, second, 360), (OTHER, second, 360)])
    result = bank.post(filing_no, rows)

    assert result.rows_credited == 1
    assert {(each.row_no, each.code) for each in result.problems} == {
        (1, "roster-investigated"), (2, "roster-investigated"),
    }  # fmt: skip
    end_investigation(bank, person, Outcome.CLEARED)
    assert bank.post(filing_no, rows).rows_credited == 2

    session_alone = investigate(bank, filing_no, occasion=f"{filing_no}/2")
    late = roster([(invented_person(3), day, 360) for day in (second, third)])
    assert [each.code for each in bank.post(filing_no, late).problems] == ["roster-investigated"]
    end_investigation(bank, session_alone, Outcome.CLEARED)
    investigate(bank, filing_no)
    with pytest.raises(SourceInvestigatedError):
        bank.post(filing_no, late)


def test_narrow_investigations_do_not_bar_a_wide_one(bank: TestBank) -> None:
    filing_no = seminar(bank, PERSON, OTHER)
    narrow = investigate(bank, filing_no, PERSON)
    wide = investigate(bank, filing_no)

    for again in (None, PERSON):
        with pytest.raises(InvestigationKnownError):
            investigate(bank, filing_no, again)

    end_investigation(bank, narrow, Outcome.CLEARED)
    assert held(bank, PERSON, CITY) == {2026: (0, 0)}
    assert bank.fsck() == []
    end_investigation(bank, wide, Outcome.CLEARED)
    assert held(bank, PERSON, CITY) == {2026: (2400, 0)}
    assert bank.fsck() == []


def test_what_is_not_there_is_not_frozen(bank: TestBank) -> None:
    filing_no = seminar(bank, PERSON)
    withdraw(bank, filing_no, PERSON)

    with pytest.raises(NothingToFreezeError):
        investigate(bank, filing_no)
    with pytest.raises(SourceUnknownError):
        investigate(bank, "F000000000")


def test_a_case_is_closed_once(bank: TestBank) -> None:
    number = investigate(bank, seminar(bank, PERSON))
    end_investigation(bank, number, Outcome.CLEARED)

    with pytest.raises(InvestigationClosedError):
        end_investigation(bank, number, Outcome.FOUND_FALSE)
    with pytest.raises(InvestigationUnknownError):
        end_investigation(bank, "E000000000", Outcome.CLEARED)


def test_a_person_is_reached_by_every_linked_key_and_freed_after_they_part(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    bank.post(filing_no, roster([(PERSON, SEMINAR_DAYS[0], 360), (OTHER, SEMINAR_DAYS[1], 360)]))
    link(bank, linked=True)

    number = investigate(bank, filing_no, PERSON)

    assert held(bank, OTHER, CITY) == {2026: (0, 0)}
    link(bank, linked=False)
    end_investigation(bank, number, Outcome.CLEARED)
    assert held(bank, OTHER, CITY) == held(bank, PERSON, CITY) == {2026: (800, 0)}
    assert bank.fsck() == []


def test_the_hours_of_an_erased_person_stay_as_they_are(bank: TestBank) -> None:
    filing_no = seminar(bank, PERSON, OTHER)
    with bank.unit() as session:
        erase_secret(session, key_of(bank, OTHER), now=NOW)

    with pytest.raises(PersonErasedError):
        investigate(bank, filing_no, OTHER)
    number = investigate(bank, filing_no)

    assert held(bank, PERSON, CITY) == {2026: (0, 0)}
    with bank.unit() as session:
        erase_secret(session, key_of(bank, PERSON), now=NOW)
    end_investigation(bank, number, Outcome.CLEARED)
    assert frozen(bank, PERSON) == 2400
    assert bank.fsck() == []


def test_earlier_records_are_frozen_by_row(bank: TestBank) -> None:
    rows = [RecordRow(each, 2024, "professional", 3_000) for each in (PERSON, OTHER)]
    import_no = import_rows(bank, CITY, rows)

    end_investigation(
        bank, investigate(bank, import_no, occasion=f"{import_no}/2"), Outcome.FOUND_FALSE
    )

    assert held(bank, PERSON, CITY) == {2024: (3_000, 0)}
    assert held(bank, OTHER, CITY) == {2024: (0, 0)}
    assert bank.fsck() == []


def test_a_certificate_on_frozen_hours_is_superseded_and_a_new_one_leaves_them_out(
    bank: TestBank,
) -> None:
    with_hours(bank)
    certificate = issue(bank).certificate
    filing_no = credits(bank, CITY)[-1].occasion.partition("/")[0]

    investigate(bank, filing_no)
    seal_all(bank)

    with bank.reading() as session:
        assert standing_of(session, certificate, now=NOW).state is State.SUPERSEDED
    after = facts_of(bank, issue(bank).certificate)
    assert after["total"] == "172.50"
    assert {row["year"] for row in after["hours"]} == {2024, 2025}
    assert bank.fsck() == []


def test_hours_frozen_without_a_case_and_cases_without_an_act_are_named(
    bank: TestBank, database: Database
) -> None:
    number = investigate(bank, seminar(bank, PERSON))
    seal_all(bank)
    force = Force(database)
    with force.engine.connect() as connection:
        cases = select(Investigation.__table__)
        [row] = [dict(each) for each in connection.execute(cases).mappings()]

    with force.changed(
        Investigation.__table__,
        row,
        state="cleared",
        closed_by="nobody",
        closed_at=row["opened_at"],
    ):
        found = [(each.code, each.key.split()[0]) for each in bank.fsck()]
    force.close()

    assert Counter(code for code, _ in found) == {"fsck-frozen": 3, "fsck-investigation-act": 1}
    assert ("fsck-investigation-act", number) in found
    assert bank.fsck() == []


def link(bank: TestBank, *, linked: bool) -> None:
    """Find two keys to be one person, or not."""
    finding = LinkFinding(PERSON, OTHER, linked, CITY, "official-test")
    with bank.unit() as session:
        record_finding(session, bank.house.vault, finding, now=NOW)


def credits(bank: TestBank, scheme: str) -> list[Entry]:
    """Return every credit of a scheme by occasion, earlier records first."""
    query = select(Entry).where(Entry.scheme == scheme, Entry.movement == "credit")
    with bank.reading() as session:
        return list(session.scalars(query.order_by(Entry.credited_year, Entry.occasion)))


def facts_of(bank: TestBank, certificate: Certificate) -> Any:
    """Return what a certificate says."""
    with bank.reading() as session:
        return open_certificate(session, bank.house.vault, certificate, now=NOW).facts
