"""What `ledger fsck` checks of the register of exemptions: rows, acts, and the places of quotas.

Rows stand as their acts say. The places that an approval counted are those that were taken just
then, no more than the packs that it names allow; both are read from the acts alone.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.ledger.disagreement import Disagreement
from creditbank.ledger.fsck import SecretStates
from creditbank.ledger.journal import details_of
from creditbank.ledger.models import Act
from creditbank.ledger.unreadable import unreadable_rows
from creditbank.registry.lawbook import pack_pinned
from creditbank.registry.models import Organisation
from creditbank.rules.title_rules import Pathway, Places
from creditbank.verification.exemption_models import Exemption, RecommendationFinding
from creditbank.verification.exemption_rights import FOUND, LIFTED, said_of_finding
from creditbank.verification.exemption_steps import (
    APPROVED,
    GIVEN_BACK,
    REFUSED,
    RETURNED,
    REVOKED,
    USE_ENDED,
    USED,
    WITHDRAWN,
)
from creditbank.verification.exemptions import SUBMITTED, ExemptionState, described, holder_tag

_CODE, _QUOTA = "fsck-exemption", "fsck-exemption-quota"
_STATE_AFTER = {
    SUBMITTED: ExemptionState.SUBMITTED, RETURNED: ExemptionState.RETURNED,
    REFUSED: ExemptionState.REFUSED, APPROVED: ExemptionState.APPROVED,
    WITHDRAWN: ExemptionState.WITHDRAWN, GIVEN_BACK: ExemptionState.GIVEN_BACK,
    REVOKED: ExemptionState.REVOKED, USED: ExemptionState.USED,
    USE_ENDED: ExemptionState.APPROVED,
}  # fmt: skip
#: How an act or a row that was changed by force may fail to be read.
_UNREADABLE = (ValueError, TypeError, KeyError, RecursionError, AttributeError)


def check_exemptions(session: Session, secrets: SecretStates) -> Iterator[Disagreement]:
    """Check exemptions and findings against their acts, and the places that approvals counted.

    Args:
        session: a snapshot.
        secrets: people's secrets; of whom one was erased, who it was is not looked at.

    Yields:
        Each disagreement, by table and number.
    """
    readable = True
    for row in unreadable_rows(session, ("exemption", "recommendation_finding")):
        readable = False
        yield row
    if not readable:
        return
    acts: dict[str, list[Act]] = defaultdict(list)
    kinds = (*_STATE_AFTER, FOUND, LIFTED)
    for act in session.scalars(select(Act).where(Act.kind.in_(kinds)).order_by(Act.act_id)):
        acts[act.subject].append(act)
    rows = list(session.scalars(select(Exemption).order_by(Exemption.exemption_no)))
    states = secrets(sorted({each.person_id for each in rows}))
    for each in rows:
        if not _agrees(session, each, acts[each.exemption_no], states.get(each.person_id)):
            yield Disagreement(_CODE, "exemption", each.exemption_no)
    findings = list(session.scalars(select(RecommendationFinding)))
    codes = {row[0]: row[1] for row in session.execute(_CODES)}
    for finding in findings:
        if not _finding_agrees(finding, acts[finding.finding_no], codes):
            yield Disagreement(_CODE, "recommendation_finding", finding.finding_no)
    known = {each.exemption_no for each in rows} | {each.finding_no for each in findings}
    for number in sorted(acts.keys() - known):
        yield Disagreement(_CODE, "journal_act", number)
    every = (act for some in acts.values() for act in some)
    yield from _places(session, sorted(every, key=lambda act: act.act_id))


_CODES = select(Organisation.organisation_id, Organisation.uscc)


def _agrees(session: Session, row: Exemption, acts: list[Act], secret: bytes | None) -> bool:
    try:
        return _stands(session, row, acts, secret)
    except _UNREADABLE:
        return False


def _stands(session: Session, row: Exemption, acts: list[Act], secret: bytes | None) -> bool:
    if not acts or acts[0].kind != SUBMITTED:
        return False
    last, details = acts[-1], details_of(acts[-1])
    holder = holder_tag(secret, row.exemption_no) if secret else str(details.get("holder"))
    said = described(session, row, holder)
    filed = [act for act in acts if act.kind == SUBMITTED]
    approval = next((act for act in acts if act.kind == APPROVED), None)
    return (
        {name: details.get(name) for name in said} == said
        and (row.state, row.state_at, row.act_id)
        == (_STATE_AFTER[last.kind], last.recorded_at, last.act_id)
        and (row.jurisdiction, row.version) == (last.jurisdiction, len(filed))
        and (row.filed_at, row.filed_by) == (filed[0].recorded_at, filed[-1].actor)
        and json.loads(row.bounds) == details.get("bounds", [])
        and _approved(row) == _approved_by(approval)
    )


def _approved(row: Exemption) -> tuple[object, ...]:
    expires = row.expires_on.isoformat() if row.expires_on else None
    facts = json.loads(row.facts)
    return row.approved_at, row.approved_by, expires, facts, row.quota_year


def _approved_by(act: Act | None) -> tuple[object, ...]:
    if act is None:
        return None, None, None, {}, None
    said: dict[str, Any] = details_of(act)
    year = said["quota"]["year"] if "quota" in said else None
    return act.recorded_at, act.actor, said["expires_on"], said["facts"], year


def _finding_agrees(row: RecommendationFinding, acts: list[Act], codes: Mapping[int, str]) -> bool:
    if not acts or acts[0].kind != FOUND:
        return False
    found, last = acts[0], acts[-1]
    made = (found.actor, found.recorded_at)
    uscc = codes.get(row.organisation_id, "")
    return (
        details_of(found) == said_of_finding(row, uscc)
        and made == (row.found_by, row.found_at)
        and row.act_id == last.act_id
        and row.state == ("lifted" if last.kind == LIFTED else "standing")
    )


@dataclass(slots=True)
class _Taken:
    """Places as they were taken and given free, act by act: number → (enterprise, level, year)."""

    held: dict[str, tuple[str, str, str, int]] = field(default_factory=dict)
    levels: dict[str, str] = field(default_factory=dict)


def _places(session: Session, acts: Iterable[Act]) -> Iterator[Disagreement]:
    """Go through the acts in their order and count places again."""
    taken = _Taken()
    for act in acts:
        said: dict[str, Any] = details_of(act)
        if act.kind == APPROVED and "quota" in said:
            try:
                sound = _counted(session, taken, said)
            except _UNREADABLE:
                sound = False
            if not sound:
                yield Disagreement(_QUOTA, "exemption", act.subject)
            year = said["quota"].get("year") if isinstance(said["quota"], dict) else None
            taken.held[act.subject] = _quota_key(said, year)
            taken.levels[act.subject] = str(said.get("level"))
        elif act.subject in taken.held and not said.get("holds_place"):
            del taken.held[act.subject]


def _quota_key(said: Mapping[str, Any], year: object) -> tuple[str, str, str, int]:
    words = (str(said.get(name)) for name in ("enterprise", "rule_scheme", "pathway"))
    enterprise, scheme, pathway = words
    return enterprise, scheme, pathway, year if isinstance(year, int) else 0


def _counted(session: Session, taken: _Taken, said: Mapping[str, Any]) -> bool:
    """Tell whether an approval counted every place taken, and found one left."""
    quota = said["quota"]
    counted, key = set(quota["taken"]), _quota_key(said, quota["year"])
    own = {number for number, held in taken.held.items() if held == key}
    # Places of merged enterprises come on top, and were taken of the same quota.
    same = {number for number, held in taken.held.items() if held[1:] == key[1:]}
    at_level = sum(taken.levels[number] == said["level"] for number in counted & same)
    places = _limits(session, said)
    return (
        own <= counted <= same
        and len(counted) < quota["total"]
        and at_level < quota["for_level"]
        and places is not None
        and (quota["total"], quota["for_level"])
        == (places.total, places.by_level.get(said["level"], places.total))
    )


def _limits(session: Session, said: Mapping[str, Any]) -> Places | None:
    """Return what the pack that an approval names says of the quota."""
    version = next((v for name, v, _ in said["packs"] if name == said["rule_scheme"]), None)
    pack = pack_pinned(session, said["rule_scheme"], int(version)) if version else None
    day = date.fromisoformat(said["application_day"])
    values = pack.values.get(f"pathway.{said['pathway']}", ()) if pack else ()
    rule = next((value.value for value in values if value.holds_on(day)), None)
    if not isinstance(rule, Pathway) or rule.quota is None:
        return None
    return rule.quota.limits.get(said["facts"][rule.quota.by])
