"""What a change of the law would do: counted over everybody, true to what answers then say."""

import json
import random
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from creditbank.clock import civil_day, utc_now
from creditbank.crediting.fold import FoldContext, fold_again
from creditbank.crediting.imports import RecordRow
from creditbank.crediting.links import LinkFinding, record_finding
from creditbank.jobs import impact as jobs
from creditbank.people.register import Identity, lock_linked, secrets_of
from creditbank.registry.clients import Client
from creditbank.registry.lawbook import law_of
from creditbank.rules.loader import load_pack
from creditbank.verification.answers import prepare, sign, store
from creditbank.verification.impact import (
    Flip,
    Tally,
    case_of,
    people_after,
    trial_of,
    weigh_people,
)
from creditbank.verification.impact_runs import (
    ATTEMPTS_MAX,
    SILENT_SECONDS,
    ImpactUnknownError,
    RunState,
    Turn,
    finish,
    impact_numbered,
    last_impact,
    put_back,
    request_impact,
    shown,
    take_up,
    tell_progress,
    told,
)
from creditbank.verification.models import ImpactRun
from creditbank.verification.questions import Ask, Disclosure
from tests.acts import (
    approve,
    import_rows,
    key_of,
    publish,
    register_enterprise,
    roster,
    seal_all,
    withdraw,
)
from tests.api.desk import Desk
from tests.bank import NOW, TestBank, invented_person
from tests.lawtexts import COUNTY, REQUIREMENT, WINDOW, hours, law, rule
from tests.verification.askers import asker

#: Applications that are supposed are of today, which only the clock knows; years follow it.
TODAY = civil_day(utc_now())
LAST_YEAR = TODAY.year - 1
DISTRICT = "cn-371102"
USCC = "91371000MA3TE5T024"
CAP = '{{ per = "day", hours = "{0}", order = 10 }}'
COURSES = (
    rule("recognise.enterprise_course", "true"),
    rule("conversion.enterprise_course", '{ kind = "per_day", hours_per_day = "8" }'),
    rule("part_day.enterprise_course", '"pro_rata"'),
)
PEOPLE = [invented_person(number) for number in range(1, 13)]


def in_force(*more: str, least: str = "40", day_cap: str = "8") -> bytes:
    return law(*COURSES, rule("cap.day", CAP.format(day_cap)), hours(least), *more)


def version_two(*more: str) -> bytes:
    """Write the county's law again, with what is added to it."""
    return law(*COURSES, rule("cap.day", CAP.format("8")), hours("40"), *more, version=2)


STRICTER = hours("50", TODAY.isoformat(), replaces="2020-01-01")
LOWER_CAP = rule("cap.day", CAP.format("6"), "2021-01-01", replaces="2020-01-01")


@pytest.fixture
def county(bank: TestBank) -> TestBank:
    """A bank with a county's law in force, and a district below it."""
    publish(bank, in_force().decode())
    publish(bank, law(id=DISTRICT, inherits=COUNTY).decode())
    return bank


def hold(bank: TestBank, scheme: str, centihours: Sequence[int], first: int = 0) -> None:
    """Give one person after another so many hours of the last year."""
    rows = [
        RecordRow(PEOPLE[number], LAST_YEAR, "professional", worth)
        for number, worth in enumerate(centihours, start=first)
    ]
    import_rows(bank, scheme, rows)


def weighed(bank: TestBank, content: bytes, chunk: int = 5) -> Tally:
    with bank.reading() as session:
        trial = trial_of(case_of(session, load_pack(content, file="x"), TODAY))
        tally, last = Tally(), 0
        while people := people_after(session, last, chunk):
            tally.add(weigh_people(session, trial, people))
            last = people[-1]
    return tally


