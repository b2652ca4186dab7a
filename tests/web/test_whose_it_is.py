"""Routes that name something, sent by whom it concerns, by a like seat that it does not, and for
nothing at all: whoever is let through the door still has to have it in hand."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from io import BytesIO
from unittest.mock import patch

from sqlalchemy import func, insert, select

from creditbank.accounts.models import AccountEvent, Claim
from creditbank.accounts.seats import SeatDraft
from creditbank.attendance.workbook import Limits
from creditbank.canonical import canonical_text
from creditbank.clock import civil_day, utc_now
from creditbank.crediting.amendments import AmendmentDraft, ask_amendment, plan_of
from creditbank.crediting.engineer_certificates import (
    CertificateDraft,
    Grade,
    Paper,
    record_certificate,
)
from creditbank.crediting.erasing import Erasure, propose_erasure
from creditbank.crediting.filing_steps import StepDraft, take_step
from creditbank.crediting.holding import Upload, hold_roster
from creditbank.crediting.imports import ImportDraft, RecordRow, propose_import
from creditbank.crediting.kept_files import ImportFiles
from creditbank.crediting.models import NameCheck
from creditbank.crediting.reassessments import (
    ReassessmentDraft,
    propose_reassessment,
    request_reassessment,
)
from creditbank.crediting.roster_works import request_preview
from creditbank.ledger.models import Act, Entry
from creditbank.people.register import Identity, find_person
from creditbank.registry.calls import (
    Award,
    BidDraft,
    CallDraft,
    CallKind,
    Lane,
    bid_on,
    decide_call,
    open_call,
)
from creditbank.registry.clients import SCOPES_OF, Client, Role, Scope
from creditbank.registry.credentials import credentials_of
from creditbank.registry.delegations import DelegationDraft, give_delegation
from creditbank.registry.facts import Attribute, Ground, Level
from creditbank.registry.filing.filings import filing_numbered, submit_filing
from creditbank.registry.filing.routes import RouteDraft, record_route
from creditbank.registry.filing.states import FilingStep
from creditbank.registry.filing.unfinished import UnfinishedFiling, save_new_draft
from creditbank.registry.lawbook import law_of
from creditbank.registry.organisations import organisation_by_uscc
from creditbank.registry.own_clients import OwnClientDraft, make_own_client
from creditbank.registry.stating import FactDraft, state_fact
from creditbank.registry.succeeding import SuccessionDraft, succeed
from creditbank.registry.successions import How
from creditbank.verification.codes import CodeDraft, make_code
from creditbank.verification.events import set_webhook
from creditbank.verification.exemption_rights import Finding, FindingDraft, record_finding
from creditbank.verification.exemption_steps import Decided, Decision, decide_exemption
from creditbank.verification.models import Verdict
from creditbank.verification.objections import object_to
from creditbank.verification.questions import CodeLevel
from creditbank.verification.status_kinds import StatusKind
from creditbank.verification.status_records import StatusDraft, record_status
from creditbank.verification.watch_models import ClientEvent
from creditbank.verification.watching import KINDS
from tests.achievements import (
    NEIGHBOUR,
    PATENT,
    declare,
    publish_neighbour,
    publish_works,
    transferred,
)
from tests.acts import (
    approve_programme,
    approve_training,
    checked_in,
    investigate,
    publish_post_by,
    register_enterprise,
    seal_all,
)
from tests.attendance.rosters import HEADER, csv_bytes
from tests.bank import (
    ENTERPRISE_USCC,
    NOW,
    SEMINAR_DAYS,
    TestBank,
    attendance,
    invented_person,
)
from tests.certificates.counter import issue, press_at_hand
from tests.crediting.test_returned_filings import DRAFT
from tests.integrity.disputing import disputed
from tests.verification.exempted import filed as filed_exemption
from tests.verification.exempted import list_enterprise
from tests.web.browser import Browser
from tests.web.test_matrix import MATRIX
from tests.web.test_predicate_pages import NUMBER as PREDICATE_NUMBER
from tests.web.test_predicate_pages import asked as asked_predicate
from tests.web.test_verdict_lists import send_list
from tests.web.test_verdict_pages import NUMBER, Seat
from tests.web.visitors import Visitors, sign_in


@dataclass(frozen=True, slots=True)
class Held:
    """What a route names, who has it in hand, who of the same kind has not, and what is sent."""

    thing: str
    own: str
    foreign: str
    form: Mapping[str, str | bytes] = field(default_factory=dict)


#: A patent as it is sent again.
CORRECTED = {
    "day": PATENT.day.isoformat(), "title": PATENT.title, "subject": PATENT.subject,
    "evidence_1": "专利证书",
}  # fmt: skip
ROSTER = csv_bytes(
    [HEADER, ["王五", "居民身份证", invented_person(90).document.number, "2026-11-10", 360]]
)

#: Whose record is to be erased, as the second official states them.
TO_ERASE = invented_person(77)
ERASED = {
    "document_kind": "resident_id", "document_number": TO_ERASE.document.number,
    "person_name": TO_ERASE.name, "compared": "yes",
}  # fmt: skip

#: The generator of P-256 stands for the key of a page.
OPENING = json.dumps(
    {
        "public_key": "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKW"
        "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
        "mark": {"device_at": "2026-11-20T02:00:00.000000Z", "run": "0" * 16, "ticks": 0},
    }
)
DOCUMENT = {"document_no": "示例1号", "document_day": "2025-01-01", "reason": ""}
#: The roster by which a dispute is settled, without its first letter.
SETTLED_BY = "SETT1ED00"

#: A returned recommendation as it is sent again.
EXEMPTION = {
    "series": "engineering", "level": "associate_senior", "application_day": "2026-11-20",
    "fact-recommendation_signed_by": "chairman", "fact-achievements_stated": "yes",
    "valid_from": "2026-01-01", "employed_from": "2019-07-01",
    "paper-signed_recommendation": "举荐书", "paper-statement_of_achievements": "业绩说明",
}  # fmt: skip

#: In the order in which the owners do it. Other people's pages add their rows and things here.
OBJECTS: Mapping[str, Held] = {
    "POST /desk/claims/<public:claim_no>/opinion": Held(
        "claim", "manager", "far-manager", {"opinion": "objects"}
    ),
    "POST /desk/claims/<public:claim_no>/decision": Held(
        "claim", "official", "far-official", {"decision": "refuse", "reason": "不符"}
    ),
    "POST /desk/accounts/<public:account_no>/state": Held(
        "account", "manager", "far-manager", {"state": "blocked", "reason": "left"}
    ),
    "POST /desk/seats/<public:seat_no>/closing": Held(
        "seat", "official", "far-official", {"reason": "left"}
    ),
    "GET /hours/entries/<leaf:leaf>": Held("hour", "professional", "other-professional"),
    "GET /hours/entries/<leaf:leaf>/proof": Held("hour", "professional", "other-professional"),
    "GET /verdicts/<public:verdict_no>": Held("verdict", "asker", "colleague"),
    "GET /verdicts/<public:verdict_no>/answer.jws": Held("verdict", "asker", "colleague"),
    "GET /verdicts/<public:verdict_no>/answer.sd-jwt": Held("verdict", "asker", "colleague"),
    "GET /predicates/<public:predicate_no>": Held("predicate", "asker", "colleague"),
    "GET /predicates/<public:predicate_no>/answer.jws": Held("predicate", "asker", "colleague"),
    "GET /verdict-batches/<public:batch_no>": Held("list", "asker", "colleague"),
    "GET /verdict-batches/<public:batch_no>/print": Held("list", "asker", "colleague"),
    "GET /verdict-batches/<public:batch_no>/results.xlsx": Held("list", "asker", "colleague"),
    "GET /verdict-batches/<public:batch_no>/results.pdf": Held("list", "asker", "colleague"),
    "GET /verdict-batches/<public:batch_no>/answers.jsonl": Held("list", "asker", "colleague"),
    "GET /verdict-batches/<public:batch_no>/readiness": Held("list", "asker", "colleague"),
    "POST /verdict-batches/<public:batch_no>/readiness/read": Held("list", "asker", "colleague"),
    "GET /verdict-batches/<public:batch_no>/readiness.xlsx": Held("list", "asker", "colleague"),
    "GET /verdict-batches/<public:batch_no>/readiness.csv": Held("list", "asker", "colleague"),
    "POST /hours/queries/<public:verdict_no>/objection": Held(
        "query", "professional", "other-professional", {"words": "未向该单位申报"}
    ),
    "POST /verdicts/<public:verdict_no>/results": Held(
        "watchable", "asker", "colleague", {"result": "submitted", "day": "2026-01-05"}
    ),
    "POST /verdicts/<public:verdict_no>/watch": Held("watchable", "asker", "colleague"),
    "POST /verdicts/<public:verdict_no>/watch-ending": Held("watchable", "asker", "colleague"),
    "POST /verdicts/watched/<public:event_no>/redelivery": Held("event", "asker", "colleague"),
    "POST /hours/codes/<public:code_no>/extension": Held(
        "code", "professional", "other-professional",
        {"valid_through": (civil_day(utc_now()) + timedelta(days=9)).isoformat(), "uses_max": "2"},
    ),
    "POST /hours/codes/<public:code_no>/revocation": Held(
        "code", "professional", "other-professional"
    ),
    "GET /desk/objections/<public:objection_no>": Held("objection", "official", "far-official"),
    "POST /desk/objections/<public:objection_no>/answer": Held(
        "objection", "official", "far-official", {"finding": "rejected", "reason": "依授权核验"}
    ),
    "GET /hours/certificates/<certificate:number>.pdf": Held(
        "certificate", "professional", "other-professional"
    ),
    "GET /hours/items/<public:item_no>": Held("item", "professional", "other-professional"),
    "GET /hours/items/<public:item_no>/correction": Held(
        "item", "professional", "other-professional"
    ),
    "GET /desk/items/<public:item_no>": Held("item", "official", "far-official"),
    "POST /desk/items/<public:item_no>/decision": Held(
        "item", "official", "far-official", {"decision": "return", "reason": "请补充证明"}
    ),
    "POST /hours/items/<public:item_no>/correction": Held(
        "item", "professional", "other-professional", dict(CORRECTED)
    ),
    "POST /desk/items/<public:item_no>/recognition": Held("item", "official", "far-official"),
    "POST /desk/items/<public:item_no>/withdrawal": Held(
        "item", "official", "far-official", {"withdrawal_reason": "not-genuine"}
    ),
    "GET /desk/transfers/<public:transfer_no>": Held("transfer", "official", "far-official"),
    "POST /desk/transfers/<public:transfer_no>/withdrawal": Held(
        "transfer", "official", "far-official", {"withdrawal_reason": "wrong-facts"}
    ),
    "GET /desk/imports/<public:import_no>": Held("import", "official", "far-official"),
    "POST /desk/imports/<public:import_no>/file": Held(
        "import", "official", "far-official", {"part": "rows", "reason": "inspection"}
    ),
    "POST /desk/imports/<public:import_no>/approval": Held(
        "import", "official", "far-official", {"compared": "yes"}
    ),
    "POST /desk/imports/<public:import_no>/withdrawal": Held(
        "other import", "official", "far-official", {"reason": "wrong file"}
    ),
    "GET /desk/investigations/<public:investigation_no>": Held(
        "investigation", "official", "far-official"
    ),
    "POST /desk/investigations/<public:investigation_no>/closing": Held(
        "investigation", "official", "far-official", {"outcome": "cleared"}
    ),
    "POST /name-checks/<public:check_no>/request": Held(
        "held row", "provider", "far-provider", {"note": "已更名"}
    ),
    "GET /disputes/<public:dispute_no>": Held("dispute", "provider", "far-provider"),
    "POST /disputes/<public:dispute_no>/declining": Held(
        "dispute", "provider", "far-provider", {"words": "不在名单"}
    ),
    "GET /hours/disputes/<public:dispute_no>": Held(
        "dispute", "professional", "other-professional"
    ),
    "POST /hours/disputes/<public:dispute_no>/appeal": Held(
        "dispute", "professional", "other-professional", {"words": "签到表上有我"}
    ),
    "POST /disputes/<public:dispute_no>/decision": Held(
        "dispute", "official", "far-official",
        {"outcome": "upheld", "words": "属实", "case_no": "异2026-1"},
    ),
    "POST /disputes/<public:dispute_no>/correction": Held(
        "settled dispute", "provider", "far-provider",
        {"words": "已补登", "remedy": f"R{SETTLED_BY}"},
    ),
    "POST /hours/disputes/<public:dispute_no>/withdrawal": Held(
        "other dispute", "professional", "other-professional"
    ),
    "GET /desk/name-checks/<public:check_no>": Held("held row", "official", "far-official"),
    "POST /desk/name-checks/<public:check_no>/decision": Held(
        "other held row", "official", "far-official", {"finding": "renamed", "case_no": "8"}
    ),
    "GET /desk/erasures/<public:erasure_no>": Held("erasure", "official", "far-official"),
    "POST /desk/erasures/<public:erasure_no>/withdrawal": Held(
        "erasure", "official", "far-official", {"reason": "本人撤回申请"}
    ),
    "POST /desk/erasures/<public:erasure_no>/approval": Held(
        "other erasure", "official", "far-official", ERASED
    ),
    "GET /desk/status-records/<public:record_no>": Held("status", "official", "far-official"),
    "POST /desk/status-records/<public:record_no>/removal": Held(
        "status", "official", "far-official", {"reason": "误登"}
    ),
    "GET /desk/reassessments/<public:reassessment_no>": Held(
        "reassessment", "official", "far-official"
    ),
    "POST /desk/reassessments/<public:reassessment_no>/withdrawal": Held(
        "reassessment", "official", "far-official"
    ),
    "POST /desk/reassessments/<public:reassessment_no>/proposal": Held(
        "report", "official", "far-official", {"digest": "4f" * 32}
    ),
    "POST /desk/reassessments/<public:reassessment_no>/approval": Held(
        "proposal", "official", "far-official", {"digest": "4f" * 32}
    ),
    "GET /desk/organisations/<public:uscc>": Held("organisation", "official", "far-official"),
    "POST /desk/organisations/<public:uscc>/facts": Held(
        "organisation", "official", "far-official",
        {"attribute": "class", "value": "sme:", "valid_from": "2025-01-01", **DOCUMENT},
    ),
    "POST /desk/organisations/<public:uscc>/facts/<public:fact_no>/ending": Held(
        "fact", "official", "far-official", {"valid_through": "2025-01-01", **DOCUMENT}
    ),
    "POST /desk/organisations/<public:uscc>/facts/<public:fact_no>/taking-back": Held(
        "fact", "official", "far-official", {"reason": "录错"}
    ),
    "POST /desk/organisations/<public:uscc>/successions": Held(
        "third organisation", "official", "far-official",
        {"how": "closed", "day": "2025-01-02", **DOCUMENT},
    ),
    "POST /desk/organisations/<public:uscc>/successions/<public:fact_no>/taking-back": Held(
        "succession", "official", "far-official", {"reason": "录错"}
    ),
    "GET /calls/<public:call_no>": Held("call", "provider", "far-official"),
    "POST /calls/<public:call_no>/bids": Held(
        "call", "provider", "far-district",
        {"lane": "general", "title": "研修", "plan": "40人"},
    ),
    "POST /calls/<public:call_no>/decision": Held(
        "closed call", "official", "far-official", {"valid_from": "2026-01-01", **DOCUMENT}
    ),
    "POST /bids/<public:bid_no>/withdrawal": Held("waiting bid", "provider", "far-provider"),
    "POST /bids/<public:bid_no>/recommendation": Held(
        "bid", "official", "far-official", {"level": "provincial", **DOCUMENT}
    ),
    "POST /desk/filing-routes/<public:route_no>/ending": Held(
        "route", "official", "far-official", {"valid_through": "2099-06-30", "reason": "划转"}
    ),
    "GET /exemptions/<public:exemption_no>": Held("exemption", "employer", "far-employer"),
    "GET /exemptions/<public:exemption_no>/resubmission": Held(
        "returned exemption", "employer", "far-employer"
    ),
    "POST /exemptions/<public:exemption_no>/resubmission": Held(
        "returned exemption", "employer", "far-employer", EXEMPTION
    ),
    "POST /exemptions/<public:exemption_no>/decision": Held(
        "exemption", "official", "far-official", {"decision": "approve"}
    ),
    "POST /exemptions/<public:exemption_no>/revocation": Held(
        "exemption", "official", "far-official", {**DOCUMENT, "reason": "核查"}
    ),
    "POST /exemptions/<public:exemption_no>/withdrawal": Held(
        "returned exemption", "employer", "far-employer", {"reason": "放弃"}
    ),
    "POST /desk/recommendation-findings/<public:finding_no>/lifting": Held(
        "finding", "official", "far-official", DOCUMENT
    ),
    "POST /delegations/<public:delegation_no>/measure": Held(
        "delegation", "official", "far-official", {"step": "suspend", "reason": "抽查"}
    ),
    "POST /delegations/<public:delegation_no>/ending": Held(
        "delegation", "manager", "far-teacher", {"reason": ""}
    ),
    "POST /organisation/clients/<public:client_id>/keys": Held(
        "client", "manager", "far-teacher", {"old_ends": "day"}
    ),
    "POST /organisation/clients/<public:client_id>/keys/<public:credential_no>/ending": Held(
        "key", "manager", "far-teacher"
    ),
    "POST /organisation/clients/<public:client_id>/ending": Held(
        "client", "manager", "far-teacher"
    ),
    "POST /filings/<public:filing_no>/approval": Held(
        "first", "official", "far-official", {"version": "1", "reason": "补办"}
    ),
    "POST /filings/<public:filing_no>/return": Held(
        "second", "official", "far-official", {"version": "1", "reason": "请补充"}
    ),
    "POST /filings/<public:filing_no>/refusal": Held(
        "third", "official", "far-official", {"version": "1", "reason": "不符"}
    ),
    "GET /filings/<public:filing_no>": Held("first", "provider", "far-provider"),
    "GET /filings/<public:filing_no>/resubmission": Held("second", "provider", "far-provider"),
    "POST /filings/<public:filing_no>/resubmission": Held(
        "second", "provider", "far-provider", {"step": "more"}
    ),
    "GET /filings/<public:filing_no>/amendment": Held("hold filing", "provider", "far-provider"),
    "POST /filings/<public:filing_no>/amendment": Held(
        "hold filing", "provider", "far-provider",
        {"seats": "7", "reason": "扩招", "day_0": "2099-05-05", "minutes_0": "60"},
    ),
    "POST /filings/<public:filing_no>/amendment/withdrawal": Held(
        "amended first", "provider", "far-provider", {"version": "2"}
    ),
    "POST /filings/<public:filing_no>/amendment/approval": Held(
        "amended second", "official", "far-official", {"version": "2", "reason": "属实"}
    ),
    "POST /filings/<public:filing_no>/amendment/refusal": Held(
        "amended third", "official", "far-official", {"version": "2", "reason": "不符"}
    ),
    "POST /filings/<public:filing_no>/copy": Held("first", "provider", "far-provider"),
    "GET /filing-drafts/<public:draft_no>": Held("draft", "provider", "far-provider"),
    "POST /filing-drafts/<public:draft_no>": Held(
        "draft", "provider", "far-provider", {"step": "save", "version": "1"}
    ),
    "POST /filings/<public:filing_no>/ending": Held(
        "attended", "provider", "far-provider", {"step": "close"}
    ),
    "POST /filings/<public:filing_no>/measure": Held(
        "attended", "official", "far-official", {"step": "reopen", "reason": "补登"}
    ),
    "GET /filings/<public:filing_no>/engineer-certificates": Held(
        "programme", "provider", "far-provider"
    ),
    "POST /filings/<public:filing_no>/engineer-certificates": Held(
        "programme", "provider", "far-provider",
        {"paper": "level", "number": "DJ-1", "issuer": "示例评价机构", "grade": "junior",
         "issued_on": SEMINAR_DAYS[0].isoformat(), "document_kind": "resident_id",
         "document_number": invented_person(91).document.number,
         "person_name": invented_person(91).name},
    ),
    "POST /filings/<public:filing_no>/engineer-certificates/<public:record_no>/removal": Held(
        "papered", "provider", "far-provider", {"reason": "误登"}
    ),
    "GET /filings/<public:filing_no>/posting-terms": Held("trained", "provider", "far-provider"),
    "POST /filings/<public:filing_no>/late-posting": Held(
        "trained", "official", "far-official",
        {"day": SEMINAR_DAYS[0].isoformat(), "through": "2099-01-01", "reason": "补报"},
    ),
    "GET /filings/<public:filing_no>/days": Held("trained", "provider", "far-provider"),
    "POST /filings/<public:filing_no>/days": Held(
        "trained", "provider", "far-provider",
        {"day": SEMINAR_DAYS[0].isoformat(), "use": "training", "told_by": "host", "done": "跟班"},
    ),
    "GET /filings/<public:filing_no>/review": Held("revoked", "official", "far-official"),
    "POST /filings/<public:filing_no>/review": Held(
        "revoked", "official", "far-official",
        {"decision": "keep", "reason": "核实", "all": "yes"},
    ),
    "GET /filings/<public:filing_no>/roster-template": Held("first", "provider", "far-provider"),
    "POST /filings/<public:filing_no>/rosters": Held(
        "first", "provider", "far-provider", {"file": ROSTER}
    ),
    "GET /held-rosters/<public:hold_no>": Held("hold", "provider", "far-provider"),
    "POST /held-rosters/<public:hold_no>/posting": Held("hold", "provider", "far-provider"),
    "POST /held-rosters/<public:hold_no>/discarding": Held("hold", "provider", "far-provider"),
    "GET /roster-works/<public:work_no>": Held("work", "provider", "far-provider"),
    "POST /roster-works/<public:work_no>/cancellation": Held("work", "provider", "far-provider"),
    "GET /filings/<public:filing_no>/check-ins": Held("today", "provider", "far-provider"),
    "POST /filings/<public:filing_no>/check-ins": Held(
        "today", "provider", "far-provider", {"session_no": "1"}
    ),
    "GET /filings/<public:filing_no>/sign-in-sheets/<public:session_no>": Held(
        "sheet", "provider", "far-provider"
    ),
    "GET /check-ins/<public:check_in_no>": Held("check-in", "provider", "far-provider"),
    "GET /pads/<public:check_in_no>": Held("check-in", "provider", "far-provider"),
    "POST /pads/<public:check_in_no>/opening": Held(
        "check-in", "provider", "far-provider", {"body": OPENING}
    ),
    "POST /check-ins/<public:check_in_no>/closing": Held("check-in", "provider", "far-provider"),
    "POST /check-ins/<public:check_in_no>/review": Held(
        "check-in", "provider", "far-provider", {"minutes-1": "300"}
    ),
    "POST /check-ins/<public:check_in_no>/posting": Held("check-in", "provider", "far-provider"),
    "GET /rosters/<public:roster_no>": Held("roster", "official", "far-official"),
    "GET /rosters/<public:roster_no>/refused.xlsx": Held("roster", "provider", "far-provider"),
    "GET /rosters/<public:roster_no>/refused.csv": Held("roster", "provider", "far-provider"),
    "POST /rosters/<public:roster_no>/refused-rows": Held("roster", "provider", "far-provider"),
    "POST /rosters/<public:roster_no>/mending": Held("roster", "provider", "far-provider"),
    "POST /rosters/<public:roster_no>/mended": Held("roster", "provider", "far-provider"),
    "POST /rosters/<public:roster_no>/file": Held(
        "roster", "official", "far-official", {"reason": "inspection"}
    ),
    "GET /filings/<public:filing_no>/attendance": Held("attended", "official", "far-official"),
    "POST /filings/<public:filing_no>/attendance": Held(
        "attended", "provider", "far-provider", {"who": "0000"}
    ),
    "GET /attendances/<public:place>": Held("attendance", "provider", "far-provider"),
    "POST /attendances/<public:place>/correction": Held(
        "attendance", "provider", "far-provider",
        {"reason": "wrong-minutes", "attended_minutes": "180",
         "day": SEMINAR_DAYS[1].isoformat()},
    ),
    "POST /attendances/<public:place>/withdrawal": Held(
        "attendance", "official", "far-official",
        {"reason": "finding", "confirmed": "yes", "day": SEMINAR_DAYS[1].isoformat()},
    ),
}  # fmt: skip
NOTHING = "X0000000"
FAR_USCC = "91371000MA3TE5T024"
_ON_PHONES = ("/own", "/guest", "/known")


def hands(visitors: Visitors) -> dict[str, Browser]:
    """Sign in those who have things in hand, and those of the same kind elsewhere."""
    visitors.staff("far-official", SeatDraft(Role.OFFICIAL, "cn-33"))
    far_manager = visitors.seat(Role.TITLE_SYSTEM, manages=True)
    visitors.staff("far-manager", far_manager)
    uscc = register_enterprise(visitors.bank, FAR_USCC)
    far = visitors.bank.enterprise(uscc).organisation_id
    visitors.staff("far-provider", SeatDraft(Role.PROVIDER, "cn-3710", far))
    away = register_enterprise(visitors.bank, "91371000MA3DEM0M02", "cn-3301")
    away_id = visitors.bank.enterprise(away).organisation_id
    visitors.staff("far-district", SeatDraft(Role.PROVIDER, "cn-3301", away_id))
    visitors.staff("far-employer", SeatDraft(Role.EMPLOYER, "cn-3710", far))
    visitors.staff("far-teacher", SeatDraft(Role.PROVIDER, "cn-3710", far, manages=True))
    other = visitors.professional(92)
    return {
        "professional": visitors.seated(Role.PROFESSIONAL),
        "other-professional": sign_in(Browser(visitors.bank), other.document.number, "resident_id"),
        "official": visitors.seated(Role.OFFICIAL),
        "provider": visitors.seated(Role.PROVIDER),
        "far-provider": visitors.signed_in("far-provider"),
        "manager": visitors.seated(Role.PROVIDER, manages=True),
        "far-official": visitors.signed_in("far-official", factor=True),
        "far-manager": visitors.signed_in("far-manager"),
        "employer": visitors.seated(Role.EMPLOYER),
        "far-employer": visitors.signed_in("far-employer"),
        "far-teacher": visitors.signed_in("far-teacher"),
        "far-district": visitors.signed_in("far-district"),
        "asker": visitors.seated(Role.TITLE_SYSTEM, name="asker"),
        "colleague": visitors.seated(Role.TITLE_SYSTEM, name="colleague"),
    }


def things(visitors: Visitors) -> dict[str, str]:
    """Make one of each thing; return their numbers."""
    publish_post_by(visitors.bank, "{ days = 3 }", "post_by.practical_training")
    worker = visitors.staff("worker", visitors.seat(Role.PROVIDER))
    inside = visitors.signed_in("worker").cookie()
    [seat] = visitors.lobby.must_sign(inside, now=utc_now()).seats
    visitors.staff("claimant")
    visitors.signed_in("claimant").get("/account/claims").send(
        "/account/claims", uscc="91371000MA3TE5T011", role="provider", reference="7", letter=b"x"
    )
    with visitors.bank.reading() as session:
        claim_no = session.scalars(select(Claim.claim_no)).one()
    title_system = Seat(visitors, visitors.signed_in("asker"))
    asked = title_system.ask()
    return {
        "account": worker,
        "seat": seat.seat_no,
        "claim": claim_no,
        "hour": sealed_hour(visitors.bank),
        "verdict": NUMBER.findall(asked.path)[0],
        **queried(title_system),
        "predicate": said_yes_or_no(title_system),
        "list": send_list(title_system, [invented_person(91)]),
        "certificate": issue(
            visitors.bank, (2026,), person=invented_person(91), now=utc_now()
        ).certificate.number,
        "item": waiting_item(visitors.bank),
        "transfer": recognised_transfer(visitors.bank),
        "import": waiting_import(visitors.bank, 2024),
        "other import": waiting_import(visitors.bank, 2023),
        "revoked": revoked(visitors.bank),
        "investigation": investigate(visitors.bank, hours_of_another(visitors.bank)),
        "erasure": erasure(visitors.bank),
        "other erasure": erasure(visitors.bank),
        "status": employed(visitors.bank),
        "reassessment": reported(visitors.bank, "waiting"),
        "report": reported(visitors.bank, "rehearsed"),
        "proposal": reported(visitors.bank, "proposed"),
        "organisation": ENTERPRISE_USCC,
        "fact": held_base(visitors.bank),
        "delegation": delegated(visitors.bank),
        **own_client(visitors),
        **called(visitors.bank),
        **exempting(visitors.bank),
        "third organisation": register_enterprise(visitors.bank, "91371000MA3DEM0K00"),
        "succession": closed(visitors.bank),
        **filed(visitors),
    }


def held_base(bank: TestBank) -> str:
    """Have the enterprise be a base; return where it stands."""
    ground = Ground("示例1号", date(2024, 1, 1))
    draft = FactDraft(Attribute.BASE, "", "municipal", date(2024, 1, 1), None, ground)
    with bank.unit() as session:
        fact = state_fact(session, ENTERPRISE_USCC, draft, actor="official-test", now=NOW)
    return f"{ENTERPRISE_USCC}/facts/{fact.said.fact_no}"


def closed(bank: TestBank) -> str:
    """Close an organisation; return where that stands."""
    uscc = register_enterprise(bank, "91371000MA3DEM0L01")
    ground = Ground("示例1号", date(2025, 1, 1))
    draft = SuccessionDraft(How.CLOSED, date(2025, 1, 2), (), ground)
    with bank.unit() as session:
        made = succeed(session, uscc, draft, actor="official-test", now=NOW)
    return f"{uscc}/successions/{made.succession_no}"


def said_yes_or_no(title_system: Seat) -> str:
    """Ask for a bare yes or no about the professional; return its number."""
    browser, now = title_system.browser, utc_now()
    with title_system.bank.unit() as session:
        vault = title_system.bank.house.vault
        draft = CodeDraft("应聘", CodeLevel.PREDICATE, now + timedelta(days=3), 1)
        person_id = find_person(session, vault, invented_person(91))
        _, code = make_code(session, vault, person_id, draft, now=now)
    asked_predicate(browser, code)
    return PREDICATE_NUMBER.findall(browser.path)[0]


def queried(title_system: Seat) -> dict[str, str]:
    """Ask about the professional twice; have them object to one; return both numbers."""
    numbers = [NUMBER.findall(title_system.ask(invented_person(91)).path)[0] for _ in range(2)]
    with title_system.bank.unit() as session:
        vault = title_system.bank.house.vault
        people = [find_person(session, vault, invented_person(91))]
        raised = object_to(session, vault, people, numbers[1], "未申报", now=utc_now())
        draft = CodeDraft("应聘", CodeLevel.DECISION, utc_now() + timedelta(days=3), 1)
        code, _ = make_code(session, vault, people[0], draft, now=utc_now())
        asker = session.get_one(Verdict, numbers[0]).client_id
        client = Client(asker, Role.TITLE_SYSTEM, SCOPES_OF[Role.TITLE_SYSTEM], "cn-3710", None)
        set_webhook(session, client, "https://titles.example/", KINDS, now=utc_now())
        event = {
            "event_no": "N00000000000007", "position": 1, "client_id": asker, "kind": KINDS[0],
            "watched_no": numbers[0], "verdict_no": numbers[0], "changed": "outcome",
            "recorded_at": utc_now(),
        }  # fmt: skip
        session.execute(insert(ClientEvent), [event])
        return {
            "query": numbers[0], "objection": raised.objection_no, "code": code.code_no,
            "watchable": numbers[0], "event": event["event_no"],
        }  # fmt: skip


def own_client(visitors: Visitors) -> dict[str, str]:
    """Let the test enterprise have a client; return it, and where its key stands."""
    own = Client("x", Role.PROVIDER, SCOPES_OF[Role.PROVIDER], "cn-3710", visitors.lobby.enterprise)
    draft = OwnClientDraft("教务系统", frozenset({Scope.FILING_READ}), None)
    with visitors.bank.unit() as session:
        made, _ = make_own_client(session, own, draft, now=utc_now())
        [key] = credentials_of(session, made.client_id)
        return {"client": made.client_id, "key": f"{made.client_id}/keys/{key.credential_no}"}


def exempting(bank: TestBank) -> dict[str, str]:
    """File two recommendations, one of them returned; find laxity with the other enterprise."""
    list_enterprise(bank)
    numbers = [filed_exemption(bank, invented_person(number)) for number in (95, 96)]
    with bank.unit() as session:
        returned = Decided(Decision.RETURN, "缺少签字")
        vault = bank.house.vault
        decide_exemption(session, vault, numbers[1], returned, actor="official", now=utc_now())
        ground = Ground("示例1号", date(2025, 1, 1), "核查")
        draft = FindingDraft(Finding.LAX_RECOMMENDATION, ground, "工信局", date(2025, 1, 2))
        other = organisation_by_uscc(session, FAR_USCC)
        found = record_finding(session, other, draft, actor="official", now=utc_now())
    return {
        "exemption": numbers[0], "returned exemption": numbers[1], "finding": found.finding_no,
    }  # fmt: skip


def called(bank: TestBank) -> dict[str, str]:
    """Open calls: one that takes bids, one with a bid that waits, one to be decided, one with an
    awarded bid; and a route."""
    now, past = utc_now(), utc_now() - timedelta(days=30)
    ground = Ground("示例1号", date(2025, 1, 1))
    numbers, bid_no = {}, ""
    for name, at in (
        ("call", now), ("waiting call", now), ("closed call", past), ("decided call", past),
    ):  # fmt: skip
        draft = CallDraft(
            "cn-3710", 2026, CallKind.ADVANCED_SEMINAR, Level.MUNICIPAL, "研修项目",
            {"general": 1}, civil_day(at) + timedelta(days=2), ground,
        )  # fmt: skip
        with bank.unit() as session:
            numbers[name] = open_call(session, draft, actor="official", now=at).call_no
            if name in {"waiting call", "decided call"}:
                bidder = organisation_by_uscc(session, ENTERPRISE_USCC)
                said = BidDraft(Lane.GENERAL, "研修", "40人")
                made = bid_on(session, numbers[name], bidder, said, actor="provider", now=at)
                if name == "waiting call":
                    numbers["waiting bid"] = made.bid_no
                    continue
                bid_no = made.bid_no
                award = Award((bid_no,), ground)
                decide_call(session, numbers[name], award, actor="official", now=now)
    ahead = RouteDraft("cn-3710", "cn-3710", date(2099, 1, 1), ground)
    with bank.unit() as session:
        route = record_route(session, ahead, actor="official", now=now)
    return {**numbers, "bid": bid_no, "route": route.route_no}


def delegated(bank: TestBank) -> str:
    """Let the other enterprise post under one filing; return the delegation's number."""
    filing_no = bank.approved_filing()
    with bank.unit() as session:
        holder, delegate = (
            organisation_by_uscc(session, each) for each in (ENTERPRISE_USCC, FAR_USCC)
        )
        draft = DelegationDraft(holder, delegate, filing_no, None, date(2099, 12, 31))
        return give_delegation(session, draft, actor="provider", now=utc_now()).delegation_no


