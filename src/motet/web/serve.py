"""Runs the web in this process and this event loop, until it is asked to stop.

The server is Granian's, embedded: it reads sockets in Rust and calls us as ASGI. On a stop, live streams end first,
requests that are under way are finished, and what hangs is cut off.
"""

from __future__ import annotations

import asyncio
import resource
import socket

import structlog
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from motet.core.errors import Unavailable
from motet.web.app import Web, create_app
from motet.web.services import Services

log = structlog.get_logger("motet.web")

_STOPS_WITHIN = 5.0  # seconds that requests under way get
_HEADERS_WITHIN = 30_000  # milliseconds in which the head of the next request must have arrived
_CONNECTIONS = 10_000  # open at the same time, idle ones and streams included; more wait for a place
_OWN_FILES = 256  # descriptors that are not connections: the database, the files, the log
_BACKLOG = 1024


async def serve(services: Services, host: str, port: int, stop: asyncio.Event) -> None:
    """Serves until `stop` is set. Raises Unavailable when the port is taken or the server ends by itself."""
    await serve_app(create_app(services), host, port, stop)


async def serve_app(web: Web, host: str, port: int, stop: asyncio.Event) -> None:
    """As `serve`, with a web that is made already; closes it."""
    address = _probe(host, port)
    server = Server(
        web,
        address=address,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=_BACKLOG,
        backpressure=_count_places(),
        http1_settings=HTTP1Settings(header_read_timeout=_HEADERS_WITHIN),
        log_enabled=False,
    )
    serving = asyncio.create_task(server.serve(), name="web server")
    stopping = asyncio.create_task(stop.wait(), name="web stop")
    log.info("web.open", url=f"http://{host}:{port}")
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done() and not stop.is_set():
            raise Unavailable(f"the web server ended by itself: {serving.exception()!r}")
    finally:
        stopping.cancel()
        await web.close()
        server.stop()  # type: ignore[no-untyped-call]
        await asyncio.wait({serving}, timeout=_STOPS_WITHIN)
        serving.cancel()
        await asyncio.gather(serving, stopping, return_exceptions=True)


def _probe(host: str, port: int) -> str:
    """The IP address to listen on. Says in words what the server would only die of."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise Unavailable(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    return str(address[0])


def _count_places() -> int:
    """How many connections there is room for, after asking the system for as many descriptors as it allows.

    Granian counts a connection for as long as it is open, so a small number would let idle ones keep others out.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _CONNECTIONS + _OWN_FILES
    allowed = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        soft = allowed
    places = _CONNECTIONS if soft == resource.RLIM_INFINITY else min(_CONNECTIONS, soft - _OWN_FILES)
    return max(16, places)
