"""PEOPLE'S DOOR: pages made on the server, Chinese first, without scripts."""

from flask import Blueprint, Flask

from creditbank.web.failures import failure_page
from creditbank.web.pages import prepare_pages, secure

#: Every set of pages; each is a blueprint of its module.
_PAGES: tuple[Blueprint, ...] = ()


def register_web(app: Flask) -> None:
    """Put every page, the style sheet and the security headers on the application."""
    web = Blueprint("web", __name__, template_folder="templates", static_folder="static")
    for pages in _PAGES:
        web.register_blueprint(pages)
    web.register_error_handler(Exception, failure_page)
    prepare_pages(app)
    app.register_blueprint(web)
    app.after_request(secure)
