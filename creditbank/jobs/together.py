"""Processes that live and die together: started as children, ended with whoever started them.

SIGTERM or SIGINT to the parent ends all of them in good order. If one ends by itself, the others
are ended and the exit code says so. If the parent is killed outright, each child notices by its
lifeline.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

import structlog

from creditbank.jobs.lifeline import GRACE_SECONDS

POLL_SECONDS = 1
EXIT_CHILD_ENDED = 1
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_log = structlog.get_logger(__name__)


def run_together(
    modules: Mapping[str, str],
    environment: Mapping[str, str],
    *,
    when_started: Callable[[], None] = lambda: None,
) -> int:
    """Run Python modules as children until a signal comes or one of them ends.

    Args:
        modules: name of the child to the module that it runs, with this process's id as argument.
        environment: variables that are added to this process's own.
        when_started: called once, beside the children.

    Returns:
        0 if a signal ended them, else 1.
    """
    with _told_to_end() as told:
        children: dict[str, subprocess.Popen[bytes]] = {}
        try:
            for name, module in modules.items():
                children[name] = _start(module, environment)
            threading.Thread(target=when_started, name="started", daemon=True).start()
            ended = _first_ended(children, told)
        finally:
            _end(children.values())
    if ended:
        _log.error("process-ended", process=ended, exit_code=children[ended].returncode)
        return EXIT_CHILD_ENDED
    return 0


def _start(module: str, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", module, str(os.getpid())]
    # A session of its own: Ctrl-C reaches the parent only, which then ends its children in order.
    return subprocess.Popen(  # noqa: S603 # our own modules
        command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, start_new_session=True
    )


def _first_ended(
    children: Mapping[str, "subprocess.Popen[bytes]"], told: threading.Event
) -> str | None:
    """Wait for a signal (None) or for a child that ends by itself (its name)."""
    while not told.is_set():
        for name, child in children.items():
            if child.poll() is not None:
                return name
        told.wait(POLL_SECONDS)
    return None


def _end(children: Iterable["subprocess.Popen[bytes]"]) -> None:
    """End every child that is still alive: asked first, and killed when its grace is over."""
    alive = [child for child in children if child.poll() is None]
    for child in alive:
        child.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    for child in alive:
        try:
            child.wait(max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextmanager
def _told_to_end() -> Iterator[threading.Event]:
    """Catch the signals that end a process, for as long as the block runs."""
    told = threading.Event()
    before = {each: signal.signal(each, lambda _signal, _frame: told.set()) for each in _SIGNALS}
    try:
        yield told
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