def turned(tally: Tally) -> dict[tuple[str, str, str], int]:
    """Tell flips by scheme and outcomes."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for flip, people in tally.flips.items():
        counts[flip.scheme, flip.before, flip.after] += people
    return dict(counts)


def ask(
    bank: TestBank, client: Client, person: Identity, *, day: date = TODAY, **stated: str
) -> str:
    """Ask about a title in the county and keep the answer; return its outcome."""
    question = Ask(
        person, COUNTY, "engineering", "intermediate", day, "title_application", "令第25号",
        stated, Disclosure.SUMMARY,
    )  # fmt: skip
    with bank.reading() as session:
        prepared = prepare(session, bank.house.vault, question, client, now=NOW)
    signed = sign(prepared, bank.house.keys, "Ed25519")
    with bank.unit() as session:
        store(session, prepared, signed, now=NOW)
    return signed.outcome


def test_a_stricter_requirement_turns_whoever_lies_between(county: TestBank) -> None:
    hold(county, COUNTY, [3999, 4000, 4999, 5000])
    hold(county, DISTRICT, [4500, 100], first=4)

    tally = weighed(county, version_two(STRICTER))

    assert turned(tally) == {
        (COUNTY, "met", "not_met"): 2, (DISTRICT, "met", "not_met"): 1,
    }  # fmt: skip
    assert (tally.people, tally.asked, tally.supposed) == (6, 0, 6)
    assert {flip.district for flip in tally.flips} == {COUNTY, DISTRICT}
    assert all(flip.supposed for flip in tally.flips)
    [title] = {(flip.series, flip.specialty, flip.level) for flip in tally.flips}
    assert title == ("engineering", "", "intermediate")


def test_a_change_above_reaches_the_schemes_below(county: TestBank) -> None:
    hold(county, DISTRICT, [4500])
    nation = law(rule("cap.day", CAP.format("8")), id="cn-37", version=2, inherits="cn")

    with county.reading() as session:
        trial = trial_of(case_of(session, load_pack(nation, file="x"), TODAY))

    assert set(trial.sides) == {"cn-37", "cn-3710", COUNTY, DISTRICT}


def test_a_pack_that_nobody_has_hours_under_turns_nobody(county: TestBank) -> None:
    hold(county, COUNTY, [4500])
    first = law(hours("40"), id="cn-3712")

    assert weighed(county, first) == Tally()


def test_the_same_text_turns_nobody(county: TestBank) -> None:
    hold(county, COUNTY, [4500, 100])

    tally = weighed(county, version_two())

    assert (tally.people, tally.flips) == (2, Counter())


def attended(bank: TestBank, rng: random.Random) -> None:
    """Let everybody attend seminars of two providers, on some days both."""
    register_enterprise(bank, USCC, COUNTY)
    days = [date(LAST_YEAR, 5, 1) + timedelta(days=nth) for nth in range(8)]
    for _ in range(2):
        filing_no = approve(bank, days, uscc=USCC)
        lines = [
            (person, day, rng.choice((120, 240, 360)))
            for person in PEOPLE
            for day in rng.sample(days, rng.randint(1, 7))
        ]
        bank.post(filing_no, roster(lines))


@pytest.mark.parametrize(
    "change", [STRICTER, LOWER_CAP, STRICTER + LOWER_CAP], ids=["asks more", "counts less", "both"]
)
def test_what_is_foretold_is_what_answers_say_once_it_is_law(county: TestBank, change: str) -> None:
    attended(county, random.Random(7))
    seal_all(county)
    client, content = asker(county), version_two(change)
    foretold = weighed(county, content)

    before = [ask(county, client, person) for person in PEOPLE]
    publish(county, content.decode())
    count_again(county)
    seal_all(county)
    after = [ask(county, client, person) for person in PEOPLE]

    turns = Counter((COUNTY, *turn) for turn in zip(before, after, strict=True))
    changed = {turn: people for turn, people in turns.items() if turn[1] != turn[2]}
    assert changed
    assert turned(foretold) == changed
    assert county.fsck() == []


def count_again(bank: TestBank) -> None:
    """Fold everybody's caps under the law in force now."""
    keys = [key_of(bank, person) for person in PEOPLE]
    with bank.unit() as session:
        groups = lock_linked(session, keys)
        secrets = secrets_of(session, bank.house.vault, keys)
        context = FoldContext(law_of(session, COUNTY), secrets, NOW)
        fold_again(session, set(groups.values()), {LAST_YEAR}, context)


