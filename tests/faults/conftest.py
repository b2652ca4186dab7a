"""Say at the end what the fault tests hit: how often, and at which moments."""

import pytest

_TALLIES: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Gather what tests recorded under `tally`."""
    if report.when == "call":
        _TALLIES.extend(
            f"{report.nodeid.rpartition('::')[2]}: {value}"
            for name, value in report.user_properties
            if name == "tally"
        )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tallies."""
    for line in _TALLIES:
        terminalreporter.write_line(f"tally {line}")
