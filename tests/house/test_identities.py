"""Numbers and names of people stay in the vault: not in a log, an error, a table or an answer."""

import base64
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import create_engine, inspect, text

from creditbank.accounts.factors import provisioning_uri
from creditbank.accounts.sign_in import Login
from creditbank.attendance.roster import rows_from_json
from creditbank.catalogue import LANGUAGES, problem
from creditbank.certificates.numbers import code_text
from creditbank.certificates.shown import show
from creditbank.crediting.imports import RecordRow
from creditbank.crediting.withdrawals import Withdrawal, WithdrawalReason, withdraw_attendance
from creditbank.errors import CreditBankError, RowProblem
from creditbank.people.documents import DocumentKind, read_document, read_name
from creditbank.people.register import Identity
from creditbank.registry.clients import Client, ClientDraft, Role, create_client
from creditbank.registry.filing.filings import filing_numbered
from creditbank.registry.mandates import MandateDraft, grant_mandate
from creditbank.registry.organisations import (
    OrganisationDraft,
    OrganisationKind,
    register_organisation,
)
from creditbank.verification.answers import prepare, sign, store
from creditbank.verification.questions import Ask, Disclosure
from tests.accounts.lobby import Lobby
from tests.bank import NOW, SEMINAR_DAYS, TestBank, attendance, invented_document
from tests.certificates.counter import issue, opened
from tests.conftest import Database

#: Invented, and of characters that stand nowhere else in the project.
NAMES = ("鹮䴉鹓", "龘靐", "Xylophylla Quux")
PEOPLE = tuple(Identity(invented_document(700 + at), name) for at, name in enumerate(NAMES))
STRANGER = Identity(invented_document(790), "爨齉")
SECRETS = [identity.document.number for identity in (*PEOPLE, STRANGER)] + [*NAMES, STRANGER.name]


def told(written: str) -> list[str]:
    """Name each number (whole, or its first 14 characters) and each name that a text gives away."""
    looked_for = SECRETS + [secret[:14] for secret in SECRETS if len(secret) == 18]
    return sorted({secret for secret in looked_for if secret in written})


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Let every library say all it can, the database's driver and its parameters too."""
    chatty = ("", "creditbank", "sqlalchemy.engine", "sqlalchemy.pool", "alembic", "werkzeug")
    for name in chatty:
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def test_what_is_looked_for_would_be_found() -> None:
    number = PEOPLE[0].document.number

    assert told(f"login of {number[:14]}****") == [number[:14]]
    assert told(f"{NAMES[1]} was here") == [NAMES[1]]
    assert told(f"***{number[-4:]}") == []


def test_the_main_flows_tell_nobody_who_it_was(
    bank: TestBank,
    database: Database,
    everything_logged: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    answers = _main_flows(bank)

    output = capfd.readouterr()
    assert told(everything_logged.text) == []
    assert told(output.out + output.err) == []
    assert told("\n".join(answers)) == []
    assert told("\n".join(_everything_stored(database))) == []


def test_a_table_that_keeps_a_name_in_the_open_would_be_found(
    bank: TestBank, database: Database
) -> None:
    bank.post(bank.approved_filing(), attendance(PEOPLE))
    with bank.unit() as session:
        session.execute(text("UPDATE organisation SET name = :name"), {"name": NAMES[0]})

    assert told("\n".join(_everything_stored(database))) == [NAMES[0]]


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: read_document(DocumentKind.RESIDENT_ID, PEOPLE[0].document.number[:17] + "?"),
        lambda: read_document(DocumentKind.RESIDENT_ID, PEOPLE[0].document.number[:17]),
        lambda: read_document(DocumentKind.RESIDENT_ID, PEOPLE[0].document.number + "1"),
        lambda: read_document(DocumentKind.RESIDENT_ID, _with_wrong_check(PEOPLE[0])),
        lambda: read_document(DocumentKind.PASSPORT, PEOPLE[0].document.number * 2),
        lambda: read_name(NAMES[0] + "1"),
        lambda: read_name(NAMES[0] * 100),
    ],
    ids=["character", "short", "long", "check", "kind", "name", "long-name"],
)
def test_a_refused_number_or_name_is_not_repeated(attempt: Callable[[], object]) -> None:
    with pytest.raises(CreditBankError) as refused:
        attempt()

    assert told(_everything_said(refused.value)) == []


def test_a_bad_row_is_described_without_who_it_was() -> None:
    good = {"name": NAMES[0], "document_kind": "resident_id", "attended_minutes": 360}
    rows = [
        {**good, "document_number": _with_wrong_check(PEOPLE[0]), "day": "2026-11-10"},
        {**good, "document_number": PEOPLE[0].document.number, "day": NAMES[1]},
        {**good, "document_number": NAMES[1], "day": "2026-11-10"},
        {**good, "document_number": PEOPLE[0].document.number, "day": PEOPLE[1].document.number},
        {**good, "document_kind": PEOPLE[2].document.number, "document_number": "", "day": ""},
        {**good, "document_number": "", "day": "2026-11-10", "attended_minutes": NAMES[0]},
    ]

    problems = rows_from_json(rows).problems

    assert {each.row_no for each in problems} == {1, 2, 3, 4, 5, 6}
    assert told("".join(map(_everything_said, problems))) == []


def test_an_identity_does_not_show_itself_when_printed() -> None:
    roster = attendance(PEOPLE)

    assert told(repr(PEOPLE) + str(PEOPLE[0]) + repr(roster) + repr(roster.rows)) == []


