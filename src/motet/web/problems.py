"""Errors on the wire: RFC 9457 problem documents, with the codes of `core.errors`.

Every error that leaves here has a stable `code`, a sentence, and a list of problems with place and fix. What we did
not expect is logged whole and told to nobody.
"""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec
import structlog

from motet.core.errors import Conflict, MotetError, NotFound, Problem, Refused, Unavailable

log = structlog.get_logger("motet.web")

CONTENT_TYPE = b"application/problem+json"

# The database is away or asks to try again. Its other errors are faults of ours, or a value that it cannot keep.
DATABASE_TROUBLE = (
    OSError,
    TimeoutError,
    Unavailable,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
)
_BAD_VALUE = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)


class ProblemDocument(msgspec.Struct, frozen=True):
    """RFC 9457, with `code` and `problems` as our members."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    problems: list[dict[str, str]]


class Rejection(MotetError):
    """A request that is refused before anybody looks at what it wants."""

    def __init__(self, status: int, code: str, message: str, fix: str = "", path: str = "") -> None:
        self.status, self.code = status, code
        self.problem = Problem(code, message, path, fix)
        super().__init__(message)


class TooLarge(Rejection):
    """The body is larger than this address takes."""

    def __init__(self, limit: int) -> None:
        megabytes = limit // (1024 * 1024)
        super().__init__(413, "body.too_large", f"the body is larger than {megabytes} MB", "send it in smaller parts")


class TooSlow(Rejection):
    """The body did not arrive in time."""

    def __init__(self) -> None:
        super().__init__(408, "body.too_slow", "the body did not arrive in time", "send it again")


# Codes of Refused whose status is not 400.
_STATUS_OF_CODE = {"callback.bad_signature": 403, "callback.unsupported": 404}


def describe(error: BaseException) -> ProblemDocument:
    """The document that an error is told by. Never raises; what is unexpected is logged here."""
    match error:
        case Rejection():
            return document(error.status, error.code, str(error), [error.problem])
        case Refused():
            first = error.problems[0].code if error.problems else error.code
            title = "the input was refused" if len(error.problems) != 1 else error.problems[0].message
            return document(_STATUS_OF_CODE.get(first, 400), first, title, list(error.problems))
        case NotFound():
            return document(404, error.code, str(error))
        case Conflict():
            return document(409, error.code, str(error))
        case Unavailable():
            log.warning("not available", error=str(error))
            return document(503, error.code, str(error))
    if isinstance(error, _BAD_VALUE) or (isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)):
        log.error("the database refused a value", error=repr(error))
        return document(400, "input.refused", "the database cannot keep one of the values")
    if isinstance(error, DATABASE_TROUBLE):
        log.warning("the database cannot be reached", error=repr(error))
        return document(503, "unavailable", "the database cannot be reached just now; try again in a moment")
    log.error("a request broke", exc_info=error)
    return document(500, "internal", "something broke here; the log has the details")


def document(status: int, code: str, title: str, problems: list[Problem] | None = None) -> ProblemDocument:
    """A problem document; without problems it lists itself, so that a reader always finds one."""
    told = problems or [Problem(code, title)]
    detail = title if len(told) < 2 else f"{title}: " + "; ".join(str(p) for p in told[:3])
    return ProblemDocument(
        type="about:blank", title=title, status=status, code=code, detail=detail, problems=[_builtin(p) for p in told]
    )


def _builtin(problem: Problem) -> dict[str, str]:
    """All four fields, also empty ones: a screen need not ask which are there."""
    return {"code": problem.code, "message": problem.message, "path": problem.path, "fix": problem.fix}


def encode_problem(told: ProblemDocument) -> bytes:
    return msgspec.json.encode(told)


def problem_headers(told: ProblemDocument) -> list[tuple[bytes, bytes]]:
    """What goes with some statuses: when to try again, how to sign in, and that the connection ends."""
    extra: dict[int, list[tuple[bytes, bytes]]] = {
        401: [(b"www-authenticate", b'Bearer realm="motet"')],
        408: [(b"connection", b"close")],
        413: [(b"connection", b"close")],
        503: [(b"retry-after", b"2")],
    }
    return [(b"cache-control", b"no-store"), *extra.get(told.status, [])]


def builtin_problems(problems: list[Problem]) -> list[dict[str, Any]]:
    """Problems as the API lists them inside an answer that is no error."""
    return [_builtin(p) for p in problems]
