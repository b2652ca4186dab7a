"""How long it takes to say what a change of the law would do to everybody in a synthetic bank.

Builds a bank of N invented people on SQLite, with years of seminars, earlier records and answers,
and weighs everybody under two changes: one of what a title asks for, and one of a cap, for which
every fact is folded again. Building takes longer than weighing; `--home` keeps the bank.

    .venv/bin/python -m bench.impact --people 100000 --home /var/tmp/creditbank-impact
"""

import argparse
import base64
import json
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select

from creditbank.app import create_app
from creditbank.canonical import canonical_text
from creditbank.clock import utc_now
from creditbank.config import Settings
from creditbank.crediting.imports import RecordRow
from creditbank.crediting.traces import trace_of
from creditbank.db import make_engine, snapshot, unit_of_work
from creditbank.jobs.impact import run_impact
from creditbank.ledger.models import CreditFacts, Entry, Source
from creditbank.ledger.sources import pins_id_of
from creditbank.migrating import upgrade
from creditbank.people.models import Person
from creditbank.registry.filing.filings import sessions_of
from creditbank.registry.lawbook import law_of
from creditbank.rules.conversion import ActivityFact, convert
from creditbank.rules.loader import load_pack
from creditbank.verification.impact_runs import impact_numbered, request_impact, take_up, told
from creditbank.verification.models import Verdict
from tests.acts import approve, import_rows, publish, register_enterprise
from tests.bank import NOW, TestBank, found_test_bank, invented_person
from tests.lawtexts import law, rule

