"""What `ledger fsck` checks of organisations: every statement on one is what its act says.

It trusts no row: what an act says is read from its details, and has to be what stands.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from creditbank.ledger.disagreement import Disagreement
from creditbank.ledger.models import Act
from creditbank.ledger.unreadable import unreadable_rows
from creditbank.registry.fact_rows import statements_of
from creditbank.registry.facts import Attribute, Says, facts_known
from creditbank.registry.models import Organisation, OrganisationFact
from creditbank.registry.organisations import REGISTERED
from creditbank.registry.stating import ENDED, STATED, TAKEN_BACK, current

_CODE = "fsck-organisation"
#: Organisations whose statements are read at once.
_CHUNK = 500
#: What a statement does, to which fact (empty where an act does not number it), and what it says.
_Said = tuple[str, ...]
_KINDS = (REGISTERED, STATED, ENDED, TAKEN_BACK)


def check_organisations(session: Session) -> Iterator[Disagreement]:
    """Check what is stated of organisations against its acts, and their rows against what is.

    Args:
        session: a snapshot.

    Yields:
        Each disagreement, by table and number.
    """
    readable = True
    for row in unreadable_rows(session, ("organisation",)):
        readable = False
        yield row
    if not readable:
        return
    yield from _foreign(session)
    yield from _unsaid(session)
    yield from _outdated(session)


def _foreign(session: Session) -> Iterator[Disagreement]:
    """Find statements without an act, or of another instant, actor or organisation than its own."""
    fact = (OrganisationFact.fact_no, OrganisationFact.sequence)
    query = (
        select(*fact)
        .outerjoin(Act, Act.act_id == OrganisationFact.act_id)
        .outerjoin(Organisation, Organisation.organisation_id == OrganisationFact.organisation_id)
        .where(
            or_(
                Act.act_id.is_(None),
                Organisation.organisation_id.is_(None),
                Act.recorded_at != OrganisationFact.recorded_at,
                Act.actor != OrganisationFact.actor,
                Act.subject != Organisation.uscc,
            )
        )
    )
    for row in session.execute(query.order_by(*fact)):
        yield Disagreement(_CODE, "organisation_fact", " ".join(map(str, row)))


def _unsaid(session: Session) -> Iterator[Disagreement]:
    """Find acts whose statements are not those that stand under them."""
    stand: dict[int, list[_Said]] = defaultdict(list)
    for row in session.scalars(select(OrganisationFact)):
        stand[row.act_id].append(_of_row(row))
    query = select(Act.act_id, Act.kind, Act.jurisdiction, Act.details)
    for act_id, kind, region, details in session.execute(query.where(Act.kind.in_(_KINDS))):
        found = sorted(stand.pop(act_id, []))
        if kind == REGISTERED:
            found = sorted((says, "", *rest) for says, _, *rest in found)
        if found != sorted(_of_act(kind, region, said_by(details))):
            yield Disagreement(_CODE, "journal_act", str(act_id))
    for act_id in sorted(stand):
        yield Disagreement(_CODE, "journal_act", str(act_id))


def _outdated(session: Session) -> Iterator[Disagreement]:
    """Find organisations whose row is not what is true of them now."""
    query = select(Organisation).order_by(Organisation.organisation_id)
    for chunk in session.scalars(query).partitions(_CHUNK):
        said = statements_of(session, [each.organisation_id for each in chunk])
        for each in chunk:
            true = current(facts_known(said[each.organisation_id]))
            if true != (each.name, each.kind, each.jurisdiction):
                yield Disagreement(_CODE, "organisation", each.uscc)


def _of_row(row: OrganisationFact) -> _Said:
    ground = (row.document_no, _text(row.document_day), row.reason)
    if row.says != Says.SO:
        return (row.says, row.fact_no, _text(row.valid_through), *ground)
    fact = (row.attribute, row.value, row.level, _text(row.valid_from), _text(row.valid_through))
    return (row.says, row.fact_no, *fact, *ground)


def _of_act(kind: str, region: str, said: Mapping[str, Any]) -> list[_Said]:
    told = {name: str(value) for name, value in said.items()}.get
    ground = tuple(told(name, "") for name in ("document_no", "document_day", "reason_text"))
    if kind == REGISTERED:
        values = {
            Attribute.NAME: told("name", ""), Attribute.KIND: told("kind", ""),
            Attribute.DISTRICT: region,
        }  # fmt: skip
        return [(str(Says.SO), "", str(each), values[each], *[""] * 6) for each in values]
    number = told("fact", "")
    if kind == TAKEN_BACK:
        return [(str(Says.NOT_SO), number, "", *ground)]
    if kind == ENDED:
        return [(str(Says.UNTIL), number, told("valid_through", ""), *ground)]
    names = ("attribute", "value", "level", "valid_from", "valid_through")
    stated = (str(Says.SO), number, *(told(name, "") for name in names), *ground)
    wrong = told("instead_of", "")
    return [stated, (str(Says.NOT_SO), wrong, "", *ground)] if wrong else [stated]


def said_by(details: str) -> Mapping[str, Any]:
    """Read what an act says; whatever is no object says nothing."""
    try:
        said = json.loads(details)
    except (ValueError, TypeError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _text(value: object) -> str:
    return "" if value is None else str(value)
