"""Check a verdict, or the proof of one credit, offline; trusts nothing but docs/formats.md.

A verdict of a list that is signed as a whole, or a refusal on it, is checked by its place there.

    python tools/check_verdict.py VERDICT.jws --jwks JWKS.json
        [--subject SUBJECT.json] [--export EXPORT.json] [--language zh|en]
    python tools/check_verdict.py PREDICATE.jws --jwks JWKS.json [--subject SUBJECT.json]
        [--logs LOGS.json] [--language zh|en]
    python tools/check_verdict.py SHOWN.sd-jwt --jwks JWKS.json [--subject SUBJECT.json]
    python tools/check_verdict.py PROOF.json [--logs LOGS.json] [--language zh|en]

SHOWN is a file with the SD-JWT (RFC 9901) of a verdict of which some lines are shown.
VERDICT and PREDICATE (a bare yes or no) are files with the compact JWS, VERDICT also one with the
JSON of a verdict of a list that is signed as a whole (a line of the list's answers will do), PROOF
one with the JSON of a proof, each `-` for standard input; the content says which it is. JWKS is the
key set of the bank, LOGS its list of public logs, SUBJECT is `{"kind": …, "number": …, "name": …}`
in a file (so that no number stands on a command line; of a predicate with its `nonce`, or
`{"code": …, "nonce": …}`), EXPORT is `{"entries": […]}` as the person's own export gives them. One
line is printed for each check. Exit code 0: nothing failed; 1: a check failed; 2: something could
not be read.

The file stands alone: Python 3.11 or newer and its standard library, nothing of the bank's code.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TypeAlias

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

VERDICT_BYTES_MAX = 16 * 1024 * 1024
EXPORT_BYTES_MAX = 64 * 1024 * 1024
SMALL_BYTES_MAX = 1024 * 1024
PROOF_HASHES_MAX = 64
HEADS_MAX = 256
NOTE_SIGNATURES_MAX = 16
KEYS_MAX = 1024
DEPTH_MAX = 48
SHOWN_CHARACTERS_MAX = 200
INTEGER_MAX = 2**53 - 1

STATEMENT = "creditbank/verdict/v1"
REGISTERED_STATEMENT = "creditbank/verdict/v2"
PROOF_STATEMENT = "creditbank/proof/v1"
LISTED_STATEMENT = "creditbank/listed-verdict/v1"
TREE_STATEMENT = "creditbank/verdict-tree/v1"
REFUSAL_STATEMENT = "creditbank/list-refusal/v1"
TOKEN_TYPE = "creditbank-verdict+jwt"  # noqa: S105  a media type, no secret
TREE_TYPE = "creditbank-verdict-tree+jwt"
SHOWN_V1, SHOWN_V2 = "creditbank/verdict-sd/v1", "creditbank/verdict-sd/v2"
SHOWN_TYPE = "creditbank-verdict+sd-jwt"
SHOWN_MEMBERS = ("asker", "outcome", "question", "subject")
#: What may be disclosed under each version.
SHOWN_STATEMENTS = {SHOWN_V1: SHOWN_MEMBERS, SHOWN_V2: (*SHOWN_MEMBERS, "requirement")}
DISCLOSURES_MAX = 4096
PREDICATE_STATEMENT = "creditbank/predicate/v1"
PREDICATE_TYPE = "creditbank-predicate+jwt"
PREDICATE_ANSWERS = ("yes", "no", "undetermined")
PREDICATE_YEARS_MAX = 20
LEVELS = ("decision", "summary", "record")
MOVEMENTS = frozenset({"credit", "reverse", "cap", "uncap", "freeze", "release"})
STATES = frozenset({"issued", "live", "capped", "frozen"})
FREED = {"exempt": "exempt", "waived": "waive"}
DECIDED_BY_REQUIREMENT = frozenset({"met", "not_met"})
CAPPING = frozenset({"cap", "uncap"})
NOT_DECIDED_BY_REQUIREMENT = frozenset({"undetermined", "exempt", "waived"})

DIGEST_BYTES = 32
KEY_BYTES = 32
SIGNATURE_BYTES = 64
SHORT_SALT_BYTES = 16
BODY_ELEMENTS = 16
PACK_ELEMENTS = 3
KEY_ID_BYTES = 4
NOTE_ED25519 = b"\x01"
LAST_FOUR = 4

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
HOURS = re.compile(r"(0|[1-9][0-9]{0,12})\.[0-9]{2}")
#: Crockford's base 32.
CODE_CHARACTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
HEX = re.compile(r"([0-9a-f]{2})*")
COUNT = re.compile(r"0|[1-9][0-9]{0,15}")
ORIGIN = re.compile(r"[^\s+/]+/ledger/[^\s+/]+/([0-9]{4})")
BASE64URL = re.compile(r"[A-Za-z0-9_-]*")


class State(Enum):
    """How one check ended."""

    OK = "ok"
    FAILED = "failed"
    NOT_DISCLOSED = "not-disclosed"


class FaultError(Exception):
    """Something that was checked does not hold: a code of `FAULTS` with its facts."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


class UnreadableError(FaultError):
    """Something cannot be read at all, so that nothing can be said about it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The end of one check: its name in `CHECKS`, the state and what was found."""

    check: str
    state: State
    code: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Token:
    """A compact JWS taken apart; `signed` is what the signature covers."""

    header: dict[str, Json]
    payload: dict[str, Json]
    signed: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """One head of a log as the verdict states it, before its checkpoint is looked at."""

    origin: str
    size: int
    root: bytes
    vkey: str
    checkpoint: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One disclosed entry with its place in a log; the body is not yet interpreted."""

    leaf: bytes
    salt: bytes
    body: list[Json]
    facts: dict[str, Json]
    origin: str
    index: int
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Movement:
    """A body in words (formats.md §3). `kept` are the elements that repeat those of the credit."""

    kind: str
    scheme: str
    year: int
    subject: str
    leaves: str
    reaches: str
    centihours: int
    earned_on: str
    recorded_at: str
    occasion: str
    revision: int
    step: int
    target: str
    facts_digest: str
    kept: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class Credited:
    """Hours of one subject in one year, in centihours."""

    year: int
    subject: str
    counted_centihours: int
    capped_centihours: int
    migrated_centihours: int
    frozen_centihours: int = 0


@dataclass(frozen=True, slots=True)
class Requirement:
    """One required amount over `year` to `through`, in centihours; subject "" is the total.

    `carried_centihours` come from years before; `capped_centihours` is None where it is not told.
    """

    year: int
    through: int
    subject: str
    required_centihours: int
    credited_centihours: int
    carried_centihours: int
    capped_centihours: int | None
    short_centihours: int
    met: bool


@dataclass(frozen=True, slots=True)
class WorkedOut:
    """What caps over the hours earned by a day hold of one credit otherwise than was posted.

    `credit` is its leaf in hex, "" below level `record`; `cuts_centihours` are all that each cap
    holds of it then.
    """

    credit: str
    year: int
    subject: str
    movement: str
    centihours: int
    cuts_centihours: tuple[int, ...]

    @property
    def more_centihours(self) -> int:
        """Hours that are held more; below zero where less are held."""
        return self.centihours if self.movement == "cap" else -self.centihours


@dataclass(frozen=True, slots=True)
class Pathway:
    """What frees from hours: asked for as `asked` in the question, and named so by the answer."""

    name: str
    effect: str
    stated: list[Json]
    evidence: list[Json]


@dataclass(frozen=True, slots=True)
class Told:
    """A fact that the bank's own register tells; `stated` is what the asker states of it, or ""."""

    fact: str
    value: str
    evidence: str
    stated: str


@dataclass(frozen=True, slots=True)
class Exemption:
    """The register's exemption by which an answer frees, and the rule behind it."""

    number: str
    scheme: str
    key: str
    approved_at: str
    expires_on: str


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom the asker means; the number never leaves this program."""

    kind: str
    number: str
    name: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The parts of a payload that can be checked or must be shown.

    `credited` and `requirement` are None below level `summary`, `entries` below `record`;
    `unknown_members` names what the format does not know.
    """

    level: str
    issuer: str
    number: str
    issued_at: int
    outcome: str
    scheme: str
    application_day: str
    as_of: str
    stated: Json
    pathway_asked: str
    pathway: Pathway | None
    reasons: list[Json]
    assumptions: list[Json]
    pending: Json
    supersedes: str
    known_at: str
    document_kind: str
    last_four: str
    subject_salt: bytes
    commitment: bytes
    packs: list[Json]
    heads: tuple[Head, ...]
    record_count: int
    record_salt: bytes
    record_digest: bytes
    credited: tuple[Credited, ...] | None
    requirement: tuple[Requirement, ...] | None
    entries: tuple[Entry, ...] | None
    worked_out: tuple[WorkedOut, ...]
    unknown_members: tuple[str, ...]
    #: None in the first version
    registered: tuple[Told, ...] | None = None
    exemption: Exemption | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """What the root of a list's tree was signed with."""

    issuer: str
    issued_at: int
    batch_no: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Listed:
    """A leaf of a list's tree: the bytes that it covers, its place, and the signed root."""

    payload: bytes
    said: dict[str, Json]
    index: int
    proof: tuple[bytes, ...]
    token: Token
    tree: Tree
    unknown_members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """That a row of a list has no answer, and by which codes."""

    issuer: str
    batch_no: str
    row: int
    codes: tuple[str, ...]
    unknown_members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All findings about one verdict, in the order in which they are printed.

    `listed` is its place on a list that is signed as a whole, None for one that is signed itself.
    """

    verdict: Verdict
    findings: tuple[Finding, ...]
    listed: Listed | None = None

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that failed, in order, each as often as it failed."""
        return tuple(found.check for found in self.findings if found.state is State.FAILED)


@dataclass(frozen=True, slots=True)
class Proof:
    """A credit and the later movements on it, each with its place; `heads` cover them."""

    issuer: str
    made_at: str
    heads: tuple[Head, ...]
    entries: tuple[Entry, ...]
    unknown_members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefusalReport:
    """All findings about a row that was refused, in the order in which they are printed."""

    refusal: Refusal
    listed: Listed
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that failed, in order, each as often as it failed."""
        return tuple(found.check for found in self.findings if found.state is State.FAILED)


@dataclass(frozen=True, slots=True)
class Shown:
    """A verdict of which some members and lines are shown; `digests` are what may be disclosed."""

    statement: str
    issuer: str
    number: str
    issued_at: int
    scheme: str
    packs: list[Json]
    algorithm: str
    member_digests: tuple[str, ...]
    line_digests: tuple[str, ...]
    disclosures: tuple[str, ...]
    unknown_members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownReport:
    """All findings about one verdict shown in part, with what is shown of it."""

    shown: Shown
    members: dict[str, Json]
    lines: list[Json]
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that failed, in order, each as often as it failed."""
        return tuple(found.check for found in self.findings if found.state is State.FAILED)


@dataclass(frozen=True, slots=True)
class Predicate:
    """A bare yes or no: what was claimed, in words and as data, and what binds it to somebody."""

    issuer: str
    number: str
    issued_at: int
    answer: str
    by: str
    question: dict[str, Json]
    reasons: list[Json]
    words: dict[str, Json]
    bound_to: str
    digest: bytes
    packs: list[Json]
    heads: tuple[Head, ...]
    known_at: str
    unknown_members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PredicateReport:
    """All findings about one predicate, in the order in which they are printed."""

    predicate: Predicate
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that failed, in order, each as often as it failed."""
        return tuple(found.check for found in self.findings if found.state is State.FAILED)


@dataclass(frozen=True, slots=True)
class ProofReport:
    """All findings about one proof, in the order in which they are printed."""

    proof: Proof
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that failed, in order, each as often as it failed."""
        return tuple(found.check for found in self.findings if found.state is State.FAILED)


AnyReport: TypeAlias = Report | RefusalReport | ProofReport | PredicateReport | ShownReport


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; answer the exit code."""
    options = _options(arguments)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show Chinese gets escapes, not a traceback.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    try:
        raw = _read(options.document, VERDICT_BYTES_MAX)
        if _is_proof(raw):
            report: AnyReport = examine_proof(
                raw, logs=_read_if_given(options.logs, SMALL_BYTES_MAX)
            )
        else:
            report = _examined_verdict(raw, options)
    except UnreadableError as fault:
        label = ("无法读取", "could not read")[options.language == "en"]
        print(
            f"{label}: {_words(FAULTS[fault.code], options.language, fault.facts)}", file=sys.stderr
        )
        return 2
    print("\n".join(_report_lines(report, options.language)))
    return 1 if report.failed else 0


def _is_proof(raw: bytes) -> bool:
    """Tell a proof of hours from a verdict; a verdict of a list's tree is JSON too."""
    if not raw.lstrip().startswith(b"{"):
        return False
    value = _object(parse_json(raw, "VERDICT|PROOF"), "VERDICT|PROOF")
    return "listed" not in value and value.get("statement") != LISTED_STATEMENT


def _examined_verdict(raw: bytes, options: argparse.Namespace) -> AnyReport:
    if options.jwks is None:
        raise UnreadableError("no-jwks")
    is_token = not raw.lstrip().startswith(b"{")
    if is_token and b"~" in raw:
        return examine_shown(
            raw,
            _read(options.jwks, SMALL_BYTES_MAX),
            subject=_read_if_given(options.subject, SMALL_BYTES_MAX),
        )
    if is_token and read_token(raw).header.get("typ") == PREDICATE_TYPE:
        return examine_predicate(
            raw,
            _read(options.jwks, SMALL_BYTES_MAX),
            subject=_read_if_given(options.subject, SMALL_BYTES_MAX),
            logs=_read_if_given(options.logs, SMALL_BYTES_MAX),
        )
    return (examine if is_token else examine_listed)(
        raw,
        _read(options.jwks, SMALL_BYTES_MAX),
        subject=_read_if_given(options.subject, SMALL_BYTES_MAX),
        export=_read_if_given(options.export, EXPORT_BYTES_MAX),
    )


def _report_lines(report: AnyReport, language: str) -> list[str]:
    if isinstance(report, PredicateReport):
        return predicate_lines(report, language)
    if isinstance(report, ShownReport):
        return shown_lines(report, language)
    if isinstance(report, ProofReport):
        return proof_lines(report, language)
    if isinstance(report, RefusalReport):
        return refusal_lines(report, language)
    return report_lines(report, language)


