"""The register of exemptions (举荐、直通车、首次评审): who may apply whatever hours they have.

An enterprise files for its people, or a title system on its behalf; an official decides. The packs
say who fits and how many (rules/applying.py); this room gathers what they ask about. A place of a
quota is taken by the approval, which holds the enterprise's row.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, insert, or_, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical, canonical_text
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.ledger.models import Act
from creditbank.ledger.posting import PersonErasedError
from creditbank.people.documents import last_characters
from creditbank.people.names import agrees
from creditbank.people.register import (
    Identity,
    IdentityMismatchError,
    ensure_people,
    identity_of,
    lock_linked,
    names_of,
    secrets_of,
)
from creditbank.people.vault import Vault
from creditbank.registry.clients import Client, Role, organisation_seen
from creditbank.registry.lawbook import law_of
from creditbank.registry.lookups import organisation_of, within_jurisdiction
from creditbank.registry.mandates import Matter, mandate_for
from creditbank.registry.models import Organisation
from creditbank.registry.organisations import organisation_by_uscc
from creditbank.registry.stating import picture_of
from creditbank.registry.successions import predecessors_on
from creditbank.rules.applying import Tried, facts_of_register, quota_use_of, try_application
from creditbank.rules.pack import PackChain
from creditbank.rules.pathways import pathway_of
from creditbank.rules.stated import Question
from creditbank.verification.exemption_models import Exemption, RecommendationFinding
from creditbank.verification.status_told import employment_at

SUBMITTED = "exemption.submitted"
#: Evidence that the bank itself holds: a status record of employment.
EMPLOYMENT_RECORD = "employment_record"
_HOLDER = b"creditbank/exemption/v1\n"


class ExemptionState(StrEnum):
    """How an exemption stands; one that is approved frees until it expires."""

    SUBMITTED = "submitted"
    RETURNED = "returned"
    REFUSED = "refused"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"
    GIVEN_BACK = "given_back"
    REVOKED = "revoked"
    USED = "used"


#: In one of these it stands in the way of another for the same title.
_STANDING = (ExemptionState.SUBMITTED, ExemptionState.RETURNED, ExemptionState.APPROVED)


class ExemptionUnknownError(CreditBankError):
    """There is no exemption of this number, or it is not the asker's to see."""

    code = "exemption-unknown"
    status = 404


class ExemptionStateError(CreditBankError):
    """As the exemption stands, this cannot be done with it."""

    code = "exemption-state"
    status = 409


class ExemptionKnownError(CreditBankError):
    """One stands already for the same person, title and pathway."""

    code = "exemption-known"
    status = 409


class ExemptionOutsideError(CreditBankError):
    """The rules do not let it be: naming each bound that is broken."""

    code = "exemption-outside"
    status = 422


class ExemptionFactError(CreditBankError):
    """A fact is stated that the register itself tells, or that the pathway does not ask about."""

    code = "exemption-fact"
    status = 422


class ExemptionEvidenceError(CreditBankError):
    """A paper that the pathway wants is not described."""

    code = "exemption-evidence"
    status = 422


class ExemptionTermError(CreditBankError):
    """The status does not hold on the day of the application, or the days lie backwards."""

    code = "exemption-term"
    status = 422


class ExemptionEnterpriseWantedError(CreditBankError):
    """A title system files for nobody's enterprise where the pathway wants one."""

    code = "exemption-enterprise-wanted"
    status = 422


class ExemptionEnterpriseForeignError(CreditBankError):
    """An enterprise would file for another's people."""

    code = "exemption-enterprise-foreign"
    status = 403


@dataclass(frozen=True, slots=True)
class Paper:
    """A document that proves something: in words, and its SHA-256 in hex; never the file."""

    description: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ExemptionDraft:
    """What is applied for; an empty `pathway` is the waiver of the title.

    `valid_from` and `valid_through` bound the recommendation, the card or the status; None is open.
    """

    scheme: str
    series: str
    specialty: str
    level: str
    pathway: str
    application_day: date
    stated: Mapping[str, str]
    evidence: Mapping[str, Paper]
    valid_from: date
    valid_through: date | None = None
    employed_from: date | None = None
    employed_through: date | None = None


