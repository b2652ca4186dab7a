"""The vault: what is locked in one place opens nowhere else, and keys may change."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank.keys import KeyMissingError, KeyStore
from creditbank.people.vault import Vault, VaultBrokenError
from tests.bank import invented_document

PLACE = ("person_name", "name_cipher", 5, 1)


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    store = KeyStore(tmp_path / "keys")
    store.ensure()
    return store


def test_what_was_locked_opens_in_its_place(keys: KeyStore) -> None:
    vault = Vault(keys)

    assert vault.unlock(vault.lock("赵一".encode(), *PLACE), *PLACE) == "赵一".encode()


@pytest.mark.parametrize(
    "elsewhere",
    [
        ("person_document", "name_cipher", 5, 1),
        ("person_name", "other_cipher", 5, 1),
        ("person_name", "name_cipher", 6, 1),
        ("person_name", "name_cipher", 5, 2),
        ("person_name", "name_cipher", 51),
    ],
)
def test_a_value_copied_to_another_place_does_not_open(
    keys: KeyStore, elsewhere: tuple[str, str, int]
) -> None:
    vault = Vault(keys)
    cipher = vault.lock(b"secret", *PLACE)

    with pytest.raises(VaultBrokenError):
        vault.unlock(cipher, *elsewhere)


@given(position=st.integers(0, 200), flip=st.integers(1, 255))
def test_any_changed_byte_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, position: int, flip: int
) -> None:
    store = KeyStore(tmp_path_factory.getbasetemp() / "vault-keys")
    store.ensure()
    cipher = bytearray(Vault(store).lock(b"a name of a person", *PLACE))
    cipher[position % len(cipher)] ^= flip

    with pytest.raises((VaultBrokenError, KeyMissingError)):
        Vault(store).unlock(bytes(cipher), *PLACE)


def test_two_locks_of_one_value_differ(keys: KeyStore) -> None:
    vault = Vault(keys)

    assert vault.lock(b"x", *PLACE) != vault.lock(b"x", *PLACE)


def test_after_a_rotation_old_values_open_and_new_ones_use_the_new_key(keys: KeyStore) -> None:
    old = Vault(keys).lock(b"old", *PLACE)

    keys.rotate("vault")

    vault = Vault(keys)
    assert vault.unlock(old, *PLACE) == b"old"
    assert vault.lock(b"new", *PLACE)[1:3] == (2).to_bytes(2)


def test_a_lost_key_is_named_and_the_value_does_not_open(keys: KeyStore, tmp_path: Path) -> None:
    cipher = Vault(keys).lock(b"old", *PLACE)
    keys.rotate("vault")
    (tmp_path / "keys" / "vault.0001.key").unlink()

    with pytest.raises(KeyMissingError) as missing:
        Vault(KeyStore(tmp_path / "keys")).unlock(cipher, *PLACE)

    assert missing.value.facts == {"key": "vault.0001"}


def test_a_document_is_found_under_the_newest_key_and_every_older_one(keys: KeyStore) -> None:
    document = invented_document(1)
    before = Vault(keys).lookups(document)

    keys.rotate("lookup")

    after = Vault(keys).lookups(document)
    assert len(before) == 1
    assert after[1:] == before
    assert after[0] != before[0]


def test_key_files_are_readable_by_their_owner_only(keys: KeyStore, tmp_path: Path) -> None:
    directory = tmp_path / "keys"
    files = list(directory.iterdir())

    assert {oct(path.stat().st_mode & 0o777) for path in files} == {"0o600"}
    assert oct(directory.stat().st_mode & 0o777) == "0o700"
    assert sorted(path.name for path in files) == [
        "log.0001.key", "lookup.0001.key", "vault.0001.key", "verdict-ed25519.0001.key",
        "verdict-es256.0001.key",
    ]  # fmt: skip


def test_a_key_does_not_show_itself(keys: KeyStore) -> None:
    key = keys.newest("vault")

    assert repr(key) == "KeyFile(vault.0001)"
