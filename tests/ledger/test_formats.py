"""The bytes that are hashed agree with the golden vectors, which docs/formats.md alone produced."""

import hashlib
import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank.canonical import canonical_bytes, canonical_text
from creditbank.clock import instant_from_text
from creditbank.ledger.leaves import (
    ActBody,
    EntriesAlike,
    EntryBody,
    act_leaf,
    entry_bytes,
    entry_leaf,
    entry_salt,
    facts_digest,
    salt_blocks,
)
from creditbank.ledger.models import ACCOUNTS_OF, Movement, State
from creditbank.rules.loader import load_pack
from tests.house.tree import ROOT

FOLDER = Path(__file__).parents[1] / "vectors"
VECTORS: dict[str, Any] = json.loads((FOLDER / "leaves.json").read_text(encoding="utf-8"))
#: A vector is never edited: whoever must change a format gives it a new version and a new file.
PINNED = {
    "check_in_pad.json": "54f006ca25782bbefbb59d28675e6dc7998ce84ca27ae58ababa78d1bed1d8e2",
    "certificate.json": "028c0f4cd3018bc47fd649ad10660dc22ac6dc613d71659210c935d184622cff",
    "verdict.json": "4a3e916b79a80bbf17e902ee91f0b7bc008972d19a917353ff001746a87f1a81",
    "verdict_registered.json": "25d495b50122159da941532fa221f45c6ff83ff34716759b789fbdd6a2ceac70",
    "verdict_as_of.json": "8dec325698ab086102ddeb33d814933d9e19a978a3db9c919a1c89e4c0cba4fa",
    "checkpoint.json": "9caea8c321287d428691691f090840016b36d054bc6d5836fe31ed3d97d24083",
    "leaves.json": "7496d3e4a7a1c887aafd17df7272eb8494659aa6cc734b444f6d9a866b17d57c",
    "listed_verdict.json": "bb674ab7f694030e8eb97bd31257aa04fb6b0e6f04e24d3ede69c4710e3da5fa",
    "merkle.json": "71552510564228bbd3560bc21fe0fcfd729eaee27e684a959166488b18c1091b",
    "verdict_sd.json": "0dbc8e880c04c855b0e579906938854315d1dd44d0ec0afe6371df03c638f3ff",
    "review_export.json": "78d82d1cb92a88743604f5117552a60ba3ee2a6bd2c84a02d2601ece3cf99af7",
    "verdict_sd_v2.json": "492c4824afce82efe4ffb9004a1e11065f17ac7ed53b073682df9030f1fed182",
    "predicate.json": "ec0db9760b221dbe8719b024e378f416ae6588abc7100ddb18158d7e2801ac94",
    "statement_carried.json": "094d0bcbe1b4b745fb6f60a639aa29f882b1fa029a8815717d477f900c0f3065",
    "statement.json": "fb8f50e052146bdbc5e0198ab237a5e5aa03cf3fcacbe44878c8598c0588f2c2",
}
SECRET = bytes.fromhex(VECTORS["secret"])


def body_of(elements: list[Any]) -> EntryBody:
    """Read the 16 elements back into what the ledger hands to the hash."""
    return EntryBody(
        movement=Movement(elements[0]),
        scheme=elements[1],
        credited_year=elements[2],
        subject=elements[3],
        from_state=State(elements[4]),
        to_state=State(elements[5]),
        centihours=elements[6],
        earned_on=date.fromisoformat(elements[7]),
        recorded_at=instant_from_text(elements[8]),
        occasion=elements[9],
        revision=elements[10],
        step=elements[11],
        source=bytes.fromhex(elements[12]),
        target=bytes.fromhex(elements[13]),
        order=bytes.fromhex(elements[14][0]),
        reason=elements[14][1],
        facts_digest=bytes.fromhex(elements[15][0]),
        pins=elements[15][1],
    )


def act_of(elements: list[Any], details: Any) -> ActBody:
    """Read the 8 elements back into what the journal hands to the hash."""
    kind, jurisdiction, recorded_at, actor, subject, reason, _, cites = elements
    return ActBody(
        kind,
        jurisdiction,
        instant_from_text(recorded_at),
        actor,
        subject,
        reason,
        canonical_text(details),
        tuple(map(bytes.fromhex, cites)),
    )


@pytest.mark.parametrize("name", sorted(PINNED))
def test_a_golden_vector_is_never_edited(name: str) -> None:
    assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == PINNED[name]


def test_every_file_of_vectors_is_pinned() -> None:
    assert {path.name for path in FOLDER.glob("*.json")} == set(PINNED)


def test_the_vectors_can_be_made_again_without_the_bank() -> None:
    maker = FOLDER / "make_leaves.py"

    made = subprocess.run([sys.executable, "-I", maker], check=True, capture_output=True)

    assert "creditbank" not in {line.split()[1] for line in _imports(maker)}
    assert made.stdout == (FOLDER / "leaves.json").read_bytes()


@pytest.mark.parametrize(
    ("script", "file"),
    [
        ("make_predicate.py", "predicate.json"),
        ("make_sd_jwt.py", "verdict_sd.json"),
        ("make_sd_jwt_v2.py", "verdict_sd_v2.json"),
        ("make_review_export.py", "review_export.json"),
    ],
)
def test_what_shows_little_can_be_made_again_without_the_bank(script: str, file: str) -> None:
    maker = FOLDER / script

    made = subprocess.run([sys.executable, "-I", maker], check=True, capture_output=True)

    assert "creditbank" not in {line.split()[1] for line in _imports(maker)}
    assert made.stdout == (FOLDER / file).read_bytes()


