"""Records from before the bank: proposed by one official, approved by a second."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call, Door
from creditbank.attendance.workbook import RosterTooLongError
from creditbank.crediting.imports import (
    ImportKnownError,
    ImportRowNameError,
    ImportRowTwiceError,
    ImportRowYearError,
    ImportUnknownError,
    approve_import,
    propose_import,
)
from creditbank.crediting.lookups import import_numbered
from creditbank.crediting.models import RecordImport
from creditbank.house import current_house
from creditbank.registry.bank import DemoOnlyError, InventedOnlyError
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.registry.publishing import SecondPersonWantedError
from creditbank.rules.loader import PackMissingError
from creditbank.rules.subjects import SubjectUnknownError
from creditbank.schemas.people import IDENTITY_EXAMPLE
from creditbank.schemas.registry import NothingBody
from creditbank.schemas.rosters import ImportAnswer, ImportBody

_ROW_EXAMPLE = {**IDENTITY_EXAMPLE, "year": 2024, "subject": "professional", "hours": "60.00"}

imports = Door("imports", __name__, description="Records from before the bank.")


@imports.post(
    "/imports",
    Scope.IMPORT_PROPOSE,
    status=201,
    body=JsonBody(
        ImportBody(),
        {"jurisdiction": "cn-3710", "origin": "原继续教育登记系统", "rows": [_ROW_EXAMPLE]},
    ),
    answer=ImportAnswer(),
    refuses=(
        RegionForeignError, ImportKnownError, ImportRowTwiceError, ImportRowNameError,
        ImportRowYearError, SubjectUnknownError, PackMissingError, DemoOnlyError,
        InventedOnlyError, RosterTooLongError,
    ),
)  # fmt: skip
def propose(call: Call, session: Session) -> dict[str, Any]:
    """Put earlier records before a second official; nothing is credited yet."""
    limit = current_house().settings.roster_rows_max
    if len(call.body.rows) > limit:
        raise RosterTooLongError(limit=limit, row_no=limit + 1)
    call.client.require_region(call.body.jurisdiction)
    actor = call.client.client_id
    vault = current_house().vault
    return _shaped(propose_import(session, vault, call.body, actor=actor, now=call.now))


@imports.get(
    "/imports/<public:import_no>",
    Scope.IMPORT_PROPOSE,
    answer=ImportAnswer(),
    refuses=(ImportUnknownError, RegionForeignError),
)
def read_import(call: Call, session: Session, import_no: str) -> dict[str, Any]:
    """Return what was proposed: rows, people, total and digest, and who approved it."""
    record = import_numbered(session, import_no)
    call.client.require_region(record.jurisdiction)
    return _shaped(record)


@imports.post(
    "/imports/<public:import_no>/approval",
    Scope.IMPORT_APPROVE,
    body=JsonBody(NothingBody(), {}),
    answer=ImportAnswer(),
    refuses=(ImportUnknownError, RegionForeignError, SecondPersonWantedError),
)
def approve_records(call: Call, session: Session, import_no: str) -> dict[str, Any]:
    """Approve an import as a second official: its rows are credited, marked as migrated."""
    call.client.require_region(import_numbered(session, import_no).jurisdiction)
    vault, actor = current_house().vault, call.client.client_id
    return _shaped(approve_import(session, vault, import_no, actor=actor, now=call.now))


def _shaped(record: RecordImport) -> dict[str, Any]:
    return {
        "import_no": record.import_no,
        "jurisdiction": record.jurisdiction,
        "scheme": record.scheme,
        "origin": record.origin,
        "rows": record.row_count,
        "people": record.people,
        "hours": record.total_centihours,
        "digest": record.digest.hex(),
        "state": "approved" if record.approved_by else "proposed",
        "proposed_by": record.proposed_by,
        "approved_by": record.approved_by or "",
    }
