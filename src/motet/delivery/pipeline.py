"""Delivery: the workers of one channel take approved messages by priority and hand them to its provider.

peek     the next messages of a lane, by priority
recheck  consent and suppression once more, at the moment of sending
render   finished content, or a refusal with a reason
claim    `sending` is committed before the wire
push     the provider's answer for each
record   the answer, the counts, and what the engine should hear
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from uuid import UUID

import msgspec
import structlog

from motet.audience.profiles import load_customers
from motet.audience.segments.values import Values
from motet.channels.base import Provider
from motet.content.render import RenderFailed
from motet.core.errors import Refused
from motet.core.facts import Facts, spoken_view
from motet.core.messages import Answer, Outgoing, Unknown
from motet.core.program import Program
from motet.core.reasons import Reason
from motet.core.words import CampaignStatus, Channel
from motet.decisions.pipeline import recheck
from motet.delivery.fate import settle, strip
from motet.delivery.queue import Fate, Ready, Waiting, claim, load_contexts, peek, record, recover, refuse
from motet.delivery.rendering import Renderers
from motet.storage.pool import TROUBLE, UNFIT, Pool
from motet.storage.programs import load_programs
from motet.storage.sql import sql
from motet.storage.turns import Turns

log = structlog.get_logger()

PEEK = 256  # messages prepared in one go
CLAIM = 64  # messages in hand at most, for each lane at work: what a crash leaves unknown
AT_ONCE = 4  # lanes of one channel at work at the same time
SURVEY = 5.0  # seconds between looks that no notification asked for
WORTH = timedelta(days=3)  # a marketing message that waited longer is not sent any more

Refusal = tuple[Waiting, Reason, str]
_encode = msgspec.json.Encoder().encode


class Campaigns:
    """Programs and statuses as delivery needs them, read again when a campaign changes."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.programs: dict[UUID, Program] = {}
        self.status: dict[UUID, CampaignStatus] = {}
        self.asking: frozenset[UUID] = frozenset()  # revisions whose messages may speak of computed traits
        self.stale = True
        self._reading = asyncio.Lock()

    async def refresh(self) -> None:
        """Nobody goes on before the picture is whole; one that could not be read is read again."""
        async with self._reading:
            if not self.stale:
                return
            self.stale = False
            try:
                self.programs, campaigns = await load_programs(self.pool)
            except BaseException:
                self.stale = True
                raise
            self.status = {c: s for c, (s, _) in campaigns.items()}
            self.asking = frozenset(r for r, p in self.programs.items() if b"traits" in _encode(p.steps))

    async def find(self, revisions: set[UUID]) -> None:
        """Reads again when one of these is not known: its word may have been lost with a connection."""
        if revisions - self.programs.keys():
            self.stale = True
            await self.refresh()

    @property
    def idle(self) -> list[UUID]:
        """Paused campaigns: what they approved waits."""
        return [c for c, s in self.status.items() if s is CampaignStatus.PAUSED]


