"""The demonstration: a small brand comes alive on a Motet that runs, over real HTTP only.

It brings the customers, applies and launches the blueprints on a fast clock, and then lives: people sign up,
leave baskets, and answer what the outbox received for them. It is gentle (a few requests a second), it waits while
the house is closed, and a second run goes on where the first one stopped. What a person paused stays paused.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from motet.core.errors import Unavailable
from motet.core.words import Channel
from motet.simulation.audiences import SEGMENTS, TRAITS
from motet.simulation.brand import adopt
from motet.simulation.diary import Deed, Diary, Errand
from motet.simulation.house import ApiRefused, House
from motet.simulation.links import read_links
from motet.simulation.population import Person, Population, profile
from motet.simulation.responses import react
from motet.simulation.shop import Shop, Tick

CAMPAIGNS = {  # name -> enrol its segment
    "welcome-series": True,
    "abandoned-cart-recovery": False,
    "win-back": False,
    "onboarding": False,
}
_CARTS_AT_FIRST = 80
_TICK = 1.0  # seconds
_PACE = 0.1  # seconds between two handfuls of errands
_HANDFUL = 4
_PATIENCE = 2.0  # seconds between two knocks at a closed house
_AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) AppleWebKit/605.1.15 Version/19.1 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36",
)

log = structlog.get_logger("motet.demo")


class Demo:
    """One demonstration over one house. `run` lives until it is told to stop."""

    def __init__(self, house: House, *, seed: int, customers: int, speed: float) -> None:
        self._house = house
        self._seed = seed
        self._speed = speed
        self._site = f"{house.outbox_url}/site"
        self._population = Population(seed, customers)
        self._diary = Diary()
        self._heard = 0  # messages heard, which also seeds the dice of each
        self._place: str | None = None  # the last message heard
        self._shop: Shop | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Furnishes the house when it opens, and then lives in it until `stop` is set."""
        life = [self._listen, self._answer, self._trade]
        tasks: list[asyncio.Task[Any]] = [asyncio.create_task(self._while_open(part)) for part in life]
        tasks.append(asyncio.create_task(stop.wait()))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _while_open(self, part: Callable[[], Awaitable[None]]) -> None:
        """Runs a part of life again and again; waits, doing nothing, while the house is closed."""
        while True:
            try:
                await part()
            except Unavailable as closed:
                log.debug("demo.waits", part=part.__name__, why=str(closed))
            except ApiRefused as refused:
                log.warning("demo.refused", part=part.__name__, why=str(refused))
            await self._knock()

    async def _knock(self) -> None:
        while True:
            await asyncio.sleep(_PATIENCE)
            if await self._house.is_open():
                return

    async def _trade(self) -> None:
        """The shop: opens with customers and campaigns, then brings what happens every second."""
        shop = self._shop or await self._open_shop()
        self._shop = shop
        last = time.monotonic()
        while True:
            await asyncio.sleep(_TICK)
            clock = time.monotonic()
            passed, last = min(clock - last, 5 * _TICK), clock
            await self._tell(shop.live(passed * self._speed, datetime.now(UTC), clock))

    async def _open_shop(self) -> Shop:
        now = datetime.now(UTC)
        fresh = await self._bring_customers(now)
        known = await self._house.count_customers()
        run = f"{time.time_ns() // 1_000_000:x}"
        shop = Shop(self._population, self._seed, self._site, max(known, self._population.founders), run)
        await self._draw_segments()
        await self._launch_campaigns()
        if fresh:
            await self._tell(shop.burst_of_carts(_CARTS_AT_FIRST, datetime.now(UTC), time.monotonic()))
        log.info("demo.open", customers=known, site=self._site)
        return shop

    async def _bring_customers(self, now: datetime) -> bool:
        """Creates the founders unless they are there; whether it did."""
        founders = [self._population.person(index) for index in range(self._population.founders)]
        if not founders or await self._house.has_customer(founders[-1].external_id):
            return False
        refused = await self._house.put_customers([profile(person, now) for person in founders])
        if refused:
            log.warning("demo.customers_refused", number=refused)
        return True

    async def _draw_segments(self) -> None:
        """The brand's own, unless a person has changed or put away one of them."""
        there = await self._house.list_audiences()
        for document in (*TRAITS, *SEGMENTS):
            try:
                if document["name"] not in there:
                    await self._house.apply_audience(document)
            except ApiRefused as refused:
                log.warning("demo.segment_refused", segment=document["name"], why=str(refused))

    async def _launch_campaigns(self) -> None:
        there = await self._house.list_campaigns()
        documents = {row["name"]: row["document"] for row in await self._house.list_blueprints()}
        for name, audience in CAMPAIGNS.items():
            try:
                if name not in there:
                    await self._house.apply(adopt(documents[name], self._site, self._speed))
                if there.get(name, "draft") == "draft":
                    await self._house.launch(name, audience=audience)
            except ApiRefused as refused:  # one campaign that cannot start does not hold the others up
                log.warning("demo.campaign_refused", campaign=name, why=str(refused))

    async def _listen(self) -> None:
        async for row in self._house.hear_messages(self._place):
            self._place = row["id"]
            self._heard += 1
            person = self._population.find(row["to"])
            if person is not None:
                self._plan(person, row)

    def _plan(self, person: Person, row: dict[str, Any]) -> None:
        """Decides what the receiver of a message will do, and writes it down."""
        dice = Random(f"{self._seed}/{person.index}/{self._heard}")  # noqa: S311 - a game, not a secret
        hour = datetime.now(ZoneInfo(person.place.timezone)).hour
        reaction = react(
            Channel.of(row["channel"]),
            person.engagement,
            hour,
            dice,
            basket=self._shop is not None and self._shop.has_basket(person),
            speed=self._speed,
        )
        newcomer = person.index >= self._population.founders or not person.completed
        deeds = {
            Deed.OPEN: reaction.opens,
            Deed.CLICK: reaction.clicks,
            Deed.BUY: reaction.buys,
            Deed.COMPLETE: reaction.completes if newcomer else None,
            Deed.LEAVE: reaction.leaves,
        }
        now = time.monotonic()
        for deed, after in deeds.items():
            if after is not None:
                self._diary.write(now + after, Errand(deed, person, row["id"]))

    async def _answer(self) -> None:
        """Does what is due, a handful at a time."""
        while True:
            errands = self._diary.take(time.monotonic(), _HANDFUL)
            outcomes = await asyncio.gather(*map(self._do, errands), return_exceptions=True)
            for outcome in outcomes:
                if isinstance(outcome, ApiRefused):  # a link that has expired, say
                    log.debug("demo.errand_refused", why=str(outcome))
                elif isinstance(outcome, BaseException):
                    raise outcome
            await asyncio.sleep(_PACE)

    async def _do(self, errand: Errand) -> None:
        if errand.deed in (Deed.BUY, Deed.COMPLETE):
            if self._shop is not None:
                act = self._shop.buy if errand.deed is Deed.BUY else self._shop.complete
                await self._tell(act(errand.person, datetime.now(UTC)))
            return
        message = await self._house.read_message(errand.message_id)
        if message is None:
            return
        links = read_links(message)
        agent = _AGENTS[errand.person.index % len(_AGENTS)]
        if errand.deed is Deed.LEAVE and links.leave:
            await self._house.leave(links.leave)
        elif errand.deed is Deed.OPEN and links.pixel:
            await self._house.visit(links.pixel, agent)
        elif errand.deed is Deed.CLICK and links.clicks:
            await self._house.visit(links.clicks[0], agent)

    async def _tell(self, tick: Tick) -> None:
        if tick.records:
            await self._house.put_customers(tick.records)
        if tick.events:
            await self._house.post_events(tick.events)


async def run_demo(
    api_url: str,
    outbox_url: str,
    seed: int = 7,
    customers: int = 3_000,
    speed: float = 1.0,
    *,
    stop: asyncio.Event,
    api_key: str | None = None,
) -> None:
    """Runs the demonstration until `stop` is set.

    `customers` are there from the start; at speed 1 a day of a campaign takes a minute, at speed 2 half of one, and
    people come and answer twice as fast. Never raises because the house is closed: it waits.
    """
    async with House(api_url, outbox_url, api_key=api_key) as house:
        await Demo(house, seed=seed, customers=customers, speed=speed).run(stop)
