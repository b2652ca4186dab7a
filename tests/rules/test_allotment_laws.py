"""What each fact is allotted, held against every way of counting tried one after another."""

from collections import defaultdict
from itertools import product

from hypothesis import example, given, settings
from hypothesis import strategies as st

from creditbank.rules.allotment import Bucket, Claim, allot

Way = tuple[int, ...]
YEAR, ROUTE = ("cap.year", "2024"), ("cap.route", "2024")
YEAR_MOST, ROUTE_MOST, DAY_MOST, FILING_MOST = 7, 3, 3, 2
IN_ROUTE = ((YEAR, YEAR_MOST), (ROUTE, ROUTE_MOST))


def claim(
    key: str,
    worth: int,
    subject: str,
    *wider: tuple[Bucket, int],
    day: int = 1,
    capped: bool = True,
) -> Claim:
    bucket = ("cap.day", str(day))
    of_day = ((bucket, DAY_MOST),) if capped else ()
    return Claim(key, worth, (day, subject, *(each for each, _ in of_day)), of_day, wider)


@st.composite
def claims(draw: st.DrawFn) -> list[Claim]:
    """Draw facts of two days and subjects; filings lie within the route, it within the year."""
    found = []
    for number in range(draw(st.integers(0, 5))):
        filing = ("cap.filing", draw(st.sampled_from(["F1", "F2"])))
        wider = [*IN_ROUTE, (filing, FILING_MOST)][: draw(st.integers(1, 3))]
        day, capped = draw(st.integers(1, 2)), draw(st.integers(0, 3)) > 0
        subject, worth = draw(st.sampled_from(["a", "b"])), draw(st.integers(1, 3))
        found.append(claim(f"{number}", worth, subject, *wider, day=day, capped=capped))
    return found


def within(claims: list[Claim], way: Way) -> bool:
    """Tell whether a way of counting exceeds no cap."""
    sums: dict[object, int] = defaultdict(int)
    most = {}
    for claim, counted in zip(claims, way, strict=True):
        for bucket, limit in (*claim.of_day, *claim.wider):
            sums[bucket] += counted
            most[bucket] = limit
    return all(sums[bucket] <= limit for bucket, limit in most.items())


def by_cell(claims: list[Claim], way: Way) -> dict[object, int]:
    sums: dict[object, int] = defaultdict(int)
    for claim, counted in zip(claims, way, strict=True):
        sums[claim.cell] += counted
    return dict(sums)


def tried(claims: list[Claim]) -> dict[str, int]:
    """Try every way: each cell counts as much as it can beside those before it, in the order of the
    facts; then each fact as much as it can, the earlier first."""
    cells: dict[object, int] = {}
    ways: list[Way] = [()]
    for number, claim in enumerate(claims, start=1):
        so_far = claims[:number]
        every = product(*(range(each.centihours + 1) for each in so_far))
        others = {cell: hours for cell, hours in cells.items() if cell != claim.cell}
        ways = [
            way
            for way in every
            if within(so_far, way) and others.items() <= by_cell(so_far, way).items()
        ]
        cells[claim.cell] = max(by_cell(so_far, way)[claim.cell] for way in ways)
        ways = [way for way in ways if by_cell(so_far, way) == cells]
    return dict(zip((claim.key for claim in claims), max(ways), strict=True))


#: The last takes the route from the first day, whose facts leave it to the one outside the route:
#: the second does, although the first lies nearer.
LEFT_BY_THE_SECOND = [
    claim("1", 2, "a", *IN_ROUTE),
    claim("2", 1, "a", *IN_ROUTE),
    claim("3", 3, "a", (YEAR, YEAR_MOST)),
    claim("4", 1, "a", *IN_ROUTE, day=2),
]


@settings(max_examples=100)
@given(claims=claims())
@example(claims=LEFT_BY_THE_SECOND)
def test_each_fact_is_allotted_what_trying_every_way_finds(claims: list[Claim]) -> None:
    assert allot(claims) == tried(claims)
