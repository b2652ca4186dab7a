"""Every route of the pages against everybody who may stand before it; a new route wants its row.

A row says who comes in. Everybody else is sent to where they have to go first, or refused; whether
what is behind the door is in somebody's own hand is for the tests of those pages.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from creditbank.accounts.seats import STRICT_ROLES
from creditbank.registry.clients import Role
from creditbank.web.doors import MENU, Opens
from creditbank.web.home import SECTIONS
from tests.bank import TestBank
from tests.web.browser import Browser
from tests.web.visitors import STRICT, Visitors, enrol, sign_in

#: Who stands before a door: nobody, three who have not come through yet, and every seat.
OUTSIDE, SEATLESS, HALFWAY, UNENROLLED = "outside", "seatless", "halfway", "unenrolled"
MANAGER = "manager"
SEATS = frozenset({*map(str, Role), MANAGER})
EVERYBODY = SEATS | {OUTSIDE, SEATLESS, HALFWAY, UNENROLLED}
SIGNED_IN = SEATS | {SEATLESS}

_PROVIDES = frozenset({"provider", MANAGER})
_EXEMPTS = frozenset({"employer", "title_system"})
_READS_FILINGS = _PROVIDES | {"official", "auditor"}

#: Method and address, and who comes in. Other people's pages add their rows here.
MATRIX: Mapping[str, frozenset[str]] = {
    "GET /static/<path:filename>": EVERYBODY,
    "GET /": EVERYBODY,
    "GET /docs/api": EVERYBODY,
    "GET /docs/api/<public:tag>": EVERYBODY,
    "GET /C/<code>": EVERYBODY,
    "GET /c/<code>": EVERYBODY,
    "GET /sign-in": EVERYBODY,
    "POST /sign-in": EVERYBODY,
    "GET /activate": EVERYBODY,
    "POST /activate": EVERYBODY,
    "GET /register": EVERYBODY,
    "POST /register": EVERYBODY,
    "GET /setup": EVERYBODY,
    "POST /setup": EVERYBODY,
    "GET /identity": EVERYBODY,
    "GET /identity/return": EVERYBODY,
    "GET /second-factor": frozenset({HALFWAY}),
    "POST /second-factor": frozenset({HALFWAY}),
    "POST /sign-out": EVERYBODY - {OUTSIDE},
    "GET /seats": SIGNED_IN,
    "POST /seats": SIGNED_IN,
    "GET /account": SIGNED_IN,
    "POST /account/sessions": SIGNED_IN,
    "GET /account/password": SIGNED_IN,
    "POST /account/password": SIGNED_IN,
    "GET /account/second-factor": SIGNED_IN | {UNENROLLED},
    "POST /account/second-factor": SIGNED_IN | {UNENROLLED},
    "POST /account/second-factor/confirmation": SIGNED_IN | {UNENROLLED},
    "POST /account/second-factor/removal": SIGNED_IN,
    "POST /account/recovery-codes": SIGNED_IN,
    "GET /account/hours": SIGNED_IN,
    "POST /account/hours": SIGNED_IN,
    "GET /account/claims": SIGNED_IN,
    "POST /account/claims": SIGNED_IN,
    "GET /desk/codes": frozenset({"provider", "employer", "official", MANAGER}),
    "POST /desk/codes": frozenset({"provider", "employer", "official", MANAGER}),
    "GET /desk/recovery": frozenset({"official", "administrator", MANAGER}),
    "POST /desk/recovery": frozenset({"official", "administrator", MANAGER}),
    "GET /desk/claims": frozenset({"official"}),
    "POST /desk/claims/<public:claim_no>/decision": frozenset({"official"}),
    "GET /desk/second-claims": frozenset({MANAGER}),
    "POST /desk/claims/<public:claim_no>/opinion": frozenset({MANAGER}),
    "GET /desk/accounts": frozenset({"official", "administrator", MANAGER}),
    "GET /desk/accounts/new": frozenset({"administrator", MANAGER}),
    "POST /desk/accounts/new": frozenset({"administrator", MANAGER}),
    "POST /desk/seats/<public:seat_no>/closing": frozenset({"official", "administrator", MANAGER}),
    "POST /desk/accounts/<public:account_no>/state": frozenset(
        {"official", "administrator", MANAGER}
    ),
    "GET /desk/events": frozenset({"auditor", "administrator"}),
    "GET /hours": frozenset({"professional"}),
    "GET /hours/entries": frozenset({"professional"}),
    "GET /hours/entries/<leaf:leaf>": frozenset({"professional"}),
    "GET /hours/entries/<leaf:leaf>/proof": frozenset({"professional"}),
    "GET /hours/news": frozenset({"professional"}),
    "GET /hours/statement": frozenset({"professional"}),
    "GET /hours/statement.csv": frozenset({"professional"}),
    "GET /hours/statement.xlsx": frozenset({"professional"}),
    "GET /hours/statement.pdf": frozenset({"professional"}),
    "GET /hours/statement.jws": frozenset({"professional"}),
    "GET /filings/scorecard": frozenset({"provider", MANAGER, "official", "auditor"}),
    "GET /filings/statement": frozenset({"provider", MANAGER}),
    "GET /filings/statement.csv": frozenset({"provider", MANAGER}),
    "GET /filings/statement.xlsx": frozenset({"provider", MANAGER}),
    "GET /filings/statement.pdf": frozenset({"provider", MANAGER}),
    "GET /ready": frozenset({"professional"}),
    "POST /ready": frozenset({"professional"}),
    "GET /verdicts": frozenset({"title_system"}),
    "GET /verdicts/new": frozenset({"title_system"}),
    "POST /verdicts/new": frozenset({"title_system"}),
    "GET /verdicts/<public:verdict_no>": frozenset({"title_system"}),
    "GET /verdicts/<public:verdict_no>/answer.jws": frozenset({"title_system"}),
    "GET /verdict-batches": frozenset({"title_system"}),
    "GET /verdict-batches/new": frozenset({"title_system"}),
    "POST /verdict-batches/new": frozenset({"title_system"}),
    "GET /verdict-batches/template.xlsx": frozenset({"title_system"}),
    "GET /verdict-batches/<public:batch_no>": frozenset({"title_system"}),
    "GET /verdict-batches/<public:batch_no>/print": frozenset({"title_system"}),
    "GET /readiness": frozenset({"title_system"}),
    "GET /review-exports": frozenset({"title_system"}),
    "POST /review-exports": frozenset({"title_system"}),
    "GET /desk/review-exports": frozenset({"official"}),
    "POST /desk/review-exports": frozenset({"official"}),
    "GET /verdict-batches/<public:batch_no>/readiness": frozenset({"title_system"}),
    "POST /verdict-batches/<public:batch_no>/readiness/read": frozenset({"title_system"}),
    "GET /verdict-batches/<public:batch_no>/readiness.xlsx": frozenset({"title_system"}),
    "GET /verdict-batches/<public:batch_no>/readiness.csv": frozenset({"title_system"}),
    "GET /hours/reminders": frozenset({"professional"}),
    "POST /hours/reminders": frozenset({"professional"}),
    "GET /verdict-batches/<public:batch_no>/results.xlsx": frozenset({"title_system"}),
    "GET /verdict-batches/<public:batch_no>/results.pdf": frozenset({"title_system"}),
    "GET /verdict-batches/<public:batch_no>/answers.jsonl": frozenset({"title_system"}),
    "GET /hours/certificates": frozenset({"professional"}),
    "POST /hours/certificates": frozenset({"professional"}),
    "GET /hours/certificates/<certificate:number>.pdf": frozenset({"professional"}),
    "GET /hours/items": frozenset({"professional"}),
    "GET /hours/items/new": frozenset({"professional"}),
    "POST /hours/items/new": frozenset({"professional"}),
    "POST /hours/news": frozenset({"professional"}),
    "GET /hours/disputes": frozenset({"professional"}),
    "GET /hours/disputes/new": frozenset({"professional"}),
    "POST /hours/disputes/new": frozenset({"professional"}),
    "POST /hours/disputes/reading": frozenset({"professional"}),
    "GET /hours/disputes/<public:dispute_no>": frozenset({"professional"}),
    "POST /hours/disputes/<public:dispute_no>/appeal": frozenset({"professional"}),
    "POST /hours/disputes/<public:dispute_no>/withdrawal": frozenset({"professional"}),
    "POST /hours/items": frozenset({"professional"}),
    "GET /hours/items/<public:item_no>": frozenset({"professional"}),
    "GET /hours/items/<public:item_no>/correction": frozenset({"professional"}),
    "POST /hours/items/<public:item_no>/correction": frozenset({"professional"}),
    "GET /desk/items": frozenset({"official"}),
    "GET /desk/items/<public:item_no>": frozenset({"official"}),
    "POST /desk/items/<public:item_no>/recognition": frozenset({"official"}),
    "POST /desk/items/<public:item_no>/decision": frozenset({"official"}),
    "POST /desk/items/<public:item_no>/withdrawal": frozenset({"official"}),
    "GET /desk/imports": frozenset({"official"}),
    "GET /desk/imports/template": frozenset({"official"}),
    "GET /desk/imports/new": frozenset({"official"}),
    "POST /desk/imports/new": frozenset({"official"}),
    "GET /desk/imports/<public:import_no>": frozenset({"official"}),
    "POST /desk/imports/<public:import_no>/file": frozenset({"official"}),
    "POST /desk/imports/<public:import_no>/approval": frozenset({"official"}),
    "POST /desk/imports/<public:import_no>/withdrawal": frozenset({"official"}),
    "GET /verdicts/watched": frozenset({"title_system"}),
    "POST /verdicts/<public:verdict_no>/results": frozenset({"title_system"}),
    "POST /verdicts/<public:verdict_no>/watch": frozenset({"title_system"}),
    "POST /verdicts/<public:verdict_no>/watch-ending": frozenset({"title_system"}),
    "POST /verdicts/watched/webhook": frozenset({"title_system"}),
    "POST /verdicts/watched/webhook/ending": frozenset({"title_system"}),
    "POST /verdicts/watched/<public:event_no>/redelivery": frozenset({"title_system"}),
    "GET /verdicts/<public:verdict_no>/answer.sd-jwt": frozenset({"title_system"}),
    "GET /predicates/code": frozenset({"title_system"}),
    "POST /predicates/code": frozenset({"title_system"}),
    "GET /predicates/<public:predicate_no>": frozenset({"title_system"}),
    "GET /predicates/<public:predicate_no>/answer.jws": frozenset({"title_system"}),
    "GET /verdicts/code": frozenset({"title_system"}),
    "POST /verdicts/code": frozenset({"title_system"}),
    "GET /hours/codes": frozenset({"professional"}),
    "POST /hours/codes/new": frozenset({"professional"}),
    "POST /hours/codes/<public:code_no>/extension": frozenset({"professional"}),
    "POST /hours/codes/<public:code_no>/revocation": frozenset({"professional"}),
    "GET /hours/exemptions": frozenset({"professional"}),
    "GET /hours/status": frozenset({"professional"}),
    "POST /hours/status": frozenset({"professional"}),
    "GET /hours/queries": frozenset({"professional"}),
    "GET /hours/queries.json": frozenset({"professional"}),
    "POST /hours/queries/<public:verdict_no>/objection": frozenset({"professional"}),
    "POST /hours/queries/read": frozenset({"professional"}),
    "GET /desk/objections": frozenset({"official"}),
    "GET /desk/objections/<public:objection_no>": frozenset({"official"}),
    "POST /desk/objections/<public:objection_no>/answer": frozenset({"official"}),
    "GET /desk/refused-questions": frozenset({"official"}),
    "GET /name-checks": _PROVIDES,
    "GET /name-checks/matches": _PROVIDES,
    "POST /name-checks/matches": _PROVIDES,
    "POST /name-checks/<public:check_no>/request": _PROVIDES,
    "GET /disputes": _PROVIDES | {"official"},
    "GET /disputes/<public:dispute_no>": _PROVIDES | {"official"},
    "POST /disputes/<public:dispute_no>/correction": _PROVIDES | {"official"},
    "POST /disputes/<public:dispute_no>/declining": _PROVIDES | {"official"},
    "POST /disputes/<public:dispute_no>/decision": frozenset({"official"}),
    "GET /desk/name-checks": frozenset({"official"}),
    "GET /desk/name-checks/<public:check_no>": frozenset({"official"}),
    "POST /desk/name-checks/<public:check_no>/decision": frozenset({"official"}),
    "GET /desk/investigations": frozenset({"official"}),
    "GET /desk/investigations/new": frozenset({"official"}),
    "POST /desk/investigations/new": frozenset({"official"}),
    "GET /desk/investigations/<public:investigation_no>": frozenset({"official"}),
    "POST /desk/investigations/<public:investigation_no>/closing": frozenset({"official"}),
    "GET /desk/transfers": frozenset({"official"}),
    "GET /desk/transfers/new": frozenset({"official"}),
    "POST /desk/transfers/new": frozenset({"official"}),
    "GET /desk/transfers/<public:transfer_no>": frozenset({"official"}),
    "POST /desk/transfers/<public:transfer_no>/withdrawal": frozenset({"official"}),
    "GET /desk/reassessments": frozenset({"official"}),
    "GET /desk/reassessments/new": frozenset({"official"}),
    "POST /desk/reassessments/new": frozenset({"official"}),
    "GET /desk/reassessments/<public:reassessment_no>": frozenset({"official"}),
    "POST /desk/reassessments/<public:reassessment_no>/proposal": frozenset({"official"}),
    "POST /desk/reassessments/<public:reassessment_no>/approval": frozenset({"official"}),
    "POST /desk/reassessments/<public:reassessment_no>/withdrawal": frozenset({"official"}),
    "GET /desk/erasures": frozenset({"official"}),
    "POST /desk/erasures": frozenset({"official"}),
    "GET /desk/erasures/<public:erasure_no>": frozenset({"official"}),
    "POST /desk/erasures/<public:erasure_no>/approval": frozenset({"official"}),
    "POST /desk/erasures/<public:erasure_no>/withdrawal": frozenset({"official"}),
    "GET /desk/status-records": frozenset({"official"}),
    "GET /desk/status-records/new": frozenset({"official"}),
    "POST /desk/status-records/new": frozenset({"official"}),
    "GET /desk/status-records/<public:record_no>": frozenset({"official"}),
    "POST /desk/status-records/<public:record_no>/removal": frozenset({"official"}),
    "GET /desk/links": frozenset({"official"}),
    "GET /desk/links/new": frozenset({"official"}),
    "POST /desk/links/new": frozenset({"official"}),
    "GET /xapi-statements": _PROVIDES,
    "GET /organisation/clients": frozenset({MANAGER}),
    "GET /organisation/clients/new": frozenset({MANAGER}),
    "POST /organisation/clients/new": frozenset({MANAGER}),
    "POST /organisation/clients/<public:client_id>/keys": frozenset({MANAGER}),
    "POST /organisation/clients/<public:client_id>/keys/<public:credential_no>/ending": frozenset(
        {MANAGER}
    ),
    "POST /organisation/clients/<public:client_id>/ending": frozenset({MANAGER}),
    "GET /calls": _READS_FILINGS,
    "POST /calls": frozenset({"official"}),
    "GET /calls/<public:call_no>": _READS_FILINGS,
    "POST /calls/<public:call_no>/bids": _PROVIDES,
    "POST /calls/<public:call_no>/decision": frozenset({"official"}),
    "POST /bids/<public:bid_no>/withdrawal": _PROVIDES,
    "POST /bids/<public:bid_no>/recommendation": frozenset({"official"}),
    "GET /desk/base-duties": frozenset({"official"}),
    "GET /desk/filing-routes": frozenset({"official"}),
    "POST /desk/filing-routes": frozenset({"official"}),
    "POST /desk/filing-routes/<public:route_no>/ending": frozenset({"official"}),
    "GET /exemptions": _EXEMPTS | {"official", "auditor"},
    "GET /exemptions/new": _EXEMPTS,
    "POST /exemptions/new": _EXEMPTS,
    "GET /exemptions/<public:exemption_no>": _EXEMPTS | {"official", "auditor"},
    "GET /exemptions/<public:exemption_no>/resubmission": _EXEMPTS,
    "POST /exemptions/<public:exemption_no>/resubmission": _EXEMPTS,
    "POST /exemptions/<public:exemption_no>/withdrawal": _EXEMPTS,
    "POST /exemptions/<public:exemption_no>/decision": frozenset({"official"}),
    "POST /exemptions/<public:exemption_no>/revocation": frozenset({"official"}),
    "GET /desk/recommendation-findings": frozenset({"official"}),
    "POST /desk/recommendation-findings": frozenset({"official"}),
    "POST /desk/recommendation-findings/<public:finding_no>/lifting": frozenset({"official"}),
    "GET /delegations": _READS_FILINGS,
    "POST /delegations": frozenset({MANAGER}),
    "POST /delegations/<public:delegation_no>/ending": frozenset({MANAGER}),
    "POST /delegations/<public:delegation_no>/measure": frozenset({"official"}),
    "GET /desk/organisations": frozenset({"official"}),
    "GET /desk/organisations/new": frozenset({"official"}),
    "POST /desk/organisations/new": frozenset({"official"}),
    "GET /desk/organisations/<public:uscc>": frozenset({"official"}),
    "POST /desk/organisations/<public:uscc>/facts": frozenset({"official"}),
    "POST /desk/organisations/<public:uscc>/facts/<public:fact_no>/ending": frozenset({"official"}),
    "POST /desk/organisations/<public:uscc>/facts/<public:fact_no>/taking-back": frozenset(
        {"official"}
    ),
    "POST /desk/organisations/<public:uscc>/successions": frozenset({"official"}),
    "POST /desk/organisations/<public:uscc>/successions/<public:fact_no>/taking-back": frozenset(
        {"official"}
    ),
    "GET /organisation": _PROVIDES | {"employer", "title_system"},
    "GET /organisations": EVERYBODY,
    "GET /organisations/<public:uscc>/figures": EVERYBODY,
    "GET /filings": _READS_FILINGS,
    "GET /filings/new": _PROVIDES,
    "POST /filings/new": _PROVIDES,
    "GET /filings/<public:filing_no>": _READS_FILINGS,
    "GET /filings/<public:filing_no>/resubmission": _PROVIDES,
    "POST /filings/<public:filing_no>/resubmission": _PROVIDES,
    "POST /filings/<public:filing_no>/copy": _PROVIDES,
    "GET /filings/<public:filing_no>/amendment": _PROVIDES,
    "POST /filings/<public:filing_no>/amendment": _PROVIDES,
    "POST /filings/<public:filing_no>/amendment/withdrawal": _PROVIDES,
    "POST /filings/<public:filing_no>/amendment/approval": frozenset({"official"}),
    "POST /filings/<public:filing_no>/amendment/refusal": frozenset({"official"}),
    "GET /filing-drafts": _PROVIDES,
    "GET /filing-drafts/<public:draft_no>": _PROVIDES,
    "POST /filing-drafts/<public:draft_no>": _PROVIDES,
    "POST /filings/<public:filing_no>/approval": frozenset({"official"}),
    "POST /filings/<public:filing_no>/return": frozenset({"official"}),
    "POST /filings/<public:filing_no>/refusal": frozenset({"official"}),
    "POST /filings/<public:filing_no>/ending": _PROVIDES,
    "POST /filings/<public:filing_no>/measure": frozenset({"official"}),
    "GET /filings/<public:filing_no>/engineer-certificates": _PROVIDES | {"official"},
    "POST /filings/<public:filing_no>/engineer-certificates": _PROVIDES,
    "POST /filings/<public:filing_no>/engineer-certificates/<public:record_no>/removal": _PROVIDES,
    "GET /filings/<public:filing_no>/posting-terms": _READS_FILINGS,
    "POST /filings/<public:filing_no>/late-posting": frozenset({"official"}),
    "GET /filings/<public:filing_no>/days": _READS_FILINGS,
    "POST /filings/<public:filing_no>/days": _PROVIDES,
    "GET /filings/<public:filing_no>/review": frozenset({"official"}),
    "POST /filings/<public:filing_no>/review": frozenset({"official"}),
    "GET /filings/<public:filing_no>/roster-template": _PROVIDES,
    "POST /filings/<public:filing_no>/rosters": _PROVIDES,
    "GET /held-rosters/<public:hold_no>": _PROVIDES,
    "POST /held-rosters/<public:hold_no>/posting": _PROVIDES,
    "POST /held-rosters/<public:hold_no>/discarding": _PROVIDES,
    "GET /roster-works/<public:work_no>": _PROVIDES,
    "POST /roster-works/<public:work_no>/cancellation": _PROVIDES,
    "GET /filings/<public:filing_no>/check-ins": _PROVIDES,
    "POST /filings/<public:filing_no>/check-ins": _PROVIDES,
    "GET /filings/<public:filing_no>/sign-in-sheets/<public:session_no>": _PROVIDES,
    "GET /reconciliations": _PROVIDES,
    "POST /reconciliations": _PROVIDES,
    "GET /check-ins/<public:check_in_no>": _PROVIDES,
    "POST /check-ins/<public:check_in_no>/closing": _PROVIDES,
    "POST /check-ins/<public:check_in_no>/review": _PROVIDES,
    "POST /check-ins/<public:check_in_no>/posting": _PROVIDES,
    # What keeps the page in the browser holds nothing, and a browser asks for it by itself.
    "GET /pads/keeper.js": EVERYBODY,
    "GET /pads/<public:check_in_no>": _PROVIDES,
    "POST /pads/<public:check_in_no>/opening": _PROVIDES,
    "POST /pads/<public:check_in_no>/<public:pad_no>/scans": _PROVIDES,
    # Whoever is in the room may have an account or none; what opens is the code on its screen.
    "GET /check-in/<public:check_in_no>": EVERYBODY,
    "GET /check-in/<public:check_in_no>/<public:code>": EVERYBODY,
    "POST /check-in/<public:check_in_no>/own": EVERYBODY,
    "POST /check-in/<public:check_in_no>/guest": EVERYBODY,
    "POST /check-in/<public:check_in_no>/known": EVERYBODY,
    "GET /rosters/<public:roster_no>": _READS_FILINGS,
    "GET /rosters/<public:roster_no>/refused.xlsx": _READS_FILINGS,
    "GET /rosters/<public:roster_no>/refused.csv": _READS_FILINGS,
    "POST /rosters/<public:roster_no>/file": _PROVIDES | {"official"},
    "POST /rosters/<public:roster_no>/refused-rows": _PROVIDES,
    "POST /rosters/<public:roster_no>/mending": _PROVIDES,
    "POST /rosters/<public:roster_no>/mended": _PROVIDES,
    "GET /filings/<public:filing_no>/attendance": _PROVIDES | {"official"},
    "POST /filings/<public:filing_no>/attendance": _PROVIDES | {"official"},
    "GET /attendances/<public:place>": _PROVIDES | {"official"},
    "POST /attendances/<public:place>/correction": _PROVIDES | {"official"},
    "POST /attendances/<public:place>/withdrawal": _PROVIDES | {"official"},
}
#: Open to everybody, and whoever is inside is led on by the page itself; all other doors that lead
#: elsewhere are closed.
_LEADS_ON = ("/", "/sign-in")


@dataclass(frozen=True, slots=True)
class Route:
    """One method at one address."""

    method: str
    rule: str

    @property
    def path(self) -> str:
        """An address that the rule matches; what it names does not exist."""
        if "filename" in self.rule:
            return "/static/style.css"
        known = re.sub(r"<leaf:[^>]+>", "0" * 64, self.rule)
        known = re.sub(r"<certificate:[^>]+>", "0" * 21, known)
        return re.sub(r"<[^>]+>", "X0000000", known)


def routes(bank: TestBank) -> dict[str, Route]:
    """Return every route of the pages by its row."""
    return {
        f"{method} {rule.rule}": Route(method, rule.rule)
        for rule in bank.app.url_map.iter_rules()
        if rule.endpoint.startswith("web.")
        for method in sorted((rule.methods or set()) & {"GET", "POST", "PUT", "DELETE", "PATCH"})
    }


def browsers(visitors: Visitors) -> dict[str, Browser]:
    """Have everybody stand before the doors."""
    found = {str(role): visitors.seated(role) for role in Role}
    found[MANAGER] = visitors.seated(Role.PROVIDER, manages=True)
    found[OUTSIDE] = Browser(visitors.bank)
    visitors.staff("seatless")
    found[SEATLESS] = visitors.signed_in("seatless")
    visitors.staff("halfway", visitors.seat(Role.OFFICIAL))
    enrol(visitors.signed_in("halfway"))
    found[HALFWAY] = visitors.signed_in("halfway")
    visitors.staff("unenrolled", visitors.seat(Role.AUDITOR))
    found[UNENROLLED] = visitors.signed_in("unenrolled")
    return found


def comes_in(browser: Browser, route: Route) -> bool:
    """Ask for a page, or send a form without its token: who is let in is told that it is missing.

    A form without a token changes nothing, so one browser can be sent through every door.
    """
    answer = browser.http.open(
        route.path, method=route.method, base_url=browser.base, buffered=True
    )
    if route.method != "GET":
        return "表单已过期" in answer.text
    if answer.status_code == 303:
        return route.path in _LEADS_ON
    return answer.mimetype != "text/html" or "当前席位不能打开此页" not in answer.text


def test_every_route_has_its_row(bank: TestBank) -> None:
    assert set(routes(bank)) == set(MATRIX), "write a row for each new page into MATRIX"


def test_a_route_that_is_not_declared_would_be_seen(bank: TestBank) -> None:
    """A view without a declaration has no door; only files and the public check page may do so."""
    undeclared = {
        rule.rule
        for rule in bank.app.url_map.iter_rules()
        if rule.endpoint.startswith("web.")
        and not hasattr(bank.app.view_functions[rule.endpoint], "declared")
    }

    assert undeclared == {"/static/<path:filename>", "/C/<code>", "/c/<code>"}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_everybody_comes_in_where_the_matrix_says_and_nowhere_else(visitors: Visitors) -> None:
    standing = browsers(visitors)

    wrong = {}
    for row, route in routes(visitors.bank).items():
        found = {who for who, browser in standing.items() if comes_in(browser, route)}
        wanted = set(MATRIX.get(row, frozenset()))
        if found != wanted:
            wrong[row] = {"too many": found - wanted, "missing": wanted - found}

    assert wrong == {}
    assert set(standing) == EVERYBODY


@pytest.mark.parametrize("row", ["GET /desk/claims", "POST /desk/accounts/new"])
def test_a_door_that_opens_to_others_would_be_seen(
    visitors: Visitors, monkeypatch: pytest.MonkeyPatch, row: str
) -> None:
    stranger = visitors.seated(Role.TITLE_SYSTEM)
    route = routes(visitors.bank)[row]
    closed = comes_in(stranger, route)

    monkeypatch.setattr(Opens, "fits", lambda *_: True)

    assert (closed, comes_in(stranger, route)) == (False, True)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_the_home_page_offers_opens(visitors: Visitors) -> None:
    for role in Role:
        browser = visitors.seated(role)
        for path in re.findall(r'<a href="(/[^"]+)"><strong>', browser.get("/").text):
            assert browser.get(path).status == 200, (role, path)
            assert browser.path == path


def test_each_page_that_the_home_page_offers_stands_under_one_heading(bank: TestBank) -> None:
    offered = [item.code for item in bank.app.extensions[MENU]]

    assert sorted(code for codes in SECTIONS.values() for code in codes) == sorted(offered)


def test_who_is_strict_here_is_strict_there() -> None:
    assert set(STRICT) == STRICT_ROLES


def test_a_signed_in_visitor_of_the_sign_in_page_is_led_home(visitors: Visitors) -> None:
    browser = visitors.seated(Role.PROVIDER, name="peixun")

    assert browser.led("/sign-in") == "/"
    assert sign_in(Browser(visitors.bank), "peixun").path == "/"
