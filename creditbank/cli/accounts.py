"""Commands on accounts, for operators: the first officials, lost passwords, blocking, a list."""

from dataclasses import dataclass

import click
from sqlalchemy.orm import Session

from creditbank.accounts.accounts import (
    AccountDraft,
    AccountState,
    change_state,
    make_account,
    named_account,
    read_sign_in_name,
)
from creditbank.accounts.desk_codes import IssuedCode, issue_unchecked
from creditbank.accounts.listing import ListedAccount, every_account
from creditbank.accounts.models import Account
from creditbank.accounts.seats import SeatDraft, make_seat
from creditbank.cli.console import Desk, WordOf, actor_option, pass_desk
from creditbank.clock import instant_text, utc_now
from creditbank.db import snapshot, unit_of_work
from creditbank.house import current_house
from creditbank.registry.clients import SCOPES_OF, Client, Role
from creditbank.registry.organisations import organisation_by_uscc

#: The region of what operators do to accounts.
_REGION = "cn"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A seat as the options say it."""

    role: Role
    jurisdiction: str
    uscc: str | None
    manages: bool

    def draft(self, session: Session) -> SeatDraft:
        organisation_id = None
        if self.uscc:
            organisation_id = organisation_by_uscc(session, self.uscc).organisation_id
        return SeatDraft(self.role, self.jurisdiction, organisation_id, self.manages)


def _seat_options(command: click.decorators.FC) -> click.decorators.FC:
    for option in (
        click.option("--manages", is_flag=True, help="单位管理员。 Manages the organisation."),
        click.option("--uscc", help="所属单位的统一社会信用代码。 Code of its organisation."),
        click.option("--jurisdiction", required=True, help="辖区，如 cn-3710。 Region."),
        click.option("--role", type=WordOf(Role), required=True),
    ):
        command = option(command)
    return command


@click.group(help="登录账号。 Accounts of people.")
def account() -> None:
    """Commands on accounts."""


@account.command("make", help="开设账号，给出一次性码。 Make one; prints a one-time code.")
@click.argument("sign_in_name")
@_seat_options
@actor_option
@pass_desk
def account_make(
    desk: Desk,
    sign_in_name: str,
    *,
    role: Role,
    jurisdiction: str,
    uscc: str | None,
    manages: bool,
    actor: str,
) -> None:
    """Make an account with a seat; its owner sets the password by the code."""
    wanted = _Wanted(role, jurisdiction, uscc, manages)
    draft = AccountDraft(sign_in_name=read_sign_in_name(sign_in_name))
    with desk.bank(), unit_of_work() as session:
        made = make_account(session, draft, actor=actor, jurisdiction=_REGION, now=utc_now())
        make_seat(session, made, wanted.draft(session), actor=actor, now=utc_now())
        issued = _issued(session, made, actor, resets=False)
    desk.say("cli-account-made", sign_in_name=made.sign_in_name or "", number=made.account_no)
    _say_code(desk, issued)


@account.command("seat", help="为账号增设席位。 Give an account one more seat.")
@click.argument("sign_in_name")
@_seat_options
@actor_option
@pass_desk
def account_seat(
    desk: Desk,
    sign_in_name: str,
    *,
    role: Role,
    jurisdiction: str,
    uscc: str | None,
    manages: bool,
    actor: str,
) -> None:
    """Give an account one more seat."""
    wanted = _Wanted(role, jurisdiction, uscc, manages)
    with desk.bank(), unit_of_work() as session:
        found = named_account(session, sign_in_name)
        made = make_seat(session, found, wanted.draft(session), actor=actor, now=utc_now())
    desk.say("cli-account-seat", number=found.account_no, seat=made.seat_no)


@account.command("recover", help="给出恢复用的一次性码。 Print a one-time code for recovery.")
@click.argument("sign_in_name")
@click.option(
    "--reset-second-factor", is_flag=True, help="同时重置二次验证。 Its second factor too."
)
@actor_option
@pass_desk
def account_recover(
    desk: Desk, sign_in_name: str, actor: str, *, reset_second_factor: bool
) -> None:
    """Issue a code by which the owner sets another password."""
    with desk.bank(), unit_of_work() as session:
        found = named_account(session, sign_in_name)
        issued = _issued(session, found, actor, resets=reset_second_factor)
    _say_code(desk, issued)


def _state_command(name: str, state: AccountState, help_: str) -> None:
    @account.command(name, help=help_)
    @click.argument("sign_in_name")
    @click.option("--reason", default="", help="理由，记入操作记录。 Kept in the record of acts.")
    @actor_option
    @pass_desk
    def change(desk: Desk, sign_in_name: str, reason: str, actor: str) -> None:
        """Change an account's state; blocking and closing end its sessions at once."""
        with desk.bank(), unit_of_work() as session:
            found = named_account(session, sign_in_name)
            change_state(
                session, found, state,
                actor=actor, jurisdiction=_REGION, reason=reason, now=utc_now(),
            )  # fmt: skip
        desk.say(f"cli-account-{state}", number=found.account_no)


_state_command("block", AccountState.BLOCKED, "停用账号，立即下线。 Block; ends its sessions.")
_state_command("unblock", AccountState.ACTIVE, "恢复使用。 Unblock.")
_state_command("close", AccountState.CLOSED, "注销账号，不可恢复。 Close for good.")


@account.command("list", help="列出账号与席位。 List accounts and their seats.")
@pass_desk
def account_list(desk: Desk) -> None:
    """List the newest accounts; professionals by number only."""
    with desk.bank(), snapshot() as session:
        found = every_account(session)
    headers = [
        "cli-column-number", "cli-column-sign-in-name", "cli-column-state",
        "cli-column-second-factor", "cli-column-account-seats",
    ]  # fmt: skip
    desk.table(headers, [_row(desk, each) for each in found])


def _row(desk: Desk, listed: ListedAccount) -> list[str]:
    seats = "  ".join(
        f"{seat.role}@{seat.jurisdiction}{'*' if seat.manages else ''}" for seat in listed.seats
    )
    factor = desk.text("cli-key-in-use") if listed.has_second_factor else ""
    state = desk.text(f"account-state-{listed.state}")
    return [listed.account_no, listed.sign_in_name, state, factor, seats]


def _issued(session: Session, whose: Account, actor: str, *, resets: bool) -> IssuedCode:
    operator = Client(
        actor, Role.ADMINISTRATOR, SCOPES_OF[Role.ADMINISTRATOR], _REGION, organisation_id=None
    )
    house = current_house()
    return issue_unchecked(
        session, house.vault, whose, operator, house.settings,
        resets_second_factor=resets, now=utc_now(),
    )  # fmt: skip


def _say_code(desk: Desk, issued: IssuedCode) -> None:
    until = instant_text(issued.expires_at)[:16].replace("T", " ")
    desk.say("cli-account-code", one_time_code=issued.code, until=until)
