"""The page on which a provider has a list compared before the course."""

import re

import pytest

from creditbank.registry.clients import Role
from tests.bank import TestBank, attendance, invented_person
from tests.web.browser import Browser
from tests.web.visitors import Visitors

ONE, OTHER = invented_person(61), invented_person(62)
PATH = "/name-checks/matches"

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def provider(bank: TestBank, visitors: Visitors) -> Browser:
    bank.post(bank.approved_filing(), attendance([ONE]))
    return visitors.seated(Role.PROVIDER)


def checked(provider: Browser, *lines: str) -> str:
    provider.get(PATH)
    provider.send(PATH, document_kind="resident_id", lines="\n".join(lines))
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", provider.text))


def test_a_pasted_list_is_compared_line_by_line(provider: Browser) -> None:
    number, other = ONE.document.number, OTHER.document.number

    shown = checked(
        provider, f"{ONE.name}\t{number}", "", f"{other}，{OTHER.name}", f"王错 {number}"
    )

    assert "3 人，其中 2 人可以照常上报" in shown
    assert "其中 1 人尚未登记" in shown
    assert "第 3 行 · 姓名与已登记的不一致" in shown


def test_all_that_fits_is_said(provider: Browser) -> None:
    assert "全部无误" in checked(provider, f"{ONE.name} {ONE.document.number}")


def test_lines_without_a_number_and_no_lines_are_told(provider: Browser) -> None:
    shown = checked(provider, ONE.name)
    empty = checked(provider, "  ")

    assert "1 人，其中 0 人可以照常上报" in shown
    assert "名单是空的，或者太长" in empty
