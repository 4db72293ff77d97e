"""A simulation in a process of its own: the web stays quick, and what takes too long is ended.

The process is `motet simulate` over the same surroundings; it reads the document from its standard input.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

import msgspec

from motet.core.errors import NotFound, Problem, Refused, Unavailable
from motet.simulation.forecast.parameters import SIMULATION, merge

LONGEST = 60.0  # seconds
AT_ONCE = 2

_slots = asyncio.Semaphore(AT_ONCE)


async def forecast_aside(
    document: Mapping[str, Any], options: Mapping[str, Any], settings: Mapping[str, Any], seconds: float = LONGEST
) -> bytes:
    """The report as JSON. `options` are those of the command, by name; one that is None is left out.

    Raises Refused with what is wrong (`simulation.too_long` when it took too long), and Unavailable when the process
    broke or too many run already.
    """
    if _slots.locked():
        raise Unavailable(f"{AT_ONCE} simulations run already; try again in a moment")
    if settings:
        document = {**document, SIMULATION: merge(document.get(SIMULATION) or {}, settings)}
    given = [f"--{name}={value}" for name, value in options.items() if value is not None]
    async with _slots:
        return await _run(msgspec.json.encode(document, enc_hook=str), given, seconds)


async def _run(document: bytes, options: list[str], seconds: float) -> bytes:
    # A document in JSON is one in YAML, too.
    command = (sys.executable, "-m", "motet.cli", "simulate", "-", "--json", "--processes=1", *options)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL)
    try:
        told, _ = await asyncio.wait_for(process.communicate(document), seconds)
    except TimeoutError:
        words = f"took longer than {seconds:g} seconds"
        fix = "simulate fewer customers or days, or use `motet simulate`"
        raise Refused([Problem("simulation.too_long", words, "customers", fix)]) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == 0:
        return told.rstrip(b"\n")
    raise _read_failure(told)


def _read_failure(told: bytes) -> Exception:
    try:
        error = msgspec.json.decode(told)["error"]
        problems = msgspec.convert(error["problems"], list[Problem])
    except (msgspec.MsgspecError, KeyError, TypeError):
        return Unavailable("the simulation broke; the log has the details")
    if problems:
        return Refused(problems)
    if error["code"] == NotFound.code:
        return Refused([Problem("simulation.nobody", str(error["message"]), "segment", "name another")])
    return Unavailable(str(error["message"]))
