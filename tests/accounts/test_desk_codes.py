"""One-time codes of a desk: who may issue one, what it does, and that it works once."""

import pytest
from sqlalchemy import select, text

from creditbank.accounts.accounts import (
    AccountExistsError,
    AccountForeignError,
    AccountState,
    OwnAccountError,
    account_numbered,
)
from creditbank.accounts.audit import Event
from creditbank.accounts.desk_codes import (
    DocumentNotSeenError,
    IssuedCode,
    attach_person,
    begin_code,
    issue_activation,
    issue_for_account,
)
from creditbank.accounts.models import AccountCode
from creditbank.accounts.seats import SeatDraft
from creditbank.accounts.sessions import Stage
from creditbank.accounts.sign_in import AccountBlockedError, Login
from creditbank.ledger.models import Act
from creditbank.people.register import (
    Identity,
    IdentityMismatchError,
    PersonUnknownError,
    record_link,
)
from creditbank.registry.bank import DemoOnlyError
from creditbank.registry.clients import Client, Role, ScopeMissingError
from tests.accounts.lobby import (
    ADMINISTRATOR,
    FAR_OFFICIAL,
    OFFICIAL,
    OTHER_PASSWORD,
    PASSWORD,
    Lobby,
    after,
    client,
    code_of,
)
from tests.acts import key_of
from tests.bank import NOW, attendance, invented_person

PERSON = invented_person(61)
LOGIN = Login(document=PERSON.document)


def activation(lobby: Lobby, issuer: Client = OFFICIAL, person: Identity = PERSON) -> IssuedCode:
    with lobby.bank.unit() as session:
        return issue_activation(session, lobby.vault, person, issuer, lobby.settings, now=NOW)


def recovery(
    lobby: Lobby, account_no: str, issuer: Client = OFFICIAL, *, resets: bool = False
) -> IssuedCode:
    with lobby.bank.unit() as session:
        account = account_numbered(session, account_no)
        return issue_for_account(
            session, lobby.vault, account, issuer, lobby.settings,
            document_seen=True, resets_second_factor=resets, now=NOW,
        )  # fmt: skip


def on_record(lobby: Lobby, person: Identity = PERSON) -> None:
    lobby.bank.post(lobby.bank.approved_filing(), attendance([person]))


def test_a_professional_makes_an_account_by_number_and_code(lobby: Lobby) -> None:
    on_record(lobby)
    issued = activation(lobby)

    token = lobby.use_code(LOGIN, issued.code.lower().replace("-", " "))

    assert isinstance(token, str)
    signed = lobby.must_sign(token)
    assert signed.stage is Stage.OPEN
    assert signed.person_id == key_of(lobby.bank, PERSON)
    assert (signed.client.role, signed.client.jurisdiction) == (Role.PROFESSIONAL, "cn-3710")
    assert isinstance(lobby.sign_in(LOGIN, PASSWORD), str)


def test_who_issued_the_code_stands_in_the_journal_and_the_person_does_not(lobby: Lobby) -> None:
    issued = activation(lobby)
    lobby.use_code(LOGIN, issued.code)

    with lobby.bank.reading() as session:
        acts = session.scalars(select(Act).order_by(Act.act_id)).all()[-3:]

    assert [act.kind for act in acts] == ["account.activation", "account.made", "seat.made"]
    assert {act.actor for act in acts} == {OFFICIAL.client_id}
    assert acts[0].subject == issued.code_no
    assert PERSON.name not in str([(act.details, act.subject, act.reason) for act in acts])


def test_only_a_keyed_hash_of_a_code_is_kept(lobby: Lobby) -> None:
    issued = activation(lobby)

    with lobby.bank.reading() as session:
        [row] = session.scalars(select(AccountCode)).all()

    assert issued.code not in str(vars(row))
    assert issued.code not in repr(issued)
    assert len(row.code_hash) == 32


def test_a_code_works_once(lobby: Lobby) -> None:
    issued = activation(lobby)
    lobby.use_code(LOGIN, issued.code)

    again = lobby.use_code(LOGIN, issued.code, OTHER_PASSWORD)

    assert code_of(again) == "desk-code-wrong"
    assert isinstance(lobby.sign_in(LOGIN, PASSWORD), str)


def test_a_code_is_its_persons_alone(lobby: Lobby) -> None:
    other = invented_person(62)
    activation(lobby, person=other)
    issued = activation(lobby)

    assert code_of(lobby.use_code(Login(document=other.document), issued.code)) == "desk-code-wrong"
    assert isinstance(lobby.use_code(LOGIN, issued.code), str)


def test_a_code_allows_five_tries(lobby: Lobby) -> None:
    issued = activation(lobby)
    for minute in range(5):
        with lobby.bank.unit() as session:
            attempt = begin_code(
                session, lobby.vault, LOGIN, lobby.visitor(), now=after(hours=minute)
            )
        assert attempt.refused is None
        lobby.use_code(LOGIN, "0000-0000-0000", now=after(hours=minute, minutes=30))

    refused = lobby.use_code(LOGIN, issued.code, now=after(hours=30))

    assert code_of(refused) == "desk-code-wrong"


