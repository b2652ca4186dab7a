"""How many facts become hours a minute on one core, and what the rules cost beside the arithmetic.

Sessions under Weihai's rules and declared items under Hangzhou's, every one another, are converted
with every step of their trace; beside it the same figures are worked out bare, by the same exact
fractions, without rules, dates or trace. Processor time is counted, so others on the machine do
not matter.

    .venv/bin/python -m bench.conversions
"""

import random
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

from creditbank.hours import centihours_floor
from creditbank.rules.conversion import ActivityFact, convert
from creditbank.rules.items import ItemFact, convert_item
from creditbank.rules.loader import chain_of, load_pack
from creditbank.rules.pack import PackChain

FACTS = 20_000
ROUNDS = 3
FLOOR = 1_000_000
SEEDS = Path(__file__).parents[1] / "seeds" / "packs"
FIRST = date(2025, 6, 6)
RATES = {"core_journal": (25, 10), "ordinary_journal": (15, 5), "supplement": (10, 5)}


def session(draw: random.Random) -> ActivityFact:
    return ActivityFact(
        activity="enterprise_course",
        form=draw.choice(["seminar", "advanced_study", "special_lecture"]),
        release=draw.choice(["full", "half"]),
        subject="professional",
        day=FIRST + timedelta(days=draw.randrange(500)),
        planned_minutes=draw.choice([180, 240, 360, 420]),
        planned_half_days=draw.choice([1, 2]),
        attended_minutes=draw.randrange(0, 480),
    )


def item(draw: random.Random) -> ItemFact:
    day = FIRST + timedelta(days=draw.randrange(500))
    if draw.random() < 0.5:
        return ItemFact(
            activity="book",
            form="",
            subject="professional",
            day=day,
            declared_on=day,
            measures={"characters": draw.randrange(1, 500_000)},
        )
    return ItemFact(
        activity="paper",
        form=draw.choice(list(RATES)),
        subject="professional.results",
        day=day,
        declared_on=day,
        rank=draw.randrange(1, 6),
    )


def bare_session(fact: ActivityFact) -> int:
    share = Fraction(fact.planned_half_days, 2) * Fraction(
        min(fact.attended_minutes, fact.planned_minutes), fact.planned_minutes
    )
    return centihours_floor(Fraction(800, 100) * share)


def bare_item(fact: ItemFact) -> int:
    if fact.activity == "book":
        return centihours_floor(Fraction(15) * Fraction(fact.measures["characters"], 10_000))
    hours, bonus = RATES[fact.form]
    return centihours_floor(Fraction(hours) + Fraction(bonus if fact.rank == 1 else 0))


def per_minute(work: Callable[[], int], facts: int) -> float:
    """Return the best of some rounds, in facts a minute of processor time."""
    best = 0.0
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        best = max(best, facts * 60 / (time.process_time() - started))
    return best


def ruled(
    sessions: Sequence[ActivityFact], items: Sequence[ItemFact], chains: Sequence[PackChain]
) -> int:
    weihai, hangzhou = chains
    return sum(convert(fact, weihai).centihours for fact in sessions) + sum(
        convert_item(fact, hangzhou).centihours for fact in items
    )


def bare(sessions: Sequence[ActivityFact], items: Sequence[ItemFact]) -> int:
    return sum(map(bare_session, sessions)) + sum(map(bare_item, items))


def main() -> None:
    """Print conversions a minute, whether that is enough, and the bare loop's rate beside it."""
    draw = random.Random(1)
    sessions = [session(draw) for _ in range(FACTS // 2)]
    items = [item(draw) for _ in range(FACTS // 2)]
    loaded = [load_pack(path.read_bytes(), file=path.name) for path in SEEDS.glob("*.toml")]
    packs = {pack.id: pack for pack in loaded}
    chains = [chain_of(scheme, packs) for scheme in ("cn-3710", "cn-3301")]
    assert ruled(sessions, items, chains) == bare(sessions, items), "both work out the same hours"

    with_rules = per_minute(lambda: ruled(sessions, items, chains), FACTS)
    without = per_minute(lambda: bare(sessions, items), FACTS)
    of_sessions = per_minute(lambda: ruled(sessions, [], chains), FACTS // 2)
    of_items = per_minute(lambda: ruled([], items, chains), FACTS // 2)
    print(f"sessions alone: {of_sessions:,.0f} a minute; items alone: {of_items:,.0f}")
    verdict = "reached" if with_rules >= FLOOR else "MISSED"
    print(f"both, mixed: {with_rules:,.0f} conversions a minute (wanted {FLOOR:,}: {verdict})")
    print(f"bare arithmetic: {without:,.0f} a minute, {without / with_rules:.1f}×")


if __name__ == "__main__":
    main()
