"""Signed statements about a log (C2SP signed-note, tlog-checkpoint, tlog-proof), written and read.

What is read is trusted only after a known key's signature held; each form has exactly one spelling,
and any other is refused with the line on which reading stopped.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from creditbank.errors import CreditBankError
from creditbank.ledger.merkle import HASH_BYTES, PROOF_HASHES_MAX, inclusion_holds

SIGNATURES_MAX = 64
#: Room for 64 post-quantum signatures of five kilobytes each, in base64.
NOTE_BYTES_MAX = 512 * 1024
#: Sizes and positions stay within what other people's verifiers hold in a signed 64-bit integer.
SIZE_MAX = 2**63 - 1

_ED25519 = b"\x01"
_KEY_BYTES = 32
_KEY_ID_BYTES = 4
_SIGNATURE_MARK = "— "
_PROOF_MAGIC = "c2sp.org/tlog-proof@v1"
_CHECKPOINT_LINES = 3
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
#: Control characters but the newline, and the halves of characters that UTF-8 cannot write.
_NEVER = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")
_NEVER_IN_NAME = re.compile(r"[\s+\x00-\x1f\ud800-\udfff]")


class KeyNameInvalidError(CreditBankError):
    """A key's name is empty or has a space, a plus sign or a control character."""

    code = "key-name-invalid"
    status = 422


class VerifierKeyInvalidError(CreditBankError):
    """A text is not an Ed25519 verifier key, name+id+key."""

    code = "verifier-key-invalid"
    status = 422


class NoteMalformedError(CreditBankError):
    """A text does not have the form of a signed note."""

    code = "signed-note-malformed"
    status = 422


class NoteSignatureWrongError(CreditBankError):
    """A signature that claims to be by a known key is not; the whole note is worth nothing."""

    code = "note-signature-wrong"
    status = 422


class NoteSignerUnknownError(CreditBankError):
    """Nobody whose key is known signed the note."""

    code = "note-signer-unknown"
    status = 422


class CheckpointMalformedError(CreditBankError):
    """A note's text is not a checkpoint: origin, size and root on three lines."""

    code = "checkpoint-malformed"
    status = 422


class CheckpointSignerForeignError(CreditBankError):
    """A checkpoint carries signatures of known keys, but none by the log that it speaks of."""

    code = "checkpoint-signer-foreign"
    status = 422


class TlogProofMalformedError(CreditBankError):
    """A text does not have the form of a transparency log proof."""

    code = "tlog-proof-malformed"
    status = 422


class TlogProofFailsError(CreditBankError):
    """The proof does not lead from the leaf to the root that the log signed."""

    code = "tlog-proof-fails"
    status = 422


@dataclass(frozen=True, slots=True)
class NoteKey:
    """An Ed25519 key that signs notes under a name; a log's key bears the log's origin.

    `public_bytes` are the 32 bytes of RFC 8032.

    Raises:
        KeyNameInvalidError: the name is empty or has a space, a plus sign or a control character.
    """

    name: str
    public_bytes: bytes

    def __post_init__(self) -> None:
        if not _name_valid(self.name):
            raise KeyNameInvalidError(found=self.name[:60])

    @classmethod
    def of(cls, name: str, public_key: Ed25519PublicKey) -> "NoteKey":
        """Take the key of the cryptography library."""
        return cls(name, public_key.public_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> "NoteKey":
        """Read a verifier key.

        Raises:
            VerifierKeyInvalidError: other forms and key types, or an id that is not the key's.
        """
        name, _, key_base64 = (*text.split("+", 2), "", "")[:3]
        encoded = _base64_bytes(key_base64)
        if not _name_valid(name) or encoded is None:
            raise VerifierKeyInvalidError(found=text[:120])
        key = cls(name, encoded[1:])
        if len(key.public_bytes) != _KEY_BYTES or key.vkey != text:  # also another type or id
            raise VerifierKeyInvalidError(found=text[:120])
        return key

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256(name ‖ LF ‖ 0x01 ‖ key)."""
        named = self.name.encode() + b"\n" + _ED25519 + self.public_bytes
        return hashlib.sha256(named).digest()[:_KEY_ID_BYTES]

    @property
    def vkey(self) -> str:
        """The verifier key as text: name+hex(id)+base64(0x01 ‖ key)."""
        return f"{self.name}+{self.key_id.hex()}+{_base64_text(_ED25519 + self.public_bytes)}"

    def verifies(self, text: str, signature: bytes) -> bool:
        """Tell whether this key made the signature over the text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_bytes).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """A note that at least one known key signed: its text, and the names that were verified."""

    text: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's claim: under this origin there are `size` leaves, and this 32-byte root."""

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        """Return the text that is signed: three lines."""
        return f"{self.origin}\n{self.size}\n{_base64_text(self.root)}\n"


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A proof as it travels: the leaf's position, hashes from its sibling up, a signed checkpoint.

    `extra` belongs to the application and is covered by no signature.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint_note: str
    extra: bytes | None = None


