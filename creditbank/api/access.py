"""Who is asking: the key in the Authorization header, its scope, and whose records it sees."""

import re

from flask import request
from sqlalchemy.orm import Session

from creditbank.registry.clients import (
    Client,
    KeyRefusedError,
    Role,
    Scope,
    ScopeMissingError,
    client_of_key,
)

#: Only what could be a key is looked up: a header may hold anything.
_BEARER = re.compile(r"Bearer (cbk\.[a-z_]{1,20}-[0-9a-z]{8}\.[A-Za-z0-9_-]{20,80})", re.IGNORECASE)
#: Belongs to no organisation, so that a client without one sees nothing rather than everything.
_NO_ORGANISATION = 0


def client_with(session: Session, scope: Scope) -> Client:
    """Return the client that the request names, if it may do this.

    Raises:
        KeyRefusedError: no key, or none that holds.
        ScopeMissingError: the client has not this scope.
    """
    match = _BEARER.fullmatch(request.headers.get("Authorization", ""))
    if match is None:
        raise KeyRefusedError
    client = client_of_key(session, match[1])
    if scope not in client.scopes:
        raise ScopeMissingError(wanted=str(scope))
    return client


def organisation_seen(client: Client) -> int | None:
    """Return the organisation whose records alone a client sees; None for officials."""
    if client.role in (Role.PROVIDER, Role.TITLE_SYSTEM):
        return client.organisation_id or _NO_ORGANISATION
    return None
