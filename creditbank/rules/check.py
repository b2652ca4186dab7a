"""Checking a pack against the source texts: every quote is found in the text that it cites.

The texts have line ends and page marks such as `— 6 —` inside sentences; both are removed before a
quote is looked for. Nothing here reads files: the caller brings the texts.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from creditbank.rules.pack import Basis, Pack, Reference

_PAGE_MARK = re.compile(r"—\s*[0-9]{1,4}\s*—")
_BLANK = re.compile(r"\s+")


class QuoteOutcome(StrEnum):
    """What came of looking for one quote."""

    FOUND = "found"
    #: The text with the cited digest is at hand and does not contain the quote.
    NOT_FOUND = "not_found"
    #: The quote stands in a text whose digest is not the one cited: one of them was changed.
    DIGEST_DIFFERS = "digest_differs"
    #: No text at hand has the cited digest or contains the quote; nothing was checked.
    NOT_AT_HAND = "not_at_hand"


@dataclass(frozen=True, slots=True)
class QuoteCheck:
    """The outcome for one reference, and the name of the text that decided it ("" if none did)."""

    reference_id: str
    outcome: QuoteOutcome
    source: str

    @property
    def ok(self) -> bool:
        """Tell whether nothing speaks against the quote: it was found, or its text is elsewhere."""
        return self.outcome in {QuoteOutcome.FOUND, QuoteOutcome.NOT_AT_HAND}


@dataclass(frozen=True, slots=True)
class BasisCount:
    """How many values of a pack cite a notice, rest on practice, or are assumed."""

    cited: int
    practice: int
    assumed: int


def check_quotes(pack: Pack, sources: Mapping[str, str]) -> list[QuoteCheck]:
    """Look for every reference's quote.

    Args:
        pack: the pack whose references are checked.
        sources: name → text, decoded from UTF-8 without touching its line ends, so that encoding it
            again gives the bytes that `source_sha256` digests.

    Returns:
        One result per reference, in the pack's order.
    """
    digests = {name: _digest(text) for name, text in sources.items()}
    plain = {name: plain_text(text) for name, text in sources.items()}
    return [_check(reference, digests, plain) for reference in pack.references.values()]


def count_bases(pack: Pack) -> BasisCount:
    """Count the pack's values by what they rest on."""
    bases = [value.basis for values in pack.values.values() for value in values]
    return BasisCount(
        cited=bases.count(Basis.NOTICE),
        practice=bases.count(Basis.PRACTICE),
        assumed=bases.count(Basis.ASSUMPTION),
    )


def plain_text(text: str) -> str:
    """Remove page marks and white space, so that a sentence broken over pages is whole again."""
    return _BLANK.sub("", _PAGE_MARK.sub("", text))


def _check(
    reference: Reference, digests: Mapping[str, str], plain: Mapping[str, str]
) -> QuoteCheck:
    quote = plain_text(reference.quote)
    cited = next((name for name in digests if digests[name] == reference.source_sha256), None)
    if cited is not None:
        found = quote in plain[cited]
        outcome = QuoteOutcome.FOUND if found else QuoteOutcome.NOT_FOUND
        return QuoteCheck(reference.id, outcome, cited)
    holder = next((name for name in plain if quote in plain[name]), None)
    if holder is None:
        return QuoteCheck(reference.id, QuoteOutcome.NOT_AT_HAND, "")
    pinned = reference.source_sha256 is not None
    outcome = QuoteOutcome.DIGEST_DIFFERS if pinned else QuoteOutcome.FOUND
    return QuoteCheck(reference.id, outcome, holder)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
