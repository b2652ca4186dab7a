import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from creditbank import catalogue
from creditbank.errors import CreditBankError
from creditbank.ledger.checkpoint import (
    NOTE_BYTES_MAX,
    Checkpoint,
    CheckpointMalformedError,
    CheckpointSignerForeignError,
    KeyNameInvalidError,
    NoteKey,
    NoteMalformedError,
    NoteSignatureWrongError,
    NoteSignerUnknownError,
    ProvenLeaf,
    TlogProof,
    TlogProofFailsError,
    TlogProofMalformedError,
    VerifierKeyInvalidError,
    check_tlog_proof,
    open_checkpoint,
    open_note,
    parse_checkpoint,
    parse_tlog_proof,
    sign_note,
    signature_line,
    tlog_proof,
    vkey,
)
from tests.ledger.growing_log import grown

VECTOR = json.loads(
    (Path(__file__).parents[1] / "vectors" / "checkpoint.json").read_text(encoding="utf-8")
)
LOG = grown(300)
ORIGIN = "bank.example/ledger/cn-3710/2026"
LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NEXT_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
WITNESS_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(2, 34)))
WITNESS = "witness.example"
LOG_VKEY = vkey(ORIGIN, LOG_KEY.public_key())
WITNESS_VKEY = vkey(WITNESS, WITNESS_KEY.public_key())
CHECKPOINT = Checkpoint(ORIGIN, 300, LOG.roots[300])
NOTE = sign_note(CHECKPOINT.body(), ORIGIN, LOG_KEY)
PROOF = tlog_proof(255, LOG.inclusion_proof(255, 300), NOTE)


def payload_line(name: str, payload: bytes) -> str:
    return f"— {name} {base64.b64encode(payload).decode()}\n"


# Keys


def test_a_verifier_key_names_the_signer_and_is_read_back() -> None:
    key = NoteKey.parse(LOG_VKEY)

    assert key == NoteKey.of(ORIGIN, LOG_KEY.public_key())
    assert key.vkey == LOG_VKEY


def test_the_same_key_under_another_name_has_another_id() -> None:
    ids = {NoteKey.of(name, LOG_KEY.public_key()).key_id for name in (ORIGIN, WITNESS)}

    assert len(ids) == 2


@pytest.mark.parametrize(
    "name", ["", "a b", "a+b", "a\u3000b", "a\u2028b", "a\nb", "a\x01b", "a\ud800b"]
)
def test_a_name_that_would_break_a_line_cannot_be_a_keys(name: str) -> None:
    with pytest.raises(KeyNameInvalidError):
        vkey(name, LOG_KEY.public_key())
    with pytest.raises(KeyNameInvalidError):
        sign_note("text\n", name, LOG_KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ORIGIN,
        f"{ORIGIN}+26bc7e3e",
        LOG_VKEY + "=",
        LOG_VKEY + "\n",
        LOG_VKEY.replace("26bc7e3e", "26BC7E3E"),
        LOG_VKEY.replace("26bc7e3e", "26bc7e3f"),
        LOG_VKEY.replace(ORIGIN, "other.example"),
        LOG_VKEY.replace(ORIGIN, ""),
        LOG_VKEY.replace("+AQ", "+BA"),
        f"{ORIGIN}+26bc7e3e+AQ==",
        f"{ORIGIN}+26bc7e3e+公钥",
    ],
)
def test_a_verifier_key_with_anything_wrong_is_refused(text: str) -> None:
    with pytest.raises(VerifierKeyInvalidError):
        NoteKey.parse(text)


def test_a_verifier_key_of_the_wrong_length_is_refused_even_with_its_own_id() -> None:
    short = NoteKey(ORIGIN, bytes(31))

    with pytest.raises(VerifierKeyInvalidError):
        NoteKey.parse(short.vkey)


# Notes


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.just("\n")))
@settings(deadline=None)
def test_any_signed_text_opens_to_itself(text: str) -> None:
    note = sign_note(text + "\n", ORIGIN, LOG_KEY)

    opened = open_note(note.encode(), [LOG_VKEY])

    assert opened.text == text + "\n"
    assert opened.names == (ORIGIN,)


@pytest.mark.parametrize(
    ("text", "line_no"),
    [("", 1), ("no end", 1), ("a\nb", 2), ("a\tb\n", 1), ("a\nb\r\n", 2), ("a\nb\ud800\n", 2)],
)
def test_a_text_that_no_note_may_contain_is_not_signed(text: str, line_no: int) -> None:
    with pytest.raises(NoteMalformedError) as refused:
        sign_note(text, ORIGIN, LOG_KEY)

    assert refused.value.facts == {"line_no": line_no}


