"""Logs: configured in one place; whatever looks like an identity number is masked.

Nothing in the house logs identity numbers on purpose. The mask is the second line of defence: it
runs last, over every value of every record, those of other libraries and their tracebacks too.
"""

import logging
import logging.config
import re
import secrets
import sys
import traceback
from collections.abc import Mapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

MASK = "[masked-id]"
#: 17 digits and a digit or X, whole or in the groups in which people write them.
_IDENTITY_NUMBER = re.compile(r"(?<!\d)\d{6}[ -]?\d{8}[ -]?\d{3}[\dXx](?![\dXx])")


def configure_logs(*, as_json: bool | None = None) -> None:
    """Send structlog's records and everybody else's to standard error in one form.

    Args:
        as_json: JSON lines or words for people; if not given, words on a terminal, else JSON lines.
    """
    if as_json is None:
        as_json = not sys.stderr.isatty()
    logging.config.dictConfig(logging_config(as_json=as_json))
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def logging_config(*, as_json: bool) -> dict[str, Any]:
    """Return the same as a `logging.config` dictionary, for servers that set up logs themselves."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "house": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": _rendering(as_json=as_json),
                "foreign_pre_chain": _shared(),
            }
        },
        "handlers": {
            "house": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stderr",
                "formatter": "house",
            }
        },
        "root": {"handlers": ["house"], "level": "INFO"},
        # Their own diaries would fill the log, with a round of the sealer every second or two.
        "loggers": {"alembic": {"level": "WARNING"}, "apscheduler": {"level": "WARNING"}},
    }


def log_incident(log: Any, error: Exception, *, route: str, method: str) -> str:
    """Log where it broke, never what was in hand: messages of drivers repeat what was written.

    Returns:
        The incident's name in the log, to be told to whoever asked.
    """
    incident = secrets.token_hex(6)
    frames = traceback.extract_tb(error.__traceback__)
    log.error(
        "request-broke",
        incident=incident,
        error=type(error).__name__,
        route=route,
        method=method[:10],
        frames=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    )
    return incident


def mask_identity_numbers(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask every value of a record that holds what looks like an 18-character number."""
    return {masked_text(key): _masked(value) for key, value in event.items()}


def masked_text(text: str) -> str:
    """Mask what looks like an 18-character number in a text."""
    return _IDENTITY_NUMBER.sub(MASK, text)


def _masked(value: object) -> object:
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return MASK if _IDENTITY_NUMBER.fullmatch(str(value)) else value
    if isinstance(value, Mapping):
        return {masked_text(str(key)): _masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(item) for item in value]
    return masked_text(str(value))


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]


def _rendering(*, as_json: bool) -> list[Processor]:
    renderer: Processor = structlog.dev.ConsoleRenderer(colors=False)
    if as_json:
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    remove_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return [remove_meta, mask_identity_numbers, renderer]
