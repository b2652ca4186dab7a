"""Access tokens: random, short-lived, kept as a hash, good while their client and credential are.

Each request looks its token up together with both, so that whatever is revoked stops at once.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BindParameter, bindparam, delete, insert, or_, select
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from creditbank.errors import CreditBankError
from creditbank.readymade import ReadyMade
from creditbank.registry.assertions import read_assertion, signer_of, use_assertion
from creditbank.registry.bank import the_bank
from creditbank.registry.clients import Client, Role, Scope
from creditbank.registry.credentials import hashed, live_public_keys, live_secret, touch
from creditbank.registry.models import (
    AccessToken,
    ApiClient,
    ClientAssertion,
    ClientCredential,
    Organisation,
)
from creditbank.registry.successions import ending_of

_PREFIX = "cbt_"
_TOKEN_BYTES = 32
#: Only what could be an id is looked up: what a stranger claims may hold anything.
_CLIENT_ID = re.compile(r"[a-z_]{1,20}-[0-9a-z]{8}", re.ASCII)

_NOW: BindParameter[datetime] = bindparam("now", type_=AccessToken.expires_at.type)
#: Whose a token is that holds now, by its hash.
_BEARER = ReadyMade(
    select(
        ApiClient.client_id, ApiClient.role, ApiClient.jurisdiction, ApiClient.organisation_id,
        ApiClient.demo, AccessToken.scopes, Organisation.ended_on,
    )
    .join(ClientCredential, ClientCredential.client_id == ApiClient.client_id)
    .join(AccessToken, AccessToken.credential_no == ClientCredential.credential_no)
    .outerjoin(Organisation, Organisation.organisation_id == ApiClient.organisation_id)
    .where(AccessToken.token_hash == bindparam("token_hash"), AccessToken.expires_at > _NOW)
    .where(ApiClient.revoked_at.is_(None), ClientCredential.revoked_at.is_(None))
    .where(or_(ClientCredential.expires_at.is_(None), ClientCredential.expires_at > _NOW))
)  # fmt: skip


class ClientRefusedError(CreditBankError):
    """No client proved itself: unknown, revoked, or the secret is not its own (any more)."""

    code = "client-refused"
    status = 401


class TokenRefusedError(CreditBankError):
    """No token, or one that is unknown, too old, or whose client or credential was revoked."""

    code = "token-refused"
    status = 401


class OrganisationEndedError(CreditBankError):
    """The client's organisation is closed, merged or split up: its keys are good for nothing."""

    code = "organisation-ended"
    status = 403


