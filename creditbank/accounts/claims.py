"""Claims: an organisation's first administrator by 授权书, and what a second claim goes through.

An official of the organisation's region decides every claim. Where somebody manages the
organisation already, they are asked too: they agree or object, and the official, who may decide
otherwise, then has to say why.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from creditbank.accounts.audit import Event, Happening, record_event
from creditbank.accounts.models import Account, Claim
from creditbank.accounts.seats import (
    ROLES_OF_KIND,
    SeatDraft,
    SeatUnfitError,
    make_seat,
    managers_of,
)
from creditbank.canonical import Canonical
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.registry.clients import Client, Role, Scope, ScopeMissingError
from creditbank.registry.lookups import within_jurisdiction
from creditbank.registry.models import Organisation
from creditbank.registry.organisations import OrganisationKind, organisation_by_uscc

AGREES, OBJECTS = "agrees", "objects"
REFERENCE_CHARACTERS_MAX = 120
REASON_CHARACTERS_MAX = 500
#: The oldest come first; whoever has more to decide decides these first.
CLAIMS_SHOWN = 100
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


class ClaimUnknownError(CreditBankError):
    """There is no such claim."""

    code = "claim-unknown"
    status = 404


class ClaimDecidedError(CreditBankError):
    """The claim was decided already."""

    code = "claim-decided"
    status = 409


class ClaimOpenError(CreditBankError):
    """The same account claims the same organisation already, and nobody has decided."""

    code = "claim-open"
    status = 409


class ClaimPaperError(CreditBankError):
    """The letter of authorisation is not named, or its digest is none."""

    code = "claim-paper"
    status = 422


class ClaimReasonWantedError(CreditBankError):
    """A refusal has a reason, and so has an approval that a standing manager did not agree to."""

    code = "claim-reason-wanted"
    status = 422


class OwnClaimError(CreditBankError):
    """Nobody decides or comments the own claim."""

    code = "claim-own"
    status = 403


@dataclass(frozen=True, slots=True)
class ClaimDraft:
    """A claim about to be made; `digest` is the hexadecimal SHA-256 of the letter's file."""

    uscc: str
    role: Role
    reference: str
    digest: str


@dataclass(frozen=True, slots=True)
class ClaimSeen:
    """A claim as those who deal with it see it."""

    claim_no: str
    uscc: str
    organisation_name: str
    jurisdiction: str
    account_no: str
    sign_in_name: str
    role: Role
    reference: str
    digest: str
    state: str
    submitted_at: datetime
    has_manager: bool
    opinion: str
    remark: str
    reason: str


def submit_claim(session: Session, account: Account, draft: ClaimDraft, *, now: datetime) -> str:
    """Claim to manage an organisation; return the claim's number.

    Raises:
        UsccInvalidError, OrganisationUnknownError: no organisation has this code.
        SeatUnfitError: an organisation of its kind has no such seats.
        ClaimPaperError: the letter is not named, or its digest is none.
        ClaimOpenError: the same was claimed and is not decided.
    """
    organisation = organisation_by_uscc(session, draft.uscc)
    if draft.role not in ROLES_OF_KIND[OrganisationKind(organisation.kind)]:
        raise SeatUnfitError(role=str(draft.role))
    reference, digest = draft.reference.strip(), draft.digest.strip().lower()
    if not 0 < len(reference) <= REFERENCE_CHARACTERS_MAX or _DIGEST.fullmatch(digest) is None:
        raise ClaimPaperError
    row = {
        "claim_no": "Q" + random_number(9), "organisation_id": organisation.organisation_id,
        "account_id": account.account_id, "role": str(draft.role), "reference": reference,
        "digest": bytes.fromhex(digest), "state": "submitted", "submitted_at": now, "opinion": "",
        "opinion_by": "", "remark": "", "decided_by": "", "decided_at": None, "reason": "",
        "act_id": None,
    }  # fmt: skip
    dialect = session.get_bind().dialect.name
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = make(Claim).values(row).on_conflict_do_nothing().returning(Claim.claim_no)
    claim_no = session.scalar(statement)
    if claim_no is None:
        raise ClaimOpenError(uscc=organisation.uscc)
    _tell(session, Event.CLAIM_SUBMITTED, account.account_id, account.account_no, claim_no, now=now)
    return claim_no


def give_opinion(
    session: Session, client: Client, claim_no: str, opinion: str, remark: str, *, now: datetime
) -> None:
    """Agree or object to a claim as who manages the organisation already; the last word counts.

    Raises:
        ClaimUnknownError: there is none of this number for this organisation.
        ScopeMissingError: not from this seat.
        OwnClaimError, ClaimDecidedError: too close, or too late.
    """
    if Scope.SEAT_MANAGE not in client.scopes or client.organisation_id is None:
        raise ScopeMissingError(wanted=str(Scope.SEAT_MANAGE))
    claim = _open_claim(session, claim_no, client)
    if claim.organisation_id != client.organisation_id:
        raise ClaimUnknownError(claim_no=claim_no[:20])
    assert opinion in (AGREES, OBJECTS), "the door offers two"
    claim.opinion, claim.opinion_by = opinion, client.client_id
    claim.remark = remark.strip()[:REASON_CHARACTERS_MAX]
    _tell(session, Event.CLAIM_OPINION, claim.account_id, client.client_id, claim_no, now=now)