@dataclass(frozen=True, slots=True)
class ProvenLeaf:
    """What a proof that held has shown: the leaf is at `index` under this signed checkpoint."""

    index: int
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class _Signature:
    name: str
    key_id: bytes
    signature: bytes


def vkey(name: str, public_key: Ed25519PublicKey) -> str:
    """Return the verifier key that people are given to check this signer's notes.

    Raises:
        KeyNameInvalidError: the name cannot be a key's.
    """
    return NoteKey.of(name, public_key).vkey


def sign_note(text: str, name: str, private_key: Ed25519PrivateKey) -> str:
    """Return the text with its signature.

    Raises:
        KeyNameInvalidError: the name cannot be a key's.
        NoteMalformedError: the text does not end its last line, or has a control character.
    """
    _check_characters(text)
    if not text.endswith("\n"):
        raise NoteMalformedError(line_no=_line_count(text))
    return f"{text}\n{signature_line(text, name, private_key)}"


def signature_line(text: str, name: str, private_key: Ed25519PrivateKey) -> str:
    """Return one line to put under a note: a second key of the same signer, while keys change.

    Raises:
        KeyNameInvalidError: the name cannot be a key's.
    """
    key = NoteKey.of(name, private_key.public_key())
    return f"{_SIGNATURE_MARK}{name} {_base64_text(key.key_id + private_key.sign(text.encode()))}\n"


