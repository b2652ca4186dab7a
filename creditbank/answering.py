"""How a door gets an answer: seal what waits, decide in one snapshot, sign, and keep."""

import json
import time
from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import Engine

from creditbank.db import db, snapshot, unit_of_work, writing
from creditbank.house import House, current_house
from creditbank.ledger.seal import Sealed, seal
from creditbank.registry.bank import the_bank
from creditbank.registry.clients import Client
from creditbank.verification.answers import Prepared, SignedAnswer, prepare, sign, store
from creditbank.verification.batches import answers_in, batch_numbered
from creditbank.verification.questions import Ask

#: A request seals what waited when it came; what others post meanwhile is the clock's to seal.
_ROUNDS_MAX = 50
#: Answers that are in memory at a time while a list is handed over.
_CHUNK_ANSWERS = 50


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


def signed_lines(batch_no: str, client: Client) -> Iterator[str]:
    """Return the signed answers of a list as JSON lines, in the order of its rows.

    They are read while they are sent, when there is no application at work any more.

    Raises:
        BatchUnknownError: there is no such list, or it is another's.
    """
    engine = db.engine
    with snapshot(engine) as session:
        batch_numbered(session, batch_no, client)
    return _signed_lines(engine, batch_no, client)


def _signed_lines(engine: Engine, batch_no: str, client: Client) -> Iterator[str]:
    after, more = 0, True
    while more:
        with snapshot(engine) as session:
            batch = batch_numbered(session, batch_no, client)
            found = answers_in(session, batch, after=after, limit=_CHUNK_ANSWERS)
        for row_no, verdict in found:
            after = row_no
            said = {
                "row_no": row_no, "verdict_no": verdict.verdict_no, "outcome": verdict.outcome,
                "jws": verdict.jws,
            }  # fmt: skip
            yield json.dumps(said) + "\n"
        more = len(found) == _CHUNK_ANSWERS