def filed(visitors: Visitors) -> dict[str, str]:
    """File three activities that wait, and two under which somebody attended or may be posted."""
    waiting = {each: submitted(visitors.bank) for each in ("first", "second", "third")}
    attended, held = visitors.bank.approved_filing(), visitors.bank.approved_filing()
    rows = attendance([invented_person(91)], SEMINAR_DAYS[1:2])
    posted = visitors.bank.post(attended, rows, file=ROSTER)
    with visitors.bank.unit() as session:
        upload = Upload(filing_numbered(session, held), ROSTER, Limits(), "account-x")
        hold_no = hold_roster(session, visitors.lobby.vault, upload, now=utc_now())
        provider = organisation_by_uscc(session, ENTERPRISE_USCC)
        content = UnfinishedFiling(title="未定")
        draft = save_new_draft(session, content, provider, actor="x", now=utc_now()).draft_no
        work_no = request_preview(session, visitors.lobby.vault, upload, now=utc_now())
    misnamed = Identity(invented_person(91).document, "不同名")
    visitors.bank.post(attended, attendance([misnamed], SEMINAR_DAYS[:1]))
    visitors.bank.post(attended, attendance([misnamed], SEMINAR_DAYS[2:]))
    with visitors.bank.reading() as session:
        first, second = session.scalars(select(NameCheck.check_no)).all()
    today, check_in = checked_in(visitors.bank, invented_person(91), now=utc_now())
    return {
        "held row": first, "other held row": second,
        "dispute": disputed(visitors.bank, invented_person(91), attended),
        "other dispute": disputed(visitors.bank, invented_person(91), held),
        "settled dispute": settled(visitors.bank),
        "today": today, "check-in": check_in, "sheet": f"{today}/sign-in-sheets/1", "draft": draft,
        "hold filing": held, **{f"amended {each}": amended(visitors.bank) for each in waiting},
        **waiting, "attended": attended, "hold": hold_no, "work": work_no,
        **programmes(visitors.bank),
        "trained": approve_training(visitors.bank, SEMINAR_DAYS[:1]),
        "roster": posted.roster_no, "attendance": f"{posted.roster_no}-1",
    }  # fmt: skip


