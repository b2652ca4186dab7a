"""Organisations: enterprises, bases, universities, authorities and title systems, by their code."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical
from creditbank.errors import CreditBankError
from creditbank.ids import checked_jurisdiction
from creditbank.ledger.journal import ActDraft, record_act
from creditbank.registry.fact_rows import insert_registered
from creditbank.registry.models import Organisation
from creditbank.registry.uscc import read_uscc

REGISTERED = "organisation.registered"


class OrganisationKind(StrEnum):
    """What an organisation is to the bank."""

    ENTERPRISE = "enterprise"
    TRAINING_BASE = "training_base"
    UNIVERSITY = "university"
    #: 网络平台: posts what people learned on it, for itself or in a provider's stead
    ONLINE_PLATFORM = "online_platform"
    AUTHORITY = "authority"
    TITLE_SYSTEM = "title_system"


#: Those that file activities and post attendance.
TEACHING_KINDS = frozenset(
    {OrganisationKind.ENTERPRISE, OrganisationKind.TRAINING_BASE, OrganisationKind.UNIVERSITY,
     OrganisationKind.ONLINE_PLATFORM}
)  # fmt: skip


class OrganisationKnownError(CreditBankError):
    """The code is registered already, under another name, kind or jurisdiction."""

    code = "organisation-known"
    status = 409


class OrganisationUnknownError(CreditBankError):
    """No organisation is registered under this code."""

    code = "organisation-unknown"
    status = 404


@dataclass(frozen=True, slots=True)
class OrganisationDraft:
    """An organisation about to be registered; `uscc` as somebody typed it."""

    uscc: str
    name: str
    kind: OrganisationKind
    jurisdiction: str
    #: an official has seen that a code which fails its check character is nevertheless right
    uscc_confirmed: bool = False


def register_organisation(
    session: Session, draft: OrganisationDraft, *, actor: str, now: datetime
) -> Organisation:
    """Enter an organisation into the registry; the same again returns what is there.

    Raises:
        UsccInvalidError: the code has a wrong length, character or check character.
        OrganisationKnownError: the code stands for something else.
    """
    uscc = read_uscc(draft.uscc, confirmed=draft.uscc_confirmed)
    checked_jurisdiction(draft.jurisdiction)
    known = session.scalar(select(Organisation).where(Organisation.uscc == uscc))
    if known is not None:
        same = (known.name, known.kind, known.jurisdiction)
        if same != (draft.name, str(draft.kind), draft.jurisdiction):
            raise OrganisationKnownError(uscc=uscc)
        return known
    details: dict[str, Canonical] = {
        "name": draft.name,
        "kind": str(draft.kind),
        "confirmed": draft.uscc_confirmed,
    }
    act = record_act(
        session,
        ActDraft(REGISTERED, draft.jurisdiction, actor, uscc, details),
        now=now,
    )
    row = {
        "uscc": uscc, "name": draft.name, "kind": str(draft.kind),
        "jurisdiction": draft.jurisdiction, "act_id": act.act_id,
    }  # fmt: skip
    made = session.scalars(insert(Organisation).returning(Organisation), [row]).one()
    insert_registered(session, made, actor=actor, now=now)
    return made


def organisation_by_uscc(session: Session, uscc: str) -> Organisation:
    """Return an organisation.

    Raises:
        OrganisationUnknownError: none is registered under this code.
    """
    found = session.scalar(
        select(Organisation).where(Organisation.uscc == read_uscc(uscc, confirmed=True))
    )
    if found is None:
        raise OrganisationUnknownError(uscc=uscc[:18])
    return found
