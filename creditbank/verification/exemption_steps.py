"""What becomes of an application for an exemption: decided, given back, revoked; each an act."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical, canonical_text
from creditbank.clock import civil_day
from creditbank.ledger.journal import details_of
from creditbank.ledger.models import Act
from creditbank.people.vault import Vault
from creditbank.registry.facts import Ground
from creditbank.registry.lawbook import law_of
from creditbank.registry.models import Organisation
from creditbank.registry.successions import predecessors_on
from creditbank.rules.applying import Tried, frees_place, quota_use_of, quota_year
from creditbank.rules.pathways import pathway_of
from creditbank.rules.register_rules import Ending
from creditbank.verification.exemption_models import Exemption
from creditbank.verification.exemptions import (
    ExemptionDraft,
    ExemptionState,
    ExemptionTermError,
    bounds_of,
    draft_of,
    enterprise_of,
    locked_exemption,
    outside,
    places_taken,
    record_step,
    require_state,
    tried_for,
)

APPROVED, RETURNED, REFUSED = "exemption.approved", "exemption.returned", "exemption.refused"
WITHDRAWN, GIVEN_BACK, REVOKED = (
    "exemption.withdrawn", "exemption.given-back", "exemption.revoked",
)  # fmt: skip
USED, USE_ENDED = "exemption.used", "exemption.use-ended"
_OPEN = (ExemptionState.SUBMITTED, ExemptionState.RETURNED)


class Decision(StrEnum):
    """What an official decides of what was submitted."""

    APPROVE = "approve"
    RETURN = "return"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision; `expires_on` of an approval, None for the last day that it can have."""

    decision: Decision
    reason: str = ""
    expires_on: date | None = None


def decide_exemption(
    session: Session, vault: Vault, exemption_no: str, decided: Decided, *, actor: str,
    now: datetime,
) -> Exemption:  # fmt: skip
    """Approve, return or refuse what was submitted; a refusal names the bounds that it breaks.

    Raises:
        ExemptionUnknownError, ExemptionStateError: there is nothing to decide.
        ExemptionOutsideError: approved against the rules, or without a place left.
        ExemptionTermError: it would expire before the application or after what it rests on.
    """
    found = locked_exemption(session, exemption_no)
    require_state(found, (ExemptionState.SUBMITTED,))
    if decided.decision is Decision.APPROVE:
        return _approve(session, vault, found, decided, actor=actor, now=now)
    more: dict[str, Canonical] = {}
    kind, state = RETURNED, ExemptionState.RETURNED
    if decided.decision is Decision.REFUSE:
        kind, state = REFUSED, ExemptionState.REFUSED
        bounds = bounds_of(weigh_now(session, found)[0])
        found.bounds, more = canonical_text(bounds), {"bounds": bounds}
    _stand(found, state, decided.reason, now)
    record_step(session, vault, found, kind, actor, more=more, now=now)
    return found


def give_back(
    session: Session, vault: Vault, exemption_no: str, *, reason: str, actor: str, now: datetime
) -> Exemption:
    """Withdraw what is not decided, or give an approval back before it is used.

    Raises:
        ExemptionUnknownError, ExemptionStateError: there is nothing to give back.
    """
    found = locked_exemption(session, exemption_no)
    require_state(found, (*_OPEN, ExemptionState.APPROVED))
    if found.state != ExemptionState.APPROVED:
        _stand(found, ExemptionState.WITHDRAWN, reason, now)
        record_step(session, vault, found, WITHDRAWN, actor, now=now)
        return found
    return end_approval(
        session, vault, found, Ending.GIVEN_BACK, reason=reason, actor=actor, now=now
    )


def revoke_exemption(
    session: Session, vault: Vault, exemption_no: str, ground: Ground, *, actor: str, now: datetime
) -> Exemption:
    """Take an approval away for a finding.

    Raises:
        ExemptionUnknownError, ExemptionStateError: there is nothing to revoke.
    """
    found = locked_exemption(session, exemption_no)
    require_state(found, (ExemptionState.APPROVED,))
    day = ground.document_day.isoformat() if ground.document_day else ""
    more = {"document_no": ground.document_no, "document_day": day}
    return end_approval(
        session, vault, found, Ending.REVOKED, reason=ground.reason, actor=actor, now=now, more=more
    )


def end_approval(
    session: Session, vault: Vault, found: Exemption, ending: Ending, *, reason: str, actor: str,
    now: datetime, more: Mapping[str, Canonical] | None = None,
) -> Exemption:  # fmt: skip
    """End an approval before it is used; the rules say whether its place is free again."""
    kind, state = {
        Ending.GIVEN_BACK: (GIVEN_BACK, ExemptionState.GIVEN_BACK),
        Ending.REVOKED: (REVOKED, ExemptionState.REVOKED),
        Ending.WITHDRAWN: (WITHDRAWN, ExemptionState.WITHDRAWN),
    }[ending]
    law = law_of(session, found.scheme)
    if frees_place(found.pathway, ending, found.application_day, law):
        found.holds_place = False
    _stand(found, state, reason, now)
    record_step(session, vault, found, kind, actor, more=more, now=now)
    return found


