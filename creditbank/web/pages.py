"""How every page is made: its language, its words, its headers.

A view calls a service and hands plain data to `page`. Words come from the catalogue through `say`;
a template holds none. No page has a script but the one that works without network (`SCRIPTED`),
and none asks for anything from another host.
"""

import hashlib
from functools import cache, partial
from importlib.resources import files
from urllib.parse import urlencode

from flask import Flask, Response, render_template, request, url_for
from jinja2 import StrictUndefined

from creditbank import catalogue
from creditbank.catalogue import DEFAULT_LANGUAGE, LANGUAGES, Language
from creditbank.errors import Fact

#: The parameter and the cookie that hold the language that a reader chose.
LANGUAGE = "lang"
_LANGUAGE_COOKIE_SECONDS = 365 * 86_400
LANGUAGE_TAGS: dict[Language, str] = {"zh": "zh-CN", "en": "en"}
#: No script, style or picture that is not a file of ours; no frame around us; forms come back here.
CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
#: Of the page that records without network, and of what keeps it in the browser: files of ours.
SCRIPTED = f"{CONTENT_POLICY}; script-src 'self'; connect-src 'self'; worker-src 'self'"
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_ONLY_ENCRYPTED = "max-age=31536000"
_STATIC_FOR_EVER = "public, max-age=31536000, immutable"


def prepare_pages(app: Flask) -> None:
    """Let templates refuse what they were not given, and know where our files lie."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["static"] = static_address


def page(template: str, *, status: int = 200, **given: object) -> Response:
    """Make a page in the reader's language.

    A template has, besides what is given: `say(code, **facts)`, `spoken`, `tag` (BCP 47), and
    `others`, the address of this page in each other language.
    """
    spoken = reader_language()
    made = render_template(
        template,
        **given,
        spoken=spoken,
        tag=LANGUAGE_TAGS[spoken],
        others={each: _address_in(each) for each in LANGUAGES if each != spoken},
        say=partial(_say, spoken),
    )
    response = Response(made, status=status, content_type="text/html; charset=utf-8")
    response.content_language.add(LANGUAGE_TAGS[spoken])
    response.headers["Cache-Control"] = "no-store"
    response.vary.update(("Accept-Language", "Cookie"))
    if request.args.get(LANGUAGE) == spoken:
        response.set_cookie(
            LANGUAGE, spoken, max_age=_LANGUAGE_COOKIE_SECONDS, secure=request.is_secure,
            httponly=True, samesite="Lax",
        )  # fmt: skip
    return response


def reader_language() -> Language:
    """Return the language that the reader chose, or else the browser's, or else Chinese."""
    for chosen in (request.args.get(LANGUAGE), request.cookies.get(LANGUAGE)):
        for known in LANGUAGES:
            if chosen == known:
                return known
    best = request.accept_languages.best_match(["zh", "en"], default=DEFAULT_LANGUAGE)
    return "en" if best == "en" else "zh"


def secure(response: Response) -> Response:
    """Add the headers of every answer; a view's own header stays."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", _ONLY_ENCRYPTED)
    if request.endpoint == "web.static" and request.args and response.status_code == 200:  # noqa: PLR2004
        response.headers["Cache-Control"] = _STATIC_FOR_EVER
    return response


def static_address(name: str) -> str:
    """Return the address of one of our files; it changes with the file, so it may be kept."""
    return url_for("web.static", filename=name, v=_digest(name))


@cache
def _digest(name: str) -> str:
    content = (files("creditbank.web") / "static" / name).read_bytes()
    return hashlib.sha256(content).hexdigest()[:12]


def _say(spoken: Language, code: str, **facts: Fact) -> str:
    return catalogue.text(code, spoken, **facts)


def _address_in(language: Language) -> str:
    query = request.args.to_dict() | {LANGUAGE: language}
    return f"{request.path}?{urlencode(query)}"
