"""Logs keep identity numbers to themselves, whoever writes them."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from creditbank.logs import MASK, configure_logs, masked_text
from tests.bank import invented_document

NUMBER = invented_document(7).number


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level


def test_a_number_is_masked_wherever_it_stands_in_a_record(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs(as_json=True)

    structlog.get_logger("house").warning(
        f"seen {NUMBER}", direct=NUMBER, figure=int(NUMBER[:17] + "1"), deep={"a": [(NUMBER,)]}
    )

    record = json.loads(capsys.readouterr().err)
    assert record["event"] == f"seen {MASK}"
    assert record["direct"] == record["figure"] == MASK
    assert record["deep"] == {"a": [[MASK]]}
    assert record["level"] == "warning"


def test_a_number_in_the_traceback_of_another_library_is_masked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs(as_json=True)

    try:
        raise ValueError(NUMBER)
    except ValueError:
        logging.getLogger("other").exception("failed for %s", NUMBER)

    written = capsys.readouterr().err
    assert NUMBER not in written
    assert "ValueError" in written
    assert json.loads(written)["event"] == f"failed for {MASK}"


def test_the_form_for_people_masks_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(as_json=False)

    structlog.get_logger("house").info("seen", number=NUMBER)

    written = capsys.readouterr().err
    assert NUMBER not in written
    assert MASK in written


@pytest.mark.parametrize("written", ["999999 19850115 008X", "999999-19850115-008x", "９" * 18])
def test_groups_and_full_width_digits_are_masked(written: str) -> None:
    assert masked_text(f"<{written}>") == f"<{MASK}>"


@pytest.mark.parametrize(
    "harmless", ["2026-11-20 2026-11-21 2026-11-22", "91371000MA3TE5T011", "4" * 17, "4" * 19]
)
def test_dates_codes_and_other_lengths_stay(harmless: str) -> None:
    assert masked_text(harmless) == harmless
