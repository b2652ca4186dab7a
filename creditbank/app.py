"""The application factory: one Flask application for the web, the command line and the jobs."""

from flask import Flask, Response
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from creditbank.api import register_api
from creditbank.api.problems import http_problem
from creditbank.config import Settings, settings_from_environment
from creditbank.db import init_db
from creditbank.house import EXTENSION, make_house
from creditbank.limits import init_limits
from creditbank.web import register_web
from creditbank.web.failures import failure_page


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application from its settings, or from the environment."""
    chosen = settings or settings_from_environment()
    chosen.home_path.mkdir(mode=0o700, parents=True, exist_ok=True)
    app = Flask("creditbank", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = chosen.request_bytes_max
    app.extensions[EXTENSION] = make_house(chosen)
    _believe_proxies(app, chosen.proxies_trusted)
    init_db(app, chosen)
    init_limits(app, chosen)
    register_api(app)
    register_web(app)
    app.register_error_handler(HTTPException, _failure_outside_doors)
    return app


def _believe_proxies(app: Flask, count: int) -> None:
    """Take the word of so many proxies in front on address, scheme and host."""
    if count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]


def _failure_outside_doors(error: HTTPException) -> Response:
    """Answer what no view has seen: machines by a problem document, people by a page."""
    return http_problem(error) or failure_page(error)