def examine_proof(raw: bytes, *, logs: bytes | None = None) -> ProofReport:
    """Make every check of a proof that the given files allow.

    Args:
        raw: JSON of the proof.
        logs: JSON of the bank's list of public logs, to check whose keys signed.

    Raises:
        UnreadableError: one of the two does not have its format.
    """
    proof = read_proof(_object(parse_json(raw, "PROOF"), "PROOF"))
    published = None if logs is None else read_logs(logs)
    entries = proof.entries
    findings = [
        judge("members", lambda: claim_no_unknown(proof.unknown_members)),
        *_each_head_findings(proof.heads),
        _undisclosed("published-keys", "no-logs-given")
        if published is None
        else judge("published-keys", lambda: claim_published(proof.heads, published)),
        judge("one-credit", lambda: claim_one_credit(entries)),
        judge("leaves", lambda: claim_leaves(entries)),
        judge("facts", lambda: claim_facts(entries)),
        judge("movements", lambda: claim_fitting(entries)),
        judge("inclusion", lambda: claim_inclusion(entries, proof.heads)),
    ]
    return ProofReport(proof, tuple(findings))


def examine_shown(token: bytes, jwks: bytes, *, subject: bytes | None = None) -> ShownReport:
    """Make every check of a verdict that is shown in part, as an SD-JWT.

    Args:
        token: the SD-JWT with the disclosures that are shown.
        jwks: the bank's JWK Set as JSON.
        subject: JSON of kind, number and name, to check the commitment where it is shown.

    Raises:
        UnreadableError: one of the three does not have its format.
    """
    raw, *disclosures = token.strip().split(b"~")
    if not disclosures or disclosures.pop() or len(disclosures) > DISCLOSURES_MAX:
        raise UnreadableError("token-form")
    jws = read_token(raw)
    shown = read_shown(jws.payload, tuple(each.decode("ascii", "replace") for each in disclosures))
    keys = read_keys(jwks)
    person = None if subject is None else read_subject(subject)
    members, lines = disclosed(shown)
    findings = [
        judge("header", lambda: claim_header(jws.header, SHOWN_TYPE)),
        judge("key", lambda: find_key(jws.header, keys)),
        judge("signature", lambda: claim_signature(jws, keys)),
        judge("members", lambda: claim_no_unknown(shown.unknown_members)),
        judge("packs", lambda: claim_chain(shown.packs, shown.scheme)),
        judge("disclosures", lambda: claim_disclosures(shown)),
        _undisclosed("commitment", "no-subject-given")
        if person is None or "subject" not in members
        else judge("commitment", lambda: claim_committed(members["subject"], person)),
    ]
    return ShownReport(shown, members, lines, tuple(findings))


def disclosed(shown: Shown) -> tuple[dict[str, Json], list[Json]]:
    """Return what the disclosures show: members by their name, and lines."""
    members: dict[str, Json] = {}
    lines: list[Json] = []
    for text in shown.disclosures:
        match parse_json(decode_base64url(text), "disclosure"):
            case [str(), str(name), value]:
                members[name] = value
            case [str(), value]:
                lines.append(value)
            case _:
                raise UnreadableError("wrong-type", where="disclosure", wanted="array")
    return members, lines


def claim_disclosures(shown: Shown) -> None:
    """Say that each disclosure has its one digest where it belongs, and tells nothing twice."""
    if shown.algorithm != "sha-256":
        raise FaultError("disclosure-algorithm", found=shown.algorithm)
    if len({*shown.member_digests, *shown.line_digests}) != len(
        shown.member_digests + shown.line_digests
    ):
        raise FaultError("disclosure-twice")
    named: list[str] = []
    for text in shown.disclosures:
        said = _list(parse_json(decode_base64url(text), "disclosure"), "disclosure")
        is_member = len(said) > len(("salt", "line"))
        among = shown.member_digests if is_member else shown.line_digests
        digest = base64.urlsafe_b64encode(sha256(text.encode())).rstrip(b"=").decode()
        if digest not in among:
            raise FaultError("disclosure-other")
        named.append(str(said[1]) if is_member else digest)
        if is_member and said[1] not in SHOWN_STATEMENTS[shown.statement]:
            raise FaultError("members-unknown", found=str(said[1]))
    if len(set(named)) != len(named):
        raise FaultError("disclosure-twice")


def claim_committed(subject: Json, person: Subject) -> None:
    """Say that a subject that is shown is whom the asker means."""
    members = _Members()
    said = members.take(subject, "subject", "document_kind last_four salt commitment")
    salt = _hex(said["salt"], SHORT_SALT_BYTES, "subject.salt")
    commitment = _hex(said["commitment"], DIGEST_BYTES, "subject.commitment")
    text = canonical([person.kind, person.number, person.name])
    if sha256(b"creditbank/subject/v1\n", salt, text) != commitment:
        raise FaultError("commitment-other")


def examine_predicate(
    token: bytes, jwks: bytes, *, subject: bytes | None = None, logs: bytes | None = None
) -> PredicateReport:
    """Make every check of a bare yes or no that the given files allow.

    Args:
        token: the predicate, a compact JWS.
        jwks: the bank's JWK Set as JSON.
        subject: JSON of the nonce with kind, number and name, or with the code that was presented.
        logs: JSON of the bank's list of public logs, to check whose keys signed.

    Raises:
        UnreadableError: one of the four does not have its format.
    """
    jws = read_token(token)
    predicate = read_predicate(jws.payload)
    keys, published = read_keys(jwks), None if logs is None else read_logs(logs)
    meant = None if subject is None else read_meant(subject)
    findings = [
        judge("header", lambda: claim_header(jws.header, PREDICATE_TYPE)),
        judge("key", lambda: find_key(jws.header, keys)),
        judge("signature", lambda: claim_signature(jws, keys)),
        judge("members", lambda: claim_no_unknown(predicate.unknown_members)),
        judge("claim", lambda: claim_claimed(predicate)),
        judge("packs", lambda: claim_chain(predicate.packs, predicate.question["scheme"])),
        *_each_head_findings(predicate.heads),
        _undisclosed("published-keys", "no-logs-given")
        if published is None
        else judge("published-keys", lambda: claim_published(predicate.heads, published)),
        _undisclosed("binding", "no-subject-given")
        if meant is None
        else judge("binding", lambda: claim_binding(predicate, *meant)),
    ]
    return PredicateReport(predicate, tuple(findings))


def examine(
    token: bytes, jwks: bytes, *, subject: bytes | None = None, export: bytes | None = None
) -> Report:
    """Make every check that the given files allow.

    Args:
        token: the verdict, a compact JWS.
        jwks: the bank's JWK Set as JSON.
        subject: JSON of kind, number and name, to check the commitment.
        export: JSON with the person's own `entries`, to check the record digest.

    Raises:
        UnreadableError: one of the four does not have its format.
    """
    jws = read_token(token)
    signed = _signature_findings(jws, read_keys(jwks))
    return _report(read_verdict(jws.payload), signed, subject=subject, export=export)


def examine_listed(
    raw: bytes, jwks: bytes, *, subject: bytes | None = None, export: bytes | None = None
) -> Report | RefusalReport:
    """Make every check of a verdict of a list that is signed as a whole, or of a refusal on it.

    Args:
        raw: JSON of the verdict, or the line of the list's answers that holds it.
        jwks: the bank's JWK Set as JSON.
        subject: as with `examine`.
        export: as with `examine`.

    Raises:
        UnreadableError: one of the four does not have its format.
    """
    listed = read_listed(raw)
    keys = read_keys(jwks)
    findings = [
        judge("header", lambda: claim_header(listed.token.header, TREE_TYPE)),
        judge("key", lambda: find_key(listed.token.header, keys)),
        judge("signature", lambda: claim_signature(listed.token, keys)),
        judge("place", lambda: claim_place(listed)),
    ]
    if listed.said.get("statement") != REFUSAL_STATEMENT:
        verdict = read_verdict(listed.said)
        findings.append(judge("list", lambda: claim_list(listed, verdict.issuer)))
        return _report(verdict, findings, subject=subject, export=export, listed=listed)
    refusal = read_refusal(listed.said)
    findings += [
        judge("list", lambda: claim_list(listed, refusal.issuer, refusal.batch_no)),
        judge("members", lambda: claim_no_unknown(refusal.unknown_members)),
    ]
    return RefusalReport(refusal, listed, tuple(findings))


def _report(
    verdict: Verdict,
    signed: list[Finding],
    *,
    subject: bytes | None,
    export: bytes | None,
    listed: Listed | None = None,
) -> Report:
    person = None if subject is None else read_subject(subject)
    held = None if export is None else select_export(read_export(export), verdict)
    registered = verdict.registered is not None
    findings = [
        *signed,
        judge("members", lambda: claim_no_unknown(verdict.unknown_members)),
        *([judge("register", lambda: claim_register(verdict))] if registered else []),
        judge("packs", lambda: claim_packs(verdict)),
        *_head_findings(verdict),
        _commitment_finding(verdict, person),
        *_record_findings(verdict, held),
        *_answer_findings(verdict, held),
    ]
    return Report(verdict, tuple(findings), listed)


def judge(check: str, claim: Callable[[], object], **facts: object) -> Finding:
    """Run one claim; a `FaultError` out of it is a failed check."""
    try:
        claim()
    except FaultError as fault:
        return Finding(check, State.FAILED, fault.code, {**facts, **fault.facts})
    return Finding(check, State.OK, "", facts)


def _undisclosed(check: str, code: str) -> Finding:
    return Finding(check, State.NOT_DISCLOSED, code)


def _signature_findings(jws: Token, keys: list[dict[str, Json]]) -> list[Finding]:
    return [
        judge("header", lambda: claim_header(jws.header)),
        judge("key", lambda: find_key(jws.header, keys)),
        judge("signature", lambda: claim_signature(jws, keys)),
    ]


def _head_findings(verdict: Verdict) -> list[Finding]:
    if not verdict.heads and not verdict.record_count:
        return [_undisclosed("heads", "no-heads-no-entries")]
    return _each_head_findings(verdict.heads)


def _each_head_findings(heads: tuple[Head, ...]) -> list[Finding]:
    findings = [judge("heads", lambda: claim_heads(heads))]
    for head in heads:
        findings += [
            judge("head-key", partial(read_vkey, head), origin=head.origin),
            judge("head-signature", partial(claim_note, head), origin=head.origin),
            judge("head-content", partial(claim_checkpoint, head), origin=head.origin),
        ]
    return findings


def _commitment_finding(verdict: Verdict, person: Subject | None) -> Finding:
    if person is None:
        return _undisclosed("commitment", "no-subject-given")
    return judge("commitment", lambda: claim_commitment(verdict, person))


def _record_findings(verdict: Verdict, held: tuple[Entry, ...] | None) -> list[Finding]:
    entries = verdict.entries if verdict.entries is not None else held
    if entries is None:
        names = ("leaves", "facts", "bodies", "movements", "inclusion")
        held_back = [_undisclosed(name, "no-entries") for name in names]
        digests = [_undisclosed(name, "no-export") for name in ("record-count", "record-digest")]
        return held_back + digests
    findings = [
        judge("leaves", lambda: claim_leaves(entries)),
        judge("facts", lambda: claim_facts(entries)),
        judge("bodies", lambda: claim_bodies(entries, verdict)),
        judge("movements", lambda: claim_movements(entries)),
        _undisclosed("inclusion", "no-entries")
        if verdict.entries is None
        else judge("inclusion", lambda: claim_inclusion(entries, verdict.heads)),
        judge("record-count", lambda: claim_record_count(entries, verdict)),
        judge("record-digest", lambda: claim_record_digest(entries, verdict)),
    ]
    if verdict.entries is not None and held is not None:
        findings.append(judge("export", lambda: claim_record_digest(held, verdict)))
    return findings


def _answer_findings(verdict: Verdict, held: tuple[Entry, ...] | None) -> list[Finding]:
    credited, requirement = verdict.credited, verdict.requirement
    outcome = judge("outcome", lambda: claim_pathway(verdict))
    if credited is None or requirement is None:
        hidden = [_undisclosed(name, "no-summary") for name in ("sums", "requirement", "outcome")]
        return [*hidden[:2], outcome if outcome.state is State.FAILED else hidden[2]]
    entries = verdict.entries if verdict.entries is not None else held
    sums = (
        _undisclosed("sums", "no-entries")
        if entries is None
        else judge("sums", lambda: claim_figures(verdict, entries, credited))
    )
    if outcome.state is not State.FAILED:
        outcome = (
            _undisclosed("outcome", "outcome-not-derived")
            if verdict.outcome in NOT_DECIDED_BY_REQUIREMENT
            else judge("outcome", lambda: claim_outcome(verdict.outcome, requirement))
        )
    return [sums, judge("requirement", lambda: claim_requirement(requirement, credited)), outcome]


def claim_place(listed: Listed) -> None:
    """Say that what the leaf covers stands at its index in the tree whose root was signed."""
    leaf = sha256(b"creditbank/list-leaf/v1\n", listed.payload)
    tree = listed.tree
    if not includes(leaf, listed.index, listed.proof, size=tree.size, root=tree.root):
        raise FaultError("place-other", index=listed.index, size=tree.size)


def claim_list(listed: Listed, issuer: str, batch_no: str = "") -> None:
    """Say that leaf and root are of one bank and, where the leaf names its list, of one list."""
    if listed.unknown_members:
        raise FaultError("members-unknown", found=", ".join(listed.unknown_members))
    if issuer != listed.tree.issuer:
        raise FaultError("list-other", found=listed.tree.issuer, wanted=issuer)
    if batch_no and batch_no != listed.tree.batch_no:
        raise FaultError("list-other", found=listed.tree.batch_no, wanted=batch_no)


def claim_header(header: dict[str, Json], token_type: str = TOKEN_TYPE) -> None:
    """Say that the protected header is the one of its kind and asks for nothing else."""
    if header.get("typ") != token_type:
        raise FaultError("header-typ", found=header.get("typ", ""))
    if header.get("alg") not in ("Ed25519", "ES256"):
        raise FaultError("header-alg", found=header.get("alg", ""))
    if not isinstance(header.get("kid"), str) or not header["kid"]:
        raise FaultError("header-kid")
    if extra := sorted(set(header) - {"alg", "kid", "typ"}):
        raise FaultError("header-extra", found=", ".join(extra))


