"""Check-in without network: signed, chained, sent later with both clocks, and counted once."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DatabaseError

from creditbank.attendance.check_in_models import (
    CheckInPad,
    CheckInPadScan,
    CheckInPerson,
    CheckInScan,
)
from creditbank.attendance.check_ins import CheckInUnknownError, Comer, check_in_numbered
from creditbank.attendance.models import RosterBatch
from creditbank.attendance.pad_signing import (
    Mark,
    PadKeyInvalidError,
    PadUnsignedError,
    Signed,
)
from creditbank.attendance.pads import (
    PADS_MAX,
    PadEndedError,
    PadScanDiffersError,
    PadScanMissingError,
    PadTooManyError,
    PadUnknownError,
    Upload,
    open_pad,
    take_upload,
)
from creditbank.catalogue import LANGUAGES, problem
from creditbank.crediting.check_in_pads import expected_on
from creditbank.crediting.check_in_posting import CheckInNobodyError
from creditbank.crediting.models import NameCheck
from creditbank.crediting.name_checks import held_row
from creditbank.errors import CreditBankError
from creditbank.ledger.models import CreditFacts
from creditbank.people.documents import Document, DocumentKind
from creditbank.people.models import Person
from creditbank.people.register import Identity
from tests.bank import NOW, SEMINAR_DAYS, TestBank, attendance
from tests.cli.bench import terminal_for
from tests.crediting.test_check_ins import HOUR, LI, TODAY, WANG, ZHAO, Room, refused
from tests.pads import Device

FOUR_HOURS = 240


class Course(Room):
    """A course of two sessions, the second of which is today."""

    def __init__(self, bank: TestBank) -> None:
        self.bank, self.vault = bank, bank.house.vault
        self.filing_no = bank.approved_filing(days=[SEMINAR_DAYS[0], TODAY])
        self.no = self.open(2)


@pytest.fixture
def room(bank: TestBank) -> Room:
    return Room(bank)


def device(room: Room, **said: timedelta) -> Device:
    return Device(room.bank, room.no, **said)


def told(fates: list[object]) -> list[tuple[int, str, str]]:
    return [(each.step, str(each.outcome), each.code) for each in fates]  # type: ignore[attr-defined]


def kept(bank: TestBank) -> tuple[int, int, int]:
    """Count what is kept of scans of pads, of scans, of people."""
    with bank.reading() as session:
        found = (CheckInPadScan, CheckInScan, CheckInPerson)
        return tuple(len(session.scalars(select(each)).all()) for each in found)  # type: ignore[return-value]


def facts_of(bank: TestBank) -> list[dict[str, object]]:
    with bank.reading() as session:
        return [json.loads(each.facts) for each in session.scalars(select(CreditFacts))]


def minutes_of(comers: list[Comer]) -> list[tuple[int, str, str]]:
    return [
        (each.person_no, f"{span.began_at:%H:%M}", f"{span.ended_at or NOW:%H:%M}")
        for each in comers
        for span in each.spans
    ]


def test_who_was_recorded_without_network_is_credited_by_the_banks_clock(room: Room) -> None:
    pad = device(room, ahead=timedelta(minutes=17))
    pad.scan(LI, "in", 0)
    pad.scan(LI, "out", FOUR_HOURS)

    fates = pad.send(FOUR_HOURS + 60)
    [comer] = room.comers()
    room.close()
    posted = room.post()

    assert told(fates) == [(1, "recorded", ""), (2, "recorded", "")]
    [span] = comer.spans
    assert (span.began_at, span.ended_at) == (NOW, NOW + 4 * HOUR)
    assert span.came is not None
    assert span.came.device_at == NOW + timedelta(minutes=17)
    assert span.came.received_at == NOW + 5 * HOUR
    assert (comer.is_offline, comer.is_doubted, comer.is_guest) == (True, False, False)
    assert [row.attended_minutes for row in posted.result.rows] == [FOUR_HOURS]
    assert [each["way"] for each in facts_of(room.bank)] == ["offline"]
    with room.bank.reading() as session:
        assert session.get_one(RosterBatch, posted.result.roster_no).way == "offline"
    assert room.bank.fsck() == []


def test_the_command_marks_what_was_recorded_without_network(room: Room) -> None:
    room.stay(WANG)
    pad = device(room)
    pad.scan(LI, "in", 0)
    pad.scan(ZHAO, "out", FOUR_HOURS)
    pad.send(FOUR_HOURS)

    shown = terminal_for(room.bank.house.settings).run("check-ins", "show", room.no).output

    lines = {who: next(line for line in shown.splitlines() if who.document.number[-4:] in line)
             for who in (WANG, LI, ZHAO)}  # fmt: skip
    assert ["离线" in lines[who] for who in (WANG, LI, ZHAO)] == [False, True, True]
    assert "没有签到" in lines[ZHAO]


def test_each_credit_says_by_which_way_its_own_presence_was_found(room: Room) -> None:
    room.stay(WANG)
    pad = device(room)
    pad.scan(LI, "in", 0)
    pad.scan(LI, "out", FOUR_HOURS)
    pad.send(FOUR_HOURS)
    room.close()

    posted = room.post()

    assert sorted(str(each["way"]) for each in facts_of(room.bank)) == ["check-in", "offline"]
    with room.bank.reading() as session:
        assert session.get_one(RosterBatch, posted.result.roster_no).way == "check-in"


def test_a_held_row_keeps_its_own_way(room: Room) -> None:
    room.bank.post(room.bank.approved_filing(), attendance([LI]))
    room.stay(WANG)
    pad = device(room)
    pad.scan(Identity(LI.document, "王别名"), "in", 0)
    pad.scan(Identity(LI.document, "王别名"), "out", FOUR_HOURS)
    pad.send(FOUR_HOURS)
    room.close()

    posted = room.post()

    assert [each.code for each in posted.result.problems] == ["roster-name-held"]
    with room.bank.reading() as session:
        _, way = held_row(room.vault, session.scalars(select(NameCheck)).one())
    assert way == "offline"


def test_what_is_sent_again_counts_once_and_is_answered_as_it_was(room: Room) -> None:
    pad = device(room)
    pad.scan(LI, "in", 0)
    pad.scan(LI, "out", 60)
    first = pad.send(61)
    before = kept(room.bank)

    again = pad.send(62)

    assert kept(room.bank) == before == (2, 2, 1)
    assert [each.is_repeated for each in first + again] == [False, False, True, True]
    assert told(again) == told(first)


def test_an_upload_that_was_cut_off_goes_on_where_it_stopped(room: Room) -> None:
    pad = device(room)
    for minutes, who in enumerate((LI, WANG, ZHAO)):
        pad.scan(who, "in", minutes)
    pad.send(10, scans=pad.scans[:1])

    fates = pad.send(20)

    assert [each.is_repeated for each in fates] == [True, False, False]
    assert len(room.comers()) == 3


def test_two_uploads_of_the_same_at_once_count_once(room: Room) -> None:
    pad = device(room)
    pad.scan(LI, "in", 0)
    pad.scan(LI, "out", 60)
    upload = pad.upload(61)
    repeated: list[list[bool]] = []

    def send() -> None:
        with room.bank.app.app_context():
            repeated.append([each.is_repeated for each in pad.send(61, upload)])

    senders = [threading.Thread(target=send) for _ in range(3)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    assert sorted(repeated) == [[False] * 2, [True] * 2, [True] * 2]
    assert kept(room.bank) == (2, 2, 1)


def other_name(pad: Device, scans: list[Signed]) -> Upload:
    body = scans[0].body.replace('"in"', '"out"')
    return pad.upload(90, [Signed(body, scans[0].signature), *scans[1:]])


def left_out(pad: Device, scans: list[Signed]) -> Upload:
    return pad.upload(90, [scans[0], scans[2]])


def first_left_out(pad: Device, scans: list[Signed]) -> Upload:
    return pad.upload(90, scans[1:])


def turned_round(pad: Device, scans: list[Signed]) -> Upload:
    return pad.upload(90, [scans[1], scans[0], scans[2]])


def signed_by_another(pad: Device, scans: list[Signed]) -> Upload:
    stranger = Device(pad.bank, pad.check_in_no)
    return pad.upload(90, [stranger.signed(each.body) for each in scans])


def clock_rewritten(pad: Device, scans: list[Signed]) -> Upload:
    upload = pad.upload(90)
    return replace(upload, sent=replace(upload.sent, device_at=upload.sent.device_at + HOUR))


def written_otherwise(pad: Device, scans: list[Signed]) -> Upload:
    return pad.upload(90, [pad.signed(scans[0].body.replace(",", ", ")), *scans[1:]])


def of_no_form(pad: Device, scans: list[Signed]) -> Upload:
    upload = pad.upload(90)
    return replace(upload, scans=[pad.signed("[1,2,3]"), *scans[1:]])


def signature_cut(pad: Device, scans: list[Signed]) -> Upload:
    return pad.upload(90, [replace(scans[0], signature=scans[0].signature[:63]), *scans[1:]])


def another_chain(pad: Device, scans: list[Signed]) -> Upload:
    said = json.loads(scans[0].body)
    said[3] = "00" * 32
    return pad.upload(90, [pad.signed(json.dumps(said, separators=(",", ":"))), *scans[1:]])


@pytest.mark.parametrize(
    ("altered", "wanted"),
    [
        (other_name, PadUnsignedError),
        (left_out, PadScanMissingError),
        (first_left_out, PadScanMissingError),
        (turned_round, PadScanMissingError),
        (signed_by_another, PadUnsignedError),
        (clock_rewritten, PadUnsignedError),
        (written_otherwise, PadUnsignedError),
        (of_no_form, PadUnsignedError),
        (signature_cut, PadUnsignedError),
        (another_chain, PadScanDiffersError),
    ],
)
def test_what_the_device_did_not_sign_is_refused_whole(
    room: Room, altered: Callable[[Device, list[Signed]], Upload], wanted: type[CreditBankError]
) -> None:
    pad = device(room)
    for minutes, who in enumerate((LI, WANG, ZHAO)):
        pad.scan(who, "in", minutes)
    upload = altered(pad, pad.scans)

    assert type(refused(lambda: pad.send(90, upload))) is wanted
    assert kept(room.bank) == (0, 0, 0)


def test_another_record_under_a_step_that_came_before_is_refused(room: Room) -> None:
    pad = device(room)
    pad.scan(LI, "in", 0)
    pad.send(1)
    pad.scans.clear()
    pad.step, pad.head = 0, bytes.fromhex("00" * 32)
    pad.scan(WANG, "in", 0)

    assert isinstance(refused(lambda: pad.send(2)), PadScanDiffersError)
    assert kept(room.bank) == (1, 1, 1)


def test_nobody_else_is_put_in_the_place_of_who_came(room: Room) -> None:
    pad = device(room)
    pad.scan(LI, "in", 0)
    upload = pad.upload(1)
    pad.scan(WANG, "in", 0)
    swapped = replace(upload, people=[list(pad.people.values())[1]])

    fates = pad.send(1, swapped)

    assert told(fates) == [(1, "refused", "pad-sealed-unreadable")]
    assert room.comers() == []


@pytest.mark.parametrize("sealed", [b"", b"x", bytes(65), bytes(200)])
def test_what_does_not_open_is_refused_and_the_rest_is_recorded(room: Room, sealed: bytes) -> None:
    pad = device(room)
    pad.scan_sealed(sealed, "in", 0)
    pad.scan(LI, "in", 1)

    fates = pad.send(2)

    assert told(fates) == [(1, "refused", "pad-sealed-unreadable"), (2, "recorded", "")]


def test_a_number_that_cannot_be_is_refused_as_in_a_roster_and_the_rest_is_recorded(
    room: Room,
) -> None:
    wrong = Document(DocumentKind.RESIDENT_ID, "99999919850115001X")
    real = Document(DocumentKind.PASSPORT, "E12345678")
    pad = device(room)
    for who in (Identity(wrong, "李示例"), Identity(real, "李示例"), LI):
        pad.scan(who, "in", 0)

    fates = pad.send(2)

    codes = ["document-check-character-wrong", "invented-only", ""]
    assert [each.code for each in fates] == codes
    assert told(pad.send(3)) == told(fates)
    assert len(room.comers()) == 1


@pytest.mark.parametrize("first", [0, 1])
def test_two_devices_say_the_same_whichever_is_sent_first(room: Room, first: int) -> None:
    pads = [device(room), device(room)]
    for late, pad in enumerate(pads):
        pad.scan(LI, "in", late)
        pad.scan(LI, "out", 60 + late)

    fates = [pads[first].send(90), pads[1 - first].send(91)]

    assert minutes_of(room.comers()) == [(1, "02:00", "03:00")]
    assert kept(room.bank) == (4, 4, 1)
    if first == 0:
        assert [each.outcome for each in fates[1]] == ["known", "known"]


def test_a_telephone_and_a_pad_count_once_and_complete_one_another(room: Room) -> None:
    pad = device(room)
    room.scan(LI, "in")
    pad.scan(LI, "in", 5)
    pad.scan(LI, "out", 60)
    pad.scan(WANG, "out", 61)
    room.scan(LI, "in", 2)

    fates = pad.send(180)
    room.scan(LI, "out", 4)

    assert [str(each.outcome) for each in fates] == ["known", "recorded", "recorded"]
    li, wang = room.comers()
    assert minutes_of([li]) == [(1, "02:00", "03:00"), (1, "04:00", "06:00")]
    assert (li.measured_minutes, li.is_there) == (180, False)
    assert (wang.spans, wang.is_there, wang.measured_minutes) == ((), False, 0)
    assert wang.left_only == (NOW + 61 * timedelta(minutes=1),)


def test_who_only_left_is_made_whole_by_the_device_at_the_other_door(room: Room) -> None:
    out, into = device(room), device(room)
    out.scan(LI, "out", 60)
    into.scan(LI, "in", 0)

    out.send(90)
    into.send(91)

    assert minutes_of(room.comers()) == [(1, "02:00", "03:00")]
    assert room.comers()[0].left_only == ()


def test_a_teachers_device_is_for_everybody_and_is_not_flagged(room: Room) -> None:
    pad = device(room)
    for who in (LI, WANG, ZHAO):
        pad.scan(who, "in", 0)
    pad.send(1)

    assert [(each.device_people, each.is_flagged) for each in room.comers()] == [(0, False)] * 3


def set_back(pad: Device) -> None:
    pad.scan(LI, "in", 0)
    pad.scan(LI, "out", 120)
    pad.clock_set = -timedelta(minutes=90)


def set_ahead(pad: Device) -> None:
    pad.scan(LI, "in", 0)
    pad.clock_set = timedelta(minutes=90)
    pad.scan(LI, "out", 30)


def set_there_and_back(pad: Device) -> None:
    pad.scan(LI, "in", 0)
    pad.clock_set = timedelta(minutes=90)
    pad.scan(LI, "out", 30)
    pad.clock_set = timedelta()


@pytest.mark.parametrize("jump", [set_back, set_ahead, set_there_and_back])
def test_a_clock_that_was_set_is_flagged_and_counts_no_minutes_until_they_are_stated(
    room: Room, jump: Callable[[Device], None]
) -> None:
    pad = device(room)
    jump(pad)

    fates = pad.send(180)
    [comer] = room.comers()
    room.close()

    assert [each.is_doubted for each in fates] == [True, True]
    assert (comer.is_doubted, comer.measured_minutes) == (True, 0)
    assert isinstance(refused(room.post), CheckInNobodyError)
    assert [row.attended_minutes for row in room.post({1: 30}).result.rows] == [30]


def test_a_page_that_was_loaded_again_or_slept_is_not_flagged(room: Room) -> None:
    pad = device(room)
    pad.scan(LI, "in", 0)
    pad.run = "11" * 8
    pad.scan(LI, "out", 60)
    pad.slept = timedelta(minutes=100)

    assert [each.is_doubted for each in pad.send(180)] == [False, False]


def test_milliseconds_that_run_backwards_are_no_clock(room: Room) -> None:
    pad = device(room)
    pad.scan(LI, "in", 60)
    pad.scan(LI, "out", 0)

    assert [each.is_doubted for each in pad.send(61)] == [True, True]


@pytest.mark.parametrize(
    ("direction", "minutes", "code"),
    [
        ("in", -3, "pad-scan-time"), ("in", 63, "pad-scan-time"), ("in", -1, ""), ("in", 61, ""),
    ],
)  # fmt: skip
def test_a_scan_from_before_the_opening_or_after_the_upload_is_refused(
    room: Room, direction: str, minutes: int, code: str
) -> None:
    pad = device(room)
    pad.scan(LI, direction, minutes)

    assert [each.code for each in pad.send(60)] == [code]


def test_who_comes_on_another_day_is_refused_and_an_upload_days_later_is_not(room: Room) -> None:
    pad = device(room)
    pad.scan(LI, "in", 60)
    pad.scan(WANG, "in", 15 * 60)
    pad.scan(LI, "out", 15 * 60)

    fates = pad.send(5 * 24 * 60)

    assert told(fates) == [
        (1, "recorded", ""), (2, "refused", "check-in-day"), (3, "recorded", ""),
    ]  # fmt: skip


def test_closing_ends_the_key_and_what_came_before_is_still_answered(room: Room) -> None:
    pad = device(room)
    pad.scan(LI, "in", 0)
    pad.send(1)
    pad.scan(LI, "out", 60)
    room.close()

    assert isinstance(refused(lambda: pad.send(61)), PadEndedError)
    assert isinstance(refused(lambda: device(room)), PadEndedError)
    assert [each.is_repeated for each in pad.send(62, scans=pad.scans[:1])] == [True]
    assert kept(room.bank) == (1, 1, 1)


def test_the_same_key_is_the_same_pad_and_what_is_no_key_is_refused(room: Room) -> None:
    pad = device(room)
    vault = room.vault

    def register(key: bytes) -> CheckInPad:
        with room.bank.unit() as session:
            mark = Mark(NOW, "00" * 8, 0)
            return open_pad(session, vault, room.no, key, mark, actor="x", now=NOW)

    assert pad.open(5).pad_no == 1
    for key in (b"", bytes(65), b"\x04" + bytes(64), pad.public_key[:33]):
        assert isinstance(refused(lambda key=key: register(key)), PadKeyInvalidError)  # type: ignore[misc]
    for _ in range(PADS_MAX - 1):
        device(room)
    assert isinstance(refused(lambda: device(room)), PadTooManyError)


def test_a_pad_that_is_not_there_is_unknown(room: Room) -> None:
    pad = device(room)
    pad.scan(LI, "in", 0)
    upload = pad.upload(1)

    for check_in_no, pad_no, wanted in (
        (room.no, 2, PadUnknownError), ("K000000000", 1, CheckInUnknownError),
    ):  # fmt: skip
        with room.bank.unit() as session, pytest.raises(wanted):
            take_upload(session, room.vault, check_in_no, pad_no, upload, now=NOW)


def test_the_list_has_those_who_came_before_by_name_and_last_four_alone(room: Room) -> None:
    bank = room.bank
    room.scan(WANG, "in")
    pad = device(room)
    with bank.unit() as session:
        check_in = check_in_numbered(session, room.no)
        public, people = expected_on(session, room.vault, check_in, pad.pad)
    assert public == pad.sealing_key
    assert [(each.name, each.last_four, each.is_there) for each in people] == [
        (WANG.name, WANG.document.number[-4:], True)
    ]
    assert WANG.document.number not in repr(people)
    assert WANG.document.number.encode() not in people[0].sealed

    pad.scan_sealed(people[0].sealed, "out", 60)
    pad.send(61)

    assert minutes_of(room.comers()) == [(1, "02:00", "03:00")]


def test_who_attended_another_session_is_expected(bank: TestBank) -> None:
    room = Course(bank)
    bank.post(room.filing_no, attendance([LI, ZHAO], SEMINAR_DAYS[:1]))
    pad = device(room)

    with bank.unit() as session:
        check_in = check_in_numbered(session, room.no)
        _, people = expected_on(session, room.vault, check_in, pad.pad)

    assert {each.name for each in people} == {LI.name, ZHAO.name}


def test_what_a_pad_sent_is_never_changed(room: Room) -> None:
    pad = device(room)
    pad.scan(LI, "in", 0)
    pad.send(1)

    for table, change in ((CheckInPadScan, {"outcome": "x"}), (CheckInPad, {"opened_by": "x"})):
        for statement in (update(table).values(**change), delete(table)):
            with pytest.raises(DatabaseError), room.bank.unit() as session:
                session.execute(statement)


def test_nothing_that_is_kept_of_a_pad_names_anybody(room: Room) -> None:
    pad = device(room)
    pad.scan(LI, "in", 0)
    pad.send(1)

    with room.bank.reading() as session:
        [scan] = session.scalars(select(CheckInPadScan))
        [row] = session.scalars(select(CheckInPad))
        assert session.scalars(select(Person)).all() == []
    said = f"{scan.body} {scan.outcome} {row.opened_by}".encode() + row.sealing_cipher
    assert LI.document.number.encode() not in said
    assert LI.name.encode() not in said
    for error in (PadUnsignedError(step=1), PadScanMissingError(found=1, wanted=2)):
        assert all(problem(error, language).found for language in LANGUAGES)