def test_hours_that_were_taken_back_do_not_count(county: TestBank) -> None:
    register_enterprise(county, USCC, COUNTY)
    days = [date(LAST_YEAR, 5, 1) + timedelta(days=nth) for nth in range(6)]
    filing_no = approve(county, days, uscc=USCC)
    county.post(filing_no, roster([(person, day, 360) for person in PEOPLE[:2] for day in days]))
    withdraw(county, filing_no, PEOPLE[0], days[:2])

    for change in (STRICTER, LOWER_CAP):
        tally = weighed(county, version_two(change))
        assert turned(tally) == {(COUNTY, "met", "not_met"): 1}


def test_two_keys_of_one_person_are_weighed_once_and_together(county: TestBank) -> None:
    hold(county, COUNTY, [2500, 2400])
    finding = LinkFinding(PEOPLE[0], PEOPLE[1], True, COUNTY, "official-test")
    with county.unit() as session:
        record_finding(session, county.house.vault, finding, now=NOW)

    for chunk in (1, 5):
        tally = weighed(county, version_two(STRICTER), chunk)
        assert (tally.people, turned(tally)) == (1, {(COUNTY, "met", "not_met"): 1})


def test_whoever_was_asked_about_is_weighed_as_asked_last(county: TestBank) -> None:
    hold(county, COUNTY, [4500, 4500, 4500])
    seal_all(county)
    client = asker(county)
    ask(county, client, PEOPLE[0])
    ask(county, client, PEOPLE[1])
    ask(county, client, PEOPLE[1], day=TODAY - timedelta(days=1))

    tally = weighed(county, version_two(STRICTER))

    assert (tally.asked, tally.supposed) == (2, 1)
    # The day before the stricter rule begins it asks nothing of whoever applied then.
    assert {(flip.supposed, people) for flip, people in tally.flips.items()} == {
        (False, 1), (True, 1),
    }  # fmt: skip


def test_a_fact_stated_for_no_rule_leaves_the_answer_open_where_one_asks_for_it(
    county: TestBank,
) -> None:
    hold(county, COUNTY, [4500])
    seal_all(county)
    ask(county, asker(county), PEOPLE[0], current_title_on="long ago")
    by_title = rule(
        REQUIREMENT, '{ mode = "every_year", years = 1, start = "title" }', TODAY.isoformat(),
        replaces="2020-01-01",
    )  # fmt: skip

    assert turned(weighed(county, version_two(by_title))) == {(COUNTY, "met", "undetermined"): 1}


def test_titles_that_one_rule_weighs_are_weighed_as_if_each_were_alone(county: TestBank) -> None:
    hold(county, COUNTY, [4500, 100, 5000])
    more = [
        rule(f"requirement.{title}", WINDOW.format("40"), "2020-01-01")
        for title in (
            "engineering.assistant",
            "economics.intermediate",
            "economics.*",
            "*.assistant",
        )
    ]
    content = law(
        *COURSES, rule("cap.day", CAP.format("8")), hours("40"), STRICTER, *more, version=2
    )
    with county.reading() as session:
        trial = trial_of(case_of(session, load_pack(content, file="x"), TODAY))
        alone = replace(
            trial,
            sides={
                scheme: replace(
                    sides, supposed=tuple((each,) for alike in sides.supposed for each in alike)
                )
                for scheme, sides in trial.sides.items()
            },
        )
        people = people_after(session, 0, 100)

        together, each = (weigh_people(session, one, people) for one in (trial, alone))

    assert any(len(alike) > 1 for alike in trial.sides[COUNTY].supposed)
    assert together == each
    assert together.supposed == 15


