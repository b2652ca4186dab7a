"""Unified social credit codes (统一社会信用代码, GB 32100-2015): read into one form, or refused.

A code names an organisation, not a person: it may be shown, logged and stand in an error's facts.
"""

import re
import unicodedata

from stdnum.cn import uscc

from creditbank.errors import CreditBankError

USCC_LENGTH = 18
#: Letters that look like digits (I O S V Z) never occur; the six after the first two are a region.
_FORM = re.compile(
    r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}",
    re.ASCII,
)
_SHOWN_CHARACTERS = 24
#: A person's number typed into the wrong field must not come back in an error.
_LIKE_A_PERSONS_NUMBER = re.compile(r"[0-9]{14,17}[0-9X]", re.ASCII)


class UsccInvalidError(CreditBankError):
    """A text is not a unified social credit code."""

    code = "uscc-invalid"
    status = 422


class UsccLengthError(UsccInvalidError):
    """The code has not 18 characters."""

    code = "uscc-length-wrong"


class UsccCharactersError(UsccInvalidError):
    """The code holds I, O, S, V, Z, another sign, or a letter in the region's six digits."""

    code = "uscc-characters-wrong"


class UsccCheckError(UsccInvalidError):
    """The last character does not follow from the others; an official may confirm the code."""

    code = "uscc-check-character-wrong"


def read_uscc(raw: str, *, confirmed: bool = False) -> str:
    """Bring a code as typed into normal form: NFKC, no spaces or hyphens, upper case.

    Args:
        raw: the code as typed.
        confirmed: an official has seen the licence. Some codes of the first years were issued
            with a failing check character, which then passes; length and characters still hold.

    Raises:
        UsccInvalidError: one of its subclasses.
    """
    code = "".join(unicodedata.normalize("NFKC", raw).split()).replace("-", "").upper()
    shown = _shown(code)
    if len(code) != USCC_LENGTH:
        raise UsccLengthError(found=shown, length=len(code))
    if _FORM.fullmatch(code) is None:
        raise UsccCharactersError(found=shown)
    # Not uscc.validate: it wants digits in front, and A, N and Y register organisations as well.
    if not confirmed and uscc.calc_check_digit(code[:-1]) != code[-1]:
        raise UsccCheckError(found=shown)
    return code


def _shown(code: str) -> str:
    if _LIKE_A_PERSONS_NUMBER.fullmatch(code) is not None:
        return f"****{code[-4:]}"
    return code[:_SHOWN_CHARACTERS]
