"""Signed answers: read only after their signature, kind and number were checked."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from joserfc import jws
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from creditbank_client.failures import VerdictInvalid

Outcome = Literal["met", "not_met", "exempt", "waived", "undetermined"]
State = Literal["waiting", "running", "done", "failed"]

_TYPE = "creditbank-verdict+jwt"
_STATEMENTS = frozenset({"creditbank/verdict/v1", "creditbank/verdict/v2"})
_ALGORITHMS = ["Ed25519", "ES256"]


class FindKeys(Protocol):
    """Gives the bank's public keys; `anew` has them fetched although some are known."""

    def __call__(self, *, anew: bool) -> KeySet:
        """Return the key set."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer whose signature was checked: keep `jws`, it proves the answer for ever.

    `statement` has every member of it, as the bank's docs/formats.md §7 lists them.
    """

    verdict_no: str
    outcome: Outcome
    statement: Mapping[str, Any]
    jws: str

    @property
    def frees(self) -> bool:
        """Whether hours stand in nobody's way: they are enough, or are not asked for."""
        return self.outcome in {"met", "exempt", "waived"}

    @property
    def shortfall(self) -> Sequence[Mapping[str, Any]]:
        """What would close the gap: `[{year, through, subject, short}]`, hours as text."""
        return tuple(self.statement.get("advice", ()))

    def reasons(self, language: Literal["zh", "en"] = "zh") -> Sequence[str]:
        """Return why, in sentences."""
        return tuple(each[language] for each in self.statement["reasons"])


@dataclass(frozen=True, slots=True)
class ListedVerdict:
    """The signed answer about one row of a list."""

    row_no: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class BatchState:
    """How far a list is; `counts` says how many rows by outcome, and `refused` and `waiting`."""

    batch_no: str
    state: State
    rows_total: int
    rows_done: int
    counts: Mapping[str, int]

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.state in {"done", "failed"}


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with one cell of a row; sentences in the language that the client asks for."""

    column: str
    code: str
    title: str
    found: str
    wanted: str
    next: str


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One row of a list: answered, or refused with what is wrong with it."""

    row_no: int
    state: Literal["waiting", "answered", "refused"]
    outcome: Outcome | Literal[""]
    verdict_no: str
    problems: Sequence[RowProblem]


def checked(token: str, find_keys: FindKeys, *, verdict_no: str = "") -> Verdict:
    """Read a compact JWS.

    Args:
        token: the answer as it was signed.
        find_keys: gives the bank's keys; asked anew once where the signing key is not among them.
        verdict_no: the number that it should have; any if not given.

    Raises:
        VerdictInvalid: it is not signed by the bank, is no verdict, or is another one.
    """
    try:
        signed = _verified(token.encode("ascii"), find_keys)
        statement = json.loads(signed.payload)
    except (JoseError, ValueError) as error:
        raise VerdictInvalid(f"no answer that the bank signed: {error}") from error
    if signed.headers().get("typ") != _TYPE or not isinstance(statement, dict):
        raise VerdictInvalid(f"signed, but no {_TYPE}")
    if statement.get("statement") not in _STATEMENTS:
        raise VerdictInvalid(f"a format that this client does not know: {statement['statement']}")
    if verdict_no and statement["jti"] != verdict_no:
        raise VerdictInvalid(f"another answer: {statement['jti']}, not {verdict_no}")
    return Verdict(statement["jti"], statement["outcome"], statement, token)


def _verified(token: bytes, find_keys: FindKeys) -> jws.CompactSignature:
    """Check the signature, with the bank's keys fetched anew where it rotated them since."""
    try:
        return jws.deserialize_compact(token, find_keys(anew=False), algorithms=_ALGORITHMS)
    except InvalidKeyIdError:
        return jws.deserialize_compact(token, find_keys(anew=True), algorithms=_ALGORITHMS)
