"""What is counted of a campaign. The numbers are stored in `stat.metric`: append only."""

from __future__ import annotations

from motet.core.words import Word


class Metric(Word):
    SENT = 1
    DELIVERED = 2
    FAILED = 3
    OPENED = 4
    CLICKED = 5
    CONVERTED = 6
    UNSUBSCRIBED = 7
    COMPLAINED = 8
    DROPPED = 9
    HELD = 10
    ENROLLED = 11
    FINISHED = 12
    UNKNOWN = 13
    APPROVED = 14
    REACHED = 15  # enrollments that came to their goal
