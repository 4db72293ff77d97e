"""For tests of the web: a real server on a free port, over a real database."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from motet.archive.reader import Archive
from motet.config import Config
from motet.content.links import LinkSigner
from motet.ingest.events import EventBuffer
from motet.ingest.tap import Tap
from motet.storage.pool import Pool
from motet.web.app import Web, create_app
from motet.web.notices import Notices
from motet.web.serve import serve_app
from motet.web.services import Services
from motet.web.write_keys import WriteKeys

LANES = 8
SECRET = b"a secret of the tests, long enough"
PERSON = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Site:
    """A running server: its address, what it was given, and a client that looks like a person's browser."""

    def __init__(
        self, url: str, web: Web, services: Services, client: aiohttp.ClientSession, stop: asyncio.Event
    ) -> None:
        self.url = url
        self.web = web
        self.services = services
        self.client = client
        self.stop = stop

    @property
    def signer(self) -> LinkSigner:
        return self.services.signer

    async def get(self, path: str, **options: Any) -> aiohttp.ClientResponse:
        response = await self.client.get(f"{self.url}{path}", allow_redirects=False, **options)
        await response.read()
        return response

    async def post(self, path: str, json: Any = None, **options: Any) -> aiohttp.ClientResponse:
        if json is not None:
            options["json"] = json
        response = await self.client.post(f"{self.url}{path}", allow_redirects=False, **options)
        await response.read()
        return response


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def run_site(pool: Pool, tmp_path: Path, **changes: Any) -> AsyncIterator[Site]:
    """Serves until the block ends. `changes` go into the configuration, or into the services when they are theirs."""
    port = changes.pop("port", None) or free_port()
    url = f"http://127.0.0.1:{port}"
    own = {name: changes.pop(name) for name in ("providers", "ready", "check", "simulate") if name in changes}
    screens = {name: changes.pop(name) for name in ("screens",) if name in changes}
    config = Config(
        home=tmp_path, database_url=None, host="127.0.0.1", port=port, secret=SECRET, lanes=LANES,
        **{"public_url": url, "api_key": None, "archive": tmp_path / "archive", **changes},
    )  # fmt: skip
    tap = Tap()
    events = EventBuffer(pool, LANES, tap=tap)
    stop = asyncio.Event()
    async with (
        Notices(pool) as notices,
        WriteKeys(pool) as keys,
        aiohttp.ClientSession(headers={"User-Agent": PERSON}) as client,
    ):
        services = Services(
            pool=pool, lanes=LANES, config=config, events=events, signer=LinkSigner(SECRET, config.public_url),
            notices=notices, keys=keys, tap=tap, archive=Archive(pool, LANES, config.archive),
            **{"check": lambda channel, content: [], "ready": lambda channels: [], **own},
        )  # fmt: skip
        web = create_app(services, **screens)
        serving = asyncio.create_task(serve_app(web, "127.0.0.1", port, stop))
        try:
            await _wait_until_open(client, url, serving)
            yield Site(url, web, services, client, stop)
        finally:
            stop.set()
            await serving
            await events.close(grace=1)


async def _wait_until_open(client: aiohttp.ClientSession, url: str, serving: asyncio.Task[None]) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                async with client.get(f"{url}/healthz"):
                    return
            except aiohttp.ClientError:
                if serving.done():
                    serving.result()
                await asyncio.sleep(0.02)


async def until(condition: Any, seconds: float = 5) -> Any:
    """Waits until the awaitable that `condition()` gives is true, and returns it."""
    async with asyncio.timeout(seconds):
        while True:
            if found := await condition():
                return found
            await asyncio.sleep(0.02)
