"""An outbox on free ports, with accounts of its own, and a place that takes its callbacks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from motet.outbox.credentials import Credentials, read_credentials
from motet.outbox.server import Outbox


class Callbacks:
    """A real HTTP server that keeps the forms and headers posted to `url`."""

    def __init__(self) -> None:
        self.url = ""
        self.posts: list[tuple[dict[str, str], str]] = []  # form, signature
        self.raw: list[tuple[bytes, dict[str, str], str]] = []  # body, headers, URL as asked for
        self.answers: list[int] = []  # statuses to give first; then 200

    async def take(self, request: web.Request) -> web.Response:
        self.raw.append((await request.read(), dict(request.headers), str(request.url)))
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.posts.append((form, request.headers["X-Twilio-Signature"]))
        return web.Response(status=self.answers.pop(0) if self.answers else 200)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all, since its RSA key takes a while to make."""
    return tmp_path_factory.mktemp("outbox-home")


@pytest.fixture(scope="session")
def credentials(home: Path) -> Credentials:
    return read_credentials(home)


@pytest_asyncio.fixture
async def outbox(credentials: Credentials) -> AsyncIterator[Outbox]:
    opened = Outbox(credentials, callback_delay=0.01)
    await opened.open("127.0.0.1", 0, 0)
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def http(outbox: Outbox) -> AsyncIterator[aiohttp.ClientSession]:
    """A client whose base is the outbox."""
    async with aiohttp.ClientSession(f"http://127.0.0.1:{outbox.http_port}") as session:
        yield session


@pytest_asyncio.fixture
async def callbacks() -> AsyncIterator[Callbacks]:
    taken = Callbacks()
    application = web.Application()
    application.add_routes([web.post("/hooks/twilio", taken.take)])
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    taken.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks/twilio?c=1&m=2"
    yield taken
    await runner.cleanup()