def find_key(header: dict[str, Json], keys: list[dict[str, Json]]) -> dict[str, Json]:
    """Find the one key that the header names and that fits its algorithm."""
    found = [key for key in keys if key.get("kid") == header.get("kid")]
    if len(found) != 1:
        raise FaultError("key-count", found=len(found))
    key, algorithm = found[0], header.get("alg")
    wanted = {"Ed25519": ("OKP", "Ed25519"), "ES256": ("EC", "P-256")}.get(str(algorithm))
    if (key.get("kty"), key.get("crv")) != wanted or key.get("alg", algorithm) != algorithm:
        raise FaultError("key-algorithm")
    if key.get("use", "sig") != "sig":
        raise FaultError("key-use")
    return key


def claim_signature(jws: Token, keys: list[dict[str, Json]]) -> None:
    """Say that the named key signed header and payload."""
    key = find_key(jws.header, keys)
    x = _coordinate(key, "x")
    if jws.header.get("alg") == "Ed25519":
        good = ed25519_verify(x, jws.signed, jws.signature)
    else:
        good = es256_verify(x, _coordinate(key, "y"), jws.signed, jws.signature)
    if not good:
        raise FaultError("signature-bad")


def _coordinate(key: dict[str, Json], name: str) -> bytes:
    try:
        raw = decode_base64url(_text(key.get(name), name))
    except FaultError as fault:
        raise FaultError("key-form") from fault
    if len(raw) != KEY_BYTES:
        raise FaultError("key-form")
    return raw


def claim_no_unknown(unknown_members: Sequence[str]) -> None:
    """Say that there is no member which the format, and the level of a verdict, do not know."""
    if unknown_members:
        raise FaultError("members-unknown", found=", ".join(unknown_members))


def claim_packs(verdict: Verdict) -> None:
    """Say that the pack chain has its form and begins with the scheme that was asked about."""
    claim_chain(verdict.packs, verdict.scheme)


def claim_chain(packs: list[Json], scheme: Json) -> None:
    """Say that a pack chain has its form and begins with a scheme."""
    if not packs or not _is_pack_chain(packs):
        raise FaultError("packs-form")
    own = packs[0]
    assert isinstance(own, list), "the form was looked at above"
    if own[0] != scheme:
        raise FaultError("packs-own", found=own[0], wanted=scheme)


def claim_claimed(predicate: Predicate) -> None:
    """Say that answer, question and reasons of a predicate fit one another."""
    if predicate.answer not in PREDICATE_ANSWERS:
        raise FaultError("answer-unknown", found=predicate.answer)
    asked = predicate.question
    first = _integer(asked["first_year"], "question.first_year")
    last = _integer(asked["last_year"], "question.last_year")
    at_least = _centihours(asked["at_least"], "question.at_least")
    in_order = first <= last < first + PREDICATE_YEARS_MAX
    if not (in_order and at_least and asked["per"] in {"year", "window"}):
        raise FaultError("claim-form")
    if (predicate.answer == "undetermined") != bool(predicate.reasons):
        raise FaultError("claim-reasons", found=predicate.answer)
    wanted = "mandate" if "series" in asked else "code"
    if predicate.by != wanted:
        raise FaultError("claim-right", found=predicate.by)


def claim_binding(predicate: Predicate, nonce: bytes, of: Sequence[str]) -> None:
    """Say that the predicate is about whom or what the asker means."""
    if predicate.bound_to != of[0]:
        raise FaultError("binding-kind", found=predicate.bound_to, wanted=of[0])
    said = b"creditbank/predicate-subject/v1\n" + canonical(list(of))
    if hmac.digest(nonce, said, "sha256") != predicate.digest:
        raise FaultError("binding-other")


def claim_heads(heads: Sequence[Head]) -> None:
    """Say that there are heads, and one for each log."""
    if not heads:
        raise FaultError("heads-missing")
    origins = Counter(head.origin for head in heads)
    if max(origins.values()) > 1:
        raise FaultError("heads-repeated")


def claim_published(heads: Sequence[Head], published: Mapping[str, str]) -> None:
    """Say that each log's key is the one under which the bank lists the log."""
    for head in heads:
        if published.get(head.origin) != head.vkey:
            raise FaultError("key-unpublished", origin=head.origin)


def claim_one_credit(entries: Sequence[Entry]) -> None:
    """Say that the proof is of one credit, which stands first, and of what was done to it."""
    kinds = [movement.kind for _, movement in _movements(entries)]
    if kinds[:1] != ["credit"] or "credit" in kinds[1:]:
        raise FaultError("not-one-credit", found=kinds.count("credit"))


def read_vkey(head: Head) -> tuple[bytes, bytes]:
    """Take the verifier key of a head apart: key id and public key."""
    name, _, rest = head.vkey.partition("+")
    id_text, _, key_text = rest.partition("+")
    try:
        key_id, typed_key = _hex(id_text, KEY_ID_BYTES, "vkey"), decode_base64(key_text)
    except UnreadableError as fault:
        raise FaultError("vkey-form") from fault
    if typed_key[:1] != NOTE_ED25519 or len(typed_key) != 1 + KEY_BYTES:
        raise FaultError("vkey-form")
    if name != head.origin:
        raise FaultError("vkey-name", found=name)
    if key_id != sha256(name.encode() + b"\n" + typed_key)[:KEY_ID_BYTES]:
        raise FaultError("vkey-id")
    return key_id, typed_key[1:]


def claim_note(head: Head) -> None:
    """Say that the checkpoint is a signed note which the head's key signed."""
    key_id, public_key = read_vkey(head)
    text, signatures = read_note(head.checkpoint)
    ours = [raw for name, raw in signatures if (name, raw[:KEY_ID_BYTES]) == (head.origin, key_id)]
    if not ours:
        raise FaultError("note-unsigned")
    for raw in ours:
        if not ed25519_verify(public_key, text.encode(), raw[KEY_ID_BYTES:]):
            raise FaultError("note-signature")