@pytest.mark.parametrize("vector", VECTORS["canonical"], ids=lambda vector: vector["text_hex"][:16])
def test_one_value_has_one_text(vector: dict[str, Any]) -> None:
    assert canonical_bytes(vector["value"]).hex() == vector["text_hex"]


@pytest.mark.parametrize(
    "value", [1.0, None, {"a": [0.5]}, [float("nan")], {1: "a"}, b"bytes", {"a"}], ids=str
)
def test_what_has_no_canonical_text_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical_bytes(value)


@pytest.mark.parametrize(
    "value",
    [2**53, -(2**53), "\ud800", {"\u00e9": 1, "e\u0301": 2}],
    ids=["big", "low", "half", "nfc"],
)
def test_what_two_readers_could_read_differently_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"2\^53|surrogates|NFC"):
        canonical_bytes(value)


@pytest.mark.parametrize("vector", VECTORS["facts"])
def test_the_digest_of_facts_stays(vector: dict[str, Any]) -> None:
    assert facts_digest(canonical_text(vector["facts"])).hex() == vector["digest"]


@pytest.mark.parametrize("vector", VECTORS["acts"], ids=lambda vector: vector["body"][0])
def test_the_leaf_of_an_act_stays(vector: dict[str, Any]) -> None:
    body = act_of(vector["body"], vector["details"])

    assert body.to_canonical() == vector["body"]
    assert act_leaf(bytes.fromhex(vector["salt"]), body).hex() == vector["leaf"]


@pytest.mark.parametrize(
    "vector", VECTORS["entries"], ids=lambda vector: f"{vector['body'][0]}-{vector['body'][11]}"
)
def test_the_leaf_of_an_entry_stays(vector: dict[str, Any]) -> None:
    body = body_of(vector["body"])
    salt = entry_salt(SECRET, body)

    assert body.to_canonical() == vector["body"]
    assert salt.hex() == vector["salt"]
    assert entry_leaf(salt, body).hex() == vector["leaf"]


def test_every_movement_has_a_vector_between_its_own_accounts() -> None:
    accounts = {
        Movement(entry["body"][0]): (State(entry["body"][4]), State(entry["body"][5]))
        for entry in VECTORS["entries"]
    }

    assert accounts == ACCOUNTS_OF


def test_no_two_entries_of_a_person_share_salt_or_leaf() -> None:
    salts = [entry["salt"] for entry in VECTORS["entries"]]
    leaves = [entry["leaf"] for entry in VECTORS["entries"]]

    assert len(set(salts)) == len(salts)
    assert len(set(leaves)) == len(leaves)


@pytest.mark.parametrize(
    "change",
    [
        {"centihours": 799},
        {"earned_on": date(2026, 11, 11)},
        {"subject": "public.general"},
        {"source": bytes(32)},
        {"reason": "mistake"},
        {"facts_digest": bytes(32)},
        {"pins": []},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_body_under_the_same_salt_has_another_leaf(change: dict[str, Any]) -> None:
    vector = VECTORS["entries"][0]
    salt = bytes.fromhex(vector["salt"])

    changed = body_of(vector["body"])._replace(**change)

    assert entry_leaf(salt, changed).hex() != vector["leaf"]


@given(
    text=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=4, max_size=4),
    figures=st.lists(st.integers(0, 2**53 - 1), min_size=4, max_size=4),
    day=st.dates(min_value=date(1900, 1, 1)),
    instant=st.datetimes(timezones=st.just(UTC)).filter(lambda each: each.year >= 1000),
    movement=st.sampled_from(Movement),
)
def test_the_remembered_pieces_of_an_entry_are_its_canonical_bytes(
    text: list[str], figures: list[int], day: date, instant: datetime, movement: Movement
) -> None:
    vector = body_of(VECTORS["entries"][0]["body"])
    from_state, to_state = ACCOUNTS_OF[movement]
    body = vector._replace(
        movement=movement, scheme=text[0], subject=text[1], occasion=text[2], reason=text[3],
        credited_year=figures[0], centihours=figures[1], revision=figures[2], step=figures[3],
        from_state=from_state, to_state=to_state, earned_on=day, recorded_at=instant,
        order=b"order", pins=[[text[0], figures[0], text[1]]],
    )  # fmt: skip

    assert entry_bytes(body) == canonical_bytes(body.to_canonical())
    with_facts = body._replace(facts_digest=facts_digest(text[3]))
    leaf = entry_leaf(entry_salt(SECRET, with_facts), with_facts)
    assert EntriesAlike(body).leaf(salt_blocks(SECRET), text[3]) == leaf


def test_the_digest_of_a_pack_is_that_of_its_bytes() -> None:
    content = bytes.fromhex(VECTORS["pack"]["content_hex"])
    shipped = (ROOT / "seeds" / "packs" / "cn.toml").read_bytes()

    assert hashlib.sha256(content).hexdigest() == VECTORS["pack"]["sha256"]
    assert load_pack(shipped, file="cn.toml").sha256 == hashlib.sha256(shipped).hexdigest()


def _imports(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith(("import ", "from "))]