class ScopeExceededError(CreditBankError):
    """More was asked for than the client has."""

    code = "scope-exceeded"
    status = 400


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token as it is given out, once."""

    token: str
    scopes: frozenset[Scope]
    lifetime_seconds: int


def prove_by_secret(
    session: Session, client_id: str, secret: str, *, now: datetime
) -> ClientCredential:
    """Return the credential that a secret is.

    Raises:
        ClientRefusedError: it is none that holds.
    """
    _standing_client(session, client_id)
    held = live_secret(session, client_id, secret, now=now)
    if held is None:
        raise ClientRefusedError
    return held


def prove_by_assertion(
    session: Session, assertion: str, audiences: Sequence[str], client_id: str, *, now: datetime
) -> ClientCredential:
    """Return the credential under which an assertion was signed, and use the assertion up.

    Args:
        session: of a writing transaction, that of the token.
        assertion: the JWT.
        audiences: the names of this bank, one of which it must be made out to.
        client_id: as sent beside it; empty if it was not.
        now: the present instant.

    Raises:
        AssertionRefusedError: it is not as wanted.
        ClientRefusedError: it names no client that stands, or another than was sent beside it.
    """
    taken = read_assertion(assertion)
    if client_id and client_id != taken.client_id:
        raise ClientRefusedError
    _standing_client(session, taken.client_id)
    held = signer_of(taken, live_public_keys(session, taken.client_id, now=now))
    use_assertion(session, taken, audiences, now=now)
    return held


def issue_token(
    session: Session,
    credential: ClientCredential,
    wanted: frozenset[str] = frozenset(),
    *,
    lifetime_seconds: int,
    now: datetime,
) -> IssuedToken:
    """Give out a token; no wanted scopes means all that the client has.

    Raises:
        OrganisationEndedError: the client's organisation is no more.
        ScopeExceededError: naming what the client does not have.
    """
    row = session.get_one(ApiClient, credential.client_id)
    _refuse_ended(session, row.organisation_id)
    held = frozenset(row.scopes.split())
    if not wanted <= held:
        raise ScopeExceededError(found=sorted(wanted - held)[:20], wanted=sorted(held))
    ends_at = now + timedelta(seconds=lifetime_seconds)
    if credential.expires_at is not None:
        ends_at = min(ends_at, credential.expires_at)
    token = _PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)
    scopes = wanted or held
    made = {
        "token_hash": hashed(token), "credential_no": credential.credential_no,
        "scopes": " ".join(sorted(scopes)), "expires_at": ends_at,
    }  # fmt: skip
    session.execute(insert(AccessToken), [made])
    touch(session, credential.credential_no, now=now)
    seconds = int((ends_at - now).total_seconds())
    return IssuedToken(token, frozenset(map(Scope, scopes)), seconds)


def client_of_token(session: Session, token: str, *, now: datetime) -> Client:
    """Tell whose token this is, and what it may do.

    Raises:
        TokenRefusedError: nobody's; or it, its credential or its client holds no more; or it is a
            demo client's at a production bank.
        OrganisationEndedError: its organisation is no more.
    """
    found = _BEARER.rows(session, token_hash=hashed(token), now=now)
    if not found:
        raise TokenRefusedError
    [(client_id, role, jurisdiction, organisation_id, demo, scopes, ended_on)] = found
    if demo and the_bank(session).mode != "demo":
        raise TokenRefusedError
    if ended_on is not None:
        _refuse_ended(session, organisation_id)
    return _client(client_id, role, scopes, jurisdiction, organisation_id)


def client_proved(session: Session, credential: ClientCredential) -> Client:
    """Return the client that proved itself, with all that it may do.

    Raises:
        OrganisationEndedError: its organisation is no more.
    """
    row = session.get_one(ApiClient, credential.client_id)
    _refuse_ended(session, row.organisation_id)
    return _client(row.client_id, row.role, row.scopes, row.jurisdiction, row.organisation_id)


def forget_tokens(session: Session, *, before: datetime) -> int:
    """Delete tokens and assertions whose time was over at an instant; return how many."""
    gone = 0
    for table in (AccessToken, ClientAssertion):
        done = session.execute(delete(table).where(table.expires_at < before))
        assert isinstance(done, CursorResult)
        gone += done.rowcount
    return gone


def _client(
    client_id: str, role: str, scopes: str, jurisdiction: str, organisation_id: int | None
) -> Client:
    held = frozenset(map(Scope, scopes.split()))
    return Client(client_id, Role(role), held, jurisdiction, organisation_id)


def _refuse_ended(session: Session, organisation_id: int | None) -> None:
    ending = None if organisation_id is None else ending_of(session, organisation_id)
    if ending is None:
        return
    heirs = [
        session.get_one(Organisation, each) for each in {part.successor_id for part in ending.parts}
    ]
    raise OrganisationEndedError(
        name=session.get_one(Organisation, ending.organisation_id).name,
        day=ending.day.isoformat(), how_words=f"succession-{ending.how}",
        document_no=ending.ground.document_no,
        successors=sorted(f"{each.name} {each.uscc}" for each in heirs) or ["—"],
    )  # fmt: skip


def _standing_client(session: Session, client_id: str) -> None:
    row = session.get(ApiClient, client_id) if _CLIENT_ID.fullmatch(client_id) else None
    if row is None or row.revoked_at is not None:
        raise ClientRefusedError
    if row.demo and the_bank(session).mode != "demo":
        raise ClientRefusedError
