"""Who decides on a filing: the office that it was routed to, and the one above once it is overdue.

A filing that no route reaches is decided in its own region, and by those above it. Whoever stands
above an office sees what it decides.
"""

from sqlalchemy.orm import Session

from creditbank.errors import CreditBankError
from creditbank.ids import checked_jurisdiction, jurisdiction_contains
from creditbank.registry.clients import Client
from creditbank.registry.filing.filings import filing_seen, locked_filing
from creditbank.registry.models import Filing


class FilingOfficeForeignError(CreditBankError):
    """Another office decides on this filing."""

    code = "filing-office-foreign"
    status = 403


def decides(client: Client, filing: Filing) -> bool:
    """Tell whether a filing is for the officials of a client's region to decide."""
    return _is_office(client.jurisdiction, filing)


def require_office(session: Session, filing_no: str, office: str) -> None:
    """Hold a filing for a decision by the office in whose name an operator acts.

    An operator who names none acts for whoever decides in the filing's region, so that a filing
    that a route reached wants the office to be named.

    Raises:
        FilingUnknownError: there is none.
        JurisdictionInvalidError: an office has another form.
        FilingOfficeForeignError: another office decides on it.
    """
    filing = locked_filing(session, filing_no)
    if office:
        checked_jurisdiction(office)
    if not _is_office(office, filing) and (office or filing.route_no is not None):
        raise FilingOfficeForeignError(
            filing_no=filing_no, found=office or "—", wanted=filing.deciding_office
        )


def _is_office(region: str, filing: Filing) -> bool:
    if filing.route_no is None:
        return bool(region) and jurisdiction_contains(region, filing.jurisdiction)
    return region in {filing.deciding_office, filing.escalated_to}


def filing_to_decide(session: Session, client: Client, filing_no: str) -> Filing:
    """Return a filing on which the client decides, locked, so that none routes it elsewhere.

    Raises:
        FilingUnknownError: there is none.
        RegionForeignError: it is not the client's to see.
        FilingOfficeForeignError: another office decides on it.
    """
    filing_seen(session, client, filing_no)
    filing = locked_filing(session, filing_no)
    if not decides(client, filing):
        raise FilingOfficeForeignError(
            filing_no=filing_no, found=client.jurisdiction, wanted=filing.deciding_office
        )
    return filing
