"""Every route of the API against every role and scope, and own, another's and nobody's numbers.

A row says which scope a route wants, who can have it, and how a number is answered that lies in
other hands or nowhere. A new route without a row fails.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import insert
from werkzeug.test import TestResponse

from creditbank.api import access
from creditbank.api.filings import filing_seen
from creditbank.api.operations import Declared
from creditbank.clock import utc_now
from creditbank.people.register import Identity, find_person
from creditbank.registry.calls import Lane
from creditbank.registry.clients import OF_AN_ORGANISATION, SCOPES_OF, Role
from creditbank.registry.credentials import credentials_of
from creditbank.registry.organisations import OrganisationKind
from creditbank.registry.tokens import issue_token
from creditbank.verification.objections import object_to
from creditbank.verification.watch_models import ClientEvent
from creditbank.verification.watching import KINDS
from tests.achievements import ELSEWHERE, WORKS, publish_works
from tests.acts import checked_in
from tests.api.desk import (
    DAYS,
    OTHER_ENTERPRISE_USCC,
    TITLE_SYSTEM_USCC,
    YEAR,
    Caller,
    Desk,
    roster_rows,
    stated,
)
from tests.api.exempting import DOCUMENT, Register, application
from tests.api.test_calls_api import closed
from tests.api.test_predicates_api import claim
from tests.api.test_status_records_api import examined
from tests.bank import ENTERPRISE_USCC, invented_person
from tests.integrity.disputing import disputed

PERSON = invented_person(71)
EMPTY_DAY = {"day": DAYS[0].isoformat(), "count": 0, "digest": "5d" * 32}
MACHINES = [role for role in Role if role is not Role.PROFESSIONAL]  # who is no machine
REGION = "region-foreign"


@dataclass(frozen=True, slots=True)
class Row:
    """Who may call a route (nobody named: anybody), and how numbers that are not theirs are told.

    `none` is the code for a number that nobody has; `region` and `organisation` those for one that
    lies in another region, and with another organisation of the same role.
    """

    scope: str = ""
    roles: str = ""
    none: str = ""
    region: str = ""
    organisation: str = ""


_CLIENT = Row("client:manage", "administrator", none="client-unknown", region=REGION)
_READING = Row(
    "filing:read", "provider official auditor", none="filing-unknown", region=REGION,
    organisation="filing-unknown",
)  # fmt: skip
_WORK = Row(
    "roster:post", "provider", none="roster-work-unknown", organisation="roster-work-unknown"
)
_CHECK_IN = Row("roster:post", "provider", none="check-in-unknown", organisation="check-in-unknown")
_DECIDING = Row("filing:decide", "official", none="filing-unknown", region=REGION)
_DRAFT = Row(
    "filing:submit", "provider", none="filing-draft-unknown", organisation="filing-draft-unknown"
)
_ITEM = Row("item:decide", "official", none="item-unknown", region=REGION)
_OWN_ITEM = replace(_ITEM, roles="provider employer official", organisation="item-unknown")
_TRANSFER = Row("transfer:recognise", "official", none="transfer-unknown", region=REGION)
_INVESTIGATION = Row("hours:investigate", "official", none="investigation-unknown", region=REGION)
_NAME_CHECK = Row("person:link", "official", none="name-check-unknown", region=REGION)
_OBJECTION = Row("mandate:grant", "official", none="objection-unknown", region=REGION)
_DISPUTE = Row(
    "attendance:withdraw", "provider official", none="dispute-unknown", region=REGION,
    organisation="dispute-unknown",
)  # fmt: skip
_REASSESSMENT = Row("hours:reassess", "official", none="reassessment-unknown", region=REGION)
_ORGANISATION = Row("organisation:register", "official", none="uscc-length-wrong", region=REGION)
_PACK = Row("rules:publish", "official", none="pack-not-proposed", region=REGION)
_ADOPTION = Row("rules:publish", "official", none="adoption-unknown", region=REGION)
_CERTIFICATE = Row("certificate:read", "official", none="certificate-unknown", region=REGION)
_BATCH = Row(
    "verdict:ask", "title_system", none="verdict-batch-unknown",
    organisation="verdict-batch-unknown",
)  # fmt: skip
_STATUS = Row(
    "status:record", "provider employer title_system official", none="status-record-unknown",
    region=REGION, organisation="status-record-unknown",
)  # fmt: skip
_EXEMPTION = Row(
    "exemption:file", "employer title_system", none="exemption-unknown",
    organisation="exemption-unknown",
)  # fmt: skip
_OF_A_PERSON = Row("balance:read", "official auditor")
MATRIX: Mapping[str, Row] = {
    "GET /api/v1/openapi.json": Row(),
    "POST /api/v1/oauth/token": Row(),
    "POST /api/v1/setup": Row(),
    "POST /api/v1/clients": Row("client:manage", "administrator"),
    "POST /api/v1/clients/<public:client_id>/secrets": _CLIENT,
    "POST /api/v1/clients/<public:client_id>/public-keys": _CLIENT,
    "GET /api/v1/clients/<public:client_id>/credentials": _CLIENT,
    "POST /api/v1/clients/<public:client_id>/credentials/<public:credential_no>/revocation": (
        _CLIENT
    ),
    # Last of them: after it the client is nobody's.
    "POST /api/v1/clients/<public:client_id>/revocation": _CLIENT,
    "POST /api/v1/organisations": Row("organisation:register", "official"),
    # Who an organisation is may be known everywhere.
    "GET /api/v1/organisations/<public:uscc>": Row("organisation:register", "official"),
    "GET /api/v1/organisations": Row("organisation:register", "official"),
    "POST /api/v1/organisations/<public:uscc>/facts": _ORGANISATION,
    "POST /api/v1/organisations/<public:uscc>/facts/<public:fact_no>/ending": _ORGANISATION,
    "POST /api/v1/organisations/<public:uscc>/facts/<public:fact_no>/taking-back": _ORGANISATION,
    "POST /api/v1/organisations/<public:uscc>/successions": _ORGANISATION,
    "GET /api/v1/organisations/<public:uscc>/successions": Row("organisation:register", "official"),
    "POST /api/v1/organisations/<public:uscc>/successions/<public:succession_no>/taking-back": (
        _ORGANISATION
    ),
    "POST /api/v1/calls": Row("filing:decide", "official"),
    "GET /api/v1/calls": Row("filing:read", "provider official auditor"),
    "GET /api/v1/calls/<public:call_no>": Row(
        "filing:read",
        "provider official auditor",
        none="call-unknown",
        region="call-unknown",
        organisation="call-unknown",
    ),
    "POST /api/v1/calls/<public:call_no>/bids": Row(
        "filing:submit", "provider", none="call-unknown", organisation="call-unknown"
    ),
    "POST /api/v1/calls/<public:call_no>/decision": Row(
        "filing:decide", "official", none="call-unknown", region="call-unknown"
    ),
    "POST /api/v1/bids/<public:bid_no>/withdrawal": Row(
        "filing:submit", "provider", none="bid-unknown", organisation="bid-unknown"
    ),
    "POST /api/v1/bids/<public:bid_no>/recommendation": Row(
        "filing:decide", "official", none="bid-unknown", region=REGION
    ),
    "GET /api/v1/base-duties": Row("filing:decide", "official"),
    "POST /api/v1/filing-routes": Row("filing:decide", "official"),
    "GET /api/v1/filing-routes": Row("filing:read", "provider official auditor"),
    "POST /api/v1/filing-routes/<public:route_no>/ending": Row(
        "filing:decide", "official", none="filing-route-unknown", region=REGION
    ),
    "POST /api/v1/status-records": replace(_STATUS, none="", region="", organisation=""),
    "GET /api/v1/status-records/<public:record_no>": _STATUS,
    "POST /api/v1/status-records/<public:record_no>/removal": _STATUS,
    "POST /api/v1/status-records/<public:record_no>/declaration": replace(
        _STATUS, scope="item:declare", roles="provider employer official"
    ),
    "GET /api/v1/status-events": replace(_STATUS, none="", region="", organisation=""),
    "POST /api/v1/exemptions": Row("exemption:file", "employer title_system"),
    "GET /api/v1/exemptions": Row("exemption:read", "employer title_system official auditor"),
    "GET /api/v1/exemptions/<public:exemption_no>": Row(
        "exemption:read",
        "employer title_system official auditor",
        none="exemption-unknown",
        region=REGION,
        organisation="exemption-unknown",
    ),
    "POST /api/v1/exemptions/<public:exemption_no>/resubmission": _EXEMPTION,
    "POST /api/v1/exemptions/<public:exemption_no>/withdrawal": _EXEMPTION,
    "POST /api/v1/exemptions/<public:exemption_no>/decision": Row(
        "exemption:decide", "official", none="exemption-unknown", region=REGION
    ),
    "POST /api/v1/exemptions/<public:exemption_no>/revocation": Row(
        "exemption:decide", "official", none="exemption-unknown", region=REGION
    ),
    "POST /api/v1/organisations/<public:uscc>/recommendation-findings": Row(
        "exemption:decide", "official", none="uscc-length-wrong", region=REGION
    ),
    "GET /api/v1/recommendation-findings": Row("exemption:decide", "official"),
    "POST /api/v1/recommendation-findings/<public:finding_no>/lifting": Row(
        "exemption:decide", "official", none="recommendation-finding-unknown", region=REGION
    ),
    "POST /api/v1/delegations": Row("delegation:give", "provider"),
    "GET /api/v1/delegations": Row("filing:read", "provider official auditor"),
    "POST /api/v1/delegations/<public:delegation_no>/measure": replace(
        _DECIDING, none="delegation-unknown"
    ),
    "POST /api/v1/delegations/<public:delegation_no>/ending": Row(
        "delegation:give",
        "provider",
        none="delegation-unknown",
        organisation="delegation-unknown",
    ),
    "POST /api/v1/mandates": Row("mandate:grant", "official"),
    "POST /api/v1/mandates/<public:mandate_no>/state": Row(
        "mandate:grant", "official", none="mandate-unknown", region=REGION
    ),
    "POST /api/v1/filings": Row("filing:submit", "provider"),
    "GET /api/v1/filings": Row("filing:read", "provider official auditor"),
    "GET /api/v1/filings/<public:filing_no>": _READING,
    "POST /api/v1/filings/<public:filing_no>/approval": _DECIDING,
    "POST /api/v1/filings/<public:filing_no>/refusal": _DECIDING,
    "POST /api/v1/filings/<public:filing_no>/return": _DECIDING,
    "POST /api/v1/filings/<public:filing_no>/resubmission": replace(
        _READING, scope="filing:submit", roles="provider"
    ),
    "POST /api/v1/filings/<public:filing_no>/ending": replace(
        _READING, scope="filing:submit", roles="provider"
    ),
    "POST /api/v1/filings/<public:filing_no>/copy": replace(
        _READING, scope="filing:submit", roles="provider"
    ),
    "GET /api/v1/overdue-filings": Row("filing:decide", "official"),
    "POST /api/v1/filing-drafts": Row("filing:submit", "provider"),
    "GET /api/v1/filing-drafts": Row("filing:submit", "provider"),
    "GET /api/v1/filing-drafts/<public:draft_no>": _DRAFT,
    "POST /api/v1/filing-drafts/<public:draft_no>/content": _DRAFT,
    "POST /api/v1/filing-drafts/<public:draft_no>/submission": _DRAFT,
    # After it the draft is nobody's.
    "POST /api/v1/filing-drafts/<public:draft_no>/deletion": _DRAFT,
    "POST /api/v1/filings/<public:filing_no>/amendments": replace(
        _READING, scope="filing:submit", roles="provider"
    ),
    "GET /api/v1/filings/<public:filing_no>/amendments": _READING,
    "POST /api/v1/filings/<public:filing_no>/amendments/approval": _DECIDING,
    "POST /api/v1/filings/<public:filing_no>/amendments/refusal": _DECIDING,
    "POST /api/v1/filings/<public:filing_no>/amendments/withdrawal": replace(
        _READING, scope="filing:submit", roles="provider"
    ),
    "GET /api/v1/filings/<public:filing_no>/engineer-certificates": replace(
        _READING, scope="attendance:withdraw", roles="provider official"
    ),
    "POST /api/v1/filings/<public:filing_no>/engineer-certificates": replace(
        _READING, scope="roster:post", roles="provider"
    ),
    "POST /api/v1/filings/<public:filing_no>/engineer-certificates/removal": replace(
        _READING, scope="roster:post", roles="provider"
    ),
    "GET /api/v1/filings/<public:filing_no>/posting-terms": _READING,
    "POST /api/v1/filings/<public:filing_no>/late-posting": _DECIDING,
    "GET /api/v1/filings/<public:filing_no>/days": _READING,
    "POST /api/v1/filings/<public:filing_no>/days": replace(
        _READING, scope="roster:post", roles="provider"
    ),
    "POST /api/v1/filings/<public:filing_no>/measure": _DECIDING,
    "GET /api/v1/filings/<public:filing_no>/review": _DECIDING,
    "POST /api/v1/filings/<public:filing_no>/review": _DECIDING,
    "GET /api/v1/filings/<public:filing_no>/roster-template": _READING,
    "POST /api/v1/filings/<public:filing_no>/rosters": replace(
        _READING, scope="roster:post", roles="provider"
    ),
    "POST /api/v1/filings/<public:filing_no>/check-ins": replace(
        _READING, scope="roster:post", roles="provider"
    ),
    "POST /api/v1/reconciliations": Row("roster:post", "provider"),
    "GET /api/v1/reconciliations": Row("roster:post", "provider"),
    "GET /api/v1/reconciliations/<public:reconciliation_no>": Row(
        "roster:post",
        "provider",
        none="reconciliation-unknown",
        organisation="reconciliation-unknown",
    ),
    "GET /api/v1/filings/<public:filing_no>/sign-in-sheets/<count:session_no>": replace(
        _READING, scope="roster:post", roles="provider"
    ),
    "GET /api/v1/check-ins/<public:check_in_no>": _CHECK_IN,
    "POST /api/v1/check-ins/<public:check_in_no>/closing": _CHECK_IN,
    "POST /api/v1/check-ins/<public:check_in_no>/posting": _CHECK_IN,
    "POST /api/v1/check-ins/<public:check_in_no>/pads": _CHECK_IN,
    "POST /api/v1/check-ins/<public:check_in_no>/pads/<count:pad_no>/scans": _CHECK_IN,
    "GET /api/v1/roster-works/<public:work_no>": _WORK,
    "POST /api/v1/roster-works/<public:work_no>/cancellation": _WORK,
    "GET /api/v1/rosters/<public:roster_no>": replace(
        _READING, none="roster-unknown", organisation="roster-unknown"
    ),
    "GET /api/v1/rosters/<public:roster_no>/file": Row(
        "attendance:withdraw",
        "provider official",
        none="roster-unknown",
        region=REGION,
        organisation="roster-unknown",
    ),
    "POST /api/v1/verdicts/<public:verdict_no>/results": Row(
        "verdict:ask", "title_system", none="verdict-unknown", organisation="verdict-unknown"
    ),
    "GET /api/v1/verdicts/<public:verdict_no>/results": Row(
        "verdict:ask", "title_system", none="verdict-unknown", organisation="verdict-unknown"
    ),
    "POST /api/v1/verdicts/<public:verdict_no>/watch": Row(
        "verdict:ask", "title_system", none="verdict-unknown", organisation="verdict-unknown"
    ),
    "POST /api/v1/verdicts/<public:verdict_no>/watch-ending": Row(
        "verdict:ask", "title_system", none="watch-unknown", organisation="watch-unknown"
    ),
    "GET /api/v1/watches": Row("verdict:ask", "title_system"),
    "GET /api/v1/events": Row("verdict:ask", "title_system"),
    "POST /api/v1/events/<public:event_no>/redelivery": Row(
        "verdict:ask", "title_system", none="event-unknown", organisation="event-unknown"
    ),
    "POST /api/v1/webhook": Row("verdict:ask", "title_system"),
    "GET /api/v1/webhook": Row("verdict:ask", "title_system"),
    "POST /api/v1/webhook/ending": Row("verdict:ask", "title_system"),
    "GET /api/v1/query-objections": Row("mandate:grant", "official"),
    "GET /api/v1/query-objections/<public:objection_no>": _OBJECTION,
    "POST /api/v1/query-objections/<public:objection_no>/answer": _OBJECTION,
    "GET /api/v1/refused-questions": Row("mandate:grant", "official"),
    "GET /api/v1/disputes": Row("filing:read", "provider official auditor"),
    "GET /api/v1/disputes/<public:dispute_no>": _DISPUTE,
    "POST /api/v1/disputes/<public:dispute_no>/answer": _DISPUTE,
    "POST /api/v1/disputes/<public:dispute_no>/decision": replace(
        _DISPUTE, scope="hours:investigate", roles="official", organisation=""
    ),
    "GET /api/v1/name-checks": Row("filing:read", "provider official auditor"),
    "POST /api/v1/name-checks/<public:check_no>/request": Row(
        "roster:post", "provider", none="name-check-unknown", organisation="name-check-unknown"
    ),
    "GET /api/v1/name-checks/<public:check_no>": _NAME_CHECK,
    "POST /api/v1/name-checks/<public:check_no>/decision": _NAME_CHECK,
    "POST /api/v1/filings/<public:filing_no>/withdrawals": replace(
        _READING, scope="attendance:withdraw", roles="provider official"
    ),
    "POST /api/v1/filings/<public:filing_no>/corrections": replace(
        _READING, scope="attendance:withdraw", roles="provider official"
    ),
    "POST /api/v1/items": Row("item:declare", "provider employer official"),
    "GET /api/v1/items": Row("item:read", "provider employer official"),
    "GET /api/v1/items/<public:item_no>": replace(_OWN_ITEM, scope="item:read"),
    "POST /api/v1/items/<public:item_no>/correction": replace(_OWN_ITEM, scope="item:declare"),
    "POST /api/v1/items/<public:item_no>/recognition": _ITEM,
    "POST /api/v1/items/<public:item_no>/refusal": _ITEM,
    "POST /api/v1/items/<public:item_no>/return": _ITEM,
    "POST /api/v1/items/<public:item_no>/withdrawal": _ITEM,
    "POST /api/v1/transfers": Row("transfer:recognise", "official"),
    "GET /api/v1/transfers/<public:transfer_no>": _TRANSFER,
    "POST /api/v1/transfers/<public:transfer_no>/withdrawal": _TRANSFER,
    "POST /api/v1/investigations": Row("hours:investigate", "official"),
    "GET /api/v1/investigations": Row("hours:investigate", "official"),
    "GET /api/v1/investigations/<public:investigation_no>": _INVESTIGATION,
    "POST /api/v1/investigations/<public:investigation_no>/closing": _INVESTIGATION,
    "POST /api/v1/reassessments": Row("hours:reassess", "official"),
    "GET /api/v1/reassessments": Row("hours:reassess", "official"),
    "GET /api/v1/reassessments/<public:reassessment_no>": _REASSESSMENT,
    "GET /api/v1/reassessments/<public:reassessment_no>/credits": _REASSESSMENT,
    "POST /api/v1/reassessments/<public:reassessment_no>/proposal": _REASSESSMENT,
    "POST /api/v1/reassessments/<public:reassessment_no>/approval": _REASSESSMENT,
    "POST /api/v1/reassessments/<public:reassessment_no>/withdrawal": _REASSESSMENT,
    "POST /api/v1/imports": Row("import:propose", "official"),
    "POST /api/v1/imports/rehearsal": Row("import:propose", "official"),
    "GET /api/v1/imports/template": Row("import:propose", "official"),
    "GET /api/v1/imports/<public:import_no>": Row(
        "import:propose", "official", none="import-unknown", region=REGION
    ),
    "GET /api/v1/imports/<public:import_no>/file": Row(
        "import:propose", "official", none="import-unknown", region=REGION
    ),
    "POST /api/v1/imports/<public:import_no>/withdrawal": Row(
        "import:propose", "official", none="import-unknown", region=REGION
    ),
    "POST /api/v1/imports/<public:import_no>/approval": Row(
        "import:approve", "official", none="import-unknown", region=REGION
    ),
    "POST /api/v1/balances": _OF_A_PERSON,
    "POST /api/v1/entries": _OF_A_PERSON,
    "POST /api/v1/statements": _OF_A_PERSON,
    "GET /api/v1/filings/<public:filing_no>/statement": replace(
        _READING, scope="attendance:withdraw", roles="provider official"
    ),
    "GET /api/v1/organisations/<public:uscc>/statement": replace(
        _READING,
        scope="attendance:withdraw",
        roles="provider official",
        none="uscc-length-wrong",
        organisation="organisation-unknown",
    ),
    "GET /api/v1/organisations/<public:uscc>/scorecard": replace(
        _READING, none="uscc-length-wrong", organisation="organisation-unknown"
    ),
    "GET /api/v1/organisations/<public:uscc>/figures": Row(none="uscc-length-wrong"),
    "POST /api/v1/people/matches": Row("roster:post", "provider"),
    "GET /api/v1/people/links": Row("person:link", "official"),
    "POST /api/v1/people/links": Row("person:link", "official"),
    "POST /api/v1/people/links/removal": Row("person:link", "official"),
    "GET /api/v1/entries/<leaf:leaf>/explanation": replace(
        _OF_A_PERSON, none="entry-unknown", region=REGION
    ),
    "POST /api/v1/packs/<public:scheme>/explain": Row(),
    "POST /api/v1/packs": Row("rules:propose", "official"),
    "POST /api/v1/packs/<public:pack_id>/<count:version>/review": _PACK,
    "POST /api/v1/packs/<public:pack_id>/<count:version>/return": _PACK,
    "POST /api/v1/packs/<public:pack_id>/<count:version>/withdrawal": replace(
        _PACK, scope="rules:propose"
    ),
    "POST /api/v1/packs/<public:pack_id>/<count:version>/publication": _PACK,
    "GET /api/v1/packs": Row(),
    "GET /api/v1/packs/proposals": Row("rules:publish", "official"),
    "GET /api/v1/packs/<public:pack_id>/<count:version>": Row(),
    # What waits to become law is no secret among officials.
    "GET /api/v1/packs/<public:pack_id>/<count:version>/proposal": replace(_PACK, region=""),
    "GET /api/v1/packs/<public:pack_id>/<count:version>/changes": _PACK,
    "POST /api/v1/packs/<public:pack_id>/adoptions": replace(
        _PACK, scope="rules:propose", none="pack-unpublished"
    ),
    "POST /api/v1/adoptions/<public:adoption_no>/approval": _ADOPTION,
    "GET /api/v1/packs/<public:pack_id>/adoptions": Row(),
    "GET /api/v1/adoptions/<public:adoption_no>": _ADOPTION,
    "POST /api/v1/packs/<public:pack_id>/<count:version>/impacts": _PACK,
    "GET /api/v1/impacts/<public:run_no>": replace(_PACK, none="impact-unknown"),
    "GET /api/v1/logs": Row(),
    "GET /api/v1/proofs": Row(),
    "GET /api/v1/consistency": Row(),
    "POST /api/v1/verdicts": Row("verdict:ask", "title_system"),
    "GET /api/v1/verdicts/<public:verdict_no>": Row(
        "verdict:ask", "title_system", none="verdict-unknown", organisation="verdict-unknown"
    ),
    "GET /api/v1/verdicts/<public:verdict_no>/sd-jwt": Row(
        "verdict:ask", "title_system", none="verdict-unknown", organisation="verdict-unknown"
    ),
    "POST /api/v1/predicates": Row("verdict:ask", "title_system"),
    "GET /api/v1/predicates/<public:predicate_no>": Row(
        "verdict:ask", "title_system", none="predicate-unknown", organisation="predicate-unknown"
    ),
    "POST /api/v1/verdict-batches": Row("verdict:ask", "title_system"),
    "POST /api/v1/review-exports": Row("verdict:ask", "title_system"),
    "POST /api/v1/organisations/<public:uscc>/review-exports": replace(
        _ORGANISATION, scope="mandate:grant"
    ),
    "GET /api/v1/verdict-batches/<public:batch_no>": _BATCH,
    "GET /api/v1/verdict-batches/<public:batch_no>/items": _BATCH,
    "GET /api/v1/verdict-batches/<public:batch_no>/readiness": _BATCH,
    "GET /api/v1/verdict-batches/<public:batch_no>/answers.jsonl": _BATCH,
    "GET /api/v1/verdict-batches/<public:batch_no>/results.csv": _BATCH,
    "POST /api/v1/certificates": Row("certificate:issue", "official"),
    "GET /api/v1/certificates": Row("certificate:read", "official"),
    "GET /api/v1/certificates/<certificate:number>": _CERTIFICATE,
    "GET /api/v1/certificates/<certificate:number>.pdf": _CERTIFICATE,
    "POST /api/v1/certificates/<certificate:number>/revocation": replace(
        _CERTIFICATE, scope="certificate:revoke"
    ),
    "POST /api/v1/seals": Row("ledger:seal", "official administrator"),
    "GET /.well-known/oauth-authorization-server": Row(),
    # A statement's own id tells a retry; one client's id opens nothing to another.
    "POST /xapi/statements": Row("roster:post", "provider"),
    "PUT /xapi/statements": Row("roster:post", "provider"),
    "GET /xapi/statements": Row("roster:post", "provider"),
    "GET /xapi/about": Row(),
    "GET /api/v1/xapi-statements": Row("roster:post", "provider"),
    "POST /api/v1/filings/<public:filing_no>/xapi-activities": replace(
        _READING, scope="roster:post", roles="provider"
    ),
    "GET /api/v1/filings/<public:filing_no>/xapi-activities": replace(
        _READING, scope="roster:post", roles="provider"
    ),
    "GET /health": Row(),
    "GET /ledger/<public:jurisdiction>/<count:year>/checkpoint": Row(),
    "GET /ledger/<public:jurisdiction>/<count:year>/tile/<path:rest>": Row(),
    "GET /.well-known/jwks.json": Row(),
}
#: Nothing of the kind stands in the bank of these tests; tests/api/test_lawbook.py has some.
WITHOUT_OWN = frozenset({_ADOPTION})

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def routes(desk: Desk) -> dict[str, Declared | None]:
    """Return every route of the API with its declaration."""
    app = desk.bank.app
    return {
        f"{method} {rule.rule}": getattr(app.view_functions[rule.endpoint], "declared", None)
        for rule in app.url_map.iter_rules()
        if not rule.endpoint.startswith("web.")
        for method in (rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}
    }


def asked(caller: Caller, row: str, known: Mapping[str, str], body: Any = None) -> TestResponse:
    """Call a route with these numbers, and with such as nobody has for all others."""
    method, rule = row.split(" ")
    nobodys = {
        "version": "999", "year": "1999", "leaf": "0" * 64, "client_id": "official-00000000",
        "number": "371000202600000000007", "session_no": "99", "pad_no": "1",
    }  # fmt: skip
    numbers = nobodys | known
    path = re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", lambda name: numbers.get(name[1], "X000000000"), rule)
    if method == "GET":
        return caller.get(path)
    if method == "PUT":
        return caller.put(path, body)
    # A call without a key or content is let in, or is not, and changes nothing.
    return caller.post(path, body, retry=None if body is not None else "")


def comes_in(caller: Caller, row: str) -> bool:
    answer = asked(caller, row, {})
    refused = answer.status_code == 401 or code_of(answer) == "scope-missing"
    return not refused or row == "POST /api/v1/oauth/token"


def code_of(answer: TestResponse) -> str:
    told = answer.get_json(silent=True)
    return str(told.get("code", "")) if isinstance(told, dict) else ""


def with_scopes(desk: Desk, caller: Caller, scopes: frozenset[str]) -> Caller:
    """Give a client a token that is good for these scopes alone."""
    with desk.bank.unit() as session:
        [credential] = credentials_of(session, caller.client_id)
        token = issue_token(session, credential, scopes, lifetime_seconds=600, now=utc_now())
    return Caller(desk.http, token.token, caller.client_id)


def standing(desk: Desk) -> dict[str, Caller]:
    """Return a client of each role; the official is of the province, so that all lies within."""
    mine = desk.bank.enterprise().organisation_id
    return {
        "provider": desk.provider, "employer": desk.caller(Role.EMPLOYER, organisation_id=mine),
        "official": desk.caller(Role.OFFICIAL, "cn-37"), "auditor": desk.caller(Role.AUDITOR),
        "title_system": desk.title_system, "administrator": desk.administrator,
    }  # fmt: skip


def strangers(desk: Desk) -> dict[str, Caller]:
    """Return a client of each role that belongs elsewhere."""
    other = desk.organisation("91371000MA3DEM0K07", OrganisationKind.ENTERPRISE)
    return {
        str(role): desk.caller(role, "cn-33", other if role in OF_AN_ORGANISATION else None)
        for role in MACHINES
    }


def rosters_under(desk: Desk, filing: str) -> tuple[TestResponse, TestResponse]:
    """Post one roster, and leave another to the clock's process."""
    later = {"Prefer": "respond-async"}
    first, second = (roster_rows([PERSON], [day]) for day in DAYS[:2])
    return (
        desk.provider.post(f"{filing}/rosters", first),
        desk.provider.post(f"{filing}/rosters", second, headers=later),
    )


