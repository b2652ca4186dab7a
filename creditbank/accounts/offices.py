"""Which offices the bank knows: where somebody could decide what is put before them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.accounts.models import SeatRow
from creditbank.errors import CreditBankError
from creditbank.ids import checked_jurisdiction, jurisdiction_contains
from creditbank.registry.clients import Role
from creditbank.registry.lawbook import published_packs
from creditbank.registry.models import ApiClient

_SHOWN = 8


class OfficeUnknownError(CreditBankError):
    """A region was named as an office of which the bank knows none."""

    code = "office-unknown"
    status = 422


def require_office_known(session: Session, office: str) -> None:
    """Refuse what would wait for an office where nobody is.

    The bank knows an office where an official has a seat or a client, and where rules of its own,
    or of places below it, are published.

    Raises:
        JurisdictionInvalidError: it has another form than a region's.
        OfficeUnknownError: nobody is there, and no rules are of there.
    """
    checked_jurisdiction(office)
    places = {pack.jurisdiction for pack in published_packs(session).values()}
    seated = select(SeatRow.jurisdiction).where(
        SeatRow.role == str(Role.OFFICIAL), SeatRow.closed_at.is_(None)
    )
    machines = select(ApiClient.jurisdiction).where(
        ApiClient.role == str(Role.OFFICIAL), ApiClient.revoked_at.is_(None)
    )
    staffed = set(session.scalars(seated.union(machines)))
    if office in staffed or any(jurisdiction_contains(office, each) for each in places):
        return
    known = sorted(staffed | places)
    near = [each for each in known if each[:5] == office[:5]] or known
    raise OfficeUnknownError(found=office, offices=near[:_SHOWN])
