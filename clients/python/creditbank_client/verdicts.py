"""Signed answers: read only after their signature, kind and number were checked."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from joserfc import jws
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from creditbank_client.failures import VerdictInvalid
from creditbank_client.questions import Person

Signing = Literal["item", "tree"]
Outcome = Literal["met", "not_met", "exempt", "waived", "undetermined"]
YesOrNo = Literal["yes", "no", "undetermined"]
State = Literal["waiting", "running", "done", "failed"]

_TYPE = "creditbank-verdict+jwt"
_LISTED, _TREE = "creditbank/listed-verdict/v1", "creditbank/verdict-tree/v1"
_TREE_TYPE = "creditbank-verdict-tree+jwt"
_STATEMENTS = frozenset({"creditbank/verdict/v1", "creditbank/verdict/v2"})
_SHOWN_TYPE = "creditbank-verdict+sd-jwt"
_SHOWN = frozenset({"creditbank/verdict-sd/v1", "creditbank/verdict-sd/v2"})
_PREDICATE_TYPE = "creditbank-predicate+jwt"
_PREDICATE = "creditbank/predicate/v1"
_CODE_CHARACTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0"})
_ALGORITHMS = ["Ed25519", "ES256"]


class FindKeys(Protocol):
    """Gives the bank's public keys; `anew` has them fetched although some are known."""

    def __call__(self, *, anew: bool) -> KeySet:
        """Return the key set."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer whose signature was checked: keep `jws`, it proves the answer for ever.

    Of a list that is signed as a whole `jws` is empty, and what proves it is `listed`: JSON with
    its place in the list's tree and the signed root (the bank's docs/formats.md §15). `statement`
    has every member of it, as §7 there lists them.
    """

    verdict_no: str
    outcome: Outcome
    statement: Mapping[str, Any]
    jws: str
    listed: str = ""

    @property
    def proof(self) -> str:
        """What to keep: `jws`, or `listed` where the list was signed as a whole."""
        return self.jws or self.listed

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
class ShownVerdict:
    """An answer as an SD-JWT (RFC 9901) whose signature and digests were checked.

    `members` are who asked, what, about whom, the outcome and, from v2 on, what the title asks for;
    `lines` those of its years and subjects. Both lead to the disclosure that tells them.
    """

    verdict_no: str
    token: str
    members: Mapping[str, str]
    lines: Sequence[tuple[Mapping[str, Any], str]]

    def showing(
        self, members: Sequence[str] = (), *, years: Sequence[int] = (), subject: str = ""
    ) -> str:
        """Return what to pass on: these members, and the lines of these years.

        Args:
            members: names among `members`.
            years: of which lines are shown; none if there are none.
            subject: shows those of this subject and below alone.

        Raises:
            KeyError: there is no such member.
        """
        below = f"{subject}."
        kept = [
            text
            for line, text in self.lines
            if line["year"] in years and (not subject or f"{line['subject']}.".startswith(below))
        ]
        return "~".join([self.token, *(self.members[name] for name in members), *kept, ""])


@dataclass(frozen=True, slots=True)
class Predicate:
    """A bare yes or no whose signature was checked: keep `jws`, and `nonce` apart from it.

    Whoever has `nonce` beside the document can show whom it is about; it is empty where only the
    JWS was read. `statement` has every member, as the bank's docs/formats.md §16 lists them.
    """

    predicate_no: str
    answer: YesOrNo
    statement: Mapping[str, Any]
    jws: str
    nonce: str = field(default="", repr=False)

    def words(self, language: Literal["zh", "en"] = "zh") -> str:
        """Return what was claimed, in a sentence."""
        return str(self.statement["words"][language])

    def is_about(self, whom: Person | str) -> bool:
        """Tell whether it is about a person, or about whoever made a code."""
        of = ["code", _code(whom)] if isinstance(whom, str) else ["document", *_named(whom)]
        said = json.dumps(of, ensure_ascii=False, separators=(",", ":")).encode()
        message = b"creditbank/predicate-subject/v1\n" + said
        digest = hmac.new(bytes.fromhex(self.nonce), message, hashlib.sha256).hexdigest()
        return hmac.compare_digest(digest, str(self.statement["subject"]["digest"]))


def _code(typed: str) -> str:
    read = typed.upper().translate(_READ_AS)
    return "".join(character for character in read if character in _CODE_CHARACTERS)


def _named(person: Person) -> list[str]:
    return [person.document_kind, person.document_number, person.name]


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
    statement = _statement(token, find_keys, _TYPE, _STATEMENTS, verdict_no)
    return Verdict(statement["jti"], statement["outcome"], statement, token)


