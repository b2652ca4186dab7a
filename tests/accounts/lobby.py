"""The lobby of a bank: people with accounts and seats, who sign in as they would by a page."""

from datetime import datetime, timedelta
from typing import Any

import pyotp

from creditbank.accounts.accounts import (
    AccountDraft,
    AccountState,
    account_numbered,
    change_state,
    make_account,
)
from creditbank.accounts.audit import Event, Visitor, events_of, events_within, hashed_address
from creditbank.accounts.desk_codes import begin_code, end_code, issue_activation
from creditbank.accounts.factors import (
    confirm_second_factor,
    draft_second_factor,
    drafted_secret,
    give_second_factor,
)
from creditbank.accounts.models import Account
from creditbank.accounts.passwords import passwords_of
from creditbank.accounts.seats import SeatDraft, make_seat
from creditbank.accounts.sessions import Signed, signed_by
from creditbank.accounts.sign_in import Login, begin_sign_in, end_sign_in
from creditbank.errors import CreditBankError
from creditbank.people.register import Identity
from creditbank.registry.clients import SCOPES_OF, Client, Role
from creditbank.registry.organisations import (
    OrganisationDraft,
    OrganisationKind,
    register_organisation,
)
from tests.bank import NOW, TestBank

PASSWORD = "心平气和 rain on slate"
OTHER_PASSWORD = "hollow copper lantern 九"
ADDRESS = "192.0.2.7"
OTHER_ADDRESS = "198.51.100.20"
TITLE_USCC = "91371000MA3DEM0H24"
OPERATOR = "cli:test"


def client(role: Role, jurisdiction: str = "cn-3710", organisation_id: int | None = None) -> Client:
    """Return somebody who acts, without an account of their own."""
    return Client(f"account-{role.value}", role, SCOPES_OF[role], jurisdiction, organisation_id)


OFFICIAL = client(Role.OFFICIAL)
FAR_OFFICIAL = client(Role.OFFICIAL, "cn-33")
ADMINISTRATOR = client(Role.ADMINISTRATOR, "cn")


