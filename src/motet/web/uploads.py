"""A file that comes as the body of a request, onto the disk: in blocks, never whole in memory, and within bounds."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import msgspec

from motet.ingest.fingerprint import Fingerprint
from motet.ingest.private import private
from motet.web.asgi import Receive
from motet.web.problems import Rejection, TooLarge, TooSlow

MAX_FILE = 2 * 1024**3  # bytes
_BLOCK = 1 << 20  # bytes in memory before they are written
_PIECE_PATIENCE = 30.0  # seconds between two pieces
_RESERVE = 512 * 1024**2  # bytes that are left on the disk for others: the database may be there


class Upload(msgspec.Struct, frozen=True):
    """A whole file, under a name that we gave it."""

    path: Path
    size: int  # bytes
    fingerprint: Fingerprint


async def save_upload(pieces: AsyncIterator[bytes], folder: Path, declared: str, *, most: int = MAX_FILE) -> Upload:
    """Writes the pieces; on disk when it returns. `declared` is the Content-Length, if there is one.

    Raises TooLarge before more than `most` bytes are written, TooSlow when nothing comes for a while, Rejection 507
    when the disk has no room. Whatever ends it early, no file is left.
    """
    size = int(declared) if declared.isdecimal() else 0
    if size > most:
        raise TooLarge(most)
    path = folder / f"{uuid4()}.part"
    try:
        await asyncio.to_thread(_prepare, folder, size)
        with open(path, "xb", opener=private) as file:
            print_ = Fingerprint()
            written = 0
            async for block in _blocks(pieces):
                written += len(block)
                if written > most:
                    raise TooLarge(most)
                await asyncio.to_thread(_write, folder, file, print_, block)
            await asyncio.to_thread(os.fsync, file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _no_room() from error
        raise
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Upload(path, written, print_)


async def _blocks(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces joined to blocks, so that a thread is not asked for each of them."""
    held: list[bytes] = []
    size = 0
    while True:
        try:
            async with asyncio.timeout(_PIECE_PATIENCE):
                piece = await anext(pieces, None)
        except TimeoutError:
            raise TooSlow from None
        if piece is not None:
            held.append(piece)
            size += len(piece)
        if size >= _BLOCK or (piece is None and held):
            yield b"".join(held)
            held, size = [], 0
        if piece is None:
            return


def _prepare(folder: Path, size: int) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _check_room(folder, size)


def _check_room(folder: Path, size: int) -> None:
    if shutil.disk_usage(folder).free < size + _RESERVE:
        raise _no_room()


def _write(folder: Path, file: BinaryIO, print_: Fingerprint, block: bytes) -> None:
    """Looks at the disk each time: the file may be of unknown length, and others are written beside it."""
    _check_room(folder, len(block))
    file.write(block)
    print_.update(block)


def _no_room() -> Rejection:
    return Rejection(507, "import.no_room", "the disk of this server has no room for the file", "make room there")


async def read_pieces(receive: Receive) -> AsyncIterator[bytes]:
    """The body of a request as it comes. Raises Rejection when its sender leaves before it is whole."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Rejection(400, "body.cut_off", "the body ended before it was whole", "send it again")
        if body := message.get("body", b""):
            yield body
        if not message.get("more_body", False):
            return
