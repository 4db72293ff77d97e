"""What the HTTP test servers share: a port, and misbehaviour on request.

A provider-shaped server is a subclass that reads one request and answers it as the provider's reference says.
`lost` takes a message and cuts the connection, `stall` takes it and is silent.
"""

from __future__ import annotations

import asyncio

from aiohttp import web


class HttpServer:
    """Listens on a free port of 127.0.0.1 while it is started."""

    def __init__(self) -> None:
        self.port = 0
        self.taken: list[str] = []  # receivers, in the order of arrival
        self.requests: list[tuple[web.Request, bytes]] = []

    async def start(self) -> int:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self.port

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.requests.append((request, body))
        return await self.answer(request, body)

    async def answer(self, request: web.Request, body: bytes) -> web.StreamResponse:
        raise NotImplementedError

    async def misbehave(self, request: web.Request, kind: str) -> web.StreamResponse:
        if kind == "stall":
            await asyncio.sleep(30)
        assert request.transport is not None
        request.transport.abort()
        return web.Response()
