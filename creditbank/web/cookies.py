"""The one cookie that says who somebody is, the token of every form, and who sent a form.

Before signing in the cookie is a random text that nobody has heard of; it only binds forms to this
browser. Signing in replaces it, so a cookie that was planted beforehand is worth nothing. Another
cookie says of a browser that staff signed in with it last, and no more.
"""

import hmac
import re
from urllib.parse import urlsplit

from flask import Response, g, request

from creditbank.accounts.audit import Visitor, hashed_address
from creditbank.accounts.sessions import form_token, new_token
from creditbank.errors import CreditBankError
from creditbank.house import current_house

#: Of every form, in a hidden field.
FORM_TOKEN = "form_token"  # noqa: S105 # the field's name
_NAME = "creditbank"
#: Says that staff signed in with this browser last, so that the form of sign-in begins as theirs.
_STAFF, _STAFF_PATH, _STAFF_SECONDS = "creditbank_staff", "/sign-in", 400 * 86_400
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
#: What the browser itself says of a request that comes from our own pages, or from the reader.
_OWN_SITES = ("same-origin", "none")
_BROWSERS = (
    ("MicroMessenger", "微信"), ("DingTalk", "钉钉"), ("Edg", "Edge"), ("OPR", "Opera"),
    ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"),
    ("Windows", "Windows"), ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


class FormExpiredError(CreditBankError):
    """A form without the token of this browser, or one sent by another site."""

    code = "form-expired"
    status = 403


def browser_token() -> str:
    """Return the secret of this browser's cookie, empty if it has none that could be ours."""
    token = str(g.get("browser_token", "")) or request.cookies.get(_cookie_name(), "")
    return token if _TOKEN.fullmatch(token) else ""


def ensured_token() -> str:
    """Return the secret of this browser's cookie; one without gets one with this answer."""
    token = browser_token()
    if not token:
        token = new_token()
        keep_token(token)
    return token


def keep_token(token: str) -> None:
    """Give the browser another cookie with this answer; an empty one takes it away."""
    g.browser_token = token
    g.cookie_changed = True


def hidden_token() -> str:
    """Return what the forms of this page carry."""
    return form_token(ensured_token())


def require_own_form() -> None:
    """Refuse a form that is not one of ours, given to this browser.

    Raises:
        FormExpiredError: another site sent it, or it does not carry this browser's token.
    """
    token = browser_token()
    carried = request.form.get(FORM_TOKEN, "")
    wanted = form_token(token) if token else ""
    if not _sent_by_us() or not token:
        raise FormExpiredError
    if not hmac.compare_digest(carried.encode("utf-8"), wanted.encode("utf-8")):
        raise FormExpiredError


def with_cookie(response: Response) -> Response:
    """Set the cookie where this request changed it."""
    if not g.get("cookie_changed", False):
        return response
    if g.browser_token:
        response.set_cookie(
            _cookie_name(), g.browser_token, secure=request.is_secure, httponly=True, path="/",
            samesite="Lax",
        )  # fmt: skip
    else:
        response.delete_cookie(
            _cookie_name(), secure=request.is_secure, httponly=True, path="/", samesite="Lax"
        )
    return response


def is_staff_browser() -> bool:
    """Tell whether somebody of the staff signed in with this browser last."""
    return request.cookies.get(_STAFF) == "1"


def remember_staff(response: Response, *, staff: bool) -> Response:
    """Remember in the browser whether staff signed in; nothing more, and nothing of whom."""
    if staff:
        response.set_cookie(
            _STAFF, "1", max_age=_STAFF_SECONDS, secure=request.is_secure, httponly=True,
            path=_STAFF_PATH, samesite="Lax",
        )  # fmt: skip
    elif is_staff_browser():
        response.delete_cookie(_STAFF, secure=request.is_secure, httponly=True, path=_STAFF_PATH)
    return response


def visitor() -> Visitor:
    """Return who stands at the door: a hashed address, and a browser told from others."""
    vault = current_house().vault
    agent = request.headers.get("User-Agent", "")
    known = (
        next((name for sign, name in signs if sign in agent), "") for signs in (_BROWSERS, _SYSTEMS)
    )
    return Visitor(
        hashed_address(vault, request.remote_addr or ""), " · ".join(filter(None, known))
    )


def _cookie_name() -> str:
    # The prefix makes browsers refuse it from anywhere but this host over HTTPS.
    return f"__Host-{_NAME}" if request.is_secure else _NAME


def _sent_by_us() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in _OWN_SITES
    origin = request.headers.get("Origin", "null")
    # Over plain HTTP a browser that sends no referrer says `null`; the form's token then has to do.
    return origin == "null" or urlsplit(origin).netloc == request.host
