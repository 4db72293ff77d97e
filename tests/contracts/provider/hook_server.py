"""A receiver of Standard Webhooks, for tests: it verifies each request with the specification's own library.

The first part of the path says what becomes of it: ok, reject (410), busy (429), broken (500), moved (302), lost,
stall.
"""

from __future__ import annotations

from aiohttp import web
from standardwebhooks import Webhook

from contracts.provider.http_server import HttpServer

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # the specification's example


class HookServer(HttpServer):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []

    async def answer(self, request: web.Request, body: bytes) -> web.StreamResponse:
        Webhook(SECRET).verify(body, dict(request.headers))
        kind = request.path.split("/")[1]
        match kind:
            case "reject":
                return web.Response(status=410, text="unsubscribed")
            case "busy":
                return web.Response(status=429, headers={"Retry-After": "7"})
            case "broken":
                return web.Response(status=500)
            case "moved":
                return web.Response(status=302, headers={"Location": "/ok"})
        self.taken.append(request.path)
        self.ids.append(request.headers["webhook-id"])
        if kind in ("lost", "stall"):
            return await self.misbehave(request, kind)
        return web.json_response({})