def programmes(bank: TestBank) -> dict[str, str]:
    """Hold two programmes of which somebody has hours; the certificate of one is recorded."""
    found = {}
    for name in ("programme", "papered"):
        found[name] = approve_programme(bank, SEMINAR_DAYS[:1])
        bank.post(found[name], attendance([invented_person(91)], SEMINAR_DAYS[:1]))
    person, day = invented_person(91), SEMINAR_DAYS[0]
    paper = CertificateDraft(person, Paper.LEVEL, "DJ-2", "示例评价机构", Grade.JUNIOR, day)
    with bank.unit() as session:
        vault, filing_no = bank.house.vault, found["papered"]
        made = record_certificate(session, vault, filing_no, paper, actor="provider", now=NOW)
    return {**found, "papered": f"{filing_no}/engineer-certificates/{made.record_no}"}


def settled(bank: TestBank) -> str:
    """Post what somebody missed; return the number of their dispute, which is not answered yet."""
    filing_no = bank.approved_filing()
    number = disputed(bank, invented_person(91), filing_no)
    with patch("creditbank.crediting.rosters.random_number", return_value=SETTLED_BY):
        bank.post(filing_no, attendance([invented_person(91)], SEMINAR_DAYS[:1]))
    return number


def submitted(bank: TestBank) -> str:
    with bank.unit() as session:
        provider = organisation_by_uscc(session, ENTERPRISE_USCC)
        return submit_filing(session, DRAFT, provider, actor="provider", now=utc_now()).filing_no


