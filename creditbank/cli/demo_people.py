"""Who signs in to the demo: an invented account for each seat, with a password that is printed.

The accounts are marked as invented and open in a demo bank only. Officials have a second factor
from the start; its key and recovery codes are printed too, for those without a phone at hand.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pyotp
from sqlalchemy.orm import Session

from creditbank.accounts.accounts import AccountDraft, account_by_name, make_account
from creditbank.accounts.audit import Visitor
from creditbank.accounts.factors import (
    confirm_second_factor,
    draft_second_factor,
    drafted_secret,
    reset_second_factor,
)
from creditbank.accounts.models import Account
from creditbank.accounts.passwords import passwords_of
from creditbank.accounts.seats import STRICT_ROLES, SeatDraft, make_seat
from creditbank.accounts.sessions import end_sessions, open_session, signed_by
from creditbank.accounts.sign_in import set_password
from creditbank.accounts.spoken import draw_code
from creditbank.cli.console import Desk, table
from creditbank.cli.demo_city import City
from creditbank.cli.demo_walk import Papers
from creditbank.clock import utc_now
from creditbank.db import unit_of_work
from creditbank.house import current_house
from creditbank.people.documents import DocumentKind, read_document
from creditbank.people.register import find_people
from creditbank.registry.bank import require_demo
from creditbank.registry.clients import Role
from creditbank.registry.organisations import organisation_by_uscc

_ACTOR = "demo"
_FILE = "accounts.json"
_PASSWORD_LENGTH = 12
#: Of the ten; who needs more makes new ones.
_CODES_SHOWN = 3
_Members = dict[str, Any]


def people_seated(city: City, papers: Papers) -> Sequence[_Members]:
    """Make the accounts of the demo, or find what was noted of them.

    Raises:
        DemoOnlyError: this is no demo bank.
    """
    path = papers.folder / _FILE
    if not path.exists():
        with unit_of_work() as session:
            require_demo(session)
            noted = [_seated(session, city, each) for each in city.seeds["account"]]
            # Written before the accounts stand: what stands without a note is made anew.
            papers.write(_FILE, json.dumps(noted, ensure_ascii=False, indent=1).encode("utf-8"))
    found: Sequence[_Members] = json.loads(path.read_bytes())
    return found


def lines_to_sign_in(desk: Desk, people: Sequence[_Members]) -> str:
    """Lay out where to sign in, as whom."""
    base = f"http://{desk.settings.listen_host}:{desk.settings.listen_port}"
    headers = ["cli-column-role", "cli-column-sign-in-name", "cli-column-password"]
    role_codes = {str(role): f"role-{role.replace('_', '-')}" for role in Role}
    rows = [
        [desk.text(role_codes[each["role"]]), each["sign_in_name"], each["password"]]
        for each in people
    ]
    lines = [desk.text("cli-demo-sign-in", address=f"{base}/"), ""]
    lines += [table([desk.text(header) for header in headers], rows), ""]
    for each in people:
        if each["key"]:
            lines.append(
                desk.text(
                    "cli-demo-second-factor", sign_in_name=each["sign_in_name"], key=each["key"],
                    codes=each["codes"][:_CODES_SHOWN],
                )
            )  # fmt: skip
    return "\n".join(lines)


def _seated(session: Session, city: City, seed: Mapping[str, Any]) -> _Members:
    """Make one account, or give one that stands without a note another password."""
    name, role = str(seed["sign_in_name"]), Role(seed["role"])
    password = draw_code(_PASSWORD_LENGTH).lower()
    password_hash = passwords_of(current_house().settings).hashed(password)
    account = account_by_name(session, name)
    if account is None:
        account = _made(session, city, seed, password_hash)
    set_password(session, account, password_hash, actor=_ACTOR, now=utc_now())
    key, codes = _second_factor(session, account) if role in STRICT_ROLES else ("", [])
    return {
        "sign_in_name": name, "role": str(role), "password": password, "key": key, "codes": codes,
    }  # fmt: skip


def _made(session: Session, city: City, seed: Mapping[str, Any], password_hash: str) -> Account:
    region, now = str(seed["jurisdiction"]), utc_now()
    organisation_id = person_id = None
    if "organisation" in seed:
        uscc = city.organisation(seed["organisation"])["uscc"]
        organisation_id = organisation_by_uscc(session, uscc).organisation_id
    if "person" in seed:
        person = city.person(seed["person"])
        document = read_document(DocumentKind(person.kind), person.number)
        person_id = find_people(session, current_house().vault, [document])[document]
    draft = AccountDraft(str(seed["sign_in_name"]), person_id, password_hash, demo=True)
    account = make_account(session, draft, actor=_ACTOR, jurisdiction=region, now=now)
    seat = SeatDraft(
        Role(seed["role"]), region, organisation_id, manages=bool(seed.get("manages", False))
    )
    make_seat(session, account, seat, actor=_ACTOR, now=now)
    return account


def _second_factor(session: Session, account: Account) -> tuple[str, list[str]]:
    """Set the second factor up as its owner would, and leave again."""
    house, now = current_house(), utc_now()
    reset_second_factor(session, account.account_id, actor=_ACTOR, now=now)
    token = open_session(session, account, Visitor(b""), second_factor=False, now=now)
    signed = signed_by(session, token, house.settings, now=now)
    assert signed is not None, "the session has just been opened"
    draft_second_factor(session, house.vault, signed)
    key = drafted_secret(session, house.vault, signed)
    # With the code of the last half minute, so that the present one is still unused.
    code = pyotp.TOTP(key).at(now - timedelta(seconds=30))
    done = confirm_second_factor(session, house.vault, signed, code, now=now)
    assert isinstance(done, tuple), "the code is the key's own"
    end_sessions(session, account.account_id, now=now)
    return key, list(done[1])
