"""Who moves to another district takes seats and clients along, and back again."""

from datetime import date

import pytest
from sqlalchemy import select

from creditbank.accounts.models import SeatRow
from creditbank.accounts.moving import state_and_follow, take_back_and_follow
from creditbank.accounts.seats import SeatDraft
from creditbank.ledger.models import Act
from creditbank.registry.clients import ClientDraft, Role, create_client
from creditbank.registry.facts import Attribute, Ground
from creditbank.registry.models import ApiClient
from creditbank.registry.stating import FactDraft
from tests.accounts.lobby import Lobby
from tests.bank import ENTERPRISE_USCC, NOW, TestBank

GROUND = Ground("示例〔2026〕9号", date(2026, 1, 4), "迁址")


def regions(bank: TestBank) -> dict[str, str]:
    """Return the region of each seat and client of the enterprise, by what it is."""
    with bank.reading() as session:
        seats = {
            f"{each.role} seat": each.jurisdiction for each in session.scalars(select(SeatRow))
        }
        mine = ApiClient.organisation_id.is_not(None)
        clients = session.scalars(select(ApiClient).where(mine))
        return seats | {each.name: each.jurisdiction for each in clients}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_seats_and_clients_follow_their_organisation_there_and_back(bank: TestBank) -> None:
    lobby = Lobby(bank)
    mine = lobby.enterprise
    lobby.staff(
        "worker", SeatDraft(Role.PROVIDER, "cn-3710", mine),
        SeatDraft(Role.EMPLOYER, "cn-37", mine), SeatDraft(Role.OFFICIAL, "cn-3710"), now=NOW,
    )  # fmt: skip
    with bank.unit() as session:
        for name, region in (("there", "cn-3710"), ("wide", "cn-37")):
            client = ClientDraft(name, Role.PROVIDER, region, mine)
            create_client(session, client, actor="administrator", now=NOW)
    before = regions(bank)
    draft = FactDraft(Attribute.DISTRICT, "cn-3706", "", date(2026, 1, 5), None, GROUND)

    with bank.unit() as session:
        fact = state_and_follow(session, ENTERPRISE_USCC, draft, actor="official", now=NOW)
    moved = regions(bank)
    with bank.unit() as session:
        take_back_and_follow(
            session, ENTERPRISE_USCC, fact.said.fact_no, GROUND, actor="official", now=NOW
        )
    with bank.reading() as session:
        kinds = session.scalars(select(Act.kind).where(Act.kind.endswith(".moved"))).all()

    assert moved == {
        **before, "provider seat": "cn-3706", "there": "cn-3706",
    }  # fmt: skip
    assert regions(bank) == before
    assert sorted(kinds) == ["client.moved", "client.moved", "seat.moved", "seat.moved"]
    assert bank.fsck() == []
