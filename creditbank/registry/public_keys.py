"""Public keys that clients register: a JWK (RFC 7517) in one form, without a private part.

Two kinds, each with one algorithm and a fixed size, so that there is nothing to choose wrongly:
Ed25519, and P-256 with ES256 for those whose libraries know nothing newer.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from creditbank.canonical import canonical_text
from creditbank.errors import CreditBankError

PublicKey = ECKey | OKPKey
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True, slots=True)
class _Curve:
    """One kind of key: what its JWK must say, and the one algorithm that it signs with."""

    kty: str
    algorithm: str
    read: type[ECKey] | type[OKPKey]
    coordinates: tuple[str, ...]


_CURVES = {
    "Ed25519": _Curve("OKP", "Ed25519", OKPKey, ("x",)),
    "P-256": _Curve("EC", "ES256", ECKey, ("x", "y")),
}
ALGORITHMS = tuple(curve.algorithm for curve in _CURVES.values())


class JwkPrivateError(CreditBankError):
    """A private part was sent; whoever read it on the way has the key."""

    code = "jwk-private"
    status = 422


class JwkUnfitError(CreditBankError):
    """What was sent is no public key of a kind that is taken."""

    code = "jwk-unfit"
    status = 422


def read_public_key(jwk: Mapping[str, Any]) -> str:
    """Return a public key as canonical JWK text; members that a key does not need are dropped.

    Raises:
        JwkPrivateError: it holds a private part.
        JwkUnfitError: another kind of key, or coordinates of no point.
    """
    if _PRIVATE_MEMBERS & jwk.keys():
        raise JwkPrivateError
    curve = _CURVES.get(str(jwk.get("crv")))
    if curve is None or jwk.get("kty") != curve.kty:
        raise JwkUnfitError
    members = {name: jwk.get(name) for name in ("kty", "crv", *curve.coordinates)}
    if not all(isinstance(member, str) for member in members.values()):
        raise JwkUnfitError
    try:
        public = curve.read.import_key(members).as_dict(private=False)  # type: ignore[arg-type] # texts
        return canonical_text({name: public[name] for name in members})
    except (JoseError, ValueError) as error:
        raise JwkUnfitError from error


def public_key_of(text: str) -> tuple[PublicKey, str]:
    """Return the key that `read_public_key` wrote, and its algorithm."""
    jwk = json.loads(text)
    curve = _CURVES[jwk["crv"]]
    return curve.read.import_key(jwk), curve.algorithm
