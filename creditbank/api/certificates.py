"""Certificates (证明): issued, listed, read, printed, revoked."""

import json
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from creditbank.answering import seal_what_waits
from creditbank.api.bodies import JsonBody
from creditbank.api.cursors import cursor_of, place_of
from creditbank.api.endpoints import (
    Call,
    Door,
    Reply,
    Unit,
    claimed,
    first_answer_of,
    keep_members,
)
from creditbank.api.idempotency import REPLAYED_HEADER
from creditbank.certificates.fonts import CharacterUnprintableError, FontMissingError
from creditbank.certificates.issuing import (
    CertificateEmptyError,
    CertificateRevokedError,
    Order,
    entries_wait,
    issue_certificate,
    revoke_certificate,
)
from creditbank.certificates.listing import CertificatesWanted, certificates_page
from creditbank.certificates.models import Certificate
from creditbank.certificates.numbers import code_text
from creditbank.certificates.opening import (
    CertificateUnknownError,
    Opened,
    Proof,
    certificate_numbered,
    open_certificate,
)
from creditbank.certificates.qr import page_address
from creditbank.certificates.states import Standing, State, standings_of, years_of
from creditbank.certificates.views import count_views
from creditbank.db import snapshot, writing
from creditbank.house import current_house
from creditbank.ledger.checkpoint import tlog_proof
from creditbank.ledger.journal import body_of
from creditbank.ledger.models import Act
from creditbank.ledger.posting import PersonErasedError
from creditbank.people.register import IdentityMismatchError, PersonUnknownError, find_person
from creditbank.registry.bank import BankNotFoundedError
from creditbank.registry.clients import Client, RegionForeignError, Scope
from creditbank.registry.idempotency import FirstAnswer
from creditbank.registry.lawbook import law_of
from creditbank.rules.loader import PackMissingError
from creditbank.schemas.certificates import (
    CertificateAnswer,
    CertificateBody,
    CertificateRevocationBody,
    CertificatesAnswer,
    CertificatesQuery,
)
from creditbank.schemas.people import IDENTITY_EXAMPLE

PDF = "application/pdf"
_EXAMPLE = {**IDENTITY_EXAMPLE, "scheme": "cn-3710", "years": [2025, 2026]}
_SEEN_REFUSALS = (CertificateUnknownError, RegionForeignError)

certificates = Door("certificates", __name__, description="Certificates of hours (证明).")


@certificates.post(
    "/certificates",
    Scope.CERTIFICATE_ISSUE,
    unit=Unit.OWN,
    writes=True,
    status=201,
    body=JsonBody(CertificateBody(), _EXAMPLE),
    answer=CertificateAnswer(),
    refuses=(
        RegionForeignError, PackMissingError, PersonUnknownError, IdentityMismatchError,
        CertificateEmptyError, PersonErasedError, CharacterUnprintableError, BankNotFoundedError,
    ),
)  # fmt: skip
def issue(call: Call) -> Reply:
    """Issue a certificate, or return the one in force that stands on the same record."""
    with snapshot() as session:
        known = first_answer_of(session, call)
        if known is not None:
            return _again(session, call, FirstAnswer(201, known))
        waiting = entries_wait(session, _person(session, call), call.body["scheme"])
    if waiting:
        seal_what_waits(current_house(), call.now)
    with writing() as session:
        first = claimed(session, call)
        if first is not None:  # the same order, sent twice at once
            return _again(session, call, first)
        return _issued(session, call)


@certificates.get(
    "/certificates",
    Scope.CERTIFICATE_READ,
    query=CertificatesQuery(),
    answer=CertificatesAnswer(),
)
def list_certificates(call: Call, session: Session) -> dict[str, Any]:
    """List the certificates of an official's region, newest first, without a name."""
    limit = min(call.query["limit"], current_house().settings.page_size_max)
    wanted = CertificatesWanted(
        jurisdiction=call.client.jurisdiction,
        scheme=call.query["scheme"],
        before=place_of(call.query["cursor"]),
        limit=limit,
    )
    found = certificates_page(session, wanted)
    page = found[:limit]
    standings = standings_of(session, page, now=call.now)
    last = page[-1] if len(found) > limit else None
    return {
        "certificates": [_line(each, standings[each.number].state) for each in page],
        "next_cursor": cursor_of(last.issued_at, last.number) if last else "",
    }


@certificates.get(
    "/certificates/<certificate:number>",
    Scope.CERTIFICATE_READ,
    answer=CertificateAnswer(),
    refuses=_SEEN_REFUSALS,
)
def read_certificate(call: Call, session: Session, number: str) -> dict[str, Any]:
    """Return a certificate in full: its facts, what it is worth, the proof of its issue."""
    return _full(session, _opened(session, call, number), issued_before=True)


