"""Who is asking: the token in the Authorization header, and its scope."""

import re
from datetime import datetime

from flask import request
from sqlalchemy.orm import Session

from creditbank.registry.clients import Client, Scope, ScopeMissingError
from creditbank.registry.tokens import TokenRefusedError, client_of_token

#: Only what could be a token is looked up: a header may hold anything.
_BEARER = re.compile(r"Bearer +(cbt_[A-Za-z0-9_-]{43})", re.IGNORECASE)


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