def checked_shown(text: str, find_keys: FindKeys, *, verdict_no: str = "") -> ShownVerdict:
    """Read an SD-JWT with every disclosure.

    Raises:
        VerdictInvalid: it is not signed by the bank, is another one, or discloses what it does not
            have a digest of.
    """
    token, *disclosures = text.strip().split("~")
    statement = _statement(token, find_keys, _SHOWN_TYPE, _SHOWN, verdict_no)
    if not disclosures or disclosures.pop():
        raise VerdictInvalid("an SD-JWT ends with ~")
    digests = {*statement["_sd"], *(each["..."] for each in statement["credited"])}
    members: dict[str, str] = {}
    lines: list[tuple[Mapping[str, Any], str]] = []
    for each in disclosures:
        digest = base64.urlsafe_b64encode(hashlib.sha256(each.encode()).digest()).rstrip(b"=")
        if digest.decode() not in digests:
            raise VerdictInvalid("something is disclosed that was not signed")
        said = json.loads(base64.urlsafe_b64decode(each + "=" * (-len(each) % 4)))
        if len(said) == len(("salt", "line")):
            lines.append((said[1], each))
        else:
            members[said[1]] = each
    return ShownVerdict(statement["jti"], token, members, lines)


def checked_predicate(
    token: str, find_keys: FindKeys, *, predicate_no: str = "", nonce: str = ""
) -> Predicate:
    """Do what `checked` does for a bare yes or no.

    Raises:
        VerdictInvalid: it is not signed by the bank, is no predicate, or is another one.
    """
    known = frozenset({_PREDICATE})
    statement = _statement(token, find_keys, _PREDICATE_TYPE, known, predicate_no)
    return Predicate(statement["jti"], statement["answer"], statement, token, nonce)


def _statement(
    token: str, find_keys: FindKeys, token_type: str, formats: frozenset[str], number: str
) -> dict[str, Any]:
    try:
        signed = _verified(token.encode("ascii"), find_keys)
        statement = json.loads(signed.payload)
    except (JoseError, ValueError) as error:
        raise VerdictInvalid(f"no answer that the bank signed: {error}") from error
    if signed.headers().get("typ") != token_type or not isinstance(statement, dict):
        raise VerdictInvalid(f"signed, but no {token_type}")
    _claim_statement(statement, formats, number)
    return statement


def _claim_statement(statement: Mapping[str, Any], formats: frozenset[str], number: str) -> None:
    if statement.get("statement") not in formats:
        found = statement.get("statement")
        raise VerdictInvalid(f"a format that this client does not know: {found}")
    if number and statement["jti"] != number:
        raise VerdictInvalid(f"another answer: {statement['jti']}, not {number}")


def checked_listed(
    told: Mapping[str, Any] | str, find_keys: FindKeys, *, verdict_no: str = ""
) -> Verdict:
    """Read an answer of a list that is signed as a whole.

    Args:
        told: what the bank handed over as `listed`, or the text of it that was kept.
        find_keys: as with `checked`.
        verdict_no: as with `checked`.

    Raises:
        VerdictInvalid: its list's root is not signed by the bank, or it has no such place there.
    """
    try:
        listed = json.loads(told) if isinstance(told, str) else told
        payload = _claimed_leaf(listed, find_keys)
        statement = json.loads(payload)
    except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise VerdictInvalid(f"no answer of a list that the bank signed: {error}") from error
    _claim_statement(statement, _STATEMENTS, verdict_no)
    kept = json.dumps(dict(listed), separators=(",", ":"), sort_keys=True)
    return Verdict(statement["jti"], statement["outcome"], statement, "", kept)


def _claimed_leaf(listed: Mapping[str, Any], find_keys: FindKeys) -> bytes:
    """Return the bytes of a leaf that stands in the tree whose root the bank signed."""
    if listed["statement"] != _LISTED:
        raise ValueError(f"a format that this client does not know: {listed['statement']}")
    signed = _verified(listed["tree"].encode("ascii"), find_keys)
    root = json.loads(signed.payload)
    if signed.headers().get("typ") != _TREE_TYPE or root["statement"] != _TREE:
        raise ValueError(f"signed, but no {_TREE_TYPE}")
    payload = base64.urlsafe_b64decode(listed["payload"] + "=" * (-len(listed["payload"]) % 4))
    leaf = hashlib.sha256(b"creditbank/list-leaf/v1\n" + payload).digest()
    proof = [bytes.fromhex(each) for each in listed["proof"]]
    if _root_over(leaf, listed["index"], root["size"], proof) != bytes.fromhex(root["root"]):
        raise ValueError("it has no such place in the tree of its list")
    if json.loads(payload)["iss"] != root["iss"]:
        raise ValueError("answer and list are of two banks")
    return payload


def _root_over(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Climb from a leaf to the root as RFC 9162 §2.1.3.2 says; empty where it cannot be."""
    if not 0 <= index < size:
        return b""
    last, found = size - 1, hashlib.sha256(b"\x00" + leaf).digest()
    for sibling in proof:
        if last == 0:
            return b""
        if index & 1 or index == last:
            found = hashlib.sha256(b"\x01" + sibling + found).digest()
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\x01" + found + sibling).digest()
        index, last = index >> 1, last >> 1
    return found if last == 0 else b""


def _verified(token: bytes, find_keys: FindKeys) -> jws.CompactSignature:
    """Check the signature, with the bank's keys fetched anew where it rotated them since."""
    try:
        return jws.deserialize_compact(token, find_keys(anew=False), algorithms=_ALGORITHMS)
    except InvalidKeyIdError:
        return jws.deserialize_compact(token, find_keys(anew=True), algorithms=_ALGORITHMS)
