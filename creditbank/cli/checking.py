"""How `creditbank ledger fsck` says how far it is: calmly, on standard error, phase by phase."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from creditbank.cli.console import Desk
from creditbank.ledger.disagreement import Progress

#: How often a line on a terminal is written anew, and a line in a file added.
_ON_TERMINAL_SECONDS, _IN_FILE_SECONDS = 1, 60
#: Back to the start of the line, and the rest of it away.
_AGAIN = "\r\x1b[K"


@contextmanager
def progress_told(desk: Desk, progress: Progress, *, wanted: bool) -> Iterator[Callable[[], None]]:
    """Tell how far a check is while the block runs: on a terminal, or wherever it is wanted.

    A terminal has one line, written over and taken away at the end; elsewhere each phase has a line
    when it begins, and one a minute while it lasts.

    Yields:
        What takes the line away, before anything else is written to the terminal.
    """
    on_terminal = sys.stderr.isatty()
    if not (on_terminal or wanted):
        yield lambda: None
        return
    teller = _Teller(desk, on_terminal=on_terminal)
    progress.told = teller.tell
    done = threading.Event()

    def show() -> None:
        while not done.wait(_ON_TERMINAL_SECONDS if on_terminal else _IN_FILE_SECONDS):
            teller.tell(progress)

    thread = threading.Thread(target=show, name="progress", daemon=True)
    thread.start()
    try:
        yield teller.clear
    finally:
        done.set()
        thread.join()
        teller.clear()


class _Teller:
    def __init__(self, desk: Desk, *, on_terminal: bool) -> None:
        self._desk = desk
        self._on_terminal = on_terminal

    def tell(self, progress: Progress) -> None:
        """Say which phase is at work, and how much of it is done."""
        if not progress.phase:
            return  # it has not begun
        said = self._desk.text(
            "cli-fsck-phase",
            phase_no=progress.phase_no,
            phases=len(progress.phases),
            phase=self._desk.text(f"fsck-phase-{progress.phase}"),
            done=progress.done,
            known=progress.known,
        )
        click.echo(
            f"{_AGAIN}{said}" if self._on_terminal else said, err=True, nl=not self._on_terminal
        )

    def clear(self) -> None:
        """Leave the terminal as it was."""
        if self._on_terminal:
            click.echo(_AGAIN, err=True, nl=False)