def read_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Take a C2SP signed note apart: its text and (name, key id ‖ signature) of each line."""
    text, blank, block = note.rpartition("\n\n")
    lines = block.split("\n")
    if not blank or lines.pop() or not 0 < len(lines) <= NOTE_SIGNATURES_MAX:
        raise FaultError("note-form")
    if any(character < " " and character != "\n" for character in note):
        raise FaultError("note-form")
    return text + "\n", [_note_signature(line) for line in lines]


def _note_signature(line: str) -> tuple[str, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, raw_text = rest.partition(" ")
    try:
        raw = decode_base64(raw_text)
    except UnreadableError as fault:
        raise FaultError("note-form") from fault
    if dash != "—" or not name or len(raw) <= KEY_ID_BYTES:
        raise FaultError("note-form")
    return name, raw


def claim_checkpoint(head: Head) -> None:
    """Say that the checkpoint states the origin, the size and the root of the head."""
    text, _ = read_note(head.checkpoint)
    origin, _, rest = text.partition("\n")
    size, _, rest = rest.partition("\n")
    root, _, extensions = rest.partition("\n")
    if not ORIGIN.fullmatch(head.origin) or origin != head.origin:
        raise FaultError("checkpoint-origin", found=origin)
    if not COUNT.fullmatch(size) or int(size) != head.size:
        raise FaultError("checkpoint-size", found=size, wanted=head.size)
    if root != base64.b64encode(head.root).decode():
        raise FaultError("checkpoint-root")
    if "\n\n" in "\n" + extensions:
        raise FaultError("note-form")
    if not head.size and head.root != sha256(b""):
        raise FaultError("checkpoint-root")


def claim_commitment(verdict: Verdict, person: Subject) -> None:
    """Say that the verdict is about the person whom the asker means."""
    text = canonical([person.kind, person.number, person.name])
    if sha256(b"creditbank/subject/v1\n", verdict.subject_salt, text) != verdict.commitment:
        raise FaultError("commitment-other")
    shown = (verdict.document_kind, verdict.last_four)
    if shown != (person.kind, person.number[-LAST_FOUR:]):
        raise FaultError("commitment-shown")


def claim_leaves(entries: Sequence[Entry]) -> None:
    """Say that each leaf is the digest of its salt and body."""
    for number, entry in enumerate(entries, 1):
        text = _canonical_of(entry.body, number)
        if sha256(b"creditbank/entry/v1\n", entry.salt, text) != entry.leaf:
            raise FaultError("leaf-other", number=number)


def claim_facts(entries: Sequence[Entry]) -> None:
    """Say that each credit carries the facts whose digest its body holds, and others carry none."""
    for number, movement in _movements(entries):
        facts = entries[number - 1].facts
        if movement.kind != "credit":
            if movement.facts_digest or facts:
                raise FaultError("facts-misplaced", number=number)
            continue
        text = _canonical_of(facts, number)
        if sha256(b"creditbank/facts/v1\n", text).hex() != movement.facts_digest:
            raise FaultError("facts-other", number=number)


def claim_bodies(entries: Sequence[Entry], verdict: Verdict) -> None:
    """Say that each body has its form, is of the scheme asked about and was known in time."""
    for number, movement in _movements(entries):
        if movement.scheme != verdict.scheme:
            raise FaultError("body-scheme", number=number, found=movement.scheme)
        if movement.recorded_at > verdict.known_at:
            raise FaultError("body-late", number=number)
        if verdict.as_of and movement.earned_on > verdict.as_of:
            raise FaultError("body-after", number=number, found=movement.earned_on)


def claim_movements(entries: Sequence[Entry]) -> None:
    """Say that the movements on credits fit, and the credits of each occasion one another."""
    reversed_credits = claim_fitting(entries)
    _claim_revisions(_credits(entries), reversed_credits)


def claim_fitting(entries: Sequence[Entry]) -> set[str]:
    """Say that each movement fits the credit it acts on and that none is evidently missing.

    Returns the leaves, in hex, of the credits that are reversed.
    """
    movements, credits = list(_movements(entries)), _credits(entries)
    steps: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, movement in movements:
        if movement.kind != "credit":
            _claim_fits_credit(number, movement, credits.get(movement.target))
            steps[movement.target, movement.kind].append(movement.step)
    for (_, kind), found in steps.items():
        if sorted(found) != list(range(len(found))) or (kind == "reverse" and len(found) > 1):
            raise FaultError("movement-steps", kind=kind)
    return {target for target, kind in steps if kind == "reverse"}


def _credits(entries: Sequence[Entry]) -> dict[str, Movement]:
    return {entries[n - 1].leaf.hex(): m for n, m in _movements(entries) if m.kind == "credit"}


def _claim_fits_credit(number: int, movement: Movement, credit: Movement | None) -> None:
    if credit is None:
        raise FaultError("movement-target", number=number)
    if movement.kept != credit.kept:
        raise FaultError("movement-differs", number=number)
    if movement.kind == "reverse":
        way = (movement.leaves, movement.reaches, movement.centihours)
        if way != (credit.reaches, credit.leaves, credit.centihours):
            raise FaultError("movement-reverse", number=number)


def _claim_revisions(credits: Mapping[str, Movement], reversed_credits: set[str]) -> None:
    """A second credit of one occasion is lawful only after the first was reversed."""
    undone = {(credits[leaf].occasion, credits[leaf].revision) for leaf in reversed_credits}
    for credit in credits.values():
        if credit.revision and (credit.occasion, credit.revision - 1) not in undone:
            raise FaultError("movement-revision", occasion=credit.occasion)


def claim_inclusion(entries: Sequence[Entry], heads: Iterable[Head]) -> None:
    """Say that each leaf stands at its index in the log whose head the verdict cites."""
    by_origin = {head.origin: head for head in heads}
    for number, entry in enumerate(entries, 1):
        head = by_origin.get(entry.origin)
        if head is None:
            raise FaultError("inclusion-head", number=number, origin=entry.origin)
        if not includes(entry.leaf, entry.index, entry.proof, size=head.size, root=head.root):
            raise FaultError("inclusion-proof", number=number)
    for number, movement in _movements(entries):
        place = ORIGIN.fullmatch(entries[number - 1].origin)
        if place is None or int(place[1]) < _shanghai_year(movement.recorded_at):
            raise FaultError("inclusion-year", number=number)


def claim_record_count(entries: Sequence[Entry], verdict: Verdict) -> None:
    """Say that the record has as many entries as stated, none of them twice."""
    leaves = {entry.leaf for entry in entries}
    if len(leaves) != len(entries):
        raise FaultError("record-repeated")
    if len(leaves) != verdict.record_count:
        raise FaultError("record-count", found=len(leaves), wanted=verdict.record_count)


def claim_record_digest(entries: Sequence[Entry], verdict: Verdict) -> None:
    """Say that the record digest is that of these leaves."""
    leaves = sorted(entry.leaf for entry in entries)
    if sha256(b"creditbank/record/v1\n", verdict.record_salt, *leaves) != verdict.record_digest:
        raise FaultError("record-digest")


def claim_figures(verdict: Verdict, entries: Sequence[Entry], credited: Sequence[Credited]) -> None:
    """Say that the credited hours follow from the entries, and from what is worked out of them."""
    if verdict.entries is not None:
        claim_worked_out(entries, verdict.worked_out)
    claim_sums(entries, credited, verdict.worked_out)


def claim_worked_out(entries: Sequence[Entry], lines: Sequence[WorkedOut]) -> None:
    """Say that what caps hold otherwise of a credit is the sum of its cuts less what was posted."""
    credits = _credits(entries)
    accounts: Counter[tuple[str, str]] = Counter()
    for number, movement in _movements(entries):
        credit = movement.target or entries[number - 1].leaf.hex()
        accounts[credit, movement.reaches] += movement.centihours
        accounts[credit, movement.leaves] -= movement.centihours
    done: set[str] = set()
    for number, line in enumerate(lines, 1):
        credit, live = credits.get(line.credit), accounts[line.credit, "live"]
        held = accounts[line.credit, "capped"]
        if credit is None or line.credit in done or not live + held:
            raise FaultError("worked-out-target", number=number)
        done.add(line.credit)
        if (line.year, line.subject) != (credit.year, credit.subject):
            raise FaultError("worked-out-target", number=number)
        more = sum(line.cuts_centihours) - held
        if not more or more != line.more_centihours or more > live:
            raise FaultError("worked-out-other", number=number)


def claim_sums(
    entries: Sequence[Entry], credited: Sequence[Credited], worked_out: Sequence[WorkedOut] = ()
) -> None:
    """Say that movements and what was worked out give the credited hours by subject and year.

    Where a line does not name its credit, nobody can tell whether it is on hours of an import.
    """
    stated = {(row.year, row.subject): row for row in credited}
    if len(stated) != len(credited):
        raise FaultError("sums-repeated")
    summed = sum_movements(entries, worked_out)
    unnamed = {(line.year, line.subject) for line in worked_out if not line.credit}
    for year, subject in sorted(set(stated) | set(summed)):
        nothing = Credited(year, subject, 0, 0, 0)
        found = stated.get((year, subject), nothing)
        wanted = summed.get((year, subject), nothing)
        if (year, subject) in unnamed:
            wanted = replace(wanted, migrated_centihours=found.migrated_centihours)
        if found != wanted:
            raise FaultError("sums-differ", year=year, subject=subject)


def sum_movements(
    entries: Sequence[Entry], worked_out: Sequence[WorkedOut] = ()
) -> dict[tuple[int, str], Credited]:
    """Add up what the entries leave in `live`, `capped` and `frozen`, and in `live` from imports.

    What was worked out moves between `live` and `capped`.

    Raises:
        FaultError: more hours left an account than ever reached it.
    """
    accounts: Counter[tuple[int, str, str]] = Counter()
    migrated: Counter[tuple[int, str]] = Counter()
    movements = list(_movements(entries))
    imports = {
        entries[number - 1].leaf.hex()
        for number, movement in movements
        if movement.kind == "credit" and _from_before(entries[number - 1].facts)
    }
    for number, movement in movements:
        place = movement.year, movement.subject
        accounts[*place, movement.reaches] += movement.centihours
        accounts[*place, movement.leaves] -= movement.centihours
        credit = movement.target or entries[number - 1].leaf.hex()
        if credit in imports:
            change = (movement.reaches == "live") - (movement.leaves == "live")
            migrated[place] += change * movement.centihours
    for line in worked_out:
        place = line.year, line.subject
        accounts[*place, "live"] -= line.more_centihours
        accounts[*place, "capped"] += line.more_centihours
        migrated[place] -= line.more_centihours if line.credit in imports else 0
    for (year, subject, state), centihours in accounts.items():
        if state != "issued" and centihours < 0:
            raise FaultError("sums-negative", year=year, subject=subject)
    return {
        (year, subject): Credited(
            year,
            subject,
            accounts[year, subject, "live"],
            accounts[year, subject, "capped"],
            migrated[year, subject],
            accounts[year, subject, "frozen"],
        )
        for year, subject, _ in accounts
    }


def _from_before(facts: Mapping[str, object]) -> bool:
    """Tell whether hours are from before the bank; those of another scheme say what they were."""
    origin = facts.get("origin")
    return (origin if isinstance(origin, dict) else facts).get("kind") == "import"


def claim_requirement(requirement: Sequence[Requirement], credited: Sequence[Credited]) -> None:
    """Say that every line of the requirement follows from the credited hours."""
    for number, row in enumerate(requirement, 1):
        centihours = sum(
            part.counted_centihours
            for part in credited
            if row.year <= part.year <= row.through and _counts_for(part.subject, row.subject)
        )
        short = max(0, row.required_centihours - centihours - row.carried_centihours)
        if row.through < row.year:
            raise FaultError("requirement-span", number=number)
        if row.carried_centihours and row.carried_centihours > _earlier(row, requirement, credited):
            raise FaultError("requirement-carried", number=number)
        if row.capped_centihours not in {None, _capped(row, credited)}:
            raise FaultError("requirement-capped", number=number)
        if row.credited_centihours != centihours:
            raise FaultError("requirement-credited", number=number)
        if row.short_centihours != short:
            raise FaultError("requirement-short", number=number)
        if row.met != (not short):
            raise FaultError("requirement-met", number=number)


def _earlier(
    row: Requirement, requirement: Sequence[Requirement], credited: Sequence[Credited]
) -> int:
    """Hours of years before that no earlier line of the subject has taken; none for a span."""
    if row.through != row.year:
        return 0
    held = sum(
        part.counted_centihours
        for part in credited
        if part.year < row.year and _counts_for(part.subject, row.subject)
    )
    taken = (
        other.carried_centihours
        for other in requirement
        if other.subject == row.subject and other.year < row.year
    )
    return held - sum(taken)


def _capped(row: Requirement, credited: Sequence[Credited]) -> int:
    return sum(
        part.capped_centihours
        for part in credited
        if row.year <= part.year <= row.through and _counts_for(part.subject, row.subject)
    )


def claim_pathway(verdict: Verdict) -> None:
    """Say that what frees was asked for and has this effect, and that `exempt` names it."""
    if verdict.pathway is None:
        if verdict.outcome == "exempt":
            raise FaultError("outcome-pathway", found=verdict.outcome)
    elif (verdict.pathway.name, verdict.pathway.effect) != (
        verdict.pathway_asked,
        FREED.get(verdict.outcome),
    ):
        raise FaultError("outcome-pathway", found=verdict.outcome)


def claim_register(verdict: Verdict) -> None:
    """Say that what the register tells is told once, beside what was stated, and frees as it says.

    An exemption is in force on the day of the application, and every fact of its pathway is its.
    """
    told = {each.fact: each for each in verdict.registered or ()}
    if not told or len(told) != len(verdict.registered or ()):
        raise FaultError("register-facts", found=", ".join(sorted(told)))
    stated = verdict.stated if isinstance(verdict.stated, dict) else {}
    for fact, each in told.items():
        if each.stated != stated.get(fact, ""):
            raise FaultError("register-stated", found=fact)
    exemption = verdict.exemption
    if exemption is None:
        if verdict.outcome == "exempt" and not told.keys().isdisjoint(_facts_of(verdict)):
            raise FaultError("register-exemption", found=verdict.outcome)
        return
    own = {fact for fact, each in told.items() if each.evidence == exemption.number}
    wanted = f"pathway.{verdict.pathway_asked}" if verdict.pathway else "waiver."
    fits = exemption.key == wanted if verdict.pathway else exemption.key.startswith(wanted)
    if not fits or verdict.outcome not in FREED or not own or not _facts_of(verdict) <= own:
        raise FaultError("register-exemption", found=exemption.key)
    if exemption.expires_on < verdict.application_day:
        raise FaultError("register-expired", found=exemption.expires_on)


def _facts_of(verdict: Verdict) -> set[str]:
    return {str(fact) for fact in verdict.pathway.stated} if verdict.pathway else set()


def claim_outcome(outcome: str, requirement: Sequence[Requirement]) -> None:
    """Say that the outcome is `met` exactly when there is a requirement and each line is met."""
    if outcome not in DECIDED_BY_REQUIREMENT:
        raise FaultError("outcome-unknown", found=outcome)
    if not requirement or (outcome == "met") != all(row.met for row in requirement):
        raise FaultError("outcome-other", found=outcome)


def _counts_for(subject: str, required: str) -> bool:
    return not required or subject == required or subject.startswith(required + ".")


def _movements(entries: Sequence[Entry]) -> Iterable[tuple[int, Movement]]:
    for number, entry in enumerate(entries, 1):
        try:
            yield number, read_movement(entry.body)
        except UnreadableError as fault:
            raise FaultError("body-form", number=number, **fault.facts) from fault


def _canonical_of(value: Json, number: int) -> bytes:
    try:
        return canonical(value)
    except FaultError as fault:
        raise FaultError("body-canonical", number=number) from fault


def _shanghai_year(instant: str) -> int:
    """Calendar year in Asia/Shanghai, eight hours ahead of UTC all year."""
    last_hours = instant[5:10] == "12-31" and instant[11:13] >= "16"
    return int(instant[:4]) + last_hours


def read_token(token: bytes) -> Token:
    """Take a compact JWS apart, strictly."""
    if len(token) > VERDICT_BYTES_MAX:
        raise UnreadableError("too-large", what="VERDICT", bytes=VERDICT_BYTES_MAX)
    try:
        parts = token.decode("ascii").strip().split(".")
    except UnicodeDecodeError as error:
        raise UnreadableError("token-form") from error
    match parts:
        case [header, payload, signature] if header and payload:
            return Token(
                header=_object(parse_json(decode_base64url(header), "header"), "header"),
                payload=_object(parse_json(decode_base64url(payload), "payload"), "payload"),
                signed=f"{header}.{payload}".encode(),
                signature=decode_base64url(signature),
            )
    raise UnreadableError("token-form")


def read_keys(jwks: bytes) -> list[dict[str, Json]]:
    """Read a JWK Set."""
    keys = _list(_object(parse_json(jwks, "JWKS"), "JWKS").get("keys"), "JWKS.keys")
    if len(keys) > KEYS_MAX:
        raise UnreadableError("too-many", what="JWKS.keys", most=KEYS_MAX)
    return [_object(key, "JWKS.keys") for key in keys]


def read_logs(text: bytes) -> dict[str, str]:
    """Read the bank's list of public logs: the verifier key of each, by origin."""
    rows = _list(_object(parse_json(text, "LOGS"), "LOGS").get("logs"), "LOGS.logs")
    logs = [_object(row, "LOGS.logs") for row in rows]
    return {
        _text(log.get("origin"), "LOGS.logs.origin"): _text(log.get("vkey"), "LOGS.logs.vkey")
        for log in logs
    }


def read_proof(value: dict[str, Json]) -> Proof:
    """Read a proof as `creditbank/proof/v1`.

    Raises:
        UnreadableError: it is another statement, or a member is missing or of another type.
    """
    if value.get("statement") != PROOF_STATEMENT:
        raise UnreadableError("proof-other", found=value.get("statement", ""))
    members = _Members()
    top = members.take(value, "proof", "statement iss made_at heads entries")
    rows = members.each(top["entries"], "entries", "leaf salt body facts origin index proof")
    return Proof(
        issuer=_text(top["iss"], "iss"),
        made_at=_instant(top["made_at"], "made_at"),
        heads=_heads(top["heads"], members),
        entries=tuple(_entry(row, "entries") for row in rows),
        unknown_members=tuple(members.unknown),
    )


def read_listed(raw: bytes) -> Listed:
    """Read `creditbank/listed-verdict/v1`, or the line of a list's answers that holds it.

    Raises:
        UnreadableError: it is another statement, or a member is missing or of another type.
    """
    value = _object(parse_json(raw, "VERDICT"), "VERDICT")
    value = _object(value["listed"], "listed") if "listed" in value else value
    if value.get("statement") != LISTED_STATEMENT:
        raise UnreadableError("statement-other", found=value.get("statement", ""))
    members = _Members()
    top = members.take(value, "listed", "statement payload index proof tree")
    payload = decode_base64url(_text(top["payload"], "payload"))
    proof = _list(top["proof"], "proof")
    if len(proof) > PROOF_HASHES_MAX:
        raise UnreadableError("too-many", what="proof", most=PROOF_HASHES_MAX)
    token = read_token(_text(top["tree"], "tree").encode("utf-8"))
    return Listed(
        payload=payload,
        said=_object(parse_json(payload, "payload"), "payload"),
        index=_integer(top["index"], "index"),
        proof=tuple(_hex(each, DIGEST_BYTES, "proof") for each in proof),
        token=token,
        tree=_tree(token.payload, members),
        unknown_members=tuple(members.unknown),
    )


def _tree(payload: dict[str, Json], members: _Members) -> Tree:
    if payload.get("statement") != TREE_STATEMENT:
        raise UnreadableError("tree-other", found=payload.get("statement", ""))
    top = members.take(payload, "tree", "iss iat statement list size root")
    return Tree(
        issuer=_text(top["iss"], "tree.iss"),
        issued_at=_integer(top["iat"], "tree.iat"),
        batch_no=_text(top["list"], "tree.list"),
        size=_integer(top["size"], "tree.size"),
        root=_hex(top["root"], DIGEST_BYTES, "tree.root"),
    )


def read_refusal(payload: dict[str, Json]) -> Refusal:
    """Read a payload as `creditbank/list-refusal/v1`.

    Raises:
        UnreadableError: a member is missing or of another type.
    """
    members = _Members()
    top = members.take(payload, "refusal", "iss statement list row codes salt")
    _hex(top["salt"], SHORT_SALT_BYTES, "salt")
    return Refusal(
        issuer=_text(top["iss"], "iss"),
        batch_no=_text(top["list"], "list"),
        row=_integer(top["row"], "row"),
        codes=tuple(_text(code, "codes") for code in _list(top["codes"], "codes")),
        unknown_members=tuple(members.unknown),
    )


def read_subject(text: bytes) -> Subject:
    """Read who is meant; only the normal form of the text is changed."""
    value = _object(parse_json(text, "SUBJECT"), "SUBJECT")
    kind, number, name = (
        unicodedata.normalize("NFC", _text(value.get(key), f"SUBJECT.{key}"))
        for key in ("kind", "number", "name")
    )
    return Subject(kind, number, name)


def read_meant(text: bytes) -> tuple[bytes, list[str]]:
    """Read the nonce, and who or what is meant: a document and a name, or a code."""
    value = _object(parse_json(text, "SUBJECT"), "SUBJECT")
    nonce = _hex(value.get("nonce"), KEY_BYTES, "SUBJECT.nonce")
    if "code" in value:
        return nonce, ["code", read_code(_text(value["code"], "SUBJECT.code"))]
    person = read_subject(text)
    return nonce, ["document", person.kind, person.number, person.name]


def read_code(typed: str) -> str:
    """Bring a code as typed into the form that is bound: Crockford's base 32, without hyphens."""
    read = typed.upper().translate(str.maketrans({"I": "1", "L": "1", "O": "0"}))
    return "".join(character for character in read if character in CODE_CHARACTERS)


def read_shown(payload: dict[str, Json], disclosures: tuple[str, ...]) -> Shown:
    """Read the payload of a verdict that is shown in part."""
    statement = payload.get("statement", "")
    if not isinstance(statement, str) or statement not in SHOWN_STATEMENTS:
        raise UnreadableError("statement-unknown", found=statement)
    members = _Members()
    names = "iss jti iat known_at packs statement scheme _sd_alg _sd credited"
    top = members.take(payload, "payload", names)
    lines = members.each(top["credited"], "credited", "...")
    return Shown(
        statement=statement,
        issuer=_text(top["iss"], "iss"),
        number=_text(top["jti"], "jti"),
        issued_at=_integer(top["iat"], "iat"),
        scheme=_text(top["scheme"], "scheme"),
        packs=_list(top["packs"], "packs"),
        algorithm=_text(top["_sd_alg"], "_sd_alg"),
        member_digests=tuple(_text(each, "_sd") for each in _list(top["_sd"], "_sd")),
        line_digests=tuple(_text(row["..."], "credited") for row in lines),
        disclosures=disclosures,
        unknown_members=tuple(members.unknown),
    )


