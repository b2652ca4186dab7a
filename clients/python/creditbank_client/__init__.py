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
from creditbank_client.questions import Applicant, Claim, Ground, Person, Question, Result
from creditbank_client.verdicts import (
    BatchRow,
    BatchState,
    ListedVerdict,
    Predicate,
    RowProblem,
    ShownVerdict,
    Verdict,
)

__all__ = [
    "Applicant",
    "Bank",
    "BankError",
    "BatchRow",
    "BatchState",
    "Claim",
    "FieldProblem",
    "Ground",
    "Key",
    "ListedVerdict",
    "Patience",
    "Person",
    "Predicate",
    "Proof",
    "Question",
    "Refused",
    "Result",
    "RowProblem",
    "Secret",
    "ShownVerdict",
    "TokenRefused",
    "Unreachable",
    "Verdict",
    "VerdictInvalid",
    "Waited",
]
