"""What a person holds, entry by entry if asked, and links between documents of one person.

Numbers and names come in bodies, never in addresses, which land in logs.
"""

from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from creditbank.answering import looked
from creditbank.api.bodies import JsonBody
from creditbank.api.cursors import cursor_of, place_of
from creditbank.api.endpoints import Call, Door, Unit
from creditbank.clock import civil_day
from creditbank.crediting.balances import Times, held_at
from creditbank.crediting.carried import carried_over
from creditbank.crediting.links import (
    FindingsWanted,
    LinkFinding,
    LinkOccasionTwiceError,
    findings_page,
    record_finding,
)
from creditbank.crediting.lookups import RecordedEntry, people_of, record_of
from creditbank.house import current_house
from creditbank.ledger.posting import PersonErasedError
from creditbank.people.register import (
    STATED_REFUSALS,
    LinkUnchangedError,
    PersonUnknownError,
    find_person,
)
from creditbank.registry.clients import Scope
from creditbank.rules.loader import PackMissingError
from creditbank.rules.pack import PackDraftError
from creditbank.schemas.carried import shaped_carried
from creditbank.schemas.people import (
    IDENTITY_EXAMPLE,
    BalanceAnswer,
    FindingsAnswer,
    FindingsQuery,
    HolderBody,
    LinkAnswer,
    LinkBody,
)
from creditbank.schemas.records import EntriesAnswer
from creditbank.schemas.statements import HoldingBody
from creditbank.verification.desk_looks import LookDraft, Shown

_HOLDER_EXAMPLE = {**IDENTITY_EXAMPLE, "scheme": "cn-3710"}
_LINK_EXAMPLE = {
    "one": IDENTITY_EXAMPLE,
    "other": {"document_kind": "passport", "document_number": "X99990001", "name": "李示例"},
    "reason": "several-documents",
    "case_no": "威人社〔2026〕12号",
}
_PERSON_REFUSALS = (PersonUnknownError, *STATED_REFUSALS)
_LINK_REFUSALS = (*_PERSON_REFUSALS, LinkUnchangedError, PersonErasedError)

people = Door("people", __name__, description="Whose hours, and which.")


@people.post(
    "/balances",
    Scope.BALANCE_READ,
    unit=Unit.READING,
    body=JsonBody(HoldingBody(), _HOLDER_EXAMPLE),
    answer=BalanceAnswer(),
    refuses=(*_PERSON_REFUSALS, PackMissingError, PackDraftError),
)
def read_balances(call: Call, session: Session) -> dict[str, Any]:
    """Return a person's hours in a scheme by year and subject, over all linked documents."""
    scheme, times = call.body["scheme"], Times(call.body["as_of"], call.body["known_at"])
    keys = people_of(session, current_house().vault, call.body["identity"])
    note_look(call, session, Shown.BALANCE)
    found = held_at(session, keys, scheme, times)
    carried = carried_over(session, keys, scheme, times, civil_day(call.now))
    return {
        "scheme": scheme,
        "known_at": found.known_at,
        "live_hours": sum(line.live_centihours for line in found.balances),
        "balances": [
            {
                "year": line.credited_year,
                "subject": line.subject,
                "live_hours": line.live_centihours,
                "capped_hours": line.capped_centihours,
                "frozen_hours": line.frozen_centihours,
            }
            for line in found.balances
        ],
        "carried": shaped_carried(carried),
    }


@people.post(
    "/entries",
    Scope.BALANCE_READ,
    unit=Unit.READING,
    body=JsonBody(HolderBody(), _HOLDER_EXAMPLE),
    answer=EntriesAnswer(),
    refuses=_PERSON_REFUSALS,
)
def read_entries(call: Call, session: Session) -> dict[str, Any]:
    """Return a person's entries in a scheme in full, with what rebuilds and proves each leaf."""
    scheme, vault = call.body["scheme"], current_house().vault
    found = record_of(session, vault, call.body["identity"], scheme)
    note_look(call, session, Shown.ENTRIES)
    return {"scheme": scheme, "entries": [_shaped(recorded) for recorded in found]}


def note_look(call: Call, session: Session, shown: Shown) -> None:
    """Keep that somebody's hours are about to be shown, what for and by which file."""
    person = find_person(session, current_house().vault, call.body["identity"])
    draft = LookDraft(shown, call.body["case_no"], call.body["purpose"])
    looked([person], draft, call.client, now=call.now)


@people.post(
    "/people/links",
    Scope.PERSON_LINK,
    status=201,
    body=JsonBody(LinkBody(), _LINK_EXAMPLE),
    answer=LinkAnswer(),
    refuses=(*_LINK_REFUSALS, LinkOccasionTwiceError),
)
def link(call: Call, session: Session) -> dict[str, Any]:
    """Record that two documents are one person's; caps are counted over both."""
    return _found(call, session, linked=True)


@people.post(
    "/people/links/removal",
    Scope.PERSON_LINK,
    status=201,
    body=JsonBody(LinkBody(), _LINK_EXAMPLE),
    answer=LinkAnswer(),
    refuses=_LINK_REFUSALS,
)
def unlink(call: Call, session: Session) -> dict[str, Any]:
    """Record that two documents are not one person's; caps are counted apart again."""
    return _found(call, session, linked=False)


@people.get("/people/links", Scope.PERSON_LINK, query=FindingsQuery(), answer=FindingsAnswer())
def list_links(call: Call, session: Session) -> dict[str, Any]:
    """List a region's findings, newest first; nobody is named."""
    limit = min(call.query["limit"], current_house().settings.page_size_max)
    place = place_of(call.query["cursor"])
    found = findings_page(session, FindingsWanted(call.client.jurisdiction, place, limit))
    page, next_cursor = found[:limit], ""
    if len(found) > limit:
        next_cursor = cursor_of(page[-1].recorded_at, page[-1].link_no)
    lines = [{**asdict(each), "act_leaf": each.act_leaf.hex()} for each in page]
    return {"links": lines, "next_cursor": next_cursor}


def _found(call: Call, session: Session, *, linked: bool) -> dict[str, Any]:
    finding = LinkFinding(
        one=call.body["one"]["identity"],
        other=call.body["other"]["identity"],
        linked=linked,
        jurisdiction=call.client.jurisdiction,
        actor=call.client.client_id,
        reason=str(call.body["reason"]),
        case_no=call.body["case_no"],
    )
    result = record_finding(session, current_house().vault, finding, now=call.now)
    return {
        "link_no": result.link_no,
        "act_leaf": result.act_leaf.hex(),
        "capped_hours": result.capped_centihours,
    }


def _shaped(recorded: RecordedEntry) -> dict[str, Any]:
    entry = recorded.entry
    return {
        "movement": entry.movement,
        "from_state": entry.from_state,
        "to_state": entry.to_state,
        "hours": entry.centihours,
        "year": entry.credited_year,
        "subject": entry.subject,
        "earned_on": entry.earned_on.isoformat(),
        "recorded_at": entry.recorded_at,
        "occasion": entry.occasion,
        "revision": entry.revision,
        "step": entry.step,
        "reason": entry.reason,
        "leaf": entry.leaf.hex(),
        "salt": recorded.salt.hex(),
        "body": recorded.body.to_canonical(),
        "facts": recorded.facts,
        "pending": recorded.index is None,
        "origin": recorded.origin,
        "index": recorded.index,
    }
