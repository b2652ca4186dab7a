"""The laws of the ledger under any history: a machine acts, a few lines of Python keep the books.

CREDITBANK_LONG_LAWS=1 lets it run for many more and longer histories.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations, count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

import creditbank.crediting.investigations as investigations_module
import creditbank.crediting.reversals as reversals_module
import creditbank.crediting.roster_credits as roster_credits_module
import creditbank.ledger.seal as seal_module
from creditbank.crediting.freezes import SourceInvestigatedError
from creditbank.crediting.imports import RecordRow
from creditbank.crediting.investigations import InvestigationKnownError, Outcome
from creditbank.crediting.links import LinkFinding, LinkOccasionTwiceError, record_finding
from creditbank.crediting.withdrawals import NothingToWithdrawError
from creditbank.ledger.balance import balances_of, total_over_all_accounts
from creditbank.ledger.logs import tile_reader
from creditbank.ledger.merkle import consistency_holds, consistency_proof
from creditbank.ledger.models import Log, SignedCheckpoint, Source, SourceUse
from creditbank.people.register import (
    Identity,
    LinkUnchangedError,
    PersonUnknownError,
    linked_people,
)
from tests.acts import (
    approve,
    end_investigation,
    import_rows,
    investigate,
    key_of,
    publish,
    register_enterprise,
    roster,
    withdraw,
)
from tests.bank import NOW, TestBank, found_test_bank, invented_person
from tests.conftest import Database
from tests.faults.audit import missed

LONG = bool(os.environ.get("CREDITBANK_LONG_LAWS"))
FEW = settings(
    max_examples=200 if LONG else 10,
    stateful_step_count=100 if LONG else 40,
    deadline=None,
    print_blob=False,
    suppress_health_check=list(HealthCheck),
)
DAYS = (date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4))
SEATS = 3
DAY_MAX, YEAR_MAX = 800, 2000
#: A scheme of its own with both caps: 8 hours a day, whoever teaches, and 20 a year of one subject.
PACK = """
id = "cn-3711"
version = 1
title_zh = "测试规则"
title_en = "Rules of a test"
jurisdiction = "cn-3711"
inherits = "cn-37"
zone = "Asia/Shanghai"
status = "in_force"
verified_on = 2026-11-20
""" + "".join(
    f"""
[[rule]]
key = "{key}"
from = 2020-01-01
value = {value}
basis = "assumption"
reason = "测试"
reason_en = "A test"
"""
    for key, value in {
        "recognise.enterprise_course": "true",
        "conversion.enterprise_course": '{ kind = "per_day", hours_per_day = "8" }',
        "part_day.enterprise_course": '"pro_rata"',
        "cap.day_across_providers": '{ per = "day", hours = "8", order = 10 }',
        "cap.professional_year": (
            '{ per = "year", hours = "20", order = 20, subject = "professional" }'
        ),
    }.items()
)
PROVIDERS = ("91371100MA3TE5T029", "91371100MA3TE5T03C")


@dataclass(slots=True)
class Credit:
    """What the books say of one live attendance or migrated line."""

    person: int
    occasion: str
    day: date
    subject: str
    centihours: int
    migrated: bool = False
    #: numbers of the open investigations that hold it
    held_by: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Case:
    """An open investigation in the books: of which source, of it perhaps one person or session."""

    source: str
    person: int | None
    occasion: str


@dataclass(slots=True)
class Filing:
    """A filing in the books."""

    number: str
    days: tuple[date, ...]
    subject: str


@dataclass(slots=True)
class Books:
    """The model: what is live, who is who. Everything else is computed from it."""

    live: dict[tuple[int, str], Credit] = field(default_factory=dict)
    links: set[frozenset[int]] = field(default_factory=set)
    cases: dict[str, Case] = field(default_factory=dict)

    def group(self, person: int) -> frozenset[int]:
        """Return everybody who is this person."""
        known = {person}
        while True:
            more = known | {p for link in self.links if link & known for p in link}
            if more == known:
                return frozenset(known)
            known = more

    def looked_into(self, source: str, person: int | None, occasion: str) -> bool:
        """Tell whether one open investigation reaches all of this."""
        group = self.group(person) if person is not None else frozenset[int]()
        return any(
            case.source == source
            and (case.person is None or case.person in group)
            and case.occasion in {"", occasion}
            for case in self.cases.values()
        )

    def frozen(self, person: int) -> int:
        """Return what is frozen of somebody's."""
        mine = [credit for credit in self.live.values() if credit.person in self.group(person)]
        return sum(credit.centihours for credit in mine if credit.held_by)

    def taken(self, filing: Filing) -> tuple[int, int]:
        """Return people and centihours under a filing."""
        mine = [c for c in self.live.values() if c.occasion.startswith(f"{filing.number}/")]
        return len({c.person for c in mine}), sum(c.centihours for c in mine)

    def balances(self, person: int) -> dict[tuple[int, str], tuple[int, int]]:
        """Return live and capped centihours by year and subject, caps applied in day order."""
        group = self.group(person)
        mine = [c for c in self.live.values() if c.person in group and not c.held_by]
        days: Counter[date] = Counter()
        years: Counter[int] = Counter()
        sums: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0])
        for credit in sorted(mine, key=lambda c: (c.day, c.migrated, c.occasion)):
            counts = credit.centihours
            if not credit.migrated:
                counts = min(counts, DAY_MAX - days[credit.day])
            if credit.subject == "professional":
                counts = max(0, min(counts, YEAR_MAX - years[credit.day.year]))
                years[credit.day.year] += counts
            if not credit.migrated:
                days[credit.day] += counts
            place = sums[credit.day.year, credit.subject]
            place[0] += counts
            place[1] += credit.centihours - counts
        return {key: (live, capped) for key, (live, capped) in sums.items() if live or capped}


