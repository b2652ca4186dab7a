"""Where a page of a list begins: behind the instant and number of the last line already seen."""

import base64
import binascii
from datetime import datetime

from creditbank.clock import instant_from_text, instant_text
from creditbank.schemas.wanted import RequestInvalidError, invalid_at


def cursor_of(at: datetime, number: str) -> str:
    """Write the place of a line."""
    said = f"{instant_text(at)}|{number}"
    return base64.urlsafe_b64encode(said.encode("ascii")).rstrip(b"=").decode("ascii")


def place_of(cursor: str) -> tuple[datetime, str] | None:
    """Read the place back; None on the first page.

    Raises:
        RequestInvalidError: no page ever gave this cursor.
    """
    if not cursor:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        instant, _, number = base64.urlsafe_b64decode(padded).decode("ascii").partition("|")
        if not number.isalnum():
            raise _refused()
        return instant_from_text(instant), number
    except (ValueError, binascii.Error) as error:
        raise _refused() from error


def _refused() -> RequestInvalidError:
    return invalid_at("/cursor", "field-cursor")
