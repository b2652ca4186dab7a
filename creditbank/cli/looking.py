"""What an operator's command shows of somebody, kept for that somebody before it is shown."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click
from sqlalchemy.orm import Session

from creditbank.answering import looked
from creditbank.clock import utc_now
from creditbank.house import current_house
from creditbank.people.register import Identity, find_person
from creditbank.registry.clients import Client, Role
from creditbank.schemas.people import LINK_CASE_CHARACTERS_MAX, LOOK_PURPOSE_CHARACTERS_MAX
from creditbank.verification.desk_looks import OPERATOR, LookDraft, Shown

_Command = TypeVar("_Command", bound=Callable[..., Any])


def purpose_options(command: _Command) -> _Command:
    """Add what somebody is looked up for, and by which file; the person reads both."""
    purpose = click.option(
        "--purpose", default="", callback=_within(LOOK_PURPOSE_CHARACTERS_MAX),
        help="用途，本人可见。 What for; the person reads it.",
    )  # fmt: skip
    case_no = click.option(
        "--case-no", default="", callback=_within(LINK_CASE_CHARACTERS_MAX),
        help="案卷号，本人可见。 By which file of the office.",
    )  # fmt: skip
    added: _Command = purpose(case_no(command))
    return added


def why_of(stated: dict[str, str | None]) -> dict[str, str]:
    """Take out of a command's options what `purpose_options` were given."""
    return {name: stated.pop(name) or "" for name in ("purpose", "case_no")}


def operator_shows(people: Iterable[int], draft: LookDraft) -> None:
    """Keep that whoever sits at the bank's own machine is about to be shown something of people."""
    operator = Client(OPERATOR, Role.OFFICIAL, frozenset(), "cn", None)
    looked(people, draft, operator, now=utc_now())


def operator_shows_of(
    session: Session, identity: Identity, shown: Shown, why: dict[str, str]
) -> None:
    """Keep it of one person, with what `purpose_options` were given.

    Raises:
        PersonUnknownError: there is nothing of theirs to be shown.
    """
    person_id = find_person(session, current_house().vault, identity)
    operator_shows([person_id], LookDraft(shown, why["case_no"].strip(), why["purpose"].strip()))


def _within(characters_max: int) -> Callable[[click.Context, click.Parameter, str], str]:
    def checked(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
        if len(value) > characters_max or not value.isprintable():
            raise click.BadParameter(f"<= {characters_max}")
        return value

    return checked
