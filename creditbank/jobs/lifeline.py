"""The lifeline: a child process notices that its parent is gone, however it went, and ends itself.

A parent that is killed outright can tell nobody. So the child looks every second whether it was
handed to another parent; that works on every system that has parents, and needs nothing of them.
"""

import os
import signal
import threading
import time

LOOK_SECONDS = 1
#: What a process gets to end in good order before it is ended.
GRACE_SECONDS = 15


def end_with_parent(parent_pid: int) -> None:
    """End this process soon after the process `parent_pid` is no longer its parent."""
    threading.Thread(target=_watch, args=(parent_pid,), name="lifeline", daemon=True).start()


def _watch(parent_pid: int) -> None:
    while os.getppid() == parent_pid:
        time.sleep(LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)
