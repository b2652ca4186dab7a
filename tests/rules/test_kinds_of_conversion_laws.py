"""Laws of every kind of conversion, with all that may be added to it: exact, rising, and whole."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from creditbank.rules.conversion import ActivityFact, convert
from creditbank.rules.items import ItemFact, convert_item
from creditbank.rules.pack import PackChain

ChainFrom = Callable[..., PackChain]
Rule = dict[str, Any]
DAY = date(2024, 6, 3)
MEASURES = ("days", "half_days", "minutes", "characters", "items", "years")

centihours = st.integers(1, 20_000)
measures = st.sampled_from(MEASURES)


def hours(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"


def toml_of(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml_of(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_of, value)) + "]"
    return str(value).lower() if isinstance(value, bool | int) else f'"{value}"'


@st.composite
def bands(draw: st.DrawFn) -> Rule:
    froms = sorted(draw(st.lists(st.integers(1, 400), min_size=1, max_size=4, unique=True)))
    worths = sorted(draw(st.lists(centihours, min_size=len(froms), max_size=len(froms))))
    rows = [{"from": at, "hours": hours(c)} for at, c in zip(froms, worths, strict=True)]
    return {"kind": "banded", "measure": draw(measures), "bands": rows}


bases: st.SearchStrategy[Rule] = st.one_of(
    st.builds(lambda n: {"kind": "per_minutes", "minutes_per_hour": n}, st.integers(1, 90)),
    st.builds(lambda c: {"kind": "per_day", "hours_per_day": hours(c)}, centihours),
    st.builds(lambda c: {"kind": "per_half_day", "hours_per_half_day": hours(c)}, centihours),
    st.builds(lambda c: {"kind": "per_item", "hours": hours(c)}, centihours),
    st.builds(
        lambda measure, units, c, whole: {
            "kind": "per_unit", "measure": measure, "units": units, "hours": hours(c),
            "whole": whole,
        },
        measures, st.integers(1, 300), centihours, st.booleans(),
    ),
    st.builds(
        lambda each, measure: {"kind": "by_rank", "hours": list(map(hours, each))} | measure,
        st.lists(centihours, min_size=3, max_size=5),
        st.one_of(st.just({}), st.builds(lambda word: {"measure": word}, measures)),
    ),
    bands(),
    st.builds(lambda c: {"kind": "fixed", "hours": hours(c)}, centihours),
    st.just({"kind": "as_approved"}),
)  # fmt: skip
extras: st.SearchStrategy[Rule] = st.fixed_dictionaries(
    {},
    optional={
        "shares": st.just(
            [
                {"ranks": "1", "percent": 100},
                {"ranks": "2-", "when": {"role": "editor"}, "percent": 50},
                {"percent": 33},
            ]
        ),
        "bonuses": st.just(
            [
                {"ranks": "1", "hours": "10"},
                {"ranks": "1-2", "when": {"role": ["editor", "reader"]}, "hours": "4.25"},
            ]
        ),
        "at_most": centihours.map(hours),
        "step": st.sampled_from(["0.25", "0.5", "1"]),
        "spread": st.builds(
            lambda years: {"years": years, "how": "even"}, st.integers(2, 5)
        ),
    },
)  # fmt: skip
rules = st.builds(lambda base, extra: base | extra, bases, extras)
items = st.builds(
    lambda counts, rank, role, approved: ItemFact(
        activity="work",
        form="",
        subject="professional",
        day=DAY,
        declared_on=DAY,
        measures=dict(zip(MEASURES, counts, strict=True)),
        traits={"role": role},
        rank=rank,
        approved_centihours=approved,
    ),
    counts=st.lists(st.integers(0, 500), min_size=len(MEASURES), max_size=len(MEASURES)),
    rank=st.integers(1, 3),
    role=st.sampled_from(["editor", "author"]),
    approved=st.integers(0, 9_000),
)


def read(text: str) -> int:
    whole, _, rest = text.partition(".")
    return int(whole) * 100 + int(rest.ljust(2, "0") or 0)


def base_of(rule: Rule, fact: ItemFact) -> Fraction:
    """Work out by hand what a rule gives before anything is made of it, in centihours."""
    count: Mapping[str, int] = fact.measures
    rank = fact.rank or 0
    if rule["kind"] == "per_minutes":
        return Fraction(100 * count["minutes"], rule["minutes_per_hour"])
    if rule["kind"] == "as_approved":
        return Fraction(fact.approved_centihours or 0)
    if rule["kind"] == "by_rank":
        times = count[rule["measure"]] if "measure" in rule else 1
        return Fraction(read(rule["hours"][rank - 1]) * times)
    if rule["kind"] == "banded":
        reached = [b for b in rule["bands"] if b["from"] <= count[rule["measure"]]]
        return Fraction(max((read(b["hours"]) for b in reached), default=0))
    if rule["kind"] == "per_unit":
        exact = Fraction(count[rule["measure"]], rule["units"])
        return read(rule["hours"]) * (Fraction(exact.__floor__()) if rule["whole"] else exact)
    times = {
        "per_day": count["days"],
        "per_half_day": count["half_days"],
        "per_item": count["items"],
        "fixed": 1,
    }[rule["kind"]]
    key = {"per_day": "hours_per_day", "per_half_day": "hours_per_half_day"}
    return Fraction(read(rule[key.get(rule["kind"], "hours")]) * times)


def worth_of(rule: Rule, fact: ItemFact) -> int:
    """Work out by hand what a fact is worth under a rule, in centihours."""
    exact, first, editor = base_of(rule, fact), fact.rank == 1, fact.traits["role"] == "editor"
    if "shares" in rule:
        exact *= Fraction(100 if first else 50 if editor else 33, 100)
    if "bonuses" in rule:
        exact += 1000 if first else 0
        exact += 425 if fact.rank in {1, 2} and editor else 0
    if "at_most" in rule:
        exact = min(exact, Fraction(read(rule["at_most"])))
    if "step" in rule:
        exact -= exact % read(rule["step"])
    return exact.__floor__()


def speaks_of_sessions(base: Rule) -> bool:
    measure = base.get("measure", "minutes")
    return base["kind"] not in {"per_item", "by_rank"} and measure in {
        "minutes", "half_days", "days",
    }  # fmt: skip


def chain_with(chain_from: ChainFrom, rule: Rule, part_day: str = "pro_rata") -> PackChain:
    return chain_from(
        recognise__work="true", conversion__work=toml_of(rule), part_day=f'"{part_day}"'
    )


@given(rule=rules, fact=items)
def test_every_kind_is_worth_exactly_what_it_says_rounded_down_once(
    chain_from: ChainFrom, rule: Rule, fact: ItemFact
) -> None:
    assert convert_item(fact, chain_with(chain_from, rule)).centihours == worth_of(rule, fact)


@given(rule=rules, fact=items, measure=measures, more=st.integers(1, 300))
def test_more_of_any_measure_never_gives_fewer_hours(
    chain_from: ChainFrom, rule: Rule, fact: ItemFact, measure: str, more: int
) -> None:
    chain = chain_with(chain_from, rule)
    larger = replace(fact, measures={**fact.measures, measure: fact.measures[measure] + more})

    assert convert_item(fact, chain).centihours <= convert_item(larger, chain).centihours


@given(base=bases, years=st.integers(2, 10), fact=items)
def test_spreading_keeps_every_hundredth_and_no_year_differs_by_more_than_one(
    chain_from: ChainFrom, base: Rule, years: int, fact: ItemFact
) -> None:
    spread = {"spread": {"years": years, "how": "even"}}
    whole = convert_item(fact, chain_with(chain_from, base))

    parts = convert_item(fact, chain_with(chain_from, base | spread)).parts

    worths = [part.centihours for part in parts]
    assert sum(worths) == whole.centihours
    assert worths == sorted(worths, reverse=True)
    assert worths[0] - worths[-1] <= 1
    assert [part.credited_year for part in parts] == [*range(2024, 2024 + years)]


@given(rule=rules, fact=items)
def test_a_trace_tells_every_part_and_rests_on_values_of_the_day(
    chain_from: ChainFrom, rule: Rule, fact: ItemFact
) -> None:
    conversion = convert_item(fact, chain_with(chain_from, rule))

    results = [step for step in conversion.steps if step.code == "rules-step-result"]
    assert [step.facts["centihours"] for step in results] == [
        part.centihours for part in conversion.parts
    ]
    assert all(value.holds_on(DAY) for value in conversion.values)
    named = [step.value for step in conversion.steps if step.value is not None]
    assert {value.key for value in named} == {value.key for value in conversion.values}


sessions = st.builds(
    lambda planned, half_days, attended, approved: ActivityFact(
        "work", "seminar", "full", "professional", DAY, planned, half_days, attended, approved
    ),
    planned=st.integers(1, 900),
    half_days=st.sampled_from([1, 2]),
    attended=st.integers(0, 1_000),
    approved=st.integers(0, 9_000),
)
#: Of an attendance no rank or trait is stated, and rules on items say nothing of it.
of_sessions = st.builds(
    lambda base, extra: base | {key: extra[key] for key in extra.keys() & {"at_most", "step"}},
    bases.filter(speaks_of_sessions),
    extras,
)


@given(
    rule=of_sessions, fact=sessions, longer=st.integers(1, 300),
    part_day=st.sampled_from(["pro_rata", "full_only"]),
)  # fmt: skip
def test_more_presence_never_gives_fewer_hours_under_any_kind(
    chain_from: ChainFrom, rule: Rule, fact: ActivityFact, longer: int, part_day: str
) -> None:
    chain = chain_with(chain_from, rule, part_day)
    stayed = replace(fact, attended_minutes=fact.attended_minutes + longer)

    assert convert(fact, chain).centihours <= convert(stayed, chain).centihours


@given(rule=of_sessions, fact=sessions)
def test_what_is_attended_in_full_counts_the_same_whatever_counts_for_less(
    chain_from: ChainFrom, rule: Rule, fact: ActivityFact
) -> None:
    whole = replace(fact, attended_minutes=fact.planned_minutes, planned_half_days=2)

    counted = {
        convert(whole, chain_with(chain_from, rule, part_day)).centihours
        for part_day in ("pro_rata", "full_only")
    }

    assert len(counted) == 1
