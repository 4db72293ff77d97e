"""Who is in what now: the touched rules of a book, asked of one customer's view. Pure."""

from __future__ import annotations

from collections.abc import MutableMapping
from datetime import datetime
from typing import Any

import msgspec
import structlog

from motet.audience.segments.book import Rule, SegmentBook
from motet.core.filters import Filter
from motet.core.measures import NotCounted

log = structlog.get_logger()

_ROUNDS = 8  # stages and segments may hang on each other; refused in documents, so this is never reached


class Changes(msgspec.Struct, frozen=True):
    """What came of an evaluation. `members` holds the numbers of revisions; `entered` and `left` name live segments."""

    members: frozenset[int]
    entered: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()  # gone through, one after the other; none when the stage stays
    flips_at: datetime | None = None  # when one of the rules asked may change by itself


def evaluate(
    book: SegmentBook, view: MutableMapping[str, Any], members: frozenset[int], touched: int, covered: int
) -> Changes:
    """Asks the rules in `touched`, and those that hang on what changes; rules not in `covered` are left alone.

    `view` is a fresh `core.facts.profile_view`, with the segments that `members` says: its `segments` and
    `lifecycle_stage` are written on. A rule whose measures are not counted yet keeps its answer.
    """
    asking = _Asking(book, view, members, covered)
    todo = touched & covered
    live = (1 << book.live) - 1
    stages: list[str] = []
    for _ in range(_ROUNDS):
        built = asking.ask(todo & live)
        stage = asking.find_stage() if (todo | built) & covered & book.lifecycle else None
        todo |= built
        if stage is None or stage == view["lifecycle_stage"] or stage in stages:
            break
        stages.append(stage)
        view["lifecycle_stage"] = stage
        again = book.by_field.get("lifecycle_stage", 0) & covered
        todo = todo & ~live & ~book.lifecycle | again
    if rest := todo & ~live & ~book.lifecycle & covered:
        asking.ask_built(rest)
    return asking.sum_up(tuple(stages))


class _Asking:
    """Memberships while they are found."""

    def __init__(
        self, book: SegmentBook, view: MutableMapping[str, Any], members: frozenset[int], covered: int
    ) -> None:
        self.book = book
        self.view = view
        self.before = members
        self.members = set(members)
        self.covered = covered
        self.flips_at: datetime | None = None

    def ask(self, todo: int) -> int:
        """Asks live rules in their order. Returns what hangs on those that changed and does not come among them."""
        rest, book, whole = 0, self.book, (1 << self.book.live) - 1
        while todo:
            bit = todo & -todo
            todo ^= bit
            place = bit.bit_length() - 1
            rule = book.rules[place]
            if self._settle(rule, timed=bool(book.timed & bit)) and (hang := book.dependents[place]):
                names = self.view["segments"]
                (names.append if rule.number in self.members else names.remove)(rule.name)
                hang &= self.covered
                todo |= hang & whole
                rest |= hang & ~whole
        return rest

    def ask_built(self, todo: int) -> None:
        """Rules that are being built see each other, and the live ones where no other is built."""
        book = self.book
        built = {rule.name for rule in book.rules[book.live :]}
        seen = [rule for i, rule in enumerate(book.rules) if i >= book.live or rule.name not in built]
        kept = self.view["segments"]
        self.view["segments"] = [*self.view["tags"], *(rule.name for rule in seen if rule.number in self.members)]
        while todo:
            bit = todo & -todo
            todo ^= bit
            place = bit.bit_length() - 1
            rule = book.rules[place]
            if self._settle(rule, timed=bool(book.timed & bit)):
                todo |= book.dependents[place] & self.covered
                names = self.view["segments"]
                (names.append if rule.number in self.members else names.remove)(rule.name)
        self.view["segments"] = kept

    def find_stage(self) -> str | None:
        """The first stage whose filter holds; None when none does, or it cannot be known yet."""
        for stage, filter in self.book.stages.rules:
            holds = self._holds(filter, stage, timed=filter.needs.timed)
            if holds is not False:
                return stage if holds else None
        return None

    def sum_up(self, stages: tuple[str, ...]) -> Changes:
        before, after = self.before, self.members
        if after == before:
            return Changes(before, stages=stages, flips_at=self.flips_at)
        names = self.book.names
        moved = [number for number in sorted(before ^ after) if number in names]
        entered = tuple(names[n] for n in moved if n in after)
        left = tuple(names[n] for n in moved if n in before)
        return Changes(frozenset(after), entered, left, stages, self.flips_at)

    def _settle(self, rule: Rule, *, timed: bool) -> bool:
        """Asks one rule; whether its answer is new."""
        inside = self._holds(rule.filter, rule.name, timed=timed)
        if inside is None or inside is (rule.number in self.members):
            return False
        if inside:
            self.members.add(rule.number)
        else:
            self.members.discard(rule.number)
        return True

    def _holds(self, filter: Filter, name: str, *, timed: bool) -> bool | None:
        """The filter's answer; None when what it asks is not counted yet, or when it breaks, which stops nobody."""
        try:
            if not timed:
                return filter.matches(self.view)
            holds, flip = filter.probe(self.view)
            if flip is not None and (self.flips_at is None or flip < self.flips_at):
                self.flips_at = flip
            return holds
        except NotCounted:
            return None
        except Exception:
            log.exception("a rule broke", rule=name, customer=str(self.view["$id"]))
            return None
