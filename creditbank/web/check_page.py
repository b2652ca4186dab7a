"""The public page of a certificate, `/C/` and its code: what it says, what it is worth, its proof.

Anybody may look who holds the paper. A code that leads nowhere is answered as unknown, and no more
is told. Each look is noted without an address, and bounded for each address over all workers.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Response

from creditbank import catalogue
from creditbank.canonical import canonical_text
from creditbank.catalogue import Language
from creditbank.certificates.numbers import spaced
from creditbank.certificates.opening import (
    CertificateUnknownError,
    Opened,
    certificate_coded,
    open_certificate,
)
from creditbank.certificates.shown import show
from creditbank.certificates.views import record_view
from creditbank.clock import CIVIL_ZONE, civil_day, utc_now
from creditbank.db import unit_of_work
from creditbank.house import current_house
from creditbank.ledger.journal import body_of
from creditbank.ledger.leaves import ActBody
from creditbank.limits import count_address
from creditbank.rules.explain import day_text
from creditbank.web.pages import page, reader_language

_UNKNOWN_STATUS = 404
#: Largest first; what is younger than a minute is told as less than one.
_AGES = (("days", 86_400), ("hours", 3_600), ("minutes", 60))

check = Blueprint("check", __name__)


@dataclass(frozen=True, slots=True)
class Shows:
    """The proof of a certificate as the page shows it."""

    origin: str
    index: int
    size: int
    sealed_at: str
    age: str
    hashes: tuple[str, ...]
    root: str
    checkpoint: str
    vkey: str


@check.get("/C/<code>")
@check.get("/c/<code>")
def certificate_page(code: str) -> Response:
    """Show a certificate to whoever has its code."""
    house, now = current_house(), utc_now()
    count_address("check", house.settings.rate_check_requests, now=now)
    try:
        with unit_of_work() as session:
            certificate = certificate_coded(session, code)
            opened = open_certificate(session, house.vault, certificate, now=now)
            record_view(session, certificate, now=now)
    except CertificateUnknownError:
        return page("check_unknown.html", status=_UNKNOWN_STATUS)
    return _shown(opened, now)


def _shown(opened: Opened, now: datetime) -> Response:
    spoken = reader_language()
    shown, standing = show(opened.facts, spoken), opened.standing
    return page(
        "check.html",
        shown=shown,
        state=str(standing.state),
        host=opened.facts["iss"],
        number=spaced(opened.certificate.number),
        replaces=spaced(shown.replaces) if shown.replaces else "",
        newer=spaced(standing.newer) if standing.newer else "",
        revoked_at=_instant(standing.revocation.revoked_at, spoken) if standing.revocation else "",
        reason=standing.revocation.reason if standing.revocation else "",
        checked_at=_instant(now, spoken),
        proof=_proof(opened, spoken, now),
        evidence=_evidence(opened, body_of(opened.act)),
    )


def _proof(opened: Opened, spoken: Language, now: datetime) -> Shows | None:
    if opened.proof is None:
        return None
    inclusion, sealed_at = opened.proof.inclusion, opened.proof.sealed_at
    checkpoint = inclusion.head.checkpoint
    return Shows(
        origin=checkpoint.origin,
        index=inclusion.index,
        size=checkpoint.size,
        sealed_at=_instant(sealed_at, spoken),
        age=age_text(now - sealed_at, spoken),
        hashes=tuple(each.hex() for each in inclusion.hashes),
        root=checkpoint.root.hex(),
        checkpoint=inclusion.head.note,
        vkey=inclusion.head.vkey,
    )


def _evidence(opened: Opened, act: ActBody) -> list[tuple[str, str]]:
    """Return everything from which the leaf is rebuilt, outermost first: code of label, text."""
    return [
        ("check-leaf", opened.act.leaf.hex()),
        ("check-salt", opened.act.salt.hex()),
        ("check-body", canonical_text(act.to_canonical())),
        ("check-details", act.details),
        ("check-digest", opened.certificate.facts_digest.hex()),
        ("check-facts", canonical_text(opened.facts)),
    ]


def _instant(instant: datetime, spoken: Language) -> str:
    day, clock = day_text(civil_day(instant), spoken), f"{instant.astimezone(CIVIL_ZONE):%H:%M:%S}"
    return catalogue.text("check-instant", spoken, day=day, clock=clock)


def age_text(age: timedelta, spoken: Language) -> str:
    """Tell an age in whole days, hours or minutes, the largest that it has."""
    seconds = int(age.total_seconds())
    for unit, unit_seconds in _AGES:
        if seconds >= unit_seconds:
            return catalogue.text(f"check-age-{unit}", spoken, count=seconds // unit_seconds)
    return catalogue.text("check-age-moment", spoken)