def settle_use(
    session: Session, vault: Vault, exemption_no: str, verdict_no: str, *, actor: str, now: datetime
) -> None:
    """Use an approved exemption up: the title was passed by an answer that names it.

    One that ended meanwhile stays as it is.
    """
    found = locked_exemption(session, exemption_no)
    if found.state == ExemptionState.APPROVED:
        _stand(found, ExemptionState.USED, "", now)
        more = {"verdict": verdict_no}
        record_step(session, vault, found, USED, actor, more=more, now=now)


def withdraw_use(
    session: Session, vault: Vault, exemption_no: str, reason: str, *, actor: str, now: datetime
) -> None:
    """End an approved exemption whose application was withdrawn; the rules say if its place is
    free again."""
    found = locked_exemption(session, exemption_no)
    if found.state == ExemptionState.APPROVED:
        end_approval(session, vault, found, Ending.WITHDRAWN, reason=reason, actor=actor, now=now)


def end_use(
    session: Session, vault: Vault, exemption_no: str, verdict_no: str, *, actor: str, now: datetime
) -> None:
    """Let an exemption stand again: that the title was passed by this answer was an error."""
    found = locked_exemption(session, exemption_no)
    last = session.get_one(Act, found.act_id)
    if found.state == ExemptionState.USED and details_of(last).get("verdict") == verdict_no:
        _stand(found, ExemptionState.APPROVED, "", now)
        record_step(session, vault, found, USE_ENDED, actor, now=now)


@dataclass(frozen=True, slots=True)
class Room:
    """The places of a quota for one application: the year, those taken, and the bounds."""

    year: int
    taken: tuple[Exemption, ...]
    total: int
    for_level: int


def weigh_now(
    session: Session, found: Exemption, today: date | None = None
) -> tuple[Tried, Room | None]:
    """Hold an application against the law and the places that are taken, as they are now.

    `today` is the day of the approval, if it is one: where the rules count by it.
    """
    law, draft = law_of(session, found.scheme), draft_of(found)
    enterprise = enterprise_of(session, found)
    first = tried_for(session, draft, enterprise, law)
    use = quota_use_of(found.pathway, found.application_day, law) if found.pathway else None
    if use is None or enterprise is None or first.places is None:
        return first, None
    year = quota_year(use, found.application_day, today or found.application_day)
    taken = tuple(places_taken(session, enterprise, found, year))
    tried = tried_for(session, draft, enterprise, law, Counter(each.level for each in taken))
    places = tried.places or first.places
    for_level = places.by_level.get(found.level, places.total)
    return tried, Room(year, taken, places.total, for_level)


def _approve(
    session: Session, vault: Vault, found: Exemption, decided: Decided, *, actor: str, now: datetime
) -> Exemption:
    _hold_firms(session, found)
    today = civil_day(now)
    tried, room = weigh_now(session, found, today)
    if not tried.fits:
        raise outside(bounds_of(tried))
    value = tried.trial.value
    assert value is not None, "what fits has a rule"
    if room is None and found.pathway and pathway_of(value).quota is not None:
        raise outside([["quota-use-rule-missing", f"quota_use.{found.pathway}"]])
    found.expires_on = _expiry(found, draft_of(found), decided, room)
    found.facts = canonical_text(dict(tried.question.stated))
    found.quota_year, found.holds_place = (room.year if room else None), room is not None
    found.approved_by, found.approved_at = actor, now
    _stand(found, ExemptionState.APPROVED, decided.reason, now)
    more: dict[str, Canonical] = {
        "expires_on": found.expires_on.isoformat(), "facts": dict(tried.question.stated),
        "rules": [[each.scheme, each.key, each.from_.isoformat()] for each in tried.values],
        "packs": [list(pin) for pin in law_of(session, found.scheme).pins()],
    }  # fmt: skip
    if room is not None:
        more["quota"] = {
            "year": room.year, "taken": [each.exemption_no for each in room.taken],
            "total": room.total, "for_level": room.for_level,
        }  # fmt: skip
    record_step(session, vault, found, APPROVED, actor, more=more, now=now)
    return found


def _hold_firms(session: Session, found: Exemption) -> None:
    """Make approvals for one enterprise, or for firms merged into it, wait for each other."""
    if found.organisation_id is None:
        return
    before = predecessors_on(session, found.organisation_id, found.application_day)
    firms = Organisation.organisation_id.in_([found.organisation_id, *before])
    query = select(Organisation).where(firms).order_by(Organisation.organisation_id)
    session.execute(query.with_for_update(key_share=True)).all()


def _expiry(found: Exemption, draft: ExemptionDraft, decided: Decided, room: Room | None) -> date:
    """Return the last day of an approval: of its year where places are counted by the year."""
    year_end = date((room.year if room else found.application_day.year), 12, 31)
    last = draft.valid_through or year_end
    if room is not None:
        last = min(last, year_end)
    day = decided.expires_on or max(last, found.application_day)
    if not found.application_day <= day <= max(last, found.application_day):
        raise ExemptionTermError(
            found=[found.application_day.isoformat(), day.isoformat()], wanted=last.isoformat()
        )
    return day


def _stand(found: Exemption, state: ExemptionState, reason: str, now: datetime) -> None:
    found.state, found.state_at, found.reason = str(state), now, reason
