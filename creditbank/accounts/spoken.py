"""Codes that people read from paper and type: drawn, grouped, read back, hashed under a key."""

import hashlib

from creditbank.canonical import canonical_bytes
from creditbank.ids import BASE32, random_number
from creditbank.people.vault import Vault

_GROUP = 4
#: Crockford's readings of what looks alike.
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0"})
_TYPED_MAX = 100


def draw_code(length: int) -> str:
    """Draw a code of `length` base-32 characters, 5 random bits each, in groups of four."""
    code = random_number(length)
    return "-".join(code[at : at + _GROUP] for at in range(0, length, _GROUP))


def read_code(typed: str) -> str:
    """Bring a code as typed into normal form; what is no code becomes something that fits none."""
    read = typed[:_TYPED_MAX].upper().translate(_READ_AS)
    return "".join(character for character in read if character in BASE32)


def keyed_hash(vault: Vault, *what: str) -> bytes:
    """Hash a code under the vault's key; without that key there is nothing to try codes against."""
    said = b"creditbank/code/v1\n" + canonical_bytes([*what[:-1], read_code(what[-1])])
    return vault.fingerprint(hashlib.sha256(said).digest())
