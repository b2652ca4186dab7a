"""Check-in on site: who came and left, what cannot be, and one posting by the rosters' own way."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from creditbank.attendance.check_in_codes import Reading
from creditbank.attendance.check_in_models import CheckIn, CheckInPerson, CheckInScan
from creditbank.attendance.check_ins import (
    KEPT_FOR,
    Came,
    CheckInClosedError,
    CheckInDayError,
    CheckInFullError,
    CheckInScanUsedError,
    CheckInTwiceError,
    CheckInUnknownError,
    CheckOutAloneError,
    CheckOutTwiceError,
    Comer,
    Direction,
    check_in_numbered,
    close_check_in,
    comers_of,
    forget_comers,
    record_scan,
)
from creditbank.attendance.models import RosterBatch
from creditbank.catalogue import LANGUAGES, problem
from creditbank.clock import civil_day
from creditbank.crediting.check_in_posting import (
    CheckInNobodyError,
    CheckInPersonUnknownError,
    CheckInPostedError,
    CheckInPosting,
    CheckInStillOpenError,
    PostedCheckIn,
    open_for,
    post_check_in,
    rehearse_check_in,
)
from creditbank.crediting.explanations import explain_credit
from creditbank.crediting.xapi_records import SessionNumberUnknownError
from creditbank.db import unit_of_work
from creditbank.errors import CreditBankError
from creditbank.ledger.models import CreditFacts, Entry
from creditbank.people.documents import Document, DocumentKind
from creditbank.people.models import Person
from creditbank.people.register import Identity
from creditbank.registry.bank import InventedOnlyError
from creditbank.registry.filing.filings import filing_numbered
from creditbank.registry.filing.states import FilingNotApprovedError, FilingNotOpenError
from tests.bank import NOW, TestBank, attendance, invented_person

TODAY = civil_day(NOW)
ACTOR = "account-provider"
LI, WANG, ZHAO = map(invented_person, (1, 2, 3))
HOUR = timedelta(hours=1)


class Room:
    """The room of a session that is held today, with its check-in."""

    def __init__(self, bank: TestBank, **filed: int) -> None:
        self.bank, self.vault = bank, bank.house.vault
        self.filing_no = bank.approved_filing(days=[TODAY], **filed)
        self.no = self.open()

    def open(self, session_no: int = 1, days: int = 0) -> str:
        now = NOW + timedelta(days=days)
        with self.bank.unit() as session:
            filing = filing_numbered(session, self.filing_no)
            found = open_for(session, self.vault, filing, session_no, actor=ACTOR, now=now)
            return found.check_in_no

    def scan(
        self, who: Identity, direction: str, hours: int = 0, *, device: str = "", guest: bool = True
    ) -> None:
        at = NOW + hours * HOUR
        reading = Reading(self.no, at, device or who.name)
        came = Came(reading, Direction(direction), who, guest)
        with unit_of_work() as session:
            record_scan(session, self.vault, came, now=at + timedelta(seconds=20))

    def stay(self, who: Identity, hours: int = 4) -> None:
        self.scan(who, "in")
        self.scan(who, "out", hours)

    def close(self) -> None:
        with self.bank.unit() as session:
            close_check_in(session, self.no, actor=ACTOR, now=NOW + 8 * HOUR)

    def comers(self) -> list[Comer]:
        with self.bank.reading() as session:
            return comers_of(session, self.vault, check_in_numbered(session, self.no))

    def post(
        self,
        stated: dict[int, int | None] | None = None,
        by: Callable[..., PostedCheckIn] = post_check_in,
    ) -> PostedCheckIn:
        posting = CheckInPosting(self.no, ACTOR, stated or {})
        with unit_of_work() as session:
            return by(session, self.vault, posting, now=NOW + 9 * HOUR)


@pytest.fixture
def room(bank: TestBank) -> Room:
    return Room(bank)


def credited(bank: TestBank) -> list[tuple[str, int]]:
    with bank.reading() as session:
        return [(each.occasion, each.centihours) for each in session.scalars(select(Entry))]


def refused(what: Callable[[], object]) -> CreditBankError:
    with pytest.raises(CreditBankError) as error:
        what()
    for language in LANGUAGES:
        assert problem(error.value, language).next
    return error.value


def test_who_came_and_left_is_credited_with_the_minutes_between(room: Room, bank: TestBank) -> None:
    room.stay(LI)
    room.scan(WANG, "in")
    room.scan(WANG, "out", 1)
    room.scan(WANG, "in", 2)
    room.scan(WANG, "out", 4)
    room.close()

    posted = room.post()

    assert [row.attended_minutes for row in posted.result.rows] == [240, 180]
    with bank.reading() as session:
        batch = session.get_one(RosterBatch, posted.result.roster_no)
        facts = [json.loads(each.facts) for each in session.scalars(select(CreditFacts))]
        leaf = session.scalars(select(Entry.leaf)).first()
        assert leaf is not None
        steps = [step.code for step in explain_credit(session, leaf).steps]
    assert batch.way == "check-in"
    assert [each["way"] for each in facts] == ["check-in", "check-in"]
    assert "explain-way-check-in" in steps
    assert bank.fsck() == []


def test_nobody_is_credited_with_more_than_was_planned(bank: TestBank) -> None:
    room = Room(bank, planned_minutes=120)
    room.stay(LI)
    room.close()

    assert [row.attended_minutes for row in room.post().result.rows] == [120]


def test_what_was_credited_by_a_roster_is_not_credited_again_and_the_other_way_round(
    room: Room, bank: TestBank
) -> None:
    room.stay(LI)
    room.stay(WANG)
    room.close()
    bank.post(room.filing_no, attendance([LI], [TODAY]))

    posted = room.post()
    again = bank.post(room.filing_no, attendance([LI, WANG], [TODAY]))

    assert [each.code for each in posted.result.problems] == ["roster-already-credited"]
    assert [each.code for each in again.problems] == ["roster-already-credited"] * 2
    assert len(credited(bank)) == 2


def test_a_check_in_is_posted_once(room: Room, bank: TestBank) -> None:
    room.stay(LI)
    room.close()
    posted = room.post()

    again = refused(room.post)

    assert isinstance(again, CheckInPostedError)
    assert again.facts == {"roster_no": posted.result.roster_no}
    assert len(credited(bank)) == 1


def test_trying_it_writes_no_hours_and_keeps_the_minutes_that_were_stated(
    room: Room, bank: TestBank
) -> None:
    room.stay(LI)
    room.scan(WANG, "in")
    room.scan(ZHAO, "in")
    room.close()

    tried = room.post({1: 0, 2: 90, 3: None}, by=rehearse_check_in)

    assert credited(bank) == []
    assert [row.attended_minutes for row in tried.result.rows] == [90]
    assert [each.attended_minutes for each in room.comers()] == [0, 90, 0]
    posted = room.post()
    assert [row.attended_minutes for row in posted.result.rows] == [90]


def test_minutes_of_somebody_who_is_not_on_the_list_are_refused_and_nothing_is_kept(
    room: Room,
) -> None:
    room.stay(LI)
    room.close()

    assert isinstance(refused(lambda: room.post({1: 5, 7: 60})), CheckInPersonUnknownError)
    assert room.comers()[0].stated_minutes is None


def test_who_did_not_check_out_is_shown_and_not_guessed(room: Room) -> None:
    room.scan(LI, "in")
    room.close()

    [comer] = room.comers()
    assert (comer.is_there, comer.attended_minutes) == (True, 0)
    assert isinstance(refused(room.post), CheckInNobodyError)


def test_an_open_check_in_is_not_posted(room: Room) -> None:
    room.stay(LI)

    assert isinstance(refused(room.post), CheckInStillOpenError)


@pytest.mark.parametrize(
    ("before", "what", "wanted", "since"),
    [
        ([], ("out", 1), CheckOutAloneError, None),
        ([("in", 0)], ("in", 1), CheckInTwiceError, "10:00"),
        ([("in", 0), ("out", 1)], ("out", 2), CheckOutTwiceError, "11:00"),
        ([("in", 1)], ("out", 1), CheckInScanUsedError, "11:00"),
        ([("in", 1)], ("out", 0), CheckInScanUsedError, "11:00"),
        ([("in", 0), ("out", 1)], ("in", 1), CheckInScanUsedError, "11:00"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_no_trace(
    room: Room, before: list[tuple[str, int]], what: tuple[str, int],
    wanted: type[CreditBankError], since: str | None,
) -> None:  # fmt: skip
    for step in before:
        room.scan(LI, *step)

    error = refused(lambda: room.scan(LI, *what))

    assert type(error) is wanted
    assert error.facts.get("since") == since
    with room.bank.reading() as session:
        assert len(session.scalars(select(CheckInScan)).all()) == len(before)
        assert len(session.scalars(select(CheckInPerson)).all()) == len(before[:1])


def test_the_same_reading_sent_again_is_recorded_once(room: Room) -> None:
    room.scan(LI, "in")
    room.scan(LI, "in")
    room.scan(LI, "out", 1)
    room.scan(LI, "out", 1)

    assert [len(each.spans) for each in room.comers()] == [1]


def test_two_scans_of_one_person_at_once_are_one(room: Room) -> None:
    codes: list[str] = []

    def press(device: str) -> None:
        with room.bank.app.app_context():
            try:
                room.scan(LI, "in", device=device)
                codes.append("done")
            except CreditBankError as error:
                codes.append(error.code)

    scanners = [threading.Thread(target=press, args=(f"phone {each}",)) for each in range(4)]
    for scanner in scanners:
        scanner.start()
    for scanner in scanners:
        scanner.join()

    assert sorted(codes) == ["check-in-twice"] * 3 + ["done"]
    assert [len(each.spans) for each in room.comers()] == [1]


def test_posted_twice_at_once_it_is_one_roster(room: Room, bank: TestBank) -> None:
    room.stay(LI)
    room.close()
    said: list[str] = []

    def press() -> None:
        with bank.app.app_context():
            try:
                said.append(room.post().result.roster_no)
            except CheckInPostedError as error:
                said.append(str(error.facts["roster_no"]))

    pressers = [threading.Thread(target=press) for _ in range(3)]
    for presser in pressers:
        presser.start()
    for presser in pressers:
        presser.join()

    assert len(said) == 3
    assert len(set(said)) == 1
    assert len(credited(bank)) == 1


def test_a_device_of_many_people_is_flagged_at_all_of_them(room: Room) -> None:
    for who in (LI, WANG):
        room.scan(who, "in", device="shared")
    before = [each.is_flagged for each in room.comers()]
    room.scan(ZHAO, "in", device="own")
    room.scan(ZHAO, "out", 1, device="shared")

    assert before == [False, False]
    assert [(each.is_flagged, each.device_people) for each in room.comers()] == [(True, 3)] * 3


def test_one_name_written_in_two_ways_is_one_person_and_another_name_is_another(
    room: Room, bank: TestBank
) -> None:
    said = Identity(LI.document, "張偉")
    room.scan(said, "in")
    room.scan(Identity(LI.document, "张 伟"), "out", 4)
    room.scan(WANG, "in")

    room.scan(Identity(WANG.document, "王别名"), "in", 1)

    assert [len(each.spans) for each in room.comers()] == [1, 1, 1]
    with bank.reading() as session:
        assert session.scalars(select(Person)).all() == []


def test_a_known_number_under_another_name_is_told_to_the_provider_alone(
    room: Room, bank: TestBank
) -> None:
    other = bank.approved_filing()
    bank.post(other, attendance([LI]))
    room.stay(Identity(LI.document, "王别名"))
    room.close()

    posted = room.post()

    assert [each.code for each in posted.result.problems] == ["roster-name-held"]


def test_a_real_number_has_no_place_in_a_demo_bank(room: Room) -> None:
    real = Document(DocumentKind.PASSPORT, "E12345678")

    assert isinstance(refused(lambda: room.scan(Identity(real, "李示例"), "in")), InventedOnlyError)


def test_check_in_opens_on_the_day_of_its_session_and_once(room: Room) -> None:
    assert room.open() == room.no
    assert isinstance(refused(lambda: room.open(days=1)), CheckInDayError)
    assert isinstance(refused(lambda: room.open(2)), SessionNumberUnknownError)


def test_who_comes_after_midnight_is_refused_and_who_leaves_then_is_not(room: Room) -> None:
    room.scan(LI, "in", 13)
    room.scan(LI, "out", 15)

    assert isinstance(refused(lambda: room.scan(WANG, "in", 15)), CheckInDayError)


def test_a_filing_that_takes_no_attendance_opens_no_check_in(room: Room, bank: TestBank) -> None:
    for state, wanted in (("closed", FilingNotOpenError), ("refused", FilingNotApprovedError)):
        with bank.unit() as session:
            filing_numbered(session, room.filing_no).state = state
        assert type(refused(room.open)) is wanted


def test_a_closed_check_in_takes_no_scan_and_stays_as_it_was_closed(room: Room) -> None:
    room.close()
    with room.bank.unit() as session:
        close_check_in(session, room.no, actor="another", now=NOW + 10 * HOUR)

    error = refused(lambda: room.scan(LI, "in"))

    assert isinstance(error, CheckInClosedError)
    assert error.facts == {"closed_at": "18:00"}
    with room.bank.reading() as session:
        assert check_in_numbered(session, room.no).closed_by == ACTOR


def test_more_people_than_could_have_come_are_refused_unless_places_are_open(
    bank: TestBank,
) -> None:
    room = Room(bank, seats=1)
    with bank.unit() as session:
        for number in range(1, 53):
            session.add(
                CheckInPerson(
                    check_in_no=room.no, person_no=number, identity_key=bytes([number]),
                    is_guest=True,
                )
            )  # fmt: skip

    assert isinstance(refused(lambda: room.scan(LI, "in")), CheckInFullError)
    with bank.unit() as session:
        filing_numbered(session, room.filing_no).facts = '{"places":"open"}'
    room.scan(LI, "in")


def test_what_is_typed_lies_encrypted_and_is_forgotten_when_its_term_is_over(
    room: Room, bank: TestBank
) -> None:
    room.scan(LI, "in")
    with bank.reading() as session:
        row = session.scalars(select(CheckInPerson)).one()
        assert row.identity_cipher is not None
        assert LI.document.number.encode() not in row.identity_cipher + row.identity_key

    with bank.unit() as session:
        early = forget_comers(session, now=NOW + KEPT_FOR)
        late = forget_comers(session, now=NOW + KEPT_FOR + HOUR)

    assert (early, late) == (0, 1)
    assert [(each.identity, each.masked_name) for each in room.comers()] == [(None, "—")]


def test_another_organisations_check_in_is_unknown(room: Room, bank: TestBank) -> None:
    with bank.reading() as session:
        assert check_in_numbered(session, room.no).state == "open"
        with pytest.raises(CheckInUnknownError):
            check_in_numbered(session, "K000000000")


def test_the_secret_of_one_check_in_does_not_open_in_the_row_of_another(
    room: Room, bank: TestBank
) -> None:
    other = Room(bank)
    with bank.unit() as session:
        mine = session.get_one(CheckIn, room.no).secret_cipher
        session.execute(
            update(CheckIn).where(CheckIn.check_in_no == other.no).values(secret_cipher=mine)
        )

    assert refused(lambda: other.scan(LI, "in")).code == "vault-broken"
