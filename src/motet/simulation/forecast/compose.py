"""From a tally to a report. Pure; everything comes in one order, so that the same tally gives the same bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

from motet.core.metrics import Metric
from motet.core.reasons import TEXT, Reason
from motet.core.words import Channel, EnrollmentStatus, Verdict
from motet.journeys.steps.words import say_duration
from motet.simulation.forecast.report import ChannelReport, Count, Day, Example, Report, StepReport, Totals
from motet.simulation.forecast.scene import Scene
from motet.simulation.forecast.tally import Tally


def compose(
    scene: Scene, tally: Tally, *, title: str, people: str, segment: str | None, examples: tuple[Example, ...],
    notes: Iterable[str] = (),
) -> Report:  # fmt: skip
    """The whole report."""
    world, program = scene.worlds[0][1], scene.program
    names = {p.program.id: p.program.name for p in world.runnables.values()}
    beside = sorted(names[c] for c in world.current if c != program.id and c in names)
    exits: Counter[str] = Counter()
    for (_, reason, _status), count in tally.exits.items():
        exits[reason] += count
    others = {names.get(id, "another"): count for id, count in tally.others.items()}
    return Report(
        name=program.name,
        title=title,
        kind=program.kind,
        trigger=tell_trigger(scene),
        people=people,
        segment=segment,
        seed=scene.seed,
        days=scene.days,
        start=scene.start,
        end=scene.end,
        timezone=str(scene.zone),
        beside=tuple(beside),
        totals=_totals(tally),
        steps=tuple(_step(scene, tally, index) for index in range(len(program.steps))),
        channels=tuple(_channels(tally)),
        exits=_counts(exits),
        refused=_reasons(tally.refused),
        goals=_counts(_goals(scene, tally)),
        daily=tuple(_days(scene, tally)),
        others=_counts(others),
        examples=examples,
        parameters=scene.parameters,
        notes=(*notes, *_notes(scene, tally)),
    )


def tell_trigger(scene: Scene) -> str:
    """What starts the program, in words."""
    trigger = scene.program.trigger
    if trigger.event:
        return f"the event {trigger.event}"
    return f"a look every {say_duration(trigger.every)}" if trigger.state is not None else "its launch"


def _totals(tally: Tally) -> Totals:
    def of(metric: Metric) -> int:
        return sum(count for (_, _, m), count in tally.metrics.items() if m is metric)

    ended: Counter[EnrollmentStatus] = Counter()
    for (_, _, status), count in tally.exits.items():
        ended[status] += count
    return Totals(
        customers=tally.customers,
        touched=tally.touched,
        entered=of(Metric.ENROLLED),
        refused=sum(tally.refused.values()),
        waiting=sum(tally.waiting.values()),
        finished=ended[EnrollmentStatus.COMPLETED],
        exited=sum(ended.values()) - ended[EnrollmentStatus.COMPLETED],
        reached=sum(tally.reached.values()),
        sent=of(Metric.APPROVED),
        held=of(Metric.HELD),
        dropped=of(Metric.DROPPED),
        opened=of(Metric.OPENED),
        clicked=of(Metric.CLICKED),
        converted=of(Metric.CONVERTED),
        unsubscribed=of(Metric.UNSUBSCRIBED),
        revenue=tally.revenue / 100,
    )


def _step(scene: Scene, tally: Tally, index: int) -> StepReport:
    step = scene.runnable.steps[index]
    exits: Counter[str] = Counter()
    for (at, reason, _), count in tally.exits.items():
        if at == index:
            exits[reason] += count
    sent = {channel.word: count for (at, channel), count in sorted(tally.sent.items()) if at == index}
    left = sum(exits.values())
    return StepReport(
        name=step.name,
        kind=step.kind,
        summary=step.type.summary(step.args),
        entered=tally.entered[index],
        waiting=tally.waiting[index],
        passed=tally.departed[index] - left,
        left=left,
        exits=_counts(exits),
        sent=sent,
        held=_reasons(_stops(tally, Verdict.HOLD, lambda at, _: at == index)),
        dropped=_reasons(_stops(tally, Verdict.DROP, lambda at, _: at == index)),
    )


def _stops(tally: Tally, verdict: Verdict | None, means: Callable[[int, int], bool]) -> Counter[Reason]:
    found: Counter[Reason] = Counter()
    for (step, channel, of, reason), count in tally.stops.items():
        if verdict in (None, of) and means(step, channel):
            found[reason] += count
    return found


def _channels(tally: Tally) -> Iterable[ChannelReport]:
    for channel in Channel:
        told: Counter[Metric] = Counter()
        for (_, of, metric), count in tally.metrics.items():
            if of == channel:
                told[metric] += count
        if told:
            yield ChannelReport(
                channel=channel.word,
                sent=told[Metric.APPROVED],
                held=told[Metric.HELD],
                dropped=told[Metric.DROPPED],
                opened=told[Metric.OPENED],
                clicked=told[Metric.CLICKED],
                converted=told[Metric.CONVERTED],
                unsubscribed=told[Metric.UNSUBSCRIBED],
                reasons=_reasons(_stops(tally, None, lambda _, of, wanted=channel: of == wanted)),  # type: ignore[misc]
            )


def _days(scene: Scene, tally: Tally) -> Iterable[Day]:
    """Every day, also those on which nothing happened."""
    by_day: dict[date, list[tuple[int, Metric, int]]] = {}
    for (day, channel, metric), count in tally.metrics.items():
        by_day.setdefault(day, []).append((channel, metric, count))
    day = scene.start.astimezone(scene.zone).date()
    last = (scene.end - timedelta(microseconds=1)).astimezone(scene.zone).date()
    while day <= last:
        told: Counter[Metric] = Counter()
        sent: Counter[str] = Counter()
        for channel, metric, count in sorted(by_day.get(day, ())):
            told[metric] += count
            if metric is Metric.APPROVED:
                sent[Channel(channel).word] += count
        yield Day(
            date=day,
            entered=told[Metric.ENROLLED],
            left=told[Metric.FINISHED],
            reached=tally.reached[day],
            sent=told[Metric.APPROVED],
            held=told[Metric.HELD],
            dropped=told[Metric.DROPPED],
            channels=dict(sent),
        )
        day += timedelta(days=1)


def _goals(scene: Scene, tally: Tally) -> dict[str, int]:
    """Only the first goal that is reached counts, whichever it is; without goals there is the conversion."""
    goals = scene.program.goals
    if not goals:
        converted = sum(c for (_, _, m), c in tally.metrics.items() if m is Metric.CONVERTED)
        return {scene.program.conversion: converted}
    return {" or ".join(goal.name for goal in goals): sum(tally.reached.values())}


def _notes(scene: Scene, tally: Tally) -> Iterable[str]:
    if scene.until is not None:
        yield f"The limit of {scene.program.max_entries:,} entries was reached at {scene.until:%Y-%m-%d %H:%M} UTC."
    if tally.lost:
        yield f"{tally.lost:,} customers went round in the program without end and were stopped."


def _counts(counts: Any) -> tuple[Count, ...]:
    """The most frequent first."""
    return tuple(Count(w, n) for w, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if n)


def _reasons(counts: Counter[Reason]) -> tuple[Count, ...]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Count(reason.word, count, TEXT.get(reason, "")) for reason, count in ordered if count)
