"""The outbox put together: one process, one event loop, an SMTP port and an HTTP port."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from motet.core.errors import Unavailable
from motet.outbox import site
from motet.outbox.api import OutboxApi
from motet.outbox.callbacks import Callbacks
from motet.outbox.credentials import Credentials, read_credentials
from motet.outbox.fcm import GoogleDoor
from motet.outbox.mail import MailServer
from motet.outbox.store import Store
from motet.outbox.twilio import TwilioDoor
from motet.outbox.webhooks import WebhookDoor

_MAX_REQUEST = 1024 * 1024  # bytes
_STOPS_WITHIN = 3.0  # seconds that open requests get when it closes

T = TypeVar("T")

log = structlog.get_logger("motet.outbox")

_OWN_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


@web.middleware
async def _own_name(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers under this machine's own names only: a page elsewhere could lead its own name here (DNS rebinding)."""
    if (request.url.host or "") not in _OWN_NAMES:
        raise web.HTTPMisdirectedRequest(text="this is not a name of the outbox")
    return await handler(request)


class Outbox:
    """Open it on two ports (0: any free one) and read `store`; or ask it over HTTP, as the web does."""

    def __init__(self, credentials: Credentials, *, store: Store | None = None, callback_delay: float = 0.4) -> None:
        self.store = store or Store()
        self.smtp_port = 0
        self.http_port = 0
        self._callbacks = Callbacks(delay=callback_delay)
        self._credentials = credentials
        self._mail = MailServer(self.store)
        self._runner: web.AppRunner | None = None

    async def open(self, host: str, smtp_port: int, http_port: int) -> None:
        """Listens. Raises Unavailable when a port is taken; nothing is left open then."""
        await self._callbacks.open()
        self._runner = web.AppRunner(
            self._application(), access_log=None, shutdown_timeout=_STOPS_WITHIN, handler_cancellation=True
        )
        await self._runner.setup()
        try:
            self.smtp_port = await _listening(self._mail.open(host, smtp_port), host, smtp_port)
            site_ = web.TCPSite(self._runner, host, http_port)
            await _listening(site_.start(), host, http_port)
        except Unavailable:
            await self.close()
            raise
        self.http_port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Stops listening and ends what is open. What was received is still in `store`."""
        self.store.close()
        self._mail.close()
        if self._runner is not None:
            await self._runner.cleanup()
        await self._callbacks.close()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=_MAX_REQUEST, middlewares=[_own_name])
        application.add_routes(
            [
                *OutboxApi(self.store).routes(),
                *TwilioDoor(self.store, self._credentials, self._callbacks).routes(),
                *GoogleDoor(self.store, self._credentials).routes(),
                *WebhookDoor(self.store, self._credentials).routes(),
                *site.routes(),
            ]
        )

        async def close_store(application: web.Application) -> None:
            self.store.close()  # streams end before the server waits for them

        application.on_shutdown.append(close_store)
        return application


async def _listening(start: Awaitable[T], host: str, port: int) -> T:
    try:
        return await start
    except OSError as error:
        raise Unavailable(f"the outbox cannot listen on {host}:{port}: {error.strerror or error}") from error


async def run_outbox(
    host: str,
    smtp_port: int,
    http_port: int,
    *,
    home: Path,
    stop: asyncio.Event,
    ready: Callable[[Outbox], None] | None = None,
) -> None:
    """Runs the outbox until `stop` is set; `ready` is called once, when both ports answer.

    `home` holds the accounts that it checks logins against. Raises Unavailable when a port is taken.
    """
    outbox = Outbox(read_credentials(home))
    await outbox.open(host, smtp_port, http_port)
    log.info("outbox.open", smtp=f"{host}:{outbox.smtp_port}", http=f"http://{host}:{outbox.http_port}")
    if ready is not None:
        ready(outbox)
    try:
        await stop.wait()
    finally:
        await outbox.close()
