"""What a step answers, and what the arbiter answers. A refusal is data with reasons, never an exception."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from motet.core.reasons import Reason
from motet.core.words import Channel, Priority


class Next(msgspec.Struct, frozen=True, tag="next"):
    """Go on with the following step."""


class Wait(msgspec.Struct, frozen=True, tag="wait"):
    """Stay on this step until the moment, then run it again."""

    until: datetime


class Jump(msgspec.Struct, frozen=True, tag="jump"):
    step: str


class Exit(msgspec.Struct, frozen=True, tag="exit"):
    reason: str


class Speak(msgspec.Struct, frozen=True, kw_only=True, tag="speak"):
    """An intent: the step wants to say something. The arbiter decides; then the step is passed."""

    step: int
    channel: Channel
    priority: Priority
    fallback: Channel | None = None
    conditions: dict[str, Any] = {}


Outcome = Next | Wait | Jump | Exit | Speak


class Send(msgspec.Struct, frozen=True, tag="send"):
    channel: Channel
    at: datetime
    reasons: tuple[Reason, ...]


class Hold(msgspec.Struct, frozen=True, tag="hold"):
    """Ask again at `until`; the enrollment stays on its step."""

    until: datetime
    reasons: tuple[Reason, ...]


class Drop(msgspec.Struct, frozen=True, tag="drop"):
    reasons: tuple[Reason, ...]


Decision = Send | Hold | Drop