class ChannelPool:
    """The workers of one channel."""

    def __init__(
        self,
        pool: Pool,
        channel: Channel,
        provider: Provider,
        *,
        lanes: int,
        worker_id: UUID,
        campaigns: Campaigns,
        renderers: Renderers,
        clock: Callable[[], datetime],
        zone: tzinfo = UTC,
    ) -> None:
        self.pool = pool
        self.channel = channel
        self.provider = provider
        self.worker_id = worker_id
        self.campaigns = campaigns
        self.renderers = renderers
        self.now = clock
        self.values = Values(zone)
        self.turns = Turns(clock, range(lanes))
        self.calls = asyncio.Semaphore(provider.concurrency)

    async def work(self, stop: asyncio.Event) -> None:
        """Takes lanes in turn until `stop`; what is in hand then is finished first."""
        while not stop.is_set():
            lane = self.turns.take()
            if lane is None:
                await self.turns.wait(SURVEY)
                continue
            more = True
            try:
                more = await self.serve(lane)
            except TROUBLE as error:
                log.warning("delivery will try again", lane=lane, channel=self.channel.word, error=repr(error))
                await asyncio.sleep(0.5)
            finally:
                self.turns.done(lane, more=more)

    async def serve(self, lane: int) -> bool:
        """One round of one lane. Returns whether more may wait."""
        await self.campaigns.refresh()
        waiting, ready, refused = await self._prepare(lane)
        if refused:
            await refuse(self.pool, lane, self.channel, refused, self.now())
        for start in range(0, len(ready), CLAIM):
            await self._deliver(lane, ready[start : start + CLAIM])
        return len(waiting) == PEEK

    async def survey(self) -> None:
        """The look that no notification asked for: lanes with something due, and what dead workers left."""
        await self.campaigns.refresh()
        now = self.now()
        self.turns.mark(
            await recover(self.pool, self.channel, self.worker_id, idempotent=self.provider.idempotent, now=now)
        )
        rows = await self.pool.fetch(sql("delivery.survey"), self.channel, now, self.campaigns.idle)
        self.turns.mark(row["lane"] for row in rows)

    # peek, recheck, render -------------------------------------------------------------------------------------

    async def _prepare(self, lane: int) -> tuple[list[Waiting], list[Ready], list[Refusal]]:
        now = self.now()
        async with self.pool.acquire() as connection:
            waiting = await peek(connection, lane, self.channel, now, self.campaigns.idle, PEEK)
            if not waiting:
                return [], [], []
            customers = {
                c.id: c for c in await load_customers(connection, lane, sorted({w.customer_id for w in waiting}))
            }
            contexts = await load_contexts(connection, lane, waiting)
        await self.campaigns.find({w.revision_id for w in waiting})
        asking = {w.customer_id for w in waiting if w.revision_id in self.campaigns.asking}
        traits = await self.values.load(self.pool, lane, sorted(asking), now) if asking else {}
        ready: list[Ready] = []
        refused: list[Refusal] = []
        for one in waiting:
            if self.campaigns.status.get(one.campaign_id) is CampaignStatus.PAUSED:  # since the peek
                continue
            customer = customers.get(one.customer_id)
            if customer is None:  # erased since
                refused.append((one, Reason.NO_ADDRESS, "the customer is gone"))
                continue
            facts = Facts(customer=customer, now=now, traits=traits.get(customer.id))
            made = self._finish(one, facts, contexts[one.id])
            if isinstance(made, Ready):
                ready.append(made)
            else:
                refused.append(made)
        return waiting, ready, refused

    def _finish(self, one: Waiting, facts: Facts, context: dict[str, object]) -> Ready | Refusal:
        program = self.campaigns.programs.get(one.revision_id)
        if program is None or self.campaigns.status.get(one.campaign_id) in (None, CampaignStatus.CANCELLED):
            return one, Reason.CAMPAIGN_STOPPED, ""
        if not program.transactional and facts.now - one.approved_at > WORTH:
            return one, Reason.EXPIRED, ""
        reason = recheck(facts, self.channel, transactional=program.transactional)
        if reason is not None:
            return one, reason, ""
        try:
            renderer = self.renderers.find(program, one.step, self.channel)
            view = spoken_view(facts, context)
            payload = renderer.render(facts.customer, view, one.id, facts.now)
        except (RenderFailed, Refused) as error:
            return one, Reason.RENDER_FAILED, str(error)
        outgoing = Outgoing(
            message_id=one.id, customer_id=one.customer_id, payload=payload, idempotency_key=str(one.id)
        )
        return Ready(one, outgoing)

    # claim, push, record ---------------------------------------------------------------------------------------

    async def _deliver(self, lane: int, ready: Sequence[Ready]) -> None:
        claim_id, won = await claim(self.pool, lane, self.channel, self.worker_id, ready, self.now())
        if not won:
            return
        answers = await self._push(won)
        now = self.now()
        fates = [
            settle(
                one.waiting,
                answer,
                now,
                idempotent=self.provider.idempotent,
                transactional=self.campaigns.programs[one.waiting.revision_id].transactional,
            )
            for one, answer in zip(won, answers, strict=True)
        ]
        await self._record(lane, claim_id, fates, now)
        retries = [f.send_at for f in fates if f.send_at is not None]
        if retries:
            self.turns.plan_at_latest(lane, min(retries))
        if len(retries) == len(fates):
            await self._pause(min(retries))

    async def _push(self, ready: Sequence[Ready]) -> list[Answer]:
        """The provider's answers, in order; several calls at once."""
        size = self.provider.batch
        parts = [ready[start : start + size] for start in range(0, len(ready), size)]
        answers = await asyncio.gather(*(self._call(part) for part in parts))
        return [answer for part in answers for answer in part]

    async def _call(self, part: Sequence[Ready]) -> list[Answer]:
        async with self.calls:
            try:
                return await self.provider.send([one.outgoing for one in part])
            except Exception as error:  # a provider's own fault: nobody knows how far it came
                log.exception("provider broke", provider=self.provider.name)
                return [Unknown(repr(error)) for _ in part]

    async def _record(self, lane: int, claim_id: UUID, fates: Sequence[Fate], now: datetime) -> None:
        """An answer in hand is worth waiting for a database that went away; words that it cannot keep are left out."""
        delay = 0.2
        while True:
            try:
                return await record(self.pool, lane, self.channel, claim_id, self.provider.name, fates, now)
            except UNFIT as error:
                log.error("answers kept without their words", channel=self.channel.word, error=repr(error))
                bare = [strip(fate) for fate in fates]
                if bare == list(fates):
                    raise
                fates = bare
            except TROUBLE as error:
                log.warning("answers wait for the database", channel=self.channel.word, error=repr(error))
                await asyncio.sleep(delay)
                delay = min(5.0, delay * 2)

    async def _pause(self, until: datetime) -> None:
        """Every message of a claim was put off: the provider is in trouble, and hammering does not help."""
        await asyncio.sleep(min(5.0, max(0.0, (until - self.now()).total_seconds())))
