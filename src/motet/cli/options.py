"""Options that many commands share, and how each process writes its log."""

from __future__ import annotations

import logging
import sys
from typing import Annotated, Literal

import structlog
from cyclopts import Parameter
from structlog.tracebacks import ExceptionDictTransformer

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON, for programs.")]
Level = Literal["debug", "info", "warning", "error"]
LogLevel = Annotated[
    Level,
    Parameter(name="--log-level", env_var="MOTET_LOG_LEVEL", help="What the log on stderr tells, and worse."),
]


def start_log(level: Level, process: str, as_json: bool = False) -> None:
    """The log goes to stderr: lines for a person at a terminal, JSON anywhere else. No secret is ever logged."""
    person = sys.stderr.isatty() and not as_json
    # Both formatters would print the local variables of every frame, and with them the secrets in a Config.
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    stripped = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([plain] if person else [stripped, structlog.processors.JSONRenderer()]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    logging.basicConfig(level=max(logging.WARNING, getattr(logging, level.upper())), stream=sys.stderr)
