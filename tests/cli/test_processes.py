"""Serving: the web server and the clock live and die together, and leave nobody behind."""

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from creditbank.cli.console import Desk
from creditbank.cli.processes import PortTakenError, environment_of, serve_bank
from creditbank.config import Settings
from tests.cli.bench import (
    DEADLINE_SECONDS,
    alive,
    descendants,
    end_all,
    free_port,
    listens,
    start,
    terminal_for,
    wait_until,
)
from tests.conftest import Database


@dataclass(slots=True)
class Served:
    """A bank that is being served: the parent, and everybody below it."""

    parent: "subprocess.Popen[bytes]"
    port: int
    below: dict[int, str]

    def named(self, module: str) -> int:
        """Return the topmost process that runs a module."""
        return min(pid for pid, command in self.below.items() if module in command)

    def wait_until_all_are_gone(self) -> None:
        wait_until(lambda: not any(map(alive, self.below)), "every child is gone")


@pytest.fixture
def served(database: Database, tmp_path: Path) -> Iterator[Served]:
    port = free_port()
    settings = database.settings(tmp_path / "bank", listen_port=port, seal_interval_seconds=1)
    terminal_for(settings).run("init", "--host", "bank.example")
    parent = start(environment_of(settings), "serve")
    wait_until(lambda: listens(port), "the API listens")
    wait_until(lambda: _clock_and_workers(parent.pid), "clock and workers are there")
    served = Served(parent, port, descendants(parent.pid))
    yield served
    end_all({parent.pid: "", **served.below})
    parent.wait()


def test_serving_is_a_web_server_its_workers_and_a_clock(
    served: Served, database: Database
) -> None:
    workers = 1 if database.kind == "sqlite" else Settings().web_workers
    wait_until(lambda: len(descendants(served.parent.pid)) == 2 + workers, "the workers are there")
    assert served.named("web_process") != served.named("clock_process")


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_parent_ends_all_in_good_order(served: Served, signal_number: int) -> None:
    served.parent.send_signal(signal_number)

    assert served.parent.wait(DEADLINE_SECONDS) == 0
    served.wait_until_all_are_gone()
    assert not listens(served.port)


def test_a_parent_that_is_killed_outright_leaves_nobody_behind(served: Served) -> None:
    served.parent.kill()

    served.wait_until_all_are_gone()
    assert not listens(served.port)


@pytest.mark.parametrize("child", ["web_process", "clock_process"])
def test_a_child_that_dies_takes_the_others_with_it(served: Served, child: str) -> None:
    os.kill(served.named(child), signal.SIGKILL)

    assert served.parent.wait(DEADLINE_SECONDS) == 1
    served.wait_until_all_are_gone()


def test_a_port_in_use_is_said_before_anything_starts(
    served: Served, database: Database, tmp_path: Path
) -> None:
    settings = database.settings(tmp_path / "bank", listen_port=served.port)

    with pytest.raises(PortTakenError) as refused:
        serve_bank(Desk(settings, "zh"))

    assert refused.value.facts["port"] == served.port


def _clock_and_workers(pid: int) -> bool:
    commands = list(descendants(pid).values())
    webs = sum("web_process" in command for command in commands)
    return webs >= 2 and any("clock_process" in command for command in commands)
