"""Statements on organisations as rows: written once, read as the facts that they amount to."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from creditbank.ids import random_number
from creditbank.registry.facts import (
    Attribute,
    Fact,
    Ground,
    Says,
    Statement,
    facts_known,
)
from creditbank.registry.models import Organisation, OrganisationFact


def new_fact_number() -> str:
    """Draw the number of a fact."""
    return "O" + random_number(9)


def insert_registered(
    session: Session, organisation: Organisation, *, actor: str, now: datetime
) -> None:
    """Write what registration says as facts: part of an act that the caller records."""
    told = {
        Attribute.NAME: organisation.name, Attribute.KIND: organisation.kind,
        Attribute.DISTRICT: organisation.jurisdiction,
    }  # fmt: skip
    said = [
        Statement(
            new_fact_number(), 1, Says.SO, attribute, value, "", None, None, Ground(), actor, now
        )
        for attribute, value in told.items()
    ]
    insert_statements(session, organisation, said, organisation.act_id)


def facts_of(
    session: Session, organisation_id: int, known_at: datetime | None = None
) -> tuple[Fact, ...]:
    """Return the facts of an organisation, as known at an instant, in the order of their saying."""
    return facts_known(statements_of(session, [organisation_id])[organisation_id], known_at)


def statements_of(
    session: Session, organisation_ids: Iterable[int]
) -> Mapping[int, list[Statement]]:
    """Return all that was ever stated of organisations."""
    said: dict[int, list[Statement]] = {each: [] for each in organisation_ids}
    query = select(OrganisationFact).where(OrganisationFact.organisation_id.in_(said))
    for row in session.scalars(query):
        said[row.organisation_id].append(_statement(row))
    return said


def insert_statements(
    session: Session, organisation: Organisation, said: Iterable[Statement], act_id: int
) -> None:
    """Write statements: part of an act that the caller records."""
    rows = [
        {
            "fact_no": each.fact_no, "sequence": each.sequence, "says": str(each.says),
            "organisation_id": organisation.organisation_id, "attribute": str(each.attribute),
            "value": each.value, "level": each.level, "valid_from": each.valid_from,
            "valid_through": each.valid_through, "document_no": each.ground.document_no,
            "document_day": each.ground.document_day, "reason": each.ground.reason,
            "actor": each.actor, "recorded_at": each.recorded_at, "act_id": act_id,
        }
        for each in said
    ]  # fmt: skip
    session.execute(insert(OrganisationFact), rows)


def _statement(row: OrganisationFact) -> Statement:
    return Statement(
        row.fact_no, row.sequence, Says(row.says), Attribute(row.attribute), row.value, row.level,
        row.valid_from, row.valid_through,
        Ground(row.document_no, row.document_day, row.reason), row.actor, row.recorded_at,
    )  # fmt: skip