def test_a_draft_is_tried_as_if_it_were_law_and_an_adopted_one_for_its_term(
    county: TestBank,
) -> None:
    hold(county, COUNTY, [4500])
    as_draft = law(
        *COURSES, rule("cap.day", CAP.format("8")), hours("40"), STRICTER, version=2,
        status="draft",
    )  # fmt: skip

    assert turned(weighed(county, as_draft)) == {(COUNTY, "met", "not_met"): 1}


def run_of(bank: TestBank, content: bytes) -> str:
    with bank.unit() as session:
        pack = load_pack(content, file="x")
        return request_impact(session, content, pack, actor="official-test", now=NOW).run_no


def taken(bank: TestBank, run_no: str | None = None, later: int = 0) -> Turn | None:
    with bank.unit() as session:
        return take_up(session, run_no, now=utc_now() + timedelta(seconds=later))


def read(bank: TestBank, run_no: str) -> dict[str, Any]:
    with bank.reading() as session:
        return told(impact_numbered(session, run_no))


def test_a_run_says_how_far_it_is_and_keeps_what_it_counted(county: TestBank) -> None:
    hold(county, COUNTY, [4500] * 6 + [100])
    run_no, steps = run_of(county, version_two(STRICTER)), []
    turn = taken(county, run_no)
    assert turn is not None

    assert jobs.run_impact(turn, threading.Event(), lambda *step: steps.append(step))

    done = read(county, run_no)
    assert (done["state"], done["people_done"], done["people_total"]) == ("done", 7, 7)
    assert steps == [(7, 7)]
    assert (done["base_version"], len(done["base_sha256"])) == (1, 64)
    result = done["result"]
    assert result["people"] == "7"
    [flip] = result["flips"]
    assert flip == {
        "district": COUNTY, "scheme": COUNTY, "series": "engineering", "specialty": "",
        "level": "intermediate", "supposed": True, "before": "met", "after": "not_met",
        "people": "6",
    }  # fmt: skip


