"""All keys of a bank in one file, under a passphrase or under shares (docs/formats.md §13).

Kept apart from every backup of the database: whoever has both reads every name.
"""

import base64
import json
import os
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from creditbank.backup.drafts import PlaceTakenError, sync
from creditbank.canonical import Canonical, canonical_bytes
from creditbank.errors import CreditBankError
from creditbank.keys import KEY_FILE_NAME, KeyMissingError

STATEMENT = "creditbank/keys/v1"
PASSPHRASE_CHARACTERS_MIN = 16
SHARES_MAX = 16
#: RFC 9106 §4, the second choice; a file that asks for more than the bounds is not opened.
_MEMORY_KIB, _ITERATIONS, _LANES = 65_536, 3, 4
_MEMORY_KIB_MAX, _ITERATIONS_MAX, _LANES_MAX = 2_097_152, 20, 16
_KEY_BYTES, _NONCE_BYTES, _SALT_BYTES = 32, 12, 16
_BYTES_MAX = 1024 * 1024


class PassphraseWeakError(CreditBankError):
    """A passphrase is too short to guard every key of a bank."""

    code = "passphrase-weak"
    status = 422


class SharesImpossibleError(CreditBankError):
    """So many shares cannot be asked for, or made."""

    code = "shares-impossible"
    status = 422


class KeyBoxUnreadableError(CreditBankError):
    """The file is no backup of keys."""

    code = "key-box-unreadable"
    status = 422


class KeyBoxLockedError(CreditBankError):
    """The passphrase or the shares do not open the file, or the file was altered."""

    code = "key-box-locked"
    status = 422


class SharesWrongError(CreditBankError):
    """What was given are not shares of one secret, or too few."""

    code = "shares-wrong"
    status = 422


@dataclass(frozen=True, slots=True)
class Sharing:
    """Of how many shares how many are wanted."""

    wanted: int
    made: int


def lock_under_passphrase(directory: Path, passphrase: str) -> bytes:
    """Return the keys of a directory as a file that the passphrase opens.

    Raises:
        PassphraseWeakError: it is too short.
        KeyMissingError: there are no keys.
    """
    if len(passphrase) < PASSPHRASE_CHARACTERS_MIN:
        raise PassphraseWeakError(wanted=PASSPHRASE_CHARACTERS_MIN)
    salt = secrets.token_bytes(_SALT_BYTES)
    opener: dict[str, Canonical] = {
        "kind": "argon2id", "iterations": _ITERATIONS, "lanes": _LANES,
        "memory_kib": _MEMORY_KIB, "salt": salt.hex(),
    }  # fmt: skip
    return _locked(directory, opener, _derived(opener, passphrase))


def lock_under_shares(directory: Path, sharing: Sharing) -> tuple[bytes, list[str]]:
    """Return the keys as a file, and the shares (SLIP-39 words) of the secret that opens it.

    Raises:
        SharesImpossibleError: of so many shares so many cannot be wanted.
        KeyMissingError: there are no keys.
    """
    from shamir_mnemonic import generate_mnemonics

    if not 1 < sharing.wanted <= sharing.made <= SHARES_MAX:
        raise SharesImpossibleError(found=f"{sharing.wanted}/{sharing.made}", most=SHARES_MAX)
    secret = secrets.token_bytes(_KEY_BYTES)
    opener: dict[str, Canonical] = {"kind": "slip39", "wanted": sharing.wanted}
    [shares] = generate_mnemonics(1, [(sharing.wanted, sharing.made)], secret)
    return _locked(directory, opener, secret), list(shares)


def opener_of(content: bytes) -> str:
    """Return what opens the file: `argon2id` (a passphrase) or `slip39` (shares).

    Raises:
        KeyBoxUnreadableError: it is no backup of keys.
    """
    return str(_parsed(content)["opener"]["kind"])


def shares_wanted(content: bytes) -> int:
    """Return how many shares open the file."""
    return int(_parsed(content)["opener"]["wanted"])


