"""Reading a pack from the bytes of its file: all of it is understood and cited, or none is loaded.

A value says from which day it holds. A later value of the same key names the day of the one that it
replaces, so that a rule changes by adding, the old text stays as it was, and two values that merely
overlap are an error.
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from zoneinfo import ZoneInfo

from creditbank.errors import CreditBankError
from creditbank.ids import JurisdictionInvalidError, checked_jurisdiction, jurisdiction_contains
from creditbank.rules.fields import (
    SCHEME,
    SUBJECT,
    WORD,
    Fields,
    Lines,
    PackInvalidError,
    PackKeyMissingError,
    PackKeyUnknownError,
    PackSyntaxError,
    Place,
    choices_of,
    clipped,
)
from creditbank.rules.kinds import plain_key
from creditbank.rules.pack import (
    Adoption,
    Basis,
    Name,
    Pack,
    PackChain,
    PackStatus,
    Reference,
    Value,
)
from creditbank.rules.parameters import read_parameter

__all__ = [
    "PackChainError",
    "PackInvalidError",
    "PackKeyMissingError",
    "PackKeyUnknownError",
    "PackMissingError",
    "PackNameTwiceError",
    "PackOverlapError",
    "PackReferenceUnknownError",
    "PackSyntaxError",
    "PackUncitedError",
    "chain_of",
    "load_pack",
    "parse_toml",
]

#: A pack is a page or two of rules; a megabyte of them is a mistake.
PACK_BYTES_MAX = 1_000_000
QUOTE_LENGTH_MIN = 12
QUOTE_LENGTH_MAX = 60
_VERSION_MAX = 1_000_000
_RULE_KEY = rf"{WORD}(?:\.(?:{WORD}(?:-[a-z0-9]+)*|\*))*"
_REFERENCE_ID = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_ERROR_LINE = re.compile(r"at line ([0-9]+)")


class PackUncitedError(PackInvalidError):
    """A value lacks the reference or the reason that its basis demands; `expected` names it."""

    code = "pack-uncited"


class PackReferenceUnknownError(PackInvalidError):
    """A value cites a reference that the pack does not contain."""

    code = "pack-reference-unknown"


class PackOverlapError(PackInvalidError):
    """Two values of one key hold on one day, or one claims to replace a value that is not there."""

    code = "pack-overlap"


class PackNameTwiceError(PackInvalidError):
    """One id of one kind is named twice in a pack."""

    code = "pack-name-twice"


class PackMissingError(CreditBankError):
    """A scheme, or a pack that it inherits from, is not among the published packs."""

    code = "pack-missing"
    status = 404


class PackChainError(CreditBankError):
    """A pack inherits from itself, or from a pack whose jurisdiction does not contain its own."""

    code = "pack-chain"
    status = 422


def load_pack(data: bytes, *, file: str) -> Pack:
    """Read one pack.

    Args:
        data: the file's bytes, UTF-8 TOML.
        file: what to call the file when something is wrong with it.

    Raises:
        PackInvalidError: naming the file, the line, the key, and what was expected there.
    """
    text, table = parse_toml(data, file)
    lines = Lines(text)
    fields = Fields(table, Place(file, lines))
    pack_id = fields.text("id", pattern=SCHEME, example='"cn-3710"')
    references = _references(fields, lines, file)
    pack = Pack(
        id=pack_id,
        version=fields.integer("version", least=1, most=_VERSION_MAX),
        title_zh=fields.text("title_zh"),
        title_en=fields.text("title_en"),
        jurisdiction=_jurisdiction(fields),
        inherits=_inherits(fields),
        zone=_zone(fields),
        status=fields.choice("status", PackStatus),
        verified_on=fields.day("verified_on"),
        sha256=hashlib.sha256(data).hexdigest(),
        references=references,
        values=_values(fields, references, pack_id),
        names=_names(fields),
    )
    fields.finish()
    return pack


def parse_toml(data: bytes, file: str) -> tuple[str, Mapping[str, object]]:
    """Read TOML; return the text itself too, in which lines are looked up.

    Raises:
        PackSyntaxError: it is none, or longer than a pack may be.
    """
    if len(data) > PACK_BYTES_MAX:
        raise PackSyntaxError(
            file=file, line=1, key="", found=str(len(data)), expected=f"≤ {PACK_BYTES_MAX} bytes"
        )
    try:
        text = data.decode("utf-8")
        return text, tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PackSyntaxError(file=file, line=line, key="", found="", expected="UTF-8") from error
    except (ValueError, RecursionError) as error:  # too long a number, too deep a nesting
        at = _ERROR_LINE.search(str(error))
        line = int(at[1]) if at else 1
        raise PackSyntaxError(
            file=file, line=line, key="", found=str(error)[:200], expected="TOML 1.0"
        ) from error


def chain_of(
    scheme: str,
    packs: Mapping[str, Pack],
    *,
    simulation: bool = False,
    adopted: Mapping[str, tuple[Adoption, ...]] = MappingProxyType({}),
) -> PackChain:
    """Follow a scheme's inheritance up to the nation.

    Args:
        scheme: id of the pack to start from.
        packs: the packs at hand by id.
        simulation: let drafts take part; such a chain explains and decides nothing.
        adopted: by pack, the terms for which a draft is law.

    Raises:
        PackMissingError: the scheme or an ancestor is not at hand.
        PackChainError: the inheritance runs in a circle or leaves the jurisdiction.
        PackDraftError: a draft that nobody adopted is in the chain and this is no simulation.
    """
    chain: list[Pack] = []
    wanted: str | None = scheme
    while wanted is not None:
        pack = packs.get(wanted)
        if pack is None:
            raise PackMissingError(scheme=scheme, wanted=wanted)
        if chain and not _may_inherit(chain, pack):
            raise PackChainError(scheme=scheme, child=chain[-1].id, parent=wanted)
        chain.append(pack)
        wanted = pack.inherits
    concerned = {pack.id: adopted[pack.id] for pack in chain if pack.id in adopted}
    return PackChain(tuple(chain), simulation, concerned)


def _may_inherit(chain: list[Pack], parent: Pack) -> bool:
    is_new = all(pack.id != parent.id for pack in chain)
    return is_new and jurisdiction_contains(parent.jurisdiction, chain[-1].jurisdiction)


def _jurisdiction(fields: Fields) -> str:
    try:
        return checked_jurisdiction(fields.text("jurisdiction"))
    except JurisdictionInvalidError as error:
        raise fields.refuse("jurisdiction", expected='"cn-3710"') from error


def _inherits(fields: Fields) -> str | None:
    if not fields.has("inherits"):
        return None
    return fields.text("inherits", pattern=SCHEME, example='"cn-37"')


def _zone(fields: Fields) -> str:
    zone = fields.text("zone", pattern="[A-Z][A-Za-z_]+/[A-Z][A-Za-z_]+", example='"Asia/Shanghai"')
    try:
        return ZoneInfo(zone).key
    except (KeyError, ValueError, OSError) as error:
        raise fields.refuse("zone", expected='"Asia/Shanghai"') from error


def _references(fields: Fields, lines: Lines, file: str) -> Mapping[str, Reference]:
    if not fields.has("reference"):
        return {}
    by_id = fields.inner("reference")
    references = {}
    for reference_id in by_id.table:
        table = by_id.inner(reference_id).table
        place = Place(file, lines, f"reference.{reference_id}")
        if re.fullmatch(_REFERENCE_ID, reference_id) is None:
            raise Fields(table, place).refuse("", expected="[reference.weihai-2024-2-9]")
        references[reference_id] = _reference(Fields(table, place), reference_id)
    return references


def _reference(fields: Fields, reference_id: str) -> Reference:
    digest = "[0-9a-f]{64}"
    reference = Reference(
        id=reference_id,
        document=fields.text("document"),
        title=fields.text("title"),
        clause=fields.text("clause"),
        issued=fields.day("issued") if fields.has("issued") else None,
        quote=fields.text("quote"),
        source_sha256=(
            fields.text("source_sha256", pattern=digest, example=digest)
            if fields.has("source_sha256")
            else None
        ),
    )
    if not QUOTE_LENGTH_MIN <= len(reference.quote) <= QUOTE_LENGTH_MAX:
        raise fields.refuse("quote", expected=f"{QUOTE_LENGTH_MIN} … {QUOTE_LENGTH_MAX} 字")
    fields.finish()
    return reference


def _names(fields: Fields) -> Mapping[tuple[str, str], Name]:
    names: dict[tuple[str, str], Name] = {}
    for table in fields.sections("name"):
        name = Name(
            kind=table.text("kind", pattern=WORD, example='"activity"'),
            id=table.text("id", pattern=SUBJECT, example='"rural_service"'),
            zh=table.text("zh"),
            en=table.text("en"),
        )
        table.finish()
        if (name.kind, name.id) in names:
            raise PackNameTwiceError(
                **table.place.facts("id"), found=clipped(f"{name.kind} {name.id}"), expected="1"
            )
        names[name.kind, name.id] = name
    return names


@dataclass(frozen=True, slots=True)
class _Rule:
    """One `[[rule]]` as read: its value, and the day of the value that it says it replaces."""

    value: Value
    replaces: date | None
    fields: Fields


def _values(
    fields: Fields, references: Mapping[str, Reference], scheme: str
) -> Mapping[str, tuple[Value, ...]]:
    by_key: dict[str, list[_Rule]] = {}
    for table in fields.sections("rule"):
        rule = _rule(table, references, scheme)
        by_key.setdefault(rule.value.key, []).append(rule)
    return {key: _timeline(rules) for key, rules in by_key.items()}


def _rule(fields: Fields, references: Mapping[str, Reference], scheme: str) -> _Rule:
    key = plain_key(fields.text("key", pattern=_RULE_KEY, example='"cap.NAME"'))
    from_ = fields.day("from")
    basis = fields.choice("basis", Basis)
    value = Value(
        key=key,
        value=read_parameter(fields, key),
        from_=from_,
        until=fields.day("until") if fields.has("until") else None,
        basis=basis,
        reference=_cited(fields, references, basis),
        reason=_reason(fields, "reason", basis),
        reason_en=_reason(fields, "reason_en", basis),
        scheme=scheme,
        also=_also(fields, references),
    )
    if value.until is not None and value.until <= from_:
        raise fields.refuse("until", expected=f"> {from_}")
    if bool(value.reason) != bool(value.reason_en):
        raise PackUncitedError(
            **fields.place.facts("reason"), found="", expected="reason, reason_en"
        )
    replaces = fields.day("replaces") if fields.has("replaces") else None
    fields.finish()
    return _Rule(value, replaces, fields)


def _cited(fields: Fields, references: Mapping[str, Reference], basis: Basis) -> Reference | None:
    if not fields.has("reference"):
        if basis is not Basis.ASSUMPTION:
            raise PackUncitedError(
                **fields.place.facts("basis"), found=basis.value, expected="reference"
            )
        return None
    reference_id = fields.text("reference", pattern=_REFERENCE_ID, example='"weihai-2024-2-9"')
    return _reference_called(reference_id, fields, "reference", references)


def _also(fields: Fields, references: Mapping[str, Reference]) -> tuple[Reference, ...]:
    """Read the further references of a value, which come after its own `reference`."""
    if not fields.has("also"):
        return ()
    if not fields.has("reference"):
        raise PackUncitedError(**fields.place.facts("also"), found="also", expected="reference")
    ids = fields.words("also", pattern=_REFERENCE_ID)
    if fields.table["reference"] in ids:
        raise fields.refuse("also", expected=clipped(f"≠ {fields.table['reference']}"))
    return tuple(_reference_called(each, fields, "also", references) for each in ids)


def _reference_called(
    reference_id: str, fields: Fields, key: str, references: Mapping[str, Reference]
) -> Reference:
    if reference_id not in references:
        raise PackReferenceUnknownError(
            **fields.place.facts(key), found=clipped(reference_id), expected=choices_of(references)
        )
    return references[reference_id]


def _reason(fields: Fields, key: str, basis: Basis) -> str:
    if fields.has(key):
        return fields.text(key)
    if basis is not Basis.NOTICE:
        raise PackUncitedError(**fields.place.facts("basis"), found=basis.value, expected=key)
    return ""


def _timeline(rules: list[_Rule]) -> tuple[Value, ...]:
    """Put one key's values in order of time; each ends where the next says that it replaces it."""
    ordered = sorted(rules, key=lambda rule: rule.value.from_)
    values = [ordered[0].value]
    if ordered[0].replaces is not None:
        raise _overlap(ordered[0], "replaces", "")
    for rule in ordered[1:]:
        previous = values[-1]
        if rule.replaces is not None:
            if rule.replaces != previous.from_ or not previous.holds_on(rule.value.from_):
                raise _overlap(rule, "replaces", f"{previous.from_}")
            previous = values[-1] = replace(previous, until=rule.value.from_)
        if previous.holds_on(rule.value.from_) or previous.from_ == rule.value.from_:
            raise _overlap(rule, "from", f"{previous.from_}")
        values.append(rule.value)
    return tuple(values)


def _overlap(rule: _Rule, key: str, other: str) -> PackOverlapError:
    return PackOverlapError(
        **rule.fields.place.facts(key),
        rule=clipped(rule.value.key),
        found=f"{rule.value.from_}",
        expected=other,
    )
