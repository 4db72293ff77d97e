"""The args of the steps of journeys, as programs hold them. Those of messages, delays and ends stand in `content`.

A target is the name of a step, or None: the step that follows. Every program ends with a step called `exit`.
Times are seconds.
"""

from __future__ import annotations

from typing import Any

import msgspec

EXIT = "exit"
LONGEST_WAIT = 365 * 86_400.0  # nobody stands on one step for longer


class Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What all of them are. (`kw_only` is not inherited.)"""


class WaitForEngagementArgs(Args, frozen=True, kw_only=True):
    """Until a message of this enrollment brought one of the interactions, or the time is out."""

    engagement: tuple[str, ...]  # words of Interaction: view, click, ...
    messages: tuple[str, ...] = ()  # of these steps; none: of any
    timeout: float
    engaged: str | None = None
    timed_out: str | None = None


class WaitForEventArgs(Args, frozen=True, kw_only=True):
    """Until the event comes, or the time is out. Its properties are kept as `events.<step>` in the context."""

    event: str
    where: dict[str, Any] = {}
    timeout: float
    arrived: str | None = None
    timed_out: str | None = None


class WaitForConditionArgs(Args, frozen=True, kw_only=True):
    """Until the filter over the customer and the enrollment holds, or the time is out."""

    condition: dict[str, Any]
    timeout: float
    holds: str | None = None
    timed_out: str | None = None


class Path(Args, frozen=True, kw_only=True):
    """One way out of a branch: the first whose condition holds."""

    name: str
    condition: dict[str, Any]
    go: str | None = None


class BranchArgs(Args, frozen=True, kw_only=True):
    paths: tuple[Path, ...]
    otherwise: str | None = None


class Share(Args, frozen=True, kw_only=True):
    """One way out of a split, with its weight."""

    name: str
    weight: float
    go: str | None = None


class SplitArgs(Args, frozen=True, kw_only=True):
    """By chance, the same again for the same enrollment; with an `experiment` the same for the same customer wherever
    that experiment is asked. The path taken is kept as `splits.<step>` (`experiments.<experiment>`) in the context."""

    paths: tuple[Share, ...]
    experiment: str | None = None


class UpdateProfileArgs(Args, frozen=True, kw_only=True):
    """Texts in the values are templates."""

    set: dict[str, Any] = {}
    unset: tuple[str, ...] = ()
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    topics: dict[str, bool] = {}


class ActionArgs(Args, frozen=True, kw_only=True):
    """A signed webhook. With `wait` its answer is kept as `answers.<step>` ({status, body}) in the context."""

    content: dict[str, dict[str, Any]]  # {"webhook": WebhookContent}
    wait: bool = False
    timeout: float = 300.0
    failed: str | None = None  # where to go when it was refused, or nothing was heard in time


class EmitEventArgs(Args, frozen=True, kw_only=True):
    event: str
    properties: dict[str, Any] = {}  # texts are templates


class EnterArgs(Args, frozen=True, kw_only=True):
    program: str  # name of a campaign or journey
    context: dict[str, Any] = {}  # texts are templates


class DigestArgs(Args, frozen=True, kw_only=True):
    """Collects events from arrival on for `window` seconds, then goes on once. In the context: `digest` with `count`,
    `items` (the properties of the latest `most`, oldest first), `first_at`, `last_at`."""

    event: str
    where: dict[str, Any] = {}
    window: float
    most: int = 100
