"""Options that many commands share, and how each process writes its log."""

from __future__ import annotations

import logging
import sys
from typing import Annotated, Literal

import structlog
from cyclopts import Parameter

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON, for programs.")]
Level = Literal["debug", "info", "warning", "error"]
LogLevel = Annotated[
    Level,
    Parameter(name="--log-level", env_var="MOTET_LOG_LEVEL", help="What the log on stderr tells, and worse."),
]


def start_log(level: Level, process: str, as_json: bool = False) -> None:
    """The log goes to stderr: lines for a person at a terminal, JSON anywhere else. No secret is ever logged."""
    person = sys.stderr.isatty() and not as_json
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if person else [structlog.processors.dict_tracebacks]),
            structlog.dev.ConsoleRenderer() if person else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    logging.basicConfig(level=max(logging.WARNING, getattr(logging, level.upper())), stream=sys.stderr)
