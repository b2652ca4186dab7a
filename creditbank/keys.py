"""Key files: made on first need with mode 0600, found again by their key id, rotated by command.

They lie in one directory, apart from the database and to be backed up apart from it: `log` signs
checkpoints, `verdict-ed25519` and `verdict-es256` sign answers, `vault` encrypts numbers and names,
`lookup` hashes numbers so that they can be found. The newest of a kind is used for what is new;
older ones stay for what they made.
"""

import base64
import hashlib
import json
import os
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from creditbank.canonical import Canonical, canonical_bytes
from creditbank.clock import utc_now
from creditbank.errors import CreditBankError

KeyKind = Literal["log", "verdict-ed25519", "verdict-es256", "vault", "lookup"]
KEY_KINDS: tuple[KeyKind, ...] = ("log", "verdict-ed25519", "verdict-es256", "vault", "lookup")
#: The kind and the number of a key, as its file's name.
KEY_FILE_NAME = re.compile(r"(?P<kind>[a-z0-9-]+)\.(?P<number>[0-9]{4})\.key")
_SYMMETRIC_BYTES = 32
#: Longer than the grain of any file system's times.
_SETTLES_SECONDS = 3
#: With which key what leaves the bank is signed, by the algorithm's name.
ALGORITHMS: Final[Mapping[str, KeyKind]] = {
    "Ed25519": "verdict-ed25519", "ES256": "verdict-es256",
}  # fmt: skip


class AlgorithmUnknownError(CreditBankError):
    """Verdicts are not signed with this algorithm."""

    code = "algorithm-unknown"
    status = 422


class KeyMissingError(CreditBankError):
    """A key file that the database speaks of is not in the key directory."""

    code = "key-missing"
    status = 500


@dataclass(frozen=True, slots=True)
class KeyFile:
    """One key: its kind, its number among its kind, and its secret bytes (PEM or 32 raw bytes)."""

    kind: KeyKind
    number: int
    material: bytes

    def __repr__(self) -> str:
        return f"KeyFile({self.kind}.{self.number:04d})"

    @property
    def ed25519(self) -> Ed25519PrivateKey:
        """The private key of a log or of verdicts."""
        key = load_pem_private_key(self.material, password=None)
        assert isinstance(key, Ed25519PrivateKey), "the kind fixes the algorithm"
        return key

    @property
    def p256(self) -> ec.EllipticCurvePrivateKey:
        """The private key of ES256 verdicts."""
        key = load_pem_private_key(self.material, password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey), "the kind fixes the algorithm"
        return key


class KeyStore:
    """The key files of one bank."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._known: dict[tuple[KeyKind, int], KeyFile] = {}
        self._listing: tuple[int | None, Sequence[tuple[str, int]]] = (None, ())

    def ensure(self) -> None:
        """Make the first key of each kind that has none."""
        for kind in KEY_KINDS:
            if not self._numbers(kind):
                self.rotate(kind)

    def rotate(self, kind: KeyKind) -> KeyFile:
        """Make the next key of a kind; what is new uses it from now on."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = max(self._numbers(kind), default=0) + 1
        # Linked into place when whole: two processes that start together keep the first one's key.
        draft = self._directory / f".{secrets.token_hex(8)}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(_material(kind))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, self._path(kind, number))
        draft.unlink()
        return self.get(kind, number)

    def newest(self, kind: KeyKind) -> KeyFile:
        """Return the key that new things of a kind are made with.

        Raises:
            KeyMissingError: there is none yet; `ensure` was never called.
        """
        numbers = self._numbers(kind)
        if not numbers:
            raise KeyMissingError(key=kind)
        return self.get(kind, max(numbers))

    def every(self, kind: KeyKind) -> list[KeyFile]:
        """Return all keys of a kind, newest first."""
        return [self.get(kind, number) for number in sorted(self._numbers(kind), reverse=True)]

    def get(self, kind: KeyKind, number: int) -> KeyFile:
        """Return one key.

        Raises:
            KeyMissingError: its file is not there.
        """
        if (kind, number) not in self._known:
            try:
                material = self._path(kind, number).read_bytes()
            except FileNotFoundError as error:
                raise KeyMissingError(key=f"{kind}.{number:04d}") from error
            self._known[kind, number] = KeyFile(kind, number, material)
        return self._known[kind, number]

    def _path(self, kind: KeyKind, number: int) -> Path:
        return self._directory / f"{kind}.{number:04d}.key"

    def _numbers(self, kind: KeyKind) -> list[int]:
        return [number for each, number in self._listed() if each == kind]

    def _listed(self) -> Sequence[tuple[str, int]]:
        """Return kind and number of each key file.

        The directory is read anew once its time has changed, and while that time is so young that
        a file more need not change it: a key that another process made is used at once.
        """
        try:
            changed_ns = self._directory.stat().st_mtime_ns
        except FileNotFoundError:
            return ()
        if self._listing[0] == changed_ns:
            return self._listing[1]
        found = (KEY_FILE_NAME.fullmatch(path.name) for path in self._directory.iterdir())
        listed = tuple((match["kind"], int(match["number"])) for match in found if match)
        age_seconds = int(utc_now().timestamp()) - changed_ns // 1_000_000_000
        settled = age_seconds > _SETTLES_SECONDS
        self._listing = (changed_ns if settled else None, listed)
        return listed


