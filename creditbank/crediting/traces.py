"""The steps of a conversion as they are kept in the facts of a credit, and read back from them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from creditbank.canonical import Canonical
from creditbank.rules.conversion import Step
from creditbank.rules.pack import PackChain, Value


def trace_of(steps: Sequence[Step]) -> list[Canonical]:
    """Return a conversion's steps as they are kept in the facts of a credit."""
    trace: list[Canonical] = []
    for step in steps:
        line: dict[str, Canonical] = {"code": step.code, "facts": dict(step.facts)}
        if step.value is not None:
            line |= {
                "scheme": step.value.scheme,
                "key": step.value.key,
                "from": step.value.from_.isoformat(),
                "basis": str(step.value.basis),
                "reference": step.value.reference.id if step.value.reference else "",
            }
        trace.append(line)
    return trace


def steps_of_trace(trace: Sequence[Mapping[str, Any]], chain: PackChain) -> Iterator[Step]:
    """Read steps back as `trace_of` kept them, each with the value that it used."""
    for line in trace:
        value = _value_used(line, chain) if "key" in line else None
        yield Step(line["code"], line["facts"], value)


def _value_used(line: Mapping[str, str], chain: PackChain) -> Value:
    return next(
        value
        for pack in chain.packs
        if pack.id == line["scheme"]
        for value in pack.values[line["key"]]
        if value.from_.isoformat() == line["from"]
    )
