"""Seats: who makes and closes which, what may be done from each, and what acts say of it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from creditbank.accounts.accounts import (
    AccountClosedError,
    AccountDraft,
    AccountState,
    AccountUnknownError,
    SignInNameInvalidError,
    SignInNameTakenError,
    make_account,
    named_account,
    read_sign_in_name,
)
from creditbank.accounts.seats import (
    ROLES_OF_KIND,
    STRICT_ROLES,
    SeatDraft,
    SeatTermError,
    SeatUnfitError,
    SeatUnknownError,
    close_seat,
    require_covers,
    require_may_make,
    seat_numbered,
)
from creditbank.ledger.models import Act
from creditbank.registry.clients import (
    OF_AN_ORGANISATION,
    SCOPES_OF,
    Client,
    ClientDraft,
    RegionForeignError,
    Role,
    RoleForPeopleError,
    Scope,
    ScopeMissingError,
    create_client,
)
from creditbank.registry.organisations import OrganisationKind
from tests.accounts.lobby import (
    ADMINISTRATOR,
    FAR_OFFICIAL,
    OFFICIAL,
    OPERATOR,
    Lobby,
    client,
)
from tests.bank import NOW


def manager(lobby: Lobby, name: str = "manager") -> Client:
    lobby.staff(name, SeatDraft(Role.PROVIDER, "cn-3710", lobby.enterprise, manages=True))
    return lobby.must_sign(lobby.entered(name)).client


def seat_no_of(lobby: Lobby, name: str) -> str:
    return lobby.must_sign(lobby.entered(name)).seats[0].seat_no


def test_an_administrator_makes_the_seats_of_the_bank_in_the_own_region() -> None:
    of_a_city = client(Role.ADMINISTRATOR, "cn-3710")

    for role in STRICT_ROLES:
        require_may_make(of_a_city, SeatDraft(role, "cn-3710"))
        with pytest.raises(RegionForeignError):
            require_may_make(of_a_city, SeatDraft(role, "cn-37"))
    for role in OF_AN_ORGANISATION:
        with pytest.raises(SeatUnfitError):
            require_may_make(ADMINISTRATOR, SeatDraft(role, "cn-3710", 1))
    with pytest.raises(SeatUnfitError):
        require_may_make(ADMINISTRATOR, SeatDraft(Role.PROFESSIONAL, "cn-3710"))


def test_a_manager_makes_the_seats_of_the_own_people_and_no_further_managers(lobby: Lobby) -> None:
    acting = manager(lobby)

    require_may_make(acting, SeatDraft(Role.EMPLOYER, "cn-3710", lobby.enterprise))
    for draft in (
        SeatDraft(Role.PROVIDER, "cn-3710", lobby.enterprise, manages=True),
        SeatDraft(Role.PROVIDER, "cn-3710", lobby.enterprise + 1),
        SeatDraft(Role.OFFICIAL, "cn-3710"),
    ):
        with pytest.raises(SeatUnfitError):
            require_may_make(acting, draft)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR}))
def test_other_seats_make_none(role: Role) -> None:
    with pytest.raises(ScopeMissingError):
        require_may_make(client(role), SeatDraft(Role.OFFICIAL, "cn-3710"))


@pytest.mark.parametrize("kind", OrganisationKind)
def test_every_kind_of_organisation_has_seats(kind: OrganisationKind) -> None:
    assert ROLES_OF_KIND[kind]
    assert ROLES_OF_KIND[kind] <= OF_AN_ORGANISATION


def test_a_seat_fits_its_organisation(lobby: Lobby) -> None:
    title_system = lobby.title_system()

    for draft in (
        SeatDraft(Role.TITLE_SYSTEM, "cn-3710", lobby.enterprise),
        SeatDraft(Role.PROVIDER, "cn-3710", title_system),
        SeatDraft(Role.PROVIDER, "cn-3710"),
        SeatDraft(Role.OFFICIAL, "cn-3710", lobby.enterprise),
    ):
        with pytest.raises(SeatUnfitError):
            lobby.staff(f"n{draft.role.value[:5]}{draft.organisation_id}", draft)


def test_a_seat_does_not_end_before_it_begins(lobby: Lobby) -> None:
    with pytest.raises(SeatTermError):
        lobby.staff(
            "late",
            SeatDraft(
                Role.OFFICIAL, "cn-3710",
                valid_from=NOW.date(), valid_through=NOW.date() - timedelta(days=1),
            ),
        )  # fmt: skip


def test_a_seat_opens_the_scopes_of_its_role_and_a_manager_has_three_more(lobby: Lobby) -> None:
    lobby.provider()
    plain = lobby.must_sign(lobby.entered("provider")).client

    assert plain.scopes == SCOPES_OF[Role.PROVIDER] - {Scope.DELEGATION_GIVE}
    assert manager(lobby).scopes - plain.scopes == {
        Scope.SEAT_MANAGE, Scope.ACCOUNT_RECOVER, Scope.DELEGATION_GIVE,
    }  # fmt: skip


def test_who_closes_a_seat_must_have_it_in_hand(lobby: Lobby) -> None:
    lobby.provider()
    acting = manager(lobby)
    own, managers = seat_no_of(lobby, "provider"), seat_no_of(lobby, "manager")
    with lobby.bank.unit() as session:
        for who in (acting, OFFICIAL, ADMINISTRATOR):
            require_covers(who, seat_numbered(session, own))
        require_covers(OFFICIAL, seat_numbered(session, managers))
        for who, seat_no in ((FAR_OFFICIAL, own), (acting, managers), (client(Role.AUDITOR), own)):
            with pytest.raises(RegionForeignError):
                require_covers(who, seat_numbered(session, seat_no))


def test_a_seat_is_closed_once(lobby: Lobby) -> None:
    lobby.provider()
    seat_no = seat_no_of(lobby, "provider")
    with lobby.bank.unit() as session:
        seat = seat_numbered(session, seat_no)
        close_seat(session, seat, actor=OPERATOR, reason="left", now=NOW)
        close_seat(session, seat, actor=OPERATOR, reason="again", now=NOW)

    with lobby.bank.unit() as session, pytest.raises(SeatUnknownError):
        seat_numbered(session, seat_no)
    with lobby.bank.reading() as session:
        reasons = session.scalars(select(Act.reason).where(Act.kind == "seat.closed")).all()
    assert reasons == ["left"]


def test_what_makes_and_unmakes_accounts_and_seats_stands_in_the_journal(lobby: Lobby) -> None:
    account_no = lobby.provider()
    lobby.set_state(account_no, AccountState.BLOCKED)
    lobby.set_state(account_no, AccountState.BLOCKED)
    lobby.set_state(account_no, AccountState.ACTIVE)
    lobby.set_state(account_no, AccountState.CLOSED)
    with pytest.raises(AccountClosedError):
        lobby.set_state(account_no, AccountState.ACTIVE)

    with lobby.bank.reading() as session:
        acts = session.scalars(select(Act).order_by(Act.act_id)).all()[-5:]
    lobby.bank.seal()

    assert [act.kind for act in acts] == [
        "account.made", "seat.made", "account.blocked", "account.unblocked", "account.closed",
    ]  # fmt: skip
    assert acts[0].subject == account_no
    assert "91371000MA3TE5T011" in acts[1].details
    assert lobby.bank.fsck() == []


@pytest.mark.parametrize(
    ("typed", "name"), [("wang.li", "wang.li"), (" Wang-Li_2 ", "wang-li_2"), ("abc", "abc")]
)
def test_a_sign_in_name_is_read_in_small_letters(typed: str, name: str) -> None:
    assert read_sign_in_name(typed) == name


@pytest.mark.parametrize("typed", ["", "ab", "1abc", "王丽", "a b c", "a" * 41, "account-12345678"])
def test_what_is_no_sign_in_name_is_refused(typed: str) -> None:
    with pytest.raises(SignInNameInvalidError):
        read_sign_in_name(typed)


def test_a_sign_in_name_is_one_accounts(lobby: Lobby) -> None:
    lobby.provider()

    draft = AccountDraft(sign_in_name="provider")
    with lobby.bank.unit() as session, pytest.raises(SignInNameTakenError):
        make_account(session, draft, actor=OPERATOR, jurisdiction="cn", now=NOW)


def test_an_account_is_found_by_name_or_number(lobby: Lobby) -> None:
    account_no = lobby.provider()

    with lobby.bank.unit() as session:
        found = {named_account(session, typed).account_no for typed in (account_no, " Provider ")}
        with pytest.raises(AccountUnknownError):
            named_account(session, "nobody")

    assert found == {account_no}


def test_no_machine_is_a_professional(lobby: Lobby) -> None:
    draft = ClientDraft("x", Role.PROFESSIONAL, "cn-3710")

    with lobby.bank.unit() as session, pytest.raises(RoleForPeopleError):
        create_client(session, draft, actor=OPERATOR, now=NOW)
