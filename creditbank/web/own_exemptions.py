"""A professional's exemptions: what was filed for them, by whom, and how it stands."""

from flask import Response
from sqlalchemy.orm import Session

from creditbank.registry.lawbook import law_of
from creditbank.schemas.exemptions import shaped_exemption
from creditbank.verification.exemptions import exemptions_of
from creditbank.web.doors import Pages, Visit
from creditbank.web.holding import OWN, own_keys
from creditbank.web.pages import page
from creditbank.web.verdicts import called_by

own_exemptions = Pages("own_exemptions", __name__)


@own_exemptions.shown("/hours/exemptions", OWN, menu="own-exemptions")
def overview(visit: Visit, session: Session) -> Response:
    """List one's exemptions, the latest first."""
    found = exemptions_of(session, own_keys(visit, session))
    lines = [
        (shaped_exemption(session, each), called_by(law_of(session, each.scheme))) for each in found
    ]
    return page("own_exemptions.html", lines=lines)
