"""Providers of other people: a receiver of webhooks and a mail server on loopback, which keep what arrived in order."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from typing import Any, NamedTuple
from uuid import UUID

from aiohttp import web
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from houses import free_port
from making import say
from motet.core.program import Step

_MESSAGE_ID = re.compile(rb"^Message-ID: <([0-9a-f]{32})@", re.MULTILINE | re.IGNORECASE)


class Arrival(NamedTuple):
    """One message as the provider took it, with the monotonic moment."""

    id: UUID
    to: str
    step: str
    at: float


class Provider:
    """What arrived. `keyed`: it takes a message id once, whatever comes again."""

    keyed = False

    def __init__(self) -> None:
        self.log: list[Arrival] = []

    def counted(self) -> Counter[UUID]:
        """How often each message was taken."""
        if self.keyed:
            return Counter({arrival.id for arrival in self.log})
        return Counter(arrival.id for arrival in self.log)


class Receiver(Provider):
    """Takes webhooks; `pause` seconds pass before each answer."""

    keyed = True

    def __init__(self) -> None:
        super().__init__()
        self.port = 0
        self.pause = 0.0
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        app = web.Application()
        app.router.add_post("/", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        body: dict[str, Any] = await request.json()
        self.log.append(Arrival(UUID(request.headers["webhook-id"]), body["to"], body["step"], time.monotonic()))
        if self.pause:
            await asyncio.sleep(self.pause)
        return web.Response()

    def hook(self, name: str = "call", **args: Any) -> Step:
        """A step that calls this receiver."""
        content = {"url": f"http://127.0.0.1:{self.port}/", "body": {"to": "{{external_id}}", "step": name}}
        return say("webhook", name, content={"webhook": content}, **args)


class MailServer(Provider):
    """Speaks SMTP in a thread of its own; a message counts when its last dot has come."""

    def __init__(self) -> None:
        super().__init__()
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    def open(self) -> None:
        self._controller.start()

    def close(self) -> None:
        self._controller.stop()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        found = _MESSAGE_ID.search(content)
        assert found, content[:300]
        self.log.append(Arrival(UUID(found[1].decode()), envelope.rcpt_tos[0], "", time.monotonic()))
        return "250 taken"
