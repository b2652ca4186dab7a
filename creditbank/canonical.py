"""Canonical bytes: one JSON text for one value, so that a digest means the same thing everywhere.

UTF-8, NFC, no spaces, object keys sorted by code point; only objects, arrays, strings, integers
and booleans. Floats and null do not occur: absence is an empty string or a missing key. The rules
are in docs/formats.md §1 and never change; a new shape gets a new version name before its bytes.
"""

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence

Canonical = str | int | bool | Sequence["Canonical"] | Mapping[str, "Canonical"]

#: Integers beyond this lose digits in readers that take JSON numbers for doubles.
INTEGER_MAX = 2**53 - 1
#: Made ready once: most of what is written is short.
_written = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
).encode


def canonical_bytes(value: Canonical) -> bytes:
    """Encode a value as canonical JSON.

    Raises:
        TypeError: a float, None or any other type, anywhere inside.
        ValueError: an integer beyond 2^53 - 1, a lone surrogate, two keys that are one after NFC.
    """
    return _written(_checked(value)).encode("utf-8")


def canonical_text(value: Canonical) -> str:
    """Return the canonical JSON as text, for columns that keep it."""
    return canonical_bytes(value).decode("utf-8")


def tagged_digest(tag: str, *parts: bytes) -> bytes:
    """Return SHA-256 over `tag`, a line feed, and the parts; the tag keeps formats apart."""
    return hashlib.sha256(tag.encode("ascii") + b"\n" + b"".join(parts)).digest()


def _checked(value: Canonical) -> Canonical:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) > INTEGER_MAX:
            raise ValueError("integer beyond 2^53 - 1 in canonical JSON")
        return value
    if isinstance(value, Mapping):
        pairs = {unicodedata.normalize("NFC", key): _checked(item) for key, item in value.items()}
        if len(pairs) != len(value):
            raise ValueError("two keys are one after NFC")
        return pairs
    if isinstance(value, list | tuple):
        return [_checked(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical form")
