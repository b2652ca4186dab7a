"""Whom a teacher's page knows when it is opened: by name and last four, as a sign-in sheet does.

Their numbers lie in the page sealed to the bank, so that somebody is picked from the list without
typing; the page itself cannot open them.
"""

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.attendance.check_in_models import CheckIn, CheckInPad
from creditbank.attendance.check_ins import comers_of
from creditbank.attendance.models import Attendance
from creditbank.attendance.pad_sealing import public_half, seal_identity
from creditbank.attendance.pads import sealing_key_of
from creditbank.crediting.rosters import rosters_of
from creditbank.people.documents import Document, last_characters
from creditbank.people.register import Identity, identity_of
from creditbank.people.vault import Vault

#: As many as a sheet has rows.
PEOPLE_MAX = 300


@dataclass(frozen=True, slots=True)
class Expected:
    """Somebody on the page's list; `is_there` where they came in and did not leave."""

    name: str = field(repr=False)
    last_four: str
    sealed: bytes = field(repr=False)
    is_there: bool


def expected_on(
    session: Session, vault: Vault, check_in: CheckIn, pad: CheckInPad,
    delegate_id: int | None = None,
) -> tuple[bytes, list[Expected]]:  # fmt: skip
    """Return the public key to which a pad encrypts, and whom it may pick from its list.

    These are who checked in already, and who attended another session of the filing, by name; for
    a delegate (the organisation) only by a roster that it posted.
    """
    public = public_half(sealing_key_of(vault, check_in, pad))
    known: dict[Document, tuple[Identity, bool]] = {}
    for comer in comers_of(session, vault, check_in):
        if comer.identity is not None:
            known[comer.identity.document] = comer.identity, comer.is_there
    query = select(Attendance.person_id).where(Attendance.filing_no == check_in.filing_no)
    if delegate_id is not None:
        posted = rosters_of(session, check_in.filing_no, delegate_id)
        query = query.where(Attendance.roster_no.in_([each.roster_no for each in posted]))
    for person_id in session.scalars(query.distinct().limit(PEOPLE_MAX)):
        identity = identity_of(session, vault, person_id)
        known.setdefault(identity.document, (identity, False))
    people = sorted(known.values(), key=lambda each: each[0].name)[:PEOPLE_MAX]
    return public, [
        Expected(
            identity.name, last_characters(identity.document),
            seal_identity(identity, public, check_in.check_in_no), is_there,
        )
        for identity, is_there in people
    ]  # fmt: skip