@dataclass(frozen=True, slots=True)
class Filer:
    """Who files for whom: the enterprise, if one comes into it, and the organisation that files."""

    identity: Identity
    organisation: Organisation | None
    filer_id: int | None
    actor: str


@dataclass(frozen=True, slots=True)
class ExemptionsWanted:
    """Whose exemptions, newest first; `before` is the place of the last one already seen."""

    state: str
    before: tuple[datetime, str] | None
    limit: int


def filer_for(
    session: Session, client: Client, identity: Identity, draft: ExemptionDraft, uscc: str, *,
    today: date,
) -> Filer:  # fmt: skip
    """Say who files for whom: an enterprise for its own people, a title system within its mandate.

    Raises:
        ExemptionEnterpriseForeignError: an enterprise names another.
        ExemptionEnterpriseWantedError: a title system names none where the pathway has a quota.
        MandateMissingError, PackMissingError, PackDraftError: a title system may not ask.
        OrganisationUnknownError: there is no such enterprise.
    """
    own = organisation_of(session, organisation_seen(client))
    if client.role is not Role.TITLE_SYSTEM:
        if uscc and organisation_by_uscc(session, uscc) is not own:
            raise ExemptionEnterpriseForeignError(uscc=uscc[:18])
        return Filer(identity, own, own.organisation_id, client.client_id)
    law = law_of(session, draft.scheme)
    matter = Matter(law.jurisdiction, draft.series, draft.level, today, draft.specialty)
    mandate_for(session, own.organisation_id, matter)
    rule = law.value_on(f"pathway.{draft.pathway}", draft.application_day)
    if not uscc and rule is not None and pathway_of(rule).quota is not None:
        raise ExemptionEnterpriseWantedError
    enterprise = organisation_by_uscc(session, uscc) if uscc else None
    return Filer(identity, enterprise, own.organisation_id, client.client_id)


def file_exemption(
    session: Session, vault: Vault, filer: Filer, draft: ExemptionDraft, *, now: datetime
) -> Exemption:
    """Apply for an exemption; it frees nobody before an official approves it.

    Raises:
        PackMissingError, PackDraftError: there is no such law.
        ExemptionFactError, ExemptionEvidenceError, ExemptionTermError: it is not whole.
        ExemptionOutsideError: the rules do not let it be.
        ExemptionKnownError: one stands for the same title.
        IdentityMismatchError: the number is on record under another name.
        DemoOnlyError, InventedOnlyError: such a number has no place in this bank.
    """
    law, identity = law_of(session, draft.scheme), filer.identity
    organisation_id = filer.organisation.organisation_id if filer.organisation else None
    draft = with_employment(session, vault, identity, draft, filer.organisation)
    tried = tried_for(session, draft, filer.organisation, law)
    _require_whole(draft, tried, law)
    person_id = ensure_people(session, vault, [identity], now=now)[identity.document]
    if not agrees(identity.name, names_of(session, vault, [person_id])[person_id]):
        raise IdentityMismatchError
    row: dict[str, Any] = {
        **_columns(draft, law, tried), "person_id": person_id,
        "exemption_no": "X" + random_number(9),
        "document_kind": str(identity.document.kind),
        "last_four": last_characters(identity.document),
        "organisation_id": organisation_id, "filer_id": filer.filer_id, "version": 1,
        "state": str(ExemptionState.SUBMITTED), "state_at": now, "reason": "", "bounds": "[]",
        "filed_by": filer.actor, "filed_at": now, "facts": "{}", "holds_place": False,
        "act_id": 0,
    }  # fmt: skip
    _refuse_known(session, row)
    made = session.scalars(insert(Exemption).returning(Exemption), [row]).one()
    record_step(session, vault, made, SUBMITTED, filer.actor, now=now)
    return made


