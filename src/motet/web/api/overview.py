"""The house as a whole: overview, its live stream, and the state of its parts."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from litestar import get
from litestar.response import Stream

from motet.analytics.overview import Overview, WorkerRow, list_workers
from motet.core.words import Channel
from motet.storage.sql import sql
from motet.web.api.tools import ApiRequest, read_version, tools_of
from motet.web.problems import builtin_problems


class ChannelState(msgspec.Struct, frozen=True):
    """`provider` is the name of what serves the channel, null when nothing does; `problems` is what is wrong."""

    channel: str
    provider: str | None
    problems: list[dict[str, str]]


class Status(msgspec.Struct, frozen=True):
    """`database` is the server's version; `events_waiting` are facts in memory that the database has not taken yet."""

    version: str
    database: str
    lanes: int
    channels: list[ChannelState]
    workers: list[WorkerRow]
    events_waiting: int
    events_dropped: int


@get("/overview", summary="Everything at a glance", tags=["overview"])
async def read_overview(request: ApiRequest) -> Overview:
    return await tools_of(request).reports.overview.read(datetime.now(UTC))


@get(
    "/live",
    summary="The overview as server-sent events",
    description="An event `overview` with the object of /api/overview, about once a second when it changed.",
    tags=["overview"],
    media_type="text/event-stream",
)
async def stream_overview(request: ApiRequest) -> Stream:
    return Stream(tools_of(request).feed.frames(), media_type="text/event-stream", headers={"x-accel-buffering": "no"})


@get("/status", summary="Version, database, channels and workers", tags=["overview"])
async def read_status(request: ApiRequest) -> Status:
    services = tools_of(request).services
    workers = await list_workers(services.pool)
    channels = []
    for channel in Channel:
        provider = services.providers.get(channel)
        problems = services.ready({channel})
        channels.append(ChannelState(channel.word, provider.name if provider else None, builtin_problems(problems)))
    return Status(
        version=read_version(),
        database=f"PostgreSQL {await services.pool.fetchval(sql('analytics.read_version'))}",
        lanes=services.lanes,
        channels=channels,
        workers=workers,
        events_waiting=services.events.waiting,
        events_dropped=services.events.dropped,
    )


HANDLERS = (read_overview, stream_overview, read_status)
