"""Sign-in sheets for a session without network: printed, signed by hand, entered as a roster later.

A sheet lies on a table for all to see, so it has names and last four, never a whole number.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.attendance.models import Attendance
from creditbank.catalogue import Language, text
from creditbank.crediting.attendances import known_people
from creditbank.crediting.check_in_posting import session_numbered
from creditbank.people.vault import Vault
from creditbank.registry.lookups import organisation_of
from creditbank.registry.models import Filing

SHEET_TEMPLATE: Final = Path(__file__).with_name("sign_in_sheet.typ")
#: Rows on one sheet; whoever has more seats prints it again.
ROWS_MAX: Final = 300
_COLUMNS = (
    "check-in-number", "sheet-name", "list-last-four", "sheet-in", "sheet-signed", "sheet-out",
    "sheet-signed",
)  # fmt: skip


def expected_people(session: Session, vault: Vault, filing: Filing) -> Sequence[tuple[str, str]]:
    """Return those who attended any session of a filing, by name and last four, by name."""
    query = select(Attendance.person_id).where(Attendance.filing_no == filing.filing_no).distinct()
    known = known_people(session, vault, session.scalars(query).all())
    return sorted(known.values())


def sheet_of(  # of which session, for whom
    session: Session, vault: Vault, filing: Filing, session_no: int, *, expected: bool,
    language: Language,
) -> Mapping[str, Any]:  # fmt: skip
    """Return what the sheet says: rows to the seats, blank or with those who came before.

    Raises:
        SessionNumberUnknownError: the filing has no session of this number.
    """
    planned = session_numbered(session, filing, session_no)
    people = expected_people(session, vault, filing) if expected else ()
    count = min(max(filing.seats, len(people)), ROWS_MAX)
    listed = [*people[:count], *[("", "")] * (count - len(people))]
    provider = organisation_of(session, filing.organisation_id).name
    said = {
        "sheet-activity": f"{filing.title}", "filing-number": filing.filing_no,
        "filing-provider": provider, "filing-day": planned.day.isoformat(),
        "sheet-times": f"{planned.begins_at}–{planned.ends_at}" if planned.begins_at else "",
        "sheet-place": planned.place,
        "sheet-session": str(planned.session_no), "sheet-planned": str(planned.planned_minutes),
    }  # fmt: skip
    return {
        "language": language,
        "bank": text("certificate-bank", language),
        "title": text("sheet-title", language),
        "facts": [(text(code, language), each or "__________") for code, each in said.items()],
        "columns": [text(code, language) for code in _COLUMNS],
        "rows": [
            [str(number), name, last_four, "", "", "", ""]
            for number, (name, last_four) in enumerate(listed, 1)
        ],
        "signed": [text(code, language) for code in ("sheet-teacher", "sheet-date")],
        "foot": text("sheet-foot", language),
        "note": "",
    }