@certificates.get(
    "/certificates/<certificate:number>.pdf",
    Scope.CERTIFICATE_READ,
    files={PDF: "%PDF-1.7 …"},
    refuses=(
        *_SEEN_REFUSALS, CertificateRevokedError, FontMissingError, CharacterUnprintableError,
    ),
)  # fmt: skip
def print_certificate(call: Call, session: Session, number: str) -> Response:
    """Print a certificate: the same paper each time."""
    opened = _opened(session, call, number)
    if opened.standing.state == State.REVOKED:
        raise CertificateRevokedError(number=number)
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'inline; filename="{number}.pdf"',
    }
    return Response(current_house().press.print(opened), content_type=PDF, headers=headers)


@certificates.post(
    "/certificates/<certificate:number>/revocation",
    Scope.CERTIFICATE_REVOKE,
    unit=Unit.OWN,
    writes=True,
    body=JsonBody(CertificateRevocationBody(), {"reason": "issued-in-error", "case_no": "2026-17"}),
    answer=CertificateAnswer(),
    refuses=(*_SEEN_REFUSALS, CertificateRevokedError),
)
def revoke(call: Call, number: str) -> Reply:
    """Revoke a certificate, for ever; its page says so at once."""
    with writing() as session:
        first = claimed(session, call)
        if first is not None:
            return _again(session, call, first)
        revoke_certificate(
            session,
            _seen(session, call.client, number),
            call.body["reason"],
            case_no=call.body["case_no"],
            actor=call.client.client_id,
            now=call.now,
        )
        keep_members(session, call, 200, {"number": number, "issued_before": True})
        return Reply(_full(session, _opened(session, call, number), issued_before=True))


def _person(session: Session, call: Call) -> int:
    """Return whose hours are meant, after the region was looked at and nothing else."""
    call.client.require_region(law_of(session, call.body["scheme"]).jurisdiction)
    return find_person(session, current_house().vault, call.body["identity"])


def _issued(session: Session, call: Call) -> Reply:
    house = current_house()
    order = Order(
        person_id=_person(session, call),
        scheme=call.body["scheme"],
        years=tuple(call.body["years"]),
        valid_days=house.settings.certificate_days,
        check=house.press.check,
    )
    done = issue_certificate(session, house.vault, order, actor=call.client.client_id, now=call.now)
    # What is kept for retries names nobody: the facts are read again from their certificate.
    kept = {"number": done.certificate.number, "issued_before": done.before}
    keep_members(session, call, 201, kept)
    opened = open_certificate(session, house.vault, done.certificate, now=call.now)
    return Reply(_full(session, opened, issued_before=done.before))


def _again(session: Session, call: Call, first: FirstAnswer) -> Reply:
    opened = _opened(session, call, str(first.answer["number"]))
    members = _full(session, opened, issued_before=bool(first.answer["issued_before"]))
    return Reply(members, headers={REPLAYED_HEADER: "true"}, status=first.status)


def _seen(session: Session, client: Client, number: str) -> Certificate:
    certificate = certificate_numbered(session, number)
    client.require_region(certificate.jurisdiction)
    return certificate


def _opened(session: Session, call: Call, number: str) -> Opened:
    certificate = _seen(session, call.client, number)
    return open_certificate(session, current_house().vault, certificate, now=call.now)


def _line(certificate: Certificate, state: State) -> dict[str, Any]:
    return {
        "number": certificate.number,
        "state": state,
        "jurisdiction": certificate.jurisdiction,
        "scheme": certificate.scheme,
        "years": list(years_of(certificate)),
        "issued_at": certificate.issued_at,
        "valid_through": certificate.valid_through,
    }


def _full(session: Session, opened: Opened, *, issued_before: bool) -> dict[str, Any]:
    certificate, act = opened.certificate, opened.act
    return {
        **_line(certificate, opened.standing.state),
        "issued_before": issued_before,
        "address": page_address(str(opened.facts["iss"]), code_text(opened.code)),
        "facts": opened.facts,
        "facts_digest": certificate.facts_digest.hex(),
        "newer": opened.standing.newer,
        "revocation": _revocation(session, opened.standing),
        "act": {
            "leaf": act.leaf.hex(),
            "salt": act.salt.hex(),
            "body": body_of(act).to_canonical(),
            "details": json.loads(act.details),
        },
        "proof": _proof(opened.proof) if opened.proof else None,
        "views": count_views(session, certificate),
    }


def _revocation(session: Session, standing: Standing) -> dict[str, Any] | None:
    if standing.revocation is None:
        return None
    return {
        "reason": standing.revocation.reason,
        "revoked_at": standing.revocation.revoked_at,
        "act_leaf": session.get_one(Act, standing.revocation.act_id).leaf.hex(),
    }


def _proof(proof: Proof) -> dict[str, Any]:
    inclusion, checkpoint = proof.inclusion, proof.inclusion.head.checkpoint
    return {
        "origin": checkpoint.origin,
        "index": inclusion.index,
        "size": checkpoint.size,
        "leaf": inclusion.leaf.hex(),
        "hashes": [each.hex() for each in inclusion.hashes],
        "root": checkpoint.root.hex(),
        "vkey": inclusion.head.vkey,
        "checkpoint": inclusion.head.note,
        "tlog_proof": tlog_proof(inclusion.index, inclusion.hashes, inclusion.head.note),
        "sealed_at": proof.sealed_at,
    }
