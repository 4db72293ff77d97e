"""What the handlers of the API share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from litestar import Request
from litestar.datastructures import State

from motet.analytics.reports import Reports
from motet.web.debugger import DebuggerFeed
from motet.web.live import OverviewFeed
from motet.web.outbox import OutboxWindow
from motet.web.services import Services

ApiRequest: TypeAlias = Request[Any, Any, State]


@dataclass(frozen=True)
class Tools:
    services: Services
    reports: Reports
    feed: OverviewFeed
    outbox: OutboxWindow
    debugger: DebuggerFeed


def tools_of(request: ApiRequest) -> Tools:
    """The tools that `make_api` laid into the app."""
    tools = request.app.state["tools"]
    assert isinstance(tools, Tools)
    return tools


def local_now(request: ApiRequest) -> datetime:
    """Now, in the brand's timezone: where its days and months begin."""
    return datetime.now(ZoneInfo(tools_of(request).services.config.timezone))


def read_version() -> str:
    """Motet's version; of a source tree that was never installed, that it is one."""
    try:
        return version("motet")
    except PackageNotFoundError:
        return "0+source"
