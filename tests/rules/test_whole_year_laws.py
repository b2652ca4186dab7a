"""Laws of a deemed year: it meets every minimum of its year, and not an hour of it is too much."""

from collections.abc import Callable
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from creditbank.rules.items import ItemFact, ItemPart, convert_item
from creditbank.rules.minima import Credited, minima_of, yearly_lines
from creditbank.rules.pack import PackChain

ChainFrom = Callable[..., PackChain]
SUBJECTS = ("total", "professional", "public", "public.general", "public.industry", "public.a.b")
SERVICE = ItemFact("service", "", "professional", DAY := date(2024, 6, 3), DAY)


@st.composite
def minima(draw: st.DrawFn) -> dict[str, str]:
    subjects = draw(st.lists(st.sampled_from(SUBJECTS), min_size=1, unique=True))
    return {f"yearly_minimum__{each.replace('.', '__')}": f'"{draw(st.integers(1, 90))}"'
            for each in subjects}  # fmt: skip


def short(parts: tuple[ItemPart, ...], chain: PackChain) -> int:
    """Return by how much the parts alone fall short of their year, over all its minima."""
    rows = [Credited(part.credited_year, part.subject, part.centihours) for part in parts]
    lines = yearly_lines(2024, rows, minima_of(2024, chain))
    return sum(max(0, line.required_centihours - line.credited_centihours) for line in lines)


@given(asked=minima(), rest=st.sampled_from(["professional", "public", "public.general", "other"]))
def test_a_deemed_year_meets_each_minimum_and_not_a_hundredth_is_too_much(
    chain_from: ChainFrom, asked: dict[str, str], rest: str
) -> None:
    rule = f'{{ kind = "whole_year", rest = "{rest}" }}'
    chain = chain_from(recognise__service="true", conversion__service=rule, **asked)

    conversion = convert_item(SERVICE, chain)

    parts = conversion.parts
    assert short(parts, chain) == 0
    assert len({part.subject for part in parts}) == len(parts)
    for number, part in enumerate(parts):
        less = ItemPart(part.centihours - 1, part.credited_year, part.subject)
        assert short((*parts[:number], less, *parts[number + 1 :]), chain) > 0
    results = [step for step in conversion.steps if step.code == "rules-step-result"]
    assert sum(int(step.facts["centihours"]) for step in results) == conversion.centihours
