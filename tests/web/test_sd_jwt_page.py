"""A committee downloads a verdict of which it may pass on single lines."""

import pytest

from tests.web.test_verdict_pages import NUMBER, PERSON, Seat, give_hours
from tests.web.visitors import Visitors


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_answer_with_figures_is_handed_over_to_be_shown_in_part(visitors: Visitors) -> None:
    give_hours(visitors.bank)
    seat = Seat(visitors)
    links = {}
    for disclose in ("summary", "decision"):
        page = seat.ask(PERSON, disclose=disclose)
        path = f"/verdicts/{NUMBER.findall(page.path)[0]}/answer.sd-jwt"
        offered = f'href="{path}"' in page.text
        links[disclose] = offered, page.get(path).status, page.text.rstrip().endswith("~")

    assert links == {"summary": (True, 200, True), "decision": (False, 409, False)}
