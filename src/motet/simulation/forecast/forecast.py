"""A forecast from an order: reads the document, makes the scene, lets everybody live, and tells it all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from motet.authoring.campaign import check_traits, compile_campaign, title_of
from motet.authoring.message import ContentCheck
from motet.core.errors import Problem, Refused
from motet.core.program import Program
from motet.simulation.forecast.compose import compose
from motet.simulation.forecast.crowd import begin, choose_processes, limit, live_all, made_up, meet
from motet.simulation.forecast.parameters import SIMULATION, change, plain
from motet.simulation.forecast.report import Example, Report
from motet.simulation.forecast.scene import (
    LAST_MS,
    OURS,
    Scene,
    Surroundings,
    awaited_events,
    make_scene,
    name_id,
)
from motet.simulation.forecast.story import Story
from motet.simulation.forecast.tally import WAITS, Tally

MOST_DAYS = 366
MOST_CUSTOMERS = 10_000_000
EXAMPLES = 6


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to simulate. `wishes` are laid over the document's parameters; without a `start` it is today's morning."""

    document: dict[str, Any]
    customers: int = 1_000
    days: int = 30
    seed: int = 1
    start: datetime | None = None
    wishes: dict[str, Any] = {}


def forecast(
    order: Order, now: datetime, *, around: Surroundings | None = None, check: ContentCheck | None = None,
    processes: int | None = None,
) -> Report:  # fmt: skip
    """What the document would do to so many made-up people. Raises Refused with everything that is wrong."""
    scene = set_scene(order, now, around or Surroundings(), check)
    if processes is None:
        processes = choose_processes(order.customers)
    chunks = made_up(order.customers)
    tally = live_all(scene, chunks, processes=processes)
    if (limited := limit(scene, tally)) is not None:
        scene = limited
        tally = live_all(scene, chunks, processes=processes)
    people = (someone for index in chosen(tally) for someone in meet(scene, range(index[0], index[0] + 1)))
    examples = tuple(tell(scene, tally, people))
    return compose(scene, tally, title=title_of(order.document), people="made-up", segment=None, examples=examples)


def set_scene(order: Order, now: datetime, around: Surroundings, check: ContentCheck | None = None) -> Scene:
    """The scene of an order. Raises Refused."""
    _check(order)
    program = read_program(order.document, around, check)
    if problems := check_traits(program, around.draft.traits):
        raise Refused(problems)
    parameters = change(plain(*_named(program, around)), order.document.get(SIMULATION) or {})
    parameters = change(parameters, order.wishes, "--set")
    start = order.start or first_moment(now, around.zone, program.starts_at)
    return make_scene(program, around, parameters, seed=order.seed, days=order.days, start=start)


def read_program(document: dict[str, Any], around: Surroundings, check: ContentCheck | None = None) -> Program:
    """The document compiled: as the campaign of that name, when there is one. Ids hang on names, so that chance falls
    the same way again."""
    name = str(document.get("name", ""))
    known = next((p.id for p in around.programs.values() if p.name == name and p.id in around.campaigns), None)
    id = known or name_id("program", name)
    return compile_campaign(document, campaign_id=id, revision_id=name_id("revision", name, ms=LAST_MS), check=check)


def first_moment(now: datetime, zone: str, starts_at: datetime | None) -> datetime:
    """The beginning of today where the brand is, or of the day on which the program begins."""
    local = max(now, starts_at or now).astimezone(ZoneInfo(zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def read_start(text: str, zone: str) -> datetime:
    """A day or a moment as it is written; one without a timezone is on the brand's clock. Raises Refused."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _refuse(f"{text!r} is no day and no moment", "start", "such as 2026-11-27 or 2026-11-27T09:00Z") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def tell(scene: Scene, tally: Tally, people: Iterable[Any]) -> Iterator[Example]:
    """The ways that most went, each told by the first who went it: these live once more, and are listened to."""
    for (_, like), someone in zip(chosen(tally), people, strict=False):
        story: list[Story] = []
        life = begin(scene, someone, lambda life, now, events, effects, story=story: story[0].watch(
            life, now, events, effects))  # type: ignore[misc]  # fmt: skip
        story.append(Story(life))
        life.live()
        yield story[0].finish(like)


def chosen(tally: Tally) -> list[tuple[int, int]]:
    """The ways to tell: (who went it first, how many did). One of each way of ending first, then the most frequent;
    those who are on the way still come last."""
    ways = sorted(tally.ways.items(), key=lambda item: (-item[1][0], item[1][1]))
    seen: Counter[str] = Counter()
    ranked: list[tuple[int, int, int]] = []
    for (ending, _), (count, index) in ways:
        ranked.append((seen[ending] + (ending == WAITS), -count, index))
        seen[ending] += 1
    return [(index, -count) for _, count, index in sorted(ranked)[:EXAMPLES]]


def _named(program: Program, around: Surroundings) -> tuple[set[str], set[str]]:
    """Events that start the program, and those that are named beside: waited for, goals, ends, what starts others."""
    current = [around.programs[r] for _, r in around.campaigns.values() if r in around.programs]
    awaited = {program.conversion, program.exit_on} | {p.trigger.event for p in current}
    awaited |= {event for event, _ in awaited_events(program)}
    start = program.trigger.event
    starts = {start} if start and (start not in OURS or not _is_known(program, around)) else set()
    return starts, {a for a in awaited if a and a not in OURS} - starts


def _is_known(program: Program, around: Surroundings) -> bool:
    """Whether the segments of the house tell who enters and leaves; else it is made up, as other events are."""
    segment = program.trigger.where.get("segment")
    return any(rule.name == segment for rule in around.draft.rules) or bool(around.draft.stages.rules)


def _check(order: Order) -> None:
    if not 1 <= order.days <= MOST_DAYS:
        raise _refuse(f"{order.days} is not between 1 and {MOST_DAYS}", "days", "simulate a shorter time")
    if not 1 <= order.customers <= MOST_CUSTOMERS:
        words = f"{order.customers:,} is not between 1 and {MOST_CUSTOMERS:,}"
        raise _refuse(words, "customers", "simulate fewer, or at least one")
    if not 0 <= order.seed < 1 << 32:
        raise _refuse(f"{order.seed} is not between 0 and 4,294,967,295", "seed", "choose another")
    if order.start is not None and order.start.tzinfo is None:
        raise _refuse("has no timezone", "start", "such as 2026-11-27T00:00:00Z")


def _refuse(message: str, path: str, fix: str) -> Refused:
    return Refused([Problem("simulation.bad_order", message, path, fix)])
