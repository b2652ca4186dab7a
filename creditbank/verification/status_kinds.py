"""Kinds of status records (身份状况登记), what each says, and who may state it.

Employment is what the notices name (乌鲁木齐高新区 draft, 12: 社保数据实时共享), pledges are its
双承诺, and results of examinations those of its item 14 (知识更新、职称考试、职业资格考试). The
rest are starts of counting that the packs ask for (rules/stated.py), and practice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from creditbank.errors import CreditBankError
from creditbank.registry.clients import Role


class StatusKind(StrEnum):
    """What a record is about."""

    EMPLOYMENT = "employment"
    TITLE = "title"
    QUALIFICATION = "qualification"
    CERTIFICATE = "certificate"
    MOVE_IN = "move_in"
    PRACTICE = "practice"
    EXAMINATION = "examination"
    PLEDGE = "pledge"


class Examination(StrEnum):
    """Of which kind an examination is."""

    KNOWLEDGE_RENEWAL = "knowledge_renewal"
    TITLE = "title"
    QUALIFICATION = "qualification"


class Mark(StrEnum):
    """How an examination went."""

    PASSED = "passed"
    FAILED = "failed"


class Practice(StrEnum):
    """How somebody stands in practice."""

    PRACTISING = "practising"
    SUSPENDED = "suspended"
    ENDED = "ended"


class PledgedBy(StrEnum):
    """Who pledges that what an application says is true."""

    PERSON = "person"
    EMPLOYER = "employer"


@dataclass(frozen=True, slots=True)
class _Says:
    """Members that a kind must state, those that it may, and who may state it."""

    wanted: frozenset[str]
    optional: frozenset[str]
    roles: frozenset[Role]


def _says(wanted: str, optional: str = "", *roles: Role) -> _Says:
    return _Says(frozenset(wanted.split()), frozenset(optional.split()), frozenset(roles))


_MACHINES = (Role.OFFICIAL, Role.PROVIDER, Role.TITLE_SYSTEM)
_SAYS: Mapping[StatusKind, _Says] = {
    StatusKind.EMPLOYMENT: _says("organisation", "post", Role.OFFICIAL),
    StatusKind.TITLE: _says("series level", "specialty", Role.OFFICIAL),
    StatusKind.QUALIFICATION: _says("title", "number_sha256", Role.OFFICIAL),
    StatusKind.CERTIFICATE: _says("title", "number_sha256", Role.OFFICIAL),
    StatusKind.MOVE_IN: _says("", "", Role.OFFICIAL),
    StatusKind.PRACTICE: _says("practice", "title", Role.OFFICIAL),
    StatusKind.EXAMINATION: _says("examination title result", "number_sha256", *_MACHINES),
    StatusKind.PLEDGE: _says(
        "pledged_by text_version text_sha256", "", Role.TITLE_SYSTEM, Role.EMPLOYER, Role.OFFICIAL,
        Role.PROFESSIONAL,
    ),
}  # fmt: skip
#: Every member that some kind says.
MEMBERS = tuple(sorted({name for each in _SAYS.values() for name in each.wanted | each.optional}))
#: Kinds that are of one day and have no end.
_OF_ONE_DAY = frozenset({StatusKind.TITLE, StatusKind.MOVE_IN, StatusKind.EXAMINATION,
                         StatusKind.PLEDGE})  # fmt: skip


class StatusMembersError(CreditBankError):
    """A record lacks what its kind says, or says what its kind does not."""

    code = "status-members"
    status = 422


class StatusRoleError(CreditBankError):
    """A client states what only others may: the authorities, or whoever held the examination."""

    code = "status-role"
    status = 403


def members_of(kind: StatusKind) -> dict[str, bool]:
    """Return what a kind says, by name in an order that stays, and whether it must be stated."""
    rule = _SAYS[kind]
    named = [*sorted(rule.wanted), *sorted(rule.optional)]
    return {name: name in rule.wanted for name in named}


def has_end(kind: StatusKind) -> bool:
    """Tell whether a record of a kind may have a last day."""
    return kind not in _OF_ONE_DAY


def claim_members(kind: StatusKind, said: Mapping[str, str], *, ends: bool) -> None:
    """Say that a record states what its kind says, and nothing else.

    Raises:
        StatusMembersError: naming what lacks and what is too much.
    """
    rule = _SAYS[kind]
    lacking = sorted(rule.wanted - said.keys())
    beside = sorted(said.keys() - rule.wanted - rule.optional)
    if ends and kind in _OF_ONE_DAY:
        beside.append("valid_through")
    if lacking or beside:
        raise StatusMembersError(
            kind_words=f"status-kind-{kind.replace('_', '-')}", lacking=lacking or ["–"],
            beside=beside or ["–"],
        )  # fmt: skip


def claim_role(kind: StatusKind, role: Role) -> None:
    """Say that a client of a role may state this.

    Raises:
        StatusRoleError: others may.
    """
    roles = _SAYS[kind].roles
    if role not in roles:
        raise StatusRoleError(
            kind_words=f"status-kind-{kind.replace('_', '-')}",
            wanted_words=[f"role-{each.replace('_', '-')}" for each in sorted(roles)],
        )