def _with_wrong_check(person: Identity) -> str:
    number = person.document.number
    return number[:17] + ("1" if number[17] != "1" else "2")


def _everything_said(failure: CreditBankError | RowProblem) -> str:
    words = [problem(failure, language) for language in LANGUAGES]
    return f"{failure!r} {failure} {failure.facts} {words}"


def _main_flows(bank: TestBank) -> list[str]:
    """Import, file, post, post badly, withdraw, seal, ask and check; return what was answered."""
    answered = []
    bank.imported([RecordRow(person, 2025, "professional", 6000) for person in PEOPLE])
    filing_no = bank.approved_filing(seats=2)
    misnamed = replace(PEOPLE[0], name=STRANGER.name)
    for people in (PEOPLE[:2], [misnamed], [PEOPLE[2]], [STRANGER]):
        result = bank.post(filing_no, attendance(people))
        answered += [repr(result), *map(_everything_said, result.problems)]
    with bank.unit() as session:
        withdrawal = Withdrawal(
            filing_numbered(session, filing_no), PEOPLE[0], SEMINAR_DAYS[:1],
            WithdrawalReason.NOT_PRESENT, "", "provider-test",
        )  # fmt: skip
        answered.append(repr(withdraw_attendance(session, bank.house.vault, withdrawal, now=NOW)))
    bank.seal()
    answered += _signing_in(bank)
    answered += _certified(bank, PEOPLE[0])
    client = _title_system(bank)
    answered += [_answer(bank, client, person) for person in (PEOPLE[0], STRANGER)]
    answered += [_refused(bank, client, replace(PEOPLE[0], name=STRANGER.name))]
    answered += map(repr, bank.fsck())
    return answered


def _signing_in(bank: TestBank) -> list[str]:
    """Have somebody make an account, mistype the password and the name of another; tell all."""
    lobby = Lobby(bank)
    token = lobby.activated(PEOPLE[0])
    login = Login(document=PEOPLE[0].document)
    nobody = Login(document=STRANGER.document)
    enrolled = lobby.enrolled(token)
    tried = [lobby.sign_in(each, "wrong") for each in (login, nobody, Login(name="nobody.here"))]
    code = lobby.use_code(nobody, "0000-0000-0000")
    signed = lobby.must_sign(enrolled.token)
    uri = provisioning_uri(enrolled.secret, signed, "bank.example")
    refused = [
        _everything_said(each) for each in (*tried, code) if isinstance(each, CreditBankError)
    ]
    return [*refused, repr(signed), repr(login), uri, repr(enrolled.codes)]


def _certified(bank: TestBank, person: Identity) -> list[str]:
    """Certify and look at the page; return what was handed around, not what the page is to show."""
    issued = issue(bank, (2025,), person=person)
    certificate = opened(bank, issued.certificate.number)
    bank.app.test_client().get(f"/C/{code_text(certificate.code)}")
    return [repr(issued), repr(certificate), repr(show(certificate.facts, "zh"))]


def _title_system(bank: TestBank) -> Client:
    kind = OrganisationKind.TITLE_SYSTEM
    with bank.unit() as session:
        organisation = register_organisation(
            session,
            OrganisationDraft("91371000MA3DEM0H24", "威海市职称评审系统", kind, "cn-3710"),
            actor="official-test",
            now=NOW,
        )
        owner = organisation.organisation_id
        term = (date(2026, 1, 1), date(2026, 12, 31))
        mandate = MandateDraft(owner, "cn-3710", ("engineering",), ("associate_senior",), *term)
        grant_mandate(session, mandate, actor="official-test", now=NOW)
        client, _key = create_client(
            session,
            ClientDraft("t", Role.TITLE_SYSTEM, "cn-3710", owner),
            actor="administrator-test",
            now=NOW,
        )
    return client


def _answer(bank: TestBank, client: Client, person: Identity) -> str:
    """Ask for the whole record; return the answer and what its signed part says when decoded."""
    ask = Ask(
        identity=person,
        scheme="cn-3710",
        series="engineering",
        level="associate_senior",
        application_day=date(2027, 3, 15),
        purpose="title_application",
        legal_basis="威人社办发〔2020〕50号",
        stated={"current_title_on": "2018-06-30"},
        disclose=Disclosure.RECORD,
    )
    with bank.reading() as session:
        prepared = prepare(session, bank.house.vault, ask, client, now=NOW)
    signed = sign(prepared, bank.house.keys, "Ed25519")
    with bank.unit() as session:
        store(session, prepared, signed, now=NOW)
    payload = base64.urlsafe_b64decode(signed.jws.split(".")[1] + "==").decode()
    return f"{signed!r} {prepared!r} {payload}"


def _refused(bank: TestBank, client: Client, person: Identity) -> str:
    with pytest.raises(CreditBankError) as refused:
        _answer(bank, client, person)
    return _everything_said(refused.value)


def _everything_stored(database: Database) -> Iterator[str]:
    """Yield every value of every table, signed answers decoded."""
    engine = create_engine(database.owner_url)
    with engine.connect() as connection:
        for table in inspect(connection).get_table_names():
            for row in connection.execute(text(f'SELECT * FROM "{table}"')):
                for value in row:
                    is_bytes = isinstance(value, bytes)
                    yield value.decode("utf-8", "replace") if is_bytes else str(value)
                    for part in re.findall(r"eyJ[\w-]{20,}", str(value)):
                        yield base64.urlsafe_b64decode(part + "==").decode("utf-8", "replace")
    engine.dispose()
