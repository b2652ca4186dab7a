"""A typed client of the credit bank (学时银行): ask, and keep signed answers that were checked."""

from creditbank_client.bank import Bank, Waited
from creditbank_client.calling import Patience
from creditbank_client.failures import (
    BankError,
    FieldProblem,
    Refused,
    TokenRefused,
    Unreachable,
    VerdictInvalid,
)
from creditbank_client.proving import Key, Proof, Secret
from creditbank_client.questions import Applicant, Person, Question, Result
from creditbank_client.verdicts import BatchRow, BatchState, ListedVerdict, RowProblem, Verdict

__all__ = [
    "Applicant",
    "Bank",
    "BankError",
    "BatchRow",
    "BatchState",
    "FieldProblem",
    "Key",
    "ListedVerdict",
    "Patience",
    "Person",
    "Proof",
    "Question",
    "Refused",
    "Result",
    "RowProblem",
    "Secret",
    "TokenRefused",
    "Unreachable",
    "Verdict",
    "VerdictInvalid",
    "Waited",
]