def test_a_code_expires(lobby: Lobby) -> None:
    late, in_time = activation(lobby), after(hours=71, minutes=59)
    refused = lobby.use_code(LOGIN, late.code, now=after(hours=72))

    assert code_of(refused) == "desk-code-wrong"
    assert isinstance(lobby.use_code(LOGIN, late.code, now=in_time), str)


def test_another_code_of_the_same_desk_withdraws_the_first(lobby: Lobby) -> None:
    first, second = activation(lobby), activation(lobby)

    assert code_of(lobby.use_code(LOGIN, first.code)) == "desk-code-wrong"
    assert isinstance(lobby.use_code(LOGIN, second.code), str)


def test_a_code_of_another_desk_withdraws_nothing(lobby: Lobby) -> None:
    on_record(lobby)
    first = activation(lobby)
    activation(lobby, client(Role.PROVIDER, organisation_id=lobby.enterprise))

    assert isinstance(lobby.use_code(LOGIN, first.code), str)


def test_trying_codes_pauses_like_trying_passwords(lobby: Lobby) -> None:
    for _ in range(5):
        assert code_of(lobby.use_code(LOGIN, "0000-0000-0000")) == "desk-code-wrong"

    assert code_of(lobby.use_code(LOGIN, "0000-0000-0000")) == "sign-in-paused"


def test_a_provider_brings_in_nobody_whom_the_bank_does_not_know(lobby: Lobby) -> None:
    provider = client(Role.PROVIDER, organisation_id=lobby.enterprise)

    with pytest.raises(PersonUnknownError):
        activation(lobby, provider)
    on_record(lobby)

    assert isinstance(lobby.use_code(LOGIN, activation(lobby, provider).code), str)


@pytest.mark.parametrize("issuer", [OFFICIAL, client(Role.EMPLOYER, organisation_id=1)])
def test_officials_and_employers_may_bring_in_somebody_new(lobby: Lobby, issuer: Client) -> None:
    assert isinstance(lobby.use_code(LOGIN, activation(lobby, issuer).code), str)


def test_a_number_on_record_under_another_name_gets_no_code(lobby: Lobby) -> None:
    on_record(lobby)

    with pytest.raises(IdentityMismatchError):
        activation(lobby, person=Identity(PERSON.document, "别人"))


@pytest.mark.parametrize(
    "role", [Role.TITLE_SYSTEM, Role.AUDITOR, Role.ADMINISTRATOR, Role.PROFESSIONAL]
)
def test_other_seats_issue_no_activation_codes(lobby: Lobby, role: Role) -> None:
    with pytest.raises(ScopeMissingError):
        activation(lobby, client(role))


def test_whoever_has_an_account_needs_no_other_under_any_document(lobby: Lobby) -> None:
    lobby.activated(PERSON)
    other = invented_person(63)
    on_record(lobby, other)
    with lobby.bank.unit() as session:
        keys = key_of(lobby.bank, PERSON), key_of(lobby.bank, other)
        record_link(session, *keys, 1, linked=True)

    for person in (PERSON, other):
        with pytest.raises(AccountExistsError):
            activation(lobby, person=person)
    assert isinstance(lobby.sign_in(Login(document=other.document)), str)


def test_an_invented_number_opens_nothing_in_a_production_bank(lobby: Lobby) -> None:
    with lobby.bank.unit() as session:
        session.execute(text("UPDATE bank SET mode = 'production'"))

    with pytest.raises(DemoOnlyError):
        activation(lobby)


def test_a_recovery_sets_a_new_password_and_ends_every_session(lobby: Lobby) -> None:
    token = lobby.activated(PERSON)
    account_no = lobby.must_sign(token).account_no

    recovered = lobby.use_code(LOGIN, recovery(lobby, account_no).code, OTHER_PASSWORD)

    assert isinstance(recovered, str)
    assert lobby.signed(token) is None
    assert code_of(lobby.sign_in(LOGIN, PASSWORD)) == "sign-in-refused"
    assert isinstance(lobby.sign_in(LOGIN, OTHER_PASSWORD), str)


def test_a_recovery_keeps_the_second_factor_unless_it_is_to_be_reset(lobby: Lobby) -> None:
    account_no = lobby.official()
    lobby.enrolled(lobby.entered("official"))
    name = Login(name="official")

    kept = lobby.use_code(name, recovery(lobby, account_no, ADMINISTRATOR).code, OTHER_PASSWORD)
    assert isinstance(kept, str)
    assert lobby.must_sign(kept).stage is Stage.SECOND_FACTOR

    reset = recovery(lobby, account_no, ADMINISTRATOR, resets=True)
    anew = lobby.use_code(name, reset.code, PASSWORD)
    assert isinstance(anew, str)
    assert lobby.must_sign(anew).stage is Stage.ENROLMENT
    assert Event.SECOND_FACTOR_RESET in lobby.events(account_no)


