"""The cookies of a telephone at a check-in: which device it is, and which code it has read.

A device is a random text that the bank signed; nothing of the browser is measured. Who uses it, and
at which other check-in, nobody can tell from it.
"""

import hmac
import re

from flask import Response, request

from creditbank.accounts.sessions import new_token
from creditbank.attendance.check_in_codes import TICKET_TERM
from creditbank.canonical import tagged_digest
from creditbank.house import current_house

_DEVICE, _TICKET = "creditbank-device", "creditbank-check-in"
_DEVICE_SECONDS = 365 * 86_400
#: Both go to these pages alone.
_PATH = "/check-in"
_NAMED = re.compile(r"([A-Za-z0-9_-]{43})\.([0-9a-f]{64})", re.ASCII)


def known_device() -> str:
    """Return the device that asks; empty if the bank has signed no name for it."""
    match = _NAMED.fullmatch(request.cookies.get(_DEVICE, ""))
    if match is None or not hmac.compare_digest(match[2], _seal(match[1])):
        return ""
    return match[1]


def known_ticket() -> str:
    """Return what this device keeps of a code that it read."""
    return request.cookies.get(_TICKET, "")


def new_device() -> str:
    """Name a device that was never seen."""
    return new_token()


def keep(response: Response, device: str, ticket: str) -> Response:
    """Let a device keep its name, and what it read."""
    ticket_seconds = int(TICKET_TERM.total_seconds())
    for name, value, seconds in (
        (_DEVICE, f"{device}.{_seal(device)}", _DEVICE_SECONDS),
        (_TICKET, ticket, ticket_seconds),
    ):
        response.set_cookie(
            name, value, max_age=seconds, secure=request.is_secure, httponly=True, path=_PATH,
            samesite="Lax",
        )  # fmt: skip
    return response


def _seal(device: str) -> str:
    digest = tagged_digest("creditbank/device/v1", device.encode("ascii"))
    return current_house().vault.fingerprint(digest).hex()
