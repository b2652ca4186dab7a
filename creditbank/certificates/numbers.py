"""The number and the code of a certificate.

The number (6-digit region, year, 10 random digits, check character) names a certificate in letters
and files. The code (128 random bits, in the QR code) opens its page: whoever holds the paper has
it, and nobody can guess it or count up to it.
"""

import re
import secrets

from creditbank.canonical import tagged_digest
from creditbank.ids import BASE32

NUMBER_PATTERN = r"[0-9]{20}[0-9X]"
CODE_BYTES = 16
CODE_CHARACTERS = 26
_REGION_DIGITS = 6
_RANDOM_DIGITS = 10
_NUMBER = re.compile(NUMBER_PATTERN, re.ASCII)
_CHECK_CHARACTERS = "0123456789X"
_VALUES = {character: value for value, character in enumerate(BASE32)}
#: What a reader may take for another sign; the alphabet has none of these letters.
_MISREAD = str.maketrans("OIL", "011", "- ")


def new_number(jurisdiction: str, year: int) -> str:
    """Draw a number: the region of the jurisdiction, the year of issue, 10 random digits, check."""
    region = "".join(re.findall("[0-9]", jurisdiction)).ljust(_REGION_DIGITS, "0")
    drawn = secrets.randbelow(10**_RANDOM_DIGITS)
    digits = f"{region}{year:04d}{drawn:0{_RANDOM_DIGITS}d}"
    return digits + check_character(digits)


def check_character(digits: str) -> str:
    """Return the check character over a number's digits (ISO 7064 MOD 11-2): 0 to 9 or X.

    It finds every single wrong character, and every two in each other's place unless ten apart.
    """
    remainder = 0
    for digit in digits:
        remainder = (remainder + int(digit)) * 2 % 11
    return _CHECK_CHARACTERS[(12 - remainder) % 11]


def is_number(text: str) -> bool:
    """Tell whether a text is a number as it is written here, its check character too."""
    return _NUMBER.fullmatch(text) is not None and check_character(text[:-1]) == text[-1]


def spaced(number: str) -> str:
    """Write a number in groups, for the eye."""
    return " ".join((number[:6], number[6:10], number[10:15], number[15:]))


def new_code() -> bytes:
    """Draw the bits of a code."""
    return secrets.token_bytes(CODE_BYTES)


def code_text(code: bytes) -> str:
    """Write a code as 26 characters of the bank's base 32."""
    value = int.from_bytes(code)
    return "".join(BASE32[value >> shift & 31] for shift in range(5 * CODE_CHARACTERS - 5, -1, -5))


def grouped(code: str) -> str:
    """Write a code in groups, for whoever types it."""
    return "-".join(code[at : at + 5] for at in range(0, CODE_CHARACTERS, 5))


def code_of_text(text: str) -> bytes | None:
    """Read a code as people type it: in any case, O for 0, I and L for 1, hyphens and spaces.

    Returns:
        None for a text that is no code.
    """
    if len(text) > 2 * CODE_CHARACTERS or not text.isascii():
        return None
    characters = text.upper().translate(_MISREAD)
    if len(characters) != CODE_CHARACTERS or not all(each in _VALUES for each in characters):
        return None
    value = 0
    for character in characters:
        value = value << 5 | _VALUES[character]
    return value.to_bytes(CODE_BYTES) if value < 1 << 8 * CODE_BYTES else None


def code_lookup(code: bytes) -> bytes:
    """Return what a code is found by: 128 random bits need no key to stay unguessed."""
    return tagged_digest("creditbank/certificate-code/v1", code)


def number_lookup(number: str) -> bytes:
    """Return what a number is found by."""
    return tagged_digest("creditbank/certificate-number/v1", number.encode("ascii"))
