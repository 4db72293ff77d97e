"""Go one of several ways by chance: always the same one for the same enrollment, or for the same customer in an
experiment."""

from __future__ import annotations

import hashlib

from motet.core.outcomes import Outcome
from motet.core.steps import Share, SplitArgs
from motet.journeys.steps.base import Field, Moment, StepType, Way, go
from motet.journeys.steps.words import say_list


def run(args: SplitArgs, moment: Moment) -> Outcome:
    if args.experiment is None:
        share = pick(args.paths, chance(moment.enrollment.id.bytes, moment.name))
        return go(share.go, {"splits": {moment.name: share.name}})
    share = pick(args.paths, chance(moment.facts.customer.id.bytes, args.experiment))
    return go(share.go, {"splits": {moment.name: share.name}, "experiments": {args.experiment: share.name}})


def chance(id: bytes, salt: str) -> float:
    """A number in [0, 1): the same for the same two, even over all ids."""
    digest = hashlib.blake2b(salt.encode(), key=id, digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53  # as many bits as a float has: never 1.0


def pick(paths: tuple[Share, ...], drawn: float) -> Share:
    """The share into which `drawn`, of [0, 1), falls; each is as wide as its weight. One without weight is never
    picked. Raises ValueError when none has any."""
    open_ = [path for path in paths if path.weight > 0]
    if not open_:
        raise ValueError("a split without weights leads nowhere")
    left = drawn * sum(path.weight for path in open_)
    for path in open_:
        left -= path.weight
        if left < 0:
            return path
    return open_[-1]  # what rounding left over


def _shares(args: SplitArgs) -> list[float]:
    total = sum(max(path.weight, 0.0) for path in args.paths)
    return [max(path.weight, 0.0) / total if total else 0.0 for path in args.paths]


def summary(args: SplitArgs) -> str:
    parts = [f"{share:.0%} {path.name}" for path, share in zip(args.paths, _shares(args), strict=True)]
    what = f"Experiment {args.experiment}" if args.experiment else "Split"
    return f"{what}: {say_list(parts)}"


def ways(args: SplitArgs) -> tuple[Way, ...]:
    return tuple(Way(path.name, path.go, share) for path, share in zip(args.paths, _shares(args), strict=True))


TYPE = StepType(
    kind="split",
    args=SplitArgs,
    run=run,
    summary=summary,
    form=(Field("paths", "Paths", "shares"), Field("experiment", "Experiment", "text")),
    ways=ways,
)
