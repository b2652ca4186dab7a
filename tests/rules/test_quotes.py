"""Whether quotes stand in the texts that they cite, through line ends and page marks."""

import hashlib
from collections.abc import Callable

import pytest

from creditbank.rules.check import BasisCount, QuoteOutcome, check_quotes, count_bases, plain_text
from creditbank.rules.loader import load_pack
from creditbank.rules.pack import Pack

PackText = Callable[..., str]
Rule = Callable[..., dict[str, str]]

QUOTE = "经备案均可登记继续教育学时"
SOURCE = "训活动，经备案均可登\n\n— 6 —\n\n记继续 教育学时。引导"
OTHER = "别的文字"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def quoting(pack_text: PackText) -> Callable[[str], Pack]:
    def build(source_sha256: str) -> Pack:
        pinned = f'source_sha256 = "{source_sha256}"\n' if source_sha256 else ""
        reference = (
            '\n[reference.nine]\ndocument = "一号"\ntitle = "通知"\nclause = "第9项"\n'
            f'quote = "{QUOTE}"\n{pinned}'
        )
        return load_pack((pack_text() + reference).encode(), file="test.toml")

    return build


@pytest.mark.parametrize(
    ("pinned", "sources", "outcome", "ok"),
    [
        (digest(SOURCE), {"other": OTHER, "nine": SOURCE}, QuoteOutcome.FOUND, True),
        (digest(OTHER), {"nine": OTHER}, QuoteOutcome.NOT_FOUND, False),
        (digest(OTHER), {"nine": SOURCE}, QuoteOutcome.DIGEST_DIFFERS, False),
        ("", {"nine": SOURCE}, QuoteOutcome.FOUND, True),
    ],
)
def test_a_quote_is_looked_for_in_the_text_it_cites(
    quoting: Callable[[str], Pack],
    pinned: str,
    sources: dict[str, str],
    outcome: QuoteOutcome,
    ok: bool,
) -> None:
    (result,) = check_quotes(quoting(pinned), sources)

    assert (result.reference_id, result.outcome, result.source) == ("nine", outcome, "nine")
    assert result.ok is ok


@pytest.mark.parametrize("pinned", ["", digest(SOURCE)])
def test_a_quote_whose_text_is_elsewhere_is_reported_as_not_checked(
    quoting: Callable[[str], Pack], pinned: str
) -> None:
    (result,) = check_quotes(quoting(pinned), {"other": OTHER})

    assert (result.outcome, result.source, result.ok) == (QuoteOutcome.NOT_AT_HAND, "", True)


def test_page_marks_and_blanks_vanish_and_numbers_in_the_text_stay() -> None:
    assert plain_text("不少于 2 个\n — 12 —\n　（责任单位）—6—。") == "不少于2个（责任单位）。"


def test_values_are_counted_by_what_they_rest_on(shipped: dict[str, Pack]) -> None:
    assert count_bases(shipped["cn"]) == BasisCount(cited=2, practice=0, assumed=0)
    assert count_bases(shipped["cn-37"]) == BasisCount(cited=0, practice=1, assumed=0)
    assert count_bases(shipped["cn-3710"]) == BasisCount(cited=9, practice=0, assumed=20)
