"""Who asks in tests of answers, and what the offline checker finds in one."""

import json
from datetime import date
from types import ModuleType

from creditbank.keys import public_jwk
from creditbank.registry.clients import Client, ClientDraft, Role, create_client
from creditbank.registry.mandates import MandateDraft, grant_mandate
from creditbank.registry.organisations import (
    OrganisationDraft,
    OrganisationKind,
    register_organisation,
)
from creditbank.verification.answers import SignedAnswer
from tests.bank import NOW, TestBank


def asker(bank: TestBank) -> Client:
    """Make a title system that may ask anything."""
    with bank.unit() as session:
        holder = register_organisation(
            session,
            OrganisationDraft("91371000MA3DEM0H24", "评审", OrganisationKind.TITLE_SYSTEM, "cn"),
            actor="official-test",
            now=NOW,
        ).organisation_id
        term = (date(2026, 1, 1), date(2199, 12, 31))
        mandate = MandateDraft(holder, "cn", ("*",), ("*",), *term)
        grant_mandate(session, mandate, actor="official-test", now=NOW)
        draft = ClientDraft("t", Role.TITLE_SYSTEM, "cn", holder)
        return create_client(session, draft, actor="administrator-test", now=NOW)[0]


def failures(bank: TestBank, checker: ModuleType, signed: SignedAnswer) -> list[str]:
    """Return what the checker objects to in an answer."""
    keys = [public_jwk(key) for key in bank.house.keys.every("verdict-ed25519")]
    report = checker.examine(signed.jws.encode(), json.dumps({"keys": keys}).encode())
    return [str(finding) for finding in report.failed]
