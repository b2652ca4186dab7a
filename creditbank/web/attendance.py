"""Who attended a filed activity, by name and last four; and how an attendance is taken back."""

import re
from datetime import date

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.answering import looked
from creditbank.crediting.attendances import (
    AttendanceUnknownError,
    Attendee,
    attendee_at,
    attendees_of,
)
from creditbank.crediting.corrections import (
    Correction,
    CorrectionReason,
    correct_attendance,
    rehearse_correction,
)
from creditbank.crediting.rosters import RosterUnknownError, roster_numbered
from creditbank.crediting.withdrawals import (
    Withdrawal,
    WithdrawalReason,
    rehearse_withdrawal,
    withdraw_attendance,
)
from creditbank.errors import CreditBankError
from creditbank.house import current_house
from creditbank.people.documents import DocumentKind
from creditbank.people.register import Identity, identity_of
from creditbank.registry.clients import Scope
from creditbank.registry.filing.filings import FilingUnknownError, filing_seen, sessions_of
from creditbank.registry.models import Filing
from creditbank.verification.desk_looks import LookDraft, Shown, note_desk_looks
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Unit, Visit, able, see
from creditbank.web.pages import page
from creditbank.web.paging import asked_page, pages_for

PEOPLE_SHOWN = 25
_CASE_CHARACTERS_MAX = 60
#: Statements are voided by statements alone.
_WITHDRAWN_BECAUSE = [each for each in WithdrawalReason if each != "statement-voided"]
_DAY_MINUTES = 24 * 60
_ROW = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


class DaysWantedError(CreditBankError):
    """No day was ticked of those that could be taken back."""

    code = "withdrawal-days-wanted"
    status = 422


attendance = Pages("attendance", __name__)
_PERSON = "/attendances/<public:place>"


@attendance.shown("/filings/<public:filing_no>/attendance", able(Scope.ATTENDANCE_WITHDRAW))
def people(visit: Visit, session: Session, filing_no: str) -> Response:
    """List who attended, page by page."""
    return _people(session, visit, filing_no, "")


@attendance.sent(
    "/filings/<public:filing_no>/attendance", able(Scope.ATTENDANCE_WITHDRAW), unit=Unit.READING
)
def find(visit: Visit, session: Session, filing_no: str) -> Response:
    """List those whose name or last four was typed; never in an address."""
    return _people(session, visit, filing_no, forms.typed("who"))


@attendance.shown(_PERSON, able(Scope.ATTENDANCE_WITHDRAW))
def person(visit: Visit, session: Session, place: str) -> Response:
    """Show what somebody attended, what it was worth, and what was taken back."""
    filing, attendee = _attendee(session, visit, place)
    draft = LookDraft(Shown.ATTENDANCE, filing.filing_no)
    looked([attendee.person_id], draft, visit.client, now=visit.now)
    return page(
        "attendee.html", filing=filing, attendee=attendee, place=place,
        reasons=list(map(str, _WITHDRAWN_BECAUSE)), may_correct=list(map(str, CorrectionReason)),
        kinds=list(map(str, DocumentKind)),
        sessions=[planned.day for planned in sessions_of(session, filing.filing_no)],
    )  # fmt: skip


@attendance.sent(f"{_PERSON}/withdrawal", able(Scope.ATTENDANCE_WITHDRAW), shows=person)
def withdraw(visit: Visit, session: Session, place: str) -> Response:
    """Show what would be taken back; once that is confirmed, take it back."""
    filing, attendee = _attendee(session, visit, place)
    vault = current_house().vault
    _note(session, visit, filing, attendee)
    withdrawal = Withdrawal(
        filing=filing,
        identity=identity_of(session, vault, attendee.person_id),
        days=_days(attendee),
        reason=forms.chosen("reason", WithdrawalReason),
        case_no=forms.typed("case_no")[:_CASE_CHARACTERS_MAX],
        actor=visit.client.client_id,
    )
    if forms.ticked("confirmed"):
        withdraw_attendance(session, vault, withdrawal, now=visit.now)
        return see("web.attendance.person", "attendance-withdrawn", place=place)
    foreseen = rehearse_withdrawal(session, vault, withdrawal, now=visit.now)
    return page(
        "withdrawal.html", filing=filing, attendee=attendee, place=place,
        withdrawal=withdrawal, foreseen=foreseen,
    )  # fmt: skip


