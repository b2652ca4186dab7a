"""PEOPLE'S DOOR: pages made on the server, Chinese first; one of them, for no network, a script."""

from flask import Blueprint, Flask

from creditbank.web.amendments import amendments
from creditbank.web.api_pages import api_pages
from creditbank.web.attendance import attendance
from creditbank.web.calls import calls
from creditbank.web.check_in_pads import check_in_pads
from creditbank.web.check_in_phone import check_in_phone
from creditbank.web.check_ins import check_ins
from creditbank.web.check_page import check
from creditbank.web.cookies import with_cookie
from creditbank.web.delegations import delegations
from creditbank.web.desk import desk
from creditbank.web.disputes import disputes
from creditbank.web.doors import MENU, Pages, given_to_templates
from creditbank.web.engineer_certificates import engineer_certificates
from creditbank.web.entrance import entrance
from creditbank.web.erasures_desk import erasures_desk
from creditbank.web.exemptions import exemptions
from creditbank.web.failures import failure_page
from creditbank.web.filing_drafts import filing_drafts
from creditbank.web.filing_routes import filing_routes
from creditbank.web.filing_steps import filing_steps
from creditbank.web.filings import filings
from creditbank.web.home import home
from creditbank.web.imports_desk import imports_desk
from creditbank.web.investigations_desk import investigations_desk
from creditbank.web.items_desk import items_desk
from creditbank.web.late_posting import late_posting
from creditbank.web.links_desk import links_desk
from creditbank.web.name_checks import name_checks
from creditbank.web.organisations_desk import organisations_desk
from creditbank.web.own_account import account
from creditbank.web.own_certificates import own_certificates
from creditbank.web.own_clients import own_clients
from creditbank.web.own_codes import own_codes
from creditbank.web.own_disputes import own_disputes_pages
from creditbank.web.own_exemptions import own_exemptions
from creditbank.web.own_hours import own_hours
from creditbank.web.own_items import own_items
from creditbank.web.own_news import own_news
from creditbank.web.own_statement import own_statement
from creditbank.web.own_status import own_status
from creditbank.web.own_xapi import own_xapi
from creditbank.web.pages import prepare_pages, secure
from creditbank.web.predicates import predicates
from creditbank.web.provider_statement import provider_statement
from creditbank.web.queries import queries
from creditbank.web.readiness import readiness
from creditbank.web.reassessments_desk import reassessments_desk
from creditbank.web.reconciliations import reconciliations
from creditbank.web.results import results
from creditbank.web.review_exports import review_exports
from creditbank.web.review_readiness import review_readiness
from creditbank.web.rosters import rosters
from creditbank.web.scorecard import scorecard
from creditbank.web.staff import staff
from creditbank.web.status_desk import status_desk
from creditbank.web.training_days import training_days
from creditbank.web.transfers_desk import transfers_desk
from creditbank.web.verdict_lists import verdict_lists
from creditbank.web.verdicts import verdicts
from creditbank.web.watched import watched
from creditbank.web.words import prepare_words

#: Every set of pages; each is a blueprint of its module, and the menu follows their order.
_PAGES: tuple[Blueprint, ...] = (
    home, check, entrance, own_hours, own_news, own_disputes_pages, own_statement, readiness,
    own_certificates, own_items, own_exemptions, own_status, queries, own_codes,
    filings, filing_drafts, filing_steps, training_days, engineer_certificates, amendments,
    late_posting,
    rosters, name_checks, disputes, check_ins, check_in_pads, check_in_phone, reconciliations,
    attendance, own_xapi, provider_statement, scorecard,
    delegations, calls, filing_routes, exemptions, items_desk,
    imports_desk, investigations_desk, reassessments_desk, transfers_desk, links_desk,
    erasures_desk, status_desk, organisations_desk, account,
    desk, staff, own_clients, verdicts, predicates, results, watched, verdict_lists,
    review_readiness, review_exports, api_pages,
)  # fmt: skip


def register_web(app: Flask) -> None:
    """Put every page, the style sheet and the security headers on the application."""
    web = Blueprint("web", __name__, template_folder="templates", static_folder="static")
    for pages in _PAGES:
        web.register_blueprint(pages)
    web.register_error_handler(Exception, failure_page)
    prepare_pages(app)
    prepare_words(app)
    app.register_blueprint(web)
    app.extensions[MENU] = [
        item for pages in _PAGES if isinstance(pages, Pages) for item in pages.menu
    ]
    app.context_processor(given_to_templates)
    app.after_request(with_cookie)
    app.after_request(secure)