def test_signatures_of_unknown_keys_and_types_are_passed_over() -> None:
    post_quantum = payload_line(ORIGIN, b"\x00\x00\x00\x06" + bytes(2420))
    cosigned = NOTE + post_quantum + signature_line(CHECKPOINT.body(), WITNESS, WITNESS_KEY)

    assert open_note(cosigned, [LOG_VKEY]).names == (ORIGIN,)
    assert open_note(cosigned, [WITNESS_VKEY, LOG_VKEY]).names == (ORIGIN, WITNESS)


def test_while_keys_change_either_key_opens_a_note_signed_by_both() -> None:
    both = NOTE + signature_line(CHECKPOINT.body(), ORIGIN, NEXT_KEY)
    next_vkey = vkey(ORIGIN, NEXT_KEY.public_key())

    for known in ([LOG_VKEY], [next_vkey], [LOG_VKEY, next_vkey]):
        assert open_note(both, known).names == (ORIGIN,)


def test_one_false_signature_of_a_known_key_spoils_the_note() -> None:
    false = signature_line(Checkpoint(ORIGIN, 301, bytes(32)).body(), WITNESS, WITNESS_KEY)

    with pytest.raises(NoteSignatureWrongError) as refused:
        open_note(NOTE + false, [LOG_VKEY, WITNESS_VKEY])

    assert refused.value.facts == {"key_name": WITNESS}
    assert open_note(NOTE + false, [LOG_VKEY]).names == (ORIGIN,)


def test_a_signature_of_the_wrong_length_by_a_known_key_spoils_the_note() -> None:
    short = payload_line(ORIGIN, NoteKey.parse(LOG_VKEY).key_id + b"short")

    with pytest.raises(NoteSignatureWrongError):
        open_note(NOTE + short, [LOG_VKEY])


def test_a_note_that_nobody_known_signed_is_refused_with_the_names_on_it() -> None:
    with pytest.raises(NoteSignerUnknownError) as refused:
        open_note(NOTE, [WITNESS_VKEY])

    assert refused.value.facts == {"key_names": [ORIGIN]}


def test_a_false_verifier_key_is_not_passed_over() -> None:
    with pytest.raises(VerifierKeyInvalidError):
        open_note(NOTE, [LOG_VKEY, "nonsense"])


@pytest.mark.parametrize(
    ("note", "line_no"),
    [
        (b"", 1),
        (b"text\n", 1),
        (NOTE.encode().rstrip(b"\n"), 5),
        (CHECKPOINT.body().encode() + b"\n", 4),
        (NOTE.encode() + b"\n", 6),
        (NOTE.encode() + b"not a signature\n", 6),
        (NOTE.replace("— ", "- ").encode(), 5),
        (NOTE.replace("— ", "—  ").encode(), 5),
        (NOTE.encode() + payload_line("a+b", bytes(68)).encode(), 6),
        (NOTE.encode() + payload_line("a", bytes(4)).encode(), 6),
        (NOTE.encode() + "— a AAAAAAAAAAB=\n".encode(), 6),
        (NOTE.encode() + "— a AAAAAAA AAA=\n".encode(), 6),
        (NOTE.encode() + "— a 签名\n".encode(), 6),
        (NOTE.replace("\n300", "\r\n300").encode(), 1),
        (b"a\nb\x00" + NOTE.encode(), 2),
        (b"a\nb\xff" + NOTE.encode(), 2),
    ],
)
def test_a_text_without_the_form_of_a_note_is_refused_at_its_line(
    note: bytes, line_no: int
) -> None:
    with pytest.raises(NoteMalformedError) as refused:
        open_note(note, [LOG_VKEY])

    assert refused.value.facts == {"line_no": line_no}


def test_a_note_may_carry_sixty_four_signatures_and_no_more() -> None:
    full = NOTE + payload_line("other.example", bytes(68)) * 63

    assert open_note(full, [LOG_VKEY]).names == (ORIGIN,)
    with pytest.raises(NoteMalformedError):
        open_note(full + payload_line("other.example", bytes(68)), [LOG_VKEY])


def test_a_note_of_excessive_length_is_not_even_read() -> None:
    with pytest.raises(NoteMalformedError):
        open_note("a" * NOTE_BYTES_MAX + NOTE, [LOG_VKEY])
    with pytest.raises(TlogProofMalformedError):
        parse_tlog_proof(PROOF + "a" * NOTE_BYTES_MAX)


