"""While hundreds of thousands of rows are made, nobody looks for garbage among them.

Python's collector looks through much of what is alive whenever enough is new. Of a long roster
nothing is garbage before its end, and looking for it took a third of the time.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Leave cycles uncollected until the block ends; what no cycle holds goes at once, as ever.

    The whole process is meant. Of two threads the first to end lets it collect again, which costs
    the other no more than time.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
