"""The shape of the code: short functions, short files, a sentence on top, one clock, no floats."""

import ast
from collections.abc import Iterator

import pytest

from tests.house.tree import Source, functions_of, read_source, sources

FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 600
#: The offline checker is one file by intent: a stranger reads it whole and runs it without us.
ONE_FILE_BY_INTENT = {"tools/check_statement.py", "tools/check_verdict.py"}
#: Reading a spreadsheet hands us floats; these turn them into integers or refuse them.
MEETS_FLOATS = {
    "creditbank/attendance/cells.py", "creditbank/attendance/old_workbook.py",
    "creditbank/attendance/workbook.py",
}  # fmt: skip
#: The clockwork waits for parts of a second; nothing there knows hours.
KEEPS_SECONDS = "creditbank/jobs/"
#: A migration reads the clock once, when the first epoch of a database begins.
READS_THE_CLOCK = {"creditbank/clock.py", "migrations/versions/0002_ledger.py"}
CLOCKS = {
    ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"),
    ("time", "time"), ("time", "time_ns"), ("time", "localtime"), ("time", "gmtime"),
}  # fmt: skip


def long_functions(source: Source) -> list[str]:
    return [
        f"{source.path}: {function.name} has {lines} lines"
        for function in functions_of(source)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES_MAX
    ]


def clock_readings(source: Source) -> list[str]:
    return [
        f"{source.path}:{node.lineno}: {node.value.id}.{node.attr}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in CLOCKS
    ] + [
        f"{source.path}:{node.lineno}: from time import {alias.name}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and node.module == "time"
        for alias in node.names
        if ("time", alias.name) in CLOCKS
    ]


def float_uses(source: Source) -> Iterator[str]:
    """Find float literals, the word float outside isinstance, and true division of a measure."""
    asked = {
        id(inside)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "isinstance"
        for inside in ast.walk(node)
    }
    for node in ast.walk(source.tree):
        place = f"{source.path}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield f"{place}: the literal {node.value}"
        if isinstance(node, ast.Name) and node.id == "float" and id(node) not in asked:
            yield f"{place}: the type float"
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and _is_measure(node):
            yield f"{place}: a measure divided with /"


def _is_measure(division: ast.BinOp) -> bool:
    names = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in ast.walk(division)
        if isinstance(node, ast.Attribute | ast.Name)
    }
    measured = any(name.endswith(("centihours", "hours", "minutes")) for name in names)
    return measured and "Fraction" not in names


@pytest.mark.parametrize("folder", ["creditbank", "migrations", "tools", "tests"])
def test_a_function_can_be_read_at_one_sitting(folder: str) -> None:
    assert [line for source in sources(folder) for line in long_functions(source)] == []


def test_a_function_of_sixty_one_lines_would_be_named() -> None:
    source = read_source("def long() -> None:\n" + "    pass\n" * 60)

    assert long_functions(source) == ["example.py: long has 61 lines"]


@pytest.mark.parametrize("folder", ["creditbank", "migrations", "tools"])
def test_a_file_is_about_one_thing(folder: str) -> None:
    lengths = {source.path: source.text.count("\n") for source in sources(folder)}

    too_long = {path for path, lines in lengths.items() if lines > FILE_LINES_MAX}

    assert too_long - ONE_FILE_BY_INTENT == set()


@pytest.mark.parametrize("folder", ["creditbank", "migrations", "tools"])
def test_every_file_opens_with_what_it_is_for(folder: str) -> None:
    silent = [
        source.path
        for source in sources(folder)
        if source.text.strip() and not ast.get_docstring(source.tree)
    ]

    assert silent == []


def test_only_one_module_reads_the_clock() -> None:
    readings = [
        reading
        for source in sources("creditbank", "migrations", "tools")
        if source.path not in READS_THE_CLOCK
        for reading in clock_readings(source)
    ]

    assert readings == []


@pytest.mark.parametrize(
    "line", ["datetime.now(UTC)", "date.today()", "time.time()", "from time import time_ns"]
)
def test_a_second_clock_would_be_named(line: str) -> None:
    assert clock_readings(read_source(line)) != []


def test_no_float_comes_near_hours() -> None:
    uses = [
        use
        for source in sources("creditbank", "migrations")
        if source.path not in MEETS_FLOATS and not source.path.startswith(KEEPS_SECONDS)
        for use in float_uses(source)
    ]

    assert uses == []


@pytest.mark.parametrize(
    "line",
    ["ratio = 0.5", "def hours(x: float) -> int: ...", "y = entry.centihours / 100", "float('1')"],
)
def test_a_float_would_be_named(line: str) -> None:
    assert list(float_uses(read_source(line))) != []


def test_exact_fractions_are_no_floats() -> None:
    assert list(float_uses(read_source("hours = Fraction(attended_minutes) / 45"))) == []


def test_the_rooms_of_law_and_ledger_know_no_any() -> None:
    loose = [
        f"{source.path}:{node.lineno}"
        for source in sources("creditbank/rules", "creditbank/ledger")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Name) and node.id == "Any"
    ]

    assert loose == []