def read_predicate(payload: dict[str, Json]) -> Predicate:
    """Read the payload of a predicate; unknown members are remembered, missing ones refused."""
    if payload.get("statement") != PREDICATE_STATEMENT:
        raise UnreadableError("statement-unknown", found=payload.get("statement", ""))
    members = _Members()
    top = members.take(
        payload,
        "payload",
        "iss jti iat statement asker question subject answer reasons words packs heads known_at",
    )
    asker = members.take(top["asker"], "asker", "client by purpose legal_basis", "mandate")
    question = members.take(
        top["question"],
        "question",
        "scheme subject at_least first_year last_year per",
        "series level specialty",
    )
    members.each(top["reasons"], "reasons", "code zh en")
    subject = members.take(top["subject"], "subject", "of digest")
    words = members.take(top["words"], "words", "zh en")
    known_at = _text(top["known_at"], "known_at")
    return Predicate(
        issuer=_text(top["iss"], "iss"),
        number=_text(top["jti"], "jti"),
        issued_at=_integer(top["iat"], "iat"),
        answer=_text(top["answer"], "answer"),
        by=_text(asker["by"], "asker.by"),
        question=question,
        reasons=_list(top["reasons"], "reasons"),
        words=words,
        bound_to=_text(subject["of"], "subject.of"),
        digest=_hex(subject["digest"], DIGEST_BYTES, "subject.digest"),
        packs=_list(top["packs"], "packs"),
        heads=_heads(top["heads"], members),
        known_at=_instant(known_at, "known_at") if known_at else "",
        unknown_members=tuple(members.unknown),
    )


def read_export(text: bytes) -> tuple[Entry, ...]:
    """Read the sealed entries of a person's own export; one without an origin is not sealed yet."""
    value = _object(parse_json(text, "EXPORT"), "EXPORT")
    entries = _list(value.get("entries"), "EXPORT.entries")
    objects = [_object(entry, "EXPORT.entries") for entry in entries]
    return tuple(_entry(entry, "EXPORT.entries") for entry in objects if entry.get("origin") != "")


def select_export(entries: Iterable[Entry], verdict: Verdict) -> tuple[Entry, ...]:
    """Take from an export, which may be younger and wider, what the verdict counted.

    That is what is of the verdict's scheme, lies below its heads and was recorded by `known_at`.
    """
    sizes = {head.origin: head.size for head in verdict.heads}

    def counted(entry: Entry) -> bool:
        scheme_day_and_instant = entry.body[1:2] + entry.body[7:9]
        match scheme_day_and_instant:
            case [verdict.scheme, str(day), str(instant)]:
                in_time = instant <= verdict.known_at and (
                    not verdict.as_of or day <= verdict.as_of
                )
                return in_time and entry.index < sizes.get(entry.origin, 0)
        return False

    return tuple(entry for entry in entries if counted(entry))


class _Members:
    """Reads objects member by member and remembers what the format does not know."""

    def __init__(self) -> None:
        self.unknown: list[str] = []

    def take(self, value: Json, where: str, names: str, optional: str = "") -> dict[str, Json]:
        found, wanted = _object(value, where), names.split()
        for name in wanted:
            if name not in found:
                raise UnreadableError("member-missing", where=where, name=name)
        unknown = set(found) - {*wanted, *optional.split()}
        self.unknown += [f"{where}.{name}" for name in sorted(unknown)]
        return found

    def each(
        self, value: Json, where: str, names: str, optional: str = ""
    ) -> list[dict[str, Json]]:
        rows = _list(value, where)
        return [self.take(row, f"{where}[{n}]", names, optional) for n, row in enumerate(rows)]


ALL_LEVELS = (
    "iss jti iat statement disclose asker subject question outcome reasons clauses assumptions"
    " packs heads known_at record pending supersedes"
)
#: Where a pack of the chain is an adopted draft; where pathways come into it.
MAY_BE_THERE = "adoptions pathway refused other_pathways"
#: Where short years may be made up.
MAY_BE_SUMMED = " make_up"
MORE_BY_LEVEL = {
    "decision": "",
    "summary": " requirement credited cuts advice",
    "record": " requirement credited cuts advice entries",
}


def read_verdict(payload: dict[str, Json]) -> Verdict:
    """Read a payload as `creditbank/verdict/v1` or `creditbank/verdict/v2`.

    Raises:
        UnreadableError: it is another statement, or a member is missing or of another type.
    """
    if payload.get("statement") not in (STATEMENT, REGISTERED_STATEMENT):
        raise UnreadableError("statement-other", found=payload.get("statement", ""))
    level = payload.get("disclose")
    if level not in LEVELS:
        raise UnreadableError("level-unknown", found=level)
    members = _Members()
    top = members.take(payload, "verdict", *_names(payload, str(level)))
    subject = members.take(top["subject"], "subject", "document_kind last_four salt commitment")
    question = members.take(
        top["question"],
        "question",
        "scheme series level application_day stated",
        "specialty pathway as_of",
    )
    record = members.take(top["record"], "record", "entries salt digest")
    pending = members.take(top["pending"], "pending", "entries")
    members.take(top["asker"], "asker", "client mandate purpose legal_basis")
    _require_lists(top, members)
    credited, requirement, entries = _disclosed(top, str(level), members)
    return Verdict(
        level=str(level),
        issuer=_text(top["iss"], "iss"),
        number=_text(top["jti"], "jti"),
        issued_at=_integer(top["iat"], "iat"),
        outcome=_text(top["outcome"], "outcome"),
        scheme=_text(question["scheme"], "question.scheme"),
        application_day=_text(question["application_day"], "question.application_day"),
        as_of=_day(question["as_of"], "question.as_of") if "as_of" in question else "",
        stated=question["stated"],
        pathway_asked=_text(question.get("pathway", ""), "question.pathway"),
        pathway=_pathway(top["pathway"], members) if "pathway" in top else None,
        reasons=_list(top["reasons"], "reasons"),
        assumptions=_list(top["assumptions"], "assumptions"),
        pending=pending["entries"],
        supersedes=_text(top["supersedes"], "supersedes"),
        known_at="" if top["known_at"] == "" else _instant(top["known_at"], "known_at"),
        document_kind=_text(subject["document_kind"], "subject.document_kind"),
        last_four=_text(subject["last_four"], "subject.last_four"),
        subject_salt=_hex(subject["salt"], SHORT_SALT_BYTES, "subject.salt"),
        commitment=_hex(subject["commitment"], DIGEST_BYTES, "subject.commitment"),
        packs=_list(top["packs"], "packs"),
        heads=_heads(top["heads"], members),
        record_count=_integer(record["entries"], "record.entries"),
        record_salt=_hex(record["salt"], SHORT_SALT_BYTES, "record.salt"),
        record_digest=_hex(record["digest"], DIGEST_BYTES, "record.digest"),
        credited=credited,
        requirement=requirement,
        entries=entries,
        worked_out=_worked_out(top.get("worked_out", []), str(level), members),
        registered=_registered(top["registered"], members) if "registered" in top else None,
        exemption=_exemption(top["exemption"], members) if "exemption" in top else None,
        unknown_members=tuple(members.unknown),
    )


def _names(payload: dict[str, Json], level: str) -> tuple[str, str]:
    """Members that a payload of the level has, and those that it may have."""
    wanted, optional = ALL_LEVELS + MORE_BY_LEVEL[level], MAY_BE_THERE
    if payload.get("statement") == REGISTERED_STATEMENT:
        wanted, optional = wanted + " registered", optional + " exemption"
    if level != "decision":
        optional += MAY_BE_SUMMED
        if level == "record":
            optional += " engineer_certificates"
        if "as_of" in _object(payload.get("question", {}), "question"):
            wanted += " worked_out"
    return wanted, optional


def _require_lists(top: dict[str, Json], members: _Members) -> None:
    members.each(top["reasons"], "reasons", "code zh en")
    members.each(top["clauses"], "clauses", "scheme reference document clause quote basis")
    members.each(top["assumptions"], "assumptions", "scheme key value reason reason_en")
    members.each(top.get("adoptions", []), "adoptions", "pack from until document title")
    members.each(top.get("refused", []), "refused", "pathway code found")
    _list(top.get("other_pathways", []), "other_pathways")
    members.each(
        top.get("engineer_certificates", []),
        "engineer_certificates",
        "record filing paper number issuer occupation grade issued_on",
    )


def _disclosed(
    top: dict[str, Json], level: str, members: _Members
) -> tuple[tuple[Credited, ...] | None, tuple[Requirement, ...] | None, tuple[Entry, ...] | None]:
    if level == "decision":
        return None, None, None
    members.each(top["cuts"], "cuts", "key period hours zh en")
    members.each(top["advice"], "advice", "year through subject short")
    members.each(top.get("make_up", []), "make_up", "year last_day activities key scheme")
    credited = _credited(top["credited"], members)
    requirement = _requirement(top["requirement"], members)
    if level == "summary":
        return credited, requirement, None
    rows = members.each(top["entries"], "entries", "leaf salt body facts origin index proof")
    return credited, requirement, tuple(_entry(row, "entries") for row in rows)


def _heads(value: Json, members: _Members) -> tuple[Head, ...]:
    rows = members.each(value, "heads", "origin size root vkey checkpoint")
    if len(rows) > HEADS_MAX:
        raise UnreadableError("too-many", what="heads", most=HEADS_MAX)
    return tuple(
        Head(
            origin=_text(row["origin"], "heads.origin"),
            size=_integer(row["size"], "heads.size"),
            root=_hex(row["root"], DIGEST_BYTES, "heads.root"),
            vkey=_text(row["vkey"], "heads.vkey"),
            checkpoint=_text(row["checkpoint"], "heads.checkpoint"),
        )
        for row in rows
    )


def _credited(value: Json, members: _Members) -> tuple[Credited, ...]:
    return tuple(
        Credited(
            year=_integer(row["year"], "credited.year"),
            subject=_text(row["subject"], "credited.subject"),
            counted_centihours=_centihours(row["counted"], "credited.counted"),
            capped_centihours=_centihours(row["capped"], "credited.capped"),
            migrated_centihours=_centihours(row["migrated"], "credited.migrated"),
            frozen_centihours=_centihours(row.get("frozen", "0.00"), "credited.frozen"),
        )
        for row in members.each(value, "credited", "year subject counted capped migrated", "frozen")
    )


def _worked_out(value: Json, level: str, members: _Members) -> tuple[WorkedOut, ...]:
    names = "year subject movement hours cuts" + (" credit" if level == "record" else "")
    rows = members.each(value, "worked_out", names)
    if not {row["movement"] for row in rows if isinstance(row["movement"], str)} <= CAPPING:
        raise UnreadableError("wrong-type", where="worked_out.movement", wanted="cap, uncap")
    return tuple(
        WorkedOut(
            credit=_hex_or_empty(row.get("credit", ""), "worked_out.credit"),
            year=_integer(row["year"], "worked_out.year"),
            subject=_text(row["subject"], "worked_out.subject"),
            movement=_text(row["movement"], "worked_out.movement"),
            centihours=_centihours(row["hours"], "worked_out.hours"),
            cuts_centihours=tuple(
                _centihours(cut["hours"], "worked_out.cuts.hours")
                for cut in members.each(row["cuts"], "worked_out.cuts", "key period hours")
            ),
        )
        for row in rows
    )


def _requirement(value: Json, members: _Members) -> tuple[Requirement, ...]:
    names = "year through subject required credited short met key scheme"
    optional = "capped carried months"
    return tuple(
        Requirement(
            year=_integer(row["year"], "requirement.year"),
            through=_integer(row["through"], "requirement.through"),
            subject=_text(row["subject"], "requirement.subject"),
            required_centihours=_centihours(row["required"], "requirement.required"),
            credited_centihours=_centihours(row["credited"], "requirement.credited"),
            carried_centihours=_centihours(row.get("carried", "0.00"), "requirement.carried"),
            capped_centihours=(
                _centihours(row["capped"], "requirement.capped") if "capped" in row else None
            ),
            short_centihours=_centihours(row["short"], "requirement.short"),
            met=_truth(row["met"], "requirement.met"),
        )
        for row in members.each(value, "requirement", names, optional)
    )


def _pathway(value: Json, members: _Members) -> Pathway:
    row = members.take(value, "pathway", "name scheme effect stated evidence")
    return Pathway(
        name=_text(row["name"], "pathway.name"),
        effect=_text(row["effect"], "pathway.effect"),
        stated=_list(row["stated"], "pathway.stated"),
        evidence=_list(row["evidence"], "pathway.evidence"),
    )


def _registered(value: Json, members: _Members) -> tuple[Told, ...]:
    names = "fact value evidence stated"
    return tuple(
        Told(*(_text(row[name], f"registered.{name}") for name in names.split()))
        for row in members.each(value, "registered", names)
    )


def _exemption(value: Json, members: _Members) -> Exemption:
    row = members.take(value, "exemption", "number scheme key approved_at expires_on")
    return Exemption(
        _text(row["number"], "exemption.number"),
        _text(row["scheme"], "exemption.scheme"),
        _text(row["key"], "exemption.key"),
        _instant(row["approved_at"], "exemption.approved_at"),
        _day(row["expires_on"], "exemption.expires_on"),
    )


def _entry(row: dict[str, Json], where: str) -> Entry:
    proof = _list(row.get("proof"), f"{where}.proof")
    if len(proof) > PROOF_HASHES_MAX:
        raise UnreadableError("too-many", what=f"{where}.proof", most=PROOF_HASHES_MAX)
    return Entry(
        leaf=_hex(row.get("leaf"), DIGEST_BYTES, f"{where}.leaf"),
        salt=_hex(row.get("salt"), DIGEST_BYTES, f"{where}.salt"),
        body=_list(row.get("body"), f"{where}.body"),
        facts=_object(row.get("facts"), f"{where}.facts"),
        origin=_text(row.get("origin"), f"{where}.origin"),
        index=_integer(row.get("index"), f"{where}.index"),
        proof=tuple(_hex(node, DIGEST_BYTES, f"{where}.proof") for node in proof),
    )


