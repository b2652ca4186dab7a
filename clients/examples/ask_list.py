"""Asks about everybody on a list and keeps the signed answers; repeated, it goes on where it was.

    python ask_list.py LIST.csv FOLDER KEY

LIST.csv has the columns 证件号码, 姓名, 现职称取得日期. KEY is your own name for the list: the same
list under the same key is the same list at the bank. Wants BANK, CLIENT_ID and CLIENT_SECRET in
the environment.
"""

import csv
import os
import sys
from datetime import date
from pathlib import Path

from creditbank_client import Applicant, Bank, Person, Question, Refused, Secret

path, folder, key = sys.argv[1:]
with Path(path).open(encoding="utf-8-sig", newline="") as file:
    applicants = [
        Applicant(
            Person("resident_id", row["证件号码"], row["姓名"]),
            stated={"current_title_on": row["现职称取得日期"]},
        )
        for row in csv.DictReader(file)
    ]
question = Question(
    scheme="cn-3710", series="engineering", level="associate_senior",
    application_day=date(2026, 11, 20), purpose="职称申报资格审核", legal_basis="人社部令第25号",
)  # fmt: skip
secret = Secret(os.environ["CLIENT_SECRET"])
with Bank(os.environ["BANK"], os.environ["CLIENT_ID"], secret) as bank:
    try:
        batch = bank.ask_about(applicants, question, idempotency_key=key)
    except Refused as refused:
        sys.exit("\n".join([str(refused), *(f"{e.path}: {e.wanted}" for e in refused.errors)]))
    bank.wait_for(
        batch.batch_no, seconds=3600, every_seconds=1,
        told=lambda now: print(f"{now.rows_done} / {now.rows_total}"),
    )  # fmt: skip
    for row in bank.rows(batch.batch_no):
        for problem in row.problems:
            print(row.row_no, problem.column, problem.found, problem.wanted, problem.next)
    for answer in bank.answers(batch.batch_no):
        kept = Path(folder) / f"{answer.verdict.verdict_no}.jws"
        kept.write_text(answer.verdict.jws, "ascii")
        print(answer.row_no, answer.verdict.outcome, kept)
