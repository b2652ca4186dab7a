"""Which subjects a scheme knows: those that its yearly minima name, and everything below them."""

from creditbank.errors import CreditBankError
from creditbank.rules.kinds import TOTAL, subject_contains
from creditbank.rules.pack import PackChain

_MINIMUM = "yearly_minimum"


class SubjectUnknownError(CreditBankError):
    """Hours under this subject would count for nothing that the scheme asks."""

    code = "subject-unknown"
    status = 422


def require_subject(subject: str, chain: PackChain) -> None:
    """Refuse a subject that lies under none of the scheme's own.

    The tree's roots are 公需科目 and 专业科目 (人社部令第25号 第七条) as far as the packs give them
    a minimum; a scheme that names no subject takes any.

    Raises:
        SubjectUnknownError: naming the subjects that there are.
    """
    named = {key.removeprefix(f"{_MINIMUM}.") for key in chain.keys(_MINIMUM)} - {TOTAL}
    if named and not any(subject_contains(outer, subject) for outer in named):
        raise SubjectUnknownError(found=subject[:60], wanted=sorted(named), scheme=chain.scheme)
