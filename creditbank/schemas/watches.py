"""Shapes of watched verdicts, of events, and of where these are delivered."""

from creditbank.schemas.fields import (
    Code,
    Inner,
    Instant,
    Several,
    Shape,
    Text,
    Whole,
    public_number,
)
from creditbank.verification.events import DEAD, DELIVERED, URL_CHARACTERS_MAX, WAITING
from creditbank.verification.watching import ACTIVE, ENDED, KINDS

_KIND = {"enum": list(KINDS)}


class WatchAnswer(Shape):
    """A watched verdict, and the answer that holds in its place now."""

    verdict_no = public_number("V7K2M9QXAB7K2M9QXAB7")
    current_no = public_number("V7K2M9QXAB7K2M9QXAB7")
    state = Text(10, metadata={"enum": [ACTIVE, ENDED]})
    reason = Text(40, low=0, metadata={"description": "Why it ended: `asker`, or a refusal."})
    begun_at = Instant()


class WatchesAnswer(Shape):
    """The verdicts that are watched, the newest first."""

    watches = Inner(WatchAnswer, many=True)


class EventsQuery(Shape):
    """Behind which position, and how many."""

    after = Whole(0, 2**53 - 1, as_text=True, load_default=0)
    limit = Whole(1, 1_000, as_text=True, load_default=50)


class EventAnswer(Shape):
    """An event as it is delivered, with its position in the feed and how its delivery stands."""

    position = Whole(1, 2**53 - 1)
    id = public_number("N7K2M9QXAB7K2M9Q")
    type = Text(40, metadata=_KIND)
    time = Instant()
    watched = public_number("V7K2M9QXAB7K2M9QXAB7")
    verdict = public_number("V7K2M9QXAB7K2M9QXAB7")
    superseded_by = Text(24, low=0, metadata={"description": "Empty where nothing does."})
    changed = Several(
        Text(40),
        metadata={"description": "`outcome`, `record`, `law`, `register`; or why a watch ended."},
    )
    delivery = Text(
        10, low=0, metadata={"enum": ["", WAITING, DELIVERED, DEAD], "description": "Empty: none."}
    )
    attempts = Whole(0, 1_000)
    status = Whole(0, 999, metadata={"description": "HTTP status of the last attempt; 0: none."})
    failure = Text(40, low=0)


class EventsAnswer(Shape):
    """Events in the order of their positions; `next_after` is behind the last of them."""

    events = Inner(EventAnswer, many=True)
    next_after = Whole(0, 2**53 - 1)


class WebhookBody(Shape):
    """Where events are delivered, and of which kinds."""

    url = Text(URL_CHARACTERS_MAX, required=True)
    types = Several(
        Code("|".join(KINDS).replace(".", r"\."), KINDS[0]), load_default=lambda: list(KINDS)
    )


class WebhookAnswer(Shape):
    """Where events are delivered, of which kinds, and since when."""

    url = Text(URL_CHARACTERS_MAX)
    types = Several(Text(40, metadata=_KIND))
    set_at = Instant()


class NoWebhookAnswer(Shape):
    """Nothing is delivered any more."""

    ended = Text(3)
