"""Passwords: argon2id with the parameters of the settings, a least length, a list of refused ones.

Length is what counts; no kinds of characters are asked for.
"""

import unicodedata
from functools import cache
from importlib.resources import files

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from creditbank.config import Settings
from creditbank.errors import CreditBankError

#: Enough for any sentence; argon2 itself does not care.
PASSWORD_CHARACTERS_MAX = 256
#: A password of fewer different characters is a key held down.
_DIFFERENT_CHARACTERS_MIN = 5
#: What may stand around a name or number in a password that holds one.
_CHARACTERS_BESIDE_MIN = 8


class PasswordTooShortError(CreditBankError):
    """The password has fewer characters than the settings ask for."""

    code = "password-too-short"
    status = 422


class PasswordTooLongError(CreditBankError):
    """The password is longer than any that is taken."""

    code = "password-too-long"
    status = 422


class PasswordTooCommonError(CreditBankError):
    """The password is among those tried first: known ones, one's own name, a key held down."""

    code = "password-too-common"
    status = 422


class Passwords:
    """Hashes and compares passwords."""

    def __init__(self, settings: Settings) -> None:
        self._characters_min = settings.password_characters_min
        self._hasher = PasswordHasher(
            time_cost=settings.argon2_iterations,
            memory_cost=settings.argon2_memory_kib,
            parallelism=settings.argon2_lanes,
            type=Type.ID,
        )
        self._nobodys = self._hasher.hash("nobody has this account")

    def hashed(self, password: str) -> str:
        """Hash a password that `accepted` has let pass."""
        return self._hasher.hash(_normal(password))

    def fits(self, password_hash: str | None, password: str) -> bool:
        """Tell whether a password is the hashed one.

        Without a hash one of nobody's is compared, so that the time taken does not tell whether
        there is an account.
        """
        try:
            self._hasher.verify(password_hash or self._nobodys, _normal(password))
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    def is_dated(self, password_hash: str) -> bool:
        """Tell whether a hash was made with other parameters than those of today."""
        return self._hasher.check_needs_rehash(password_hash)

    def accepted(self, password: str, *own: str) -> str:
        """Return a new password as it came.

        Args:
            password: as typed.
            own: what anybody who knows the owner would try: the sign-in name, the number.

        Raises:
            PasswordTooShortError, PasswordTooLongError, PasswordTooCommonError: it is not taken.
        """
        normal = _normal(password)
        if len(normal) < self._characters_min:
            raise PasswordTooShortError(found=len(normal), wanted=self._characters_min)
        if len(normal) > PASSWORD_CHARACTERS_MAX:
            raise PasswordTooLongError(wanted=PASSWORD_CHARACTERS_MAX)
        folded = normal.casefold()
        if len(set(folded)) < _DIFFERENT_CHARACTERS_MIN or _is_known(folded):
            raise PasswordTooCommonError
        for each in filter(None, map(str.casefold, own)):
            if each in folded and len(folded) - len(each) < _CHARACTERS_BESIDE_MIN:
                raise PasswordTooCommonError
        return password


@cache
def passwords_of(settings: Settings) -> Passwords:
    """Return the hasher of a bank; made once, because it hashes nobody's password first."""
    return Passwords(settings)


def _normal(password: str) -> str:
    # An input method may write full-width letters; they are the same password.
    return unicodedata.normalize("NFKC", password)[: PASSWORD_CHARACTERS_MAX + 1]


def _is_known(folded: str) -> bool:
    return any(part in _known() for part in (folded, folded.strip("0123456789!@#$%^&*.?-_ ")))


@cache
def _known() -> frozenset[str]:
    lines = (files(__package__) / "refused_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
