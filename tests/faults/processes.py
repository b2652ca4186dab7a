"""Starting workers, each a process with an application of its own, and hearing what they say.

They come from a server process that has imported everything and opened nothing, so that a start is
quick and no connection is ever shared.
"""

import multiprocessing
from multiprocessing.synchronize import Event
from typing import Any

from tests.bank import TestBank
from tests.faults import worker

#: A server that has imported everything; whoever needs a process of its own asks it.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.faults.worker", "pytest"])
_PATIENCE_SECONDS = 240


class Worker:
    """A worker at its job; whoever starts one ends it."""

    def __init__(self, bank: TestBank, action: str, **job: object) -> None:
        self._line, far_end = PROCESSES.Pipe()
        self._process = PROCESSES.Process(
            target=worker.work, args=(far_end, bank.house.settings, action, job), daemon=True
        )
        self._process.start()
        far_end.close()

    def hear(self) -> dict[str, Any]:
        """Wait for what the worker says next."""
        assert self._line.poll(_PATIENCE_SECONDS), "the worker says nothing"
        heard: dict[str, Any] = self._line.recv()
        return heard

    def tell(self, word: str) -> None:
        """Say something that the worker waits for."""
        self._line.send(word)

    def kill(self) -> None:
        """End the worker as a power cut would."""
        self._process.kill()
        self._process.join(60)
        self._line.close()

    def end(self) -> None:
        """Wait until the worker has ended by itself."""
        self._process.join(60)
        self._line.close()
        assert self._process.exitcode == 0


def event() -> Event:
    """Return something that workers can wait for."""
    return PROCESSES.Event()


def run_together(
    bank: TestBank, jobs: list[dict[str, object]], action: str = "post_many"
) -> list[dict[str, Any]]:
    """Let one worker for each job begin at once; return what each says at the end."""
    start = event()
    workers = [Worker(bank, action, start=start, **job) for job in jobs]
    for each in workers:
        assert each.hear() == {"ready": True}
    start.set()
    said = [each.hear() for each in workers]
    for each in workers:
        each.end()
    return said


def run_some_killed(
    bank: TestBank, jobs: list[dict[str, object]], action: str
) -> list[dict[str, Any]]:
    """Let them run together; return what those say who were not killed on the way."""
    start = event()
    workers = [Worker(bank, action, start=start, **job) for job in jobs]
    for each in workers:
        assert each.hear() == {"ready": True}
    start.set()
    said = []
    for each in workers:
        try:
            said.append(each.hear())
        except EOFError:
            each.kill()
        else:
            each.end()
    return said