def read_movement(body: list[Json]) -> Movement:
    """Read the 16 elements of a body (formats.md §3).

    Raises:
        UnreadableError: one of them is not what the table says.
    """
    if len(body) != BODY_ELEMENTS:
        raise UnreadableError("wrong-type", where="body", wanted=f"{BODY_ELEMENTS}")
    movement = Movement(
        kind=_text(body[0], "0"),
        scheme=_text(body[1], "1"),
        year=_integer(body[2], "2"),
        subject=_text(body[3], "3"),
        leaves=_text(body[4], "4"),
        reaches=_text(body[5], "5"),
        centihours=_integer(body[6], "6"),
        earned_on=_day(body[7], "7"),
        recorded_at=_instant(body[8], "8"),
        occasion=_text(body[9], "9"),
        revision=_integer(body[10], "10"),
        step=_integer(body[11], "11"),
        target=_hex_or_empty(body[13], "13"),
        facts_digest=_law_facts(body[15]),
        kept=(*body[1:4], _day(body[7], "7"), *body[9:11], body[12]),
    )
    _hex(body[12], DIGEST_BYTES, "12")
    match body[14]:
        case [leaf, str()]:
            _hex_or_empty(leaf, "14")
        case _:
            raise UnreadableError("wrong-type", where="14", wanted="[hex, text]")
    _check_movement(movement)
    return movement


def _check_movement(movement: Movement) -> None:
    is_credit = movement.kind == "credit"
    claims = {
        "0": movement.kind in MOVEMENTS,
        "3": all(movement.subject.split(".")),
        "4": movement.leaves in STATES and (movement.leaves == "issued" or not is_credit),
        "5": movement.reaches in STATES and movement.reaches != movement.leaves,
        "6": movement.centihours > 0,
        "9": bool(movement.occasion),
        "11": movement.step == 0 or not is_credit,
        "13": is_credit != bool(movement.target),
    }
    for where, holds in claims.items():
        if not holds:
            raise UnreadableError("wrong-type", where=where, wanted="§3")


def _law_facts(value: Json) -> str:
    match value:
        case [digest, list(packs)] if _is_pack_chain(packs):
            return _hex_or_empty(digest, "15")
    raise UnreadableError("wrong-type", where="15", wanted="[hex, [[id, version, hex]]]")


def _is_pack_chain(packs: list[Json]) -> bool:
    for pack in packs:
        match pack:
            case [str(), str() | int(), str(digest)] if len(digest) == 2 * DIGEST_BYTES:
                if not HEX.fullmatch(digest):
                    return False
            case _:
                return False
    return True


def _object(value: Json, where: str) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise UnreadableError("wrong-type", where=where, wanted="object")
    return value


def _list(value: Json, where: str) -> list[Json]:
    if not isinstance(value, list):
        raise UnreadableError("wrong-type", where=where, wanted="array")
    return value


def _text(value: Json, where: str) -> str:
    if not isinstance(value, str) or any("\ud800" <= c <= "\udfff" for c in value):
        raise UnreadableError("wrong-type", where=where, wanted="string")
    return value


def _truth(value: Json, where: str) -> bool:
    if not isinstance(value, bool):
        raise UnreadableError("wrong-type", where=where, wanted="true, false")
    return value