def test_processes_beside_each_other_count_the_same(
    county: TestBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(county, COUNTY, [4500, 100, 4999, 4000])
    hold(county, DISTRICT, [4500], first=4)
    content = version_two(STRICTER, LOWER_CAP)
    alone = weighed(county, content)
    monkeypatch.setattr(jobs, "ALONE_MAX", 0)
    monkeypatch.setattr(jobs, "CHUNK_PEOPLE", 2)
    monkeypatch.setattr(jobs, "PROGRESS_SECONDS", 0)
    turn = taken(county, run_of(county, content))
    assert turn is not None

    assert jobs.run_impact(turn, threading.Event())

    done = read(county, turn.run_no)
    assert done["result"] == shown(alone, [COUNTY, DISTRICT], TODAY)
    assert done["people_done"] == done["people_total"]


def test_nothing_is_written_but_the_run(desk: Desk) -> None:
    bank = desk.bank
    publish(bank, in_force().decode())
    hold(bank, COUNTY, [4500])
    turn = taken(bank, run_of(bank, version_two(STRICTER, LOWER_CAP)))
    before = desk.row_counts()
    assert turn is not None

    jobs.run_impact(turn, threading.Event())

    assert desk.row_counts() == before


def test_a_run_that_is_told_to_end_is_put_back_and_begun_anew(county: TestBank) -> None:
    hold(county, COUNTY, [4500])
    run_no, stop = run_of(county, version_two(STRICTER)), threading.Event()
    stop.set()
    turn = taken(county, run_no)
    assert turn is not None

    assert not jobs.run_impact(turn, stop)
    assert jobs.run_waiting(stop) == 0

    assert read(county, run_no)["state"] == "waiting"
    stop.clear()
    assert jobs.run_waiting(stop) == 1
    assert read(county, run_no)["state"] == "done"
    assert jobs.run_waiting(stop) == 0


def test_a_run_that_cannot_be_done_says_why(county: TestBank) -> None:
    run_no = run_of(county, law(hours("40"), version=2, inherits=DISTRICT))

    assert jobs.run_waiting(threading.Event()) == 0

    done = read(county, run_no)
    assert (done["state"], done["failed"], done["result"]) == ("failed", "pack-chain", None)


def test_a_silent_runner_loses_its_run_and_says_no_more(county: TestBank) -> None:
    run_no = run_of(county, version_two(STRICTER))
    first = taken(county)
    assert first is not None
    assert taken(county) is None

    second = taken(county, run_no, later=SILENT_SECONDS + 1)

    assert second == Turn(run_no, 2)
    with county.unit() as session:
        now = utc_now()
        assert not tell_progress(session, first, 1, 2, now=now)
        assert not finish(session, first, {}, now=now)
        assert not put_back(session, first)
        assert tell_progress(session, second, 1, 2, now=now)


def test_a_run_that_ends_every_runner_is_given_up(county: TestBank) -> None:
    run_no = run_of(county, version_two(STRICTER))
    for attempt in range(ATTEMPTS_MAX):
        assert taken(county, later=attempt * (SILENT_SECONDS + 1)) is not None

    assert taken(county, later=ATTEMPTS_MAX * (SILENT_SECONDS + 1)) is None

    assert (read(county, run_no)["state"], read(county, run_no)["failed"]) == (
        "failed", "impact-given-up",
    )  # fmt: skip


def test_the_same_question_while_it_waits_is_the_same_run(county: TestBank) -> None:
    content = version_two(STRICTER)
    first, again = run_of(county, content), run_of(county, content)
    other = run_of(county, version_two(LOWER_CAP))
    jobs.run_waiting(threading.Event())

    later = run_of(county, content)

    assert first == again
    assert len({first, other, later}) == 3
    with county.reading() as session:
        newest = last_impact(session, load_pack(content, file="x"))
        assert newest is not None
        assert newest.state in (RunState.WAITING, RunState.DONE)
        with pytest.raises(ImpactUnknownError):
            impact_numbered(session, "P000000000")


def test_what_is_kept_names_nobody(county: TestBank) -> None:
    hold(county, COUNTY, [4500, 100])
    run_of(county, version_two(STRICTER))
    jobs.run_waiting(threading.Event())

    with county.reading() as session:
        [kept] = session.scalars(select(ImpactRun.result)).all()

    for person in PEOPLE:
        assert person.document.number not in kept
        assert person.name not in kept
    for person in PEOPLE[:2]:
        assert str(key_of(county, person)) not in kept
    assert json.loads(kept)["flips"][0]["people"] == "<5"


def flips() -> st.SearchStrategy[Mapping[Flip, int]]:
    places = st.builds(
        Flip, st.sampled_from(["cn-371102", "cn-371103", "cn-371121"]), st.just(COUNTY),
        st.sampled_from(["engineering", "economics"]), st.just(""), st.just("intermediate"),
        st.booleans(), st.just("met"), st.just("not_met"),
    )  # fmt: skip
    return st.dictionaries(places, st.integers(1, 12))


@given(flips())
def test_no_count_below_five_can_be_read_or_reckoned(counts: Mapping[Flip, int]) -> None:
    result: Any = shown(Tally(20, 10, 10, Counter(counts)), [COUNTY], TODAY)

    for line in result["flips"]:
        assert line["people"] == "<5" or int(line["people"]) >= 5
    for line in result["totals"]:
        own = {"district"} | {"people"}
        places = [
            each for each in result["flips"]
            if {k: v for k, v in each.items() if k not in own}
            == {k: v for k, v in line.items() if k not in own}
        ]  # fmt: skip
        hidden = [each for each in places if each["people"] == "<5"]
        known = sum(int(each["people"]) for each in places if each["people"] != "<5")
        if line["people"].startswith("≥"):
            # Only that there is somebody in each hidden place.
            assert int(line["people"][1:]) == known + len(hidden)
            assert hidden
        elif line["people"] == "<5":
            assert not known
        else:
            assert not hidden
            assert int(line["people"]) == known
