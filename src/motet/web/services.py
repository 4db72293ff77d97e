"""What the house lends to the web."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from motet.archive.reader import Archive
from motet.channels.base import Provider
from motet.config import Config
from motet.content.links import LinkSigner
from motet.core.errors import Problem, Unavailable
from motet.core.words import Channel
from motet.ingest.events import EventBuffer
from motet.ingest.tap import Tap
from motet.storage.pool import Pool
from motet.web.notices import Notices
from motet.web.write_keys import WriteKeys

ContentCheck = Callable[[Channel, dict[str, Any]], list[Problem]]
Readiness = Callable[[set[Channel]], list[Problem]]
Simulator = Callable[[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]], Awaitable[bytes]]


async def _nobody_simulates(
    document: Mapping[str, Any], options: Mapping[str, Any], settings: Mapping[str, Any]
) -> bytes:
    raise Unavailable("no simulator is set up here")


@dataclass(frozen=True, kw_only=True)
class Services:
    """All open, and closed by whoever made them.

    `providers` are for their callbacks only: nothing is sent from here. `check` checks the templates of a document,
    `ready` what keeps channels from sending; `simulate` tells as JSON what a document would do.
    """

    pool: Pool
    lanes: int
    config: Config
    events: EventBuffer
    signer: LinkSigner
    notices: Notices
    check: ContentCheck
    ready: Readiness
    archive: Archive
    keys: WriteKeys
    simulate: Simulator = _nobody_simulates
    tap: Tap = field(default_factory=Tap)
    providers: Mapping[Channel, Provider] = field(default_factory=dict)