def _integer(value: Json, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= INTEGER_MAX:
        raise UnreadableError("wrong-type", where=where, wanted="integer >= 0")
    return value


def _hex(value: Json, length: int, where: str) -> bytes:
    text = _text(value, where)
    if len(text) != 2 * length or not HEX.fullmatch(text):
        raise UnreadableError("wrong-type", where=where, wanted=f"hex[{length}]")
    return bytes.fromhex(text)


def _hex_or_empty(value: Json, where: str) -> str:
    return "" if value == "" else _hex(value, DIGEST_BYTES, where).hex()


def _centihours(value: Json, where: str) -> int:
    text = _text(value, where)
    if not HOURS.fullmatch(text):
        raise UnreadableError("wrong-type", where=where, wanted='"24.00"')
    return int(text.replace(".", ""))


def _day(value: Json, where: str) -> str:
    text = _text(value, where)
    try:
        date.fromisoformat(text if DAY.fullmatch(text) else "")
    except ValueError as error:
        raise UnreadableError("wrong-type", where=where, wanted="2026-11-10") from error
    return text


def _instant(value: Json, where: str) -> str:
    text = _text(value, where)
    try:
        datetime.fromisoformat(text if INSTANT.fullmatch(text) else "")
    except ValueError as error:
        wanted = "2026-11-21T03:32:42.000000Z"
        raise UnreadableError("wrong-type", where=where, wanted=wanted) from error
    return text


def parse_json(raw: bytes, what: str) -> Json:
    """Parse JSON in UTF-8 without repeated keys, NaN or bottomless nesting."""
    try:
        value: Json = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as error:
        raise UnreadableError("json-form", what=what) from error
    layer: list[Json] = [value]
    for _ in range(DEPTH_MAX):
        layer = [part for whole in layer for part in _parts(whole)]
        if not layer:
            return value
    raise UnreadableError("json-form", what=what)


def _parts(value: Json) -> Iterable[Json]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse_constant(name: str) -> Json:
    raise ValueError(name)


def canonical(value: Json) -> bytes:
    """Write canonical JSON (formats.md §1).

    Raises:
        FaultError: the value has no canonical form: null, a fraction, a large integer, a text that
            is not in normal form C.
    """
    _claim_canonical(value)
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8")


def _claim_canonical(value: Json) -> None:
    match value:
        case bool():
            return
        case int() if abs(value) <= INTEGER_MAX:
            return
        case str() if unicodedata.is_normalized("NFC", value):
            if any("\ud800" <= character <= "\udfff" for character in value):
                raise FaultError("not-canonical")
        case list():
            for part in value:
                _claim_canonical(part)
        case dict():
            for key, part in value.items():
                _claim_canonical(key)
                _claim_canonical(part)
        case _:
            raise FaultError("not-canonical")


def decode_base64url(text: str) -> bytes:
    """Decode base64url without padding; one value has one text."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise UnreadableError("base64-form") from error
    spelled = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    if not BASE64URL.fullmatch(text) or spelled != text:
        raise UnreadableError("base64-form")
    return raw


def decode_base64(text: str) -> bytes:
    """Decode padded base64; one value has one text."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise UnreadableError("base64-form") from error
    if base64.b64encode(raw).decode() != text:
        raise UnreadableError("base64-form")
    return raw


def sha256(*parts: bytes) -> bytes:
    """SHA-256 of the parts joined."""
    return hashlib.sha256(b"".join(parts)).digest()


def includes(leaf: bytes, index: int, proof: Sequence[bytes], *, size: int, root: bytes) -> bool:
    """Verify an inclusion proof as RFC 9162 §2.1.3.2 does, for the log entry `leaf`."""
    if not 0 <= index < size or len(proof) > PROOF_HASHES_MAX:
        return False
    node, position, last = sha256(b"\x00", leaf), index, size - 1
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            node = sha256(b"\x01", sibling, node)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            node = sha256(b"\x01", node, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and node == root


# Ed25519, RFC 8032 §5.1, in extended coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, x·y = T/Z.
Point: TypeAlias = tuple[int, int, int, int]

ED_PRIME = 2**255 - 19
ED_ORDER = 2**252 + 27742317777372353535851937790883648493
ED_D = -121665 * pow(121666, -1, ED_PRIME) % ED_PRIME
ED_ROOT_OF_MINUS_ONE = pow(2, (ED_PRIME - 1) // 4, ED_PRIME)
ED_ZERO: Point = (0, 1, 1, 0)
ED_COFACTOR = 8


def ed25519_verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Verify an Ed25519 signature, strictly.

    Refused besides wrong signatures: S ≥ L, points that are not the one encoding of a point on the
    curve, and public keys of small order, under which a signature binds no message.
    """
    if len(public_key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    key, commitment = ed_decode(public_key), ed_decode(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or scalar >= ED_ORDER:
        return False
    if _ed_same(ed_multiply(ED_COFACTOR, key), ED_ZERO):
        return False
    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    challenge = int.from_bytes(digest, "little") % ED_ORDER
    right = _ed_add(commitment, ed_multiply(challenge, key))
    return _ed_same(ed_multiply(scalar, ED_BASE), right)


def ed_decode(encoded: bytes) -> Point | None:
    """Decode a point; None unless this is the canonical encoding of a point on the curve."""
    number = int.from_bytes(encoded, "little")
    y, sign = number & (2**255 - 1), number >> 255
    if y >= ED_PRIME:
        return None
    x_squared = (y * y - 1) * pow(ED_D * y * y + 1, -1, ED_PRIME) % ED_PRIME
    x = pow(x_squared, (ED_PRIME + 3) // 8, ED_PRIME)
    if (x * x - x_squared) % ED_PRIME:
        x = x * ED_ROOT_OF_MINUS_ONE % ED_PRIME
    if (x * x - x_squared) % ED_PRIME or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = ED_PRIME - x
    return x, y, 1, x * y % ED_PRIME


def ed_multiply(scalar: int, point: Point) -> Point:
    """Multiply a point by a scalar ≥ 0; nothing here is secret, so time may vary."""
    total = ED_ZERO
    while scalar:
        if scalar & 1:
            total = _ed_add(total, point)
        point = _ed_add(point, point)
        scalar >>= 1
    return total


def _ed_add(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % ED_PRIME
    b = (one[1] + one[0]) * (other[1] + other[0]) % ED_PRIME
    c = 2 * one[3] * other[3] * ED_D % ED_PRIME
    d = 2 * one[2] * other[2] % ED_PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % ED_PRIME, g * h % ED_PRIME, f * g % ED_PRIME, e * h % ED_PRIME


def _ed_same(one: Point, other: Point) -> bool:
    same_x = (one[0] * other[2] - other[0] * one[2]) % ED_PRIME == 0
    return same_x and (one[1] * other[2] - other[1] * one[2]) % ED_PRIME == 0


def _ed_base() -> Point:
    y = 4 * pow(5, -1, ED_PRIME) % ED_PRIME
    base = ed_decode(y.to_bytes(KEY_BYTES, "little"))
    assert base is not None, "RFC 8032 §5.1 gives this point"
    return base


ED_BASE = _ed_base()

# P-256, FIPS 186-5 and SP 800-186, in affine coordinates; None is the point at infinity.
Affine: TypeAlias = tuple[int, int] | None

P_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
P_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
P_BASE: Affine = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def es256_verify(x: bytes, y: bytes, message: bytes, signature: bytes) -> bool:
    """Verify an ES256 signature (ECDSA, P-256, SHA-256; R ‖ S as RFC 7518 §3.4 writes it)."""
    key = int.from_bytes(x, "big"), int.from_bytes(y, "big")
    if len(signature) != SIGNATURE_BYTES or not _p_on_curve(*key):
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (0 < r < P_ORDER and 0 < s < P_ORDER):
        return False
    inverse = pow(s, -1, P_ORDER)
    digest = int.from_bytes(sha256(message), "big")
    left = p_multiply(digest * inverse % P_ORDER, P_BASE)
    point = _p_add(left, p_multiply(r * inverse % P_ORDER, key))
    return point is not None and point[0] % P_ORDER == r


def _p_on_curve(x: int, y: int) -> bool:
    in_field = x < P_PRIME and y < P_PRIME
    return in_field and (y * y - (x * x * x - 3 * x + P_B)) % P_PRIME == 0


def p_multiply(scalar: int, point: Affine) -> Affine:
    """Multiply a point of P-256 by a scalar ≥ 0."""
    total: Affine = None
    while scalar:
        if scalar & 1:
            total = _p_add(total, point)
        point = _p_add(point, point)
        scalar >>= 1
    return total


def _p_add(one: Affine, other: Affine) -> Affine:
    if one is None or other is None:
        return one or other
    if one[0] == other[0]:
        if (one[1] + other[1]) % P_PRIME == 0:
            return None
        slope = 3 * (one[0] * one[0] - 1) * pow(2 * one[1], -1, P_PRIME)
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, P_PRIME)
    x = (slope * slope - one[0] - other[0]) % P_PRIME
    return x, (slope * (one[0] - x) - one[1]) % P_PRIME


def report_lines(report: Report, language: str) -> list[str]:
    """Write a report for people: the verdict in brief, the checks, the limits, the end."""
    lines = [_words(BRIEF, language, _brief(report.verdict))]
    lines += _listed_lines(report.listed, language)
    lines += [_words(REASON, language, _texts(reason)) for reason in report.verdict.reasons]
    checks = {**LISTED_CHECKS, **CHECKS}
    lines += ["", *finding_lines(report.findings, language, checks, FAULTS)]
    lines += ["", _words(LIMITS_TITLE, language, {})]
    lines += [f"- {line}" for line in _limits(report.verdict, language)]
    end = END_FAILED if report.failed else END_GOOD
    facts = {"failed": len(report.failed), "undisclosed": _undisclosed_count(report)}
    return [*lines, "", _words(end, language, facts)]


def _listed_lines(listed: Listed | None, language: str) -> list[str]:
    if listed is None:
        return []
    tree = listed.tree
    facts = {"list": tree.batch_no, "size": tree.size, "index": listed.index}
    return [_words(LISTED, language, facts)]


def refusal_lines(report: RefusalReport, language: str) -> list[str]:
    """Write a report on a refused row for people: what it says, the checks, the end."""
    refusal = report.refusal
    facts: dict[str, object] = {
        "issuer": refusal.issuer, "row": refusal.row, "codes": ", ".join(refusal.codes),
    }  # fmt: skip
    lines = [_words(REFUSAL, language, facts), *_listed_lines(report.listed, language)]
    checks = {**LISTED_CHECKS, **CHECKS}
    lines += ["", *finding_lines(report.findings, language, checks, FAULTS)]
    end = END_FAILED if report.failed else END_GOOD
    return [*lines, "", _words(end, language, {"failed": len(report.failed), "undisclosed": 0})]


def proof_lines(report: ProofReport, language: str) -> list[str]:
    """Write a report on a proof for people: what was credited, the checks, the limits, the end."""
    proof = report.proof
    lines = [_words(PROOF_BRIEF, language, {"issuer": proof.issuer, "made_at": proof.made_at})]
    lines += [_words(MOVED, language, _moved(entry)) for entry in proof.entries]
    lines += ["", *finding_lines(report.findings, language, {**PROOF_CHECKS, **CHECKS}, FAULTS)]
    lines += ["", _words(PROOF_LIMITS_TITLE, language, {})]
    made_at = {"made_at": proof.made_at}
    lines += [f"- {_words(words, language, made_at)}" for words in PROOF_LIMITS]
    end = END_FAILED if report.failed else END_GOOD
    facts = {"failed": len(report.failed), "undisclosed": _undisclosed_count(report)}
    return [*lines, "", _words(end, language, facts)]


def shown_lines(report: ShownReport, language: str) -> list[str]:
    """Write a report on a verdict shown in part: what is shown, the checks, the limits, the end."""
    said = report.shown
    brief = {
        "number": said.number, "issuer": said.issuer, "issued": _issued(said.issued_at),
        "scheme": said.scheme,
    }  # fmt: skip
    lines = [_words(SHOWN_BRIEF, language, brief)]
    lines += [f"{name}: {_shown(_compact(report.members[name]))}" for name in report.members]
    lines += [_shown(_compact(each)) for each in report.lines]
    words = {**CHECKS, **SHOWN_CHECKS}
    lines += ["", *finding_lines(report.findings, language, words, FAULTS)]
    lines += ["", _words(LIMITS_TITLE, language, {})]
    lines += [f"- {_words(each, language, {})}" for each in SHOWN_LIMITS]
    end = END_FAILED if report.failed else END_GOOD
    undisclosed = sum(each.state is State.NOT_DISCLOSED for each in report.findings)
    facts = {"failed": len(report.failed), "undisclosed": undisclosed}
    return [*lines, "", _words(end, language, facts)]


def predicate_lines(report: PredicateReport, language: str) -> list[str]:
    """Write a report on a bare yes or no for people: the claim, the checks, the limits, the end."""
    said = report.predicate
    brief = {
        "number": said.number, "issuer": said.issuer, "answer": said.answer,
        "issued": _issued(said.issued_at),
    }  # fmt: skip
    lines = [_words(PREDICATE_BRIEF, language, brief), _shown(said.words[language])]
    lines += [_words(CLAIMED, language, {"question": _compact(said.question)})]
    lines += [_words(REASON, language, _texts(reason)) for reason in said.reasons]
    words = {**PREDICATE_CHECKS, **PROOF_CHECKS, **CHECKS, **PREDICATE_NAMES}
    lines += ["", *finding_lines(report.findings, language, words, FAULTS)]
    lines += ["", _words(LIMITS_TITLE, language, {})]
    lines += [f"- {_words(each, language, {})}" for each in PREDICATE_LIMITS]
    end = END_FAILED if report.failed else END_GOOD
    facts = {"failed": len(report.failed), "undisclosed": _undisclosed_count(report)}
    return [*lines, "", _words(end, language, facts)]


def _moved(entry: Entry) -> dict[str, object]:
    try:
        movement = read_movement(entry.body)
    except UnreadableError:
        return dict.fromkeys(("kind", "hours", "year", "subject", "scheme", "occasion"), "?") | {
            "recorded_at": "?", "origin": entry.origin, "index": entry.index,
        }  # fmt: skip
    whole, part = divmod(movement.centihours, 100)
    return {
        "kind": movement.kind,
        "hours": f"{whole}.{part:02d}",
        "year": movement.year,
        "subject": movement.subject,
        "scheme": movement.scheme,
        "occasion": movement.occasion,
        "recorded_at": movement.recorded_at,
        "origin": entry.origin,
        "index": entry.index,
    }


def _undisclosed_count(report: Report | ProofReport | PredicateReport) -> int:
    return sum(finding.state is State.NOT_DISCLOSED for finding in report.findings)


def _issued(issued_at: int) -> str:
    try:
        return datetime.fromtimestamp(issued_at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return str(issued_at)


def _brief(verdict: Verdict) -> dict[str, object]:
    issued = _issued(verdict.issued_at)
    return {
        "number": verdict.number,
        "issuer": verdict.issuer,
        "issued": issued,
        "outcome": verdict.outcome,
        "scheme": verdict.scheme,
        "day": verdict.application_day,
        "kind": verdict.document_kind,
        "last_four": verdict.last_four,
        "level": verdict.level,
    }


def finding_lines(
    findings: Iterable[Finding],
    language: str,
    checks: Mapping[str, tuple[str, str]],
    faults: Mapping[str, tuple[str, str]],
) -> list[str]:
    """Write each finding for people, in the words of its check and of its fault."""
    lines = []
    for finding in findings:
        state = _words(STATE_WORDS[finding.state], language, {})
        line = f"[{state}] {_words(checks[finding.check], language, {})} ({finding.check})"
        about = finding.facts.get("origin") if finding.check.startswith("head-") else None
        if about:
            line += f" {_shown(about)}"
        if finding.code:
            line += f": {_words(faults[finding.code], language, finding.facts)}"
        lines.append(line)
    return lines


def _limits(verdict: Verdict, language: str) -> list[str]:
    """What a good signature does not show, said for this very verdict."""
    lines = [_words(words, language, {}) for words in LIMITS]
    if verdict.stated in ({}, [], ""):
        lines.append(_words(NOTHING_STATED, language, {}))
    else:
        lines.append(_words(STATED, language, {"stated": _compact(verdict.stated)}))
    if verdict.exemption is not None:
        facts = {"number": verdict.exemption.number, "day": verdict.exemption.expires_on}
        lines.append(_words(EXEMPTED, language, facts))
    elif verdict.pathway is not None:
        lines.append(_words(FREED_BY, language, _freed_by(verdict.pathway)))
    if not verdict.assumptions:
        lines.append(_words(NOTHING_ASSUMED, language, {}))
    lines += [_words(ASSUMED, language, _texts(assumption)) for assumption in verdict.assumptions]
    lines.append(_words(NOT_COUNTED, language, _time_facts(verdict)))
    if verdict.as_of:
        lines.append(_words(AS_OF, language, {"as_of": verdict.as_of}))
    if verdict.worked_out:
        lines.append(_words(WORKED_OUT, language, {"count": len(verdict.worked_out)}))
    if verdict.entries is None:
        lines.append(_words(NOT_RECOMPUTED, language, {"level": verdict.level}))
    if verdict.supersedes:
        lines.append(_words(SUPERSEDES, language, {"number": verdict.supersedes}))
    return lines


def _freed_by(pathway: Pathway) -> dict[str, object]:
    return {
        "name": pathway.name,
        "effect": pathway.effect,
        "stated": _compact(pathway.stated),
        "evidence": _compact(pathway.evidence),
    }


def _time_facts(verdict: Verdict) -> dict[str, object]:
    return {"known_at": verdict.known_at, "pending": _compact(verdict.pending)}


def _texts(value: Json) -> dict[str, str]:
    return {name: _compact(part) for name, part in _object(value, "").items()}


def _compact(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _words(words: tuple[str, str], language: str, facts: Mapping[str, object]) -> str:
    shown = {name: _shown(fact) for name, fact in facts.items()}
    return words[language == "en"].format_map(shown)


def _shown(fact: object) -> str:
    """Make foreign text fit for a terminal: no control or direction characters, no floods."""
    text = str(fact)[:SHOWN_CHARACTERS_MAX]
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


STATE_WORDS = {
    State.OK: ("通过", "ok"),
    State.FAILED: ("失败", "failed"),
    State.NOT_DISCLOSED: ("未披露", "not disclosed"),
}

CHECKS = {
    "header": ("签名头 typ、alg、kid", "header typ, alg, kid"),
    "key": ("签名公钥", "signing key"),
    "signature": ("核验结论签名", "signature"),
    "members": ("成员与格式、披露级别相符", "members fit format and level"),
    "register": ("登记册所载与结论相符", "what the register tells fits the outcome"),
    "packs": ("规则包链", "pack chain"),
    "heads": ("日志树头", "heads of logs"),
    "head-key": ("日志公钥", "key of log"),
    "head-signature": ("检查点签名", "checkpoint signature"),
    "head-content": ("检查点内容与树头一致", "checkpoint equals head"),
    "commitment": ("当事人承诺值", "commitment to the subject"),
    "leaves": ("分录叶值", "leaves"),
    "facts": ("事实摘要", "facts digests"),
    "bodies": ("分录格式、方案与时间", "form, scheme and time of entries"),
    "movements": ("分录前后相符", "movements fit their credits"),
    "inclusion": ("包含证明", "inclusion proofs"),
    "record-count": ("记录条数", "number of entries"),
    "record-digest": ("记录摘要", "record digest"),
    "export": ("本人导出与记录摘要一致", "export equals record digest"),
    "sums": ("学时合计", "sums of hours"),
    "requirement": ("要求逐项", "requirement, line by line"),
    "outcome": ("结论", "outcome"),
}

#: Of a list that is signed as a whole alone.
LISTED_CHECKS = {
    "place": ("在名单树中的位置", "place in the tree of the list"),
    "list": ("名单与树根相符", "list and root belong together"),
}

#: Of a proof alone.
PROOF_CHECKS = {
    "published-keys": ("日志公钥与学时银行公布的一致", "keys of logs are those the bank lists"),
    "one-credit": ("只有一笔认定及其后续分录", "one credit and what was done to it"),
}

#: Of a verdict shown in part alone.
SHOWN_CHECKS = {"disclosures": ("所披露各项的摘要", "digests of what is disclosed")}
#: Of a predicate alone; what is called otherwise than of a verdict.
PREDICATE_CHECKS = {
    "claim": ("所问与答复相符", "claim and answer fit"),
    "binding": ("绑定的人或查验码", "whom or what it is bound to"),
}
PREDICATE_NAMES = {
    "signature": ("是否答复的签名", "signature"),
    "members": ("成员与格式相符", "members fit the format"),
}

FAULTS = {
    "place-other": (
        "内容不在名单树的第 {index} 项（共 {size} 项）：内容、位置、证明或树根与签名时不同",
        "not leaf {index} of the {size} of this tree: content, place, proof or root is another",
    ),
    "list-other": ("树根属于 {found}，应为 {wanted}", "the root is of {found}, wanted {wanted}"),
    "tree-other": (
        "不是 creditbank/verdict-tree/v1：{found}",
        "not creditbank/verdict-tree/v1: {found}",
    ),
    "header-typ": ("typ 不是核验结论或名单树：{found}", "typ is not the one wanted: {found}"),
    "disclosure-algorithm": ("不认可的摘要算法：{found}", "digest not accepted: {found}"),
    "disclosure-twice": ("有一项披露两次", "something is disclosed twice"),
    "disclosure-other": (
        "有一项披露不在签名的摘要之中",
        "a disclosure has no digest among those that were signed",
    ),
    "answer-unknown": ("未知答复：{found}", "unknown answer: {found}"),
    "claim-form": ("年份、学时或计算方式不合格式", "years, hours or per are malformed"),
    "claim-reasons": (
        "答复 {found} 与理由不符：只有 undetermined 才有理由",
        "reasons stand with undetermined alone, not with {found}",
    ),
    "claim-right": ("查询依据 {found} 与所问不符", "the right {found} does not fit the question"),
    "binding-kind": (
        "绑定于 {found}，给出的是 {wanted}",
        "bound to {found}, and {wanted} was given",
    ),
    "binding-other": (
        "摘要不是此人（或此查验码）的，或核对密钥不对",
        "the digest is not of this person (or code), or the nonce is another's",
    ),
    "header-alg": ("不认可的算法：{found}", "algorithm not accepted: {found}"),
    "header-kid": ("缺少 kid", "kid is missing"),
    "header-extra": ("签名头含有格式以外的成员：{found}", "header has other members: {found}"),
    "key-count": (
        "公钥集中与 kid 相符的公钥有 {found} 把，应为 1 把",
        "{found} keys of the set have this kid, wanted 1",
    ),
    "key-algorithm": ("公钥与签名算法不符", "the key does not fit the algorithm"),
    "key-use": ("该公钥不用于签名", "the key is not for signatures"),
    "key-form": ("公钥坐标有误", "a coordinate of the key is malformed"),
    "signature-bad": ("签名不成立", "the signature does not hold"),
    "members-unknown": ("格式或该披露级别没有的成员：{found}", "unknown members: {found}"),
    "packs-form": ("规则包链格式有误或为空", "the pack chain is malformed or empty"),
    "packs-own": (
        "链首为 {found}，所问方案为 {wanted}",
        "the chain begins with {found}, the question is about {wanted}",
    ),
    "heads-missing": ("有分录却没有树头", "there are entries but no head"),
    "heads-repeated": ("同一日志出现两个树头", "one log has two heads"),
    "no-heads-no-entries": ("没有分录，也没有引用日志", "no entries and no log cited"),
    "vkey-form": ("vkey 格式有误", "the vkey is malformed"),
    "vkey-name": ("vkey 名称 {found} 不是日志 origin", "vkey name {found} is not the origin"),
    "vkey-id": ("vkey 的密钥编号与公钥不符", "the key id does not follow from name and key"),
    "note-form": ("检查点不是规范的签名便笺", "the checkpoint is not a well-formed signed note"),
    "note-unsigned": ("检查点没有该日志公钥的签名", "the key of the log did not sign it"),
    "note-signature": ("检查点签名不成立", "the signature of the checkpoint does not hold"),
    "checkpoint-origin": ("检查点的 origin 为 {found}", "the checkpoint's origin is {found}"),
    "checkpoint-size": (
        "检查点大小为 {found}，树头为 {wanted}",
        "the checkpoint's size is {found}, the head says {wanted}",
    ),
    "checkpoint-root": ("检查点树根与树头不符", "the checkpoint's root is not the head's"),
    "no-logs-given": (
        "未提供 --logs，日志公钥取自证明本身",
        "without --logs the keys of the logs are those in the proof itself",
    ),
    "no-jwks": ("核对核验结论需要 --jwks", "a verdict is checked with --jwks"),
    "key-unpublished": (
        "学时银行公布的清单中没有 {origin} 的这把公钥",
        "the bank's list has no such key of {origin}",
    ),
    "not-one-credit": (
        "证明应以一笔认定开头且只含这一笔，实有 {found} 笔",
        "a proof begins with its one credit, here are {found}",
    ),
    "proof-other": ("不是 creditbank/proof/v1：{found}", "not creditbank/proof/v1: {found}"),
    "no-subject-given": (
        "未提供 --subject，未核对当事人身份",
        "without --subject it was not checked whom this is about",
    ),
    "commitment-other": (
        "与所给证件类型、号码、姓名不符",
        "it is not about the kind, number and name that were given",
    ),
    "commitment-shown": (
        "载明的证件类型或末四位与当事人不符",
        "document kind or last four are not those of the subject",
    ),
    "no-entries": ("该披露级别不含分录", "this level of disclosure holds no entries"),
    "no-export": (
        "该披露级别不含分录；持本人导出者可用 --export 核对",
        "no entries at this level; whoever holds the person's export can give --export",
    ),
    "no-summary": ("该披露级别只给出结论", "this level of disclosure gives the outcome only"),
    "outcome-not-derived": (
        "此类结论不能由要求逐项推出，理由见 reasons",
        "such an outcome does not follow from the requirement; see its reasons",
    ),
    "leaf-other": ("第 {number} 条的叶值与盐、内容不符", "leaf of entry {number} is another"),
    "facts-misplaced": ("第 {number} 条不应有事实", "entry {number} must not carry facts"),
    "facts-other": ("第 {number} 条的事实与摘要不符", "facts of entry {number} are others"),
    "body-form": (
        "第 {number} 条第 {where} 项有误，应为 {wanted}",
        "entry {number}: element {where} is malformed, wanted {wanted}",
    ),
    "body-canonical": ("第 {number} 条没有规范 JSON", "entry {number} has no canonical JSON"),
    "body-scheme": (
        "第 {number} 条属于方案 {found}，不是所问方案",
        "entry {number} is of scheme {found}, which was not asked about",
    ),
    "body-late": (
        "第 {number} 条记录于 known_at 之后",
        "entry {number} was recorded after known_at",
    ),
    "movement-target": (
        "第 {number} 条所指的认定不在记录中",
        "the credit that entry {number} acts on is not in the record",
    ),
    "movement-differs": (
        "第 {number} 条与其认定的相同各项不一致",
        "entry {number} does not repeat its credit",
    ),
    "movement-reverse": (
        "第 {number} 条冲正的方向或学时与其认定不符",
        "entry {number} does not reverse its credit exactly",
    ),
    "movement-steps": (
        "{kind} 的序号不连续，记录缺少或重复了分录",
        "steps of {kind} have a gap or a repeat: entries are missing or repeated",
    ),
    "movement-revision": (
        "{occasion} 重新认定，但记录中没有前一次的冲正",
        "{occasion} was credited again without a reversal in the record",
    ),
    "inclusion-head": (
        "第 {number} 条的日志没有树头：{origin}",
        "entry {number}: no head of {origin}",
    ),
    "inclusion-proof": (
        "第 {number} 条的包含证明不成立",
        "inclusion proof of entry {number} fails",
    ),
    "inclusion-year": (
        "第 {number} 条所在日志的年份早于记录年份",
        "entry {number} stands in a log of a year before it was recorded",
    ),
    "record-repeated": ("同一分录出现两次", "one entry stands there twice"),
    "record-count": ("共 {found} 条，载明 {wanted} 条", "{found} entries, {wanted} stated"),
    "record-digest": ("记录摘要与这些分录不符", "the digest is not that of these entries"),
    "body-after": (
        "第 {number} 条取得于 {found}，在所问截止日之后",
        "entry {number} was earned on {found}, after the day asked for",
    ),
    "worked-out-target": (
        "第 {number} 项推算所指的认定不在记录中，或已冲正、冻结、重复",
        "difference {number} is on a credit that is not in the record, is reversed or frozen, or "
        "stands there twice",
    ),
    "worked-out-other": (
        "第 {number} 项推算与各项上限之和不符",
        "difference {number} does not follow from the sum of its cuts",
    ),
    "sums-repeated": ("同一年度、科目列了两次", "one year and subject is listed twice"),
    "sums-negative": (
        "{year} 年 {subject} 有账户为负",
        "an account of {subject} in {year} is below zero",
    ),
    "sums-differ": (
        "{year} 年 {subject} 的合计与分录不符",
        "the sums of {subject} in {year} do not follow from the entries",
    ),
    "requirement-span": ("第 {number} 项的起止年份颠倒", "line {number} ends before it begins"),
    "requirement-credited": (
        "第 {number} 项的已有学时与 credited 不符",
        "line {number}: credited hours do not follow",
    ),
    "requirement-carried": (
        "第 {number} 项结转的学时多于此前年度所有",
        "line {number}: more hours are carried than earlier years have",
    ),
    "requirement-capped": (
        "第 {number} 项超出上限的学时与 credited 不符",
        "line {number}: hours above a cap do not follow",
    ),
    "requirement-short": ("第 {number} 项的差额有误", "line {number}: shortfall does not follow"),
    "requirement-met": ("第 {number} 项的达标与否有误", "line {number}: met does not follow"),
    "outcome-pathway": (
        "结论 {found} 与所载途径不符：应为所申请的途径及其效果",
        "outcome {found} does not fit its pathway: it must be the one asked for, with its effect",
    ),
    "register-facts": (
        "登记册所载事实为空或重复：{found}",
        "the register's facts are none, or told twice: {found}",
    ),
    "register-stated": (
        "登记册一行所记查询方陈述与问题不符：{found}",
        "what was stated is told otherwise than in the question: {found}",
    ),
    "register-exemption": (
        "免除登记与途径、结论或事实不符：{found}",
        "the exemption does not fit pathway, outcome or facts: {found}",
    ),
    "register-expired": (
        "免除登记在申报日已到期：{found}",
        "the exemption was over on the day of the application: {found}",
    ),
    "outcome-unknown": ("未知结论：{found}", "unknown outcome: {found}"),
    "outcome-other": (
        "结论 {found} 不能由要求逐项推出",
        "outcome {found} does not follow from the requirement",
    ),
    "too-large": ("{what} 超过 {bytes} 字节", "{what} is larger than {bytes} bytes"),
    "too-many": ("{what} 超过 {most} 项", "{what} has more than {most} items"),
    "file": ("打不开 {what}：{error}", "cannot open {what}: {error}"),
    "token-form": ("核验结论不是紧凑 JWS", "the verdict is not a compact JWS"),
    "base64-form": ("base64 编码有误", "malformed base64"),
    "json-form": (
        "{what} 不是规范的 JSON（UTF-8、键不重复、嵌套不过深）",
        "{what} is not proper JSON (UTF-8, no repeated keys, no deep nesting)",
    ),
    "statement-other": (
        "不是 creditbank/verdict/v1 或 v2：{found}",
        "not creditbank/verdict/v1 or v2: {found}",
    ),
    "level-unknown": ("未知披露级别：{found}", "unknown level of disclosure: {found}"),
    "member-missing": ("{where} 缺少成员 {name}", "{where} has no member {name}"),
    "wrong-type": ("{where} 应为 {wanted}", "{where} must be {wanted}"),
}

BRIEF = (
    "核验结论 {number}，{issuer} 于 {issued} 出具：方案 {scheme}，申报日 {day}，"
    "证件 {kind} 末四位 {last_four}，结论 {outcome}，披露级别 {level}",
    "Verdict {number} by {issuer} of {issued}: scheme {scheme}, application day {day}, "
    "{kind} ending in {last_four}, outcome {outcome}, level {level}",
)
LISTED = (
    "与名单 {list} 全部 {size} 行一并签名，为其中第 {index} 项（自 0 起）",
    "Signed with all {size} rows of list {list}, as item {index} (from 0)",
)
REFUSAL = (
    "{issuer} 未作答复：名单第 {row} 行，原因 {codes}",
    "No answer by {issuer}: row {row} of the list, because: {codes}",
)
REASON = ("理由：{zh} ({code})", "Reason: {en} ({code})")
LIMITS_TITLE = ("签名不能说明的：", "What a signature alone does not show:")
LIMITS = (
    (
        "签名只说明该公钥的持有者出具过此结论；公钥集是否确属该学时银行，须自行从其官方网址取得。",
        "It shows that the holder of the key said this; whether the key set is the bank's own "
        "depends on where you took it from.",
    ),
    (
        "日志公钥取自结论本身，请与该行 /api/v1/logs 公布的 vkey 比对。",
        "The keys of the logs are those in the verdict; compare them with /api/v1/logs.",
    ),
    (
        "记录是否完整（没有遗漏分录），只有当事人持本人导出才能确认。",
        "Whether the record is complete can be confirmed only with the person's own export.",
    ),
    (
        "应达学时取自所引规则包，本工具不读取规则包，也不核对所引条款原文。",
        "Required hours come from the cited packs; packs and quoted clauses are not read here.",
    ),
)
SHOWN_BRIEF = (
    "部分披露的核验结论 {number}，{issuer} 于 {issued} 出具：方案 {scheme}；所披露的如下",
    "Verdict {number} shown in part, by {issuer} of {issued}: scheme {scheme}; it shows",
)
SHOWN_LIMITS = (
    LIMITS[0],
    (
        "只能说明所披露各项属实；未披露的年度、科目可能有也可能没有，不能推断。",
        "What is shown is true, not complete: nothing follows of years and subjects not shown.",
    ),
)
PREDICATE_BRIEF = (
    "是否答复 {number}，{issuer} 于 {issued} 出具：{answer}",
    "Predicate {number} by {issuer} of {issued}: {answer}",
)
CLAIMED = ("所问（以此为准）：{question}", "Claimed (this counts): {question}")
PREDICATE_LIMITS = (
    LIMITS[0],
    (
        "它不含姓名、证件号码、学时数和记录，不能由此复算；说的是谁，只有持核对密钥的查询方能证明。",
        "It holds no name, number, figure or record, so nothing can be recomputed; whom it is "
        "about only the asker, who has the nonce, can show.",
    ),
    (
        "所列日志树头只说明答复不早于该检查点；其中是否有此人的学时，它不说明。",
        "The head shows only that the answer is no older than it; whether hours of this person "
        "stand in that log it does not tell.",
    ),
)
PROOF_BRIEF = (
    "学时证明，{issuer} 于 {made_at} 制作：",
    "Proof of hours, made by {issuer} at {made_at}:",
)
MOVED = (
    "{kind} {hours} 学时，{year} 年，{subject}，方案 {scheme}，{occasion}，记录于 {recorded_at}，"
    "日志 {origin} 第 {index} 项",
    "{kind} {hours} hours, {year}, {subject}, scheme {scheme}, {occasion}, recorded at "
    "{recorded_at}, log {origin} index {index}",
)
PROOF_LIMITS_TITLE = ("证明不能说明的：", "What the proof does not show:")
PROOF_LIMITS = (
    (
        "证明不含姓名和证件号码，不能说明是谁的学时；持有文件的人才知道其中内容。",
        "It holds no name and no number, so it does not show whose hours these are.",
    ),
    (
        "它证明所列分录确已记入日志；未列入的，以及 {made_at} 之后的冲正、封顶，它不能排除。"
        "现在是否计入，以学时银行的答复为准。",
        "It shows that these entries are in the log. Movements that were left out of it, or came "
        "after {made_at}, it cannot rule out: whether the hours count now, the bank answers.",
    ),
    (
        "折算是否合乎规则，须对照事实和所引规则包；本工具不读取规则包。",
        "Whether the hours follow from the facts is for whoever reads the cited packs.",
    ),
)
STATED = (
    "以下事实由查询方自述，学时银行未核对：{stated}",
    "These facts were stated by the asker and not checked by the bank: {stated}",
)
FREED_BY = (
    "所适用途径 {name}（{effect}）依据上述自述事实 {stated}；应留存的证明：{evidence}。",
    "The pathway {name} ({effect}) rests on these stated facts: {stated}; papers to be kept: "
    "{evidence}.",
)
EXEMPTED = (
    "免除登记 {number}（有效至 {day}）及其事实由学时银行的登记册提供，以学时银行的签名为准。",
    "The exemption {number} (through {day}) and its facts come from the bank's register and are "
    "the bank's word.",
)
NOTHING_STATED = ("查询方没有自述事实。", "The asker stated no facts.")
ASSUMED = (
    "假设（无文件依据）：{scheme} {key} = {value}，理由：{reason}",
    "Assumption that no source states: {scheme} {key} = {value}, because: {reason_en}",
)
NOTHING_ASSUMED = ("结论没有使用假设。", "The verdict rests on no assumption.")
NOT_COUNTED = (
    "只计入截至 {known_at} 已封存的分录；当时另有未封存、未计入的分录：{pending}。",
    "Only entries sealed up to {known_at} count; not sealed and so not counted: {pending}.",
)
AS_OF = (
    "只计 {as_of} 及以前取得的学时；记录、合计都不含以后取得的学时。",
    "Only hours earned by {as_of} count; neither record nor sums have any that were earned later.",
)
WORKED_OUT = (
    "有 {count} 项是按截止日重算上限得出的推算，没有分录可查，以学时银行的签名为准。",
    "{count} differences were worked out by caps over just these hours: no entry shows them, they "
    "are the bank's word.",
)
NOT_RECOMPUTED = (
    "披露级别为 {level}，学时与结论没有逐条分录可供复算。",
    "At level {level} the verdict itself holds no entries to recompute hours and outcome from.",
)
SUPERSEDES = ("本结论取代 {number}。", "This verdict supersedes {number}.")
END_GOOD = (
    "完成：没有失败的检查，{undisclosed} 项未披露。",
    "Done: no check failed, {undisclosed} not disclosed.",
)
END_FAILED = (
    "不可采信：{failed} 项检查失败，{undisclosed} 项未披露。",
    "Do not rely on it: {failed} checks failed, {undisclosed} not disclosed.",
)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="check_verdict.py",
        description="离线核对核验结论或学时证明 / check a verdict or a proof of hours offline",
    )
    parser.add_argument(
        "document", metavar="VERDICT|PREDICATE|PROOF", help="compact JWS or JSON, - = stdin"
    )
    parser.add_argument("--jwks", help="JWK Set; wanted for a verdict or predicate")
    parser.add_argument("--logs", help='{"logs": […]}')
    parser.add_argument("--subject", help='{"kind": …, "number": …, "name": …, "nonce": …}')
    parser.add_argument("--export", help='{"entries": […]}')
    parser.add_argument("--language", choices=("zh", "en"), default="zh")
    return parser.parse_args(arguments)


def _read_if_given(name: str | None, bytes_max: int) -> bytes | None:
    return None if name is None else _read(name, bytes_max)


def _read(name: str, bytes_max: int) -> bytes:
    try:
        if name == "-":
            raw = sys.stdin.buffer.read(bytes_max + 1)
        else:
            with Path(name).open("rb") as file:
                raw = file.read(bytes_max + 1)
    except (OSError, ValueError) as error:
        raise UnreadableError("file", what=name, error=error) from error
    if len(raw) > bytes_max:
        raise UnreadableError("too-large", what=name, bytes=bytes_max)
    return raw


if __name__ == "__main__":
    sys.exit(main())
