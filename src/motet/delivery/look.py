"""The second look: what may have changed since a message was approved. Nothing here decides whether to speak."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from motet.audience.profiles import load_customers
from motet.core.facts import Facts
from motet.core.reasons import Reason
from motet.core.words import CampaignStatus, Channel
from motet.decisions.pipeline import recheck
from motet.delivery.campaigns import Campaigns
from motet.delivery.fate import is_lost
from motet.delivery.queue import Ready, Waiting
from motet.delivery.rendering import is_action
from motet.storage.pool import Pool

FRESH = 1.0  # seconds that a look is good for: whoever is claimed later is looked at again
WORTH = timedelta(days=3)  # a marketing message that waited longer is not sent any more

Refusal = tuple[Waiting, Reason, str]


class Look:
    """The second look of one channel."""

    def __init__(self, channel: Channel, campaigns: Campaigns, *, idempotent: bool) -> None:
        self.channel, self.campaigns, self.idempotent = channel, campaigns, idempotent

    def is_paused(self, one: Waiting) -> bool:
        """Whether the message waits for its campaign."""
        return self.campaigns.status.get(one.campaign_id) is CampaignStatus.PAUSED

    def find_reason(self, one: Waiting, facts: Facts) -> Reason | None:
        """Why a message may not go after all."""
        program = self.campaigns.programs.get(one.revision_id)
        if program is not None and is_lost(one, idempotent=self.idempotent, transactional=program.transactional):
            return Reason.ANSWER_LOST
        if program is None or self.campaigns.status.get(one.campaign_id) in (None, CampaignStatus.CANCELLED):
            return Reason.CAMPAIGN_STOPPED
        if not program.transactional and facts.now - one.approved_at > WORTH:
            return Reason.EXPIRED
        action = is_action(program, one.step)
        return recheck(facts, self.channel, transactional=program.transactional, action=action)

    async def again(
        self, pool: Pool, lane: int, ready: Sequence[Ready], now: datetime
    ) -> tuple[list[Ready], list[Refusal]]:
        """Looks at messages whose look is old, right before they are claimed: who may go still, and who may not.
        One query for all of them."""
        ids = sorted({one.waiting.customer_id for one in ready})
        async with pool.acquire() as connection:
            customers = {c.id: c for c in await load_customers(connection, lane, ids)}
        going: list[Ready] = []
        refused: list[Refusal] = []
        for one in ready:
            if self.is_paused(one.waiting):
                continue
            customer = customers.get(one.waiting.customer_id)
            if customer is None:
                refused.append(gone(one.waiting))
                continue
            reason = self.find_reason(one.waiting, Facts(customer=customer, now=now))
            if reason is None:
                going.append(one)
            else:
                refused.append((one.waiting, reason, ""))
        return going, refused


def gone(one: Waiting) -> Refusal:
    """The refusal of a message whose customer was erased since."""
    return one, Reason.NO_ADDRESS, "the customer is gone"
