"""Stating what becomes of an organisation: each by an official act with its day and document.

From then on its keys and seats are refused, and its successors answer for what it filed, or the
authority where there is none. A wrong act is taken back, and all is as before.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical
from creditbank.clock import civil_day
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.registry.facts import Ground, Says
from creditbank.registry.filing.filings import FilingUnknownError, filing_numbered
from creditbank.registry.models import Organisation, SuccessionPart, SuccessionStatement
from creditbank.registry.organisations import organisation_by_uscc
from creditbank.registry.stating import FactAheadError, FactReasonWantedError
from creditbank.registry.successions import (
    How,
    Part,
    Succession,
    holder_of,
    successions_into,
    successions_of,
)

#: The act of each, whose subject is the organisation's code.
ACTS = {
    How.CLOSED: "organisation.closed", How.MERGED: "organisation.merged",
    How.SPLIT: "organisation.split",
}  # fmt: skip
TAKEN_BACK = "organisation.succession-taken-back"


class SuccessorsUnfitError(CreditBankError):
    """Too few or too many successors for what becomes of the organisation, or itself among them."""

    code = "successors-unfit"
    status = 422


class SuccessionDayError(CreditBankError):
    """On that day the organisation or a successor was not there, or something later rests on it."""

    code = "succession-day"
    status = 409


class SuccessionUnknownError(CreditBankError):
    """The organisation has no such succession, or it was taken back."""

    code = "succession-unknown"
    status = 404


@dataclass(frozen=True, slots=True)
class SuccessorDraft:
    """A successor by its code, with the filings that it takes over; none for all that is left."""

    uscc: str
    filings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SuccessionDraft:
    """What is to be stated of an organisation."""

    how: How
    #: the first day on which it is so
    day: date
    successors: tuple[SuccessorDraft, ...]
    ground: Ground
    #: of a split: it goes on beside its successors
    continues: bool = False


def succeed(
    session: Session, uscc: str, draft: SuccessionDraft, *, actor: str, now: datetime
) -> Succession:
    """State that an organisation is closed, merged or split, and who takes what over.

    Raises:
        OrganisationUnknownError: it, or a successor, is not registered.
        SuccessorsUnfitError: not as such an act has them.
        FactAheadError: it, or its document, is of a day that has not come.
        SuccessionDayError: it contradicts what became of it or of a successor.
        FilingUnknownError: a successor would take over what the organisation does not hold.
    """
    organisation, parts = _sides(session, uscc, draft)
    _check_successors(organisation, draft, parts)
    for day in (draft.day, draft.ground.document_day):
        _refuse_ahead(day, now)
    _check_days(session, organisation, draft, parts)
    for part in parts:
        if part.filing_no and not _holds(session, organisation, part.filing_no):
            raise FilingUnknownError(filing_no=part.filing_no[:20])
    number = "N" + random_number(9)
    said: dict[str, Canonical] = {
        "succession": number, "day": draft.day.isoformat(), "continues": draft.continues,
        "successors": [
            {"uscc": each.uscc, "filings": list(each.filings)} for each in draft.successors
        ],
        **_of_ground(draft.ground),
    }  # fmt: skip
    act_id = _record(session, organisation, ACTS[draft.how], said, actor, now)
    made = Succession(
        number, organisation.organisation_id, draft.how, draft.day, draft.continues, parts,
        draft.ground, actor, now,
    )  # fmt: skip
    _insert(session, made, Says.SO, act_id)
    rows = [
        {"succession_no": number, "successor_id": each.successor_id, "filing_no": each.filing_no}
        for each in parts
    ]
    if rows:
        session.execute(insert(SuccessionPart), rows)
    if not draft.continues:
        organisation.ended_on = draft.day
    session.flush()
    return made


def take_succession_back(
    session: Session, uscc: str, number: str, ground: Ground, *, actor: str, now: datetime
) -> None:
    """Say that it never became so: keys, seats and filings are as before.

    Raises:
        OrganisationUnknownError, SuccessionUnknownError: there is nothing to take back.
        FactReasonWantedError: no reason is given.
        FactAheadError: a document of a day that has not come.
    """
    organisation = _locked(session, [uscc])[0]
    said = successions_of(session, [organisation.organisation_id])[organisation.organisation_id]
    made = next(
        (each for each in said if each.succession_no == number and each.taken_back is None), None
    )
    if made is None:
        raise SuccessionUnknownError(succession_no=number[:20])
    if not ground.reason:
        raise FactReasonWantedError
    _refuse_ahead(ground.document_day, now)
    details: dict[str, Canonical] = {"succession": number, **_of_ground(ground)}
    act_id = _record(session, organisation, TAKEN_BACK, details, actor, now)
    back = Succession(
        made.succession_no, made.organisation_id, made.how, made.day, made.continues, made.parts,
        ground, actor, now,
    )  # fmt: skip
    _insert(session, back, Says.NOT_SO, act_id)
    if not made.continues:
        organisation.ended_on = None
    session.flush()


def _sides(
    session: Session, uscc: str, draft: SuccessionDraft
) -> tuple[Organisation, tuple[Part, ...]]:
    organisation, *heirs = _locked(session, [uscc, *(each.uscc for each in draft.successors)])
    parts = [
        Part(heir.organisation_id, number)
        for heir, each in zip(heirs, draft.successors, strict=True)
        for number in (each.filings or ("",))
    ]
    return organisation, tuple(parts)


def _check_successors(
    organisation: Organisation, draft: SuccessionDraft, parts: tuple[Part, ...]
) -> None:
    count, rest = len(draft.successors), [each for each in parts if not each.filing_no]
    named = [each.filing_no for each in parts if each.filing_no]
    fits = {
        How.CLOSED: count <= 1 and not named and not draft.continues,
        How.MERGED: count == 1 and not named and not draft.continues,
        How.SPLIT: count >= 1 and len(rest) <= (0 if draft.continues else 1),
    }[draft.how]
    own = any(each.successor_id == organisation.organisation_id for each in parts)
    if not fits or own or len(set(named)) != len(named):
        raise SuccessorsUnfitError(
            how_words=f"succession-{draft.how}", found=[each.uscc[:18] for each in draft.successors]
        )


def _check_days(
    session: Session, organisation: Organisation, draft: SuccessionDraft, parts: tuple[Part, ...]
) -> None:
    """Refuse what could not be: nobody acts after the end, nor takes over before it is there.

    So along every chain the days grow, and no chain comes back to where it began.
    """
    organisation_id = organisation.organisation_id
    before = [
        *successions_into(session, organisation_id),
        *(
            each
            for each in successions_of(session, [organisation_id])[organisation_id]
            if each.taken_back is None
        ),
    ]
    for each in before:
        if each.day >= draft.day or (each.organisation_id == organisation_id and _ends(each)):
            raise SuccessionDayError(
                found=draft.day.isoformat(), wanted=each.day.isoformat(), uscc=organisation.uscc,
                how_words=f"succession-{each.how}",
            )  # fmt: skip
    for heir_id in {part.successor_id for part in parts}:
        heir = session.get_one(Organisation, heir_id)
        if heir.ended_on is not None and heir.ended_on <= draft.day:
            raise SuccessionDayError(
                found=draft.day.isoformat(), wanted=heir.ended_on.isoformat(), uscc=heir.uscc,
                how_words="succession-ended",
            )  # fmt: skip


def _ends(succession: Succession) -> bool:
    return not succession.continues


def _holds(session: Session, organisation: Organisation, filing_no: str) -> bool:
    filing = filing_numbered(session, filing_no)
    return holder_of(session, filing) == organisation.organisation_id


def _locked(session: Session, codes: list[str]) -> list[Organisation]:
    """Return organisations by their codes, locked in one order whatever the order of the codes."""
    found = [organisation_by_uscc(session, each) for each in codes]
    ids = sorted({each.organisation_id for each in found})
    query = select(Organisation).where(Organisation.organisation_id.in_(ids))
    order = query.order_by(Organisation.organisation_id).with_for_update()
    session.scalars(order.execution_options(populate_existing=True)).all()
    return found


def _record(  # noqa: PLR0917 # what an act says
    session: Session, organisation: Organisation, kind: str, details: dict[str, Canonical],
    actor: str, now: datetime,
) -> int:  # fmt: skip
    region = organisation.jurisdiction
    draft = ActDraft(kind, region, actor, organisation.uscc, details)
    return record_act(session, draft, now=now).act_id


def _insert(session: Session, said: Succession, says: Says, act_id: int) -> None:
    row = {
        "succession_no": said.succession_no, "sequence": 1 if says is Says.SO else 2,
        "says": str(says), "organisation_id": said.organisation_id, "how": str(said.how),
        "day": said.day, "continues": said.continues, "document_no": said.ground.document_no,
        "document_day": said.ground.document_day, "reason": said.ground.reason,
        "actor": said.actor, "recorded_at": said.recorded_at, "act_id": act_id,
    }  # fmt: skip
    session.execute(insert(SuccessionStatement), [row])


def _of_ground(ground: Ground) -> dict[str, Canonical]:
    return {
        "document_no": ground.document_no,
        "document_day": "" if ground.document_day is None else ground.document_day.isoformat(),
        "reason_text": ground.reason,
    }


def _refuse_ahead(day: date | None, now: datetime) -> None:
    today = civil_day(now)
    if day is not None and day > today:
        raise FactAheadError(found=day.isoformat(), wanted=today.isoformat())
