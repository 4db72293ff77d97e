"""Why one customer heard from us, or did not: every decision with its reasons and one plain sentence."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from motet.analytics.sentences import describe_decision
from motet.analytics.timeline import Named, ReasonText, TimelineReport, read_place, shape_reasons
from motet.core.customers import Customer
from motet.core.ids import lane_of
from motet.core.reasons import Reason
from motet.core.words import Channel, MessageStatus, Verdict
from motet.storage.pool import Pool, Record
from motet.storage.sql import sql


class Explanation(msgspec.Struct, frozen=True):
    """One decision. `step` and `channel` are empty when it was about entering a campaign."""

    at: datetime
    campaign: str
    campaign_title: str
    step: str
    channel: str
    verdict: str
    reasons: list[ReasonText]
    sentence: str


class Explained(msgspec.Struct, frozen=True):
    """The newest decisions first. `customer` is the external id."""

    customer: str
    explanations: list[Explanation]


class ExplainReport:
    """Reads explanations."""

    def __init__(self, pool: Pool, lanes: int, timelines: TimelineReport) -> None:
        self._pool = pool
        self._lanes = lanes
        self._timelines = timelines

    async def read(self, customer: Customer, *, limit: int) -> Explained:
        """The last `limit` decisions."""
        lane = lane_of(customer.id, self._lanes)
        place = read_place(None)
        async with self._pool.acquire() as connection:
            messages = await connection.fetch(sql("analytics.page_messages"), lane, customer.id, *place, limit)
            decisions = await connection.fetch(sql("analytics.page_decisions"), lane, customer.id, *place, limit)
            named = await self._timelines.name(connection, lane, customer.id, (), messages, decisions)
        return shape_explained(customer, messages, decisions, named, limit)


def shape_explained(
    customer: Customer, messages: Iterable[Record], decisions: Iterable[Record], named: Named, limit: int
) -> Explained:
    """Pure. A message that was approved is a decision to send."""
    found = [_explain_message(row, named, customer.timezone) for row in messages]
    found += [_explain_decision(row, named, customer.timezone) for row in decisions]
    found.sort(key=lambda explanation: explanation.at, reverse=True)
    return Explained(customer.external_id, found[:limit])


def _explain_message(row: Record, named: Named, zone: str | None) -> Explanation:
    channel, status = Channel(row["channel"]), MessageStatus(row["status"])
    reasons = [Reason(number) for number in row["reasons"]]
    sentence = describe_decision(Verdict.SEND, channel, reasons, at=row["approved_at"], zone=zone, status=status)
    step = named.step_name(row["revision_id"], row["step"])
    return _explanation(row["approved_at"], row, named, step, channel, Verdict.SEND, sentence)


def _explain_decision(row: Record, named: Named, zone: str | None) -> Explanation:
    verdict = Verdict(row["verdict"])
    channel = Channel(row["channel"]) if row["channel"] else None
    entry = row["enrollment_id"] is None
    reasons = [Reason(number) for number in row["reasons"]]
    sentence = describe_decision(verdict, channel, reasons, at=row["at"], until=row["until"], zone=zone, entry=entry)
    step = named.step_name(named.revisions.get(row["enrollment_id"]), row["step"])
    return _explanation(row["at"], row, named, step, channel, verdict, sentence)


def _explanation(
    at: datetime, row: Record, named: Named, step: str, channel: Channel | None, verdict: Verdict, sentence: str
) -> Explanation:
    campaign = named.campaigns.get(row["campaign_id"])
    return Explanation(
        at=at,
        campaign=campaign.name if campaign else "",
        campaign_title=campaign.title if campaign else "",
        step=step,
        channel=channel.word if channel else "",
        verdict=verdict.word,
        reasons=shape_reasons(row["reasons"]),
        sentence=sentence,
    )
