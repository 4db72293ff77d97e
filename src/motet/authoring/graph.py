"""A journey looked at whole: can every step be reached, does every way end, does nothing go round without waiting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from motet.authoring.steps.registry import BY_KIND
from motet.core.errors import Problem
from motet.core.program import Step

Ways = Mapping[str, list[tuple[str, bool]]]  # a step -> where it leads, and whether that takes time


def check_graph(steps: Sequence[Step], order: Sequence[str], problems: list[Problem], *, ends: bool) -> None:
    """Notes what is wrong, by the document's steps (`order`). `ends`: something else than steps ends the journey."""
    ways = find_ways(steps)
    backward = _turn(ways)
    reached = _reach([steps[0].name], ways)
    finished = _reach([step.name for step in steps if BY_KIND[step.kind].ends], backward)
    circling = _circles(ways, backward) & reached
    for index, name in enumerate(order):
        own = [step.name for step in steps if step.name.partition(":")[0] == name]
        path = f"steps[{index}]"
        if not any(one in reached for one in own):
            fix = "let a step lead here, or leave it out"
            problems.append(Problem("journey.unreachable", f"no way leads to {name!r}", path, fix))
        elif any(one in circling for one in own):
            fix = "put a wait on the way round"
            problems.append(Problem("journey.endless", f"goes round through {name!r} without waiting", path, fix))
        elif not ends and not any(one in finished for one in own):
            fix = "let a way lead to exit, or say under `exit` what ends the journey"
            problems.append(Problem("journey.no_way_out", f"nobody ever leaves from {name!r} on", path, fix))


def find_ways(steps: Sequence[Step]) -> Ways:
    """Every way out of every step of a compiled journey. The last step is its end."""
    found: dict[str, list[tuple[str, bool]]] = {}
    for index, step in enumerate(steps):
        form = BY_KIND[step.kind]
        waits = form.waits(step.args)
        following = steps[index + 1].name if index + 1 < len(steps) else step.name
        own = [(step.args.get(word) or following, waits or word in form.slow) for word in form.targets]
        own += [(path.get("go") or following, waits) for path in step.args.get("paths", ())]
        if not form.ends and (form.goes_on or not own):
            own.append((following, waits))
        found[step.name] = own
    return found


def _turn(ways: Ways) -> Ways:
    turned: dict[str, list[tuple[str, bool]]] = {name: [] for name in ways}
    for name, targets in ways.items():
        for target, slow in targets:
            turned[target].append((name, slow))
    return turned


def _reach(starts: Iterable[str], ways: Ways) -> set[str]:
    seen, ahead = set[str](), list(starts)
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead += [target for target, _ in ways[name]]
    return seen


def _circles(forward: Ways, backward: Ways) -> set[str]:
    """The steps on a way round that takes no time: what is left when ends and beginnings are taken off repeatedly."""
    left = set(forward)
    for ways, others in ((forward, backward), (backward, forward)):
        count = {name: sum(not slow and target in left for target, slow in ways[name]) for name in left}
        bare = [name for name in left if not count[name]]
        while bare:
            name = bare.pop()
            left.discard(name)
            for other, slow in others[name]:
                if not slow and other in left:
                    count[other] -= 1
                    if not count[other]:
                        bare.append(other)
    return left
