"""What a step answers, and what the arbiter answers. A refusal is data with reasons, never an exception."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from motet.core.reasons import Reason
from motet.core.words import Channel, Priority


class Next(msgspec.Struct, frozen=True, tag="next"):
    """Go on with the following step. `keep` is laid over the enrollment's context."""

    keep: dict[str, Any] = {}


class Wait(msgspec.Struct, frozen=True, tag="wait"):
    """Stay on this step until then, and run it again. `state` replaces what the step remembers; None keeps it."""

    until: datetime
    state: dict[str, Any] | None = None


class Jump(msgspec.Struct, frozen=True, tag="jump"):
    """Go on with the step of that name. `keep` is laid over the enrollment's context."""

    step: str
    keep: dict[str, Any] = {}


class UpdateProfile(msgspec.Struct, frozen=True, tag="update_profile"):
    """Attributes to set (texts in the values are templates) and to unset, tags, topics."""

    set: dict[str, Any] = {}
    unset: tuple[str, ...] = ()
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    topics: dict[str, bool] = {}


class EmitEvent(msgspec.Struct, frozen=True, tag="emit_event"):
    """An event of this customer; texts in the properties are templates."""

    name: str
    properties: dict[str, Any] = {}


class EnterProgram(msgspec.Struct, frozen=True, tag="enter"):
    """The customer enters another campaign or journey, by its name; texts in the context are templates."""

    name: str
    context: dict[str, Any] = {}


Effect = UpdateProfile | EmitEvent | EnterProgram


class Do(msgspec.Struct, frozen=True, tag="do"):
    """Carry this out, then go on with the following step."""

    effect: Effect


class Exit(msgspec.Struct, frozen=True, tag="exit"):
    reason: str


class Speak(msgspec.Struct, frozen=True, kw_only=True, tag="speak"):
    """An intent: the step wants to say something. The arbiter decides; then the step is passed, or with `until` it
    stays, having asked, and hears the answer."""

    step: int
    channel: Channel
    priority: Priority
    fallback: Channel | None = None
    action: bool = False  # asked of another system, not said to the customer: the rules for messages do not apply
    until: datetime | None = None  # stay on the step until then, once it is sent
    state: dict[str, Any] = {}  # what the step remembers while it stays


Outcome = Next | Wait | Jump | Exit | Do | Speak


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
