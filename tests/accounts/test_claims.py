"""Claims by 授权书: the official of the region decides, a standing manager is asked first."""

import hashlib

import pytest
from sqlalchemy import select

from creditbank.accounts.accounts import account_numbered
from creditbank.accounts.claims import (
    AGREES,
    OBJECTS,
    ClaimDecidedError,
    ClaimDraft,
    ClaimOpenError,
    ClaimPaperError,
    ClaimReasonWantedError,
    ClaimUnknownError,
    OwnClaimError,
    claims_seen,
    decide_claim,
    give_opinion,
    own_claims,
    submit_claim,
)
from creditbank.accounts.seats import SeatDraft, SeatUnfitError
from creditbank.accounts.sessions import Stage
from creditbank.ledger.models import Act
from creditbank.registry.clients import (
    Client,
    RegionForeignError,
    Role,
    ScopeMissingError,
)
from creditbank.registry.organisations import OrganisationUnknownError
from tests.accounts.lobby import ADMINISTRATOR, FAR_OFFICIAL, OFFICIAL, TITLE_USCC, Lobby
from tests.bank import ENTERPRISE_USCC, NOW

DIGEST = hashlib.sha256(b"a letter").hexdigest()


def claim(lobby: Lobby, account_no: str, role: Role = Role.PROVIDER, **changed: str) -> str:
    said = {"uscc": ENTERPRISE_USCC, "reference": "授权书 2026-7", "digest": DIGEST} | changed
    draft = ClaimDraft(said["uscc"], role, said["reference"], said["digest"])
    with lobby.bank.unit() as session:
        return submit_claim(session, account_numbered(session, account_no), draft, now=NOW)


def decide(
    lobby: Lobby, claim_no: str, by: Client = OFFICIAL, *, approve: bool = True, reason: str = ""
) -> None:
    with lobby.bank.unit() as session:
        decide_claim(session, by, claim_no, approve=approve, reason=reason, now=NOW)


def opine(lobby: Lobby, claim_no: str, by: Client, opinion: str) -> None:
    with lobby.bank.unit() as session:
        give_opinion(session, by, claim_no, opinion, "", now=NOW)


def acting(lobby: Lobby, name: str) -> Client:
    return lobby.must_sign(lobby.entered(name)).client


@pytest.fixture
def first(lobby: Lobby) -> str:
    """The organisation's first manager, approved."""
    account_no = lobby.staff("first")
    decide(lobby, claim(lobby, account_no))
    return account_no


def test_an_approved_claim_makes_the_organisations_first_manager(lobby: Lobby) -> None:
    account_no = lobby.staff("first")
    before = lobby.must_sign(lobby.entered("first"))

    decide(lobby, claim(lobby, account_no))

    after_it = lobby.must_sign(lobby.entered("first"))
    assert (before.stage, before.seats) == (Stage.SEAT, ())
    assert after_it.stage is Stage.OPEN
    assert after_it.seats[0].manages
    assert after_it.seats[0].organisation_name == "威海示例复合材料有限公司"


def test_a_refused_claim_makes_nothing_and_has_a_reason(lobby: Lobby) -> None:
    account_no = lobby.staff("first")
    claim_no = claim(lobby, account_no)
    with pytest.raises(ClaimReasonWantedError):
        decide(lobby, claim_no, approve=False, reason="  ")

    decide(lobby, claim_no, approve=False, reason="授权书没有盖章")

    assert lobby.must_sign(lobby.entered("first")).seats == ()
    with lobby.bank.reading() as session:
        account_id = lobby.account(account_no).account_id
        [seen] = own_claims(session, account_id, now=NOW)
    assert (seen.state, seen.reason) == ("refused", "授权书没有盖章")


def test_the_decision_stands_in_the_journal_with_the_letters_digest(lobby: Lobby) -> None:
    claim_no = claim(lobby, lobby.staff("first"))
    decide(lobby, claim_no)

    with lobby.bank.reading() as session:
        [act] = session.scalars(select(Act).where(Act.kind == "claim.approved"))

    assert (act.actor, act.subject) == (OFFICIAL.client_id, claim_no)
    assert DIGEST in act.details
    assert ENTERPRISE_USCC in act.details


def test_only_an_official_of_the_region_decides(lobby: Lobby) -> None:
    claim_no = claim(lobby, lobby.staff("first"))

    with pytest.raises(RegionForeignError):
        decide(lobby, claim_no, FAR_OFFICIAL)
    with pytest.raises(ScopeMissingError):
        decide(lobby, claim_no, ADMINISTRATOR)


