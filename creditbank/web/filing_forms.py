"""The form of a filing: what was typed into it becomes a draft, or stands there again."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from flask import request

from creditbank.crediting.amendments import Plan
from creditbank.errors import CreditBankError
from creditbank.hours import HoursTextInvalidError, centihours_from_text, hours_text
from creditbank.registry.filing.filings import SESSIONS_MAX, FilingDraft, SessionDraft
from creditbank.registry.filing.kinds import KINDS, FactRule, FilingKind
from creditbank.registry.filing.unfinished import UnfinishedFiling, UnfinishedSession
from creditbank.web import forms

ROWS_AT_FIRST = 3
ROWS_ADDED = 5
_SEATS_MAX = 100_000
_DAY_MINUTES = 24 * 60
_HALF_DAYS = ("2", "1")
_FIELDS = ("title", "kind", "activity", "form", "release", "subject", "seats", "asked_hours")
#: Which session of the filing a line goes on.
SESSION_FIELD = "session_no"
_TEXTS = ("title", "activity", "form", "release", "subject")
_FACT = "fact_"
_POLICY = "policy_teaching"
#: What a line states further, by its field.
_FURTHER = ("begins_at", "ends_at", "place", "teachers")
_FURTHER_CHARACTERS_MAX = 120


class SessionsWantedError(CreditBankError):
    """No day was filled in."""

    code = "filing-sessions-wanted"
    status = 422


class NumberWantedError(CreditBankError):
    """A field does not hold a whole number within its bounds."""

    code = "form-number-wanted"
    status = 422


class HoursWantedError(CreditBankError):
    """A field does not hold hours."""

    code = "form-hours-wanted"
    status = 422


class TitleWantedError(CreditBankError):
    """A filing without a title."""

    code = "filing-title-wanted"
    status = 422


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One line of the form, as it was typed."""

    day: str = ""
    minutes: str = ""
    half_days: str = "2"
    begins_at: str = ""
    ends_at: str = ""
    place: str = ""
    teachers: str = ""


@dataclass(frozen=True, slots=True)
class FilledForm:
    """What stands in the form."""

    fields: dict[str, str]
    lines: tuple[SessionLine, ...]
    facts: Mapping[str, str] = field(default_factory=dict)
    policy_teaching: bool = False


def as_typed(draft: UnfinishedFiling | None) -> FilledForm:
    """Return what stands in the form: what was just typed, else a draft, else nothing."""
    if request.method == "POST":
        fields = {name: forms.typed(name) for name in _FIELDS}
        return FilledForm(fields, _with_room(_lines()), _facts(), forms.ticked(_POLICY))
    if draft is None:
        return FilledForm(dict.fromkeys(_FIELDS, ""), (SessionLine(),) * ROWS_AT_FIRST)
    asked = draft.approved_centihours
    fields = {
        "title": draft.title, "kind": draft.kind, "activity": draft.activity, "form": draft.form,
        "release": draft.release, "subject": draft.subject, "seats": str(draft.seats or ""),
        "asked_hours": "" if asked is None else hours_text(asked),
    }  # fmt: skip
    lines = map(_line, draft.sessions)
    shown = tuple(lines) or (SessionLine(),) * ROWS_AT_FIRST
    return FilledForm(fields, shown, draft.facts, draft.policy_teaching)


def filing_draft() -> FilingDraft:
    """Return the draft that a form states; its words are judged by the rules.

    Raises:
        TitleWantedError, NumberWantedError, HoursWantedError, DayInvalidError,
            SessionsWantedError: it states none.
    """
    title = forms.typed("title")
    if not title:
        raise TitleWantedError
    sessions = tuple(
        _session(line, number) for number, line in enumerate(_lines(), start=1) if line.day
    )
    if not sessions:
        raise SessionsWantedError
    return FilingDraft(
        activity=forms.typed("activity"),
        form=forms.typed("form"),
        release=forms.typed("release"),
        title=title[:200],
        subject=forms.typed("subject"),
        seats=_whole(forms.typed("seats"), "form-field-seats", _SEATS_MAX),
        sessions=tuple(sorted(sessions, key=lambda planned: planned.day)),
        approved_centihours=hours("asked_hours"),
        kind=forms.chosen("kind", FilingKind) if forms.typed("kind") else "",
        facts=_facts(),
        policy_teaching=forms.ticked(_POLICY),
    )


def as_amended(plan: Plan) -> tuple[dict[str, str], list[tuple[str, SessionLine]]]:
    """Return what stands in the form of an amendment: what was typed, else the filing as it is."""
    if request.method == "POST":
        fields = {name: forms.typed(name) for name in ("seats", "asked_hours")}
        return fields, [
            (forms.typed(f"{SESSION_FIELD}_{number}"), line) for number, line in enumerate(_lines())
        ]
    granted = plan.approved_centihours
    fields = {
        "seats": str(plan.seats), "asked_hours": "" if granted is None else hours_text(granted),
    }  # fmt: skip
    lines = [(str(each.session_no), _line(each.planned)) for each in plan.sessions]
    return fields, lines + [("", SessionLine())] * ROWS_AT_FIRST


