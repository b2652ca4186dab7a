"""Who is asking: the token in the Authorization header, its scope, and whose records it sees."""

import re
from datetime import datetime

from flask import request
from sqlalchemy.orm import Session

from creditbank.registry.clients import OF_AN_ORGANISATION, Client, Scope, ScopeMissingError
from creditbank.registry.tokens import TokenRefusedError, client_of_token

#: Only what could be a token is looked up: a header may hold anything.
_BEARER = re.compile(r"Bearer +(cbt_[A-Za-z0-9_-]{43})", re.IGNORECASE)
#: Belongs to no organisation, so that a client without one sees nothing rather than everything.
_NO_ORGANISATION = 0


def calling_client(session: Session, *, now: datetime) -> Client:
    """Return the client whose token the request bears.

    Raises:
        TokenRefusedError: no token, or none that holds.
    """
    match = _BEARER.fullmatch(request.headers.get("Authorization", ""))
    if match is None:
        raise TokenRefusedError
    return client_of_token(session, match[1], now=now)


def require_scope(client: Client, scope: Scope) -> None:
    """Refuse what the client's token is not good for.

    Raises:
        ScopeMissingError: naming the scope.
    """
    if scope not in client.scopes:
        raise ScopeMissingError(wanted=str(scope))


def organisation_seen(client: Client) -> int | None:
    """Return the organisation whose records alone a client sees; None for officials."""
    if client.role in OF_AN_ORGANISATION:
        return client.organisation_id or _NO_ORGANISATION
    return None
