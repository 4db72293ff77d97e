"""The front door: sends each path to its door, answers what went wrong, and counts.

/t/o/ /t/c/ /u/     links.py      answer without the database
/hooks/             callbacks.py
/in-app/            in_app.py
/v1/                tracking.py
/healthz /metrics   health.py
/api/               gate.py, then api/app.py (Litestar)
the rest            screens.py
"""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from time import perf_counter
from typing import Any

from motet.analytics.reports import Reports
from motet.web.api.app import make_api
from motet.web.asgi import Door, Gone, Receive, Scope, Send, respond
from motet.web.callbacks import CallbackDoor
from motet.web.debugger import DebuggerFeed
from motet.web.gate import Gate
from motet.web.health import Health, Meters
from motet.web.in_app import InboxDoor
from motet.web.links import LinkDoors
from motet.web.live import OverviewFeed
from motet.web.outbox import OutboxWindow
from motet.web.problems import CONTENT_TYPE, describe, encode_problem, problem_headers
from motet.web.screens import FOLDER, Screens
from motet.web.services import Services
from motet.web.tracking import TrackingDoor


class Web:
    """The ASGI app. Close it before the server stops, so that live streams end."""

    def __init__(self, services: Services, *, screens: Path = FOLDER) -> None:
        reports = Reports(services.pool, services.lanes)
        self.feed = OverviewFeed(reports.overview)
        self.outbox = OutboxWindow(services)
        self.debugger = DebuggerFeed(services.tap, services.pool, services.lanes)
        self.meters = Meters(reports.figures, services.pool)
        api = Gate(make_api(services, reports, self.feed, self.outbox, self.debugger), services.config)
        links = LinkDoors(services.signer, services.events)
        self._gate = api
        self._doors: tuple[tuple[str, str, Door], ...] = (
            ("/v1/", "tracking", TrackingDoor(services.events, services.keys, services.tap)),
            ("/t/c/", "click", links.click),
            ("/t/o/", "open", links.open),
            ("/u/", "unsubscribe", links.unsubscribe),
            ("/api/", "api", api),
            ("/hooks/", "hooks", CallbackDoor(services.providers, services.events, services.config.public_url)),
            ("/in-app/", "in_app", InboxDoor(services.pool, services.lanes, services.signer, services.events,
                                             services.notices)),
            ("/healthz", "health", Health(services.pool)),
            ("/metrics", "metrics", self._metrics),
        )  # fmt: skip
        self._screens = Screens(services.config.public_url, screens)
        self._notices = services.notices

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await _refuse_other(scope, receive, send)
        name, door = self._find(scope["path"])
        answer = _Answer(send)
        begun = perf_counter()
        try:
            await door(scope, receive, answer)
        except Gone:
            return
        except Exception as error:
            if answer.status:  # the answer has begun: cutting it short is all that is left
                describe(error)
                raise
            told = describe(error)
            await respond(scope, answer, told.status, encode_problem(told), CONTENT_TYPE, problem_headers(told))
        if not answer.streamed:
            self.meters.count(name, answer.status, perf_counter() - begun)

    async def close(self) -> None:
        """Ends the live streams and lets go of what the web opened itself."""
        self.feed.close()
        self.debugger.close()
        self._notices.close()
        await self.outbox.close()

    def _find(self, path: str) -> tuple[str, Door]:
        for prefix, name, door in self._doors:
            if path.startswith(prefix):
                return name, door
        return ("api", self._gate) if path == "/api" else ("screens", self._screens)

    async def _metrics(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Guarded as the API is: counts of campaigns are nobody else's business."""
        self._gate.admit(scope)
        await self.meters(scope, receive, send)


class _Answer:
    """`send`, remembering what was answered."""

    __slots__ = ("_send", "status", "streamed")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.streamed = False

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message.get("more_body"):
            self.streamed = True
        await self._send(message)


async def _refuse_other(scope: Scope, receive: Receive, send: Send) -> None:
    """Lifespan is answered, for servers that ask; websockets are not spoken."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    await send({"type": "websocket.close", "code": 1000})


def create_app(services: Services, *, screens: Path = FOLDER) -> Web:
    """The whole web over open services."""
    return Web(services, screens=screens)
