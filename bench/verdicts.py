"""Answers a second: of a list of people with ten years of history each, records included.

Builds a bank of N invented people, each credited thrice in each of ten years, seals it, and has a
list of all of them answered by the code of the clock's process: in one process, and in as many as
there are cores. `--signing tree` signs once for each list.

    .venv/bin/python -m bench.verdicts --people 5000 --database postgresql
"""

import argparse
import cProfile
import os
import pstats
import random
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import select, text

from bench.banks import DATABASES, bank_on
from creditbank.attendance.people_list import ListedPerson
from creditbank.canonical import Canonical, canonical_text
from creditbank.clock import utc_now
from creditbank.crediting.imports import RecordRow
from creditbank.crediting.traces import trace_of
from creditbank.db import snapshot, unit_of_work
from creditbank.jobs import batches as jobs
from creditbank.jobs.clock import seal_all
from creditbank.ledger.models import Act, Source
from creditbank.ledger.posting import CreditDraft, PostingContext, post_credits
from creditbank.ledger.sources import pins_id_of
from creditbank.people.documents import Document, DocumentKind, resident_id_check_character
from creditbank.people.register import Identity, ensure_people, secrets_of
from creditbank.registry.clients import Client
from creditbank.registry.lawbook import law_of
from creditbank.rules.conversion import ActivityFact, convert
from creditbank.verification.batches import BatchQuestion, request_batch, take_up
from creditbank.verification.list_trees import Signing
from creditbank.verification.models import VerdictBatch
from creditbank.verification.questions import Disclosure
from tests.acts import approve, import_rows
from tests.bank import NOW, TestBank
from tests.verification.askers import asker

YEARS = range(2017, 2027)
#: Before it nobody says what a day is worth.
FIRST_YEAR_OF_DAYS = 2024
SUBJECTS = ("professional", "professional", "public.general")
BLOCK = 5_000
STATED = {"current_title_on": "2016-06-30"}


def main() -> None:
    """Measure on each database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--database", choices=DATABASES, action="append")
    parser.add_argument("--disclose", choices=[*map(str, Disclosure)], default="summary")
    parser.add_argument("--signing", choices=[*map(str, Signing)], default="item")
    parser.add_argument("--profile", action="store_true", help="one process, function by function")
    wanted = parser.parse_args()
    for database in wanted.database or DATABASES[::-1]:
        with bank_on(database) as bank:
            people = built(bank, wanted.people)
            client = asker(bank)
            for workers in (1,) if wanted.profile else sorted({1, os.cpu_count() or 1}):
                jobs.WORKERS_MAX = workers
                jobs.ALONE_MAX = 0
                signing = Signing(wanted.signing)
                batch_no = listed(bank, client, people, Disclosure(wanted.disclose), signing)
                spent, server = cpu_seconds(), server_seconds()
                taken = answered(batch_no, profiled=wanted.profile)
                spent, server = cpu_seconds() - spent, server_seconds() - server
                print(
                    f"{database}, {wanted.disclose}, signed by {signing}, {workers} process(es):"
                    f" {len(people) / taken:,.0f} people a second (wanted 3,000 on two cores),"
                    f" {len(people) / spent:,.0f} for each second of a core but the server's,"
                    f" {len(people) / (spent + server):,.0f} with the server's"
                )


def cpu_seconds() -> float:
    """Return what this process and its children that ended took of the cores."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def server_seconds() -> float:
    """Return what the database's server took of the cores, all its processes; 0 on SQLite."""
    with snapshot() as session:
        if session.get_bind().dialect.name != "postgresql":
            return 0.0
        backend = session.scalar(text("SELECT pg_backend_pid()"))
    postmaster = _stat(str(backend))[1]
    return sum(_ticks(stat, ended=stat[0] == postmaster) for stat in _with_children(postmaster)) / (
        os.sysconf("SC_CLK_TCK")
    )


def process_seconds(pid: int) -> float:
    """Return what a process and its children took of the cores, those that ended too."""
    return sum(_ticks(stat, ended=True) for stat in _with_children(pid)) / (
        os.sysconf("SC_CLK_TCK")
    )


def _with_children(pid: int) -> list[list[int]]:
    running = (each.name for each in Path("/proc").iterdir() if each.name.isdigit())
    return [stat for stat in map(_stat, running) if stat and pid in stat[:2]]


def _ticks(stat: list[int], *, ended: bool) -> int:
    """Add a process's time in user mode and in the kernel, and that of its children that ended."""
    return sum(stat[11:13]) + (sum(stat[13:15]) if ended else 0)


def _stat(pid: str) -> list[int]:
    """Return number, parent and what follows of a process (proc(5), stat); nothing once it is
    over."""
    try:
        said = Path("/proc", pid, "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [int(pid), *map(int, said.rpartition(")")[2].split()[1:20])]


