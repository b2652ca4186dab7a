"""A verdict that is shown in part, read by others' implementation of SD-JWT (RFC 9901)."""

from typing import Any

import pytest
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from sd_jwt.holder import SDJWTHolder
from sd_jwt.verifier import SDJWTVerifier

from creditbank.keys import public_jwk
from creditbank.verification.kept import statement_of
from creditbank.verification.models import Verdict
from creditbank.verification.sd_jwt import sd_jwt_of
from tests.api.desk import Desk, problem_of
from tests.api.test_registry_and_verdicts import PERSON, granted, on_record, question
from tests.bank import TestBank

#: The name of Ed25519 in RFC 9864 is newer than the library, which knows EdDSA.
ALGORITHM = "ES256"


def asked(desk: Desk, **changed: Any) -> str:
    answer = desk.title_system.post("/api/v1/verdicts", question(**changed))
    return str(answer.get_json()["verdict_no"])


@pytest.fixture
def desk(bank: TestBank) -> Desk:
    return Desk(bank)


@pytest.fixture
def verdict_no(desk: Desk) -> str:
    on_record(desk)
    granted(desk)
    return asked(desk)


def issued(desk: Desk, verdict_no: str) -> str:
    house = desk.bank.house
    with desk.bank.reading() as session:
        statement = statement_of(session.get_one(Verdict, verdict_no))
    return sd_jwt_of(statement, house.vault, house.keys, ALGORITHM)


def verified(desk: Desk, presentation: str) -> dict[str, Any]:
    [key] = desk.bank.house.keys.every("verdict-es256")
    payload: dict[str, Any] = SDJWTVerifier(
        presentation, lambda *_: JWK(**public_jwk(key))
    ).get_verified_payload()
    return payload


def test_others_verify_all_of_it_and_the_lines_that_are_chosen(desk: Desk, verdict_no: str) -> None:
    token = issued(desk, verdict_no)
    with desk.bank.reading() as session:
        statement = statement_of(session.get_one(Verdict, verdict_no))

    whole = verified(desk, token)
    holder = SDJWTHolder(token)
    holder.create_presentation({"outcome": True})
    part = verified(desk, holder.sd_jwt_presentation)

    for name in (
        "credited", "outcome", "question", "subject", "asker", "requirement", "iss", "known_at",
    ):  # fmt: skip
        assert whole[name] == statement[name]
    assert (part["outcome"], part["credited"]) == (statement["outcome"], [])
    assert not {"subject", "asker", "question", "requirement"} & set(part)
    assert PERSON.document.number[-4:] not in holder.sd_jwt_presentation
    with pytest.raises(Exception, match="erification failed"):
        JWS.from_jose_token(token.split("~")[0][:-4] + "AAAA").verify(
            JWK(**public_jwk(desk.bank.house.keys.newest("verdict-es256")))
        )


def test_the_number_of_lines_cannot_be_counted_and_copies_are_alike(
    desk: Desk, verdict_no: str
) -> None:
    tokens = [issued(desk, verdict_no) for _ in range(2)]
    holder = SDJWTHolder(tokens[0])

    assert len(holder.sd_jwt_payload["credited"]) % 16 == 0
    assert len(holder.sd_jwt_payload["_sd"]) == 8
    assert tokens[0].split("~")[1:] == tokens[1].split("~")[1:]
    assert len({each.split(".")[1] for each in tokens}) == 1


def test_it_is_handed_to_the_asker_alone_and_only_where_there_are_lines(
    desk: Desk, verdict_no: str
) -> None:
    path = f"/api/v1/verdicts/{verdict_no}/sd-jwt"

    handed = desk.title_system.get(path)
    decision = desk.title_system.get(f"/api/v1/verdicts/{asked(desk, disclose='decision')}/sd-jwt")
    stranger = desk.provider.get(path)

    assert handed.content_type == "application/sd-jwt"
    assert handed.get_data(as_text=True).endswith("~")
    assert problem_of(decision)["code"] == "verdict-figures"
    assert stranger.status_code == 403
