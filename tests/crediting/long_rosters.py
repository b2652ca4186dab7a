"""Rosters left to the clock's process: bounds that make short ones long, and a look at the work."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from creditbank import meters
from creditbank.crediting import roster_credits, rosters
from creditbank.crediting.roster_credits import Phase
from creditbank.house import EXTENSION
from creditbank.meters import Meter
from tests.bank import TestBank


def bounded(bank: TestBank, **bounds: int) -> None:
    """Set a bank's bounds."""
    settings = replace(bank.house.settings, **bounds)
    bank.app.extensions[EXTENSION] = replace(bank.house, settings=settings)


def watched(monkeypatch: pytest.MonkeyPatch, look: Callable[[Phase, int, int], None]) -> None:
    """Let somebody look whenever a work has told, row by row, how far it is."""
    tell = Meter.tell

    def told(self: Meter, phase: Phase, done: int, total: int) -> None:
        tell(self, phase, done, total)
        look(phase, done, total)

    for module in (rosters, roster_credits):
        monkeypatch.setattr(module, "TOLD_EVERY", 1)
    monkeypatch.setattr(meters, "_TOLD_EVERY_NANOSECONDS", 0)
    monkeypatch.setattr(Meter, "tell", told)
