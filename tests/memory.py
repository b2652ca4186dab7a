"""Where banks of tests lie."""

import os
import shutil
import tempfile

_WANTED_BYTES = 3 * 2**30


def _memory() -> str:
    path = "/dev/shm"
    roomy = os.access(path, os.W_OK) and shutil.disk_usage(path).free > _WANTED_BYTES
    return path if roomy else tempfile.gettempdir()


#: In memory where that has room: on a disk, hundreds of files for each test wait for it.
MEMORY = _memory()