class Lobby:
    """A bank, and what happens before its doors."""

    def __init__(self, bank: TestBank) -> None:
        self.bank, self.vault = bank, bank.house.vault
        self.settings = bank.house.settings
        self.passwords = passwords_of(self.settings)
        self.enterprise = bank.enterprise().organisation_id

    def visitor(self, address: str = ADDRESS) -> Visitor:
        """Return somebody at an address."""
        return Visitor(hashed_address(self.vault, address), "Firefox · Linux")

    def staff(
        self, name: str, *seats: SeatDraft, password: str = PASSWORD, now: datetime = NOW
    ) -> str:
        """Make an account with a name, a password and seats; return its number."""
        with self.bank.unit() as session:
            draft = AccountDraft(sign_in_name=name, password_hash=self.passwords.hashed(password))
            account = make_account(session, draft, actor=OPERATOR, jurisdiction="cn", now=now)
            for seat in seats:
                make_seat(session, account, seat, actor=OPERATOR, now=now)
            return account.account_no

    def provider(self, name: str = "provider") -> str:
        """Make an account with a provider's seat; return its number."""
        return self.staff(name, SeatDraft(Role.PROVIDER, "cn-3710", self.enterprise))

    def official(self, name: str = "official") -> str:
        """Make an official's account; return its number."""
        return self.staff(name, SeatDraft(Role.OFFICIAL, "cn-3710"))

    def title_system(self) -> int:
        """Register a title system; return its id."""
        kind = OrganisationKind.TITLE_SYSTEM
        draft = OrganisationDraft(TITLE_USCC, "威海市职称评审系统", kind, "cn-3710")
        with self.bank.unit() as session:
            made = register_organisation(session, draft, actor="official-test", now=NOW)
            return made.organisation_id

    def activated(self, person: Identity, *, now: datetime = NOW) -> str:
        """Have a professional make an account by an official's code; return the token."""
        with self.bank.unit() as session:
            issued = issue_activation(session, self.vault, person, OFFICIAL, self.settings, now=now)
        token = self.use_code(Login(document=person.document), issued.code, now=now)
        assert isinstance(token, str), token
        return token

    def use_code(
        self, login: Login, code: str, password: str = PASSWORD, *, now: datetime = NOW
    ) -> str | CreditBankError:
        """Use a one-time code and set a password."""
        with self.bank.unit() as session:
            attempt = begin_code(session, self.vault, login, self.visitor(), now=now)
        if attempt.refused is not None:
            return attempt.refused
        new_hash = self.passwords.hashed(self.passwords.accepted(password, attempt.own))
        with self.bank.unit() as session:
            return end_code(session, self.vault, attempt, code, new_hash, now=now)

    def sign_in(
        self,
        login: str | Login,
        password: str = PASSWORD,
        *,
        address: str = ADDRESS,
        now: datetime = NOW,
    ) -> str | CreditBankError:
        """Try to sign in; return the token, or why not."""
        chosen = Login(name=login) if isinstance(login, str) else login
        with self.bank.unit() as session:
            attempt = begin_sign_in(session, self.vault, chosen, self.visitor(address), now=now)
        if attempt.refused is not None:
            return attempt.refused
        fits = self.passwords.fits(attempt.password_hash, password)
        with self.bank.unit() as session:
            return end_sign_in(session, attempt, fits=fits, rehashed=None, now=now)

    def entered(self, login: str | Login, *, now: datetime = NOW) -> str:
        """Sign in by the password; return the token."""
        token = self.sign_in(login, now=now)
        assert isinstance(token, str), token
        return token

    def signed(self, token: str, *, now: datetime = NOW) -> Signed | None:
        """Return who is signed in by a token."""
        with self.bank.reading() as session:
            return signed_by(session, token, self.settings, now=now)

    def must_sign(self, token: str, *, now: datetime = NOW) -> Signed:
        """Return who is signed in, having seen that somebody is."""
        found = self.signed(token, now=now)
        assert found is not None
        return found

    def enrolled(self, token: str, *, now: datetime = NOW) -> "Enrolled":
        """Set a second factor up in a session."""
        signed = self.must_sign(token, now=now)
        with self.bank.unit() as session:
            draft_second_factor(session, self.vault, signed)
        with self.bank.reading() as session:
            secret = drafted_secret(session, self.vault, signed)
        with self.bank.unit() as session:
            code = pyotp.TOTP(secret).at(now)
            done = confirm_second_factor(session, self.vault, signed, code, now=now)
        assert isinstance(done, tuple), done
        return Enrolled(done[0], secret, list(done[1]))

    def give(self, token: str, typed: str, *, now: datetime = NOW) -> str | CreditBankError:
        """Give a second factor in a session."""
        signed = self.must_sign(token, now=now)
        with self.bank.unit() as session:
            return give_second_factor(session, self.vault, signed, typed, self.visitor(), now=now)

    def account(self, account_no: str) -> Account:
        """Return an account's row as it stands."""
        with self.bank.unit() as session:
            return account_numbered(session, account_no)

    def set_state(self, account_no: str, state: AccountState, *, now: datetime = NOW) -> None:
        """Block, unblock or close an account."""
        with self.bank.unit() as session:
            change_state(
                session, account_numbered(session, account_no), state,
                actor=OFFICIAL.client_id, jurisdiction="cn-3710", reason="left", now=now,
            )  # fmt: skip

    def events(self, account_no: str = "") -> list[Event]:
        """Return the kinds of event, of one account or all, the oldest first."""
        whose = self.account(account_no).account_id if account_no else 0
        with self.bank.reading() as session:
            found = events_of(session, whose, 500) if whose else events_within(session, "cn", 500)
        return [each.kind for each in reversed(found)]


class Enrolled:
    """A session after a second factor was set up, and what its owner keeps."""

    def __init__(self, token: str, secret: str, codes: list[str]) -> None:
        self.token, self.secret, self.codes = token, secret, codes

    def code(self, now: datetime = NOW) -> str:
        """Return what the authenticator shows."""
        return pyotp.TOTP(self.secret).at(now)


def code_of(outcome: Any) -> str:
    """Return the code of a refusal."""
    assert isinstance(outcome, CreditBankError), outcome
    return outcome.code


def after(**passed: int) -> datetime:
    """Return an instant after the test's present."""
    return NOW + timedelta(**passed)