def amended(bank: TestBank) -> str:
    """Ask for more seats of an approved filing; return its number."""
    filing_no = bank.approved_filing()
    with bank.unit() as session:
        plan = plan_of(session, filing_numbered(session, filing_no))
        draft = AmendmentDraft(plan.seats + 1, plan.sessions, None, "扩招")
        ask_amendment(session, filing_no, draft, actor="provider", now=utc_now())
    return filing_no


def hours_of_another(bank: TestBank) -> str:
    """Let somebody else attend; return the filing's number."""
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([invented_person(93)], SEMINAR_DAYS[:1]))
    return filing_no


def revoked(bank: TestBank) -> str:
    """Let somebody attend and revoke the filing; return its number."""
    filing_no = hours_of_another(bank)
    draft = StepDraft(filing_no, FilingStep.REVOKE, "official-test", "虚报", "查2026-8")
    with bank.unit() as session:
        take_step(session, draft, now=utc_now())
    return filing_no


def erasure(bank: TestBank) -> str:
    """Have another official propose to erase somebody's record; return its number."""
    bank.post(bank.approved_filing(), attendance([TO_ERASE], SEMINAR_DAYS[:1]))
    with bank.unit() as session:
        wanted = Erasure(TO_ERASE, "cn-3710", "official-test", "删2026-1")
        return propose_erasure(session, bank.house.vault, wanted, now=NOW)


