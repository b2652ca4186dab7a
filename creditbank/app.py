"""The application factory: one Flask application for the web, the command line and the jobs."""

from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any

from flask import Flask, Response
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import Rule

from creditbank.api import register_api
from creditbank.api.problems import any_http_problem, http_problem
from creditbank.api.tokens import METADATA_PATH
from creditbank.api.xapi_alternate import AlternateRequests
from creditbank.config import SANDBOX_PATH, Settings, settings_from_environment
from creditbank.db import init_db
from creditbank.house import EXTENSION, SANDBOX, make_house
from creditbank.limits import init_limits, share_limits
from creditbank.web import register_web
from creditbank.web.failures import failure_page
from creditbank.web.pages import secure


class _LazyRule(Rule):
    """A route that learns to build its URLs when first asked.

    Compiling that for every route takes two thirds of the start of each command.
    """

    def _compile_builder(self, *how: Any, **named: Any) -> Callable[..., Any]:
        compile_now = cache(partial(super()._compile_builder, *how, **named))

        def build(rule: Rule, **values: Any) -> Any:
            return compile_now()(rule, **values)

        return build


class _Application(Flask):
    url_rule_class = _LazyRule


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application from its settings, or from the environment; its sandbox with it."""
    chosen = settings or settings_from_environment()
    app = _bank(chosen)
    init_limits(app, chosen)
    register_api(app)
    register_web(app)
    app.register_error_handler(HTTPException, _failure_outside_doors)
    if chosen.sandbox_home:
        sandbox = app.extensions[SANDBOX] = _sandbox(chosen.sandbox(), app)
        app.wsgi_app = _WithSandbox(app.wsgi_app, sandbox)  # type: ignore[method-assign]
    forms: Any = AlternateRequests(app.wsgi_app, chosen.request_bytes_max)
    app.wsgi_app = forms  # type: ignore[method-assign]
    _believe_proxies(app, chosen.proxies_trusted)
    return app


def _believe_proxies(app: Flask, count: int) -> None:
    """Take the word of so many proxies in front on address, scheme and host."""
    if count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]


def _bank(settings: Settings) -> Flask:
    settings.home_path.mkdir(mode=0o700, parents=True, exist_ok=True)
    app = _Application("creditbank", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.request_bytes_max
    app.extensions[EXTENSION] = make_house(settings)
    init_db(app, settings)
    return app


def _sandbox(settings: Settings, main: Flask) -> Flask:
    """Make the application of a sandbox bank: the machines' door alone.

    Pages would share their cookies with those of the bank.
    """
    app = _bank(settings)
    share_limits(app, main)
    register_api(app, base_path=SANDBOX_PATH)
    app.after_request(secure)
    app.register_error_handler(HTTPException, any_http_problem)
    return app


class _WithSandbox:
    """Sends what is under /sandbox to the sandbox bank, which knows nothing of the other."""

    def __init__(self, main: Any, sandbox: Flask) -> None:
        self._main, self._sandbox = main, sandbox

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if path == METADATA_PATH + SANDBOX_PATH:  # where RFC 8414 §3.1 has them
            path = SANDBOX_PATH + METADATA_PATH
        if path != SANDBOX_PATH and not path.startswith(f"{SANDBOX_PATH}/"):
            answer: Iterable[bytes] = self._main(environ, start_response)
            return answer
        inside = {
            **environ,
            "SCRIPT_NAME": environ.get("SCRIPT_NAME", "") + SANDBOX_PATH,
            "PATH_INFO": path.removeprefix(SANDBOX_PATH) or "/",
        }
        return self._sandbox(inside, start_response)


def _failure_outside_doors(error: HTTPException) -> Response:
    """Answer what no view has seen: machines by a problem document, people by a page."""
    return http_problem(error) or failure_page(error)