def test_without_having_seen_the_document_nobody_issues_a_recovery(lobby: Lobby) -> None:
    account_no = lobby.provider()

    with lobby.bank.unit() as session, pytest.raises(DocumentNotSeenError):
        issue_for_account(
            session, lobby.vault, account_numbered(session, account_no), OFFICIAL, lobby.settings,
            document_seen=False, now=NOW,
        )  # fmt: skip


def test_an_official_recovers_people_and_organisations_of_the_region_only(lobby: Lobby) -> None:
    provider, official = lobby.provider(), lobby.official()
    professional = lobby.must_sign(lobby.activated(PERSON)).account_no

    for account_no in (provider, professional):
        recovery(lobby, account_no, OFFICIAL)
        with pytest.raises(AccountForeignError):
            recovery(lobby, account_no, FAR_OFFICIAL)
    with pytest.raises(AccountForeignError):
        recovery(lobby, official, OFFICIAL)
    recovery(lobby, official, ADMINISTRATOR)


def test_a_manager_recovers_the_organisations_own_people_and_no_seat_beyond(lobby: Lobby) -> None:
    lobby.staff("manager", SeatDraft(Role.PROVIDER, "cn-3710", lobby.enterprise, manages=True))
    manager = lobby.must_sign(lobby.entered("manager")).client
    own = SeatDraft(Role.PROVIDER, "cn-3710", lobby.enterprise)
    worker = lobby.staff("worker", own)
    beyond = lobby.staff("beyond", own, SeatDraft(Role.OFFICIAL, "cn-3710"))
    manages = lobby.staff(
        "manages", SeatDraft(Role.PROVIDER, "cn-3710", lobby.enterprise, manages=True)
    )
    title = SeatDraft(Role.TITLE_SYSTEM, "cn-3710", lobby.title_system())
    elsewhere = lobby.staff("elsewhere", title)

    recovery(lobby, worker, manager)
    for account_no in (beyond, manages, elsewhere):
        with pytest.raises(AccountForeignError):
            recovery(lobby, account_no, manager)
    with pytest.raises(OwnAccountError):
        recovery(lobby, manager.client_id, manager)


def test_an_account_without_seats_is_for_administrators(lobby: Lobby) -> None:
    account_no = lobby.staff("seatless")

    with pytest.raises(AccountForeignError):
        recovery(lobby, account_no, OFFICIAL)
    recovery(lobby, account_no, ADMINISTRATOR)


def test_a_blocked_account_is_not_recovered(lobby: Lobby) -> None:
    account_no = lobby.provider()
    issued = recovery(lobby, account_no)
    lobby.set_state(account_no, AccountState.BLOCKED)

    with pytest.raises(AccountBlockedError):
        recovery(lobby, account_no)
    assert code_of(lobby.use_code(Login(name="provider"), issued.code)) == "account-blocked"
    assert isinstance(lobby.account(account_no).password_hash, str)


def test_staff_may_add_their_own_hours_to_the_account_they_have(lobby: Lobby) -> None:
    account_no = lobby.provider()
    signed = lobby.must_sign(lobby.entered("provider"))
    issued = activation(lobby)
    with lobby.bank.unit() as session:
        attempt = begin_code(session, lobby.vault, LOGIN, lobby.visitor(), now=NOW)
        wrong = attach_person(session, lobby.vault, attempt, "0000", signed, now=NOW)
        token = attach_person(session, lobby.vault, attempt, issued.code, signed, now=NOW)

    assert code_of(wrong) == "desk-code-wrong"
    assert isinstance(token, str)
    both = lobby.must_sign(token)
    assert [seat.role for seat in both.seats] == [Role.PROVIDER, Role.PROFESSIONAL]
    assert both.account_no == account_no
    assert both.person_id == key_of(lobby.bank, PERSON)
    assert isinstance(lobby.sign_in(LOGIN), str)


def test_a_person_is_added_to_one_account_only(lobby: Lobby) -> None:
    lobby.provider()
    lobby.provider("second")
    first, second = activation(lobby), activation(lobby, client(Role.EMPLOYER, organisation_id=1))
    outcomes = []
    for name, issued in (("provider", first), ("second", second)):
        signed = lobby.must_sign(lobby.entered(name))
        with lobby.bank.unit() as session:
            attempt = begin_code(session, lobby.vault, LOGIN, lobby.visitor(), now=NOW)
            outcomes.append(
                attach_person(session, lobby.vault, attempt, issued.code, signed, now=NOW)
            )

    assert isinstance(outcomes[0], str)
    assert code_of(outcomes[1]) in ("account-exists", "desk-code-wrong")
