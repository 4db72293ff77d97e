"""Programs, statuses and the policy as the database holds them."""

from __future__ import annotations

from uuid import UUID

import msgspec
import structlog

from motet.core.program import Policy, Program
from motet.core.words import CampaignStatus
from motet.storage.pool import Pool, make_uuid
from motet.storage.sql import sql

log = structlog.get_logger()


async def load_programs(
    pool: Pool, broken: dict[UUID, str] | None = None
) -> tuple[dict[UUID, Program], dict[UUID, tuple[CampaignStatus, UUID]]]:
    """Programs by revision, and each campaign's status with its current revision.

    A program that cannot be read is left out, so that it stops nothing but itself; why is set down in `broken`.
    """
    campaigns = {
        row["id"]: (CampaignStatus(row["status"]), row["revision_id"])
        for row in await pool.fetch(sql("programs.list_campaigns"))
    }
    programs: dict[UUID, Program] = {}
    for row in await pool.fetch(sql("programs.list_programs")):
        try:
            programs[row["id"]] = _quicken(msgspec.convert(row["program"], Program))
        except msgspec.ValidationError as error:
            log.error("a stored program cannot be read", revision=str(row["id"]), error=str(error))
            if broken is not None:
                broken[row["id"]] = str(error)
    return programs, campaigns


def _quicken(program: Program) -> Program:
    """With ids of the driver's kind: they are looked up for each customer, and hash in a tenth of the time."""
    id, revision_id = make_uuid(program.id.bytes), make_uuid(program.revision_id.bytes)
    return msgspec.structs.replace(program, id=id, revision_id=revision_id)


async def load_policy(pool: Pool) -> Policy:
    """The brand's limits; the defaults until somebody sets them."""
    value = await pool.fetchval(sql("programs.read_policy"))
    return Policy() if value is None else msgspec.convert(value, Policy)
