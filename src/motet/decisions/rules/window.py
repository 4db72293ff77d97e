"""Nothing is said after the campaign has ended; before it begins, the message waits."""

from __future__ import annotations

from motet.core.facts import Facts
from motet.core.reasons import Reason
from motet.core.words import Channel
from motet.decisions.intent import Intent, Stop


def window(intent: Intent, channel: Channel, facts: Facts) -> Stop | None:
    program = intent.program
    if program.starts_at is not None and facts.now < program.starts_at:
        return Stop(Reason.OUTSIDE_WINDOW, until=program.starts_at)
    if program.ends_at is not None and facts.now >= program.ends_at:
        return Stop(Reason.OUTSIDE_WINDOW)
    return None
