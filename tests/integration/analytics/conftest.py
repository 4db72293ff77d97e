"""A house with a little history, written as the engine and delivery write it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest_asyncio

from making import a_program, say, wait
from motet.core.clock import to_ms
from motet.core.ids import derive_enrollment_id, derive_message_id, lane_of, uuid7
from motet.core.metrics import Metric
from motet.core.program import Program, Trigger
from motet.core.reasons import Reason
from motet.core.words import Channel, EnrollmentStatus, MessageStatus, Verdict
from motet.storage.pool import Pool
from motet.storage.stats import Counts
from stage import LANES, NOW, put_campaign, put_customers, put_event


class Story:
    """One campaign and one customer, with what happened between them."""

    def __init__(self, pool: Pool, program: Program, customer: UUID) -> None:
        self.pool = pool
        self.program = program
        self.customer = customer
        self.lane = lane_of(customer, LANES)
        self.enrollment = derive_enrollment_id(customer, program.id, UUID(int=1), to_ms(NOW - timedelta(hours=3)))
        self.message = derive_message_id(self.enrollment, 1, Channel.EMAIL)

    async def write(self) -> None:
        await self._write_enrollment()
        await self._write_message()
        await self._write_decisions()
        await put_event(self.pool, self.customer, "cart_abandoned", NOW - timedelta(hours=3), properties={"cart": 59})
        await put_event(
            self.pool, self.customer, "click", NOW - timedelta(minutes=5), message_id=self.message,
            properties={"url": "https://shop.example/", "machine": False},
        )  # fmt: skip
        await put_event(self.pool, self.customer, "purchase", NOW - timedelta(minutes=2), value=49.5)

    async def _write_enrollment(self) -> None:
        await self.pool.execute(
            "INSERT INTO enrollment (lane, customer_id, id, campaign_id, revision_id, step, visit, status, entered_at, "
            "arrived_at, due_at) VALUES ($1, $2, $3, $4, $5, 1, 2, $6, $7, $7, $8)",
            self.lane, self.customer, self.enrollment, self.program.id, self.program.revision_id,
            int(EnrollmentStatus.ACTIVE), NOW - timedelta(hours=3), NOW + timedelta(hours=1),
        )  # fmt: skip

    async def _write_message(self) -> None:
        sent = NOW - timedelta(hours=2)
        await self.pool.execute(
            "INSERT INTO message (lane, customer_id, id, campaign_id, revision_id, step, channel, priority, status, "
            "reasons, approved_at, sent_at, delivered_at, opened_at, clicked_at) "
            "VALUES ($1, $2, $3, $4, $5, 0, 1, 2, $6, $7, $8, $8, $8, $8, $8)",
            self.lane, self.customer, self.message, self.program.id, self.program.revision_id,
            int(MessageStatus.DELIVERED), [int(Reason.ELIGIBLE)], sent,
        )  # fmt: skip

    async def _write_decisions(self) -> None:
        rows = [
            (self.enrollment, 2, int(Channel.SMS), Verdict.HOLD, [Reason.CHANNEL_CAP], NOW + timedelta(hours=1)),
            (None, None, None, Verdict.DROP, [Reason.ALREADY_ENROLLED], None),
        ]
        for n, (enrollment, step, channel, verdict, reasons, until) in enumerate(rows):
            await self.pool.execute(
                "INSERT INTO decision (lane, customer_id, id, campaign_id, enrollment_id, step, channel, verdict, "
                "reasons, until, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                self.lane, self.customer, uuid7(to_ms(NOW)), self.program.id, enrollment, step, channel, int(verdict),
                [int(r) for r in reasons], until, NOW - timedelta(minutes=90 - n),
            )  # fmt: skip

    async def count(self, lane: int, hours_ago: float = 0) -> None:
        """Adds to the counts of one lane: 10 sent, 4 opened, 1 converted worth 20, 5 in and 2 out, a held SMS."""
        counts = Counts()
        program = self.program
        for metric, count in ((Metric.APPROVED, 11), (Metric.SENT, 10), (Metric.OPENED, 4)):
            counts.add(program.id, Channel.EMAIL, metric, count=count)
        counts.add(program.id, Channel.EMAIL, Metric.CONVERTED, 20.0)
        counts.add(program.id, Channel.SMS, Metric.HELD)
        counts.add(program.id, 0, Metric.ENROLLED, count=5)
        counts.add(program.id, 0, Metric.FINISHED, count=2)
        counts.entered[(program.revision_id, 0)] += 5
        counts.departed[(program.revision_id, 0)] += 3
        counts.entered[(program.revision_id, 1)] += 3
        counts.reasons[(program.id, Channel.SMS, Verdict.HOLD, Reason.CHANNEL_CAP)] += 1
        async with self.pool.acquire() as connection:
            await counts.save(connection, lane, NOW - timedelta(hours=hours_ago))


@pytest_asyncio.fixture
async def story(pool: Pool) -> Story:
    program = a_program(
        say(name="first_mail"), wait(3600), say("sms", name="second_word"), trigger=Trigger(event="cart_abandoned")
    )
    await put_campaign(pool, program)
    [customer] = await put_customers(pool, 1, timezone="Europe/Berlin")
    made = Story(pool, program, customer)
    await made.write()
    return made
