"""People at the doors of a bank, each in a browser of their own; the pages read the clock."""

from datetime import timedelta

import pyotp

from creditbank.accounts.desk_codes import issue_activation
from creditbank.accounts.seats import SeatDraft
from creditbank.accounts.sign_in import Login
from creditbank.clock import utc_now
from creditbank.people.register import Identity
from creditbank.registry.clients import Role
from tests.accounts.lobby import OFFICIAL, PASSWORD, Lobby
from tests.bank import invented_person
from tests.web.browser import Browser

STRICT = (Role.OFFICIAL, Role.AUDITOR, Role.ADMINISTRATOR)


class Visitors:
    """Makes accounts and signs their owners in."""

    def __init__(self, lobby: Lobby) -> None:
        self.lobby, self.bank = lobby, lobby.bank
        self._title_system = 0

    def seat(self, role: Role, *, manages: bool = False, region: str = "cn-3710") -> SeatDraft:
        """Return a seat of a role, in the test enterprise where it is an organisation's."""
        if role in (Role.PROVIDER, Role.EMPLOYER):
            return SeatDraft(role, region, self.lobby.enterprise, manages)
        if role is Role.TITLE_SYSTEM:
            self._title_system = self._title_system or self.lobby.title_system()
            return SeatDraft(role, region, self._title_system, manages)
        return SeatDraft(role, region)

    def staff(self, name: str, *seats: SeatDraft) -> str:
        """Make an account; return its number."""
        return self.lobby.staff(name, *seats, now=utc_now())

    def professional(self, number: int = 91) -> Identity:
        """Give an invented person an account."""
        person = invented_person(number)
        now = utc_now()
        with self.bank.unit() as session:
            vault, settings = self.lobby.vault, self.lobby.settings
            issued = issue_activation(session, vault, person, OFFICIAL, settings, now=now)
        done = self.lobby.use_code(Login(document=person.document), issued.code, now=now)
        assert isinstance(done, str), done
        return person

    def signed_in(self, name: str, *, factor: bool = False) -> Browser:
        """Sign somebody in by name; with the second factor set up anew where it is wanted."""
        browser = Browser(self.bank)
        sign_in(browser, name)
        if factor:
            enrol(browser)
        return browser

    def seated(self, role: Role, *, manages: bool = False, name: str = "") -> Browser:
        """Make somebody with one seat and sign them in."""
        chosen = name or role.value.replace("_", "-") + ("-manager" if manages else "")
        if role is Role.PROFESSIONAL:
            browser = Browser(self.bank)
            person = self.professional()
            return sign_in(browser, person.document.number, "resident_id")
        self.staff(chosen, self.seat(role, manages=manages))
        return self.signed_in(chosen, factor=role in STRICT)


def sign_in(browser: Browser, login: str, kind: str = "name", password: str = PASSWORD) -> Browser:
    """Fill in the sign-in page."""
    browser.get("/sign-in")
    return browser.send("/sign-in", login_kind=kind, login=login, password=password)


def enrol(browser: Browser) -> str:
    """Set the second factor up on the page for it; return the secret."""
    browser.get("/account/second-factor").send("/account/second-factor")
    secret = browser.text.split('class="code secret" translate="no">')[1].split("<")[0]
    secret = secret.replace(" ", "")
    browser.send("/account/second-factor/confirmation", code=pyotp.TOTP(secret).at(utc_now()))
    assert browser.status == 200, browser.text
    return secret


def later_code(secret: str) -> str:
    """Return a code that has not been used yet: that of the next half minute."""
    return pyotp.TOTP(secret).at(utc_now() + timedelta(seconds=30))
