"""Who decides on a filing: the office that it was routed to, and the one above once it is overdue.

A filing that no route reaches is decided in its own region, and by those above it. Whoever stands
above an office sees what it decides.
"""

from sqlalchemy.orm import Session

from creditbank.errors import CreditBankError
from creditbank.ids import jurisdiction_contains
from creditbank.registry.clients import Client
from creditbank.registry.filing.filings import filing_seen, locked_filing
from creditbank.registry.models import Filing


class FilingOfficeForeignError(CreditBankError):
    """Another office decides on this filing."""

    code = "filing-office-foreign"
    status = 403


def decides(client: Client, filing: Filing) -> bool:
    """Tell whether a filing is for the officials of a client's region to decide."""
    if filing.route_no is None:
        return jurisdiction_contains(client.jurisdiction, filing.jurisdiction)
    return client.jurisdiction in {filing.deciding_office, filing.escalated_to}


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
