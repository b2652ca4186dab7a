"""Status records (身份状况登记): what sources say of people, and the feed of what became of it."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.answering import looked
from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call, Door
from creditbank.api.items import LAW_REFUSALS, require_reach
from creditbank.crediting.items import (
    Declaration,
    Evidence,
    ItemDraft,
    ItemKnownError,
    declare_item,
)
from creditbank.house import current_house
from creditbank.ledger.posting import PersonErasedError
from creditbank.people.register import STATED_REFUSALS, identity_of
from creditbank.registry.clients import RegionForeignError, Scope, organisation_seen
from creditbank.registry.lawbook import law_of
from creditbank.rules.subjects import SubjectUnknownError
from creditbank.schemas.people import IDENTITY_EXAMPLE
from creditbank.schemas.status_records import (
    StatusAnswer,
    StatusBody,
    StatusEventsAnswer,
    StatusEventsQuery,
    StatusItemAnswer,
    StatusItemBody,
    StatusRemovalBody,
    shaped_status,
)
from creditbank.verification.desk_looks import LookDraft, Shown, note_desk_looks
from creditbank.verification.status_events import status_feed
from creditbank.verification.status_kinds import StatusMembersError, StatusRoleError
from creditbank.verification.status_records import (
    StatusDayError,
    StatusNotPassedError,
    StatusRecordPastError,
    StatusRecordUnknownError,
    StatusReferenceError,
    claim_passed,
    record_status,
    status_numbered,
    take_back_status,
)

_ONE = "/status-records/<public:record_no>"
_SEEN = (StatusRecordUnknownError, RegionForeignError)
_EXAMPLE = {
    **IDENTITY_EXAMPLE, "kind": "employment", "reference": "SB-2026-000123",
    "source": "示例市社会保险登记", "as_of": "2026-11-01", "valid_from": "2019-07-01",
    "organisation": "91371000MA3C4D5E6W", "post": "工艺工程师", "evidence_sha256": "0" * 64,
}  # fmt: skip
_ITEM_EXAMPLE = {
    "scheme": "cn-3301", "activity": "qualification_exam", "subject": "professional",
    "measures": {"subjects": 1},
}  # fmt: skip

status_records = Door(
    "status-records", __name__,
    description="Employment, status, examinations and pledges, as their sources state them.",
)  # fmt: skip


@status_records.post(
    "/status-records",
    Scope.STATUS_RECORD,
    status=201,
    body=JsonBody(StatusBody(), _EXAMPLE),
    answer=StatusAnswer(),
    refuses=(
        StatusMembersError, StatusRoleError, StatusDayError, StatusReferenceError,
        StatusRecordPastError, *_SEEN, *STATED_REFUSALS, PersonErasedError,
    ),
)  # fmt: skip
def record_a_status(call: Call, session: Session) -> dict[str, Any]:
    """Record what a source says of a person, with its source and day; by the same reference once.

    With `supersedes` it corrects that record; both stay.
    """
    vault = current_house().vault
    return shaped_status(record_status(session, vault, call.body, call.client, now=call.now))


@status_records.get(
    _ONE, Scope.STATUS_RECORD, answer=StatusAnswer(), refuses=(*_SEEN, PersonErasedError)
)
def read_status(call: Call, session: Session, record_no: str) -> dict[str, Any]:
    """Return a record to whoever stated it, or an official of its region."""
    found = status_numbered(session, current_house().vault, record_no, call.client)
    looked([found.person_id], LookDraft(Shown.STATUS, record_no), call.client, now=call.now)
    return shaped_status(found)


@status_records.post(
    f"{_ONE}/removal",
    Scope.STATUS_RECORD,
    body=JsonBody(StatusRemovalBody(), {"reason": "登记在他人名下"}),
    answer=StatusAnswer(),
    refuses=(*_SEEN, StatusRecordPastError, PersonErasedError),
)
def take_back_a_status(call: Call, session: Session, record_no: str) -> dict[str, Any]:
    """Take a record back that never was so; both stay on record."""
    vault, reason = current_house().vault, call.body["reason"]
    taken = take_back_status(session, vault, record_no, reason, call.client, now=call.now)
    draft = LookDraft(Shown.STATUS, record_no)
    note_desk_looks(session, [taken.person_id], draft, call.client, now=call.now)
    return shaped_status(taken)


@status_records.post(
    f"{_ONE}/declaration",
    Scope.ITEM_DECLARE,
    status=201,
    body=JsonBody(StatusItemBody(), _ITEM_EXAMPLE),
    answer=StatusItemAnswer(),
    refuses=(
        *_SEEN, StatusNotPassedError, ItemKnownError, SubjectUnknownError, PersonErasedError,
        *LAW_REFUSALS,
    ),
)  # fmt: skip
def declare_an_examination(call: Call, session: Session, record_no: str) -> dict[str, Any]:
    """Declare an examination that was passed for recognition (认定), the record being its proof.

    An official decides, by the rules of the scheme; the same record is declared once.
    """
    vault, said = current_house().vault, call.body
    status = status_numbered(session, vault, record_no, call.client)
    claim_passed(status)
    require_reach(call.client, law_of(session, said["scheme"]).jurisdiction)
    draft = ItemDraft(
        scheme=said["scheme"], activity=said["activity"], form="", subject=said["subject"],
        title=status.said["title"], day=status.valid_from, work=f"status:{record_no}",
        measures=said.get("measures", {}), traits={}, rank=None, make_up_year=None, spread_years=1,
        asked_centihours=None,
        evidence=(Evidence(f"{record_no} {status.source}", status.evidence_sha256),),
    )  # fmt: skip
    declaration = Declaration(
        identity_of(session, vault, status.person_id), draft, call.client.client_id,
        organisation_seen(call.client),
    )  # fmt: skip
    item = declare_item(session, vault, declaration, now=call.now)
    return {"record_no": record_no, "item_no": item.item_no}


@status_records.get(
    "/status-events", Scope.STATUS_RECORD, query=StatusEventsQuery(), answer=StatusEventsAnswer()
)
def list_status_events(call: Call, session: Session) -> dict[str, Any]:
    """Return what became of the records that this client stated, behind a position, in an order in
    which none is ever put in between."""
    limit = min(call.query["limit"], current_house().settings.page_size_max)
    after = call.query["after"]
    events = [
        {
            "position": each.position, "id": each.event_no, "type": each.kind,
            "time": each.recorded_at, "record": each.record_no, "kind": each.record_kind,
            "superseded_by": each.superseded_by,
        }
        for each in status_feed(session, call.client, after=after, limit=limit)
    ]  # fmt: skip
    return {"events": events, "next_after": events[-1]["position"] if events else after}