def file_again(
    session: Session, vault: Vault, found: Exemption, draft: ExemptionDraft, *, actor: str,
    now: datetime,
) -> Exemption:  # fmt: skip
    """File a returned exemption again, put right; whose it is and by which pathway stays.

    Raises:
        ExemptionStateError: it was not returned.
        ExemptionOutsideError and the others of `file_exemption`: as when it was filed.
    """
    require_state(found, (ExemptionState.RETURNED,))
    law = law_of(session, found.scheme)
    draft = replace(draft, scheme=found.scheme, pathway=found.pathway)
    identity = identity_of(session, vault, found.person_id)
    draft = with_employment(session, vault, identity, draft, enterprise_of(session, found))
    tried = tried_for(session, draft, enterprise_of(session, found), law)
    _require_whole(draft, tried, law)
    _refuse_known(session, {**vars(found), **_columns(draft, law, tried)})
    for name, value in _columns(draft, law, tried).items():
        setattr(found, name, value)
    found.version, found.filed_by = found.version + 1, actor
    found.state, found.state_at, found.reason = str(ExemptionState.SUBMITTED), now, ""
    record_step(session, vault, found, SUBMITTED, actor, now=now)
    return found


def with_employment(
    session: Session, vault: Vault, identity: Identity, draft: ExemptionDraft,
    organisation: Organisation | None,
) -> ExemptionDraft:  # fmt: skip
    """Take the days of employment from the register where the application states none.

    The record is its evidence then, by number and digest.
    """
    if organisation is None or draft.employed_from is not None:
        return draft
    day = draft.application_day
    found = employment_at(session, vault, identity, organisation.uscc, day)
    if found is None:
        return draft
    paper = Paper(f"{found.record_no} {found.source}", found.evidence_sha256)
    return replace(
        draft, employed_from=found.valid_from, employed_through=found.valid_through,
        evidence={**draft.evidence, EMPLOYMENT_RECORD: paper},
    )  # fmt: skip


def tried_for(
    session: Session, draft: ExemptionDraft, organisation: Organisation | None, law: PackChain,
    used: Mapping[str, int] | None = None,
) -> Tried:  # fmt: skip
    """Hold an application against the law, with what the registry knows of the enterprise.

    Args:
        session: the caller's.
        draft: what is applied for.
        organisation: the enterprise, if one comes into it.
        law: the packs in force.
        used: the places taken in the year, by level; None where they are not looked at.

    Raises:
        StatedFactInvalidError: a stated fact is not usable.
    """
    day = draft.application_day
    known, findings = [], tuple[str, ...]()
    if organisation is not None:
        classes = picture_of(session, organisation, day).classes
        known = [
            ".".join(["class", each.said.value, *([each.said.level] if each.said.level else [])])
            for each in classes
        ]
        findings = _findings_on(session, organisation.organisation_id)
    begun = draft.employed_from is not None and draft.employed_from <= day
    if begun and (draft.employed_through is None or day <= draft.employed_through):
        known.append("employed")
    question = Question(
        draft.series, draft.level, day, draft.stated, draft.specialty, draft.pathway,
        used or {}, findings=findings,
    )  # fmt: skip
    return try_application(question, known, law)


def bounds_of(tried: Tried) -> list[list[str]]:
    """Return each bound that an application breaks: its code, and what is outside or missing."""
    refused = [[each.code, each.found] for each in tried.trial.refused]
    return refused or [[each.code, each.key] for each in tried.trial.missing]


def outside(bounds: Sequence[Sequence[str]]) -> ExemptionOutsideError:
    """Make the refusal that names bounds."""
    return ExemptionOutsideError(
        bounds_words=[f"exemption-bound-{code}" for code, _ in bounds],
        found=[found or "–" for _, found in bounds],
    )


def draft_of(found: Exemption) -> ExemptionDraft:
    """Return what was applied for."""
    said = json.loads(found.said)
    days = {name: date.fromisoformat(text) for name, text in said["days"].items()}
    evidence = {name: Paper(**paper) for name, paper in said["evidence"].items()}
    return ExemptionDraft(
        found.scheme, found.series, found.specialty, found.level, found.pathway,
        found.application_day, said["stated"], evidence, **days,
    )  # fmt: skip


def enterprise_of(session: Session, found: Exemption) -> Organisation | None:
    """Return the enterprise that recommends; None where none comes into it."""
    return session.get(Organisation, found.organisation_id) if found.organisation_id else None


