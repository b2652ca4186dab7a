"""Who is asking: the token in the Authorization header, and its scope."""

import re
from datetime import datetime

from flask import request
from sqlalchemy.orm import Session

from creditbank.registry.clients import Client, Scope, ScopeMissingError
from creditbank.registry.tokens import (
    ClientRefusedError,
    TokenRefusedError,
    client_of_token,
    client_proved,
    prove_by_secret,
)

#: Only what could be a token is looked up: a header may hold anything.
_BEARER = re.compile(r"Bearer +(cbt_[A-Za-z0-9_-]{43})", re.IGNORECASE)


def calling_client(session: Session, *, by_secret: bool = False, now: datetime) -> Client:
    """Return the client whose token the request bears.

    Args:
        session: to look it up.
        by_secret: whether id and secret are taken as well (RFC 7617), where a standard has it so.
        now: the instant.

    Raises:
        TokenRefusedError: no token, or none that holds.
    """
    stated = request.authorization
    if by_secret and stated is not None and stated.type == "basic":
        try:
            credential = prove_by_secret(
                session, stated.username or "", stated.password or "", now=now
            )
        except ClientRefusedError as error:
            raise TokenRefusedError from error
        return client_proved(session, credential)
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
