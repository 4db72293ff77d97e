"""What a step type is. Adding one: a file beside this one, and a line in `journeys/registry.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from motet.core.facts import Enrollment, Facts
from motet.core.outcomes import Outcome
from motet.core.program import Program

Args = TypeVar("Args")


class Moment(msgspec.Struct, frozen=True):
    """Where the runner stands: all that a step may look at."""

    program: Program
    step: int
    enrollment: Enrollment
    facts: Facts


class Field(msgspec.Struct, frozen=True, omit_defaults=True):
    """One field of a step's form."""

    name: str
    label: str
    kind: str  # text | duration | moment | time | channel | content | filter | choice
    choices: tuple[str, ...] = ()


class StepType(msgspec.Struct, Generic[Args], frozen=True):
    """`run` is pure; `summary` says in words what the step does, for screens."""

    kind: str
    args: type[Args]
    run: Callable[[Args, Moment], Outcome]
    summary: Callable[[Args], str]
    form: tuple[Field, ...]


class BoundStep(msgspec.Struct, frozen=True):
    """A step of one program with its args decoded."""

    name: str
    kind: str
    args: Any
    type: StepType[Any]