def signed_jws(
    keys: KeyStore, algorithm: str, token_type: str, payload: Mapping[str, Canonical]
) -> str:
    """Sign canonical JSON as a compact JWS with the newest key; `token_type` becomes its `typ`.

    Raises:
        AlgorithmUnknownError: neither Ed25519 nor ES256.
    """
    if algorithm not in ALGORITHMS:
        raise AlgorithmUnknownError(found=algorithm[:20], wanted=sorted(ALGORITHMS))
    return signer(keys, algorithm, token_type).token(canonical_bytes(payload))


class Signer:
    """Signs with one key, for one type of token; both are made ready once."""

    def __init__(self, key: KeyFile, algorithm: str, token_type: str) -> None:
        header = {"alg": algorithm, "kid": public_jwk(key)["kid"], "typ": token_type}
        self._header = _base64url(json.dumps(header, separators=(",", ":")).encode("ascii"))
        self._sign = _es256(key.p256) if key.kind == "verdict-es256" else key.ed25519.sign

    def token(self, payload: bytes) -> str:
        """Return the compact JWS (RFC 7515) that carries these bytes."""
        signed = f"{self._header}.{_base64url(payload)}"
        return f"{signed}.{_base64url(self._sign(signed.encode('ascii')))}"


def signer(keys: KeyStore, algorithm: str, token_type: str) -> Signer:
    """Return what signs with the newest key; `token_type` becomes the `typ` of its tokens.

    Raises:
        AlgorithmUnknownError: neither Ed25519 nor ES256.
    """
    if algorithm not in ALGORITHMS:
        raise AlgorithmUnknownError(found=algorithm[:20], wanted=sorted(ALGORITHMS))
    return _signer(keys.newest(ALGORITHMS[algorithm]), algorithm, token_type)


_signer = lru_cache(maxsize=8)(Signer)


def _es256(key: ec.EllipticCurvePrivateKey) -> Callable[[bytes], bytes]:
    """Sign as RFC 7518 §3.4 has it: both numbers in 32 bytes each."""

    def sign(data: bytes) -> bytes:
        numbers = decode_dss_signature(key.sign(data, ec.ECDSA(SHA256())))
        return b"".join(number.to_bytes(32) for number in numbers)

    return sign


def public_jwk(key: KeyFile) -> dict[str, str]:
    """Return the public half of a verdict key as a JWK; `kid` is its RFC 7638 thumbprint."""
    if key.kind == "verdict-es256":
        numbers = key.p256.public_key().public_numbers()
        members = {
            "crv": "P-256",
            "kty": "EC",
            "x": _base64url(numbers.x.to_bytes(32)),
            "y": _base64url(numbers.y.to_bytes(32)),
        }
        algorithm = "ES256"
    else:
        raw = key.ed25519.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        members = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(raw)}
        algorithm = "Ed25519"
    # RFC 7638: the required members only, in the order of their names, without white space.
    thumbprint = "{" + ",".join(f'"{name}":"{members[name]}"' for name in sorted(members)) + "}"
    kid = _base64url(hashlib.sha256(thumbprint.encode("ascii")).digest())
    return {**members, "alg": algorithm, "kid": kid, "use": "sig"}


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _material(kind: KeyKind) -> bytes:
    if kind in ("vault", "lookup"):
        return secrets.token_bytes(_SYMMETRIC_BYTES)
    private: Ed25519PrivateKey | ec.EllipticCurvePrivateKey = Ed25519PrivateKey.generate()
    if kind == "verdict-es256":
        private = ec.generate_private_key(ec.SECP256R1())
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
