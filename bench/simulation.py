"""A simulation: customers a second, resident memory, and how much the engine's bare loop takes of it.

    python bench/simulation.py [--customers 100000] [--days 30] [--blueprint abandoned-cart-recovery] [--processes 2]

The bare loop is `think` alone over the very batches of some of the same customers, made beforehand and kept in memory:
no people to be made up, no heap, no answers, no counting. The ratio says what the simulation costs beside it, in CPU
time of one process.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from motet.authoring.blueprints import read_blueprint
from motet.engine.batch import Batch
from motet.engine.think import think_apart
from motet.engine.world import World
from motet.simulation.forecast import life
from motet.simulation.forecast.crowd import choose_processes, live_all, live_chunk, made_up, rare_collection
from motet.simulation.forecast.forecast import Order, set_scene
from motet.simulation.forecast.scene import Scene, Surroundings

BARE = 1_000  # customers of the bare loop


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--blueprint", default="abandoned-cart-recovery")
    parser.add_argument("--processes", type=int)
    args = parser.parse_args()
    order = Order(document=read_blueprint(args.blueprint), customers=args.customers, days=args.days)
    scene = set_scene(order, datetime.now(UTC), Surroundings())
    small = resident()
    live_all(scene, made_up(BARE))  # warm
    ratio = compare(scene)
    start, worked = time.perf_counter(), cpu_seconds()
    processes = args.processes or choose_processes(args.customers)
    tally = live_all(scene, made_up(args.customers), processes=processes)
    taken = time.perf_counter() - start
    told: dict[str, Any] = {
        "blueprint": args.blueprint,
        "customers": args.customers,
        "days": args.days,
        "processes": processes,
        "seconds": round(taken, 1),
        "customers_a_second": round(args.customers / taken),
        "cpu_seconds": round(cpu_seconds() - worked, 1),  # of all processes: what counts on a loaded machine
        "turns": tally.turns,
        "turns_a_second": round(tally.turns / taken),
        "messages": sum(tally.sent.values()),
        "resident_mb_at_start": round(small),
        "resident_mb_of_parent": round(resident()),
        "resident_mb_of_largest_child": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
        "times_the_bare_loop": round(ratio, 2),
    }
    print(json.dumps(told, indent=2))


def compare(scene: Scene) -> float:
    """CPU time of the simulation over that of the bare loop, for the same customers."""
    kept: list[tuple[Batch, World]] = []

    def keep(batch: Batch, world: World) -> Iterator[Any]:
        kept.append((batch, world))
        return think_apart(batch, world)

    life.think_apart = keep
    live_chunk(scene, range(BARE))
    life.think_apart = think_apart
    with rare_collection():
        whole = min(spend(lambda: live_chunk(scene, range(BARE))) for _ in range(3))
        bare = min(spend(lambda: [effects for batch, world in kept for effects in think_apart(batch, world)])
                   for _ in range(3))  # fmt: skip
    return whole / bare


def spend(work: Any) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def cpu_seconds() -> float:
    """Of this process and its children that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def resident() -> float:
    """Peak resident memory of this process, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
