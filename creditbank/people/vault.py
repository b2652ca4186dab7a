"""The vault: numbers, names and secrets lie encrypted, each bound to its own table, column and row.

Ciphertext = version (1 byte) ‖ key number (2 bytes) ‖ nonce (12 bytes) ‖ AES-256-GCM of the data.
The associated data name the place, so a value copied into another row does not open there. Numbers
are found by a keyed hash under a key of its own.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from creditbank.canonical import canonical_bytes
from creditbank.errors import CreditBankError
from creditbank.keys import KeyStore
from creditbank.people.documents import Document, number_space

_VERSION = b"\x01"
_HEAD_BYTES = 3
_NONCE_BYTES = 12
SECRET_BYTES = 32


class VaultBrokenError(CreditBankError):
    """A ciphertext does not open in its place: it was changed, moved, or its key is another."""

    code = "vault-broken"
    status = 500


class Vault:
    """Encrypts, decrypts and hashes with the keys of one bank."""

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys
        # One for each key: making them anew is most of what a short text costs.
        self._ciphers: dict[bytes, AESGCM] = {}

    def lock(self, data: bytes, table: str, column: str, *row: int) -> bytes:
        """Encrypt data for one place: table, column and the row's key."""
        return self.lock_all([(data, row)], table, column)[0]

    def lock_all(
        self, values: Iterable[tuple[bytes, tuple[int, ...]]], table: str, column: str
    ) -> list[bytes]:
        """Do what `lock` does for many rows of one column, with the key looked up once."""
        return list(self.lock_each(values, table, column))

    def lock_each(
        self, values: Iterable[tuple[bytes, tuple[int, ...]]], table: str, column: str
    ) -> Iterator[bytes]:
        """Do what `lock_all` does, each as it is asked for."""
        key = self._keys.newest("vault")
        head, cipher = _VERSION + key.number.to_bytes(2), self._cipher(key.material)
        for data, row in values:
            nonce = secrets.token_bytes(_NONCE_BYTES)
            place = _place(table, column, row)
            yield head + nonce + cipher.encrypt(nonce, data, place)

    def unlock(self, cipher: bytes, table: str, column: str, *row: int) -> bytes:
        """Decrypt what `lock` wrote for the same place.

        Raises:
            VaultBrokenError: the ciphertext is not what was written there.
            KeyMissingError: its key file is gone.
        """
        if cipher[:1] != _VERSION or len(cipher) < _HEAD_BYTES + _NONCE_BYTES:
            raise VaultBrokenError(table=table, column=column)
        key = self._keys.get("vault", int.from_bytes(cipher[1:_HEAD_BYTES]))
        nonce = cipher[_HEAD_BYTES : _HEAD_BYTES + _NONCE_BYTES]
        sealed = cipher[_HEAD_BYTES + _NONCE_BYTES :]
        try:
            return self._cipher(key.material).decrypt(nonce, sealed, _place(table, column, row))
        except InvalidTag as error:
            raise VaultBrokenError(table=table, column=column) from error

    def _cipher(self, material: bytes) -> AESGCM:
        if material not in self._ciphers:
            self._ciphers[material] = AESGCM(material)
        return self._ciphers[material]

    def lookups(self, document: Document) -> list[bytes]:
        """Return the keyed hashes under which a document may be found, the newest key's first."""
        return self.lookups_of([document])[0]

    def lookups_of(self, documents: Iterable[Document]) -> list[list[bytes]]:
        """Return what `lookups` does of each document, with the keys looked up once."""
        materials = [key.material for key in self._keys.every("lookup")]
        return [
            [
                hmac.digest(material, b"creditbank/lookup/v1\n" + said, "sha256")
                for material in materials
            ]
            for said in (
                canonical_bytes([number_space(each.kind), each.number]) for each in documents
            )
        ]

    def fingerprint(self, digest: bytes) -> bytes:
        """Key a digest of content that holds numbers, so that nobody can guess the content.

        The first lookup key makes it, so that it stays the same when keys rotate.
        """
        key = self._keys.every("lookup")[-1].material
        return hmac.digest(key, b"creditbank/fingerprint/v1\n" + digest, hashlib.sha256)


def row_key(number: str) -> int:
    """Return a row's public number (ASCII text) as the integer that a vault's place takes."""
    return int.from_bytes(number.encode("ascii"))


def lock_under(person_secret: bytes, data: bytes, table: str, column: str, *row: int) -> bytes:
    """Encrypt what shall be readable only as long as the person's secret stands.

    For rows that nobody may change: erasing the secret, one row of the vault, blinds them all.
    """
    nonce = secrets.token_bytes(_NONCE_BYTES)
    place = _place(table, column, row)
    return _VERSION + nonce + AESGCM(_personal_key(person_secret)).encrypt(nonce, data, place)


def unlock_under(person_secret: bytes, cipher: bytes, table: str, column: str, *row: int) -> bytes:
    """Decrypt what `lock_under` wrote for the same person and place.

    Raises:
        VaultBrokenError: the ciphertext is not what was written there.
    """
    nonce, sealed = cipher[1 : 1 + _NONCE_BYTES], cipher[1 + _NONCE_BYTES :]
    try:
        if cipher[:1] != _VERSION:
            raise VaultBrokenError(table=table, column=column)
        place = _place(table, column, row)
        return AESGCM(_personal_key(person_secret)).decrypt(nonce, sealed, place)
    except (InvalidTag, ValueError) as error:
        raise VaultBrokenError(table=table, column=column) from error


def _personal_key(person_secret: bytes) -> bytes:
    # Apart from the salts of leaves, which the same secret makes.
    return hmac.digest(person_secret, b"creditbank/personal/v1\n", hashlib.sha256)


def _place(table: str, column: str, row: tuple[int, ...]) -> bytes:
    # As text: a person's key may be beyond what canonical JSON takes for an integer.
    # Written out, being canonical JSON of plain signs alone, since it is asked for by the thousand.
    parts = '","'.join(map(str, row))
    return f'["creditbank/vault/v1","{table}","{column}",["{parts}"]]'.encode("ascii")
