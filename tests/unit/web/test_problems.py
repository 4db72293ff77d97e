from __future__ import annotations

import asyncpg
import pytest

from motet.core.errors import Conflict, NotFound, Problem, Refused, Unavailable
from motet.web.problems import TooLarge, describe


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Refused([Problem("document.unknown_field", "there is no field", "a", "b")]), 400, "document.unknown_field"),
        (Refused([Problem("callback.bad_signature", "no")]), 403, "callback.bad_signature"),
        (Refused([Problem("callback.unsupported", "no")]), 404, "callback.unsupported"),
        (NotFound("campaign", "x"), 404, "not_found"),
        (Conflict("it is cancelled"), 409, "conflict"),
        (Unavailable("away"), 503, "unavailable"),
        (ConnectionRefusedError(), 503, "unavailable"),
        (TooLarge(5 * 1024 * 1024), 413, "body.too_large"),
        (RuntimeError("secret"), 500, "internal"),
    ],
)
def test_every_error_has_its_status_and_its_code(error: Exception, status: int, code: str) -> None:
    told = describe(error)
    assert (told.status, told.code) == (status, code)
    assert told.problems
    assert "secret" not in told.detail


def test_every_problem_of_a_refusal_is_listed() -> None:
    told = describe(Refused([Problem("a.b", "one", "x", "fix it"), Problem("c.d", "two")]))
    assert told.problems == [
        {"code": "a.b", "message": "one", "path": "x", "fix": "fix it"},
        {"code": "c.d", "message": "two", "path": "", "fix": ""},
    ]
    assert "x: one" in told.detail


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (asyncpg.InterfaceError("the connection is closed"), 503),
        (asyncpg.CannotConnectNowError("starting up"), 503),
        (asyncpg.DeadlockDetectedError("a circle"), 503),
        (asyncpg.exceptions.DataError("an argument that cannot be encoded"), 400),
        (asyncpg.UntranslatableCharacterError("a NUL"), 400),
        (asyncpg.UndefinedColumnError("our own fault"), 500),
    ],
)
def test_errors_of_the_database_are_told_apart(error: Exception, status: int) -> None:
    assert describe(error).status == status


def test_what_is_not_available_says_why() -> None:
    assert "make it narrower" in describe(Unavailable("the question took too long: make it narrower")).detail