def built(bank: TestBank, count: int) -> list[Identity]:
    """Make people with ten years of history, and give everything its place in the log."""
    started = time.perf_counter()
    people = [invented(number) for number in range(count)]
    with unit_of_work() as session:
        keys = list(ensure_people(session, bank.house.vault, people, now=NOW).values())
        known = secrets_of(session, bank.house.vault, keys)
    for context, drafts in credits_of_all(bank, keys):
        with unit_of_work() as session:
            post_credits(session, drafts, context, known)
    seal_all()
    print(f"built {count:,} people in {time.perf_counter() - started:.0f} s")
    return people


def credits_of_all(
    bank: TestBank, keys: Sequence[int]
) -> Iterator[tuple[PostingContext, list[CreditDraft]]]:
    """Credit everybody thrice a year: from earlier records, and since the law of 2024 by days."""
    rng = random.Random(20261121)
    earlier = [RecordRow(invented(0), YEARS[0], "public", 100)]
    import_no = import_rows(bank, "cn-3710", earlier)
    for year in YEARS:
        for nth, subject in enumerate(SUBJECTS):
            if year < FIRST_YEAR_OF_DAYS:
                day, source_no = date(year, 12, 31), import_no
                occasion, worth = (
                    f"{import_no}/{year}-{nth}",
                    [
                        (hours, {"kind": "import", "import": import_no, "year": year, "origin": ""})
                        for hours in range(1_500, 4_500, 50)
                    ],
                )
            else:
                day = date(year, 3, 1) + timedelta(days=nth)
                source_no = approve(bank, [day], seats=100, subject=subject)
                occasion, worth = f"{source_no}/1", held(bank, source_no, day, subject)
            with bank.reading() as session:
                pins = law_of(session, "cn-3710").pins()
                source = session.scalars(select(Source).where(Source.source_no == source_no)).one()
                leaf = session.get_one(Act, source.act_id).leaf
                pins_id = pins_id_of(session, pins)
            context = PostingContext(source.source_id, leaf, pins_id, pins, NOW)
            for first in range(0, len(keys), BLOCK):
                drafts = []
                for row, key in enumerate(keys[first : first + BLOCK], start=first):
                    hours, said = rng.choice(worth)
                    facts = canonical_text({**said, "row": row})
                    drafts.append(
                        CreditDraft(key, "cn-3710", year, subject, day, occasion, 0, hours, facts)
                    )
                yield context, drafts


def held(
    bank: TestBank, filing_no: str, day: date, subject: str
) -> list[tuple[int, dict[str, Canonical]]]:
    """Convert a day of a seminar for all minutes that people attend; return hours and facts."""
    worth: list[tuple[int, dict[str, Canonical]]] = []
    for minutes in (180, 240, 300, 330, 360):
        fact = ActivityFact("enterprise_course", "seminar", "full", subject, day, 360, 2, minutes)
        with bank.reading() as session:
            done = convert(fact, law_of(session, "cn-3710"))
        said: dict[str, Canonical] = {
            "kind": "filing", "activity": "enterprise_course", "form": "seminar",
            "release": "full", "filing": filing_no, "session": 1, "day": day.isoformat(),
            "planned_minutes": 360, "planned_half_days": 2, "attended_minutes": minutes,
            "roster": "R000000000", "trace": trace_of(done.steps),
        }  # fmt: skip
        worth.append((done.centihours, said))
    return worth


def invented(number: int) -> Identity:
    """Return one of as many invented people as are wanted."""
    born = date(1950, 1, 1) + timedelta(days=number // 999)
    first17 = f"999999{born:%Y%m%d}{number % 999 + 1:03d}"
    number_text = first17 + resident_id_check_character(first17)
    return Identity(
        Document(DocumentKind.RESIDENT_ID, number_text), f"示例{chr(0x4E00 + number % 977)}"
    )


def listed(
    bank: TestBank, client: Client, people: Sequence[Identity], disclose: Disclosure,
    signing: Signing = Signing.ITEM,
) -> str:  # fmt: skip
    """Send a list of everybody."""
    question = BatchQuestion(
        "cn-3710", "engineering", "", "associate_senior", date(2027, 3, 15), "职称申报资格审核",
        "人社部令第25号", disclose, signing=signing,
    )  # fmt: skip
    rows = [ListedPerson(row_no, each, STATED) for row_no, each in enumerate(people, start=1)]
    with unit_of_work() as session:
        return request_batch(
            session, bank.house.vault, question, rows, client, kept_days=30, now=utc_now()
        ).batch_no


def answered(batch_no: str, *, profiled: bool = False) -> float:
    """Answer a list as the clock's process does; return the seconds that it took."""
    with unit_of_work() as session:
        turn = take_up(session, batch_no, now=utc_now())
    assert turn is not None, "nobody else works here"
    profiler = cProfile.Profile()
    started = time.perf_counter()
    if profiled:
        profiler.enable()
    assert jobs.run_batch(turn, threading.Event())
    if profiled:
        profiler.disable()
    taken = time.perf_counter() - started
    if profiled:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(45)
    with snapshot() as session:
        batch = session.get_one(VerdictBatch, batch_no)
        assert batch.rows_done == batch.rows_total, "every row has its answer"
    return taken


if __name__ == "__main__":
    main()
