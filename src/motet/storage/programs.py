"""Programs, statuses and the policy as the database holds them."""

from __future__ import annotations

from uuid import UUID

import msgspec

from motet.core.program import Policy, Program
from motet.core.words import CampaignStatus
from motet.storage.pool import Pool
from motet.storage.sql import sql


async def load_programs(pool: Pool) -> tuple[dict[UUID, Program], dict[UUID, tuple[CampaignStatus, UUID]]]:
    """Programs by revision, and each campaign's status with its current revision."""
    campaigns = {
        row["id"]: (CampaignStatus(row["status"]), row["revision_id"])
        for row in await pool.fetch(sql("programs.list_campaigns"))
    }
    programs = {
        row["id"]: msgspec.convert(row["program"], Program) for row in await pool.fetch(sql("programs.list_programs"))
    }
    return programs, campaigns


async def load_policy(pool: Pool) -> Policy:
    """The brand's limits; the defaults until somebody sets them."""
    value = await pool.fetchval(sql("programs.read_policy"))
    return Policy() if value is None else msgspec.convert(value, Policy)