def open_note(note: str | bytes, vkeys: Iterable[str]) -> OpenedNote:
    """Check a signed note against the keys that the reader knows.

    Signatures by other keys are passed over, whatever their type.

    Raises:
        NoteMalformedError: not UTF-8, a control character, no signatures or more than 64, or too
            long.
        NoteSignatureWrongError: a known key's signature does not hold, even beside one that does.
        NoteSignerUnknownError: no signature is by a known key.
        VerifierKeyInvalidError: one of the keys given is not a verifier key.
    """
    known = {(key.name, key.key_id): key for key in map(NoteKey.parse, vkeys)}
    text, signatures = _split_note(note)
    names: list[str] = []
    for each in signatures:
        key = known.get((each.name, each.key_id))
        if key is None:
            continue
        if not key.verifies(text, each.signature):
            raise NoteSignatureWrongError(key_name=key.name)
        names.append(key.name)
    if not names:
        raise NoteSignerUnknownError(key_names=[each.name for each in signatures])
    return OpenedNote(text, tuple(dict.fromkeys(names)))


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint; extension lines are refused, as our logs never write any.

    Raises:
        CheckpointMalformedError: any text that `Checkpoint.body` does not write.
    """
    lines = text.split("\n")
    if len(lines) != _CHECKPOINT_LINES + 1 or lines[-1]:
        raise CheckpointMalformedError(line_no=min(len(lines), _CHECKPOINT_LINES + 1))
    origin, size_text, root_text, _ = lines
    if not origin:
        raise CheckpointMalformedError(line_no=1)
    size = _decimal(size_text)
    if size is None:
        raise CheckpointMalformedError(line_no=2)
    root = _hash(root_text)
    if root is None:
        raise CheckpointMalformedError(line_no=3)
    return Checkpoint(origin, size, root)


def open_checkpoint(note: str | bytes, vkeys: Iterable[str]) -> Checkpoint:
    """Check a signed checkpoint; the log itself must have signed it, not only its witnesses.

    Raises:
        CheckpointSignerForeignError: none of the verified names is the origin.
        CheckpointMalformedError: the text is no checkpoint.
        NoteMalformedError, NoteSignatureWrongError, NoteSignerUnknownError,
            VerifierKeyInvalidError: see `open_note`.
    """
    opened = open_note(note, vkeys)
    checkpoint = parse_checkpoint(opened.text)
    if checkpoint.origin not in opened.names:
        raise CheckpointSignerForeignError(
            origin=checkpoint.origin[:120], key_names=list(opened.names)
        )
    return checkpoint


def tlog_proof(
    index: int, proof: Sequence[bytes], checkpoint_note: str, extra: bytes | None = None
) -> str:
    """Write a proof that can be checked offline with the log's verifier key alone.

    Args:
        index: the leaf's position, from 0.
        proof: hashes of `merkle.inclusion_proof` at the checkpoint's size.
        checkpoint_note: the signed checkpoint, verbatim.
        extra: opaque bytes that nothing signs; empty is the same as none.
    """
    lines = [_PROOF_MAGIC]
    if extra:
        lines.append(f"extra {_base64_text(extra)}")
    lines.append(f"index {index}")
    lines.extend(map(_base64_text, proof))
    return "\n".join(lines) + "\n\n" + checkpoint_note


def parse_tlog_proof(text: str) -> TlogProof:
    """Read a proof without judging it; `check_tlog_proof` judges.

    Raises:
        TlogProofMalformedError: any text that `tlog_proof` does not write before the checkpoint.
    """
    if len(text) > NOTE_BYTES_MAX:
        raise TlogProofMalformedError(line_no=_line_count(text))
    head, gap, checkpoint_note = text.partition("\n\n")
    magic, *lines = head.split("\n")
    if magic != _PROOF_MAGIC:
        raise TlogProofMalformedError(line_no=1)
    line_no, extra = 2, None
    if lines and lines[0].startswith("extra "):
        extra = _base64_bytes(lines.pop(0).removeprefix("extra "))
        if not extra:
            raise TlogProofMalformedError(line_no=line_no)
        line_no += 1
    word, _, index_text = lines.pop(0).partition(" ") if lines else ("", "", "")
    index = _decimal(index_text)
    if word != "index" or index is None:
        raise TlogProofMalformedError(line_no=line_no)
    hashes: list[bytes] = []
    for line in lines:
        line_no += 1
        found = _hash(line)
        if found is None or len(hashes) == PROOF_HASHES_MAX:
            raise TlogProofMalformedError(line_no=line_no)
        hashes.append(found)
    if not gap:
        raise TlogProofMalformedError(line_no=line_no + 1)
    return TlogProof(index, tuple(hashes), checkpoint_note, extra)


def check_tlog_proof(text: str, leaf: bytes, vkeys: Iterable[str]) -> ProvenLeaf:
    """Check offline that a log, whose key the reader knows, contains the leaf.

    The caller compares the origin with the log that it expected.

    Raises:
        TlogProofMalformedError: the text is no proof.
        TlogProofFailsError: the hashes do not lead from this leaf to the signed root.
        NoteMalformedError, NoteSignatureWrongError, NoteSignerUnknownError,
            CheckpointMalformedError, CheckpointSignerForeignError, VerifierKeyInvalidError: see
            `open_checkpoint`.
    """
    proof = parse_tlog_proof(text)
    checkpoint = open_checkpoint(proof.checkpoint_note, vkeys)
    if not inclusion_holds(leaf, proof.index, checkpoint.size, proof.hashes, checkpoint.root):
        raise TlogProofFailsError(index=proof.index, size=checkpoint.size)
    return ProvenLeaf(proof.index, checkpoint)


def _split_note(note: str | bytes) -> tuple[str, list[_Signature]]:
    if len(note) > NOTE_BYTES_MAX:
        raise NoteMalformedError(line_no=1)
    whole = note if isinstance(note, str) else _decoded(note)
    _check_characters(whole)
    text, gap, block = whole.rpartition("\n\n")
    if not gap or not block.endswith("\n"):
        raise NoteMalformedError(line_no=_line_count(whole))
    text += "\n"
    first_line_no = _line_count(text) + 2
    lines = block[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise NoteMalformedError(line_no=first_line_no + SIGNATURES_MAX)
    return text, [_signature(line, line_no) for line_no, line in enumerate(lines, first_line_no)]


def _signature(line: str, line_no: int) -> _Signature:
    name, _, signature_text = line.removeprefix(_SIGNATURE_MARK).partition(" ")
    payload = _base64_bytes(signature_text)
    if (
        not line.startswith(_SIGNATURE_MARK)
        or not _name_valid(name)
        or payload is None
        or len(payload) <= _KEY_ID_BYTES
    ):
        raise NoteMalformedError(line_no=line_no)
    return _Signature(name, payload[:_KEY_ID_BYTES], payload[_KEY_ID_BYTES:])


def _decoded(note: bytes) -> str:
    try:
        return note.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoteMalformedError(line_no=note.count(b"\n", 0, error.start) + 1) from None


def _check_characters(text: str) -> None:
    found = _NEVER.search(text)
    if found is not None:
        raise NoteMalformedError(line_no=text.count("\n", 0, found.start()) + 1)


def _name_valid(name: str) -> bool:
    return bool(name) and _NEVER_IN_NAME.search(name) is None


def _line_count(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n"))


def _decimal(text: str) -> int | None:
    if _DECIMAL.fullmatch(text) is None or int(text) > SIZE_MAX:
        return None
    return int(text)


def _hash(text: str) -> bytes | None:
    found = _base64_bytes(text)
    return found if found is not None and len(found) == HASH_BYTES else None


def _base64_text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _base64_bytes(text: str) -> bytes | None:
    """Return the bytes, or None where the text is not the one base64 spelling of them."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return raw if _base64_text(raw) == text else None
