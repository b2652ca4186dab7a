"""A kept verdict as an SD-JWT (RFC 9901): whoever asked shows on only some years and subjects.

Each line of `credited`, what the title asks for (`requirement`), and each member that tells who
asked what about whom, is a disclosure of its own; decoys fill the digests up, so that their number
does not tell how many lines there are. The same verdict has the same salts and digests for ever:
two copies cannot be told apart.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from creditbank.canonical import Canonical, canonical_bytes, tagged_digest
from creditbank.errors import CreditBankError
from creditbank.keys import KeyStore, signed_jws
from creditbank.people.vault import Vault

STATEMENT = "creditbank/verdict-sd/v2"
TOKEN_TYPE = "creditbank-verdict+sd-jwt"  # noqa: S105  a media type, no secret
#: Told one by one, beside the lines.
MEMBERS = ("asker", "outcome", "question", "subject")
REQUIREMENT = "requirement"
#: To a multiple of these, digests are filled up with decoys.
LINES_STEP, MEMBERS_STEP = 16, 8
_SALT_BYTES = 16


class VerdictFiguresError(CreditBankError):
    """The verdict shows the decision alone: there are no lines to choose among."""

    code = "verdict-figures"
    status = 409


def sd_jwt_of(statement: Mapping[str, Any], vault: Vault, keys: KeyStore, algorithm: str) -> str:
    """Write a verdict's statement as an SD-JWT with every disclosure.

    Args:
        statement: of a verdict of level `summary` or `record`.
        vault: keys salts and decoys.
        keys: sign.
        algorithm: `Ed25519` or `ES256`.

    Raises:
        VerdictFiguresError: the verdict is of level `decision`.
    """
    if "credited" not in statement:
        raise VerdictFiguresError(verdict_no=str(statement["jti"]))
    salted = _Salted(vault, str(statement["jti"]))
    members = [salted.disclosure(name, statement[name]) for name in MEMBERS]
    lines = [salted.disclosure("credited", row, named=False) for row in statement["credited"]]
    # After the lines, so that what v1 disclosed has the same salts for ever.
    members.append(salted.disclosure(REQUIREMENT, statement[REQUIREMENT]))
    payload: dict[str, Canonical] = {
        **{name: statement[name] for name in ("iss", "jti", "iat", "known_at", "packs")},
        "statement": STATEMENT,
        "scheme": statement["question"]["scheme"],
        "_sd_alg": "sha-256",
        "_sd": list(salted.digests(members, MEMBERS_STEP)),
        "credited": [{"...": each} for each in salted.digests(lines, LINES_STEP)],
    }
    token = signed_jws(keys, algorithm, TOKEN_TYPE, payload)
    return "~".join([token, *members, *lines, ""])


class _Salted:
    """Salts and decoys of one verdict, which nobody without the vault's key can guess."""

    def __init__(self, vault: Vault, number: str) -> None:
        self._vault, self._number = vault, number
        self._used = 0

    def disclosure(self, name: str, value: Canonical, *, named: bool = True) -> str:
        """Write a disclosure (RFC 9901 §4.2): of a member with its name, of an element without."""
        salt = _base64url(self._next()[:_SALT_BYTES])
        said: list[Canonical] = [salt, name, value] if named else [salt, value]
        return _base64url(canonical_bytes(said))

    def digests(self, disclosures: Iterable[str], step: int) -> list[str]:
        """Return the digests of disclosures, filled up with decoys and in an order of their own."""
        found = [digest_of(each) for each in disclosures]
        decoys = step - len(found) % step
        return sorted([*found, *(_base64url(self._next()) for _ in range(decoys))])

    def _next(self) -> bytes:
        self._used += 1
        said = f"{self._number}/{self._used}".encode("ascii")
        return self._vault.fingerprint(tagged_digest("creditbank/sd-salt/v1", said))


def digest_of(disclosure: str) -> str:
    """Return the digest of a disclosure as it stands in `_sd` or under `...`."""
    return _base64url(hashlib.sha256(disclosure.encode("ascii")).digest())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
