"""A professional's certificates: issued for chosen years, printed again, each with its state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.answering import seal_what_waits
from creditbank.certificates.issuing import (
    YEARS_MAX,
    CertificateRevokedError,
    Order,
    entries_wait,
    issue_certificate,
)
from creditbank.certificates.listing import certificate_of, certificates_of
from creditbank.certificates.numbers import code_text
from creditbank.certificates.opening import (
    CertificateUnknownError,
    Opened,
    open_certificate,
)
from creditbank.certificates.shown import Shown, show
from creditbank.certificates.states import State
from creditbank.crediting.engineer_certificates import certificates_held
from creditbank.crediting.own import Standing, own_credits, schemes_held
from creditbank.db import snapshot, writing
from creditbank.house import current_house
from creditbank.web import forms
from creditbank.web.doors import Pages, Unit, Visit, see
from creditbank.web.failures import PageRequestError
from creditbank.web.fields import empty
from creditbank.web.holding import OWN, law_if_any, own_keys, own_person, scheme_called, shown
from creditbank.web.pages import reader_language

PDF = "application/pdf"

own_certificates = Pages("own_certificates", __name__)


@dataclass(frozen=True, slots=True)
class Paper:
    """A certificate as its holder sees it; `code` leads to its public page."""

    number: str
    code: str
    state: str
    shown: Shown


@own_certificates.shown("/hours/certificates", OWN, menu="own-certificates")
def overview(visit: Visit, session: Session) -> Response:
    """List one's certificates, and offer one for the years in which there are hours."""
    years = _years(visit, session)
    schemes = [scheme_called(scheme, law_if_any(session, scheme)) for scheme in years]
    return shown(
        "own_certificates.html", papers=_papers(visit, session), schemes=schemes, years=years,
        most=YEARS_MAX,
        engineers=certificates_held(session, current_house().vault, own_keys(visit, session)),
    )  # fmt: skip


@own_certificates.sent("/hours/certificates", OWN, shows=overview, unit=Unit.OWN)
def issue(visit: Visit) -> Response:
    """Issue a certificate, or find the one in force on the same record."""
    house, person_id = current_house(), own_person(visit)
    with snapshot() as session:
        scheme, years = _ordered(_years(visit, session))
        waiting = entries_wait(session, person_id, scheme)
    if waiting:
        seal_what_waits(house, visit.now)
    order = Order(person_id, scheme, years, house.settings.certificate_days, house.press.check)
    with writing() as session:
        done = issue_certificate(
            session, house.vault, order, actor=visit.client.client_id, now=visit.now
        )
    said = "certificate-before" if done.before else "certificate-issued"
    return see("web.own_certificates.overview", said)


@own_certificates.shown("/hours/certificates/<certificate:number>.pdf", OWN)
def printed(visit: Visit, session: Session, number: str) -> Response:
    """Print one of one's certificates: the same paper each time."""
    certificate = certificate_of(session, own_person(visit), number)
    opened = open_certificate(session, current_house().vault, certificate, now=visit.now)
    if opened.standing.state is State.REVOKED:
        raise CertificateRevokedError(number=number)
    response = Response(current_house().press.print(opened), content_type=PDF)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Disposition"] = f'attachment; filename="{number}.pdf"'
    return response


def _years(visit: Visit, session: Session) -> dict[str, list[int]]:
    """Return the years of each scheme in which something stands, the latest first."""
    people = own_keys(visit, session)
    found = {
        scheme: {
            each.credit.credited_year
            for each in own_credits(session, people, scheme)
            if each.standing is not Standing.REVERSED
        }
        for scheme in schemes_held(session, people)
    }
    return {scheme: sorted(years, reverse=True) for scheme, years in found.items() if years}


def _ordered(offered: Mapping[str, Sequence[int]]) -> tuple[str, tuple[int, ...]]:
    """Read for what a certificate is wanted.

    Raises:
        PageRequestError: for what was never offered.
        FormFieldEmptyError: no year was chosen.
    """
    scheme = forms.typed("scheme")
    chosen = set(request.form.getlist("year"))
    years = tuple(sorted(year for year in offered.get(scheme, ()) if str(year) in chosen))
    if scheme not in offered or len(years) != len(chosen) or len(years) > YEARS_MAX:
        raise PageRequestError
    if not years:
        raise empty("own-certificate-years")
    return scheme, years


def _papers(visit: Visit, session: Session) -> list[Paper]:
    vault, papers = current_house().vault, []
    for certificate in certificates_of(session, own_person(visit)):
        try:
            opened = open_certificate(session, vault, certificate, now=visit.now)
        except CertificateUnknownError:
            continue  # the secret that opens it was erased
        papers.append(_paper(opened))
    return papers


def _paper(opened: Opened) -> Paper:
    return Paper(
        number=opened.certificate.number,
        code=code_text(opened.code),
        state=str(opened.standing.state),
        shown=show(opened.facts, reader_language()),
    )