def employed(bank: TestBank) -> str:
    """Have another official state somebody's employment; return the record's number."""
    by = Client("official-test", Role.OFFICIAL, SCOPES_OF[Role.OFFICIAL], "cn-3710", None)
    day = civil_day(NOW)
    draft = StatusDraft(
        invented_person(78), StatusKind.EMPLOYMENT, "SB-1", "示例社会保险登记", day, day,
        {"organisation": ENTERPRISE_USCC},
    )  # fmt: skip
    with bank.unit() as session:
        return record_status(session, bank.house.vault, draft, by, now=NOW).record_no


def reported(bank: TestBank, state: str) -> str:
    """Have a report of a re-assessment stand so, with one change; return its number."""
    with bank.unit() as session:
        draft = ReassessmentDraft("cn-3710", "查2026-9", "official-test")
        made = request_reassessment(session, draft, now=NOW)
        if state != "waiting":
            made.state, made.digest = "rehearsed", bytes.fromhex("4f" * 32)
            made.packs = canonical_text(law_of(session, "cn-3710").pins())
            made.result = canonical_text({"plans": {"replace": 1}, "sums": []})
        if state == "proposed":
            session.flush()
            actor, digest = "official-test", "4f" * 32
            propose_reassessment(session, made.reassessment_no, digest, actor=actor, now=NOW)
        return made.reassessment_no


