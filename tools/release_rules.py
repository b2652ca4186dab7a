"""Pins the rule values of the shipped packs: what was released is never edited, adding is free.

python tools/release_rules.py  # adds a line to tests/house/released_rules.txt for each new value

A line says pack, key, first day, and a digest over what the value says and the clause it rests on.
Whoever mends a released value (a corrigendum) replaces its line by hand, where everybody sees it.
"""

import hashlib
import json
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKS = ROOT / "seeds" / "packs"
RELEASED = ROOT / "tests" / "house" / "released_rules.txt"
#: What is compared of a value. Not `replaces`: a value put between two others changes it.
_SAID = ("key", "from", "until", "value", "basis")
_CITED = ("document", "title", "clause", "issued", "quote")


@dataclass(frozen=True, slots=True)
class Released:
    """A value as it was released: where it stands, and the digest of what it says."""

    place: str
    digest: str

    def line(self) -> str:
        """Write it as it stands in the file."""
        return f"{self.place} {self.digest}\n"


def shipped_values(packs: Path = PACKS) -> dict[str, Released]:
    """Digest every value of every pack, by its place."""
    found = {}
    for path in sorted(packs.glob("*.toml")):
        for value in values_of(path.read_bytes()):
            found[value.place] = value
    return found


def values_of(content: bytes) -> Iterator[Released]:
    """Digest the values of one pack."""
    pack = tomllib.loads(content.decode("utf-8"))
    for rule in pack.get("rule", []):
        cited = [rule[name] for name in ("reference",) if name in rule] + rule.get("also", [])
        said = {name: rule[name] for name in _SAID if name in rule}
        grounds = [_ground(pack["reference"][each], each) for each in cited]
        text = json.dumps([said, grounds], ensure_ascii=True, sort_keys=True, default=str)
        place = f"{pack['id']} {rule['key']} {rule['from']}"
        yield Released(place, hashlib.sha256(text.encode("ascii")).hexdigest())


def released_values(text: str) -> dict[str, Released]:
    """Read the file of released values."""
    values = (line.rsplit(" ", 1) for line in text.splitlines() if line and line[0] != "#")
    return {place: Released(place, digest) for place, digest in values}


def faults(released: Mapping[str, Released], shipped: Mapping[str, Released]) -> list[str]:
    """Say of each released value that it was edited or removed, and of a new one that it waits."""
    found = []
    for place, value in released.items():
        if place not in shipped:
            found.append(f"{place}: a released value is gone; put it back")
        elif shipped[place] != value:
            found.append(f"{place}: a released value was edited; put it back and add a dated one")
    new = sorted(set(shipped) - set(released))
    return found + [f"{place}: not released yet; run make fix" for place in new]


def _ground(reference: Mapping[str, Any], reference_id: str) -> dict[str, Any]:
    return {"id": reference_id, **{name: reference[name] for name in _CITED if name in reference}}


def main() -> int:
    """Add a line for each value that has none; what is there stays as it is."""
    text = RELEASED.read_text(encoding="utf-8")
    released, shipped = released_values(text), shipped_values()
    new = [shipped[place].line() for place in sorted(set(shipped) - set(released))]
    if new:
        RELEASED.write_text(text + "".join(new), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
