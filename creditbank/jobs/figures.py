"""What time does with providers' figures: once a day they are counted, and published if changed."""

import threading

from creditbank.clock import utc_now
from creditbank.db import snapshot, writing
from creditbank.integrity.published import providers_counted, publish_figures

#: Providers that are looked up at once; each is counted in a transaction of its own.
AT_ONCE = 100


def publish_all(stop: threading.Event) -> int:
    """Count every provider that held sessions lately; return how many figures were published."""
    after, changed = 0, 0
    while not stop.is_set():
        with snapshot() as session:
            some = providers_counted(session, after=after, limit=AT_ONCE, now=utc_now())
        for organisation_id in some:
            if stop.is_set():
                return changed
            with writing() as session:
                changed += publish_figures(session, organisation_id, now=utc_now())
        if len(some) < AT_ONCE:
            break
        after = some[-1]
    return changed
