"""Every beginning and end in a shipped pack has a case on the day before and one on the day."""

from functools import cache
from pathlib import Path

import pytest

from creditbank.rules.boundaries import Asked, unproven
from creditbank.rules.hour_rules import Cap
from creditbank.rules.loader import load_pack
from tests.packs.test_cases import SEEDS, Case, answered, cases, live_fact


def touched(case: Case, asked: Asked) -> bool:
    """Tell whether a cap that was looked up is one of a fact's of that day; other rules are."""
    if not asked.key.startswith("cap."):
        return True
    (pack,) = [each for each in case.chain.packs if each.id == asked.pack]
    caps = [value.value for value in pack.values.get(asked.key, ())]
    return any(
        isinstance(cap, Cap) and cap.covers(fact.activity, fact.form, fact.subject)
        for cap in caps
        for fact in map(live_fact, case.given["facts"])
        if fact.day == asked.day
    )


@cache
def all_asked() -> frozenset[Asked]:
    """Run every case and gather what the law was asked."""
    asked: set[Asked] = set()
    for parameter in cases():
        (case,) = parameter.values
        answered(case)
        asked |= {each for each in case.chain.asked if touched(case, each)}
    return frozenset(asked)


@pytest.mark.parametrize("path", sorted(SEEDS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_boundary_has_a_case_on_the_day_before_and_on_the_day(path: Path) -> None:
    pack = load_pack(path.read_bytes(), file=path.name)

    lacking = [f"{each.pack} {each.key} {each.day}" for each in unproven(pack, all_asked())]

    assert lacking == []