_NUMBERS = count(1)


class Laws(RuleBasedStateMachine):
    """Acts on a real bank; each history has people and filings of its own."""

    bank: TestBank
    filings: Bundle[Filing] = Bundle("filings")
    people = st.integers(0, 4)

    @initialize(target=filings)
    def begin(self) -> Any:
        self.books = Books()
        self.known: list[Filing] = []
        self.seen_people: set[int] = set()
        first = next(_NUMBERS) * 5
        self.imported: set[tuple[int, int, str, int]] = set()
        self.persons: list[Identity] = [invented_person(first + each) for each in range(5)]
        return multiple(*(self._approved(DAYS, each, "professional") for each in PROVIDERS))

    @precondition(lambda self: len(self.known) < 4)
    @rule(
        target=filings,
        days=st.sets(st.sampled_from(DAYS), min_size=1),
        provider=st.sampled_from(PROVIDERS),
        subject=st.sampled_from(("professional", "public.general")),
    )
    def file_and_approve(self, days: set[date], provider: str, subject: str) -> Filing:
        return self._approved(tuple(sorted(days)), provider, subject)

    def _approved(self, days: tuple[date, ...], provider: str, subject: str) -> Filing:
        number = approve(self.bank, days, seats=SEATS, subject=subject, uscc=provider)
        filing = Filing(number, days, subject)
        self.known.append(filing)
        return filing

    @rule(
        filing=filings,
        lines=st.lists(
            st.tuples(people, st.sampled_from(DAYS), st.sampled_from((360, 180, 359, 90, 0))),
            min_size=4,
            max_size=12,
        ),
        times=st.integers(1, 2),
    )
    def post(self, filing: Filing, lines: list[tuple[int, date, int]], times: int) -> None:
        attended = list({(p, d): (p, d, m) for p, d, m in lines}.values())
        if self.books.looked_into(filing.number, None, ""):
            with pytest.raises(SourceInvestigatedError):
                self.bank.post(filing.number, roster([(self.persons[0], DAYS[0], 360)]))
            return
        for _ in range(times):
            rows = roster([(self.persons[p], d, m) for p, d, m in attended])
            expected = sum(self._accept(filing, *line) for line in attended)
            self.seen_people |= {p for p, day, _ in attended if day in filing.days}
            result = self.bank.post(filing.number, rows)
            assert result.rows_credited == expected

    def _accept(self, filing: Filing, person: int, day: date, minutes: int) -> bool:
        """Enter a row in the books if the laws let it in."""
        if day not in filing.days:
            return False
        occasion = f"{filing.number}/{filing.days.index(day) + 1}"
        centihours = minutes * 800 // 360
        people, _ = self.books.taken(filing)
        new = not any(
            c.person == person and c.occasion.startswith(f"{filing.number}/")
            for c in self.books.live.values()
        )
        twice = any((key, occasion) in self.books.live for key in self.books.group(person))
        twice |= self.books.looked_into(filing.number, person, occasion)
        if twice or not centihours or (new and people >= SEATS):
            return False
        self.books.live[person, occasion] = Credit(
            person, occasion, day, filing.subject, centihours
        )
        return True

    @precondition(lambda self: self.attended())
    @rule(which=st.integers(0, 99), all_days=st.booleans())
    def withdraw(self, which: int, all_days: bool) -> None:
        attended = self.attended()
        credit = attended[which % len(attended)]
        filing_no = credit.occasion.partition("/")[0]
        group = self.books.group(credit.person)
        days = [] if all_days else [credit.day]
        withdraw(self.bank, filing_no, self.persons[credit.person], days)
        for key, other in list(self.books.live.items()):
            here = other.occasion.startswith(f"{filing_no}/") and other.person in group
            if here and (all_days or other.day in days):
                del self.books.live[key]
        with pytest.raises(NothingToWithdrawError):
            withdraw(self.bank, filing_no, self.persons[credit.person], [credit.day])

    def attended(self) -> list[Credit]:
        """Return what may be withdrawn."""
        live = self.books.live
        return [live[key] for key in sorted(live) if not live[key].migrated]

    @precondition(lambda self: self.books.live)
    @rule(which=st.integers(0, 99), one_person=st.booleans(), one_session=st.booleans())
    def look_into(self, which: int, one_person: bool, one_session: bool) -> None:
        credit = self.books.live[sorted(self.books.live)[which % len(self.books.live)]]
        person = credit.person if one_person else None
        occasion = credit.occasion if one_session else ""
        source = credit.occasion.partition("/")[0]
        identity = self.persons[credit.person] if one_person else None
        if self.books.looked_into(source, person, occasion):
            with pytest.raises(InvestigationKnownError):
                investigate(self.bank, source, identity, occasion)
            return
        number = investigate(self.bank, source, identity, occasion)
        self.books.cases[number] = Case(source, person, occasion)
        for other in self.books.live.values():
            theirs = person is None or other.person in self.books.group(person)
            here = other.occasion == occasion if occasion else other.occasion.startswith(source)
            if theirs and here:
                other.held_by.add(number)

    @precondition(lambda self: self.books.cases)
    @rule(which=st.integers(0, 9), outcome=st.sampled_from(Outcome))
    def conclude(self, which: int, outcome: Outcome) -> None:
        number = list(self.books.cases)[which % len(self.books.cases)]
        end_investigation(self.bank, number, outcome)
        del self.books.cases[number]
        for key, credit in list(self.books.live.items()):
            if number in credit.held_by and outcome is Outcome.FOUND_FALSE:
                del self.books.live[key]
            credit.held_by.discard(number)

    @precondition(lambda self: len(self.imported) < 2)
    @rule(
        person=people,
        year=st.sampled_from((2024, 2026)),
        subject=st.sampled_from(("professional", "public.general")),
        centihours=st.integers(1, 2500),
    )
    def import_record(self, person: int, year: int, subject: str, centihours: int) -> None:
        row = RecordRow(self.persons[person], year, subject, centihours)
        draft = (person, year, subject, centihours)
        if draft in self.imported:
            return
        self.imported.add(draft)
        number = import_rows(self.bank, "cn-3711", [row])
        occasion = f"{number}/1"
        self.seen_people.add(person)
        self.books.live[person, occasion] = Credit(
            person, occasion, date(year, 12, 31), subject, centihours, migrated=True
        )

    @rule(one=people, other=people, linked=st.booleans())
    def link(self, one: int, other: int, linked: bool) -> None:
        finding = LinkFinding(
            self.persons[one], self.persons[other], linked, "cn-3711", "official-test"
        )
        pair = frozenset((one, other))
        with suppress(LinkUnchangedError, PersonUnknownError, LinkOccasionTwiceError):
            with self.bank.unit() as session:
                record_finding(session, self.bank.house.vault, finding, now=NOW)
            (self.books.links.add if linked else self.books.links.discard)(pair)
        if linked and pair not in self.books.links and {one, other} <= self.seen_people:
            assert one == other or self._doubled(one, other)

    def _doubled(self, one: int, other: int) -> bool:
        held = Counter(
            credit.occasion
            for credit in self.books.live.values()
            if credit.person in self.books.group(one) | self.books.group(other)
        )
        return any(times > 1 for times in held.values())

    @rule()
    def seal(self) -> None:
        self.bank.seal()

    @invariant()
    def balances_are_the_models(self) -> None:
        for person in sorted(getattr(self, "seen_people", ())):
            wanted = self.books.balances(person)
            with self.bank.reading() as session:
                key = key_of(self.bank, self.persons[person])
                group = linked_people(session, [key])[key]
                found = balances_of(session, group, "cn-3711")
            assert {
                (b.credited_year, b.subject): (b.live_centihours, b.capped_centihours)
                for b in found
                if b.live_centihours or b.capped_centihours
            } == wanted
            assert sum(b.frozen_centihours for b in found) == self.books.frozen(person)

    @invariant()
    def bounds_hold_and_uses_are_right(self) -> None:
        for filing in getattr(self, "known", ()):
            with self.bank.reading() as session:
                source = session.scalars(
                    select(Source).where(Source.source_no == filing.number)
                ).one()
                use = session.get_one(SourceUse, source.source_id)
            assert (use.people, use.centihours) == self.books.taken(filing)
            assert use.people <= SEATS
            assert use.centihours <= (source.centihours_max or 0)

    def teardown(self) -> None:
        """Seal what is left, and look at the whole bank."""
        while self.bank.seal().more:
            pass
        with self.bank.reading() as session:
            assert total_over_all_accounts(session) == 0
        assert missed(self.bank) == (0, 0)
        assert self.bank.fsck() == []
        assert_one_history(self.bank, pairs=not LONG)