@attendance.sent(f"{_PERSON}/correction", able(Scope.ATTENDANCE_WITHDRAW), shows=person)
def correct(visit: Visit, session: Session, place: str) -> Response:
    """Show what a day would become; once that is confirmed, correct it."""
    filing, attendee = _attendee(session, visit, place)
    vault = current_house().vault
    _note(session, visit, filing, attendee)
    minutes = fields.whole("attended_minutes", "correction-minutes", (1, _DAY_MINUTES))
    [day, *_] = _days(attendee)
    was = next(each.attended_minutes for each in attendee.days if each.day == day)
    reason = forms.chosen("reason", CorrectionReason)
    correction = Correction(
        filing=filing,
        identity=identity_of(session, vault, attendee.person_id),
        day=day,
        attended_minutes=minutes or was,
        reason=reason,
        case_no=forms.typed("case_no")[:_CASE_CHARACTERS_MAX],
        actor=visit.client.client_id,
        attended_by=_attended_by(reason),
        attended_on=forms.day("attended_on"),
    )
    if forms.ticked("confirmed"):
        correct_attendance(session, vault, correction, now=visit.now)
        return see("web.attendance.person", "attendance-corrected", place=place)
    foreseen = rehearse_correction(session, vault, correction, now=visit.now)
    return page(
        "correction.html", filing=filing, attendee=attendee, place=place,
        correction=correction, foreseen=foreseen,
    )  # fmt: skip


def _attended_by(reason: CorrectionReason) -> Identity | None:
    """Return who was there instead, where a form names anybody.

    Raises:
        FormFieldEmptyError: it was the wrong person, and nobody is named.
    """
    if forms.typed("document_number") or forms.typed("person_name"):
        return forms.identity()
    if reason is CorrectionReason.WRONG_PERSON:
        raise fields.empty("correction-person-wanted")
    return None


def _people(session: Session, visit: Visit, filing_no: str, search: str) -> Response:
    filing = filing_seen(session, visit.client, filing_no)
    number = 1 if search else asked_page()
    found = attendees_of(
        session, current_house().vault, filing, search=search,
        offset=(number - 1) * PEOPLE_SHOWN, limit=PEOPLE_SHOWN,
    )  # fmt: skip
    people = [each.person_id for each in found.attendees]
    looked(people, LookDraft(Shown.ATTENDANCE, filing_no), visit.client, now=visit.now)
    return page(
        "attendees.html", filing=filing, attendees=found.attendees, total=found.total,
        search=search, number=number, count=pages_for(found.total, PEOPLE_SHOWN),
    )  # fmt: skip


def _note(session: Session, visit: Visit, filing: Filing, attendee: Attendee) -> None:
    """Keep that an official is shown somebody, in the transaction that is open for writing."""
    draft = LookDraft(Shown.ATTENDANCE, filing.filing_no)
    note_desk_looks(session, [attendee.person_id], draft, visit.client, now=visit.now)


def _attendee(session: Session, visit: Visit, place: str) -> tuple[Filing, Attendee]:
    """Return whoever a row of a roster was about: `R7K2M9QXAB-12` is row 12.

    Raises:
        AttendanceUnknownError, RegionForeignError: nobody, or not theirs to see.
    """
    roster_no, _, row = place.partition("-")
    row_no = int(row) if _ROW.fullmatch(row) else 0
    try:
        filing = filing_seen(session, visit.client, roster_numbered(session, roster_no).filing_no)
    except (RosterUnknownError, FilingUnknownError) as error:
        raise AttendanceUnknownError(roster_no=roster_no[:20], row_no=row_no) from error
    return filing, attendee_at(session, current_house().vault, filing, roster_no, row_no)


def _days(attendee: Attendee) -> tuple[date, ...]:
    """Return the days that were ticked; each is one of theirs."""
    ticked = set(request.form.getlist("day"))
    days = {each.day for each in attendee.days if each.day.isoformat() in ticked}
    if not days:
        raise DaysWantedError
    return tuple(sorted(days))