def exempted(desk: Desk) -> dict[str, str]:
    """File an exemption on behalf of the enterprise, and find fraud of it; return both numbers."""
    register = Register(desk)
    copied = {"finding": "fraud", "copied_to": "工信局", "copied_on": "2026-01-09", **DOCUMENT}
    register.may_ask()
    exemption_no = desk.title_system.post(
        "/api/v1/exemptions", application(enterprise=ENTERPRISE_USCC)
    ).get_json()["exemption_no"]
    found = desk.official.post(
        f"/api/v1/organisations/{ENTERPRISE_USCC}/recommendation-findings", copied
    )
    return {"exemption_no": exemption_no, "finding_no": found.get_json()["finding_no"]}


_REASSESSED = {"scheme": "cn-3710", "case_no": "查2026-2"}
_ROUTE = {
    "district": "cn-3710", "office": "cn-3710", "valid_from": "2099-01-01", **DOCUMENT,
}  # fmt: skip


def numbers_of_all(desk: Desk) -> dict[str, str]:
    """Do one of each; return the numbers by the names that addresses have for them."""
    publish_works(desk.bank)
    filing_no = desk.approved_filing()
    roster, left = rosters_under(desk, f"/api/v1/filings/{filing_no}")
    holder = {**stated(PERSON), "scheme": "cn-3710"}
    [entry] = desk.official.post("/api/v1/entries", holder).get_json()["entries"]
    item = {
        "scheme": WORKS, "activity": "paper", "subject": "professional", "title": "界面改性研究",
        "day": DAYS[0].isoformat(), "work": "10.1000/example.9", "rank": 1,
        "evidence": [{"description": "期刊封面与目录"}],
    }  # fmt: skip
    record = {**stated(PERSON), "year": YEAR - 1, "subject": "professional", "hours": "10.00"}
    records = {"jurisdiction": "cn-3710", "origin": "旧系统", "rows": [record]}
    call_no, [bid_no] = closed(desk, (OTHER_ENTERPRISE_USCC, Lane.GENERAL))
    term = {"valid_from": "2026-04-01", "document_no": "示例1号", "document_day": "2024-01-01"}
    desk.official.post(f"/api/v1/calls/{call_no}/decision", {"awarded": [bid_no], **term})
    delegated = {"delegate": OTHER_ENTERPRISE_USCC, "valid_through": "2099-12-31"}
    mandate = {
        "organisation": TITLE_SYSTEM_USCC, "jurisdiction": "cn-3710", "series": ["engineering"],
        "levels": ["*"], "valid_from": f"{YEAR}-01-01", "valid_through": f"{YEAR + 2}-12-31",
    }  # fmt: skip
    question, listed = asked_of(holder)
    taken = {**stated(PERSON), "leaf": entry["leaf"], "scheme": ELSEWHERE}
    province = desk.caller(Role.OFFICIAL, "cn-37")
    base = province.post(
        f"/api/v1/organisations/{ENTERPRISE_USCC}/facts",
        {"attribute": "base", "level": "municipal", "valid_from": "2024-01-01",
         "document_no": "示例1号", "document_day": "2024-01-01"},
    )  # fmt: skip
    acts = {
        "draft_no": desk.provider.post("/api/v1/filing-drafts", {"title": "未定"}),
        "item_no": desk.provider.post("/api/v1/items", {"person": stated(PERSON), "item": item}),
        "import_no": desk.official.post("/api/v1/imports", records),
        "delegation_no": desk.provider.post("/api/v1/delegations", delegated),
        "mandate_no": desk.official.post("/api/v1/mandates", mandate),
        "reconciliation_no": desk.provider.post("/api/v1/reconciliations", EMPTY_DAY),
        "verdict_no": desk.title_system.post("/api/v1/verdicts", question),
        "batch_no": desk.title_system.post("/api/v1/verdict-batches", listed),
        "route_no": desk.official.post("/api/v1/filing-routes", _ROUTE),
        "record_no": desk.provider.post("/api/v1/status-records", examined()),
        "number": desk.official.post("/api/v1/certificates", {**holder, "years": [YEAR]}),
        "run_no": desk.official.post("/api/v1/packs/cn-3710/1/impacts"),
        "transfer_no": province.post("/api/v1/transfers", taken),
        "investigation_no": desk.official.post(
            "/api/v1/investigations",
            {"about": f"{filing_no}/1", "case_no": "查2026-1", "reason": "sampling"},
        ),
        "reassessment_no": desk.official.post("/api/v1/reassessments", _REASSESSED),
    }
    numbers = {name: str(act.get_json()[name]) for name, act in acts.items()}
    return numbers | of_a_verdict(desk, numbers["verdict_no"]) | {
        **exempted(desk),
        "call_no": call_no, "bid_no": bid_no, "dispute_no": disputed(desk.bank, PERSON, filing_no),
        "filing_no": filing_no, "roster_no": roster.get_json()["roster_no"], "leaf": entry["leaf"],
        "check_in_no": checked_in(desk.bank, PERSON, now=utc_now())[1], "pack_id": "cn-3710",
        "work_no": left.get_json()["work_no"], "fact_no": base.get_json()["fact_no"],
        "check_no": held_row(desk, f"/api/v1/filings/{filing_no}"),
        "client_id": desk.caller(Role.AUDITOR).client_id, "uscc": ENTERPRISE_USCC, "version": "1",
    }  # fmt: skip


