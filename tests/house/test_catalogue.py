"""Every failure has its words in Chinese and English, every word a use, every placeholder a fact.

Read from the syntax trees, so that a sentence that nobody has triggered yet is checked too.
"""

import ast
import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import pytest

from creditbank.attendance.cells import CELL_CODES
from creditbank.catalogue import LANGUAGES, entries
from tests.house.tree import ROOT, Source, read_source, sources
from tools.write_problems import error_classes

PROBLEM_PARTS = ("title", "found", "wanted", "next")
#: Codes that are put together from pieces with a hyphen: the first piece.
JOINED = ("rules-ground", "api-call", "api-chapter")
#: Calls that take a code, and beside it the facts of its sentence.
SPEAKERS = {
    "row_problem", "RowProblem", "CellFault", "Step", "sentence", "text", "Wanted", "invalid_at",
    "say",
}  # fmt: skip
#: Names of what packs may speak of, each of which one of tomorrow may use; and of scopes.
VOCABULARY = ("rules-name-", "client-scope-")
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")


@dataclass(frozen=True, slots=True)
class Utterance:
    """One place that names a code, and the facts that it gives; `open` when more may be added."""

    place: str
    code: str
    facts: frozenset[str]
    open: bool


def placeholders(code: str) -> set[str]:
    """Return the facts that the sentences of a code ask for."""
    return {
        field.split(".")[0].split("[")[0]
        for words in entries()[code].values()
        for sentence in words.values()
        for _, field, _, _ in string.Formatter().parse(sentence)
        if field is not None
    }


def utterances(source: Source, codes: Mapping[str, str]) -> Iterator[Utterance]:
    """Find raised errors (`codes` gives each class's code), row problems and plain messages."""
    for node in ast.walk(source.tree):
        place = f"{source.path}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name) and node.exc.id in codes:
            yield Utterance(place, codes[node.exc.id], frozenset(), open=False)
        if isinstance(node, ast.Call):
            name = (
                node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            )
            facts, is_open = _facts(node)
            if name in codes:
                own = gathered_by_themselves().get(name)
                yield Utterance(place, codes[name], facts if own is None else own, is_open)
                continue
            named = [
                str(each.value)
                for each in node.args
                if name in SPEAKERS and isinstance(each, ast.Constant) and each.value in entries()
            ]
            for code in named:
                yield Utterance(place, code, facts, is_open)


def own_facts(source: Source) -> dict[str, frozenset[str]]:
    """Return the facts of classes that gather them in an `__init__` of their own."""
    return {
        node.name: frozenset(keyword.arg for keyword in call.keywords if keyword.arg is not None)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef)
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__"
    }


@cache
def gathered_by_themselves() -> dict[str, frozenset[str]]:
    return {
        name: facts for source in sources("creditbank") for name, facts in own_facts(source).items()
    }


def _facts(call: ast.Call) -> tuple[frozenset[str], bool]:
    facts = {keyword.arg for keyword in call.keywords if keyword.arg is not None}
    is_open = any(keyword.arg is None for keyword in call.keywords)
    for argument in call.args:
        if isinstance(argument, ast.Dict):
            facts |= {str(key.value) for key in argument.keys if isinstance(key, ast.Constant)}
        elif isinstance(argument, ast.Call):
            is_open = True  # facts that another function gathers
        elif isinstance(argument, ast.Name) and argument.id.endswith("facts"):
            is_open = True
    # Explanations write hours as text: `day_centihours` is shown as `day_hours`.
    facts |= {fact.removesuffix("centihours") + "hours" for fact in facts if "centihours" in fact}
    return frozenset(facts), is_open


def unmet(found: Utterance) -> set[str]:
    """Return the placeholders that a reader would miss."""
    return set() if found.open else placeholders(found.code) - found.facts


@cache
def class_codes() -> dict[str, str]:
    return {name: error.code for name, error in error_classes().items()}


@cache
def all_utterances() -> tuple[Utterance, ...]:
    return tuple(
        found for source in sources("creditbank") for found in utterances(source, class_codes())
    )


