"""How a door gets an answer: seal what waits, decide in one snapshot, sign, and keep."""

import time
from collections.abc import Iterable
from datetime import datetime

from creditbank.db import snapshot, unit_of_work, writing
from creditbank.house import House, current_house
from creditbank.ledger.seal import Sealed, seal
from creditbank.registry.bank import the_bank
from creditbank.registry.clients import Client
from creditbank.verification.answers import Prepared, SignedAnswer, prepare, sign, store
from creditbank.verification.questions import Ask

#: A request seals what waited when it came; what others post meanwhile is the clock's to seal.
_ROUNDS_MAX = 50


def answered(ask: Ask, client: Client, *, now: datetime) -> SignedAnswer:
    """Answer a question and keep the answer.

    Raises:
        CreditBankError: as `prepare` does; nothing is kept then.
    """
    house = current_house()
    prepared = prepared_for(ask, client, now=now)
    signed = sign(prepared, house.keys, house.settings.verdict_algorithm)
    with writing() as session:
        store(session, prepared, signed, now=now)
    return signed


def prepared_for(ask: Ask, client: Client, *, now: datetime) -> Prepared:
    """Prepare the answer; when entries wait for their place, seal them and prepare it again.

    In this order, so that a question which is refused has sealed nothing.

    Raises:
        CreditBankError: as `prepare` does.
    """
    house = current_house()
    with snapshot() as session:
        prepared = prepare(session, house.vault, ask, client, now=now)
    if ask.known_at is not None or not lacks_seal([prepared]):
        return prepared
    seal_what_waits(house, now)
    with snapshot() as session:
        return prepare(session, house.vault, ask, client, now=now)


def lacks_seal(prepared: Iterable[Prepared]) -> bool:
    """Tell whether an answer would be another once what waits has found its place."""
    nothing_waits = {"entries": 0}
    return any(
        each.statement["pending"] != nothing_waits or not each.statement["heads"]
        for each in prepared
    )


def seal_what_waits(house: House, now: datetime) -> Sealed:
    """Seal until nothing waits, another sealer is at work, or enough rounds were run.

    Raises:
        BankNotFoundedError: there is no bank to seal for.
    """
    with snapshot() as session:
        host = the_bank(session).host
    rows = 0
    for _ in range(_ROUNDS_MAX):
        with unit_of_work("sealer") as session:
            done = seal(session, house.sealer(host), now=now)
        rows += done.rows
        if not done.more:
            break
        if done.rows == 0:
            time.sleep(1 / 50)  # another sealer holds the lock: let it end its round
    return Sealed(rows, done.more)
