"""What is installed is locked: each requirement at one version, with hashes, without addresses."""

import re

import pytest

from tests.house.tree import ROOT

LOCKS = ("run.lock", "test.lock")
_PINNED = re.compile(r"[a-z0-9._-]+(\[[a-z,]+\])?==[^ ;]+( ; .+)?", re.IGNORECASE)
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def loose_requirements(lock: str) -> list[str]:
    """Name each requirement that is not pinned or has no hash, and any other kind of line."""
    logical = lock.replace("\\\n", " ").splitlines()
    loose = []
    for line in filter(None, map(str.strip, logical)):
        requirement, *hashes = re.split(r"\s+(?=--hash)", line)
        whole = hashes and all(_HASH.fullmatch(each.strip()) for each in hashes)
        if not (_PINNED.fullmatch(requirement.strip()) and whole):
            loose.append(line[:80])
    return loose


def requirement_lines(lock: str) -> dict[str, str]:
    return {
        line.split("==")[0]: line.split("==")[1].split()[0]
        for line in lock.splitlines()
        if "==" in line
    }


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_pinned_with_its_hashes(name: str) -> None:
    lock = (ROOT / "requirements" / name).read_text(encoding="utf-8")

    assert loose_requirements(lock) == []


@pytest.mark.parametrize(
    "line",
    [
        "flask==3.1.0",
        "flask>=3.1 --hash=sha256:" + "0" * 64,
        "flask @ ht" + "tps://example.org/f.whl",
    ],
)
def test_a_loose_requirement_would_be_named(line: str) -> None:
    assert loose_requirements(line) != []


def test_tests_run_with_what_runs_in_production() -> None:
    run, test = (
        requirement_lines((ROOT / "requirements" / name).read_text(encoding="utf-8"))
        for name in LOCKS
    )

    assert run.items() <= test.items()
