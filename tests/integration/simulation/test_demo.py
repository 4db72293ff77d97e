"""The demonstration against a real outbox and a small real HTTP server that stands where the web is."""

from __future__ import annotations

import asyncio
import smtplib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from motet.audience.segments.documents import SegmentDocument, TraitDocument, read_document
from motet.outbox.credentials import read_credentials
from motet.outbox.server import Outbox
from motet.simulation.audiences import SEGMENTS, TRAITS
from motet.simulation.demo import CAMPAIGNS, run_demo

BLUEPRINTS = [
    {
        "name": name,
        "title": name,
        "description": "",
        "document": {"name": name, "variables": {"shop_url": "x", "own": "y"}},
    }
    for name in CAMPAIGNS
]
FOUNDERS = 120


def _told(answer: Any) -> Callable[[web.Request], Any]:
    async def handle(request: web.Request) -> web.Response:
        return web.json_response(answer)

    return handle


class SmallHouse:
    """Takes what the API takes, and mails everybody who has an address when the welcome series is launched."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.url = ""
        self.customers: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.drawn: list[SegmentDocument | TraitDocument] = []
        self.documents: dict[str, dict[str, Any]] = {}
        self.status: dict[str, str] = {}
        self.launches: list[tuple[str, bool]] = []
        self.seen: Counter[str] = Counter()
        self.agents: set[str] = set()
        self.calls = 0
        self._runner: web.AppRunner | None = None

    async def open(self, port: int = 0) -> None:
        application = web.Application(middlewares=[self._count])
        application.add_routes(
            [
                web.get("/healthz", _told({"status": "ok"})),
                web.get("/api/overview", self._overview),
                web.get("/api/customers/{ref}", self._customer),
                web.post("/api/customers/bulk", self._bulk),
                web.post("/api/events", self._events),
                web.get("/api/blueprints", _told(BLUEPRINTS)),
                web.get("/api/segments", self._segments),
                web.post("/api/segments", self._draw),
                web.get("/api/traits", self._traits),
                web.get("/api/campaigns", self._campaigns),
                web.post("/api/campaigns", self._apply),
                web.post("/api/campaigns/{name}/launch", self._launch),
                web.get("/t/o/{token}", self._seen("open")),
                web.get("/t/c/{token}", self._seen("click")),
                web.post("/u/{token}", self._seen("leave")),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    @web.middleware
    async def _count(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.calls += 1
        if request.path.startswith("/api") and request.headers.get("Authorization") != "Bearer key":
            return web.json_response({"title": "no key"}, status=401)
        response: web.StreamResponse = await handler(request)
        return response

    async def _overview(self, request: web.Request) -> web.Response:
        return web.json_response({"customers": len(self.customers)})

    async def _customer(self, request: web.Request) -> web.Response:
        known = request.match_info["ref"] in self.customers
        return web.json_response({}, status=200 if known else 404)

    async def _bulk(self, request: web.Request) -> web.Response:
        for record in (await request.json())["customers"]:
            self.customers.setdefault(record["external_id"], {}).update(record)
        return web.json_response({"created": 1, "changed": 0, "unchanged": 0, "rejected": []})

    async def _events(self, request: web.Request) -> web.Response:
        given = (await request.json())["events"]
        assert all(event["customer"] in self.customers for event in given)
        self.events += given
        return web.json_response({"accepted": len(given), "duplicate": 0, "rejected": []})

    async def _segments(self, request: web.Request) -> web.Response:
        return web.json_response({"segments": self._drawn("segment")})

    async def _traits(self, request: web.Request) -> web.Response:
        return web.json_response({"traits": self._drawn("trait")})

    async def _draw(self, request: web.Request) -> web.Response:
        document = read_document(await request.json())
        assert isinstance(document, (SegmentDocument, TraitDocument))
        self.drawn.append(document)
        return web.json_response({})

    def _drawn(self, kind: str) -> list[dict[str, str]]:
        made = {"segment": SegmentDocument, "trait": TraitDocument}[kind]
        return [{"name": document.name} for document in self.drawn if isinstance(document, made)]

    async def _campaigns(self, request: web.Request) -> web.Response:
        return web.json_response({"campaigns": [{"name": n, "status": s} for n, s in self.status.items()]})

    async def _apply(self, request: web.Request) -> web.Response:
        document = await request.json()
        self.documents[document["name"]] = document
        self.status[document["name"]] = "draft"
        return web.json_response({"name": document["name"], "action": "create"}, status=201)

    async def _launch(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.launches.append((name, (await request.json())["audience"]))
        if name == "win-back":
            return web.json_response({"title": "no", "detail": "no provider for sms"}, status=409)
        self.status[name] = "running"
        if name == "welcome-series":
            addresses = [c["email"] for c in self.customers.values() if "email" in c]
            await asyncio.to_thread(self._mail, addresses)
        return web.json_response({"name": name})

    def _mail(self, addresses: list[str]) -> None:
        with smtplib.SMTP("127.0.0.1", self.outbox.smtp_port) as client:
            for number, address in enumerate(a for a in addresses if not a.startswith("bounce+")):
                mail = EmailMessage()
                mail["From"], mail["To"], mail["Subject"] = "hello@fernhollow.example", address, "Welcome"
                mail["List-Unsubscribe"] = f"<{self.url}/u/{number}>"
                mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
                mail.set_content("Hello")
                html = (
                    f'<a href="https://public.example/t/c/{number}?u=x">Shop</a><img src="{self.url}/t/o/{number}.gif">'
                )
                mail.add_alternative(html, subtype="html")
                client.send_message(mail)

    def _seen(self, deed: str) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.Response:
            self.seen[deed] += 1
            self.agents.add(request.headers["User-Agent"])
            if deed == "click":
                return web.Response(status=302, headers={"Location": "http://unreachable.invalid/"})
            return web.Response(body=b"GIF89a", content_type="image/gif")

        return handle


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[SmallHouse]:
    outbox = Outbox(read_credentials(tmp_path))
    await outbox.open("127.0.0.1", 0, 0)
    small = SmallHouse(outbox)
    await small.open()
    yield small
    await small.close()
    await outbox.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motet.simulation.demo._PATIENCE", 0.05)
    monkeypatch.setattr("motet.simulation.demo._TICK", 0.1)
    monkeypatch.setattr("motet.simulation.demo._PACE", 0.02)


class Running:
    """A demonstration under way, at a speed that shows minutes in a second."""

    def __init__(self, house: SmallHouse, speed: float = 60.0) -> None:
        self._stop = asyncio.Event()
        outbox_url = f"http://127.0.0.1:{house.outbox.http_port}"
        self._task = asyncio.create_task(
            run_demo(house.url, outbox_url, 7, FOUNDERS, speed, stop=self._stop, api_key="key")
        )

    async def __aenter__(self) -> Running:
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._stop.set()
        async with asyncio.timeout(3):
            await self._task

    async def until(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                assert not self._task.done(), self._task
                await asyncio.sleep(0.02)


async def test_a_brand_comes_alive(house: SmallHouse) -> None:
    async with Running(house) as demo:
        await demo.until(lambda: house.seen["open"] >= 25 and house.seen["click"] >= 2)
        await demo.until(lambda: {"purchase", "user_signup", "cart_abandoned"} <= {e["name"] for e in house.events})
    assert len(house.customers) > FOUNDERS  # newcomers came
    assert house.launches[: len(CAMPAIGNS)] == list(CAMPAIGNS.items())
    assert not any(agent.startswith("Python") for agent in house.agents)


async def test_the_brands_segments_and_traits_are_drawn_once(house: SmallHouse) -> None:
    for _ in range(2):
        house.events.clear()
        async with Running(house) as demo:
            await demo.until(lambda: house.events)
    assert [d.name for d in house.drawn] == [document["name"] for document in (*TRAITS, *SEGMENTS)]


async def test_the_blueprints_get_the_brands_words_and_a_fast_clock(house: SmallHouse) -> None:
    async with Running(house, speed=2.0) as demo:
        await demo.until(lambda: len(house.launches) >= len(CAMPAIGNS))
    document = house.documents["welcome-series"]
    assert document["time_scale"] == 2880.0
    assert document["variables"]["own"] == "y"
    assert document["variables"]["shop_url"].endswith("/site/shop")


async def test_a_second_run_goes_on_and_leaves_a_paused_campaign_paused(house: SmallHouse) -> None:
    async with Running(house) as demo:
        await demo.until(lambda: any(e["name"] == "user_signup" for e in house.events))
    house.status = dict.fromkeys(CAMPAIGNS, "paused")
    newest = max(house.customers)
    house.launches.clear()
    house.documents.clear()
    house.events.clear()
    async with Running(house) as demo:
        await demo.until(lambda: any(e["name"] == "user_signup" for e in house.events))
    first = next(e for e in house.events if e["name"] == "user_signup")
    assert first["customer"] > newest
    assert house.launches == []
    assert house.documents == {}


async def test_it_waits_while_the_house_is_closed(house: SmallHouse) -> None:
    async with Running(house) as demo:
        await demo.until(lambda: len(house.events) > 100)
        port = int(house.url.rpartition(":")[2])
        await house.close()
        await asyncio.sleep(0.4)
        calls, events = house.calls, len(house.events)
        await asyncio.sleep(0.2)
        assert house.calls == calls
        await house.open(port)
        await demo.until(lambda: len(house.events) > events)


async def test_a_wrong_key_stops_nothing_from_ending(house: SmallHouse) -> None:
    stop = asyncio.Event()
    outbox_url = f"http://127.0.0.1:{house.outbox.http_port}"
    task = asyncio.create_task(run_demo(house.url, outbox_url, 7, 10, 1.0, stop=stop, api_key="wrong"))
    await asyncio.sleep(0.3)
    assert not task.done()
    stop.set()
    async with asyncio.timeout(3):
        await task
    assert house.customers == {}
