"""Identifiers that people and machines pass around: random keys, public numbers, jurisdictions."""

import re
import secrets

from creditbank.errors import CreditBankError

#: Crockford's alphabet: no I, L, O, U, so that a number read aloud or from paper survives.
BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

#: 32 characters divide 256, so every one of them is as likely as any other.
_DRAWN = bytes(ord(BASE32[byte % len(BASE32)]) for byte in range(256))
_JURISDICTION = re.compile(r"cn(-([0-9]{2}){1,3}(\.[a-z]{2,12})?)?", re.ASCII)


class JurisdictionInvalidError(CreditBankError):
    """A text does not name a jurisdiction."""

    code = "jurisdiction-invalid"
    status = 422


def random_person_id() -> int:
    """Draw a person's key: 63 random bits, never zero, never derived from anything."""
    return secrets.randbelow(2**63 - 1) + 1


def random_number(length: int) -> str:
    """Draw a public number of `length` base-32 characters (5 random bits each)."""
    return secrets.token_bytes(length).translate(_DRAWN).decode("ascii")


def checked_jurisdiction(text: str) -> str:
    """Return `text` if it has the form of a jurisdiction: cn, cn-37, cn-3710, cn-650104.gxq.

    Raises:
        JurisdictionInvalidError: any other form.
    """
    if _JURISDICTION.fullmatch(text) is None:
        raise JurisdictionInvalidError(found=text[:24])
    return text


def jurisdiction_contains(outer: str, inner: str) -> bool:
    """Tell whether `outer` is `inner` or lies above it: cn contains cn-37 contains cn-371002."""
    return (
        inner == outer
        or (outer == "cn" and inner.startswith("cn-"))
        or ("-" in outer and "." not in outer and inner.startswith(outer))
    )


def places_above(jurisdiction: str) -> tuple[str, ...]:
    """Return a jurisdiction and all above it, the nearest first: cn-371002, cn-3710, cn-37, cn."""
    place, _, zone = jurisdiction.partition(".")
    digits = place.removeprefix("cn-") if place != "cn" else ""
    above = [f"cn-{digits[:length]}" for length in range(len(digits), 0, -2)]
    return (*((jurisdiction,) if zone else ()), *above, "cn")