def exemption_seen(session: Session, client: Client, exemption_no: str) -> Exemption:
    """Return an exemption that is in a client's hand: its own, or of its region.

    Raises:
        ExemptionUnknownError: there is none, or another filed it.
        RegionForeignError: it is decided outside an official's region.
    """
    own = organisation_seen(client)
    found = session.scalar(select(Exemption).where(Exemption.exemption_no == exemption_no))
    if found is None or own not in (None, found.organisation_id, found.filer_id):
        raise ExemptionUnknownError(exemption_no=exemption_no[:20])
    if own is None:
        client.require_region(found.jurisdiction)
    return found


def locked_exemption(session: Session, exemption_no: str) -> Exemption:
    """Lock an exemption for this transaction and return it as it now stands.

    Raises:
        ExemptionUnknownError: there is none of this number.
    """
    query = select(Exemption).where(Exemption.exemption_no == exemption_no).with_for_update()
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise ExemptionUnknownError(exemption_no=exemption_no[:20])
    return found


def require_state(found: Exemption, states: tuple[ExemptionState, ...]) -> None:
    """Refuse a step that the state does not allow.

    Raises:
        ExemptionStateError: naming the state.
    """
    if found.state not in states:
        raise ExemptionStateError(
            exemption_no=found.exemption_no,
            state_words=f"exemption-state-{found.state.replace('_', '-')}",
        )


def exemptions_page(
    session: Session, client: Client, wanted: ExemptionsWanted
) -> Sequence[Exemption]:
    """Return exemptions that a client sees; one more than `limit` when there are further ones."""
    own = organisation_seen(client)
    query = select(Exemption).order_by(Exemption.filed_at.desc(), Exemption.exemption_no.desc())
    if own is None:
        query = query.where(within_jurisdiction(Exemption.jurisdiction, client.jurisdiction))
    else:
        query = query.where(or_(Exemption.organisation_id == own, Exemption.filer_id == own))
    if wanted.state:
        query = query.where(Exemption.state == wanted.state)
    if wanted.before is not None:
        at, number = wanted.before
        same = and_(Exemption.filed_at == at, Exemption.exemption_no < number)
        query = query.where(or_(Exemption.filed_at < at, same))
    return session.scalars(query.limit(wanted.limit + 1)).all()


def exemptions_of(session: Session, people: Sequence[int]) -> Sequence[Exemption]:
    """Return every exemption of one person, over all linked keys, newest first."""
    query = select(Exemption).where(Exemption.person_id.in_(people))
    return session.scalars(query.order_by(Exemption.filed_at.desc())).all()


def places_taken(
    session: Session, organisation: Organisation, found: Exemption, year: int
) -> list[Exemption]:
    """Return the exemptions that take places of one quota in a year, those of merged firms too."""
    day = found.application_day
    firms = [organisation.organisation_id,
             *predecessors_on(session, organisation.organisation_id, day)]  # fmt: skip
    query = select(Exemption).where(
        Exemption.organisation_id.in_(firms), Exemption.quota_year == year,
        Exemption.holds_place, Exemption.rule_scheme == found.rule_scheme,
        Exemption.pathway == found.pathway,
    )  # fmt: skip
    return list(session.scalars(query.order_by(Exemption.exemption_no)))


def record_step(
    session: Session, vault: Vault, found: Exemption, kind: str, actor: str, *,
    more: Mapping[str, Canonical] | None = None, now: datetime,
) -> None:  # fmt: skip
    """Record an act on an exemption as it now stands, citing the one before.

    Raises:
        PersonErasedError: the person's secret, under which the act names them, is gone.
    """
    secret = secrets_of(session, vault, [found.person_id]).get(found.person_id)
    if secret is None:
        raise PersonErasedError
    before = session.get(Act, found.act_id) if found.act_id else None
    details = {**described(session, found, holder_tag(secret, found.exemption_no)), **(more or {})}
    draft = ActDraft(
        kind, found.jurisdiction, actor, found.exemption_no, details,
        cites=(before.leaf,) if before else (),
    )  # fmt: skip
    found.act_id = record_act(session, draft, now=now).act_id
    session.flush()