COUNTY = "cn-3711"
YEARS = range(2021, 2026)
DISTRICTS = {
    "cn-371102": "91371000MA3TE5T024", "cn-371103": "91371000MA3TE5T037",
    "cn-371121": "91371000MA3TE5T04A", "cn-371122": "91371000MA3TE5T05D",
}  # fmt: skip
LEVELS = ("full_senior", "associate_senior", "intermediate")
#: of seminars that one person attends in a year
DAYS_A_YEAR = 6
MINUTES = (180, 240, 300, 330, 360)
ASKED_PERCENT = 10
BLOCK_PEOPLE = 2_000
CAP_CENTIHOURS = 800
REQUIREMENT = '{{ mode = "every_year", years = {0}, start = "title" }}'
CAP = '{{ per = "day", hours = "{0}", order = 10 }}'
RULES = (
    rule("recognise.enterprise_course", "true"),
    rule("conversion.enterprise_course", '{ kind = "per_day", hours_per_day = "8" }'),
    rule("part_day.enterprise_course", '"pro_rata"'),
    rule("cap.day", CAP.format(8)),
    *(rule(f"requirement.engineering.{level}", REQUIREMENT.format(5)) for level in LEVELS),
)
CHANGES = {
    "what a title asks for": rule(
        "requirement.engineering.intermediate", REQUIREMENT.format(3), "2026-01-01",
        replaces="2020-01-01",
    ),
    "a cap of the day": rule("cap.day", CAP.format(6), "2023-01-01", replaces="2020-01-01"),
}  # fmt: skip
#: An answer without the rest that is not read here, as long as one that is shown in summary.
QUESTION = {
    "scheme": "", "series": "engineering", "level": "associate_senior",
    "application_day": "2026-03-15", "stated": {"current_title_on": "2018-06-30"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sitting:
    """One session of a seminar: its worth in centihours and the facts, by minutes attended."""

    source_id: int
    occasion: str
    day: date
    worth: Mapping[int, tuple[int, str]]


@dataclass(frozen=True, slots=True)
class District:
    """Where a quarter of the people learn: its scheme, its seminars, its earlier records."""

    scheme: str
    pins_id: int
    sittings: Mapping[int, Sequence[Sitting]]
    import_no: str
    import_source_id: int


def main() -> None:
    """Build, weigh, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--home", type=Path)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        bank = opened(wanted.home or Path(directory) / "bank", wanted.people)
        for version, (what, change) in enumerate(CHANGES.items(), start=2):
            measure(bank, what, law(*RULES, change, id=COUNTY, version=version))
        bank.close()


def measure(bank: TestBank, what: str, content: bytes) -> None:
    """Run one change and print how fast it went."""
    pack, now = load_pack(content, file=what), utc_now()
    with unit_of_work() as session:
        run = request_impact(session, content, pack, actor="bench", now=now)
        turn = take_up(session, run.run_no, now=now)
    assert turn is not None
    started = time.perf_counter()
    run_impact(turn, threading.Event())
    seconds = time.perf_counter() - started
    with snapshot() as session:
        done = told(impact_numbered(session, turn.run_no))
    result = done["result"]
    print(
        f"{what}: {result['people']} people, {result['asked']} answers as asked and"
        f" {result['supposed']} as supposed, {seconds:.1f} s,"
        f" {done['people_done'] / seconds:.0f} people/s"
    )
    for line in result["totals"]:
        if line["scheme"] == min(DISTRICTS):
            print(f"  {line['level']}: {line['before']} → {line['after']} {line['people']}")


def opened(home: Path, people: int) -> TestBank:
    """Open the bank of an earlier run, or build one."""
    settings = Settings(home=str(home))
    if (home / "bank.sqlite3").exists():
        return TestBank(create_app(settings))
    home.mkdir(parents=True)
    owner = make_engine(settings.owner_url, settings, owner=True)
    upgrade(owner)
    bank = found_test_bank(settings)
    started = time.perf_counter()
    publish(bank, law(*RULES, id=COUNTY).decode())
    districts = [district(bank, scheme, uscc) for scheme, uscc in DISTRICTS.items()]
    rng = random.Random(20261121)
    keys = sorted(rng.sample(range(1, 2**63), people))
    with owner.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA synchronous=OFF")
        connection.exec_driver_sql("PRAGMA cache_size=-1000000")
        connection.exec_driver_sql("BEGIN")
        fill(connection, rng, keys, districts)
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    owner.dispose()
    print(f"built {people} people in {time.perf_counter() - started:.0f} s")
    return bank


def district(bank: TestBank, scheme: str, uscc: str) -> District:
    """Publish a district's pack, and hold its seminars of all years, every second day twice."""
    publish(bank, law(id=scheme, inherits=COUNTY).decode())
    register_enterprise(bank, uscc, scheme)
    sittings: dict[int, list[Sitting]] = {}
    for year in YEARS:
        days = [date(year, 3, 1) + timedelta(days=7 * nth) for nth in range(12)]
        held_on = (days, days[::2])
        filings = [approve(bank, each, seats=100_000, uscc=uscc) for each in held_on]
        sittings[year] = [each for no in filings for each in held(bank, scheme, no)]
    import_no = import_rows(
        bank, scheme, [RecordRow(invented_person(1), 2020, "public", int(scheme[-3:]))]
    )
    with bank.reading() as session:
        pins_id = pins_id_of(session, law_of(session, scheme).pins())
        source = session.scalars(select(Source).where(Source.source_no == import_no)).one()
    return District(scheme, pins_id, sittings, import_no, source.source_id)


def held(bank: TestBank, scheme: str, filing_no: str) -> Iterator[Sitting]:
    """Convert each session of a filing for all minutes that people attend."""
    with bank.reading() as session:
        chain = law_of(session, scheme)
        source = session.scalars(select(Source).where(Source.source_no == filing_no)).one()
        sessions = sessions_of(session, filing_no)
    for planned in sessions:
        worth = {}
        for minutes in MINUTES:
            fact = ActivityFact(
                "enterprise_course", "seminar", "full", "professional", planned.day, 360, 2, minutes
            )
            done = convert(fact, chain)
            facts = {
                "kind": "filing", "activity": "enterprise_course", "form": "seminar",
                "release": "full", "filing": filing_no, "session": planned.session_no,
                "day": planned.day.isoformat(), "planned_minutes": 360, "planned_half_days": 2,
                "attended_minutes": minutes, "roster": "R000000000", "row": 1,
                "trace": trace_of(done.steps),
            }  # fmt: skip
            worth[minutes] = (done.centihours, canonical_text(facts))
        occasion = f"{filing_no}/{planned.session_no}"
        yield Sitting(source.source_id, occasion, planned.day, worth)


def fill(
    connection: Connection, rng: random.Random, keys: Sequence[int], districts: Sequence[District]
) -> None:
    """Write everybody's rows, year by year, so that nobody's lie together."""
    now = NOW
    for block in blocks(keys):
        connection.execute(insert(Person), [{"person_id": k, "created_at": now} for k in block])
    for year in YEARS:
        for block in blocks(keys):
            rows = [
                row
                for key in block
                for row in a_year(rng, key, districts[key % len(districts)], year)
            ]
            connection.execute(insert(Entry), [entry for entry, _ in rows])
            facts = [fact for _, fact in rows if fact is not None]
            connection.execute(insert(CreditFacts), facts)
    asked = [key for key in keys if rng.randrange(100) < ASKED_PERCENT]
    for block in blocks(asked):
        connection.execute(insert(Verdict), [answer(key, districts, rng) for key in block])


Rows = tuple[dict[str, Any], dict[str, Any] | None]


def a_year(rng: random.Random, key: int, home: District, year: int) -> Iterator[Rows]:
    """Give a person two earlier records and some days of seminars, cut where a day is full."""
    said = {"kind": "import", "import": home.import_no, "row": 1, "year": year, "origin": "旧"}
    for number, (subject, low, high) in enumerate(
        (("professional", 2000, 6000), ("public.general", 2500, 4000))
    ):
        occasion = f"{home.import_no}/{(year - 2000) * 2 + number}"
        record = Sitting(home.import_source_id, occasion, date(year, 12, 31), {})
        credit, fact = credited(key, home, record, rng.randint(low, high), canonical_text(said))
        yield credit | {"subject": subject, "leaf": rng.randbytes(32)}, fact
    full: Counter[date] = Counter()
    chosen = rng.sample(home.sittings[year], DAYS_A_YEAR)
    for sitting in sorted(chosen, key=lambda each: (each.day, each.occasion)):
        worth, said_so = sitting.worth[rng.choice(MINUTES)]
        credit, fact = credited(key, home, sitting, worth, said_so)
        yield credit | {"leaf": rng.randbytes(32)}, fact
        over = max(0, worth - (CAP_CENTIHOURS - full[sitting.day]))
        full[sitting.day] += worth - over
        if over:
            move = {"movement": "cap", "from_state": "live", "to_state": "capped"}
            yield credit | move | {"centihours": over, "leaf": rng.randbytes(32)}, None


def credited(key: int, home: District, sitting: Sitting, centihours: int, facts: str) -> Rows:
    """Return a credit and its facts; the leaf is noise, which nobody looks at here."""
    credit = {
        "person_id": key, "recorded_at": NOW, "act_id": None, "source_id": sitting.source_id,
        "pins_id": home.pins_id, "centihours": centihours, "earned_on": sitting.day,
        "credited_year": sitting.day.year, "revision": 0, "step": 0, "scheme": home.scheme,
        "subject": "professional", "from_state": "issued", "to_state": "live",
        "movement": "credit", "occasion": sitting.occasion, "reason": "",
    }  # fmt: skip
    fact = {
        "person_id": key, "scheme": home.scheme, "occasion": sitting.occasion, "revision": 0,
        "facts": facts,
    }  # fmt: skip
    return credit, fact


def answer(key: int, districts: Sequence[District], rng: random.Random) -> dict[str, Any]:
    """Return a stored answer about a person, as long as one in summary."""
    scheme = districts[key % len(districts)].scheme
    payload = {"question": QUESTION | {"scheme": scheme}, "clauses": ["…" * 700]}
    middle = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode()
    return {
        "verdict_no": f"V{rng.getrandbits(80):020x}", "person_id": key, "client_id": "bench",
        "mandate_no": "M", "purpose": "p", "legal_basis": "b", "disclose": "summary",
        "outcome": "met", "question_digest": rng.randbytes(32), "recorded_at": NOW,
        "jws": f"e30.{middle}.e30",
    }  # fmt: skip


def blocks(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    """Cut keys into blocks."""
    for start in range(0, len(keys), BLOCK_PEOPLE):
        yield keys[start : start + BLOCK_PEOPLE]


if __name__ == "__main__":
    main()