@given(st.integers(0, len(NOTE.encode()) * 8 - 1))
@settings(max_examples=300, deadline=None)
def test_a_checkpoint_with_any_bit_flipped_is_refused(bit: int) -> None:
    forged = bytearray(NOTE.encode())
    forged[bit // 8] ^= 1 << bit % 8

    with pytest.raises(CreditBankError):
        open_checkpoint(bytes(forged), [LOG_VKEY])


# Checkpoints


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1),
    st.integers(0, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
)
def test_a_checkpoint_is_read_back_as_it_was_written(origin: str, size: int, root: bytes) -> None:
    checkpoint = Checkpoint(origin, size, root)

    assert parse_checkpoint(checkpoint.body()) == checkpoint


@pytest.mark.parametrize(
    ("change", "line_no"),
    [
        (lambda body: "", 1),
        (lambda body: body.removesuffix("\n"), 3),
        (lambda body: body + "\n", 4),
        (lambda body: body + "extension\n", 4),
        (lambda body: body.replace(ORIGIN, ""), 1),
        (lambda body: body.replace("\n300\n", "\n0300\n"), 2),
        (lambda body: body.replace("\n300\n", "\n+300\n"), 2),
        (lambda body: body.replace("\n300\n", "\n-1\n"), 2),
        (lambda body: body.replace("\n300\n", "\n 300\n"), 2),
        (lambda body: body.replace("\n300\n", "\n３００\n"), 2),
        (lambda body: body.replace("\n300\n", "\n3_00\n"), 2),
        (lambda body: body.replace("\n300\n", "\n9223372036854775808\n"), 2),
        (lambda body: body.replace("\n300\n", f"\n{'9' * 5000}\n"), 2),
        (lambda body: body.replace("=\n", "\n"), 3),
        (lambda body: body.replace("FnE=\n", "FnF=\n"), 3),
        (lambda body: body.replace("FnE=\n", "FnE= \n"), 3),
        (lambda body: body.replace("FnE=\n", "FnEA\n"), 3),
    ],
)
def test_a_checkpoint_spelled_otherwise_is_refused_at_its_line(
    change: Callable[[str], str], line_no: int
) -> None:
    body = change(CHECKPOINT.body())

    with pytest.raises(CheckpointMalformedError) as refused:
        parse_checkpoint(body)

    assert refused.value.facts == {"line_no": line_no}


def test_a_witness_alone_does_not_make_a_checkpoint() -> None:
    witnessed = sign_note(CHECKPOINT.body(), WITNESS, WITNESS_KEY)

    with pytest.raises(CheckpointSignerForeignError) as refused:
        open_checkpoint(witnessed, [LOG_VKEY, WITNESS_VKEY])

    assert refused.value.facts == {"origin": ORIGIN, "key_names": [WITNESS]}


def test_a_signed_checkpoint_opens_with_its_logs_key() -> None:
    assert open_checkpoint(NOTE, [LOG_VKEY]) == CHECKPOINT
    assert open_checkpoint(NOTE.encode(), [WITNESS_VKEY, LOG_VKEY]) == CHECKPOINT


# Proofs that travel


@given(st.integers(0, 299), st.none() | st.binary(min_size=1, max_size=60))
@settings(max_examples=40, deadline=None)
def test_a_proof_travels_with_its_checkpoint_and_holds_offline(
    index: int, extra: bytes | None
) -> None:
    hashes = LOG.inclusion_proof(index, 300)

    text = tlog_proof(index, hashes, NOTE, extra)

    assert parse_tlog_proof(text) == TlogProof(index, hashes, NOTE, extra)
    assert check_tlog_proof(text, LOG.leaves[index], [LOG_VKEY]) == ProvenLeaf(index, CHECKPOINT)


def test_empty_extra_data_is_the_same_as_none() -> None:
    assert tlog_proof(255, LOG.inclusion_proof(255, 300), NOTE, b"") == PROOF


def test_the_only_leaf_of_a_log_is_proven_without_hashes() -> None:
    alone = grown(1)
    note = sign_note(Checkpoint(ORIGIN, 1, alone.roots[1]).body(), ORIGIN, LOG_KEY)

    text = tlog_proof(0, (), note)

    assert text.startswith("c2sp.org/tlog-proof@v1\nindex 0\n\n")
    assert check_tlog_proof(text, alone.leaves[0], [LOG_VKEY]).index == 0


