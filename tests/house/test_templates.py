"""Templates hold no words, scripts or styles of their own, and say only what the catalogue has."""

import re
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from creditbank.catalogue import entries
from tests.house.test_catalogue import placeholders
from tests.house.tree import ROOT

TEMPLATES = sorted((ROOT / "creditbank" / "web" / "templates").rglob("*.*"))
#: Each language is called by its own name in every language.
_NAMES_OF_LANGUAGES = {"中文", "English"}
_CJK = re.compile(r"[\u3000-\u9fff\uff00-\uffef]+")
_FOREIGN = re.compile(
    r"<script|<style|\sstyle\s*=|\son[a-z]+\s*=|javascript:|https?://|\|\s*safe\b", re.IGNORECASE
)

#: What works without network is a script; it is one file of ours, on one page.
_WITHOUT_NETWORK = "check_in_pad.html"
_SCRIPT = """<script type="module" src="{{ static('pad.js') }}"></script>"""


def template_name(path: Path) -> str:
    return path.name


def said(text: str) -> list[tuple[str, set[str], bool]]:
    """Find each `say("code", fact=…)`: the code, the facts given, and whether more may come.

    A code put together, `say("check-state-" ~ state)`, may be any that begins so and is not said
    by itself elsewhere in the template.
    """
    found = []
    explicit = set(re.findall(r"""say\(["']([a-z0-9-]+[a-z0-9])["']""", text))
    for call in Environment(autoescape=True).parse(text).find_all(nodes.Call):
        named = isinstance(call.node, nodes.Name) and call.node.name == "say"
        if not named or not call.args:
            continue
        facts, is_open = {keyword.key for keyword in call.kwargs}, call.dyn_kwargs is not None
        if isinstance(call.args[0], nodes.Const):
            found.append((str(call.args[0].value), facts, is_open))
        elif isinstance(call.args[0], nodes.Concat):
            begun = str(getattr(call.args[0].nodes[0], "value", ""))
            built = [code for code in entries() if code.startswith(begun)] if begun else []
            found += [(code, facts, is_open) for code in built if code not in explicit]
    return found


def wrongly_said(text: str) -> list[str]:
    return [
        code
        for code, facts, is_open in said(text)
        if code not in entries() or not (is_open or placeholders(code) <= facts)
    ]


def own_words(text: str) -> set[str]:
    return set(_CJK.findall(re.sub(r"{#.*?#}", "", text, flags=re.DOTALL))) - _NAMES_OF_LANGUAGES


@pytest.mark.parametrize("path", TEMPLATES, ids=template_name)
def test_a_template_says_what_the_catalogue_has_and_gives_its_facts(path: Path) -> None:
    assert wrongly_said(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=template_name)
def test_a_template_has_no_words_of_its_own(path: Path) -> None:
    assert own_words(path.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=template_name)
def test_a_template_has_no_script_no_style_and_no_other_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path.name == _WITHOUT_NETWORK:
        assert text.count(_SCRIPT) == 1
        text = text.replace(_SCRIPT, "")

    assert _FOREIGN.findall(text) == []


@pytest.mark.parametrize(
    "line",
    ['<p style="x">', "<p onclick=x>", "<script>", "{{ x|safe }}", '<a href="https://x.example">'],
)
def test_a_foreign_piece_would_be_named(line: str) -> None:
    assert _FOREIGN.search(line)


def test_a_slip_in_a_template_would_be_named() -> None:
    assert wrongly_said('{{ say("no-such-code") }}{{ say("fsck-use") }}') == ["no-such-code"]
    assert wrongly_said('{{ say("cli-bank-stands") }}') == ["cli-bank-stands"]
    assert wrongly_said('{{ say("cli-bank-" ~ x) }}') == ["cli-bank-stands"]
    assert own_words("<p>学时</p>{# 注 #}") == {"学时"}


def test_the_style_sheet_closes_every_rule_that_it_opens() -> None:
    """An open rule swallows all that follow it, and no browser says so."""
    depth, open_at_the_margin = 0, []
    style = ROOT / "creditbank" / "web" / "static" / "style.css"
    for number, line in enumerate(style.read_text(encoding="utf-8").splitlines(), start=1):
        if depth and line and not line.startswith((" ", "}")):
            open_at_the_margin.append(f"{number}: {line}")
        depth += line.count("{") - line.count("}")

    assert (depth, open_at_the_margin) == (0, [])
