"""What a simulation answers: one shape for the command, the API and the screen. Moments are UTC, days the brand's."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from motet.simulation.forecast.parameters import Parameters


class Count(msgspec.Struct, frozen=True):
    """How often something came about; `word` is for programs, `text` for people."""

    word: str
    count: int
    text: str = ""


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Over the whole time. Always `entered = waiting + finished + exited`, in enrollments, not customers."""

    customers: int  # that were simulated
    touched: int  # customers who entered at least once
    entered: int
    refused: int  # entries that the program's own rules did not let in
    waiting: int  # still on the way at the end
    finished: int  # came to the end
    exited: int  # left before it
    reached: int  # enrollments that reached a goal
    sent: int
    held: int  # how often a message was told to wait
    dropped: int  # messages that were not sent
    opened: int
    clicked: int
    converted: int
    unsubscribed: int
    revenue: float  # of the goals that are credited to a message


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One day on the brand's calendar; the first and the last may be shorter."""

    date: date
    entered: int
    left: int  # finished or exited
    reached: int
    sent: int
    held: int
    dropped: int
    channels: dict[str, int]  # channel -> sent


class StepReport(msgspec.Struct, frozen=True, kw_only=True):
    """One step. Always `entered = waiting + passed + left`; who comes by twice counts twice."""

    name: str
    kind: str
    summary: str  # what the step does, in words
    entered: int
    waiting: int  # stand here at the end
    passed: int  # went on to another step
    left: int  # their enrollment ended here
    exits: tuple[Count, ...]  # why it did
    sent: dict[str, int]  # channel -> messages
    held: tuple[Count, ...]  # by reason
    dropped: tuple[Count, ...]  # by reason


class ChannelReport(msgspec.Struct, frozen=True, kw_only=True):
    """`held` and `dropped` count under the channel that the step asked for, `sent` under the one that served."""

    channel: str
    sent: int
    held: int
    dropped: int
    opened: int
    clicked: int
    converted: int
    unsubscribed: int
    reasons: tuple[Count, ...]  # of what was held or dropped


class Line(msgspec.Struct, frozen=True):
    """One thing that happened. `local` is the moment on the customer's own clock, such as `Fri 27 Nov 23:30`."""

    at: datetime
    local: str
    kind: str  # entered | refused | sent | held | dropped | did | step | left | waits
    text: str
    step: str = ""
    channel: str = ""


class Example(msgspec.Struct, frozen=True):
    """One customer's way, told. `like` is how many customers of the simulation had the same."""

    customer: str
    timezone: str
    outcome: str
    like: int
    lines: tuple[Line, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole simulation. The same order gives the same bytes."""

    name: str
    title: str
    kind: str  # campaign | journey
    trigger: str  # what starts it, in words
    people: str  # made-up | segment | real
    segment: str | None
    seed: int
    days: int
    start: datetime
    end: datetime
    timezone: str  # of the brand
    beside: tuple[str, ...]  # the other programs that ran along
    totals: Totals
    steps: tuple[StepReport, ...]
    channels: tuple[ChannelReport, ...]
    exits: tuple[Count, ...]  # why enrollments ended
    refused: tuple[Count, ...]  # why people were not let in
    goals: tuple[Count, ...]
    daily: tuple[Day, ...]
    others: tuple[Count, ...]  # what other programs sent to the same people
    examples: tuple[Example, ...]
    parameters: Parameters  # how people were made to behave
    notes: tuple[str, ...]  # what a reader must know to judge the figures