def assert_one_history(bank: TestBank, *, pairs: bool) -> None:
    """Each checkpoint contains every earlier one, not only its neighbour."""
    with bank.reading() as session:
        for log in session.scalars(select(Log)):
            query = select(SignedCheckpoint).where(SignedCheckpoint.log_id == log.log_id)
            heads = session.scalars(query.order_by(SignedCheckpoint.size)).all()
            recent = heads[-12:] if pairs else heads[-40:]
            for old, new in combinations(recent, 2):
                proof = consistency_proof(old.size, new.size, tile_reader(session, log.log_id))
                assert consistency_holds(old.size, old.root, new.size, new.root, proof)


@pytest.fixture
def bank(database: Database, tmp_path: Path) -> Iterator[TestBank]:
    made = found_test_bank(database.settings(tmp_path / "home"))
    publish(made, PACK)
    for uscc in PROVIDERS:
        register_enterprise(made, uscc, "cn-3711")
    yield made
    made.close()


def laws_of(bank: TestBank) -> type[Laws]:
    """Return the machine that acts on this bank."""
    return type("LawsOfThisBank", (Laws,), {"bank": bank})


@pytest.mark.timeout(0 if LONG else 600)
def test_the_laws_hold_after_any_history(bank: TestBank) -> None:
    run_state_machine_as_test(laws_of(bank), settings=FEW)