def sealed_hour(bank: TestBank) -> str:
    """Give the professional an hour that is in the log; return its leaf."""
    bank.post(bank.approved_filing(), attendance([invented_person(91)], SEMINAR_DAYS[:1]))
    seal_all(bank)
    with bank.reading() as session:
        return session.scalars(select(Entry.leaf)).one().hex()


def waiting_item(bank: TestBank) -> str:
    """Have the professional's patent wait for an official; return its number."""
    publish_works(bank)
    return declare(bank, invented_person(91), PATENT, uscc=None, now=utc_now())


def recognised_transfer(bank: TestBank) -> str:
    """Have somebody's hour recognised under other rules of the region; return its number."""
    publish_neighbour(bank)
    bank.post(bank.approved_filing(), attendance([invented_person(94)], SEMINAR_DAYS[:1]))
    return transferred(bank, invented_person(94), NEIGHBOUR)


def waiting_import(bank: TestBank, year: int) -> str:
    """Have another official propose earlier records; return their number."""
    row = RecordRow(invented_person(91), year, "professional", 6000)
    files = ImportFiles(b"rows of an earlier system")
    draft = ImportDraft("cn-3710", "an earlier system", (row,), files=files)
    with bank.unit() as session:
        vault = bank.house.vault
        return propose_import(
            session, vault, draft, actor="official-test", now=NOW
        ).record.import_no