def described(session: Session, found: Exemption, holder: str) -> dict[str, Canonical]:
    """Return what every act on an exemption tells of it; neither number nor name."""
    enterprise = enterprise_of(session, found)
    return {
        "scheme": found.scheme, "series": found.series, "specialty": found.specialty,
        "level": found.level, "pathway": found.pathway, "rule_scheme": found.rule_scheme,
        "application_day": found.application_day.isoformat(), "version": found.version,
        "enterprise": enterprise.uscc if enterprise else "",
        "said": hashlib.sha256(found.said.encode()).hexdigest(), "holder": holder,
        "reason_text": found.reason, "holds_place": found.holds_place,
    }  # fmt: skip


def holder_tag(secret: bytes, exemption_no: str) -> str:
    """Name a person in an act so that only whoever holds their secret can tell (formats.md)."""
    return hmac.digest(secret, _HOLDER + exemption_no.encode("ascii"), hashlib.sha256).hex()


def _columns(draft: ExemptionDraft, law: PackChain, tried: Tried) -> dict[str, Any]:
    days = {
        name: day.isoformat()
        for name in ("valid_from", "valid_through", "employed_from", "employed_through")
        if (day := getattr(draft, name)) is not None
    }
    evidence: dict[str, Canonical] = {
        name: {"description": paper.description, "sha256": paper.sha256}
        for name, paper in draft.evidence.items()
    }
    assert tried.trial.value is not None, "what no rule knows is refused before"
    return {
        "scheme": law.scheme, "jurisdiction": law.jurisdiction, "series": draft.series,
        "specialty": draft.specialty, "level": draft.level, "pathway": draft.pathway,
        "rule_scheme": tried.trial.value.scheme, "application_day": draft.application_day,
        "said": canonical_text(
            {"stated": dict(draft.stated), "days": days, "evidence": evidence}
        ),
    }  # fmt: skip


def _require_whole(draft: ExemptionDraft, tried: Tried, law: PackChain) -> None:
    day = draft.application_day
    own = sorted(facts_of_register(law, day) & draft.stated.keys())
    if own:
        raise ExemptionFactError(found=own)
    if draft.valid_from > day or (draft.valid_through is not None and draft.valid_through < day):
        raise ExemptionTermError(
            found=[draft.valid_from.isoformat(),
                   draft.valid_through.isoformat() if draft.valid_through else "–"],
            wanted=day.isoformat(),
        )  # fmt: skip
    if not tried.fits or tried.trial.value is None:
        raise outside(bounds_of(tried))
    wanted: tuple[str, ...] = ()
    if draft.pathway:
        rule = pathway_of(tried.trial.value)
        wanted = rule.evidence
        if rule.quota is not None and quota_use_of(draft.pathway, day, law) is None:
            raise outside([["quota-use-rule-missing", f"quota_use.{draft.pathway}"]])
    missing = [name for name in wanted if name not in draft.evidence]
    if missing or not draft.evidence:
        raise ExemptionEvidenceError(wanted=missing or ["–"])


def _findings_on(session: Session, organisation_id: int) -> tuple[str, ...]:
    query = select(RecommendationFinding.finding).where(
        RecommendationFinding.organisation_id == organisation_id,
        RecommendationFinding.state == "standing",
    )
    return tuple(sorted(set(session.scalars(query))))


def _refuse_known(session: Session, row: Mapping[str, Any]) -> None:
    group = lock_linked(session, [row["person_id"]])[row["person_id"]]
    same = ("scheme", "series", "specialty", "level", "pathway")
    known = session.scalar(
        select(Exemption.exemption_no).where(
            Exemption.person_id.in_(group),
            Exemption.state.in_(map(str, _STANDING)),
            Exemption.exemption_no != row["exemption_no"],
            *(getattr(Exemption, name) == row[name] for name in same),
            or_(Exemption.expires_on.is_(None), Exemption.expires_on >= row["application_day"]),
        )
    )
    if known is not None:
        raise ExemptionKnownError(exemption_no=known)
