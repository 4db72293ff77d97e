"""Delivery: the workers of one channel take approved messages by priority and hand them to its provider.

peek     the next messages of a lane: the transactional ones, or the others by rank
recheck  consent and suppression once more, at the moment of sending; again for whoever is claimed later than that
render   finished content, or a refusal with a reason
admit    whom the gates and the throttles let pass; the others wait, no attempt spent
claim    `sending` is committed before the wire
push     the provider's answer for each; nothing once others may have taken this worker for dead
record   the answer, the counts, and what the engine should hear

A channel has two shares of workers: one for transactional messages alone, with a call of the provider kept for it, and
one for the rest. So a password reset waits for no campaign.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from uuid import UUID

import structlog

from motet.audience.profiles import load_customers
from motet.audience.segments.values import Values
from motet.channels.base import Provider
from motet.content.render import RenderFailed
from motet.core.errors import Refused
from motet.core.facts import Facts, spoken_view
from motet.core.messages import Answer, Outgoing, Unknown
from motet.core.reasons import Reason
from motet.core.words import Channel, MessageStatus
from motet.delivery.campaigns import Campaigns
from motet.delivery.fate import settle, strip
from motet.delivery.gates import WHOLE, Gates, place_of
from motet.delivery.hand import Hand, Held
from motet.delivery.limits import Limits
from motet.delivery.look import FRESH, Look, Refusal, gone
from motet.delivery.orphans import recover, take_back
from motet.delivery.pulse import Pulse
from motet.delivery.queue import Fate, Ready, Waiting, load_contexts, peek, postpone, record, refuse
from motet.delivery.rendering import Renderers, is_action
from motet.delivery.shares import Share, make_shares
from motet.delivery.throttles import Throttles
from motet.storage.pool import TROUBLE, UNFIT, Pool

log = structlog.get_logger()

PEEK = 256  # messages prepared in one go
BREATH = 16  # messages rendered before others get their turn
CLAIM = 64  # messages in hand at most, for each lane at work: what a crash leaves unknown
SURVEY = 5.0  # seconds between looks that no notification asked for
SOON = timedelta(seconds=1)  # what was put off is looked at again no sooner


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
        limits: Limits | None = None,
        pulse: Pulse | None = None,
    ) -> None:
        self.pool = pool
        self.channel = channel
        self.provider = provider
        self.lanes = lanes
        self.worker_id = worker_id
        self.campaigns = campaigns
        self.renderers = renderers
        self.now = clock
        self.values = Values(zone)
        self.first, self.rest = make_shares(clock, lanes, provider.concurrency)
        self.gates = Gates(provider.name, clock, lambda: self.mark(range(lanes)))
        self.throttles = Throttles(pool, channel, limits or Limits())
        self.look = Look(channel, campaigns, idempotent=provider.idempotent)
        self.hand = Hand(channel, worker_id, pulse or Pulse())

    def mark(self, lanes: Iterable[int]) -> None:
        """Something waits in these lanes."""
        lanes = list(lanes)
        self.rest.turns.mark(lanes)
        if self.campaigns.transactional or self.campaigns.stale:
            self.first.turns.mark(lanes)

    async def work(self, stop: asyncio.Event, share: Share) -> None:
        """Takes a share's lanes in turn until `stop`; what is in hand then is finished first."""
        while not stop.is_set():
            lane = share.turns.take()
            if lane is None:
                await share.turns.wait(SURVEY)
                continue
            more = True
            try:
                more = await self.serve(lane, share)
            except TROUBLE as error:
                log.warning("delivery will try again", lane=lane, channel=self.channel.word, error=repr(error))
                await asyncio.sleep(0.5)
            finally:
                share.turns.done(lane, more=more)

    async def serve(self, lane: int, share: Share) -> bool:
        """One round of one lane. Returns whether more may wait that may go now."""
        await self.campaigns.refresh()
        if self._wait_for_gate(lane, share):
            return False
        limit, looked = self.gates.room() or PEEK, time.monotonic()
        waiting, ready, refused = await self._prepare(lane, limit, share)
        if refused:
            await refuse(self.pool, lane, self.channel, refused, self.now())
        for start in range(0, len(ready), CLAIM):
            part = ready[start : start + CLAIM]
            if time.monotonic() - looked > FRESH:
                part = await self._look_again(lane, part)
            await self._deliver(lane, part, share)
            if self._wait_for_gate(lane, share):
                return False
        return len(waiting) == limit

    async def survey(self) -> None:
        """The look that no notification asked for: lanes with something due, and what dead workers left."""
        await self.campaigns.refresh()
        now, idle, resent = self.now(), self.campaigns.idle, sorted(self.campaigns.transactional)
        idempotent = self.provider.idempotent
        await self.take_back()
        self.mark(await recover(self.pool, self.channel, self.worker_id, idempotent=idempotent, resent=resent, now=now))
        for share in (self.first, self.rest):
            rows = await self.pool.fetch(share.survey, self.channel, now, idle)
            share.turns.mark(row["lane"] for row in rows)

    async def take_back(self) -> None:
        """What this worker claimed and never heard of waits again."""
        self.mark(await take_back(self.pool, self.channel, self.worker_id, self.hand.claims, now=self.now()))

    def _wait_for_gate(self, lane: int, share: Share) -> bool:
        """Whether the provider is given a rest; the lane then comes again when it is over."""
        until = self.gates.shut_until(WHOLE)
        if until is not None:
            share.turns.plan_at_latest(lane, until)
        return until is not None

    # peek, recheck, render -------------------------------------------------------------------------------------

    async def _prepare(self, lane: int, limit: int, share: Share) -> tuple[list[Waiting], list[Ready], list[Refusal]]:
        now = self.now()
        async with self.pool.acquire() as connection:
            waiting = await peek(connection, lane, self.channel, now, self.campaigns.idle, limit, first=share.first)
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
        for number, one in enumerate(waiting, 1):
            if number % BREATH == 0:  # rendering is the longest that anybody else here waits for
                await asyncio.sleep(0)
            if self.look.is_paused(one):  # since the peek
                continue
            customer = customers.get(one.customer_id)
            if customer is None:  # erased since
                refused.append(gone(one))
                continue
            facts = Facts(customer=customer, now=now, traits=traits.get(customer.id))
            made = self._finish(one, facts, contexts[one.id])
            if isinstance(made, Ready):
                ready.append(made)
            else:
                refused.append(made)
        return waiting, ready, refused

    def _finish(self, one: Waiting, facts: Facts, context: dict[str, object]) -> Ready | Refusal:
        reason = self.look.find_reason(one, facts)
        if reason is not None:
            return one, reason, ""
        try:
            program = self.campaigns.programs[one.revision_id]
            renderer = self.renderers.find(program, one.step, self.channel)
            view = spoken_view(facts, context)
            payload = renderer.render(facts.customer, view, one.id, facts.now)
        except (RenderFailed, Refused) as error:
            return one, Reason.RENDER_FAILED, str(error)
        except Exception as error:  # a fault of ours in one message must not hold up a lane
            log.exception("rendering broke", message=str(one.id), channel=self.channel.word)
            return one, Reason.RENDER_FAILED, repr(error)
        outgoing = Outgoing(
            message_id=one.id, customer_id=one.customer_id, payload=payload, idempotency_key=str(one.id)
        )
        return Ready(one, outgoing)

    async def _look_again(self, lane: int, ready: Sequence[Ready]) -> list[Ready]:
        """Those who may still go, of messages that waited for others of their batch."""
        going, refused = await self.look.again(self.pool, lane, ready, self.now())
        if refused:
            await refuse(self.pool, lane, self.channel, refused, self.now())
        return going

    # admit, claim, push, record ---------------------------------------------------------------------------------

    async def _deliver(self, lane: int, ready: Sequence[Ready], share: Share) -> None:
        places = [place_of(one.outgoing) for one in ready]
        entered = self.gates.enter(places)
        try:
            admitted = await self._admit(lane, ready, places, entered, share)
            held = await self.hand.claim(self.pool, lane, admitted, self.now())
            won = held.messages
        except BaseException:
            won = []
            raise
        finally:  # a gate that let in what then was not sent waits for no answer
            sent = {place_of(one.outgoing) for one in won}
            self.gates.give_back([p for p, may in zip(places, entered, strict=True) if may and p not in sent])
        if not won:
            return
        answers = await self._push(held, share)
        now = self.now()
        fates = [self._settle(one.waiting, answer, now) for one, answer in zip(won, answers, strict=True)]
        await self._record(lane, held.id, fates, now)
        self.hand.drop(held)
        if retries := [f.send_at for f in fates if f.send_at is not None]:
            share.turns.plan_at_latest(lane, min(retries))

    async def _admit(
        self, lane: int, ready: Sequence[Ready], places: Sequence[str], entered: Sequence[bool], share: Share
    ) -> list[Ready]:
        """Whom the gates and the throttles let pass. Of the others, those of one host or domain are put off, so that
        they stand in nobody's way; those of the whole provider stay where they are."""
        if all(entered) and self.throttles.idle:
            return list(ready)
        now = self.now()
        inside = [one for one, may in zip(ready, entered, strict=True) if may]
        admitted, later = await self.throttles.admit(inside, now, first=share.first)
        for one, place, may in zip(ready, places, entered, strict=True):
            if not may and place != WHOLE:
                rest = max((self.gates.shut_until(place) or now) - now, SOON)
                later.append((one, now + rest * (1 + random.random())))  # noqa: S311
        if later:
            await postpone(self.pool, lane, later)
            share.turns.plan_at_latest(lane, min(at for _, at in later))
        return admitted

    def _settle(self, waiting: Waiting, answer: Answer | None, now: datetime) -> Fate:
        if answer is None:  # not pushed
            return Fate(waiting, MessageStatus.APPROVED, send_at=now)
        program = self.campaigns.programs[waiting.revision_id]
        return settle(
            waiting,
            answer,
            now,
            idempotent=self.provider.idempotent,
            transactional=program.transactional,
            action=is_action(program, waiting.step),
        )

    async def _push(self, held: Held, share: Share) -> list[Answer | None]:
        """The provider's answers, in order, None for what was not pushed; several calls at once."""
        size, won = self.provider.batch, held.messages
        parts = [won[start : start + size] for start in range(0, len(won), size)]
        answers = await asyncio.gather(*(self._call(held, part, share) for part in parts))
        return [answer for part in answers for answer in part]

    async def _call(self, held: Held, part: Sequence[Ready], share: Share) -> Sequence[Answer | None]:
        async with share.calls:
            if not self.hand.is_ours(held):  # this process stood still, and others may have settled it
                self.gates.give_back([place_of(one.outgoing) for one in part])
                return [None] * len(part)
            try:
                answers = await self.provider.send([one.outgoing for one in part])
            except Exception as error:  # a provider's own fault: nobody knows how far it came
                log.exception("provider broke", provider=self.provider.name)
                answers = [Unknown(repr(error)) for _ in part]
        self.gates.hear([place_of(one.outgoing) for one in part], answers)
        return answers

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
