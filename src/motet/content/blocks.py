"""What blocks do when they are rendered. Each takes compiled parts and gives a function of frame and output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from motet.content.paths import Getter
from motet.content.runtime import Frame, is_truthy

Put = Callable[[str], None]
Body = Callable[[Frame, Put], None]


def when(get: Getter, body: Body, inverse: Body, zero: bool) -> Body:
    """`if`; `unless` is the same with the branches swapped. `zero` counts 0 as true."""

    def choose(frame: Frame, put: Put) -> None:
        value = get(frame)
        if is_truthy(value) or (zero and value == 0 and not isinstance(value, bool)):
            body(frame, put)
        else:
            inverse(frame, put)

    return choose


def with_(get: Getter, body: Body, inverse: Body, params: tuple[str, ...]) -> Body:
    def enter(frame: Frame, put: Put) -> None:
        value = get(frame)
        if is_truthy(value):
            _inside(value, frame, put, body, params)
        else:
            inverse(frame, put)

    return enter


def section(get: Getter, body: Body, inverse: Body, params: tuple[str, ...]) -> Body:
    """`{{#x}}`: a loop over a list, the same context for true, a `with` for anything else that is there."""
    loop = each(get, body, inverse, params)

    def enter(frame: Frame, put: Put) -> None:
        value = get(frame)
        if isinstance(value, list | tuple):
            loop(frame, put)
        elif value is True:
            body(frame, put)
        elif value is None or value is False:
            inverse(frame, put)
        else:
            _inside(value, frame, put, body, params)

    return enter


def each(get: Getter, body: Body, inverse: Body, params: tuple[str, ...]) -> Body:
    """A turn for each item of a list or each value of a map, with `@index @key @first @last`. Each turn costs one."""

    def loop(frame: Frame, put: Put) -> None:
        value = get(frame)
        if isinstance(value, dict):
            pairs: Any = value.items()
        elif isinstance(value, list | tuple):
            pairs = enumerate(value)
        else:
            inverse(frame, put)
            return
        last = len(value) - 1
        if last < 0:
            inverse(frame, put)
            return
        inner = Frame(None, frame, frame.run)
        spend = frame.run.spend
        for index, (key, item) in enumerate(pairs):
            spend(1)
            inner.this, inner.index, inner.key = item, index, key
            inner.first, inner.last = index == 0, index == last
            if params:
                inner.names = dict(zip(params, (item, key), strict=False))
            body(inner, put)

    return loop


def link(address: Body, write: Callable[[str], str]) -> Body:
    """Renders an address, lets the run turn it into what is sent, and writes that."""

    def follow(frame: Frame, put: Put) -> None:
        parts: list[str] = []
        address(frame, parts.append)
        target = "".join(parts)
        if target:
            put(write(frame.run.link(target)))

    return follow


def footer(body: Body) -> Body:
    """Only when nothing before it wrote an unsubscribe link."""

    def close(frame: Frame, put: Put) -> None:
        if not frame.run.unsubscribed:
            body(frame, put)

    return close


def _inside(value: Any, frame: Frame, put: Put, body: Body, params: tuple[str, ...]) -> None:
    inner = Frame(value, frame, frame.run)
    if params:
        inner.names = {params[0]: value}
    body(inner, put)
