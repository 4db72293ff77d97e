"""The event debugger: what came in a moment ago, taken or not."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get
from litestar.params import QueryParameter
from litestar.response import Stream

from motet.web.api.tools import ApiRequest, tools_of
from motet.web.debugger import SeenEvent

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many at most.")]


class SeenList(msgspec.Struct, frozen=True):
    """The newest first."""

    events: list[SeenEvent]


@get(
    "/debugger",
    summary="The events that came in last, taken or not",
    description="Of this process, since it started; it keeps them in memory only. Imports of files are not among them.",
    tags=["debugger"],
)
async def list_seen(request: ApiRequest, limit: Limit = 200) -> SeenList:
    return SeenList(await tools_of(request).debugger.latest(limit))


@get(
    "/debugger/stream",
    summary="Events as they come in, as server-sent events",
    description="A `data:` line for each, as the list has it; `event: skipped` counts those that came too fast.",
    tags=["debugger"],
    media_type="text/event-stream",
)
async def stream_seen(request: ApiRequest) -> Stream:
    frames = tools_of(request).debugger.frames()
    return Stream(frames, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


HANDLERS = (list_seen, stream_seen)