def decide_claim(
    session: Session, client: Client, claim_no: str, *, approve: bool, reason: str, now: datetime
) -> None:
    """Decide a claim as an official of the organisation's region; an approval makes the seat.

    Raises:
        ClaimUnknownError, ClaimDecidedError: there is nothing to decide.
        ScopeMissingError, RegionForeignError, OwnClaimError: not by this official.
        ClaimReasonWantedError: it is refused, or a standing manager does not agree, without reason.
    """
    if Scope.CLAIM_DECIDE not in client.scopes:
        raise ScopeMissingError(wanted=str(Scope.CLAIM_DECIDE))
    claim = _open_claim(session, claim_no, client)
    organisation = session.get_one(Organisation, claim.organisation_id)
    client.require_region(organisation.jurisdiction)
    reason = reason.strip()[:REASON_CHARACTERS_MAX]
    contested = claim.opinion != AGREES and _others_manage(session, claim, now=now)
    if not reason and (contested or not approve):
        raise ClaimReasonWantedError
    state = "approved" if approve else "refused"
    act_id = _recorded(session, claim, organisation, client, (state, reason), now=now)
    claim.state, claim.act_id, claim.reason = state, act_id, reason
    claim.decided_by, claim.decided_at = client.client_id, now
    account = session.get_one(Account, claim.account_id)
    if approve:
        seat = SeatDraft(
            Role(claim.role), organisation.jurisdiction, organisation.organisation_id, manages=True
        )
        make_seat(session, account, seat, actor=client.client_id, now=now)
    _tell(session, Event.CLAIM_DECIDED, claim.account_id, client.client_id, claim_no, now=now)


def claims_seen(session: Session, client: Client, *, now: datetime) -> Sequence[ClaimSeen]:
    """Return the open claims that an official of the region, or a manager, has to deal with."""
    query = _seen_query().where(Claim.state == "submitted", Account.account_no != client.client_id)
    if Scope.CLAIM_DECIDE in client.scopes:
        query = query.where(within_jurisdiction(Organisation.jurisdiction, client.jurisdiction))
    elif Scope.SEAT_MANAGE in client.scopes and client.organisation_id is not None:
        query = query.where(Claim.organisation_id == client.organisation_id)
    else:
        return []
    rows = session.execute(query.order_by(Claim.submitted_at).limit(CLAIMS_SHOWN))
    return [
        _seen(session, claim, organisation, account, now=now)
        for claim, organisation, account in rows
    ]


def own_claims(session: Session, account_id: int, *, now: datetime) -> Sequence[ClaimSeen]:
    """Return an account's claims, the newest first."""
    query = _seen_query().where(Claim.account_id == account_id)
    rows = session.execute(query.order_by(Claim.submitted_at.desc()).limit(CLAIMS_SHOWN))
    return [
        _seen(session, claim, organisation, account, now=now)
        for claim, organisation, account in rows
    ]


def _seen_query() -> Select[Claim, Organisation, Account]:
    return (
        select(Claim, Organisation, Account)
        .join(Organisation, Organisation.organisation_id == Claim.organisation_id)
        .join(Account, Account.account_id == Claim.account_id)
    )


def _seen(
    session: Session, claim: Claim, organisation: Organisation, account: Account, *, now: datetime
) -> ClaimSeen:
    return ClaimSeen(
        claim_no=claim.claim_no,
        uscc=organisation.uscc,
        organisation_name=organisation.name,
        jurisdiction=organisation.jurisdiction,
        account_no=account.account_no,
        sign_in_name=account.sign_in_name or "",
        role=Role(claim.role),
        reference=claim.reference,
        digest=claim.digest.hex(),
        state=claim.state,
        submitted_at=claim.submitted_at,
        has_manager=_others_manage(session, claim, now=now),
        opinion=claim.opinion,
        remark=claim.remark,
        reason=claim.reason,
    )


def _open_claim(session: Session, claim_no: str, client: Client) -> Claim:
    claim = session.scalar(select(Claim).where(Claim.claim_no == claim_no).with_for_update())
    if claim is None:
        raise ClaimUnknownError(claim_no=claim_no[:20])
    if claim.state != "submitted":
        raise ClaimDecidedError(claim_no=claim_no)
    if session.get_one(Account, claim.account_id).account_no == client.client_id:
        raise OwnClaimError
    return claim


def _others_manage(session: Session, claim: Claim, *, now: datetime) -> bool:
    managers = managers_of(session, claim.organisation_id, now=now)
    return any(seat.account_id != claim.account_id for seat in managers)


def _recorded(
    session: Session,
    claim: Claim,
    organisation: Organisation,
    client: Client,
    decision: tuple[str, str],
    *,
    now: datetime,
) -> int:
    state, reason = decision
    details: dict[str, Canonical] = {
        "organisation": organisation.uscc, "role": claim.role, "reference": claim.reference,
        "digest": claim.digest.hex(), "opinion": claim.opinion, "opinion_by": claim.opinion_by,
    }  # fmt: skip
    region, actor = organisation.jurisdiction, client.client_id
    draft = ActDraft(f"claim.{state}", region, actor, claim.claim_no, details, reason=reason)
    return record_act(session, draft, now=now).act_id


def _tell(
    session: Session, event: Event, account_id: int, actor: str, claim_no: str, *, now: datetime
) -> None:
    record_event(session, Happening(event, account_id, actor, claim_no), now=now)
