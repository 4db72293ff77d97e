"""The closed vocabularies. The numbers are stored in the database: never renumber, only append."""

from __future__ import annotations

from enum import IntEnum
from functools import cached_property
from typing import Self


class Word(IntEnum):
    """An enum that is a small integer in SQL and a lower-case name in JSON and on screens."""

    @cached_property  # `name` of an enum is looked up each time
    def word(self) -> str:
        """The name as documents, the API and the screens write it."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> Self:
        """The member called `word`. Raises KeyError when there is none."""
        return cls[word.upper()]


class Channel(Word):
    EMAIL = 1
    SMS = 2
    PUSH = 3
    IN_APP = 4
    SOCIAL = 5
    WEBHOOK = 6
    RETARGETING = 7


class Priority(Word):
    """Higher goes first."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    URGENT = 4


class CampaignStatus(Word):
    DRAFT = 1
    SCHEDULED = 2
    RUNNING = 3
    PAUSED = 4
    COMPLETED = 5
    CANCELLED = 6


class EnrollmentStatus(Word):
    ACTIVE = 1
    COMPLETED = 2
    EXITED = 3
    QUARANTINED = 4


class MessageStatus(Word):
    """`approved -> sending -> accepted | rejected | unknown`; the rest is what became of it.

    HELD never appears on a message: a hold is a decision, and the step tries again.
    """

    APPROVED = 1
    SENDING = 2
    ACCEPTED = 3
    REJECTED = 4
    UNKNOWN = 5
    DROPPED = 6  # refused by the second look at push time
    DELIVERED = 7
    BOUNCED = 8


class Verdict(Word):
    SEND = 1
    HOLD = 2
    DROP = 3


class Interaction(Word):
    """Events that a message caused, under the names they carry in the event log."""

    VIEW = 1
    CLICK = 2
    PURCHASE = 3
    SIGNUP = 4
    ABANDON = 5
    UNSUBSCRIBE = 6
    COMPLAINT = 7
    ENGAGEMENT = 8
    DELIVERED = 9
    BOUNCED = 10
    FAILED = 11