@pytest.mark.parametrize(
    ("change", "line_no"),
    [
        (lambda text: "", 1),
        (lambda text: text.replace("@v1", "@v2"), 1),
        (lambda text: text.partition("\n")[0], 2),
        (lambda text: text.replace("index 255", "index 0255"), 2),
        (lambda text: text.replace("index 255", "index"), 2),
        (lambda text: text.replace("index 255", "index -1"), 2),
        (lambda text: text.replace("index 255", "Index 255"), 2),
        (lambda text: text.replace("index", "extra \nindex"), 2),
        (lambda text: text.replace("index", "extra AB==\nindex"), 2),
        (lambda text: text.replace("index", "extra AA==\nindeks"), 3),
        (lambda text: text.replace("index", "extra AA==\nextra AA==\nindex"), 3),
        (lambda text: text.replace("index 255\n", "index 255\nAAAA\n"), 3),
        (lambda text: text.replace("index 255\n", "index 255\n" + f"{'A' * 43}=\n" * 65), 67),
        (lambda text: text.partition("\n\n")[0], 12),
    ],
)
def test_a_proof_spelled_otherwise_is_refused_at_its_line(
    change: Callable[[str], str], line_no: int
) -> None:
    text = change(PROOF)

    with pytest.raises(TlogProofMalformedError) as refused:
        parse_tlog_proof(text)

    assert refused.value.facts == {"line_no": line_no}


@given(st.integers(0, len(PROOF.encode()) * 8 - 1))
@settings(max_examples=300, deadline=None)
def test_a_proof_with_any_bit_flipped_is_refused(bit: int) -> None:
    forged = bytearray(PROOF.encode())
    forged[bit // 8] ^= 1 << bit % 8

    with pytest.raises(CreditBankError):
        check_tlog_proof(forged.decode("utf-8", "surrogateescape"), LOG.leaves[255], [LOG_VKEY])


@pytest.mark.parametrize("size", [299, 301, 511])
def test_a_proof_cannot_be_moved_under_another_size(size: int) -> None:
    other = sign_note(Checkpoint(ORIGIN, size, CHECKPOINT.root).body(), ORIGIN, NEXT_KEY)

    with pytest.raises(CreditBankError):
        check_tlog_proof(PROOF.replace(NOTE, other), LOG.leaves[255], [LOG_VKEY])
    with pytest.raises(NoteSignatureWrongError):
        check_tlog_proof(PROOF.replace("\n300\n", f"\n{size}\n"), LOG.leaves[255], [LOG_VKEY])


def test_a_proof_of_one_leaf_proves_no_other() -> None:
    with pytest.raises(TlogProofFailsError) as refused:
        check_tlog_proof(PROOF, LOG.leaves[254], [LOG_VKEY])

    assert refused.value.facts == {"index": 255, "size": 300}


# What never changes


def test_the_golden_checkpoint_stays() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(VECTOR["private_seed"]))
    checkpoint = Checkpoint(VECTOR["name"], VECTOR["size"], bytes.fromhex(VECTOR["root"]))

    assert vkey(VECTOR["name"], key.public_key()) == VECTOR["vkey"]
    assert sign_note(checkpoint.body(), VECTOR["name"], key) == VECTOR["note"]
    assert open_checkpoint(VECTOR["note"], [VECTOR["vkey"]]) == checkpoint


def test_the_golden_proof_stays() -> None:
    golden = VECTOR["proof"]
    hashes = LOG.inclusion_proof(golden["index"], VECTOR["size"])

    text = tlog_proof(golden["index"], hashes, VECTOR["note"], bytes.fromhex(golden["extra"]))

    assert text == golden["text"]
    assert check_tlog_proof(text, LOG.leaves[255], [VECTOR["vkey"]]).checkpoint == CHECKPOINT


@pytest.mark.parametrize("language", catalogue.LANGUAGES)
def test_every_refusal_of_a_signed_text_has_its_words(language: catalogue.Language) -> None:
    refusals = [
        KeyNameInvalidError(found=""),
        VerifierKeyInvalidError(found=""),
        NoteMalformedError(line_no=1),
        NoteSignatureWrongError(key_name=ORIGIN),
        NoteSignerUnknownError(key_names=[ORIGIN]),
        CheckpointMalformedError(line_no=1),
        CheckpointSignerForeignError(origin=ORIGIN, key_names=[WITNESS]),
        TlogProofMalformedError(line_no=1),
        TlogProofFailsError(index=0, size=1),
    ]

    assert all(catalogue.problem(refusal, language).detail for refusal in refusals)
