"""Sign-in by an identity provider: a real one on loopback, and one that lies."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from sqlalchemy import text

from creditbank.accounts.accounts import AccountState
from creditbank.accounts.identity import (
    IdentityProviderError,
    IdentityRefusedError,
    OpenIdProvider,
    Vouched,
)
from creditbank.accounts.sign_in import AccountBlockedError, Login
from creditbank.accounts.vouching import (
    IdentityTakenError,
    IdentityUnlinkedError,
    link_identity,
    sign_in_vouched,
)
from creditbank.clock import utc_now
from creditbank.config import Settings
from creditbank.people.register import IdentityMismatchError, PersonUnknownError
from creditbank.registry.bank import DemoOnlyError
from creditbank.registry.clients import Role
from tests.accounts.liar import CLIENT_ID, Liar, running_liar
from tests.accounts.lobby import Lobby
from tests.accounts.provider import running_provider
from tests.acts import key_of
from tests.bank import NOW, attendance, invented_person

PERSON = invented_person(81)
RETURN = "https://bank.example/sign-in/identity/return"
BROWSER, OTHER_BROWSER = "the cookie of one browser", "the cookie of another"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with running_provider() as found:
        yield found


@pytest.fixture(scope="module")
def careless_issuer() -> Iterator[str]:
    with running_provider(careless=True) as found:
        yield found


def settings_for(issuer: str, **changed: str) -> Settings:
    chosen = {"oidc_issuer": issuer, "oidc_client_id": CLIENT_ID, "oidc_client_secret": "s&c ret"}
    return Settings(**{**chosen, "oidc_number_claim": "id_number", **changed})  # type: ignore[arg-type]


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any, **_named: Any) -> None:
        """Follow nothing."""


def send(address: str, body: bytes | None = None, method: str = "") -> str:
    """Send a request; return where the answer leads."""
    request = urllib.request.Request(address, body, method=method or None)
    if method == "PUT":
        request.add_header("Content-Type", "application/json")
    opener = urllib.request.build_opener(_Stay)
    try:
        with opener.open(request, timeout=60) as answer:
            return str(answer.headers["Location"])
    except urllib.error.HTTPError as answer:
        with answer:
            return str(answer.headers["Location"])


def user(issuer: str, subject: str, **claims: str) -> None:
    send(f"{issuer}/users/{subject}", json.dumps(claims).encode(), "PUT")


def came_back(departure: str, subject: str) -> dict[str, str]:
    return came_back_to(RETURN, departure, subject)


def came_back_to(address: str, departure: str, subject: str) -> dict[str, str]:
    """Sign in at the provider as a browser would; return the query that leads back."""
    location = send(departure, urlencode({"sub": subject, "action": "authorize"}).encode())
    assert location.startswith(f"{address}?")
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def vouched_by(provider: OpenIdProvider, subject: str, browser: str = BROWSER) -> Vouched:
    now = utc_now()
    query = came_back(provider.departure(browser, RETURN, now=now), subject)
    return provider.arrival(browser, RETURN, query, now=now)


def on_record(lobby: Lobby) -> None:
    lobby.bank.post(lobby.bank.approved_filing(), attendance([PERSON]))


def entered(lobby: Lobby, vouched: Vouched) -> str:
    with lobby.bank.unit() as session:
        return sign_in_vouched(session, lobby.vault, vouched, lobby.visitor(), now=NOW)


def test_whoever_the_provider_vouches_for_by_number_has_an_account_at_once(
    lobby: Lobby, issuer: str
) -> None:
    on_record(lobby)
    user(issuer, "lin", name=PERSON.name, id_number=PERSON.document.number)
    provider = OpenIdProvider(settings_for(issuer))

    first = lobby.must_sign(entered(lobby, vouched_by(provider, "lin")))
    again = lobby.must_sign(entered(lobby, vouched_by(provider, "lin")))

    assert first.client.role is Role.PROFESSIONAL
    assert first.person_id == key_of(lobby.bank, PERSON)
    assert again.account_no == first.account_no


def test_an_account_that_was_activated_before_is_the_one_that_opens(
    lobby: Lobby, issuer: str
) -> None:
    before = lobby.must_sign(lobby.activated(PERSON))
    user(issuer, "lin", name=PERSON.name, id_number=PERSON.document.number)

    after = lobby.must_sign(entered(lobby, vouched_by(OpenIdProvider(settings_for(issuer)), "lin")))

    assert after.account_no == before.account_no


def test_a_number_of_whom_the_bank_knows_nothing_opens_nothing(lobby: Lobby, issuer: str) -> None:
    user(issuer, "lin", name=PERSON.name, id_number=PERSON.document.number)
    vouched = vouched_by(OpenIdProvider(settings_for(issuer)), "lin")

    with pytest.raises(PersonUnknownError):
        entered(lobby, vouched)
    on_record(lobby)
    with pytest.raises(IdentityMismatchError):
        entered(lobby, replace(vouched, name="别人"))
    with lobby.bank.unit() as session:
        session.execute(text("UPDATE bank SET mode = 'production'"))
    with pytest.raises(DemoOnlyError):
        entered(lobby, vouched)


def test_without_a_number_the_owner_links_the_identity_first(lobby: Lobby, issuer: str) -> None:
    account_no = lobby.provider()
    user(issuer, "wang", name="王某")
    vouched = vouched_by(OpenIdProvider(settings_for(issuer)), "wang")
    with pytest.raises(IdentityUnlinkedError):
        entered(lobby, vouched)

    signed = lobby.must_sign(lobby.entered("provider"))
    for _ in range(2):
        with lobby.bank.unit() as session:
            link_identity(session, lobby.vault, vouched, signed, now=NOW)

    assert lobby.must_sign(entered(lobby, vouched)).account_no == account_no
    with lobby.bank.reading() as session:
        stored = str(session.execute(text("SELECT * FROM account_identity")).all())
    assert "wang" not in stored


def test_an_identity_opens_one_account(lobby: Lobby, issuer: str) -> None:
    lobby.provider()
    lobby.provider("second")
    vouched = vouched_by(OpenIdProvider(settings_for(issuer)), "zhao")
    signed = lobby.must_sign(lobby.entered("provider"))
    with lobby.bank.unit() as session:
        link_identity(session, lobby.vault, vouched, signed, now=NOW)
    second = lobby.must_sign(lobby.entered("second"))

    with lobby.bank.unit() as session, pytest.raises(IdentityTakenError):
        link_identity(session, lobby.vault, vouched, second, now=NOW)


def test_a_blocked_account_opens_by_no_identity_either(lobby: Lobby) -> None:
    account_no = lobby.must_sign(lobby.activated(PERSON)).account_no
    lobby.set_state(account_no, AccountState.BLOCKED)
    vouched = Vouched("https://id.example", "lin", PERSON.name, PERSON.document)

    with pytest.raises(AccountBlockedError):
        entered(lobby, vouched)


def test_who_came_in_by_an_identity_has_no_password_until_one_is_set(lobby: Lobby) -> None:
    on_record(lobby)
    entered(lobby, Vouched("https://id.example", "lin", PERSON.name, PERSON.document))

    assert not isinstance(lobby.sign_in(Login(document=PERSON.document), ""), str)


def test_what_is_vouched_for_is_not_printed() -> None:
    vouched = Vouched("https://id.example", "lin-subject", PERSON.name, PERSON.document)

    assert PERSON.name not in repr(vouched)
    assert PERSON.document.number not in repr(vouched)
    assert "lin-subject" not in repr(vouched)


def test_what_one_browser_began_another_does_not_end(issuer: str) -> None:
    provider, now = OpenIdProvider(settings_for(issuer)), utc_now()
    query = came_back(provider.departure(BROWSER, RETURN, now=now), "lin")

    with pytest.raises(IdentityRefusedError):
        provider.arrival(OTHER_BROWSER, RETURN, query, now=now)


def test_anothers_code_in_ones_own_state_fails_at_the_verifier(issuer: str) -> None:
    provider, now = OpenIdProvider(settings_for(issuer)), utc_now()
    mine = came_back(provider.departure(BROWSER, RETURN, now=now), "victim")
    theirs = came_back(provider.departure(OTHER_BROWSER, RETURN, now=now), "attacker")

    with pytest.raises(IdentityProviderError) as refused:
        provider.arrival(BROWSER, RETURN, {**mine, "code": theirs["code"]}, now=now)
    assert refused.value.facts == {"step": "request"}


def test_where_the_provider_forgets_the_verifier_the_nonce_still_holds(
    careless_issuer: str,
) -> None:
    provider, now = OpenIdProvider(settings_for(careless_issuer)), utc_now()
    mine = came_back(provider.departure(BROWSER, RETURN, now=now), "victim")
    theirs = came_back(provider.departure(OTHER_BROWSER, RETURN, now=now), "attacker")

    with pytest.raises(IdentityRefusedError):
        provider.arrival(BROWSER, RETURN, {**mine, "code": theirs["code"]}, now=now)


def test_whoever_stays_away_too_long_begins_again(issuer: str) -> None:
    provider, now = OpenIdProvider(settings_for(issuer)), utc_now()
    query = came_back(provider.departure(BROWSER, RETURN, now=now), "lin")

    with pytest.raises(IdentityRefusedError):
        provider.arrival(BROWSER, RETURN, query, now=now + timedelta(minutes=10, seconds=1))
    assert provider.arrival(BROWSER, RETURN, query, now=now + timedelta(minutes=9)).subject == "lin"


def test_a_code_is_used_once(issuer: str) -> None:
    provider, now = OpenIdProvider(settings_for(issuer)), utc_now()
    query = came_back(provider.departure(BROWSER, RETURN, now=now), "lin")
    provider.arrival(BROWSER, RETURN, query, now=now)

    with pytest.raises(IdentityProviderError):
        provider.arrival(BROWSER, RETURN, query, now=now)


def test_whoever_says_no_at_the_provider_is_not_signed_in(issuer: str) -> None:
    provider, now = OpenIdProvider(settings_for(issuer)), utc_now()
    departure = provider.departure(BROWSER, RETURN, now=now)
    state = parse_qs(urlsplit(departure).query)["state"][0]

    for query in ({"error": "access_denied", "state": state}, {"state": state}, {}, {"code": "x"}):
        with pytest.raises(IdentityRefusedError):
            provider.arrival(BROWSER, RETURN, query, now=now)


def test_each_departure_has_a_state_nonce_and_challenge_of_its_own(issuer: str) -> None:
    provider, now = OpenIdProvider(settings_for(issuer)), utc_now()

    one, other = (
        parse_qs(urlsplit(provider.departure(BROWSER, RETURN, now=now)).query) for _ in range(2)
    )

    for name in ("state", "nonce", "code_challenge"):
        assert one[name] != other[name]
        assert len(one[name][0]) >= 43
    assert one["code_challenge_method"] == ["S256"]


@pytest.mark.parametrize(
    ("issuer_", "step"),
    [
        ("http://id.example", "address"), ("ftp://127.0.0.1/x", "address"),
        ("http://127.0.0.1:1", "request"), ("https://127.0.0.1:1", "request"),
    ],
)  # fmt: skip
def test_a_provider_that_cannot_be_asked_safely_is_not_asked(issuer_: str, step: str) -> None:
    with pytest.raises(IdentityProviderError) as refused:
        OpenIdProvider(settings_for(issuer_)).departure(BROWSER, RETURN, now=NOW)

    assert refused.value.facts == {"step": step}


@pytest.fixture
def liar() -> Iterator[Liar]:
    with running_liar() as found:
        yield found


def arrival_at(liar: Liar) -> Vouched:
    provider = OpenIdProvider(settings_for(liar.issuer, oidc_number_claim=""))
    query = parse_qs(urlsplit(provider.departure(BROWSER, RETURN, now=NOW)).query)
    liar.nonce = query["nonce"][0]
    return provider.arrival(BROWSER, RETURN, {"state": query["state"][0], "code": "x"}, now=NOW)


def test_a_liar_who_tells_the_truth_is_believed(liar: Liar) -> None:
    vouched = arrival_at(liar)

    assert (vouched.subject, vouched.name, vouched.document) == ("somebody", "某人", None)


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "https://elsewhere.example"}, {"aud": "another"}, {"aud": ["another"]},
        {"aud": [CLIENT_ID, "another"], "azp": "another"}, {"exp": int(NOW.timestamp()) - 121},
        {"exp": "never"}, {"exp": None}, {"sub": 7}, {"sub": None},
    ],
)  # fmt: skip
def test_a_token_that_says_something_else_is_refused(liar: Liar, lie: dict[str, Any]) -> None:
    liar.claims = lambda claims: {
        name: value for name, value in (claims | lie).items() if value is not None
    }

    with pytest.raises(IdentityProviderError) as refused:
        arrival_at(liar)
    assert refused.value.facts == {"step": "claims"}


def test_a_token_for_another_visit_is_refused(liar: Liar) -> None:
    liar.claims = lambda claims: claims | {"nonce": "another"}

    with pytest.raises(IdentityRefusedError):
        arrival_at(liar)


@pytest.mark.parametrize("how", ["another", "public", "none", "nothing"])
def test_a_token_that_the_provider_did_not_sign_is_refused(liar: Liar, how: str) -> None:
    liar.signed = {
        "another": liar.signed_by_another,
        "public": liar.signed_with_the_public_key,
        "none": lambda claims: (
            "eyJhbGciOiJub25lIn0." + liar.well_signed(claims).split(".")[1] + "."
        ),
        "nothing": lambda _: "",
    }[how]

    with pytest.raises(IdentityProviderError) as refused:
        arrival_at(liar)
    assert refused.value.facts == {"step": "id_token"}


def test_a_discovery_document_of_another_issuer_is_refused(liar: Liar) -> None:
    liar.discovery = lambda said: said | {"issuer": "https://elsewhere.example"}
    with pytest.raises(IdentityProviderError, match="issuer"):
        arrival_at(liar)

    liar.discovery = lambda said: {"issuer": said["issuer"]}
    with pytest.raises(IdentityProviderError, match="authorization_endpoint"):
        arrival_at(liar)

    liar.discovery = lambda said: said | {"token_endpoint": "http://169.254.169.254/latest"}
    with pytest.raises(IdentityProviderError, match="address"):
        arrival_at(liar)

    liar.discovery = lambda _: ["no document"]
    with pytest.raises(IdentityProviderError, match="answer"):
        arrival_at(liar)
