"""Renderers by revision, step and channel: compiled once, kept while they are used."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from motet.content.adapt import adapt
from motet.content.render import Brand, Renderer, compile_content
from motet.core.content import MessageArgs
from motet.core.program import Program, Step
from motet.core.words import Channel

ACTION = "action"  # the kind of a step
_KEEP = 2000


class Renderers:
    """Compiles what is asked for the first time. Raises Refused when a template is broken."""

    def __init__(self, brand: Brand) -> None:
        self.brand = brand
        self._made: dict[tuple[UUID, int, Channel], Renderer] = {}

    def find(self, program: Program, step: int, channel: Channel) -> Renderer:
        key = (program.revision_id, step, channel)
        renderer = self._made.get(key)
        if renderer is None:
            if len(self._made) >= _KEEP:
                self._made.clear()
            renderer = self._made[key] = self._compile(program, step, channel)
        return renderer

    def _compile(self, program: Program, step: int, channel: Channel) -> Renderer:
        content = _content(program.steps[step], channel)
        return compile_content(
            channel,
            content,
            program.variables,
            self.brand,
            campaign=program.name,
            transactional=program.transactional,
        )


def is_action(program: Program, step: int) -> bool:
    """Whether a message asks another system and says nothing to the customer."""
    return program.steps[step].kind == ACTION


def _content(step: Step, channel: Channel) -> dict[str, Any]:
    if step.kind == ACTION:
        content: dict[str, Any] = step.args["content"][channel.word]  # checked when the document was read
        return content
    args = msgspec.convert(step.args, MessageArgs)
    said = args.content.get(channel.word)
    return adapt(args.content[args.channel], Channel.of(args.channel), channel) if said is None else said
