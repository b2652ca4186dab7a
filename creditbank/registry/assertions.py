"""Assertions (RFC 7523): a client signs a short-lived JWT instead of sending a secret.

Nothing in it is believed before its signature holds under a key of the client that it names. Each
is good for one token: its `jti` is kept, in the transaction of that token, until it is too old.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from creditbank.errors import CreditBankError
from creditbank.registry.models import ClientAssertion, ClientCredential
from creditbank.registry.public_keys import ALGORITHMS, public_key_of

LIFETIME_SECONDS_MAX = 3_600
#: How far the clocks of two machines may be apart.
SKEW_SECONDS = 60
CHARACTERS_MAX = 8_192
_JTI_CHARACTERS_MAX = 512


class AssertionRefusedError(CreditBankError):
    """An assertion is not as wanted; the facts name the claim and what was wanted of it."""

    code = "assertion-refused"
    status = 401


@dataclass(frozen=True, slots=True)
class Assertion:
    """An assertion taken apart; its claims are not to be believed yet."""

    text: str
    algorithm: str
    claims: Mapping[str, Any]

    @property
    def client_id(self) -> str:
        """The client that it says it is from."""
        return str(self.claims["sub"])


def read_assertion(text: str) -> Assertion:
    """Take an assertion apart.

    Raises:
        AssertionRefusedError: it is no compact JWS of a JSON object with one subject and issuer,
            or its algorithm is not one that is taken.
    """
    try:
        taken = jws.extract_compact(text.encode("ascii"))
        algorithm, claims = taken.headers().get("alg"), json.loads(taken.payload)
    except (JoseError, ValueError, RecursionError) as error:
        raise _refused("jwt", "compact JWS, JSON") from error
    if not isinstance(claims, dict):
        raise _refused("jwt", "compact JWS, JSON")
    if algorithm not in ALGORITHMS:
        raise _refused("alg", *ALGORITHMS)
    if not isinstance(claims.get("sub"), str) or claims.get("iss") != claims["sub"]:
        raise _refused("iss, sub", "client_id")
    return Assertion(text, str(algorithm), claims)


def signer_of(assertion: Assertion, keys: Sequence[ClientCredential]) -> ClientCredential:
    """Return the credential whose key signed.

    Raises:
        AssertionRefusedError: none of them did.
    """
    for held in keys:
        key, algorithm = public_key_of(held.public_jwk or "")
        if algorithm == assertion.algorithm:
            with suppress(JoseError):
                jws.deserialize_compact(assertion.text.encode("ascii"), key, algorithms=[algorithm])
                return held
    raise _refused("signature", "JWK")


def use_assertion(
    session: Session, assertion: Assertion, audiences: Sequence[str], *, now: datetime
) -> None:
    """Check the claims of an assertion whose signature holds, and use it up.

    Raises:
        AssertionRefusedError: it is for somebody else, too old, too young, too long-lived, or was
            used before.
    """
    claims = assertion.claims
    said = claims.get("aud")
    # One, as a text or in a list: with a second name on it, the second could use it here.
    if said not in audiences and said not in [[each] for each in audiences]:
        raise _refused("aud", *audiences)
    ends_at = _instant(claims, "exp")
    if ends_at is None or ends_at + timedelta(seconds=SKEW_SECONDS) <= now:
        raise _refused("exp", "> now")
    if ends_at > now + timedelta(seconds=LIFETIME_SECONDS_MAX + SKEW_SECONDS):
        raise _refused("exp", f"≤ now + {LIFETIME_SECONDS_MAX} s")
    for claim in ("iat", "nbf"):
        begins_at = _instant(claims, claim)
        if begins_at is not None and begins_at > now + timedelta(seconds=SKEW_SECONDS):
            raise _refused(claim, "≤ now")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= _JTI_CHARACTERS_MAX:
        raise _refused("jti", f"1–{_JTI_CHARACTERS_MAX}")
    if not _first_time(session, assertion.client_id, jti, ends_at):
        raise _refused("jti", "new")


def _instant(claims: Mapping[str, Any], name: str) -> datetime | None:
    """Read a NumericDate; None where there is none.

    Raises:
        AssertionRefusedError: it is no such number.
    """
    seconds = claims.get(name)
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise _refused(name, "NumericDate")
    try:
        return datetime.fromtimestamp(math.floor(seconds), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise _refused(name, "NumericDate") from error


def _first_time(session: Session, client_id: str, jti: str, ends_at: datetime) -> bool:
    """Note a `jti`; a second worker with the same one waits here until the first has committed."""
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = {
        "client_id": client_id,
        "jti_hash": hashlib.sha256(jti.encode("utf-8", "surrogatepass")).digest(),
        "expires_at": ends_at + timedelta(seconds=SKEW_SECONDS),
    }
    insertion = make(ClientAssertion).values(row).on_conflict_do_nothing()
    return session.scalar(insertion.returning(ClientAssertion.client_id)) is not None


def _refused(claim: str, *wanted: str) -> AssertionRefusedError:
    return AssertionRefusedError(claim=claim, wanted=list(wanted))
