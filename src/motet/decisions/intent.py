"""What a rule may look at, and what it may say. A rule is `(intent, channel, facts) -> Stop | None`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from motet.core.facts import Enrollment
from motet.core.filters import Filter
from motet.core.outcomes import Speak
from motet.core.program import Policy, Program
from motet.core.reasons import Reason


class Intent(msgspec.Struct, frozen=True):
    """A step wants to speak, on behalf of an enrollment of a program."""

    speak: Speak
    program: Program
    enrollment: Enrollment
    condition: Filter | None
    view: dict[str, Any]  # core.facts.enrollment_view
    policy: Policy


class Stop(msgspec.Struct, frozen=True):
    """A rule's no. `until` set: ask again then. `this_channel`: another channel may still serve."""

    reason: Reason
    until: datetime | None = None
    this_channel: bool = False
