"""A built wheel holds what it needs to run (code, catalogue, migrations, packs), no more."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.house.tree import ROOT

CARRIED = {
    "creditbank": "creditbank",
    "migrations": "creditbank_migrations",
    "seeds": "creditbank_seeds",
}


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Build the wheel from a copy, as an installer would, and name what is in it."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in CARRIED:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source / name)
    subprocess.run(
        [
            sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check", "--no-deps",
            "--no-build-isolation", "--no-index", "--wheel-dir", str(folder), str(source),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    [wheel] = folder.glob("creditbank-*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def carried_files() -> set[str]:
    """Name every file of the three trees as the wheel should hold it."""
    return {
        f"{carried}/{path.relative_to(ROOT / folder).as_posix()}"
        for folder, carried in CARRIED.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".mako"
    }


def test_the_wheel_holds_every_file_of_code_law_and_migrations(wheel_names: set[str]) -> None:
    assert carried_files() - wheel_names == set()


def test_the_wheel_holds_nothing_else(wheel_names: set[str]) -> None:
    other = {name for name in wheel_names - carried_files() if ".dist-info/" not in name}

    assert other == set()


@pytest.mark.parametrize(
    "name",
    [
        "creditbank/catalogue/common.toml",
        "creditbank/py.typed",
        "creditbank_seeds/packs/cn-3710.toml",
        "creditbank_migrations/env.py",
        "creditbank_migrations/versions/0001_registry.py",
    ],
)
def test_the_wheel_holds_what_is_easily_forgotten(wheel_names: set[str], name: str) -> None:
    assert name in wheel_names


def test_every_module_imports_only_what_is_required() -> None:
    """The run lock alone must do: a test tool imported by the program would show on first use."""
    found = subprocess.run(
        [sys.executable, "-c", _IMPORT_ALL],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path("/"),
    )

    assert found.stdout.split() == []


_IMPORT_ALL = """
import importlib, pkgutil, sys
import creditbank
for module in pkgutil.walk_packages(creditbank.__path__, "creditbank."):
    importlib.import_module(module.name)
tools = {"pytest", "hypothesis", "importlinter", "mypy", "jsonschema", "pymerkle"}
print(*sorted(tools & set(sys.modules)))
"""
