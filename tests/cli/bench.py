"""A command line at work: runs `creditbank` in this process or in one of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from click.testing import CliRunner, Result

from creditbank.cli import main
from creditbank.cli.processes import environment_of
from creditbank.config import Settings
from creditbank.people.register import Identity

DEADLINE_SECONDS = 120


@dataclass(slots=True)
class Terminal:
    """Runs commands against one bank, in Chinese."""

    environment: Mapping[str, str]
    said: list[str] = field(default_factory=list)

    def run(self, *arguments: str, exit_code: int = 0, stdin: str = "") -> Result:
        """Run a command and insist on its exit code; whatever happens, never a traceback."""
        environment = {**self.environment, "CREDITBANK_ACTOR": "wang", "LANG": "zh_CN.UTF-8"}
        result = CliRunner().invoke(main, arguments, input=stdin, env=environment)
        self.said.append(result.output)
        assert result.exit_code == exit_code, result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result


def terminal_for(settings: Settings) -> Terminal:
    """Return a terminal whose environment is that of the settings."""
    return Terminal(environment_of(settings))


def person_file(folder: Path, person: Identity, name: str = "person.json") -> str:
    """Write a person's number and name where a command may read them."""
    path = folder / name
    said = {
        "kind": str(person.document.kind),
        "number": person.document.number,
        "name": person.name,
    }
    path.write_text(json.dumps(said), encoding="utf-8")
    return str(path)


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(environment: Mapping[str, str], *arguments: str) -> "subprocess.Popen[bytes]":
    """Start `creditbank` as a process of its own."""
    command = [sys.executable, "-c", "from creditbank.cli import main; main()", *arguments]
    return subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_until(true: Callable[[], bool], what: str) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not true():
        assert time.monotonic() < deadline, f"waited too long until {what}"
        time.sleep(0.1)


def listens(port: int) -> bool:
    """Tell whether somebody accepts connections."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def descendants(pid: int) -> dict[int, str]:
    """Return the living processes below one, with their command lines."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "stat").read_text().rpartition(")")[2].split()
                command = (folder / "cmdline").read_text().replace("\0", " ")
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents[int(folder.name)] = (int(words[1]), command)
    found: dict[int, str] = {}
    waiting = [pid]
    while waiting:
        above = waiting.pop()
        for child, (parent, command) in parents.items():
            if parent == above:
                found[child] = command
                waiting.append(child)
    return found


def alive(pid: int) -> bool:
    """Tell whether a process still runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def end_all(pids: Mapping[int, str]) -> None:
    """Kill what a failing test would leave behind."""
    for pid in pids:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)