def test_a_second_claim_goes_to_the_manager_and_the_official(lobby: Lobby, first: str) -> None:
    second = claim(lobby, lobby.staff("second"))
    manager = acting(lobby, "first")
    with lobby.bank.reading() as session:
        to_official = claims_seen(session, OFFICIAL, now=NOW)
        to_manager = claims_seen(session, manager, now=NOW)
        to_far_official = claims_seen(session, FAR_OFFICIAL, now=NOW)
        to_administrator = claims_seen(session, ADMINISTRATOR, now=NOW)

    assert [each.claim_no for each in to_official] == [second]
    assert [each.claim_no for each in to_manager] == [second]
    assert to_official[0].has_manager
    assert (to_far_official, to_administrator) == ([], [])


def test_what_the_manager_agrees_to_the_official_approves_without_more(
    lobby: Lobby, first: str
) -> None:
    second = claim(lobby, lobby.staff("second"))
    opine(lobby, second, acting(lobby, "first"), AGREES)

    decide(lobby, second)

    assert lobby.must_sign(lobby.entered("second")).seats[0].manages


@pytest.mark.parametrize("opinion", ["", OBJECTS])
def test_what_the_manager_did_not_agree_to_is_approved_with_a_reason(
    lobby: Lobby, first: str, opinion: str
) -> None:
    second = claim(lobby, lobby.staff("second"))
    if opinion:
        opine(lobby, second, acting(lobby, "first"), opinion)

    with pytest.raises(ClaimReasonWantedError):
        decide(lobby, second)
    decide(lobby, second, reason="原管理员已离职，单位来函说明")

    assert lobby.must_sign(lobby.entered("second")).seats[0].manages


def test_a_manager_does_not_decide_and_speaks_of_the_own_organisation_only(
    lobby: Lobby, first: str
) -> None:
    title_system = SeatDraft(Role.TITLE_SYSTEM, "cn-3710", lobby.title_system(), manages=True)
    lobby.staff("title", title_system)
    lobby.provider()
    second = claim(lobby, lobby.staff("second"))

    with pytest.raises(ScopeMissingError):
        decide(lobby, second, acting(lobby, "first"))
    with pytest.raises(ScopeMissingError):
        opine(lobby, second, acting(lobby, "provider"), AGREES)
    with pytest.raises(ClaimUnknownError):
        opine(lobby, second, acting(lobby, "title"), AGREES)
    with pytest.raises(ClaimUnknownError):
        opine(lobby, "Q00000000", acting(lobby, "first"), AGREES)


def test_nobody_decides_or_comments_the_own_claim(lobby: Lobby, first: str) -> None:
    official = lobby.official()
    own = claim(lobby, official)
    employers = claim(lobby, first, Role.EMPLOYER)
    decider = Client(official, OFFICIAL.role, OFFICIAL.scopes, "cn-3710", None)

    with pytest.raises(OwnClaimError):
        decide(lobby, own, decider)
    with pytest.raises(OwnClaimError):
        opine(lobby, employers, acting(lobby, "first"), AGREES)
    with lobby.bank.reading() as session:
        assert own not in [each.claim_no for each in claims_seen(session, decider, now=NOW)]


def test_a_claim_is_decided_once(lobby: Lobby, first: str) -> None:
    second = claim(lobby, lobby.staff("second"))
    decide(lobby, second, approve=False, reason="证件不符")

    with pytest.raises(ClaimDecidedError):
        decide(lobby, second, reason="后来想通了")
    with pytest.raises(ClaimDecidedError):
        opine(lobby, second, acting(lobby, "first"), AGREES)


def test_the_same_is_claimed_once_until_it_is_decided(lobby: Lobby) -> None:
    account_no = lobby.staff("first")
    claim_no = claim(lobby, account_no)

    with pytest.raises(ClaimOpenError):
        claim(lobby, account_no)
    claim(lobby, account_no, Role.EMPLOYER)
    decide(lobby, claim_no, approve=False, reason="授权书已过期")

    assert claim(lobby, account_no) != claim_no


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"reference": " "}, ClaimPaperError),
        ({"reference": "x" * 121}, ClaimPaperError),
        ({"digest": DIGEST[:-1]}, ClaimPaperError),
        ({"digest": ""}, ClaimPaperError),
        ({"uscc": TITLE_USCC}, SeatUnfitError),
        ({"uscc": "91371000MA3DEM0J09"}, OrganisationUnknownError),
    ],
)
def test_a_claim_without_its_letter_or_its_organisation_is_refused(
    lobby: Lobby, changed: dict[str, str], refusal: type[Exception]
) -> None:
    account_no = lobby.staff("first")
    lobby.title_system()

    with pytest.raises(refusal):
        claim(lobby, account_no, Role.PROVIDER, **changed)
