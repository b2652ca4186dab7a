"""How the demo shows itself on the terminal: step after step, what went in and what came out."""

import textwrap
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from creditbank.cli.console import Desk, padded, table, width
from creditbank.errors import Fact
from creditbank.rules.explain import name_of

LINE_COLUMNS = 92
_INDENT = "   "
_HANGING = "，。；：、！？）”》"
_Members = Mapping[str, Any]


class Stage:
    """The terminal as the walk sees it; it counts the steps.

    Given another `echo`, it shows elsewhere, or not at all.
    """

    def __init__(self, desk: Desk, echo: Callable[[str], None] = click.echo) -> None:
        self.desk, self._echo = desk, echo
        self._step = 0

    def open(self) -> None:
        """Print the title."""
        self._echo("═" * LINE_COLUMNS)
        self.desk.say("cli-demo-title")
        self._echo("═" * LINE_COLUMNS)
        self.desk.say("cli-demo-invented")

    def step(self, code: str) -> None:
        """Print the head of the next step."""
        self._step += 1
        head = f"{self._step:>2}  {self.desk.text(code)} "
        self._echo(f"\n{head}{'─' * max(0, LINE_COLUMNS - width(head))}")

    def sent(self, who: str, request: str, code: str = "", **facts: Fact) -> None:
        """Print who sends what where."""
        self._line("cli-demo-in", f"{who}　{request}")
        if code:
            self._line("", self.desk.text(code, **facts))

    def got(self, code: str, **facts: Fact) -> None:
        """Print what came back."""
        self._line("cli-demo-out", self.desk.text(code, **facts))

    def note(self, code: str, **facts: Fact) -> None:
        """Print a remark under what came back."""
        self._line("", self.desk.text(code, **facts))

    def problems(self, problems: Sequence[_Members]) -> None:
        """Print each refused row of an answer."""
        self._echo(textwrap.indent(problem_lines(self.desk, problems), _INDENT + " " * 6))

    def balances(self, balances: Sequence[_Members]) -> None:
        """Print balances by year and subject."""
        headers = ["cli-column-year", "cli-column-subject", "cli-column-live", "cli-column-capped"]
        rows = [
            [
                str(each["year"]), name_of("subject", each["subject"], self.desk.language),
                each["live_hours"], each["capped_hours"],
            ]
            for each in balances
        ]  # fmt: skip
        self._table([self.desk.text(code) for code in headers], rows)

    def verdict(self, statement: _Members) -> None:
        """Print an answer: outcome, every requirement, what it cites, assumes and rests on."""
        outcome = statement["outcome"].replace("_", "-")
        text = self.desk.text(f"rules-outcome-{outcome}")
        self._line("cli-demo-out", f"{self.desk.text(f'cli-demo-sign-{outcome}')} {text}")
        self._requirement(statement["requirement"])
        for clause in statement["clauses"]:
            names = {name: clause[name] for name in ("document", "clause", "quote")}
            self._line("cli-demo-clause", self.desk.text("cli-demo-cited", **names))
        reason = "reason" if self.desk.language == "zh" else "reason_en"
        for assumed in statement["assumptions"]:
            said = self.desk.text("cli-demo-assumed", key=assumed["key"], reason=assumed[reason])
            self._line("cli-demo-assumption", said)
        packs = "  ".join(f"{pack_id}@{version}" for pack_id, version, _ in statement["packs"])
        self._line("cli-demo-packs", packs)
        for head in statement["heads"]:
            self._line("cli-demo-log", head["origin"])
            self._line("", self.desk.text("cli-demo-tree", size=head["size"], root=head["root"]))

    def block(self, text: str) -> None:
        """Print what another program said."""
        bar = f"{_INDENT}  │ "
        for line in text.rstrip().split("\n"):
            for place, part in enumerate(folded(line, LINE_COLUMNS - width(bar) - 4)):
                self._echo(f"{bar}{'    ' if place else ''}{part}".rstrip())

    def _requirement(self, lines: Sequence[_Members]) -> None:
        subjects = list(dict.fromkeys(line["subject"] for line in lines))
        cells: dict[str, dict[str, str]] = defaultdict(dict)
        for line in lines:
            first, last = line["year"], line["through"]
            span = str(first) if first == last else f"{first}–{last}"
            code = "cli-demo-enough" if line["met"] else "cli-demo-short"
            cells[span][line["subject"]] = self.desk.text(
                code, credited=line["credited"], required=line["required"], short=line["short"]
            )
        names = [name_of("subject", subject, self.desk.language) for subject in subjects]
        rows = [[span, *(by.get(each, "") for each in subjects)] for span, by in cells.items()]
        self._table([self.desk.text("cli-column-year"), *names], rows)

    def _table(self, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self._echo(textwrap.indent(table(headers, rows), _INDENT + " " * 6))

    def _line(self, label: str, text: str) -> None:
        head = _INDENT + padded(self.desk.text(label) if label else "", 6)
        for place, line in enumerate(folded(text, LINE_COLUMNS - width(head))):
            self._echo((head if place == 0 else " " * width(head)) + line)


def problem_lines(desk: Desk, problems: Sequence[_Members]) -> str:
    """Lay out refused rows: where and what in columns, and under each found, wanted and next."""
    heads = ["cli-column-row", "cli-column-column", "roster-report-title"]
    places = [[str(each["row_no"]), each["column"], each["title"]] for each in problems]
    laid = table([desk.text(code) for code in heads], places).split("\n")
    labels = {code: desk.text(f"roster-report-{code}") for code in ("found", "wanted", "next")}
    label_columns = max(map(width, labels.values())) + 2
    lines = laid[:2]
    for place, each in zip(laid[2:], problems, strict=True):
        lines.append(place)
        for code, label in labels.items():
            for n, line in enumerate(folded(each[code], LINE_COLUMNS - 14 - label_columns)):
                lines.append(f"      {padded(label if n == 0 else '', label_columns)}{line}")
    return "\n".join(lines)


def folded(text: str, columns: int) -> list[str]:
    """Break a text into lines of so many columns; Chinese may break between any two characters."""
    lines, line, taken = [], "", 0
    for word in _words(text):
        # A full stop hangs over the margin rather than begin a line.
        if taken + width(word.rstrip()) > columns and line and word not in _HANGING:
            lines.append(line.rstrip())
            line, taken = "", 0
        line, taken = line + word, taken + width(word)
    return [*lines, line.rstrip()]


def _words(text: str) -> list[str]:
    words, word = [], ""
    for character in text:
        if character == " " or width(character) > 1:
            words.append(word + character)
            word = ""
        else:
            word += character
    return [each for each in (*words, word) if each]
