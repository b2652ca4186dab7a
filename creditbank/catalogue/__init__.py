"""The message catalogue: every sentence that a person reads, in Chinese and English, by code.

One TOML file per subject beside this module. A problem has `title`, and then what was `found`, what
was `wanted` and what to do `next`; a plain message has `text`. Each is a table with `zh` and `en`.
Placeholders in braces are filled from the facts of the error; a fact whose name ends in `_words`
holds codes of plain messages, and is shown in their words.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from creditbank.errors import CreditBankError, Fact, RowProblem

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
#: People read Chinese first.
DEFAULT_LANGUAGE: Language = "zh"
_PARTS = ("found", "wanted", "next")
_WORDS = "_words"


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure in one language: a fixed title, and the three things a person needs to know."""

    code: str
    title: str
    found: str
    wanted: str
    next: str

    @property
    def detail(self) -> str:
        """The three sentences in one."""
        return " ".join(part for part in (self.found, self.wanted, self.next) if part)


@cache
def entries() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Load the whole catalogue: code, then part, then language."""
    found: dict[str, Mapping[str, Mapping[str, str]]] = {}
    for file in sorted(files(__name__).iterdir(), key=lambda item: item.name):
        if file.name.endswith(".toml"):
            for code, parts in tomllib.loads(file.read_text(encoding="utf-8")).items():
                assert code not in found, f"{code} stands twice in the catalogue"
                found[code] = parts
    return found


def text(code: str, language: Language, **facts: Fact) -> str:
    """Render a plain message."""
    return _fill(entries()[code]["text"][language], facts, language)


def problem(error: CreditBankError | RowProblem, language: Language) -> Problem:
    """Render an error or a row's problem in one language."""
    parts = entries()[error.code]
    found, wanted, next_ = (
        _fill(parts.get(part, {}).get(language, ""), error.facts, language) for part in _PARTS
    )
    return Problem(error.code, parts["title"][language], found, wanted, next_)


def _fill(template: str, facts: Mapping[str, Fact], language: Language) -> str:
    between = "、" if language == "zh" else ", "
    shown = {}
    for key, value in facts.items():
        several = value if isinstance(value, list) else [value]
        said = [text(str(each), language) for each in several] if key.endswith(_WORDS) else several
        shown[key] = between.join(map(str, said)) if isinstance(value, list) else said[0]
    return template.format_map(shown)
