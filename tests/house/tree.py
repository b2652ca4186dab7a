"""The project's own files as the house tests read them: their paths and syntax trees."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: What tools leave behind; everything else in the tree is ours.
_LEFT_BEHIND = {
    ".git", ".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis",
    ".import_linter_cache", "__pycache__", "bank", "build", "dist", "creditbank.egg-info",
}  # fmt: skip
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file: its path from the root, its text and its syntax tree."""

    path: str
    text: str
    tree: ast.Module


def files_of_the_tree() -> Iterator[Path]:
    """Yield every file that belongs to the project."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        left_behind = _LEFT_BEHIND.intersection(parts) or parts[0].startswith(".coverage")
        if path.is_file() and not left_behind:
            yield path


def read_source(text: str, path: str = "example.py") -> Source:
    """Parse one file."""
    return Source(path, text, ast.parse(text))


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Parse every Python file under the folders of the root."""
    return tuple(
        read_source(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "__pycache__" not in path.parts
    )


def functions_of(source: Source) -> Iterator[FunctionNode]:
    """Yield every function of a file, nested ones too."""
    for node in ast.walk(source.tree):
        if isinstance(node, FunctionNode):
            yield node
