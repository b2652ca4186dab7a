"""Settings: each documented with its default and its bounds, and refused beyond them."""

import re
from dataclasses import Field, fields
from typing import Any

import pytest

from creditbank.catalogue import LANGUAGES, problem
from creditbank.config import SettingInvalidError, Settings, settings_from_environment
from tests.house.tree import ROOT, sources

SETTINGS = fields(Settings)
BOUNDED = [setting for setting in SETTINGS if setting.type is int]
_ROW = re.compile(
    r"^\| `(?P<variable>CREDITBANK_[A-Z0-9_]+)` \| (?P<default>[^|]+) \| (?P<bounds>[^|]+) \|", re.M
)


def variable_of(setting: Field[Any]) -> str:
    return f"CREDITBANK_{setting.name.upper()}"


def documented(page: str) -> dict[str, tuple[str, str]]:
    """Read the table of the page: variable, then default and bounds."""
    return {
        match["variable"]: (match["default"].strip(), match["bounds"].strip())
        for match in _ROW.finditer(page)
    }


def expected() -> dict[str, tuple[str, str]]:
    return {
        variable_of(setting): (
            f"`{setting.default}`" if setting.default != "" else "empty",
            f"{setting.metadata['low']}–{setting.metadata['high']}"
            if setting.type is int
            else "text",
        )
        for setting in SETTINGS
    }


def test_every_setting_is_documented_with_its_default_and_bounds() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")

    assert documented(page) == expected()


def test_a_page_with_another_default_would_be_noticed() -> None:
    page = "| `CREDITBANK_LISTEN_PORT` | `80` | 1–65535 | x |\n"

    assert documented(page)["CREDITBANK_LISTEN_PORT"] != expected()["CREDITBANK_LISTEN_PORT"]


def test_every_setting_says_what_it_is() -> None:
    assert [setting.name for setting in SETTINGS if not setting.metadata["doc"].endswith(".")] == []


def test_without_an_environment_every_setting_keeps_its_default() -> None:
    assert settings_from_environment({}) == Settings()


@pytest.mark.parametrize("setting", BOUNDED, ids=lambda setting: setting.name)
def test_a_bound_can_be_reached(setting: Field[Any]) -> None:
    variable = variable_of(setting)
    low, high = setting.metadata["low"], setting.metadata["high"]

    reached = [
        getattr(settings_from_environment({variable: str(bound)}), setting.name)
        for bound in (low, high)
    ]

    assert reached == [low, high]


@pytest.mark.parametrize("setting", BOUNDED, ids=lambda setting: setting.name)
@pytest.mark.parametrize("beyond", ["low", "high"])
def test_a_bound_cannot_be_passed(setting: Field[Any], beyond: str) -> None:
    step = -1 if beyond == "low" else 1
    value = setting.metadata[beyond] + step

    with pytest.raises(SettingInvalidError) as refused:
        settings_from_environment({variable_of(setting): str(value)})

    assert refused.value.facts["variable"] == variable_of(setting)


@pytest.mark.parametrize("raw", ["", " 80", "8_0", "8e3", "0x50", "８０", "-1", "1" * 13])
def test_a_number_is_written_in_plain_digits(raw: str) -> None:
    with pytest.raises(SettingInvalidError):
        settings_from_environment({"CREDITBANK_LISTEN_PORT": raw})


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refused_setting_names_its_variable(language: Any) -> None:
    with pytest.raises(SettingInvalidError) as refused:
        settings_from_environment({"CREDITBANK_VERDICT_ALGORITHM": "RS256"})

    assert "CREDITBANK_VERDICT_ALGORITHM" in problem(refused.value, language).detail


def test_no_room_below_the_doors_reads_the_environment() -> None:
    readers = {
        source.path
        for source in sources("creditbank")
        if re.search(r"os\.getenv|os\.environ", source.text)
        and not source.path.startswith(("creditbank/cli/", "creditbank/jobs/"))
    }

    assert readers == {"creditbank/config.py"}