def unlock_with_passphrase(content: bytes, passphrase: str) -> dict[str, bytes]:
    """Open the file; return each key file by its name.

    Raises:
        KeyBoxUnreadableError, KeyBoxLockedError: not so.
    """
    box = _parsed(content)
    return _unlocked(box, _derived(box["opener"], passphrase))


def unlock_with_shares(content: bytes, shares: Sequence[str]) -> dict[str, bytes]:
    """Open the file; return each key file by its name.

    Raises:
        SharesWrongError: they do not fit together.
        KeyBoxUnreadableError, KeyBoxLockedError: not so.
    """
    from shamir_mnemonic import MnemonicError, combine_mnemonics

    box = _parsed(content)
    try:
        secret = combine_mnemonics(list(dict.fromkeys(shares))[: shares_wanted(content)])
    except (MnemonicError, ValueError) as error:
        raise SharesWrongError(wanted=shares_wanted(content)) from error
    return _unlocked(box, secret)


def put_back(directory: Path, keys: Mapping[str, bytes]) -> None:
    """Write key files into a directory that has none.

    Raises:
        PlaceTakenError: there are keys already.
    """
    if directory.exists() and any(directory.iterdir()):
        raise PlaceTakenError(path=str(directory))
    draft = directory.with_name(f".{directory.name}.unfinished-{secrets.token_hex(4)}")
    draft.mkdir(mode=0o700, parents=True)
    for name, material in keys.items():
        handle = os.open(draft / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(material)
        sync(draft / name)
    sync(draft)
    draft.rename(directory)
    sync(directory.parent)


def _locked(directory: Path, opener: Mapping[str, Canonical], secret: bytes) -> bytes:
    paths = sorted(directory.iterdir()) if directory.is_dir() else []
    keys = {
        path.name: base64.b64encode(path.read_bytes()).decode("ascii")
        for path in paths
        if KEY_FILE_NAME.fullmatch(path.name)
    }
    if not keys:
        raise KeyMissingError(key=str(directory))
    header: dict[str, Canonical] = {"statement": STATEMENT, "opener": opener}
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(secret).encrypt(nonce, canonical_bytes(keys), canonical_bytes(header))
    return canonical_bytes(
        {**header, "nonce": nonce.hex(), "sealed": base64.b64encode(sealed).decode("ascii")}
    )


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        box: dict[str, Any] = json.loads(content[:_BYTES_MAX])
        opener = box["opener"]
        if box["statement"] != STATEMENT or opener["kind"] not in ("argon2id", "slip39"):
            raise ValueError("another format")
        if opener["kind"] == "argon2id" and not (
            0 < opener["memory_kib"] <= _MEMORY_KIB_MAX
            and 0 < opener["iterations"] <= _ITERATIONS_MAX
            and 0 < opener["lanes"] <= _LANES_MAX
            and bytes.fromhex(opener["salt"])
        ):
            raise ValueError("beyond the bounds")
    except (ValueError, KeyError, TypeError) as error:
        raise KeyBoxUnreadableError from error
    return box


def _derived(opener: Mapping[str, Any], passphrase: str) -> bytes:
    normal = unicodedata.normalize("NFKC", passphrase).encode("utf-8")
    return hash_secret_raw(
        normal, bytes.fromhex(opener["salt"]), opener["iterations"], opener["memory_kib"],
        opener["lanes"], _KEY_BYTES, Type.ID,
    )  # fmt: skip


def _unlocked(box: Mapping[str, Any], secret: bytes) -> dict[str, bytes]:
    header: dict[str, Canonical] = {"statement": box["statement"], "opener": box["opener"]}
    try:
        nonce, sealed = bytes.fromhex(box["nonce"]), base64.b64decode(box["sealed"])
        opened = AESGCM(secret).decrypt(nonce, sealed, canonical_bytes(header))
    except (InvalidTag, ValueError, KeyError, TypeError) as error:
        raise KeyBoxLockedError from error
    return {name: base64.b64decode(text) for name, text in json.loads(opened).items()}