def sent(browser: Browser, row: str, number: str, form: Mapping[str, str | bytes]) -> int:
    """Ask for a page, or send a form that carries its token; return the status."""
    method, _, rule = row.partition(" ")
    # What a number is part of stands before it in the rule, and in the number.
    before, after = rule.partition("<")[0], rule.rpartition(">")[2]
    path = before + number + after
    token = browser.get("/").forms()["/sign-out"].values
    typed = {
        name: (BytesIO(value), "roster.csv") if isinstance(value, bytes) else value
        for name, value in form.items()
    }
    options = {"data": {**token, **typed}} if method == "POST" else {}
    return browser.http.open(path, method=method, base_url=browser.base, **options).status_code


def acts(visitors: Visitors) -> tuple[int | None, int | None]:
    with visitors.bank.reading() as session:
        return tuple(  # type: ignore[return-value]
            session.scalar(select(func.count()).select_from(each)) for each in (Act, AccountEvent)
        )


def test_every_route_that_names_something_is_tried_by_strangers() -> None:
    public = (
        "<path:filename>", "/docs/api/<public:tag>", "<code>",
        # Published for anybody.
        "/organisations/<public:uscc>/figures",
        # Sent signed by the device that was opened (test_check_in_pad_pages.py).
        "/<public:pad_no>/scans",
        # In nobody's hand: the code on a room's screen opens them (test_check_in_pages.py).
        *(f"/check-in/<public:check_in_no>{each}" for each in ("", "/<public:code>", *_ON_PHONES)),
    )  # fmt: skip
    naming = {row for row in MATRIX if "<" in row and not row.endswith(public)}

    assert naming == set(OBJECTS), "write a row for each new route into OBJECTS"


def test_what_is_not_in_ones_hand_or_not_there_is_refused_and_nothing_is_done(
    visitors: Visitors,
) -> None:
    press_at_hand()
    browsers, numbers = hands(visitors), things(visitors)
    before = acts(visitors)

    strange = {
        row: (
            sent(browsers[held.foreign], row, numbers[held.thing], held.form),
            sent(browsers[held.foreign], row, NOTHING, held.form),
            sent(browsers[held.own], row, NOTHING, held.form),
        )
        for row, held in OBJECTS.items()
    }
    after = acts(visitors)
    own = {
        row: sent(browsers[held.own], row, numbers[held.thing], held.form)
        for row, held in OBJECTS.items()
    }

    assert [row for row, got in strange.items() if got[0] not in (403, 404)] == []
    assert [row for row, got in strange.items() if got[1:] != (404, 404)] == []
    assert after == before
    assert [row for row, status in own.items() if status not in (200, 303)] == []
