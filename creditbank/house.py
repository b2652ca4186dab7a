"""What every door needs besides a session: settings, keys, the vault, the sealer, the press."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask, current_app

from creditbank.certificates.press import Press
from creditbank.config import Settings
from creditbank.keys import KeyMissingError, KeyStore
from creditbank.ledger.checkpoint import NoteKey
from creditbank.ledger.seal import Sealer
from creditbank.people.vault import Vault

EXTENSION = "creditbank-house"
#: Where an application keeps that of its sandbox bank, if it serves one.
SANDBOX = "creditbank-sandbox"
#: Where an application keeps the function that tells its API document, for other doors to show.
API_DOCUMENT = "creditbank-api-document"


@dataclass(frozen=True, slots=True)
class House:
    """One bank's settings and key material."""

    settings: Settings
    keys: KeyStore
    vault: Vault
    press: Press

    def sealer(self, host: str) -> Sealer:
        """Return what a round of the sealer needs."""
        return Sealer(host, self.log_key, self.settings.seal_entries_max)

    def public_url(self, host: str) -> str:
        """Return the address at which others reach the bank that was founded for this host.

        Never taken from a request: whoever sends one could name another bank.
        """
        return self.settings.public_url or f"https://{host}"

    def log_key(self, vkey: str | None) -> Ed25519PrivateKey:
        """Return the private key that belongs to a verifier key; the newest for a new log.

        Raises:
            KeyMissingError: no key file fits.
        """
        if vkey is None:
            return self.keys.newest("log").ed25519
        wanted = NoteKey.parse(vkey)
        for key in self.keys.every("log"):
            if NoteKey.of(wanted.name, key.ed25519.public_key()) == wanted:
                return key.ed25519
        raise KeyMissingError(key=f"log ({wanted.key_id.hex()})")


def make_house(settings: Settings) -> House:
    """Open the keys of a bank, making them on first start."""
    house = open_house(settings)
    house.keys.ensure()
    return house


def open_house(settings: Settings) -> House:
    """Take the keys of a bank as they are; whoever restores one must not make others."""
    keys = KeyStore(settings.keys_path)
    return House(settings, keys, Vault(keys), Press(settings.font_path))


def current_house() -> House:
    """Return the house of the application at work."""
    house: House = current_app.extensions[EXTENSION]
    return house


def banks_of(app: Flask) -> list[Flask]:
    """Return the applications of the bank and of its sandbox, if it has one."""
    return [app, *filter(None, [app.extensions.get(SANDBOX)])]