def numbered_sessions() -> list[tuple[int, SessionDraft]]:
    """Return the sessions of an amendment's form, with the numbers that they had, 0 if none.

    Raises:
        NumberWantedError, DayInvalidError, SessionsWantedError: they are none.
    """
    found = []
    for number, line in enumerate(_lines()):
        if line.day:
            known = forms.typed(f"{SESSION_FIELD}_{number}")
            had = forms.whole(f"{SESSION_FIELD}_{number}") if known else 0
            found.append((had, _session(line, number + 1)))
    if not found:
        raise SessionsWantedError
    return found


def seats_typed() -> int:
    """Return how many places were typed.

    Raises:
        NumberWantedError: no such number.
    """
    return _whole(forms.typed("seats"), "form-field-seats", _SEATS_MAX)


def unfinished_filing() -> UnfinishedFiling:
    """Return what a form states so far.

    Raises:
        NumberWantedError, HoursWantedError, DayInvalidError: something in it is none.
    """
    seats = forms.typed("seats")
    texts = {name: forms.typed(name)[:200] for name in _TEXTS}
    return UnfinishedFiling(
        **texts,
        kind=forms.chosen("kind", FilingKind) if forms.typed("kind") else "",
        seats=_whole(seats, "form-field-seats", _SEATS_MAX) if seats else None,
        sessions=tuple(
            _unfinished_session(line, number)
            for number, line in enumerate(_lines(), start=1)
            if replace(line, half_days="2") != SessionLine()
        ),
        approved_centihours=hours("asked_hours"),
        facts=_facts(),
        policy_teaching=forms.ticked(_POLICY),
    )


def facts_offered(kind: str) -> tuple[FactRule, ...]:
    """Return the facts that the form asks for, once a kind is chosen."""
    return KINDS[FilingKind(kind)].facts if kind in set(FilingKind) else ()


def hours(name: str) -> int | None:
    """Return hours that were typed, in centihours; None where nothing was.

    Raises:
        HoursWantedError: something else was.
    """
    text = forms.typed(name)
    if not text:
        return None
    try:
        return centihours_from_text(text) or None
    except HoursTextInvalidError as error:
        raise HoursWantedError(found=text[:20]) from error


def _facts() -> dict[str, str]:
    """Return what was typed of the facts of the chosen kind; those of another are not asked."""
    names = (rule.name for rule in facts_offered(forms.typed("kind")))
    return {name: forms.typed(_FACT + name) for name in names}


def _line(planned: SessionDraft | UnfinishedSession) -> SessionLine:
    return SessionLine(
        planned.day.isoformat() if planned.day else "", str(planned.planned_minutes or ""),
        str(planned.planned_half_days), planned.begins_at, planned.ends_at, planned.place,
        planned.teachers,
    )  # fmt: skip


def _unfinished_session(line: SessionLine, number: int) -> UnfinishedSession:
    minutes = None
    if line.minutes:
        minutes = _whole(line.minutes, "form-field-minutes", _DAY_MINUTES, row=number)
    return UnfinishedSession(
        _day(line.day) if line.day else None, minutes, int(line.half_days), line.begins_at,
        line.ends_at, line.place, line.teachers,
    )  # fmt: skip


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise forms.DayInvalidError(found=text[:20]) from error


def _session(line: SessionLine, number: int) -> SessionDraft:
    day = _day(line.day)
    minutes = _whole(line.minutes, "form-field-minutes", _DAY_MINUTES, row=number)
    return SessionDraft(
        day, minutes, int(line.half_days), line.begins_at, line.ends_at, line.place, line.teachers
    )


def _whole(text: str, field: str, high: int, row: int = 0) -> int:
    if text.isascii() and text.isdigit() and len(text) <= len(str(high)) and 1 <= int(text) <= high:
        return int(text)
    raise NumberWantedError(field=field, row=row, found=text[:20] or "—", high=high)


def _lines() -> tuple[SessionLine, ...]:
    count = 0
    while f"day_{count}" in request.form and count < SESSIONS_MAX:
        count += 1
    return tuple(
        SessionLine(
            forms.typed(f"day_{number}"),
            forms.typed(f"minutes_{number}"),
            half if (half := forms.typed(f"half_days_{number}")) in _HALF_DAYS else "2",
            *(forms.typed(f"{name}_{number}")[:_FURTHER_CHARACTERS_MAX] for name in _FURTHER),
        )
        for number in range(count)
    )


def _with_room(lines: tuple[SessionLine, ...]) -> tuple[SessionLine, ...]:
    added = ROWS_ADDED if forms.typed("step") == "more" else 0
    return (lines + (SessionLine(),) * added)[:SESSIONS_MAX]
