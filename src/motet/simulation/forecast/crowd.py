"""Many lives, one after the other: chunk by chunk, on as many cores as it pays for. Memory stays flat.

Chunks are the same however many processes work, and are merged in their order: so are the figures.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from itertools import islice
from random import Random

import msgspec

from motet.core.events import ACTION_ANSWERED
from motet.core.messages import Message
from motet.core.words import Channel
from motet.simulation.forecast.answers import Act, answer
from motet.simulation.forecast.arrivals import draw_arrivals
from motet.simulation.forecast.life import Life, Watch
from motet.simulation.forecast.parameters import SIGN_UPS
from motet.simulation.forecast.people import Someone, make_someone
from motet.simulation.forecast.scene import Scene
from motet.simulation.forecast.tally import Tally
from motet.simulation.population import Population

CHUNK = 500  # people
_ANSWERS_AFTER = 1.0  # seconds, of another system
_PAYS = 4 * CHUNK  # fewer people than this are done sooner than a second process is up
_AHEAD = 4  # chunks a process that wait for it

Chunk = range | tuple[Someone, ...]  # indices of made-up people, or people as they were read


def live_all(scene: Scene, people: Iterable[Chunk], *, processes: int = 1) -> Tally:
    """The tally of all chunks. With more than one process the scene is inherited by forking."""
    whole = make_tally(scene)
    if processes < 2:
        with rare_collection():
            for chunk in people:
                whole.merge(live_chunk(scene, chunk))
        return whole
    with Crew(scene, processes) as crew:
        for tally in crew.live(people):
            whole.merge(tally)
    return whole


class Crew:
    """Forked processes that live chunks. Fork before a database is opened: nothing open may be shared."""

    def __init__(self, scene: Scene, processes: int) -> None:
        _SCENES.append(scene)
        gc.freeze()  # what was made so far is shared, and stays so
        self.processes = processes
        self._pool = ProcessPoolExecutor(processes, multiprocessing.get_context("fork"))

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        _SCENES.pop()
        gc.unfreeze()

    def live(self, people: Iterable[Chunk]) -> Iterator[Tally]:
        """A tally for each chunk, in their order; only a few chunks wait at a time."""
        waiting: deque[Future[Tally]] = deque()
        chunks = iter(people)
        for chunk in islice(chunks, self.processes * _AHEAD):
            waiting.append(self._pool.submit(_live_inherited, chunk))
        while waiting:
            yield waiting.popleft().result()
            for chunk in islice(chunks, 1):
                waiting.append(self._pool.submit(_live_inherited, chunk))


_SCENES: list[Scene] = []  # what forked processes inherit; filters cannot be sent to a process


def _live_inherited(chunk: Chunk) -> Tally:
    with rare_collection():
        return live_chunk(_SCENES[-1], chunk)


@contextmanager
def rare_collection() -> Iterator[None]:
    """Lives make many objects and few cycles: looking for cycles as often as usual would take a seventh of the time."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def choose_processes(customers: int) -> int:
    """As many as there are cores, when there are enough people to pay for them and processes can be forked."""
    if customers < _PAYS or "fork" not in multiprocessing.get_all_start_methods():
        return 1
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def live_chunk(scene: Scene, chunk: Chunk) -> Tally:
    """The lives of one chunk."""
    tally = make_tally(scene)
    for someone in meet(scene, chunk):
        life = begin(scene, someone, tally.watch)
        life.live()
        tally.finish(life)
    return tally


def make_tally(scene: Scene) -> Tally:
    program = scene.program
    return Tally(program.id, program.revision_id, scene.zone, limited=program.max_entries is not None)


def meet(scene: Scene, chunk: Chunk) -> Iterator[Someone]:
    """The people of a chunk."""
    if not isinstance(chunk, range):
        yield from chunk
        return
    population = _population(scene.seed, scene.program.trigger.event in SIGN_UPS)
    segments = scene.program.segments if scene.parameters.targeted else ()
    for index in chunk:
        yield make_someone(population, index, scene.start, scene.seed, segments, scene.given)


@lru_cache(maxsize=2)
def _population(seed: int, newcomers: bool) -> Population:
    """People with a history; when signing up is what starts the program, people without one."""
    return Population(seed, 0 if newcomers else 1 << 40)


def begin(scene: Scene, someone: Someone, watch: Watch) -> Life:
    """A life with everything planned that the person does of themselves."""
    dice = Random((scene.seed << 32) + someone.index)  # noqa: S311 - a game, not a secret
    life = Life(scene, someone, dice, respond, watch)
    favourite = str(someone.customer.attributes.get("favourite_category", ""))
    for arrival in draw_arrivals(scene.parameters, scene.wanted, scene.start, scene.days, life.zone, favourite, dice):
        life.happen(arrival.at, arrival.name, arrival.properties, arrival.value)
    return life


def respond(life: Life, message: Message, now: datetime) -> list[Act]:
    """How somebody of the crowd answers; and the other system that an action asks."""
    parameters, someone = life.scene.parameters, life.someone
    if message.channel is Channel.WEBHOOK:
        step = life.scene.world(now).runnables[message.revision_id].steps[message.step]
        answered = step.kind == "action" and life.dice.random() < parameters.answers
        return [Act(_ANSWERS_AFTER, ACTION_ANSWERED, properties={"status": 200, "body": {}})] if answered else []
    engagement = 1.0 + parameters.spread * (someone.engagement - 1.0)
    email = life.customer.email
    dead = message.channel is Channel.EMAIL and email is not None and email.startswith("bounce+")
    return answer(
        message.channel, parameters, engagement, life.local(now).hour, life.dice, basket=someone.basket, dead=dead
    )


def made_up(customers: int) -> Sequence[Chunk]:
    """The chunks of so many made-up people."""
    return [range(n, min(n + CHUNK, customers)) for n in range(0, customers, CHUNK)]


def limit(scene: Scene, tally: Tally) -> Scene | None:
    """Who came first, when more entered than the program lets in: the scene in which nobody does after them. None when
    the limit does not matter."""
    most = scene.program.max_entries
    if most is None or len(tally.moments) <= most:
        return None
    return msgspec.structs.replace(scene, until=sorted(tally.moments)[most])
