"""The local outbox as the screens read it."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import get
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream

from motet.core.words import Channel
from motet.web.api.tools import ApiRequest, tools_of
from motet.web.problems import Rejection

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many at most.")]


@get("/outbox/messages", summary="What the local outbox received, the newest first", tags=["outbox"])
async def list_outbox(
    request: ApiRequest,
    channel: FromQuery[str] = "",
    q: FromQuery[str] = "",
    limit: Limit = 50,
    before: FromQuery[str | None] = None,
) -> dict[str, Any]:
    if channel and channel.upper() not in Channel.__members__:
        words = ", ".join(c.word for c in Channel)
        raise Rejection(400, "outbox.unknown_channel", f"there is no channel {channel[:40]!r}", f"use one of {words}")
    return await tools_of(request).outbox.list_messages(channel=channel.lower(), q=q, limit=limit, before=before)


@get("/outbox/messages/{id:str}", summary="One message as its receiver sees it", tags=["outbox"])
async def read_outbox_message(request: ApiRequest, id: FromPath[str]) -> dict[str, Any]:
    return await tools_of(request).outbox.show(id)


@get(
    "/outbox/stream",
    summary="What arrives, as server-sent events",
    description="A `data:` line for each message, as the list has it.",
    tags=["outbox"],
    media_type="text/event-stream",
)
async def stream_outbox(request: ApiRequest) -> Stream:
    window = tools_of(request).outbox
    window.require()
    return Stream(window.frames(), media_type="text/event-stream", headers={"x-accel-buffering": "no"})


HANDLERS = (list_outbox, read_outbox_message, stream_outbox)