def of_a_verdict(desk: Desk, verdict_no: str) -> dict[str, str]:
    """Have somebody object to a verdict, something happen to it, and a bare yes or no asked."""
    said = desk.title_system.post("/api/v1/predicates", claim()).get_json()
    told = {"objection_no": objected(desk, verdict_no), "event_no": told_of(desk, verdict_no)}
    return told | {"predicate_no": str(said["predicate_no"])}


def objected(desk: Desk, verdict_no: str) -> str:
    """Have the person object to a query; return the objection's number."""
    vault = desk.bank.house.vault
    with desk.bank.unit() as session:
        people = [find_person(session, vault, PERSON)]
        return object_to(session, vault, people, verdict_no, "未申报", now=utc_now()).objection_no


def told_of(desk: Desk, verdict_no: str) -> str:
    """Let something have happened to a verdict; return the event's number."""
    event = {
        "event_no": "N00000000000007", "position": 1, "client_id": desk.title_system.client_id,
        "kind": KINDS[0], "watched_no": verdict_no, "verdict_no": verdict_no, "changed": "outcome",
        "recorded_at": utc_now(),
    }  # fmt: skip
    with desk.bank.unit() as session:
        session.execute(insert(ClientEvent), [event])
    return event["event_no"]


def asked_of(holder: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a question of one person, and the same of a list."""
    question = {
        **holder, "series": "engineering", "level": "associate_senior", "purpose": "职称评审",
        "legal_basis": "第25号令", "application_day": f"{YEAR + 1}-03-15",
        "stated": {"current_title_on": f"{YEAR - 8}-06-30"},
    }  # fmt: skip
    listed = {key: question[key] for key in question.keys() - {*stated(PERSON), "stated"}}
    listed["people"] = [{**stated(PERSON), "stated": question["stated"]}]
    return question, listed


def held_row(desk: Desk, filing: str) -> str:
    """Post somebody on record under another name; return the number of the row that waits."""
    misnamed = Identity(PERSON.document, "不同名")
    desk.provider.post(f"{filing}/rosters", roster_rows([misnamed], DAYS[2:]))
    [check] = desk.provider.get("/api/v1/name-checks").get_json()["name_checks"]
    return str(check["check_no"])


def example_of(declared: Declared) -> Any:
    """Return a content that the route takes."""
    documented = declared.body.documented() if declared.body else {}
    return documented.get("application/json", {}).get("example", {})


def test_every_route_has_its_row(desk: Desk) -> None:
    assert set(routes(desk)) == set(MATRIX), "write a row for each new route into MATRIX"


def test_a_route_opens_to_its_roles_with_its_scope_and_to_nobody_else(desk: Desk) -> None:
    callers = standing(desk)
    scopes = {role: frozenset(map(str, SCOPES_OF[Role(role)])) for role in callers}
    wrong = []
    for row, wanted in MATRIX.items():
        opens = {role: comes_in(caller, row) for role, caller in callers.items()}
        expected = set(wanted.roles.split()) if wanted.scope else set(callers)
        if {role for role, inside in opens.items() if inside} != expected:
            wrong.append((row, opens))
        if comes_in(desk.nobody, row) != (not wanted.scope):
            wrong.append((row, "nobody"))
        for role in wanted.roles.split()[:1]:
            alone = with_scopes(desk, callers[role], frozenset({wanted.scope}))
            others = scopes[role] - {wanted.scope}
            without = with_scopes(desk, callers[role], others) if others else desk.nobody
            if (comes_in(alone, row), comes_in(without, row)) != (True, False):
                wrong.append((row, wanted.scope))

    assert wrong == []


def test_own_numbers_open_and_anothers_and_nobodys_do_not(desk: Desk) -> None:
    mine, elsewhere, known = standing(desk), strangers(desk), numbers_of_all(desk)
    # A record is its source's: the title system's own is another than the provider's.
    record = desk.title_system.post("/api/v1/status-records", examined()).get_json()
    _, [bid_no] = closed(desk, (ENTERPRISE_USCC, Lane.GENERAL))
    own_records = {
        "title_system": {"record_no": record["record_no"]}, "provider": {"bid_no": bid_no},
    }  # fmt: skip
    declared = routes(desk)
    wrong = []
    for row, wanted in MATRIX.items():
        body = example_of(each) if wanted.none and (each := declared[row]) else None
        for role in wanted.roles.split() if wanted.none else ():
            of_one = role in OF_AN_ORGANISATION
            foreign = wanted.organisation if of_one else wanted.region
            nobodys = code_of(asked(mine[role], row, {}, body))
            anothers = code_of(asked(elsewhere[role], row, known, body))
            own = code_of(asked(mine[role], row, known | own_records.get(role, {}), body))
            if wanted in WITHOUT_OWN:
                anothers, own = foreign, ""
            shut = {"scope-missing", "token-refused", wanted.none, foreign} - {""}
            if (nobodys, anothers) != (wanted.none, foreign) or own in shut:
                wrong.append((row, role, nobodys, anothers, own))

    assert wrong == []


def test_a_check_that_is_left_out_would_be_seen(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    filing = {"filing_no": desk.approved_filing()}
    row, approval = (
        "GET /api/v1/filings/<public:filing_no>",
        "POST /api/v1/filings/<public:filing_no>/approval",
    )
    before = code_of(asked(desk.other_provider, row, filing)), comes_in(desk.provider, approval)

    monkeypatch.setattr(access, "require_scope", lambda *_: None)
    monkeypatch.setattr(sys.modules[filing_seen.__module__], "organisation_seen", lambda *_: None)

    after = code_of(asked(desk.other_provider, row, filing)), comes_in(desk.provider, approval)
    assert (before, after) == (("filing-unknown", False), ("", True))
