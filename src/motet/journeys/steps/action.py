"""Ask another system by a signed webhook; wait for its answer when it is wanted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from motet.core.events import ACTION_ANSWERED, Event
from motet.core.ids import derive_message_id
from motet.core.outcomes import Outcome, Speak, Wait
from motet.core.steps import LONGEST_WAIT, ActionArgs
from motet.core.words import Channel, Interaction
from motet.journeys.steps.base import Field, Moment, StepType, Way, go
from motet.journeys.steps.words import say_duration


def run(args: ActionArgs, moment: Moment) -> Outcome:
    """Asks once; run again, it looks what was heard. `state`: `until` while it waits, `answer` or `failed` then."""
    state, now = moment.enrollment.state, moment.facts.now
    if "answer" in state:
        answer = state["answer"]
        return go(None if _is_good(answer) else args.failed, {"answers": {moment.name: answer}})
    if "failed" in state:
        return go(args.failed)
    if "until" in state:
        until = datetime.fromisoformat(state["until"])
        return go(args.failed) if now >= until else Wait(until)
    until = now + timedelta(seconds=min(args.timeout, LONGEST_WAIT))
    return Speak(
        step=moment.step,
        channel=Channel.WEBHOOK,
        priority=moment.program.priority,
        action=True,
        until=until if args.wait else None,
        state={"until": until.isoformat()} if args.wait else {},
    )


def _is_good(answer: dict[str, Any]) -> bool:
    status = answer.get("status")
    return isinstance(status, int) and 200 <= status < 300


def hear(args: ActionArgs, moment: Moment, event: Event) -> dict[str, Any] | None:
    """The answer to this very visit's question, if it came in time; or that there will be none."""
    enrollment = moment.enrollment
    if "until" not in enrollment.state or "answer" in enrollment.state or "failed" in enrollment.state:
        return None
    if event.message_id != derive_message_id(enrollment.id, enrollment.visit, Channel.WEBHOOK):
        return None
    if event.at > datetime.fromisoformat(enrollment.state["until"]):
        return None
    if event.name == ACTION_ANSWERED:
        told = event.properties
        return {**enrollment.state, "answer": {"status": told.get("status"), "body": told.get("body")}}
    return {**enrollment.state, "failed": True} if event.name == Interaction.FAILED.word else None


def summary(args: ActionArgs) -> str:
    url = args.content.get(Channel.WEBHOOK.word, {}).get("url", "another system")
    return f"Call {url}" + (f" and wait for its answer, at most {say_duration(args.timeout)}" if args.wait else "")


def ways(args: ActionArgs) -> tuple[Way, ...]:
    """Without waiting, only a call that could not even be made is known to have failed."""
    return Way("answered" if args.wait else "called"), Way("failed", args.failed)


TYPE = StepType(
    kind="action",
    args=ActionArgs,
    run=run,
    summary=summary,
    form=(
        Field("content", "Call", "content"),
        Field("wait", "Wait for the answer", "switch"),
        Field("timeout", "At most", "duration"),
        Field("failed", "When it failed", "step"),
    ),
    hear=hear,
    ways=ways,
    dropped=lambda args: args.failed,
)
