"""A new revision and the people who stand in the older ones: who goes where. Pure.

The rules are those of the runner (`journeys/moving.py`): the step of the same name, else the one that `moves` names,
else they stay in their revision. Nobody is stranded.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from motet.authoring.message import EXIT
from motet.core.program import Program

MOVES, STAYS, LEAVES = "moves", "stays", "leaves"


class Standing(msgspec.Struct, frozen=True):
    """How many stand on a step of one revision."""

    number: int  # of the revision, counted from 1
    step: str
    people: int


class PlanStep(msgspec.Struct, frozen=True):
    """What becomes of them. `to` is the step in the new revision where they go on; None unless they move."""

    revision: int
    step: str
    people: int
    action: str  # moves | stays | leaves
    to: str | None = None


def plan_steps(program: Program, standing: Iterable[Standing]) -> tuple[PlanStep, ...]:
    """A row for each step on which somebody stands, in the order given. `program` is the new revision."""
    return tuple(_plan(program, one) for one in standing)


def _plan(program: Program, one: Standing) -> PlanStep:
    target = target_of(program, one.step)
    if target is None:
        return PlanStep(one.number, one.step, one.people, STAYS)
    if target == EXIT and one.step != EXIT:
        return PlanStep(one.number, one.step, one.people, LEAVES)
    return PlanStep(one.number, one.step, one.people, MOVES, target)


def target_of(program: Program, step: str) -> str | None:
    """Where those on a step of that name go on in the new revision, `exit` ends them; None: they stay in theirs."""
    if program.existing != "move":
        return None
    names = {one.name for one in program.steps}
    if step in names:
        return step
    target = program.moves.get(step)
    return target if target in names else None


def fill_moves(program: Program, names: Iterable[str]) -> Program:
    """With a place for the helpers of older revisions (`names` are those of their steps).

    Who waits in `hello:delay` goes to where `hello` begins, or to what `moves` says of `hello`; the author never sees
    those names.
    """
    own = {step.name for step in program.steps}
    moves = dict(program.moves)
    for name in names:
        step, colon, _ = name.partition(":")
        if not colon or name in own or name in moves:
            continue
        target = moves.get(step) or _entry(program, step)
        if target is not None:
            moves[name] = target
    return msgspec.structs.replace(program, moves=moves)


def _entry(program: Program, step: str) -> str | None:
    """The first of what a step of the document became."""
    return next((one.name for one in program.steps if one.name.partition(":")[0] == step), None)
