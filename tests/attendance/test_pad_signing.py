"""What a pad signs and seals agrees with the golden vector of docs/formats.md §18."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from creditbank.attendance.pad_sealing import (
    SealedUnreadableError,
    new_sealing_key,
    open_identity,
    public_half,
    seal_identity,
)
from creditbank.attendance.pad_signing import (
    Mark,
    Pad,
    PadUnsignedError,
    Signed,
    SignedScan,
    clock_held,
    read_scan,
    require_upload,
    root_of,
)
from creditbank.clock import instant_from_text
from tests.bank import NOW, invented_person

FOLDER = Path(__file__).parents[1] / "vectors"
VECTOR: dict[str, Any] = json.loads((FOLDER / "check_in_pad.json").read_text(encoding="utf-8"))


def marked(at: str, run: str, ticks: int) -> Mark:
    return Mark(instant_from_text(at), run, ticks)


PAD = Pad(
    VECTOR["check_in_no"], VECTOR["pad_no"], bytes.fromhex(VECTOR["public_key"]),
    marked(*VECTOR["opened"]), NOW,
)  # fmt: skip


def scans_of(vector: dict[str, Any]) -> list[SignedScan]:
    return [
        read_scan(PAD, Signed(each["body"], bytes.fromhex(each["signature"])), place)
        for place, each in enumerate(vector["scans"], 1)
    ]


def test_the_vector_can_be_made_again_without_the_bank() -> None:
    maker = FOLDER / "make_check_in_pad.py"

    made = subprocess.run([sys.executable, "-I", maker], check=True, capture_output=True)

    assert "import creditbank" not in maker.read_text(encoding="utf-8")
    assert made.stdout == (FOLDER / "check_in_pad.json").read_bytes()


def test_opening_scans_and_upload_are_read_as_in_the_vector() -> None:
    scans = scans_of(VECTOR)

    assert root_of(PAD).hex() == VECTOR["root"]
    assert [each.digest.hex() for each in scans] == [each["digest"] for each in VECTOR["scans"]]
    assert [each.previous.hex() for each in scans] == [VECTOR["root"], scans[0].digest.hex()]
    assert [(each.step, each.direction, each.who) for each in scans] == [
        (1, "in", VECTOR["who"]), (2, "out", VECTOR["who"]),
    ]  # fmt: skip
    sent = marked(*json.loads(VECTOR["upload"])[4:])
    require_upload(PAD, scans[1], sent, bytes.fromhex(VECTOR["upload_signature"]))
    with pytest.raises(PadUnsignedError):
        require_upload(PAD, scans[0], sent, bytes.fromhex(VECTOR["upload_signature"]))


def test_a_sealed_identity_opens_as_in_the_vector_and_for_no_other_check_in() -> None:
    private, sealed = bytes.fromhex(VECTOR["sealing_private"]), bytes.fromhex(VECTOR["sealed"])

    identity = open_identity(sealed, private, VECTOR["check_in_no"])

    assert public_half(private).hex() == VECTOR["sealing_key"]
    said = [str(identity.document.kind), identity.document.number, identity.name]
    assert said == VECTOR["identity"]
    for other in ((private, "K000000000"), (new_sealing_key(), VECTOR["check_in_no"])):
        with pytest.raises(SealedUnreadableError):
            open_identity(sealed, *other)


def test_what_is_sealed_opens_again_and_never_looks_the_same() -> None:
    private, who = new_sealing_key(), invented_person(7)

    first, second = (seal_identity(who, public_half(private), "K7K2M9QXAB") for _ in range(2))

    assert first != second
    assert open_identity(first, private, "K7K2M9QXAB") == who


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, "K000000000"), (1, 2), (1, True), (2, -1), (2, "1"), (3, "00"), (3, "G" * 64),
        (4, "up"), (5, "2026-11-20T02:01:00Z"), (5, "1889-11-20T02:01:00.000000Z"), (6, "x"),
        (7, 2**53), (7, 1.5), (8, ""),
    ],
)  # fmt: skip
def test_a_scan_of_another_form_is_refused_before_anything_is_looked_at(
    place: int, value: object
) -> None:
    said = json.loads(VECTOR["scans"][0]["body"])
    said[place] = value

    with pytest.raises(PadUnsignedError):
        read_scan(PAD, Signed(json.dumps(said, separators=(",", ":")), bytes(64)), 1)


@pytest.mark.parametrize("body", ["", "{}", "[" * 600, "null", '"x"'])
def test_what_is_no_scan_at_all_is_refused(body: str) -> None:
    with pytest.raises(PadUnsignedError):
        read_scan(PAD, Signed(body, bytes(64)), 1)


@pytest.mark.parametrize(
    ("seconds", "held"), [(120, True), (-120, True), (121, False), (-121, False)]
)
def test_a_clock_may_drift_by_two_minutes_and_no_more(seconds: int, held: bool) -> None:
    sent = Mark(PAD.opened.device_at + timedelta(seconds=3_600 + seconds), "ff" * 8, 0)

    assert clock_held(PAD, [PAD.opened, sent], received_at=NOW + timedelta(hours=1)) is held
