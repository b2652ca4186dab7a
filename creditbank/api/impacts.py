"""What a version of a pack would do to the answers of the whole bank: start, progress, result."""

from typing import Any

from sqlalchemy.orm import Session

from creditbank.api.endpoints import Call, Door
from creditbank.api.packs import version_seen
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.registry.lookups import pack_version
from creditbank.registry.publishing import PackNotProposedError
from creditbank.schemas.law import ImpactAnswer
from creditbank.verification.impact_runs import (
    ImpactUnknownError,
    impact_numbered,
    request_impact,
    told,
)

impacts = Door("impacts", __name__, description="What a change of the law would do.")


@impacts.post(
    "/packs/<public:pack_id>/<count:version>/impacts",
    Scope.RULES_PUBLISH,
    status=202,
    answer=ImpactAnswer(),
    refuses=(RegionForeignError, PackNotProposedError),
)
def start_impact(call: Call, session: Session, pack_id: str, version: int) -> dict[str, Any]:
    """Ask what a version would do; the clock process walks over the whole bank and counts."""
    pack = version_seen(session, call.client, pack_id, version)
    content = pack_version(session, pack_id, version, published=False).content
    actor = call.client.client_id
    return told(request_impact(session, content, pack, actor=actor, now=call.now))


@impacts.get(
    "/impacts/<public:run_no>",
    Scope.RULES_PUBLISH,
    answer=ImpactAnswer(),
    refuses=(RegionForeignError, ImpactUnknownError),
)
def read_impact(call: Call, session: Session, run_no: str) -> dict[str, Any]:
    """Tell how far a run is, and what it has counted once it is done."""
    run = impact_numbered(session, run_no)
    call.client.require_region(run.jurisdiction)
    return told(run)
