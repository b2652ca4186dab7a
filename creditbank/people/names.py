"""Whether two spellings are one name. The number says whose it is, and the name confirms it.

Traditional and simplified characters are one, and so are all middle dots, spaces, hyphens, large
and small letters, wide and narrow ones. Whatever else differs is another name.
"""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from creditbank.people.han_variants import PAIRS

#: Between the parts of a name, and left out by many.
_MARKS = "·'’-. "
_SIMPLIFIED = dict(zip(PAIRS[::2], PAIRS[1::2], strict=True))
_FOLDED = str.maketrans(
    {each: _SIMPLIFIED.get(plain, plain) for each, plain in _SIMPLIFIED.items()}
    | dict.fromkeys(_MARKS, "")
)


def agrees(stated: str, names: Iterable[str]) -> bool:
    """Tell whether a name, in the form of `read_name`, is one of those on record."""
    on_record = list(names)
    return stated in on_record or folded_name(stated) in map(folded_name, on_record)


@lru_cache(maxsize=4_096)
def folded_name(name: str) -> str:
    """Return what every spelling of a name has in common."""
    return unicodedata.normalize("NFKC", name).casefold().translate(_FOLDED)
