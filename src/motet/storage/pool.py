"""The connection pool. JSON travels as `jsonb` through msgspec; times are aware and UTC.

Raises Unavailable when the database cannot be reached.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import msgspec
from asyncpg.pgproto import pgproto

from motet.core.errors import Unavailable

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Record: TypeAlias = asyncpg.Record

# What a database that is away or busy raises: worth trying again. An internal error is what asyncpg says
# when the server dies between an operation's answer and the reset of its connection.
TROUBLE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError)

# What a value that cannot be stored raises, at the server or already when it is encoded: trying again cannot help.
UNFIT = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, ArithmeticError, ValueError, TypeError)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def _encode_jsonb(value: Any) -> bytes:
    return b"\x01" + (value.json if isinstance(value, Json) else _encode(value))


def make_uuid(raw: bytes) -> UUID:
    """A UUID of sixteen bytes, as the driver makes them: equal to the library's, and made in a tenth of the time."""
    made: UUID = pgproto.UUID(raw)
    return made


class Json(msgspec.Struct, frozen=True):
    """JSON that is encoded already, or that the codec would take for something else."""

    json: bytes


async def prepare_connection(connection: Connection) -> None:
    """Sets the codecs that every Motet connection speaks."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=_encode_jsonb,
        decoder=lambda raw: _decode(raw[1:]),
        format="binary",
    )


async def _leave(connection: Connection) -> None:
    """Instead of the driver's reset, which is four statements; an open transaction is rolled back without it."""


async def open_pool(
    url: str, *, size: int = 8, name: str = "motet", idle: timedelta | None = None, tidy: bool = True
) -> Pool:
    """Opens a pool of up to `size` connections to `url`.

    With `idle` the server ends a session that has left a transaction open and said nothing for so long: a worker that
    is stopped or cut off in the middle of one lets its locks go. Not for who works between two statements.
    With `tidy` a connection that comes back is freed of locks and settings of its session, which is a round trip each
    time; without it only for who leaves none of these behind.
    """
    settings = {"application_name": name, "timezone": "UTC", "jit": "off"}
    if idle is not None:
        settings["idle_in_transaction_session_timeout"] = str(idle // timedelta(milliseconds=1))
    try:
        pool: Pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=size,
            init=prepare_connection,
            reset=None if tidy else _leave,
            server_settings=settings,
            command_timeout=60,
        )
    except (ValueError, asyncpg.InterfaceError):  # its words may hold the password
        raise Unavailable(
            "the database's address cannot be read: percent-encode /, @, : and # in the password"
        ) from None
    except (OSError, asyncpg.PostgresError) as error:
        raise Unavailable(f"the database cannot be reached: {error}") from error
    return pool