def string_constants(folder_sources: tuple[Source, ...]) -> set[str]:
    return {
        node.value
        for source in folder_sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def template_constants() -> set[str]:
    """Return every quoted text of the pages' templates."""
    templates = (ROOT / "creditbank" / "web" / "templates").rglob("*.*")
    texts = [template.read_text(encoding="utf-8") for template in templates]
    return {quoted for text in texts for quoted in re.findall(r"[\"']([a-z0-9-]+)[\"']", text)}


def begun_in_templates() -> tuple[str, ...]:
    """Return the beginnings of codes that templates put together: say("check-state-" ~ state)."""
    return tuple(each for each in template_constants() if each.endswith("-"))


@cache
def used_codes() -> frozenset[str]:
    """Codes that some line names: whole, as a class's code, or built from known words."""
    constants = string_constants(sources("creditbank")) | template_constants()
    packs = " ".join(path.read_text(encoding="utf-8") for path in (ROOT / "seeds").rglob("*.toml"))
    pack_words = {*re.findall(r"[a-z_]+", packs), *re.findall(r"[a-z_.]+", packs)}
    words = {_slug(word) for word in constants | pack_words} | {
        "",
        "1",
        "2",
    }
    used = {code for code in entries() if code in constants or code in class_codes().values()}
    for pattern in _built_patterns(sources("creditbank")):
        for code in entries():
            match = re.fullmatch(pattern, code)
            if match and (_splits_into(match.group(1), words) if match.groups() else True):
                used.add(code)
    used |= {code for code in entries() if code.startswith(tuple(f"{each}-" for each in JOINED))}
    used |= {code for code in entries() if code.startswith(begun_in_templates())}
    return frozenset(used)


def _built_patterns(folder_sources: tuple[Source, ...]) -> set[str]:
    """Turn f-strings such as f"rules-cut-{cap.per}" into patterns with one group for the rest."""
    patterns = set()
    for source in folder_sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.JoinedStr):
                first, last = node.values[0], node.values[-1]
                if isinstance(first, ast.Constant) and re.fullmatch(
                    r"[a-z]+(-[a-z]*)+", str(first.value)
                ):
                    patterns.add(re.escape(str(first.value)) + "(.*)")
                elif isinstance(last, ast.Constant) and re.fullmatch(
                    r"(-[a-z]+)+", str(last.value)
                ):
                    patterns.add("(.*)" + re.escape(str(last.value)))
    return patterns


def _splits_into(rest: str, words: set[str]) -> bool:
    """Tell whether a text is one known word or two with a hyphen between."""
    halves = ((rest[:at], rest[at + 1 :]) for at, sign in enumerate(rest) if sign == "-")
    return rest in words or any(left in words and right in words for left, right in halves)


def _slug(word: str) -> str:
    return word.replace("_", "-").replace(".", "-")


def test_every_failure_has_its_words() -> None:
    silent = {error.code for error in error_classes().values()} - set(entries())

    assert silent == set()


def test_every_failure_has_a_code_and_a_status_of_its_own() -> None:
    codes = [error.code for error in error_classes().values()]

    assert sorted(codes) == sorted(set(codes))
    assert all(_CODE.fullmatch(code) or code.isalpha() for code in codes)
    assert all(400 <= error.status < 600 for error in error_classes().values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_entry_speaks_both_languages(language: str) -> None:
    silent = [
        f"{code}.{part}"
        for code, parts in entries().items()
        for part, words in parts.items()
        if not words.get(language, "").strip() and code != "rules-name-subject-"
    ]

    assert silent == []


def test_an_entry_is_a_problem_with_a_way_out_or_a_plain_message() -> None:
    odd = [
        code
        for code, parts in entries().items()
        if set(parts) != {"text"}
        and not (set(parts) <= set(PROBLEM_PARTS) and {"title", "next"} <= set(parts))
    ]

    assert odd == []


def test_both_languages_of_a_sentence_tell_the_same_facts() -> None:
    uneven = [
        f"{code}.{part}"
        for code, parts in entries().items()
        for part, words in parts.items()
        if len({frozenset(re.findall(r"{(\w+)}", words[language])) for language in LANGUAGES}) != 1
    ]

    assert uneven == []


def test_no_entry_stands_unused() -> None:
    unused = set(entries()) - used_codes()

    assert {code for code in unused if not code.startswith(VOCABULARY)} == set()


def test_an_unused_entry_would_be_named() -> None:
    words = {"met"}
    patterns = _built_patterns((read_source('text(f"rules-outcome-{outcome}")'),))

    [pattern] = patterns

    assert re.fullmatch(pattern, "rules-outcome-met")
    assert not re.fullmatch(pattern, "rules-income-met")
    assert _splits_into("met", words)
    assert not _splits_into("unmet", words)


def test_every_placeholder_is_a_fact_of_the_line_that_raises() -> None:
    missing = {
        f"{found.place} {found.code}": sorted(unmet(found))
        for found in all_utterances()
        if found.code in entries() and unmet(found)
    }

    assert missing == {}


def test_a_missing_fact_would_be_named() -> None:
    source = read_source('raise HoursTextInvalidError(text="x")\nraise HoursTextInvalidError')

    found = list(utterances(source, {"HoursTextInvalidError": "hours-text-invalid"}))

    assert [unmet(each) for each in found] == [{"found"}, {"found"}]


def test_a_cell_of_a_roster_tells_no_more_than_the_failure_behind_it() -> None:
    facts_of: dict[str, set[str]] = {}
    for found in all_utterances():
        facts_of.setdefault(found.code, set()).update(found.facts)

    missing = {
        cell_code: sorted(placeholders(cell_code) - facts_of.get(code, set()))
        for code, cell_code in CELL_CODES.items()
        if placeholders(cell_code) - facts_of.get(code, set())
    }

    assert missing == {}


def test_every_code_that_a_line_names_stands_in_the_catalogue() -> None:
    """A row problem's code is a plain string; a slip in it would show to a provider only."""
    called = {"row_problem", "CellFault", "RowProblem"}
    unknown = [
        f"{source.path}:{node.lineno}: {argument.value}"
        for source in sources("creditbank")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in called
        for argument in node.args
        if isinstance(argument, ast.Constant)
        and isinstance(argument.value, str)
        and _CODE.fullmatch(argument.value)
        and argument.value not in entries()
    ]

    assert unknown == []
