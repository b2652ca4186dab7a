"""Asks one question; wants BANK, CLIENT_ID and CLIENT_SECRET in the environment."""

import os
from datetime import date

from creditbank_client import Bank, Person, Question, Secret

person = Person("resident_id", "999999198505150018", "李示例")
question = Question(
    scheme="cn-3710", series="engineering", level="associate_senior",
    application_day=date(2026, 11, 20), stated={"current_title_on": "2021-03-01"},
    purpose="职称申报资格审核", legal_basis="人社部令第25号",
)  # fmt: skip
secret = Secret(os.environ["CLIENT_SECRET"])
with Bank(os.environ["BANK"], os.environ["CLIENT_ID"], secret) as bank:
    verdict = bank.ask(person, question, idempotency_key="application-2026-0117")
print(verdict.outcome, *verdict.reasons("zh"), *verdict.shortfall, verdict.jws, sep="\n")
