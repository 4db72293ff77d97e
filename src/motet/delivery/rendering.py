"""Renderers by revision, step and channel: compiled once, kept while they are used."""

from __future__ import annotations

from uuid import UUID

import msgspec

from motet.content.adapt import adapt
from motet.content.render import Brand, Renderer, compile_content
from motet.core.content import MessageArgs
from motet.core.program import Program
from motet.core.words import Channel

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
        args = msgspec.convert(program.steps[step].args, MessageArgs)
        content = args.content.get(channel.word)
        if content is None:
            content = adapt(args.content[args.channel], Channel.of(args.channel), channel)
        return compile_content(
            channel,
            content,
            program.variables,
            self.brand,
            campaign=program.name,
            transactional=program.transactional,
        )