def one_history(bank: TestBank) -> None:
    """One person over a cap at two providers, looked into, cleared and withdrawn; law by law.

    Each fault below shows in it; looking for such a history by chance takes minutes.
    """
    machine = laws_of(bank)()
    first, second = machine.begin().values
    steps: tuple[Callable[[], object], ...] = (
        lambda: machine.post(first, [(0, DAYS[0], 360)], times=2),
        lambda: machine.post(second, [(0, DAYS[0], 360), (1, DAYS[0], 360)], times=1),
        lambda: machine.look_into(0, one_person=True, one_session=True),
        lambda: machine.conclude(0, Outcome.CLEARED),
        machine.seal,
        lambda: machine.withdraw(0, all_days=False),
    )
    for step in steps:
        step()
        machine.balances_are_the_models()
        machine.bounds_hold_and_uses_are_right()
    machine.teardown()


def test_the_laws_hold_over_the_history_in_which_faults_show(bank: TestBank) -> None:
    one_history(bank)


def no_fold(*_: object, **__: object) -> int:
    return 0


FAULTS: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "caps not counted on posting": (roster_credits_module, "fold_again", no_fold),
    "caps not counted on withdrawal": (reversals_module, "fold_again", no_fold),
    "caps not counted on freezing": (investigations_module, "fold_again", no_fold),
    "use not given back": (reversals_module, "take", lambda *_: None),
    "a sealer that forgets the last row": (
        seal_module,
        "_pending",
        lambda rows, real=seal_module._pending: real(rows)[:-1] or real(rows),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_breaks_a_law(bank: TestBank, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*FAULTS[fault])

    with pytest.raises(AssertionError):
        one_history(bank)
