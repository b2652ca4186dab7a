"""The typed parameters of the pack language: what a rule key may be called and what it may hold.

A new kind of rule is one dataclass, one reader and one row of `HOUR_KINDS`, `TITLE_KINDS` or
`REGISTER_KINDS`; no place, series or notice is ever named here.
"""

import re

from creditbank.rules.fields import Fields
from creditbank.rules.hour_rules import HOUR_KINDS, HourRule
from creditbank.rules.kinds import Kind
from creditbank.rules.register_rules import REGISTER_KINDS, RegisterRule
from creditbank.rules.title_rules import TITLE_KINDS, TitleRule

Parameter = HourRule | TitleRule | RegisterRule

KINDS: tuple[Kind[Parameter], ...] = (*HOUR_KINDS, *TITLE_KINDS, *REGISTER_KINDS)


def read_parameter(fields: Fields, key: str) -> Parameter:
    """Read the `value` of one rule as its key demands.

    Raises:
        PackInvalidError: the key names no kind of rule, or the value is not of that kind.
    """
    for kind in KINDS:
        if re.fullmatch(kind.pattern, key):
            return kind.read(fields)
    raise fields.refuse("key", expected=" | ".join(kind.example for kind in KINDS))
